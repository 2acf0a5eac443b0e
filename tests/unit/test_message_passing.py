"""benchmarks/message_passing.py: each variant is what it says, and people are shown a graph with nothing of theirs in it."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from film_graphs import artifact_of, two_tastes
from torch.nn.functional import normalize

from kg_rec.evaluation.strangers import Stranger
from kg_rec.graph.export import HeteroData
from kg_rec.model.features import liked_together
from kg_rec.model.rgcn import OneHotRGCN, RelationalEdges, propagate
from kg_rec.model.signals import SIGNALS
from kg_rec.recommender import make_linker
from kg_rec.text.encoder import HashEncoder

SCRIPT = Path(__file__).parents[2] / "benchmarks/message_passing.py"


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(SCRIPT))


@pytest.fixture(scope="module")
def graph() -> HeteroData:
    return two_tastes(people=30, films=90)


@pytest.fixture(scope="module")
def study(script: dict[str, Any], graph: HeteroData, tmp_path_factory: pytest.TempPathFactory) -> Any:
    artifact = artifact_of(graph, steps=8)
    model, encoder = artifact.model, HashEncoder()
    known = np.zeros(len(model.entities), dtype=np.float32)
    linker = make_linker(model.entities, model.names.numpy(), artifact.schema, artifact.properties, known, encoder)
    settings = SimpleNamespace(vectors_path=tmp_path_factory.mktemp("vectors"))
    recommender = SimpleNamespace(artifact=artifact, linker=linker, settings=settings, encoder_of=lambda _: encoder)
    return script["Study"].of(recommender, graph)


@pytest.fixture(scope="module")
def held_out(study: Any) -> Any:
    return study.simulated(0)


def test_the_text_block_is_taken_back_to_its_start_and_carried_again(study: Any) -> None:
    carried = study.carried_text(study.whole.together)
    assert torch.allclose(carried, study.model.evidence.text, atol=1e-5)
    assert not np.allclose(study.text, study.model.evidence.text.numpy(), atol=1e-2)


def test_people_are_shown_a_graph_with_nothing_of_theirs(study: Any, held_out: Any) -> None:
    crowd = study.crowd
    kept = crowd.folds[crowd.interactions.users] != 0
    likes = kept & crowd.liked
    users, items = crowd.interactions.users[likes], crowd.interactions.items[likes]
    together = liked_together(users, items, item_count=study.items, size=len(study.model.entities))
    view = held_out.view
    assert np.allclose(view.together.toarray(), together.toarray(), atol=1e-6)
    assert not np.allclose(view.together.toarray(), study.whole.together.toarray(), atol=1e-3)
    assert torch.allclose(view.evidence.text, study.carried_text(together), atol=1e-5)
    assert view.evidence.likings.likes.shape[0] == len(np.unique(users)) < study.whole.evidence.likings.likes.shape[0]
    assert {crowd.folds[crowd.keys.index(person)] for person in held_out.person} == {0}


def test_the_network_over_the_edges_is_the_signal_of_the_model(study: Any, held_out: Any) -> None:
    shared = OneHotRGCN(study.starts).shared(held_out.interests, held_out.view.edges)[: study.items].T.detach()
    graph = held_out.view.evidence.signals(held_out.people)[:, SIGNALS.index("graph")]
    beta = 1 + held_out.view.evidence.predictor.beta_change.item()
    assert np.abs(graph).max() > 0.1
    assert np.allclose(beta * shared.numpy(), graph, atol=1e-4)


def test_open_gates_carry_all_and_a_closed_one_nothing(script: dict[str, Any], study: Any, held_out: Any) -> None:
    edges, starts, weights = held_out.view.edges, study.starts, held_out.interests
    gates = torch.ones(len(edges.names), weights.shape[1])
    carried = script["gated_shared"](weights, edges, starts, gates)
    assert torch.allclose(carried, OneHotRGCN(starts).shared(weights, edges), atol=1e-5)
    gates[0, 0] = 0.0  # for one person only
    closed = script["gated_shared"](weights, edges, starts, gates)
    less = OneHotRGCN([start * (torch.arange(len(start)) > 0) for start in starts]).shared(weights, edges)
    assert torch.allclose(closed[:, 0], less[:, 0], atol=1e-5)
    assert torch.allclose(closed[:, 1:], carried[:, 1:], atol=1e-5)
    assert not torch.allclose(closed[:, 0], carried[:, 0], atol=1e-3)


def test_paths_are_counted(script: dict[str, Any]) -> None:
    """Films 0 and 1 share genre 3; film 2 has genre 4. Somebody likes film 0, and with half the weight genre 4."""
    has = sp.csr_array(np.zeros((5, 5)))
    has = sp.csr_array((np.ones(3), ([3, 3, 4], [0, 1, 2])), shape=(5, 5))
    knowledge = {"HAS": has, "HAS⁻¹": has.T.tocsr()}
    view = SimpleNamespace(together=sp.csr_array((5, 5)))
    interests = torch.tensor([[1.0], [0.0], [0.0], [0.0], [0.5]])
    audience = _Audience(view=view, interests=interests)
    paths = script["Paths"](SimpleNamespace(knowledge=knowledge, items=3))
    pairs = paths.pairs(view)
    assert pairs == [("", "HAS⁻¹"), ("HAS", "HAS⁻¹")]
    counts = paths.counts(audience, pairs)
    # exp(idf): 3 items over 1 + 2 films of genre 3, over 1 + 1 of genre 4
    assert counts.tolist() == [[[0.0, 0.0, 0.75], [1.0, 1.0, 0.0]]]


class _Audience(SimpleNamespace):
    def __len__(self) -> int:
        return int(self.interests.shape[1])


def test_what_is_liked_together_has_vectors_that_are_near(script: dict[str, Any]) -> None:
    """Two tastes of four films; entity 8 is of the first ones, 9 of the others, and nobody liked film 3, which has entity 8."""
    likes = np.zeros((40, 8), dtype=np.float32)
    likes[:20, :3], likes[20:, 4:] = 1, 1
    direct = np.zeros((8, 10), dtype=np.float32)
    direct[:4, 8], direct[4:, 9] = 1, 1
    vectors = torch.from_numpy(script["liked_vectors"](sp.csr_array(likes), sp.csr_array(direct), size=2))
    cosines = normalize(vectors) @ normalize(vectors).T
    assert cosines[8, :4].min() > 0.9 > 0 > cosines[8, 4:8].max()
    assert cosines[3, 0] > 0.9  # by its entity alone
    assert vectors[3].norm() < vectors[0].norm()


@pytest.mark.parametrize("name", ["block-diagonal", "basis, B = 4", "full W_r"])
def test_decompositions_start_from_the_prior_and_are_the_papers(script: dict[str, Any], name: str) -> None:
    torch.manual_seed(0)
    x, starts = torch.randn(6, 5), torch.tensor([0.6, 0.0])
    matrices = {str(one): sp.random_array((6, 6), density=0.5, format="csr", rng=one) for one in range(2)}
    edges = RelationalEdges.of({name: matrix.astype(np.float32) for name, matrix in matrices.items()})
    network = script["DECOMPOSITIONS"][name](starts, 5)
    carried = edges.aggregate(x)
    assert torch.allclose(network(carried), 0.6 * carried[0], atol=1e-6)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter) / 3)
    eye = torch.eye(5)
    weights = {
        "block-diagonal": lambda: network.multiples[:, None, None] * eye,
        "basis, B = 4": lambda: (
            starts[:, None, None] * eye + torch.einsum("rb,bfg->rfg", network.coefficient, network.basis)
        ),
        "full W_r": lambda: starts[:, None, None] * eye + network.own,
    }[name]()
    expected = propagate(x, edges, torch.cat([eye[None], weights])) - x
    assert torch.allclose(network(carried), expected, atol=1e-5)


def test_a_person_counts_once_and_what_they_know_not_at_all(script: dict[str, Any], study: Any) -> None:
    """a writes twice, b once. Film 0 is the best for all; b knows it. Each wants film 1, which only the second text of a misses."""
    scores = np.tile(-np.arange(60, dtype=np.float32), (3, 1))
    scores[1, 1] = -100
    nobody = frozenset[int]()
    audience = SimpleNamespace(
        banned=np.zeros((3, 60), dtype=bool),
        relevant=[frozenset({1})] * 3,
        known=[nobody, nobody, frozenset({0})],
        person=["a", "a", "b"],
    )
    audience.banned[2, 0] = True
    values = script["judged"](scores, audience)
    assert values["recall@10"].tolist() == [0.5, 1.0]
    assert values["mrr"].tolist() == [1 / 4, 1.0]


@pytest.mark.parametrize("name", ["attention over paths", "co-liking vectors", "contrastive", "random vectors of 256"])
def test_signals_are_finite_and_tell_people_apart(script: dict[str, Any], study: Any, held_out: Any, name: str) -> None:
    learners = [study.simulated(fold, 16) for fold in range(1, 5)]
    signal = script["SIGNALS"][name](study, learners, held_out)
    films = study.model.entities.names
    real = study.real(
        [
            Stranger("p", f"I like {films[0]}", frozenset({2}), frozenset()),
            Stranger("q", "a western", frozenset({3}), frozenset()),
        ]
    )
    found = signal(real)
    assert found.shape == (2, 90) and np.isfinite(found).all()
    assert found.std(axis=1).min() > 0 and not np.allclose(found[0], found[1])


def test_the_weight_is_the_best_on_the_held_out(script: dict[str, Any], study: Any, held_out: Any) -> None:
    wanted = held_out.wanted.astype(np.float32)
    system = script["weighed"]("oracle", [wanted, -wanted], [held_out, held_out], beside=True)
    assert float(system.told.partition(";")[0]) > 0 and "ceiling 0:" in system.told
    now = script["judged"](held_out.now, held_out)
    assert system.held_out["recall@50"].mean() > now["recall@50"].mean() > system.real["recall@50"].mean()


def test_learned_text_starts_as_the_signal_that_is_there(
    script: dict[str, Any], study: Any, held_out: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script["Full"], "rate", 0.0)
    text, told = script["learned_text"](study, script["Full"], [study.simulated(1)], held_out)
    assert told == "step 0"
    assert np.allclose(held_out.with_text(text(held_out)), held_out.now, atol=1e-3)
