"""The people of the graph: the fold of each is theirs for good, and a fold that is taken out leaves nothing behind."""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from film_graphs import RATED, SCHEMA, WITHOUT_USERS, two_tastes, without
from numpy.typing import NDArray

from kg_rec.graph.export import HeteroData
from kg_rec.model.crowd import Crowd
from kg_rec.model.features import liked_together, number_entities
from kg_rec.model.signals import ease

PEOPLE, FILMS = 30, 40


@pytest.fixture(scope="module")
def graph() -> HeteroData:
    return two_tastes(people=PEOPLE, films=FILMS)


@pytest.fixture(scope="module")
def crowd(graph: HeteroData) -> Crowd:
    return crowd_of(graph)


def crowd_of(graph: HeteroData, folds: int = 5) -> Crowd:
    return Crowd.of(graph, SCHEMA, number_entities(graph, SCHEMA), folds)


def parts(crowd: Crowd, fold: int | None = None) -> dict[str, NDArray[np.float32]]:
    """All that is taken from the people of a crowd."""
    kept = crowd.kept(fold)
    together = crowd.together(kept)
    likings = crowd.likings(kept, together)
    return {
        "together": together.toarray(),
        "popularity": crowd.popularity(kept),
        "likes": likings.likes.toarray(),
        "likings.together": likings.together.toarray(),
        "ease": likings.ease.toarray(),
    }


def test_folds_are_by_hash_of_the_key(crowd: Crowd) -> None:
    assert crowd.folds.tolist() == [zlib.crc32(key.encode()) % 5 for key in crowd.keys]
    assert set(crowd.folds.tolist()) == set(range(5)) and len(crowd.keys) == PEOPLE


def test_folds_stay_when_people_are_added_or_go(graph: HeteroData, crowd: Crowd) -> None:
    fold_of = dict(zip(crowd.keys, crowd.folds.tolist(), strict=True))
    for other in (without(graph, {"User/000", "User/017"}), two_tastes(people=PEOPLE + 12, films=FILMS)):
        changed = crowd_of(other)
        found = dict(zip(changed.keys, changed.folds.tolist(), strict=True))
        assert len(found) != PEOPLE
        assert {key: found[key] for key in fold_of.keys() & found} == {
            key: fold_of[key] for key in fold_of.keys() & found
        }


def test_nothing_of_a_fold_is_left_in_its_graph(graph: HeteroData, crowd: Crowd) -> None:
    whole, people = parts(crowd), 0
    for fold in range(5):
        theirs = {key for user, key in enumerate(crowd.keys) if crowd.folds[user] == fold}
        never_there = crowd_of(without(graph, theirs))
        assert 0 < never_there.kept(None).sum() == crowd.kept(fold).sum() < len(crowd.kept(fold))
        found, expected = parts(crowd, fold), parts(never_there)
        assert len(found["likes"]) == PEOPLE - len(theirs)
        for name, values in found.items():
            np.testing.assert_allclose(values, expected[name], atol=1e-6, err_msg=name)
            assert values.shape != whole[name].shape or abs(values - whole[name]).max() > 1e-3, name
        np.testing.assert_array_equal(found["popularity"], expected["popularity"])
        people += len(theirs)
    assert people == PEOPLE  # each in one fold


def test_with_nobody_taken_out_everything_is_counted(graph: HeteroData, crowd: Crowd) -> None:
    users, films = graph[RATED].edge_index.numpy()
    liked = graph[RATED].properties["rating"] == 5.0
    assert crowd.kept(None).all() and crowd.liked.tolist() == liked.tolist()
    found = parts(crowd)
    likes, rated = np.zeros((2, PEOPLE, FILMS), dtype=np.float32)
    likes[users[liked], films[liked]] = rated[users, films] = 1
    np.testing.assert_array_equal(found["likes"], likes)
    size = len(crowd.entities)
    expected = liked_together(users[liked], films[liked], item_count=FILMS, size=size).toarray()
    np.testing.assert_array_equal(found["together"], expected)
    np.testing.assert_array_equal(found["likings.together"], expected[:FILMS, :FILMS])
    # EASE learns from all that people took, liked or not.
    np.testing.assert_array_equal(found["ease"], ease(sp.csr_array(rated)).toarray())


def test_where_nobody_is_known_nothing_is_said(graph: HeteroData) -> None:
    nobody = Crowd.of(graph, WITHOUT_USERS, number_entities(graph, WITHOUT_USERS), 5)
    assert nobody.interactions is None and nobody.keys == [] and len(nobody.folds) == 0
    assert nobody.kept(None).shape == nobody.kept(3).shape == (0,)
    found = parts(nobody)
    assert found["likes"].shape == (0, FILMS) and not any(values.any() for values in found.values())
    assert found["popularity"].shape == (FILMS,)


def test_where_nobody_liked_anything_there_are_no_likings(crowd: Crowd) -> None:
    found = parts(replace(crowd, liked=np.zeros_like(crowd.liked)))
    assert found["likes"].shape == (0, FILMS) and not found["ease"].any() and not found["together"].any()
    assert found["popularity"].any()  # what was taken is popular all the same


def test_when_all_are_in_the_fold_that_is_taken_out_nobody_is_left(graph: HeteroData) -> None:
    only = crowd_of(graph, folds=1)
    found = parts(only, 0)
    assert found["likes"].shape == (0, FILMS) and not any(values.any() for values in found.values())
