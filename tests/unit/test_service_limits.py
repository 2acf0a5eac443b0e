"""What one request and one caller may ask for, and how refusals are told."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from typing import Any

import pytest

from kg_rec.errors import ArtifactError, ConnectionFailedError, InputError, KgRecError, ScriptError, UnknownEntityError
from kg_rec.service.doors import is_loopback
from kg_rec.service.limits import Limits, Rate
from kg_rec.service.logs import JsonLines
from kg_rec.service.problems import AwayError, ProblemError, document, problem_of
from kg_rec.service.server import address_of


@pytest.mark.parametrize(
    ("host", "expected"),
    [("0.0.0.0", socket.gethostname()), ("127.0.0.1", "127.0.0.1"), ("::", socket.gethostname()), ("::1", "[::1]")],
)
def test_the_address_that_is_told_can_be_opened(host: str, expected: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listening:
        try:
            listening.bind((host, 0))
        except OSError:
            pytest.skip("no IPv6 here")
        assert address_of(listening) == f"http://{expected}:{listening.getsockname()[1]}"


def test_a_bucket_holds_two_seconds_of_requests_and_fills_again() -> None:
    rate = Rate(2)
    assert [rate.take("ann", now=0.0) for _ in range(4)] == [0.0] * 4
    assert rate.take("ann", now=0.0) == pytest.approx(0.5)
    assert rate.take("bob", now=0.0) == 0.0
    assert rate.take("ann", now=0.5) == 0.0
    assert rate.take("ann", now=0.5) > 0
    assert [rate.take("ann", now=100.0) for _ in range(5)][-1] > 0  # never more than it holds
    assert all(Rate(0).take("ann", now=0.0) == 0.0 for _ in range(1000))
    slow = Rate(0.25)
    assert slow.take("ann", now=0.0) == 0.0 and slow.take("ann", now=0.0) == pytest.approx(4.0)


def test_callers_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kg_rec.service.limits._MOST_CALLERS", 3)
    rate = Rate(1)
    for number in range(10):
        rate.take(str(number), now=float(number))
    assert len(rate._buckets) == 3


class Sent:
    """An application behind `Limits`, and what came back."""

    def __init__(
        self, chunks: list[bytes], *, headers: list[tuple[bytes, bytes]] | None = None, pause: float = 0.0
    ) -> None:
        self.messages: list[dict[str, Any]] = []
        self.body = b""
        self._chunks = chunks
        self._pause = pause
        self._headers = headers or []

    async def receive(self) -> dict[str, Any]:
        await asyncio.sleep(self._pause)
        if not self._chunks:
            return {"type": "http.disconnect"}
        chunk = self._chunks.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(self._chunks)}

    async def send(self, message: Any) -> None:
        self.messages.append(message)

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        self.body = (await receive())["body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def run(self, **limits: Any) -> tuple[int, dict[bytes, bytes]]:
        scope = {"type": "http", "headers": self._headers, "state": {"id": "r1"}, "method": "POST", "path": "/"}
        asyncio.run(Limits(self.app, **limits)(scope, self.receive, self.send))
        start = self.messages[0]
        return start["status"], dict(start["headers"])

    @property
    def problem(self) -> Any:
        return json.loads(self.messages[1]["body"])


def test_a_body_is_passed_on_whole() -> None:
    sent = Sent([b"ab", b"", b"cd"])
    assert sent.run(most_bytes=4)[0] == 200 and sent.body == b"abcd"
    assert Sent([]).run()[0] == 200


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"5")], [(b"content-length", b"-1")]])
def test_a_body_that_is_too_large_is_refused(headers: list[tuple[bytes, bytes]]) -> None:
    sent = Sent([b"abc", b"de"] + [b"x"] * 100, headers=headers)
    status, answered = sent.run(most_bytes=4)
    assert status == 413 and answered[b"connection"] == b"close"
    assert "at most 4 bytes" in sent.problem["detail"] and sent.problem["request"] == "r1"
    assert len(sent._chunks) >= 100  # the rest is not read


def test_a_body_that_trickles_in_is_refused() -> None:
    sent = Sent([b"x"] * 100, pause=0.05)
    status, answered = sent.run(most_seconds=0.1)
    assert status == 408 and answered[b"connection"] == b"close" and "within 0.1 s" in sent.problem["detail"]


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (InputError("What."), 422, "invalid"),
        (UnknownEntityError("Who."), 404, "unknown"),
        (ConnectionFailedError("bolt://secret refuses 'user'"), 503, "graph-away"),
        (ScriptError("cypher/x.cypher was refused"), 503, "graph-refused"),
        (ArtifactError("No model."), 503, "no-model"),
        (KgRecError("Odd."), 500, "defect"),
        (ProblemError(418, "Tea.", remedy="Coffee."), 418, "i'm-a-teapot"),
    ],
)
def test_errors_of_ours_are_told_by_status(error: KgRecError, status: int, kind: str) -> None:
    problem = problem_of(error)
    told = document(problem, "r1")
    assert (told["status"], told["type"]) == (status, f"urn:kg-rec:problem:{kind}")
    assert told["title"] and told["detail"] and "secret" not in str(told)
    assert ("Retry-After" in problem.headers) == (status == 503)
    assert "remedy" in told or not problem.remedy


def test_away_says_when_to_come_again() -> None:
    assert int(AwayError("x").headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("localhost", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("localhost.evil.example", False),
        ("10.0.0.1", False),
        ("", False),
        ("127.0.0.1.evil.example", False),
    ],
)
def test_which_hosts_are_this_machine(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_a_record_is_one_line_of_json_and_an_error_only_its_kind() -> None:
    record = logging.LogRecord("kg_rec.service", logging.INFO, "x.py", 1, "request", (), None)
    record.id, record.ms = "r1", 2.5
    told = json.loads(JsonLines().format(record))
    assert told["event"] == "request" and told["level"] == "info" and told["id"] == "r1" and told["ms"] == 2.5
    try:
        raise ValueError("words of somebody\nin two lines")
    except ValueError as error:
        record.exc_info = (ValueError, error, error.__traceback__)
    line = JsonLines().format(record)
    assert "\n" not in line and "somebody" not in line and json.loads(line)["error"] == "ValueError"
