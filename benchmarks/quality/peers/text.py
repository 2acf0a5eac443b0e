"""A sentence encoder as search engines use it: cosine of the words to the description of each item.

The vectors are all-MiniLM-L6-v2's, the encoder of kg-rec, made once for all peers.
"""

from __future__ import annotations

from exchange import People

from peers.peer import Scores, ScoringPeer, grid


class Text(ScoringPeer):
    """Cosine alone."""

    def scores(self, people: People) -> Scores:
        """Return the cosines."""
        return people.vectors @ self.graph.vectors[: len(self.graph.items)].T


class TextAndPopularity(Text):
    """Cosine and popularity, with the weight that serves best."""

    ranked = grid(popularity=[0.25, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0])
