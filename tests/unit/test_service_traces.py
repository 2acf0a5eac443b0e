"""Traces: which spans there are, and what stands in them; nothing of OpenTelemetry is imported where nobody asks for it."""

from __future__ import annotations

import asyncio
import http.server
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from kg_rec.errors import SettingsError
from kg_rec.service.traces import Traces, otlp

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def exported() -> Iterator[tuple[Traces, Any]]:
    pytest.importorskip("opentelemetry.sdk", reason="OpenTelemetry's SDK is not installed")
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from kg_rec.service.traces import OpenTelemetry

    exporter = InMemorySpanExporter()
    traces = OpenTelemetry(SimpleSpanProcessor(exporter))
    yield traces, exporter
    traces.close()


def ask(traces: Traces, *, headers: dict[str, str] | None = None, fail: bool = False) -> dict[str, Any]:
    """One request of a small application; returns its scope."""

    class Route:
        path = "/v1/people/{person}"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["route"] = Route()
        traces.stages(time.time_ns(), {"queue": 0.001, "link": 0.002})
        with traces.statement("attach/attach"):
            pass
        if fail:
            with traces.statement("attach/attach"):
                raise ValueError("words of alice")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        pass

    sent = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    scope = {"type": "http", "method": "PUT", "path": "/v1/people/alice", "headers": sent}
    asyncio.run(traces.around(app)(scope, receive, send))  # type: ignore[arg-type]
    return scope


def test_a_request_is_a_span_with_its_stages_and_statements(exported: tuple[Traces, Any]) -> None:
    traces, exporter = exported
    scope = ask(traces, headers={"traceparent": PARENT, "baggage": "user=alice"})
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert set(spans) == {"PUT /v1/people/{person}", "queue", "link", "neo4j attach/attach"}
    request = spans["PUT /v1/people/{person}"]
    assert format(request.context.trace_id, "032x") == scope["state"]["trace"] == PARENT.split("-")[1]
    assert format(request.parent.span_id, "016x") == PARENT.split("-")[2]
    for name in ("queue", "link", "neo4j attach/attach"):
        assert spans[name].parent.span_id == request.context.span_id
    assert spans["queue"].end_time == spans["link"].start_time
    assert spans["link"].end_time - spans["link"].start_time == 2_000_000
    assert dict(request.attributes) == {
        "http.request.method": "PUT",
        "http.route": "/v1/people/{person}",
        "http.response.status_code": 200,
    }
    assert "alice" not in "".join(span.to_json() for span in spans.values())
    assert request.resource.attributes["service.name"] == "kg-rec"


def test_a_failure_is_told_without_what_was_said(exported: tuple[Traces, Any]) -> None:
    traces, exporter = exported
    with pytest.raises(ValueError, match="alice"):
        ask(traces, fail=True)
    spans = exporter.get_finished_spans()
    assert {span.status.status_code.name for span in spans if span.name.startswith("PUT")} == {"ERROR"}
    assert [span.status.description for span in spans if span.status.description] == ["ValueError"]
    assert "alice" not in "".join(span.to_json() for span in spans)


def test_what_nobody_asked_for_is_no_trace(exported: tuple[Traces, Any]) -> None:
    traces, exporter = exported
    with traces.statement("server/version"):
        pass
    assert exporter.get_finished_spans() == ()


def test_spans_are_sent_to_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="OpenTelemetry's exporter is not installed")
    received: list[tuple[str, bytes]] = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
        traces = otlp()
        ask(traces)
        traces.close()  # what has not been sent is sent
        server.shutdown()
    ((path, content),) = received
    assert path == "/v1/traces" and b"PUT /v1/people/{person}" in content and b"shop" in content
    assert b"alice" not in content


def test_nothing_is_imported_before_it_is_asked_for() -> None:
    code = (
        "import sys, kg_rec.service.server, kg_rec.service.traces as t; t.Traces().stages(0, {})\n"
        "sys.exit(any('opentelemetry.sdk' in name or 'exporter' in name for name in sys.modules if 'opentel' in name))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_missing_is_said_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(SettingsError, match=r"--traces: expected OpenTelemetry's SDK") as caught:
        otlp()
    assert "kg-rec[otel]" in caught.value.remedy
