"""The newest Neo4j of the calendar line: the core way, every script in both versions of Cypher, a graph that moves over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import LiteralString, cast

import existing_graphs
import neo4j
import pytest
from neo4j_dump import dump
from pydantic import SecretStr

from kg_rec.graph.adopt import state
from kg_rec.graph.attach import person_key
from kg_rec.graph.scripts import script, script_names
from kg_rec.graph.server import ManagedServer
from kg_rec.graph.server_config import any_free_port
from kg_rec.graph.server_jars import CALENDAR, LONG_TERM
from kg_rec.graph.server_process import ServerRecord
from kg_rec.recommender import Recommender
from kg_rec.settings import Settings


@pytest.fixture(scope="module")
def calendar(
    tmp_path_factory: pytest.TempPathFactory, stopped_with_the_session: Callable[[ManagedServer], None]
) -> Iterator[ManagedServer]:
    """A Neo4j of the calendar line, in a home that one of the long-term line has made."""
    settings = Settings(home=tmp_path_factory.mktemp("calendar"), encoder="hash")
    older = ManagedServer(settings, say=print)
    older.home.mkdir(mode=0o700, parents=True)
    ServerRecord(any_free_port(), any_free_port(), LONG_TERM.version).write(older.home / "server.json")
    stopped_with_the_session(older)
    older.start()
    with neo4j.GraphDatabase.driver(str(older.status().uri), auth=("neo4j", older.password())) as driver:
        driver.execute_query("CREATE (:Note {text: 'written by the older one'})")
    older.stop()
    managed = ManagedServer(settings.model_copy(update={"neo4j_version": "2026"}), say=print)
    managed.start()
    yield managed
    managed.stop()


@pytest.fixture
def driver(calendar: ManagedServer) -> Iterator[neo4j.Driver]:
    with neo4j.GraphDatabase.driver(str(calendar.status().uri), auth=("neo4j", calendar.password())) as opened:
        yield opened


def test_a_home_of_the_older_line_is_taken_over_and_stays_so(calendar: ManagedServer, driver: neo4j.Driver) -> None:
    assert calendar.status().version == CALENDAR.version
    assert ManagedServer(Settings(home=calendar.settings.home)).status().version == CALENDAR.version
    (row,) = driver.execute_query("MATCH (note:Note) RETURN note.text AS text").records
    assert row["text"] == "written by the older one"
    driver.execute_query("MATCH (note:Note) DELETE note")


def test_the_core_way(calendar: ManagedServer, driver: neo4j.Driver, tmp_path: Path) -> None:
    for statement in existing_graphs.FILMS:
        driver.execute_query(statement)
    before = dump(driver)
    settings = Settings(
        home=tmp_path,
        neo4j_uri=calendar.status().uri,
        neo4j_password=SecretStr(calendar.password()),
        encoder="hash",
    )
    with Recommender.open(settings) as recommender:
        recommender.init()
        assert recommender.adopt().nodes == 28
        recommender.train()
        assert recommender.recommend("space, like The Long Orbit", k=3).items
        recommender.attach("ann", "space, like The Long Orbit")
        recommender.set_interest("ann", "Theme/food")
        assert recommender.recommend(user="ann", k=3).items
        recommender.detach("ann")
        recommender.attach("bob", "food")
        recommender.forget()
        assert state(recommender.client) == "untouched"
    assert dump(driver) == before
    driver.execute_query("MATCH (node) DETACH DELETE node")


def test_publishing_and_a_graph_that_moves_on(calendar: ManagedServer, driver: neo4j.Driver, tmp_path: Path) -> None:
    before = dump(driver)
    for statement in existing_graphs.FILMS:
        driver.execute_query(statement)
    settings = Settings(
        home=tmp_path,
        neo4j_uri=calendar.status().uri,
        neo4j_password=SecretStr(calendar.password()),
        encoder="hash",
    )
    with Recommender.open(settings) as recommender:
        recommender.init()
        recommender.adopt()
        recommender.train()
        assert recommender.status().in_step
        recommender.attach("ann", "space, like The Long Orbit")
        done = recommender.publish()
        assert (done.items, done.people) == (8, 1) and done.speaks_for and done.similar
        known = {"Movie/Second Orbit", "Movie/The Quiet Heist"}
        for script_name in ("by_interests", "by_vector", "by_paths"):
            rows = recommender.client.read(f"recommend/{script_name}", user=person_key(recommender.schema, "ann"), k=5)
            assert known & {row["item"] for row in rows}, script_name
        assert recommender.status().in_step, "what is published is no change"

        driver.execute_query(
            "MATCH (theme:Theme {name: 'space'}) "
            "CREATE (:Movie {title: 'Third Orbit', released: 2011, tagline: 'Once more, and alone.'})-[:HAS_THEME]->(theme)"
        )
        assert recommender.status().unknown == 1
        recommender.adopt()
        found = recommender.status()
        assert not found.in_step and (found.unknown, found.published) == (0, done.version)
        synced = recommender.sync()
        assert synced.written and synced.version != done.version and recommender.status().in_step
        assert "Third Orbit" in [one.title for one in recommender.recommend("space", k=9)]
        again = recommender.publish()
        assert (again.items, again.replaced) == (9, done.version)
        assert "Movie/Third Orbit" in {
            row["item"]
            for row in recommender.client.read(
                "recommend/by_interests", user=person_key(recommender.schema, "ann"), k=9
            )
        }
        assert recommender.unpublish().version == again.version
        recommender.forget()
    driver.execute_query("MATCH (node) DETACH DELETE node")
    assert dump(driver) == before, "no index or constraint is left"


@pytest.mark.parametrize("language", ["CYPHER 5", "CYPHER 25"])
@pytest.mark.parametrize("name", script_names())
def test_every_script_is_understood_whatever_the_language_of_the_database(
    driver: neo4j.Driver, name: str, language: str
) -> None:
    query = script(name)
    statement = "\n".join(line for line in query.text.splitlines() if not line.startswith("//"))
    statement = f"EXPLAIN {language} {statement.removeprefix('CYPHER ')}"
    with driver.session() as session:
        done = session.run(cast(LiteralString, statement), dict.fromkeys(query.parameters)).consume()
    old = {
        told.status_description.partition("replacement. ")[2].partition(" is")[0]
        for told in done.gql_status_objects
        if told.is_notification and "DEPRECATION" in str(told.raw_classification)
    }
    # The number of a node, where elementId() is a text of forty characters; and the only way to ask a vector index
    # that 5.26 has. Cypher 25 still has both.
    kept = {"export": {"id"}, "init": {"id"}, "status": {"id"}, "recommend": {"db.index.vector.queryNodes"}}
    assert old <= kept.get(name.partition("/")[0], set())
