"""Neo4j as the service reaches it: from threads of its own, given up on quickly, and found again by itself."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from kg_rec.errors import ConnectionFailedError, ServerError
from kg_rec.graph import once
from kg_rec.graph.server import connect
from kg_rec.service.limits import MOST_SECONDS
from kg_rec.service.problems import AwayError, GraphSlowError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg_rec.graph.client import GraphClient, Watch
    from kg_rec.settings import Settings

_T = TypeVar("_T")
_log = logging.getLogger("kg_rec.service")

_PATIENCE = 3.0
"""Seconds for which a request tries what fails: somebody is waiting."""
_LIMIT = 3.0
"""Seconds that a transaction may take: one that waits for another must not hold its thread for long."""
_LEFT_ALONE = 1.0
"""Seconds after a failure in which nothing is tried: it would only make more requests wait."""
_FORGET_EVERY = 3600.0
_AWAY = "Neo4j does not answer."
THREADS = 8
"""Statements that run at once."""


@dataclass
class _Connection:
    """A connection, by how many it is used, and whether it is to be closed after them.

    It is never closed under somebody who uses it: what the driver raises then may be anything.
    """

    client: GraphClient
    users: int = 0
    lost: bool = False


class Graph:
    """The connection to Neo4j. It need not be there; whatever asks for it while it is away raises AwayError."""

    def __init__(self, settings: Settings) -> None:
        self.watch: Watch = nullcontext
        """What each statement is run within (see GraphClient)."""
        self._settings = settings
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="graph")
        self._lock = threading.Lock()
        self._connection: _Connection | None = None
        self._away = ""
        self._failed = -_LEFT_ALONE
        self._forgot = 0.0

    @property
    def reachable(self) -> bool:
        """Whether Neo4j answered when it was last asked."""
        return self._connection is not None and not self._away

    async def run(self, work: Callable[[GraphClient], _T]) -> _T:
        """Do something with the graph in a thread, so that nobody else waits.

        Raises AwayError, GraphSlowError where it could not be begun in time, so that nothing is written for somebody who was told
        that it took too long, and what `work` raises.
        """
        asked = time.monotonic()

        def begin() -> _T:
            if time.monotonic() - asked > MOST_SECONDS - 1.5 * _LIMIT:
                raise GraphSlowError
            return self.call(work)

        # With the context of the request: a statement is part of its trace.
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._pool, context.run, begin)

    def call(self, work: Callable[[GraphClient], _T]) -> _T:
        """Do something with the graph (see run)."""
        if self._away and time.monotonic() - self._failed < _LEFT_ALONE:
            raise AwayError(self._away)
        mine: _Connection | None = None
        try:
            with self._connected() as mine:
                found = work(mine.client)
        except (ConnectionFailedError, ServerError) as error:
            self._lost(mine, type(error).__name__)
            raise AwayError(_AWAY) from error
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
        self._drop()

    @contextmanager
    def _connected(self) -> Iterator[_Connection]:
        """Hold the connection while it is used; it is made where there is none."""
        with self._lock:
            if self._connection is None:
                self._connection = _Connection(self._connect())
            mine = self._connection
            mine.users += 1
        try:
            yield mine
        finally:
            with self._lock:
                mine.users -= 1
                last = mine.lost and not mine.users
            if last:
                mine.client.close()

    def _connect(self) -> GraphClient:
        client = connect(self._settings, start=False, patience=_PATIENCE)
        client.watch = lambda name: self.watch(name)
        client.limit = _LIMIT
        try:
            once.prepare(client)
        except BaseException:
            client.close()
            raise
        return client

    def _lost(self, mine: _Connection | None, reason: str) -> None:
        """Give up a connection; None where there was none to be had."""
        with self._lock:
            if self._connection is not mine:
                return  # somebody else gave it up before, and there may be a better one by now
            told, self._away = bool(self._away), _AWAY
            self._failed = time.monotonic()
        if not told:
            _log.warning("graph away", extra={"error": reason})
        # A managed server may come back at another port: the next to ask looks where it is. Whoever is using the old
        # connection now sees it fail, as it has for us.
        self._drop()

    def _drop(self) -> None:
        with self._lock:
            mine, self._connection = self._connection, None
            if mine is None:
                return
            mine.lost = True
            unused = not mine.users
        if unused:
            mine.client.close()
