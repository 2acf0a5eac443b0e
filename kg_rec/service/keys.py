"""Keys to the service: made, listed and revoked by `kg-rec keys`, kept as hashes in HOME/keys.json.

A key is 256 random bits, so that SHA-256 of it needs neither salt nor slowness: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from kg_rec.errors import InputError, SettingsError

Scope = Literal["read", "write", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
"""Each may do what those before it may."""

_PREFIX = "kgr_"


@dataclass(frozen=True, slots=True)
class Key:
    """What is kept of a key. sha256: of the whole token, in hexadecimal digits; ending: its last four characters, to tell it by."""

    name: str
    scope: Scope
    sha256: str
    ending: str
    created: str

    def allows(self, scope: Scope) -> bool:
        """Tell whether the key is good for what takes `scope`."""
        return SCOPES.index(self.scope) >= SCOPES.index(scope)


class KeyRing:
    """The keys of a home; the file is read again when it has changed, so that a revoked key is of no use at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: tuple[int, int] | None = None
        self._keys: list[Key] = []

    def listed(self) -> list[Key]:
        """Return all keys in the order they were made. Raises SettingsError where the file cannot be read."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            self._read, self._keys = None, []
            return []
        state = found.st_mtime_ns, found.st_size
        if state != self._read:
            try:
                stored = json.loads(self.path.read_text(encoding="utf-8"))
                self._keys = [_checked(Key(**one)) for one in stored["keys"]]
            except (OSError, ValueError, TypeError, KeyError) as error:
                raise SettingsError(
                    f"{self.path}: expected the keys that kg-rec made, but it cannot be read: {error}",
                    remedy="Put it back, or remove it and make new keys: kg-rec keys make NAME",
                ) from error
            self._read = state
        return self._keys

    def make(self, name: str, scope: Scope) -> str:
        """Add a key and return it; it can be shown this once only. Raises InputError where the name is taken or empty."""
        keys = self.listed()
        if not name.strip() or not name.isprintable():
            raise InputError("Expected a name for the key, of letters, found none.")
        if any(key.name == name for key in keys):
            raise InputError(f"There is a key '{name}' already.", remedy=f"Revoke it first: kg-rec keys revoke {name}")
        token = _PREFIX + secrets.token_urlsafe(32)
        created = datetime.now(UTC).isoformat(timespec="seconds")
        self._write([*keys, Key(name, scope, _digest(token), token[-4:], created)])
        return token

    def revoke(self, name: str) -> None:
        """Take a key away. Raises InputError where there is none of the name."""
        keys = self.listed()
        kept = [key for key in keys if key.name != name]
        if len(kept) == len(keys):
            there = ", ".join(key.name for key in keys)
            raise InputError(f"There is no key '{name}'.", remedy=f"There are: {there}" if there else "There is none.")
        self._write(kept)

    def find(self, token: str) -> Key | None:
        """Return the key that a token is, or None. Takes as long whichever it is, and whether it is one."""
        digest = _digest(token)
        found = None
        for key in self.listed():
            if hmac.compare_digest(key.sha256, digest):
                found = key
        return found

    def _write(self, keys: list[Key]) -> None:
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            beside.unlink(missing_ok=True)
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                json.dump({"keys": [asdict(key) for key in keys]}, file, indent=1)
            beside.replace(self.path)
        except OSError as error:
            raise SettingsError(f"{self.path}: the keys cannot be written: {error.strerror}") from error


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _checked(key: Key) -> Key:
    if key.scope not in SCOPES:
        raise ValueError(f"the scope of '{key.name}' is none of {', '.join(SCOPES)}")
    return key
