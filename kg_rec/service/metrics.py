"""What Prometheus is told: how long things take, how much waits, which model answers. No words, no names of people."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    generate_latest,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg_rec.service.answers import Answer, Served

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_COUNTS = (1, 2, 4, 8, 16, 32)


class Metrics:
    """All metrics of one service, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        on = self.registry
        self.requests = Counter(
            "kgrec_requests", "Requests, by route and status.", ["method", "route", "status"], registry=on
        )
        self.seconds = Histogram(
            "kgrec_request_seconds", "Time of a request.", ["route"], buckets=_SECONDS, registry=on
        )
        self.under_way = Gauge("kgrec_requests_under_way", "Requests that have come and are not answered.", registry=on)
        self.stage = Histogram(
            "kgrec_stage_seconds", "Time of a stage, for a whole batch.", ["stage"], buckets=_SECONDS, registry=on
        )
        self.together = Histogram("kgrec_batch_size", "Questions answered together.", buckets=_COUNTS, registry=on)
        self.waiting = Gauge("kgrec_queue_length", "Questions that wait.", registry=on)
        self.waited = Histogram(
            "kgrec_queue_seconds", "Time that a question waited for its batch.", buckets=_SECONDS, registry=on
        )
        self.people = Counter(
            "kgrec_people", "People who were recommended to, by whether an interest was known.", ["known"], registry=on
        )
        for known in ("yes", "no"):  # a share of nobody is 0 of 0, not missing
            self.people.labels(known)
        self.events = Counter("kgrec_events", "What people did, as it was recorded.", ["kind"], registry=on)
        self.graph = Gauge("kgrec_graph_reachable", "1 where Neo4j answers.", registry=on)
        self.statement = Histogram(
            "kgrec_statement_seconds", "Time of a statement to Neo4j.", ["script"], buckets=_SECONDS, registry=on
        )
        self.failed = Counter(
            "kgrec_statement_failures", "Statements that were not answered or refused.", ["script"], registry=on
        )
        self.changed = Gauge(
            "kgrec_graph_changed", "1 where the graph is another than the model was trained on.", registry=on
        )
        self.drift = Gauge(
            "kgrec_graph_drift",
            "How many more the graph has than the model was made from; below 0: fewer.",
            ["what"],
            registry=on,
        )
        self._copied = Gauge(
            "kgrec_graph_copy_age_seconds", "Time since the graph was copied into memory; NaN without.", registry=on
        )
        self._copies = Counter("kgrec_graph_copies", "How often the graph was copied into memory.", registry=on)
        self.model = Gauge("kgrec_model", "1 for the model that answers.", ["version"], registry=on)
        self._made = Gauge("kgrec_model_age_seconds", "Time since the model was trained.", registry=on)
        self._swaps = Counter("kgrec_model_swaps", "How often another model took over.", registry=on)
        self._version = ""
        self._around: object = None
        self._copied.set(float("nan"))
        ProcessCollector(registry=on)
        GCCollector(registry=on)

    def serves(self, served: Served) -> None:
        """Tell which model answers now, and with which copy of the graph."""
        version, created = served.artifact.version, served.artifact.created
        self.changed.set(served.changed)
        around, content = served.around, served.artifact.content
        if around is not None and content is not None:
            counts = content.counts
            self.drift.labels("nodes").set(around.nodes - sum(counts.nodes.values()))
            self.drift.labels("relations").set(around.relations - sum(counts.relations.values()))
        if around is not None and around is not self._around:
            copied = time.time()
            self._around = around
            self._copies.inc()
            self._copied.set_function(lambda: time.time() - copied)
        if version == self._version:
            return
        if self._version:
            self.model.remove(self._version)
            self._swaps.inc()
        self._version = version
        self.model.labels(version).set(1)
        made = datetime.fromisoformat(created).timestamp() if created else time.time()
        self._made.set_function(lambda: time.time() - made)

    def answered(self, found: Answer, *, recommended: bool) -> None:
        """Tell of an answer. recommended: whether items were asked for, for a person."""
        self.waited.observe(found.took.get("queue", 0.0))
        if recommended:
            self.people.labels("yes" if found.interests else "no").inc()

    @contextmanager
    def watch(self, name: str) -> Iterator[None]:
        """Take the time of a statement, `name` being that of its script."""
        started = time.perf_counter()
        try:
            yield
        except BaseException:
            self.failed.labels(name).inc()
            raise
        finally:
            self.statement.labels(name).observe(time.perf_counter() - started)

    def text(self) -> bytes:
        """Return all of them as Prometheus reads them."""
        return generate_latest(self.registry)
