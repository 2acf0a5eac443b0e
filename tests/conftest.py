"""One real Neo4j for the whole test session, in a home of its own; tests never touch another server."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import LiteralString

import neo4j
import pytest

from kg_rec.graph.client import GraphClient
from kg_rec.graph.server import ManagedServer, connect
from kg_rec.graph.server_config import any_free_port
from kg_rec.graph.server_jars import NEO4J_VERSION
from kg_rec.graph.server_process import ServerRecord
from kg_rec.settings import Settings

# Whoever runs the tests may have settings of their own; only where things are found on the machine is kept.
for name in [name for name in os.environ if name.startswith("KG_REC_")]:
    if name not in {"KG_REC_CACHE", "KG_REC_JAVA", "KG_REC_CHROMIUM", "KG_REC_TSC"}:
        del os.environ[name]
os.environ["HF_HUB_OFFLINE"] = "1"

_EMPTY: list[LiteralString] = [
    "MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS",
    "SHOW CONSTRAINTS YIELD name",
    "SHOW INDEXES YIELD name, type, owningConstraint WHERE type <> 'LOOKUP' AND owningConstraint IS NULL",
]


_WATCH = """
import sys, psutil
from pathlib import Path
from kg_rec.graph.server import ManagedServer
from kg_rec.settings import Settings
psutil.Process(int(sys.argv[1])).wait()
ManagedServer(Settings(home=Path(sys.argv[2]))).stop()
"""


@pytest.fixture(scope="session")
def stopped_with_the_session() -> Iterator[Callable[[ManagedServer], None]]:
    """Sees to it that a server is stopped when the session ends, even when the session itself is killed."""
    with contextlib.ExitStack() as stack:

        def see_to(managed: ManagedServer) -> None:
            command = [sys.executable, "-c", _WATCH, str(os.getpid()), str(managed.settings.home)]
            watch = stack.enter_context(subprocess.Popen(command, start_new_session=True))
            stack.callback(watch.kill)
            stack.callback(managed.stop)

        yield see_to


@pytest.fixture(scope="session")
def server(
    tmp_path_factory: pytest.TempPathFactory, stopped_with_the_session: Callable[[ManagedServer], None]
) -> ManagedServer:
    """The session's Neo4j, running, in a home with a space in its name and on ports nobody else would take."""
    managed = ManagedServer(Settings(home=tmp_path_factory.mktemp("session") / "home of tests"), say=print)
    managed.home.mkdir(mode=0o700, parents=True)
    # As if it had listened there before: taken again where free, and never the usual ports of the developer's own.
    ServerRecord(any_free_port(), any_free_port(), NEO4J_VERSION).write(managed.home / "server.json")
    stopped_with_the_session(managed)
    managed.start()  # its error carries the end of the server's log
    return managed


@pytest.fixture
def client(server: ManagedServer) -> Iterator[GraphClient]:
    """A connection to the session's Neo4j; its graph is as the test before left it."""
    with connect(server.settings) as connected:
        yield connected


@pytest.fixture(scope="session")
def empty(server: ManagedServer) -> Callable[[], None]:
    """Empties the session's Neo4j: no nodes, no relations, no constraints, no indexes."""
    nodes, constraints, indexes = _EMPTY
    login = ("neo4j", server.password())

    def empty() -> None:
        uri = str(server.status().uri)
        with neo4j.GraphDatabase.driver(uri, auth=login) as driver, driver.session() as session:
            session.run(nodes).consume()
            for row in session.run(constraints).data():
                session.run("DROP CONSTRAINT $name", name=row["name"]).consume()
            for row in session.run(indexes).data():
                session.run("DROP INDEX $name", name=row["name"]).consume()

    return empty


@pytest.fixture
def empty_graph(empty: Callable[[], None], client: GraphClient) -> GraphClient:
    """A connection to the session's Neo4j with nothing in it."""
    empty()
    return client


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show the end of the server's log with each failed test that used it."""
    report = yield
    managed = getattr(item, "funcargs", {}).get("server")
    if report.failed and isinstance(managed, ManagedServer):
        report.sections.append(("Neo4j's log", managed.log_tail(30)))
    return report
