"""Graphs that were in Neo4j before kg-rec: looked at, adopted, recommended from, and given back as they were."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, LiteralString

import existing_graphs
import neo4j
import pytest

from kg_rec.errors import ConnectionFailedError, GraphError, LoadError, SchemaError, ScriptError
from kg_rec.graph import adopt as adopting
from kg_rec.graph.adopt import state, waiting
from kg_rec.graph.client import GraphClient
from kg_rec.graph.csv_folder import read_folder
from kg_rec.graph.database import database_profile
from kg_rec.graph.load import load
from kg_rec.graph.server import ManagedServer
from kg_rec.recommender import Recommender
from kg_rec.schema import read_schema
from kg_rec.schema_inference import SchemaChoices
from kg_rec.settings import Settings

Run = Callable[..., list[dict[str, Any]]]

DUMP: LiteralString = """
MATCH (node) RETURN [labels(node), properties(node)] AS line
UNION ALL MATCH (one)-[relation]->(other)
RETURN [labels(one), properties(one), type(relation), properties(relation), labels(other), properties(other)] AS line
UNION ALL MATCH (node) RETURN ['count', count(node)] AS line
"""


@pytest.fixture
def cypher(server: ManagedServer, empty_graph: GraphClient) -> Iterator[Run]:
    """Runs statements as the owner of the database would; it is empty at first."""
    with neo4j.GraphDatabase.driver(empty_graph.uri, auth=("neo4j", server.password())) as driver:
        yield lambda statement, **parameters: driver.execute_query(statement, parameters).records  # type: ignore[misc]


@pytest.fixture
def recommender(server: ManagedServer, client: GraphClient, tmp_path: Path) -> Iterator[Recommender]:
    """A recommender with a home of its own, to whom the session's Neo4j is somebody else's."""
    settings = Settings(
        home=tmp_path,
        neo4j_uri=client.uri,
        neo4j_password=server.password(),  # type: ignore[arg-type]  # pydantic makes a secret of it
        encoder="hash",
    )
    with Recommender.open(settings) as opened:
        yield opened


def dump(cypher: Run) -> str:
    """The whole database as text, in an order that does not depend on how it is stored."""
    lines = sorted(json.dumps(row["line"], sort_keys=True, default=str) for row in cypher(DUMP))
    shown = [dict(row) for row in cypher("SHOW CONSTRAINTS YIELD name, type, labelsOrTypes, properties")]
    indexes = [row["name"] for row in cypher("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP'")]
    return "\n".join([*lines, json.dumps(shown, sort_keys=True), *sorted(indexes)])


def write(cypher: Run, statements: list[LiteralString]) -> None:
    for statement in statements:
        cypher(statement)


GRAPHS = {
    "films": (existing_graphs.FILMS, "Movie", "space, like The Long Orbit", "Second Orbit", 28),
    "shop": (existing_graphs.SHOP, "Product", "fish", "Smoked Trout", 20),
    "papers": (existing_graphs.PAPERS, "Paper", "something by Ruiz", "A Grammar for Bees", 9),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_the_whole_way_and_back(cypher: Run, recommender: Recommender, name: str) -> None:
    statements, item, words, expected, nodes = GRAPHS[name]
    write(cypher, statements)
    before = dump(cypher)
    schema, reasons = recommender.init()
    assert (schema.item.label, schema.user, schema.interaction) == (item, None, None)
    assert "--user=" in reasons["user"]
    assert dump(cypher) == before, "looking changes nothing"

    done = recommender.adopt()
    assert (done.nodes, done.before, sum(done.labels.values())) == (nodes, 0, nodes)
    recommender.train()
    found = recommender.recommend(words, k=3)
    assert expected in [one.title for one in found]
    assert all(one.why for one in found)
    recommender.attach("ann", words)
    recommender.publish()
    assert cypher("MATCH (:KGModel) RETURN count(*) AS count")[0]["count"] == 1
    assert [one.title for one in recommender.recommend(user="ann", k=3)]
    assert recommender.similar(expected, k=2)

    again = recommender.adopt()
    assert (again.nodes, again.before) == (0, nodes)
    gone = recommender.forget()
    assert (gone.nodes, gone.people) == (nodes, 1)
    assert dump(cypher) == before
    assert state(recommender.client) == "untouched"


def test_users_and_ratings_are_found(cypher: Run, recommender: Recommender) -> None:
    cypher(
        """
        UNWIND range(1, 12) AS number
        CREATE (:Book {isbn: 'isbn-' + number, title: 'Volume ' + number + ' of the Chronicle'})
        WITH count(*) AS done
        UNWIND range(1, 6) AS number
        CREATE (reader:Reader {id: number})
        WITH reader, number
        MATCH (book:Book) WHERE toInteger(split(book.isbn, '-')[1]) % 3 = number % 3
        CREATE (reader)-[:RATED {stars: 1 + number % 5, at: datetime('2024-01-01T00:00:00Z')}]->(book)
        """
    )
    schema, reasons = recommender.init()
    assert schema.user is not None and (schema.user.label, schema.user.id) == ("Reader", "id")
    assert schema.interaction is not None
    assert (schema.interaction.type, schema.interaction.weight, schema.interaction.time) == ("RATED", "stars", "at")
    assert schema.item.id == "isbn" and reasons["item.id"] == "it is called an id and is unique"
    recommender.adopt()
    assert {row["key"] for row in cypher("MATCH (node:Reader) RETURN node.key AS key")} >= {"Reader/1", "Reader/6"}
    recommender.train()
    assert recommender.recommend(user="1", k=2).items


def test_what_was_broken_off_is_finished(
    cypher: Run, recommender: Recommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(cypher, existing_graphs.FILMS)
    before = dump(cypher)
    recommender.init()
    monkeypatch.setattr(adopting, "_BATCH", 4)
    real, calls = GraphClient.write, []

    def breaking(self: GraphClient, name: str, /, **parameters: object) -> Any:
        calls.append(name)
        if len(calls) == 3:
            raise ConnectionFailedError("the connection broke")
        return real(self, name, **parameters)

    monkeypatch.setattr(GraphClient, "write", breaking)
    with pytest.raises(ConnectionFailedError):
        recommender.adopt()
    monkeypatch.setattr(GraphClient, "write", real)
    left = waiting(recommender.client, recommender.schema)
    assert 0 < left < 28
    assert recommender.adopt().nodes == left
    assert cypher("MATCH (node:KGEntity) RETURN count(DISTINCT node.key) AS count")[0]["count"] == 28

    broken: list[str] = []
    batches = GraphClient.write_batches

    def stopping(self: GraphClient, name: str, /, **parameters: object) -> Any:
        if name == "adopt/forget_nodes" and not broken:
            broken.append(name)
            raise ConnectionFailedError("the connection broke")
        return batches(self, name, **parameters)

    monkeypatch.setattr(GraphClient, "write_batches", stopping)
    with pytest.raises(ConnectionFailedError):
        recommender.forget()
    recommender.forget()
    assert dump(cypher) == before


def test_nodes_that_come_later_are_taken_in(cypher: Run, recommender: Recommender) -> None:
    write(cypher, existing_graphs.PAPERS)
    recommender.init()
    recommender.adopt()
    cypher("CREATE (:Paper {title: 'Wax and Wane', abstract: 'How combs are built, and why they are left.'})")
    assert waiting(recommender.client, recommender.schema) == 1
    assert recommender.adopt().nodes == 1
    (row,) = cypher("MATCH (paper:Paper {title: 'Wax and Wane'}) RETURN paper.key AS key")
    assert row["key"] == "Paper/Wax and Wane"


def test_names_of_any_kind(cypher: Run, recommender: Recommender) -> None:
    """Blanks, quotes, backticks, slashes, Chinese; two labels on a node; no id anywhere."""
    cypher(
        """
        UNWIND ['Blue Door', 'Green Door', 'Red Door', 'Red Door'] AS title
        CREATE (film:`电影 "A"/B`:`Odd``One` {title: title, plot: 'A door is opened, and nobody comes out of it.'})
        MERGE (genre:`It's a Genre` {name: 'Doors & Co.'})
        CREATE (film)-[:`is of/the "kind"` {`how much`: 1}]->(genre)
        """
    )
    before = dump(cypher)
    schema, _ = recommender.init()
    assert schema.item.label == '电影 "A"/B' or schema.item.label == "Odd`One"
    assert schema.item.id == "key", "two films are called the same, and nothing else tells them apart"
    assert read_schema(recommender.settings.schema_path) == schema
    recommender.adopt()
    keys = [row["key"] for row in cypher("MATCH (node:KGEntity) RETURN node.key AS key ORDER BY key")]
    assert len(set(keys)) == 5
    assert "It's a Genre/Doors & Co." in keys
    assert sum("/~" in key for key in keys) == 4
    recommender.train()
    found = recommender.recommend("Doors & Co.", k=2)
    assert len(found) == 2 and {one.id for one in found} <= set(keys)
    recommender.attach("ann", "Doors & Co.")
    recommender.forget()
    assert dump(cypher) == before


def test_two_hundred_labels(cypher: Run, recommender: Recommender) -> None:
    cypher(
        """
        UNWIND range(1, 199) AS number
        CREATE (:$('Label ' + number) {name: 'Thing ' + number})<-[:HAS]-(:Item {name: 'Item ' + number})
        """
    )
    schema, _ = recommender.init()
    assert schema.item.label == "Item"
    assert len(schema.entities) == 199
    assert recommender.adopt().nodes == 398


def test_what_is_in_the_way_is_told_before_anything_is_written(cypher: Run, recommender: Recommender) -> None:
    write(cypher, existing_graphs.PAPERS)
    recommender.init()
    for statement, message, undo in (
        ("MATCH (paper:Paper) SET paper.key = 'mine'", "property 'key' on nodes labelled Paper", "REMOVE node.key"),
        (
            "CREATE (:Paper {name: 'x'})",
            "expected 'title' on every node labelled Paper; 1 have none",
            "DETACH DELETE node",
        ),
        (
            "CREATE (:Paper {title: 'Dances Compared', name: 'x'})",
            "2 share theirs, as 'Dances Compared'",
            "DETACH DELETE node",
        ),
        ("MATCH (one:Author), (other:Paper) CREATE (one)-[:INTERESTED_IN]->(other)", "INTERESTED_IN", ""),
    ):
        cypher(statement)
        before = dump(cypher)
        with pytest.raises(GraphError, match=message):
            recommender.adopt()
        assert dump(cypher) == before
        where = "node.name = 'x'" if "DELETE" in undo else "true"
        if undo:
            cypher(f"MATCH (node:Paper) WHERE {where} {undo}")
    (row,) = cypher("MATCH ()-[interest:INTERESTED_IN]->() RETURN count(interest) AS count")
    assert row["count"] == 20


def test_a_loaded_graph_is_not_adopted_nor_files_loaded_beside_an_adopted_one(
    cypher: Run, recommender: Recommender, tmp_path: Path
) -> None:
    (tmp_path / "csv" / "nodes").mkdir(parents=True)
    (tmp_path / "csv" / "nodes" / "Paper.csv").write_text("id:ID(Paper),title\n1,Wax and Wane\n", encoding="utf-8")
    folder = read_folder(tmp_path / "csv")
    write(cypher, existing_graphs.PAPERS)
    with pytest.raises(GraphError, match="not adopted: found no trace"):
        recommender.forget()
    recommender.init()
    recommender.adopt()
    before = dump(cypher)
    with pytest.raises(LoadError, match="was adopted"):
        load(recommender.client, folder)
    assert dump(cypher) == before
    recommender.forget()
    load(recommender.client, folder)
    before = dump(cypher)
    for refused in (recommender.adopt, recommender.forget):
        with pytest.raises(GraphError, match="loaded"):
            refused()
    assert dump(cypher) == before


def test_everything_but_writing_works_for_somebody_who_may_only_read(
    cypher: Run, recommender: Recommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neo4j itself refuses whatever writes in a transaction for reading; here no other is opened."""
    write(cypher, existing_graphs.FILMS)
    recommender.init()
    recommender.adopt()
    real = GraphClient._session
    monkeypatch.setattr(GraphClient, "_session", lambda self, access: real(self, neo4j.READ_ACCESS))
    monkeypatch.setattr(neo4j.Session, "execute_write", neo4j.Session.execute_read)
    recommender.settings.schema_path.unlink()
    recommender.init()
    recommender.train()
    assert recommender.recommend("space", k=2).items
    assert not recommender.graph_has_changed()
    for refused in (lambda: recommender.attach("ann", "space"), recommender.forget):
        with pytest.raises(ScriptError, match="refused"):
            refused()


def test_attached_people_with_relations_of_their_own_stay(cypher: Run, recommender: Recommender) -> None:
    write(cypher, existing_graphs.PAPERS)
    recommender.init()
    recommender.adopt()
    recommender.train()
    recommender.attach("ann", "bees")
    cypher("MATCH (ann:KGPerson), (paper:Paper {title: 'Dances Compared'}) CREATE (ann)-[:READ]->(paper)")
    recommender.forget()
    (row,) = cypher("MATCH (ann)-[:READ]->(:Paper) RETURN labels(ann) AS labels, properties(ann) AS properties")
    assert (row["labels"], row["properties"]) == (["User"], {"id": "ann"})


def test_init_says_what_is_wrong(cypher: Run, recommender: Recommender) -> None:
    with pytest.raises(GraphError, match="expected nodes with labels, found none"):
        recommender.init()
    write(cypher, existing_graphs.PAPERS)
    with pytest.raises(SchemaError, match="expected a label for --item, found 'Film'"):
        recommender.init(choices=SchemaChoices(item="Film"))
    schema, _ = recommender.init(choices=SchemaChoices(item="Paper", user="Author"))
    assert schema.user is not None and schema.user.label == "Author"
    with pytest.raises(SchemaError, match="--new-schema"):
        recommender.init()


def test_the_profile_counts_what_is_there(cypher: Run, client: GraphClient) -> None:
    write(cypher, existing_graphs.FILMS)
    found = database_profile(client)
    assert {label: node.count for label, node in found.graph.labels.items()} == {"Person": 11, "Theme": 9, "Movie": 8}
    assert {str(kind): kind.count for kind in found.graph.relations} == {
        "(:Movie)-[:HAS_THEME]->(:Theme)": 16,
        "(:Person)-[:ACTED_IN]->(:Movie)": 12,
        "(:Person)-[:DIRECTED]->(:Movie)": 8,
        "(:Person)-[:REVIEWED]->(:Movie)": 6,
        "(:Person)-[:FOLLOWS]->(:Person)": 1,
    }
    assert found.graph.labels["Person"].properties["born"].type == "long"
