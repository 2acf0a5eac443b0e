"""What of the words says what is wanted."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from kg_rec.interest import Interest
from kg_rec.text.encoder import HashEncoder
from kg_rec.text.wishes import understood, wished


def about(text: str, *evidence: str, polarity: Literal[1, -1] = -1) -> list[Interest]:
    """An interest for each piece of evidence, at its place in the text."""
    return [
        Interest(
            f"Genre/{word}",
            "Genre",
            word,
            1.0,
            polarity,
            word,
            span=(text.index(word), text.index(word) + len(word)),
        )
        for word in evidence
    ]


@pytest.mark.parametrize(
    ("text", "disliked", "expected"),
    [
        ("I loved Arrival. No horror please.", ["horror"], "I loved Arrival."),
        ("No horror please. I loved Arrival.", ["horror"], "I loved Arrival."),
        ("Slow films, no horror, nothing with clowns, sad ones", ["horror", "clowns"], "Slow films, sad ones"),
        ("I like westerns but I hate horror", ["horror"], "I like westerns but"),
        ("I hate horror but I like westerns", ["horror"], "I like westerns"),
        ("Ich mag Western, aber keinen Horror", ["Horror"], "Ich mag Western, aber"),
        ("J'aime le western mais pas l'horreur", ["horreur"], "J'aime le western mais"),
        ("我喜欢科幻，不要恐怖片。谢谢！", ["恐怖"], "我喜欢科幻，谢谢！"),
        ("Line one\nno horror\nline three", ["horror"], "Line one\nline three"),
        ("Quiero un drama triste pero sin terror", ["terror"], "Quiero un drama triste pero"),
        ("Voglio un dramma triste ma senza horror", ["horror"], "Voglio un dramma triste ma"),
        ("Ik wil een triest drama maar geen horror", ["horror"], "Ik wil een triest drama maar"),
        ("Quero um drama triste mas sem terror", ["terror"], "Quero um drama triste mas"),
        ("Я хочу грустную драму но без ужасов", ["ужасов"], "Я хочу грустную драму но"),
        ("슬픈 드라마 하지만 공포 말고", ["공포"], "슬픈 드라마 하지만"),
        ("我喜欢科幻但是不要恐怖片", ["恐怖"], "我喜欢科幻但是"),
        ("I want a sad drama though no horror", ["horror"], "I want a sad drama though"),
        ("A sad drama as long as there is no horror", ["horror"], "A sad drama as long as"),
        ("I want sad westerns, anything but horror", ["horror"], "I want sad westerns,"),
    ],
)
def test_clauses_with_a_dislike_are_left_out(text: str, disliked: list[str], expected: str) -> None:
    assert wished(text, about(text, *disliked)) == expected


def test_nothing_is_left_out_without_a_dislike() -> None:
    text = "I loved Arrival. Horror, too!"
    assert wished(text, about(text, "Arrival", "Horror", polarity=1)) == text
    assert wished(text, []) == text
    assert wished("", []) == ""


def test_all_is_kept_when_nothing_would_be_left() -> None:
    text = "no horror please"
    assert wished(text, about(text, "horror")) == text


def test_a_dislike_that_the_person_set_is_in_no_words() -> None:
    assert wished("Horror or not?", [Interest("Genre/Horror", "Genre", "Horror", 1.0, -1)]) == "Horror or not?"


def test_evidence_across_a_border_takes_both_sides() -> None:
    text = "Nothing like Stop, Look and Go! Rather slow films"
    assert wished(text, about(text, "Stop, Look and Go")) == "Rather slow films"


def test_words_that_only_contain_but_are_no_border() -> None:
    text = "I want butterflies without horror"
    assert wished(text, about(text, "horror")) == text


def test_a_border_inside_a_name_is_none() -> None:
    text = "I loved Only Lovers, Left Alive and westerns but hated horror"
    found = [*about(text, "Only Lovers, Left Alive", polarity=1), *about(text, "horror")]
    assert wished(text, found) == "I loved Only Lovers, Left Alive and westerns but"


@pytest.mark.parametrize("text", ["I just don't want horror", "Only something without horror", "Bitte kein horror"])
def test_all_is_kept_when_only_grammar_would_be_left(text: str) -> None:
    assert wished(text, about(text, "horror")) == text


def test_what_is_understood_of_several_texts_keeps_their_order() -> None:
    texts = ["a western. no horror please", "a comedy", "a western"]

    def link(given: list[str]) -> list[list[Interest]]:
        place = texts[0].index("horror")
        horror = Interest("Genre/Horror", "Genre", "Horror", 1.0, -1, "horror", span=(place, place + 6))
        return [[horror] if "horror" in text else [] for text in given]

    encoder = HashEncoder()
    said = understood(texts, link, encoder)
    assert [len(theirs) for theirs in said.interests] == [1, 0, 0]
    np.testing.assert_array_equal(said.vectors, encoder.encode(["a western.", "a comedy", "a western"]))
    some = said.at([2, 0])
    assert [len(theirs) for theirs in some.interests] == [0, 1]
    np.testing.assert_array_equal(some.vectors, said.vectors[[2, 0]])
