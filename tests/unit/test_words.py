"""Texts as the linker reads them: letters compared, borders between them, and the way back."""

from __future__ import annotations

import pytest

from kg_rec.text.lexicon import language_of
from kg_rec.text.words import Border, Words, is_unspaced, normalised


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Spider-Man", ["spider", "man"]),
        ("Schindler's List", ["schindler", "s", "list"]),
        ("Amélie & ÉTÉ", ["amelie", "and", "ete"]),
        ("Rocky III vs. Henry V", ["rocky", "3", "vs", "henry", "v"]),
        ("Ｆｕｌｌ　ｗｉｄｔｈ", ["full", "width"]),
        ("Øystein Łódź Æon ﬁn", ["oystein", "lodz", "aeon", "fin"]),
        ("straße", ["strasse"]),
        ("٢٠١٧", ["2017"]),
        ("霸王别姬", ["霸", "王", "别", "姬"]),
        ("snake_case", ["snake", "case"]),
        ("🙂 … !", []),
        ("", []),
    ],
)
def test_words_are_compared_without_case_accent_and_width(text: str, tokens: list[str]) -> None:
    words = Words(text)
    assert words.tokens == tokens
    assert words.compact == "".join(tokens)
    assert len(words.starts) == len(words.ends) == len(words.compact) + 1


TEXTS = [
    "I loved Amélie, Spider-Man and “Schindler’s List” (1993)!",
    "Ame\u0301lie et l'e\u0301te\u0301",  # accents as letters of their own
    "straße ﬁn Æon III & co",
    "我喜欢卧虎藏龙 and シン・ゴジラ",
    "기생충을 좋아해요",
    "الفيلم الرائع",
]


@pytest.mark.parametrize("text", TEXTS)
def test_each_token_knows_where_it_stood(text: str) -> None:
    words = Words(text)
    done = 0
    for number, token in enumerate(words.tokens):
        begin, end = words.token_span(number, number + 1)
        assert done <= begin < end <= len(text)
        assert Words(text[begin:end]).compact == token
        assert words.gap(number) == text[done:begin]
        assert words.token_at(words.token_starts[number]) == number
        assert words.token_at(words.token_ends[number] - 1) == number
        done = end
    assert words.gap(len(words.tokens)) == text[done:]


def test_letters_are_found_again_where_they_stood() -> None:
    words = Words("Ame\u0301lie, ﬁn")
    assert words.compact == "ameliefin"
    assert words.span(0, 6) == (0, 7)  # "Amélie", the accent its own character
    assert words.span(2, 3)[0] == 2
    assert words.span(6, 8) == (9, 10)  # "fi" is one character
    decomposed = Words("cafe\u0301 noir")
    assert decomposed.token_span(0, 1) == (0, 5)
    assert decomposed.gap(1) == " "
    assert Words("Rocky III").span(5, 6) == (6, 9)


def test_borders() -> None:
    words = Words("sci-fi, l'été now")
    assert words.compact == "scifiletenow"
    assert [Border(words.starts[place]) for place in (0, 1, 3, 5, 6, 9, 12)] == [
        Border.HARD, Border.INSIDE, Border.SOFT, Border.HARD, Border.SOFT, Border.HARD, Border.HARD,
    ]  # fmt: skip


def test_where_scripts_write_no_blanks_names_begin_and_end_anywhere() -> None:
    words = Words("看霸王")
    assert list(words.starts) == [Border.HARD, Border.SOFT, Border.SOFT, Border.HARD]


def test_korean_particles_and_arabic_articles_are_left_aside() -> None:
    korean = Words("기생충을")
    assert korean.ends[3] == Border.SOFT
    assert korean.ends[1] == Border.INSIDE
    arabic = Words("الفيلم")
    assert arabic.starts[2] == Border.SOFT
    assert arabic.starts[3] == Border.INSIDE


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Schindler's List", "schindlers list"),
        ("Schindler’s Liste für Amélie", "schindlers liste fur amelie"),
        ("Spider-Man: Part II", "spider man part 2"),
        ("AT&T", "at and t"),
        ("Rock & Röll", "rock and roll"),
        ("!!!", ""),
        ("…", ""),
    ],
)
def test_names_as_they_are_compared(name: str, plain: str) -> None:
    assert normalised(name) == plain


def test_scripts_without_blanks() -> None:
    assert is_unspaced("霸王")
    assert is_unspaced("a ひらがな")
    assert not is_unspaced("Amélie")
    assert not is_unspaced("Солярис")
    assert not is_unspaced("plain")


@pytest.mark.parametrize("text", ["war", "war films", "comedy, war, western", "art, jazz", "car games"])
def test_one_everyday_english_word_makes_no_other_language(text: str) -> None:
    assert language_of(text) == "English"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("kein Horror", "German"),
        ("das war ein guter Film", "German"),
        ("sans violence", "French"),
        ("sin terror", "Spanish"),
    ],
)
def test_a_word_that_is_no_english_one_makes_it(text: str, language: str) -> None:
    assert language_of(text) == language
