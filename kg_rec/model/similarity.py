"""How alike two items are, or two people: the cosine of their fused vectors.

Every entity e of the model, an item or not, has three blocks:

    text    t_e  [T]          what its sentences say (Evidence.text, of length 1), less the mean of all entities of its label: what
                              every sentence of the kind has in common would make all of them alike
    graph   h_e  [N]          its row of the one-hot block, what the R-GCN carried to it. Its own direction, which holds most of its
                              length and would hide what it shares, is cut to the strongest of those that were carried
    people  l_e  [U + items]  1 for each person who liked it, and sqrt(5) in a direction of its own, so that two items that one and
                              the same person liked are not one: cos(l_a, l_b) = n_ab / sqrt((n_a + 5)(n_b + 5)). Only items that
                              somebody liked have it

A person is a signed sum over entities, w_e in [-1, 1]: 1 for an item they liked, score times polarity for an interest, so that
what they dislike leads away. Their block b is sum_e w_e b_e / |b_e|.

The fused vector of either is the concatenation of the blocks it has, each of length sqrt(omega_b), and is then scaled to length 1:

    f = [sqrt(omega_b) b / |b|]_b / sqrt(W)        W = sum of omega_b over the blocks that are not 0

so that the cosine of two is a weighted mean of the cosines of their blocks, where both have all three:

    cos(f_p, f_q) = sum_b omega_b cos(b_p, b_q) / sqrt(W_p W_q)        omega_b = 1/3

The weights are equal for want of a reason for others; likes speak in the graph block as well, along LIKED_TOGETHER. Nothing is
approximated: the cosines to all come from three products with matrices over the entities, and the vectors of people, which would
be long, are only measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from kg_rec.model.features import Entities
    from kg_rec.model.training import TrainedModel

BLOCKS = {"text": 1 / 3, "graph": 1 / 3, "people": 1 / 3}
"""Weight omega of each block."""

_OWN_PEOPLE = 5.0
"""People who would like an item and nothing else."""
_NOTHING = 1e-6
"""Length below which a block is 0: what is left of likes and dislikes that cancel out."""
_AT_ONCE = 256
"""People whose blocks are made at once, to measure them."""


@dataclass(frozen=True)
class Fused:
    """P fused vectors, as sums over the entities.

    weights: w, [P, N]; scale: what each block of each sum is multiplied by, sqrt(omega_b) / (|b| sqrt(W)), or 0 where it is
    0, [3, P].
    """

    weights: sp.csr_array
    scale: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Near:
    """One of the nearest: its row, the cosine, and the parts that this is the sum of, by block."""

    row: int
    cosine: float
    parts: dict[str, float]


class Similarity:
    """The fused vectors of a model's items, and cosines to them."""

    def __init__(self, model: TrainedModel) -> None:
        entities, evidence = model.entities, model.evidence
        self._index = entities.index
        self._blocks: tuple[NDArray[np.float32] | sp.csr_array, ...] = (
            _centred(evidence.text.numpy(), entities),
            _graph_block(evidence.one_hot) if evidence.z is None else _centred(evidence.z, entities),
            _people_block(evidence.likings.likes, len(entities)),
        )
        self.items = self.fuse(sp.eye_array(entities.item_count, len(entities), dtype=np.float32, format="csr"))

    def people(self, tastes: Sequence[Mapping[str, float]]) -> Fused:
        """Return the fused vectors of people, given by the weight of each entity's key; unknown keys are left out."""
        found = [
            (person, self._index[key], weight)
            for person, taste in enumerate(tastes)
            for key, weight in taste.items()
            if key in self._index
        ]
        rows, columns, values = zip(*found, strict=True) if found else ((), (), ())
        entries = (np.array(values, dtype=np.float32), (np.array(rows, dtype=int), np.array(columns, dtype=int)))
        return self.fuse(sp.csr_array(entries, shape=(len(tastes), len(self._index))))

    def fuse(self, weights: sp.csr_array) -> Fused:
        """Return the fused vectors of sums over the entities, [P, N]; those of which nothing is known are 0."""
        scale = np.zeros((len(BLOCKS), weights.shape[0]), dtype=np.float32)
        for start in range(0, weights.shape[0], _AT_ONCE):
            some = weights[start : start + _AT_ONCE]
            lengths = np.stack([_lengths(some @ block) for block in self._blocks])
            known = lengths > _NOTHING
            omega = np.array(list(BLOCKS.values()))[:, None] * known
            share = np.sqrt(omega / np.maximum(omega.sum(axis=0), _NOTHING))
            scale[:, start : start + _AT_ONCE] = np.divide(share, lengths, out=np.zeros_like(share), where=known)
        return Fused(weights, scale)

    def parts(self, one: Fused, many: Fused) -> NDArray[np.float32]:
        """Return the cosines of the vector `one` to `many`, by block, [3, P]; their sum is the cosine."""
        found = np.zeros((len(self._blocks), many.weights.shape[0]), dtype=np.float32)
        for place, block in enumerate(self._blocks):
            theirs = one.weights @ block
            direction = (theirs.toarray() if sp.issparse(theirs) else theirs).ravel()
            found[place] = one.scale[place, 0] * many.scale[place] * (many.weights @ (block @ direction))
        return found

    def nearest(self, one: Fused, many: Fused, k: int, hidden: Collection[int] = ()) -> list[Near]:
        """Return the k of `many` that are nearest to the vector `one`, the nearest first; of equals, the first row.

        hidden: rows that are not to be among them.
        """
        parts = self.parts(one, many)
        cosines = parts.sum(axis=0)
        cosines[list(hidden)] = -np.inf
        best = np.argsort(-cosines, kind="stable")[:k]
        return [
            Near(int(row), float(cosines[row]), dict(zip(BLOCKS, parts[:, row].tolist(), strict=True)))
            for row in best
            if np.isfinite(cosines[row])
        ]

    def nearest_items(self, k: int, at_once: int = _AT_ONCE) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Yield, for `at_once` items after the other, the rows of the k items nearest to each, itself left out, and the cosines,
        [R, k] each, the nearest first; of equals, the first row. k is one less than there are items at most.
        """
        count = self.items.weights.shape[0]
        blocks = [block[:count] for block in self._blocks]
        for start in range(0, count, at_once):
            rows = np.arange(start, min(start + at_once, count))
            cosines = np.zeros((len(rows), count), dtype=np.float32)
            for scale, block in zip(self.items.scale, blocks, strict=True):
                products = block[rows] @ block.T
                cosines += np.outer(scale[rows], scale) * (products.toarray() if sp.issparse(products) else products)
            cosines[np.arange(len(rows)), rows] = -np.inf
            nearest = np.argsort(-cosines, axis=1, kind="stable")[:, : min(k, count - 1)]
            yield nearest, np.take_along_axis(cosines, nearest, axis=1)

    def item(self, row: int) -> Fused:
        """Return the fused vector of an item."""
        return Fused(self.items.weights[[row]], self.items.scale[:, [row]])

    def between(self, rows: Sequence[int]) -> NDArray[np.float32]:
        """Return the cosines between items, by block, [3, n, n]; their sum is the cosine."""
        found = np.zeros((len(self._blocks), len(rows), len(rows)), dtype=np.float32)
        for place, (scale, block) in enumerate(zip(self.items.scale[:, list(rows)], self._blocks, strict=True)):
            some = block[list(rows)]
            products = some @ some.T
            found[place] = np.outer(scale, scale) * (products.toarray() if sp.issparse(products) else products)
        return found


def _centred(vectors: NDArray[np.float32], entities: Entities) -> NDArray[np.float32]:
    """Return the vectors of length 1 less the mean of their label, brought to length 1 again, [N, T]."""
    block = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _NOTHING)
    for rows in entities.slices.values():
        of_label = block[rows]
        said = of_label.any(axis=1)
        if said.any():
            of_label[said] -= of_label[said].mean(axis=0)
    lengths = np.linalg.norm(block, axis=1, keepdims=True)
    unit: NDArray[np.float32] = np.where(lengths > _NOTHING, block / np.maximum(lengths, _NOTHING), 0.0)
    return unit.astype(np.float32)


def _graph_block(one_hot: sp.csr_array) -> sp.csr_array:
    own = one_hot.diagonal()
    carried = (one_hot - sp.diags_array(own, format="csr")).tocsr()
    strongest = abs(carried).max(axis=1).toarray().ravel()
    return _unit(carried + sp.diags_array(np.where(strongest > 0, strongest, own), format="csr"))


def _people_block(likes: sp.csr_array, size: int) -> sp.csr_array:
    liked = likes.T.tocsr()
    own = np.where(np.diff(liked.indptr) > 0, np.sqrt(_OWN_PEOPLE), 0.0)
    items = sp.hstack([liked, sp.diags_array(own)], format="csr")
    others = sp.csr_array((size - liked.shape[0], items.shape[1]), dtype=np.float32)
    return _unit(sp.vstack([items, others], format="csr"))


def _unit(block: sp.csr_array) -> sp.csr_array:
    lengths = _lengths(block)
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > _NOTHING)
    unit: sp.csr_array = (sp.diags_array(scale) @ block).tocsr().astype(np.float32)
    unit.eliminate_zeros()
    return unit


def _lengths(rows: Any) -> NDArray[np.float64]:
    """Return the lengths of the rows of an array or a sparse array, [P]."""
    sparse = sp.issparse(rows)
    squares = rows.multiply(rows) if sparse else rows * rows
    return np.sqrt(np.asarray(squares.sum(axis=1), dtype=np.float64)).ravel()
