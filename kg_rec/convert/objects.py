"""Files of JSON objects, one a line, object by object."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from kg_rec.graph.problems import quoted

if TYPE_CHECKING:
    from kg_rec.convert.source import Source


class Objects:
    """The objects of a file; lines that are none are noted, and left out.

    line: that of the object that was given last, from 1.
    """

    def __init__(self, source: Source, name: str) -> None:
        self.name = name
        self.line = 0
        self._source = source

    def __iter__(self) -> Iterator[dict[str, Any]]:
        with closing(self._source.lines(self.name)) as lines:
            for number, line in enumerate(lines, start=1):
                if line.isspace():
                    continue
                self.line = number
                try:
                    yield object_in(line)
                except ValueError as error:
                    self._source.refuse(self.name, number, 0, "a JSON object", f"{quoted(line.strip())} ({error})")
        if not self.line:
            self._source.unusable(self.name, "at least one JSON object", "an empty file")

    def refuse(self, expected: str, found: str) -> None:
        """Note that the object that was given last is not in order, and to be left out."""
        self._source.refuse(self.name, self.line, 0, expected, found)

    def text(self, given: dict[str, Any], name: str) -> str | None:
        """Return a value that must be text, or a whole number in its place; None after noting that it is neither."""
        value = given.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and value:
            return value
        self.refuse(f"text for '{name}'", quoted(str(value)) if name in given else "none")
        return None

    def number(self, given: dict[str, Any], name: str) -> float | None:
        """Return a value that must be a number; None after noting that it is none."""
        value = given.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        self.refuse(f"a number for '{name}'", quoted(str(value)) if name in given else "none")
        return None


def object_in(line: str) -> dict[str, Any]:
    """Return the object in a line of JSON, or of Python's literals, as some files have it that are called JSON.

    Raises ValueError where there is none.
    """
    try:
        line.encode()
    except UnicodeEncodeError as error:
        raise ValueError("bytes that are no UTF-8") from error
    try:
        value = json.loads(line, parse_constant=lambda _: None)
    except ValueError as error:
        if not line.lstrip().startswith("{'"):
            raise
        try:
            value = ast.literal_eval(line.strip())
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            raise error from None
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value
