"""What a list of recommendations is worth to one person, and how sure a mean over people is.

Everything is computed person by person first: intervals and tests resample people, since two items of one list are no two
observations. Definitions (binary gain, R the relevant items, r_1, r_2, … the list without what the person knows)::

    recall@k = |R ∩ {r_1 … r_k}| / |R|
    nDCG@k   = sum_{i <= k, r_i in R} 1 / log2(i + 1)  /  sum_{i <= min(k, |R|)} 1 / log2(i + 1)
    MRR      = 1 / i of the first r_i in R among the first 50, or 0

(Järvelin and Kekäläinen 2002, "Cumulated Gain-Based Evaluation of IR Techniques".) What the person named counts neither as a
hit nor as a miss; somebody who gets no list scores 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

from kg_rec.errors import ShapeError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from numpy.typing import NDArray

METRICS = ("recall@10", "recall@50", "ndcg@10", "mrr")
"""The metrics of a list, in the order of every table."""

LENGTH = 50
"""How much of a list is looked at."""

SHOWN = 10
"""Length of a list as a person sees it: what coverage and popularity bias are taken over."""

_RESAMPLES = 2000
_CHUNK = 100
"""Resamples drawn at once; 100 of 100,000 people are 80 MB."""


def recall(ranking: Sequence[object], relevant: Collection[object], k: int) -> float:
    """Return the share of the relevant items among the first k; relevant must not be empty."""
    return sum(item in relevant for item in ranking[:k]) / len(relevant)


def ndcg(ranking: Sequence[int], relevant: Collection[int], k: int) -> float:
    """Return the discounted gain of the first k as a share of the best that is possible; relevant must not be empty."""
    discounts = 1 / np.log2(np.arange(k) + 2)
    hits = [place for place, item in enumerate(ranking[:k]) if item in relevant]
    return float(discounts[hits].sum() / discounts[: len(relevant)].sum())


def reciprocal_rank(ranking: Sequence[object], relevant: Collection[object], within: int = LENGTH) -> float:
    """Return 1 over the rank of the first relevant item, or 0 where none is among the first `within`."""
    return next((1 / rank for rank, item in enumerate(ranking[:within], start=1) if item in relevant), 0.0)


_OF: dict[str, Callable[[Sequence[int], Collection[int]], float]] = {
    "recall@10": lambda ranking, relevant: recall(ranking, relevant, 10),
    "recall@50": lambda ranking, relevant: recall(ranking, relevant, 50),
    "ndcg@10": lambda ranking, relevant: ndcg(ranking, relevant, 10),
    "mrr": reciprocal_rank,
}


def without(ranking: Iterable[int], known: Collection[int]) -> list[int]:
    """Return the list without what the person knows, and each item only once."""
    return [item for item in dict.fromkeys(int(item) for item in ranking) if item not in known]


def judge(
    rankings: Sequence[Iterable[int]], relevant: Sequence[Collection[int]], known: Sequence[Collection[int]]
) -> dict[str, NDArray[np.float64]]:
    """Return each metric for each person, [P].

    rankings: items, best first, for each person, at least 50 of them after what is known is left out, or fewer where there are
    no more; relevant: what each wanted; known: what each named, which counts neither as a hit nor as a miss.
    Raises ShapeError where the three are of different lengths, or somebody has nothing relevant that they did not name: leave
    such people out, they can be neither right nor wrong.
    """
    if not len(rankings) == len(relevant) == len(known):
        raise ShapeError(
            f"Expected a list, relevant items and known items for each person, found {len(rankings)}, {len(relevant)} and "
            f"{len(known)} of them."
        )
    values = {name: np.zeros(len(rankings)) for name in METRICS}
    for person, (ranking, theirs, named) in enumerate(zip(rankings, relevant, known, strict=True)):
        banned = set(named)
        wanted = set(theirs) - banned
        if not wanted:
            raise ShapeError(
                f"Expected at least one relevant item that is not known already, found none for person {person}.",
                remedy="Leave out the people of whom nothing can be right.",
            )
        ranked = without(ranking, banned)
        for name, metric in _OF.items():
            values[name][person] = metric(ranked, wanted)
    return values


def coverage(rankings: Iterable[Iterable[int]], k: int = SHOWN) -> int:
    """Return how many different items are among the first k of all people's lists."""
    return len({int(item) for ranking in rankings for item in list(ranking)[:k]})


def popularity_percentiles(popularity: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return where each item stands among all by popularity, [items]: 1 the most popular, 0 the least, ties the same."""
    if len(popularity) < 2:
        return np.ones(len(popularity))
    return np.asarray((rankdata(popularity) - 1) / (len(popularity) - 1))


def popularity_bias(
    rankings: Sequence[Iterable[int]], percentiles: NDArray[np.float64], k: int = SHOWN
) -> NDArray[np.float64]:
    """Return the mean percentile of the first k items of each person, [P]; nan where there is no list.

    .5 is what random lists have; 1 is the most popular item for everybody.
    """
    shown = [list(ranking)[:k] for ranking in rankings]
    return np.array([percentiles[some].mean() if some else np.nan for some in shown])


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over people, with the bounds of its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """How much more the first of two has than the second on the same people, its 95 % interval, and the chance p of a
    difference as large in either direction if there were none.
    """

    mean: float
    low: float
    high: float
    p: float

    @property
    def is_clear(self) -> bool:
        """Whether 0 is outside the interval."""
        return self.low > 0 or self.high < 0


def bootstrap(values: NDArray[np.float64], *, seed: int = 0, resamples: int = _RESAMPLES) -> Interval:
    """Return the mean of one value a person, [P], and its percentile interval over resampled people.

    (Efron and Tibshirani 1993, "An Introduction to the Bootstrap", ch. 13.) nan where there is nobody.
    """
    means = _resampled_means(values, seed, resamples)
    low, high = np.percentile(means, [2.5, 97.5]) if len(means) else (np.nan, np.nan)
    return Interval(float(values.mean()) if len(values) else float("nan"), float(low), float(high))


def paired(
    first: NDArray[np.float64], second: NDArray[np.float64], *, seed: int = 0, resamples: int = _RESAMPLES
) -> Difference:
    """Compare two values of the same people, [P] each, by resampling people: the paired bootstrap.

    p is twice the smaller share of resampled differences on one side of 0, these counted with one more on either side, so that
    it is never 0 (Davison and Hinkley 1997, "Bootstrap Methods and their Application", ch. 4); 1 where nobody differs.
    Raises ShapeError where the lengths differ: then they are not the same people.
    """
    if len(first) != len(second):
        raise ShapeError(f"Expected two values of the same people, found {len(first)} and {len(second)} values.")
    differences = first - second
    if not differences.any():
        return Difference(0.0, 0.0, 0.0, 1.0)
    means = _resampled_means(differences, seed, resamples)
    low, high = np.percentile(means, [2.5, 97.5])
    beyond = min(int((means <= 0).sum()), int((means >= 0).sum()))
    p = min(1.0, 2 * (beyond + 1) / (resamples + 1))
    return Difference(float(differences.mean()), float(low), float(high), p)


def ratio(
    parts: NDArray[np.float64], wholes: NDArray[np.float64], *, seed: int = 0, resamples: int = _RESAMPLES
) -> Interval:
    """Return sum parts / sum wholes, one of each a person, [P], and its percentile interval over resampled people.

    nan where the wholes are 0; resamples in which they are say nothing.
    """
    if not wholes.sum() > 0:
        return Interval(float("nan"), float("nan"), float("nan"))
    rng = np.random.default_rng(seed)
    found = []
    for start in range(0, resamples, _CHUNK):
        drawn = rng.integers(len(parts), size=(min(_CHUNK, resamples - start), len(parts)))
        some = wholes[drawn].sum(axis=1)
        found.append((parts[drawn].sum(axis=1)[some > 0]) / some[some > 0])
    low, high = np.percentile(np.concatenate(found), [2.5, 97.5])
    return Interval(float(parts.sum() / wholes.sum()), float(low), float(high))


@dataclass(frozen=True, slots=True)
class Bin:
    """Items that were said to be liked with similar probabilities: their mean, and the share that was liked."""

    predicted: float
    observed: Interval
    items: int


def reliability(
    predicted: NDArray[np.float64], liked: NDArray[np.bool_], person: NDArray[np.int64], count: int = 10
) -> list[Bin]:
    """Return up to `count` bins of about equally many items, the least likely first; equal probabilities stay together.

    predicted: probabilities, [M]; liked: [M]; person: who was shown each item, [M], from 0 on; intervals are over people.
    (Murphy and Winkler 1977, "Reliability of Subjective Probability Forecasts of Precipitation and Temperature".)
    """
    order = np.argsort(predicted, kind="stable")
    values = predicted[order]
    starts = np.unique(np.searchsorted(values, values[np.arange(min(count, len(order))) * len(order) // count]))
    least = len(order) / count / 2
    kept = [0]
    for start in starts.tolist()[1:]:
        if start - kept[-1] >= least and len(order) - start >= least:
            kept.append(start)
    people = int(person.max()) + 1 if len(person) else 0
    bins = []
    for rows in np.split(order, kept[1:]) if len(order) else []:
        wholes = np.bincount(person[rows], minlength=people).astype(np.float64)
        hits = np.bincount(person[rows], liked[rows], minlength=people).astype(np.float64)
        bins.append(Bin(float(predicted[rows].mean()), ratio(hits, wholes), len(rows)))
    return bins


def calibration_error(bins: Sequence[Bin]) -> float:
    """Return the expected calibration error: the mean distance of what was said from what was, over the items of all bins.

    (Naeini et al. 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning".) nan where there are none.
    """
    items = sum(one.items for one in bins)
    distances = sum(one.items * abs(one.predicted - one.observed.mean) for one in bins)
    return distances / items if items else float("nan")


def _resampled_means(values: NDArray[np.float64], seed: int, resamples: int) -> NDArray[np.float64]:
    if not len(values):
        return np.zeros(0)
    rng = np.random.default_rng(seed)
    means = np.empty(resamples)
    for start in range(0, resamples, _CHUNK):
        drawn = rng.integers(len(values), size=(min(_CHUNK, resamples - start), len(values)))
        means[start : start + len(drawn)] = values[drawn].mean(axis=1)
    return means
