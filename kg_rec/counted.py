"""Numbers with what they count, as people say them: "1 person", "2 people", "1,204 nodes"."""

from __future__ import annotations

_IRREGULAR = {"person": "people", "entity": "entities", "was": "were", "is": "are", "has": "have", "does": "do"}


def counted(count: int, one: str) -> str:
    """Return a number and its noun, in the singular or the plural. one: the noun in the singular, the last of several words."""
    return f"{count:,} {agreeing(count, one)}"


def agreeing(count: int, one: str) -> str:
    """Return a noun or verb as it is said of so many. one: as it is said of one."""
    start, _, last = one.rpartition(" ")
    said = last if count == 1 else _IRREGULAR.get(last, f"{last}s")
    return f"{start} {said}" if start else said
