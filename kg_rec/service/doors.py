"""Who is let in: keys and their scopes, the host that a browser thinks it speaks to, and the headers that keep pages apart."""

from __future__ import annotations

import ipaddress
import logging
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urlsplit

from kg_rec.errors import KgRecError, SettingsError
from kg_rec.service.keys import Scope as KeyScope
from kg_rec.service.problems import ProblemError, problem_of, response

if TYPE_CHECKING:
    from fastapi import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from kg_rec.service.keys import Key, KeyRing
    from kg_rec.service.limits import Rate

_log = logging.getLogger("kg_rec.service")

_HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_UNSTORED = {"cache-control": "no-store"}
_ASKED_AGAIN = {"cache-control": "no-cache"}
"""For the page: kept by the browser, but asked each time whether it has changed, as it does with another version of kg-rec."""
_PAGE = (".html", ".css", ".js", ".svg")
_OPEN = frozenset({"/health/live", "/health/ready"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def is_loopback(host: str) -> bool:
    """Tell whether an address is that of the machine itself, which nobody else reaches."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Doors:
    """Lets requests in, and puts the headers on all answers.

    needs_key: whether none is let in without a key; one that is given has to be right anyway. local: whether only this machine
    reaches the service. A page of another site might then send requests by the browser of whoever runs it: `Host` and `Origin`
    have to be the machine itself.
    """

    def __init__(self, app: ASGIApp, *, ring: KeyRing, needs_key: bool, local: bool, rate: Rate) -> None:
        self._app = app
        self._ring = ring
        self._needs_key = needs_key
        self._local = local
        self._rate = rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                names = {name.lower() for name, _ in message.get("headers", ())}
                added = _HEADERS | (_UNSTORED if scope["path"].startswith("/v1/") else _ASKED_AGAIN)
                message["headers"] = [
                    *message.get("headers", ()),
                    *((name.encode(), value.encode()) for name, value in added.items() if name.encode() not in names),
                ]
            await send(message)

        try:
            self._admit(scope)
        except KgRecError as error:
            if isinstance(error, SettingsError):
                _log.error("keys", extra={"error": error.message})
            await response(problem_of(error), str(scope.get("state", {}).get("id", "")))(scope, receive, told)
            return
        await self._app(scope, receive, told)

    def _admit(self, scope: Scope) -> None:
        headers = dict(scope["headers"])
        _check_path(scope.get("raw_path", b""))
        if self._local:
            _check_host(headers, scope["method"])
        key = self._key(headers)
        state = scope.setdefault("state", {})
        state["key"] = key
        state["open"] = not self._needs_key and key is None
        if scope["path"] in _OPEN or _is_page(scope["path"]):
            return
        client = scope.get("client")
        wait = self._rate.take(f"key {key.name}" if key else f"address {client[0] if client else ''}")
        if wait:
            raise ProblemError(
                429,
                "Too many requests.",
                remedy=f"Try again in {wait:.1f} s.",
                kind="too-many",
                headers={"Retry-After": str(max(1, round(wait + 0.5)))},
            )

    def _key(self, headers: dict[bytes, bytes]) -> Key | None:
        given = headers.get(b"authorization", b"").decode("latin-1")
        if not given:
            return None
        kind, _, token = given.partition(" ")
        key = self._ring.find(token.strip()) if kind.casefold() == "bearer" else None
        if key is None:
            raise ProblemError(
                401,
                "The key is not known.",
                remedy="Send one that was made with kg-rec keys make: 'Authorization: Bearer …'.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return key


def may(scope: KeyScope, request: Request) -> None:
    """Raise ProblemError (401, 403) where whoever asks may not do what takes `scope`."""
    state = request.scope["state"]
    if state["open"]:
        return
    key: Key | None = state["key"]
    if key is None:
        raise ProblemError(
            401,
            "Expected a key, found none.",
            remedy="Send one that was made with kg-rec keys make: 'Authorization: Bearer …'.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    if not key.allows(scope):
        raise ProblemError(
            403, f"Expected a key with the scope '{scope}', found one with '{key.scope}'.", remedy="Use another key."
        )


def _check_path(path: bytes) -> None:
    """Refuse what is no UTF-8: it would be read as another character, the same one for all."""
    try:
        unquote_to_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise ProblemError(
            400, "The path cannot be read as UTF-8.", remedy="Encode it as UTF-8, in percent."
        ) from error


def _check_host(headers: dict[bytes, bytes], method: str) -> None:
    host = headers.get(b"host", b"").decode("latin-1")
    if not is_loopback(_name(f"//{host}")):
        raise ProblemError(
            421,
            "Expected the host to be this machine, as 127.0.0.1 or localhost, found another.",
            remedy="To be reached by another name, serve with --host and a key: kg-rec keys make NAME",
            kind="host",
        )
    origin = headers.get(b"origin", b"").decode("latin-1")
    if origin and method not in _SAFE and _netloc(origin) != host.casefold():
        raise ProblemError(403, "Expected a request of this service's own page, found one of another.", kind="origin")


def _is_page(path: str) -> bool:
    """Tell whether a path is that of a file of the page: it costs nothing, and a visit takes a score of them."""
    return path == "/" or (path.endswith(_PAGE) and not path.startswith("/v1/"))


def _netloc(url: str) -> str:
    try:
        return urlsplit(url).netloc.casefold()
    except ValueError:
        return ""


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
