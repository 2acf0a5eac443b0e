"""How much one request, and one caller, may ask for."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from kg_rec.service.problems import ProblemError, response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 64 * 1024
"""Of a body."""
MOST_SECONDS = 10.0
"""From the first byte of a request to the last of its answer."""
_MOST_CALLERS = 10_000


class Rate:
    """A token bucket a caller: `rate` requests a second, and twice that at once. 0 is no limit."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str, now: float | None = None) -> float:
        """Take a token, and return 0.0; or else return in how many seconds there is one."""
        if not self._rate:
            return 0.0
        now = time.monotonic() if now is None else now
        most = max(1.0, 2 * self._rate)
        tokens, since = self._buckets.pop(caller, (most, now))
        tokens = min(most, tokens + (now - since) * self._rate)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._rate
        self._buckets[caller] = (tokens - 1 if not wait else tokens, now)
        if len(self._buckets) > _MOST_CALLERS:
            self._buckets.popitem(last=False)  # who has not asked for longest has a full bucket anyway
        return wait


class Limits:
    """Refuses bodies that are too large, and requests that take too long, a body that trickles in among them.

    slow: paths whose answers may take longer once the body is there, {path: seconds}.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        most_bytes: int = MOST_BYTES,
        most_seconds: float = MOST_SECONDS,
        slow: Mapping[str, float] | None = None,
    ) -> None:
        self._app = app
        self._bytes = most_bytes
        self._seconds = most_seconds
        self._slow = dict(slow or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = whole = False

        async def told(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            async with asyncio.timeout(self._seconds) as limit:
                body = await self._body(scope, receive)
                whole = True
                if scope["path"] in self._slow:
                    limit.reschedule(asyncio.get_running_loop().time() + self._slow[scope["path"]])
                await self._app(scope, _replayed(body, receive), told)
        except ProblemError as problem:
            await response(problem, str(scope.get("state", {}).get("id", "")))(scope, receive, send)
        except TimeoutError:
            if begun:
                raise
            slow = ProblemError(
                503,
                f"The request took longer than {self._seconds:g} s.",
                remedy="Try again, a write with the same Idempotency-Key: it may have been done all the same.",
                kind="too-slow",
                headers={"Retry-After": "1", "Connection": "close"},
            )
            trickling = ProblemError(
                408,
                f"The body did not come whole within {self._seconds:g} s.",
                remedy="Send it at once.",
                headers={"Connection": "close"},
            )
            await response(slow if whole else trickling, str(scope.get("state", {}).get("id", "")))(
                scope, receive, send
            )

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """Return the whole body. Raises ProblemError (413) where it is too large, as soon as that is known."""
        told = dict(scope["headers"]).get(b"content-length", b"0")
        if told.isdigit() and int(told) > self._bytes:
            raise self._too_large()
        parts: list[bytes] = []
        size = 0
        while True:
            message: dict[str, Any] = dict(await receive())
            if message["type"] != "http.request":
                return b"".join(parts)
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._bytes:
                raise self._too_large()
            if not message.get("more_body", False):
                return b"".join(parts)

    def _too_large(self) -> ProblemError:
        return ProblemError(
            413,
            f"The body is too large: expected at most {self._bytes:,} bytes.",
            remedy="Send less at once.",
            kind="too-large",
            headers={"Connection": "close"},
        )


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return what gives the body that was read already, and then what comes."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
