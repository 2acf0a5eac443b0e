from __future__ import annotations

import numpy as np
import pytest

from kg_rec.graph.interactions import Interactions, interactions_of, positive
from kg_rec.model.simulation import MIN_LIKED, SimulatedPerson, simulate_people
from kg_rec.text.asking import ItemWords, item_words
from tests.graphs import SCHEMA, toys


@pytest.fixture
def crowd() -> tuple[Interactions, np.ndarray, ItemWords]:
    graph = toys()
    interactions = interactions_of(graph, SCHEMA)
    assert interactions is not None
    return interactions, positive(interactions), item_words(graph, SCHEMA)


def simulate(crowd, **options) -> list[SimulatedPerson]:
    interactions, liked, words = crowd
    return simulate_people(interactions, liked, words, **options)


def test_evidence_and_targets_are_disjoint_and_liked(crowd) -> None:
    interactions, liked, _ = crowd
    likes = set(zip(interactions.users[liked].tolist(), interactions.items[liked].tolist(), strict=True))
    people = simulate(crowd)
    assert len(people) > 100
    for person in people:
        assert person.evidence
        assert len(person.targets) >= 2
        assert not set(person.evidence) & set(person.targets)
        assert {(person.user, item) for item in person.evidence + person.targets} <= likes


def test_the_same_seed_gives_the_same_people(crowd) -> None:
    assert simulate(crowd, seed=3) == simulate(crowd, seed=3)
    assert simulate(crowd, seed=3) != simulate(crowd, seed=4)


def test_one_more_person_changes_nobody_else(crowd) -> None:
    interactions, liked, words = crowd
    kept = interactions.users != 7
    assert interactions.weights is not None and interactions.times is not None
    without = Interactions(
        interactions.schema,
        interactions.users[kept],
        interactions.items[kept],
        interactions.weights[kept],
        interactions.times[kept],
    )
    assert simulate_people(without, liked[kept], words) == [person for person in simulate(crowd) if person.user != 7]


def test_people_who_like_too_little_are_left_out(crowd) -> None:
    interactions, liked, words = crowd
    few = liked.copy()
    of_first = np.flatnonzero((interactions.users == 0) & liked)
    few[of_first[MIN_LIKED - 1 :]] = False
    assert 0 in {person.user for person in simulate(crowd)}
    assert 0 not in {person.user for person in simulate_people(interactions, few, words)}


def test_words_speak_of_the_evidence_in_many_ways(crowd) -> None:
    people = simulate(crowd, variants=8)
    titles = crowd[2].titles
    naming = [p for p in people if any(titles[item].casefold() in p.text.casefold() for item in p.evidence)]
    assert 0.3 < len(naming) / len(people) < 0.95
    assert len({p.text for p in people}) > 0.9 * len(people)


def test_the_limit_is_kept_in_order(crowd) -> None:
    people = simulate(crowd, limit=10)
    assert len(people) == 10
    assert [person.user for person in people] == sorted(person.user for person in people)
