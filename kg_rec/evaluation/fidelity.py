"""Whether an explanation tells what the recommendation came from: how far the item falls when the path it tells is cut.

The path is the one that a person is shown (kg_rec/graph/explain.py). To cut it, what the model knows of its edges is set to 0: that
the two entities are neighbours, what the one-hot block carried between them, and for two items liked together the weights between
them. The score that the item loses is compared with what it loses when a random path of the same kind is cut, over the same types
of relation and to the same item: one from another interest of the person where there is one, else through another entity of the
same label beside the item, that no interest points to. An explanation that told nothing of the score would be no better to cut
than that. (Cut and look: "fidelity" in Yuan et al. 2022, "Explainability in Graph Neural Networks: A Taxonomic Survey".)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from kg_rec.evaluation.metrics import SHOWN
from kg_rec.graph.explain import Explanation
from kg_rec.interest import Interest
from kg_rec.model.artifact import Artifact
from kg_rec.model.features import inverse, relation_matrices
from kg_rec.model.ranking import Ranking
from kg_rec.progress import SILENT, Progress

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from torch_geometric.data import HeteroData

    from kg_rec.evaluation.controls import Served, Understood
    from kg_rec.graph.explain import Step
    from kg_rec.model.signals import Evidence

Explain = Callable[[Artifact, Sequence[int], Sequence[Interest], "NDArray[np.float32]"], list[Explanation]]
"""From a model, rows of items, and the interests and the vector of one person to an explanation of each item."""

DIRECT, SHARED, TOGETHER, NEAR = "direct", "shared", "liked together", "near in meaning"
KINDS = (DIRECT, SHARED, TOGETHER, NEAR)
"""Kinds of path: from an interest to the item; through what the item shares with one that was named; through people; and from
an entity that no interest points to, but whose name is near to the words."""

_ENDS = 2


@dataclass(frozen=True, slots=True)
class Cut:
    """One recommendation, with its path cut, or another like it.

    place: of the person among those who were looked at; told, other: how much of its score the item loses without the path that
    is told, and without a random one of the same kind; told_places, other_places: and how many places of the list.
    """

    place: int
    kind: str
    told: float
    other: float
    told_places: int
    other_places: int


@dataclass(frozen=True, slots=True)
class Cuts:
    """All recommendations of a sample. cuts: those with a path that has a counterpart; alone: those whose path has none, with the
    place of the person and what the item loses; without_path: how many have no path at all.
    """

    cuts: list[Cut]
    alone: list[tuple[int, float]]
    without_path: int


Pair = tuple[int, int]


def cut_paths(
    served: Served,
    graph: HeteroData,
    understood: Understood,
    lists: Sequence[NDArray[np.int64]],
    explain: Explain,
    *,
    count: int = 200,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Cuts:
    """Cut the paths of `count` recommendations, as far as there are so many.

    graph: the one that the model was trained on; lists: items of each person, best first, of which the first 10 are shown. People
    are drawn by the seed, and of each the same number of their items.
    """
    rng = np.random.default_rng(seed)
    scene = _Scene(served.artifact, relation_matrices(graph, served.artifact.model.entities))
    people = [place for place in rng.permutation(len(lists)).tolist() if len(lists[place])]
    each = -(-count // max(len(people), 1))
    cuts: list[Cut] = []
    alone: list[tuple[int, float]] = []
    without_path = 0
    step = progress.step("Cutting paths", count, "paths")
    for place in people:
        shown = [int(item) for item in lists[place][:SHOWN]]
        interests, vector = understood.interests[place], understood.vectors[place]
        told = explain(served.artifact, shown, interests, vector)
        asks = understood.asks[place : place + 1]
        before = scene.scores(interests, vector, asks, ())
        for position in rng.permutation(len(shown))[:each].tolist():
            if len(cuts) == count:
                break
            item, steps = shown[position], told[position].steps
            if not scene.knows(steps):
                without_path += 1
                continue
            kind = scene.kind(steps, interests)
            path = scene.pairs(steps, item)
            other = scene.counterpart(rng, kind, steps, item, path, interests)
            fallen = [scene.scores(interests, vector, asks, some) for some in (path, other) if some is not None]
            losses = [float(before[item] - after[item]) for after in fallen]
            if other is None:
                alone.append((place, losses[0]))
                continue
            places = [_rank(after, item) - _rank(before, item) for after in fallen]
            cuts.append(Cut(place, kind, losses[0], losses[1], places[0], places[1]))
            step.advance()
        if len(cuts) == count:
            break
    return Cuts(cuts, alone, without_path)


def _rank(scores: NDArray[np.float32], item: int) -> int:
    return int((scores > scores[item]).sum())


class _Scene:
    """A model, and the relations it was trained on: what paths run through.

    knowledge: as of `relation_matrices`; row i of a matrix holds those that its relation leads from to i.
    """

    def __init__(self, artifact: Artifact, knowledge: dict[str, sp.csr_array]) -> None:
        self.artifact, self.knowledge = artifact, knowledge
        self.index, self.labels = artifact.model.entities.index, artifact.model.entities.labels
        self.count = artifact.model.entities.item_count

    def knows(self, steps: Sequence[Step]) -> bool:
        """Return whether there is a path, and the model has all its entities: Neo4j may know newer ones."""
        ends = {end for step in steps for end in (step.start, step.end)} - {"*"}
        return bool(ends) and all(end in self.index for end in ends)

    def kind(self, steps: Sequence[Step], interests: Iterable[Interest]) -> str:
        """Return which kind of path this is."""
        if not any(interest.entity == steps[0].start and interest.polarity > 0 for interest in interests):
            return NEAR
        if len(steps) < _ENDS:
            return DIRECT
        return TOGETHER if steps[0].end == "*" else SHARED

    def pairs(self, steps: Sequence[Step], item: int) -> list[Pair]:
        """Return the rows at both ends of each edge of a path; people in the middle are none."""
        if len(steps) == _ENDS and steps[0].end == "*":
            return [(self.index[steps[0].start], item)]
        return [(self.index[step.start], self.index[step.end]) for step in steps]

    def counterpart(
        self,
        rng: np.random.Generator,
        kind: str,
        steps: Sequence[Step],
        item: int,
        path: Sequence[Pair],
        interests: Sequence[Interest],
    ) -> list[Pair] | None:
        """Return a random path of the same kind to the same item, as its edges; None where the item has no other.

        One from another interest where there is one. Otherwise through another entity of the same label, from no interest.
        """
        liked = [self.index[one.entity] for one in interests if one.polarity > 0 and one.entity in self.index]
        start = path[0][0]
        if kind == TOGETHER:
            together = self._co_liked(item)
            others = [[(row, item)] for row in dict.fromkeys(liked) if row != start and row in together]
            if not others:
                others = [[(row, item)] for row in sorted(together - {start, item, *liked})]
            return _drawn(rng, others)
        beside = self._beside(item, steps[-1])
        if kind == SHARED:
            middle = path[-1][0]
            named = [row for row in dict.fromkeys(liked) if row < self.count and row != item]
            others = [
                [(row, between), (between, item)]
                for row in named
                for between in sorted(beside & self._beyond(row, steps[0]))
                if (row, between) != (start, middle)
            ]
            if not others:
                alike = self._alike(beside, item, middle, avoided={middle, *liked})
                others = [[(between, item)] for between in alike]
            return _drawn(rng, others)
        others = [[(row, item)] for row in dict.fromkeys(liked) if row != start and row in beside]
        if not others or kind == NEAR:
            others = [[(row, item)] for row in self._alike(beside, item, start, avoided={start, *liked})]
        return _drawn(rng, others)

    def scores(
        self, interests: list[Interest], vector: NDArray[np.float32], asks: NDArray[np.float32], cut: Sequence[Pair]
    ) -> NDArray[np.float32]:
        """Return one person's score of every item, [items], without the edges between these pairs."""
        artifact = self.artifact
        if cut:
            model = replace(artifact.model, evidence=without_pairs(artifact.model.evidence, cut))
            artifact = replace(artifact, model=model)
        return np.asarray(Ranking(artifact).parts(vector[None], [interests], asks)[0].sum(axis=0))

    def _beside(self, item: int, step: Step) -> set[int]:
        """Return the entities that a path's last step could come from instead."""
        return self._row(step.type if step.forward else inverse(step.type), item)

    def _beyond(self, row: int, step: Step) -> set[int]:
        """Return the entities that a path's first step could lead to from another item."""
        return self._row(inverse(step.type) if step.forward else step.type, row)

    def _row(self, name: str, row: int) -> set[int]:
        matrix = self.knowledge.get(name)
        if matrix is None:
            return set()
        return set(matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]].tolist())

    def _co_liked(self, item: int) -> set[int]:
        """Return the items that speak for this one with whoever names them."""
        likings = self.artifact.model.evidence.likings
        return {
            row for matrix in (likings.together, likings.ease) for row in matrix[:, [item]].tocoo().coords[0].tolist()
        }

    def _alike(self, beside: set[int], item: int, row: int, *, avoided: set[int]) -> list[int]:
        """Return entities of the same label as `row` that the item has beside it, over the same relation where there are any."""
        near = set(self.artifact.model.evidence.neighbours_of(item).tolist())
        for some in (beside, near):
            if alike := [other for other in some - avoided if self.labels[other] == self.labels[row]]:
                return sorted(alike)
        return []


def without_pairs(evidence: Evidence, pairs: Iterable[Pair]) -> Evidence:
    """Return what the signals are computed from with 0 between the two of each pair, in both directions."""
    both = {pair for a, b in pairs for pair in ((a, b), (b, a))}
    likings = evidence.likings
    return replace(
        evidence,
        one_hot=_zeroed(evidence.one_hot, both),
        direct=_zeroed(evidence.direct, both),
        likings=replace(likings, together=_zeroed(likings.together, both), ease=_zeroed(likings.ease, both)),
    )


def _zeroed(matrix: sp.csr_array, pairs: Iterable[Pair]) -> sp.csr_array:
    rows, columns = matrix.shape
    places = [
        start + int(np.flatnonzero(matrix.indices[start:end] == column)[0])
        for row, column in pairs
        if row < rows and column < columns
        for start, end in [matrix.indptr[row : row + 2].tolist()]
        if column in matrix.indices[start:end]
    ]
    if not places:
        return matrix
    found = matrix.copy()
    found.data[places] = 0.0
    found.eliminate_zeros()
    return found


def _drawn(rng: np.random.Generator, paths: Sequence[list[Pair]]) -> list[Pair] | None:
    return paths[int(rng.integers(len(paths)))] if paths else None
