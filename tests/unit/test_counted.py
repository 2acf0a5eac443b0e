"""Numbers with what they count."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kg_rec.counted import agreeing, counted

PACKAGE = Path(__file__).parents[2] / "kg_rec"


@pytest.mark.parametrize(
    ("count", "one", "said"),
    [
        (0, "node", "0 nodes"),
        (1, "node", "1 node"),
        (1204, "bad line", "1,204 bad lines"),
        (1, "person", "1 person"),
        (2, "person", "2 people"),
        (2, "other entity", "2 other entities"),
    ],
)
def test_numbers_are_told_with_their_noun(count: int, one: str, said: str) -> None:
    assert counted(count, one) == said


def test_verbs_agree() -> None:
    assert [agreeing(number, verb) for verb in ("is", "was", "has") for number in (1, 2)] == [
        *("is", "are", "was", "were", "has", "have")
    ]


def test_no_command_counts_by_hand() -> None:
    """A number with thousands marked, and a noun in the plural: of one it would say "1 nodes"."""
    by_hand = re.compile(r"\{[^{}]+:,\} (?:people|nodes|relations|interests|scripts|entities)\b")
    found = [
        f"{path.name}: {line.strip()}"
        for path in sorted((PACKAGE / "cli").glob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if by_hand.search(line)
    ]
    assert found == []
