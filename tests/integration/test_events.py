"""What people did with items since they came: written, counted, and gone with them, in a real Neo4j."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg_rec.errors import InputError, UnknownEntityError
from kg_rec.graph import attach as people
from kg_rec.graph.client import GraphClient
from kg_rec.graph.counts import graph_counts
from kg_rec.graph.csv_folder import read_folder
from kg_rec.graph.events import Event, events_of, forget, record
from kg_rec.graph.export import export_graph
from kg_rec.graph.load import load
from kg_rec.graph.surroundings import GraphSurroundings
from kg_rec.graph.tastes import tastes
from kg_rec.model.features import number_entities
from kg_rec.person import known_person
from kg_rec.schema import GraphSchema
from kg_rec.schema_inference import infer_schema

from .test_people import FILES, SPACE


@pytest.fixture
def schema(empty_graph: GraphClient, tmp_path: Path) -> GraphSchema:
    """The schema of the loaded books."""
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    folder = read_folder(tmp_path)
    load(empty_graph, folder)
    return infer_schema(folder)[0]


def told(client: GraphClient, schema: GraphSchema, user: str) -> set[tuple[str, str, float | None, int]]:
    return {(event.item, event.kind, event.value, event.times) for event in events_of(client, schema, user)}


def test_of_verdicts_the_last_stays_and_what_is_told_again_is_counted(client: GraphClient, schema: GraphSchema) -> None:
    record(client, schema, "ann", [Event("Book/1", "liked"), Event("Book/2", "skipped")])
    record(client, schema, "ann", [Event("Book/2", "skipped"), Event("Book/1", "seen")])
    assert told(client, schema, "ann") == {
        ("Book/1", "liked", None, 1),
        ("Book/1", "seen", None, 1),
        ("Book/2", "skipped", None, 2),
    }
    record(client, schema, "ann", [Event("Book/1", "liked"), Event("Book/1", "rated", 2.0)])
    assert told(client, schema, "ann") >= {("Book/1", "rated", 2.0, 1), ("Book/1", "seen", None, 1)}
    assert not any(kind == "liked" for _, kind, _, _ in told(client, schema, "ann"))
    assert forget(client, schema, "ann", "Book/1") == 2
    assert told(client, schema, "ann") == {("Book/2", "skipped", None, 2)}
    with pytest.raises(UnknownEntityError, match="no Book Book/77"):
        record(client, schema, "bob", [Event("Book/1", "seen"), Event("Book/77", "seen")])
    assert [one.user for one in people.attached_people(client)] == ["ann"]
    assert events_of(client, schema, "nobody") == []


def test_what_was_done_since_is_a_taste(client: GraphClient, schema: GraphSchema) -> None:
    record(client, schema, "ann", [Event("Book/1", "liked"), Event("Book/2", "disliked"), Event("Book/3", "skipped")])
    assert tastes(client, schema)["Reader/ann"] == {"Book/1": 1.0, "Book/2": -1.0}


def test_what_cannot_be_an_event_is_refused_and_nothing_is_written(client: GraphClient, schema: GraphSchema) -> None:
    unrated = schema.model_copy(update={"interaction": None})
    for event, meaning, message in (
        (Event("Book/1", "rated"), schema, "expected a value from 1 to 5, found none"),
        (Event("Book/1", "rated", 7.0), schema, "expected a value from 1 to 5, found 7"),
        (Event("Book/1", "liked", 5.0), schema, "expected no value, found 5.0"),
        (Event("Book/1", "rated", 5.0), unrated, "expected a graph with ratings"),
    ):
        with pytest.raises(InputError, match=message):
            record(client, meaning, "ann", [Event("Book/2", "seen"), event])
    assert people.attached_people(client) == []


def test_events_count_beside_interests_and_beside_what_was_loaded(client: GraphClient, schema: GraphSchema) -> None:
    entities = number_entities(export_graph(client, schema), schema)
    people.attach(client, schema, "ann", [SPACE], encoder="hash")
    events = [Event("Book/1", "rated", 5.0), Event("Book/3", "rated", 1.0), Event("Book/2", "seen")]
    record(client, schema, "ann", [*events, Event("Book/4", "skipped")])
    ann = known_person(client, schema, entities, "ann")
    assert ann.attached and ann.text == "space"
    assert {(one.entity, one.polarity, one.score, one.source) for one in ann.interests} == {
        ("Topic/space", 1, 0.9, "near" if SPACE.source == "near" else "named"),
        ("Book/1", 1, 1.0, "event"),
        ("Book/3", -1, 1.0, "event"),
    }
    assert ann.known == {entities.index[f"Book/{number}"] for number in (1, 2, 3)}
    assert ann.lowered == {entities.index["Book/4"]: 1.0}

    # r1 rated 5 and 4 before: 4 is below their mean, and neither liked nor disliked.
    record(client, schema, "r1", [Event("Book/5", "rated", 4.0), Event("Book/2", "liked")])
    one = known_person(client, schema, entities, "r1")
    assert not one.attached
    assert [(interest.entity, interest.source) for interest in one.interests] == [
        ("Book/1", "person"),
        ("Book/2", "event"),
    ]
    assert one.known == {entities.index[f"Book/{number}"] for number in (1, 2, 3, 5)}


def test_the_graph_is_what_it_was(client: GraphClient, schema: GraphSchema) -> None:
    people.attach(client, schema, "ann", [SPACE], encoder="hash")
    before, counts = export_graph(client, schema), graph_counts(client)
    neighbours = GraphSurroundings(client, schema).neighbours(["Book/1", "Book/2"])
    record(client, schema, "r1", [Event("Book/5", "liked")])
    record(client, schema, "ann", [Event("Book/1", "liked"), Event("Book/2", "seen")])
    after = export_graph(client, schema)
    assert after.fingerprint == before.fingerprint and graph_counts(client) == counts
    assert after.edge_types == before.edge_types and after.num_nodes == before.num_nodes
    assert GraphSurroundings(client, schema).neighbours(["Book/1", "Book/2"]) == neighbours


def test_nothing_of_a_person_is_left(client: GraphClient, schema: GraphSchema) -> None:
    record(client, schema, "ann", [Event("Book/1", "liked"), Event("Book/2", "seen")])
    done = people.detach(client, schema, "ann")
    assert done.deleted and events_of(client, schema, "ann") == []
    record(client, schema, "r1", [Event("Book/5", "liked")])
    assert not people.detach(client, schema, "r1").deleted
    assert events_of(client, schema, "r1") == []
