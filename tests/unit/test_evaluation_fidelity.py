"""Cut paths: an item loses what the path carried, and a random path of the same kind is another one of that kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from film_graphs import SCHEMA, two_tastes

from kg_rec.evaluation import controls
from kg_rec.evaluation.evaluator import Scope, evaluate_strangers
from kg_rec.evaluation.fidelity import DIRECT, NEAR, SHARED, TOGETHER, _Scene, cut_paths, without_pairs
from kg_rec.evaluation.strangers import Stranger
from kg_rec.graph.explain import Explanation, Step
from kg_rec.graph.export import HeteroData
from kg_rec.interest import Interest
from kg_rec.model.artifact import Artifact
from kg_rec.model.features import relation_matrices
from kg_rec.model.training import TrainingSettings
from kg_rec.text.encoder import HashEncoder

FILMS = 36
EDITH = Interest("Person/e", "Person", "Edith Even", 1.0, evidence="Edith Even")
DRAMA = Interest("Genre/Drama", "Genre", "Drama", 1.0, evidence="drama")
NAMED = Interest("Film/004", "Film", "a film", 1.0, evidence="a film")  # by Edith Even, a western
NAMED_TOO = Interest("Film/006", "Film", "another", 1.0, evidence="another")  # by Edith Even, a comedy


@pytest.fixture(scope="module")
def graph() -> HeteroData:
    return two_tastes(people=60, films=FILMS)


@pytest.fixture(scope="module")
def ours(graph: HeteroData) -> controls.Served:
    return controls.train(graph, SCHEMA, HashEncoder(), TrainingSettings(steps=2))


@pytest.fixture(scope="module")
def scene(ours: controls.Served, graph: HeteroData) -> _Scene:
    return _Scene(ours.artifact, relation_matrices(graph, ours.artifact.model.entities))


def key(row: int) -> str:
    return f"Film/{row:03}"


def by(person: str, film: int) -> list[Step]:
    return [Step(f"Person/{person}", "DIRECTED_BY", False, key(film))]


def shared(named: int, middle: str, type_: str, film: int) -> list[Step]:
    return [Step(key(named), type_, True, middle), Step(middle, type_, False, key(film))]


def together(named: int, film: int) -> list[Step]:
    return [Step(key(named), "RATED", False, "*"), Step("*", "RATED", True, key(film))]


def fallen(scene: _Scene, film: int, interests: list[Interest], pairs: Sequence[tuple[int, int]]) -> float:
    vector, asks = HashEncoder().encode(["films"])[0], np.ones(1, dtype=np.float32)
    before = scene.scores(interests, vector, asks, ())
    return float(before[film] - scene.scores(interests, vector, asks, pairs)[film])


def test_what_is_cut_is_0_in_both_directions_and_nothing_else(ours: controls.Served) -> None:
    evidence = ours.artifact.model.evidence
    edith = ours.artifact.model.entities.index["Person/e"]
    assert evidence.direct[2, edith] and evidence.one_hot[2, edith] and evidence.one_hot[edith, 2]
    assert evidence.likings.together[2, 4] and evidence.likings.ease[4, 2]
    found = without_pairs(evidence, [(edith, 2), (4, 2)])
    for name, pairs in (("direct", [(2, edith)]), ("one_hot", [(2, edith), (edith, 2), (2, 4), (4, 2)])):
        before, after = getattr(evidence, name).toarray(), getattr(found, name).toarray()
        for pair in pairs:
            assert before[pair] and not after[pair]
            before[pair] = 0
        np.testing.assert_array_equal(before, after)
    assert not found.likings.together[[2, 4], [4, 2]].any() and not found.likings.ease[[2, 4], [4, 2]].any()
    assert found.likings.ease.nnz == evidence.likings.ease.nnz - 2
    assert without_pairs(evidence, []).direct is evidence.direct
    assert evidence.direct[2, edith]  # what was given is as it was


def test_an_item_loses_what_its_path_carried(scene: _Scene) -> None:
    assert fallen(scene, 2, [EDITH], scene.pairs(by("e", 2), 2)) > 0.05
    assert fallen(scene, 2, [NAMED], scene.pairs(together(4, 2), 2)) > 0.05
    assert fallen(scene, 10, [NAMED], scene.pairs(shared(4, "Genre/Western", "HAS_GENRE", 10), 10)) > 1e-4
    assert fallen(scene, 2, [], scene.pairs(by("e", 2), 2)) == 0  # no interest starts there
    assert fallen(scene, 2, [EDITH], scene.pairs(by("e", 8), 8)) < fallen(
        scene, 2, [EDITH], [(scene.index["Person/e"], 2)]
    )


def test_the_kinds_of_path(scene: _Scene) -> None:
    western = shared(4, "Genre/Western", "HAS_GENRE", 10)
    assert scene.kind(by("e", 2), [EDITH]) == DIRECT
    assert scene.kind(western, [NAMED]) == SHARED
    assert scene.kind(together(4, 2), [NAMED]) == TOGETHER
    assert scene.kind(by("e", 2), [DRAMA]) == NEAR
    assert scene.kind(by("e", 2), [Interest("Person/e", "Person", "x", 1.0, -1)]) == NEAR
    assert scene.knows(western) and scene.knows(together(4, 2))
    assert not scene.knows([]) and not scene.knows(by("nobody", 2))


def other(scene: _Scene, steps: list[Step], film: int, interests: list[Interest]) -> Any:
    rng = np.random.default_rng(0)
    return scene.counterpart(rng, scene.kind(steps, interests), steps, film, scene.pairs(steps, film), interests)


def test_a_random_path_comes_from_another_interest_where_there_is_one(scene: _Scene) -> None:
    index = scene.index
    found = {tuple(other(scene, together(4, 2), 2, [NAMED, NAMED_TOO]))}
    assert found == {((6, 2),)}
    # Films 6 and 4 are by the same director as 2; 4 is the one that is told.
    steps = shared(4, "Person/e", "DIRECTED_BY", 2)
    assert other(scene, steps, 2, [NAMED, NAMED_TOO]) == [(6, index["Person/e"]), (index["Person/e"], 2)]


def test_otherwise_it_comes_from_what_no_interest_points_to(scene: _Scene) -> None:
    ((row, film),) = other(scene, together(4, 2), 2, [NAMED])
    assert film == 2 and row not in (2, 4) and row < FILMS
    assert fallen(scene, 2, [NAMED], [(row, film)]) < 0.3 * fallen(scene, 2, [NAMED], [(4, 2)])
    # A film has one director and one genre here: there is no other path of the kind.
    assert other(scene, by("e", 2), 2, [EDITH]) is None
    assert other(scene, shared(4, "Person/e", "DIRECTED_BY", 2), 2, [NAMED]) is None


def test_a_direct_path_has_others_over_the_same_relation_or_the_same_label() -> None:
    graph = two_tastes(people=30, films=12)
    genres = ("Film", "HAS_GENRE", "Genre")
    more = graph[genres].edge_index.clone()
    more[1] = (more[1] + 1) % 3
    import torch

    graph[genres].edge_index = torch.cat([graph[genres].edge_index, more], dim=1)
    ours = controls.train(graph, SCHEMA, HashEncoder(), TrainingSettings(steps=0))
    scene = _Scene(ours.artifact, relation_matrices(graph, ours.artifact.model.entities))
    index = ours.artifact.model.entities.index
    steps = [Step("Genre/Comedy", "HAS_GENRE", False, key(0))]  # film 0 is a comedy and a drama
    comedy = Interest("Genre/Comedy", "Genre", "Comedy", 1.0)
    assert other(scene, steps, 0, [comedy]) == [(index["Genre/Drama"], 0)]
    assert other(scene, steps, 0, [comedy, DRAMA]) == [(index["Genre/Drama"], 0)]
    near = [Step("Genre/Drama", "HAS_GENRE", False, key(0))]
    assert other(scene, near, 0, [comedy]) is None  # of the two one is told, the other an interest


def explaining(ours: controls.Served, steps: Any) -> Any:
    """An explanation by whatever `steps` says of each film."""

    def explain(artifact: Artifact, items: Sequence[int], interests: Any, vector: Any) -> list[Explanation]:
        assert artifact is ours.artifact
        return [Explanation(key(item), "", (), tuple(steps(item)), "") for item in items]

    return explain


def test_a_sample_is_cut(ours: controls.Served, graph: HeteroData) -> None:
    understood = ours.understand([f"I loved {graph['Film'].properties['title'][4]}"] * 9)
    lists = controls.rank_ours(ours, understood, [frozenset({4})] * 9)
    explain = explaining(ours, lambda item: together(4, item) if item % 4 == 0 else [])
    found = cut_paths(ours, graph, understood, lists, explain, count=7, seed=1)
    assert len(found.cuts) <= 7 and found.without_path > 0
    again = cut_paths(ours, graph, understood, lists, explain, count=7, seed=1)
    assert again == found
    assert cut_paths(ours, graph, understood, lists, explain, count=7, seed=2) != found
    assert {cut.kind for cut in found.cuts} == {TOGETHER} and all(cut.told > 0 for cut in found.cuts)
    near = cut_paths(
        ours, graph, understood, lists, explaining(ours, lambda item: by("e" if item % 2 == 0 else "o", item)), count=5
    )
    assert near.cuts == [] and sorted(place for place, _ in near.alone) == list(range(9))
    every = cut_paths(ours, graph, understood, lists, explaining(ours, lambda _: []), count=5)
    assert every.cuts == [] and every.without_path == 9 and every.alone == []  # one of each


def test_explanations_that_tell_what_counts_are_told_from_those_that_do_not(graph: HeteroData) -> None:
    ours = controls.train(graph, SCHEMA, HashEncoder(), TrainingSettings(steps=2))
    strangers = [
        Stranger(f"p{row}", f"I loved {graph['Film'].properties['title'][4]}", frozenset({2, 6, 8}), frozenset())
        for row in range(12)
    ]
    film = 4
    right = explaining(ours, lambda item: together(film, item))
    section = evaluate_strangers(
        strangers, ours, graph, TrainingSettings(), scope=Scope(quick=True, explain=right, paths=20)
    )
    found = section.fidelity
    assert found is not None and [one.kind for one in found.kinds] == ["all", TOGETHER]
    all_ = found.kinds[0]
    assert all_.paths == 20 and all_.difference.low > 0 and all_.told.mean > all_.other.mean
    assert all_.share > 0.7 and all_.told_places >= all_.other_places
    # Nobody likes both film 4 and film 5; a path from film 5 tells nothing, and the random one is from film 4.
    titles = graph["Film"].properties["title"]
    strangers = [
        Stranger(one.person, f"I loved {titles[4]} and {titles[5]}", one.relevant, one.known) for one in strangers
    ]
    wrong = explaining(ours, lambda item: together(5, item) if item % 2 == 0 else [])
    section = evaluate_strangers(
        strangers, ours, graph, TrainingSettings(), scope=Scope(quick=True, explain=wrong, paths=20)
    )
    assert section.fidelity is not None and section.fidelity.kinds[0].difference.high < 0
