"""Neo4j as the service reaches it: from threads of its own, given up on quickly, and found again by itself."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from kg_rec.errors import ConnectionFailedError, ServerError
from kg_rec.graph import once
from kg_rec.graph.server import connect
from kg_rec.service.problems import AwayError

if TYPE_CHECKING:
    from kg_rec.graph.client import GraphClient
    from kg_rec.settings import Settings

_T = TypeVar("_T")
_log = logging.getLogger("kg_rec.service")

_PATIENCE = 3.0
"""Seconds for which a request tries what fails: somebody is waiting."""
_LEFT_ALONE = 1.0
"""Seconds after a failure in which nothing is tried: it would only make more requests wait."""
_FORGET_EVERY = 3600.0
THREADS = 8
"""Statements that run at once."""


class Graph:
    """The connection to Neo4j. It need not be there; whatever asks for it while it is away raises AwayError."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="graph")
        self._lock = threading.Lock()
        self._client: GraphClient | None = None
        self._away = ""
        self._failed = -_LEFT_ALONE
        self._forgot = 0.0

    @property
    def reachable(self) -> bool:
        """Whether Neo4j answered when it was last asked."""
        return self._client is not None and not self._away

    async def run(self, work: Callable[[GraphClient], _T]) -> _T:
        """Do something with the graph in a thread, so that nobody else waits. Raises AwayError, and what `work` raises."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self.call, work)

    def call(self, work: Callable[[GraphClient], _T]) -> _T:
        """Do something with the graph (see run)."""
        if self._away and time.monotonic() - self._failed < _LEFT_ALONE:
            raise AwayError(self._away)
        try:
            found = work(self._connected())
        except (ConnectionFailedError, ServerError) as error:
            self._lost(type(error).__name__)
            raise AwayError(self._away) from error
        if self._away:
            self._away = ""
            _log.info("graph back")
        return found

    def probe(self) -> bool:
        """Ask Neo4j whether it is there, and do what is due from time to time; return whether it is."""
        try:
            self.call(lambda client: client.read("server/version"))
            if time.monotonic() - self._forgot > _FORGET_EVERY:
                self.call(once.forget_claims)
                self._forgot = time.monotonic()
        except AwayError:
            return False
        return True

    def close(self) -> None:
        """Close the connection, after what runs has ended."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _connected(self) -> GraphClient:
        client = self._client
        if client is not None:
            return client
        with self._lock:
            if self._client is None:
                client = connect(self._settings, start=False, patience=_PATIENCE)
                try:
                    once.prepare(client)
                except BaseException:
                    client.close()
                    raise
                self._client = client
            return self._client

    def _lost(self, reason: str) -> None:
        if not self._away:
            _log.warning("graph away", extra={"error": reason})
        self._away = "Neo4j does not answer."
        self._failed = time.monotonic()
        # A managed server may come back at another port: the next to ask looks where it is. Whoever is using the old
        # connection now sees it fail, as it has for us.
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()
