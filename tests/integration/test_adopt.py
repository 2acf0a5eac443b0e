"""Graphs that were in Neo4j before kg-rec: looked at, adopted, recommended from, and given back as they were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, LiteralString, cast

import existing_graphs
import neo4j
import pytest
from neo4j_dump import dump
from pydantic import SecretStr

from kg_rec.errors import ConnectionFailedError, GraphError, LoadError, SchemaError, ScriptError
from kg_rec.graph import adopt as adopting
from kg_rec.graph.adopt import state, waiting
from kg_rec.graph.attach import person_key
from kg_rec.graph.client import GraphClient
from kg_rec.graph.csv_folder import read_folder
from kg_rec.graph.database import database_profile
from kg_rec.graph.explore import ask, question, values
from kg_rec.graph.export import export_graph
from kg_rec.graph.load import load
from kg_rec.graph.scripts import script
from kg_rec.graph.server import ManagedServer
from kg_rec.recommender import Recommender
from kg_rec.schema import read_schema
from kg_rec.schema_detour import SCRIPT
from kg_rec.schema_inference import SchemaChoices
from kg_rec.settings import Settings

Run = Callable[..., list[neo4j.Record]]


@pytest.fixture
def owner(server: ManagedServer, empty_graph: GraphClient) -> Iterator[neo4j.Driver]:
    """The connection of the owner of the database, which is empty at first."""
    with neo4j.GraphDatabase.driver(empty_graph.uri, auth=("neo4j", server.password())) as driver:
        yield driver


@pytest.fixture
def cypher(owner: neo4j.Driver) -> Run:
    """Runs statements as the owner of the database would."""

    def run(statement: LiteralString, **parameters: object) -> list[neo4j.Record]:
        return owner.execute_query(statement, parameters).records

    return run


@pytest.fixture
def recommender(server: ManagedServer, client: GraphClient, tmp_path: Path) -> Iterator[Recommender]:
    """A recommender with a home of its own, to whom the session's Neo4j is somebody else's."""
    settings = Settings(
        home=tmp_path,
        neo4j_uri=client.uri,
        neo4j_password=SecretStr(server.password()),
        encoder="hash",
    )
    with Recommender.open(settings) as opened:
        yield opened


def write(cypher: Run, statements: list[LiteralString]) -> None:
    for statement in statements:
        cypher(statement)


GRAPHS = {
    "films": (existing_graphs.FILMS, "Movie", "space, like The Long Orbit", "Second Orbit", 28),
    "shop": (existing_graphs.SHOP, "Product", "fish", "Smoked Trout", 20),
    "papers": (existing_graphs.PAPERS, "Paper", "something by Ruiz", "A Grammar for Bees", 9),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_the_whole_way_and_back(owner: neo4j.Driver, cypher: Run, recommender: Recommender, name: str) -> None:
    statements, item, words, expected, nodes = GRAPHS[name]
    write(cypher, statements)
    before = dump(owner)
    meaning = recommender.init()
    schema, reasons = meaning.schema, meaning.reasons
    assert (schema.item.label, schema.user, schema.interaction) == (item, None, None)
    assert ("--user=" in reasons["user"]) == (meaning.detour is None)
    assert dump(owner) == before, "looking changes nothing"

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
    assert dump(owner) == before
    assert state(recommender.client) == "untouched"


def test_what_customers_ordered_becomes_an_interaction_where_the_owner_wants_it(
    cypher: Run, recommender: Recommender
) -> None:
    write(cypher, existing_graphs.SHOP)
    detour = recommender.init().detour
    assert detour is not None
    assert str(detour) == "(:Customer)-[:PURCHASED]->(:Order)-[:ORDERS]->(:Product)"
    line = detour.parameters()
    assert line.startswith(":param {user: ")
    # The owner's part, as Neo4j Browser does it: the map of the line, then the script as it stands.
    parameters = cypher(cast(LiteralString, f"RETURN {line.removeprefix(':param ')} AS map"))[0]["map"]
    for _ in range(2):
        (row,) = cypher(cast(LiteralString, script(SCRIPT).text), **parameters)
        assert row["interactions"] == 9
    counts = cypher(
        "MATCH (customer:Customer)-[some:INTERACTED_WITH]->(:Product) RETURN customer.customerID AS id, some.count AS n"
    )
    assert sorted((row["id"], row["n"]) for row in counts) == [
        *[("ANTON", 1)] * 4,
        ("BERGS", 1),
        ("BERGS", 1),
        ("BERGS", 2),
        *[("CHOPS", 1)] * 2,
    ]
    again = recommender.init(new_schema=True)
    assert again.detour is None
    assert again.schema.user is not None and again.schema.user.label == "Customer"
    assert again.schema.interaction is not None
    assert (again.schema.interaction.type, again.schema.interaction.kind) == ("INTERACTED_WITH", "count")
    recommender.adopt()
    recommender.train()
    assert recommender.recommend(user="ANTON", k=2).items


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
    meaning = recommender.init()
    schema, reasons = meaning.schema, meaning.reasons
    assert schema.user is not None and (schema.user.label, schema.user.id) == ("Reader", "id")
    assert schema.interaction is not None
    assert (schema.interaction.type, schema.interaction.weight, schema.interaction.time) == ("RATED", "stars", "at")
    assert schema.item.id == "isbn" and reasons["item.id"] == "it is called an id and is unique"
    recommender.adopt()
    assert {row["key"] for row in cypher("MATCH (node:Reader) RETURN node.key AS key")} >= {"Reader/1", "Reader/6"}
    recommender.train()
    assert recommender.recommend(user="1", k=2).items


def test_what_was_broken_off_is_finished(
    owner: neo4j.Driver, cypher: Run, recommender: Recommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(cypher, existing_graphs.FILMS)
    before = dump(owner)
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
    assert dump(owner) == before


def test_nodes_that_come_later_are_taken_in(cypher: Run, recommender: Recommender) -> None:
    write(cypher, existing_graphs.PAPERS)
    recommender.init()
    recommender.adopt()
    cypher("CREATE (:Paper {title: 'Wax and Wane', abstract: 'How combs are built, and why they are left.'})")
    assert waiting(recommender.client, recommender.schema) == 1
    assert recommender.adopt().nodes == 1
    (row,) = cypher("MATCH (paper:Paper {title: 'Wax and Wane'}) RETURN paper.key AS key")
    assert row["key"] == "Paper/Wax and Wane"


def test_names_of_any_kind(owner: neo4j.Driver, cypher: Run, recommender: Recommender) -> None:
    """Blanks, quotes, backticks, slashes, Chinese; two labels on a node; no id anywhere."""
    cypher(
        """
        UNWIND ['Blue Door', 'Green Door', 'Red Door', 'Red Door'] AS title
        CREATE (film:`电影 "A"/B`:`Odd``One` {title: title, plot: 'A door is opened, and nobody comes out of it.'})
        MERGE (genre:`It's a Genre` {name: 'Doors & Co.'})
        CREATE (film)-[:`is of/the "kind"` {`how much`: 1}]->(genre)
        """
    )
    before = dump(owner)
    schema = recommender.init().schema
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
    assert dump(owner) == before


def test_two_hundred_labels(cypher: Run, recommender: Recommender, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: Counter[str] = Counter()
    real = GraphClient.read

    def counting(self: GraphClient, name: str, /, **parameters: object) -> Any:
        asked[name] += 1
        return real(self, name, **parameters)

    monkeypatch.setattr(GraphClient, "read", counting)
    cypher(
        """
        UNWIND range(1, 199) AS number
        CREATE (:$('Label ' + number) {name: 'Thing ' + number})<-[:HAS]-(:Item {name: 'Item ' + number})
        """
    )
    schema = recommender.init().schema
    assert schema.item.label == "Item"
    assert len(schema.entities) == 199
    assert recommender.adopt().nodes == 398
    (row,) = cypher("MATCH (node:`Label 7`) RETURN node.key AS key")
    assert row["key"] == "Label 7/Thing 7"
    # Each of them reads the whole graph: it must not be done for each label.
    assert max(asked.values()) <= 3, asked


def test_of_many_nodes_some_are_looked_at_and_those_of_a_rare_kind_are_among_them(
    cypher: Run, client: GraphClient
) -> None:
    cypher(
        """
        UNWIND range(1, 15000) AS number
        CREATE (person:Person {number: number, name: 'Person ' + number})
        WITH person, number WHERE number % 3 = 0
        SET person:Actor
        """
    )
    cypher("UNWIND range(1, 5) AS number CREATE (:Actor {name: 'Actor ' + number, stage: 'The Globe'})")
    found = database_profile(client).graph.labels
    assert {label: node.count for label, node in found.items()} == {"Person": 15000, "Actor": 5}
    looked_at = found["Person"].properties["number"].values
    assert 1500 < len(looked_at) < 2500
    assert min(looked_at) < 1500 and max(looked_at) > 13500, "from everywhere, not the first ones"
    assert found["Actor"].properties["stage"].values == ["The Globe"] * 5
    again = database_profile(client).graph.labels["Person"].properties["number"].values
    assert sorted(again) == sorted(looked_at), "the same ones each time, or what init finds would depend on luck"


def test_an_id_too_long_for_an_index_is_none(cypher: Run, recommender: Recommender) -> None:
    cypher(
        """
        UNWIND range(1, 4) AS number
        CREATE (:Page {url: 'https://example.org/' + number, title: 'Page ' + number + ' of the Handbook'})
               -[:ABOUT]->(:Topic {name: 'Topic ' + number + reduce(text = '', _ IN range(1, 3000) | text + 'ё')})
        """
    )
    recommender.init()
    assert recommender.adopt().nodes == 8
    keys = [row["key"] for row in cypher("MATCH (node:KGEntity) RETURN node.key AS key ORDER BY key")]
    assert keys[:4] == [f"Page/https://example.org/{number}" for number in range(1, 5)]
    assert all(key.startswith("Topic/~") for key in keys[4:])


def test_what_is_in_the_way_is_told_before_anything_is_written(
    owner: neo4j.Driver, cypher: Run, recommender: Recommender
) -> None:
    write(cypher, existing_graphs.PAPERS)
    recommender.init()
    for statement, message, undo in (
        ("MATCH (paper:Paper) SET paper.key = 'mine'", "property 'key' on nodes labelled Paper", "REMOVE node.key"),
        (
            "CREATE (:Paper {name: 'x'})",
            "expected 'title' on every node labelled Paper, of at most 1,900 characters; 1 have none",
            "DETACH DELETE node",
        ),
        (
            "CREATE (:Paper {title: 'Dances Compared', name: 'x'})",
            "2 share theirs, as 'Dances Compared'",
            "DETACH DELETE node",
        ),
    ):
        cypher(statement)
        before = dump(owner)
        with pytest.raises(GraphError, match=message) as caught:
            recommender.adopt()
        assert dump(owner) == before
        where = "node.name = 'x'" if "DELETE" in undo else "true"
        if "node.key" in undo:
            # What the error says to run, as it stands.
            remedy = caught.value.remedy
            cypher(cast(LiteralString, remedy[remedy.index("MATCH") :]))
            assert cypher("MATCH (node:Paper {ownKey: 'mine'}) RETURN count(node) AS count")[0]["count"] == 5
        else:
            cypher(f"MATCH (node:Paper) WHERE {where} {undo}")
    assert recommender.adopt().nodes == 9


def test_relations_of_the_owner_that_are_called_as_interests_are_stay_the_owners(
    owner: neo4j.Driver, cypher: Run, recommender: Recommender
) -> None:
    write(cypher, existing_graphs.PAPERS)
    cypher(
        "MATCH (author:Author), (paper:Paper) WHERE NOT (author)-[:WROTE]->(paper) "
        "CREATE (author)-[:INTERESTED_IN {since: 2020}]->(paper)"
    )
    before = dump(owner)
    recommender.init(choices=SchemaChoices(user="none", item="Paper"))
    recommender.adopt()
    recommender.train()
    graph = export_graph(recommender.client, recommender.schema)
    theirs = graph["Author", "INTERESTED_IN", "Paper"].edge_index.shape[1]
    assert theirs == cypher("MATCH ()-[r:INTERESTED_IN]->() RETURN count(r) AS count")[0]["count"] > 0
    assert not recommender.graph_has_changed()

    recommender.attach("ann", "how bees dance, by Tanaka")
    recommender.set_interest("ann", "Author/Ruiz", liked=False)
    assert len(recommender.interests("ann")) == 2 and recommender.interests("ann")[0].entity == "Author/Ruiz"
    recommender.publish()
    found = [one.key for one in recommender.recommend(user="ann", k=3)]
    assert found and [
        row["item"]
        for row in recommender.client.read("recommend/by_interests", user=person_key(recommender.schema, "ann"), k=3)
    ]
    after = export_graph(recommender.client, recommender.schema)
    assert after.fingerprint == graph.fingerprint and not recommender.graph_has_changed()
    # Somebody of the graph, with a relation of the owner's to what they are now interested in.
    asked = question("relations")
    kinds = ask(recommender.client, asked, values(recommender.client, recommender.schema, asked, {}).values)
    assert {(row["source"], row["type"], row["relations"]) for row in kinds} >= {("Author", "INTERESTED_IN", theirs)}
    recommender.forget()
    assert dump(owner) == before


def test_an_interest_of_kg_recs_stands_beside_a_relation_of_the_owners(
    owner: neo4j.Driver, cypher: Run, recommender: Recommender
) -> None:
    cypher(
        """
        UNWIND range(1, 12) AS number
        CREATE (book:Book {isbn: 'b' + number, title: 'Volume ' + number, blurb: 'It tells of rivers, of hills and of towns.'})
        MERGE (reader:Reader {readerId: 'r' + number % 3})
        CREATE (reader)-[:BOUGHT {at: datetime('2024-01-01T00:00:00Z')}]->(book),
               (reader)-[:INTERESTED_IN {level: 2}]->(:Subject {name: 'Subject ' + number})<-[:ABOUT]-(book)
        """
    )
    before = dump(owner)
    recommender.init(choices=SchemaChoices(user="Reader", interaction="BOUGHT"))
    recommender.adopt()
    recommender.train()
    recommender.attach("r1", "Subject 4")
    recommender.set_interest("r1", "Subject/Subject 7", liked=False)
    rows = cypher(
        "MATCH (:Reader {readerId: 'r1'})-[r:INTERESTED_IN]->(to) WHERE to.name IN ['Subject 4', 'Subject 7'] "
        "RETURN to.name AS name, collect(r.by) AS by, sum(r.level) AS level ORDER BY name"
    )
    assert [(row["name"], row["by"], row["level"]) for row in rows] == [
        ("Subject 4", ["kg-rec"], 2),
        ("Subject 7", ["kg-rec"], 2),
    ]
    recommender.remove_interest("r1", "Subject/Subject 7")
    assert [one.entity for one in recommender.interests("r1")] == ["Subject/Subject 4"]
    recommender.detach("r1")
    assert recommender.interests("r1") == []
    recommender.attach("r1", "Subject 4")
    recommender.forget()
    assert dump(owner) == before


def test_a_loaded_graph_is_not_adopted_nor_files_loaded_beside_an_adopted_one(
    owner: neo4j.Driver, cypher: Run, recommender: Recommender, tmp_path: Path
) -> None:
    (tmp_path / "csv" / "nodes").mkdir(parents=True)
    (tmp_path / "csv" / "nodes" / "Paper.csv").write_text("id:ID(Paper),title\n1,Wax and Wane\n", encoding="utf-8")
    folder = read_folder(tmp_path / "csv")
    write(cypher, existing_graphs.PAPERS)
    with pytest.raises(GraphError, match="not adopted: found no trace"):
        recommender.forget()
    recommender.init()
    recommender.adopt()
    before = dump(owner)
    with pytest.raises(LoadError, match="was adopted"):
        load(recommender.client, folder)
    assert dump(owner) == before
    recommender.forget()
    load(recommender.client, folder)
    before = dump(owner)
    for refused in (recommender.adopt, recommender.forget):
        with pytest.raises(GraphError, match="loaded"):
            refused()
    assert dump(owner) == before


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


def test_nobody_is_attached_to_a_graph_that_was_given_back(
    owner: neo4j.Driver, cypher: Run, recommender: Recommender
) -> None:
    """Whoever gave the graph back with a model at hand could not take the person out again."""
    write(cypher, existing_graphs.FILMS)
    before = dump(owner)
    recommender.init()
    recommender.adopt()
    recommender.train()
    recommender.forget()
    with pytest.raises(GraphError, match="has no keys of kg-rec: expected one that was loaded or adopted") as caught:
        recommender.attach("ann", "space")
    assert "kg-rec adopt" in caught.value.remedy
    assert dump(owner) == before


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


def test_a_graph_that_was_not_adopted_yet_is_told_from_an_empty_one(cypher: Run, recommender: Recommender) -> None:
    write(cypher, existing_graphs.PAPERS)
    recommender.init()
    with pytest.raises(GraphError, match="found none among 9 nodes") as caught:
        recommender.train()
    assert "kg-rec adopt" in caught.value.remedy


def test_another_database_than_the_one_there_is(server: ManagedServer, client: GraphClient, tmp_path: Path) -> None:
    """The name reaches the server, and so does a routing address; one server is a cluster of one."""
    assert client.uri.startswith("bolt://")
    address = client.uri.replace("bolt://", "neo4j://")
    for name, refused in (("neo4j", False), ("no-such-graph", True)):
        settings = Settings(
            home=tmp_path / name,
            neo4j_uri=address,
            neo4j_database=name,
            neo4j_password=SecretStr(server.password()),
        )
        with Recommender.open(settings) as recommender:
            if refused:
                with pytest.raises(ConnectionFailedError, match="no-such-graph"):
                    recommender.init()
            else:
                assert recommender.client.read("server/version")


def test_init_says_what_is_wrong(cypher: Run, recommender: Recommender) -> None:
    with pytest.raises(GraphError, match="expected nodes with labels, found none"):
        recommender.init()
    write(cypher, existing_graphs.PAPERS)
    with pytest.raises(SchemaError, match="expected a label for --item, found 'Film'"):
        recommender.init(choices=SchemaChoices(item="Film"))
    schema = recommender.init(choices=SchemaChoices(item="Paper", user="Author")).schema
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
