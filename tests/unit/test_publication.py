"""What is published of a model adds up to the model's own score."""

from __future__ import annotations

import numpy as np
import pytest
from film_graphs import WITHOUT_USERS, artifact_of, graph_of, two_tastes

from kg_rec.graph.export import HeteroData
from kg_rec.interest import Interest
from kg_rec.model import publication as published
from kg_rec.model.artifact import Artifact
from kg_rec.model.publication import Publication
from kg_rec.model.ranking import PARTS, Ranking
from kg_rec.model.similarity import Similarity

INTERESTS = [
    Interest("Film/003", "Film", "", 0.9, evidence="that film"),
    Interest("Genre/Drama", "Genre", "Drama", 0.7, evidence="drama"),
    Interest("Person/o", "Person", "Otto Odd", 1.0, evidence="Otto"),
    Interest("Genre/Western", "Genre", "Western", 0.8, polarity=-1, evidence="no western"),
]


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    return artifact_of(two_tastes(), steps=4)


def told(publication: Publication, size: int) -> np.ndarray:
    """S, [N, items]."""
    found = np.zeros((size, publication.entities.item_count))
    for one in publication.spoken_for():
        found[one.entity, one.items] = one.scores
    return found


def test_the_sum_of_what_is_published_is_the_score(artifact: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "LEAST_SPOKEN", 0.0)
    monkeypatch.setattr(published, "SPOKEN_FOR", 10_000)
    publication, entities = Publication(artifact), artifact.model.entities
    words = np.zeros((1, publication.vectors.shape[1]), dtype=np.float32)
    words[0, 3] = 1.0
    parts = Ranking(artifact).parts(words, [INTERESTS], np.ones(1, dtype=np.float32))[0]
    wanted = parts.sum(axis=0) - parts[PARTS.index("neighbours")] - parts[PARTS.index("nearness")]

    weights = publication.weights()
    rows = np.array([entities.index[one.entity] for one in INTERESTS])
    weight = np.array([one.weight for one in INTERESTS])
    omega = np.where(rows < entities.item_count, weights["wishOfItems"], weights["wishOfEntities"])
    wish = words[0] + (omega * weight) @ publication.vectors[rows]
    near = publication.vectors[: entities.item_count] @ (wish / np.linalg.norm(wish))
    has = artifact.model.evidence.direct[:, rows].toarray() > 0
    found = (
        weights["popularity"] * publication.popularity
        + weights["text"] * near
        + weight @ told(publication, len(entities))[rows]
        + weights["everything"] * (has[:, 1] & has[:, 2])
        - weights["dislikes"] * 0.8 * has[:, 3]
    )
    others = np.arange(entities.item_count) != rows[0]  # an item that was named is not told to speak for itself
    assert np.allclose(found[others], wanted[others], atol=1e-4)


def test_only_what_can_matter_is_told(artifact: Artifact) -> None:
    publication = Publication(artifact)
    found = list(publication.spoken_for())
    assert [one.entity for one in found] == publication.speaking().tolist()
    assert any(len(one.items) for one in found)
    for one in found:
        assert (np.abs(one.scores) >= published.LEAST_SPOKEN).all() and one.entity not in one.items
        assert (np.diff(one.scores) <= 0).all() and len(one.items) <= published.SPOKEN_FOR


def test_the_best_for_somebody_with_one_interest_are_kept(artifact: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "LEAST_SPOKEN", 0.0)
    monkeypatch.setattr(published, "SPOKEN_FOR", 5)
    publication = Publication(artifact)
    row = artifact.model.entities.index["Genre/Comedy"]
    (one,) = (one for one in publication.spoken_for() if one.entity == row)
    alone, _ = publication._alone(np.array([row]))
    assert set(one.items.tolist()) == set(np.argsort(-alone[0])[:5].tolist())


def test_entities_that_no_interest_points_to_speak_for_nothing(artifact: Artifact) -> None:
    few = artifact.schema.model_copy(update={"interests": ("Genre",)})
    publication = Publication(Artifact(artifact.model, few, artifact.properties, "", artifact.encoder))
    labels = {artifact.model.entities.labels[row] for row in publication.speaking()}
    assert labels == {"Genre"}


def test_the_most_similar_are_those_of_the_similarity(artifact: Artifact) -> None:
    similarity = Similarity(artifact.model)
    for one in Publication(artifact, similarity).similar():
        near = similarity.nearest(similarity.item(one.entity), similarity.items, published.MOST_SIMILAR, [one.entity])
        near = [other for other in near if other.cosine > 0]
        assert np.allclose(one.scores, [other.cosine for other in near], atol=1e-5)
        every = similarity.parts(similarity.item(one.entity), similarity.items).sum(axis=0)
        assert np.allclose(one.scores, every[one.items], atol=1e-5)


def test_blocks_of_items_are_no_other_than_all_at_once(artifact: Artifact) -> None:
    similarity = Similarity(artifact.model)
    ((whole, cosines),) = similarity.nearest_items(3)
    some = list(similarity.nearest_items(3, at_once=7))
    assert np.array_equal(np.concatenate([rows for rows, _ in some]), whole)
    assert np.allclose(np.concatenate([found for _, found in some]), cosines)


def test_a_graph_without_people_is_published_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "LEAST_SPOKEN", 0.01)  # without people little speaks beside the words
    graph = without_people(two_tastes(films=12))
    publication = Publication(artifact_of(graph, WITHOUT_USERS))
    assert not publication.popularity.any()
    assert publication.weights()["everything"] > 0
    assert sum(len(one.items) for one in publication.spoken_for()) > 0
    assert sum(len(one.items) for one in publication.similar()) > 0


def without_people(graph: HeteroData) -> HeteroData:
    nodes = {label: graph[label].properties for label in graph.node_types if label != "User"}
    relations = {
        triple: [tuple(pair) for pair in graph[triple].edge_index.T.tolist()]
        for triple in graph.edge_types
        if "User" not in triple
    }
    return graph_of(nodes, relations)
