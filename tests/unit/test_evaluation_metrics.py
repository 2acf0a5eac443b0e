"""The metrics, against the formulas written out plainly, and against scikit-learn."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import label_ranking_average_precision_score, ndcg_score, recall_score

from kg_rec.errors import ShapeError
from kg_rec.evaluation.metrics import (
    bootstrap,
    calibration_error,
    coverage,
    judge,
    paired,
    popularity_bias,
    popularity_percentiles,
    ratio,
    reliability,
)

ITEMS = 120


def plain(ranking: Iterable[int], relevant: Iterable[int], mentioned: Iterable[int]) -> dict[str, float]:
    """The formulas of a referee, with strings for ids and nothing shared with what is tested."""
    banned, seen, ranked = {str(item) for item in mentioned}, set(), []
    for item in map(str, ranking):
        if item not in banned and item not in seen:
            seen.add(item)
            ranked.append(item)
    wanted = {str(item) for item in relevant} - banned
    hits = [item in wanted for item in ranked[:50]]
    ideal = sum(1 / math.log2(rank + 2) for rank in range(min(len(wanted), 10)))
    gain = sum(1 / math.log2(rank + 2) for rank, hit in enumerate(hits[:10]) if hit)
    first = next((rank for rank, hit in enumerate(hits) if hit), None)
    return {
        "recall@10": sum(hits[:10]) / len(wanted),
        "recall@50": sum(hits) / len(wanted),
        "ndcg@10": gain / ideal,
        "mrr": 0.0 if first is None else 1 / (first + 1),
    }


@pytest.fixture(scope="module")
def people() -> list[tuple[list[int], set[int], set[int]]]:
    """Lists with repeats, some of them empty or short; relevant items of which some are named, or are in no list."""
    rng = np.random.default_rng(5)
    found = []
    for person in range(300):
        ranking = rng.choice(ITEMS, size=0 if person % 50 == 0 else int(rng.integers(5, 90))).tolist()
        relevant = set(rng.choice(ITEMS, size=int(rng.integers(1, 25)), replace=False).tolist()) | {-1 - person}
        known = set(rng.choice(ITEMS, size=int(rng.integers(0, 6)), replace=False).tolist())
        found.append((ranking, relevant, known))
    return found


def test_the_plain_formulas_give_the_same(people: list[tuple[list[int], set[int], set[int]]]) -> None:
    values = judge(*map(list, zip(*people, strict=True)))
    for person, theirs in enumerate(people):
        for name, expected in plain(*theirs).items():
            assert values[name][person] == pytest.approx(expected, abs=1e-9)


def test_scikit_learn_gives_the_same() -> None:
    rng = np.random.default_rng(1)
    for _ in range(100):
        scores = rng.permutation(ITEMS).astype(float)
        relevant = np.zeros(ITEMS, dtype=int)
        relevant[rng.choice(ITEMS, size=int(rng.integers(1, 30)), replace=False)] = 1
        ranking = np.argsort(-scores).tolist()
        values = judge([ranking], [set(np.flatnonzero(relevant).tolist())], [set()])
        assert values["ndcg@10"][0] == pytest.approx(ndcg_score(relevant[None], scores[None], k=10), abs=1e-9)
        for k in (10, 50):
            first = np.isin(np.arange(ITEMS), ranking[:k]).astype(int)
            assert values[f"recall@{k}"][0] == pytest.approx(recall_score(relevant, first), abs=1e-9)
        # With one relevant item the average precision is the reciprocal rank.
        one = np.zeros(ITEMS, dtype=int)
        one[ranking[int(rng.integers(50))]] = 1
        alone = judge([ranking], [set(np.flatnonzero(one).tolist())], [set()])
        expected = label_ranking_average_precision_score(one[None], scores[None])
        assert alone["mrr"][0] == pytest.approx(expected, abs=1e-9)


def test_nobody_is_judged_by_what_they_named() -> None:
    values = judge([[3, 1, 2]], [{1, 3}], [{3}])
    assert values["mrr"][0] == 1.0
    assert values["recall@10"][0] == 1.0
    with pytest.raises(ShapeError, match="found none for person 0"):
        judge([[1]], [{1}], [{1}])
    with pytest.raises(ShapeError, match="found 1, 2 and 1"):
        judge([[1]], [{1}, {2}], [set()])


def test_what_is_beyond_the_fiftieth_does_not_count() -> None:
    values = judge([list(range(60))], [{50}], [set()])
    assert {name: value[0] for name, value in values.items()} == dict.fromkeys(values, 0.0)


def test_coverage_and_popularity_of_what_is_shown() -> None:
    percentiles = popularity_percentiles(np.array([5.0, 9.0, 5.0, 1.0]))
    assert percentiles.tolist() == [0.5, 1.0, 0.5, 0.0]
    assert popularity_percentiles(np.array([3.0])).tolist() == [1.0]
    lists = [[1, 0], [1, 3], []]
    assert coverage(lists, 1) == 1
    assert coverage(lists) == 3
    bias = popularity_bias(lists, percentiles)
    assert bias[:2].tolist() == [0.75, 0.5]
    assert np.isnan(bias[2])


def test_nine_of_ten_intervals_hold_the_mean_that_the_people_were_drawn_from() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for trial in range(200):
        found = bootstrap(rng.exponential(size=60), seed=trial, resamples=400)
        assert found.low < found.mean < found.high
        held += found.low <= 1.0 <= found.high
    assert 178 <= held <= 199


def test_the_interval_of_nobody_is_unknown() -> None:
    assert np.isnan(bootstrap(np.zeros(0)).mean)


def test_a_difference_shows_where_the_means_overlap() -> None:
    rng = np.random.default_rng(3)
    first = rng.normal(size=200)
    second = first - 0.2 + 0.1 * rng.normal(size=200)
    found = paired(first, second)
    assert found.is_clear
    assert found.mean == pytest.approx(0.2, abs=0.03)
    assert found.low < 0.2 < found.high
    assert found.p < 0.002
    assert bootstrap(first).low < bootstrap(second).high
    turned = paired(second, first)
    assert turned.mean == -found.mean
    assert turned.p == found.p


def test_no_difference_is_seldom_called_one() -> None:
    rng = np.random.default_rng(4)
    found = [paired(rng.normal(size=50), rng.normal(size=50), seed=trial, resamples=400) for trial in range(200)]
    assert sum(one.is_clear for one in found) < 24
    assert sum(one.p < 0.05 for one in found) < 24
    same = rng.normal(size=9)
    assert paired(same, same).p == 1.0
    with pytest.raises(ShapeError, match="found 9 and 8"):
        paired(same, same[1:])


def test_a_ratio_is_of_the_sums_and_its_interval_over_people() -> None:
    rng = np.random.default_rng(0)
    wholes = rng.integers(1, 20, size=300).astype(float)
    parts = rng.binomial(wholes.astype(int), 0.3).astype(float)
    found = ratio(parts, wholes)
    assert found.mean == pytest.approx(parts.sum() / wholes.sum())
    # As wide as the linearised variance of a ratio says (Cochran 1977, "Sampling Techniques", eq. 2.39).
    spread = (parts - found.mean * wholes).std(ddof=1) / math.sqrt(300) / wholes.mean()
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * spread, rel=0.1)
    assert math.isnan(ratio(np.zeros(2), np.zeros(2)).mean)
    assert ratio(np.array([1.0, 0.0]), np.array([1.0, 0.0])) == ratio(np.array([2.0, 0.0]), np.array([2.0, 0.0]))


def test_bins_hold_what_was_said_against_what_was() -> None:
    rng = np.random.default_rng(0)
    said = rng.random(5000)
    right = rng.random(5000) < said
    people = rng.integers(50, size=5000)
    bins = reliability(said, right, people)
    assert len(bins) == 10 and sum(one.items for one in bins) == 5000
    for one in bins:
        inside = (said >= one.predicted - 0.06) & (said <= one.predicted + 0.06)
        assert one.observed.mean == pytest.approx(right[inside].mean(), abs=0.05)
        assert one.observed.low < one.observed.mean < one.observed.high
    probabilities, observed = calibration_curve(right, said, n_bins=10, strategy="quantile")[::-1]
    np.testing.assert_allclose([one.predicted for one in bins], probabilities, atol=2e-3)
    np.testing.assert_allclose([one.observed.mean for one in bins], observed, atol=6e-3)
    assert calibration_error(bins) < 0.03
    assert calibration_error(reliability(said / 2, right, people)) == pytest.approx(0.25, abs=0.02)


def test_equal_probabilities_are_one_bin_and_no_bin_is_a_scrap() -> None:
    said = np.array([0.1] * 495 + [0.2] * 10 + [0.3] * 495)
    bins = reliability(said, said > 0.25, np.zeros(1000, dtype=np.int64))
    assert [one.items for one in bins] == [495, 505]
    assert [one.observed.mean for one in bins] == [0.0, pytest.approx(495 / 505)]
    assert reliability(np.zeros(0), np.zeros(0, dtype=bool), np.zeros(0, dtype=np.int64)) == []
    assert math.isnan(calibration_error([]))
