"""How far graph and model are apart, as far as that can be told without a Neo4j, and how it is said."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from film_graphs import SCHEMA, artifact_of, two_tastes

from kg_rec.cli.sync import _moment, _table, _told
from kg_rec.errors import ArtifactError
from kg_rec.graph.counts import GraphCounts, GraphSize
from kg_rec.graph.status import Difference, GraphStatus, differences
from kg_rec.model.artifact import load_artifact, save_artifact
from kg_rec.model.manifest import known

HAS_GENRE = ("Film", "HAS_GENRE", "Genre")
WON = ("Film", "WON", "Award")
BEFORE = GraphCounts({"Film": 2, "Genre": 1, "User": 5}, {HAS_GENRE: 3})
NOW = GraphCounts({"Award": 1, "Film": 2, "User": 4}, {WON: 1})
KNOWN = ["Film/1", "Film/2", "Genre/Drama"]
KEYS = {"Film/2", "Film/3", "Award/g"}


def test_nodes_are_compared_one_by_one_and_relations_by_number() -> None:
    found = {one.what: one for one in differences(BEFORE, KNOWN, NOW, KEYS, SCHEMA)}
    assert found == {
        "Award": Difference("Award", 0, 1, 1, 0, ("Award/g",)),
        "Film": Difference("Film", 2, 2, 1, 1, ("Film/3",)),
        "Genre": Difference("Genre", 1, 0, 0, 1, ("Genre/Drama",)),
        "User": Difference("User", 5, 4),
        "(:Film)-[:HAS_GENRE]->(:Genre)": Difference("(:Film)-[:HAS_GENRE]->(:Genre)", 3, 0),
        "(:Film)-[:WON]->(:Award)": Difference("(:Film)-[:WON]->(:Award)", 0, 1),
    }
    assert all(one.differs for one in found.values())  # one film for another is a difference, too
    assert not any(one.differs for one in differences(BEFORE, KNOWN, BEFORE, set(KNOWN), SCHEMA))


def test_the_size_of_a_graph_agrees_with_its_counts() -> None:
    alike = GraphCounts({"Film": 2, "Genre": 1}, {HAS_GENRE: 3, ("Film", "SIMILAR_TO", "Film"): 2})
    assert GraphSize(8, 3, 0, False).agrees(BEFORE) and GraphSize(3, 3, 2, False).agrees(alike)
    assert GraphSize(8, 3, 40, True).agrees(BEFORE)  # what was published is no part of the graph
    for other in (GraphSize(7, 3, 0, False), GraphSize(8, 4, 0, True), GraphSize(8, 3, 1, False)):
        assert not other.agrees(BEFORE)
    # Some of the graph's own and some that was published cannot be told apart by their number.
    assert not GraphSize(3, 3, 42, True).agrees(alike)


def test_a_model_that_does_not_know_the_numbers_is_compared_by_keys_alone() -> None:
    assert [one.what for one in differences(None, KNOWN, NOW, KEYS, SCHEMA)] == ["Award", "Film", "Genre"]


def status(
    *found: Difference, unknown: int = 0, adopted: bool = False, schema_changed: bool = False, published: str = ""
) -> GraphStatus:
    moment = "2026-01-02T03:04:05+00:00"
    return GraphStatus(
        "v", moment, moment, "bolt://there", 3, 4, list(found), unknown, adopted, schema_changed, published
    )


def test_what_to_do_is_said_in_order() -> None:
    same, more = Difference("Film", 2, 2, 0, 0), Difference("Film", 2, 3, 1, 0)
    assert (status(same).in_step, status(same).advice) == (True, [])
    assert status(more).advice == status(same, schema_changed=True).advice == ["kg-rec sync"]
    assert status(same, unknown=2, adopted=True).advice == ["kg-rec adopt", "kg-rec sync"]
    by_hand = status(same, unknown=2).advice
    assert "kg-rec load" in by_hand[0] and by_hand[1] == "kg-rec sync"
    lines = list(_told(status(more, unknown=2, adopted=True, schema_changed=True)))
    assert lines[-1] == " next: kg-rec adopt, then kg-rec sync"
    assert " 2 nodes have a label of the schema, but no key: kg-rec does not know them yet" in lines
    assert " schema.toml has changed since the model was made" in lines


def test_a_model_that_is_published_is_to_follow() -> None:
    same, more = Difference("Film", 2, 2, 0, 0), Difference("Film", 2, 3, 1, 0)
    assert status(same, published="v").advice == [] and status(more).advice == ["kg-rec sync"]
    assert status(more, published="v").advice == ["kg-rec sync", "kg-rec publish"]
    older = status(same, published="u")
    assert older.in_step and older.advice == ["kg-rec publish"]
    assert list(_told(older))[-3:] == [
        " published in Neo4j is another model, u",
        "",
        " in step; next: kg-rec publish",
    ]


def test_a_line_names_some_of_what_is_new_or_else_gone() -> None:
    lines = list(
        _table(
            [
                Difference("Film", 1000, 1002, 5, 3, ("Film/1", "Film/2", "Film/3")),
                Difference("Genre", 2, 1, 0, 1, ("Genre/Drama",)),
                Difference("User", 7, 4),
            ]
        )
    )
    assert lines == [
        "            model      graph      new     gone",
        " Film       1,000      1,002        5        3  Film/1, Film/2, Film/3, …",
        " Genre          2          1                 1  Genre/Drama",
        " User           7          4                 3",
    ]


@pytest.mark.parametrize(
    ("minutes", "ago"),
    [(0, "just now"), (3, "3 minutes ago"), (119, "119 minutes ago"), (300, "5 hours ago"), (7200, "5 days ago")],
)
def test_how_long_ago_something_was(minutes: int, ago: str) -> None:
    moment = datetime.now(UTC) - timedelta(minutes=minutes, seconds=1)
    assert _moment(moment.isoformat()) == f"{moment:%Y-%m-%d %H:%M} UTC ({ago})"


def test_a_moment_that_is_none_is_shown_as_it_stands() -> None:
    assert _moment("yesterday") == "yesterday" and _moment("") == "at an unknown time"


def test_what_a_model_knows_is_told_without_its_tensors(tmp_path: Path) -> None:
    artifact = artifact_of(two_tastes(), steps=0)
    name = save_artifact(artifact, tmp_path)
    (tmp_path / name / "tensors.safetensors").unlink()
    found = known(tmp_path)
    assert (found.version, found.content, found.schema) == (name, artifact.content, SCHEMA)
    assert found.keys == artifact.model.entities.keys and found.trained == found.created
    manifest = tmp_path / name / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"graph": {"nodes": {}}}))
    with pytest.raises(ArtifactError, match="the model cannot be read"):
        known(tmp_path)


def test_when_the_weights_were_learned_outlives_later_versions(tmp_path: Path) -> None:
    save_artifact(artifact_of(two_tastes(), steps=0), tmp_path)
    first = load_artifact(tmp_path)
    assert first.trained == first.created
    save_artifact(first, tmp_path)
    assert load_artifact(tmp_path).trained == first.trained
