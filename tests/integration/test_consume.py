"""`kg-rec consume` with a real Neo4j: each event once, whatever is killed, sent twice or not in order."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import neo4j
import pytest
from click.testing import Result
from typer.testing import CliRunner

from kg_rec import event_intake
from kg_rec.cli import build_app
from kg_rec.errors import ConnectionFailedError, InputError, UnknownEntityError
from kg_rec.event_intake import Intake
from kg_rec.event_lines import EventLines
from kg_rec.graph import adopt, bulk
from kg_rec.graph.bulk import BulkEvent, Reaction, after, record_many
from kg_rec.graph.client import GraphClient
from kg_rec.graph.counts import graph_counts
from kg_rec.graph.csv_folder import read_folder
from kg_rec.graph.events import KINDS, Event, Kind, events_of, record
from kg_rec.graph.load import load
from kg_rec.graph.scripts import script
from kg_rec.graph.server import ManagedServer
from kg_rec.schema import GraphSchema, write_schema
from kg_rec.schema_inference import infer_schema

from .test_people import FILES

KG_REC = [sys.executable, "-c", "from kg_rec.cli import main; main()"]
State = dict[tuple[str, str], dict[Kind, Reaction]]


@pytest.fixture
def schema(empty_graph: GraphClient, tmp_path: Path) -> GraphSchema:
    for name, content in FILES.items():
        (tmp_path / "books" / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / "books" / name).write_text(content, encoding="utf-8")
    folder = read_folder(tmp_path / "books")
    load(empty_graph, folder)
    return infer_schema(folder)[0]


@pytest.fixture
def environment(server: ManagedServer, schema: GraphSchema, tmp_path: Path) -> dict[str, str]:
    """A home with the schema of the books, and the session's Neo4j."""
    write_schema(schema, tmp_path / "home" / "schema.toml")
    return {
        "KG_REC_HOME": str(tmp_path / "home"),
        "KG_REC_NEO4J_URI": str(server.status().uri),
        "KG_REC_NEO4J_PASSWORD": server.password(),
    }


@pytest.fixture
def run(environment: dict[str, str]) -> Callable[..., Result]:
    """Runs the command in this process."""

    def run(*arguments: object) -> Result:
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            return CliRunner().invoke(build_app(), ["consume", *map(str, arguments)], env=environment)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    return run


@pytest.fixture
def look(server: ManagedServer) -> Iterator[Callable[[], State]]:
    """What everybody did, as it stands in the graph."""
    with neo4j.GraphDatabase.driver(str(server.status().uri), auth=("neo4j", server.password())) as driver:

        def look() -> State:
            found: defaultdict[tuple[str, str], dict[Kind, Reaction]] = defaultdict(dict)
            for row in driver.execute_query(
                "MATCH (a)-[e:KG_REACTED_TO]->(b) RETURN a.readerId AS a, b.key AS b, e.kind AS kind, e.value AS value, "
                "e.times AS times, e.at.epochMillis AS at"
            ).records:
                assert row["kind"] not in found[row["a"], row["b"]], "one edge a kind"
                found[row["a"], row["b"]][row["kind"]] = Reaction(row["value"], row["times"], row["at"])
            return dict(found)

        yield look


def lines(count: int, seed: int = 0, people: int = 40) -> list[dict[str, Any]]:
    rng = random.Random(seed)
    made = []
    for number in range(count):
        kind = rng.choice(KINDS)
        one = {"id": f"{seed}-{number}", "person": f"p{rng.randrange(people)}", "item": rng.randint(1, 5), "kind": kind}
        one["at"] = 1_764_000_000 + rng.randrange(1000)
        made.append(one | ({"value": rng.randint(1, 5)} if kind == "rated" else {}))
    return made


def expected(told: list[dict[str, Any]], state: State | None = None) -> State:
    """What comes of events one after the other."""
    found: State = {pair: dict(kinds) for pair, kinds in (state or {}).items()}
    for one in told:
        pair = (one["person"], f"Book/{one['item']}")
        value = float(one["value"]) if "value" in one else None
        event = BulkEvent(one["id"], one["person"], pair[1], one["kind"], value, 1000 * one["at"])
        found[pair] = after(found.get(pair, {}), event)
    return found


def write(path: Path, told: list[dict[str, Any]], *, mode: str = "w") -> Path:
    with path.open(mode, encoding="utf-8") as file:
        file.writelines(json.dumps(one) + "\n" for one in told)
    return path


def test_each_event_counts_once_whatever_it_comes_from(
    run: Callable[..., Result],
    look: Callable[[], State],
    environment: dict[str, str],
    client: GraphClient,
    tmp_path: Path,
) -> None:
    counts = graph_counts(client)
    told = lines(3000)
    path = write(tmp_path / "events.jsonl", told)
    first = run(path)
    assert first.exit_code == 0, first.output
    assert "recorded 3,000 events, 0 were there before;" in first.stdout.splitlines()[-1]
    assert look() == expected(told)
    again = run(path)
    assert "going on after line 3,000" in again.stderr and "recorded 0 events, 0 were there before" in again.stdout
    # The same from elsewhere, with something new in between; and a file that has grown.
    more = lines(500, seed=1)
    other = "".join(json.dumps(one) + "\n" for one in [*told[:200], *more, more[0]])
    piped = subprocess.run(
        [*KG_REC, "consume", "-"],
        input=other,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "recorded 500 events, 201 were there before;" in piped.stdout
    late = lines(100, seed=2)
    write(path, late, mode="a")
    grown = run(path)
    assert "recorded 100 events, 0 were there before;" in grown.stdout, grown.output
    assert look() == expected([*told, *more, *late])
    assert graph_counts(client) == counts and client.read("status/others")[0]["others"] == 0
    (user,) = client.read("attach/interests", user="Reader/p1", titles={})
    assert user["attached"]


def test_a_killed_run_goes_on_where_it_was(
    environment: dict[str, str], look: Callable[[], State], client: GraphClient, tmp_path: Path
) -> None:
    told = lines(16_000, people=300)
    path = write(tmp_path / "events.jsonl", told)
    command = [*KG_REC, "consume", str(path)]
    feed = bulk.hash_of(path.read_bytes().partition(b"\n")[0] + b"\n")
    bulk.prepare(client)
    killed, reached = 0, 0
    while killed < 3:
        with subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True) as running:
            deadline = time.monotonic() + 120
            while running.poll() is None and time.monotonic() < deadline:
                place = bulk.place_of(client, feed)
                if place and place.lines > reached:
                    reached = place.lines
                    running.kill()
            output = running.communicate()[0]
        if running.returncode == 0:
            break
        assert running.returncode == -signal.SIGKILL and "recorded" not in output
        killed += 1
        if reached == len(told):
            break
    assert killed, "it was through before it could be killed"
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=True)
    assert f"recorded {len(told) - lines_before(done.stderr):,} events, 0 were there before" in done.stdout, done
    assert look() == expected(told)
    # Whoever has lost the place and reads all of it again records nothing of it twice.
    client.write_batches("events/forget_places")
    whole = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=True)
    assert "recorded 0 events, 16,000 were there before" in whole.stdout
    assert look() == expected(told)


def lines_before(told: str) -> int:
    """How many lines were read before, as it says itself."""
    return int(told.partition("going on after line ")[2].partition(", where")[0].replace(",", ""))


BAD = [
    ({"kind": "bought"}, 'kind: expected liked, disliked, rated, seen or skipped, found "bought"'),
    ({"item": "77"}, "item: expected the id or the key of a Book of the graph, found '77'"),
    ({"item": "Topic/space"}, "found 'Topic/space'"),
]


@pytest.mark.parametrize(("change", "problem"), BAD)
def test_a_bad_line_stops_it_before_anything_of_that_line(
    change: dict[str, str], problem: str, run: Callable[..., Result], look: Callable[[], State], tmp_path: Path
) -> None:
    told = lines(40)
    bad = json.dumps({"id": "x", "person": "ann", "item": "1", "kind": "seen"} | change)
    path = write(tmp_path / "events.jsonl", told[:30])
    with path.open("a", encoding="utf-8") as file:
        file.write(bad + "\n")
    write(path, told[30:], mode="a")
    stopped = run(path)
    assert isinstance(stopped.exception, InputError) and stopped.stdout.startswith("recorded 30 events, 0 were there")
    assert f"{path}:31: " in stopped.exception.message and problem in stopped.exception.message
    assert "--bad-lines" in stopped.exception.remedy
    assert look() == expected(told[:30])
    again = run(path)
    assert isinstance(again.exception, InputError) and again.stdout.startswith("recorded 0 events")
    listed = tmp_path / "bad.jsonl"
    through = run(path, "--bad-lines", listed)
    assert through.exit_code == 0 and "recorded 10 events, 0 were there before, 1 bad line skipped" in through.stdout
    (one,) = [json.loads(line) for line in listed.read_text(encoding="utf-8").splitlines()]
    assert (one["line"], one["text"]) == (31, bad) and problem in one["problem"]
    assert look() == expected(told)


def test_a_last_line_without_an_end_is_left_until_it_is_whole(
    run: Callable[..., Result], look: Callable[[], State], tmp_path: Path
) -> None:
    told = lines(3)
    path = write(tmp_path / "events.jsonl", told[:2])
    last = json.dumps(told[2])
    path.write_text(path.read_text() + last[:20])
    stopped = run(path, "--bad-lines", tmp_path / "bad.jsonl")
    assert isinstance(stopped.exception, InputError) and "where the file ends" in stopped.exception.message
    path.write_text(path.read_text() + last[20:])
    assert run(path).stdout.startswith("recorded 1 events")
    assert look() == expected(told)


def test_a_growing_file_is_followed_until_it_is_asked_to_stop(
    environment: dict[str, str], look: Callable[[], State], tmp_path: Path
) -> None:
    told = lines(60)
    path = write(tmp_path / "events.jsonl", told[:20])
    command = [*KG_REC, "consume", str(path), "--follow"]
    with subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True) as running:
        awaited(look, expected(told[:20]))
        write(path, told[20:40], mode="a")
        awaited(look, expected(told[:40]))
        path.rename(tmp_path / "events.1.jsonl")
        write(path, told[40:])
        awaited(look, expected(told))
        running.send_signal(signal.SIGTERM)
        output = running.communicate(timeout=60)[0]
    assert running.returncode == 0 and output.startswith("recorded 60 events, 0 were there before;")


def awaited(look: Callable[[], State], state: State) -> None:
    deadline = time.monotonic() + 60
    while look() != state:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_it_writes_beside_the_service_and_beside_itself(
    client: GraphClient, schema: GraphSchema, look: Callable[[], State], tmp_path: Path
) -> None:
    """Several write about the same people and items at once: nothing is lost, and none waits for the other for ever."""
    bulk.prepare(client)
    told = [{**one, "kind": "skipped"} for one in lines(600, people=3)]
    told = [{key: value for key, value in one.items() if key != "value"} for one in told]

    def consume(part: int) -> int:
        events = [
            BulkEvent(one["id"], one["person"], f"Book/{one['item']}", "skipped", None, 1000 * one["at"])
            for one in told
        ]
        random.Random(part).shuffle(events)
        return sum(record_many(client, schema, events[start : start + 50]) for start in range(0, len(events), 50))

    def serve(person: str) -> int:
        for number in range(40):
            record(client, schema, person, [Event(f"Book/{1 + number % 5}", "skipped"), Event("Book/1", "seen")])
        return 0

    with ThreadPoolExecutor(6) as pool:
        works = [pool.submit(consume, part) for part in range(3)] + [pool.submit(serve, f"p{n}") for n in range(3)]
        assert sum(one.result() for one in works) == 600
    skipped = sum(kinds["skipped"].times for kinds in look().values())
    assert skipped == 600 + 3 * 40
    assert sum(kinds["seen"].times for kinds in look().values() if "seen" in kinds) == 3 * 40


def test_an_item_that_goes_away_meanwhile_takes_the_batch_with_it(
    client: GraphClient, schema: GraphSchema, look: Callable[[], State]
) -> None:
    bulk.prepare(client)
    events = [BulkEvent("a", "ann", "Book/1", "seen", None, 1), BulkEvent("b", "ann", "Book/99", "seen", None, 1)]
    with pytest.raises(UnknownEntityError, match="lost a Book"):
        record_many(client, schema, events)
    assert look() == {}
    assert record_many(client, schema, events[:1]) == 1, "its id was not claimed"


def test_ids_are_forgotten_after_their_days(client: GraphClient, schema: GraphSchema) -> None:
    bulk.prepare(client)
    event = BulkEvent("a", "ann", "Book/1", "seen", None, 1)
    assert record_many(client, schema, [event], now=86_400.0 * 100) == 1
    assert bulk.forget_ids(client, days=30, now=86_400.0 * 130) == 0
    assert record_many(client, schema, [event], now=86_400.0 * 130) == 0
    assert bulk.forget_ids(client, days=30, now=86_400.0 * 131) == 1
    assert record_many(client, schema, [event], now=86_400.0 * 131) == 1
    (name,) = [one.item for one in events_of(client, schema, "ann")]
    assert name == "Book/1"
    bulk.remove(client)
    assert client.read("status/others")[0]["others"] == 0


def test_a_neo4j_that_is_away_is_waited_for(
    client: GraphClient, schema: GraphSchema, look: Callable[[], State], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = lines(30)
    path = write(tmp_path / "events.jsonl", told)
    asked: list[bool] = []

    def away() -> bool:
        asked.append(True)
        return len(asked) % 3 != 0

    intake = Intake(client, schema, away=away)
    failing = iter([True, True, False, True, True, True])
    real = bulk.record_many

    def breaking(*arguments: Any, **keywords: Any) -> int:
        if next(failing, False):
            raise ConnectionFailedError("gone")
        return real(*arguments, **keywords)

    monkeypatch.setattr(event_intake.bulk, "record_many", breaking)
    with EventLines(path, known=intake.place) as source:
        intake.take(source)
    assert intake.totals.recorded == 30 and len(asked) == 2
    write(path, lines(5, seed=3), mode="a")
    with EventLines(path, known=intake.place) as source, pytest.raises(ConnectionFailedError):
        intake.take(source)
    assert look() == expected(told)


def test_taking_back_an_adoption_leaves_nothing_of_it(client: GraphClient, schema: GraphSchema) -> None:
    bulk.prepare(client)
    record_many(
        client, schema, [BulkEvent("a", "ann", "Book/1", "seen", None, 1)], feed="f", place=bulk.Place(1, 1, "")
    )
    bulk.remove(client)
    assert client.read("events/place", feed="f") == []
    assert adopt.state(client) == "loaded"


def test_where_bad_lines_cannot_be_listed_nothing_is_done(run: Callable[..., Result], tmp_path: Path) -> None:
    path = write(tmp_path / "events.jsonl", lines(3))
    for target, problem in ((path, "expected another file"), (tmp_path / "no" / "bad", "cannot be written")):
        refused = run(path, "--bad-lines", target)
        assert isinstance(refused.exception, InputError) and problem in refused.exception.message


def test_no_plan_made_in_an_empty_graph_looks_at_all_events(client: GraphClient, schema: GraphSchema) -> None:
    """It would be kept, and used when there are millions."""

    def operators(plan: dict[str, Any]) -> Iterator[str]:
        yield plan["operatorType"].partition("@")[0]
        for child in plan.get("children", ()):
            yield from operators(child)

    ends = {"user": "Reader/r1", "item": "Book/1", "kind": "seen"}
    with client._session("WRITE") as session:
        for name, rows in (("between", "pairs"), ("change", "rows"), ("create", "rows"), ("drop", "rows")):
            session.run("CALL db.clearQueryCaches()").consume()
            text = script(f"events/{name}").text
            plan = session.run("EXPLAIN " + text, {rows: [ends]}).consume().plan  # type: ignore[arg-type]
            assert plan is not None
            found = set(operators(dict(plan)))
            assert not {one for one in found if "TypeScan" in one or "CartesianProduct" in one}, (name, found)
            assert "NodeUniqueIndexSeek" in " ".join(found)
