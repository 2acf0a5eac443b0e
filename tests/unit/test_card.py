"""What is told of a model: that it is the model's, that the shares are of the spread, and which models there are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from film_graphs import WITHOUT_USERS, artifact_of, two_tastes

import kg_rec.model.artifact as artifacts
import kg_rec.model.card as card
from kg_rec.errors import ArtifactError
from kg_rec.model.artifact import Artifact, load_artifact, save_artifact, versions
from kg_rec.model.card import model_card, signal_shares
from kg_rec.model.fusion import Fusion
from kg_rec.model.ranking import Ranking
from kg_rec.model.signals import SIGNALS


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    return artifact_of(two_tastes(), steps=2, temperature=7.0)


def test_it_tells_what_the_model_is(artifact: Artifact, tmp_path: Path) -> None:
    name = save_artifact(artifact, tmp_path)
    told = model_card(load_artifact(tmp_path))
    assert told.version == name and told.created and told.graph == artifact.fingerprint
    assert (told.item, told.items, told.entities) == ("Film", 24, {"Film": 24, "Genre": 3, "Person": 2})
    assert told.likes == artifact.model.evidence.likings.likes.shape[0] > 0
    assert told.encoder == artifact.encoder
    assert told.settings == {"temperature": (7.0, 20.0), "steps": (2, 24)}
    assert "history" in artifact.model.metrics and "history" not in told.metrics
    assert told.metrics["best"] == artifact.model.metrics["best"]
    assert told.relations == artifact.model.relation_weights and "HAS_GENRE⁻¹" in told.relations
    weights = artifact.model.fusion.as_dict()
    assert [one.signal for one in told.signals] == list(SIGNALS)
    for one in told.signals:
        assert (one.asking, one.telling) == (weights["asking"][one.signal], weights["telling"][one.signal])


def weighing(**weights: float) -> Fusion:
    """These weights for words that ask, and none for words that tell."""
    asking = np.array([weights.get(name, 0.0) for name in SIGNALS], dtype=np.float32)
    return Fusion(asking, np.zeros(len(SIGNALS), dtype=np.float32))


def test_the_shares_are_of_the_whole_and_follow_the_weights(artifact: Artifact) -> None:
    def shares(**weights: float) -> dict[str, float]:
        asked, told = signal_shares(replace(artifact, model=replace(artifact.model, fusion=weighing(**weights))))
        assert not any(told.values())
        return asked

    assert shares(text=3.0)["text"] == 1.0
    one, two = shares(text=1.0, popularity=1.0), shares(text=1.0, popularity=2.0)
    for found in (one, two):
        assert sum(found.values()) == pytest.approx(1.0, abs=1e-3)
    ratio = one["popularity"] / one["text"]
    assert two["popularity"] / two["text"] == pytest.approx(2 * ratio, rel=1e-2)


def test_the_item_that_somebody_names_is_left_out(artifact: Artifact) -> None:
    model = replace(artifact.model, fusion=weighing(graph=1.0, popularity=1.0))
    artifact = replace(artifact, model=model)
    people = card._examples(artifact)
    assert [len(theirs) for theirs in people] == [2] * 24
    asks = np.ones(len(people), dtype=np.float32)
    parts = Ranking(artifact).parts(card._words(artifact, people), people, asks)
    rows = [model.entities.index[theirs[0].entity] for theirs in people]
    graph, popularity = (
        np.mean([np.delete(own[SIGNALS.index(name)], row).std() for own, row in zip(parts, rows, strict=True)])
        for name in ("graph", "popularity")
    )
    assert signal_shares(artifact)[0]["graph"] == pytest.approx(graph / (graph + popularity), abs=1e-3)


def test_a_graph_without_people_has_a_card(tmp_path: Path) -> None:
    told = model_card(artifact_of(two_tastes(), WITHOUT_USERS, steps=0))
    assert told.likes == 0 and {one.signal for one in told.signals if one.asking_share} <= {
        "text", "graph", "direct", "everything",
    }  # fmt: skip
    assert sum(one.asking_share for one in told.signals) == pytest.approx(1.0, abs=1e-3)


def test_versions_are_listed_the_newest_first(artifact: Artifact, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no trained model"):
        versions(tmp_path)
    names = {save_artifact(artifact, tmp_path) for _ in range(2)}
    (tmp_path / ".writing-left").mkdir()
    found = versions(tmp_path)
    assert {version.name for version in found} == names and not any(version.problem for version in found)
    assert [version.name for version in found] == sorted(names, reverse=True)
    current = [version for version in found if version.current]
    assert [version.name for version in current] == [(tmp_path / "current").read_text().strip()]
    assert all(version.created.startswith("20") for version in found)
    other = next(version.name for version in found if not version.current)
    (tmp_path / other / "manifest.json").write_text("{")
    told = {version.name: version.problem for version in versions(tmp_path)}
    assert "expected the manifest of a model" in told[other] and not told[current[0].name]
    assert len(found) == artifacts._KEPT_VERSIONS


def test_what_training_wrote_is_kept_beside_what_is_synchronised(artifact: Artifact, tmp_path: Path) -> None:
    trained = save_artifact(artifact, tmp_path)
    later = replace(artifact, trained="2020-01-01T00:00:00+00:00")
    current = [save_artifact(later, tmp_path) for _ in range(4)][-1]
    kept = {version.name for version in versions(tmp_path)}
    assert {trained, current} <= kept and len(kept) <= 3
