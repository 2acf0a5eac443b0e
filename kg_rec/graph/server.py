"""The managed Neo4j: a real server, one a home, that kg-rec fetches, starts and stops by itself."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from filelock import FileLock, Timeout

from kg_rec.errors import ConnectionFailedError, ServerError
from kg_rec.graph import server_config
from kg_rec.graph.server_config import LOOPBACK
from kg_rec.graph.server_jars import NEO4J_VERSION, fetch_jars
from kg_rec.graph.server_java import find_java
from kg_rec.progress import SILENT, Progress

if TYPE_CHECKING:
    from kg_rec.graph.client import GraphClient
    from kg_rec.settings import Settings

USER = "neo4j"
START_LIMIT = 180.0
"""Seconds until a server that does not answer is given up; recovery after a kill can take long on a large graph."""
STOP_LIMIT = 60.0
"""Seconds until a server that does not stop when asked is killed."""

_OPENED = ("java.base/java.nio", "java.base/java.io", "java.base/sun.nio.ch", "java.base/java.lang")

Say = Callable[[str], None]


def _silent(_: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What is known of the managed Neo4j. `pid`, `uri` and `http` are None while it is stopped."""

    state: str
    """"running" when it answers, "starting" when its process is there but does not answer yet, else "stopped"."""
    version: str
    pid: int | None
    uri: str | None
    http: str | None
    user: str
    password_file: Path

    def as_json(self) -> str:
        """Return it as one JSON object."""
        return json.dumps({**asdict(self), "password_file": str(self.password_file)}, indent=2)


@dataclass(frozen=True, slots=True)
class _Record:
    """What the home remembers of its server, in server.json.

    `token` is new at each start and stands in the command line of the server's process, so that another process which
    got the same pid later is never taken for it. `pid` is None between the decision to start and the start.
    """

    bolt_port: int
    http_port: int
    version: str
    token: str | None = None
    pid: int | None = None


class ManagedServer:
    """The Neo4j of one home. It runs on after this process has ended, until it is stopped."""

    def __init__(self, settings: Settings, *, say: Say = _silent, progress: Progress = SILENT) -> None:
        self.settings = settings
        self.home = settings.server_home
        self.password_path = self.home / "password"
        self.log_path = self.home / "logs" / "neo4j.log"
        self.console_path = self.home / "logs" / "console.log"
        self._record_path = self.home / "server.json"
        self._conf = self.home / "conf"
        self._say = say
        self._progress = progress

    def status(self) -> ServerStatus:
        """Tell how the server is, without changing anything."""
        record = self._read_record()
        process = _find_process(record)
        if record is None or process is None:
            return self._status("stopped", None, None)
        return self._status("running" if _speaks_bolt(record.bolt_port) else "starting", record, process)

    def start(self) -> ServerStatus:
        """Start the server unless it runs, and return when it answers queries.

        Raises ServerError with the end of its log when it does not come up, when a wanted port is taken, or when Neo4j
        cannot be downloaded.
        """
        with self._locked():
            record = self._read_record()
            process = _find_process(record)
            if record is None or process is None:
                record, process = self._launch(record)
            self._wait_until_it_answers(record, process)
            return self._status("running", record, process)

    def stop(self) -> None:
        """Stop the server. Nothing happens when it does not run."""
        with self._locked():
            record = self._read_record()
            process = _find_process(record)
            if record is None or process is None:
                return
            self._say(f"stopping Neo4j (pid {process.pid})")
            self._end(process)
            self._write_record(_Record(record.bolt_port, record.http_port, record.version))

    def password(self) -> str:
        """Return the password. Raises ServerError when there is none yet."""
        try:
            return self.password_path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ServerError(
                f"{self.password_path}: expected the password of the managed Neo4j, but it cannot be read: {error}",
                remedy="Start the server first: kg-rec neo4j start",
            ) from error

    def _status(self, state: str, record: _Record | None, process: psutil.Process | None) -> ServerStatus:
        return ServerStatus(
            state=state,
            version=record.version if record else NEO4J_VERSION,
            pid=process.pid if process else None,
            uri=f"bolt://{LOOPBACK}:{record.bolt_port}" if record else None,
            http=f"http://{LOOPBACK}:{record.http_port}" if record else None,
            user=USER,
            password_file=self.password_path,
        )

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one process at a time start or stop this home's server."""
        self.home.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.home / "server.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            self._say("waiting for another kg-rec that starts or stops this Neo4j")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _read_record(self) -> _Record | None:
        try:
            return _Record(**json.loads(self._record_path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def _write_record(self, record: _Record) -> None:
        beside = self._record_path.with_suffix(".part")
        beside.write_text(json.dumps(asdict(record)), encoding="utf-8")
        beside.replace(self._record_path)

    def _launch(self, last: _Record | None) -> tuple[_Record, psutil.Process]:
        java = find_java(self.settings.java)
        jars = fetch_jars(self._progress)
        record = _Record(
            bolt_port=server_config.choose_port(
                "bolt_port", self.settings.bolt_port, last.bolt_port if last else None, server_config.BOLT_PORT
            ),
            http_port=server_config.choose_port(
                "http_port", self.settings.http_port, last.http_port if last else None, server_config.HTTP_PORT
            ),
            version=NEO4J_VERSION,
            token=secrets.token_hex(8),
        )
        server_config.write_configuration(self._conf / "neo4j.conf", record.bolt_port, record.http_port)
        for folder in ("data", "logs", "import", "plugins"):
            (self.home / folder).mkdir(exist_ok=True)
        self._ensure_password(java, jars)
        self._say(f"starting Neo4j {NEO4J_VERSION} on ports {record.bolt_port} and {record.http_port}")
        self._write_record(record)
        heap = server_config.heap_size(server_config.machine_memory())
        command = [
            str(java),
            f"-Dkg_rec.token={record.token}",
            f"-Xms{min(heap, 256)}m",
            f"-Xmx{heap}m",
            *(f"--add-opens={package}=ALL-UNNAMED" for package in _OPENED),
            "-cp",
            f"{jars}/*",
            "org.neo4j.server.CommunityEntryPoint",
            f"--home-dir={self.home}",
            f"--config-dir={self._conf}",
        ]
        with self.console_path.open("wb") as console:
            started = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                cwd=self.home,
                start_new_session=True,  # it outlives this command and its terminal
            )
        _CHILDREN.append(started)
        record = _Record(record.bolt_port, record.http_port, record.version, record.token, started.pid)
        self._write_record(record)
        return record, psutil.Process(started.pid)

    def _ensure_password(self, java: Path, jars: Path) -> None:
        """Generate the password before the very first start, into a file that only its owner reads."""
        if (self.home / "data" / "databases" / "system").exists():
            self.password()
            return
        secret = secrets.token_urlsafe(24).lstrip("-")
        _write_secret(self.password_path, secret)
        arguments = self.home / "password.arguments"  # not on the command line, which everybody can read
        _write_secret(arguments, f"dbms\nset-initial-password\n{secret}")
        try:
            self._admin(java, jars, f"@{arguments}")
        finally:
            arguments.unlink()

    def _admin(self, java: Path, jars: Path, *arguments: str) -> None:
        """Run neo4j-admin. Raises ServerError with what it says when it fails."""
        run = subprocess.run(
            [str(java), "-XX:TieredStopAtLevel=1", "-cp", f"{jars}/*", "org.neo4j.cli.AdminTool", *arguments],
            env={**os.environ, "NEO4J_HOME": str(self.home), "NEO4J_CONF": str(self._conf)},
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode:
            raise ServerError(f"neo4j-admin failed with status {run.returncode}:\n{run.stderr or run.stdout}")

    def _wait_until_it_answers(self, record: _Record, process: psutil.Process) -> None:
        if not _speaks_bolt(record.bolt_port):
            self._say(f"waiting for Neo4j to answer on port {record.bolt_port}")
        end = time.monotonic() + START_LIMIT
        while time.monotonic() < end:
            if not _is_alive(process):
                raise ServerError(f"Neo4j stopped while it started.\n{self.log_tail()}")
            if _speaks_bolt(record.bolt_port):
                try:
                    self._client(record).close()
                    return
                except ConnectionFailedError as error:
                    if "refuses the user" in error.message:
                        raise
            time.sleep(0.1)
        raise ServerError(f"Neo4j did not answer within {START_LIMIT:.0f} s.\n{self.log_tail()}")

    def _client(self, record: _Record) -> GraphClient:
        from kg_rec.graph.client import GraphClient

        client = GraphClient(f"bolt://{LOOPBACK}:{record.bolt_port}", USER, self.password())
        try:
            client.read("server/version")
        except BaseException:
            client.close()
            raise
        return client

    def log_tail(self, lines: int = 20) -> str:
        """Return the last lines of the server's log and of what its process printed."""
        parts = []
        for path in (self.log_path, self.console_path):
            with contextlib.suppress(OSError):
                tail = path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
                if tail:
                    parts.append("\n".join([f"{path}:", *tail]))
        return "\n".join(parts) or f"There is no log in {self.log_path.parent}."

    def _end(self, process: psutil.Process) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
            _, alive = psutil.wait_procs([process], timeout=STOP_LIMIT)
            if alive:
                self._say(f"Neo4j did not stop within {STOP_LIMIT:.0f} s and is killed")
                process.kill()
                psutil.wait_procs([process], timeout=STOP_LIMIT)


_CHILDREN: list[subprocess.Popen[bytes]] = []
"""Servers started by this process. They are meant to outlive it; dropping the objects would warn of that."""


def connect(settings: Settings, say: Say = _silent, start: bool = True, progress: Progress = SILENT) -> GraphClient:
    """Return a connection to the Neo4j that the settings name, or to the managed one, started where it does not run.

    Raises ConnectionFailedError when it does not answer or refuses the password; ServerError when the managed one
    cannot be started.
    """
    from kg_rec.graph.client import GraphClient

    if settings.neo4j_uri is not None:
        if settings.neo4j_password is None:
            raise ConnectionFailedError(
                f"Expected a password for the user '{settings.neo4j_user}' at {settings.neo4j_uri}, found none.",
                remedy="Give it in KG_REC_NEO4J_PASSWORD or --neo4j-password.",
            )
        return GraphClient(
            settings.neo4j_uri,
            settings.neo4j_user,
            settings.neo4j_password.get_secret_value(),
            database=settings.neo4j_database,
        )
    server = ManagedServer(settings, say=say, progress=progress)
    status = server.status()
    if status.state != "running":
        if not start:
            raise ConnectionFailedError(
                f"The managed Neo4j of {settings.home} does not run.", remedy="Start it: kg-rec neo4j start"
            )
        status = server.start()
    assert status.uri is not None
    return GraphClient(status.uri, status.user, server.password(), database=settings.neo4j_database)


def _find_process(record: _Record | None) -> psutil.Process | None:
    """Return the process of the server, if it lives."""
    if record is None or record.token is None:
        return None
    if record.pid is None:  # whoever started it was killed before it could write the pid down
        candidates: Iterator[psutil.Process] = psutil.process_iter()
    else:
        candidates = iter([psutil.Process(record.pid)] if psutil.pid_exists(record.pid) else [])
    mark = f"-Dkg_rec.token={record.token}"
    for process in candidates:
        with contextlib.suppress(psutil.Error):
            if mark in process.cmdline() and _is_alive(process):
                return process
    return None


def _is_alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _speaks_bolt(port: int) -> bool:
    """Tell whether a Bolt server answers its handshake on the port."""
    import socket

    try:
        with socket.create_connection((LOOPBACK, port), timeout=2) as connection:
            # https://neo4j.com/docs/bolt/current/bolt/handshake/: magic, then four versions; 5.0–5.4 and nothing else
            connection.sendall(bytes.fromhex("6060b017 00040405 00000000 00000000 00000000"))
            return len(connection.recv(4)) == 4
    except OSError:
        return False


def _write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    beside = path.with_name(f"{path.name}.part")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    beside.replace(path)
