"""The managed Neo4j, started and stopped for real."""

from __future__ import annotations

from kg_rec.graph.client import GraphClient


def test_the_server_answers_queries(empty_graph: GraphClient) -> None:
    assert empty_graph.read("server/version") == [{"version": "5.26.30", "edition": "community"}]
