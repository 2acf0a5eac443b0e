"""Files of people: JSON lines, one person a line, with `user_id` and `text`, and whatever else the reader asks for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kg_rec.errors import InputError


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One person of a file.

    place: "file:line", for messages; number: of the line, from 1; user_id: as JSON has it; fields: all of the object.
    """

    place: str
    number: int
    user_id: Any
    text: str
    fields: dict[str, Any]


def read_people(path: Path) -> Iterator[PersonLine]:
    """Yield the people of a file in its order; blank lines are none.

    Raises InputError where the file cannot be read, and with file:line for the first line that is no UTF-8, no JSON object
    with 'user_id' and 'text', or text that no file can hold.
    """
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _person(line, f"{path}:{number}", number)
    except OSError as error:
        raise InputError(f"{path}: the people cannot be read: {error.strerror}") from error


def _person(line: bytes, place: str, number: int) -> PersonLine:
    try:
        text = line.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise InputError(f"{place}: expected UTF-8, found the byte {line[error.start]:#04x}") from error
    try:
        person = json.loads(text)
    except ValueError as error:
        raise InputError(f"{place}: expected a JSON object, found {text[:60]!r}: {error}") from error
    if not isinstance(person, dict) or not isinstance(person.get("text"), str) or "user_id" not in person:
        raise InputError(f"{place}: expected an object with 'user_id' and 'text' (a string), found {text[:60]!r}")
    try:
        json.dumps(person, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:  # JSON can spell it, and no file can hold it
        raise InputError(f"{place}: expected text, found half of a surrogate pair in {text[:60]!r}") from error
    return PersonLine(place, number, person["user_id"], person["text"], person)
