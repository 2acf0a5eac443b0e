"""The service and Neo4j killed under load, twice each: the short version of tests/faults/run.py, which kills fifty times."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from faults.run import Faults, prepare

from kg_rec import Settings
from kg_rec.graph.server import ManagedServer
from kg_rec.graph.server_config import any_free_port
from kg_rec.graph.server_jars import NEO4J_VERSION
from kg_rec.graph.server_process import ServerRecord


def test_nothing_acknowledged_is_lost_or_done_twice(
    tmp_path_factory: pytest.TempPathFactory, stopped_with_the_session: Callable[[ManagedServer], None]
) -> None:
    settings = Settings(home=tmp_path_factory.mktemp("faults") / "home", encoder="hash")
    managed = ManagedServer(settings)
    managed.home.mkdir(mode=0o700, parents=True)
    ServerRecord(any_free_port(), any_free_port(), NEO4J_VERSION).write(managed.home / "server.json")
    stopped_with_the_session(managed)
    try:
        prepare(settings)
        report = Faults(settings, seed=7).run(["Neo4j", "service", "service", "Neo4j"])
    finally:
        managed.stop()
    assert report.clean, (report.table(), report.wrong[:5])
    assert report.kills == {"service": 2, "Neo4j": 2} and report.acknowledged.total() and report.retried and report.read
