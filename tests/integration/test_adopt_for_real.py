"""What cannot be tried on the session's server: processes killed in the middle of adopting, and a server that is read-only."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import LiteralString

import neo4j
import pytest

from kg_rec.graph import server_config
from kg_rec.graph.server import ManagedServer
from kg_rec.graph.server_config import any_free_port
from kg_rec.graph.server_jars import NEO4J_VERSION
from kg_rec.graph.server_process import ServerRecord
from kg_rec.settings import Settings

COMMAND = (sys.executable, "-c", "from kg_rec.cli import main; main()")
NODES = 60_000

MANY: LiteralString = """
UNWIND range(1, $nodes) AS number
CALL (number) {
  CREATE (:Book {isbn: 'isbn ' + number, title: 'Volume ' + number + ' of the Chronicle'})
} IN TRANSACTIONS OF 20000 ROWS
"""
READERS: LiteralString = """
UNWIND range(1, 40) AS number
CREATE (book:Book {isbn: 'isbn-' + number, title: 'Volume ' + number + ' of the Chronicle'})
MERGE (subject:Subject {name: ['Rivers', 'Mountains', 'Deserts', 'Islands'][number % 4]})
CREATE (book)-[:ABOUT]->(subject)
WITH collect(book) AS books
UNWIND range(1, 30) AS number
CREATE (reader:Reader {readerId: number})
WITH books, reader, number
UNWIND range(0, 39) AS place
WITH reader, number, place, books[place] AS book
WHERE place % 4 = number % 4 OR place = number
CREATE (reader)-[:RATED {stars: 1 + (number + place) % 5, at: datetime('2024-01-01T00:00:00Z') + duration({days: place})}]->(book)
"""


def environment(home: Path, server: ManagedServer) -> dict[str, str]:
    """Everything a command needs to know of a server that is somebody else's to it."""
    return {
        **os.environ,
        "KG_REC_HOME": str(home),
        "KG_REC_NEO4J_URI": str(server.status().uri),
        "KG_REC_NEO4J_PASSWORD": server.password(),
        "KG_REC_ENCODER": "hash",
    }


def run(home: Path, server: ManagedServer, *arguments: str) -> tuple[int, str]:
    """Run a command to its end; return the exit status and all it printed."""
    done = subprocess.run(
        [*COMMAND, *arguments], env=environment(home, server), capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.usefixtures("empty_graph")
def test_a_process_that_was_killed_is_finished_by_the_next(server: ManagedServer, tmp_path: Path) -> None:
    with (
        neo4j.GraphDatabase.driver(str(server.status().uri), auth=("neo4j", server.password())) as driver,
        driver.session() as session,
    ):

        def adopted() -> int:
            return int(session.run("MATCH (node:KGEntity) RETURN count(node) AS count").single(strict=True)["count"])

        def killed_in_the_middle(*arguments: str) -> int:
            """Kill a command as soon as it has adopted, or taken back, some of the nodes; return how many are adopted then."""
            before = adopted()
            with subprocess.Popen(
                [*COMMAND, *arguments],
                env=environment(tmp_path, server),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            ) as process:
                while adopted() == before and process.poll() is None:
                    time.sleep(0.005)
                process.kill()
            # What was on its way when the process died; the question itself has the word as a parameter only.
            under_way: LiteralString = "SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery CONTAINS $word RETURN 1"
            while session.run(under_way, word="KGEntity").data():
                time.sleep(0.05)
            return adopted()

        session.run(MANY, nodes=NODES).consume()
        assert run(tmp_path, server, "init")[0] == 0
        assert 0 < killed_in_the_middle("adopt") < NODES
        status, said = run(tmp_path, server, "adopt")
        assert status == 0 and "next: kg-rec train" in said, said
        (tmp_path / "model").mkdir()
        (tmp_path / "model" / "current").touch()
        assert "next: kg-rec sync" in run(tmp_path, server, "adopt")[1], "there is a model"
        keys = session.run("MATCH (node:KGEntity) WHERE node.key = 'Book/' + node.isbn RETURN count(node) AS count")
        assert keys.single(strict=True)["count"] == adopted() == NODES

        assert 0 < killed_in_the_middle("adopt", "--undo") < NODES
        status, said = run(tmp_path, server, "adopt", "--undo")
        assert status == 0, said
        assert session.run("MATCH (n) WHERE n:KGEntity OR size(keys(n)) <> 2 RETURN 1").data() == []
        assert session.run("SHOW CONSTRAINTS").data() == []
        assert run(tmp_path, server, "adopt", "--undo")[0] == 1


@pytest.fixture(scope="module")
def read_only(
    tmp_path_factory: pytest.TempPathFactory, stopped_with_the_session: Callable[[ManagedServer], None]
) -> Iterator[tuple[ManagedServer, Path]]:
    """A server whose graph was adopted, and which was then started again as read-only; and the home of who adopted it."""
    home = tmp_path_factory.mktemp("owner")
    managed = ManagedServer(Settings(home=tmp_path_factory.mktemp("read only")), say=print)
    managed.home.mkdir(mode=0o700, parents=True)
    ServerRecord(any_free_port(), any_free_port(), NEO4J_VERSION).write(managed.home / "server.json")
    stopped_with_the_session(managed)
    managed.start()
    with neo4j.GraphDatabase.driver(str(managed.status().uri), auth=("neo4j", managed.password())) as driver:
        driver.execute_query(READERS)
    for command in ("init", "adopt"):
        status, said = run(home, managed, command)
        assert status == 0, said
    managed.stop()
    with pytest.MonkeyPatch.context() as patch:
        real = server_config.configuration
        patch.setattr(
            server_config, "configuration", lambda *given: real(*given) + "server.databases.read_only=neo4j\n"
        )
        managed.start()
    yield managed, home
    managed.stop()


def test_everything_that_only_reads_works_on_a_read_only_server(
    read_only: tuple[ManagedServer, Path], tmp_path: Path
) -> None:
    managed, _ = read_only
    for arguments in (
        ["init"],
        ["export", "--output", str(tmp_path / "graph")],
        ["train"],
        ["recommend", "something about rivers", "-k", "3", "--paths"],
        ["recommend", "--user", "7", "-k", "3"],
        ["similar", "Volume 7 of the Chronicle"],
        ["similar", "--user", "7"],
        ["model", "show"],
        ["evaluate", "--quick"],
        ["interests", "7"],
        ["doctor"],
    ):
        status, said = run(tmp_path, managed, *arguments)
        assert status == 0, f"kg-rec {' '.join(arguments)}\n{said}"


def test_what_writes_says_that_it_may_not(read_only: tuple[ManagedServer, Path], tmp_path: Path) -> None:
    managed, home = read_only
    (tmp_path / "nodes").mkdir()
    (tmp_path / "nodes" / "Book.csv").write_text("id:ID(Book),title\n1,Wax and Wane\n", encoding="utf-8")
    status, said = run(home, managed, "train")
    assert status == 0, said
    for arguments in (
        ["attach", "ann", "something about rivers"],
        ["interests", "7", "--add", "Rivers"],
        ["detach", "7"],
        ["adopt"],
        ["adopt", "--undo"],
    ):
        status, said = run(home, managed, *arguments)
        assert status == 1, f"kg-rec {' '.join(arguments)}\n{said}"
        assert "Traceback" not in said
        assert "a user who may write" in said, said
    status, said = run(home, managed, "load", str(tmp_path))
    assert status == 1
    assert "Nothing was loaded" in said, said
