"""Each of the eleven signals against a computation by hand, with dense matrices, on a graph of four toys."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from numpy.typing import NDArray

from kg_rec.model import signals
from kg_rec.model.link_prediction import LinkPredictor, People
from kg_rec.model.signals import SIGNALS, Evidence, Likings, ease, likes_of

TOYS, ENTITIES = 4, 7
LIKES = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 0]], dtype=np.float32)
DIRECT = np.array(
    [[0, 0, 0, 0, 1, 1, 0], [0, 0, 0, 0, 1, 0, 0], [1, 0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 0, 1]], dtype=np.float32
)
OMEGA, NU = np.array([0.6] * TOYS + [0.25] * 3), np.array([1.0] * TOYS + [0.3] * 3)

INTERESTS = np.zeros((4, ENTITIES))
"""Of four people: the first has words and names much, the second has neither, the third only words, the last no words."""
INTERESTS[0, [1, 2, 4, 5]] = 0.9, -0.5, 0.5, -0.8
INTERESTS[3, [0, 6]] = 0.3, 1.0
WORDS = np.array([[0.6, 0.8, 0.0], [0.0, 0.0, 0.0], [0.0, 0.6, -0.8], [0.0, 0.0, 0.0]], dtype=np.float32)
RANKS = np.array([[0.1, np.nan], [0.9, 0.5], [0.5, 0.25], [np.nan, np.nan]], dtype=np.float32)


def people() -> People:
    person, entity = np.nonzero(INTERESTS)
    return People(
        torch.from_numpy(WORDS),
        torch.from_numpy(person),
        torch.from_numpy(entity),
        torch.from_numpy(INTERESTS[person, entity]).float(),
        torch.arange(len(person)),
    )


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    rng = np.random.default_rng(5)
    label_of = torch.tensor([0] * TOYS + [1] * (ENTITIES - TOYS))
    return Evidence(
        text=torch.from_numpy(rng.standard_normal((ENTITIES, 3)).astype(np.float32)),
        one_hot=sparse(rng.standard_normal((ENTITIES, ENTITIES)) * (rng.random((ENTITIES, ENTITIES)) < 0.4)),
        popularity=torch.tensor([0.3, -0.1, 0.0, -0.2]),
        direct=sparse(DIRECT),
        likings=Likings(sparse(LIKES), sparse(rng.random((TOYS, TOYS))), sparse(rng.standard_normal((TOYS, TOYS)))),
        predictor=LinkPredictor(label_of, item_label=0, labels=2, temperature=20.0).eval(),
        ranks=RANKS,
    )


def sparse(dense: NDArray[Any]) -> sp.csr_array:
    found: sp.csr_array = sp.csr_array(dense.astype(np.float32))
    return found


def found(evidence: Evidence, name: str) -> NDArray[np.float32]:
    signal: NDArray[np.float32] = evidence.signals(people())[:, SIGNALS.index(name)]
    return signal


def unit(rows: NDArray[Any]) -> NDArray[Any]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)


def wishes(evidence: Evidence) -> NDArray[Any]:
    return unit(WORDS + (INTERESTS * OMEGA) @ unit(evidence.text.numpy()))


def test_there_are_eleven_of_them(evidence: Evidence) -> None:
    assert evidence.signals(people()).shape == (4, 11, TOYS) == (4, len(SIGNALS), TOYS)


def test_popularity_is_the_same_for_everybody(evidence: Evidence) -> None:
    np.testing.assert_array_equal(found(evidence, "popularity"), np.tile(evidence.popularity.numpy(), (4, 1)))


def test_text_is_how_near_the_wish_is(evidence: Evidence) -> None:
    expected = 20.0 * wishes(evidence) @ unit(evidence.text.numpy())[:TOYS].T
    np.testing.assert_allclose(found(evidence, "text"), expected, rtol=1e-4, atol=1e-5)
    assert not expected[1].any() and expected[[0, 2, 3]].all()


def test_graph_is_what_is_shared_with_the_interests(evidence: Evidence) -> None:
    h = evidence.one_hot.toarray()
    np.testing.assert_allclose(found(evidence, "graph"), (INTERESTS * NU) @ h @ h[:TOYS].T, rtol=1e-4, atol=1e-5)


def test_direct_says_more_the_less_common_a_neighbour_is(evidence: Evidence) -> None:
    telling = np.log(5 / (1 + DIRECT.sum(axis=0)))
    expected = (INTERESTS * telling * (np.arange(ENTITIES) >= TOYS)) @ DIRECT.T
    np.testing.assert_allclose(found(evidence, "direct"), expected, rtol=1e-5, atol=1e-6)
    assert expected[0].tolist() == pytest.approx(
        [-0.3 * math.log(5 / 3), 0.5 * math.log(5 / 3), -0.8 * math.log(5 / 3), 0]
    )


def test_everything_is_met_by_what_has_all_that_was_asked_for(evidence: Evidence) -> None:
    def met(*asked: tuple[int, float, int]) -> list[float]:
        entity, weight, said = zip(*asked, strict=True) if asked else ((), (), ())
        nobody = torch.zeros(len(asked), dtype=torch.long)
        columns = torch.tensor(entity, dtype=torch.long), torch.tensor(weight), torch.tensor(said, dtype=torch.long)
        somebody = People(torch.zeros(1, 3), nobody, *columns)
        row: list[float] = evidence.signals(somebody)[0, SIGNALS.index("everything")].tolist()
        return row

    assert met((4, 1.0, 0)) == [1, 1, 0, 0]
    assert met((4, 1.0, 0), (5, 0.5, 1)) == [1, 0, 0, 0]
    assert met((4, 1.0, 0), (5, 0.5, 0)) == [1, 1, 1, 0]  # the same words: one of the two is enough
    assert met((4, 1.0, 0), (5, 1.0, 1), (6, 1.0, 2)) == [0, 0, 0, 0]
    assert met((4, 1.0, 0), (5, -1.0, 1), (1, 1.0, 2)) == [1, 1, 0, 0]  # disliked, and an item: not asked for
    assert met() == met((0, 1.0, 0)) == [0, 0, 0, 0]


def test_a_rare_neighbour_is_not_all_that_somebody_wants(evidence: Evidence) -> None:
    """Of 200 items, one has the first neighbour, and 40 have the second."""
    direct = np.zeros((200, 202), dtype=np.float32)
    direct[0, 200] = direct[10:50, 201] = 1
    label_of = torch.tensor([0] * 200 + [1] * 2)
    many = Evidence(
        torch.zeros(202, 3),
        sparse(np.zeros((202, 202))),
        torch.zeros(200),
        sparse(direct),
        Likings.nobody(200),
        LinkPredictor(label_of, item_label=0, labels=2),
        np.zeros((200, 0), dtype=np.float32),
    )
    somebody = People(
        torch.zeros(1, 3), torch.tensor([0, 0]), torch.tensor([200, 201]), torch.tensor([0.5, 1.0]), torch.arange(2)
    )
    said = many.signals(somebody)[0, SIGNALS.index("direct")]
    assert said[0] == pytest.approx(0.5 * 4.0)
    assert said[10:50].tolist() == pytest.approx([math.log(201 / 41)] * 40) and said.astype(bool).sum() == 41


def test_together_and_ease_are_carried_from_the_items_named(evidence: Evidence) -> None:
    items = INTERESTS[:, :TOYS]
    for name, weights in (("together", evidence.likings.together), ("ease", evidence.likings.ease)):
        np.testing.assert_allclose(found(evidence, name), items @ weights.toarray(), rtol=1e-5, atol=1e-6)
        assert not found(evidence, name)[1:3].any()


def test_what_is_named_says_how_near_others_are_in_numbers(evidence: Evidence) -> None:
    """Who likes the second toy is nearest to it and to the third; of the fourth, no number is known."""

    def near(*liked: tuple[int, float]) -> list[float]:
        entities, weights = zip(*liked, strict=True)
        nobody = torch.zeros(len(liked), dtype=torch.long)
        somebody = People(torch.zeros(1, 3), nobody, torch.tensor(entities), torch.tensor(weights), nobody)
        values: list[float] = evidence.signals(somebody)[0, SIGNALS.index("nearness")].tolist()
        return values

    far = np.array([0.8, 0.0, (0.4 + 0.25) / 2])
    assert near((1, 1.0)) == pytest.approx([*(far.mean() - far), 0.0], abs=1e-6)
    assert near((1, 0.5)) == pytest.approx([*(far.mean() - far) / 2, 0.0], abs=1e-6)
    assert near((1, 0.5), (0, -1.0), (5, 1.0)) == near((1, 0.5))  # a dislike, and no item
    assert near((3, 1.0)) == [0.0] * TOYS


def test_lift_is_how_much_oftener_those_who_like_such_things_liked_it(evidence: Evidence) -> None:
    expected = np.zeros((4, TOYS))
    people_count = len(LIKES)
    for person in range(4):
        for entity in range(TOYS, ENTITIES):
            share = [(LIKES[user] @ DIRECT)[entity] / LIKES[user].sum() for user in range(people_count)]
            for item in range(TOYS):
                both = sum(share[user] for user in range(people_count) if LIKES[user, item])
                by_chance = sum(share) * LIKES[:, item].sum() / people_count
                expected[person, item] += INTERESTS[person, entity] * math.log((both + 0.5) / (by_chance + 0.5))
    np.testing.assert_allclose(found(evidence, "lift"), expected, rtol=1e-4, atol=1e-6)
    assert expected[0, :3].all() and not expected[1:3].any()


def test_neighbours_are_those_whose_likes_read_like_the_words(evidence: Evidence) -> None:
    liked = unit(LIKES @ unit(evidence.text.numpy())[:TOYS])
    centre = liked.mean(axis=0)
    cosines = unit(wishes(evidence) - centre) @ unit(liked - centre).T
    weights = np.exp(10 * cosines) / np.exp(10 * cosines).sum(axis=1, keepdims=True)
    expected = np.log((weights @ LIKES + 0.005) / (LIKES.mean(axis=0) + 0.005))
    expected[1] = 0.0  # who has said nothing is like nobody
    np.testing.assert_allclose(found(evidence, "neighbours"), expected, rtol=1e-3, atol=1e-5)
    assert expected[[0, 2, 3], :3].all()


def test_who_has_no_words_and_names_nothing_gets_the_popular(evidence: Evidence) -> None:
    nobody_known = evidence.signals(people())[1]
    assert not nobody_known[2:].any() and nobody_known[0].any() and nobody_known[1].any()


def test_each_person_is_for_themselves(evidence: Evidence) -> None:
    together = evidence.signals(people())
    for person in range(4):
        alone = evidence.signals(people().select(torch.tensor([person])))[0]
        np.testing.assert_allclose(alone, together[person], rtol=1e-5, atol=1e-6)


def test_nobody_in_the_graph_says_nothing(evidence: Evidence) -> None:
    alone = replace(evidence, likings=Likings.nobody(TOYS)).signals(people())
    without = [SIGNALS.index(name) for name in ("popularity", "text", "graph", "direct", "everything", "nearness")]
    np.testing.assert_array_equal(alone[:, without], evidence.signals(people())[:, without])
    assert not np.delete(alone, without, axis=1).any()


def test_liked_counts_people_whenever_it_was(evidence: Evidence) -> None:
    counted = np.log(evidence.likings.likes.toarray().sum(axis=0) + 1)
    for person in evidence.signals(people()):
        np.testing.assert_allclose(person[SIGNALS.index("liked")], counted - counted.mean(), rtol=1e-5, atol=1e-6)


def test_no_people_have_no_signals(evidence: Evidence) -> None:
    nothing = torch.zeros(0, dtype=torch.long)
    assert evidence.signals(People(torch.zeros(0, 3), nothing, nothing, torch.zeros(0), nothing)).shape == (0, 11, TOYS)


def test_likes_are_ones_without_people_who_liked_nothing() -> None:
    likes = likes_of(np.array([7, 3, 7, 7]), np.array([0, 2, 1, 0]), item_count=4)
    assert likes.toarray().tolist() == [[0, 0, 1, 0], [1, 1, 0, 0]]
    nobody = likes_of(np.zeros(0, np.int64), np.zeros(0, np.int64), item_count=4)
    assert nobody.shape == (0, 4)


def interacted(people: int, items: int, seed: int = 0) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    liking = 0.1 + 0.5 * rng.random((1, items))
    return (rng.random((people, items)) < liking).astype(np.float32)


def closed_form(x: NDArray[Any]) -> NDArray[Any]:
    precision = np.linalg.inv(x.T.astype(np.float64) @ x + 200.0 * np.eye(x.shape[1]))
    found: NDArray[Any] = np.eye(x.shape[1]) - precision / np.diag(precision)
    return found


def test_ease_is_its_closed_formula_over_items_that_enough_people_met() -> None:
    x = interacted(400, 12)
    x[2:, 5], x[:2, 5] = 0, 1  # two people are too few
    x[3:, 8], x[:3, 8] = 0, 1  # three are not
    enough = [item for item in range(12) if item != 5]
    expected = np.zeros((12, 12))
    expected[np.ix_(enough, enough)] = closed_form(x[:, enough])
    found = ease(sparse(x))
    np.testing.assert_allclose(found.toarray(), expected, atol=1e-6)
    assert np.abs(expected).max() > 0.01 and not found.diagonal().any()
    # Its columns are the regressions of each item on the others, which is what makes it an autoencoder.
    target = enough[0]
    others = [item for item in enough if item != target]
    ridge = np.linalg.solve(x[:, others].T @ x[:, others] + 200.0 * np.eye(len(others)), x[:, others].T @ x[:, target])
    np.testing.assert_allclose(found.toarray()[others, target], ridge, atol=1e-6)


def test_ease_of_few_people_is_the_same_formula() -> None:
    x = interacted(30, 60)
    x[:3] = 1
    np.testing.assert_allclose(ease(sparse(x)).toarray(), closed_form(x), atol=1e-6)
    many = np.concatenate([x, np.zeros((40, 60))])  # nobody more, but a system of the items
    np.testing.assert_allclose(ease(sparse(x)).toarray(), ease(sparse(many)).toarray(), atol=1e-6)


def test_ease_keeps_the_strongest_of_each_source() -> None:
    x = interacted(500, 130)
    x[:3] = 1
    found, whole = ease(sparse(x)).toarray(), closed_form(x)
    for row, full in zip(found, whole, strict=True):
        kept = np.flatnonzero(row)
        assert len(kept) == 100
        np.testing.assert_allclose(row[kept], full[kept], atol=1e-6)
        assert np.abs(full[kept]).min() >= np.delete(np.abs(full), kept).max() - 1e-6


def test_ease_is_over_the_items_that_most_people_met(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "_EASE_MOST_ITEMS", 4)
    x = interacted(300, 12)
    most = np.sort(np.argsort(-x.sum(axis=0))[:4])
    expected = np.zeros((12, 12))
    expected[np.ix_(most, most)] = closed_form(x[:, most])
    np.testing.assert_allclose(ease(sparse(x)).toarray(), expected, atol=1e-6)


def test_ease_of_too_few_people_is_empty() -> None:
    assert ease(sparse(np.ones((2, 3)))).nnz == 0
    assert ease(likes_of(np.zeros(0, np.int64), np.zeros(0, np.int64), item_count=3)).shape == (3, 3)


def test_what_is_answered_is_what_was_learned_from(evidence: Evidence) -> None:
    """Training scores with dense tensors, for their gradients; answers with sparse ones, for speed."""
    one_hot = torch.from_numpy(evidence.one_hot.toarray())
    learned = replace(evidence, predictor=LinkPredictor(evidence.predictor.label_of, item_label=0, labels=2))
    with torch.no_grad():
        learned.predictor.beta_change.fill_(0.4)
        learned.predictor.nu_change.copy_(torch.tensor([0.2, -0.1]))
        scores = learned.predictor(
            evidence.text, lambda weights: one_hot[:TOYS] @ (one_hot.T @ weights), people(), evidence.popularity
        )
    for name in ("text", "graph"):
        np.testing.assert_allclose(found(learned, name), getattr(scores, name).numpy(), atol=1e-5, err_msg=name)
