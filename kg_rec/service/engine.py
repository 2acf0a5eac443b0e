"""The queue before the model: one thread answers all that wait together, and the model is changed between two batches.

Requests come on the event loop, which never waits for a model. What is answered together shares a pass over it, so that the more
wait, the less each costs (kg_rec/service/answers.py).
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kg_rec.errors import ArtifactError, GraphChangedError, KgRecError
from kg_rec.graph.counts import graph_counts
from kg_rec.graph.surroundings import Snapshot
from kg_rec.schema import read_schema
from kg_rec.service.answers import Answer, Question, Served, answer
from kg_rec.service.problems import BusyError
from kg_rec.synchronise import synchronise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg_rec.graph.client import GraphClient
    from kg_rec.model.artifact import Artifact
    from kg_rec.service.graph import Graph
    from kg_rec.service.metrics import Metrics
    from kg_rec.settings import Settings
    from kg_rec.synchronise import Synchronised

_log = logging.getLogger("kg_rec.service")

MOST_TOGETHER = 32
"""Questions that are answered in one pass."""
MOST_WAITING = 256
"""Questions that may wait; at 100 a second the last one waits for two and a half seconds."""
_LOOK_EVERY = 1.0
"""Seconds between two looks at which model is current."""
_PROBE_EVERY = 2.0
"""Seconds between two questions to Neo4j whether it is there."""
_COMPARE_EVERY = 60.0
"""Seconds between two looks at how much the graph holds."""
_READ_AGAIN = 5
"""How often a graph is read again that was changed meanwhile."""
_NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A question, where its answer goes, and when it came."""

    question: Question
    future: asyncio.Future[Answer]
    loop: asyncio.AbstractEventLoop
    since: float


class Engine:
    """Answers questions with the model that is served, `served`, which may be replaced at any time.

    metrics: is told of each batch.
    """

    def __init__(self, served: Served, metrics: Metrics, *, most_waiting: int = MOST_WAITING) -> None:
        self.served = served
        self._metrics = metrics
        self._most = most_waiting
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
        self._thread.start()

    async def ask(self, question: Question) -> Answer:
        """Return the answer to a question. Raises what it raises, and BusyError where too many wait."""
        waiting = self._queue.qsize()
        if waiting >= self._most:
            raise BusyError(waiting)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._queue.put(_Waiting(question, future, loop, time.perf_counter()))
        self._metrics.waiting.set(waiting + 1)
        return await future

    def close(self) -> None:
        """Answer what waits, and end."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        while True:
            first = self._queue.get()
            batch = [first]
            with suppress(queue.Empty):
                while len(batch) < MOST_TOGETHER and batch[-1] is not None:
                    batch.append(self._queue.get_nowait())
            # Whoever has gone, or waited too long, needs no answer.
            wanted = [one for one in batch if one is not None and not one.future.cancelled()]
            if wanted:
                self._answer(wanted)
            if batch[-1] is None:
                return

    def _answer(self, batch: Sequence[_Waiting]) -> None:
        started = time.perf_counter()
        self._metrics.waiting.set(self._queue.qsize())
        self._metrics.together.observe(len(batch))
        found: Sequence[Answer | BaseException]
        try:
            found = answer(self.served, [one.question for one in batch])
        except Exception as error:  # a defect: one question of the batch may be to blame, and all are told
            found = [error] * len(batch)
        for stage, seconds in next((one.took for one in found if isinstance(one, Answer)), {}).items():
            self._metrics.stage.labels(stage).observe(seconds)
        for one, told in zip(batch, found, strict=True):
            if isinstance(told, Answer):
                told.took = {"queue": started - one.since, **told.took}
        loop = batch[0].loop
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(_deliver, list(zip([one.future for one in batch], found, strict=True)))


def _deliver(answers: Sequence[tuple[asyncio.Future[Answer], Answer | BaseException]]) -> None:
    for future, found in answers:
        if future.done():
            continue
        if isinstance(found, BaseException):
            future.set_exception(found)
        else:
            future.set_result(found)


class Keeper:
    """Keeps what is served up to date: the model, the copy of the graph, and what is known about Neo4j.

    A model that is current now is loaded and warmed beside the one that answers, and takes its place between two batches.
    follow: whether the model is synchronised by itself where the graph has changed.
    """

    def __init__(
        self, settings: Settings, graph: Graph, engine: Engine, metrics: Metrics, *, follow: bool = False
    ) -> None:
        self._settings = settings
        self._graph = graph
        self._engine = engine
        self._metrics = metrics
        self._end = threading.Event()
        self._wake = threading.Event()
        self._behind: queue.SimpleQueue[Future[str]] = queue.SimpleQueue()
        self._again = _NEVER
        self._follow = follow
        self._refused = ""
        self._fingerprint = ""
        self._thread = threading.Thread(target=self._work, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._end.set()
        self._wake.set()
        self._thread.join()
        for future in self._waiting():
            future.cancel()

    def catch_up(self) -> Future[str]:
        """Have the model synchronised with the graph as it is now; the result is the version that is served then.

        Whoever asks while one is being made waits for the next, which sees all that was written before.
        """
        future: Future[str] = Future()
        self._behind.put(future)
        self._wake.set()
        return future

    def _work(self) -> None:
        due = dict.fromkeys(("probe", "compare"), 0.0)
        while not self._end.is_set():
            self._wake.wait(_LOOK_EVERY)
            self._wake.clear()
            now = time.monotonic()
            try:
                self.synchronise()
                self.look_at_model()
                if now >= due["probe"]:
                    due["probe"] = now + _PROBE_EVERY
                    self._graph.probe()
                if self._graph.reachable and (now >= due["compare"] or self._engine.served.around is None):
                    due["compare"] = now + _COMPARE_EVERY
                    self.look_at_graph()
            except Exception as error:  # looking goes on, whatever happens to one look
                _log.error("keeper", extra={"error": type(error).__name__})

    def synchronise(self) -> None:
        """Bring the model up to date with the graph and serve it, where somebody waits for that, or it failed before."""
        waiting = self._waiting()
        if not waiting and time.monotonic() < self._again:
            return
        self._again = _NEVER
        try:
            self.look_at_model()  # somebody else may have trained since
            done = self._synchronised()
            if done.report.written:
                around = Snapshot(done.graph, done.artifact.schema)
                self._take_over(Served(done.artifact, self._engine.served.encoder, around))
        except Exception as error:  # whoever waits is told, and it is tried again
            self._again = time.monotonic() + _COMPARE_EVERY
            why = error.message if isinstance(error, KgRecError) else type(error).__name__
            _log.error("not synchronised", extra={"error": why})
            for future in waiting:
                future.set_exception(error)
            return
        for future in waiting:
            future.set_result(self._engine.served.artifact.version)

    def _waiting(self) -> list[Future[str]]:
        """Return who waits for the model to catch up, and has not been served yet."""
        found: list[Future[str]] = []
        with suppress(queue.Empty):
            while True:
                found.append(self._behind.get_nowait())
        return found

    def _synchronised(self) -> Synchronised:
        """Write the model that is in step with the graph; while others write there, too, it may have to be read again."""
        served, schema = self._engine.served, read_schema(self._settings.schema_path)

        def work(client: GraphClient) -> Synchronised:
            return synchronise(client, self._settings, served.artifact, schema, served.encoder)

        for _ in range(_READ_AGAIN):
            with suppress(GraphChangedError):
                return self._graph.call(work)
        return self._graph.call(work)

    def look_at_model(self) -> bool:
        """Serve the model that is current, and return whether that is another one now."""
        name = current_version(self._settings)
        served = self._engine.served
        if not name or name in (served.artifact.version, self._refused):
            return False
        try:
            new = load(self._settings, self._graph, before=served)
        except KgRecError as error:
            # The one that is served goes on; said once, not every second.
            self._refused = name
            _log.error("model refused", extra={"model": name, "error": type(error).__name__})
            return False
        self._take_over(new)
        return True

    def look_at_graph(self) -> bool:
        """Copy the graph again where it holds more or less than it did, and return whether it was copied."""
        served = self._engine.served
        fingerprint = self._graph.call(lambda client: graph_counts(client).fingerprint())
        if served.around is not None and fingerprint == self._fingerprint:
            return False
        around = self._graph.call(lambda client: snapshot(client, served.artifact))
        self._fingerprint = fingerprint
        changed = fingerprint != served.artifact.fingerprint
        self._serve(replace(served, around=around, changed=changed), warm=False)
        if changed and self._follow:
            self.catch_up()
        return True

    def _take_over(self, new: Served) -> None:
        """Serve another model."""
        before = self._engine.served.artifact.version
        self._serve(new)
        _log.info("model changed", extra={"model": new.artifact.version, "before": before})

    def _serve(self, new: Served, *, warm: bool = True) -> None:
        old = self._engine.served
        if new.artifact is old.artifact:
            # What was made of the model is as good for the new copy of the graph.
            made = {name: old.__dict__[name] for name in _MADE if name in old.__dict__}
            new.__dict__.update(made)
        if warm:
            warm_up(new)
        self._engine.served = new
        self._metrics.serves(new)


_MADE = ("linker", "ranking", "similarity", "names", "examples", "_by_name")
"""What a model is served with, whatever the graph holds: names in Served."""


def load(settings: Settings, graph: Graph, *, exact: bool = False, before: Served | None = None) -> Served:
    """Return the current model, ready to answer; without paths where Neo4j is away. Raises ArtifactError and EncoderError.

    exact: as for `kg_rec.text.serving.serving_encoder`; before: what is served, whose encoder is kept where it is the same.
    """
    from kg_rec.model.artifact import load_artifact
    from kg_rec.text.serving import serving_encoder

    artifact = load_artifact(settings.model_path)
    if artifact.encoder.get("own"):
        raise ArtifactError(
            f"The model was trained with an encoder of one's own, '{artifact.encoder['name']}', which cannot be served.",
            remedy="Train again with an encoder that has a name: kg-rec train --encoder NAME",
        )
    if before is not None and before.artifact.encoder == artifact.encoder:
        encoder = before.encoder
    else:
        encoder = serving_encoder(artifact.encoder["name"], settings.encoders_path, exact=exact)
    served = Served(artifact, encoder, None)
    with suppress(KgRecError):  # away, or not readable just now: the keeper looks again
        around, fingerprint = graph.call(
            lambda client: (snapshot(client, artifact), graph_counts(client).fingerprint())
        )
        served = replace(served, around=around, changed=fingerprint != artifact.fingerprint)
    return served


def snapshot(client: GraphClient, artifact: Artifact) -> Snapshot:
    """Return a copy of the graph, for explanations."""
    from kg_rec.graph.export import export_graph

    return Snapshot(export_graph(client, artifact.schema), artifact.schema)


def warm_up(served: Served) -> None:
    """Have everything made that the first answer would have to wait for."""
    entities = served.artifact.model.entities
    words = f"I am looking for something like {entities.names[0]}, quiet and strange, nothing loud."
    answer(served, [Question(words, k=10, diversity=0.1)])
    _ = served.examples  # by the linker, which one thread alone may use once it answers


def current_version(settings: Settings) -> str:
    """Return the name of the current model, "" where there is none."""
    try:
        return (settings.model_path / "current").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
