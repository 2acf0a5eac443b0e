"""How the signals become one score: a weighted sum, with weights for two manners of writing.

Words *ask* ("a slow western like Unforgiven, please") or *tell* of somebody ("jazz, soul, 60s", a review of something they
have). Whoever asks wants what the words say: text and graph lead. Words that tell only hint at a taste: popularity leads, and
what people of such a taste took. No one set of weights is good at both (docs/quality.md), so there are two, mixed by how much
the words ask (kg_rec/text/manner.py).

    score(p, i) = sum_s w_s(p) signal_s(p, i)        w(p) = a_p w_asking + (1 - a_p) w_telling,  a_p in [0, 1]

The weights of asking are a prior, chosen on people who are in no graph: learned from simulated requests they got worse. Those
of telling start from popularity alone, today's or that of all time, whichever says more of the people of the graph, and are
learned from these people, whose words are written from some of their likes, and who are shown to the model with nothing of
theirs left in it. Where that is no better than popularity on people held out, popularity is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from kg_rec.model.signals import SIGNALS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ASKING = {
    "popularity": 1.0, "liked": 0.0, "text": 1.0, "graph": 1.0, "direct": 0.03, "everything": 1.0, "together": 10.0,
    "ease": 11.0, "lift": 0.32, "neighbours": 0.26, "nearness": 0.0,
}  # fmt: skip
"""Weights for words that ask."""
_POPULARITIES = ("popularity", "liked")
_PULL = 0.05
"""Weight of the squared distance to the start."""
_STEPS = 80
_RATE = 0.05
_BATCH = 96
_FACTORS = (0.25, 0.5, 1.0, 2.0)
"""What a signal by itself may weigh, to its scale."""
_TIE = np.float32(0.001)
"""What popularity weighs beside one signal."""


@dataclass(frozen=True)
class Fusion:
    """Weights of the signals, [11] each, as they stand in SIGNALS."""

    asking: NDArray[np.float32]
    telling: NDArray[np.float32]

    @classmethod
    def start(cls) -> Fusion:
        """Return the weights that nobody was learned from: those of asking, and popularity."""
        asking = np.array([ASKING[name] for name in SIGNALS], dtype=np.float32)
        return cls(asking, _alone("popularity"))

    @classmethod
    def without_people(cls) -> Fusion:
        """Return the weights for a graph without people: words are all there is, whatever their manner."""
        start = cls.start()
        return cls(start.asking, start.asking.copy())  # safetensors stores no memory twice

    def weights(self, asks: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return each person's weights, [P, 11]; asks: how much the words of each ask, [P], in [0, 1]."""
        mixed: NDArray[np.float32] = asks[:, None] * self.asking + (1 - asks[:, None]) * self.telling
        return mixed

    def as_dict(self) -> dict[str, dict[str, float]]:
        """Return the weights by name."""
        return {
            manner: {name: round(float(value), 4) for name, value in zip(SIGNALS, weights, strict=True)}
            for manner, weights in (("asking", self.asking), ("telling", self.telling))
        }


@dataclass(frozen=True)
class Told:
    """People whose signals and targets are known: what the weights of telling are learned from.

    signals: [P, 11, items], float16 to save memory; targets: rows of items for each; hidden: rows of items that are not to be
    recommended, being named or known.
    """

    signals: NDArray[np.float16]
    targets: Sequence[NDArray[np.int64]]
    hidden: Sequence[NDArray[np.int64]]

    def __len__(self) -> int:
        return len(self.targets)


def learn_telling(told: Told, held_out: NDArray[np.bool_], *, seed: int) -> tuple[NDArray[np.float32], dict[str, Any]]:
    """Return weights [11] learned from the people who are not held out, and what they came to on those who are.

    Minimises the mean cross-entropy of softmax(score) over all items to the targets, each as likely as the others, plus
    0.05 |v - v_0|^2, v being the weights to the scale of the signals: times the median standard deviation of each over the
    items. v_0 is the popularity that says more of the people learned from; no weight is below 0. Adam, 80 steps of 96 people. With
    nobody to learn from, or nobody held out, it is today's popularity. Where one signal by itself has a lower loss on those held
    out than all of them as weighed, it is that signal alone.
    """
    rows, judged = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    report: dict[str, Any] = {"people": len(rows), "held-out people": len(judged)}
    if not len(rows) or not len(judged):
        return _alone("popularity"), {**report, "used": "popularity"}
    scale = _scales(told.signals)
    popular = min(_POPULARITIES, key=lambda name: _quality(told, rows, _alone(name)))
    start = torch.from_numpy(_alone(popular) * scale)
    weights = start.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([weights], lr=_RATE)
    rng = np.random.default_rng(seed)
    for _ in range(_STEPS):
        batch = np.sort(rng.choice(rows, min(_BATCH, len(rows)), replace=False))
        optimizer.zero_grad(set_to_none=True)
        loss = _loss(told, batch, weights / torch.from_numpy(scale)) + _PULL * (weights - start).square().sum()
        torch.autograd.backward(loss)
        optimizer.step()
        with torch.no_grad():
            weights.clamp_(min=0)
    found = (weights.detach().numpy() / scale).astype(np.float32)
    learned = _quality(told, judged, found)
    speaking = [name for name, column in zip(SIGNALS, told.signals.swapaxes(0, 1), strict=True) if np.ptp(column) > 0]
    single = {
        name: _alone(name) if name == popular else _by_itself(told, rows, name, popular, scale)
        for name in dict.fromkeys([*speaking, popular])
    }
    alone = {name: _quality(told, judged, weights) for name, weights in single.items()}
    best = min(alone, key=lambda name: alone[name])
    used = "learned" if learned < alone[best] else best
    report |= {
        "loss": round(learned, 4),
        "loss of popularity": round(alone[popular], 4),
        "best signal": best,
        "loss of best signal": round(alone[best], 4),
        "start": popular,
        "used": used,
    }
    return (found if used == "learned" else single[best]), report


def _alone(signal: str) -> NDArray[np.float32]:
    """Return the weights that rank by one signal, [11]."""
    return np.array([1.0 if name == signal else 0.0 for name in SIGNALS], dtype=np.float32)


def _by_itself(
    told: Told, rows: NDArray[np.int64], signal: str, popular: str, scale: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the weights that rank by one signal, [11], as much of it as says most of some of the people at these rows.

    Popularity decides where it is silent, as for somebody of whom nothing is known.
    """
    weights = [_alone(signal) * factor / scale[SIGNALS.index(signal)] + _TIE * _alone(popular) for factor in _FACTORS]
    return min(weights, key=lambda one: _quality(told, rows[:_BATCH], one))


@torch.no_grad()
def _quality(told: Told, people: NDArray[np.int64], weights: NDArray[np.float32]) -> float:
    """Return the loss of the people at these rows."""
    return float(_loss(told, people, torch.from_numpy(weights)))


def _scales(signals: NDArray[np.float16]) -> NDArray[np.float32]:
    """Return the median standard deviation of each signal over the items, of the people for whom it says anything, [11]."""
    deviations = np.stack([row.astype(np.float32).std(axis=-1) for row in signals])
    return np.array(
        [np.median(column[column > 0]) if (column > 0).any() else 1.0 for column in deviations.T], dtype=np.float32
    )


def _loss(told: Told, people: NDArray[np.int64], weights: torch.Tensor) -> torch.Tensor:
    losses = []
    for person in people.tolist():
        scores = weights @ torch.from_numpy(told.signals[person].astype(np.float32))
        scores = scores.index_fill(0, torch.from_numpy(told.hidden[person]), -torch.inf)
        losses.append(-torch.log_softmax(scores, dim=0)[torch.from_numpy(told.targets[person])].mean())
    return torch.stack(losses).mean()
