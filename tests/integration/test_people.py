"""People in a real Neo4j: attached, changed, explained to, and gone without a trace."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import neo4j
import pytest

from kg_rec.errors import InputError, UnknownEntityError
from kg_rec.graph import attach as people
from kg_rec.graph.client import GraphClient
from kg_rec.graph.counts import graph_counts
from kg_rec.graph.csv_folder import read_folder
from kg_rec.graph.explain import explain
from kg_rec.graph.history import history
from kg_rec.graph.load import load
from kg_rec.graph.server import ManagedServer
from kg_rec.graph.surroundings import GraphSurroundings
from kg_rec.graph.tastes import tastes
from kg_rec.interest import Interest
from kg_rec.schema import GraphSchema
from kg_rec.schema_inference import infer_schema

FILES = {
    "nodes/Book.csv": """bookId:ID(Book),title,year:int
1,The Dispossessed,1974
2,The Left Hand of Darkness,1969
3,Solaris,1961
4,"O'Neill's ""High"" Frontier",1976
5,Emma,1815
""",
    "nodes/Topic.csv": "name:ID(Topic)\nanarchism\nwinter\nspace\nlove\n",
    "nodes/Author.csv": "name:ID(Author)\nUrsula K. Le Guin\nStanisław Lem\nEmma\n",
    "nodes/Reader.csv": "readerId:ID(Reader)\nr1\nr2\nr3\n",
    "relations/WRITTEN_BY.csv": """:START_ID(Book),:END_ID(Author)
1,Ursula K. Le Guin
2,Ursula K. Le Guin
3,Stanisław Lem
""",
    "relations/ABOUT.csv": ":START_ID(Book),:END_ID(Topic)\n1,anarchism\n1,space\n2,winter\n2,space\n3,space\n4,space\n5,love\n",
    "relations/RATED.csv": """:START_ID(Reader),:END_ID(Book),rating:float,timestamp:long
r1,1,5,1000000100
r1,3,4,1000000200
r2,1,4,1000000100
r2,3,5,1000000300
r3,1,5,1000000200
r3,3,1,1000000100
r3,5,5,1000000400
""",
}
WEIGHTS = {"WRITTEN_BY⁻¹": 0.2, "WRITTEN_BY": 0.1, "ABOUT⁻¹": 0.3, "ABOUT": 0.1, "LIKED_TOGETHER": 1.1}
SPACE = Interest("Topic/space", "Topic", "space", 0.9, evidence="space")
NO_LOVE = Interest("Topic/love", "Topic", "love", 0.8, polarity=-1, evidence="love story")
DISPOSSESSED = Interest("Book/1", "Book", "The Dispossessed", 1.0, evidence="Dispossessed")


@pytest.fixture
def schema(empty_graph: GraphClient, tmp_path: Path) -> GraphSchema:
    """The schema of the loaded books."""
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    folder = read_folder(tmp_path)
    load(empty_graph, folder)
    return infer_schema(folder)[0]


def everything(server: ManagedServer, client: GraphClient) -> list[object]:
    """All nodes and relations with all they hold, in a fixed order."""
    with neo4j.GraphDatabase.driver(client.uri, auth=("neo4j", server.password())) as driver:
        nodes = driver.execute_query(
            "MATCH (n) RETURN labels(n) AS labels, properties(n) AS held ORDER BY n.key"
        ).records
        edges = driver.execute_query(
            "MATCH (a)-[r]->(b) RETURN a.key AS a, type(r) AS type, b.key AS b, properties(r) AS held ORDER BY a, type, b"
        ).records
    return [[record.data() for record in nodes], [record.data() for record in edges]]


def test_a_person_comes_changes_and_goes(server: ManagedServer, client: GraphClient, schema: GraphSchema) -> None:
    before = everything(server, client)
    fingerprint = graph_counts(client).fingerprint()
    attached = people.attach(client, schema, "ann", [SPACE, NO_LOVE], encoder="test")
    assert [(found.entity, found.polarity, found.source) for found in attached.interests] == [
        ("Topic/space", 1, "named"),
        ("Topic/love", -1, "named"),
    ]
    assert not attached.of_graph
    edge = next(
        edge for edge in everything(server, client)[1] if edge["b"] == "Topic/space" and edge["a"] == "Reader/ann"
    )
    assert {key: edge["held"][key] for key in ("score", "polarity", "evidence", "source", "encoder")} == {
        "score": 0.9, "polarity": 1, "evidence": ["space"], "source": "named", "encoder": "test",
    }  # fmt: skip
    assert "inferredAt" in edge["held"]
    assert graph_counts(client).fingerprint() == fingerprint

    people.set_interest(client, schema, "ann", "anarchism")
    people.set_interest(client, schema, "ann", "Topic/winter", -1)
    again = people.attach(client, schema, "ann", [DISPOSSESSED], encoder="test")
    assert {found.entity: (found.polarity, found.source) for found in again.interests} == {
        "Topic/anarchism": (1, "person"),
        "Topic/winter": (-1, "person"),
        "Book/1": (1, "named"),
    }
    people.remove_interest(client, schema, "ann", "winter")
    assert [found.name for found in people.interests(client, schema, "ann")] == ["anarchism", "The Dispossessed"]
    assert [one.user for one in people.attached_people(client)] == ["ann"]

    done = people.detach(client, schema, "ann")
    assert (done.interests, done.deleted) == (2, True)
    assert everything(server, client) == before
    with pytest.raises(UnknownEntityError, match="no person 'ann'"):
        people.interests(client, schema, "ann")


def test_what_a_person_set_wins_over_what_was_inferred(client: GraphClient, schema: GraphSchema) -> None:
    people.attach(client, schema, "ann", [SPACE], encoder="test")
    people.set_interest(client, schema, "ann", "space", -1)
    people.attach(client, schema, "ann", [SPACE], encoder="test")
    (found,) = people.interests(client, schema, "ann")
    assert (found.polarity, found.source) == (-1, "person")


def test_the_same_words_twice_change_nothing(server: ManagedServer, client: GraphClient, schema: GraphSchema) -> None:
    people.attach(client, schema, "ann", [SPACE, NO_LOVE], encoder="test")
    once = everything(server, client)
    people.attach(client, schema, "ann", [SPACE, NO_LOVE], encoder="test")
    assert everything(server, client) == once


def test_a_person_of_the_graph_keeps_node_and_interactions(
    server: ManagedServer, client: GraphClient, schema: GraphSchema
) -> None:
    before = everything(server, client)
    assert people.attach(client, schema, "r1", [SPACE], encoder="test").of_graph
    assert not people.detach(client, schema, "r1").deleted
    assert everything(server, client) == before


def test_two_at_once_give_one_person(client: GraphClient, schema: GraphSchema) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: people.attach(client, schema, "ann", [SPACE, NO_LOVE], encoder="test"), range(8)))
    assert len(people.interests(client, schema, "ann")) == 2
    assert len(people.attached_people(client)) == 1


@pytest.mark.parametrize("user", ["a/b", "Ann O'Hara", "安", '"quoted"', "x" * 1000, "$user", "%2F"])
def test_any_id_will_do(client: GraphClient, schema: GraphSchema, user: str) -> None:
    people.attach(client, schema, user, [SPACE], encoder="test")
    assert [found.name for found in people.interests(client, schema, user)] == ["space"]
    assert people.detach(client, schema, user).deleted


@pytest.mark.parametrize("user", ["", "  ", "x" * 1001, "\ud800"])
def test_no_id_will_not(client: GraphClient, schema: GraphSchema, user: str) -> None:
    with pytest.raises(InputError, match="Expected the id of a person"):
        people.attach(client, schema, user, [SPACE], encoder="test")


def test_entities_are_found_by_key_and_by_name(client: GraphClient, schema: GraphSchema) -> None:
    assert people.find_entity(client, schema, "Topic/space").key == "Topic/space"
    assert people.find_entity(client, schema, "SPACE").key == "Topic/space"
    assert people.find_entity(client, schema, "topic/Space").key == "Topic/space"
    assert people.find_entity(client, schema, "stanisław lem").key == "Author/Stanisław Lem"
    with pytest.raises(InputError, match=r"'Emma' is the name of several entities: .*Author/Emma"):
        people.find_entity(client, schema, "Emma")
    with pytest.raises(UnknownEntityError, match=r"Did you mean .*anarchism"):
        people.find_entity(client, schema, "anarchsm")
    with pytest.raises(UnknownEntityError, match="found none"):
        people.find_entity(client, schema, "zzzzzz")


def test_interests_of_nobody(client: GraphClient, schema: GraphSchema) -> None:
    people.attach(client, schema, "annabel", [SPACE], encoder="test")
    for ask in (
        lambda: people.interests(client, schema, "annabell"),
        lambda: people.set_interest(client, schema, "annabell", "space"),
        lambda: people.detach(client, schema, "annabell"),
    ):
        with pytest.raises(UnknownEntityError, match=r"no person 'annabell'.*\n.*\n?.*annabel"):
            ask()
    with pytest.raises(UnknownEntityError, match="no interest in 'love'"):
        people.remove_interest(client, schema, "annabel", "love")


def test_an_entity_that_is_gone_is_told(client: GraphClient, schema: GraphSchema) -> None:
    gone = Interest("Topic/gone", "Topic", "gone", 1.0, evidence="gone")
    attached = people.attach(client, schema, "ann", [SPACE, gone], encoder="test")
    assert attached.missing == ("Topic/gone",)
    assert len(attached.interests) == 1


def test_history_is_newest_first_and_knows_what_was_liked(client: GraphClient, schema: GraphSchema) -> None:
    past = history(client, schema, "r3")
    assert past.items == ("Book/5", "Book/1", "Book/3")
    assert past.liked == ("Book/5", "Book/1")
    assert history(client, schema, "nobody").items == ()
    without = schema.model_copy(update={"user": None, "interaction": None})
    assert history(client, without, "r3").liked == ()


def test_everybodys_taste_is_what_they_liked_and_what_they_are_interested_in(
    client: GraphClient, schema: GraphSchema
) -> None:
    loved = Interest("Book/3", "Book", "Solaris", 0.7, evidence="Solaris")
    people.attach(client, schema, "ann", [SPACE, NO_LOVE], encoder="test")
    people.attach(client, schema, "nil", [], encoder="test")
    people.attach(client, schema, "r1", [loved], encoder="test")
    found = tastes(client, schema)
    assert found == {
        "Reader/ann": {"Topic/love": -0.8, "Topic/space": 0.9},
        # r1 liked book 1 alone, their mean being 4.5; what they say of book 3 is an interest.
        "Reader/r1": {"Book/1": 1.0, "Book/3": 0.7},
        "Reader/r2": {"Book/3": 1.0},
        "Reader/r3": {"Book/1": 1.0, "Book/5": 1.0},
    }
    assert list(found) == sorted(found)
    without = schema.model_copy(update={"user": None, "interaction": None})
    assert list(tastes(client, without)) == ["Reader/ann", "Reader/r1"]


def test_reasons_direct_shared_and_liked_together(client: GraphClient, schema: GraphSchema) -> None:
    lem, left, emma = explain(
        GraphSurroundings(client, schema),
        schema,
        [SPACE, DISPOSSESSED, NO_LOVE],
        ["Book/3", "Book/2", "Book/5"],
        WEIGHTS,
    )
    assert lem.item == "Book/3"
    assert "space" in lem.sentence
    assert "liked by 2 who liked The Dispossessed" in lem.sentence
    assert 'shares the author "Ursula K. Le Guin" with The Dispossessed' in left.sentence
    assert left.names[0] in ("space", "The Dispossessed")
    # Nothing leads to Emma; that love was disliked is no reason for it.
    assert emma.sentence == "near in meaning to the words · liked by 1 person"
    assert emma.steps == ()


def test_guesses_explain_only_what_nothing_else_does(client: GraphClient, schema: GraphSchema) -> None:
    guess = Interest("Topic/love", "Topic", "love", 0.1, source="near")
    emma, lem = explain(GraphSurroundings(client, schema), schema, [guess, SPACE], ["Book/5", "Book/3"], WEIGHTS)
    assert emma.sentence == "about love · near in meaning to the words"
    assert lem.sentence == "about space"


def test_without_words_nothing_is_near_to_them(client: GraphClient, schema: GraphSchema) -> None:
    (lem,) = explain(GraphSurroundings(client, schema), schema, [], ["Book/3"], WEIGHTS, words=False)
    assert lem.sentence == "liked by 2 people"


def test_statements_show_the_path(server: ManagedServer, client: GraphClient, schema: GraphSchema) -> None:
    people.attach(client, schema, "o'neill", [SPACE, DISPOSSESSED], encoder="test")
    interests = people.interests(client, schema, "o'neill")
    found = explain(
        GraphSurroundings(client, schema),
        schema,
        interests,
        ["Book/4", "Book/3", "Book/2", "Book/5"],
        WEIGHTS,
        user="o'neill",
    )
    with neo4j.GraphDatabase.driver(client.uri, auth=("neo4j", server.password())) as driver:
        for explanation in found[:3]:
            records = driver.execute_query(explanation.statement).records
            assert records, explanation.statement
            starts = {record["path"].start_node["key"] for record in records}
            ends = {record["path"].end_node["key"] for record in records}
            assert starts == {"Reader/o'neill"}
            assert ends == {explanation.item}
        assert driver.execute_query(found[3].statement).records  # its neighbours, for want of a path
