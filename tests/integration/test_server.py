"""The managed Neo4j, for real: started, stopped, killed, cut off and taken its ports away."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import neo4j
import psutil
import pytest
import typer
from neo4j.exceptions import ClientError, TransientError
from typer.testing import CliRunner

from kg_rec.cli import build_app
from kg_rec.errors import ConnectionFailedError, ServerError
from kg_rec.graph import server_config, server_jars
from kg_rec.graph.client import GraphClient, Transaction
from kg_rec.graph.server import ManagedServer, connect
from kg_rec.graph.server_browser import browser_style
from kg_rec.graph.server_process import ServerRecord
from kg_rec.schema import GraphSchema, ItemSchema, write_schema
from kg_rec.settings import Settings, load_settings

COMMAND = (sys.executable, "-c", "from kg_rec.cli import main; main()", "neo4j")


def run(settings: Settings, *arguments: str) -> subprocess.Popen[str]:
    """Start a `kg-rec neo4j` command for the home."""
    return subprocess.Popen(
        [*COMMAND, *arguments, "--home", str(settings.home)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture(scope="module")
def own(
    tmp_path_factory: pytest.TempPathFactory, stopped_with_the_session: Callable[[ManagedServer], None]
) -> Iterator[ManagedServer]:
    """A home of its own for the tests that break the server; they start it where it should run."""
    managed = ManagedServer(load_settings(home=tmp_path_factory.mktemp("own") / "a home"))
    stopped_with_the_session(managed)
    yield managed
    managed.stop()


@pytest.fixture
def running(own: ManagedServer) -> ManagedServer:
    own.start()
    return own


def remember(managed: ManagedServer, text: str) -> None:
    with (
        neo4j.GraphDatabase.driver(str(managed.status().uri), auth=("neo4j", managed.password())) as driver,
        driver.session() as session,
    ):
        session.run("MERGE (:Note {text: $text})", text=text).consume()


def notes(managed: ManagedServer) -> list[str]:
    with (
        neo4j.GraphDatabase.driver(str(managed.status().uri), auth=("neo4j", managed.password())) as driver,
        driver.session() as session,
    ):
        return [row["text"] for row in session.run("MATCH (note:Note) RETURN note.text AS text ORDER BY text")]


class TestStart:
    def test_two_commands_at_once_start_one_server_that_outlives_them(self, own: ManagedServer) -> None:
        commands = [run(own.settings, "start") for _ in range(2)]
        answers = [command.communicate(timeout=120) for command in commands]
        assert [command.returncode for command in commands] == [0, 0], answers
        # One of them waited for the other.
        assert sum("starting Neo4j" in said for _, said in answers) == 1
        assert sum("waiting for another kg-rec" in said for _, said in answers) == 1
        assert sum("waiting for it to answer on port" in said for _, said in answers) == 1
        assert answers[0][0] == answers[1][0]  # where it is
        home = f"--home-dir={own.home}"
        assert [each.pid for each in psutil.process_iter() if home in _arguments(each)] == [own.status().pid]

        status = run(own.settings, "status", "--json")
        fields = json.loads(status.communicate(timeout=60)[0])
        assert fields["state"] == "running"
        assert fields["version"] == server_jars.NEO4J_VERSION
        with GraphClient(fields["uri"], fields["user"], Path(fields["password_file"]).read_text()) as client:
            assert client.read("server/version")[0]["version"] == fields["version"]
        with urllib.request.urlopen(f"{fields['http']}/", timeout=10) as response:
            assert json.load(response)["bolt_direct"] == fields["uri"]

    def test_the_password_is_for_its_owner_alone(self, running: ManagedServer) -> None:
        path = running.status().password_file
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert len(path.read_text()) >= 30
        assert path.read_text().split() == [path.read_text()]
        assert not [each for each in psutil.process_iter() if path.read_text() in " ".join(_arguments(each))]

    def test_without_the_password_nothing_is_answered(self, running: ManagedServer) -> None:
        with (
            neo4j.GraphDatabase.driver(str(running.status().uri)) as driver,
            pytest.raises(ClientError, match="authentication"),
        ):
            driver.verify_connectivity()

    def test_only_this_machine_can_reach_it(self, running: ManagedServer) -> None:
        status = running.status()
        listening = [
            each.laddr
            for each in psutil.Process(status.pid).net_connections("inet")
            if each.status == psutil.CONN_LISTEN
        ]
        assert {each.ip.removeprefix("::ffff:") for each in listening} == {"127.0.0.1"}
        assert {f"bolt://127.0.0.1:{each.port}" for each in listening} >= {status.uri}

    def test_neo4j_browser_is_served(self, running: ManagedServer) -> None:
        with urllib.request.urlopen(f"{running.status().http}/browser/", timeout=10) as response:
            assert "<title>Neo4j Browser</title>" in response.read().decode()

    def test_started_again_it_is_the_same(self, running: ManagedServer) -> None:
        before = running.status()
        assert running.start() == before == running.status()

    def test_a_password_that_does_not_fit_is_told(self, running: ManagedServer) -> None:
        right = running.password()
        running.password_path.write_text("not the password")
        try:
            for ask in (
                running.start,
                lambda: connect(running.settings),
                lambda: connect(running.settings, start=False),
            ):
                with pytest.raises(ServerError, match="refuses the password in") as caught:
                    ask()
                assert "into that file" in caught.value.remedy
        finally:
            running.password_path.write_text(right)

    def test_killed_it_starts_again_with_its_graph_and_its_address(
        self, running: ManagedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        remember(running, "before the kill")
        before = running.status()
        assert before.pid is not None
        os.kill(before.pid, signal.SIGKILL)
        _wait_until_gone(before.pid)
        assert running.status().state == "stopped"
        # By the time of the next start, another process has its pid.
        record = ServerRecord.read(running.home / "server.json")
        assert record is not None
        ServerRecord(record.bolt_port, record.http_port, record.version, record.token, os.getpid()).write(
            running.home / "server.json"
        )
        monkeypatch.setattr(server_config, "BOLT_PORT", server_config.any_free_port())
        monkeypatch.setattr(server_config, "HTTP_PORT", server_config.any_free_port())
        after = running.start()
        assert after.pid not in (before.pid, os.getpid())
        assert (after.uri, after.http) == (before.uri, before.http)
        assert notes(running) == ["before the kill"]

    def test_a_port_taken_in_the_last_moment_is_changed(
        self, running: ManagedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = running.status()
        assert running.stop()
        assert not running.stop()
        assert running.status().state == "stopped"
        is_free = server_config.is_free
        monkeypatch.setattr(
            server_config, "is_free", lambda port: next(answers.get(port, iter([])), None) or is_free(port)
        )
        said: list[str] = []
        # The HTTP port, which Neo4j opens last. It looks free once, and is not.
        answers = {int(str(before.http).rpartition(":")[2]): iter([True])}
        with socket.create_server(("127.0.0.1", *answers)):
            after = ManagedServer(running.settings, say=said.append).start()
        assert (after.uri, after.http != before.http) == (before.uri, True)
        assert any("another program took the port first" in sentence for sentence in said), said
        assert notes(running) == ["before the kill"]

    def test_a_wanted_port_that_is_taken_is_named(self, server: ManagedServer, tmp_path: Path) -> None:
        taken = int(str(server.status().uri).rpartition(":")[2])
        with pytest.raises(ServerError, match=f"found {taken} taken by java"):
            ManagedServer(load_settings(home=tmp_path, bolt_port=taken)).start()

    def test_without_its_password_file_it_does_not_start(self, own: ManagedServer) -> None:
        own.stop()
        kept = own.password_path.rename(own.home / "kept")
        try:
            with pytest.raises(ServerError, match="expected the password of the managed Neo4j"):
                own.start()
        finally:
            kept.rename(own.password_path)


class TestClient:
    """Transient faults on the way to the session's server."""

    @pytest.fixture
    def attempts(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The scripts that were run; the first one each time fails, as in a cluster that changes its leader."""
        run, names = Transaction.run, []

        def failing_once(self: Transaction, name: str, /, **parameters: object) -> list[dict[str, object]]:
            names.append(name)
            found = run(self, name, **parameters)
            if len(names) == 1:
                raise TransientError("the leader has changed")
            return found

        monkeypatch.setattr(Transaction, "run", failing_once)
        return names

    def test_a_read_is_tried_again(self, client: GraphClient, attempts: list[str]) -> None:
        assert client.read("server/version")[0]["edition"] == "community"
        assert attempts == ["server/version"] * 2

    def test_a_write_is_tried_again(self, empty_graph: GraphClient, attempts: list[str]) -> None:
        rows = [{"key": "A/1", "labels": ["A"], "properties": {}}]
        assert empty_graph.write("load/nodes", rows=rows) == [{"loaded": 1}]
        assert attempts == ["load/nodes"] * 2
        assert empty_graph.read("load/size") == [{"nodes": 1, "relations": 0}]

    def test_a_transaction_of_several_scripts_is_not(self, client: GraphClient, attempts: list[str]) -> None:
        with pytest.raises(ConnectionFailedError, match="the leader has changed"), client.reading() as transaction:
            transaction.run("server/version")
        assert attempts == ["server/version"]


class TestCommands:
    @pytest.fixture
    def run(self, running: ManagedServer) -> Callable[..., str]:
        def run(*arguments: str) -> str:
            result = CliRunner().invoke(build_app(), ["neo4j", *arguments, "--home", str(running.settings.home)])
            assert result.exit_code == 0, result.output
            return result.output

        return run

    @pytest.mark.parametrize("command", ["start", "status"])
    def test_where_it_is(self, run: Callable[..., str], running: ManagedServer, command: str) -> None:
        status = running.status()
        assert run(command).splitlines() == [
            f"Neo4j {status.version}  running, pid {status.pid}",
            f"bolt           {status.uri}",
            f"browser        {status.http}/browser/",
            "user           neo4j",
            f"password file  {status.password_file}",
        ]

    def test_logs(self, run: Callable[..., str]) -> None:
        assert "INFO  Started." in run("logs", "-n", "1")

    def test_browser(self, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
        opened: list[str] = []
        monkeypatch.setattr(typer, "launch", lambda address: opened.append(address) or 0)
        address = run("browser").splitlines()[0].removeprefix("address").strip()
        assert opened == []
        assert run("browser", "--open").splitlines()[0].endswith(address)
        assert opened == [address]

    def test_browser_names_the_nodes_of_a_loaded_graph(self, run: Callable[..., str], running: ManagedServer) -> None:
        schema = GraphSchema(item=ItemSchema(label="Song", id="id", title="title"), interests=())
        write_schema(schema, running.settings.schema_path, {})
        assert run("browser").splitlines()[-1] == browser_style(schema)

    def test_another_server_in_the_environment_is_pointed_out(
        self, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KG_REC_NEO4J_URI", "bolt://example.org")
        assert "the other commands use bolt://example.org" in run("start")

    def test_other_ports_than_it_runs_on_are_pointed_out(
        self, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KG_REC_BOLT_PORT", "1024")
        assert "stop it first to have it on 1024" in run("start")

    def test_connect_uses_it(self, running: ManagedServer) -> None:
        with connect(running.settings, start=False) as client:
            assert client.uri == running.status().uri


class TestDownload:
    """On a copy of the cache, where a few of the jars are missing."""

    MISSING = 40

    @pytest.fixture
    def folder(self, server: ManagedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        whole = server_jars.jars_folder()
        monkeypatch.setenv("KG_REC_CACHE", str(tmp_path))
        folder = server_jars.jars_folder()
        folder.mkdir()
        for jar in server_jars.locked_jars()[self.MISSING :]:
            (folder / jar.filename).symlink_to(whole / jar.filename)
        return folder

    def test_one_that_was_killed_is_finished_by_the_next(self, folder: Path) -> None:
        fetch = "from kg_rec.graph.server_jars import fetch_jars; print('begun', flush=True); fetch_jars()"
        with subprocess.Popen([sys.executable, "-c", fetch], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            while not list(folder.glob("*.part")) and process.poll() is None:
                time.sleep(0.001)
            process.kill()
        missing = [jar for jar in server_jars.locked_jars() if not jar.is_whole(folder)]
        assert missing  # it was cut off
        assert server_jars.fetch_jars() == len(missing)
        assert all(jar.is_whole(folder) for jar in server_jars.locked_jars())
        assert not list(folder.glob("*.part"))

    def test_two_at_once_do_not_disturb_each_other(self, folder: Path) -> None:
        fetch = "from kg_rec.graph.server_jars import fetch_jars; print(fetch_jars())"
        both = [subprocess.Popen([sys.executable, "-c", fetch], stdout=subprocess.PIPE, text=True) for _ in range(2)]
        fetched = sorted(int(each.communicate(timeout=120)[0]) for each in both)
        assert fetched == [0, self.MISSING]
        assert all(jar.is_whole(folder) for jar in server_jars.locked_jars())

    def test_a_jar_cut_short_is_fetched_before_the_start(self, folder: Path) -> None:
        server_jars.fetch_jars()
        kernel = folder / f"neo4j-kernel-{server_jars.NEO4J_VERSION}.jar"
        content = kernel.read_bytes()
        kernel.unlink()
        kernel.write_bytes(content[: len(content) // 2])
        assert server_jars.fetch_jars() == 1
        assert kernel.read_bytes() == content


class TestElsewhere:
    """The session's server, reached as any other Neo4j is."""

    @pytest.fixture
    def elsewhere(self, server: ManagedServer, tmp_path: Path) -> Settings:
        return load_settings(home=tmp_path / "unused", neo4j_uri=server.status().uri, neo4j_password=server.password())

    def test_it_is_used_and_no_other_is_started(self, elsewhere: Settings) -> None:
        with connect(elsewhere) as client:
            assert client.read("server/version")[0]["edition"] == "community"
        assert not elsewhere.home.exists()

    def test_its_database_can_be_named(self, elsewhere: Settings) -> None:
        with connect(elsewhere.model_copy(update={"neo4j_database": "neo4j"})) as client:
            assert client.database == "neo4j"
        with pytest.raises(ConnectionFailedError, match="none such"):
            connect(elsewhere.model_copy(update={"neo4j_database": "none such"}))

    def test_a_wrong_password_is_told(self, elsewhere: Settings) -> None:
        wrong = load_settings(home=elsewhere.home, neo4j_uri=elsewhere.neo4j_uri, neo4j_password="wrong")
        with pytest.raises(ConnectionFailedError, match="refuses the user 'neo4j'") as caught:
            connect(wrong)
        assert "KG_REC_NEO4J_PASSWORD" in caught.value.remedy


def test_the_fixture_empties_the_graph(server: ManagedServer, empty_graph: GraphClient) -> None:
    with (
        neo4j.GraphDatabase.driver(empty_graph.uri, auth=("neo4j", server.password())) as driver,
        driver.session() as session,
    ):
        assert session.run("MATCH (n) RETURN count(n) AS nodes").single(strict=True)["nodes"] == 0


def _arguments(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _wait_until_gone(pid: int) -> None:
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
