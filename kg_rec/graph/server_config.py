"""What the managed Neo4j is told: its memory, its ports, its configuration file."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

import psutil

from kg_rec.errors import ServerError

LOOPBACK = "127.0.0.1"
BOLT_PORT = 7687
HTTP_PORT = 7474

_MIB = 1 << 20
_GIB = 1 << 30

_CONFIGURATION = """\
# Written by kg-rec at each start; own settings belong into neo4j.extra.conf beside this file.
server.default_listen_address={host}
server.default_advertised_address={host}
server.bolt.listen_address={host}:{bolt_port}
server.bolt.advertised_address={host}:{bolt_port}
server.http.listen_address={host}:{http_port}
server.http.advertised_address={host}:{http_port}
server.https.enabled=false
dbms.security.auth_enabled=true

# Nothing is sent anywhere.
dbms.usage_report.enabled=false
client.allow_telemetry=false

# A graph on somebody's own machine: small logs, quick start, quick stop.
server.memory.pagecache.size={page_cache}m
db.tx_log.preallocate=false
db.tx_log.rotation.size=32m
db.tx_log.rotation.retention_policy=1 files
internal.server.bolt.thread_pool_shutdown_wait_time=0s
"""


def heap_size(memory: int) -> int:
    """Return the largest heap in MiB for a machine with `memory` bytes: an eighth, between 512 MiB and 4 GiB."""
    return min(max(memory // 8, 512 * _MIB), 4 * _GIB) // _MIB


def page_cache_size(memory: int) -> int:
    """Return the page cache in MiB for a machine with `memory` bytes: a sixteenth, between 128 MiB and 4 GiB."""
    return min(max(memory // 16, 128 * _MIB), 4 * _GIB) // _MIB


def machine_memory() -> int:
    """Return the bytes of memory that this process may use: the machine's, or its control group's limit."""
    memory = psutil.virtual_memory().total
    with contextlib.suppress(OSError, ValueError):  # "max", or no control groups on this system
        memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return memory


def write_configuration(path: Path, bolt_port: int, http_port: int) -> None:
    """Write neo4j.conf."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = _CONFIGURATION.format(
        host=LOOPBACK, bolt_port=bolt_port, http_port=http_port, page_cache=page_cache_size(machine_memory())
    )
    path.write_text(text, encoding="utf-8")


def is_free(port: int) -> bool:
    """Tell whether a server could listen on the port of the loopback address now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do, or ports just closed look taken
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def any_free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def choose_port(name: str, wanted: int | None, remembered: int | None, usual: int) -> int:
    """Return the port to listen on: the wanted one, else the one of last time, else the usual one, else a free one.

    Raises ServerError when the wanted one is taken; `name` is the setting's name for that message.
    """
    if wanted is not None:
        if not is_free(wanted):
            raise ServerError(
                f"Port {wanted} ({name}) is taken by {_owner(wanted)}.",
                remedy=f"Stop that, choose another port with KG_REC_{name.upper()}, or leave it away for a free one.",
            )
        return wanted
    for port in (remembered, usual):
        if port and is_free(port):
            return port
    return any_free_port()


def _owner(port: int) -> str:
    """Say which process listens on the port, as far as the operating system tells."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                if connection.pid:
                    return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
                break
    return "another program"
