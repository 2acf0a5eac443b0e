"""Relational graph convolutions (Schlichtkrull et al. 2018, "Modeling Relational Data with Graph Convolutional Networks").

The layer is the paper's, with one choice of our own: its weights start as a prior that already works, and learning is a
departure from it. W_0 is the identity, W_r a multiple a_r of it; a shared low-rank basis, zero at the start, may turn it.
So an untrained network is a sensible smoothing of the features over the graph, and few people are enough to train it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from kg_rec.errors import ShapeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import scipy.sparse as sp

    from kg_rec.model.protocol import RelationalGraph


@dataclass(frozen=True)
class RelationalEdges:
    """R relations over N nodes as sparse matrices [N, N]; row i of a matrix holds the weights of i's neighbours.

    With weights 1/|N_r(i)| the sum over a row is the paper's mean over neighbours.
    """

    names: tuple[str, ...]
    matrices: tuple[Tensor, ...]
    transposed: tuple[Tensor, ...]

    @classmethod
    def of(cls, matrices: Mapping[str, sp.csr_array]) -> Self:
        """Take the matrices of `kg_rec.model.features`."""
        return cls(
            tuple(matrices),
            tuple(_sparse(matrix) for matrix in matrices.values()),
            tuple(_sparse(matrix.T.tocsr()) for matrix in matrices.values()),
        )

    def select(self, places: Sequence[int]) -> Self:
        """Return the relations at these places."""
        return type(self)(
            tuple(self.names[place] for place in places),
            tuple(self.matrices[place] for place in places),
            tuple(self.transposed[place] for place in places),
        )

    def joined(self, others: Self) -> Self:
        """Return these relations, and `others` behind them."""
        return type(self)(
            self.names + others.names, self.matrices + others.matrices, self.transposed + others.transposed
        )

    def reversed(self) -> Self:
        """Return the relations with their edges turned round, and their weights kept."""
        return type(self)(self.names, self.transposed, self.matrices)

    def aggregate(self, x: Tensor) -> Tensor:
        """Return the weighted sum over the neighbours of each relation: x [N, F] to [R, N, F]."""
        if not self.matrices:
            return x.new_zeros(0, *x.shape)
        pairs = zip(self.matrices, self.transposed, strict=True)
        return torch.stack([_Aggregation.apply(matrix, back, x) for matrix, back in pairs])


def propagate(x: Tensor, edges: RelationalEdges, weight: Tensor) -> Tensor:
    """One relational graph convolution (Schlichtkrull et al. 2018, eq. 2), without activation.

    h_i' = W_0 h_i + sum_r sum_{j in N_r(i)} a_rij W_r h_j

    x: [N, F_in]; edges: R relations over N nodes, a_rij their weights; weight: [R + 1, F_in, F_out], row 0 is the self-loop.
    Returns [N, F_out]. Raises ShapeError when the sizes do not fit.
    """
    if weight.dim() != 3 or weight.shape[0] != len(edges.names) + 1 or weight.shape[1] != x.shape[1]:
        raise ShapeError(
            f"propagate: expected weight [{len(edges.names) + 1}, {x.shape[1]}, F_out] for {len(edges.names)} relations and "
            f"x {list(x.shape)}, found {list(weight.shape)}"
        )
    if edges.matrices and x.shape[0] != edges.matrices[0].shape[1]:
        raise ShapeError(f"propagate: expected x [{edges.matrices[0].shape[1]}, F], found {list(x.shape)}")
    return x @ weight[0] + torch.einsum("rnf,rfg->ng", edges.aggregate(x), weight[1:])


class RelationalConv(nn.Module):
    """A relational convolution whose weights start as multiples of the identity.

    W_0 = I and W_r = a_r I + c_r U V^T: the basis decomposition of the paper (eq. 3) with the identity as first basis, and a
    low-rank one beside it that is zero at the start. What is learned is the departure from the start, so that weight decay
    pulls to the prior and not to zero.

    start: [R], the a_r at the start; size: F, of the features in and out; rank: columns of U and V, with 0 the a_r alone.
    """

    start: Tensor

    def __init__(self, start: Tensor, size: int, rank: int = 8) -> None:
        super().__init__()
        if start.dim() != 1:
            raise ShapeError(f"RelationalConv: expected start [R], one number a relation, found {list(start.shape)}")
        self.register_buffer("start", start)
        self.scale = nn.Parameter(torch.zeros_like(start))
        self.coefficient = nn.Parameter(torch.full_like(start, 0.1))
        self.basis_in = nn.Parameter(torch.randn(size, rank) / max(size, 1) ** 0.5)
        self.basis_out = nn.Parameter(torch.zeros(rank, size))

    def multiples(self) -> Tensor:
        """Return the a_r as they are now, [R]."""
        return self.start + self.scale

    def weight(self) -> Tensor:
        """Return the weights in full, [R + 1, F, F], as `propagate` takes them."""
        basis = self.basis_in @ self.basis_out
        own = torch.eye(len(basis), device=basis.device)[None]
        return torch.cat([own, self.multiples()[:, None, None] * own + self.coefficient[:, None, None] * basis])

    def forward(self, x: Tensor, edges: RelationalEdges) -> Tensor:
        """Return `propagate(x, edges, self.weight())`, without ever holding R matrices of F × F."""
        if len(edges.names) != len(self.start):
            raise ShapeError(f"RelationalConv: expected {len(self.start)} relations, found {len(edges.names)}")
        out: Tensor = _Carried.apply(x, self.multiples(), edges)
        if self.basis_in.shape[1]:
            turned = _Carried.apply(x, self.coefficient, edges) - x
            out = out + (turned @ self.basis_in) @ self.basis_out
        return out


class RGCN(nn.Module):
    """Relational convolutions one after the other, without activation between them.

    The propagation stays linear (as in Wu et al. 2019, "Simplifying Graph Convolutional Networks"): the features come from a
    sentence encoder that has its non-linearities behind it, and a person's vector must stay comparable with theirs.

    start: one [R] a layer; size: F; dropout: share of the features hidden after each layer while learning.
    """

    def __init__(self, start: list[Tensor], size: int, *, rank: int = 8, dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.ModuleList(RelationalConv(layer, size, rank) for layer in start)
        self.dropout = dropout

    @property
    def convolutions(self) -> list[RelationalConv]:
        """The layers, first to last."""
        return [layer for layer in self.layers if isinstance(layer, RelationalConv)]

    def forward(self, x: Tensor, edges: RelationalEdges) -> Tensor:
        """Return the node representations z [N, F] from the features x [N, F]."""
        for layer in self.convolutions:
            x = nn.functional.dropout(layer(x, edges), self.dropout, self.training)
        return x


class OneHotRGCN(nn.Module):
    """The same for nodes without features: x is one-hot, I [N, N], and W_r = a_r I (Schlichtkrull et al. 2018, section 3.1).

    A representation h_i = sum_j H_ij x_j has as many numbers as the graph has nodes, and most are 0; h_i^T h_j counts what two
    nodes share, exactly, where random vectors in place of one-hot ones would add noise of 1 / sqrt(size). H is never made
    while learning: a person's h^T h is two passes over the edges.

    start: one [R] a layer.
    """

    def __init__(self, start: list[Tensor]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(RelationalConv(layer, 0, rank=0) for layer in start)

    @property
    def convolutions(self) -> list[RelationalConv]:
        """The layers, first to last."""
        return [layer for layer in self.layers if isinstance(layer, RelationalConv)]

    def forward(self, graph: RelationalGraph) -> Tensor:
        """Return H whole, [N, N], as the protocol for networks has it (kg_rec/model/protocol.py); for graphs that are small."""
        x = torch.eye(len(graph))
        for layer in self.convolutions:
            x = layer(x, graph.edges)
        return x

    def shared(self, weights: Tensor, edges: RelationalEdges) -> Tensor:
        """Return H H^T w for each column of weights, [N, P]: what every node shares with the weighted nodes."""
        x, back = weights, edges.reversed()
        for layer in self.convolutions[::-1]:
            x = layer(x, back)
        for layer in self.convolutions:
            x = layer(x, edges)
        return x

    @torch.no_grad()
    def representations(self, matrices: Sequence[sp.csr_array]) -> sp.csr_array:
        """Return H, [N, N]; matrices: the relations' own, [N, N] each, in the order of the a_r."""
        import scipy.sparse as sp

        found: sp.csr_array = sp.eye_array(matrices[0].shape[0], format="csr", dtype=np.float32)
        for layer in self.convolutions:
            carried = (float(a) * matrix for a, matrix in zip(layer.multiples(), matrices, strict=True) if a)
            found = (found + sum((matrix @ found for matrix in carried), start=0 * found)).tocsr()
        found.eliminate_zeros()
        return found


class _Aggregation(torch.autograd.Function):
    """A sparse matrix times a dense one; backwards the transposed, which is kept ready instead of made at each step."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor, transposed: Tensor, x: Tensor) -> Tensor:
        ctx.transposed = transposed
        return matrix @ x

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, Tensor]:
        return None, None, ctx.transposed @ gradients[0]


class _Carried(torch.autograd.Function):
    """x + sum_r a_r A_r x, with never more than one A_r x in memory: forwards nor backwards."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, multiples: Tensor, edges: RelationalEdges) -> Tensor:
        ctx.save_for_backward(x, multiples)
        ctx.edges = edges
        out = x.clone()
        for multiple, matrix in zip(multiples, edges.matrices, strict=True):
            out += multiple * (matrix @ x)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        x, multiples = ctx.saved_tensors
        of_x, of_multiples = gradients[0].clone(), torch.empty_like(multiples)
        for row, (multiple, back) in enumerate(zip(multiples, ctx.edges.transposed, strict=True)):
            returned = back @ gradients[0]
            of_x += multiple * returned
            of_multiples[row] = (returned * x).sum()  # <g, A x> = <A^T g, x>
        return of_x, of_multiples, None


def _sparse(matrix: sp.csr_array) -> Tensor:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta", category=UserWarning)
        return torch.sparse_csr_tensor(
            torch.from_numpy(matrix.indptr.astype("int64")),
            torch.from_numpy(matrix.indices.astype("int64")),
            torch.from_numpy(matrix.data.astype("float32")),
            size=matrix.shape,
            check_invariants=False,  # scipy made them; said explicitly, or torch warns
        )
