"""The best that is put together from parts off the shelf."""

from __future__ import annotations

import numpy as np
from exchange import Graph, People, Simulated

from peers.bm25 import Bm25
from peers.ease import Ease
from peers.pagerank import PageRank
from peers.peer import Scores, ScoringPeer, Settings, grid, standardised
from peers.text import Text


class Fused(ScoringPeer):
    """Reciprocal rank fusion of BM25, MiniLM and popularity (Cormack, Clarke and Büttcher 2009).

    Σ w / (constant + rank); popularity's w, its share, is tuned, that of the other two is 1.
    """

    ranked = grid(constant=[10, 30, 60], share=[0.0, 0.5, 1.0, 2.0, 4.0])

    def fit(self, graph: Graph, simulated: Simulated) -> None:
        """Index."""
        super().fit(graph, simulated)
        self._parts: tuple[ScoringPeer, ...] = (Bm25(), Text())
        for part in self._parts:
            part.fit(graph, simulated)

    def scores(self, people: People, constant: int = 60, share: float = 1.0) -> Scores:
        """Return the sum of reciprocal ranks."""
        popular = np.tile(self.graph.log_counts, (len(people), 1))
        lists = [(1.0, part.scores(people)) for part in self._parts] + [(share, popular)]
        return sum(weight / (constant + _ranks(values)) for weight, values in lists).astype(np.float32)


class Hybrid(ScoringPeer):
    """A weighted sum of MiniLM, BM25, EASE, log PageRank and popularity, standardised; MiniLM's weight is 1."""

    ranked = grid(bm25=[0.0, 0.3], ease=[0.0, 0.2, 0.4], pagerank=[0.4, 0.8, 1.2, 1.6], popularity=[0.4, 0.8, 1.2])

    def fit(self, graph: Graph, simulated: Simulated) -> None:
        """Fit each part."""
        super().fit(graph, simulated)
        self._parts: tuple[tuple[ScoringPeer, Settings], ...] = (
            (Text(), {}),
            (Bm25(), {}),
            (Ease(), {}),
            (PageRank(), {"damping": 0.3, "logarithm": True}),
        )
        for part, _ in self._parts:
            part.fit(graph, simulated)
        self._known: tuple[People, list[Scores]] | None = None

    def scores(self, people: People, bm25: float = 0.3, ease: float = 0.2, pagerank: float = 0.4) -> Scores:
        """Return the sum."""
        if self._known is None or self._known[0] is not people:
            self._known = people, [standardised(part.scores(people, **chosen)) for part, chosen in self._parts]
        weights = np.array([1.0, bm25, ease, pagerank], dtype=np.float32)
        return np.asarray(sum(weight * part for weight, part in zip(weights, self._known[1], strict=True)))


def _ranks(values: Scores) -> Scores:
    """Return the rank of each item, the best 1."""
    order = np.argsort(-values, axis=1, kind="stable")
    ranks = np.empty_like(values)
    np.put_along_axis(ranks, order, np.arange(1, values.shape[1] + 1, dtype=np.float32)[None], axis=1)
    return ranks
