"""Ours without the edges of one type: nothing else changes, and what only they told is lost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from film_graphs import RATED, SCHEMA, WITHOUT_USERS, two_tastes

from kg_rec.errors import ModelError
from kg_rec.evaluation import controls
from kg_rec.evaluation.evaluator import Scope, evaluate_strangers
from kg_rec.evaluation.relations import (
    CARRIED,
    TRAINED,
    evidence_without,
    in_texts,
    rank_without_each,
    relation_types,
    without_type,
)
from kg_rec.evaluation.strangers import Stranger
from kg_rec.graph.export import HeteroData
from kg_rec.model.features import relation_matrices
from kg_rec.model.fusion import Fusion
from kg_rec.model.signals import SIGNALS
from kg_rec.model.training import TrainingSettings
from kg_rec.text.encoder import HashEncoder

DIRECTED = ("Film", "DIRECTED_BY", "Person")
FILMS = 36


@pytest.fixture(scope="module")
def graph() -> HeteroData:
    return two_tastes(people=60, films=FILMS)


@pytest.fixture(scope="module", params=[1, 2], ids=["one layer", "two layers"])
def ours(request: pytest.FixtureRequest, graph: HeteroData) -> controls.Served:
    return controls.train(graph, SCHEMA, HashEncoder(), TrainingSettings(steps=4, layers=request.param))


def test_the_types_are_those_between_entities(graph: HeteroData) -> None:
    assert relation_types(graph, SCHEMA) == {"DIRECTED_BY": FILMS, "HAS_GENRE": FILMS}
    assert in_texts(graph, SCHEMA) == {"DIRECTED_BY", "HAS_GENRE"}
    unsaid = SCHEMA.model_copy(update={"interests": ("Film", "Genre")})
    assert in_texts(graph, unsaid) == {"HAS_GENRE"}
    assert "RATED" in relation_types(graph, WITHOUT_USERS)  # nobody is a user then


def test_with_nothing_taken_away_it_is_what_was_trained(ours: controls.Served, graph: HeteroData) -> None:
    model = ours.artifact.model
    found = evidence_without(model, relation_matrices(graph, model.entities), None)
    np.testing.assert_allclose(found.one_hot.toarray(), model.evidence.one_hot.toarray(), atol=1e-6)
    assert (found.direct != model.evidence.direct).nnz == 0


def test_the_edges_of_a_type_are_missing_and_no_others(ours: controls.Served, graph: HeteroData) -> None:
    model = ours.artifact.model
    index = model.entities.index
    found = evidence_without(model, relation_matrices(graph, model.entities), "DIRECTED_BY")
    people, genres = [index["Person/e"], index["Person/o"]], [index[f"Genre/{name}"] for name in ("Comedy", "Western")]
    assert model.evidence.direct[:, people].nnz == FILMS and found.direct[:, people].nnz == 0
    assert (found.direct[:, genres] != model.evidence.direct[:, genres]).nnz == 0
    assert model.evidence.one_hot[:, people].nnz > 2 and found.one_hot[:, people].nnz == 2  # each is itself
    assert found.one_hot[:, genres].nnz >= 2 * FILMS // 3
    assert found.text is model.evidence.text and found.likings is model.evidence.likings


def test_an_edge_that_another_relation_has_as_well_stays(graph: HeteroData) -> None:
    twice = controls.copied(graph)
    twice["Film", "WRITTEN_BY", "Person"].edge_index = graph[DIRECTED].edge_index.clone()
    twice["Film", "WRITTEN_BY", "Person"].properties = {}
    model = controls.train(twice, SCHEMA, HashEncoder(), TrainingSettings(steps=0)).artifact.model
    found = evidence_without(model, relation_matrices(twice, model.entities), "DIRECTED_BY")
    assert (found.direct != model.evidence.direct).nnz == 0
    assert found.one_hot.sum() < model.evidence.one_hot.sum()


def test_a_model_that_does_not_tell_what_its_relations_carry_is_refused(
    ours: controls.Served, graph: HeteroData
) -> None:
    model = ours.artifact.model
    earlier = replace(model, metrics={})
    with pytest.raises(ModelError, match="carries, found 0 of them") as caught:
        evidence_without(earlier, relation_matrices(graph, model.entities), None)
    assert "kg-rec train" in caught.value.remedy
    served = replace(ours, artifact=replace(ours.artifact, model=earlier))
    said: list[str] = []
    with pytest.raises(ModelError):
        evaluate_strangers([], served, graph, model.settings, say=said.append)
    assert not said  # before anything is trained


def test_what_only_one_relation_tells_is_lost_without_it(ours: controls.Served, graph: HeteroData) -> None:
    """Who names a director wants their films; no genre tells which these are."""
    strangers = [
        Stranger(f"{name} {number}", f"I like {name}", frozenset(range(first, FILMS, 2)), frozenset())
        for number in range(10)
        for first, name in ((0, "Edith Even"), (1, "Otto Odd"))
    ]
    understood = ours.understand([one.text for one in strangers])
    hidden = [frozenset[int]()] * len(strangers)
    lists = rank_without_each(ours, graph, understood, hidden)
    assert set(lists) == {CARRIED.format("DIRECTED_BY"), CARRIED.format("HAS_GENRE")}
    # The sentences are written from the director, too; here nothing but the neighbours counts.
    only = np.array([name == "direct" for name in SIGNALS], dtype=np.float32)
    model = replace(ours.artifact.model, fusion=Fusion(only, only.copy()))
    ours = replace(ours, artifact=replace(ours.artifact, model=model))
    section = evaluate_strangers(strangers, ours, graph, model.settings, scope=Scope(quick=True))
    found = {one.type: one for one in section.relations}
    assert found["DIRECTED_BY"].served.metrics["recall@10"].low > 0.05
    assert found["HAS_GENRE"].served.metrics["recall@10"].mean == pytest.approx(0, abs=0.05)
    assert found["DIRECTED_BY"].edges == FILMS and found["DIRECTED_BY"].in_texts
    assert found["DIRECTED_BY"].trained is None


def test_a_model_can_be_trained_without_each_type(graph: HeteroData) -> None:
    less, schema = without_type(graph, SCHEMA, "DIRECTED_BY")
    assert schema is SCHEMA
    assert less[DIRECTED].edge_index.shape == (2, 0) and graph[DIRECTED].edge_index.shape == (2, FILMS)
    assert less[RATED].edge_index is graph[RATED].edge_index
    told = SCHEMA.model_copy(update={"asking": ("a [{kind} ]{item}[ {HAS_GENRE}]",)})
    assert without_type(graph, told, "HAS_GENRE")[1] is told
    assert (
        without_type(graph, told, "DIRECTED_BY")[1].asking == ()
    )  # the genre is the kind then, and no slot of its own
    ours = controls.train(graph, told, HashEncoder(), TrainingSettings(steps=0))
    strangers = [Stranger(f"p{row}", "I like Edith Even", frozenset({2, 4}), frozenset()) for row in range(3)]
    said: list[str] = []
    section = evaluate_strangers(
        strangers, ours, graph, TrainingSettings(steps=0), scope=Scope(relations=True), say=said.append
    )
    assert "seed 0: training without HAS_GENRE" in said and len(said) == 4
    assert [one.trained.against if one.trained else "" for one in section.relations] == [
        TRAINED.format("DIRECTED_BY"),
        TRAINED.format("HAS_GENRE"),
    ]
