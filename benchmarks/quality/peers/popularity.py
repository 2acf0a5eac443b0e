"""The same list for everybody: the least that words must beat."""

from __future__ import annotations

import numpy as np
from exchange import Graph, People, Simulated

from peers.peer import Scores, ScoringPeer


class Popularity(ScoringPeer):
    """log(1 + n): of interactions, or of those that are likings."""

    fitted = ({"count": "interactions"}, {"count": "likes"})

    def fit(self, graph: Graph, simulated: Simulated, count: str = "interactions") -> None:
        """Count."""
        super().fit(graph, simulated)
        counts = np.asarray(getattr(graph, count).sum(axis=0)).ravel()
        self._values = np.log1p(counts).astype(np.float32)

    def scores(self, people: People) -> Scores:
        """Return the same row for each."""
        return np.tile(self._values, (len(people), 1))


class Adjusted(ScoringPeer):
    """kg-rec's own popularity (`kg_rec.model.features.popularity`), no peer's: what of ours needs no words."""

    def scores(self, people: People) -> Scores:
        """Return the same row for each."""
        return np.tile(self.graph.adjusted, (len(people), 1))
