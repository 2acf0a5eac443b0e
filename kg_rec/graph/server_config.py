"""What the managed Neo4j is told: its memory, its ports, its configuration file."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from pathlib import Path

import psutil

from kg_rec.errors import ServerError
from kg_rec.graph.server_process import LOOPBACK

BOLT_PORT = 7687
HTTP_PORT = 7474

_MIB = 1 << 20
_CONTROL_GROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")

_CONFIGURATION = """\
# Written anew by kg-rec at each start.

# This machine and no other.
server.default_listen_address={host}
server.default_advertised_address={host}
server.bolt.listen_address={host}:{bolt_port}
server.bolt.advertised_address={host}:{bolt_port}
server.http.listen_address={host}:{http_port}
server.http.advertised_address={host}:{http_port}
server.https.enabled=false
dbms.security.auth_enabled=true

# Nothing is sent anywhere: not by the server, and not by the pages of Neo4j Browser, which ask for fonts otherwise.
dbms.usage_report.enabled=false
client.allow_telemetry=false
dbms.security.http_static_content_security_policy_header={page_policy}

# A graph on somebody's own machine: a quick start, a quick stop, little disk.
server.memory.pagecache.size={page_cache}m
db.tx_log.preallocate=false
db.tx_log.rotation.size=32m
db.tx_log.rotation.retention_policy=1 files
internal.server.bolt.thread_pool_shutdown_wait_time=0s
"""


_PAGE_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; "
    f"connect-src 'self' ws://{LOOPBACK}:* http://{LOOPBACK}:*"
)
"""What a page from the HTTP port may load, and whom it may talk to (a Content-Security-Policy)."""


def configuration(bolt_port: int, http_port: int, memory: int) -> str:
    """Return the text of neo4j.conf for these ports, on a machine with `memory` bytes."""
    return _CONFIGURATION.format(
        host=LOOPBACK,
        bolt_port=bolt_port,
        http_port=http_port,
        page_policy=_PAGE_POLICY,
        page_cache=page_cache_size(memory),
    )


def heap_size(memory: int) -> int:
    """Return how many MiB the heap may grow to: an eighth of `memory` (bytes), but 512 MiB to 4 GiB."""
    return min(max(memory // 8 // _MIB, 512), 4096)


def page_cache_size(memory: int) -> int:
    """Return the MiB of the cache for the graph's files: a sixteenth of `memory` (bytes), but 128 MiB to 4 GiB."""
    return min(max(memory // 16 // _MIB, 128), 4096)


def machine_memory() -> int:
    """Return the bytes of memory there are: the machine's, or the control group's limit where that is less."""
    memory: int = psutil.virtual_memory().total
    with contextlib.suppress(OSError, ValueError):  # no control groups here, or the limit is "max"
        memory = min(memory, int(_CONTROL_GROUP_LIMIT.read_text()))
    return memory


def choose_port(
    setting: str, wanted: int | None, last: int | None, usual: int, say: Callable[[str], None], other: int | None = None
) -> int:
    """Return the port to listen on: the wanted one, else the last one, else the usual one, else one that is free.

    setting: name of the setting that the wanted one comes from; other: the port that is meant for Neo4j's other
    protocol, free as it still is. Raises ServerError when the wanted one is taken, or is the other.
    """
    if wanted is not None:
        if wanted == other:
            raise ServerError(
                f"{setting}: expected a port of its own, found {wanted}, which Neo4j's other protocol has.",
                remedy="Give KG_REC_BOLT_PORT and KG_REC_HTTP_PORT different ports, or one of them none.",
            )
        if not is_free(wanted):
            raise ServerError(
                f"{setting}: expected a free port, found {wanted} taken by {_owner(wanted)}.",
                remedy=f"Stop that, give another port by {setting}, or none to take a free one.",
            )
        return wanted
    first = last or usual
    for port in (first, usual):
        if port != other and is_free(port):
            break
    else:
        port = any_free_port()
        while port == other:
            port = any_free_port()
    if port != first:
        owner = "Neo4j's other protocol" if first == other else _owner(first)
        say(f"port {first} is taken by {owner}; taking {port}")
    return port


def is_free(port: int) -> bool:
    """Tell whether a server could listen on the port of the loopback address now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: a port just closed is free
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


def _owner(port: int) -> str:
    """Say which process listens on the port, as far as the operating system tells."""
    with contextlib.suppress(psutil.Error):
        for each in psutil.net_connections("tcp"):
            if each.status == psutil.CONN_LISTEN and each.laddr and each.laddr.port == port and each.pid:
                return f"{psutil.Process(each.pid).name()} (pid {each.pid})"
    return "another program"
