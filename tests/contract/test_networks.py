"""What every network in the signal `graph` has to do, and what is made of it: ours, and modules of PyTorch Geometric."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from film_graphs import SCHEMA, WITHOUT_USERS, artifact_of, train, two_tastes
from torch import Tensor, nn
from torch_geometric.nn import HGTConv, RGCNConv, SAGEConv, to_hetero

from kg_rec.errors import ModelError, ShapeError
from kg_rec.evaluation import controls
from kg_rec.evaluation.evaluator import Scope, evaluate_people_of_the_graph
from kg_rec.graph.export import HeteroData
from kg_rec.model.artifact import Artifact, load_artifact, save_artifact
from kg_rec.model.card import model_card
from kg_rec.model.features import LIKED_TOGETHER, number_entities, relation_matrices
from kg_rec.model.link_prediction import People
from kg_rec.model.protocol import MakeNetwork, OwnNetwork, RelationalGraph
from kg_rec.model.ranking import Ranking
from kg_rec.model.rgcn import OneHotRGCN
from kg_rec.model.signals import SIGNALS, no_entries
from kg_rec.model.similarity import Similarity
from kg_rec.model.training import TrainedModel, TrainingSettings
from kg_rec.text.encoder import HashEncoder

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:torch_geometric", "ignore::FutureWarning")

START = TrainingSettings()
QUICK: dict[str, Any] = {"steps": 12, "learning_rate": 0.02, "temperature": 1.0, "target_tilt": 0.0}


def ours(graph: RelationalGraph) -> nn.Module:
    """Our own network as any other, with H whole."""
    relations = len(graph.relations) - 1
    starts = torch.tensor([*[START.one_hot_relation] * relations, START.one_hot_together])
    return OneHotRGCN([starts])


class Plain(nn.Module):
    """One relational convolution of PyTorch Geometric."""

    def __init__(self, graph: RelationalGraph) -> None:
        super().__init__()
        self.convolution = RGCNConv(graph.x.size(1), 8, len(graph.relations))

    def forward(self, graph: RelationalGraph) -> Tensor:
        z: Tensor = self.convolution(graph.x, graph.edge_index, graph.edge_type)
        return z


class Transformer(nn.Module):
    """A heterogeneous graph transformer, which takes the graph apart by label."""

    def __init__(self, graph: RelationalGraph) -> None:
        super().__init__()
        self.convolution = HGTConv(-1, 8, graph.hetero.metadata())

    def forward(self, graph: RelationalGraph) -> Tensor:
        found = self.convolution(graph.hetero.x_dict, graph.hetero.edge_index_dict)
        return graph.rows(found)


class Sage(nn.Module):
    """GraphSAGE, made heterogeneous, with sizes that are found out at the first call."""

    def __init__(self, graph: RelationalGraph) -> None:
        super().__init__()

        class Homogeneous(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.convolution = SAGEConv((-1, -1), 8)

            def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
                z: Tensor = self.convolution(x, edge_index)
                return z

        self.inner = to_hetero(Homogeneous(), graph.hetero.metadata())

    def forward(self, graph: RelationalGraph) -> Tensor:
        return graph.rows(self.inner(graph.hetero.x_dict, graph.hetero.edge_index_dict))


NETWORKS: dict[str, MakeNetwork] = {"ours": ours, "RGCNConv": Plain, "HGTConv": Transformer, "SAGEConv": Sage}


@pytest.fixture(scope="module")
def graph() -> HeteroData:
    return two_tastes(people=30, films=40)


@pytest.fixture(scope="module")
def relational(graph: HeteroData) -> RelationalGraph:
    entities = number_entities(graph, SCHEMA)
    matrices = relation_matrices(graph, entities)
    x = torch.from_numpy(HashEncoder().encode(entities.names))
    return RelationalGraph.of(
        x, entities.slices, {**matrices, LIKED_TOGETHER: no_entries(len(entities), len(entities))}
    )


@pytest.fixture(params=NETWORKS)
def make(request: pytest.FixtureRequest) -> MakeNetwork:
    return NETWORKS[request.param]


@pytest.fixture(scope="module")
def models(graph: HeteroData) -> Callable[[MakeNetwork], TrainedModel]:
    made: dict[MakeNetwork, TrainedModel] = {}

    def trained(make: MakeNetwork) -> TrainedModel:
        if make not in made:
            made[make] = train(graph, model=make, **QUICK)
        return made[make]

    return trained


def test_what_entities_share_is_the_product_of_their_representations(
    make: MakeNetwork, relational: RelationalGraph
) -> None:
    torch.manual_seed(0)
    network = OwnNetwork(make, relational).eval()
    z, weights = network.representations(relational), torch.rand(len(relational), 3)
    assert z.shape[0] == len(relational) == 45 and z.dtype == torch.float32
    torch.testing.assert_close(network.shared(weights, relational), z @ z.T @ weights, rtol=1e-4, atol=1e-5)
    torch.autograd.backward(network.shared(weights, relational).square().sum())
    assert any(one.grad is not None and bool(one.grad.any()) for one in network.parameters())


def test_it_is_trained_and_keeps_its_best_step(
    make: MakeNetwork, models: Callable[[MakeNetwork], TrainedModel]
) -> None:
    model = models(make)
    best, history = model.metrics["best"], model.metrics["history"]
    assert best["loss"] == min(entry["loss"] for entry in history) < history[0]["loss"] - 0.01
    assert model.metrics["best step"] > 0 and "carried" not in model.metrics
    assert set(model.relation_weights.values()) == {1.0} and list(model.relation_weights)[-1] == LIKED_TOGETHER
    assert model.evidence.z is not None and model.evidence.z.shape[0] == 45 and not model.evidence.one_hot.nnz


def test_the_same_seed_gives_the_same_numbers(
    make: MakeNetwork, graph: HeteroData, models: Callable[[MakeNetwork], TrainedModel]
) -> None:
    torch.rand(3)  # whatever was drawn before
    again, first = train(graph, model=make, **QUICK).evidence.z, models(make).evidence.z
    assert again is not None and first is not None
    np.testing.assert_allclose(again, first, rtol=1e-5, atol=1e-6)


def test_the_signal_graph_is_what_it_says_and_no_other_signal_changes(
    make: MakeNetwork, graph: HeteroData, models: Callable[[MakeNetwork], TrainedModel]
) -> None:
    model, usual = models(make), train(graph, **QUICK)
    vectors = HashEncoder().encode(["quiet films"])
    from kg_rec.interest import Interest

    theirs = [Interest("Film/003", "Film", "", 0.7), Interest("Genre/Drama", "Genre", "", 1.0, -1)]
    people = People.of(vectors, [theirs], model.entities.index)
    z, predictor = model.evidence.z, model.evidence.predictor
    assert z is not None
    carried = predictor.carried(people).detach().numpy()
    person = carried @ z[people.entity.numpy()]
    found, expected = model.evidence.signals(people), usual.evidence.signals(people)
    np.testing.assert_allclose(
        found[0, SIGNALS.index("graph")], float(predictor.beta.detach()) * z[:40] @ person, rtol=1e-4, atol=1e-5
    )
    others = [place for place, name in enumerate(SIGNALS) if name != "graph"]
    np.testing.assert_array_equal(found[:, others], expected[:, others])


def test_it_is_on_disk_as_tensors_and_answers_without_the_module(
    make: MakeNetwork, graph: HeteroData, models: Callable[[MakeNetwork], TrainedModel], tmp_path: Path
) -> None:
    model, encoder = models(make), HashEncoder()
    kept = Artifact(
        model,
        SCHEMA,
        {"filmId": graph["Film"].properties["filmId"]},
        "0123456789abcdef",
        {"name": "hash", "fingerprint": encoder.fingerprint, "dim": encoder.dim},
    )
    save_artifact(kept, tmp_path)
    loaded = load_artifact(tmp_path)
    assert loaded.model.network == model.network and model.network is not None
    vectors, asks = encoder.encode(["quiet films"]), np.ones(1, dtype=np.float32)
    assert Ranking(loaded).rank(vectors, [[]], asks, k=5) == Ranking(kept).rank(vectors, [[]], asks, k=5)
    assert {path.suffix for path in tmp_path.glob("*/*")} == {".json", ".safetensors"}
    card = model_card(loaded)
    assert card.network == model.network and not card.relations
    likeness = Similarity(loaded.model)
    near = likeness.nearest(likeness.item(0), likeness.items, 3)
    assert near[0].row == 0 and near[0].parts["graph"] == pytest.approx(1 / 3, abs=1e-4)


def test_ours_whole_is_ours(graph: HeteroData, models: Callable[[MakeNetwork], TrainedModel]) -> None:
    """The protocol loses nothing: our own network through it, dense, learns what it learns by itself."""
    through, usual = models(ours), train(graph, **QUICK)
    assert through.evidence.z is not None
    np.testing.assert_allclose(through.evidence.z, usual.evidence.one_hot.toarray(), atol=1e-5)
    assert through.metrics["best"] == pytest.approx(usual.metrics["best"], rel=1e-5)
    for name, value in usual.evidence.predictor.state_dict().items():
        torch.testing.assert_close(through.evidence.predictor.state_dict()[name], value, rtol=1e-4, atol=1e-6)
    assert usual.network is None and usual.evidence.z is None


def test_people_are_scored_in_a_graph_without_their_fold(graph: HeteroData) -> None:
    """What people of a fold liked together is in none of the graphs that the network is given for them."""
    given: list[tuple[bool, float]] = []

    class Watching(Plain):
        def forward(self, graph: RelationalGraph) -> Tensor:
            liked = graph.matrices[LIKED_TOGETHER]
            given.append((self.training, float((liked.data * np.arange(1, liked.nnz + 1)).sum())))
            return super().forward(graph)

    train(graph, model=Watching, steps=8)
    learning = {mark for training, mark in given if training}
    assert len(learning) == 4  # the four folds that are learned from, each with a graph of its own
    made_and_judged = [mark for training, mark in given if not training]
    assert len(set(made_and_judged[:2])) == 1 and made_and_judged[0] not in learning  # the fold that is held out


def test_without_people_it_is_used_as_it_is_made() -> None:
    model = train(two_tastes(people=8), WITHOUT_USERS, model=Plain)
    assert model.evidence.z is not None and np.isfinite(model.evidence.z).all() and "best" not in model.metrics


def test_the_graph_is_told_in_the_ways_of_pytorch_geometric(relational: RelationalGraph) -> None:
    sources, targets = relational.edge_index
    assert relational.labels == ("Film", "Genre", "Person") and relational.node_type.bincount().tolist() == [40, 3, 2]
    for edge in (0, 7, len(relational.edge_type) - 1):
        name = relational.relations[int(relational.edge_type[edge])]
        weight = relational.matrices[name][int(targets[edge]), int(sources[edge])]
        assert float(relational.edge_weight[edge]) == pytest.approx(float(weight)) and weight > 0
    data = relational.hetero
    assert data.validate() and sorted(data.edge_types) == [
        ("Film", "DIRECTED_BY", "Person"),
        ("Film", "HAS_GENRE", "Genre"),
        ("Film", "LIKED_TOGETHER", "Film"),  # empty here, but there
        ("Genre", "rev_HAS_GENRE", "Film"),
        ("Person", "rev_DIRECTED_BY", "Film"),
    ]
    assert data["Film", "HAS_GENRE", "Genre"].edge_index.shape == (2, 40)
    assert data["Film", "HAS_GENRE", "Genre"].edge_index[1].max() == 2
    torch.testing.assert_close(relational.rows(data.x_dict), relational.x)
    with pytest.raises(ShapeError, match="found none of Genre: no relation leads to it"):
        relational.rows({"Film": relational.x[:40], "Person": relational.x[43:]})


class Wrong(nn.Module):
    """Gives what it is made with."""

    def __init__(self, gives: Any) -> None:
        super().__init__()
        self.gives = gives

    def forward(self, graph: RelationalGraph) -> Any:
        return self.gives


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda graph: Wrong(torch.zeros(3, 4)),
            ShapeError,
            r"expected z \[45, D\] of floats, found torch.float32 \[3, 4\]",
        ),
        (lambda graph: Wrong(torch.zeros(45)), ShapeError, r"found torch.float32 \[45\]"),
        (lambda graph: Wrong(torch.zeros(45, 2, dtype=torch.long)), ShapeError, r"found torch.int64 \[45, 2\]"),
        (lambda graph: Wrong({"Film": 1}), ShapeError, "found dict"),
        (lambda graph: graph.x, ModelError, "expected a torch.nn.Module made from the graph, found Tensor"),
    ],
)
def test_what_is_wrong_is_told_before_people_are_encoded(
    make: Any, error: type[ModelError], message: str, graph: HeteroData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kg_rec.model.training.simulate_people", lambda *_, **__: pytest.fail("too late"))
    with pytest.raises(error, match=message) as caught:
        train(graph, model=make)
    assert "forward takes a RelationalGraph and returns z [N, D]" in caught.value.remedy


def test_a_network_that_is_not_finite_is_refused(graph: HeteroData) -> None:
    with pytest.raises(ModelError, match="not finite"):
        train(graph, steps=0, model=lambda graph: Wrong(torch.full((45, 2), torch.nan)))


def test_it_is_evaluated_with_controls_of_its_kind(graph: HeteroData) -> None:
    made: list[int] = []

    def make(graph: RelationalGraph) -> nn.Module:
        made.append(len(graph.relations))
        return Plain(graph)

    (section,) = evaluate_people_of_the_graph(
        graph, SCHEMA, HashEncoder(), replace(START, steps=4), share=0.3, manners=["asking"], scope=Scope(), model=make
    )
    assert made == [5, 1, 5]  # ours, without the graph, and on the shuffled one
    assert controls.SHUFFLED in [system.name for system in section.systems]
    assert not section.relations and section.fidelity is None


def test_a_model_that_tells_nothing_of_its_relations_is_not_judged_by_them(graph: HeteroData) -> None:
    from kg_rec.evaluation.relations import carried_by

    artifact = artifact_of(graph, model=Plain, steps=0)
    with pytest.raises(ModelError, match=r"kg-rec's own network.*found .*Plain") as caught:
        carried_by(artifact.model, relation_matrices(graph, artifact.model.entities))
    assert "--quick" in caught.value.remedy
