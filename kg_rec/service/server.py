"""The HTTP server: what it listens to, and how it starts and ends."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
import time
import webbrowser
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from kg_rec.errors import SettingsError
from kg_rec.service.api import Access, Service, make_app
from kg_rec.service.doors import is_loopback
from kg_rec.service.engine import load, warm_up
from kg_rec.service.graph import Graph
from kg_rec.service.keys import KeyRing
from kg_rec.service.limits import MOST_SECONDS

if TYPE_CHECKING:
    from kg_rec.service.traces import Traces
    from kg_rec.settings import Settings

HOST = "127.0.0.1"
PORT = 8000
KEYS = "keys.json"
_GRACE = 15
"""Seconds that requests are given to end after SIGTERM."""
_SWITCH = 0.001
"""Seconds after which a thread that computes lets the others have their turn, so that requests are read meanwhile."""


def access_of(settings: Settings, host: str, *, require_key: bool, rate: float) -> Access:
    """Return who may ask a service that listens to `host`. Raises SettingsError where it takes a key and there is none."""
    ring = KeyRing(settings.home / KEYS)
    local = is_loopback(host)
    needs_key = require_key or not local
    if needs_key and not ring.listed():
        why = "--require-key" if local else f"--host {host} is reached from other machines"
        raise SettingsError(
            f"{why}: expected a key in {ring.path}, found none.", remedy="Make one: kg-rec keys make NAME --scope write"
        )
    return Access(ring, local=local, needs_key=needs_key, rate=rate)


def make_server(
    settings: Settings,
    access: Access,
    host: str,
    port: int,
    traces: Traces | None = None,
    *,
    follow: bool = False,
    exact: bool = False,
) -> tuple[uvicorn.Server, socket.socket]:
    """Return a server with its model loaded, and the socket that it will listen to; port 0 takes a free one.

    follow: whether it synchronises the model by itself where the graph has changed; exact: whether words are encoded as in
    training to the last digit (see kg_rec.text.serving).
    Raises ArtifactError and EncoderError where there is no model to serve, and SettingsError where the port is taken.
    """
    listening = _listen(host, port)
    try:
        graph = Graph(settings)
        served = load(settings, graph, exact=exact)
        warm_up(served)
        app = make_app(Service(settings, graph, served, traces, follow=follow), access)
    except BaseException:
        listening.close()
        raise
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        # Who asks is who the socket says: a header could name anybody.
        proxy_headers=False,
        http=_Protocol,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_GRACE,
        limit_concurrency=1000,
    )
    sys.setswitchinterval(_SWITCH)
    return uvicorn.Server(config), listening


class _Protocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # one of two classes, whichever is installed
    """Closes a connection that is opened and then asks nothing: there are only so many."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self.loop.call_later(MOST_SECONDS, self._give_up)

    def _give_up(self) -> None:
        if self.cycle is None and not self.transport.is_closing():
            self.transport.close()


def address_of(listening: socket.socket) -> str:
    """Return the address of the service, as a browser takes it: of all addresses of this machine, its name."""
    host, port = listening.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = socket.gethostname() or HOST
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def open_page(server: uvicorn.Server, page: str) -> None:
    """Open the page in a web browser as soon as `server` listens; without one that has windows, do nothing."""
    windows = sys.platform != "linux" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))

    def wait_and_open() -> None:
        while not server.started and not server.should_exit:
            time.sleep(0.05)
        if server.started:
            webbrowser.open(page)

    if windows:  # without, a browser of the terminal might take its place
        threading.Thread(target=wait_and_open, daemon=True).start()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # Told to be TCP, it is taken for TCP by asyncio, which then sends the head and the body of an answer without waiting
        # for the first to be acknowledged: 40 ms.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((host, port))
        except BaseException:
            listening.close()
            raise
    except OSError as error:
        raise SettingsError(
            f"{host}:{port}: the service cannot listen there: {error.strerror or error}",
            remedy="Name another port: --port, 0 for a free one.",
        ) from error
    return listening
