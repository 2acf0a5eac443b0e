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
from kg_rec.model.ranking import Ranked, Ranking
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
    return ranking.rank(HashEncoder().encode([words]), [interests], k=k, **excluded, **options)[0]


def items(found: list[Ranked]) -> list[int]:
    return [one.item for one in found]


def test_the_best_come_first_and_the_score_is_the_sum_of_its_parts(ranking: Ranking) -> None:
    found = ranked(ranking, "The Silent Anchor", interest("Genre/Drama"), interest("Film/003"))
    assert len(found) == FILMS - 1
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)
    for one in found:
        assert one.score == pytest.approx(one.text + one.graph + one.direct + one.popularity, abs=1e-4)
    assert {one.direct > 0 for one in found} == {True, False}


def test_scores_are_those_of_the_model(ranking: Ranking, artifact: Artifact) -> None:
    from kg_rec.model.link_prediction import People

    model = artifact.model
    theirs = [interest("Film/003", 0.7), interest("Film/004", 1.0, -1)]
    vectors = HashEncoder().encode(["quiet films"])
    with torch.inference_mode():
        people = People.of(vectors, [theirs], model.entities.index)
        scores = model.predictor(model.text, model.identity, people, model.popularity)
    found = ranking.rank(vectors, [theirs], k=FILMS)[0]
    for one in found:
        parts = (scores.text[0, one.item], scores.graph[0, one.item], scores.popularity[one.item])
        assert (one.text, one.graph, one.popularity) == pytest.approx([float(part) for part in parts])


def test_people_are_ranked_for_each_on_their_own(ranking: Ranking) -> None:
    words = ["golden lantern", "", "restless willow western"]
    theirs = [[interest("Genre/Drama")], [], [interest("Film/007"), interest("Genre/Western", 0.5, -1)]]
    together = ranking.rank(HashEncoder().encode(words), theirs, k=5, excluded=[{1}, set(), {2, 3}])
    assert [len(found) for found in together] == [5, 5, 5]
    for text, interests, hidden, found in zip(words, theirs, [{1}, set(), {2, 3}], together, strict=True):
        alone = ranked(ranking, text, *interests, k=5, excluded=hidden)
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


def test_a_dislike_pushes_its_neighbours_down(ranking: Ranking, artifact: Artifact) -> None:
    dramas = set(artifact.model.direct[:, [artifact.model.entities.index["Genre/Drama"]]].tocoo().coords[0].tolist())
    assert len(dramas) == FILMS // 3
    before, after = ranked(ranking, "films"), ranked(ranking, "films", interest("Genre/Drama", 1.0, -1))
    assert set(items(before)[: FILMS - len(dramas)]) & dramas
    assert not set(items(after)[: FILMS - len(dramas)]) & dramas
    by_item = {one.item: one for one in after}
    assert all(by_item[item].direct == (pytest.approx(-6.0) if item in dramas else 0) for item in range(FILMS))
    half = {one.item: one.direct for one in ranked(ranking, "films", interest("Genre/Drama", 0.5, -1))}
    assert all(half[item] == (pytest.approx(-3.0) if item in dramas else 0) for item in range(FILMS))


def test_what_is_asked_for_lifts_its_neighbours_the_rarer_the_more(ranking: Ranking, artifact: Artifact) -> None:
    found = {one.item: one.direct for one in ranked(ranking, "x", interest("Genre/Drama"), interest("Person/o", 0.5))}
    direct = artifact.model.direct.toarray()
    index = artifact.model.entities.index
    drama, odd = direct[:, index["Genre/Drama"]], direct[:, index["Person/o"]]
    expected = 0.2 * (math.log(25 / 9) * drama + 0.5 * math.log(25 / 13) * odd)
    assert [found[item] for item in range(FILMS)] == pytest.approx(expected.tolist(), abs=1e-6)


def test_a_liked_item_lifts_no_neighbours_directly_and_a_disliked_one_pushes_them_down(artifact: Artifact) -> None:
    direct = artifact.model.direct.tolil()
    direct[9, 2] = 1.0  # film 9 follows film 2, say
    ranking = Ranking(replace(artifact, model=replace(artifact.model, direct=direct.tocsr())))
    assert {one.direct for one in ranked(ranking, "x", interest("Film/002"))} == {0.0}
    disliked = {one.item: one.direct for one in ranked(ranking, "x", interest("Film/002", 1.0, -1))}
    assert disliked[9] == -6.0 and disliked[8] == 0.0


def test_interests_in_what_the_model_does_not_know_change_nothing(ranking: Ranking) -> None:
    unknown = interest("Genre/Opera"), interest("Film/999", 1.0, -1)
    assert ranked(ranking, "quiet films", *unknown) == ranked(ranking, "quiet films")


@pytest.mark.parametrize("k", [1, 7, FILMS, FILMS + 1, 10_000])
def test_k_is_the_most_there_can_be(ranking: Ranking, k: int) -> None:
    every = ranked(ranking, "golden", k=FILMS)
    assert ranked(ranking, "golden", k=k) == every[:k]
    assert len(ranked(ranking, "golden", interest("Film/001"), k=k)) == min(k, FILMS - 1)


def test_equal_scores_are_in_the_order_of_the_items(artifact: Artifact) -> None:
    flat = replace(
        artifact,
        model=replace(
            artifact.model,
            text=torch.zeros_like(artifact.model.text),
            popularity=torch.zeros_like(artifact.model.popularity),
        ),
    )
    for k in (1, 5, FILMS):
        assert items(ranked(Ranking(flat), "anything", k=k)) == list(range(k))


def test_without_words_and_interests_the_popular_come_first(ranking: Ranking, artifact: Artifact) -> None:
    popular = np.argsort(-artifact.model.popularity.numpy(), kind="stable").tolist()
    assert items(ranked(ranking, "")) == popular


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
