"""EASE (Steck 2019, "Embarrassingly Shallow Autoencoders for Sparse Data"): the items that are named, folded in.

Popularity for those who name nothing.
"""

from __future__ import annotations

import numpy as np
from exchange import Graph, People, Simulated

from peers.peer import Scores, ScoringPeer, grid


class Ease(ScoringPeer):
    """EASE over all items, exact."""

    fitted = grid(regularisation=[100, 300, 1000, 3000], of=["interactions", "likes"])
    ranked = grid(popularity=[0.0, 0.1, 0.2, 0.4, 0.8])

    def fit(self, graph: Graph, simulated: Simulated, regularisation: float = 300, of: str = "interactions") -> None:
        """Invert XXᵀ + λI, [U, U], in place of XᵀX + λI, [items, items]: P = (I - Xᵀ (XXᵀ + λI)⁻¹ X) / λ (Woodbury).

        The smaller one where there are fewer people than items.
        """
        super().fit(graph, simulated)
        X = getattr(graph, of).tocsr()
        self._X, self._regularisation = X, regularisation
        self._inverse = np.linalg.inv((X @ X.T).toarray() + regularisation * np.eye(X.shape[0], dtype=np.float32))
        explained = np.asarray((X.T.tocsr() @ self._inverse) * X.T.toarray()).sum(axis=1)
        self._diagonal = ((1 - explained) / regularisation).astype(np.float32)

    def scores(self, people: People) -> Scores:
        """Return x B with B = I - P diag(1 / diag P) (eq. 8)."""
        named = people.named_items(len(self.graph.items))
        dense = named.toarray()
        carried = (named @ self._X.T).toarray() @ self._inverse @ self._X
        P = (dense - carried) / self._regularisation
        return (dense - P / self._diagonal).astype(np.float32)
