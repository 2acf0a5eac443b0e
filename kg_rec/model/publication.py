"""What of a model can be told by numbers on nodes and relations, so that a database can recommend by itself.

    score(p, i) = w_pop popularity_i + w_text tau cos(t_p, t_i) + sum_e w_e S_ei + w_every everything(p, i) - dislikes(p, i)

    S_ei = w_graph graph + w_direct direct + w_together together + w_ease ease + w_lift lift

This is the score of words that ask (kg_rec/model/fusion.py), less the signals `neighbours` and `nearness`: the former compares a
person with everybody, the latter weighs nothing there. Popularity and t are numbers of an entity; S, what entity e speaks for
item i with, is a relation; everything and dislikes are read from the graph's own relations.

S has an entry for each entity and item. Kept are those that can matter: of each entity the 100 items that somebody with no other
interest would be recommended, where |S| >= 0.2, which changes the odds of an item by a fifth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kg_rec.model.ranking import DISLIKE_PENALTY
from kg_rec.model.signals import LINEAR, SIGNALS, unit_rows
from kg_rec.model.similarity import Similarity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from kg_rec.model.artifact import Artifact

SPOKEN_FOR = 100
"""Items that an entity speaks for, at most."""
LEAST_SPOKEN = 0.2
"""Smallest |S| that is told, in the unit of scores: nats."""
MOST_SIMILAR = 10
"""Items that are told to be similar to one."""
_AT_ONCE = 256
"""Entities whose scores for all items are made at once."""


@dataclass(frozen=True, slots=True)
class Told:
    """Relations from one entity to items: rows of the items and a number for each, the largest first."""

    entity: int
    items: NDArray[np.int64]
    scores: NDArray[np.float32]


class Publication:
    """What is published of an artifact."""

    def __init__(self, artifact: Artifact, similarity: Similarity | None = None) -> None:
        """Take a model; similarity: that of the model, where it is at hand."""
        self.artifact = artifact
        self.entities = artifact.model.entities
        self._evidence = artifact.model.evidence
        self._similarity = similarity
        self._weights = dict(zip(SIGNALS, artifact.model.fusion.asking.tolist(), strict=True))

    @property
    def vectors(self) -> NDArray[np.float32]:
        """t of all entities, [N, T], rows of length 1, or 0 where an entity says nothing."""
        return unit_rows(self._evidence.text.numpy())

    @property
    def popularity(self) -> NDArray[np.float32]:
        """Popularity of the items, [items]."""
        found: NDArray[np.float32] = self._evidence.popularity.numpy()
        return found

    def weights(self) -> dict[str, float]:
        """Return the numbers of the formula.

        popularity, everything: weights; text: w_text tau; dislikes: what an item loses; wishOfItems, wishOfEntities: omega, the
        share that an interest in an item, or in another entity, has in t_p.
        """
        predictor = self._evidence.predictor
        omega = predictor.omega.numpy()[predictor.label_of.numpy()]
        items = self.entities.item_count
        return {
            "popularity": self._weights["popularity"],
            "text": self._weights["text"] * predictor.temperature,
            "everything": self._weights["everything"],
            "dislikes": DISLIKE_PENALTY,
            "wishOfItems": round(float(omega[0]), 4),
            "wishOfEntities": round(float(omega[items]), 4) if len(omega) > items else 0.0,
        }

    def speaking(self) -> NDArray[np.int64]:
        """Return the rows of the entities that an interest may point to, [R]."""
        rows = [np.arange(*self.entities.slices[label].indices(len(self.entities))) for label in self._labels()]
        return np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64)

    def spoken_for(self) -> Iterator[Told]:
        """Yield what each of the entities of `speaking` speaks for."""
        rows = self.speaking()
        for start in range(0, len(rows), _AT_ONCE):
            some = rows[start : start + _AT_ONCE]
            alone, spoken = self._alone(some)
            alone[some[:, None] == np.arange(alone.shape[1])[None, :]] = -np.inf  # nobody is told what they named
            kept = min(SPOKEN_FOR, alone.shape[1])
            best = np.argpartition(-alone, kept - 1, axis=1)[:, :kept]
            for row, items, scores in zip(some.tolist(), best, np.take_along_axis(spoken, best, axis=1), strict=True):
                told = np.flatnonzero((np.abs(scores) >= LEAST_SPOKEN) & (items != row))
                order = told[np.lexsort((items[told], -scores[told]))]
                yield Told(row, items[order], scores[order])

    def similar(self) -> Iterator[Told]:
        """Yield the items most similar to each item, by the cosine of fused vectors, in the order of the items."""
        similarity = self._similarity or Similarity(self.artifact.model)
        row = 0
        for nearest, cosines in similarity.nearest_items(MOST_SIMILAR):
            for items, scores in zip(nearest, cosines, strict=True):
                told = scores > 0
                yield Told(row, items[told], scores[told])
                row += 1

    def _labels(self) -> list[str]:
        return [label for label in self.artifact.schema.interests if label in self.entities.slices]

    def _alone(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the score of every item for somebody with one interest, and S, [R, items] each."""
        signals = self._evidence.of_each(rows)
        spoken = sum(
            (self._weights[name] * signals[name] for name in LINEAR if name in signals),
            start=np.zeros_like(signals["text"]),
        )
        neighbours = (self._evidence.direct[:, rows].T.toarray() > 0) & (rows >= self.entities.item_count)[:, None]
        known = self._weights["popularity"] * signals["popularity"] + self._weights["text"] * signals["text"]
        alone = spoken + known + self._weights["everything"] * neighbours
        return alone.astype(np.float32), spoken.astype(np.float32)
