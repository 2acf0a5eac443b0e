"""The service on a real Neo4j with the sample graph: asked over HTTP, cut off from the graph, and stopped."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import neo4j
import pytest
from served import Caller, Line, serving

from kg_rec import Recommender, Settings
from kg_rec.errors import ArtifactError, SettingsError
from kg_rec.graph.server import ManagedServer
from kg_rec.model.training import TrainingSettings
from kg_rec.sample import sample_folder
from kg_rec.service.api import Access
from kg_rec.service.keys import KeyRing
from kg_rec.service.server import access_of, make_server

WORDS = "I loved Arrival and slow, sad science fiction. No horror please."
OTHERS = ["westerns like Unforgiven", "something funny with Bill Murray", "", "静かな映画", "crime, no drama. " * 20]


@pytest.fixture(scope="module")
def line(server: ManagedServer) -> Line:
    return Line(int(str(server.status().uri).rpartition(":")[2]))


@pytest.fixture(scope="module")
def settings(
    server: ManagedServer, empty: Callable[[], None], line: Line, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """A home with a model of the sample graph, and Neo4j at the end of the line."""
    empty()
    found = Settings(
        home=tmp_path_factory.mktemp("service") / "home",
        neo4j_uri=f"bolt://127.0.0.1:{line.port}",
        neo4j_password=server.password(),
        encoder="hash",
    )
    with Recommender.open(found) as recommender:
        recommender.load(sample_folder())
        recommender.train(TrainingSettings(steps=2))
    return found


@pytest.fixture(scope="module")
def call(settings: Settings) -> Iterator[Caller]:
    with serving(settings, Access(KeyRing(settings.home / "keys.json"))) as caller:
        yield caller


@pytest.fixture
def graph(server: ManagedServer) -> Iterator[Callable[[], list[Any]]]:
    """All that is in the graph, in a fixed order."""
    with neo4j.GraphDatabase.driver(str(server.status().uri), auth=("neo4j", server.password())) as driver:

        def everything() -> list[Any]:
            nodes = driver.execute_query(
                "MATCH (n) RETURN labels(n) AS l, properties(n) AS p ORDER BY n.key, n.id"
            ).records
            edges = driver.execute_query(
                "MATCH (a)-[r]->(b) RETURN a.key AS a, type(r) AS t, b.key AS b, properties(r) AS p ORDER BY a, t, b"
            ).records
            return [record.data() for record in (*nodes, *edges)]

        yield everything


@pytest.fixture
def ann(call: Caller) -> Iterator[str]:
    """Somebody who was attached by words, and is gone afterwards."""
    assert call("PUT", "/v1/people/ann", {"words": WORDS}).status == 200
    yield "/v1/people/ann"
    call("DELETE", "/v1/people/ann")


def titles(answer: Any) -> list[str]:
    return [item["title"] for item in answer["items"]]


class TestAnswers:
    def test_they_are_those_of_the_library(self, call: Caller, settings: Settings) -> None:
        with Recommender.open(settings) as library:
            for words in [WORDS, *OTHERS]:
                found = call("POST", "/v1/recommend", {"words": words, "where": ["year>=1980"], "diversity": 0.3}).json
                expected = library.recommend(words, where=["year>=1980"], diversity=0.3)
                assert titles(found) == [item.title for item in expected]
                for ours, theirs in zip(found["items"], expected, strict=True):
                    assert (ours["why"], ours["key"], ours["parts"]) == (theirs.why, theirs.key, theirs.parts)
                    assert ours["probability"] == theirs.probability and ours["statement"] == theirs.statement
                assert [one["key"] for one in found["interests"]] == [one.entity for one in expected.interests]
                assert found["notes"] == expected.notes
                assert found["model"] == library.artifact.version

    def test_what_is_asked_together_is_answered_as_if_alone(self, call: Caller) -> None:
        asked = [{"words": words, "k": k} for words in [WORDS, *OTHERS] for k in (1, 10)] * 4
        asked.append({"words": WORDS, "where": ["nothing>1"]})
        alone = [call("POST", "/v1/recommend", one) for one in asked]
        with ThreadPoolExecutor(16) as pool:
            together = list(pool.map(lambda one: call("POST", "/v1/recommend", one), asked))
        assert alone[-1].status == together[-1].status == 422
        for one, other in zip(alone[:-1], together[:-1], strict=True):
            assert one.status == other.status == 200
            assert titles(one.json) == titles(other.json)
        assert "kgrec_batch_size_count" in call("GET", "/metrics").body.decode()

    def test_evidence_stands_where_it_says(self, call: Caller) -> None:
        words = (
            "Call +49 30 1234567: Ärger! I loved Arrival 👽 and sad science fiction. No horror please, joe@example.org."
        )
        found = call("POST", "/v1/understand", {"words": words}).json["interests"]
        assert {"Film/arrival", "Genre/Horror"} <= {one["key"] for one in found}
        for one in found:
            start, end = one["span"]
            assert words[start:end] == one["evidence"]

    def test_interests_that_were_changed_take_the_place_of_those_found(self, call: Caller) -> None:
        before = call("POST", "/v1/recommend", {"words": WORDS}).json
        given = [{"entity": "Genre/Western", "score": 1.0}, {"entity": "Genre/Horror", "polarity": 1}]
        found = call("POST", "/v1/recommend", {"words": WORDS, "interests": given}).json
        told = {one["key"]: (one["polarity"], one["evidence"], one["source"]) for one in found["interests"]}
        assert told == {"Genre/Western": (1, "", "person"), "Genre/Horror": (1, "horror", "named")}
        assert titles(found) != titles(before)
        assert len(titles(call("POST", "/v1/recommend", {"interests": given[:1], "k": 200}).json)) == 200
        problem = call("POST", "/v1/recommend", {"interests": [{"entity": "Genre/None"}]})
        assert problem.status == 422 and "interests[0].entity" in problem.json["detail"]

    def test_paths_lead_from_an_interest_to_the_item(self, call: Caller) -> None:
        found = call("POST", "/v1/recommend", {"words": WORDS}).json
        interests = {one["key"] for one in found["interests"]}
        for item in found["items"]:
            assert item["paths"] and item["path"] == item["paths"][0]
            for path in item["paths"]:
                assert path[0]["key"] in interests and path[-1]["key"] == item["key"]
                assert path[0]["relation"] is None and all(node["relation"] for node in path[1:])

    def test_entities_are_found_while_they_are_typed(self, call: Caller) -> None:
        def found(typed: str) -> list[str]:
            return [one["key"] for one in call("GET", f"/v1/entities?q={typed}&limit=5").json["entities"]]

        assert found("Horr")[0] == "Genre/Horror"
        assert "Film/arrival" in found("arival")
        assert found("%20") == [] and len(found("e")) == 5
        assert all(key.startswith("Genre/") for key in found("horror&label=Genre"))

    def test_similar_items(self, call: Caller, settings: Settings) -> None:
        with Recommender.open(settings) as library:
            expected = library.similar("Arrival", k=4)
        for name in ("Arrival", "Film/arrival", "arrival"):
            found = call("GET", f"/v1/similar/{name}?k=4").json
            assert [(one["key"], one["why"]) for one in found["items"]] == [(one.key, one.why) for one in expected]
        missing = call("GET", "/v1/similar/Arival")
        assert missing.status == 404 and "Arrival" in missing.json["remedy"]


class TestPeople:
    def test_words_become_edges_and_recommendations(self, call: Caller, ann: str) -> None:
        found = call("PUT", ann, {"words": WORDS, "k": 3}).json
        assert {one["key"]: one["polarity"] for one in found["interests"]}.items() >= {
            "Film/arrival": 1,
            "Genre/Horror": -1,
        }.items()
        assert all(WORDS[slice(*one["span"])] == one["evidence"] for one in found["interests"])
        assert len(found["items"]) == 3 and set(found["took_ms"]) >= {"link", "encode", "rank", "explain"}
        # The words are read once, for the interests and for the recommendations.
        assert titles(found) == titles(call("POST", "/v1/recommend", {"words": WORDS, "k": 3}).json)
        stored = call("GET", f"{ann}/interests").json["interests"]
        assert [one["key"] for one in stored] == [one["key"] for one in found["interests"]]

    def test_private_numbers_are_never_stored(self, call: Caller, ann: str) -> None:
        call("PUT", ann, {"words": "I loved Arrival. Ask horror@example.org, 4111 1111 1111 1111 or +49 30 1234567"})
        stored = call("GET", ann).body.decode()
        assert "Arrival" in stored
        assert not any(part in stored for part in ("example", "Genre/Horror", "4111", "1234567"))

    def test_interests_are_set_and_taken_away_all_or_none(self, call: Caller, ann: str) -> None:
        changed = {"set": [{"entity": "western", "score": 0.5}, {"entity": "Genre/Comedy", "polarity": -1}]}
        found = call("PATCH", f"{ann}/interests", {**changed, "remove": ["Genre/Horror"]}).json["interests"]
        told = {one["key"]: one["polarity"] * one["score"] for one in found}
        assert told["Genre/Western"] == 0.5 and told["Genre/Comedy"] == -1 and "Genre/Horror" not in told
        refused = call("PATCH", f"{ann}/interests", {"set": [{"entity": "Genre/Drama"}], "remove": ["Genre/Nothing"]})
        assert refused.status == 422 and "Their interests" in refused.json["remedy"]
        assert call("GET", f"{ann}/interests").json["interests"] == found
        assert call("DELETE", f"{ann}/interests").status == 204
        assert call("GET", f"{ann}/interests").json["interests"] == []

    def test_events_count_from_the_next_answer_on(self, call: Caller, ann: str) -> None:
        first = call("POST", "/v1/recommend", {"user": "ann"}).json
        liked, seen, skipped = (item["key"] for item in first["items"][:3])
        events = [
            {"item": liked, "kind": "liked"},
            {"item": seen, "kind": "seen"},
            {"item": skipped, "kind": "skipped"},
        ]
        assert call("POST", f"{ann}/events", {"events": events}).json == {"person": "ann", "recorded": 3}
        after = call("POST", "/v1/recommend", {"user": "ann", "k": 200}).json
        keys = [item["key"] for item in after["items"]]
        assert liked not in keys and seen not in keys
        assert (liked, "event") in {(one["key"], one["source"]) for one in after["interests"]}
        told = next(item for item in after["items"] if item["key"] == skipped)
        assert told["parts"]["dislikes"] <= -1
        assert any("KG_REACTED_TO" in item["statement"] for item in after["items"])
        # An item that is hidden can still be asked about.
        assert call("GET", f"{ann}/why/{seen}").json["key"] == seen
        assert call("DELETE", f"{ann}/events/{seen}").status == 204
        again = call("POST", "/v1/recommend", {"user": "ann", "k": 200}).json
        assert seen in [item["key"] for item in again["items"]]

    def test_somebody_may_come_by_what_they_do(self, call: Caller) -> None:
        events = [{"item": "Alien", "kind": "rated", "value": 5}, {"item": "Her", "kind": "disliked"}]
        assert call("POST", "/v1/people/bob/events", {"events": events}).status == 200
        found = call("POST", "/v1/recommend", {"user": "bob"}).json
        assert {(one["key"], one["polarity"]) for one in found["interests"]} == {("Film/alien", 1), ("Film/her", -1)}
        assert len(found["items"]) == 10 and "no interests yet" in found["notes"][0]
        data = call("GET", "/v1/people/bob").json
        assert {event["kind"] for event in data["events"]} == {"rated", "disliked"}
        assert call("DELETE", "/v1/people/bob").status == 204
        assert call("DELETE", "/v1/people/bob").status == 404

    def test_nothing_of_a_person_is_left(self, call: Caller, graph: Callable[[], list[Any]]) -> None:
        before = graph()
        call("PUT", "/v1/people/eve", {"words": WORDS})
        call("POST", "/v1/people/eve/events", {"events": [{"item": "Alien", "kind": "seen"}]})
        loaded = "/v1/people/sim-001"
        call("POST", f"{loaded}/events", {"events": [{"item": "Alien", "kind": "liked"}]})
        assert call("GET", loaded).json["of_graph"]
        assert graph() != before
        assert call("DELETE", "/v1/people/eve").status == 204
        assert call("DELETE", loaded).status == 204
        assert graph() == before

    def test_nobody_is_told_who_else_is_there(self, call: Caller, ann: str) -> None:
        for method, path, body in (
            ("GET", "/v1/people/anne/interests", None),
            ("GET", "/v1/people/anne", None),
            ("DELETE", "/v1/people/anne", None),
            ("PATCH", "/v1/people/anne/interests", {"remove": ["x"]}),
            ("POST", "/v1/recommend", {"user": "anne"}),
            ("GET", "/v1/people/anne/why/Her", None),
        ):
            reply = call(method, path, body)
            assert reply.status == 404, path
            assert "'ann'" not in reply.body.decode() and "PUT /v1/people" in reply.json["remedy"]


class TestOnce:
    def skips(self, call: Caller, path: str) -> int:
        return int(call("GET", path).json["events"][0]["times"])

    def test_the_same_request_is_done_once(self, call: Caller, ann: str) -> None:
        body = {"events": [{"item": "Alien", "kind": "skipped"}]}
        with ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda _: call("POST", f"{ann}/events", body, {"Idempotency-Key": "a"}), range(8)))
        assert {reply.status for reply in replies} == {200} and len({reply.body for reply in replies}) == 1
        assert self.skips(call, ann) == 1
        assert call("POST", f"{ann}/events", body, {"Idempotency-Key": "b"}).status == 200
        assert self.skips(call, ann) == 2

    def test_another_request_with_the_key_is_refused(self, call: Caller, ann: str) -> None:
        key = {"Idempotency-Key": "c"}
        assert call("PUT", ann, {"words": "westerns"}, key).status == 200
        assert call("PUT", ann, {"words": "drama"}).status == 200
        again = call("PUT", ann, {"words": "westerns"}, key)
        # It is not done again: that would take back what came later.
        assert [one["key"] for one in again.json["interests"]] == ["Genre/Drama"]
        other = call("PUT", ann, {"words": "comedies"}, key)
        assert other.status == 422 and "Idempotency-Key" in other.json["detail"]
        assert call("PUT", ann, {"words": "x"}, {"Idempotency-Key": " "}).status == 422

    def test_erasing_twice_with_a_key_succeeds(self, call: Caller) -> None:
        call("PUT", "/v1/people/kim", {"words": "westerns"})
        for _ in range(2):
            assert call("DELETE", "/v1/people/kim", headers={"Idempotency-Key": "d"}).status == 204
        assert call("DELETE", "/v1/people/kim").status == 404

    def test_taking_away_twice_with_a_key_succeeds(self, call: Caller, ann: str) -> None:
        """Whoever did not see the answer sends it again: what is gone by then is no error."""
        key, other = {"Idempotency-Key": "e"}, {"Idempotency-Key": "f"}
        body = {"set": [{"entity": "Western"}], "remove": ["Genre/Horror"]}
        first = call("PATCH", f"{ann}/interests", body, key)
        assert first.status == 200 and call("PATCH", f"{ann}/interests", body, key).json == first.json
        assert call("PATCH", f"{ann}/interests", body, other).status == 422
        call("POST", f"{ann}/events", {"events": [{"item": "Alien", "kind": "seen"}]})
        for _ in range(2):
            assert call("DELETE", f"{ann}/events/Alien", headers={"Idempotency-Key": "g"}).status == 204

    def test_claims_hold_nothing_that_was_said(self, call: Caller, ann: str, graph: Callable[[], list[Any]]) -> None:
        call("PUT", ann, {"words": "westerns"}, {"Idempotency-Key": "my very own key"})
        claims = [one for one in graph() if one.get("l") == ["KGWrite"]]
        assert claims and all(set(one["p"]) == {"id", "content", "at"} for one in claims)
        assert "my very own key" not in str(claims) and "western" not in str(claims)


def test_a_request_can_be_followed_to_its_statements(settings: Settings) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="OpenTelemetry's SDK is not installed")
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from kg_rec.service.traces import OpenTelemetry

    exporter = InMemorySpanExporter()
    with serving(
        settings, Access(KeyRing(settings.home / "keys.json")), OpenTelemetry(SimpleSpanProcessor(exporter))
    ) as call:
        assert call("PUT", "/v1/people/tracy", {"words": WORDS, "k": 3}).status == 200
        assert call("DELETE", "/v1/people/tracy").status == 204
        told = call("GET", "/metrics").body.decode()
    spans = exporter.get_finished_spans()
    request = next(span for span in spans if span.name == "PUT /v1/people/{person}")
    inner = {span.name for span in spans if span.parent and span.parent.span_id == request.context.span_id}
    assert inner >= {"queue", "link", "encode", "rank", "explain", "neo4j attach/attach"}
    assert not any(part in "".join(span.to_json() for span in spans) for part in ("tracy", "Arrival", "loved"))
    assert 'kgrec_statement_seconds_count{script="attach/attach"} 1.0' in told
    assert 'kgrec_graph_drift{what="nodes"} 0.0' in told and "kgrec_queue_seconds_count 2.0" in told


HOSTILE: list[tuple[str, str, bytes, set[int]]] = [
    ("POST", "/v1/recommend", b'{"words": "\xff\xfe"}', {400, 422}),
    ("POST", "/v1/recommend", b"{", {400, 422}),
    ("POST", "/v1/recommend", b"", {422}),
    ("POST", "/v1/recommend", b"[" * 30_000, {400, 422}),
    ("POST", "/v1/recommend", b"[]", {422}),
    ("POST", "/v1/recommend", b"null", {422}),
    ("POST", "/v1/recommend", b'{"words": "\\ud800"}', {422}),
    ("POST", "/v1/recommend", b'{"words": "x", "k": 1e999}', {422}),
    ("POST", "/v1/recommend", b'{"words": "x", "k": NaN}', {422}),
    ("POST", "/v1/recommend", b'{"words": "x", "diversity": NaN}', {422}),
    ("POST", "/v1/recommend", b'{"words": "x", "k": ' + b"9" * 6000 + b"}", {400, 422}),
    ("POST", "/v1/recommend", b'{"words": "x", "k": 0}', {422}),
    ("POST", "/v1/recommend", b'{"words": "x", "k": true}', {422}),
    ("POST", "/v1/recommend", b'{"words": 1}', {422}),
    ("POST", "/v1/recommend", b'{"words": "x", "user": "y"}', {422}),
    ("POST", "/v1/recommend", b"{}", {422}),
    ("POST", "/v1/recommend", b'{"words": "x", "unknown": 1}', {422}),
    ("POST", "/v1/recommend", b'{"words": "x", "where": ["year>=x"]}', {422}),
    ("POST", "/v1/recommend", b'{"words": "x", "where": ["DROP"]}', {422}),
    ("POST", "/v1/recommend", b'{"words": "x", "exclude": ["nothing"]}', {422}),
    ("POST", "/v1/recommend", b'{"user": "a\\u0000b"}', {422}),
    ("POST", "/v1/recommend", json.dumps({"words": "x" * 10_001}).encode(), {422}),
    ("POST", "/v1/recommend", b"x" * 100_000, {413}),
    ("PUT", "/v1/people/%00", b'{"words": "x"}', {422}),
    ("PUT", "/v1/people/%20", b'{"words": "x"}', {422}),
    ("PUT", "/v1/people/" + "a" * 1001, b'{"words": "x"}', {422}),
    ("PUT", "/v1/people/a/b", b'{"words": "x"}', {404, 405}),
    ("POST", "/v1/people/a/events", b'{"events": []}', {422}),
    ("POST", "/v1/people/a/events", b'{"events": [{"item": "nothing", "kind": "liked"}]}', {422}),
    ("POST", "/v1/people/a/events", b'{"events": [{"item": "Her", "kind": "hated"}]}', {422}),
    ("POST", "/v1/people/a/events", b'{"events": [{"item": "Her", "kind": "rated", "value": 99}]}', {422}),
    ("POST", "/v1/people/a/events", b'{"events": [{"item": "Her\'}) DETACH DELETE n //", "kind": "seen"}]}', {422}),
    ("PATCH", "/v1/people/a'}) DETACH DELETE n //".replace(" ", "%20") + "/interests", b"{}", {404, 405}),
    ("GET", "/v1/similar/%FF%FE", b"", {400}),
    ("PUT", "/v1/people/%ff", b'{"words": "x"}', {400}),
    ("POST", "/v1/recommend", b'{"words": "a\\u0000b"}', {422}),
    ("GET", "/v1/entities?q=" + "a" * 201, b"", {422}),
    ("GET", "/../../etc/passwd", b"", {404}),
    ("TRACE", "/v1/recommend", b"", {405}),
]


@pytest.mark.parametrize("place", range(len(HOSTILE)))
def test_hostile_requests_get_a_reason_and_change_nothing(
    call: Caller, graph: Callable[[], list[Any]], place: int
) -> None:
    method, path, body, statuses = HOSTILE[place]
    before = graph()
    reply = call(method, path, raw=body or None)
    assert reply.status in statuses, (reply.status, reply.body)
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json["detail"] and reply.json["status"] == reply.status
    assert reply.json["request"] == reply.headers["x-request-id"]
    assert graph() == before


def test_a_person_may_be_called_anything_that_is_text(call: Caller) -> None:
    for name in ("Ж 王", "a'}) DETACH DELETE n --", "%7B%7D", "$user", "a%2520b"):
        path = "/v1/people/" + "".join(f"%{byte:02X}" for byte in name.encode())
        assert call("PUT", path, {"words": "westerns"}).json["person"] == name
        assert call("DELETE", path).status == 204


def test_headers_and_request_ids(call: Caller) -> None:
    reply = call("GET", "/v1/entities?q=x", headers={"X-Request-ID": "mine-1"})
    assert reply.headers["x-request-id"] == "mine-1"
    assert "default-src 'self'" in reply.headers["content-security-policy"]
    assert reply.headers["x-content-type-options"] == "nosniff" and reply.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in reply.headers
    other = call("GET", "/v1/entities?q=x", headers={"X-Request-ID": "a b\tc"})
    assert re.fullmatch("[0-9a-f]{32}", other.headers["x-request-id"])


def test_a_page_of_another_site_is_kept_out(call: Caller) -> None:
    assert call("GET", "/v1/entities?q=x", headers={"Host": "evil.example"}).status == 421
    origin = {"Origin": "http://evil.example"}
    assert call("PUT", "/v1/people/a", {"words": "x"}, origin).status == 403
    own = {"Origin": f"http://127.0.0.1:{call.port}"}
    assert call("POST", "/v1/understand", {"words": "x"}, own).status == 200
    assert call("POST", "/v1/understand", raw=b'{"words": "x"}', headers={"Content-Type": "text/plain"}).status == 422


def test_a_condition_is_told_as_it_was_sent(call: Caller) -> None:
    reply = call("POST", "/v1/recommend", {"words": "x", "where": ["year"]})
    assert reply.status == 422 and reply.json["detail"].startswith("where: ") and "--" not in str(reply.json)


def test_an_origin_that_is_no_address_is_refused(call: Caller) -> None:
    for origin in ("http://[bad", "null", "http://127.0.0.1.evil.example"):
        assert call("POST", "/v1/recommend", {"words": "x"}, {"Origin": origin}).status == 403


def test_who_asks_nothing_is_sent_away(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kg_rec.service.server.MOST_SECONDS", 0.3)
    for begun in (b"", b"POST /v1/recommend HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Half"):
        with socket.create_connection(("127.0.0.1", call.port), 30) as idle:
            idle.sendall(begun)
            assert idle.recv(1) == b""


def test_a_write_that_waits_for_another_is_given_up_and_not_done_later(
    call: Caller, ann: str, server: ManagedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    skipped = {"events": [{"item": "Her", "kind": "skipped"}, {"item": "Her", "kind": "skipped"}]}
    assert call("POST", f"{ann}/events", skipped).status == 200
    with (
        neo4j.GraphDatabase.driver(str(server.status().uri), auth=("neo4j", server.password())) as driver,
        driver.session() as session,
        session.begin_transaction() as holding,
        ThreadPoolExecutor(12) as pool,
    ):
        holding.run("MATCH (user:KGEntity {key: 'User/ann'}) SET user.held = true").consume()
        replies = list(pool.map(lambda _: call("POST", f"{ann}/events", skipped), range(12)))
        assert {reply.status for reply in replies} == {503}
        assert all("Nothing was written" in reply.json["detail"] for reply in replies)
        holding.rollback()
    assert call("POST", f"{ann}/events", skipped).status == 200
    assert [one["times"] for one in call("GET", ann).json["events"]] == [4]


def test_keys_that_cannot_be_read_are_no_defect(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    token = KeyRing(path).make("reader", "read")
    with serving(settings, Access(KeyRing(path), needs_key=True)) as call:
        path.write_text("{")
        reply = call("POST", "/v1/recommend", {"words": "x"}, {"Authorization": f"Bearer {token}"})
        assert reply.status == 503 and str(path) not in reply.body.decode()


def test_the_log_and_the_metrics_hold_no_words_and_no_names(
    call: Caller, ann: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="kg_rec.service"):
        call("POST", "/v1/recommend", {"words": WORDS})
        call("PUT", ann, {"words": WORDS})
        call("GET", f"{ann}/why/Her")
        call("GET", "/v1/people/secret-person/interests")
    deadline = time.monotonic() + 10
    # The line comes after the answer; others may stand between, of what the service does by itself.
    while sum(record.getMessage() == "request" for record in caplog.records) < 4:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    told = [str(vars(record)) for record in caplog.records]
    text = "".join(told) + call("GET", "/metrics").body.decode()
    assert "/v1/people/{person}/why/{item:path}" in text
    assert not any(word in text for word in ("Arrival", "sad", "secret-person", "people/ann"))


def test_openapi_has_an_example_of_each_body(call: Caller) -> None:
    document = call("GET", "/openapi.json").json
    bodies = [
        (path, method)
        for path, methods in document["paths"].items()
        for method, told in methods.items()
        if "requestBody" in told and not told["requestBody"]["content"]["application/json"].get("examples")
    ]
    assert document["paths"] and not bodies
    assert call("GET", "/nowhere").json["title"] == "Not Found"


class TestAway:
    def test_words_are_answered_writes_wait_and_all_is_well_when_the_graph_returns(
        self, call: Caller, ann: str, line: Line
    ) -> None:
        expected = titles(call("POST", "/v1/recommend", {"words": WORDS}).json)
        line.cut()
        try:
            for _ in range(3):
                refused = call("PUT", "/v1/people/new", {"words": WORDS})
                assert refused.status == 503 and int(refused.headers["retry-after"]) > 0
                assert "Recommendations from words go on" in refused.json["remedy"]
            found = call("POST", "/v1/recommend", {"words": WORDS}).json
            assert titles(found) == expected and all(item["path"] for item in found["items"])
            assert call("POST", "/v1/recommend", {"user": "ann"}).status == 503
            parts = call.wait("/health/ready", status="degraded")["parts"]
            assert parts["graph"].startswith("away")
            assert b"kgrec_graph_reachable 0.0" in call("GET", "/metrics").body
        finally:
            line.mend()
        call.wait("/health/ready", status="ready")
        assert call("POST", "/v1/recommend", {"user": "ann"}).status == 200
        assert call("GET", "/v1/people/new/interests").status == 404

    def test_it_starts_without_the_graph_and_says_so(self, settings: Settings, line: Line) -> None:
        line.cut()
        try:
            with serving(settings, Access(KeyRing(settings.home / "keys.json"))) as alone:
                found = alone("POST", "/v1/recommend", {"words": WORDS}).json
                assert len(found["items"]) == 10 and "cannot be reached" in found["notes"][-1]
                assert not found["items"][0]["path"]
                line.mend()
                alone.wait("/health/ready", status="ready")
                deadline = time.monotonic() + 60
                while not alone("POST", "/v1/recommend", {"words": WORDS}).json["items"][0]["path"]:
                    assert time.monotonic() < deadline
        finally:
            if line._listening is None:
                line.mend()


def test_a_new_model_takes_over_without_a_request_being_lost(call: Caller, settings: Settings) -> None:
    before = call("POST", "/v1/recommend", {"words": WORDS}).json["model"]
    done = threading.Event()
    seen: list[tuple[int, str]] = []

    def ask(words: str) -> None:
        while not done.is_set():
            reply = call("POST", "/v1/recommend", {"words": words, "k": 3})
            seen.append((reply.status, reply.json.get("model", "")))

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask, words) for words in [WORDS, *OTHERS[:3]]]
        try:
            with Recommender.open(settings) as recommender:
                recommender.train(TrainingSettings(steps=2, seed=1))
            after = (settings.model_path / "current").read_text().strip()
            assert after != before
            deadline = time.monotonic() + 60
            while seen[-1][1] != after and time.monotonic() < deadline:
                time.sleep(0.05)
        finally:
            done.set()
        for one in asking:
            one.result()
    assert {status for status, _ in seen} == {200}
    assert {version for _, version in seen} == {before, after}
    assert f'kgrec_model{{version="{after}"}} 1.0' in call("GET", "/metrics").body.decode()


UMBRELLAS = {
    "id": "seven-umbrellas",
    "title": "Seven Umbrellas",
    "words": "A meteorologist cannot stop the rain over one small town.",
    "properties": {"year": 2026, "colour": "grey"},
    "relations": [
        {"type": "HAS_GENRE", "entity": "Drama"},
        {"type": "HAS_KEYWORD", "entity": "Keyword/small town"},
    ],
}


class TestItems:
    @pytest.fixture
    def added(self, call: Caller, server: ManagedServer) -> Iterator[Any]:
        """The answer to adding an item, which is gone afterwards."""
        yield call("POST", "/v1/items", {"items": [UMBRELLAS]}, {"Idempotency-Key": "umbrellas"})
        with neo4j.GraphDatabase.driver(str(server.status().uri), auth=("neo4j", server.password())) as driver:
            driver.execute_query("MATCH (n:KGEntity) WHERE n.key STARTS WITH 'Film/seven-' DETACH DELETE n")
            driver.execute_query("MATCH (n:KGWrite) DELETE n")
        call.service.keeper.catch_up().result(60)

    def test_a_new_item_is_recommendable_from_the_next_request_on(self, call: Caller, added: Any) -> None:
        assert added.status == 201, added.json
        assert (
            added.json["items"] == ["Film/seven-umbrellas"] and added.json["recommendable"] and not added.json["note"]
        )
        found = call("POST", "/v1/recommend", {"words": "a meteorologist in a small town, in the rain", "k": 20}).json
        assert found["model"] == added.json["model"] and not [note for note in found["notes"] if "changed" in note]
        ours = next(item for item in found["items"] if item["key"] == "Film/seven-umbrellas")
        assert ours["properties"]["year"] == 2026 and ours["id"] == "seven-umbrellas"
        assert "small town" in ours["why"] and ours["path"][-1]["key"] == "Film/seven-umbrellas"
        assert call("GET", "/v1/similar/Seven%20Umbrellas").status == 200
        liked = {"events": [{"item": "Seven Umbrellas", "kind": "liked"}]}
        assert call("POST", "/v1/people/umbrella-fan/events", liked).status == 200
        assert call("DELETE", "/v1/people/umbrella-fan").status == 204

    def test_it_is_a_node_of_the_graph_as_a_loaded_one(
        self, call: Caller, added: Any, graph: Callable[[], list[Any]]
    ) -> None:
        everything = graph()
        (node,) = (one for one in everything if one.get("p", {}).get("key") == "Film/seven-umbrellas")
        loaded = next(one for one in everything if one.get("p", {}).get("key") == "Film/arrival")
        assert node["l"] == loaded["l"]
        assert node["p"] == {
            "key": "Film/seven-umbrellas",
            "filmId": "seven-umbrellas",
            "title": "Seven Umbrellas",
            "summary": "A meteorologist cannot stop the rain over one small town.",
            "year": 2026,
            "colour": "grey",
        }
        edges = [(one["t"], one["b"], one["p"]) for one in everything if one.get("a") == "Film/seven-umbrellas"]
        assert edges == [("HAS_GENRE", "Genre/Drama", {}), ("HAS_KEYWORD", "Keyword/small town", {})]

    def test_it_is_added_once(self, call: Caller, added: Any, graph: Callable[[], list[Any]]) -> None:
        before = graph()
        again = call("POST", "/v1/items", {"items": [UMBRELLAS]}, {"Idempotency-Key": "umbrellas"})
        assert (again.status, again.json["items"]) == (201, added.json["items"])
        other = call("POST", "/v1/items", {"items": [{**UMBRELLAS, "title": "Others"}]})
        assert other.status == 409 and "already" in other.json["detail"]
        assert graph() == before

    def test_requests_at_once_share_a_synchronisation(self, call: Caller, added: Any) -> None:
        def add(number: int) -> Any:
            return call("POST", "/v1/items", {"items": [{"id": f"seven-{number}", "title": f"Seven Times {number}"}]})

        def swaps() -> float:
            (found,) = re.findall(
                r"^kgrec_model_swaps_total (\S+)", call("GET", "/metrics").body.decode(), re.MULTILINE
            )
            return float(found)

        before = swaps()
        with ThreadPoolExecutor(6) as pool:
            replies = list(pool.map(add, range(6)))
        assert {reply.status for reply in replies} == {201}, [reply.json for reply in replies]
        assert 1 <= swaps() - before <= 4
        assert call("GET", "/v1/similar/Seven%20Times%203").status == 200

    def test_whoever_does_not_want_to_wait_is_answered_when_it_is_stored(self, call: Caller, added: Any) -> None:
        item = {"id": "seven-async", "title": "Seven Async"}
        reply = call("POST", "/v1/items", {"items": [item]}, {"Prefer": "respond-async"})
        assert (reply.status, reply.json["recommendable"]) == (202, False) and reply.json["note"]
        deadline = time.monotonic() + 60
        while call("GET", "/v1/similar/seven-async").status != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def test_its_answers_are_those_of_a_model_that_was_read_from_disk(
        self, call: Caller, added: Any, settings: Settings
    ) -> None:
        with Recommender.open(settings) as library:
            for words in [WORDS, *OTHERS]:
                found = call("POST", "/v1/recommend", {"words": words, "k": 30}).json
                expected = library.recommend(words, k=30)
                assert found["model"] == library.artifact.version
                assert [(item["key"], item["parts"], item["why"]) for item in found["items"]] == [
                    (item.key, item.parts, item.why) for item in expected
                ]

    @pytest.mark.parametrize(
        ("changed", "where"),
        [
            ({"id": " "}, "items[0].id"),
            ({"relations": [{"type": "HAS_GENRE", "entity": "Dramma"}]}, "items[0].relations[0].entity"),
            ({"relations": [{"type": "RATED", "entity": "Drama"}]}, "items[0].relations[0].type"),
            ({"relations": [{"type": "X`]->() DETACH DELETE n //", "entity": "Drama"}]}, "items[0].relations[0].type"),
            (
                {"relations": [{"type": "HAS_GENRE", "entity": "Drama", "forward": False}]},
                "items[0].relations[0].forward",
            ),
            ({"properties": {"year": "soon"}}, "items[0].properties.year"),
            ({"properties": {"key": "Film/arrival"}}, "items[0].properties"),
            ({"properties": {"kgEmbedding": 1}}, "items[0].properties"),
            ({"properties": {"title": "Another"}}, "items[0].properties"),
            ({"properties": {"year": 1 << 70}}, "items.0.properties.year"),
            ({"properties": {"year": None}}, "items.0.properties.year"),
            ({"id": "x" * 1001}, "items.0.id"),
        ],
    )
    def test_what_is_not_in_order_is_named_and_nothing_is_written(
        self, call: Caller, graph: Callable[[], list[Any]], changed: dict[str, Any], where: str
    ) -> None:
        before = graph()
        sound = {"id": "seven-sound", "title": "Sound"}
        reply = call("POST", "/v1/items", {"items": [{**UMBRELLAS, **changed}, sound]})
        assert reply.status == 422 and where in reply.json["detail"], reply.json
        assert graph() == before

    def test_an_item_given_twice_is_refused(self, call: Caller) -> None:
        reply = call("POST", "/v1/items", {"items": [UMBRELLAS, UMBRELLAS]})
        assert reply.status == 422 and "items[1].id" in reply.json["detail"]

    def test_a_service_that_follows_synchronises_by_itself(
        self, settings: Settings, server: ManagedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("kg_rec.service.engine._COMPARE_EVERY", 0.5)
        with (
            serving(settings, Access(KeyRing(settings.home / "keys.json")), follow=True) as following,
            neo4j.GraphDatabase.driver(str(server.status().uri), auth=("neo4j", server.password())) as driver,
        ):
            driver.execute_query("CREATE (:KGEntity:Film {key: 'Film/seven-x', filmId: 'seven-x', title: 'Seven X'})")
            try:
                deadline = time.monotonic() + 60
                while following("GET", "/v1/similar/Seven%20X").status != 200:
                    assert time.monotonic() < deadline
                    time.sleep(0.2)
            finally:
                driver.execute_query("MATCH (n:KGEntity {key: 'Film/seven-x'}) DETACH DELETE n")
                following.service.keeper.catch_up().result(60)


class TestKeys:
    def test_each_scope_may_do_its_part(self, settings: Settings) -> None:
        ring = KeyRing(settings.home / "ring.json")
        tokens = {scope: ring.make(scope, scope) for scope in ("read", "write", "admin")}  # type: ignore[arg-type]
        with serving(settings, Access(ring, needs_key=True)) as call:

            def status(method: str, path: str, body: Any = None, token: str = "") -> int:
                headers = {"Authorization": f"Bearer {token}"} if token else {}
                return call(method, path, body, headers).status

            for token, expected in (("", 401), ("kgr_wrong", 401), (tokens["read"], 200), (tokens["write"], 200)):
                assert status("POST", "/v1/recommend", {"words": "westerns"}, token) == expected
                assert status("GET", "/metrics", token=token) == expected
            for token, expected in (("", 401), (tokens["read"], 403), (tokens["write"], 200)):
                assert status("PUT", "/v1/people/key", {"words": "westerns"}, token) == expected
            for token, expected in (("", 401), (tokens["write"], 403), (tokens["admin"], 422)):
                assert status("POST", "/v1/items", {"items": []}, token) == expected
            assert status("DELETE", "/v1/people/key", token=tokens["read"]) == 403
            assert status("DELETE", "/v1/people/key", token=tokens["write"]) == 204
            assert call("GET", "/health/live").status == call("GET", "/health/ready").status == 200
            ring.revoke("write")
            assert status("POST", "/v1/recommend", {"words": "westerns"}, tokens["write"]) == 401

    def test_another_address_takes_a_key(self, settings: Settings, tmp_path: Path) -> None:
        home = settings.model_copy(update={"home": tmp_path})
        for host in ("0.0.0.0", "::", "192.0.2.1", "example.org"):
            with pytest.raises(SettingsError, match="expected a key") as caught:
                access_of(home, host, require_key=False, rate=0)
            assert "kg-rec keys make" in caught.value.remedy
        for host in ("127.0.0.1", "::1", "localhost", "127.8.9.10"):
            assert not access_of(home, host, require_key=False, rate=0).needs_key
        with pytest.raises(SettingsError, match="--require-key"):
            access_of(home, "127.0.0.1", require_key=True, rate=0)
        KeyRing(tmp_path / "keys.json").make("x", "read")
        found = access_of(home, "0.0.0.0", require_key=False, rate=0)
        assert found.needs_key and not found.local

    def test_too_many_requests_are_told_when_to_come_again(self, settings: Settings) -> None:
        with serving(settings, Access(KeyRing(settings.home / "keys.json"), rate=1)) as call:
            replies = [call("GET", "/v1/entities?q=x") for _ in range(8)]
            refused = [reply for reply in replies if reply.status == 429]
            assert refused and all(int(reply.headers["retry-after"]) >= 1 for reply in refused)
            assert call("GET", "/health/live").status == 200


def test_what_is_asked_is_answered_when_it_stops(settings: Settings) -> None:
    with ThreadPoolExecutor(8) as pool:
        with serving(settings, Access(KeyRing(settings.home / "keys.json"))) as call:
            waiting = [
                pool.submit(call, "POST", "/v1/recommend", {"words": " ".join(OTHERS), "k": 200}) for _ in range(8)
            ]
            deadline = time.monotonic() + 30
            while not any(one.done() for one in waiting) and time.monotonic() < deadline:
                time.sleep(0.001)
        # Those that had come in are answered; one that came too late finds nobody.
        answered = [one.result().status for one in waiting if one.exception() is None]
    assert answered and set(answered) == {200}


def test_without_a_model_or_with_the_port_taken_it_does_not_start(
    settings: Settings, tmp_path: Path, call: Caller
) -> None:
    access = Access(KeyRing(tmp_path / "keys.json"))
    with pytest.raises(ArtifactError, match="There is no trained model"):
        make_server(settings.model_copy(update={"home": tmp_path}), access, "127.0.0.1", 0)
    with pytest.raises(SettingsError, match="cannot listen there") as caught:
        make_server(settings, access, "127.0.0.1", call.port)
    assert "--port" in caught.value.remedy


def test_the_command_serves_until_it_is_told_to_end(settings: Settings, line: Line) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    password = settings.neo4j_password.get_secret_value() if settings.neo4j_password else ""
    environment = {
        **os.environ,
        "KG_REC_HOME": str(settings.home),
        "KG_REC_NEO4J_URI": str(settings.neo4j_uri),
        "KG_REC_NEO4J_PASSWORD": password,
    }
    run = "import sys; sys.argv[0] = 'kg-rec'; from kg_rec.cli import main; main()"
    command = [sys.executable, "-c", run, "serve", "--port", str(port)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + 120
            while True:
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.2)
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request(
                "POST", "/v1/recommend", json.dumps({"words": WORDS}), {"Content-Type": "application/json"}
            )
            assert len(json.loads(connection.getresponse().read())["items"]) == 10
            connection.close()
            process.send_signal(signal.SIGTERM)
            _, told = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode in (0, -signal.SIGTERM, 128 + signal.SIGTERM)
    lines = told.splitlines()
    assert any(f"http://127.0.0.1:{port}" in one for one in lines)
    logged = [json.loads(one) for one in lines if one.startswith("{")]
    assert [one["route"] for one in logged if one["event"] == "request"] == ["/v1/recommend"]
    assert "Arrival" not in told and password not in told
