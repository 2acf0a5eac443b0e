"""Training on the small graph: it learns, it is repeatable, and it sees nothing of the people it is judged on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from kg_rec.interest import Interest
from kg_rec.model import training
from kg_rec.model.features import LIKED_TOGETHER, number_entities
from kg_rec.model.training import TrainingSettings, fit
from kg_rec.text.encoder import HashEncoder
from tests.graphs import SCHEMA, toys

SETTINGS = TrainingSettings(identity_size=32, steps=12, evaluate_every=3)


def make_link(entities, names):
    """A linker that knows whole names only."""

    def link(texts):
        return [
            [
                Interest(key, label, name, 1.0)
                for key, label, name in zip(entities.keys, entities.labels, entities.names, strict=True)
                if name and name.casefold() in text.casefold()
            ]
            for text in texts
        ]

    return link


@pytest.fixture(scope="module")
def trained():
    return fit(toys(), SCHEMA, HashEncoder(), make_link, SETTINGS)


def test_training_helps_on_people_held_out(trained) -> None:
    assert trained.metrics["best"]["loss"] < trained.metrics["start"]["loss"]
    assert trained.metrics["best step"] > 0
    losses = [entry["loss"] for entry in trained.metrics["history"]]
    assert trained.metrics["best"]["loss"] == min(losses)


def test_the_same_seed_gives_the_same_model(trained) -> None:
    again = fit(toys(), SCHEMA, HashEncoder(), make_link, SETTINGS)
    torch.testing.assert_close(again.identity, trained.identity, atol=0, rtol=0)
    torch.testing.assert_close(again.text, trained.text, atol=0, rtol=0)
    other = fit(toys(), SCHEMA, HashEncoder(), make_link, replace(SETTINGS, seed=1))
    assert not torch.equal(other.identity, trained.identity)


def test_no_steps_is_the_start() -> None:
    untrained = fit(toys(), SCHEMA, HashEncoder(), make_link, replace(SETTINGS, steps=0))
    assert untrained.metrics["best step"] == 0
    assert untrained.relation_weights[LIKED_TOGETHER] == pytest.approx(SETTINGS.identity_together)
    assert untrained.relation_weights["MADE_BY"] == pytest.approx(SETTINGS.identity_relation)


def test_two_layers_work_too() -> None:
    model = fit(toys(), SCHEMA, HashEncoder(), make_link, replace(SETTINGS, layers=2, steps=4))
    assert torch.isfinite(model.identity).all()


def test_without_interactions_the_start_is_used() -> None:
    schema = SCHEMA.model_copy(update={"user": None, "interaction": None})
    graph = toys()
    del graph["Child", "RATED", "Toy"]
    del graph["Child"]
    model = fit(graph, schema, HashEncoder(), make_link, SETTINGS)
    assert model.metrics["simulated people"] == 0
    assert not model.popularity.any()
    assert model.identity.shape == (len(model.entities), 32)


def test_too_few_people_to_hold_some_out() -> None:
    model = fit(toys(users=1), SCHEMA, HashEncoder(), make_link, SETTINGS)
    assert "too few people" in model.metrics["note"]


def test_nothing_of_a_fold_is_left_in_its_graph() -> None:
    graph = toys()
    entities = number_entities(graph, SCHEMA)
    crowd = training._Crowd.of(graph, SCHEMA, entities)
    for fold in range(5):
        theirs = {user for user in range(len(crowd.keys)) if crowd.fold(user, 5) == fold}
        kept = crowd.kept(fold, 5)
        assert theirs
        assert not theirs & set(crowd.interactions.users[kept].tolist())
        assert len(crowd.interactions.users) - kept.sum() == np.isin(crowd.interactions.users, list(theirs)).sum()
        assert not torch.equal(crowd.popularity(kept), crowd.popularity(crowd.kept(None, 5)))
        assert abs(crowd.together(kept) - crowd.together(crowd.kept(None, 5))).sum() > 0


def test_a_step_starts_with_clean_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    before: list[bool] = []
    represent = training._Course.represent

    def watched(self, view):
        if self.network.training:
            before.append(all(parameter.grad is None for parameter in self.network.parameters()))
        return represent(self, view)

    monkeypatch.setattr(training._Course, "represent", watched)
    fit(toys(), SCHEMA, HashEncoder(), make_link, replace(SETTINGS, steps=3))
    assert before == [True, True, True]


def test_training_stops_when_nothing_gets_better(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = replace(SETTINGS, steps=30, evaluate_every=1, patience=2, learning_rate=5.0)
    model = fit(toys(), SCHEMA, HashEncoder(), make_link, settings)
    assert len(model.metrics["history"]) < 31
    assert model.metrics["best"]["loss"] <= model.metrics["start"]["loss"]


def test_the_representations_are_those_of_the_best_step(trained) -> None:
    # The neighbours of every toy: its colour and its maker.
    assert trained.direct.sum() == 2 * 24
    assert set(trained.relation_weights) == {"HAS_COLOUR", "HAS_COLOUR⁻¹", "MADE_BY", "MADE_BY⁻¹", LIKED_TOGETHER}
    assert trained.names.shape == trained.text.shape
