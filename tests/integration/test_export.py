"""The graph as tensors: the same as in Neo4j, the same each time, and nothing of the people who were attached."""

from datetime import UTC, datetime
from pathlib import Path
from typing import LiteralString

import numpy as np
import pytest
import torch
from example_graphs import FILMS, REVIEWS, SHOP, write

import kg_rec.graph.export as exporting
from kg_rec.errors import GraphError, SchemaError
from kg_rec.graph.client import GraphClient, Transaction
from kg_rec.graph.counts import GraphCounts, graph_counts
from kg_rec.graph.csv_folder import read_folder
from kg_rec.graph.export import HeteroData, export_graph
from kg_rec.graph.export_file import read_export, write_export
from kg_rec.graph.interactions import interactions_of, positive, texts_of
from kg_rec.graph.load import load
from kg_rec.schema_inference import infer_schema


def loaded(client: GraphClient, path: Path, files: dict[str, str | bytes]) -> HeteroData:
    folder = read_folder(write(path, files))
    load(client, folder)
    return export_graph(client, None)


def same(one: HeteroData, other: HeteroData) -> bool:
    if (one.node_types, one.edge_types, one.fingerprint) != (other.node_types, other.edge_types, other.fingerprint):
        return False
    nodes = all(
        one[label].key == other[label].key and one[label].properties == other[label].properties
        for label in one.node_types
    )
    return nodes and all(
        torch.equal(one[triple].edge_index, other[triple].edge_index)
        and one[triple].properties.keys() == other[triple].properties.keys()
        and all(
            np.array_equal(values, other[triple].properties[name], equal_nan=True)
            for name, values in one[triple].properties.items()
        )
        for triple in one.edge_types
    )


def write_cypher(client: GraphClient, statement: LiteralString) -> None:
    with client._session("WRITE") as session:
        session.run(statement).consume()


def test_the_tensors_hold_what_the_files_say(empty_graph: GraphClient, tmp_path: Path) -> None:
    data = loaded(empty_graph, tmp_path, FILMS)
    assert data.node_types == ["Decade", "Film", "Genre", "Person", "User"]
    assert data["Film"].key == ["Film/1", "Film/2", "Film/3", "Film/4"] and data["Film"].num_nodes == 4
    assert data["Film"].properties["title"] == ["Arrival", "Her, or She", "Ran", "Heat"]
    assert data["Film"].properties["plot"][2] is None and "key" not in data["Film"].properties
    assert data["Film"].properties["year"] == [2016, 2013, 1985, 1995]
    rated = data["User", "RATED", "Film"]
    assert rated.edge_index.dtype == torch.int64
    assert rated.edge_index.tolist() == [[0, 0, 0, 1, 1, 2, 2], [0, 1, 2, 0, 3, 1, 3]]
    assert rated.properties["rating"].tolist() == [5.0, 4.5, 0.5, 3.0, 3.0, 2.0, 1.0]
    assert rated.properties["rating"].dtype == np.float64
    assert data["Person", "ACTED_IN", "Film"].edge_index.tolist() == [[0, 0, 2], [0, 1, 3]]
    assert data["Person", "ACTED_IN", "Film"].properties == {}
    counts = {triple: data[triple].edge_index.size(1) for triple in data.edge_types}
    assert counts["Film", "HAS_GENRE", "Genre"] == 5 and sum(counts.values()) == 22
    data.validate()


def test_the_same_graph_gives_the_same_tensors_however_it_was_written(empty_graph: GraphClient, tmp_path: Path) -> None:
    first = loaded(empty_graph, tmp_path / "one", FILMS)
    assert same(first, export_graph(empty_graph, None))
    write_cypher(empty_graph, "MATCH (n) DETACH DELETE n")

    def backwards(text: str | bytes) -> str:
        header, *lines = str(text).strip().split("\n")
        return "\n".join([header, *reversed(lines)]) + "\n"

    turned = {name: backwards(text) for name, text in reversed(FILMS.items())}
    write_cypher(empty_graph, "UNWIND range(1, 2500) AS i CREATE (:Other)")  # other internal ids, far apart
    again = loaded(empty_graph, tmp_path / "two", turned)
    assert same(first, again)
    assert not same(first, loaded(empty_graph, tmp_path / "three", {"nodes/New.csv": "id:ID\n1\n"}))


def test_attached_people_and_their_interests_are_left_out(empty_graph: GraphClient, tmp_path: Path) -> None:
    before = loaded(empty_graph, tmp_path, FILMS)
    write_cypher(
        empty_graph,
        """MATCH (film:Film {filmId: '1'}), (user:User {userId: '1'})
        CREATE (person:KGEntity:KGPerson:User {key: 'User/new'})-[:INTERESTED_IN {by: 'kg-rec', score: 1.0}]->(film),
               (user)-[:INTERESTED_IN {by: 'kg-rec', score: 1.0}]->(film), (person)-[:RATED {rating: 5.0}]->(film),
               (film)-[:SEEN_BY]->(person)""",
    )
    assert same(before, export_graph(empty_graph, None))
    assert graph_counts(empty_graph).fingerprint() == before.fingerprint


def test_nodes_without_relations_stay(empty_graph: GraphClient, tmp_path: Path) -> None:
    data = loaded(empty_graph, tmp_path, {"nodes/A.csv": "id:ID\n1\n2\n", "nodes/B.csv": "id:ID(B)\nx\n"})
    assert data.node_types == ["A", "B"] and data["A"].num_nodes == 2 and data.edge_types == []
    assert data["A"].properties == {"id": ["1", "2"]}


def test_one_type_between_several_labels_becomes_several(empty_graph: GraphClient, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "nodes/n.csv": "id:ID,:LABEL\n1,A/x\n2,B%\n3,B%\n",
        "relations/R.csv": ":START_ID,:END_ID,w:int,only:double\n1,2,1,0.5\n2,3,2,\n3,1,3,\n2,1,4,\n1,1,5,\n",
    }
    data = loaded(empty_graph, tmp_path, files)
    assert data.node_types == ["A/x", "B%"]
    found = {
        triple: (data[triple].edge_index.tolist(), data[triple].properties["w"].tolist()) for triple in data.edge_types
    }
    assert found == {
        ("A/x", "R", "A/x"): ([[0], [0]], [5.0]),
        ("A/x", "R", "B%"): ([[0], [0]], [1.0]),
        ("B%", "R", "A/x"): ([[0, 1], [0, 0]], [4.0, 3.0]),
        ("B%", "R", "B%"): ([[0], [1]], [2.0]),
    }
    assert "only" in data["A/x", "R", "B%"].properties and "only" not in data["B%", "R", "B%"].properties


def test_parallel_relations_of_another_origin_are_kept(empty_graph: GraphClient, tmp_path: Path) -> None:
    loaded(empty_graph, tmp_path, {"nodes/A.csv": "id:ID\n1\n2\n"})
    write_cypher(
        empty_graph,
        "MATCH (a:A {id: '1'}), (b:A {id: '2'}) CREATE (a)-[:R {w: 2}]->(b), (a)-[:R {w: 1}]->(b), (a)-[:R]->(b)",
    )
    relation = export_graph(empty_graph, None)["A", "R", "A"]
    assert relation.edge_index.tolist() == [[0, 0, 0], [1, 1, 1]]
    assert relation.properties["w"][:2].tolist() == [1.0, 2.0] and np.isnan(relation.properties["w"][2])


def test_dates_become_seconds_and_text_is_left_out(empty_graph: GraphClient, tmp_path: Path) -> None:
    data = loaded(empty_graph, tmp_path, SHOP)
    reviewed = data["Customer", "REVIEWED", "Product"].properties
    assert set(reviewed) == {"helpful", "on", "stars"}
    assert reviewed["on"][0] == datetime(2020, 5, 1, tzinfo=UTC).timestamp() and np.isnan(reviewed["on"][3])
    write_cypher(
        empty_graph,
        """MATCH (c:Customer {customerId: 'c1'}), (p:Product {sku: 'p1'})
        CREATE (c)-[:SAW {a: datetime('2024-01-01T00:00:00+01:00'), b: localdatetime('2024-01-01T00:00:00'),
                          c: true, d: [1, 2], e: 1}]->(p), (c)-[:SAW {e: 'text'}]->(p)""",
    )
    saw = export_graph(empty_graph, None)["Customer", "SAW", "Product"].properties
    assert set(saw) == {"a", "b", "c"}  # neither lists nor what is text on some of them
    midnight = datetime(2024, 1, 1, tzinfo=UTC).timestamp()
    assert (np.nanmax(saw["a"]), np.nanmax(saw["b"]), np.nanmax(saw["c"])) == (midnight - 3600, midnight, 1.0)


def test_words_are_those_of_their_interactions(empty_graph: GraphClient, tmp_path: Path) -> None:
    folder = read_folder(write(tmp_path, REVIEWS))
    load(empty_graph, folder)
    schema, _ = infer_schema(folder)
    assert schema.interaction is not None and schema.interaction.text == "text"
    # Words of those who were attached, and on relations of other kinds, are none of theirs; reviewers come in any order.
    write_cypher(
        empty_graph,
        """MATCH (c:Customer {customerId: 'c2'}), (p:Product {sku: 'p1'}), (city:City {name: 'Oslo'})
        CREATE (:KGEntity:KGPerson:Customer {key: 'Customer/new'})-[:REVIEWED {text: 'words of somebody new'}]->(p),
               (c)-[:REVIEWED {text: 'what a place to live'}]->(city), (c)-[:SAW {text: 'seen and not bought'}]->(p)
        WITH c, p UNWIND range(1, 3000) AS n CREATE (:Other)
        WITH DISTINCT c, p
        CREATE (b:KGEntity:Customer {key: 'Customer/b', customerId: 'b'})-[:REVIEWED {text: 'I came last and sort first'}]->(p)""",
    )
    data = export_graph(empty_graph, schema)
    kind = ("Customer", "REVIEWED", "Product")
    customers, products = (data[label].key for label in ("Customer", "Product"))
    (texts,) = texts_of(data, kind).values()
    found = {
        (customers[source], products[target]): text
        for source, target, text in zip(*data[kind].edge_index.tolist(), texts, strict=True)
    }
    assert found == {
        ("Customer/b", "Product/p1"): "I came last and sort first",
        ("Customer/c1", "Product/p1"): "It kept me dry for a week of rain.",
        ("Customer/c1", "Product/p2"): "",
        ("Customer/c2", "Product/p2"): "It boils and boils and never tips over.",
        ("Customer/c3", "Product/p3"): "",
    }
    assert all(texts_of(data, triple) == {} for triple in data.edge_types if triple != kind)
    assert "text" not in data[kind].properties
    interactions = interactions_of(data, schema)
    assert interactions is not None and interactions.texts == texts
    data.validate()
    # They are written with the rest, and read back.
    write_export(data, tmp_path / "shop")
    again = read_export(tmp_path / "shop")
    assert same(again, data) and all(texts_of(again, triple) == texts_of(data, triple) for triple in data.edge_types)
    # Without a schema that names them there are none.
    assert texts_of(export_graph(empty_graph, None), kind) == {}


def test_words_of_parallel_interactions_are_kept_apart(empty_graph: GraphClient, tmp_path: Path) -> None:
    folder = read_folder(write(tmp_path, REVIEWS))
    load(empty_graph, folder)
    schema, _ = infer_schema(folder)
    statements: list[LiteralString] = [
        """MATCH (c:Customer {customerId: 'c2'}), (p:Product {sku: 'p3'}) UNWIND [[4, 'b b b'], [1, 'z'], [4, 'a a a']] AS one
        CREATE (c)-[:REVIEWED {stars: one[0], text: one[1]}]->(p)""",
        "MATCH (:Customer {customerId: 'c2'})-[r:REVIEWED]->(:Product {sku: 'p3'}) DELETE r",
        """MATCH (c:Customer {customerId: 'c2'}), (p:Product {sku: 'p3'}) UNWIND [[4, 'a a a'], [4, 'b b b'], [1, 'z']] AS one
        CREATE (c)-[:REVIEWED {stars: one[0], text: one[1]}]->(p)""",
    ]
    seen = []
    for statement in statements:
        write_cypher(empty_graph, statement)
        interactions = interactions_of(export_graph(empty_graph, schema), schema)
        assert interactions is not None and interactions.weights is not None and interactions.texts is not None
        rows = zip(interactions.users, interactions.items, interactions.weights, interactions.texts, strict=True)
        seen.append([(stars, text) for user, item, stars, text in rows if (user, item) == (1, 2)])
    assert seen == [[(1.0, "z"), (4.0, "a a a"), (4.0, "b b b")], [], [(1.0, "z"), (4.0, "a a a"), (4.0, "b b b")]]


@pytest.mark.parametrize(
    ("name", "found"), [("review", "found 'review', which none has"), ("stars", "found 'stars', which holds INTEGER")]
)
def test_a_schema_with_words_that_are_none_is_an_error(
    empty_graph: GraphClient, tmp_path: Path, name: str, found: str
) -> None:
    folder = read_folder(write(tmp_path, REVIEWS))
    load(empty_graph, folder)
    schema, _ = infer_schema(folder)
    assert schema.interaction is not None
    wrong = schema.model_copy(update={"interaction": schema.interaction.model_copy(update={"text": name})})
    with pytest.raises(SchemaError) as caught:
        export_graph(empty_graph, wrong)
    assert "schema.toml: interaction.text: expected a property of REVIEWED that holds words, one of " in str(
        caught.value
    )
    assert found in caught.value.message and "--new-schema" in caught.value.remedy


def test_an_empty_graph_and_one_without_items_are_errors(empty_graph: GraphClient, tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="is empty") as caught:
        export_graph(empty_graph, None)
    assert "kg-rec load" in caught.value.remedy
    schema, _ = infer_schema(read_folder(write(tmp_path / "films", FILMS)))
    load(empty_graph, read_folder(write(tmp_path / "shop", SHOP)))
    with pytest.raises(GraphError, match="expected nodes labelled Film, found Brand, City, Customer, Product"):
        export_graph(empty_graph, schema)


def test_a_graph_that_changes_while_it_is_read_is_an_error(
    empty_graph: GraphClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded(empty_graph, tmp_path, FILMS)
    count = exporting.counts_in

    def counted_then_changed(transaction: Transaction, uri: str) -> GraphCounts:
        found = count(transaction, uri)
        write_cypher(empty_graph, "CREATE (:KGEntity:Film {key: 'Film/late'})")
        return found

    monkeypatch.setattr(exporting, "counts_in", counted_then_changed)
    with pytest.raises(GraphError, match="changed while it was read"):
        export_graph(empty_graph, None)


def test_the_fingerprint_changes_with_nodes_and_relations(empty_graph: GraphClient, tmp_path: Path) -> None:
    seen = {loaded(empty_graph, tmp_path, FILMS).fingerprint}
    for change in (
        "CREATE (:KGEntity:Film {key: 'Film/9'})",
        "MATCH (a:Film {filmId: '1'}), (b:Film {filmId: '2'}) CREATE (a)-[:R]->(b)",
        "MATCH (:Film {filmId: '1'})-[r:R]->() DELETE r",
    ):
        write_cypher(empty_graph, change)
        seen.add(graph_counts(empty_graph).fingerprint())
    assert len(seen) == 3  # the last is the second one again
    assert all(len(fingerprint) == 16 for fingerprint in seen)


def test_nodes_without_a_key_are_counted_and_not_passed_over(empty_graph: GraphClient, tmp_path: Path) -> None:
    before = loaded(empty_graph, tmp_path, FILMS).fingerprint
    write_cypher(
        empty_graph,
        "MATCH (film:Film {filmId: '1'}) UNWIND range(1, 3) AS n CREATE (:KGEntity:Film {title: 'Jaws'})-[:R]->(film)",
    )
    for ask in (lambda: export_graph(empty_graph, None), lambda: graph_counts(empty_graph).fingerprint()):
        with pytest.raises(GraphError, match=r"expected a key, as 'Book/7', .*; found 3 without one") as told:
            ask()
    # The remedy can be taken as it stands.
    write_cypher(empty_graph, told.value.remedy.splitlines()[-1])
    assert graph_counts(empty_graph).fingerprint() == before


def test_an_export_is_written_and_read_back(empty_graph: GraphClient, tmp_path: Path) -> None:
    data = loaded(empty_graph, tmp_path / "films", FILMS)
    tensors, names = write_export(data, tmp_path / "out" / "my.graph")
    assert (tensors.name, names.name) == ("my.graph.safetensors", "my.graph.json")
    assert sorted(path.name for path in tensors.parent.iterdir()) == ["my.graph.json", "my.graph.safetensors"]
    assert same(read_export(tensors), data) and same(read_export(tmp_path / "out" / "my.graph"), data)
    with pytest.raises(GraphError, match="expected the name of an export, found that of a folder"):
        write_export(data, Path())
    # As after a kill between the replacement of one file and of the other: the counts are the same, a name is not.
    before = names.read_text()
    names.write_text(before.replace("Heat", "Cold"))
    with pytest.raises(GraphError, match=r"found my\.graph\.safetensors and my\.graph\.json of different ones"):
        read_export(tensors)
    names.write_text(before.replace('"format": 1', '"format": 2'))
    with pytest.raises(GraphError, match="expected an export of format 1, found 2"):
        read_export(tensors)
    tensors.write_bytes(b"broken")
    with pytest.raises(GraphError, match="expected an export of two files"):
        read_export(tensors)
    with pytest.raises(GraphError, match="cannot be written"):
        write_export(data, tensors / "inside")


def test_interactions_come_from_the_exported_graph(empty_graph: GraphClient, tmp_path: Path) -> None:
    folder = read_folder(write(tmp_path, FILMS))
    load(empty_graph, folder)
    schema, _ = infer_schema(folder)
    interactions = interactions_of(export_graph(empty_graph, schema), schema)
    assert interactions is not None and interactions.times is not None
    assert interactions.times[0] == 964982703
    assert positive(interactions).tolist() == [True, True, False, True, True, False, False]
