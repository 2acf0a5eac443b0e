"""Collaborative filtering by the package implicit: the items that are named, folded in; popularity for who names nothing."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from exchange import Graph, People, Simulated
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, ItemItemRecommender

from peers.peer import Scores, ScoringPeer, grid

_POPULARITY = [0.0, 0.1, 0.2, 0.4, 0.8, 1.6]


class Als(ScoringPeer):
    """Weighted matrix factorisation (Hu, Koren and Volinsky 2008); a new person's factors are solved for."""

    fitted = grid(factors=[16, 48], alpha=[1.0, 10.0], regularization=[0.05, 5.0])
    ranked = grid(popularity=_POPULARITY)

    def fit(
        self, graph: Graph, simulated: Simulated, factors: int = 48, alpha: float = 1.0, regularization: float = 0.05
    ) -> None:
        """Alternate 15 times."""
        super().fit(graph, simulated)
        self._model = AlternatingLeastSquares(
            factors=factors, alpha=alpha, regularization=regularization, iterations=15, random_state=0, num_threads=1
        )
        self._model.fit(sp.csr_matrix(graph.likes), show_progress=False)

    def scores(self, people: People) -> Scores:
        """Return the product of the solved factors with those of the items."""
        named = sp.csr_matrix(people.named_items(len(self.graph.items)))
        solved = self._model.recalculate_user(np.arange(len(people)), named)
        return np.asarray(solved @ self._model.item_factors.T, dtype=np.float32)


class ItemNeighbours(ScoringPeer):
    """Items that were liked by the same people as those named, by cosine or by BM25 weights."""

    fitted = grid(likeness=["cosine", "bm25"], neighbours=[50, 200])
    ranked = grid(popularity=_POPULARITY)

    def fit(self, graph: Graph, simulated: Simulated, likeness: str = "cosine", neighbours: int = 50) -> None:
        """Find the neighbours of each item."""
        super().fit(graph, simulated)
        model: ItemItemRecommender = {"cosine": CosineRecommender, "bm25": BM25Recommender}[likeness](
            K=neighbours, num_threads=1
        )
        model.fit(sp.csr_matrix(graph.likes), show_progress=False)
        self._similarity = model.similarity

    def scores(self, people: People) -> Scores:
        """Return the sum over the items named."""
        named = sp.csr_matrix(people.named_items(len(self.graph.items)))
        return np.asarray((named @ self._similarity).toarray(), dtype=np.float32)
