"""Probabilities: what they are learned from, that they change no order, and that they are right for people like those."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from film_graphs import SCHEMA, WITHOUT_USERS, artifact_of, train, two_tastes
from scipy.special import logsumexp
from sklearn.isotonic import IsotonicRegression

from kg_rec.interest import Interest
from kg_rec.model import calibration as module
from kg_rec.model.artifact import Artifact, load_artifact, save_artifact
from kg_rec.model.calibration import Calibration, Curve, calibrate, log_chances
from kg_rec.model.ranking import Ranking
from kg_rec.model.simulation import SimulatedPerson
from kg_rec.text.encoder import HashEncoder
from kg_rec.text.wishes import Wishes, understood


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    return artifact_of(two_tastes(people=90, films=36), steps=4)


def drawn(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Chances, the true probability at each, and whether it came true."""
    rng = np.random.default_rng(seed)
    chances = rng.uniform(-9, 0, count)
    true = 1 / (1 + np.exp(-(chances + 2)))
    return chances, true, rng.random(count) < true


def test_a_curve_finds_the_probabilities_that_things_were_drawn_with() -> None:
    chances, true, liked = drawn(30_000)
    curve = Curve.through(chances, liked)
    assert len(curve.chances) == 60
    assert np.abs(curve.at(chances) - true).mean() < 0.012
    assert np.abs(curve.at(chances) - true).max() < 0.08


def test_a_curve_is_the_isotonic_regression_of_its_points() -> None:
    chances, _, liked = drawn(900)
    curve = Curve.through(chances, liked)
    order = np.argsort(chances)
    groups = np.array_split(order, 18)
    rates = [(liked[group].sum() + liked.mean()) / 51 for group in groups]
    expected = IsotonicRegression().fit([chances[group].mean() for group in groups], rates, sample_weight=[50] * 18)
    np.testing.assert_allclose(curve.chances, [chances[group].mean() for group in groups])
    np.testing.assert_allclose(curve.probabilities, expected.predict(curve.chances), atol=1e-12)


def test_a_curve_never_falls_and_is_level_beyond_its_ends() -> None:
    rng = np.random.default_rng(3)
    curve = Curve.through(rng.normal(size=2000), rng.random(2000) < 0.3)  # chances that say nothing
    assert (np.diff(curve.at(np.linspace(-5, 5, 500))) >= 0).all()
    assert curve.at(np.array([-99.0]))[0] == curve.probabilities[0] > 0
    assert curve.at(np.array([99.0]))[0] == curve.probabilities[-1] < 1


@pytest.mark.parametrize("chances", [[0.5], [0.5] * 300, [0.1] * 60 + [0.2] * 60])
def test_few_items_and_ties_make_a_curve(chances: list[float]) -> None:
    liked = np.arange(len(chances)) % 2 == 0
    curve = Curve.through(np.array(chances), liked)
    assert len(curve.chances) == len(set(chances)) and (np.diff(curve.chances) > 0).all()
    assert curve.at(np.array([0.5]))[0] == pytest.approx(liked.mean(), abs=0.01)


def test_chances_are_the_softmax_over_what_is_not_known() -> None:
    scores = np.array([3.0, 1.0, -2.0, 0.5], dtype=np.float32)
    found = log_chances(scores, {0})
    assert found[0] == -np.inf
    np.testing.assert_allclose(found[1:], scores[1:] - logsumexp(scores[1:].astype(float)))
    np.testing.assert_allclose(log_chances(scores + 7, {0})[1:], found[1:], atol=1e-6)
    assert (log_chances(scores, range(4)) == -np.inf).all()


def test_the_two_manners_are_mixed_by_how_much_the_words_ask() -> None:
    points = np.array([-1.0, 0.0])
    curves = Calibration(Curve(points, np.array([0.2, 0.4])), Curve(points, np.array([0.0, 0.8])), {})
    assert curves.probabilities(np.array([-0.5]), 1.0)[0] == pytest.approx(0.3)
    assert curves.probabilities(np.array([-0.5]), 0.0)[0] == pytest.approx(0.4)
    assert curves.probabilities(np.array([0.0]), 0.7)[0] == pytest.approx(0.7 * 0.4 + 0.3 * 0.8)


def test_every_item_has_the_probability_of_its_place(artifact: Artifact) -> None:
    ranking, found = Ranking(artifact), artifact.model.calibration
    assert found is not None and found.people["asking"] >= 10
    vectors = HashEncoder().encode(["quiet dramas", "golden"])
    theirs = [[Interest("Genre/Drama", "Genre", "Drama", 1.0)], [Interest("Film/003", "Film", "x", 1.0)]]
    asks = np.array([1.0, 0.7], dtype=np.float32)
    scores = ranking.parts(vectors, theirs, asks).sum(axis=1)
    for person, ranked in enumerate(ranking.rank(vectors, theirs, asks, k=36, excluded=[[5], []])):
        chances = log_chances(scores[person], [[5], [3]][person])
        likely = [one.probability for one in ranked]
        expected = found.probabilities(chances[[one.item for one in ranked]], float(asks[person]))
        assert likely == pytest.approx(expected.tolist())
        assert likely == sorted(likely, reverse=True) and 0 < likely[-1] < likely[0] < 1
    year = ranking.rank(vectors, theirs, asks, k=36, allowed=np.arange(36) > 20)[1]
    every = {one.item: one.probability for one in ranking.rank(vectors, theirs, asks, k=36)[1]}
    assert all(one.probability == pytest.approx(every[one.item]) for one in year)  # a filter makes nothing likelier


def test_probabilities_come_back_from_disk(artifact: Artifact, tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    version = save_artifact(artifact, folder)
    back = load_artifact(folder).model.calibration
    assert back is not None and artifact.model.calibration is not None
    assert back.people == artifact.model.calibration.people
    np.testing.assert_allclose(back.asking.probabilities, artifact.model.calibration.asking.probabilities, atol=1e-6)
    np.testing.assert_allclose(back.telling.chances, artifact.model.calibration.telling.chances, atol=1e-6)
    manifest = json.loads((folder / version / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["calibration"]["asking"][0] == [
        pytest.approx(back.asking.chances[0]),
        pytest.approx(back.asking.probabilities[0]),
    ]


@pytest.mark.parametrize("asking", [[], [[0.0]], [[0.0, 0.5], [1.0, 0.4]], [[1.0, 0.1], [0.0, 0.2]], [["a", "b"]]])
def test_curves_that_are_none_are_an_error(asking: object) -> None:
    with pytest.raises(ValueError, match=r"calibration: expected rising points|could not convert"):
        Calibration.from_dict({"asking": asking, "telling": [[0.0, 0.5]], "people": {}})


def test_without_people_nothing_is_known(tmp_path: object) -> None:
    from pathlib import Path

    graph = two_tastes(films=12)
    artifact = artifact_of(graph, WITHOUT_USERS)
    assert artifact.model.calibration is None
    ranked = Ranking(artifact).rank(HashEncoder().encode(["x"]), [[]], np.ones(1, dtype=np.float32), k=3)[0]
    assert [one.probability for one in ranked] == [None] * 3
    save_artifact(artifact, Path(str(tmp_path)))
    assert load_artifact(Path(str(tmp_path))).model.calibration is None
    assert train(two_tastes(people=12, films=12)).calibration is None  # two or three are held out


def test_it_is_learned_from_people_held_out_with_nothing_of_theirs_in_the_graph(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from kg_rec.model import training
    from kg_rec.model.crowd import Crowd
    from kg_rec.model.features import number_entities

    graph = two_tastes(people=90, films=36)
    crowd = Crowd.of(graph, SCHEMA, number_entities(graph, SCHEMA), 5)
    seen: dict[str, Any] = {}

    def watched(model: object, schema: object, asking: object, telling: object, *rest: object) -> None:
        seen.update(model=model, asking=asking, telling=telling)

    monkeypatch.setattr(training, "calibrate", watched)
    train(graph, steps=0)
    assert seen["asking"] and seen["telling"]
    for people, said in (seen["asking"], seen["telling"]):
        assert len(said.interests) == len(said.vectors) == len(people)
        assert {int(crowd.folds[person.user]) for person in people} == {0}
    np.testing.assert_array_equal(seen["model"].evidence.popularity.numpy(), crowd.popularity(crowd.kept(0)))


def said(people: list[SimulatedPerson]) -> tuple[list[SimulatedPerson], Wishes]:
    """These people, in whose words nothing is known."""
    return people, understood([one.text for one in people], lambda texts: [[] for _ in texts], HashEncoder())


def test_one_kind_of_words_lends_its_curve_to_the_other(artifact: Artifact) -> None:
    people = [SimulatedPerson(row, "quiet films", (0,), tuple(range(1, 20))) for row in range(12)]

    found = calibrate(artifact.model, SCHEMA, said(people), said(people[:9]))
    assert found is not None and found.telling is found.asking and found.people == {"asking": 12, "telling": 0}
    assert calibrate(artifact.model, SCHEMA, said(people[:9]), said([])) is None
    assert module.SHOWN == 50


def test_what_is_said_to_be_liked_is_counted(artifact: Artifact) -> None:
    """Everybody likes whatever there is: the probability is near 1; nobody likes anything: near 0."""
    everything = [SimulatedPerson(row, "films", (0,), tuple(range(1, 36))) for row in range(20)]
    nothing = [replace(person, targets=()) for person in everything]
    for people, expected in ((everything, 1.0), (nothing, 0.0)):
        found = calibrate(artifact.model, SCHEMA, said(people), said([]))
        assert found is not None
        assert found.asking.probabilities == pytest.approx(expected)
