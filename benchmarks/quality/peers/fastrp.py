"""FastRP (Chen et al. 2019, "Fast and Accurate Network Embeddings via Very Sparse Random Projection"), by its formula.

The embedding that graph databases offer. A person is the mean of their interests' embeddings; popularity for who names nothing.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from exchange import Graph, People, Simulated

from peers.adjacency import adjacency, rows_of_sum_one
from peers.peer import Scores, ScoringPeer, grid

_SPARSITY = 3


class FastRp(ScoringPeer):
    """Σ_k α_k (D⁻¹ A)^k D^β R, each power with rows of length 1; R is very sparse and random, [N + U, dimension]."""

    fitted = grid(alphas=[(1, 1), (0, 1, 1), (0, 1, 1, 1)], beta=[-0.5, 0.0])
    ranked = grid(popularity=[0.0, 0.2, 0.5, 1.0, 2.0])

    def fit(
        self,
        graph: Graph,
        simulated: Simulated,
        alphas: tuple[float, ...] = (0, 1, 1),
        beta: float = 0.0,
        dimension: int = 256,
    ) -> None:
        """Project and average."""
        super().fit(graph, simulated)
        whole = adjacency(graph)
        walk = rows_of_sum_one(whole)
        degree = np.maximum(np.asarray(whole.sum(axis=1)).ravel(), 1.0)
        chances = [0.5 / _SPARSITY, 1 - 1 / _SPARSITY, 0.5 / _SPARSITY]
        drawn = np.random.default_rng(0).choice([-1.0, 0.0, 1.0], size=(len(degree), dimension), p=chances)
        power = (sp.diags_array(degree**beta) @ drawn * np.sqrt(_SPARSITY)).astype(np.float32)
        total = np.zeros_like(power)
        for alpha in alphas:
            power = walk @ power
            total += np.float32(alpha) * _of_length_one(power)
        self._embeddings = _of_length_one(total[: len(graph.labels)])

    def scores(self, people: People) -> Scores:
        """Return the cosines."""
        own = _of_length_one(people.liked(len(self.graph.labels)) @ self._embeddings)
        return np.asarray(own @ self._embeddings[: len(self.graph.items)].T, dtype=np.float32)


def _of_length_one(rows: Scores) -> Scores:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
