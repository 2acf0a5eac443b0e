"""The managed Neo4j: a real server, one a home, that kg-rec fetches, starts and stops by itself."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from filelock import FileLock, Timeout

from kg_rec.errors import ConnectionFailedError, ServerError
from kg_rec.graph import server_config
from kg_rec.graph.server_jars import LONG_TERM, RELEASES, Release, fetch_jars, jars_folder, release_of
from kg_rec.graph.server_java import find_java
from kg_rec.graph.server_process import LOOPBACK, ServerRecord, answers, end, is_alive, start_detached
from kg_rec.progress import SILENT, Progress

if TYPE_CHECKING:
    from kg_rec.graph.client import GraphClient
    from kg_rec.settings import Settings

USER = "neo4j"
OLDEST_NEO4J = (5, 26)
"""The oldest Neo4j with the dynamic labels and types that the scripts need."""

START_LIMIT = 180.0
"""Seconds to wait for the first answer. A graph of this machine's size recovers in a few after a kill."""
STOP_LIMIT = 60.0
"""Seconds after which a server that was asked to stop is killed."""
_LAUNCHES = 3

_OPENED = ("java.base/java.nio", "java.base/java.io", "java.base/sun.nio.ch", "java.base/java.lang")

Say = Callable[[str], None]


def _silent(_: str) -> None:
    pass


class _DiedError(Exception):
    """The server's process ended while it was waited for."""


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What is known of the managed Neo4j. `pid`, `uri` and `http` are None while it is stopped."""

    state: str
    """"running" when it answers, "starting" when its process lives but does not answer yet, else "stopped"."""
    version: str
    pid: int | None
    uri: str | None
    """Where Bolt answers, as `bolt://127.0.0.1:7687`."""
    http: str | None
    """Where HTTP answers, as `http://127.0.0.1:7474`; Neo4j Browser is under `/browser/`."""
    user: str
    password_file: Path
    """File that holds the password and nothing else."""

    def as_json(self) -> str:
        """Return it as one JSON object."""
        return json.dumps({**asdict(self), "password_file": str(self.password_file)}, indent=2)


class ManagedServer:
    """The Neo4j of one home. It runs on after this process has ended, until it is stopped.

    `say` is told what is being done and waited for, one sentence a call; `progress` shows the download.
    """

    def __init__(self, settings: Settings, *, say: Say = _silent, progress: Progress = SILENT) -> None:
        self.settings = settings
        self.home = settings.server_home
        self.password_path = self.home / "password"
        self.log_path = self.home / "logs" / "neo4j.log"
        self.console_path = self.home / "logs" / "console.log"
        """What the process printed: what Java itself complains of, before Neo4j has a log."""
        self._record_path = self.home / "server.json"
        self._conf = self.home / "conf"
        self._say = say
        self._progress = progress

    @property
    def release(self) -> Release:
        """The Neo4j that is run, or would be if it were started. Raises SettingsError for one that cannot be managed."""
        return self._release(self._current()[0])

    def status(self) -> ServerStatus:
        """Tell how the server is. Nothing is changed."""
        record, process = self._current()
        if record is None or process is None:
            return ServerStatus("stopped", self._release(record).version, None, None, None, USER, self.password_path)
        return self._status("running" if answers(process, record) else "starting", record, process)

    def start(self) -> ServerStatus:
        """Start the server unless it runs, and return when it takes queries.

        Raises ServerError, with the end of its log, when it does not come up, and when a port that was asked for is
        taken, its files cannot be had, or Java is too old.
        """
        with self._locked():
            record, process = self._current()
            if record is not None and process is not None:
                self._tell_of_other_wishes(record)
                try:
                    return self._wait_for_answer(record, process)
                except _DiedError:
                    self._say("the server that was starting has ended; starting it again")
            for _launch in range(_LAUNCHES):
                record, process = self._launch(record)
                try:
                    return self._wait_for_answer(record, process)
                except _DiedError as error:
                    if server_config.is_free(record.bolt_port) and server_config.is_free(record.http_port):
                        raise ServerError(f"{error}\n{self.log_tail()}") from error
                    self._say("another program took the port first")
            raise ServerError(f"Neo4j found no free port in {_LAUNCHES} attempts.\n{self.log_tail()}")

    def wait(self) -> ServerStatus:
        """Return when the server, running or starting, takes queries; it is not started.

        Raises ConnectionFailedError when it does not run, ServerError when it ends or does not come up.
        """
        record, process = self._current()
        if record is None or process is None:
            raise ConnectionFailedError(
                f"The managed Neo4j of {self.settings.home} does not run.", remedy="Start it: kg-rec neo4j start"
            )
        try:
            return self._wait_for_answer(record, process)
        except _DiedError as error:
            raise ServerError(f"{error}\n{self.log_tail()}", remedy="Start it again: kg-rec neo4j start") from error

    def stop(self) -> bool:
        """Stop the server, and return whether it ran."""
        if not self.home.exists():
            return False
        with self._locked():
            record, process = self._current()
            if record is None or process is None:
                return False
            self._say(f"stopping Neo4j (pid {process.pid})")
            if not end(process, STOP_LIMIT):
                self._say(f"it did not end within {STOP_LIMIT:.0f} s and was killed")
            record.stopped().write(self._record_path)
            return True

    def password(self) -> str:
        """Return the password. Raises ServerError when there is none to read."""
        try:
            return self.password_path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ServerError(
                f"{self.password_path}: expected the password of the managed Neo4j, cannot read it: {error.strerror}",
                remedy="Put the file back, or remove the folder "
                f"{self.home} (with the graph in it) to begin with an empty one.",
            ) from error

    def log_tail(self, lines: int = 20) -> str:
        """Return the last lines of the server's log and of what its process printed, under the names of the files."""
        parts = []
        for path in (self.log_path, self.console_path):
            with contextlib.suppress(OSError):
                tail = path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
                if any(line.strip() for line in tail):
                    parts.append("\n".join([f"{path}:", *(f"  {line}" for line in tail)]))
        return "\n".join(parts) or f"There is no log in {self.log_path.parent}."

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one process at a time start or stop this home's server. What the disk refuses becomes a ServerError."""
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = FileLock(self.home / "server.lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                self._say("waiting for another kg-rec that is starting or stopping this Neo4j")
                lock.acquire()
            try:
                yield
            finally:
                lock.release()
        except OSError as error:
            raise ServerError(
                f"{self.home}: expected a folder that can be written to: {error}",
                remedy="Make room in it, or name another one with --home or KG_REC_HOME.",
            ) from error

    def _current(self) -> tuple[ServerRecord | None, psutil.Process | None]:
        record = ServerRecord.read(self._record_path)
        return record, record.find_process() if record else None

    def _status(self, state: str, record: ServerRecord, process: psutil.Process) -> ServerStatus:
        return ServerStatus(
            state=state,
            version=record.version,
            pid=process.pid,
            uri=f"bolt://{LOOPBACK}:{record.bolt_port}",
            http=f"http://{LOOPBACK}:{record.http_port}",
            user=USER,
            password_file=self.password_path,
        )

    def _release(self, last: ServerRecord | None) -> Release:
        """Return the Neo4j to run: the one asked for, else that of the last start or what has replaced it.

        Raises SettingsError for one that cannot be managed.
        """
        if self.settings.neo4j_version is not None:
            return release_of(self.settings.neo4j_version)
        return _replacement(last) or LONG_TERM

    def _check_readable(self, release: Release, last: ServerRecord | None) -> None:
        """Raise ServerError where a newer Neo4j than `release` kept the graph last: it writes what older ones cannot read."""
        before = _replacement(last)
        if before is not None and before.numbers > release.numbers and (self.home / "data" / "databases").exists():
            raise ServerError(
                f"{self.home}: expected a graph that Neo4j {release.version} can read, found one of {before.version}.",
                remedy=f"Use that (KG_REC_NEO4J_VERSION={before.version}), or name another home.",
            )

    def _tell_of_other_wishes(self, record: ServerRecord) -> None:
        version = self._release(record).version
        if self.settings.neo4j_version is not None and version != record.version:
            self._say(f"Neo4j {record.version} already runs; stop it first to have {version}")
        for wanted, found in (
            (self.settings.bolt_port, record.bolt_port),
            (self.settings.http_port, record.http_port),
        ):
            if wanted not in (None, found):
                self._say(f"it already runs on port {found}; stop it first to have it on {wanted}")

    def _launch(self, last: ServerRecord | None) -> tuple[ServerRecord, psutil.Process]:
        """Start the process, without waiting for it."""
        release = self._release(last)
        self._check_readable(release, last)
        java = find_java(self.settings.java, release.java)
        fetch_jars(self._progress, release)
        bolt_port = server_config.choose_port(
            "KG_REC_BOLT_PORT",
            self.settings.bolt_port,
            last.bolt_port if last else None,
            server_config.BOLT_PORT,
            self._say,
            other=self.settings.http_port,
        )
        http_port = server_config.choose_port(
            "KG_REC_HTTP_PORT",
            self.settings.http_port,
            last.http_port if last else None,
            server_config.HTTP_PORT,
            self._say,
            other=bolt_port,
        )
        memory = server_config.machine_memory()
        for folder in ("conf", "data", "logs", "import", "plugins"):
            (self.home / folder).mkdir(exist_ok=True)
        conf = server_config.configuration(bolt_port, http_port, memory)
        (self._conf / "neo4j.conf").write_text(conf, encoding="utf-8")
        self._ensure_password(java, release)

        self._say(f"starting Neo4j {release.version} on the ports {bolt_port} (Bolt) and {http_port} (HTTP)")
        record = ServerRecord(bolt_port, http_port, release.version).starting()
        record.write(self._record_path)
        process = start_detached(self._command(java, release, record, memory), self.home, self.console_path)
        record = replace(record, pid=process.pid)
        record.write(self._record_path)
        return record, process

    def _command(self, java: Path, release: Release, record: ServerRecord, memory: int) -> list[str]:
        heap = server_config.heap_size(memory)
        return [
            str(java),
            record.mark,
            f"-Xms{min(heap, 256)}m",
            f"-Xmx{heap}m",
            *(f"--add-opens={package}=ALL-UNNAMED" for package in _OPENED),
            "-cp",
            str(jars_folder(release) / "*"),
            release.main,
            f"--home-dir={self.home}",
            f"--config-dir={self._conf}",
        ]

    def _ensure_password(self, java: Path, release: Release) -> None:
        """Before the very first start, generate a password into a file that only its owner reads."""
        if (self.home / "data" / "databases" / "system").exists():
            self.password()  # it stands in the databases by now; without the file nobody knows it
            return
        password = secrets.token_urlsafe(24).lstrip("-")
        _write_secret(self.password_path, password)
        # In a file for the moment: everybody on the machine can read the arguments of a process.
        arguments = self.home / "initial-password"
        _write_secret(arguments, f"dbms\nset-initial-password\n{password}\n")
        try:
            self._say("setting a password")
            self._run_admin(java, release, f"@{arguments}")
        finally:
            arguments.unlink()

    def _run_admin(self, java: Path, release: Release, *arguments: str) -> None:
        """Run neo4j-admin. Raises ServerError with what it says where it fails."""
        run = subprocess.run(
            [java, "-XX:TieredStopAtLevel=1", "-cp", jars_folder(release) / "*", "org.neo4j.cli.AdminTool", *arguments],
            env={**os.environ, "NEO4J_HOME": str(self.home), "NEO4J_CONF": str(self._conf)},
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode:
            raise ServerError(
                f"neo4j-admin {' '.join(arguments)} failed with status {run.returncode}:\n{run.stderr or run.stdout}"
            )

    def _wait_for_answer(self, record: ServerRecord, process: psutil.Process) -> ServerStatus:
        """Return once a query was answered. Raises _DiedError when the process ends first, ServerError at the limit."""
        begin = time.monotonic()
        told = False
        while not self._takes_queries(record, process):
            if not is_alive(process):
                raise _DiedError("Neo4j ended while it started" + _exit_status(process))
            waited = time.monotonic() - begin
            if waited > START_LIMIT:
                raise ServerError(
                    f"Neo4j (pid {process.pid}) has not answered on port {record.bolt_port} for {waited:.0f} s.\n"
                    + self.log_tail(),
                    remedy="It was left running: start it again to wait on, or stop it with: kg-rec neo4j stop",
                )
            if not told:
                told = True
                self._say(f"waiting for it to answer on port {record.bolt_port} (a few seconds)")
            time.sleep(0.1)
        return self._status("running", record, process)

    def _takes_queries(self, record: ServerRecord, process: psutil.Process) -> bool:
        if not answers(process, record):
            return False
        from neo4j.exceptions import AuthError

        from kg_rec.graph.client import GraphClient

        try:
            uri = f"bolt://{LOOPBACK}:{record.bolt_port}"
            # Not `read`: the driver's pauses between its attempts are longer than ours.
            with GraphClient(uri, USER, self.password()) as client, client.reading() as transaction:
                transaction.run("server/version")
        except ConnectionFailedError as error:
            if isinstance(error.__cause__, AuthError):
                raise ServerError(
                    f"The Neo4j of {self.home} refuses the password in {self.password_path}.",
                    remedy="Write the password that it was changed to into that file, and nothing else.",
                ) from error
            return False  # the databases open a moment after the port
        return True


def connect(
    settings: Settings,
    say: Say = _silent,
    start: bool = True,
    progress: Progress = SILENT,
    *,
    patience: float | None = None,
) -> GraphClient:
    """Return a connection to the Neo4j that the settings name, or to the managed one, which is started if need be.

    It takes queries when this returns. patience: for how many seconds transient faults are tried again (GraphClient). Raises
    ConnectionFailedError when none answers, when it refuses the user or is too old, and, without `start`, when the managed one
    does not run; ServerError when that cannot be started, or refuses the password in its file.
    """
    if settings.neo4j_uri is not None:
        return _connect_elsewhere(settings.neo4j_uri, settings, patience)
    from kg_rec.graph.client import PATIENCE, GraphClient

    server = ManagedServer(settings, say=say, progress=progress)
    # Where it runs, nothing is locked: two commands at the same time need not wait for each other.
    status = server.start() if start and server.status().state != "running" else server.wait()
    assert status.uri is not None  # it runs
    return GraphClient(
        status.uri,
        status.user,
        server.password(),
        database=settings.neo4j_database,
        patience=PATIENCE if patience is None else patience,
    )


def _connect_elsewhere(uri: str, settings: Settings, patience: float | None) -> GraphClient:
    from kg_rec.graph.client import PATIENCE, GraphClient

    if settings.neo4j_password is None:
        raise ConnectionFailedError(
            f"{uri}: expected a password for the user '{settings.neo4j_user}', found none.",
            remedy="Give it by KG_REC_NEO4J_PASSWORD (or --neo4j-password).",
        )
    password = settings.neo4j_password.get_secret_value()
    client = GraphClient(
        uri,
        settings.neo4j_user,
        password,
        database=settings.neo4j_database,
        patience=PATIENCE if patience is None else patience,
    )
    try:
        version = str(client.read("server/version")[0]["version"])
        if tuple(map(int, re.findall(r"\d+", version)[:2])) < OLDEST_NEO4J:  # "5.27-aura" is one too
            expected = ".".join(map(str, OLDEST_NEO4J))
            raise ConnectionFailedError(
                f"{uri}: expected Neo4j {expected} or newer, found {version}.",
                remedy="Leave --neo4j-uri (KG_REC_NEO4J_URI) away to use the managed one.",
            )
    except BaseException:
        client.close()
        raise
    return client


def _replacement(last: ServerRecord | None) -> Release | None:
    """Return the release of the same line (5 or 2026) as that of the last start; None where there was none."""
    line = last.version.partition(".")[0] if last is not None else ""
    return next((release for release in RELEASES if release.version.partition(".")[0] == line), None)


def _exit_status(process: psutil.Process) -> str:
    """Say how a process of ours ended; of another's nothing is known."""
    with contextlib.suppress(psutil.Error):
        status = process.wait(timeout=1)
        if status is not None:
            return f" (exit status {int(status)})"
    return ""


def _write_secret(path: Path, text: str) -> None:
    """Write a file that nobody but its owner can read, from the first byte on."""
    beside = path.with_name(f"{path.name}.part")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    beside.replace(path)
