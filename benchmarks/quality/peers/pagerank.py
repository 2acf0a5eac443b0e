"""Personalised PageRank (Haveliwala 2002, "Topic-Sensitive PageRank") from a person's interests over entities and users.

What a graph database offers out of the box for this. Words that name nothing get popularity.
"""

from __future__ import annotations

import numpy as np
from exchange import Graph, People, Simulated

from peers.adjacency import adjacency, rows_of_sum_one
from peers.peer import Scores, ScoringPeer, grid

_STEPS = 12


class PageRank(ScoringPeer):
    """Random walks that start again at the interests with probability 1 - damping; of their logarithm, if said so."""

    ranked = grid(damping=[0.3, 0.5, 0.85], logarithm=[False, True], popularity=[0.0, 0.2, 0.5, 1.0])

    def fit(self, graph: Graph, simulated: Simulated) -> None:
        """Make the transition matrix."""
        super().fit(graph, simulated)
        self._back = rows_of_sum_one(adjacency(graph)).T.tocsr()
        self._known: dict[float, Scores] = {}

    def scores(self, people: People, damping: float = 0.85, logarithm: bool = False) -> Scores:
        """Return the share of time spent at each item."""
        if damping not in self._known:
            start = np.zeros((self._back.shape[0], len(people)), dtype=np.float32)
            start[: len(self.graph.labels)] = rows_of_sum_one(people.liked(len(self.graph.labels))).T.toarray()
            ranks = start
            for _ in range(_STEPS):
                ranks = damping * (self._back @ ranks) + (1 - damping) * start
            self._known[damping] = np.ascontiguousarray(ranks[: len(self.graph.items)].T)
        found = self._known[damping]
        return np.log(found + 1e-6) if logarithm else found
