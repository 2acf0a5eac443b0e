"""What of a text is compared by meaning, and what is near."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from kg_rec.progress import Step
from kg_rec.text.lexicon import languages_of, lexicon
from kg_rec.text.linker import Linker
from kg_rec.text.names import LinkTarget
from kg_rec.text.near import NearFinder, passages
from kg_rec.text.words import Words


def phrases(text: str, *named: str, plain: frozenset[str] = frozenset()) -> list[str]:
    words = Words(text)
    spans = []
    for name in named:
        begin = text.index(name)
        inside = [
            token
            for token in range(len(words.tokens))
            if begin <= words.token_span(token, token + 1)[0] < begin + len(name)
        ]
        spans.append((inside[0], inside[-1] + 1))
    found = passages(words, lexicon(languages_of(words)), spans, plain)
    return [text[slice(*words.token_span(passage.first, passage.last))] for passage in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I am looking for melancholy landscapes", ["melancholy landscapes"]),
        ("melancholy, landscapes", ["melancholy", "landscapes"]),
        ("tales of lonely lighthouses", ["tales of lonely lighthouses"]),  # grammar inside a phrase stays
        ("the lighthouse and the", ["lighthouse"]),  # at its ends it goes
        # Too long to be one thing: each word for itself.
        (
            "one very lonely lighthouse keeper on stormy islands",
            ["lonely", "lighthouse", "keeper", "stormy", "islands"],
        ),
        ("hello, how are you? thanks", []),
        ("I don't like melancholy", ["melancholy"]),
        ("42 7", []),
        ("x y z", []),
        ("", []),
        ("我想看关于孤独的故事", ["孤独的故事"]),
    ],
)
def test_phrases(text: str, expected: list[str]) -> None:
    assert phrases(text) == expected


def test_names_and_plain_words_part_phrases() -> None:
    assert phrases("melancholy Arrival landscapes", "Arrival") == ["melancholy", "landscapes"]
    assert phrases("melancholy movies landscapes", plain=frozenset(["movies"])) == ["melancholy", "landscapes"]


class Compass:
    """An encoder of directions given by hand; what it does not know points nowhere."""

    name = "compass"
    fingerprint = "compass"
    dim = 2

    def __init__(self, **degrees: float) -> None:
        self.degrees = degrees

    def encode(self, texts: Sequence[str], progress: Step | None = None) -> NDArray[np.float32]:
        """Return one row a text."""
        turned = [np.deg2rad(self.degrees.get(text.replace(" ", "_"), np.nan)) for text in texts]
        return np.nan_to_num(np.array([[np.cos(turn), np.sin(turn)] for turn in turned], np.float32).reshape(-1, 2))


def finder(encoder: Compass, *targets: LinkTarget, least: float = 0.5, plain: tuple[str, ...] = ()) -> NearFinder:
    vectors = encoder.encode([target.name for target in targets])
    return NearFinder(targets, vectors, encoder, least, frozenset(plain))


def tag(name: str, popularity: float = 0.0) -> LinkTarget:
    return LinkTarget(f"Tag/{name}", "Tag", name, popularity=popularity)


def nearest(found: NearFinder, phrase: str) -> str | None:
    (near,) = found.near([phrase])
    return near.target.name if near else None


def test_the_nearest_is_found_where_it_is_near_enough() -> None:
    encoder = Compass(sad=0, happy=90, quite_gloomy=50, rather_cheerful=80, far_off=-120)
    near = finder(encoder, tag("sad"), tag("happy"))
    assert nearest(near, "rather cheerful") == "happy"
    assert nearest(near, "quite gloomy") == "happy"
    assert nearest(near, "far off") is None
    (found,) = near.near(["rather cheerful"])
    assert found is not None
    assert found.cosine == pytest.approx(np.cos(np.deg2rad(10)))
    assert [one is not None for one in near.near(["far off", "rather cheerful", "far off"])] == [False, True, False]
    assert near.near([]) == []
    assert finder(encoder).near(["rather cheerful"]) == [None]


def test_one_word_must_be_nearer_and_a_vague_one_nearer_still() -> None:
    # Cosines of 0.5, 0.6, 0.7: for several words, one rare word, one everyday word or one that is none.
    encoder = Compass(sad=0, gloomy_days=59, lugubrious=59, melancholy=52, line=52, qwzzk=52, past=44)
    near = finder(encoder, tag("sad"))
    assert nearest(near, "gloomy days") == "sad"
    assert nearest(near, "lugubrious") is None
    assert nearest(near, "melancholy") == "sad"
    assert nearest(near, "line") is None
    assert nearest(near, "qwzzk") is None
    assert nearest(near, "past") == "sad"


def test_what_is_nearer_to_the_items_themselves_says_nothing() -> None:
    encoder = Compass(sad=0, movie=40, moving_picture=30, tear_jerker=10)
    near = finder(encoder, tag("sad"), plain=("movie",))
    assert nearest(near, "moving picture") is None
    assert nearest(near, "tear jerker") == "sad"
    # The items' own word is the name of nothing else.
    assert nearest(finder(encoder, tag("sad"), tag("movie"), plain=("movie",)), "moving picture") is None


def test_the_better_known_is_preferred_a_little() -> None:
    encoder = Compass(sad=0, gloom=20, rather_gloomy=12)
    assert nearest(finder(encoder, tag("sad"), tag("gloom")), "rather gloomy") == "gloom"
    assert nearest(finder(encoder, tag("sad", 999), tag("gloom")), "rather gloomy") == "sad"


def test_of_one_name_the_best_known_stands_for_all() -> None:
    encoder = Compass(sad=0, gloomy_days=5)
    few = LinkTarget("Tag/sad", "Tag", "sad", popularity=1)
    many = LinkTarget("Mood/Sad", "Mood", "sad", popularity=9)
    for order in ((few, many), (many, few)):
        (found,) = finder(encoder, *order).near(["gloomy days"])
        assert found is not None
        assert found.target is many


def test_a_name_that_says_all_of_the_phrase_and_more_is_another_thing() -> None:
    encoder = Compass(true_story=0, story=5, stories_truly=3)
    encoder.degrees["true stories"] = 0
    assert nearest(finder(encoder, tag("true story")), "story") is None
    assert nearest(finder(encoder, tag("true story")), "stories truly") == "true story"


def test_far_better_known_is_ten_times() -> None:
    encoder = Compass(scary=0, Horror=30, horror_story=10, other=180)
    scary = tag("scary", 3)

    def known(popularity: float, *more: LinkTarget) -> str | None:
        near = finder(encoder, scary, tag("Horror", popularity), tag("other", 9999), *more).better_known([scary])
        return near.target.name if near else None

    assert known(30) == "Horror"
    assert known(29) is None
    assert finder(encoder, tag("Horror", 30)).better_known([scary]) is None  # a target that is not compared
    assert finder(encoder, scary, tag("Horror", 30), least=0.8).better_known([scary]) is None
    assert finder(encoder, scary).better_known([]) is None


@pytest.mark.parametrize(
    ("text", "describing"),
    [
        ("a funny film", ["funny"]),
        ("Funny films, please", ["Funny"]),
        ("something funny", ["funny"]),
        ("I want something really funny", ["funny"]),
        ("anything gloomy?", ["gloomy"]),
        ("my boss is so funny", []),
        ("a funny feeling", []),
        ("the joke was funny. Films are fine", []),
        ("something, funny", []),
        ("I love funny", []),
        ("something funny happened yesterday at work", []),
    ],
)
def test_one_word_said_of_an_item_is_told_from_others(text: str, describing: list[str]) -> None:
    words = Words(text)
    films = frozenset(["film", "films"])
    found = passages(words, lexicon(languages_of(words)), [], films, films)
    told = [passage for passage in found if passage.describing]
    assert [text[slice(*words.token_span(passage.first, passage.last))] for passage in told] == describing


def test_a_word_said_of_an_item_may_say_a_kind_that_it_is_not_near_to_alone() -> None:
    targets = [LinkTarget(f"Genre/{name}", "Genre", name) for name in ("Comedy", "Drama", "Horror")]
    targets += [LinkTarget(f"Tag/{number}", "Tag", f"tag {number}") for number in range(31)]
    encoder = Compass(
        Comedy=0, Drama=270, Horror=180, funny=62, odd=62, a_comedy_film=0, a_drama_film=40, a_horror_film=180,
        a_funny_film=5, a_odd_film=21, **{f"tag_{number}": 250 for number in range(31)},
    )  # fmt: skip
    vectors = encoder.encode([target.name for target in targets])
    found = NearFinder(targets, vectors, encoder, 0.5, frozenset(), "film")
    told, alone, odd = found.near(["funny", "funny", "odd"], [True, False, True])
    # Tags are too many to be kinds; "a odd film" lies between two of those.
    assert told is not None and (told.target.name, told.cosine) == ("Comedy", 0.5)
    assert alone is None and odd is None
    assert found.near(["funny"]) == [None]
    assert NearFinder(targets, vectors, encoder, 0.5, frozenset()).near(["funny"], [True]) == [None]


def test_the_linker_knows_what_an_item_is_called() -> None:
    encoder = Compass(
        Comedy=0, Horror=180, funny=62, a_comedy_short_film=0, a_horror_short_film=180, a_funny_short_film=5
    )
    genres = [LinkTarget(f"Genre/{name}", "Genre", name) for name in ("Comedy", "Horror")]
    linker = Linker([*genres, LinkTarget("ShortFilm/1", "ShortFilm", "Sunday", is_item=True)], encoder)
    (found,) = linker.link("something funny please")
    assert (found.entity, found.score, found.source, found.evidence) == ("Genre/Comedy", 0.6, "near", "funny")
    assert [one.polarity for one in linker.link("no funny films")] == [-1]
    assert linker.link("my boss is funny") == []
