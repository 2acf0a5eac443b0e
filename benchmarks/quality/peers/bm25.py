"""BM25 (Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework") over the descriptions, by bm25s.

English stop words, Snowball stems. k1 and b are tuned.
"""

from __future__ import annotations

import bm25s
import numpy as np
import Stemmer
from exchange import Graph, People, Simulated

from peers.peer import Scores, ScoringPeer, grid


class Bm25(ScoringPeer):
    """BM25 alone."""

    fitted = grid(k1=[1.2, 2.0, 3.0], b=[0.0, 0.3, 0.75])

    def fit(self, graph: Graph, simulated: Simulated, k1: float = 1.2, b: float = 0.75) -> None:
        """Index the descriptions."""
        super().fit(graph, simulated)
        self._stemmer = Stemmer.Stemmer("english")
        self._index = bm25s.BM25(k1=k1, b=b)
        self._index.index(self._tokens(graph.documents), show_progress=False)

    def scores(self, people: People) -> Scores:
        """Return the scores of the words."""
        rows = [self._index.get_scores(words) if words else np.zeros(len(self.graph.items))
                for words in self._tokens([person.wish for person in people.people])]  # fmt: skip
        return np.stack(rows).astype(np.float32)

    def _tokens(self, texts: list[str]) -> list[list[str]]:
        tokens: list[list[str]] = bm25s.tokenize(
            texts, stopwords="en", stemmer=self._stemmer, return_ids=False, show_progress=False
        )
        return tokens


class Bm25AndPopularity(Bm25):
    """BM25 and popularity, with the weight that serves best."""

    ranked = grid(popularity=[0.5, 1.0, 2.0, 3.0, 5.0])
