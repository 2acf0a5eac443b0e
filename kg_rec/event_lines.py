"""Events as JSON lines: a file, one that grows, or a pipe, read as they come.

A line is one object: `id`, `person`, `item`, `kind`, `value` of a rating, and `at`, when it happened. More fields may stand in it.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import select
import stat
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kg_rec.errors import InputError
from kg_rec.graph.bulk import Place, hash_of
from kg_rec.graph.events import KINDS, Event, Kind, check

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Self

    from kg_rec.schema import GraphSchema

MOST_BYTES = 1 << 20
"""Of a line: whatever writes no ends of lines is no source of events."""
_CHUNK = 1 << 20
_LOOK_EVERY = 0.2
"""Seconds between two looks at whether a file has grown, or reading is to end."""
_LONGEST = 1000
"""Characters of an id."""
_AHEAD = 3600.0
"""Seconds that a clock elsewhere may be ahead: a verdict from the future would stand against all that come after it."""
_NO_SECONDS = 4e9
_NO_TEXT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
"""Control characters, and halves of surrogate pairs: what no name and no id holds."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it stands. number: from 1; end: the byte after it; whole: False where what is read ends within it."""

    number: int
    end: int
    content: bytes
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Told:
    """What a line says. item: as it stands there, not yet a key; at: milliseconds since 1970, None where it does not say."""

    id: str
    person: str
    item: str
    kind: Kind
    value: float | None
    at: int | None


def parse(line: Line, schema: GraphSchema, now: float | None = None) -> Told | None:
    """Return what a line says, None where it is blank. now: seconds since 1970.

    Raises InputError, which says what was expected and what was found, but not where.
    """
    if len(line.content) > MOST_BYTES:
        raise InputError(f"expected a line of at most {MOST_BYTES:,} bytes, found a longer one")
    try:
        text = line.content.decode("utf-8-sig" if line.number == 1 else "utf-8").strip()
    except UnicodeDecodeError as error:
        raise InputError(f"expected UTF-8, found the byte {line.content[error.start]:#04x}") from error
    if not text:
        return None
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        cut = "" if line.whole else ", where the file ends"
        raise InputError(f"expected a JSON object, found {_quoted(text)}{cut}") from error
    if not isinstance(given, dict):
        raise InputError(f"expected a JSON object, found {_quoted(text)}")
    kind = next((kind for kind in KINDS if kind == given.get("kind")), None)
    if kind is None:
        raise InputError(f"kind: expected {', '.join(KINDS[:-1])} or {KINDS[-1]}, found {_found(given, 'kind')}")
    value = given.get("value")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise InputError(f"value: expected a number, found {_found(given, 'value')}")
    told = Told(
        _name(given, "id"),
        _name(given, "person"),
        _name(given, "item"),
        kind,
        _number(value),
        _moment(given, time.time() if now is None else now),
    )
    if kind == "rated" or value is not None:
        try:
            check(Event(told.item, told.kind, told.value), schema)
        except InputError as error:
            raise InputError(error.message.rstrip("."), remedy=error.remedy) from error
    return told


class EventLines:
    """The lines of one file or pipe, from where they were read before on.

    known: what is known about how far a file was read, by the hash of its first line. A file whose beginning is another than
    was read then is read from its start. ended: asked from time to time; reading ends where it says so.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        follow: bool = False,
        known: Callable[[str], Place | None] = lambda _: None,
        ended: Callable[[], bool] = lambda: False,
    ) -> None:
        """Open it; None is the standard input. Raises InputError where it cannot be read, or only a file can be followed."""
        self.name = "standard input" if path is None else str(path)
        self._path = path
        self._ended = ended
        try:
            self._file = 0 if path is None else os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
            mode = os.fstat(self._file).st_mode
            self.is_file = path is not None and stat.S_ISREG(mode)
            if stat.S_ISDIR(mode):
                raise InputError(f"{self.name}: expected a file of events, found a folder.")
        except OSError as error:
            raise InputError(f"{self.name}: the events cannot be read: {error.strerror}") from error
        if follow and not self.is_file:
            self.close()
            raise InputError(
                f"--follow: expected a file, found {'the standard input' if path is None else self.name}.",
                remedy="Leave it away: a pipe is read as long as something comes.",
            )
        self._follow = follow
        self.feed: str | None = None
        """What the file is known by; None for a pipe, and before the first line was taken."""
        self.resumed = 0
        """How many lines were read before."""
        self.replaced = False
        """Whether the path leads to another file now, and this one was read to its end."""
        self._waiting: deque[Line] = deque()
        self._rest = bytearray()
        self._at_end = False
        self._number, self._end = 0, 0
        self._taken = hashlib.blake2b(digest_size=16)
        if self.is_file:
            self._resume(known)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._path is not None:
            os.close(self._file)

    def read(self, most: int) -> list[Line]:
        """Return the next lines, at most so many; waits until there is one. Nothing where it has ended."""
        while not self._waiting and not self._at_end:
            self._fill(wait=True)
        while len(self._waiting) < most and not self._at_end and self._fill(wait=False):
            pass
        return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]

    def taken(self, lines: list[Line]) -> Place | None:
        """Return the place after these lines, which follow those before; None for a pipe, where nobody can go back to one."""
        if not self.is_file or not lines:
            return None
        if lines[0].number == 1:
            self.feed = hash_of(lines[0].content)
        self._taken.update(b"".join(line.content for line in lines))
        return Place(lines[-1].end, lines[-1].number, self._taken.hexdigest())

    def _resume(self, known: Callable[[str], Place | None]) -> None:
        """Go to where the file was read to, if what stands before that place is what was read."""
        first = self._first_line()
        place = known(hash_of(first)) if first else None
        if place is None or os.fstat(self._file).st_size < place.offset:
            return
        read, left = hashlib.blake2b(digest_size=16), place.offset
        while left and (chunk := os.read(self._file, min(left, _CHUNK))):
            read.update(chunk)
            left -= len(chunk)
        if left or read.hexdigest() != place.digest:
            os.lseek(self._file, 0, os.SEEK_SET)
            return
        self.feed, self._taken = hash_of(first), read
        self._number, self._end, self.resumed = place.lines, place.offset, place.lines

    def _first_line(self) -> bytes:
        """Return the first line with its end; nothing where it has none yet."""
        found = bytearray()
        while b"\n" not in found and len(found) <= MOST_BYTES and (chunk := os.read(self._file, 1 << 16)):
            found += chunk
        os.lseek(self._file, 0, os.SEEK_SET)
        line, end, _ = bytes(found).partition(b"\n")
        return line + end if end else b""

    def _fill(self, *, wait: bool) -> bool:
        """Read what is there, and return whether something was; with `wait`, after a moment at the latest."""
        if self._ended():
            self._finish(rest=False)  # of a file, the next run reads it
            return False
        if not self.is_file and not select.select([self._file], [], [], _LOOK_EVERY if wait else 0)[0]:
            return False
        chunk = os.read(self._file, _CHUNK)
        if chunk:
            self._split(chunk)
            return True
        if not (self.is_file and self._follow):
            self._finish()
        elif wait:
            self._look()
        return False

    def _look(self) -> None:
        """At the end of a file that is followed: wait a moment, and find out whether it goes on."""
        time.sleep(_LOOK_EVERY)
        mine = os.fstat(self._file)
        try:
            now = self._path.stat() if self._path else mine
        except FileNotFoundError:
            return  # moved away; another one is about to take its place
        other = (now.st_dev, now.st_ino) != (mine.st_dev, mine.st_ino)
        grown = mine.st_size - os.lseek(self._file, 0, os.SEEK_CUR)
        if grown < 0 or (other and not grown):
            self.replaced = True
            self._finish(rest=other)

    def _split(self, chunk: bytes) -> None:
        self._rest += chunk
        if b"\n" in chunk:
            *whole, rest = bytes(self._rest).split(b"\n")
            for content in whole:
                self._add(content + b"\n")
            self._rest = bytearray(rest)
        if len(self._rest) > MOST_BYTES:  # no lines at all: it is not waited for the memory to be full
            self._finish()

    def _finish(self, *, rest: bool = True) -> None:
        """Read no more. rest: whether a line without an end is one, too."""
        self._at_end = True
        if self._rest and rest:
            self._add(bytes(self._rest), whole=False)
        self._rest.clear()

    def _add(self, content: bytes, *, whole: bool = True) -> None:
        self._number += 1
        self._end += len(content)
        self._waiting.append(Line(self._number, self._end, content, whole))


def _name(given: dict[str, Any], field: str) -> str:
    value = given.get(field)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{field}: expected a text or a whole number, found {_found(given, field)}")
    if len(value) > _LONGEST:
        raise InputError(f"{field}: expected at most {_LONGEST:,} characters, found {len(value):,}")
    if _NO_TEXT.search(value):
        raise InputError(f"{field}: expected no control characters, found {_found(given, field)}")
    return value


def _number(value: float | None) -> float | None:
    try:
        return None if value is None else float(value)
    except OverflowError:
        return math.inf


def _moment(given: dict[str, Any], now: float) -> int | None:
    """Return when it happened, in milliseconds since 1970."""
    value = given.get("at")
    if value is None:
        return None
    expected = "at: expected a time as 2026-11-25T10:00:00Z, or seconds since 1970"
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
        except ValueError as error:
            raise InputError(f"{expected}, found {_found(given, 'at')}") from error
        seconds = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    elif isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise InputError(f"{expected}, found {_found(given, 'at')}")
    elif value > _NO_SECONDS:
        raise InputError(f"{expected}, found {_found(given, 'at')}; are these milliseconds?")
    else:
        seconds = float(value)
    if seconds > now + _AHEAD:
        raise InputError(f"at: expected a time that has passed, found {_found(given, 'at')}")
    return int(seconds * 1000)


def _found(given: dict[str, Any], field: str) -> str:
    return _quoted(json.dumps(given[field])) if field in given else "none"


def _quoted(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}…"
