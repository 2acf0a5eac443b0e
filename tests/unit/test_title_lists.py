"""Lists of titles and nothing else: which there are, and that titles of everyday words are believed in them."""

from __future__ import annotations

import pytest

from kg_rec.text.lexicon import languages_of, lexicon
from kg_rec.text.linker import Linker
from kg_rec.text.names import LinkTarget
from kg_rec.text.title_lists import title_lists
from kg_rec.text.words import Words


def items(*names: str) -> list[LinkTarget]:
    return [LinkTarget(f"Film/{name}", "Film", name, popularity=10.0, is_item=True) for name in names]


LINKER = Linker(
    [
        *items("Interstellar", "Inception", "Her", "It", "Up", "Heat", "Moon", "Gravity", "Big", "Thanks", "Nothing"),
        *items("The Thing", "War", "Love", "Thelma and Louise"),
        *(LinkTarget(f"Keyword/{name}", "Keyword", name) for name in ("moon", "love", "space")),
        *(LinkTarget(f"Genre/{name}", "Genre", name, popularity=90.0) for name in ("War", "Drama", "Comedy")),
    ]
)


def lists(text: str) -> list[list[str]]:
    words = Words(text)
    found = title_lists(words, lexicon(languages_of(words)))
    return [[text[slice(*words.token_span(entry.first, entry.last))] for entry in entries] for entries in found]


def named(text: str) -> list[str]:
    return [interest.entity for interest in LINKER.link(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Heat, Her and It", [["Heat", "Her", "It"]]),
        ("Heat, Her, and It.", [["Heat", "Her", "It"]]),
        ("Heat\nHer\nUp", [["Heat", "Her", "Up"]]),
        ("Heat / Her / Up", [["Heat", "Her", "Up"]]),
        ("1. Heat\n2. Her\n3) Up", [["Heat", "Her", "Up"]]),
        ("- Heat\n- Her\n- 1984", []),  # a year alone has no capital
        ("Heat 1995, Her (2013), The Queen of Hearts", [["Heat", "Her", "The Queen of Hearts"]]),
        ("My favourites: Heat, Her, Up! What else is there?", [["Heat", "Her", "Up"]]),
        ("Heat, Her, Up. Up, Heat, Her", [["Heat", "Her", "Up"], ["Up", "Heat", "Her"]]),
        ("Fast & Furious, Her, Up", [["Fast & Furious", "Her", "Up"]]),
        ("Heat, Her", []),
        ("heat, her, up", []),
        ("Heat, Her, moon landings", []),
        ("I like Heat, Her, Up", []),
        ("Krieg, Liebe und Musik", []),
        ("", []),
    ],
)
def test_lists(text: str, expected: list[list[str]]) -> None:
    assert lists(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Interstellar, Her, Moon, Gravity", ["Interstellar", "Her", "Moon", "Gravity"]),
        ("Unheard Of, Her, Interstellar", ["Her", "Interstellar"]),
        ("Thelma and Louise, It, Up", ["Thelma and Louise", "It", "Up"]),
        ("Heat, Her and It", ["Heat", "Her", "It"]),  # nothing is sure, but all are names
        ("Her, It, Up", []),  # words of grammar alone
        ("Unheard Of, Her, It", []),
        ("Thanks, Unheard Of, Inception", ["Inception"]),  # one that is sure is not enough for a word of talk
        ("Big, Her, Interstellar, Inception", ["Big", "Her", "Interstellar", "Inception"]),
        ("Her", ["Her"]),
        ("The Thing", ["The Thing"]),
        ("the thing", ["The Thing"]),
        ("her", []),
        ("Thanks", []),
        ("Nothing", []),
        ("the thing is this", []),
        ("I like it, her, and moon landings", ["Keyword/moon"]),
    ],
)
def test_titles_of_everyday_words(text: str, expected: list[str]) -> None:
    assert named(text) == [name if "/" in name else f"Film/{name}" for name in expected]


def test_a_list_with_something_else_in_it_is_none_of_titles() -> None:
    assert named("Inception, Drawn, Her, Unheard Of") == ["Film/Inception", "Film/Her"]
    assert named("Inception, Drama, Her, Unheard Of") == ["Film/Inception", "Genre/Drama"]


def test_long_lists_are_read_to_their_end() -> None:
    """What is found makes the next surer: the one that is sure may stand anywhere."""
    assert named(", ".join(["Big", "Her"] * 500 + ["Interstellar", "Inception"])) == [
        "Film/Big", "Film/Her", "Film/Interstellar", "Film/Inception",
    ]  # fmt: skip
