"""What a score means: the chance that somebody likes an item they are shown.

A score compares items within one answer only. What can be compared between people is an item's share of all that speaks for
items, the logarithm of its chance in the softmax that the model is trained with::

    c(p, i) = score(p, i) - log sum_j exp score(p, j)        j over the items that p does not know

A curve leads from there to a probability: for people of the graph on whom the model was not trained, written about as new ones,
how many of the items at that place of their lists were among what they liked. It never falls (isotonic regression: Barlow et al.
1972, "Statistical Inference under Order Restrictions"; for probabilities Zadrozny and Elkan 2002), so that it changes no order.
Words that ask and words that tell have one each, mixed as the weights of the signals are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import isotonic_regression

from kg_rec.progress import SILENT, Progress

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from kg_rec.model.simulation import SimulatedPerson
    from kg_rec.model.training import TrainedModel
    from kg_rec.schema import GraphSchema
    from kg_rec.text.wishes import Wishes

SHOWN = 50
"""How much of each list the curves are learned from: what is far below is shown to nobody."""

_LEAST_PEOPLE = 10
"""People who asked, or told, without whom there is no curve."""
_MOST_POINTS = 60
_LEAST_ITEMS = 50
"""Points of a curve, and items of which each is the mean, at the most and at the least."""
_BATCH = 64


@dataclass(frozen=True)
class Curve:
    """A line through points that never falls: chances c, [K], rising, and the probability at each, [K]."""

    chances: NDArray[np.float64]
    probabilities: NDArray[np.float64]

    @classmethod
    def through(cls, chances: NDArray[np.float64], liked: NDArray[np.bool_]) -> Curve:
        """Learn from the chances of items, [M], and whether each was liked, [M]; M at least 1.

        Items of similar chance are taken together, 50 or more, or fewer beside many that tie, with one more that was liked as
        often as all are: nothing is certain. Ties stay together.
        """
        order = np.argsort(chances, kind="stable")
        count = int(np.clip(len(order) // _LEAST_ITEMS, 1, _MOST_POINTS))
        chances, liked = chances[order], liked[order].astype(np.float64)
        starts = np.unique(np.searchsorted(chances, chances[np.arange(count) * len(order) // count]))
        sizes = np.diff(np.append(starts, len(order)))
        means = np.add.reduceat(chances, starts) / sizes
        rates = (np.add.reduceat(liked, starts) + liked.mean()) / (sizes + 1)
        return cls(means, np.asarray(isotonic_regression(rates, weights=sizes).x))

    def at(self, chances: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability at these chances; beyond the first and the last point that of the point."""
        return np.asarray(np.interp(chances, self.chances, self.probabilities))


@dataclass(frozen=True)
class Calibration:
    """From chances to probabilities, for words that ask and for words that tell.

    people: how many people each curve was learned from; 0 where it is that of the other kind.
    """

    asking: Curve
    telling: Curve
    people: dict[str, int]

    def probabilities(self, chances: NDArray[np.float64], asks: float) -> NDArray[np.float64]:
        """Return the probability that each item is liked; chances: c of the items of one person; asks: how much they ask."""
        return asks * self.asking.at(chances) + (1 - asks) * self.telling.at(chances)

    def as_dict(self) -> dict[str, Any]:
        """Return the curves as JSON knows them, [chance, probability] a point."""
        curves = {
            name: [
                [round(float(chance), 6), round(float(probability), 6)]
                for chance, probability in zip(curve.chances, curve.probabilities, strict=True)
            ]
            for name, curve in (("asking", self.asking), ("telling", self.telling))
        }
        return {**curves, "people": self.people}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Calibration:
        """Take what `as_dict` returned. Raises ValueError, KeyError or TypeError where it is none."""
        curves: dict[str, Curve] = {}
        for name in ("asking", "telling"):
            points = np.array(stored[name], dtype=np.float64)
            if points.ndim != 2 or points.shape[1] != 2 or not len(points) or (np.diff(points, axis=0) < 0).any():
                raise ValueError(f"calibration: expected rising points [chance, probability] under '{name}'")
            curves[name] = Curve(points[:, 0], points[:, 1])
        return cls(curves["asking"], curves["telling"], dict(stored["people"]))


def log_chances(scores: NDArray[np.float32], known: Collection[int]) -> NDArray[np.float64]:
    """Return c of every item, [items], from the scores of one person, [items]; known: rows that take no part, and have -inf."""
    found = scores.astype(np.float64)
    found[list(known)] = -np.inf
    highest = float(found.max(initial=-np.inf))
    if not np.isfinite(highest):
        return found
    return np.asarray(found - highest - np.log(np.exp(found - highest).sum()))


def calibrate(
    model: TrainedModel,
    schema: GraphSchema,
    asking: tuple[Sequence[SimulatedPerson], Wishes],
    telling: tuple[Sequence[SimulatedPerson], Wishes],
    progress: Progress = SILENT,
) -> Calibration | None:
    """Return the curves for people whom the model was not trained on, or None where there are fewer than 10 of them.

    model: with evidence in which nothing of theirs is left; asking, telling: people, and what was made of their words. The
    items that their words were written from are looked at no more than those that the words name. Where only one kind of
    words has enough people, its curve is that of both.
    """
    step = progress.step("Calibrating", len(asking[0]) + len(telling[0]), "texts")
    curves: dict[str, Curve] = {}
    count = {"asking": 0, "telling": 0}
    for name, (people, said) in (("asking", asking), ("telling", telling)):
        users = len({person.user for person in people})
        if users >= _LEAST_PEOPLE:
            chances, liked = _shown(model, schema, people, said)
            if len(chances):
                curves[name], count[name] = Curve.through(chances, liked), users
        step.advance(len(people))
    if not curves:
        return None
    either = next(iter(curves.values()))
    return Calibration(curves.get("asking", either), curves.get("telling", either), count)


def _shown(
    model: TrainedModel,
    schema: GraphSchema,
    people: Sequence[SimulatedPerson],
    said: Wishes,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the chances of the first 50 items of all lists, [M], and which of them their people liked, [M]."""
    from kg_rec.model.artifact import Artifact
    from kg_rec.model.ranking import Ranking

    ranking = Ranking(Artifact(model, schema, {}, "", {}))
    texts = [person.text for person in people]
    interests, vectors = said.interests, said.vectors
    asks = model.manner.asks(texts, vectors, interests, model.entities.item_label)
    chances, liked = [], []
    for start in range(0, len(people), _BATCH):
        rows = slice(start, start + _BATCH)
        scores = ranking.parts(vectors[rows], interests[rows], asks[rows]).sum(axis=1)
        for person, theirs, row in zip(people[rows], interests[rows], scores, strict=True):
            found = log_chances(row, model.entities.items_in(theirs))
            found[list(person.evidence)] = -np.inf
            shown = np.argsort(-found, kind="stable")[:SHOWN]
            shown = shown[np.isfinite(found[shown])]
            chances.append(found[shown])
            liked.append(np.isin(shown, person.targets))
    return np.concatenate(chances), np.concatenate(liked)
