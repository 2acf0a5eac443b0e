"""A model brought up to date: the tensors are those of the graph as it is now, the learned weights those of the training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from film_graphs import RATED, SCHEMA, artifact_of, graph_of, train, two_tastes
from torch import Tensor, nn

from kg_rec.errors import ArtifactError, GraphError, ModelError, SchemaError
from kg_rec.graph.content import GraphContent, content_of
from kg_rec.graph.export import HeteroData
from kg_rec.model.artifact import TEXTS, Artifact, load_artifact, load_texts, save_artifact
from kg_rec.model.features import LIKED_TOGETHER, relation_matrices
from kg_rec.model.protocol import RelationalGraph
from kg_rec.model.sync import Update, synced
from kg_rec.schema import EntitySchema, GraphSchema
from kg_rec.text.encoder import HashEncoder

LEARNED: dict[str, Any] = {"steps": 8, "temperature": 7.0}


class Listening:
    """The encoder for tests, which keeps what it was given."""

    name = "hash"

    def __init__(self) -> None:
        self._inner = HashEncoder()
        self.dim, self.fingerprint = self._inner.dim, self._inner.fingerprint
        self.heard: list[str] = []

    def encode(self, texts: Sequence[str], progress: Any = None) -> Any:
        self.heard += texts
        return self._inner.encode(texts, progress)


def moved_on(films: int = 24, gone: int = 3) -> HeteroData:
    """The graph of two tastes after a while: one new film, one new genre, a new liking; the film in row `gone` is no more."""
    graph = two_tastes(films=films)
    nodes = {
        label: {name: list(values) for name, values in graph[label].properties.items()} for label in graph.node_types
    }
    relations = {kind: [tuple(pair) for pair in graph[kind].edge_index.T.tolist()] for kind in graph.edge_types}
    properties = {RATED: {name: values.tolist() for name, values in graph[RATED].properties.items()}}
    nodes["Film"] = {
        name: [*values[:gone], *values[gone + 1 :], new]
        for (name, values), new in zip(
            nodes["Film"].items(), ("zzz", "Seven Umbrellas", 2020, "It rains for a very long time."), strict=True
        )
    }
    nodes["Genre"]["name"].append("Weather")
    for kind, pairs in relations.items():
        film = 1 if kind == RATED else 0
        kept = [number for number, pair in enumerate(pairs) if pair[film] != gone]
        moved = [tuple(end - (side == film and end > gone) for side, end in enumerate(pairs[one])) for one in kept]
        relations[kind] = moved
        for name, values in properties.get(kind, {}).items():
            properties[kind][name] = [values[one] for one in kept]
    last = films - 1
    relations["Film", "HAS_GENRE", "Genre"] += [(last, 3), (0, 3)]
    relations["Film", "DIRECTED_BY", "Person"].append((last, 0))
    relations[RATED] += [(person, last) for person in range(0, 24, 2)]
    properties[RATED]["rating"] += [5.0] * 12
    properties[RATED]["timestamp"] += [1_600_000_000.0] * 12
    return graph_of(nodes, relations, properties)


@pytest.fixture(scope="module")
def trained() -> Artifact:
    """A model of the two tastes that learned something, so that it would be missed."""
    artifact = artifact_of(two_tastes(), **LEARNED)
    assert artifact.model.metrics["best step"] > 0 and artifact.model.evidence.predictor.nu_change.any()
    return artifact


@pytest.fixture
def folder(trained: Artifact, tmp_path: Path) -> Path:
    """A folder with that model as its current version."""
    save_artifact(trained, tmp_path)
    return tmp_path


@pytest.fixture
def artifact(folder: Path) -> Artifact:
    """That model, from the disk."""
    return load_artifact(folder)


def sync(folder: Path, artifact: Artifact, graph: HeteroData, schema: GraphSchema = SCHEMA) -> tuple[Update, list[str]]:
    encoder = Listening()
    return synced(artifact, load_texts(folder, artifact), graph, schema, encoder), encoder.heard


def assert_same_tensors(found: Any, expected: Any) -> None:
    """The parts of two Evidences that come from the graph and the words; exact but for rounding."""
    torch.testing.assert_close(found.text, expected.text, rtol=0, atol=1e-6)
    torch.testing.assert_close(found.popularity, expected.popularity, rtol=0, atol=0)
    np.testing.assert_array_equal(found.ranks, expected.ranks)
    np.testing.assert_array_equal(found.direct.toarray(), expected.direct.toarray())
    for part in ("likes", "together", "ease"):
        left, right = getattr(found.likings, part), getattr(expected.likings, part)
        np.testing.assert_allclose(left.toarray(), right.toarray(), atol=1e-7, err_msg=part)


def state(artifact: Artifact) -> dict[str, Tensor]:
    return dict(artifact.model.evidence.predictor.state_dict())


def test_the_tensors_are_those_that_training_makes_of_the_graph_as_it_is_now(folder: Path, artifact: Artifact) -> None:
    after = moved_on()
    update, _ = sync(folder, artifact, after)
    now, anew = update.artifact.model, train(after, **LEARNED)
    assert now.entities == anew.entities
    torch.testing.assert_close(now.names, anew.names, rtol=0, atol=1e-6)
    assert_same_tensors(now.evidence, anew.evidence)
    # H = I + sum_r a_r A_r, with the a_r that were learned from the graph as it was.
    carried = artifact.model.metrics["carried"]
    assert carried != anew.metrics["carried"]
    expected = np.eye(len(now.entities))
    for name, matrix in relation_matrices(after, now.entities).items():
        expected += carried[name][0] * matrix.toarray()
    count = now.entities.item_count
    expected[:count, :count] += carried[LIKED_TOGETHER][0] * now.evidence.likings.together.toarray()
    np.testing.assert_allclose(now.evidence.one_hot.toarray(), expected, atol=1e-6)
    assert now.relation_weights == artifact.model.relation_weights


def test_what_was_learned_stays(folder: Path, artifact: Artifact) -> None:
    update, _ = sync(folder, artifact, moved_on())
    now, old = update.artifact.model, artifact.model
    for name in ("nu", "nu_change", "omega", "beta_change"):
        assert torch.equal(state(update.artifact)[name], state(artifact)[name]), name
    assert (now.fusion, now.manner, now.calibration) == (old.fusion, old.manner, old.calibration)
    assert now.settings == old.settings and now.metrics == old.metrics
    assert (update.artifact.encoder, update.artifact.trained) == (artifact.encoder, artifact.trained)
    assert len(artifact.model.entities) == 24 + 3 + 2 and len(now.entities) == 24 + 4 + 2  # the one given is as it was


def test_only_words_that_have_changed_are_encoded(folder: Path, artifact: Artifact) -> None:
    update, heard = sync(folder, artifact, two_tastes())
    assert (heard, update.worded) == ([], 0)
    update, heard = sync(folder, artifact, moved_on())
    # The new film, the new genre, and the old film that has it now.
    assert update.worded == 3
    titles = {name for name in artifact.model.entities.names[:24] if any(name in text for text in heard)}
    assert titles == {artifact.model.entities.names[0]}
    assert any("Seven Umbrellas" in text for text in heard) and "Weather" in heard


def test_an_item_whose_text_was_edited_is_encoded_again(folder: Path, artifact: Artifact) -> None:
    graph = two_tastes()
    graph["Film"].properties["plot"][5] = "Now a lighthouse is the hero."
    update, heard = sync(folder, artifact, graph)
    assert update.worded == 1 and any("lighthouse" in text for text in heard)
    changed = (update.artifact.model.evidence.text != artifact.model.evidence.text).any(dim=1)
    assert changed[5] and not torch.equal(changed, torch.ones_like(changed))
    assert update.artifact.content != artifact.content


def test_again_it_is_the_same_and_no_error_adds_up(folder: Path, artifact: Artifact) -> None:
    """There and back again, by way of the disk."""
    there = sync(folder, artifact, moved_on())[0].artifact
    save_artifact(there, folder)
    there = load_artifact(folder)
    back = sync(folder, there, two_tastes())[0].artifact
    assert back.model.entities == artifact.model.entities and back.properties == artifact.properties
    assert_same_tensors(back.model.evidence, artifact.model.evidence)
    np.testing.assert_allclose(
        back.model.evidence.one_hot.toarray(), artifact.model.evidence.one_hot.toarray(), atol=1e-6
    )
    assert there.trained == artifact.created and there.trained == back.trained


def with_awards() -> HeteroData:
    """The graph of two tastes with a label and a relation that it did not have."""
    graph = two_tastes()
    graph["Award"].key = ["Award/g"]
    graph["Award"].num_nodes = 1
    graph["Award"].properties = {"id": ["g"], "name": ["Golden Gull"]}
    kind = ("Film", "WON", "Award")
    graph[kind].edge_index = torch.tensor([[2, 7], [0, 0]])
    graph[kind].properties = {}
    return graph


AWARDS = SCHEMA.model_copy(
    update={
        "entities": {**SCHEMA.entities, "Award": EntitySchema(title="name")},
        "interests": (*SCHEMA.interests, "Award"),
    }
)


@pytest.mark.parametrize("schema", [SCHEMA, AWARDS])
def test_a_label_and_a_relation_that_training_has_not_seen_start_where_training_would(
    folder: Path, artifact: Artifact, schema: GraphSchema
) -> None:
    update, heard = sync(folder, artifact, with_awards(), schema)
    model = update.artifact.model
    assert "Award/g" in model.entities.keys
    assert model.relation_weights["WON"] == model.relation_weights["WON⁻¹"] == 0.3
    assert model.relation_weights["HAS_GENRE"] == artifact.model.relation_weights["HAS_GENRE"]
    assert model.relation_weights["DIRECTED_BY"] == artifact.model.relation_weights["DIRECTED_BY"] != 0.3
    labels, old = list(model.entities.slices), list(artifact.model.entities.slices)
    assert labels == ["Film", "Award", "Genre", "Person"] and old == ["Film", "Genre", "Person"]
    predictor, learned = model.evidence.predictor, artifact.model.evidence.predictor
    assert predictor.nu_change[1] == 0
    for label in old:
        assert predictor.nu_change[labels.index(label)] == learned.nu_change[old.index(label)]
    row = model.entities.index["Award/g"]
    assert set(np.flatnonzero(model.evidence.direct[:, [row]].toarray())) == {2, 7}
    # Where the schema knows the label it is spoken of, and only the items that have it get other words.
    assert any("Golden Gull" in text for text in heard) == (schema is AWARDS)
    assert model.texts is not None
    changed = (load_texts(folder, artifact).vectors[:24] != np.asarray(model.texts.vectors[:24])).any(axis=1)
    assert set(np.flatnonzero(changed)) == ({2, 7} if schema is AWARDS else set())


def test_a_relation_that_comes_back_carries_what_it_carried(folder: Path, artifact: Artifact) -> None:
    poorer = two_tastes()
    del poorer["Film", "DIRECTED_BY", "Person"]
    without = sync(folder, artifact, poorer)[0].artifact
    assert "DIRECTED_BY" not in without.model.relation_weights
    save_artifact(without, folder)
    back = sync(folder, load_artifact(folder), two_tastes())[0].artifact
    assert back.model.relation_weights == artifact.model.relation_weights


def test_the_order_of_relations_stays_that_of_the_training(folder: Path, artifact: Artifact) -> None:
    """Fewer films have a director now than have a genre: trained anew, the sentences of all would be others."""
    kind = ("Film", "HAS_GENRE", "Genre")
    fewer = two_tastes()
    fewer[kind].edge_index = fewer[kind].edge_index[:, :-2]
    update, _ = sync(folder, artifact, fewer)
    assert update.worded == 2


def test_a_schema_of_another_meaning_is_refused(folder: Path, artifact: Artifact) -> None:
    assert SCHEMA.interaction is not None
    for name, schema in (
        ("item.label", SCHEMA.model_copy(update={"item": SCHEMA.item.model_copy(update={"label": "Person"})})),
        ("user.label", SCHEMA.model_copy(update={"user": None, "interaction": None})),
        (
            "interaction",
            SCHEMA.model_copy(update={"interaction": SCHEMA.interaction.model_copy(update={"kind": "count"})}),
        ),
    ):
        with pytest.raises(SchemaError, match=f"{name}: expected '.*', as the model was trained with") as caught:
            sync(folder, artifact, two_tastes(), schema)
        assert "kg-rec train" in caught.value.remedy


class Given(nn.Module):
    """A network of one's own: z is the features, as they are."""

    def __init__(self, graph: RelationalGraph) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(graph.x.shape[1]))

    def forward(self, graph: RelationalGraph) -> Tensor:
        return graph.x * self.scale


def test_a_network_of_ones_own_is_refused(folder: Path, artifact: Artifact) -> None:
    """Only what it gave is in the model, so that it cannot be asked about another graph."""
    own = replace(artifact, model=train(two_tastes(), model=Given, steps=0))
    save_artifact(own, folder)
    own = load_artifact(folder)
    with pytest.raises(ModelError, match=r"a network of one's own, .*Given: expected one of kg-rec's") as caught:
        sync(folder, own, moved_on())
    assert "kg-rec train" in caught.value.remedy


def test_what_is_not_finite_never_becomes_a_model(folder: Path, artifact: Artifact) -> None:
    metrics = {**artifact.model.metrics, "carried": {**artifact.model.metrics["carried"], "HAS_GENRE": [math.inf]}}
    broken = replace(artifact, model=replace(artifact.model, metrics=metrics))
    save_artifact(replace(broken, model=replace(broken.model, texts=load_texts(folder, artifact))), folder)
    with pytest.raises(ModelError, match="not finite in the graph block"):
        sync(folder, load_artifact(folder), moved_on())


def test_a_graph_without_items_is_refused(folder: Path, artifact: Artifact) -> None:
    empty = graph_of({"Genre": {"name": ["Drama"]}}, {})
    with pytest.raises(GraphError, match="no node with the label 'Film'"):
        sync(folder, artifact, empty)


def test_a_model_without_texts_or_with_damaged_ones_says_to_train(folder: Path, artifact: Artifact) -> None:
    place = folder / artifact.version / TEXTS
    content = bytearray(place.read_bytes())
    content[-1] ^= 1
    place.write_bytes(content)
    with pytest.raises(ArtifactError, match="the model is damaged"):
        load_texts(folder, artifact)
    save_artifact(artifact, folder)  # loaded, it has no texts
    with pytest.raises(ArtifactError, match=r"expected texts\.safetensors.* found none") as caught:
        load_texts(folder, load_artifact(folder))
    assert "kg-rec train" in caught.value.remedy


def test_the_digest_sees_every_node_relation_and_property() -> None:
    def digest(change: Any = None) -> str:
        graph = two_tastes()
        if change is not None:
            change(graph)
        return content_of(graph).digest

    def edge(graph: HeteroData) -> None:
        graph["Film", "HAS_GENRE", "Genre"].edge_index[1, 0] = 2

    def rating(graph: HeteroData) -> None:
        graph[RATED].properties["rating"][0] = 2.0

    def title(graph: HeteroData) -> None:
        graph["Film"].properties["title"][0] = "Another"

    def key(graph: HeteroData) -> None:
        graph["User"].key[0] = "User/other"

    def words(graph: HeteroData) -> None:
        graph[RATED].texts = {"review": [""] * graph[RATED].edge_index.size(1)}

    found = [digest(), *(digest(change) for change in (edge, rating, title, key, words))]
    assert digest() == found[0] and len(set(found)) == len(found)
    content = content_of(two_tastes())
    assert GraphContent.from_dict(content.as_dict()) == content
    assert content.counts.nodes == {"Film": 24, "Genre": 3, "Person": 2, "User": 24}
