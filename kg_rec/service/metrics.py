"""What Prometheus is told: how long things take, how much waits, which model answers. No words, no names of people."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from kg_rec.service.answers import Served

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
        self.stage = Histogram(
            "kgrec_stage_seconds", "Time of a stage, for a whole batch.", ["stage"], buckets=_SECONDS, registry=on
        )
        self.together = Histogram("kgrec_batch_size", "Questions answered together.", buckets=_COUNTS, registry=on)
        self.waiting = Gauge("kgrec_queue_length", "Questions that wait.", registry=on)
        self.people = Counter(
            "kgrec_people", "People who were recommended to, by whether an interest was known.", ["known"], registry=on
        )
        self.graph = Gauge("kgrec_graph_reachable", "1 where Neo4j answers.", registry=on)
        self.changed = Gauge(
            "kgrec_graph_changed", "1 where the graph is another than the model was trained on.", registry=on
        )
        self.model = Gauge("kgrec_model", "1 for the model that answers.", ["version"], registry=on)
        self._made = Gauge("kgrec_model_age_seconds", "Time since the model was trained.", registry=on)
        self._swaps = Counter("kgrec_model_swaps", "How often another model took over.", registry=on)
        self._version = ""

    def serves(self, served: Served) -> None:
        """Tell which model answers now."""
        version, created = served.artifact.version, served.artifact.created
        self.changed.set(served.changed)
        if version == self._version:
            return
        if self._version:
            self.model.remove(self._version)
            self._swaps.inc()
        self._version = version
        self.model.labels(version).set(1)
        made = datetime.fromisoformat(created).timestamp() if created else time.time()
        self._made.set_function(lambda: time.time() - made)

    def text(self) -> bytes:
        """Return all of them as Prometheus reads them."""
        return generate_latest(self.registry)
