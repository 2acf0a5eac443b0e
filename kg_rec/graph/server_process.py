"""The managed Neo4j's process: which one it is, whether it lives, whether it answers."""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Self

import psutil

LOOPBACK = "127.0.0.1"

# https://neo4j.com/docs/bolt/current/bolt/handshake/: the magic, then four ranges of versions, here 5.0 to 5.4
_BOLT_HELLO = bytes.fromhex("6060b017 00040405 00000000 00000000 00000000")


@dataclass(frozen=True, slots=True)
class ServerRecord:
    """What a home remembers of its server.

    `token` is new at each start and stands in the command line of the server's process: another process that got the
    same pid later (a machine started again, a full round of pids) is never taken for the server. It says more than the
    time a process started at, which shifts when the clock is set.
    """

    bolt_port: int
    http_port: int
    version: str
    token: str | None = None
    """None when the server was stopped."""
    pid: int | None = None
    """None when the server was stopped, and for the moment between writing this and starting the process."""

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return the record in the file; None when there is none that can be read."""
        names = {field.name for field in fields(cls)}
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{name: value for name, value in content.items() if name in names})
        except (OSError, ValueError, TypeError, AttributeError):
            return None

    def write(self, path: Path) -> None:
        """Write it to the file, whole or not at all."""
        beside = path.with_suffix(".part")
        beside.write_text(json.dumps(asdict(self)), encoding="utf-8")
        beside.replace(path)

    def stopped(self) -> ServerRecord:
        """Return what stays when the server has stopped: where it listened."""
        return replace(self, token=None, pid=None)

    def starting(self) -> ServerRecord:
        """Return the record of a server that is about to start."""
        return replace(self, token=secrets.token_hex(8), pid=None)

    @property
    def mark(self) -> str:
        """The argument by which the server's process is recognised."""
        return f"-Dkg_rec.token={self.token}"

    def find_process(self) -> psutil.Process | None:
        """Return the server's process, or None when it does not live."""
        if self.token is None:
            return None
        for process in self._candidates():
            with contextlib.suppress(psutil.Error):
                if self.mark in process.cmdline() and is_alive(process):
                    return process
        return None

    def _candidates(self) -> Iterator[psutil.Process]:
        if self.pid is None:  # whoever started it was killed before writing the pid down
            yield from psutil.process_iter()
        else:
            with contextlib.suppress(psutil.Error):
                yield psutil.Process(self.pid)


def start_detached(command: Sequence[str], folder: Path, output: Path) -> psutil.Process:
    """Start a process in `folder` that outlives this one and its terminal; what it prints goes to the file `output`."""
    with output.open("wb") as file:
        started = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, cwd=folder, start_new_session=True
        )
    started.returncode = 0  # or Popen warns that it was not waited for, which is just what is wanted here
    return psutil.Process(started.pid)


def is_alive(process: psutil.Process) -> bool:
    """Tell whether the process runs; one that ended and was not yet waited for does not."""
    with contextlib.suppress(psutil.Error):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def end(process: psutil.Process, limit: float) -> bool:
    """Ask the process to end, kill it after `limit` seconds. Returns whether it ended by itself."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.terminate()
        _, alive = psutil.wait_procs([process], timeout=limit)
        if alive:
            process.kill()
            psutil.wait_procs([process], timeout=limit)
            return False
    return True


def answers(process: psutil.Process, record: ServerRecord) -> bool:
    """Tell whether the process, and no other, listens on both ports and answers Bolt's handshake.

    HTTP comes last: a server that does not get that port ends, even after it has answered on the other.
    """
    return _listens(process, record.bolt_port, record.http_port) and _speaks_bolt(record.bolt_port)


def _listens(process: psutil.Process, *ports: int) -> bool:
    try:
        connections = process.net_connections("tcp")
    except psutil.AccessDenied:  # some systems do not tell; then the password finds it out
        return True
    except psutil.Error:
        return False
    return {each.laddr.port for each in connections if each.status == psutil.CONN_LISTEN and each.laddr} >= set(ports)


def _speaks_bolt(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=5) as connection:
            connection.sendall(_BOLT_HELLO)
            return len(connection.recv(4)) == 4
    except OSError:
        return False
