"""What is left when the service and Neo4j are killed under load: no acknowledged write lost, none done twice, nobody half attached.

    python tests/faults/run.py [--kills 50] [--seed 1] [--home FOLDER]

It starts a Neo4j and a service of its own on the sample graph, with a model that took no time to train, and puts them under load:
several clients attach people, set and take away interests, tell events and erase people, each request with an Idempotency-Key;
others read meanwhile. At moments that the seed chooses either process gets SIGKILL and is started again. A client whose request was
not acknowledged sends it again, with the same key, until it is. Each client alone writes about its people, so it knows at any time
what the graph has to hold of them: it looks after each write, and everything is compared once more at the end, past the service.

Printed is a table in Markdown; the exit status is 1 where anything was lost, doubled, half seen or refused.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import neo4j
import numpy as np

from kg_rec import Recommender, Settings
from kg_rec.graph.server import ManagedServer
from kg_rec.model.training import TrainingSettings
from kg_rec.sample import sample_folder

WORDS = (
    "I loved Arrival and slow, sad science fiction about loneliness. No horror please.",
    "Westerns like Unforgiven, and something funny with Bill Murray. Nothing animated.",
)
"""What people say; the interests of the two have little in common, so a mixture of both shows."""
SET = ("Genre/War", "Genre/Musical")
"""Entities that are set and taken away together; neither is among those that the words show."""
SKIPPED = ("Film/her", "Film/heat")
"""Items that are skipped together, so that what was told of both is the same number."""
WRITERS, READERS, PEOPLE = 4, 2, 3
"""Clients that write, clients that read, and people of each client that writes."""
_WRITES = (5, 60)
"""Between two kills at least and at most."""
_START_LIMIT = 180.0
_TIMEOUT = 15.0


@dataclass
class Person:
    """What the graph has to hold of a person. words: which of WORDS they said last; polarity: of SET, 0 where it is not set."""

    id: str
    there: bool = False
    words: int | None = None
    polarity: int = 0
    skips: int = 0


@dataclass
class Report:
    """What happened. again: seconds until it answered again, by what was killed; wrong: what was not as it has to be."""

    kills: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    acknowledged: Counter[str] = field(default_factory=Counter)
    retried: int = 0
    read: int = 0
    lost: int = 0
    doubled: int = 0
    half: int = 0
    again: dict[str, list[float]] = field(default_factory=lambda: {"service": [], "Neo4j": []})
    wrong: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether everything was as it has to be."""
        return not (self.lost or self.doubled or self.half or self.wrong)

    def table(self) -> str:
        """Return it in Markdown."""
        rows = [
            ("kills of the service, of Neo4j", f"{self.kills['service']}, {self.kills['Neo4j']}"),
            ("requests that write", f"{self.requests:,}"),
            ("acknowledged", f"{self.acknowledged.total():,}: " + _listed(self.acknowledged)),
            ("sent again", f"{self.retried:,}"),
            ("people read meanwhile", f"{self.read:,}"),
            ("acknowledged and lost", f"{self.lost:,}"),
            ("done twice", f"{self.doubled:,}"),
            ("seen half done", f"{self.half:,}"),
            ("refused, or answered otherwise than expected", f"{len(self.wrong):,}"),
        ]
        for name, seconds in self.again.items():
            if seconds:
                told = f"{np.median(seconds):.1f} s, at most {max(seconds):.1f} s"
                rows.append((f"until it answers again, {name} killed", told))
        return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


class Faults:
    """The service and Neo4j of one home, under load, while they are killed. The home has to have a model."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self.report = Report()
        self._settings = settings
        self._seed = seed
        self._neo4j = ManagedServer(settings)
        self._service: subprocess.Popen[bytes] | None = None
        self._port = _free_port()
        self._lock = threading.Lock()
        self._end = threading.Event()
        # Of this run alone: a home may have been used before.
        self._run = secrets.token_hex(4)
        self._people = [
            [Person(f"{self._run}-{writer}-{number}") for number in range(PEOPLE)] for writer in range(WRITERS)
        ]
        self._inferred: list[dict[str, int]] = []

    def run(self, kills: list[str], say: Callable[[str], None] = lambda _: None) -> Report:
        """Kill what is named, one after the other, each after so many writes as chance chooses; Ctrl-C ends it early."""
        rng = random.Random(self._seed)
        self._neo4j.start()
        with self._served():
            self._inferred = [self._understood(words) for words in WORDS]
            if any(set(SET) & set(found) or len(found) < 3 for found in self._inferred):
                raise RuntimeError(f"expected several interests, without {SET}, found {self._inferred}")
            threads = [threading.Thread(target=self._guarded, args=(self._write, n)) for n in range(WRITERS)]
            threads += [threading.Thread(target=self._guarded, args=(self._read, n)) for n in range(READERS)]
            for thread in threads:
                thread.start()
            try:
                for what in kills:
                    self._await_writes(rng.randint(*_WRITES))
                    time.sleep(rng.uniform(0, 0.3))
                    self._kill(what)
                    say(
                        f"{self.report.kills.total()}: {what}, {self.report.acknowledged.total():,} writes acknowledged"
                    )
                self._await_writes(_WRITES[1])
            except KeyboardInterrupt:
                pass
            finally:
                self._end.set()
                for thread in threads:
                    thread.join()
        self._compare()
        return self.report

    def _await_writes(self, count: int) -> None:
        """Wait until so many more writes were acknowledged: what is killed is killed at work."""
        wanted = self.report.acknowledged.total() + count
        deadline = time.monotonic() + _START_LIMIT
        while self.report.acknowledged.total() < wanted and time.monotonic() < deadline:
            time.sleep(0.01)

    def _kill(self, what: str) -> None:
        started = time.monotonic()
        if what == "service":
            assert self._service is not None
            self._service.kill()
            self._service.wait()
            self._start_service()
        else:
            pid = self._neo4j.status().pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            self._neo4j.start()
        self._await_ready()
        self.report.kills[what] += 1
        self.report.again[what].append(time.monotonic() - started)

    @contextmanager
    def _served(self) -> Iterator[None]:
        self._start_service()
        try:
            self._await_ready()
            yield
        finally:
            assert self._service is not None
            self._service.terminate()
            self._service.wait(60)

    def _start_service(self) -> None:
        command = [sys.executable, "-c", "from kg_rec.cli import main; main()", "serve", "--port", str(self._port)]
        environment = {**os.environ, "KG_REC_HOME": str(self._settings.home), "KG_REC_ENCODER": self._settings.encoder}
        self._service = subprocess.Popen(
            [*command, "--rate", "0", "--log-level", "error"], env=environment, stdout=subprocess.DEVNULL
        )

    def _await_ready(self) -> None:
        deadline = time.monotonic() + _START_LIMIT
        while True:
            try:
                status, found = self._ask("GET", "/health/ready")
                if status == 200 and found["status"] == "ready":
                    return
            except (OSError, http.client.HTTPException):
                pass
            if time.monotonic() > deadline or (self._service is not None and self._service.poll() is not None):
                raise RuntimeError("the service does not come back")
            time.sleep(0.05)

    def _ask(self, method: str, path: str, body: Any = None, key: str | None = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT)
        try:
            headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            content = answer.read()
            return answer.status, json.loads(content) if content else None
        finally:
            connection.close()

    def _acknowledged(self, what: str, method: str, path: str, body: Any, key: str) -> Any:
        """Send a request until it is acknowledged. What is refused for good counts as wrong."""
        first = True
        while True:
            with self._lock:
                self.report.requests += first
                self.report.retried += not first
            first = False
            try:
                status, found = self._ask(method, path, body, key)
            except (OSError, http.client.HTTPException):
                time.sleep(0.1)
                continue
            if status in (200, 204):
                with self._lock:
                    self.report.acknowledged[what] += 1
                return found
            if status not in (429, 503):
                self._tell(f"{what}: {status} {found}")
                return None
            time.sleep(0.2)

    def _understood(self, words: str) -> dict[str, int]:
        _, found = self._ask("POST", "/v1/understand", {"words": words})
        return {one["key"]: one["polarity"] for one in found["interests"]}

    def _guarded(self, work: Callable[[int], None], number: int) -> None:
        try:
            work(number)
        except Exception as error:
            self._tell(f"{work.__name__} {number}: {type(error).__name__}: {error}")

    def _tell(self, problem: str) -> None:
        with self._lock:
            self.report.wrong.append(problem)

    def _write(self, writer: int) -> None:
        rng = random.Random(f"{self._seed} {writer}")
        number = 0
        while not self._end.is_set():
            person = rng.choice(self._people[writer])
            number += 1
            self._one_write(person, rng, f"{self._run}-{writer}-{number}")
            self._look(person)
            time.sleep(rng.uniform(0, 0.02))

    def _one_write(self, person: Person, rng: random.Random, key: str) -> None:
        path = f"/v1/people/{person.id}"
        what = rng.choice(
            ["attach", "attach", "events", "events", "set", "unset", "erase"] if person.there else ["attach", "events"]
        )
        if what == "attach":
            words = rng.randrange(len(WORDS))
            self._acknowledged(what, "PUT", path, {"words": WORDS[words]}, key)
            person.there, person.words = True, words
        elif what == "events":
            events = [{"item": item, "kind": "skipped"} for item in SKIPPED]
            self._acknowledged(what, "POST", f"{path}/events", {"events": events}, key)
            person.there, person.skips = True, person.skips + 1
        elif what == "unset" and person.polarity:
            self._acknowledged(what, "PATCH", f"{path}/interests", {"remove": list(SET)}, key)
            person.polarity = 0
        elif what in ("set", "unset"):
            polarity = rng.choice((1, -1))
            body = {"set": [{"entity": entity, "polarity": polarity} for entity in SET]}
            self._acknowledged("set", "PATCH", f"{path}/interests", body, key)
            person.polarity = polarity
        else:
            self._acknowledged(what, "DELETE", path, None, key)
            person.there, person.words, person.polarity, person.skips = False, None, 0, 0

    def _look(self, person: Person) -> None:
        """Compare what the service says of a person with what was acknowledged."""
        try:
            status, found = self._ask("GET", f"/v1/people/{person.id}")
        except (OSError, http.client.HTTPException):
            return  # killed just now: the next write looks again
        if status == 503:
            return
        there = status == 200
        interests = {one["entity"]: (one["polarity"], one["source"]) for one in found["interests"]} if there else {}
        skips = {one["item"]: one["times"] for one in found["events"]} if there else {}
        self._judge(person, there, interests, skips)

    def _judge(self, person: Person, there: bool, interests: dict[str, tuple[int, str]], skips: dict[str, int]) -> None:
        inferred = self._inferred[person.words] if person.words is not None else {}
        expected = inferred | {entity: person.polarity for entity in SET if person.polarity}
        told = {entity: polarity for entity, (polarity, _) in interests.items()}
        short = [person.skips - skips.get(item, 0) for item in SKIPPED]
        with self._lock:
            self.report.lost += (person.there and not there) or expected != told
            self.report.lost += sum(max(0, one) for one in short)
            self.report.doubled += sum(max(0, -one) for one in short) + (there and not person.there)
        if there != person.there or expected != told or any(short):
            self._tell(f"{person}: found {'somebody' if there else 'nobody'}, {interests}, {skips}")
            # Told once: from here on it is what it is.
            person.there, person.skips = there, skips.get(SKIPPED[0], 0)

    def _read(self, reader: int) -> None:
        """Look at people whom others write about: each request is seen whole or not at all."""
        rng = random.Random(f"{self._seed} read {reader}")
        everybody = [person.id for people in self._people for person in people]
        while not self._end.is_set():
            one = rng.choice(everybody)
            try:
                status, found = self._ask("GET", f"/v1/people/{one}/interests")
            except (OSError, http.client.HTTPException):
                time.sleep(0.1)
                continue
            if status != 200:
                time.sleep(0.05)
                continue
            inferred = {
                entity["key"]: entity["polarity"] for entity in found["interests"] if entity["source"] != "person"
            }
            chosen = {
                entity["key"]: entity["polarity"] for entity in found["interests"] if entity["source"] == "person"
            }
            whole = inferred in [{}, *self._inferred] and (
                not chosen or (set(chosen) == set(SET) and len({*chosen.values()}) == 1)
            )
            with self._lock:
                self.report.read += 1
                self.report.half += not whole
            if not whole:
                self._tell(f"half done: {one} {inferred} {chosen}")
            time.sleep(rng.uniform(0, 0.02))

    def _compare(self) -> None:
        """Compare what is in the graph with what was acknowledged, past the service."""
        login = ("neo4j", self._neo4j.password())
        with neo4j.GraphDatabase.driver(str(self._neo4j.status().uri), auth=login) as driver:
            for person in (person for people in self._people for person in people):
                found = driver.execute_query(
                    "MATCH (p:KGEntity {key: $key}) RETURN "
                    "COLLECT { MATCH (p)-[i:INTERESTED_IN]->(e) RETURN [e.key, i.polarity, i.source] } AS interests, "
                    "COLLECT { MATCH (p)-[r:KG_REACTED_TO {kind: 'skipped'}]->(e) RETURN [e.key, r.times] } AS skips",
                    key=f"User/{person.id}",
                ).records
                interests = {
                    entity: (polarity, source) for row in found for entity, polarity, source in row["interests"]
                }
                self._judge(
                    person, bool(found), interests, {item: times for row in found for item, times in row["skips"]}
                )


def prepare(settings: Settings) -> None:
    """Load the sample graph into a home, and train a model that understands words by their names alone."""
    with Recommender.open(settings) as recommender:
        recommender.load(sample_folder())
        recommender.train(TrainingSettings(steps=2))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--home", type=Path, help="kept, and used again where it has a model; by default one for this run"
    )
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    kills = rng.sample(["service", "Neo4j"] * ((arguments.kills + 1) // 2), arguments.kills)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=arguments.home or Path(folder) / "home", encoder="hash")
        try:
            if not (settings.model_path / "current").exists():
                prepare(settings)
            report = Faults(settings, arguments.seed).run(kills, lambda told: print(told, file=sys.stderr, flush=True))
        finally:
            ManagedServer(settings).stop()
    print(report.table())
    for problem in report.wrong[:20]:
        print(problem, file=sys.stderr)
    sys.exit(0 if report.clean else 1)


if __name__ == "__main__":
    main()
