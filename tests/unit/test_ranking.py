"""From words and interests to a ranked list: what counts, what is never among the results, and the conditions."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from film_graphs import artifact_of, two_tastes

from kg_rec.errors import InputError
from kg_rec.interest import Interest
from kg_rec.model.artifact import Artifact
from kg_rec.model.ranking import PARTS, Ranked, Ranking
from kg_rec.model.signals import SIGNALS, Likings
from kg_rec.text.encoder import HashEncoder

FILMS = 24


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    return artifact_of(two_tastes(films=FILMS), steps=0)


@pytest.fixture(scope="module")
def ranking(artifact: Artifact) -> Ranking:
    return Ranking(artifact)


def interest(key: str, score: float = 1.0, polarity: Any = 1) -> Interest:
    return Interest(key, key.partition("/")[0], key.partition("/")[2], score, polarity)


def ranked(ranking: Ranking, words: str, *interests: Interest, k: int = FILMS, **options: Any) -> list[Ranked]:
    excluded = {"excluded": [options.pop("excluded")]} if "excluded" in options else {}
    asks = np.array([options.pop("asks", 1.0)], dtype=np.float32)
    return ranking.rank(HashEncoder().encode([words]), [interests], asks, k=k, **excluded, **options)[0]


def items(found: list[Ranked]) -> list[int]:
    return [one.item for one in found]


def parts_of(found: list[Ranked], name: str) -> dict[int, float]:
    return {one.item: one.parts[name] for one in found}


def with_evidence(artifact: Artifact, **parts: Any) -> Artifact:
    """The same model, with something else in what its signals are computed from."""
    return replace(artifact, model=replace(artifact.model, evidence=replace(artifact.model.evidence, **parts)))


def test_the_best_come_first_and_the_score_is_the_sum_of_its_parts(ranking: Ranking) -> None:
    found = ranked(ranking, "The Silent Anchor", interest("Genre/Drama"), interest("Film/003"))
    assert len(found) == FILMS - 1
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)
    for one in found:
        assert tuple(one.parts) == PARTS == (*SIGNALS, "dislikes")
        assert one.score == pytest.approx(sum(one.parts.values()), abs=1e-4)
    assert {one.parts["direct"] > 0 for one in found} == {True, False}


def test_scores_are_those_of_the_model(ranking: Ranking, artifact: Artifact) -> None:
    from kg_rec.model.link_prediction import People

    model = artifact.model
    evidence, weights = model.evidence, model.fusion.asking
    theirs = [interest("Film/003", 0.7), interest("Film/004", 1.0, -1)]
    vectors = HashEncoder().encode(["quiet films"])
    people = People.of(vectors, [theirs], model.entities.index)
    one_hot = torch.from_numpy(evidence.one_hot.toarray())
    with torch.inference_mode():
        shared = one_hot[:FILMS] @ one_hot.T
        scores = model.evidence.predictor(evidence.text, shared.matmul, people, evidence.popularity)
    found = ranked(ranking, "quiet films", *theirs)
    assert len(found) == FILMS - 2
    signals = evidence.signals(people)[0]
    for one in found:
        parts = (scores.text[0, one.item], scores.graph[0, one.item], scores.popularity[one.item])
        expected = [float(weight * part) for weight, part in zip((1.0, 1.0, 1.0), parts, strict=True)]
        assert [one.parts[name] for name in ("text", "graph", "popularity")] == pytest.approx(expected, rel=1e-5)
        every = dict(zip(SIGNALS, (weights * signals[:, one.item]).tolist(), strict=True))
        assert one.parts == pytest.approx({**every, "dislikes": 0.0}, rel=1e-5)


def test_each_is_ranked_with_the_weights_of_how_much_their_words_ask(artifact: Artifact) -> None:
    """Telling weighs nothing but "direct" here, asking everything."""
    telling = np.array([5.0 if name == "direct" else 0.0 for name in SIGNALS], dtype=np.float32)
    fusion = replace(artifact.model.fusion, telling=telling)
    ranking = Ranking(replace(artifact, model=replace(artifact.model, fusion=fusion)))
    theirs = [interest("Genre/Drama"), interest("Genre/Comedy", 0.5, -1), interest("Film/005")]
    vectors = HashEncoder().encode(["quiet"] * 3)
    asked, told, mixed = ranking.parts(vectors, [theirs] * 3, np.array([1.0, 0.0, 0.7], dtype=np.float32))
    np.testing.assert_allclose(mixed, 0.7 * asked + 0.3 * told, rtol=1e-4, atol=1e-6)
    silent = [name for name, part in zip(PARTS, asked, strict=True) if not part.any()]
    assert asked.shape == (len(PARTS), FILMS) and silent == ["liked", "nearness"]
    assert np.flatnonzero(np.abs(told).max(axis=1)).tolist() == [SIGNALS.index("direct"), len(SIGNALS)]
    np.testing.assert_array_equal(told[-1], asked[-1])  # a dislike is one, whatever the manner
    found = ranked(ranking, "quiet", *theirs, asks=0.7)
    assert found[0].parts == pytest.approx(dict(zip(PARTS, mixed[:, found[0].item].tolist(), strict=True)), abs=1e-5)


def test_people_are_ranked_for_each_on_their_own(ranking: Ranking) -> None:
    words = ["golden lantern", "", "restless willow western"]
    theirs = [[interest("Genre/Drama")], [], [interest("Film/007"), interest("Genre/Western", 0.5, -1)]]
    asks = np.array([1.0, 0.7, 0.0], dtype=np.float32)
    together = ranking.rank(HashEncoder().encode(words), theirs, asks, k=5, excluded=[{1}, set(), {2, 3}])
    assert [len(found) for found in together] == [5, 5, 5]
    for text, interests, asking, hidden, found in zip(
        words, theirs, asks.tolist(), [{1}, set(), {2, 3}], together, strict=True
    ):
        alone = ranked(ranking, text, *interests, k=5, excluded=hidden, asks=asking)
        assert items(alone) == items(found)
        assert [one.score for one in alone] == pytest.approx([one.score for one in found], abs=1e-5)


def test_items_that_an_interest_points_to_are_never_among_the_results(ranking: Ranking) -> None:
    title = ranking.artifact.model.entities.names[5]
    assert items(ranked(ranking, title))[0] == 5
    for named in (interest("Film/005"), interest("Film/005", 0.1), interest("Film/005", 1.0, -1)):
        found = items(ranked(ranking, title, named, interest("Genre/Drama")))
        assert 5 not in found and len(found) == FILMS - 1


def test_excluded_items_are_never_among_the_results(ranking: Ranking) -> None:
    best = items(ranked(ranking, "quiet"))
    assert items(ranked(ranking, "quiet", excluded={best[0], best[2]})) == [best[1], *best[3:]]


def test_what_may_not_be_shown_leaves_the_probabilities_of_others(ranking: Ranking) -> None:
    """What is known takes no part in them, what is only not wanted does."""
    plain = {one.item: one.probability for one in ranked(ranking, "quiet")}
    first = next(iter(plain))
    allowed = np.arange(FILMS) != first
    assert {one.item: one.probability for one in ranked(ranking, "quiet", allowed=allowed)} == {
        item: chance for item, chance in plain.items() if item != first
    }


def test_a_dislike_pushes_its_neighbours_down(ranking: Ranking, artifact: Artifact) -> None:
    drama = artifact.model.evidence.direct[:, [artifact.model.entities.index["Genre/Drama"]]]
    dramas = set(drama.tocoo().coords[0].tolist())
    assert len(dramas) == FILMS // 3
    before, after = ranked(ranking, "films"), ranked(ranking, "films", interest("Genre/Drama", 1.0, -1))
    assert set(items(before)[: FILMS - len(dramas)]) & dramas
    assert not set(items(after)[: FILMS - len(dramas)]) & dramas
    lost = parts_of(after, "dislikes")
    assert all(lost[item] == (pytest.approx(-6.0) if item in dramas else 0) for item in range(FILMS))
    half = parts_of(ranked(ranking, "films", interest("Genre/Drama", 0.5, -1)), "dislikes")
    assert all(half[item] == (pytest.approx(-3.0) if item in dramas else 0) for item in range(FILMS))


def test_what_is_asked_for_lifts_its_neighbours_the_rarer_the_more(ranking: Ranking, artifact: Artifact) -> None:
    found = parts_of(ranked(ranking, "x", interest("Genre/Drama"), interest("Person/o", 0.5)), "direct")
    direct = artifact.model.evidence.direct.toarray()
    index = artifact.model.entities.index
    drama, odd = direct[:, index["Genre/Drama"]], direct[:, index["Person/o"]]
    expected = 0.03 * (math.log(25 / 9) * drama + 0.5 * math.log(25 / 13) * odd)
    assert [found[item] for item in range(FILMS)] == pytest.approx(expected.tolist(), abs=1e-6)


def test_a_liked_item_lifts_no_neighbours_directly_and_a_disliked_one_pushes_them_down(artifact: Artifact) -> None:
    direct = artifact.model.evidence.direct.tolil()
    direct[9, 2] = 1.0  # film 9 follows film 2, say
    ranking = Ranking(with_evidence(artifact, direct=direct.tocsr()))
    assert set(parts_of(ranked(ranking, "x", interest("Film/002")), "direct").values()) == {0.0}
    after = ranked(ranking, "x", interest("Film/002", 1.0, -1))
    disliked = parts_of(after, "dislikes")
    assert disliked[9] == -6.0 and disliked[8] == 0.0
    assert set(parts_of(after, "direct").values()) == {0.0}


def test_interests_in_what_the_model_does_not_know_change_nothing(ranking: Ranking) -> None:
    unknown = interest("Genre/Opera"), interest("Film/999", 1.0, -1)
    assert ranked(ranking, "quiet films", *unknown) == ranked(ranking, "quiet films")


@pytest.mark.parametrize("k", [1, 7, FILMS, FILMS + 1, 10_000])
def test_k_is_the_most_there_can_be(ranking: Ranking, k: int) -> None:
    every = ranked(ranking, "golden", k=FILMS)
    assert ranked(ranking, "golden", k=k) == every[:k]
    assert len(ranked(ranking, "golden", interest("Film/001"), k=k)) == min(k, FILMS - 1)


def test_equal_scores_are_in_the_order_of_the_items(artifact: Artifact) -> None:
    evidence = artifact.model.evidence
    flat = with_evidence(
        artifact,
        text=torch.zeros_like(evidence.text),
        popularity=torch.zeros_like(evidence.popularity),
        likings=Likings.nobody(FILMS),
    )
    for k in (1, 5, FILMS):
        assert items(ranked(Ranking(flat), "anything", k=k)) == list(range(k))


def test_without_words_and_interests_the_popular_come_first(ranking: Ranking, artifact: Artifact) -> None:
    popular = np.argsort(-artifact.model.evidence.popularity.numpy(), kind="stable").tolist()
    for asks in (1.0, 0.7, 0.0):
        assert items(ranked(ranking, "", asks=asks)) == popular


def conditions(artifact: Artifact) -> Ranking:
    properties = {
        "year": [None if film == 3 else 1990 + film for film in range(FILMS)],
        "price": [film / 2 for film in range(FILMS)],
        "title": [f"Film {film}" if film else "Her" for film in range(FILMS)],
        "country": [None if film % 2 else "Österreich" for film in range(FILMS)],
        "colour": [film % 3 == 0 for film in range(FILMS)],
    }
    return Ranking(replace(artifact, properties=properties))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("year>=2010", range(20, FILMS)),
        ("year > 2010", range(21, FILMS)),
        ("year<1995", [0, 1, 2, 4]),
        (" year <= 1992 ", [0, 1, 2]),
        ("year=2000", [10]),
        ("year==2000.0", [10]),
        ("year!=2000", [film for film in range(FILMS) if film not in (3, 10)]),
        ("price<0.6", [0, 1]),
        ("price>=-1", range(FILMS)),
        ("title=her", [0]),
        ("title!=Her", range(1, FILMS)),
        ('title="Film 12"', [12]),
        ("title='film 12'", [12]),
        ("title<film 11", [1, 10]),
        ("country=österreich", range(0, FILMS, 2)),
        ("country!=Norge", range(0, FILMS, 2)),
        ("colour=true", range(0, FILMS, 3)),
        ("colour!=True", [film for film in range(FILMS) if film % 3]),
    ],
)
def test_conditions_let_items_through(artifact: Artifact, condition: str, expected: Any) -> None:
    ranking = conditions(artifact)
    allowed = ranking.allowed([condition])
    assert allowed is not None and allowed.dtype == bool
    assert np.flatnonzero(allowed).tolist() == list(expected)
    assert sorted(items(ranked(ranking, "films", allowed=allowed))) == list(expected)


def test_conditions_all_hold_and_none_is_none(artifact: Artifact) -> None:
    ranking = conditions(artifact)
    both = ranking.allowed(["year>=2000", "year<2002", "title!=Film 10"])
    assert both is not None and np.flatnonzero(both).tolist() == [11]
    assert ranking.allowed([]) is None
    nobody = ranking.allowed(["year>3000"])
    assert nobody is not None and ranked(ranking, "films", allowed=nobody) == []


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("year", "--where: expected PROPERTY, one of <= >= != == = < >, and a value, found 'year'."),
        (">=2010", "found '>=2010'"),
        ("year>", "found 'year>'"),
        ("", "found ''"),
        ("yaer>=2010", "no item has the property 'yaer'; there are: colour, country, price, title, year."),
        ("year>=soon", "'year' is a number; expected one after '>=', found 'soon'."),
        ("year=>2010", "'year' is a number; expected one after '=', found '>2010'."),
    ],
)
def test_conditions_that_cannot_be_read_are_errors(artifact: Artifact, condition: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        conditions(artifact).allowed(["year>1", condition])
    assert message in caught.value.message


def test_a_graph_without_properties_says_so(artifact: Artifact) -> None:
    with pytest.raises(InputError, match="no item has the property 'year'; there are: none"):
        Ranking(replace(artifact, properties={})).allowed(["year>1"])
