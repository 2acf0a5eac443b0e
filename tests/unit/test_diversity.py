"""Lists in which items differ: the formula written out, what lambda 0 and 1 mean, and that lists do differ more."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from film_graphs import artifact_of, two_tastes

from kg_rec.errors import InputError
from kg_rec.model.artifact import save_artifact
from kg_rec.model.diversity import POOL, diversified, intra_list_diversity, maximal_marginal_relevance
from kg_rec.model.ranking import Ranked
from kg_rec.recommender import Recommendations, Recommender
from kg_rec.settings import Settings

FILMS = 60
K = 8
WORDS = "a quiet drama by Otto Odd"


@pytest.fixture(scope="module")
def recommender(tmp_path_factory: pytest.TempPathFactory) -> Recommender:
    settings = Settings(home=tmp_path_factory.mktemp("diversity"), encoder="hash")
    save_artifact(artifact_of(two_tastes(films=FILMS), steps=0), settings.model_path)
    return Recommender(settings)


def asked(recommender: Recommender, diversity: float, k: int = K) -> Recommendations:
    return recommender.recommend(WORDS, k=k, diversity=diversity, explain=False)


def differ(recommender: Recommender, found: Recommendations) -> float:
    index = recommender.artifact.model.entities.index
    return intra_list_diversity(recommender.similarity.between([index[item.key] for item in found]).sum(axis=0))


def test_each_choice_is_the_best_of_the_formula() -> None:
    rng = np.random.default_rng(3)
    scores = np.sort(rng.normal(size=20))[::-1]
    vectors = rng.normal(size=(20, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    alike = (vectors @ vectors.T).astype(np.float32)
    relevance = (scores - scores[-1]) / (scores[0] - scores[-1])
    for diversity in (0.2, 0.5, 0.9):
        chosen = maximal_marginal_relevance(scores, alike, k=6, diversity=diversity)
        assert len(set(chosen)) == 6 and chosen[0] == 0
        for place in range(1, 6):
            marginal = {
                one: (1 - diversity) * relevance[one] - diversity * max(alike[one, other] for other in chosen[:place])
                for one in set(range(20)) - set(chosen[:place])
            }
            assert marginal[chosen[place]] == pytest.approx(max(marginal.values()), abs=1e-6)


def test_of_two_that_are_alike_the_second_comes_later() -> None:
    scores = np.array([3.0, 2.9, 2.0, 0.0])
    alike = np.array([[1, 0.9, 0, 0], [0.9, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], dtype=np.float32)
    assert maximal_marginal_relevance(scores, alike, k=3, diversity=0.0) == [0, 1, 2]
    assert maximal_marginal_relevance(scores, alike, k=3, diversity=0.4) == [0, 2, 1]
    assert maximal_marginal_relevance(scores, alike, k=9, diversity=1.0) == [0, 2, 3, 1]


def test_equal_scores_and_equal_items_keep_their_order() -> None:
    alike = np.ones((4, 4), dtype=np.float32)
    for diversity in (0.0, 0.5, 1.0):
        assert maximal_marginal_relevance(np.ones(4), alike, k=4, diversity=diversity) == [0, 1, 2, 3]


def test_the_diversity_of_a_list_is_the_mean_over_its_pairs() -> None:
    alike = np.array([[1, 0.5, 0], [0.5, 1, -0.2], [0, -0.2, 1]], dtype=np.float32)
    assert intra_list_diversity(alike) == pytest.approx(1 - 0.1)
    assert intra_list_diversity(alike[:1, :1]) == 0.0


def test_without_diversity_nothing_changes(recommender: Recommender, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = recommender.recommend(WORDS, k=K, explain=False)
    assert asked(recommender, 0.0) == plain and len(plain) == K
    # Nor would the formula change anything.
    found = [Ranked(index, item.score, item.parts) for index, item in enumerate(asked(recommender, 0.0, k=POOL * K))]
    assert diversified(found, recommender.similarity, k=K, diversity=0.0) == found[:K]


def test_lists_differ_more_the_greater_lambda_is(recommender: Recommender) -> None:
    lists = [asked(recommender, diversity) for diversity in (0.0, 0.25, 0.5, 0.75, 1.0)]
    values = [differ(recommender, found) for found in lists]
    # Choosing one by one is greedy, so a little less is no fault.
    assert all(after >= before - 0.02 for before, after in itertools.pairwise(values))
    assert values[-1] > values[0] + 0.1
    assert len({found.items[0].key for found in lists}) == 1
    assert all([item.rank for item in found] == list(range(1, K + 1)) for found in lists)


def test_all_are_of_the_best_with_scores_as_they_were_and_always_the_same(recommender: Recommender) -> None:
    pool = {item.key: item for item in asked(recommender, 0.0, k=POOL * K)}
    found = asked(recommender, 0.8)
    assert found == asked(recommender, 0.8)
    for item in found:
        assert (item.score, item.parts) == (pool[item.key].score, pool[item.key].parts)
    assert {item.key for item in found} != {item.key for item in asked(recommender, 0.0)}


def test_many_at_once_get_what_each_gets_alone(recommender: Recommender) -> None:
    (found,) = recommender.recommend_many([WORDS], k=K, diversity=0.8)
    assert [item.key for item in found] == [item.key for item in asked(recommender, 0.8)]


def test_fewer_candidates_than_k_are_all_there(recommender: Recommender) -> None:
    found = recommender.recommend(WORDS, k=K, where=["year>=2047"], diversity=0.9, explain=False)
    assert 0 < len(found) < K and any("only" in note for note in found.notes)
    assert not len(recommender.recommend(WORDS, k=K, exclude=[], where=["year>=9999"], diversity=0.9, explain=False))


@pytest.mark.parametrize("diversity", [-0.1, 1.1, float("nan")])
def test_what_is_no_share_is_refused(recommender: Recommender, diversity: float, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Expected a diversity from 0 to 1"):
        asked(recommender, diversity)
    with pytest.raises(InputError, match="Expected a diversity from 0 to 1"):
        list(recommender.recommend_many([WORDS], diversity=diversity))
