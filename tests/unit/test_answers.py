"""What an answer says besides the items: notes, and which titles a misspelt one may have meant."""

from __future__ import annotations

import pytest

from kg_rec.interest import Interest
from kg_rec.recommender import notes_on, titles_like

TITLES = ["Unforgiven", "Unforgiven", "The Matrix", "Eternal Sunshine of the Spotless Mind", "Heat", "It"]


@pytest.mark.parametrize(
    ("given", "near"),
    [
        ("Unforgivn", ["Unforgiven"]),
        ("THE MATRICKS", ["The Matrix"]),
        ("eternal sunshine", ["Eternal Sunshine of the Spotless Mind"]),
        ("xyzzy quux", []),
        ("whither", []),
    ],
)
def test_only_titles_that_are_near_are_proposed(given: str, near: list[str]) -> None:
    assert titles_like(given, TITLES) == near


def test_what_is_understood_of_a_language_is_said() -> None:
    found = [Interest("Film/arrival", "Film", "Arrival", 1.0, 1)]
    for words, script in (("אהבתי את Arrival", "Hebrew"), ("أحببت Arrival", "Arabic"), ("ฉันชอบ Arrival", "Thai")):
        (note,) = notes_on(words, found, 5, 5, "an encoder")
        assert f"in {script} letters" in note and "each as something wanted" in note
    (note,) = notes_on("Мне понравился Arrival", found, 5, 5, "an encoder")
    assert "look like Russian" in note
    assert notes_on("I loved café Amélie by 黒澤", found, 5, 5, "an encoder") == []


def test_what_is_not_sure_is_not_said_to_resemble_nothing() -> None:
    (note,) = notes_on("something for a rainy day", [], 5, 5, "an encoder")
    # Reasons may say "rain · near in meaning to the words" in the same answer.
    assert "resembles" not in note
    assert "name nothing that the graph knows" in note and "near enough to them to be sure" in note
