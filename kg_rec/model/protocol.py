"""A network of one's own in place of ours: what it is given, what it has to give, and what becomes of it.

A network is any `torch.nn.Module` whose `forward` takes a `RelationalGraph` of N entities and returns their representations z,
[N, D]. It speaks in the signal `graph`, in place of the one-hot block; everything else of the model stays as it is::

    graph(p, i) = beta <z_p, z_i>        z_p = sum_e nu_l(e) w_e z_e

e are the interests of person p, w_e their weights; beta and nu, one number a label, are learned with the network. It is trained as
ours is (kg_rec/model/training.py): on people turned into new ones, each scored in a graph in which nothing of theirs is left.

It is asked for as a function from the graph to the module, as the sizes are known only then, and as the controls of an evaluation
train one each; a class whose constructor takes the graph is such a function. What is kept of it is z alone: the model on disk holds
tensors, never code. So whoever answers from the model needs neither the module nor its weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from kg_rec.errors import ModelError, ShapeError
from kg_rec.model.features import LIKED_TOGETHER, inverse
from kg_rec.model.rgcn import RelationalEdges

if TYPE_CHECKING:
    import scipy.sparse as sp
    from torch_geometric.data import HeteroData

MakeNetwork = Callable[["RelationalGraph"], nn.Module]
"""From the graph to a network that has not learned yet; draw its start weights from torch's global generator, which is seeded."""

_REMEDY = "A network's forward takes a RelationalGraph and returns z [N, D] (kg_rec/model/protocol.py)."


@dataclass(frozen=True)
class RelationalGraph:
    """The entities as a network sees them: N nodes, the items first, and R relations over them; people are no nodes.

    x: vectors of their texts, [N, T], rows of length 1 or 0; slices: the rows of each label, in order; matrices: for each relation
    the weights of the neighbours, [N, N], row i those of i, each row summing to 1 or 0. "TYPE⁻¹" is the inverse of TYPE;
    `LIKED_TOGETHER`, the last one, joins items that the same people liked. It alone differs from one step to the next: whoever is
    scored has no part in it.
    """

    x: Tensor
    slices: Mapping[str, slice]
    matrices: Mapping[str, sp.csr_array]
    edges: RelationalEdges
    """The same relations as sparse tensors; `edges.aggregate(x)` sums over the neighbours, [R, N, F]."""

    @classmethod
    def of(cls, x: Tensor, slices: Mapping[str, slice], matrices: Mapping[str, sp.csr_array]) -> RelationalGraph:
        """Take the features and the relations' matrices."""
        return cls(x, slices, matrices, RelationalEdges.of(matrices))

    def __len__(self) -> int:
        return len(self.x)

    @property
    def relations(self) -> tuple[str, ...]:
        """The names of the relations; the number of one is its place."""
        return tuple(self.matrices)

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the labels; the number of one is its place."""
        return tuple(self.slices)

    @cached_property
    def node_type(self) -> Tensor:
        """Number of each entity's label, int64 [N]."""
        numbers = [torch.full((rows.stop - rows.start,), place) for place, rows in enumerate(self.slices.values())]
        return torch.cat(numbers)

    @property
    def edge_index(self) -> Tensor:
        """All edges, int64 [2, E], sources then targets, as PyTorch Geometric takes them."""
        return self._flat[0]

    @property
    def edge_type(self) -> Tensor:
        """Number of each edge's relation, int64 [E]."""
        return self._flat[1]

    @property
    def edge_weight(self) -> Tensor:
        """Weight of each edge, [E]; those of one relation into one target sum to 1."""
        return self._flat[2]

    @cached_property
    def hetero(self) -> HeteroData:
        """The same, apart by label: for modules that take `x_dict` and `edge_index_dict`, or `metadata()`.

        `data[label].x`; `data[source, name, target].edge_index` and `.edge_weight`, the name of an inverse being "rev_TYPE", as
        `ToUndirected` of PyTorch Geometric has it. Only pairs of labels between which there are edges, other than of
        `LIKED_TOGETHER`, which is always there: the types are then the same at every step.
        """
        from kg_rec.graph.export import HeteroData

        data = HeteroData()
        bounds = torch.tensor([rows.start for rows in self.slices.values()])
        for label, rows in self.slices.items():
            data[label].x = self.x[rows]
        for place, name in enumerate(self.relations):
            chosen = self.edge_type == place
            ends, weight = self.edge_index[:, chosen], self.edge_weight[chosen]
            of = self.node_type[ends]
            pairs = torch.unique(of, dim=1).T.tolist() or ([[0, 0]] if name == LIKED_TOGETHER else [])
            plain = f"rev_{name.removesuffix(_INVERSE)}" if name.endswith(_INVERSE) else name
            for source, target in pairs:
                within = (of[0] == source) & (of[1] == target)
                edge = data[self.labels[source], plain, self.labels[target]]
                edge.edge_index = ends[:, within] - bounds[[source, target]][:, None]
                edge.edge_weight = weight[within]
        return data

    def rows(self, by_label: Mapping[str, Tensor]) -> Tensor:
        """Join what a module gave for each label, [n, D], to z [N, D]. Raises ShapeError where a label is missing."""
        missing = [label for label in self.labels if by_label.get(label) is None]
        if missing:
            raise ShapeError(
                f"RelationalGraph.rows: expected representations of each label, found none of {', '.join(missing)}: no relation "
                "leads to it, perhaps."
            )
        return torch.cat([by_label[label] for label in self.labels])

    @cached_property
    def _flat(self) -> tuple[Tensor, Tensor, Tensor]:
        parts = [matrix.tocoo() for matrix in self.matrices.values()]
        ends = [np.stack([part.coords[1], part.coords[0]]) for part in parts]
        types = [np.full(part.nnz, place) for place, part in enumerate(parts)]
        return (
            torch.from_numpy(np.concatenate(ends, axis=1).astype(np.int64)),
            torch.from_numpy(np.concatenate(types).astype(np.int64)),
            torch.from_numpy(np.concatenate([part.data for part in parts]).astype(np.float32)),
        )


_INVERSE = inverse("")


class OwnNetwork(nn.Module):
    """A network that was given, held to what is expected of it.

    Raises ModelError and ShapeError, also when it is made, where it is no module or gives anything but z.
    """

    def __init__(self, make: MakeNetwork, graph: RelationalGraph) -> None:
        super().__init__()
        self.name = (
            f"{make.__module__}.{make.__qualname__}" if hasattr(make, "__qualname__") else type(make).__qualname__
        )
        made: Any = make(graph)
        if not isinstance(made, nn.Module):
            raise ModelError(
                f"{self.name}: expected a torch.nn.Module made from the graph, found {type(made).__name__}.",
                remedy=_REMEDY,
            )
        self.inner = made
        self.eval()  # or what is looked at here would count, in running means as of BatchNorm
        with torch.no_grad():
            self.representations(graph)  # what is wrong is told before minutes of encoding people; lazy sizes settle

    def representations(self, graph: RelationalGraph) -> Tensor:
        """Return z, [N, D]."""
        z: Any = self.inner(graph)
        if not isinstance(z, Tensor) or z.dim() != 2 or len(z) != len(graph) or not z.is_floating_point():
            found = f"{z.dtype} {list(z.shape)}" if isinstance(z, Tensor) else type(z).__name__
            raise ShapeError(f"{self.name}: expected z [{len(graph)}, D] of floats, found {found}.", remedy=_REMEDY)
        return z.float()

    def shared(self, weights: Tensor, graph: RelationalGraph) -> Tensor:
        """Return Z Z^T w for each column of weights, [N, P]: what every entity shares with the weighted ones."""
        z = self.representations(graph)
        return z @ (z.T @ weights)
