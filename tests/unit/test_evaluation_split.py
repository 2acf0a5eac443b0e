"""Nothing of the people who are judged is in the graph that is learned from."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kg_rec.errors import GraphError, InputError, ModelError
from kg_rec.evaluation.split import By, Split, check_no_leak, cold_people, copied, without_people
from kg_rec.graph.export import HeteroData
from kg_rec.graph.interactions import interactions_of, own_words, texts_of
from tests.film_graphs import SCHEMA, SPOKEN, WITHOUT_USERS, two_tastes, with_words

RATED = ("User", "RATED", "Film")
KNOWS = ("User", "KNOWS", "User")


@pytest.fixture
def graph() -> HeteroData:
    graph = two_tastes(people=60)
    graph[KNOWS].edge_index = torch.tensor([list(range(60)), [(person + 1) % 60 for person in range(60)]])
    graph[KNOWS].properties = {"since": np.arange(60.0)}
    return graph


def test_about_the_share_is_chosen_by_the_key_and_the_seed(graph: HeteroData) -> None:
    chosen = cold_people(graph, SCHEMA, share=0.3, seed=1)
    assert 10 <= len(chosen.people) <= 26
    assert chosen.people.tolist() == cold_people(graph, SCHEMA, share=0.3, seed=1).people.tolist()
    assert chosen.people.tolist() != cold_people(graph, SCHEMA, share=0.3, seed=2).people.tolist()


def test_seeds_choose_independently() -> None:
    graph = two_tastes(people=600, films=6)
    first, second = (set(cold_people(graph, SCHEMA, share=0.3, seed=seed).people.tolist()) for seed in (0, 1))
    assert 150 <= len(first) <= 210
    assert 35 <= len(first & second) <= 75  # 54 of 600 expected


def test_who_is_chosen_stays_so_when_the_graph_grows() -> None:
    few, many = (two_tastes(people=people) for people in (60, 90))
    before, after = (set(cold_people(graph, SCHEMA, share=0.3).people.tolist()) for graph in (few, many))
    assert {person for person in after if person < 60} == before


def test_by_time_the_latest_are_chosen_and_the_future_is_not_known(graph: HeteroData) -> None:
    split = cold_people(graph, SCHEMA, share=0.25, by="time")
    assert split.people.tolist() == list(range(45, 60))
    interactions = interactions_of(graph, SCHEMA)
    assert interactions is not None and interactions.times is not None
    assert split.until == interactions.times[interactions.users == 45].min()
    late = interactions.users == 3
    graph[RATED].properties["timestamp"][np.flatnonzero(late)[0]] = split.until + 1
    left = without_people(graph, SCHEMA, split)
    check_no_leak(left, SCHEMA, split)
    assert left[RATED].edge_index.shape[1] == (interactions.users < 45).sum() - 1
    with pytest.raises(ModelError, match=r"Leak: .*found 1\."):
        check_no_leak(without_people(graph, SCHEMA, Split(split.people)), SCHEMA, split)


def test_everything_of_them_leaves_and_nothing_else_does(graph: HeteroData) -> None:
    split = cold_people(graph, SCHEMA, share=0.3)
    before = {triple: graph[triple].edge_index.clone() for triple in graph.edge_types}
    left = without_people(graph, SCHEMA, split)
    check_no_leak(left, SCHEMA, split)
    users, films = before[RATED]
    kept = ~np.isin(users.numpy(), split.people)
    assert torch.equal(left[RATED].edge_index, torch.stack([users[kept], films[kept]]))
    assert left[RATED].properties["rating"].tolist() == graph[RATED].properties["rating"][kept].tolist()
    assert not np.isin(left[KNOWS].edge_index.numpy(), split.people).any()
    assert left["User"].key == graph["User"].key
    for triple, edges in before.items():
        assert torch.equal(graph[triple].edge_index, edges)


@pytest.mark.parametrize("by", ["hash", "time"])
def test_their_words_leave_with_them(graph: HeteroData, by: By) -> None:
    with_words(graph)
    split = cold_people(graph, SPOKEN, share=0.3, by=by)
    gone = [f"the person {person:03}" for person in split.people.tolist()]
    before, bios = texts_of(graph, RATED)["review"], own_words(graph, SPOKEN)
    assert any(name in text for name in gone for text in before) and any(bios[person] for person in split.people)
    left = without_people(graph, SPOKEN, split)
    check_no_leak(left, SPOKEN, split)
    users, films = left[RATED].edge_index.tolist()
    assert texts_of(left, RATED)["review"] == [
        "" if user % 3 else f"thus speaks the person {user:03} on the film {film:03}"
        for user, film in zip(users, films, strict=True)
    ]
    assert own_words(left, SPOKEN) == ["" if row in split.people else text for row, text in enumerate(bios)]
    everything = [*texts_of(left, RATED)["review"], *map(str, left["User"].properties["bio"])]
    assert not any(name in text for name in gone for text in everything)
    # The graph that was given is as it was, and so are the other properties of people.
    assert texts_of(graph, RATED)["review"] == before and own_words(graph, SPOKEN) == bios
    assert left["User"].properties["userId"] == graph["User"].properties["userId"]
    assert texts_of(copied(left), RATED) == texts_of(left, RATED)


def test_words_that_were_left_are_a_leak(graph: HeteroData) -> None:
    split = cold_people(with_words(graph), SPOKEN, share=0.3)
    left = without_people(graph, SPOKEN, split)
    edges = left[RATED].edge_index.shape[1]
    left[RATED].texts = texts_of(graph, RATED)
    with pytest.raises(
        ModelError, match=rf"Leak: expected the words 'review' of {edges} relations .*found those of 960"
    ):
        check_no_leak(left, SPOKEN, split)
    left = without_people(graph, SPOKEN, split)
    left["User"].properties = graph["User"].properties
    speaking = [person for person in split.people.tolist() if person % 5 == 0]
    with pytest.raises(ModelError, match=rf"those of {len(speaking)}, the first 'User/{speaking[0]:03}'"):
        check_no_leak(left, SPOKEN, split)


@pytest.mark.parametrize("end", [0, 1])
def test_a_planted_leak_is_found_and_named(graph: HeteroData, end: int) -> None:
    split = cold_people(graph, SCHEMA, share=0.3)
    left = without_people(graph, SCHEMA, split)
    planted = int(split.people[-1])
    left[KNOWS].edge_index[end, 0] = planted
    with pytest.raises(ModelError, match=rf"found 1 relations \(:User\)-\[:KNOWS\].*'User/0*{planted}'"):
        check_no_leak(left, SCHEMA, split)


def test_interactions_that_were_left_are_a_leak(graph: HeteroData) -> None:
    split = cold_people(graph, SCHEMA, share=0.3)
    with pytest.raises(ModelError, match=r"Leak: .*\[:RATED\]"):
        check_no_leak(graph, SCHEMA, split)


def test_a_person_under_another_label_is_a_leak(graph: HeteroData) -> None:
    split = cold_people(graph, SCHEMA, share=0.3)
    left = without_people(graph, SCHEMA, split)
    left["Person"].key = [*left["Person"].key[:-1], left["User"].key[int(split.people[0])]]
    with pytest.raises(ModelError, match=r"as \(:Person\), too"):
        check_no_leak(left, SCHEMA, split)


def test_what_cannot_be_split_is_refused(graph: HeteroData) -> None:
    with pytest.raises(InputError, match=r"between 0 and 1, found 1\.5"):
        cold_people(graph, SCHEMA, share=1.5)
    with pytest.raises(GraphError, match="at least 2 people to judge"):
        cold_people(two_tastes(people=3), SCHEMA, share=0.001)
    with pytest.raises(GraphError, match="nobody to judge"):
        cold_people(graph, WITHOUT_USERS)
    timeless = copied(graph)
    timeless[RATED].properties = {"rating": graph[RATED].properties["rating"]}
    with pytest.raises(GraphError, match=r"interaction\.time.*--by hash"):
        cold_people(timeless, SCHEMA, by="time")
