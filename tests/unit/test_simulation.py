"""People of the graph turned into new ones: seeded, each for themselves, and nothing given away."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from film_graphs import SCHEMA, SPOKEN, graph_of, two_tastes, with_words
from numpy.typing import NDArray

from kg_rec.graph.interactions import Interactions, interactions_of, own_words, positive
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
    weights, times, texts = interactions.weights, interactions.times, interactions.texts
    assert weights is not None and times is not None
    rows = np.flatnonzero(kept) if kept.dtype == bool else kept
    part = replace(
        interactions,
        users=interactions.users[rows],
        items=interactions.items[rows],
        weights=weights[rows],
        times=times[rows],
        texts=None if texts is None else [texts[row] for row in rows],
    )
    return part, liked[rows], words


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


BIOS = own_words(with_words(two_tastes(people=40)), SPOKEN)


@pytest.fixture(scope="module")
def spoken() -> Crowd:
    """Every third person reviewed all they met, every fifth tells of themselves."""
    graph = with_words(two_tastes(people=40))
    interactions = interactions_of(graph, SPOKEN)
    assert interactions is not None
    return interactions, positive(interactions), item_words(graph, SPOKEN)


def test_who_has_words_of_their_own_tells_in_them(spoken: Crowd, crowd: Crowd) -> None:
    interactions, liked, words = spoken
    people = simulate_telling(interactions, liked, words, KEYS, BIOS)
    assert [person.user for person in people] == list(range(40))
    ways = set()
    for person in people:
        theirs = set(interactions.items[liked & (interactions.users == person.user)].tolist())
        assert set(person.evidence) | set(person.targets) == theirs and not set(person.evidence) & set(person.targets)
        reviews = {f"thus speaks the person {person.user:03} on the film {film:03}": film for film in theirs}
        assert person.own_words == (person.user % 3 == 0 or person.user % 5 == 0)
        if person.text in reviews:
            assert person.user % 3 == 0 and person.evidence == (reviews[person.text],)
            ways.add(("review", person.user % 5 == 0))
        elif person.own_words:
            assert person.text == f"thus lives the person {person.user:03}" and person.user % 5 == 0
            assert person.evidence == () and set(person.targets) == theirs
            ways.add(("bio", person.user % 3 == 0))
    # Who has both tells in either.
    assert ways == {("review", False), ("review", True), ("bio", False), ("bio", True)}
    # Nobody else's words change by that.
    simulated = {person.user: person for person in tell(crowd)}
    assert all(person == simulated[person.user] for person in people if not person.own_words)


def test_who_asks_does_so_in_simulated_words(spoken: Crowd, crowd: Crowd) -> None:
    assert simulate(spoken) == simulate(crowd) and not any(person.own_words for person in simulate(spoken))


def test_own_words_are_chosen_by_the_key_alone(spoken: Crowd) -> None:
    interactions, liked, words = spoken
    people = simulate_telling(interactions, liked, words, KEYS, BIOS, seed=3)
    shuffled = part_of(spoken, np.random.default_rng(0).permutation(len(interactions)))
    assert simulate_telling(*shuffled, KEYS, BIOS, seed=3) == people
    # Somebody joins who comes before: the rows of those behind move.
    less = part_of(spoken, interactions.users != 9)
    moved = replace(less[0], users=less[0].users - (less[0].users > 9))
    left = simulate_telling(moved, less[1], words, KEYS[:9] + KEYS[10:], BIOS[:9] + BIOS[10:], seed=3)
    assert left == [replace(one, user=one.user - (one.user > 9)) for one in people if one.user != 9]


def test_what_is_short_or_about_what_they_dislike_is_not_told(spoken: Crowd) -> None:
    interactions, liked, words = spoken
    assert interactions.texts is not None
    brief = replace(interactions, texts=["So good!"] * len(interactions))
    told = ["Hello there", *[""] * 59]
    assert not any(person.own_words for person in simulate_telling(brief, liked, words, KEYS, told))
    three = replace(interactions, texts=["Ever so good!"] * len(interactions))
    assert all(person.own_words for person in simulate_telling(three, liked, words, KEYS, told))
    # In a script without spaces, too.
    written = replace(interactions, texts=["とても良かった"] * len(interactions))
    assert all(person.own_words for person in simulate_telling(written, liked, words, KEYS, told))
    angry = [
        "" if likes else text or "a film to forget for ever"
        for likes, text in zip(liked, interactions.texts, strict=True)
    ]
    people = simulate_telling(replace(interactions, texts=angry), liked, words, KEYS)
    assert not any(person.own_words for person in people)


def test_where_there_are_too_many_those_with_own_words_come_first(spoken: Crowd) -> None:
    interactions, liked, words = spoken
    able = [user for user in range(40) if user % 3 == 0 or user % 5 == 0]
    people = simulate_telling(interactions, liked, words, KEYS, BIOS, limit=len(able) + 2)
    assert [person.user for person in people if person.own_words] == able and len(people) == len(able) + 2
    few = simulate_telling(interactions, liked, words, KEYS, BIOS, limit=5)
    assert len(few) == 5 and all(person.own_words for person in few) and few == [one for one in people if one in few]
