"""Training on a small graph: it learns, it is repeatable, and it sees nothing of the people it is judged on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from film_graphs import RATED, SCHEMA, SPOKEN, WITHOUT_USERS, graph_of, train, two_tastes, with_words, without
from torch import Tensor

from kg_rec.errors import GraphError, ModelError
from kg_rec.graph.export import HeteroData
from kg_rec.model import training
from kg_rec.model.crowd import Crowd
from kg_rec.model.features import LIKED_TOGETHER, liked_together, number_entities, popularity
from kg_rec.model.link_prediction import LinkPredictor, People, Shared
from kg_rec.model.rgcn import OneHotRGCN
from kg_rec.model.signals import SIGNALS, Evidence, ease, likes_of
from kg_rec.model.training import TrainedModel

# Nothing of the graph is in the start, and the words say little: what is found out is learned.
BLANK: dict[str, Any] = {
    "one_hot_together": 0.0,
    "one_hot_relation": 0.0,
    "temperature": 1.0,
    "target_tilt": 0.0,
    "learning_rate": 0.05,
    "steps": 32,
}


@pytest.fixture(scope="module")
def graph() -> HeteroData:
    return two_tastes(people=30, films=40)


@pytest.fixture(scope="module")
def trained(graph: HeteroData) -> TrainedModel:
    return train(graph, seed=1, **BLANK)


def test_training_lowers_the_loss_on_people_held_out(trained: TrainedModel) -> None:
    start, best = trained.metrics["start"], trained.metrics["best"]
    assert best["loss"] < start["loss"] - 0.2
    assert best["recall_at_10"] > start["recall_at_10"] + 0.05
    assert trained.metrics["best step"] > 0
    assert trained.metrics["held-out people"] < trained.metrics["simulated people"] == 120
    losses = [entry["loss"] for entry in trained.metrics["history"]]
    assert best["loss"] == min(losses) and start["loss"] == losses[0]


def test_taste_is_found_in_the_graph(trained: TrainedModel) -> None:
    """The director tells the two tastes apart, the genre does not."""
    weights = trained.relation_weights
    assert list(weights) == ["DIRECTED_BY", "DIRECTED_BY⁻¹", "HAS_GENRE", "HAS_GENRE⁻¹", LIKED_TOGETHER]
    assert weights["DIRECTED_BY"] > weights["HAS_GENRE"]
    one_hot = torch.nn.functional.normalize(torch.from_numpy(trained.evidence.one_hot[:40].toarray()))
    films = one_hot @ one_hot.T
    same = torch.arange(40)[:, None] % 2 == torch.arange(40) % 2
    assert films[same & ~torch.eye(40, dtype=torch.bool)].mean() > films[~same].mean() + 0.05


def test_the_same_seed_gives_the_same_numbers(graph: HeteroData, trained: TrainedModel) -> None:
    torch.rand(3)  # whatever was drawn before
    again = train(graph, seed=1, **BLANK)
    assert torch.equal(again.names, trained.names)
    for part in ("text", "popularity"):
        assert torch.equal(getattr(again.evidence, part), getattr(trained.evidence, part)), part
    assert np.array_equal(again.evidence.one_hot.toarray(), trained.evidence.one_hot.toarray())
    assert np.array_equal(again.fusion.telling, trained.fusion.telling)
    seconds = {"seconds": None}
    assert again.metrics | seconds == trained.metrics | seconds
    assert again.relation_weights == trained.relation_weights
    other = train(graph, seed=2, **BLANK)
    assert not np.array_equal(other.evidence.one_hot.toarray(), trained.evidence.one_hot.toarray())


def test_people_are_scored_in_a_graph_without_their_fold(graph: HeteroData, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen from where it counts: what the scoring is given in each step."""
    crowd = Crowd.of(graph, SCHEMA, number_entities(graph, SCHEMA), 5)
    expected = {fold: torch.from_numpy(crowd.popularity(crowd.kept(fold))) for fold in range(5)}
    simulated = training._simulated(crowd, training.item_words(graph, SCHEMA), training.TrainingSettings())
    fold_of = [int(crowd.folds[person.user]) for people in simulated for person in people]
    vectors = torch.cat([torch.from_numpy(_encoded([person.text for person in people])) for people in simulated])
    score, signals = LinkPredictor.forward, Evidence.signals
    seen: list[tuple[bool, int]] = []
    weighed: list[int] = []

    def fold_given(people: People, popular: Tensor) -> int:
        (given,) = [fold for fold, values in expected.items() if torch.equal(values, popular)]
        for row in people.text:  # several people may have written the same
            folds = {fold_of[person] for person in (vectors == row).all(dim=1).nonzero().flatten().tolist()}
            assert given in folds, "somebody is scored by what they did themselves"
        return given

    def learning(self: LinkPredictor, text: Tensor, shared: Shared, people: People, popular: Tensor) -> Any:
        seen.append((self.training, fold_given(people, popular)))
        return score(self, text, shared, people, popular)

    def weighing(self: Evidence, people: People) -> Any:
        weighed.append(fold_given(people, self.popularity))
        return signals(self, people)

    # Or who refuses something would not be known again.
    monkeypatch.setattr("kg_rec.text.wishes.wished", lambda text, _: text)
    monkeypatch.setattr(LinkPredictor, "forward", learning)
    monkeypatch.setattr(Evidence, "signals", weighing)
    train(graph, steps=8)
    assert weighed[:5] == [0, 1, 2, 3, 4]  # the signals of those whose words tell
    assert set(weighed[5:]) <= {0}  # the probabilities, from those who are never learned from
    assert {fold for learning, fold in seen if learning} == {1, 2, 3, 4}
    assert {fold for learning, fold in seen if not learning} == {0}  # held out, and never learned from


def _encoded(texts: list[str]) -> Any:
    from kg_rec.text.encoder import HashEncoder

    return HashEncoder().encode(texts)


class _Recording(torch.optim.AdamW):
    """Notes the gradients of each step."""

    seen: list[list[Tensor]] = []  # noqa: RUF012 - one for all on purpose

    def step(self, closure: Any = None) -> Any:
        gradients = [one.grad for group in self.param_groups for one in group["params"]]
        self.seen.append([gradient.clone() for gradient in gradients if gradient is not None])
        return super().step(closure)


def test_a_step_never_adds_to_the_gradients_of_the_one_before(
    graph: HeteroData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With two folds and nothing that changes, every step is the same step."""
    monkeypatch.setattr(_Recording, "seen", [])
    monkeypatch.setattr(torch.optim, "AdamW", _Recording)
    train(graph, steps=4, folds=2, learning_rate=0.0, weight_decay=0.0, interest_dropout=0.0)
    first, *others = _Recording.seen
    assert len(others) == 3 and max(float(gradient.abs().max()) for gradient in first) > 0
    for later in others:
        for one, other in zip(first, later, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-6)


def scripted(monkeypatch: pytest.MonkeyPatch, losses: list[float]) -> list[Any]:
    """Have the held-out losses be these; returns the states that they were told of."""
    states: list[Any] = []
    told = iter(losses)

    def evaluate(self: Any, *_: Any) -> Any:
        states.append(self._state())
        return training._Quality(next(told), 0.0, 0.0)

    monkeypatch.setattr(training._Course, "_evaluate", evaluate)
    return states


@pytest.mark.parametrize(
    ("losses", "best", "evaluated"),
    [
        ([5.0, 4.0, 3.0, 3.5, 3.2, 3.0], 2, 6),  # the earliest of equals
        ([5.0, 6.0, 5.5, 5.0, 7.0, 8.0], 0, 6),  # the start is a candidate
        ([5.0, 6.0, 5.5, 5.2, 4.0, 3.9], 5, 6),
    ],
)
def test_the_best_step_is_kept(
    graph: HeteroData, monkeypatch: pytest.MonkeyPatch, losses: list[float], best: int, evaluated: int
) -> None:
    states = scripted(monkeypatch, losses)
    model = train(graph, steps=10, evaluate_every=2, patience=9)
    assert len(states) == evaluated and model.metrics["best step"] == 2 * best
    for name, value in model.evidence.predictor.state_dict().items():
        assert torch.equal(value, states[best][1][name]), name
    weights = states[best][0]["layers.0.start"] + states[best][0]["layers.0.scale"]
    assert list(model.relation_weights.values()) == pytest.approx(weights.abs().tolist(), abs=1e-6)
    assert not torch.equal(states[0][0]["layers.0.scale"], states[1][0]["layers.0.scale"])  # there was a choice


def test_training_stops_when_nothing_gets_better(graph: HeteroData, monkeypatch: pytest.MonkeyPatch) -> None:
    states = scripted(monkeypatch, [5.0, 4.0, 4.5, 4.6, 4.7, 0.0, 0.0, 0.0])
    model = train(graph, steps=14, evaluate_every=2, patience=3)
    assert len(states) == 5 and model.metrics["best step"] == 2
    assert [entry["step"] for entry in model.metrics["history"]] == [0, 2, 4, 6, 8]


def test_no_steps_is_the_start(graph: HeteroData) -> None:
    model = train(graph, steps=0)
    assert model.metrics["best step"] == 0 and model.metrics["best"] == model.metrics["start"]
    assert model.relation_weights == pytest.approx(dict.fromkeys(model.relation_weights, 0.3) | {LIKED_TOGETHER: 1.0})
    assert not any(parameter.any() for parameter in model.evidence.predictor.parameters())


def test_nobody_is_left_out_of_the_finished_model(graph: HeteroData, trained: TrainedModel) -> None:
    users, films = graph[RATED].edge_index.numpy()
    rated, times = graph[RATED].properties["rating"], graph[RATED].properties["timestamp"]
    years = np.array(graph["Film"].properties["year"], dtype=float)
    expected = popularity(films, times, years, item_count=40)
    np.testing.assert_allclose(trained.evidence.popularity.numpy(), expected, rtol=1e-6)
    # With everything at its start, h of the films is their own direction, and those of the films liked together.
    blank = {**BLANK, "steps": 0}
    started = train(graph, **{**blank, "one_hot_together": 1.0}).evidence.one_hot.toarray()
    none = train(graph, **blank).evidence.one_hot.toarray()
    liked = rated == 5.0
    matrix = liked_together(users[liked], films[liked], item_count=40, size=len(started))
    np.testing.assert_array_equal(none, np.eye(45))
    np.testing.assert_allclose(started, np.eye(45) + matrix.toarray(), rtol=1e-6)
    likings = trained.evidence.likings
    assert likings.likes.shape == (30, 40) and likings.likes.sum() == liked.sum()
    assert all(likings.likes[user, film] == 1 for user, film in zip(users[liked], films[liked], strict=True))
    np.testing.assert_array_equal(likings.together.toarray(), matrix.toarray()[:40, :40])
    rated_by = likes_of(users, films, item_count=40)
    np.testing.assert_array_equal(likings.ease.toarray(), ease(rated_by).toarray())


@pytest.mark.parametrize("there", ["nobody", "no schema for them"])
def test_without_interactions_the_start_is_used(there: str) -> None:
    graph = two_tastes(people=8)
    if there == "nobody":
        graph = without(graph, set(graph["User"].key))
        del graph["User"]
        del graph[RATED]
    model = train(graph, WITHOUT_USERS)
    assert model.metrics["simulated people"] == 0 and "best" not in model.metrics
    assert not model.evidence.popularity.any() and model.relation_weights[LIKED_TOGETHER] == 1.0
    assert not any(key.startswith("User/") for key in model.entities.keys) or there == "no schema for them"
    evidence = model.evidence
    assert np.isfinite(evidence.one_hot.data).all() and not any(one.any() for one in evidence.predictor.parameters())
    assert evidence.likings.likes.shape == (0, 24)
    assert np.array_equal(model.fusion.telling, model.fusion.asking)  # words are all there is, whatever their manner


def test_too_few_people_to_hold_some_out_is_the_start() -> None:
    model = train(two_tastes(people=1))
    assert model.metrics["note"] == "too few people to learn from; the start is used"
    assert model.metrics["telling"]["used"] == "popularity"
    assert model.fusion.as_dict()["telling"] == dict.fromkeys(SIGNALS, 0.0) | {"popularity": 1.0}
    assert model.metrics["simulated people"] == 4 and model.evidence.popularity.any()


def test_own_words_are_learned_from_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = with_words(two_tastes(people=30, films=40))
    seen: list[str] = []
    see = training._See.__call__

    def watched(self: training._See, simulated: Any, progress: Any) -> Any:
        seen.extend(person.text for person in simulated)
        return see(self, simulated, progress)

    monkeypatch.setattr(training._See, "__call__", watched)
    spoken, mute = train(graph, SPOKEN, **BLANK), train(graph, SCHEMA, **BLANK)
    assert spoken.metrics["telling"]["own words"] == 14  # of 30: 10 reviewed, 6 tell of themselves, 2 of these do both
    assert mute.metrics["telling"]["own words"] == 0
    assert sum(text.startswith("thus ") for text in seen) == 14
    # In nothing but the weights of telling, and what follows from them, is anything of these words.
    assert torch.equal(spoken.evidence.text, mute.evidence.text) and torch.equal(spoken.names, mute.names)
    assert spoken.metrics["best"] == mute.metrics["best"]
    assert not np.array_equal(spoken.fusion.telling, mute.fusion.telling) or (
        spoken.metrics["telling"]["loss"] != mute.metrics["telling"]["loss"]
    )


def test_who_tells_of_themselves_alone_gives_no_evidence() -> None:
    graph = with_words(two_tastes(people=30, films=40))
    graph[RATED].texts = {"review": [""] * graph[RATED].edge_index.size(1)}
    graph["User"].properties["bio"] = ["I am fond of what nobody else ever sees."] * 30
    model = train(graph, SPOKEN, **BLANK)
    assert model.metrics["telling"]["own words"] == 30 and "loss" in model.metrics["telling"]


def test_the_neighbours_of_items_are_known_for_filters_and_reasons(graph: HeteroData, trained: TrainedModel) -> None:
    direct = trained.evidence.direct.toarray()
    index = trained.entities.index
    assert direct.shape == (40, 45) and set(np.unique(direct)) == {0.0, 1.0}
    assert direct.sum() == 2 * 40  # a genre and a director each
    assert direct[:, index["Person/e"]].tolist() == [1.0 - film % 2 for film in range(40)]
    alone = graph_of({"Film": graph["Film"].properties}, {})
    assert train(alone, WITHOUT_USERS).evidence.direct.nnz == 0


def test_items_are_encoded_by_their_sentences_and_others_by_their_names(
    graph: HeteroData,
) -> None:
    model = train(graph, steps=0, text_together=0.0, text_to_others=0.0)  # as encoded: nothing is carried to it
    text = model.evidence.text
    torch.testing.assert_close(text.norm(dim=1), torch.ones(45))
    index = model.entities.index
    assert torch.equal(text[index["Genre/Drama"]], model.names[index["Genre/Drama"]])
    # Two films with the same words but for the title are near, but not the same.
    assert 0.5 < float(text[0] @ text[6]) < 0.99
    asked, described = (train(graph, steps=0, description=weight).evidence.text[:40] for weight in (0.0, 100.0))
    assert not torch.allclose(asked, described, atol=0.05)


def test_relations_may_carry_text_too(graph: HeteroData) -> None:
    index = number_entities(graph, SCHEMA).index
    nothing = {"steps": 0, "text_together": 0.0, "text_to_others": 0.0}
    own = train(graph, **nothing).evidence.text
    to_items = train(graph, **{**nothing, "text_to_items": 0.5}).evidence.text
    genre, person = index["Genre/Comedy"], index["Person/e"]
    torch.testing.assert_close(to_items[0], own[0] + 0.5 * own[genre] + 0.5 * own[person])
    assert torch.equal(to_items[40:], own[40:])
    to_others = train(graph, **{**nothing, "text_to_others": 0.5}).evidence.text
    torch.testing.assert_close(to_others[person], own[person] + 0.5 * own[0:40:2].mean(dim=0))
    assert torch.equal(to_others[:40], own[:40])


def test_two_layers_reach_two_relations_far(graph: HeteroData) -> None:
    near, far = (
        train(graph, steps=0, layers=layers, one_hot_together=0.0).evidence.one_hot.toarray() for layers in (1, 2)
    )
    # Films 0 and 4 share nothing but the director, two relations away.
    assert not near[0, 4] and not near[4, 0] and near[0] @ near[4] == pytest.approx(0.3**2)
    assert far[0, 4] == pytest.approx(0.3**2 / 20) and np.isfinite(far).all()
    assert train(graph, layers=2, steps=4).metrics["best"]["loss"] > 0


def test_a_training_that_diverges_is_an_error(graph: HeteroData, monkeypatch: pytest.MonkeyPatch) -> None:
    represent = OneHotRGCN.representations
    monkeypatch.setattr(OneHotRGCN, "representations", lambda self, matrices: represent(self, matrices) * np.nan)
    with pytest.raises(ModelError, match="not finite: training diverged") as caught:
        train(graph, steps=1)
    assert "learning rate" in caught.value.remedy


def test_interactions_that_the_schema_names_and_the_graph_has_not_are_an_error(graph: HeteroData) -> None:
    bare = without(graph, set())
    del bare[RATED]
    with pytest.raises(GraphError, match=r"Expected interactions \(:User\)-\[:RATED\]->\(:Film\)"):
        train(bare)


def test_the_learning_rate_warms_up_and_decays() -> None:
    course = training._Course.__new__(training._Course)
    course.settings = training.TrainingSettings(warmup=4, steps=24)
    rates = [course._rate(step) for step in range(25)]
    assert rates[:4] == [0.25, 0.5, 0.75, 1.0]
    assert rates[4] == 1.0 and rates[24] == pytest.approx(0.1)
    assert rates[4:] == sorted(rates[4:], reverse=True) and rates[14] == pytest.approx(0.55)


def test_targets_are_a_distribution_that_leaves_out_what_was_named() -> None:
    from kg_rec.model.simulation import SimulatedPerson

    simulated = [SimulatedPerson(0, "", (0,), (1, 2)), SimulatedPerson(1, "", (3,), (0, 2, 4))]
    people = People(
        text=torch.tensor([[1.0, 0.0], [0.0, 1.0]]),
        person=torch.tensor([0, 1, 1]),
        entity=torch.tensor([0, 3, 4]),  # the second person names one of the targets
        weight=torch.ones(3),
        said=torch.arange(3),
    )
    items = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
    targets = training._Targets(simulated, people, items, tilt=2.0)
    scores = torch.tensor([[9.0, 1.0, 2.0, 0.0, 0.5], [1.0, 0.0, 3.0, 9.0, 9.0]])
    # Person 0: targets 1 and 2 with cosines 1 and 0; item 0 is out of the softmax.
    shares = torch.softmax(torch.tensor([2.0, 0.0]), 0)
    chances = torch.log_softmax(torch.tensor([1.0, 2.0, 0.0, 0.5]), 0)
    first = -(shares[0] * chances[0] + shares[1] * chances[1])
    # Person 1: targets 0 and 2 with cosines 0 and 1; items 3 and 4 are out.
    chances = torch.log_softmax(torch.tensor([1.0, 0.0, 3.0]), 0)
    second = -(shares[1] * chances[0] + shares[0] * chances[2])
    assert float(targets.loss(scores, torch.tensor([0, 1]))) == pytest.approx(float((first + second) / 2), rel=1e-5)
    assert float(targets.loss(scores[[1, 0]], torch.tensor([1, 0]))) == pytest.approx(
        float((first + second) / 2), rel=1e-5
    )
    assert float(targets.loss(scores[1:], torch.tensor([1]))) == pytest.approx(float(second), rel=1e-5)
    assert targets.recall(scores, torch.tensor([0, 1]), 1) == pytest.approx(float((shares[1] + shares[0]) / 2))
    assert targets.recall(scores, torch.tensor([0, 1]), 50) == pytest.approx(1.0)


def test_without_simulated_requests_the_weights_of_telling_are_learned_all_the_same(graph: HeteroData) -> None:
    model = train(graph, variants=0)
    assert model.metrics["telling"]["people"] > 0 and "history" not in model.metrics
