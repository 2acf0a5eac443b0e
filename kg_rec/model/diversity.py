"""Lists in which items differ: maximal marginal relevance (Carbonell & Goldstein 1998, "The Use of MMR, Diversity-Based
Reranking for Reordering Documents and Producing Summaries").

A list S of k items is chosen one by one from the 5 k best C of somebody's ranking, each time

    argmax over i in C \\ S of  (1 - lambda) rel(i) - lambda max_{j in S} cos(f_i, f_j)

rel(i) is the score of i, moved and scaled so that the best of C has 1 and the last 0, since scores of two people are not to
compare; cos(f_i, f_j) is that of the fused vectors (kg_rec/model/similarity.py). lambda is 1 less the paper's: 0 is the ranking as
it was, 1 looks at nothing but how the items differ. Of equals the one that ranked higher comes first, so the list begins with the
best item whatever lambda is, and nothing is random.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kg_rec.model.ranking import Ranked
    from kg_rec.model.similarity import Similarity

POOL = 5
"""Candidates, in multiples of the list they are chosen for."""


def diversified(ranked: Sequence[Ranked], similarity: Similarity, *, k: int, diversity: float) -> list[Ranked]:
    """Return up to k of somebody's ranked items, in the order in which they are chosen; diversity: lambda, in [0, 1].

    ranked: the candidates, best first; scores and parts are left as they are.
    """
    if not ranked:
        return []
    scores = np.array([one.score for one in ranked])
    alike = similarity.between([one.item for one in ranked]).sum(axis=0)
    return [ranked[place] for place in maximal_marginal_relevance(scores, alike, k=k, diversity=diversity)]


def maximal_marginal_relevance(
    scores: NDArray[np.float64], alike: NDArray[np.float32], *, k: int, diversity: float
) -> list[int]:
    """Return the places of up to k candidates, in the order in which they are chosen.

    scores: [n], best first; alike: cosines between the candidates, [n, n].
    """
    spread = float(scores.max() - scores.min())
    relevance = (scores - scores.min()) / spread if spread > 0 else np.zeros(len(scores))
    closest = np.zeros(len(scores))  # nothing is chosen yet, so nothing is like it
    chosen: list[int] = []
    for _ in range(min(k, len(scores))):
        marginal = (1 - diversity) * relevance - diversity * closest
        marginal[chosen] = -np.inf
        best = int(marginal.argmax())
        closest = alike[best].astype(np.float64) if not chosen else np.maximum(closest, alike[best])
        chosen.append(best)
    return chosen


def intra_list_diversity(alike: NDArray[np.float32]) -> float:
    """Return the mean of 1 - cosine over the pairs of a list (Ziegler et al. 2005, eq. 5, as a mean); 0 for a single item.

    alike: cosines between the items of the list, [n, n].
    """
    pairs = alike[np.triu_indices(len(alike), 1)]
    return float(1 - pairs.mean()) if len(pairs) else 0.0
