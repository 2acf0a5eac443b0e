"""Lines of events: what each says, how a file is read on, and what a follower sees."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from kg_rec import event_lines
from kg_rec.errors import InputError
from kg_rec.event_lines import EventLines, Line, Told, parse
from kg_rec.graph.bulk import BulkEvent, Place, Reaction, after
from kg_rec.graph.events import Kind
from kg_rec.schema import GraphSchema

SCHEMA = GraphSchema.model_validate(
    {
        "item": {"label": "Book", "id": "id", "title": "title"},
        "user": {"label": "Reader", "id": "id"},
        "interaction": {"type": "RATED", "kind": "rating", "weight": "rating", "scale": [1, 5]},
        "interests": ["Book"],
        "entities": {},
    }
)
NOW = 1_764_000_000.0
GOOD: dict[str, Any] = {"id": "e1", "person": "ann", "item": "1", "kind": "seen"}


def line(content: Any, *, number: int = 1, whole: bool = True) -> Line:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Line(number, len(raw), raw, whole)


def test_a_line_says_what_happened() -> None:
    told = {**GOOD, "id": 7, "kind": "rated", "value": 4, "at": "2025-11-24T17:00:00+01:00", "more": [1]}
    assert parse(line(told), SCHEMA, NOW) == Told("7", "ann", "1", "rated", 4.0, 1_764_000_000_000)
    assert parse(line({**GOOD, "at": 5.5}), SCHEMA, NOW) == Told("e1", "ann", "1", "seen", None, 5500)
    assert parse(line({**GOOD, "at": "2025-11-24T16:00:00"}), SCHEMA, NOW).at == 1_764_000_000_000  # type: ignore[union-attr]
    assert parse(line(b"\xef\xbb\xbf" + json.dumps(GOOD).encode()), SCHEMA).at is None  # type: ignore[union-attr]
    assert parse(line(b"  \r\n"), SCHEMA) is None


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xff{}", "expected UTF-8, found the byte 0xff"),
        (b'{"id": ', 'expected a JSON object, found {"id":'),
        (b"[" * 100_000, "expected a JSON object"),
        ([1], "expected a JSON object, found [1]"),
        ({**GOOD, "kind": "bought"}, 'kind: expected liked, disliked, rated, seen or skipped, found "bought"'),
        ({**GOOD, "kind": ["seen"]}, 'found ["seen"]'),
        ({key: GOOD[key] for key in ("id", "person", "item")}, "kind: expected .*, found none"),
        ({**GOOD, "id": None}, "id: expected a text or a whole number, found null"),
        ({**GOOD, "id": True}, "id: expected a text or a whole number, found true"),
        ({**GOOD, "id": "x" * 1001}, "id: expected at most 1,000 characters, found 1,001"),
        ({**GOOD, "person": "a\nb"}, "person: expected no control characters"),
        ({**GOOD, "item": "\ud800"}, "item: expected no control characters"),
        ({**GOOD, "person": " "}, "person: expected a text"),
        ({**GOOD, "value": 3}, "'seen': expected no value, found 3.0"),
        ({**GOOD, "kind": "rated"}, "'rated': expected a value from 1 to 5, found none"),
        ({**GOOD, "kind": "rated", "value": 10**400}, "expected a value from 1 to 5, found inf"),
        ({**GOOD, "kind": "rated", "value": float("nan")}, "expected a value from 1 to 5, found nan"),
        ({**GOOD, "kind": "rated", "value": "5"}, 'value: expected a number, found "5"'),
        ({**GOOD, "at": "yesterday"}, 'at: expected a time as .*, found "yesterday"'),
        ({**GOOD, "at": -1}, "at: expected a time as"),
        ({**GOOD, "at": NOW * 1000}, "are these milliseconds"),
        ({**GOOD, "at": NOW + 86_400}, "at: expected a time that has passed"),
    ],
)
def test_what_is_not_in_order_is_said(content: Any, problem: str) -> None:
    with pytest.raises(InputError, match=problem.replace("[", r"\[").replace("{", r"\{")):
        parse(line(content), SCHEMA, NOW)


def test_a_file_is_read_on_where_it_was_read_to_and_from_its_start_when_it_is_another(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"one\ntwo\nthree\nfour")
    known: dict[str, Place] = {}
    with EventLines(path, known=known.get) as source:
        first = source.read(2)
        assert [(one.number, one.content, one.whole) for one in first] == [(1, b"one\n", True), (2, b"two\n", True)]
        place = source.taken(first)
        assert place is not None and (place.offset, place.lines) == (8, 2) and source.feed is not None
        known[source.feed] = place
        assert [(one.content, one.whole) for one in source.read(9)] == [(b"three\n", True), (b"four", False)]
        assert source.read(9) == []
    path = path.rename(tmp_path / "moved.jsonl")
    with EventLines(path, known=known.get) as source:
        assert source.resumed == 2
        third = source.read(1)
        assert (third[0].number, third[0].content) == (3, b"three\n")
        known[str(source.feed)] = source.taken(third)  # type: ignore[assignment]
    with EventLines(path, known=known.get) as source:
        assert source.resumed == 3 and [one.number for one in source.read(9)] == [4]
    for content in (b"one\nTWO\nthree\nfour", b"one\n", b"zero\n", b"one", b""):
        path.write_bytes(content)
        with EventLines(path, known=known.get) as source:
            assert source.resumed == 0 and b"".join(one.content for one in source.read(9)) == content


def test_a_file_that_grows_is_followed_past_its_replacement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_lines, "_LOOK_EVERY", 0.01)
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"one\ntw")
    stop = threading.Event()
    with EventLines(path, follow=True, ended=stop.is_set) as source:
        assert [one.content for one in source.read(9)] == [b"one\n"]
        with path.open("ab") as file:
            file.write(b"o\n")
        assert [one.content for one in source.read(9)] == [b"two\n"]
        path.rename(tmp_path / "events.1")
        path.write_bytes(b"three\n")
        assert source.read(9) == [] and source.replaced
    with EventLines(path, follow=True, ended=stop.is_set) as source:
        assert [one.content for one in source.read(9)] == [b"three\n"]
        path.write_bytes(b"")  # emptied in place
        assert source.read(9) == [] and source.replaced
    path.write_bytes(b"four\nfiv")
    with EventLines(path, follow=True, ended=stop.is_set) as source:
        assert len(source.read(9)) == 1
        threading.Timer(0.05, stop.set).start()
        assert source.read(9) == [] and not source.replaced


def test_a_pipe_is_read_as_it_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_lines, "MOST_BYTES", 100)
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writing: list[int] = []
    opened = threading.Thread(target=lambda: writing.append(os.open(path, os.O_WRONLY)))
    opened.start()
    with EventLines(path) as source:
        opened.join()
        os.write(writing[0], b"one\ntwo\nthr")
        lines = source.read(1)
        assert [one.content for one in lines] == [b"one\n"] and source.taken(lines) is None
        assert [one.content for one in source.read(9)] == [b"two\n"]
        os.write(writing[0], b"ee\n" + b"x" * 150)
        assert [one.content for one in source.read(1)] == [b"three\n"]
        (long,) = source.read(9)
        with pytest.raises(InputError, match="expected a line of at most 100 bytes"):
            parse(long, SCHEMA)
        assert source.read(9) == []
    os.close(writing[0])


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        EventLines(tmp_path / "none")
    with pytest.raises(InputError, match="found a folder"):
        EventLines(tmp_path)
    with pytest.raises(InputError, match="--follow: expected a file, found the standard input"):
        EventLines(None, follow=True)


def told(kind: Kind, at: int, value: float | None = None) -> BulkEvent:
    return BulkEvent("x", "ann", "Book/1", kind, value, at)


def test_of_verdicts_the_latest_stays_and_the_rest_is_counted() -> None:
    state: dict[Kind, Reaction] = {}
    for one in (told("liked", 5), told("liked", 7), told("seen", 3), told("skipped", 9), told("skipped", 4)):
        state = after(state, one)
    assert state == {"liked": Reaction(None, 2, 7), "seen": Reaction(None, 1, 3), "skipped": Reaction(None, 2, 9)}
    assert after(state, told("disliked", 6)) == state, "it comes late"
    assert after(state, told("liked", 6))["liked"] == Reaction(None, 3, 7)
    rated = after(state, told("rated", 7, 2.0))
    assert rated["rated"] == Reaction(2.0, 1, 7) and "liked" not in rated, "of two at once, the one that comes last"
    assert after(rated, told("rated", 8, 4.0))["rated"] == Reaction(4.0, 2, 8)
    assert after(rated, told("rated", 6, 4.0))["rated"] == Reaction(2.0, 2, 7)
