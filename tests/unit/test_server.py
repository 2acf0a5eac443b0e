"""The managed Neo4j without Neo4j: its files, ports, process and downloads."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest
from typer.testing import CliRunner

from kg_rec.cli import build_app
from kg_rec.errors import ConnectionFailedError, KgRecError, ServerError, SettingsError
from kg_rec.graph import server, server_config, server_jars, server_process
from kg_rec.graph.client import GraphClient, Transaction
from kg_rec.graph.server import ManagedServer, connect
from kg_rec.graph.server_browser import browser_address
from kg_rec.graph.server_java import find_java
from kg_rec.graph.server_process import ServerRecord
from kg_rec.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "a home")


@pytest.fixture
def listening() -> Iterator[int]:
    """A port that is taken."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield int(taken.getsockname()[1])


def executable(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def sleeper(*arguments: str) -> psutil.Process:
    """A process that does nothing, with `arguments` in its command line."""
    process = psutil.Popen([sys.executable, "-c", "import time; time.sleep(60)", *arguments])
    wait_for_arguments(process)
    return process


def wait_for_arguments(process: psutil.Process) -> None:
    """Wait until the operating system tells a new process's arguments, a moment after it has started."""
    while not process.cmdline():
        time.sleep(0.001)


class TestStatus:
    def test_a_home_without_a_server_is_stopped_and_left_as_it_is(self, settings: Settings) -> None:
        found = ManagedServer(settings).status()
        assert (found.state, found.pid, found.uri, found.http) == ("stopped", None, None, None)
        assert not settings.home.exists()

    def test_as_json_it_has_the_promised_fields(self, settings: Settings) -> None:
        fields = json.loads(ManagedServer(settings).status().as_json())
        assert fields == {
            "state": "stopped",
            "version": server_jars.NEO4J_VERSION,
            "pid": None,
            "uri": None,
            "http": None,
            "user": "neo4j",
            "password_file": str(settings.server_home / "password"),
        }

    @pytest.mark.parametrize(
        ("asked", "last", "found"),
        [
            (None, None, "5.26.30"),
            ("5", None, "5.26.30"),
            ("2026", None, "2026.08.1"),
            ("2026.08.1", "5.26.30", "2026.08.1"),
            (None, "2026.08.1", "2026.08.1"),
            (None, "2026.01.3", "2026.08.1"),
            (None, "5.26.1", "5.26.30"),
            (None, "4.4.1", "5.26.30"),
        ],
    )
    def test_the_version_is_the_one_asked_for_or_that_of_the_last_start(
        self, settings: Settings, asked: str | None, last: str | None, found: str
    ) -> None:
        settings.server_home.mkdir(parents=True)
        if last:
            ServerRecord(7687, 7474, last).write(settings.server_home / "server.json")
        assert ManagedServer(settings.model_copy(update={"neo4j_version": asked})).status().version == found

    @pytest.mark.parametrize("asked", ["4.4", "5.2", "2026.08.11", "new", "5.26.30.1"])
    def test_a_version_that_cannot_be_managed_is_refused(self, settings: Settings, asked: str) -> None:
        managed = ManagedServer(settings.model_copy(update={"neo4j_version": asked}))
        with pytest.raises(SettingsError, match=rf"expected 5.26.30 or 2026.08.1, .*found '{asked}'"):
            managed.start()

    def test_a_graph_of_a_newer_version_is_left_alone(self, settings: Settings) -> None:
        (settings.server_home / "data" / "databases").mkdir(parents=True)
        ServerRecord(7687, 7474, "2026.08.1").write(settings.server_home / "server.json")
        managed = ManagedServer(settings.model_copy(update={"neo4j_version": "5.26"}))
        with pytest.raises(ServerError, match=r"expected a graph that Neo4j 5.26.30 can read, found one of 2026.08.1"):
            managed.start()

    def test_a_stale_pid_is_no_server(self, settings: Settings) -> None:
        settings.server_home.mkdir(parents=True)
        gone = sleeper()
        gone.kill()
        gone.wait()
        ServerRecord(7687, 7474, "5.26.30", "token", gone.pid).write(settings.server_home / "server.json")
        assert ManagedServer(settings).status().state == "stopped"

    def test_another_process_with_the_same_pid_is_no_server_and_is_not_stopped(self, settings: Settings) -> None:
        settings.server_home.mkdir(parents=True)
        other = sleeper()
        try:
            ServerRecord(7687, 7474, "5.26.30", "token", other.pid).write(settings.server_home / "server.json")
            managed = ManagedServer(settings)
            assert managed.status().state == "stopped"
            assert not managed.stop()
            assert other.is_running()
        finally:
            other.kill()
            other.wait()

    def test_a_process_that_does_not_answer_yet_is_starting(self, settings: Settings) -> None:
        settings.server_home.mkdir(parents=True)
        record = ServerRecord(server_config.any_free_port(), 7474, "5.26.30").starting()
        process = sleeper(record.mark)
        try:
            # The pid is missing, as when whoever started it was killed before writing it down.
            record.write(settings.server_home / "server.json")
            found = ManagedServer(settings).status()
            assert (found.state, found.pid) == ("starting", process.pid)
        finally:
            process.kill()
            process.wait()

    def test_another_server_on_its_port_does_not_make_it_running(self, settings: Settings) -> None:
        def speak_bolt() -> None:
            with contextlib.suppress(OSError):  # until the socket is closed
                while True:
                    connection, _ = other.accept()
                    with connection:
                        connection.recv(20)
                        connection.sendall(b"\0\0\4\5")

        settings.server_home.mkdir(parents=True)
        with socket.create_server(("127.0.0.1", 0)) as other:
            threading.Thread(target=speak_bolt, daemon=True).start()
            record = ServerRecord(other.getsockname()[1], 7474, "5.26.30").starting()
            process = sleeper(record.mark)
            try:
                assert server_process.answers(psutil.Process(), replace(record, http_port=record.bolt_port))
                assert not server_process.answers(psutil.Process(), record)  # nobody on the other port
                record.write(settings.server_home / "server.json")
                assert ManagedServer(settings).status().state == "starting"
            finally:
                process.kill()
                process.wait()

    @pytest.mark.parametrize("content", ["", "{", "[]", '{"bolt_port": 1}', "\x00"])
    def test_a_damaged_record_counts_as_none(self, tmp_path: Path, content: str) -> None:
        path = tmp_path / "server.json"
        path.write_text(content)
        assert ServerRecord.read(path) is None

    def test_a_record_with_more_in_it_than_is_known_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "server.json"
        path.write_text('{"bolt_port": 1, "http_port": 2, "version": "9", "of a later version": true}')
        assert ServerRecord.read(path) == ServerRecord(1, 2, "9")


class TestProcess:
    def test_one_that_does_not_end_when_asked_is_killed(self) -> None:
        stubborn = (
            "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
        )
        with subprocess.Popen([sys.executable, "-c", stubborn], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            assert not server_process.end(psutil.Process(process.pid), limit=0.3)
            assert not psutil.pid_exists(process.pid)

    def test_one_that_has_ended_is_not_alive_before_it_was_waited_for(self) -> None:
        with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.read()
            seen = psutil.Process(process.pid)
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            assert not server_process.is_alive(seen)

    def test_a_detached_one_is_in_a_session_of_its_own(self, tmp_path: Path) -> None:
        process = server_process.start_detached(
            [sys.executable, "-c", "import os; print(os.getsid(0), os.getcwd(), flush=True)"],
            tmp_path,
            tmp_path / "out",
        )
        assert process.wait(timeout=30) == 0
        session, folder = (tmp_path / "out").read_text().split(maxsplit=1)
        assert int(session) == process.pid
        assert Path(folder.strip()) == tmp_path.resolve()


class TestPorts:
    def test_a_wanted_port_that_is_taken_is_named_with_its_owner(self, listening: int) -> None:
        with pytest.raises(ServerError) as caught:
            server_config.choose_port("KG_REC_BOLT_PORT", listening, None, 7687, print)
        assert f"KG_REC_BOLT_PORT: expected a free port, found {listening} taken by" in str(caught.value)
        assert f"pid {os.getpid()}" in str(caught.value)

    def test_the_last_port_is_taken_again(self) -> None:
        last = server_config.any_free_port()
        assert server_config.choose_port("", None, last, 7687, pytest.fail) == last

    def test_the_usual_port_is_taken_the_first_time(self) -> None:
        usual = server_config.any_free_port()
        assert server_config.choose_port("", None, None, usual, pytest.fail) == usual

    def test_a_free_port_is_taken_and_told_when_the_usual_one_is_taken(self, listening: int) -> None:
        said: list[str] = []
        port = server_config.choose_port("", None, None, listening, said.append)
        assert port != listening
        assert server_config.is_free(port)
        assert said[0].startswith(f"port {listening} is taken by ")
        assert said[0].endswith(f"; taking {port}")

    def test_the_usual_port_comes_before_any_free_one(self, listening: int) -> None:
        usual = server_config.any_free_port()
        assert server_config.choose_port("", None, listening, usual, lambda _: None) == usual

    def test_the_ports_of_both_protocols_differ(self, monkeypatch: pytest.MonkeyPatch) -> None:
        said: list[str] = []
        usual = server_config.any_free_port()
        offered = iter([usual, usual, usual + 1])
        monkeypatch.setattr(server_config, "any_free_port", lambda: next(offered))
        assert server_config.choose_port("", None, None, usual, said.append, other=usual) == usual + 1
        assert said == [f"port {usual} is taken by Neo4j's other protocol; taking {usual + 1}"]
        with pytest.raises(ServerError, match="KG_REC_HTTP_PORT: expected a port of its own, found 7474"):
            server_config.choose_port("KG_REC_HTTP_PORT", 7474, None, 7474, print, other=7474)

    def test_a_port_that_was_closed_a_moment_ago_is_free(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            with socket.create_connection(("127.0.0.1", port)) as there, listener.accept()[0] as here:
                here.close()  # leaves the server's side waiting in TIME_WAIT
                there.recv(1)
        assert server_config.is_free(port)


class TestConfiguration:
    @pytest.mark.parametrize(
        ("gib", "heap", "page_cache"), [(1, 512, 128), (8, 1024, 512), (24, 3072, 1536), (512, 4096, 4096)]
    )
    def test_memory_follows_the_machine(self, gib: int, heap: int, page_cache: int) -> None:
        assert server_config.heap_size(gib << 30) == heap
        assert server_config.page_cache_size(gib << 30) == page_cache

    def test_the_limit_of_a_control_group_counts(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(server_config, "_CONTROL_GROUP_LIMIT", tmp_path / "memory.max")
        whole = server_config.machine_memory()
        (tmp_path / "memory.max").write_text("max\n")
        assert server_config.machine_memory() == whole
        (tmp_path / "memory.max").write_text("1073741824\n")
        assert server_config.machine_memory() == 1 << 30

    def test_it_listens_on_this_machine_alone_and_sends_nothing(self) -> None:
        lines = server_config.configuration(17687, 17474, 8 << 30).splitlines()
        addresses = [line.partition("=")[2] for line in lines if "_address=" in line]
        assert len(addresses) == 6
        assert {address.partition(":")[0] for address in addresses} == {"127.0.0.1"}
        assert {"dbms.usage_report.enabled=false", "client.allow_telemetry=false"} <= set(lines)


class TestJava:
    def test_the_one_that_pip_brings_is_used_by_default(self) -> None:
        run = subprocess.run([find_java(None), "-version"], capture_output=True, text=True, check=True)
        assert 'version "21' in run.stderr

    @pytest.mark.parametrize("version", ["17.0.9", "21", "25.0.1", "26-ea"])
    def test_a_new_enough_one_is_used(self, tmp_path: Path, version: str) -> None:
        java = executable(tmp_path / "java", f"""echo 'openjdk version "{version}" 2025-01-01' >&2""")
        assert find_java(java) == java

    @pytest.mark.parametrize(("version", "major"), [("1.8.0_292", 8), ("11.0.2", 11)])
    def test_one_that_is_too_old_is_refused(self, tmp_path: Path, version: str, major: int) -> None:
        java = executable(tmp_path / "java", f"""echo 'java version "{version}"' >&2""")
        with pytest.raises(ServerError, match=rf"java: expected Java 17 or newer, found Java {major}"):
            find_java(java)

    def test_a_newer_neo4j_wants_a_newer_one(self, settings: Settings, tmp_path: Path) -> None:
        java = executable(tmp_path / "java", """echo 'openjdk version "17.0.9"' >&2""")
        managed = ManagedServer(settings.model_copy(update={"neo4j_version": "2026", "java": java}))
        with pytest.raises(ServerError, match="expected Java 21 or newer, found Java 17"):
            managed.start()

    @pytest.mark.parametrize("script", ["exit 3", "echo hello", """echo 'version "21"'; exit 1"""])
    def test_what_is_no_java_is_refused(self, tmp_path: Path, script: str) -> None:
        with pytest.raises(ServerError, match="expected a java executable"):
            find_java(executable(tmp_path / "java", script))

    def test_a_missing_one_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ServerError, match="cannot run it"):
            find_java(tmp_path / "none")

    def test_a_text_that_cannot_be_run_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "java").write_text("hello")
        with pytest.raises(ServerError, match="cannot run it"):
            find_java(tmp_path / "java")


class TestStart:
    """With a Java that only pretends."""

    @pytest.fixture
    def no_jars(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(server, "fetch_jars", lambda progress, release: 0)

    def with_java(self, settings: Settings, tmp_path: Path, script: str) -> ManagedServer:
        answer = """[ "$1" = -version ] && { echo 'openjdk version "21"' >&2; exit 0; }"""
        java = executable(tmp_path / "java", f"{answer}\n{script}")
        return ManagedServer(settings.model_copy(update={"java": java, "bolt_port": None, "http_port": None}))

    @pytest.mark.usefixtures("no_jars")
    def test_one_that_ends_at_once_shows_what_it_printed(self, settings: Settings, tmp_path: Path) -> None:
        (settings.server_home / "data" / "databases" / "system").mkdir(parents=True)
        (settings.server_home / "password").write_text("secret")
        managed = self.with_java(settings, tmp_path, "echo 'Error: no memory'; exit 7")
        with pytest.raises(ServerError) as caught:
            managed.start()
        assert "Neo4j ended while it started (exit status 7)" in str(caught.value)
        assert "console.log:\n  Error: no memory" in str(caught.value)
        assert managed.status().state == "stopped"

    @pytest.mark.usefixtures("no_jars")
    @pytest.mark.parametrize("which", ["bolt_port", "http_port"])
    def test_one_whose_port_was_taken_meanwhile_is_started_on_another(
        self, settings: Settings, tmp_path: Path, listening: int, monkeypatch: pytest.MonkeyPatch, which: str
    ) -> None:
        (settings.server_home / "data" / "databases" / "system").mkdir(parents=True)
        (settings.server_home / "password").write_text("secret")
        last = ServerRecord(server_config.any_free_port(), server_config.any_free_port(), "5.26.30")
        replace(last, **{which: listening}).write(settings.server_home / "server.json")
        is_free = server_config.is_free
        answers = iter([True])  # it looks free once, and is not
        monkeypatch.setattr(
            server_config, "is_free", lambda port: (port == listening and next(answers, None)) or is_free(port)
        )
        managed = self.with_java(settings, tmp_path, "exit 1")
        said: list[str] = []
        managed._say = said.append
        with pytest.raises(ServerError, match="ended while it started"):
            managed.start()  # the second time for another reason
        assert "another program took the port first" in said
        assert [sentence.startswith("starting Neo4j") for sentence in said].count(True) == 2
        record = ServerRecord.read(settings.server_home / "server.json")
        assert record is not None
        assert getattr(record, which) != listening

    @pytest.mark.usefixtures("no_jars")
    @pytest.mark.parametrize(("given", "usual"), [("bolt_port", "HTTP_PORT"), ("http_port", "BOLT_PORT")])
    def test_a_port_that_is_given_to_one_protocol_is_not_taken_for_the_other(
        self, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, usual: str
    ) -> None:
        (settings.server_home / "data" / "databases" / "system").mkdir(parents=True)
        (settings.server_home / "password").write_text("secret")
        port = server_config.any_free_port()
        monkeypatch.setattr(server_config, usual, port)
        managed = self.with_java(settings, tmp_path, "exit 1")
        managed.settings = managed.settings.model_copy(update={given: port})
        with pytest.raises(ServerError, match="ended while it started"):
            managed.start()
        record = ServerRecord.read(settings.server_home / "server.json")
        assert record is not None
        assert getattr(record, given) == port
        assert record.bolt_port != record.http_port

    @pytest.mark.usefixtures("no_jars")
    def test_one_that_does_not_answer_is_given_up(
        self, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (settings.server_home / "data" / "databases" / "system").mkdir(parents=True)
        (settings.server_home / "password").write_text("secret")
        monkeypatch.setattr(server, "START_LIMIT", 0.5)
        managed = self.with_java(settings, tmp_path, """while :; do sleep 1; done; : "$@" """)
        try:
            with pytest.raises(ServerError, match="has not answered on port") as caught:
                managed.start()
            assert "kg-rec neo4j stop" in caught.value.remedy
            assert managed.status().state == "starting"
        finally:
            assert managed.stop()
        assert managed.status().state == "stopped"

    @pytest.mark.usefixtures("no_jars")
    def test_a_password_that_cannot_be_set_is_told(self, settings: Settings, tmp_path: Path) -> None:
        managed = self.with_java(settings, tmp_path, "echo broken >&2; exit 1")
        with pytest.raises(ServerError, match=r"failed with status 1:\nbroken"):
            managed.start()
        assert not list(settings.server_home.glob("initial-password*"))

    @pytest.mark.usefixtures("no_jars")
    def test_the_password_is_in_no_command_line(self, settings: Settings, tmp_path: Path) -> None:
        managed = self.with_java(settings, tmp_path, f"""echo "$@" >> '{tmp_path}/calls'; exit 0""")
        with pytest.raises(ServerError):
            managed.start()
        calls = (tmp_path / "calls").read_text()
        assert "AdminTool" in calls
        assert "CommunityEntryPoint" in calls
        assert managed.password() not in calls

    @pytest.mark.usefixtures("no_jars")
    def test_a_lost_password_is_told_before_anything_starts(self, settings: Settings, tmp_path: Path) -> None:
        (settings.server_home / "data" / "databases" / "system").mkdir(parents=True)
        managed = self.with_java(settings, tmp_path, "exit 9")
        with pytest.raises(ServerError, match="expected the password of the managed Neo4j"):
            managed.start()

    def test_a_home_that_cannot_be_written_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(ServerError, match="expected a folder that can be written to"):
            ManagedServer(load_settings(home=tmp_path / "file")).start()

    def test_secrets_are_never_open_to_others(self, tmp_path: Path) -> None:
        before = os.umask(0)
        try:
            server._write_secret(tmp_path / "password", "secret")
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / "password").stat().st_mode) == 0o600
        assert [path.name for path in tmp_path.iterdir()] == ["password"]


class Repository:
    """A Maven repository on this machine that can misbehave: `answers` maps a file name to its successive contents."""

    def __init__(self) -> None:
        self.answers: dict[str, list[bytes | int]] = {}
        self.asked: list[str] = []
        repository = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.rpartition("/")[2]
                repository.asked.append(self.path)
                answers = repository.answers[name]
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
                if isinstance(answer, int):
                    self.send_error(answer)
                    return
                self.send_response(200)
                # The whole length is announced, whatever is sent: a connection that breaks off.
                self.send_header("Content-Length", str(len(repository.whole(name))))
                self.end_headers()
                self.wfile.write(answer)
                self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def whole(self, name: str) -> bytes:
        last = self.answers[name][-1]
        return last if isinstance(last, bytes) else b""


class TestJars:
    ONE, TWO = b"first jar " * 10_000, b"second jar " * 10_000

    @pytest.fixture
    def repository(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
        from jgo.maven import MavenContext

        repository = Repository()
        repository.answers = {"one-1.0.jar": [self.ONE], "two-2.0-linux.jar": [self.TWO]}
        jars = [
            server_jars.Jar("org.example:one:1.0", len(self.ONE), hashlib.sha256(self.ONE).hexdigest()),
            server_jars.Jar("org.example.deep:two:2.0:linux", len(self.TWO), hashlib.sha256(self.TWO).hexdigest()),
        ]
        context = MavenContext(remote_repos={"here": repository.address})
        monkeypatch.setenv("KG_REC_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setattr(server_jars, "locked_jars", lambda release: jars)
        monkeypatch.setattr(server_jars, "_maven", lambda: context)
        monkeypatch.setattr(server_jars, "_PAUSES", (0.0, 0.0))
        yield repository
        repository.server.shutdown()
        repository.server.server_close()

    def contents(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in server_jars.jars_folder().glob("*.jar")}

    def test_they_are_fetched_once(self, repository: Repository) -> None:
        assert server_jars.fetch_jars() == 2
        assert self.contents() == {"one-1.0.jar": self.ONE, "two-2.0-linux.jar": self.TWO}
        assert sorted(repository.asked) == [
            "/org/example/deep/two/2.0/two-2.0-linux.jar",
            "/org/example/one/1.0/one-1.0.jar",
        ]
        assert server_jars.fetch_jars() == 0
        assert len(repository.asked) == 2

    @pytest.mark.parametrize("damage", [b"", b"first", b"X" * 100_000, None])
    def test_one_that_is_not_whole_is_fetched_again(self, repository: Repository, damage: bytes | None) -> None:
        server_jars.fetch_jars()
        path = server_jars.jars_folder() / "one-1.0.jar"
        path.unlink()
        if damage is not None:
            assert len(damage) in (0, 5, len(self.ONE))
            path.write_bytes(damage)
        assert server_jars.fetch_jars() == 1
        assert self.contents()["one-1.0.jar"] == self.ONE
        assert len(repository.asked) == 3

    def test_a_connection_that_breaks_off_is_tried_again(self, repository: Repository) -> None:
        repository.answers["one-1.0.jar"] = [self.ONE[:50_000], 503, self.ONE]
        assert server_jars.fetch_jars() == 2
        assert self.contents()["one-1.0.jar"] == self.ONE

    def test_one_that_always_breaks_off_is_never_taken_for_whole(self, repository: Repository) -> None:
        repository.answers["one-1.0.jar"] = [self.ONE[:50_000], self.ONE[:60_000], self.ONE[:70_000], self.ONE]
        with pytest.raises(ServerError, match=r"could not be downloaded: one-1.0.jar"):
            server_jars.fetch_jars()
        assert "one-1.0.jar" not in self.contents()
        assert server_jars.fetch_jars() >= 1  # and the next start goes on from there
        assert self.contents() == {"one-1.0.jar": self.ONE, "two-2.0-linux.jar": self.TWO}

    def test_other_content_is_refused(self, repository: Repository) -> None:
        repository.answers["one-1.0.jar"] = [self.ONE[::-1]]
        with pytest.raises(ServerError, match="with SHA-256 "):
            server_jars.fetch_jars()
        assert "one-1.0.jar" not in self.contents()

    def test_without_a_network_the_error_says_so(self, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
        from jgo.maven import MavenContext

        nobody = f"http://127.0.0.1:{server_config.any_free_port()}"
        monkeypatch.setattr(server_jars, "_maven", lambda: MavenContext(remote_repos={"nobody": nobody}))
        with pytest.raises(ServerError) as caught:
            server_jars.fetch_jars()
        assert nobody in caught.value.message
        assert "Check the network" in caught.value.remedy

    def test_the_second_repository_is_asked_when_the_first_has_none(
        self, repository: Repository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from jgo.maven import MavenContext

        nobody = f"http://127.0.0.1:{server_config.any_free_port()}"
        both = MavenContext(remote_repos={"nobody": nobody, "here": repository.address})
        monkeypatch.setattr(server_jars, "_maven", lambda: both)
        assert server_jars.fetch_jars() == 2

    def test_a_cache_that_cannot_be_written_is_told(
        self, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("KG_REC_CACHE", str(tmp_path / "file"))
        with pytest.raises(ServerError, match="Neo4j's files cannot be written") as caught:
            server_jars.fetch_jars()
        assert "KG_REC_CACHE" in caught.value.remedy

    def test_the_progress_ends_where_it_said(self, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
        class Step:
            total, done = 0, 0

            def step(self, name: str, total: int, unit: str) -> Step:
                self.total = total
                return self

            def advance(self, amount: int = 1) -> None:
                self.done += amount

        monkeypatch.setattr(server_jars, "_MB", 1000)
        repository.answers["one-1.0.jar"] = [self.ONE[:90_000], self.ONE]
        step = Step()
        server_jars.fetch_jars(step)
        assert step.done == step.total == (len(self.ONE) + len(self.TWO)) // 1000


def test_the_list_of_jars_is_what_jgo_resolves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from jgo.maven import MavenContext

    def publish(name: str, version: str, depends: str = "") -> bytes:
        folder = tmp_path / "maven" / "org" / "example" / name / version
        folder.mkdir(parents=True)
        (folder / f"{name}-{version}.pom").write_text(
            f"""<project><modelVersion>4.0.0</modelVersion><groupId>org.example</groupId><artifactId>{name}</artifactId>
            <version>{version}</version><dependencies>{depends}</dependencies></project>"""
        )
        content = f"jar of {name}".encode()
        (folder / f"{name}-{version}.jar").write_bytes(content)
        return content

    def depend(name: str, scope: str) -> str:
        return f"""<dependency><groupId>org.example</groupId><artifactId>{name}</artifactId><version>2</version>
        <scope>{scope}</scope></dependency>"""

    contents = {
        "org.example:deep:2": publish("deep", "2"),
        "org.example:server:1": publish("server", "1", depend("deep", "runtime") + depend("tests", "test")),
    }
    publish("tests", "2")
    monkeypatch.setattr(server_jars.Release, "coordinates", ("org.example:server:1",))
    monkeypatch.setattr(server_jars, "_maven", lambda cache: MavenContext(repo_cache=cache, offline=True))
    server_jars.write_lock(tmp_path / "maven", tmp_path / "lock", server_jars.LONG_TERM)
    first, _, *lines = (tmp_path / "lock").read_text().splitlines()
    assert first == "# org.example:server:1"
    assert lines == [
        f"{hashlib.sha256(content).hexdigest()} {len(content)} {coordinate}" for coordinate, content in contents.items()
    ]


@pytest.mark.parametrize("release", server_jars.RELEASES, ids=lambda release: release.version)
def test_the_list_of_jars_is_of_the_versions_named(release: server_jars.Release) -> None:
    jars = server_jars.locked_jars(release)
    assert set(release.coordinates) <= {jar.coordinate for jar in jars}
    assert len({jar.filename for jar in jars}) == len(jars) > 200
    assert all(len(jar.sha256) == 64 and jar.size > 0 for jar in jars)


def test_the_compose_file_runs_the_same_version() -> None:
    compose = Path(__file__).parents[2] / "docker-compose.yml"
    assert f"image: neo4j:{server_jars.NEO4J_VERSION}-community" in compose.read_text()


class TestBrowser:
    def test_the_address_leaves_only_the_password_to_type(self, tmp_path: Path) -> None:
        status = server.ServerStatus(
            "running", "5.26.30", 1, "bolt://127.0.0.1:17687", "http://127.0.0.1:17474", "neo4j", tmp_path
        )
        expected = "http://127.0.0.1:17474/browser/?connectURL=bolt://neo4j@127.0.0.1:17687"
        assert browser_address(status) == expected


class TestConnect:
    def test_another_server_needs_a_password(self, settings: Settings) -> None:
        elsewhere = settings.model_copy(update={"neo4j_uri": "bolt://127.0.0.1:7687"})
        with pytest.raises(ConnectionFailedError, match="expected a password for the user 'neo4j', found none"):
            connect(elsewhere)

    def test_nobody_there(self, tmp_path: Path) -> None:
        uri = f"bolt://127.0.0.1:{server_config.any_free_port()}"
        with pytest.raises(ConnectionFailedError, match=f"No Neo4j answers at {uri}"):
            connect(load_settings(home=tmp_path, neo4j_uri=uri, neo4j_password="secret"))

    @pytest.mark.parametrize("uri", ["127.0.0.1", "ftp://127.0.0.1", "bolt://"])
    def test_what_is_no_address_is_refused(self, tmp_path: Path, uri: str) -> None:
        with pytest.raises(ConnectionFailedError, match=uri):
            connect(load_settings(home=tmp_path, neo4j_uri=uri, neo4j_password="secret"))

    @pytest.mark.parametrize(
        ("version", "good"),
        [("4.4.30", False), ("5.25.1", False), ("5.26.0", True), ("5.27-aura", True), ("2026.08.1", True)],
    )
    def test_an_old_server_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, good: bool
    ) -> None:
        closed: list[bool] = []
        monkeypatch.setattr(GraphClient, "__init__", lambda self, *_, **__: None)
        monkeypatch.setattr(GraphClient, "read", lambda self, name: [{"version": version, "edition": "community"}])
        monkeypatch.setattr(GraphClient, "close", lambda self: closed.append(True))
        elsewhere = load_settings(home=tmp_path, neo4j_uri="bolt://127.0.0.1:1", neo4j_password="secret")
        if good:
            connect(elsewhere)
        else:
            with pytest.raises(ConnectionFailedError, match=f"expected Neo4j 5.26 or newer, found {version}"):
                connect(elsewhere)
        assert closed == ([] if good else [True])

    @pytest.mark.parametrize("start", [True, False])
    def test_the_managed_one_is_waited_for_until_its_database_opens(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch, start: bool
    ) -> None:
        settings.server_home.mkdir(parents=True)
        (settings.server_home / "password").write_text("secret")
        process = sleeper("-Dkg_rec.token=token")
        ServerRecord(7687, 7474, "5.26.30", "token", process.pid).write(settings.server_home / "server.json")
        opening = [ConnectionFailedError("the database is not there yet")] * 2
        asked: list[str] = []

        def run(self: Transaction, name: str) -> list[object]:
            asked.append(name)
            if opening:
                raise opening.pop()
            return []

        # Both ports are open, and Bolt shakes hands.
        monkeypatch.setattr(server, "answers", lambda process, record: True)
        monkeypatch.setattr(GraphClient, "__init__", lambda self, *_, **__: None)
        unused: Any = None  # `run` below never reaches the transaction of the driver
        monkeypatch.setattr(GraphClient, "reading", lambda self: contextlib.nullcontext(Transaction(unused)))
        monkeypatch.setattr(GraphClient, "close", lambda self: None)
        monkeypatch.setattr(Transaction, "run", run)
        try:
            connect(settings, start=start)
        finally:
            process.kill()
            process.wait()
        assert asked == ["server/version"] * 3

    def test_one_that_ends_while_it_is_waited_for_is_told(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.server_home.mkdir(parents=True)
        command = [sys.executable, "-c", "import time; time.sleep(60)", "-Dkg_rec.token=token"]
        process = server_process.start_detached(command, settings.home, settings.home / "output")
        wait_for_arguments(process)
        ServerRecord(7687, 7474, "5.26.30", "token", process.pid).write(settings.server_home / "server.json")
        monkeypatch.setattr(server, "answers", lambda process, _: bool(process.kill()))
        with pytest.raises(ServerError, match="ended while it started") as caught:
            connect(settings, start=False)
        assert "kg-rec neo4j start" in caught.value.remedy

    def test_the_managed_one_is_not_started_when_that_is_not_wanted(self, settings: Settings) -> None:
        with pytest.raises(ConnectionFailedError, match="does not run") as caught:
            connect(settings, start=False)
        assert "kg-rec neo4j start" in caught.value.remedy
        assert not settings.home.exists()


class TestCommands:
    @pytest.fixture
    def run(self, settings: Settings) -> Callable[..., str]:
        def run(*arguments: str) -> str:
            result = CliRunner().invoke(build_app(), ["neo4j", *arguments, "--home", str(settings.home)])
            if isinstance(result.exception, KgRecError):
                raise result.exception
            assert result.exit_code == 0, result.output
            return result.output

        return run

    def test_status(self, run: Callable[..., str]) -> None:
        assert "stopped" in run("status")
        assert json.loads(run("status", "--json"))["state"] == "stopped"

    def test_stop_without_a_server_is_no_error(self, run: Callable[..., str], settings: Settings) -> None:
        assert "it does not run" in run("stop")
        assert not settings.home.exists()

    def test_logs_without_a_log(self, run: Callable[..., str]) -> None:
        assert "There is no log in" in run("logs")

    def test_logs(self, run: Callable[..., str], settings: Settings) -> None:
        folder = settings.server_home / "logs"
        folder.mkdir(parents=True)
        (folder / "neo4j.log").write_text("first\nsecond\nthird\n")
        (folder / "console.log").write_text("\n")
        assert run("logs", "-n", "2").splitlines() == [f"{folder / 'neo4j.log'}:", "  second", "  third"]

    def test_logs_can_be_followed(self, settings: Settings, tmp_path: Path) -> None:
        log, shown = settings.server_home / "logs" / "neo4j.log", tmp_path / "shown"
        log.parent.mkdir(parents=True)
        log.write_text("before\n")
        # A shell that runs the tests in the background has them ignore Ctrl-C, and children inherit that.
        program = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from kg_rec.cli import main; main()"
        command = [sys.executable, "-uc", program, "neo4j", "logs", "-f"]
        with (
            shown.open("w") as output,
            subprocess.Popen([*command, "--home", str(settings.home)], stdout=output) as process,
        ):

            def wait_for(line: str, write: Callable[[], object]) -> None:
                while line not in shown.read_text().splitlines():
                    assert process.poll() is None
                    write()
                    time.sleep(0.1)

            def append() -> None:
                with log.open("a") as file:
                    file.write("after\n")

            wait_for("  before", lambda: None)
            wait_for("after", append)
            wait_for("new", lambda: log.write_text("new\n"))  # a new log was begun
            process.send_signal(signal.SIGINT)
            try:
                assert process.wait(timeout=30) == 0
            finally:
                process.kill()
