"""The graph in Neo4j moves on, and the model after it: status and sync on a real Neo4j."""

from __future__ import annotations

import contextlib
import csv
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, LiteralString, cast

import existing_graphs
import neo4j
import pytest
from click.testing import Result
from film_graphs import two_tastes
from pydantic import SecretStr
from typer.testing import CliRunner

from kg_rec.cli import build_app
from kg_rec.cli.sync import APART
from kg_rec.errors import ArtifactError, ConnectionFailedError, SchemaError
from kg_rec.graph.client import GraphClient
from kg_rec.graph.scripts import script
from kg_rec.graph.server import ManagedServer
from kg_rec.model.training import TrainingSettings
from kg_rec.recommender import Recommender
from kg_rec.schema import write_schema
from kg_rec.settings import Settings

Run = Callable[..., list[dict[str, Any]]]

UNTRAINED = TrainingSettings(steps=0, variants=1, telling=8)

UMBRELLAS: LiteralString = """
CREATE (film:KGEntity:Film {key: 'Film/umbrellas', filmId: 'umbrellas', title: 'Seven Umbrellas', year: 2011,
                            plot: 'A meteorologist cannot stop the rain over one small town.'})
CREATE (weather:KGEntity:Genre {key: 'Genre/Weather', name: 'Weather'})
WITH film, weather
MATCH (edith:KGEntity {key: 'Person/e'}), (fan:User) WHERE fan.userId < '006'
MERGE (film)-[:HAS_GENRE]->(weather)
MERGE (film)-[:DIRECTED_BY]->(edith)
CREATE (fan)-[:RATED {rating: 5.0, timestamp: 1600000000}]->(film)
"""
"""A film that nobody knew at training, of a new genre, by a director who was there, liked by six people."""


IDS = {"Film": "filmId", "Genre": "name", "Person": "personId", "User": "userId"}
TYPES = {"year": ":int", "rating": ":float", "timestamp": ":long"}


def write_films(folder: Path) -> Path:
    """The graph of two tastes as CSV files."""
    graph = two_tastes()
    for label, own in IDS.items():
        columns = graph[label].properties
        header = [f"{name}:ID({label})" if name == own else name + TYPES.get(name, "") for name in columns]
        write_table(folder / "nodes" / f"{label}.csv", [header, *zip(*columns.values(), strict=True)])
    for source, type_, target in graph.edge_types:
        told = graph[source, type_, target].properties
        starts, ends = (
            [graph[label].properties[IDS[label]][row] for row in rows]
            for label, rows in zip((source, target), graph[source, type_, target].edge_index.tolist(), strict=True)
        )
        header = [f":START_ID({source})", f":END_ID({target})", *(name + TYPES[name] for name in told)]
        values = ([f"{value:.0f}" for value in column] for column in told.values())
        write_table(folder / "relations" / f"{type_}.csv", [header, *zip(starts, ends, *values, strict=True)])
    return folder


def write_table(path: Path, lines: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)


@pytest.fixture(scope="module")
def home(server: ManagedServer, empty: Callable[[], None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home whose model was made from the films as they are in the session's Neo4j."""
    empty()
    folder = tmp_path_factory.mktemp("moving on")
    with Recommender.open(settings_of(server, folder / "home")) as recommender:
        recommender.load(write_films(folder / "films"))
        recommender.train(UNTRAINED)
    yield folder / "home"
    empty()


def settings_of(server: ManagedServer, home: Path, uri: str | None = None) -> Settings:
    """Settings to which the session's Neo4j is somebody else's."""
    return Settings(
        home=home,
        neo4j_uri=uri or str(server.status().uri),
        neo4j_password=SecretStr(server.password()),
        encoder="hash",
    )


@pytest.fixture
def recommender(server: ManagedServer, home: Path) -> Iterator[Recommender]:
    """A recommender on the films, in step with them."""
    with Recommender.open(settings_of(server, home)) as opened:
        yield opened


@pytest.fixture
def cypher(server: ManagedServer, recommender: Recommender) -> Iterator[Run]:
    """Runs statements as somebody who works on the graph would; what they did is taken back in the end."""
    with neo4j.GraphDatabase.driver(str(server.status().uri), auth=("neo4j", server.password())) as driver:

        def run(statement: LiteralString, **parameters: object) -> list[dict[str, Any]]:
            return [row.data() for row in driver.execute_query(statement, parameters).records]

        yield run
        run("MATCH (n) WHERE n.key IN ['Film/umbrellas', 'Genre/Weather', 'Award/g'] OR n.key IS NULL DETACH DELETE n")
        run("MATCH (f {key: 'Film/003'}) SET f.title = $title", title=two_tastes()["Film"].properties["title"][3])
        recommender.sync()
        assert recommender.status().in_step


def apart(recommender: Recommender) -> dict[str, tuple[int | None, int | None, int]]:
    """New, gone and the difference of all that differs."""
    found = recommender.status().differences
    return {one.what: (one.new, one.gone, one.graph - one.model) for one in found if one.differs}


def files(home: Path) -> dict[str, tuple[int, int]]:
    return {
        path.relative_to(home).as_posix(): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in home.rglob("*")
        if path.is_file()
    }


def operators(plan: dict[str, Any]) -> set[str]:
    """The names of all operators of a plan."""
    found = {plan["operatorType"].partition("@")[0]}
    return found.union(*(operators(child) for child in plan.get("children", ())))


def titles(recommender: Recommender, words: str) -> list[str]:
    """All titles, best first."""
    return [item.title for item in recommender.recommend(words, k=99, explain=False)]


def test_an_item_that_is_new_is_recommended_and_explained(recommender: Recommender, cypher: Run) -> None:
    words = "a film about weather, please"
    assert recommender.status().in_step and recommender.status().advice == []
    trained = recommender.artifact
    cypher(UMBRELLAS)
    status = recommender.status()
    assert not status.in_step and status.advice == ["kg-rec sync"] and status.version == trained.version
    assert apart(recommender) == {
        "Film": (1, 0, 1),
        "Genre": (1, 0, 1),
        "(:Film)-[:DIRECTED_BY]->(:Person)": (None, None, 1),
        "(:Film)-[:HAS_GENRE]->(:Genre)": (None, None, 1),
        "(:User)-[:RATED]->(:Film)": (None, None, 6),
    }
    assert next(one for one in status.differences if one.what == "Film").examples == ("Film/umbrellas",)
    before = recommender.recommend(words)
    assert "Seven Umbrellas" not in [item.title for item in before]
    assert any("kg-rec sync" in note for note in before.notes)

    done = recommender.sync()
    assert done.written and done.version != trained.version
    assert {one.what for one in done.differences if one.differs} == {
        one.what for one in status.differences if one.differs
    }
    assert done.worded == 2
    assert recommender.status().in_step and recommender.artifact.trained == trained.trained
    found = recommender.recommend(words)
    assert not any("changed" in note for note in found.notes)
    assert [interest.entity for interest in found.interests] == ["Genre/Weather"]
    (umbrellas,) = [item for item in found if item.key == "Film/umbrellas"]
    assert umbrellas.rank <= 5 and "Weather" in umbrellas.why
    assert umbrellas.path == ("Weather",)
    assert cypher(cast(LiteralString, umbrellas.statement)), "what the Browser would be given"
    # Those who rated it are among the likings, so that it is carried to what they like besides.
    row = recommender.artifact.model.entities.index["Film/umbrellas"]
    assert recommender.artifact.model.evidence.likings.likes[:, [row]].sum() == 6


def test_an_item_that_is_gone_never_appears(recommender: Recommender, cypher: Run) -> None:
    cypher(UMBRELLAS)
    recommender.sync()
    assert "Seven Umbrellas" in titles(recommender, "weather")
    cypher("MATCH (n) WHERE n.key IN ['Film/umbrellas', 'Genre/Weather'] DETACH DELETE n")
    assert apart(recommender)["Film"] == (0, 1, -1) and apart(recommender)["Genre"] == (0, 1, -1)
    recommender.sync()
    for words in ("weather", "Seven Umbrellas", "like Seven Umbrellas, by Edith Even", ""):
        found = titles(recommender, words)
        assert "Seven Umbrellas" not in found and len(found) >= 23
    assert not recommender.understand("Seven Umbrellas")
    assert not any("Weather" in name for name in recommender.artifact.model.entities.names)


def test_a_new_label_and_a_new_type(recommender: Recommender, cypher: Run) -> None:
    cypher(
        "MATCH (film:Film {key: 'Film/003'}) "
        "CREATE (film)-[:WON]->(:KGEntity:Award {key: 'Award/g', name: 'Golden Gull'})"
    )
    assert apart(recommender) == {"Award": (1, 0, 1), "(:Film)-[:WON]->(:Award)": (None, None, 1)}
    done = recommender.sync()
    assert done.written and done.worded == 1
    model = recommender.artifact.model
    assert model.relation_weights["WON"] == 0.3
    row = model.entities.index["Award/g"]
    assert model.evidence.direct[:, [row]].sum() == 1


def test_a_new_title_is_found(recommender: Recommender, cypher: Run) -> None:
    """No node and no relation is new, so status cannot see it; sync does."""
    cypher("MATCH (film {key: 'Film/003'}) SET film.title = 'Hundred Lighthouses'")
    assert recommender.status().in_step
    assert recommender.sync().worded == 1
    assert [one.entity for one in recommender.understand("like Hundred Lighthouses")] == ["Film/003"]


def test_where_nothing_changed_nothing_is_written(recommender: Recommender, home: Path) -> None:
    before = files(home)
    done = recommender.sync()
    assert (done.written, done.differences, done.worded) == (False, [], 0)
    assert done.version == recommender.artifact.version
    assert files(home) == before


def test_people_who_were_attached_are_no_change(recommender: Recommender, cypher: Run) -> None:
    recommender.attach("nobody yet", "something by Edith Even")
    try:
        assert recommender.status().in_step and not recommender.sync().written
    finally:
        recommender.detach("nobody yet")


class Cut:
    """A way to the server that breaks after so many bytes of its answers, None for never."""

    def __init__(self, uri: str) -> None:
        host, _, port = uri.removeprefix("bolt://").partition(":")
        self._there = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.left: int | None = None
        self.uri = f"bolt://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here = self._listener.accept()[0]
                there = socket.create_connection(self._there)
                threading.Thread(target=self._carry, args=(here, there, False), daemon=True).start()
                threading.Thread(target=self._carry, args=(there, here, True), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        with contextlib.suppress(OSError), source, target:
            while data := source.recv(1024):
                if counted and self.left is not None:
                    self.left -= len(data)
                    if self.left < 0:
                        for one in (source, target):
                            one.shutdown(socket.SHUT_RDWR)
                        return
                target.sendall(data)


@pytest.mark.parametrize("bytes_left", [0, 3000, 6000])
def test_a_connection_that_breaks_leaves_the_model_and_again_it_is_whole(
    server: ManagedServer, home: Path, recommender: Recommender, cypher: Run, bytes_left: int
) -> None:
    cypher(UMBRELLAS)
    version, before = recommender.artifact.version, files(home)
    way = Cut(str(server.status().uri))
    with contextlib.closing(way), Recommender.open(settings_of(server, home, way.uri)) as weak:
        assert weak.status().nodes
        way.left = bytes_left
        with pytest.raises(ConnectionFailedError):
            weak.sync()
        assert way.left < 0  # it did break on the way
        assert files(home) == before and weak.artifact.version == version
        way.left = None
        assert weak.sync().written
        assert "Film/umbrellas" in [item.key for item in weak.recommend("weather")]
    assert recommender.artifact.version == version
    assert not recommender.sync().written and recommender.artifact.version != version  # it goes on from the new one


def test_whether_the_graph_has_changed_is_known_without_counting_it(recommender: Recommender, cypher: Run) -> None:
    with recommender.client._session("READ") as session:
        plan = session.run(cast(LiteralString, "EXPLAIN " + script("status/size").text)).consume().plan
    assert plan is not None
    assert operators(plan) <= {
        "ProduceResults",
        "Projection",
        "Apply",
        "Argument",
        "NodeCountFromCountStore",
        "RelationshipCountFromCountStore",
    }
    assert not recommender.graph_has_changed()
    recommender.attach("somebody", "films by Edith Even")
    assert not recommender.graph_has_changed()
    recommender.detach("somebody")
    cypher(UMBRELLAS)
    assert recommender.graph_has_changed() and recommender.graph_has_changed()
    cypher("MATCH (n) WHERE n.key IN ['Film/umbrellas', 'Genre/Weather'] DETACH DELETE n")
    assert not recommender.graph_has_changed()
    # What leads out of the graph is in its size, but no part of it.
    cypher("MATCH (film {key: 'Film/003'}) CREATE (film)-[:KEPT_IN]->(:Archive)")
    try:
        assert not recommender.graph_has_changed() and not recommender.graph_has_changed()
        assert recommender.status().in_step
        cypher(UMBRELLAS)
        assert recommender.graph_has_changed() and recommender.graph_has_changed()
        recommender.sync()
        assert not recommender.graph_has_changed()
    finally:
        cypher("MATCH (archive:Archive) DETACH DELETE archive")


def test_what_was_published_is_no_change_and_is_told_to_follow(recommender: Recommender, cypher: Run) -> None:
    version = recommender.artifact.version
    recommender.publish()
    try:
        status = recommender.status()
        assert (status.in_step, status.advice, status.published, status.unknown) == (True, [], version, 0)
        assert not recommender.graph_has_changed()
        done = recommender.sync()
        assert not done.written and done.published == version
        cypher(UMBRELLAS)
        assert recommender.status().advice == ["kg-rec sync", "kg-rec publish"]
        done = recommender.sync()
        assert done.written and done.published == version
        status = recommender.status()
        assert (status.in_step, status.advice) == (True, ["kg-rec publish"])
        recommender.publish()
        assert recommender.status().advice == [] and recommender.sync().published == recommender.artifact.version
    finally:
        recommender.unpublish()


def test_nodes_that_kg_rec_does_not_know_are_counted(recommender: Recommender, cypher: Run) -> None:
    cypher("CREATE (:Film {title: 'By hand'}), (:Gadget {name: 'Nothing of ours'})")
    try:
        status = recommender.status()
        assert (status.unknown, status.adopted, status.in_step) == (1, False, False)
        assert "kg-rec load" in status.advice[0] and status.advice[1:] == ["kg-rec sync"]
    finally:
        cypher("MATCH (n:Gadget) DELETE n")


def test_a_schema_of_another_meaning_is_refused_before_anything_is_read(
    recommender: Recommender, home: Path, cypher: Run
) -> None:
    cypher(UMBRELLAS)
    path = home / "schema.toml"
    kept, before = path.read_bytes(), files(home)
    schema = recommender.schema
    assert schema.user is not None
    other = schema.model_copy(update={"user": schema.user.model_copy(update={"label": "Person"})})
    write_schema(other, path, {})
    try:
        assert recommender.status().schema_changed
        with pytest.raises(SchemaError, match=r"user\.label: expected 'User'"):
            recommender.sync()
    finally:
        path.write_bytes(kept)
    assert {name: size for name, size in files(home).items() if name != "schema.toml"} == {
        name: size for name, size in before.items() if name != "schema.toml"
    }


def test_without_a_model_both_say_how_to_get_one(server: ManagedServer, tmp_path: Path) -> None:
    with Recommender.open(settings_of(server, tmp_path)) as empty:
        for ask in (empty.status, empty.sync):
            with pytest.raises(ArtifactError, match="There is no trained model"):
                ask()


class TestCommands:
    def invoke(self, recommender: Recommender, *arguments: str) -> Result:
        settings = recommender.settings
        assert settings.neo4j_password is not None
        where = ["--home", str(settings.home), "--neo4j-uri", str(settings.neo4j_uri)]
        where += ["--neo4j-password", settings.neo4j_password.get_secret_value()]
        result = CliRunner().invoke(build_app(), [*arguments, *where])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def test_status_says_what_is_apart_and_ends_with_three(self, recommender: Recommender, cypher: Run) -> None:
        result = self.invoke(recommender, "status")
        assert result.exit_code == 0 and result.stdout.endswith("\n in step: nothing to do\n")
        assert f" model      {recommender.artifact.version}, trained " in result.stdout
        cypher(UMBRELLAS)
        result = self.invoke(recommender, "status")
        assert result.exit_code == APART == 3
        assert re.search(r"^ Film +24 +25 +1 +Film/umbrellas$", result.stdout, re.MULTILINE)
        assert re.search(r"^ \(:User\)-\[:RATED\]->\(:Film\) +384 +390 +6$", result.stdout, re.MULTILINE)
        assert result.stdout.endswith("\n next: kg-rec sync\n")
        result = self.invoke(recommender, "status", "--json")
        told = json.loads(result.stdout)
        assert result.exit_code == APART
        assert (told["in_step"], told["advice"], told["nodes"]) == (False, ["kg-rec sync"], 55)

    def test_sync_says_what_it_did(self, recommender: Recommender, cypher: Run) -> None:
        cypher(UMBRELLAS)
        shown = self.invoke(recommender, "sync").stdout
        assert re.search(r"^ Film +24 +25 +1 +Film/umbrellas$", shown, re.MULTILINE)
        assert re.search(r"^model \S+: in step with the graph; words of 2 entities encoded \(", shown, re.MULTILINE)
        shown = self.invoke(recommender, "sync").stdout
        assert re.fullmatch(r"nothing has changed: model \S+ stays \(.*\)\n", shown)
        shown = self.invoke(recommender, "model", "list").stdout
        assert shown.splitlines()[0].endswith("  current") and ", brought up to date " in shown
        assert ", brought up to date " in self.invoke(recommender, "model", "show").stdout
        assert ", brought up to date " in self.invoke(recommender, "status").stdout

    def test_sync_says_that_what_is_published_is_to_follow(self, recommender: Recommender, cypher: Run) -> None:
        recommender.publish()
        try:
            cypher(UMBRELLAS)
            shown = self.invoke(recommender, "sync").stdout.splitlines()
            published = recommender.artifact.version
            assert shown[-1] == (
                f"in Neo4j is what was published of model {published}; to publish this one: kg-rec publish"
            )
            result = self.invoke(recommender, "status")
            assert result.exit_code == 0 and result.stdout.endswith("\n in step; next: kg-rec publish\n")
        finally:
            recommender.unpublish()


def test_nodes_that_are_new_in_an_adopted_graph(
    server: ManagedServer, empty_graph: GraphClient, tmp_path: Path
) -> None:
    with (
        neo4j.GraphDatabase.driver(empty_graph.uri, auth=("neo4j", server.password())) as driver,
        Recommender.open(settings_of(server, tmp_path)) as recommender,
    ):
        for statement in existing_graphs.FILMS:
            driver.execute_query(statement)
        recommender.init()
        recommender.adopt()
        recommender.train(UNTRAINED)
        assert recommender.status().in_step
        driver.execute_query(
            "MATCH (theme:Theme {name: 'sea'}) CREATE (:Movie {title: 'Salt', released: 2020})-[:HAS_THEME]->(theme)"
        )
        status = recommender.status()
        assert (status.unknown, status.adopted) == (1, True)
        assert status.advice == ["kg-rec adopt", "kg-rec sync"]
        assert not recommender.sync().written  # it is no entity yet
        recommender.adopt()
        assert apart(recommender)["Movie"] == (1, 0, 1)
        recommender.sync()
        assert "Salt" in titles(recommender, "the sea")[:4]
