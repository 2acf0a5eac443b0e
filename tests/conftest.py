"""One real Neo4j for the whole test session, in a home of its own; tests never touch another server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import LiteralString

import neo4j
import pytest

from kg_rec.graph.client import GraphClient
from kg_rec.graph.server import ManagedServer, connect
from kg_rec.graph.server_config import any_free_port
from kg_rec.settings import Settings

# Whoever runs the tests may have settings of their own; only where things are found on the machine is kept.
for name in [name for name in os.environ if name.startswith("KG_REC_")]:
    if name not in {"KG_REC_CACHE", "KG_REC_JAVA", "KG_REC_CHROMIUM"}:
        del os.environ[name]
os.environ["HF_HUB_OFFLINE"] = "1"

_EMPTY: list[LiteralString] = [
    "MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS",
    "SHOW CONSTRAINTS YIELD name",
    "SHOW INDEXES YIELD name, type, owningConstraint WHERE type <> 'LOOKUP' AND owningConstraint IS NULL",
]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManagedServer]:
    """The session's Neo4j, running, in a home with a space in its name and on free ports; stopped with the session."""
    settings = Settings(
        home=tmp_path_factory.mktemp("session") / "home of tests", bolt_port=any_free_port(), http_port=any_free_port()
    )
    managed = ManagedServer(settings, say=print)
    managed.start()  # its error carries the end of the server's log
    yield managed
    managed.stop()


@pytest.fixture
def client(server: ManagedServer) -> Iterator[GraphClient]:
    """A connection to the session's Neo4j; its graph is as the test before left it."""
    with connect(server.settings) as connected:
        yield connected


@pytest.fixture
def empty_graph(server: ManagedServer, client: GraphClient) -> GraphClient:
    """A connection to the session's Neo4j with nothing in it: no nodes, no relations, no constraints, no indexes."""
    nodes, constraints, indexes = _EMPTY
    login = ("neo4j", server.password())
    with neo4j.GraphDatabase.driver(client.uri, auth=login) as driver, driver.session() as session:
        session.run(nodes).consume()
        for row in session.run(constraints).data():
            session.run("DROP CONSTRAINT $name", name=row["name"]).consume()
        for row in session.run(indexes).data():
            session.run("DROP INDEX $name", name=row["name"]).consume()
    return client


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show the end of the server's log with each failed test that used it."""
    report = yield
    managed = getattr(item, "funcargs", {}).get("server")
    if report.failed and isinstance(managed, ManagedServer):
        report.sections.append(("Neo4j's log", managed.log_tail(30)))
    return report
