"""People in the graph of a real Neo4j, edge by edge: what attaching writes, keeps, replaces and takes away again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import neo4j
import pytest

from kg_rec.errors import InputError, UnknownEntityError
from kg_rec.graph import attach as people
from kg_rec.graph.client import GraphClient
from kg_rec.graph.counts import graph_counts
from kg_rec.graph.csv_folder import read_folder
from kg_rec.graph.export import export_graph
from kg_rec.graph.load import load
from kg_rec.graph.server import ManagedServer
from kg_rec.interest import Interest
from kg_rec.schema import GraphSchema
from kg_rec.schema_inference import infer_schema

FILES = {
    "nodes/Song.csv": 'songId:ID(Song),title,year:int\n1,Hurt,1994\n2,Hurt,2002\n3,"Don\'t `Stop`",1977\n4,Rain,1966\n',
    "nodes/Mood.csv": "name:ID(Mood)\nsad\nwarm\nRain\nsad/slow\n",
    "nodes/Band.csv": "bandId:ID(Band),name\nb1,Nine Inch Nails\nb2,Édith Piaf\nb3,\n",
    "nodes/Listener.csv": "listenerId:ID(Listener)\nl1\nl2\n",
    "relations/BY.csv": ":START_ID(Song),:END_ID(Band)\n1,b1\n2,b2\n3,b2\n4,b3\n",
    "relations/FEELS.csv": ":START_ID(Song),:END_ID(Mood)\n1,sad\n2,sad\n3,warm\n4,Rain\n4,sad/slow\n",
    "relations/PLAYED.csv": ":START_ID(Listener),:END_ID(Song),plays:int\nl1,1,7\nl1,4,2\nl2,2,3\n",
}
SAD = Interest("Mood/sad", "Mood", "sad", 0.75, evidence="sad")
WARM = Interest("Mood/warm", "Mood", "warm", 0.5, -1, evidence="warm ones", source="near")
HURT = Interest("Song/1", "Song", "Hurt", 1.0, evidence="Hurt (1994)")


@pytest.fixture
def schema(empty_graph: GraphClient, tmp_path: Path) -> GraphSchema:
    """The schema of the loaded songs."""
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    folder = read_folder(tmp_path)
    load(empty_graph, folder)
    found = infer_schema(folder)[0]
    assert found.item.label == "Song"
    assert found.user is not None and found.user.label == "Listener"
    return found


class Graph:
    """The graph as the driver sees it, past everything that is tested here."""

    def __init__(self, driver: neo4j.Driver) -> None:
        self.driver = driver

    def rows(self, statement: str, **parameters: object) -> list[dict[str, Any]]:
        """Run a statement."""
        return [row.data() for row in self.driver.execute_query(statement, parameters).records]

    def all(self) -> list[list[dict[str, Any]]]:
        """Return all nodes and relations with all they hold."""
        return [
            self.rows("MATCH (n) RETURN labels(n) AS labels, properties(n) AS held ORDER BY n.key"),
            self.rows(
                "MATCH (a)-[r]->(b) RETURN a.key AS a, type(r) AS type, b.key AS b, properties(r) AS held "
                "ORDER BY a, type, b"
            ),
        ]

    def edges(self, user: str) -> dict[str, dict[str, Any]]:
        """Return the properties of each of a person's interests by the entity's key."""
        rows = self.rows(
            "MATCH ({key: $user})-[r:INTERESTED_IN]->(b) RETURN b.key AS b, properties(r) AS held", user=user
        )
        assert all(row["held"].pop("by") == "kg-rec" for row in rows)
        return {row["b"]: row["held"] for row in rows}


@pytest.fixture
def graph(server: ManagedServer, client: GraphClient) -> Any:
    """The graph as the driver sees it."""
    with neo4j.GraphDatabase.driver(client.uri, auth=("neo4j", server.password())) as driver:
        yield Graph(driver)


def test_the_node_and_its_edges_hold_everything(client: GraphClient, schema: GraphSchema, graph: Graph) -> None:
    before = graph_counts(client).fingerprint()
    attached = people.attach(client, schema, "ann", [SAD, WARM, HURT], encoder="some-encoder")
    (node,) = graph.rows("MATCH (n:KGPerson) RETURN labels(n) AS labels, properties(n) AS held")
    assert set(node["labels"]) == {"KGEntity", "KGPerson", "Listener"}
    assert node["held"] == {"key": "Listener/ann", "listenerId": "ann"}
    edges = graph.edges("Listener/ann")
    assert all(isinstance(held.pop("inferredAt"), neo4j.time.DateTime) for held in edges.values())
    assert edges == {
        "Mood/sad": {
            "score": 0.75, "polarity": 1, "evidence": ["sad"], "source": "named", "encoder": "some-encoder",
        },
        "Mood/warm": {
            "score": 0.5, "polarity": -1, "evidence": ["warm ones"], "source": "near", "encoder": "some-encoder",
        },
        "Song/1": {
            "score": 1.0, "polarity": 1, "evidence": ["Hurt (1994)"], "source": "named", "encoder": "some-encoder",
        },
    }  # fmt: skip
    assert attached == people.Attached("ann", "Listener/ann", (HURT, SAD, WARM))  # the strongest first
    assert people.interests(client, schema, "ann") == [HURT, SAD, WARM]
    assert graph_counts(client).fingerprint() == before


def test_other_words_replace_what_was_inferred_and_keep_what_was_set(
    client: GraphClient, schema: GraphSchema, graph: Graph
) -> None:
    people.attach(client, schema, "ann", [SAD, WARM], encoder="one")
    sad = graph.edges("Listener/ann")["Mood/sad"]
    told = people.set_interest(client, schema, "ann", "warm", 1)
    assert told == Interest("Mood/warm", "Mood", "warm", 1.0, 1, source="person")
    set_ = graph.edges("Listener/ann")["Mood/warm"]
    assert {key: set_[key] for key in set_ if key != "inferredAt"} == {
        "score": 1.0, "polarity": 1, "evidence": [], "source": "person",
    }  # fmt: skip
    again = people.attach(client, schema, "ann", [WARM, HURT, SAD], encoder="one")
    assert [(one.entity, one.source, one.polarity) for one in again.interests] == [
        ("Mood/warm", "person", 1), ("Song/1", "named", 1), ("Mood/sad", "named", 1),
    ]  # fmt: skip
    assert graph.edges("Listener/ann")["Mood/warm"] == set_
    assert graph.edges("Listener/ann")["Mood/sad"] == sad  # known already, with the time it was first inferred
    people.attach(client, schema, "ann", [SAD], encoder="two")
    assert set(graph.edges("Listener/ann")) == {"Mood/warm", "Mood/sad"}
    assert graph.edges("Listener/ann")["Mood/sad"]["encoder"] == "two"
    assert graph.edges("Listener/ann")["Mood/sad"]["inferredAt"] > sad["inferredAt"]
    people.attach(client, schema, "ann", [], encoder="two")
    assert set(graph.edges("Listener/ann")) == {"Mood/warm"}


def test_the_same_again_changes_nothing(client: GraphClient, schema: GraphSchema, graph: Graph) -> None:
    once = people.attach(client, schema, "ann", [SAD, WARM, HURT], encoder="one")
    before = graph.all()
    assert people.attach(client, schema, "ann", [HURT, SAD, WARM], encoder="one") == once
    assert graph.all() == before


def test_one_entity_found_twice_is_one_edge_with_both_evidences(
    client: GraphClient, schema: GraphSchema, graph: Graph
) -> None:
    weaker = Interest("Mood/sad", "Mood", "sad", 0.5, evidence="tearful")
    against = Interest("Mood/sad", "Mood", "sad", 0.6, -1, evidence="no sad ones")
    attached = people.attach(client, schema, "ann", [weaker, against, SAD, SAD], encoder="one")
    assert [(one.score, one.polarity, one.evidence) for one in attached.interests] == [(0.75, 1, "tearful … sad")]
    assert graph.edges("Listener/ann")["Mood/sad"]["evidence"] == ["tearful", "sad"]
    (found,) = people.merged([SAD, Interest("Mood/sad", "Mood", "sad", 0.75, -1, evidence="not")])
    assert (found[0].polarity, found[1]) == (-1, ["not"])  # of equal strength, the dislike
    assert [one.entity for one, _ in people.merged([HURT, SAD])] == ["Mood/sad", "Song/1"]
    assert people.merged([]) == []


def test_entities_that_are_not_there_are_told_and_get_no_edge(
    client: GraphClient, schema: GraphSchema, graph: Graph
) -> None:
    gone = Interest("Mood/gone", "Mood", "gone", 1.0, evidence="gone")
    attached = people.attach(client, schema, "ann", [gone, SAD], encoder="one")
    assert attached.missing == ("Mood/gone",)
    assert set(graph.edges("Listener/ann")) == {"Mood/sad"}
    assert graph.rows("MATCH (n {key: 'Mood/gone'}) RETURN n") == []


def test_somebody_of_the_graph_keeps_all_but_the_interests(
    client: GraphClient, schema: GraphSchema, graph: Graph
) -> None:
    before = graph.all()
    attached = people.attach(client, schema, "l1", [SAD, WARM], encoder="one")
    assert attached.of_graph
    assert graph.rows("MATCH (n:KGPerson) RETURN n") == []
    assert people.attached_people(client) == [people.Person("l1", "Listener/l1", 2, of_graph=True)]
    assert people.person(client, schema, "l1").of_graph
    assert people.detach(client, schema, "l1") == people.Detached("l1", 2, deleted=False)
    assert graph.all() == before
    assert people.interests(client, schema, "l1") == []
    assert people.detach(client, schema, "l1") == people.Detached("l1", 0, deleted=False)


def test_detaching_leaves_nothing(client: GraphClient, schema: GraphSchema, graph: Graph) -> None:
    before = graph.all()
    people.attach(client, schema, "ann", [SAD, WARM], encoder="one")
    people.attach(client, schema, "bob", [], encoder="one")
    people.set_interest(client, schema, "ann", "Band/b1", -1)
    assert people.detach(client, schema, "ann") == people.Detached("ann", 3, deleted=True)
    assert people.attached_people(client) == [people.Person("bob", "Listener/bob", 0, of_graph=False)]
    assert people.detach(client, schema, "bob") == people.Detached("bob", 0, deleted=True)
    assert graph.all() == before
    with pytest.raises(UnknownEntityError, match="no person 'ann'"):
        people.detach(client, schema, "ann")


def test_somebody_attached_who_listens_since_belongs_to_the_graph(
    client: GraphClient, schema: GraphSchema, graph: Graph
) -> None:
    people.attach(client, schema, "ann", [SAD], encoder="one")
    graph.rows("MATCH (a {key: 'Listener/ann'}), (s {key: 'Song/1'}) CREATE (a)-[:PLAYED {plays: 1}]->(s)")
    assert people.detach(client, schema, "ann") == people.Detached("ann", 1, deleted=False)
    assert graph.edges("Listener/ann") == {}
    assert graph.rows("MATCH (n {key: 'Listener/ann'}) RETURN labels(n) AS labels")[0]["labels"] == [
        "KGEntity", "Listener",
    ]  # fmt: skip


def test_somebody_attached_who_is_loaded_since_belongs_to_the_graph(
    client: GraphClient, schema: GraphSchema, graph: Graph, tmp_path: Path
) -> None:
    people.attach(client, schema, "ann", [SAD], encoder="one")
    for name, line in (("nodes/Listener.csv", "ann\n"), ("relations/PLAYED.csv", "ann,1,3\n")):
        (tmp_path / name).write_text(FILES[name] + line, encoding="utf-8")
    load(client, read_folder(tmp_path))
    exported = export_graph(client, schema)
    assert "Listener/ann" in exported["Listener"].key
    assert exported["Listener", "PLAYED", "Song"].edge_index.size(1) == 4
    assert people.person(client, schema, "ann") == people.Attached("ann", "Listener/ann", (SAD,), of_graph=True)
    assert people.detach(client, schema, "ann") == people.Detached("ann", 1, deleted=False)
    assert graph.rows("MATCH (n {key: 'Listener/ann'})-[r]->(b) RETURN type(r) AS type, r.plays AS plays") == [
        {"type": "PLAYED", "plays": 3}
    ]
    assert graph_counts(client).fingerprint() == exported.fingerprint


def test_everybody_is_listed_by_key(client: GraphClient, schema: GraphSchema) -> None:
    assert people.attached_people(client) == []
    for user in ("zoe", "a/b", "l2"):
        people.attach(client, schema, user, [SAD], encoder="one")
    assert [(one.user, one.interests, one.of_graph) for one in people.attached_people(client)] == [
        ("a/b", 1, False), ("l2", 1, True), ("zoe", 1, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "key", "name"),
    [
        ("Mood/sad", "Mood/sad", "sad"),
        ("SAD", "Mood/sad", "sad"),
        ("mood/SAD", "Mood/sad", "sad"),
        ("Mood/sad/slow", "Mood/sad/slow", "sad/slow"),
        ("sad/slow", "Mood/sad/slow", "sad/slow"),
        ("Band/b1", "Band/b1", "Nine Inch Nails"),
        ("nine inch nails", "Band/b1", "Nine Inch Nails"),
        ("Band/nine inch nails", "Band/b1", "Nine Inch Nails"),
        ("E\u0301dith Piaf", "Band/b2", "Édith Piaf"),
        ("édith piaf", "Band/b2", "Édith Piaf"),
        ("Don't `Stop`", "Song/3", "Don't `Stop`"),
        ("Band/b3", "Band/b3", "b3"),  # it has no name
        ("mood/rain", "Mood/Rain", "Rain"),
    ],
)
def test_entities_by_key_and_by_name(client: GraphClient, schema: GraphSchema, said: str, key: str, name: str) -> None:
    found = people.find_entity(client, schema, said)
    assert (found.key, found.name, found.label) == (key, name, key.partition("/")[0])


def test_several_of_one_name_are_told_apart(client: GraphClient, schema: GraphSchema) -> None:
    with pytest.raises(InputError) as caught:
        people.find_entity(client, schema, "hurt")
    assert "'hurt' is the name of several entities: Song/1 (Hurt, 1994), Song/2 (Hurt, 2002)." in str(caught.value)
    assert "Give the key" in str(caught.value)
    with pytest.raises(InputError, match=r"Mood/Rain \(Rain\), Song/4 \(Rain, 1966\)"):
        people.set_interest(client, schema, "l1", "rain")


def test_unknown_entities_come_with_those_spelt_alike(client: GraphClient, schema: GraphSchema) -> None:
    with pytest.raises(UnknownEntityError, match=r"Did you mean Band/b1 \(Nine Inch Nails\)\?"):
        people.find_entity(client, schema, "nine inch nail")
    with pytest.raises(UnknownEntityError, match=r"Did you mean .*Mood/warm") as caught:
        people.find_entity(client, schema, "Mood/warmm")
    assert "Song/" not in str(caught.value)
    with pytest.raises(UnknownEntityError) as caught:
        people.find_entity(client, schema, "qqqqqqqq")
    assert "Did you mean" not in str(caught.value)
    for nothing in ("", "  ", "/", "Listener/l1"):
        with pytest.raises(UnknownEntityError):
            people.find_entity(client, schema, nothing)


def test_an_interest_is_set_turned_and_taken_away(client: GraphClient, schema: GraphSchema, graph: Graph) -> None:
    people.attach(client, schema, "ann", [SAD, HURT], encoder="one")
    people.set_interest(client, schema, "ann", "Mood/sad", -1)
    people.set_interest(client, schema, "ann", "Song/2")
    assert [(one.entity, one.polarity) for one in people.interests(client, schema, "ann")] == [
        ("Mood/sad", -1), ("Song/2", 1), ("Song/1", 1),
    ]  # fmt: skip
    with pytest.raises(InputError, match=r"Song/2 \(Hurt\), Song/1 \(Hurt\)"):
        people.remove_interest(client, schema, "ann", "hurt")
    gone = people.remove_interest(client, schema, "ann", "Song/1")
    assert (gone.entity, gone.evidence, gone.source) == ("Song/1", "Hurt (1994)", "named")
    assert people.remove_interest(client, schema, "ann", "HURT").entity == "Song/2"
    assert people.remove_interest(client, schema, "ann", "mood/sad").polarity == -1
    assert graph.edges("Listener/ann") == {}
    with pytest.raises(UnknownEntityError, match=r"no interest in 'sad'.*\n.*none at all"):
        people.remove_interest(client, schema, "ann", "sad")
    people.set_interest(client, schema, "ann", "Song/2")
    with pytest.raises(UnknownEntityError, match=r"Their interests: Song/2 \(Hurt\)"):
        people.remove_interest(client, schema, "ann", "sad")


def test_several_changes_are_made_together_or_not_at_all(
    client: GraphClient, schema: GraphSchema, graph: Graph
) -> None:
    people.attach(client, schema, "ann", [SAD, HURT], encoder="one")
    before = graph.all()
    for add, remove in ((["warm"], ["sad", "saad"]), (["warm", "wram"], ["sad"]), (["hurt"], ["sad"])):
        with pytest.raises((UnknownEntityError, InputError)):
            people.change_interests(client, schema, "ann", add=add, remove=remove)
        assert graph.all() == before
    done = people.change_interests(client, schema, "ann", add=["warm", "sad"], polarity=-1, remove=["sad", "Song/1"])
    assert list(done.interests) == people.interests(client, schema, "ann")
    assert [(one.entity, one.polarity, one.source) for one in done.interests] == [
        ("Mood/sad", -1, "person"), ("Mood/warm", -1, "person"),
    ]  # fmt: skip


def test_what_is_turned_into_its_opposite_is_told(client: GraphClient, schema: GraphSchema) -> None:
    people.attach(client, schema, "ann", [SAD, HURT], encoder="one")
    done = people.change_interests(client, schema, "ann", add=["warm", "sad", "Song/1"], polarity=-1)
    assert {one.entity: one.polarity for one in done.turned} == {"Mood/sad": 1, "Song/1": 1}
    done = people.change_interests(client, schema, "ann", add=["sad"])
    assert [(one.entity, one.polarity, one.source) for one in done.turned] == [("Mood/sad", -1, "person")]
    assert people.change_interests(client, schema, "ann", add=["sad"]).turned == ()


def test_nobody_has_no_interests(client: GraphClient, schema: GraphSchema, graph: Graph) -> None:
    before = graph.all()
    for ask in (
        lambda: people.person(client, schema, "nobody"),
        lambda: people.interests(client, schema, "nobody"),
        lambda: people.set_interest(client, schema, "nobody", "sad"),
        lambda: people.remove_interest(client, schema, "nobody", "sad"),
        lambda: people.change_interests(client, schema, "nobody", add=["sad"]),
        lambda: people.change_interests(client, schema, "nobody", remove=["sad"]),
    ):
        with pytest.raises(UnknownEntityError, match=r"no person 'nobody' in the graph\.\n.*kg-rec attach nobody"):
            ask()
    assert graph.all() == before


ODD = [
    "a/b",
    "/",
    "%2F",
    'O\'Hara \\ "x" `y`',
    "安 🙂",
    "$user",
    "{key: 1}",
    " padded ",
    "-1",
    "two\nlines",
    "x" * 1000,
]


@pytest.mark.parametrize("user", ODD)
def test_odd_ids_come_and_go(client: GraphClient, schema: GraphSchema, graph: Graph, user: str) -> None:
    before = graph.all()
    people.attach(client, schema, user, [SAD], encoder="one")
    people.set_interest(client, schema, user, "Mood/warm")
    (one,) = people.attached_people(client)
    assert (one.user, one.interests) == (user, 2)
    assert graph.rows("MATCH (n:KGPerson) RETURN n.listenerId AS id") == [{"id": user}]
    assert people.detach(client, schema, user).deleted
    assert graph.all() == before


def test_what_is_no_text_is_no_entity(client: GraphClient, schema: GraphSchema) -> None:
    with pytest.raises(InputError, match="Expected the key or the name of an entity, found half of a surrogate pair"):
        people.find_entity(client, schema, "Mood/\udcff")


@pytest.mark.parametrize("user", ["", " \n", "x" * 1001, "half \udc00"])
def test_what_is_no_id_is_refused_everywhere(client: GraphClient, schema: GraphSchema, user: str) -> None:
    for ask in (
        lambda: people.attach(client, schema, user, [SAD], encoder="one"),
        lambda: people.interests(client, schema, user),
        lambda: people.detach(client, schema, user),
    ):
        with pytest.raises(InputError, match="Expected the id of a person, found"):
            ask()
    assert people.attached_people(client) == []


_ATTACH = """
import sys
from kg_rec.graph.attach import attach
from kg_rec.graph.server import connect
from kg_rec.interest import Interest
from kg_rec.schema import GraphSchema
from kg_rec.settings import Settings
schema = GraphSchema.model_validate_json(sys.argv[2])
interests = [Interest(key, key.split("/")[0], key, 0.5, evidence="x") for key in ("Mood/sad", "Mood/warm", "Song/1")]
with connect(Settings(home=sys.argv[1])) as client:
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(10):
        attach(client, schema, "ann", interests[number % 2:], encoder="one")
"""


def test_two_processes_at_once_give_one_person(
    server: ManagedServer, client: GraphClient, schema: GraphSchema, graph: Graph
) -> None:
    command = [sys.executable, "-c", _ATTACH, str(server.settings.home), schema.model_dump_json()]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
        for _ in range(2)
    ]
    try:
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in running:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        assert [process.wait(60) for process in running] == [0, 0]
    finally:
        for process in running:
            process.kill()
            process.communicate()
    assert graph.rows("MATCH (n:KGPerson) RETURN count(*) AS n") == [{"n": 1}]
    edges = graph.rows("MATCH (:KGPerson)-[r:INTERESTED_IN]->(b) RETURN b.key AS b ORDER BY b")
    assert edges == [{"b": "Mood/warm"}, {"b": "Song/1"}]


def test_where_the_graph_has_no_people(client: GraphClient, schema: GraphSchema, graph: Graph) -> None:
    alone = schema.model_copy(update={"user": None, "interaction": None})
    assert people.person_label(alone) == "User"
    people.attach(client, alone, "ann", [SAD], encoder="one")
    (node,) = graph.rows("MATCH (n:KGPerson) RETURN labels(n) AS labels, properties(n) AS held")
    assert set(node["labels"]) == {"KGEntity", "KGPerson", "User"}
    assert node["held"] == {"key": "User/ann", "id": "ann"}
    with pytest.raises(UnknownEntityError, match=r"'annn'.*\n.*\nOr did you mean 'ann'"):
        people.interests(client, alone, "annn")
    # Where users are something else in the graph, people are no users.
    others = alone.model_copy(update={"entities": {**alone.entities, "User": alone.entities["Mood"]}})
    assert people.person_key(others, "ann") == "KGPerson/ann"
    people.attach(client, others, "bob", [SAD], encoder="one")
    assert [one.key for one in people.attached_people(client)] == ["KGPerson/bob", "User/ann"]
