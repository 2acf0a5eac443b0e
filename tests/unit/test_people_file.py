"""Files of people: what is read, and what is refused, wherever people come from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg_rec.errors import InputError
from kg_rec.evaluation.strangers import read_strangers
from kg_rec.people_file import read_people


def test_people_are_read_in_their_order_with_all_they_have(tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_bytes(
        '\ufeff{"user_id": 7, "text": "slow", "relevant": [1]}\n\n  \n{"user_id": "ä", "text": ""}'.encode()
    )
    one, two = read_people(path)
    assert (one.user_id, one.text, one.number, one.place) == (7, "slow", 1, f"{path}:1")
    assert one.fields["relevant"] == [1]
    assert (two.user_id, two.text, two.number) == ("ä", "", 4)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"user_id": 1, "text": "\xff"}', "expected UTF-8, found the byte 0xff"),
        (b'{"user_id": 1, "text": "', "expected a JSON object, found "),
        (b'{"user_id": 1}', "expected an object with 'user_id' and 'text'"),
        (b'{"text": "x"}', "expected an object with 'user_id' and 'text'"),
        (b'{"user_id": 1, "text": "x \\udcff", "relevant": []}', "expected text, found half of a surrogate pair in "),
    ],
)
def test_a_bad_line_is_told_by_its_number_to_whoever_reads(line: bytes, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_bytes(b'{"user_id": 0, "text": "fine", "relevant": [1]}\n' + line + b"\n")
    for read in (lambda: list(read_people(path)), lambda: read_strangers(path, [1])):
        with pytest.raises(InputError) as told:
            read()
        assert told.value.message.startswith(f"{path}:2: {problem}")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none: the people cannot be read"):
        list(read_people(tmp_path / "none"))
