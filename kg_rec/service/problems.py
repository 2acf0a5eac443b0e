"""Errors as `application/problem+json` (RFC 9457), each with what to do about it."""

from __future__ import annotations

import logging
import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from kg_rec.errors import (
    ArtifactError,
    ConnectionFailedError,
    InputError,
    KgRecError,
    ScriptError,
    ServerError,
    SettingsError,
    TimedOutError,
    UnknownEntityError,
)
from kg_rec.graph.items import AlreadyThereError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI, Request

_log = logging.getLogger("kg_rec.service")

_RETRY_SECONDS = 2
"""When it is worth trying again what Neo4j could not do."""


class ProblemError(KgRecError):
    """A request that is refused with a status of its own."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        remedy: str = "",
        kind: str = "",
        headers: Mapping[str, str] | None = None,
        errors: list[dict[str, str]] | None = None,
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.status = status
        self.kind = kind or HTTPStatus(status).phrase.casefold().replace(" ", "-")
        self.headers = dict(headers or {})
        self.errors = errors or []


class BusyError(ProblemError):
    """More is waiting than can be answered soon."""

    def __init__(self, waiting: int) -> None:
        super().__init__(
            503,
            f"Too much is asked at once: {waiting:,} requests wait already.",
            remedy="Try again in a second.",
            kind="busy",
            headers={"Retry-After": "1"},
        )


class AwayError(ProblemError):
    """Neo4j does not answer."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            503,
            f"The graph cannot be reached, so nothing was written or read: {reason}",
            remedy="Try again in a moment. Recommendations from words go on meanwhile.",
            kind="graph-away",
            headers={"Retry-After": str(_RETRY_SECONDS)},
        )


class GraphSlowError(ProblemError):
    """Neo4j did not come to it in time."""

    def __init__(self) -> None:
        super().__init__(
            503,
            "The graph took too long: others are writing there. Nothing was written.",
            remedy="Try again in a second.",
            kind="graph-slow",
            headers={"Retry-After": "1"},
        )


def problem_of(error: KgRecError) -> ProblemError:
    """Return an error of ours as what HTTP says of it."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, UnknownEntityError):
        return ProblemError(404, error.message, remedy=error.remedy, kind="unknown")
    if isinstance(error, AlreadyThereError):
        return ProblemError(409, error.message, remedy=error.remedy, kind="already-there")
    if isinstance(error, InputError):
        return ProblemError(422, error.message, remedy=error.remedy, kind="invalid")
    if isinstance(error, ConnectionFailedError | ServerError):
        # Its address and user are for the log, not for those who ask.
        return AwayError("Neo4j does not answer.")
    if isinstance(error, TimedOutError):
        return GraphSlowError()
    if isinstance(error, SettingsError):
        # It names a file of the service, which is for its log.
        return ProblemError(
            503, "The service is not in order; its log says why.", kind="settings", headers={"Retry-After": "60"}
        )
    if isinstance(error, ScriptError):
        return ProblemError(503, "The graph refused the request.", kind="graph-refused", headers={"Retry-After": "60"})
    if isinstance(error, ArtifactError):
        return ProblemError(503, error.message, remedy=error.remedy, kind="no-model", headers={"Retry-After": "60"})
    return ProblemError(500, "Something went wrong that nobody expected.", kind="defect")


def document(problem: ProblemError, request: str) -> dict[str, Any]:
    """Return the body of a problem. request: its id."""
    told: dict[str, Any] = {
        "type": f"urn:kg-rec:problem:{problem.kind}",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.message,
    }
    extra = {"remedy": problem.remedy, "errors": problem.errors, "request": request}
    return told | {name: value for name, value in extra.items() if value}


def response(problem: ProblemError, request: str) -> JSONResponse:
    """Return the answer that tells a problem."""
    return JSONResponse(
        document(problem, request), problem.status, problem.headers, media_type="application/problem+json"
    )


def install(app: FastAPI) -> None:
    """Have an application tell all its errors so."""

    @app.exception_handler(KgRecError)
    async def ours(request: Request, error: KgRecError) -> JSONResponse:
        problem = problem_of(error)
        if problem is not error and problem.status >= 500:
            why = error.message if isinstance(error, SettingsError) else type(error).__name__
            _log.error("failed", extra={"id": id_of(request), "error": why})
        return response(problem, id_of(request))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return response(_invalid(error), id_of(request))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        remedy = dict.fromkeys((404, 405), "What can be asked stands in /openapi.json.")
        told = "The body cannot be read as JSON in UTF-8." if error.status_code == 400 else str(error.detail)
        problem = ProblemError(
            error.status_code, told, remedy=remedy.get(error.status_code, ""), headers=error.headers or {}
        )
        return response(problem, id_of(request))

    @app.exception_handler(Exception)
    async def defect(request: Request, error: Exception) -> JSONResponse:
        # The message may hold words of a person: where it happened is enough to find it.
        where = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-4:]]
        _log.error("defect", extra={"id": id_of(request), "error": type(error).__name__, "where": where})
        return response(problem_of(KgRecError("")), id_of(request))


def id_of(request: Request) -> str:
    """Return the id of a request, which the log and the answer have, too."""
    return str(request.scope.get("state", {}).get("id", ""))


def _invalid(error: RequestValidationError) -> ProblemError:
    """Tell each place that is not in order; what stood there is not said again, since it may be somebody's words."""
    told = [{"where": ".".join(map(str, one["loc"])), "expected": _expectation(one)} for one in error.errors()[:20]]
    first = told[0] if told else {"where": "body", "expected": "valid JSON"}
    return ProblemError(
        422,
        f"{first['where']}: {first['expected']}.",
        remedy="Mend the places under 'errors'; /openapi.json shows what each route takes, with examples.",
        kind="invalid",
        errors=told,
    )


def _expectation(one: Mapping[str, Any]) -> str:
    message = str(one["msg"]).removeprefix("Value error, ")
    length = one.get("ctx", {}).get("max_length") if one["type"] == "string_too_long" else None
    if length and isinstance(one.get("input"), str):
        return f"expected at most {length:,} characters, found {len(one['input']):,}; shorten the text"
    return message[:1].lower() + message[1:]
