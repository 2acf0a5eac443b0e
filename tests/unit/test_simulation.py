"""People of the graph turned into new ones: seeded, each for themselves, and nothing given away."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from film_graphs import SCHEMA, graph_of, two_tastes
from numpy.typing import NDArray

from kg_rec.graph.interactions import Interactions, interactions_of, positive
from kg_rec.model.simulation import MIN_LIKED, SimulatedPerson, simulate_people, simulate_telling
from kg_rec.text.asking import ItemWords, item_words
from kg_rec.text.manner import REVIEWS

Crowd = tuple[Interactions, NDArray[np.bool_], ItemWords]
KEYS = [f"User/{user:03}" for user in range(60)]


@pytest.fixture(scope="module")
def crowd() -> Crowd:
    graph = two_tastes(people=40)
    interactions = interactions_of(graph, SCHEMA)
    assert interactions is not None
    return interactions, positive(interactions), item_words(graph, SCHEMA)


def simulate(crowd: Crowd, **options: Any) -> list[SimulatedPerson]:
    interactions, liked, words = crowd
    return simulate_people(interactions, liked, words, KEYS, **options)


def part_of(crowd: Crowd, kept: NDArray[Any]) -> Crowd:
    interactions, liked, words = crowd
    assert interactions.weights is not None and interactions.times is not None
    columns = [interactions.users, interactions.items, interactions.weights, interactions.times]
    return Interactions(interactions.schema, *(column[kept] for column in columns)), liked[kept], words


def test_evidence_and_targets_are_disjoint_and_are_all_they_like(crowd: Crowd) -> None:
    interactions, liked, _ = crowd
    people = simulate(crowd, variants=4)
    assert len(people) == 4 * 40
    for person in people:
        evidence, targets = set(person.evidence), set(person.targets)
        assert 1 <= len(evidence) == len(person.evidence) <= 3 and len(targets) >= 2
        assert not evidence & targets
        assert evidence | targets == set(interactions.items[liked & (interactions.users == person.user)].tolist())
    assert {len(person.evidence) for person in people} == {1, 2, 3}


def test_the_same_seed_gives_the_same_people(crowd: Crowd) -> None:
    people = simulate(crowd, seed=3)
    assert people == simulate(crowd, seed=3)
    assert people != simulate(crowd, seed=4)


def test_the_order_of_interactions_changes_nothing(crowd: Crowd) -> None:
    shuffled = np.random.default_rng(0).permutation(len(crowd[0]))
    assert simulate(part_of(crowd, shuffled)) == simulate(crowd)


def test_one_more_person_changes_nobody_else(crowd: Crowd) -> None:
    interactions, liked, words = part_of(crowd, crowd[0].users != 7)
    # Without person 7, the rows of those behind move up.
    moved = replace(interactions, users=interactions.users - (interactions.users > 7))
    left = simulate_people(moved, liked, words, KEYS[:7] + KEYS[8:])
    expected = [replace(one, user=one.user - (one.user > 7)) for one in simulate(crowd) if one.user != 7]
    assert left == expected


def test_the_variants_of_a_person_differ(crowd: Crowd) -> None:
    people = simulate(crowd, variants=6)
    of_one = [person for person in people if person.user == 5]
    assert len(of_one) == 6 and len({(person.text, person.evidence) for person in of_one}) > 1
    assert len({person.text for person in people}) > 0.6 * len(people)


def test_people_who_like_too_little_are_left_out(crowd: Crowd) -> None:
    interactions, liked, words = crowd
    of_first = np.flatnonzero((interactions.users == 0) & liked)
    for count, there in ((MIN_LIKED - 1, False), (MIN_LIKED, True)):
        few = liked.copy()
        few[of_first[count:]] = False
        people = simulate_people(interactions, few, words, KEYS)
        assert (0 in {person.user for person in people}) == there


def test_words_speak_of_the_evidence_in_many_ways(crowd: Crowd) -> None:
    titles = crowd[2].titles
    people = simulate(crowd, variants=8)
    naming = [p for p in people if any(titles[item].casefold() in p.text.casefold() for item in p.evidence)]
    assert 0.3 < len(naming) / len(people) < 0.95
    # Never of the targets: a model would learn to find what the words name.
    assert not [p for p in people if any(titles[item].casefold() in p.text.casefold() for item in p.targets)]


def test_some_refuse_a_kind_that_what_they_like_has_not() -> None:
    """Everybody likes comedies and dislikes westerns."""
    films = [str(film) for film in range(12)]
    graph = graph_of(
        {
            "Film": {"filmId": films, "title": [f"T{film}" for film in films], "plot": [None] * 12},
            "Genre": {"name": ["Comedy", "Western"]},
            "User": {"userId": [str(user) for user in range(60)]},
        },
        {
            ("Film", "HAS_GENRE", "Genre"): [(film, film // 6) for film in range(12)],
            ("User", "RATED", "Film"): [(user, film) for user in range(60) for film in range(12)],
        },
        {("User", "RATED", "Film"): {"rating": [5.0 if film < 6 else 1.0 for _ in range(60) for film in range(12)]}},
    )
    interactions = interactions_of(graph, SCHEMA)
    assert interactions is not None
    people = simulate_people(interactions, positive(interactions), item_words(graph, SCHEMA), KEYS)
    texts = [person.text.lower() for person in people]
    refusing = sum("no western please." in text for text in texts)
    assert 0.05 < refusing / len(texts) < 0.25
    assert not any("no comedy" in text for text in texts)
    # Where a word is misspelt, it is one of the three.
    assert not any(re.search("(?<!no )western(?! please)", text) for text in texts)


def test_the_limit_is_kept_in_order(crowd: Crowd) -> None:
    everybody, people = simulate(crowd), simulate(crowd, limit=10)
    assert len(people) == 10 and people == [person for person in everybody if person in people]
    assert len({person.user for person in people}) > 3  # from the whole of them


def test_without_kinds_and_relations_people_still_write() -> None:
    graph = two_tastes(people=6)
    bare = graph_of(
        {label: graph[label].properties for label in ("Film", "User")},
        {("User", "RATED", "Film"): graph["User", "RATED", "Film"].edge_index.T.tolist()},
        {("User", "RATED", "Film"): graph["User", "RATED", "Film"].properties},
    )
    interactions = interactions_of(bare, SCHEMA)
    assert interactions is not None
    people = simulate_people(interactions, positive(interactions), item_words(bare, SCHEMA), KEYS)
    assert len(people) == 24 and all(person.text.strip() for person in people)


def tell(crowd: Crowd, **options: Any) -> list[SimulatedPerson]:
    interactions, liked, words = crowd
    return simulate_telling(interactions, liked, words, KEYS, **options)


def test_who_tells_gives_none_of_their_targets_away(crowd: Crowd) -> None:
    interactions, liked, words = crowd
    people = tell(crowd)
    assert [person.user for person in people] == list(range(40))  # one of each
    for person in people:
        evidence, targets = set(person.evidence), set(person.targets)
        theirs = set(interactions.items[liked & (interactions.users == person.user)].tolist())
        assert 1 <= len(evidence) == len(person.evidence) <= min(len(theirs) // 2, 10)
        assert not evidence & targets and evidence | targets == theirs
        assert not any(words.titles[item] in person.text for item in targets)


def test_some_list_what_is_common_and_some_write_of_one_thing(crowd: Crowd) -> None:
    words = crowd[2]
    people = tell(crowd)
    reviews = [one for one in people if len(one.evidence) == 1 and words.texts[one.evidence[0]] in one.text]
    assert 0.25 < len(reviews) / len(people) < 0.75
    named = [words.titles[person.evidence[0]] in person.text for person in reviews]
    among = [any(opinion in person.text for opinion in REVIEWS) for person in reviews]
    assert 0 < sum(named) < len(reviews) and 0 < sum(among) < len(reviews)
    relations = [*([words.kind] if words.kind else []), *words.relations]
    for person in people:
        if person not in reviews:
            names = {name for one in relations for item in person.evidence for name in one.names[item]}
            left = person.text
            for name in names:
                left = left.replace(name, "")
            assert names and not re.sub(r"and|[ ,.]", "", left)  # nothing else is said


def test_who_tells_is_seeded_by_their_key(crowd: Crowd) -> None:
    people = tell(crowd, seed=3)
    assert people == tell(crowd, seed=3) and people != tell(crowd, seed=4)
    shuffled = np.random.default_rng(0).permutation(len(crowd[0]))
    assert tell(part_of(crowd, shuffled), seed=3) == people
    interactions, liked, words = part_of(crowd, crowd[0].users != 7)
    moved = replace(interactions, users=interactions.users - (interactions.users > 7))
    left = simulate_telling(moved, liked, words, KEYS[:7] + KEYS[8:], seed=3)
    assert left == [replace(one, user=one.user - (one.user > 7)) for one in people if one.user != 7]


def test_who_tells_is_chosen_from_the_whole_of_them(crowd: Crowd) -> None:
    everybody, some = tell(crowd), tell(crowd, limit=10)
    assert len(some) == 10 and some == [person for person in everybody if person in some]
    users = [person.user for person in some]
    assert users != list(range(10)) and users != [person.user for person in tell(crowd, limit=10, seed=1)]
    assert tell(crowd, limit=0) == []


def test_who_likes_too_little_tells_nothing(crowd: Crowd) -> None:
    interactions, liked, words = crowd
    of_first = np.flatnonzero((interactions.users == 0) & liked)
    for count, there in ((MIN_LIKED - 1, False), (MIN_LIKED, True)):
        few = liked.copy()
        few[of_first[count:]] = False
        people = simulate_telling(interactions, few, words, KEYS)
        assert (0 in {person.user for person in people}) == there
        assert all(person.targets for person in people)


@pytest.mark.parametrize("related", [False, True])
@pytest.mark.parametrize("described", [False, True])
def test_without_relations_or_texts_people_still_tell(crowd: Crowd, related: bool, described: bool) -> None:
    interactions, liked, words = crowd
    bare = replace(
        words,
        relations=words.relations if related else [],
        kind=words.kind if related else None,
        texts=words.texts if described else [""] * len(words.titles),
    )
    people = simulate_telling(interactions, liked, bare, KEYS)
    assert len(people) == 40 and all(person.text.strip() for person in people)
    assert any(words.texts[person.evidence[0]] in person.text for person in people if described) == described
    named = [any(words.titles[item] in person.text for item in person.evidence) for person in people]
    assert any(named) and (all(named) == (not related and not described))
