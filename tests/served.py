"""A service for tests: a real server in a thread, asked over HTTP, and a line to Neo4j that can be cut."""

from __future__ import annotations

import http.client
import json
import selectors
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from kg_rec.service.api import Access, Service
from kg_rec.service.server import make_server
from kg_rec.service.traces import Traces
from kg_rec.settings import Settings


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Caller:
    """Asks a service; each request on a connection of its own, so that several threads can ask."""

    def __init__(self, port: int, service: Service) -> None:
        self.port = port
        self.service = service

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        raw: bytes | None = None,
    ) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            content = raw if raw is not None else None if body is None else json.dumps(body).encode()
            sent = {"Content-Type": "application/json"} if content is not None else {}
            connection.request(method, path, content, {**sent, **(headers or {})})
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, names, answer.read())
        finally:
            connection.close()

    def wait(self, path: str, **expected: Any) -> Any:
        """Ask until the answer has what is expected; it has a minute."""
        deadline = time.monotonic() + 60
        while True:
            found = {}
            with suppress(ConnectionRefusedError):  # it does not listen yet
                found = self("GET", path).json
            if found and all(found.get(name) == value for name, value in expected.items()):
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.1)


@contextmanager
def serving(
    settings: Settings, access: Access, traces: Traces | None = None, *, follow: bool = False
) -> Iterator[Caller]:
    """A service with the current model of a home, at a free port of this machine."""
    server, listening = make_server(settings, access, "127.0.0.1", 0, traces, follow=follow)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    caller = Caller(listening.getsockname()[1], server.config.app.state.service)  # type: ignore[union-attr]
    try:
        caller.wait("/health/live", status="live")
        yield caller
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


class Line:
    """What stands between the service and Neo4j: a relay that can be cut and mended."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._open: list[socket.socket] = []
        self._listening: socket.socket | None = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.mend()

    def mend(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def cut(self) -> None:
        assert self._listening is not None
        for one in (self._listening, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._listening, self._open = None, []

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                here, _ = listening.accept()
                there = socket.create_connection(("127.0.0.1", self._target))
                self._open += [here, there]
                threading.Thread(target=_carry, args=(here, there), daemon=True).start()


def _carry(here: socket.socket, there: socket.socket) -> None:
    with suppress(OSError, ValueError), selectors.DefaultSelector() as selector:
        selector.register(here, selectors.EVENT_READ, there)
        selector.register(there, selectors.EVENT_READ, here)
        while True:
            for key, _ in selector.select():
                content = key.fileobj.recv(65536)  # type: ignore[union-attr]
                if not content:
                    here.close()
                    there.close()
                    return
                key.data.sendall(content)
