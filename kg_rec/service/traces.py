"""Traces for OpenTelemetry, where they are asked for: a request, its stages, its statements to Neo4j. No words, no ids of people.

Nothing of OpenTelemetry is imported before `otlp` is called. Where to is said by its own variables of the environment,
`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_SERVICE_NAME`, `OTEL_TRACES_SAMPLER` and so on.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from kg_rec.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NAME = "kg-rec"


class Traces:
    """Where spans go: nowhere."""

    def statement(self, name: str) -> AbstractContextManager[object]:
        """Return what a statement to Neo4j runs within; name: that of its script."""
        return nullcontext(name)

    def stages(self, started: int, took: Mapping[str, float]) -> None:
        """Tell of the stages of an answer. started: nanoseconds since 1970; took: seconds of each, one after the other."""

    def around(self, app: ASGIApp) -> ASGIApp:
        """Return an application each request of which is a span."""
        return app

    def close(self) -> None:
        """Send what has not been sent."""


class OpenTelemetry(Traces):
    """Sends spans with OpenTelemetry's SDK. processor: what they are given to, as one that sends them in batches."""

    def __init__(self, processor: SpanProcessor) -> None:
        from opentelemetry import propagate, trace
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider

        named = {} if "OTEL_SERVICE_NAME" in os.environ else {"service.name": _NAME}
        self._provider: TracerProvider = TracerProvider(resource=Resource.create(named))
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer(_NAME)
        self._trace = trace
        self._extract = propagate.extract

    @contextmanager
    def statement(self, name: str) -> Iterator[None]:
        """Run a statement within a span; what the driver says of a failure may hold what was written, and is left out."""
        if not self._trace.get_current_span().get_span_context().is_valid:
            yield  # nobody's request: the service looking after itself
            return
        attributes = {"db.system.name": "neo4j", "db.operation.name": name}
        with self._tracer.start_as_current_span(
            f"neo4j {name}",
            kind=self._trace.SpanKind.CLIENT,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except BaseException as error:
                span.set_status(self._trace.StatusCode.ERROR, type(error).__name__)
                raise

    def stages(self, started: int, took: Mapping[str, float]) -> None:
        """Tell of stages that have ended, as spans one after the other."""
        for stage, seconds in took.items():
            span = self._tracer.start_span(stage, start_time=started)
            started += int(1e9 * seconds)
            span.end(started)

    def around(self, app: ASGIApp) -> ASGIApp:
        """Return an application each request of which is a span, part of the caller's trace where `traceparent` names one."""

        async def traced(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            # Baggage is not taken over: it may hold anything.
            given = {"traceparent": headers["traceparent"]} if "traceparent" in headers else {}
            status = 500

            async def told(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            with self._tracer.start_as_current_span(
                "request",
                context=self._extract(given),
                kind=self._trace.SpanKind.SERVER,
                record_exception=False,
                set_status_on_exception=False,
            ) as span:
                context = span.get_span_context()
                scope.setdefault("state", {})["trace"] = format(context.trace_id, "032x")
                try:
                    await app(scope, receive, told)
                finally:
                    # As it is written: what stands in its place is somebody's id.
                    route = getattr(scope.get("route"), "path", "") or "other"
                    span.update_name(f"{scope['method']} {route}")
                    span.set_attributes(
                        {
                            "http.request.method": scope["method"],
                            "http.route": route,
                            "http.response.status_code": status,
                        }
                    )
                    if status >= 500:
                        span.set_status(self._trace.StatusCode.ERROR)

        return traced

    def close(self) -> None:
        """Send what has not been sent."""
        self._provider.shutdown()


def otlp() -> Traces:
    """Return traces that are sent by OTLP over HTTP. Raises SettingsError where what sends them is not installed."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        missing: Any = getattr(error, "name", None) or error
        raise SettingsError(
            f"--traces: expected OpenTelemetry's SDK and its exporter, found no {missing}.",
            remedy="Install them: pip install 'kg-rec[otel]'",
        ) from error
    return OpenTelemetry(BatchSpanProcessor(OTLPSpanExporter()))
