"""The weights of the signals: mixed by how much words ask, and learned for words that tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kg_rec.model.fusion import ASKING, Fusion, Told, learn_telling
from kg_rec.model.signals import SIGNALS

PEOPLE, ITEMS = 120, 40
HELD_OUT = np.arange(PEOPLE) % 5 == 0
POPULARITY, LIKED, LIFT, NOISE, SILENT = map(SIGNALS.index, ("popularity", "liked", "lift", "text", "ease"))
POPULAR = [1.0 if name == "popularity" else 0.0 for name in SIGNALS]


def told(wanted: Any = lambda lift, person: lift, size: float = 1.0) -> Told:
    """People who want what is high in `wanted` of their lift; text and what was liked are noise, the rest is silent."""
    rng = np.random.default_rng(2)
    signals = np.zeros((PEOPLE, len(SIGNALS), ITEMS))
    raised = np.zeros(len(SIGNALS))
    raised[[POPULARITY, LIFT, NOISE]] = 1.0, 5 * size, 50.0
    signals[:, POPULARITY] = rng.standard_normal(ITEMS)
    signals[:, LIKED] = -5 * signals[:, POPULARITY]
    signals[:, NOISE] = 10 * rng.standard_normal((PEOPLE, ITEMS))
    signals[:, LIFT] = size * rng.standard_normal((PEOPLE, ITEMS))
    hidden = [rng.choice(ITEMS, 2, replace=False) for _ in range(PEOPLE)]
    targets = []
    for person in range(PEOPLE):
        order = np.argsort(-wanted(signals[person, LIFT], person))
        targets.append(order[~np.isin(order, hidden[person])][:3])
        signals[person, :, hidden[person]] += raised  # what is named is near to everything
    return Told(signals.astype(np.float16), targets, hidden)


def loss(known: Told, weights: Any, people: NDArray[np.bool_]) -> float:
    """The mean cross-entropy to the targets, by hand."""
    losses = []
    for person in np.flatnonzero(people):
        scores = np.asarray(weights, dtype=np.float64) @ known.signals[person].astype(np.float64)
        shown = np.setdiff1d(np.arange(ITEMS), known.hidden[person])
        losses.append(np.log(np.exp(scores[shown]).sum()) - scores[known.targets[person]].mean())
    return float(np.mean(losses))


def test_weights_are_mixed_by_how_much_words_ask() -> None:
    fusion = Fusion(np.arange(11, dtype=np.float32), np.full(11, 2.0, dtype=np.float32))
    mixed = fusion.weights(np.array([1.0, 0.0, 0.7], dtype=np.float32))
    assert mixed.shape == (3, 11)
    assert mixed[0].tolist() == list(range(11)) and mixed[1].tolist() == [2.0] * 11
    assert mixed[2].tolist() == pytest.approx([0.7 * value + 0.3 * 2.0 for value in range(11)])


def test_the_start_is_the_prior_for_asking_and_popularity_for_telling() -> None:
    start = Fusion.start()
    assert start.as_dict() == {
        "asking": {name: ASKING[name] for name in SIGNALS},
        "telling": dict(zip(SIGNALS, POPULAR, strict=True)),
    }
    assert set(ASKING) == set(SIGNALS) and [name for name in SIGNALS if not ASKING[name]] == ["liked", "nearness"]
    alone = Fusion.without_people()
    assert alone.telling.tolist() == alone.asking.tolist() == start.asking.tolist()


def test_what_tells_is_found_and_lowers_the_loss_on_people_held_out() -> None:
    known = told()
    weights, report = learn_telling(known, HELD_OUT, seed=0)
    assert report["used"] == "learned" and (report["people"], report["held-out people"]) == (96, 24)
    assert report["loss"] < report["loss of popularity"] - 0.5
    assert report["loss"] == pytest.approx(loss(known, weights, HELD_OUT), abs=2e-3)
    assert report["loss of popularity"] == pytest.approx(loss(known, POPULAR, HELD_OUT), abs=2e-3)
    assert weights.shape == (11,) and weights.dtype == np.float32
    assert weights[LIFT] > 0.5 and weights[POPULARITY] < 1  # popularity says nothing of the targets
    assert 10 * weights[NOISE] < 0.3 * weights[LIFT]  # to scale
    assert weights[SILENT] == 0


def test_it_starts_from_the_popularity_that_says_more() -> None:
    """What everybody wants is liked by most, and today's popularity says nothing of it."""
    known = told(lambda _, person: np.arange(ITEMS) % 7)
    liked = (np.arange(ITEMS) % 7).astype(np.float16)
    signals = known.signals.copy()
    signals[:, LIKED] = liked
    weights, report = learn_telling(replace(known, signals=signals), HELD_OUT, seed=0)
    assert report["start"] == "liked" and weights[LIKED] > 10 * weights[POPULARITY]
    assert report["loss of popularity"] == pytest.approx(
        loss(replace(known, signals=signals), np.eye(len(SIGNALS))[LIKED], HELD_OUT), abs=2e-3
    )
    assert learn_telling(known, HELD_OUT, seed=0)[1]["start"] == "popularity"


def test_the_scale_of_a_signal_does_not_matter() -> None:
    small, large = (learn_telling(told(size=size), HELD_OUT, seed=0)[0] for size in (0.5, 50.0))
    assert 0.5 * small[LIFT] == pytest.approx(50.0 * large[LIFT], rel=0.01)


def test_no_weight_falls_below_nothing() -> None:
    """Everybody wants what the signal is lowest for."""
    weights, _ = learn_telling(told(lambda lift, _: -lift), HELD_OUT, seed=0)
    assert weights.min() == 0 and weights[LIFT] == 0


def test_what_is_no_better_than_one_signal_is_not_used() -> None:
    """Those held out want the opposite of what the others taught."""
    known = told(lambda lift, person: -lift if HELD_OUT[person] else lift)
    weights, report = learn_telling(known, HELD_OUT, seed=0)
    assert report["used"] == report["best signal"] and np.count_nonzero(weights) <= 2 and not weights[LIFT]
    assert report["loss"] > report["loss of popularity"] >= report["loss of best signal"]
    assert report["loss of best signal"] == pytest.approx(loss(known, weights, HELD_OUT), abs=2e-3)


def test_a_signal_that_is_better_by_itself_is_used_by_itself() -> None:
    """Those learned from want what is popular; those held out, what another signal is highest for."""
    popular = np.asarray(told().signals[0, POPULARITY], dtype=np.float32)
    known = told(lambda lift, person: lift if HELD_OUT[person] else popular)
    weights, report = learn_telling(known, HELD_OUT, seed=0)
    assert report["used"] == report["best signal"] == SIGNALS[LIFT]
    assert weights[LIFT] > 100 * weights[POPULARITY] > 0, "popularity decides where it is silent"
    assert np.flatnonzero(weights).tolist() == sorted([LIFT, POPULARITY])
    assert loss(known, weights, HELD_OUT) == pytest.approx(report["loss of best signal"], abs=2e-3)
    assert report["loss of best signal"] < min(report["loss"], report["loss of popularity"])


@pytest.mark.parametrize("held_out", [np.zeros(PEOPLE, dtype=bool), np.ones(PEOPLE, dtype=bool)])
def test_without_people_on_both_sides_it_is_popularity(held_out: NDArray[np.bool_]) -> None:
    weights, report = learn_telling(told(), held_out, seed=0)
    assert weights.tolist() == POPULAR and report["used"] == "popularity"
    assert report["people"] + report["held-out people"] == PEOPLE


def test_nobody_at_all_is_popularity() -> None:
    nobody = Told(np.zeros((0, 8, ITEMS), dtype=np.float16), [], [])
    assert learn_telling(nobody, np.zeros(0, dtype=bool), seed=0)[0].tolist() == POPULAR


def test_the_same_seed_gives_the_same_weights() -> None:
    known = told()
    few = np.arange(PEOPLE) < 10  # more are left than a step takes
    weights, report = learn_telling(known, few, seed=1)
    again, same = learn_telling(known, few, seed=1)
    assert weights.tolist() == again.tolist() and report == same
    assert weights.tolist() != learn_telling(known, few, seed=2)[0].tolist()


def test_half_precision_is_enough() -> None:
    known = told()
    wide = Told(known.signals.astype(np.float32), known.targets, known.hidden)
    narrow, told_of = learn_telling(known, HELD_OUT, seed=0)
    assert known.signals.dtype == np.float16
    np.testing.assert_allclose(narrow, learn_telling(wide, HELD_OUT, seed=0)[0], rtol=1e-5)
    assert np.isfinite(narrow).all() and np.isfinite(told_of["loss"])
