"""What a peer is, and what all peers have in common: no item that the person named, and popularity where nothing speaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, Protocol

import numpy as np
from exchange import Graph, People, Simulated
from numpy.typing import NDArray

Settings = Mapping[str, Any]
Scores = NDArray[np.float32]

_TIE = 1e-6
"""Weight of popularity that only decides between items of the same score."""


class Peer(Protocol):
    """Recommends to people nobody has seen. The driver tries each of `fitted` with each of `ranked`, and keeps the best."""

    fitted: Sequence[Settings]
    """Settings of `fit`."""
    ranked: Sequence[Settings]
    """Settings of `recommend`, each tried with what was fitted once."""

    def fit(self, graph: Graph, simulated: Simulated, **settings: Any) -> None:
        """Learn what there is to learn. simulated: the people of the graph as new ones, for peers that learn from such."""

    def recommend(self, people: People, k: int, **settings: Any) -> list[list[str]]:
        """Return the ids of up to k items for each person, best first, none that they named."""


class ScoringPeer:
    """A peer that has a score for each person and item, to which popularity may be added with a weight."""

    fitted: Sequence[Settings] = ({},)
    ranked: Sequence[Settings] = ({},)
    graph: Graph

    def fit(self, graph: Graph, simulated: Simulated, **_: Any) -> None:  # noqa: ARG002 - for those that learn from them
        """Keep the graph."""
        self.graph = graph

    def scores(self, people: People, **_: Any) -> Scores:
        """Return [P, items], higher is better; 0 for all items where nothing is known of a person."""
        raise NotImplementedError

    def recommend(self, people: People, k: int, popularity: float = 0.0, **settings: Any) -> list[list[str]]:
        """Rank by standardised score + `popularity` · standardised log count of interactions."""
        values = standardised(self.scores(people, **settings))
        values += max(popularity, _TIE) * standardised(self.graph.log_counts[None])
        return best(values, people, self.graph, k)


def grid(**choices: Sequence[Any]) -> list[Settings]:
    """Return every combination of the choices, the first choices first."""
    return [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]


def standardised(scores: Scores) -> Scores:
    """Return the scores of each person with mean 0 and standard deviation 1; 0 where they are all the same."""
    centred = scores - scores.mean(axis=1, keepdims=True)
    deviation = centred.std(axis=1, keepdims=True)
    return np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 0)


def best(values: Scores, people: People, graph: Graph, k: int) -> list[list[str]]:
    """Return the ids of the k best items of each person, without those that they named."""
    k = min(k, values.shape[1])
    lists = []
    for row, hidden in zip(values, people.hidden(len(graph.items)), strict=True):
        row[hidden] = -np.inf
        chosen = np.argpartition(-row, k - 1)[:k]
        ranked = chosen[np.argsort(-row[chosen], kind="stable")]
        lists.append([graph.items[item] for item in ranked if np.isfinite(row[item])])
    return lists
