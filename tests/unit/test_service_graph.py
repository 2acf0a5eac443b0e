"""The connection of the service: never closed under somebody who uses it, and made anew after it was lost."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from kg_rec.errors import ConnectionFailedError
from kg_rec.graph.client import GraphClient
from kg_rec.service import graph as graphs
from kg_rec.service.graph import Graph
from kg_rec.service.problems import AwayError
from kg_rec.settings import Settings


class Connection(GraphClient):
    """What is connected to nothing, and tells whether it was closed."""

    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


def test_a_lost_connection_is_closed_after_all_who_use_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Connection] = []

    def connect(*_: object, **__: object) -> Connection:
        made.append(Connection())
        return made[-1]

    monkeypatch.setattr(graphs, "connect", connect)
    monkeypatch.setattr(graphs.once, "prepare", lambda _: None)
    monkeypatch.setattr(graphs, "_LEFT_ALONE", 0.0)
    graph = Graph(Settings())
    begun, go_on = threading.Event(), threading.Event()

    def slow(client: GraphClient) -> bool:
        begun.set()
        assert go_on.wait(10)
        return made[0].closed

    def failing(_: GraphClient) -> None:
        raise ConnectionFailedError("gone")

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(graph.call, slow)
        assert begun.wait(10)
        with pytest.raises(AwayError):
            graph.call(failing)
        assert not graph.reachable and not made[0].closed
        assert graph.call(lambda client: client) is made[1] and graph.reachable
        go_on.set()
        assert waiting.result() is False, "it was closed under somebody who uses it"
    assert made[0].closed and not made[1].closed
    graph.close()
    assert made[1].closed
