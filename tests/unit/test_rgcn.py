"""The relational convolution: the numbers of PyG's own layer, the right gradients, and a start that is the prior."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch import Tensor

from kg_rec.errors import ShapeError
from kg_rec.model.rgcn import RGCN, OneHotRGCN, RelationalConv, RelationalEdges, _Aggregation, propagate

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # torch_geometric says at import what newer versions of torch will drop
    from torch_geometric.nn import RGCNConv

NODES, RELATIONS = 30, 4


@pytest.fixture(params=[0, 1, 2])
def seed(request: pytest.FixtureRequest) -> int:
    torch.manual_seed(request.param)
    return int(request.param)


def pairs(seed: int) -> tuple[Tensor, Tensor]:
    """Random edges without repetition, some nodes without any: edge_index [2, E] from sender to receiver, edge_type [E]."""
    rng = np.random.default_rng(seed)
    drawn = {(int(rng.integers(NODES)), int(rng.integers(NODES - 5)), int(rng.integers(RELATIONS))) for _ in range(150)}
    found = torch.tensor(sorted(drawn))
    return found[:, :2].T.contiguous(), found[:, 2]


def mean_edges(edge_index: Tensor, edge_type: Tensor) -> RelationalEdges:
    """The same edges as matrices: row i has 1/|N_r(i)| for each neighbour."""
    matrices = {}
    for relation in range(RELATIONS):
        senders, receivers = edge_index[:, edge_type == relation].numpy()
        matrix = sp.csr_array((np.ones(len(senders)), (receivers, senders)), shape=(NODES, NODES))
        counts = np.maximum(matrix.sum(axis=1), 1)
        matrices[f"R{relation}"] = sp.csr_array(sp.diags_array(1 / counts) @ matrix)
    return RelationalEdges.of(matrices)


def dense(edges: RelationalEdges) -> Tensor:
    return torch.stack([matrix.to_dense() for matrix in edges.matrices])


def weighted_edges(seed: int) -> RelationalEdges:
    rng = np.random.default_rng(seed)
    return RelationalEdges.of(
        {f"R{relation}": sp.random_array((NODES, NODES), density=0.1, rng=rng, format="csr") for relation in range(3)}
    )


def test_propagation_gives_the_numbers_of_pyg(seed: int) -> None:
    edge_index, edge_type = pairs(seed)
    theirs = RGCNConv(12, 7, RELATIONS, bias=False)
    x = torch.randn(NODES, 12)
    weight = torch.cat([theirs.root[None], theirs.weight])
    ours = propagate(x, mean_edges(edge_index, edge_type), weight)
    expected = theirs(x, edge_index, edge_type)
    assert ours.shape == (NODES, 7)
    torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-5)
    assert (expected - x @ theirs.root).abs().max() > 0.1  # the neighbours do say something


def test_propagation_gives_the_numbers_of_pyg_with_bases(seed: int) -> None:
    edge_index, edge_type = pairs(seed)
    theirs = RGCNConv(12, 7, RELATIONS, num_bases=2, bias=False)
    x = torch.randn(NODES, 12)
    composed = torch.einsum("rb,bfg->rfg", theirs.comp, theirs.weight)
    ours = propagate(x, mean_edges(edge_index, edge_type), torch.cat([theirs.root[None], composed]))
    torch.testing.assert_close(ours, theirs(x, edge_index, edge_type), rtol=1e-5, atol=1e-5)


def learned(start: Tensor, size: int, rank: int = 3) -> RelationalConv:
    """A layer as after some learning: everything has departed from the start."""
    layer = RelationalConv(start, size, rank)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.add_(0.4 * torch.randn_like(parameter))
    return layer


def test_the_layer_gives_the_numbers_of_pyg(seed: int) -> None:
    """Identity and low-rank basis are two bases of PyG's layer, the a_r and c_r its coefficients."""
    edge_index, edge_type = pairs(seed)
    layer = learned(torch.rand(RELATIONS), 12)
    theirs = RGCNConv(12, 12, RELATIONS, num_bases=2, bias=False)
    with torch.no_grad():
        theirs.root.copy_(torch.eye(12))
        theirs.weight.copy_(torch.stack([torch.eye(12), layer.basis_in @ layer.basis_out]))
        theirs.comp.copy_(torch.stack([layer.multiples(), layer.coefficient], dim=1))
    x = torch.randn(NODES, 12)
    torch.testing.assert_close(
        layer(x, mean_edges(edge_index, edge_type)), theirs(x, edge_index, edge_type), rtol=1e-5, atol=1e-5
    )


def test_the_layer_is_propagation_with_its_weights(seed: int) -> None:
    edges, layer, x = weighted_edges(seed), learned(torch.rand(3), 8), torch.randn(NODES, 8)
    out = layer(x, edges)
    torch.testing.assert_close(out, propagate(x, edges, layer.weight()), rtol=1e-5, atol=1e-5)


def test_weighted_neighbours_are_summed_as_in_dense_matrices(seed: int) -> None:
    edges, x, weight = weighted_edges(seed), torch.randn(NODES, 8), torch.randn(4, 8, 5)
    expected = x @ weight[0] + sum(dense(edges)[r] @ x @ weight[r + 1] for r in range(3))
    torch.testing.assert_close(propagate(x, edges, weight), expected, rtol=1e-5, atol=1e-5)


def test_gradients_are_those_of_dense_matrices(seed: int) -> None:
    edges = weighted_edges(seed)
    x = torch.randn(NODES, 8, requires_grad=True)
    weight = torch.randn(4, 8, 5, requires_grad=True)
    ours = torch.autograd.grad(propagate(x, edges, weight).square().sum(), (x, weight))
    by_hand = x @ weight[0] + torch.einsum("rnm,mf,rfg->ng", dense(edges), x, weight[1:])
    for found, expected in zip(ours, torch.autograd.grad(by_hand.square().sum(), (x, weight)), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-3)


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta")
def test_the_gradient_of_aggregation_is_its_derivative() -> None:
    rng = np.random.default_rng(3)
    matrix = torch.from_numpy(sp.random_array((6, 6), density=0.4, rng=rng).toarray())
    assert not torch.equal(matrix, matrix.T)
    forwards, backwards = matrix.to_sparse_csr(), matrix.T.contiguous().to_sparse_csr()
    x = torch.randn(6, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: _Aggregation.apply(forwards, backwards, x), (x,))


def test_weights_start_at_the_prior() -> None:
    start = torch.tensor([0.1, 1.0, 0.0])
    layer = RelationalConv(start, 6, rank=2)
    eye = torch.eye(6)
    assert torch.equal(layer.weight(), torch.stack([eye, 0.1 * eye, eye, 0 * eye]))
    edges, x = weighted_edges(0), torch.randn(NODES, 6)
    smoothed = x + 0.1 * (dense(edges)[0] @ x) + dense(edges)[1] @ x
    torch.testing.assert_close(layer(x, edges), smoothed, rtol=1e-5, atol=1e-5)
    assert not layer.start.requires_grad and "start" in layer.state_dict()


def test_the_start_can_be_left_in_every_direction() -> None:
    """At the start the basis is zero; some gradient must still reach it, and through it the rest."""
    layer, edges, x = RelationalConv(torch.zeros(3), 6, rank=2), weighted_edges(0), torch.randn(NODES, 6)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.01)
    wanted = torch.randn(NODES, 6)
    for _ in range(2):
        optimizer.zero_grad()
        (layer(x, edges) - wanted).square().mean().backward()
        optimizer.step()
    for name, parameter in layer.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name


def test_weight_decay_pulls_to_the_prior() -> None:
    start = torch.tensor([0.3, 0.7])
    layer = learned(start, 5)
    prior = RelationalConv(start, 5).weight().detach()
    optimizer = torch.optim.AdamW(layer.parameters(), lr=0.1, weight_decay=0.5)
    distances = []
    for _ in range(200):
        distances.append(float((layer.weight().detach() - prior).norm()))
        optimizer.zero_grad()
        (0.0 * layer.weight()).sum().backward()
        optimizer.step()
    assert distances == sorted(distances, reverse=True)
    assert distances[0] > 1 and distances[-1] < 1e-3


def test_layers_follow_one_another() -> None:
    edges, x = weighted_edges(1), torch.randn(NODES, 6)
    network = RGCN([torch.rand(3), torch.rand(3)], 6, rank=2).eval()
    one, two = network.convolutions
    torch.testing.assert_close(network(x, edges), two(one(x, edges), edges))


def test_dropout_hides_features_while_learning_only() -> None:
    edges, x = weighted_edges(1), torch.rand(NODES, 50) + 1
    network = RGCN([torch.ones(3)], 50, dropout=0.4)
    hidden = (network.train()(x, edges) == 0).float().mean()
    assert 0.3 < hidden < 0.5
    assert not (network.eval()(x, edges) == 0).any()


@pytest.mark.parametrize("shape", [(3, 8, 5), (5, 8, 5), (4, 7, 5), (8, 5)])
def test_weights_that_do_not_fit_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(
        ShapeError, match=r"expected weight \[4, 8, F_out\] for 3 relations and x \[30, 8\], found"
    ) as e:
        propagate(torch.zeros(NODES, 8), weighted_edges(0), torch.zeros(shape))
    assert str(list(shape)) in str(e.value)


def test_features_of_other_nodes_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"expected x \[30, F\], found \[31, 8\]"):
        propagate(torch.zeros(NODES + 1, 8), weighted_edges(0), torch.zeros(4, 8, 5))


def test_other_numbers_of_relations_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"expected start \[R\], one number a relation, found \[3, 2\]"):
        RelationalConv(torch.zeros(3, 2), 8)
    with pytest.raises(ShapeError, match="expected 4 relations, found 3"):
        RelationalConv(torch.zeros(4), 8)(torch.zeros(NODES, 8), weighted_edges(0))


def test_without_relations_only_the_self_loop_is_left() -> None:
    x, edges = torch.randn(NODES, 6), RelationalEdges.of({})
    with pytest.raises(ShapeError, match=r"expected weight \[1, 6, F_out\]"):
        propagate(x, edges, torch.zeros(2, 6, 6))
    assert torch.equal(propagate(x, edges, torch.eye(6)[None]), x)


def one_hot(seed: int, layers: int) -> tuple[OneHotRGCN, list[sp.csr_array], RelationalEdges, Tensor]:
    """A network as after some learning, its relations, and H made densely."""
    rng = np.random.default_rng(seed)
    drawn = [sp.random_array((NODES, NODES), density=0.1, rng=rng, format="csr") for _ in range(3)]
    matrices = [matrix.astype(np.float32) for matrix in drawn]
    edges = RelationalEdges.of({f"R{relation}": matrix for relation, matrix in enumerate(matrices)})
    network = OneHotRGCN([torch.rand(3) for _ in range(layers)])
    h = torch.eye(NODES)
    with torch.no_grad():
        for layer in network.convolutions:
            layer.scale.copy_(0.4 * torch.randn(3))
            h = h + torch.einsum("r,rnm,mk->nk", layer.start + layer.scale, dense(edges), h)
    return network, matrices, edges, h


@pytest.mark.parametrize("layers", [1, 2])
def test_what_nodes_share_is_exact(seed: int, layers: int) -> None:
    network, _, edges, h = one_hot(seed, layers)
    weights = torch.randn(NODES, 4)
    torch.testing.assert_close(network.shared(weights, edges), h @ h.T @ weights, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layers", [1, 2])
def test_one_hot_representations_are_sparse_and_exact(seed: int, layers: int) -> None:
    network, matrices, edges, h = one_hot(seed, layers)
    found = network.representations(matrices)
    assert isinstance(found, sp.csr_array) and found.dtype == np.float32
    np.testing.assert_allclose(found.toarray(), h.numpy(), rtol=1e-5, atol=1e-6)
    assert found.nnz == torch.count_nonzero(h) < NODES**2 / (2 if layers == 1 else 1)
    identity = torch.eye(NODES)  # and they are the network of features that are one-hot
    for layer in network.convolutions:
        identity = layer(identity, edges)
    torch.testing.assert_close(identity, h, rtol=1e-5, atol=1e-6)


def test_relations_that_carry_nothing_leave_the_nodes_themselves() -> None:
    _, matrices, edges, _ = one_hot(0, 1)
    network, weights = OneHotRGCN([torch.zeros(3)]), torch.randn(NODES, 2)
    found = network.representations(matrices)
    assert found.nnz == NODES and (found.diagonal() == 1).all()
    assert torch.equal(network.shared(weights, edges), weights)


@pytest.mark.parametrize("layers", [1, 2])
def test_one_hot_gives_the_numbers_of_pyg(seed: int, layers: int) -> None:
    """PyG's layer for x = I, with a multiple of the identity for each relation."""
    edge_index, edge_type = pairs(seed)
    edges = mean_edges(edge_index, edge_type)
    network = OneHotRGCN([torch.rand(RELATIONS) for _ in range(layers)])
    h = torch.eye(NODES)
    with torch.no_grad():
        for layer in network.convolutions:
            layer.scale.copy_(0.4 * torch.randn(RELATIONS))
            theirs = RGCNConv(NODES, NODES, RELATIONS, bias=False)
            theirs.root.copy_(torch.eye(NODES))
            theirs.weight.copy_(layer.multiples()[:, None, None] * torch.eye(NODES))
            h = theirs(h, edge_index, edge_type)
        matrices = [sp.csr_array(matrix.to_dense().numpy()) for matrix in edges.matrices]
        found = torch.from_numpy(network.representations(matrices).toarray())
        torch.testing.assert_close(found, h, rtol=1e-5, atol=1e-5)
        weights = torch.randn(NODES, 4)
        torch.testing.assert_close(network.shared(weights, edges), h @ h.T @ weights, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layers", [1, 2])
def test_gradients_reach_how_much_each_relation_carries(seed: int, layers: int) -> None:
    network, _, edges, _ = one_hot(seed, layers)
    scales = [layer.scale for layer in network.convolutions]
    weights, wanted = torch.randn(NODES, 4), torch.randn(NODES, 4)
    found = torch.autograd.grad((network.shared(weights, edges) - wanted).square().mean(), scales)
    h = torch.eye(NODES)
    for layer in network.convolutions:
        h = h + torch.einsum("r,rnm,mk->nk", layer.multiples(), dense(edges), h)
    expected = torch.autograd.grad((h @ h.T @ weights - wanted).square().mean(), scales)
    for one, other in zip(found, expected, strict=True):
        assert one.abs().min() > 0
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def test_without_a_basis_only_the_multiples_are_learned() -> None:
    layer, edges, x = learned(torch.rand(3), 6, rank=0), weighted_edges(2), torch.randn(NODES, 6)
    torch.testing.assert_close(layer(x, edges), propagate(x, edges, layer.weight()), rtol=1e-5, atol=1e-5)
    assert torch.equal(layer.weight()[1:], layer.multiples()[:, None, None] * torch.eye(6))


def test_gradients_of_the_layer_are_those_of_propagation(seed: int) -> None:
    edges, layer = weighted_edges(seed), learned(torch.rand(3), 8)
    x = torch.randn(NODES, 8, requires_grad=True)
    wanted = [x, *layer.parameters()]
    ours = torch.autograd.grad(layer(x, edges).square().sum(), wanted)
    theirs = torch.autograd.grad(propagate(x, edges, layer.weight()).square().sum(), wanted)
    for found, expected in zip(ours, theirs, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-2)
