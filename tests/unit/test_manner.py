"""Whether words ask or tell: by what they say, by what they name, and by how they read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kg_rec.interest import Interest
from kg_rec.text.manner import ASKS, TELLS, UNCLEAR, Manner

ASKING, TELLING = np.array([1.0, 0.0], dtype=np.float32), np.array([0.0, 1.0], dtype=np.float32)
NOTHING = np.zeros(2, dtype=np.float32)
MANNER = Manner(ASKING, np.stack([TELLING, NOTHING]))


def asks(text: str, vector: Any, *interests: Interest) -> float:
    found = MANNER.asks([text], np.array([vector], dtype=np.float32), [list(interests)], "Film")
    assert found.shape == (1,) and found.dtype == np.float32
    return float(found[0])


def liked(label: str, polarity: Any = 1) -> Interest:
    return Interest(f"{label}/1", label, "one", 1.0, polarity)


ASKED = [
    "I am looking for a slow western like Unforgiven, please",
    "Can you recommend something sad?",
    "any suggestions for tonight",
    "ich suche einen ruhigen Western",
    "Kannst du mir einen Krimi empfehlen?",
    "Ich habe Lust auf etwas mit Pferden.",
    "有没有安静的西部片",
    "请推荐一部悲伤的电影",
    "想看类似的电影",
]


@pytest.mark.parametrize("text", ASKED)
def test_whoever_says_so_asks_unless_it_reads_otherwise(text: str) -> None:
    assert asks(text, ASKING) == pytest.approx(ASKS)
    assert asks(text, TELLING) == pytest.approx(UNCLEAR)
    assert asks(f"{text} {LONG_TALK}", TELLING) == TELLS


LONG_TALK = "The first one was made by another house, and it had a very different colour and a much longer neck."

REVIEWED = [
    "I needed something for my kitchen, and this does the job. Very sturdy. I recommend it to everybody who bakes.",
    "I was looking for something for the gym. I bought these in May, and they are as described, and comfortable.",
    "Five stars. If you are interested in quiet westerns, I would recommend it.",
    "Ich suche immer Leisten, und diese habe ich gekauft. Wie beschrieben, kann ich nur empfehlen.",
    "Je cherchais un livre de cuisine. Reçu vite, conforme, je recommande vivement.",
    "上个月买的，质量很好，强烈推荐。",
]


@pytest.mark.parametrize("text", REVIEWED)
def test_reviews_tell_though_they_recommend(text: str) -> None:
    assert asks(text, TELLING) == TELLS
    assert asks(text, ASKING) <= UNCLEAR


TOLD = [
    "A retired gunman takes one last job, and finds that he has grown old.",
    "The pacing drags, and the ending left me cold; the score is superb.",
    "jazz, soul, 60s",
    "westerns quiet films horses",
    "Ein alter Revolverheld nimmt einen letzten Auftrag an.",
    "Western, Drama, Pferde",
    "一个年老的枪手接受了最后一份工作。",
    "西部片、爵士乐",
]


@pytest.mark.parametrize("text", TOLD)
def test_descriptions_reviews_and_lists_tell(text: str) -> None:
    assert asks(text, TELLING) == TELLS
    # Nothing in it asks, however it reads; but a few words may be a search.
    assert asks(text, ASKING) == pytest.approx(TELLS if len(text) > 30 or "枪手" in text else UNCLEAR)


@pytest.mark.parametrize(
    "text", [*(text for text in TOLD if len(text) > 30), "jazz, soul, 60s, blues, gospel, rhythm and blues, funk"]
)
def test_what_is_long_tells_whatever_it_names(text: str) -> None:
    assert asks(text, ASKING, liked("Genre")) == TELLS


@pytest.mark.parametrize("text", ["jazz, soul, 60s", "funny", "westerns quiet films horses", "Western, Drama, Pferde"])
def test_a_few_words_may_be_a_search(text: str) -> None:
    assert asks(text, ASKING, liked("Genre")) == pytest.approx(UNCLEAR)
    assert asks(text, TELLING, liked("Genre")) == TELLS


@pytest.mark.parametrize("text", ["Unforgiven, Shane", "Erbarmungslos und Shane", "《卧虎藏龙》"])
def test_whoever_names_items_they_like_wants_more_of_the_kind(text: str) -> None:
    assert asks(text, ASKING, liked("Genre", -1), liked("Film")) == ASKS
    assert asks(text, ASKING, liked("Film", -1)) == pytest.approx(UNCLEAR)
    assert asks(text, TELLING, liked("Film")) == TELLS  # a review of it


@pytest.mark.parametrize("text", ["slow westerns?", "langsame Western?", "西部片？"])
def test_a_question_may_be_one(text: str) -> None:
    assert asks(text, ASKING) == pytest.approx(UNCLEAR)
    assert asks(text, TELLING) == TELLS


@pytest.mark.parametrize("text", ["I love slow westerns", "Ich mag ruhige Western", "我喜欢西部片"])
def test_somebody_who_talks_may_be_asking(text: str) -> None:
    assert asks(text, ASKING) == pytest.approx(UNCLEAR)
    assert asks(text, TELLING) == TELLS


@pytest.mark.parametrize(
    "text", ["Hello, slow westerns", "hi there I love slow westerns", "Guten Tag, ruhige Western", "你好，西部片"]
)
def test_whoever_greets_asks_the_one_who_is_greeted(text: str) -> None:
    assert asks(text, ASKING) == asks(text, TELLING) == ASKS
    assert asks(f"{text}. I bought this in May", TELLING) == TELLS


@pytest.mark.parametrize("text", ["I like jazz, soul, blues and funk", "jazz soul blues funk?"])
def test_who_lists_much_says_what_they_are_like(text: str) -> None:
    names = [Interest(f"Tag/{name}", "Tag", name, 1.0, evidence=name) for name in ("jazz", "soul", "blues", "funk")]
    assert asks(text, ASKING, *names) == TELLS
    assert asks(text, ASKING, *names[:3]) == pytest.approx(UNCLEAR)
    assert asks(f"I am looking for {text}", ASKING, *names) == ASKS


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_nothing_said_asks_for_nothing(text: str) -> None:
    assert asks(text, NOTHING) == TELLS


def test_each_text_is_told_for_itself() -> None:
    texts = ["jazz, soul, blues, funk, gospel, swing, bebop", "I am looking for jazz", "", "jazz?"]
    vectors = np.stack([ASKING, ASKING, NOTHING, ASKING])
    found = MANNER.asks(texts, vectors, [[], [], [], []], "Film")
    assert found.tolist() == pytest.approx([TELLS, ASKS, TELLS, UNCLEAR])
    assert MANNER.asks([], np.zeros((0, 2), dtype=np.float32), [], "Film").shape == (0,)


def test_how_asking_and_telling_read_is_their_mean() -> None:
    rows = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    manner = Manner.of(rows, np.array([[0.0, -2.0]], dtype=np.float32), 3 * rows[:1])
    assert manner.asking.tolist() == pytest.approx([0.5**0.5, 0.5**0.5])
    assert manner.telling.tolist() == [[0.0, -1.0], [1.0, 0.0]]


def test_without_running_texts_telling_reads_like_reviews_of_anything() -> None:
    manner = Manner.of(ASKING[None], np.zeros((0, 2), dtype=np.float32), TELLING[None])
    assert manner.telling.tolist() == [[0.0, 0.0], [0.0, 1.0]]
    vectors = np.array([[0.9, 0.1], [0.1, 0.9]], dtype=np.float32)
    texts = [f"slow westerns {LONG_TALK} jazz?"] * 2
    assert manner.asks(texts, vectors, [[], []], "Film").tolist() == pytest.approx([UNCLEAR, TELLS])


def said(evidence: str, label: str = "Keyword", polarity: Any = 1) -> Interest:
    return Interest(f"{label}/{evidence}", label, evidence, 1.0, polarity, evidence)


def test_a_few_names_of_what_items_have_may_be_a_search_however_they_read() -> None:
    """Keywords read like neither asking nor telling; in more words than those, how they read counts."""
    assert asks("time travel, dystopia", TELLING, said("time travel"), said("dystopia")) == UNCLEAR
    assert asks("time travel and Dystopia", TELLING, said("time travel"), said("Dystopia")) == UNCLEAR
    assert asks("time travel, regret", TELLING, said("time travel")) == TELLS
    assert asks("a, b, c, d", TELLING, *map(said, "abcd")) == TELLS
    assert asks("time travel, horror", TELLING, said("time travel"), said("horror", polarity=-1)) == TELLS
    assert asks("time travel, Heat", TELLING, said("time travel"), said("Heat", "Film")) == TELLS
