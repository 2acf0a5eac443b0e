"""Fused vectors: the cosine of the whole is the weighted mean of those of the blocks, written out here with dense matrices."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from film_graphs import WITHOUT_USERS, artifact_of, two_tastes

from kg_rec.errors import InputError
from kg_rec.model.artifact import Artifact
from kg_rec.model.signals import Likings
from kg_rec.model.similarity import BLOCKS, Fused, Similarity
from kg_rec.nearest import items_for, items_like, people_like

FILMS = 24


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    return artifact_of(two_tastes(films=FILMS), steps=0)


@pytest.fixture(scope="module")
def similarity(artifact: Artifact) -> Similarity:
    return Similarity(artifact.model)


def unit(rows: Any) -> Any:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 1e-9)


def dense_blocks(artifact: Artifact) -> list[Any]:
    """The blocks of all entities as the docstring defines them."""
    model = artifact.model
    text = unit(model.evidence.text.numpy().astype(np.float64))
    for rows in model.entities.slices.values():
        text[rows] -= text[rows].mean(axis=0)
    graph = model.evidence.one_hot.toarray().astype(np.float64)
    for row in range(len(graph)):
        others = np.delete(np.abs(graph[row]), row)
        graph[row, row] = others.max() if others.max() > 0 else graph[row, row]
    likes = model.evidence.likings.likes.toarray().T.astype(np.float64)
    people = np.zeros((len(model.entities), likes.shape[1] + len(likes)))
    people[: len(likes), : likes.shape[1]] = likes
    for item in np.flatnonzero(likes.any(axis=1)):
        people[item, likes.shape[1] + item] = np.sqrt(5)
    return [unit(text), unit(graph), unit(people)]


def fused(artifact: Artifact, weights: Any) -> Any:
    """The fused vectors of sums over the entities, made whole: [P, T + N + U + items]."""
    parts = []
    for block, omega in zip(dense_blocks(artifact), BLOCKS.values(), strict=True):
        parts.append(np.sqrt(omega) * unit(weights @ block))
    return unit(np.concatenate(parts, axis=1))


def all_items(artifact: Artifact) -> Any:
    return np.eye(FILMS, len(artifact.model.entities))


def cosines(similarity: Similarity, one: Fused, many: Fused) -> Any:
    return similarity.parts(one, many).sum(axis=0)


def test_the_weights_make_a_mean() -> None:
    assert sum(BLOCKS.values()) == pytest.approx(1.0)


def test_cosines_of_items_are_those_of_the_vectors_written_out(artifact: Artifact, similarity: Similarity) -> None:
    vectors = fused(artifact, all_items(artifact))
    expected = vectors @ vectors.T
    np.testing.assert_allclose(similarity.between(range(FILMS)).sum(axis=0), expected, atol=1e-5)
    for row in (0, 7, 23):
        found = cosines(similarity, similarity.item(row), similarity.items)
        np.testing.assert_allclose(found, expected[row], atol=1e-5)
        assert found[row] == pytest.approx(1.0, abs=1e-5)
    assert np.ptp(expected[np.triu_indices(FILMS, 1)]) > 0.1


def test_the_cosine_is_the_weighted_mean_of_those_of_the_blocks(artifact: Artifact, similarity: Similarity) -> None:
    parts = similarity.parts(similarity.item(3), similarity.items)
    for place, (omega, block) in enumerate(zip(BLOCKS.values(), dense_blocks(artifact), strict=True)):
        np.testing.assert_allclose(parts[place], omega * block[:FILMS] @ block[3], atol=1e-5)
        np.testing.assert_allclose(similarity.between([3, 9])[place, 0, 1], parts[place, 9], atol=1e-6)
        assert np.ptp(parts[place]) > 0.01


def test_two_items_with_few_people_in_common_are_not_one(artifact: Artifact) -> None:
    likes = np.zeros((3, FILMS), dtype=np.float32)
    likes[0, [0, 1]] = likes[1, 0] = likes[2, 2] = 1.0
    likings = Likings(sp.csr_array(likes), *(artifact.model.evidence.likings.together,) * 2)
    model = replace(artifact.model, evidence=replace(artifact.model.evidence, likings=likings))
    similarity = Similarity(model)
    people = similarity.parts(similarity.item(0), similarity.items)[list(BLOCKS).index("people")]
    assert people[1] == pytest.approx(BLOCKS["people"] / np.sqrt((2 + 5) * (1 + 5)), abs=1e-5)
    assert people[2] == 0.0
    # Nobody likes item 3: its vector is of the other two blocks, and still of length 1.
    assert not similarity.items.scale[list(BLOCKS).index("people"), 3]
    assert cosines(similarity, similarity.item(3), similarity.items)[3] == pytest.approx(1.0, abs=1e-5)


def test_a_person_is_the_signed_sum_of_what_they_like(artifact: Artifact, similarity: Similarity) -> None:
    index = artifact.model.entities.index
    tastes = [
        {"Film/003": 1.0},
        {"Film/003": 1.0, "Film/005": 1.0, "Genre/Drama": 0.6, "Film/004": -0.8},
        {"Genre/Western": 1.0, "Film/unknown": 1.0},
    ]
    weights = np.zeros((3, len(index)))
    for row, taste in enumerate(tastes):
        for key, weight in taste.items():
            if key in index:
                weights[row, index[key]] = weight
    people = similarity.people(tastes)
    expected = fused(artifact, weights) @ fused(artifact, all_items(artifact)).T
    for row in range(3):
        one = Fused(people.weights[[row]], people.scale[:, [row]])
        np.testing.assert_allclose(cosines(similarity, one, similarity.items), expected[row], atol=1e-5)
    # Who likes one thing is that thing.
    assert expected[0, 3] == pytest.approx(1.0, abs=1e-5)


def test_a_dislike_leads_away(similarity: Similarity) -> None:
    likes, with_dislike = {"Film/003": 1.0}, {"Film/003": 1.0, "Film/004": -1.0}
    before, after = (cosines(similarity, similarity.people([one]), similarity.items) for one in (likes, with_dislike))
    assert after[4] < before[4] and after[4] < 0


def test_nothing_known_is_near_to_nothing(similarity: Similarity) -> None:
    people = similarity.people([{}, {"Film/unknown": 1.0}])
    assert not people.scale.any()
    assert not similarity.parts(similarity.item(0), people).any()


def test_the_nearest_come_first_all_of_them_and_without_the_hidden(similarity: Similarity) -> None:
    found = similarity.nearest(similarity.item(5), similarity.items, 100, hidden=[5])
    assert sorted(one.row for one in found) == [row for row in range(FILMS) if row != 5]
    assert [one.cosine for one in found] == sorted((one.cosine for one in found), reverse=True)
    for one in found:
        assert sum(one.parts.values()) == pytest.approx(one.cosine, abs=1e-5) and list(one.parts) == list(BLOCKS)
    assert similarity.nearest(similarity.item(5), similarity.items, 3, hidden=[5]) == found[:3]


def test_a_graph_without_people_has_two_blocks() -> None:
    artifact = artifact_of(two_tastes(films=FILMS), WITHOUT_USERS, steps=0)
    similarity = Similarity(artifact.model)
    found = similarity.between(range(FILMS)).sum(axis=0)
    np.testing.assert_allclose(np.diag(found), 1.0, atol=1e-5)
    assert all(near.parts["people"] == 0 for near in similarity.nearest(similarity.item(0), similarity.items, 5))
    told = items_like(artifact, similarity, 0, k=3)
    assert len(told) == 3 and not any("who liked" in one.why for one in told)


def test_similar_items_tell_what_they_share(artifact: Artifact, similarity: Similarity) -> None:
    found = items_like(artifact, similarity, 3, k=FILMS)
    title = artifact.model.entities.names[3]
    assert found.to == title and len(found) == FILMS - 1 and "Film/003" not in {one.key for one in found}
    likes = artifact.model.evidence.likings.likes.toarray()
    for one in found:
        film = int(one.id)
        assert ("Otto Odd" in one.why) == bool(film % 2)
        assert (["Comedy", "Drama", "Western"][film // 2 % 3] in one.why) == (film // 2 % 3 == 3 // 2 % 3)
        both = int(likes[:, 3] @ likes[:, film])
        assert (f"liked by {both} who liked {title}" in one.why) == (both > 0)
        assert one.title == artifact.model.entities.names[film] and one.properties["year"] == 1990 + film
    # Eight films are dramas, twelve by Otto Odd: the genre tells more.
    assert next(one for one in found if one.id == "009").why.startswith("Drama · Otto Odd")
    frame = found.to_frame()
    assert list(frame.columns) == ["rank", "id", "title", "cosine", "why", *BLOCKS] and len(frame) == len(found)
    np.testing.assert_allclose(frame[list(BLOCKS)].sum(axis=1), frame["cosine"], atol=2e-4)


def test_people_of_one_taste_are_near(artifact: Artifact, similarity: Similarity) -> None:
    """Even films are liked by some, odd ones by others; nobody else likes film 1 and the genre that ann names."""
    tastes = {
        f"User/{person}": {f"Film/{film:03}": 1.0 for film in range(person % 2 + 2 * (person % 3), FILMS, 4)}
        for person in range(8)
    }
    tastes["User/ann"] = {"Film/001": 0.5, "Film/005": 1.0, "Genre/Drama": 0.9, "Film/000": -1.0}
    tastes["User/new"] = {"Film/unknown": 1.0}
    found = people_like(artifact, similarity, "User/1", tastes, k=20)
    assert {one.user for one in found} == {"ann", *map(str, range(8))} - {"1"}
    assert [one.rank for one in found] == list(range(1, 9))
    first = next(iter(found))
    assert int(first.user) % 2 == 1 and first.shared == len(tastes["User/1"].keys() & tastes[first.key].keys())
    assert all(name.startswith("The ") for name in first.names) and len(first.names) == min(3, first.shared)
    everybody = {one.user: one for one in found}
    assert everybody["0"].shared == 0 and everybody["0"].names == ()
    frame = found.to_frame()
    assert list(frame.columns) == ["rank", "user", "cosine", "shared", "names", *BLOCKS] and len(frame) == 8

    near = items_for(artifact, similarity, "User/ann", tastes, k=FILMS)
    assert not {one.key for one in near} & {"Film/000", "Film/001", "Film/005"} and len(near) == FILMS - 3
    assert any("Drama" in one.why for one in near) and not any("Comedy" in one.why for one in near)


def test_what_fewest_people_like_is_told_first(artifact: Artifact, similarity: Similarity) -> None:
    tastes = {"User/a": {"Film/002": 1.0, "Film/004": 1.0}, "User/b": {"Film/002": 1.0, "Film/004": 1.0}}
    tastes["User/c"] = {"Film/002": 1.0}
    names = artifact.model.entities.names
    first = people_like(artifact, similarity, "User/a", tastes, k=1).people[0]
    assert (first.user, first.names, first.shared) == ("b", (names[4], names[2]), 2)


@pytest.mark.parametrize(
    ("taste", "found", "remedy"),
    [({}, "found none", "kg-rec attach ann"), ({"Film/unknown": 1.0}, "found 1 that came after", "kg-rec train")],
)
def test_of_whom_nothing_is_known_is_told(
    artifact: Artifact, similarity: Similarity, taste: dict[str, float], found: str, remedy: str
) -> None:
    for ask in (people_like, items_for):
        with pytest.raises(InputError, match=f"Of 'ann' the model knows nothing.*{found}") as caught:
            ask(artifact, similarity, "User/ann", {"User/ann": taste}, k=3)
        assert remedy in caught.value.remedy
