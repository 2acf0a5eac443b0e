"""The controls leave of the graph what they say, and everybody ranks the same items for the same strangers."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kg_rec.errors import InputError
from kg_rec.evaluation import controls
from kg_rec.evaluation.controls import ABLATIONS, BARE, OURS, POPULARITY, SHUFFLED, TEXT
from kg_rec.evaluation.evaluator import evaluate_people_of_the_graph, evaluate_strangers
from kg_rec.evaluation.split import cold_people, without_people
from kg_rec.evaluation.strangers import MANNERS, Manner, Stranger, judgeable, read_strangers, simulated_strangers
from kg_rec.evaluation.summary import Trial, summarise
from kg_rec.graph.export import HeteroData
from kg_rec.graph.interactions import texts_of
from kg_rec.model.calibration import Calibration, Curve
from kg_rec.model.fusion import Fusion
from kg_rec.model.ranking import Ranking
from kg_rec.model.signals import SIGNALS
from kg_rec.model.training import TrainingSettings
from kg_rec.text.cache import CachedEncoder
from kg_rec.text.encoder import HashEncoder
from tests.film_graphs import SCHEMA, SPOKEN, two_tastes, with_words

SETTINGS = TrainingSettings(steps=4)
GENRES = ("Film", "HAS_GENRE", "Genre")
RATED = ("User", "RATED", "Film")


@pytest.fixture(scope="module")
def graph() -> HeteroData:
    return two_tastes(people=60, films=36)


@pytest.fixture(scope="module")
def ours(graph: HeteroData) -> controls.Served:
    return controls.train(graph, SCHEMA, HashEncoder(), SETTINGS)


def degrees(edges: torch.Tensor) -> tuple[Counter[int], Counter[int]]:
    return Counter(edges[0].tolist()), Counter(edges[1].tolist())


def test_a_shuffled_graph_keeps_degrees_and_interactions(graph: HeteroData) -> None:
    graph = two_tastes(people=10, films=60)
    rng = np.random.default_rng(0)
    pairs = sorted({(film, int(genre)) for film in range(60) for genre in rng.integers(3, size=2)})
    graph[GENRES].edge_index = torch.tensor(pairs).T.contiguous()
    before = graph[GENRES].edge_index.clone()
    mixed = controls.shuffled(graph, SCHEMA, seed=1)
    edges = mixed[GENRES].edge_index
    assert degrees(edges) == degrees(before)
    assert len(set(map(tuple, edges.T.tolist()))) == len(pairs)
    assert not torch.equal(edges, before)
    assert torch.equal(graph[GENRES].edge_index, before)
    assert torch.equal(mixed[RATED].edge_index, graph[RATED].edge_index)
    assert torch.equal(controls.shuffled(graph, SCHEMA, seed=1)[GENRES].edge_index, edges)
    assert not torch.equal(controls.shuffled(graph, SCHEMA, seed=2)[GENRES].edge_index, edges)


def test_a_relation_that_cannot_be_changed_is_left(graph: HeteroData) -> None:
    """Every pair is there: whatever is permuted, the same comes out, and it ends."""
    graph = two_tastes(people=10, films=6)
    pairs = [(film, genre) for film in range(6) for genre in range(3)]
    graph[GENRES].edge_index = torch.tensor(pairs).T.contiguous()
    assert degrees(controls.shuffled(graph, SCHEMA, seed=0)[GENRES].edge_index) == degrees(graph[GENRES].edge_index)


def test_without_the_graph_no_relation_and_no_signal_of_it_is_left(graph: HeteroData) -> None:
    schema = SCHEMA.model_copy(update={"asking": ("a {item} {HAS_GENRE}",)})
    served = controls.train_bare(graph, schema, HashEncoder(), SETTINGS)
    model = served.artifact.model
    assert set(graph.edge_types) > {RATED}
    assert model.evidence.direct.nnz == 0
    assert model.evidence.likings.ease.nnz > 0
    for weights in (model.fusion.asking, model.fusion.telling):
        assert not weights[[SIGNALS.index(name) for name in controls.GRAPH_SIGNALS]].any()
    assert model.fusion.asking[SIGNALS.index("ease")] == Fusion.start().asking[SIGNALS.index("ease")]


def test_lists_are_those_of_serving_without_what_is_hidden(ours: controls.Served) -> None:
    texts = ["I like Edith Even", "a comedy like The Broken Harbour 0", ""]
    understood = ours.understand(texts)
    named = ours.named(understood)
    assert [len(theirs) for theirs in named] == [0, 1, 0]
    hidden = [frozenset({3}), named[1], frozenset[int]()]
    lists = controls.rank_all(ours, understood, hidden)
    assert set(lists) == {OURS, POPULARITY, TEXT, *ABLATIONS.values()}
    served = Ranking(ours.artifact).rank(
        understood.vectors, understood.interests, understood.asks, k=50, excluded=[list(theirs) for theirs in hidden]
    )
    for person, ranked in enumerate(served):
        assert lists[OURS][person].tolist() == [one.item for one in ranked]
    assert [one.tolist() for one in controls.rank_ours(ours, understood, hidden)] == [o.tolist() for o in lists[OURS]]
    for of in lists.values():
        assert [len(found) for found in of] == [35, 35, 36]
        assert not any(set(found.tolist()) & theirs for found, theirs in zip(of, hidden, strict=True))
    popular = lists[POPULARITY][2].tolist()
    assert popular == np.argsort(-ours.artifact.model.evidence.popularity.numpy(), kind="stable").tolist()


def test_an_ablation_is_a_weight_of_nothing(ours: controls.Served) -> None:
    understood = ours.understand(["I like Edith Even", "comedies"])
    hidden = [frozenset[int]()] * 2
    lists = controls.rank_all(ours, understood, hidden)
    model = ours.artifact.model
    for place, name in enumerate(SIGNALS):
        kept = np.arange(len(SIGNALS)) != place
        fusion = Fusion(model.fusion.asking * kept, model.fusion.telling * kept)
        less = replace(ours, artifact=replace(ours.artifact, model=replace(model, fusion=fusion)))
        expected = controls.rank_ours(less, understood, hidden)
        assert [one.tolist() for one in lists[ABLATIONS[name]]] == [one.tolist() for one in expected]


def test_what_strangers_write_is_not_kept(graph: HeteroData, tmp_path: Path) -> None:
    encoder = CachedEncoder(HashEncoder(), tmp_path)
    served = controls.train(graph, SCHEMA, encoder, SETTINGS)
    size = encoder.path.stat().st_size
    served.understand([f"something about my neighbour {number}" for number in range(500)])
    assert encoder.path.stat().st_size == size


def test_strangers_tell_in_their_own_words_where_they_have_any() -> None:
    graph = with_words(two_tastes(people=60, films=36))
    split = cold_people(graph, SPOKEN, share=0.4)
    keys = graph["User"].key
    mute = {one.person: one for one in simulated_strangers(graph, SCHEMA, split.people, "telling")}
    for one in simulated_strangers(graph, SPOKEN, split.people, "telling"):
        row = keys.index(one.person)
        if row % 3 == 0 or row % 5 == 0:
            assert f"the person {row:03}" in one.text and one.relevant and not one.known & one.relevant
            assert ("lives" in one.text) == (not one.known)
        else:
            assert one == mute[one.person]
    asked = simulated_strangers(graph, SPOKEN, split.people, "asking")
    assert asked == simulated_strangers(graph, SCHEMA, split.people, "asking")
    # The controls are trained on the words of the same people.
    left = without_people(graph, SPOKEN, split)
    for twin in (controls.shuffled(left, SPOKEN, seed=0), controls.bare(left, SPOKEN)[0]):
        assert texts_of(twin, RATED) == texts_of(left, RATED)


@pytest.mark.parametrize("manner", MANNERS)
def test_strangers_are_the_people_who_were_taken_out(graph: HeteroData, manner: Manner) -> None:
    split = cold_people(graph, SCHEMA, share=0.4)
    strangers = simulated_strangers(graph, SCHEMA, split.people, manner)
    keys = graph["User"].key
    assert {one.person for one in strangers} == {keys[person] for person in split.people.tolist()}
    users, films = graph[RATED].edge_index.tolist()
    liked = {
        (keys[user], film)
        for user, film, rating in zip(users, films, graph[RATED].properties["rating"], strict=True)
        if rating > 3
    }
    for one in strangers:
        assert one.known and one.relevant and not one.known & one.relevant
        assert all((one.person, film) in liked for film in one.known | one.relevant)


def test_a_whole_evaluation(graph: HeteroData) -> None:
    said: list[str] = []
    sections = evaluate_people_of_the_graph(
        graph, SCHEMA, HashEncoder(), SETTINGS, share=0.4, seeds=(0, 1), say=said.append
    )
    assert [section.name for section in sections] == ["asking", "telling"]
    chosen = [set(cold_people(graph, SCHEMA, share=0.4, seed=seed).people.tolist()) for seed in (0, 1)]
    assert len(said) == 6
    assert all([one.type for one in section.relations] == ["DIRECTED_BY", "HAS_GENRE"] for section in sections)
    assert all(section.fidelity is None and section.reliability is None for section in sections)
    for section, texts in zip(sections, (4, 1), strict=True):
        assert section.people == len(chosen[0] | chosen[1])
        assert section.texts + section.left_out == texts * (len(chosen[0]) + len(chosen[1]))
        assert [system.name for system in section.systems] == [OURS, POPULARITY, TEXT, BARE, SHUFFLED]
        assert [one.against for one in section.comparisons] == [POPULARITY, TEXT, BARE, SHUFFLED]
        assert [one.against for one in section.ablations] == list(ABLATIONS.values())
        assert section.answer.startswith("Does the graph help? ")
        for system in section.systems:
            for value in system.metrics.values():
                assert 0 <= value.low <= value.mean <= value.high <= 1
        means = {system.name: system.metrics["recall@10"].mean for system in section.systems}
        for comparison in section.comparisons:
            expected = means[OURS] - means[comparison.against]
            assert comparison.metrics["recall@10"].mean == pytest.approx(expected)
        assert sum(group.people for group in section.groups) >= section.people


def test_what_only_the_graph_tells_is_found_by_ours_alone() -> None:
    """Who names a director wants their films; no word says which these are."""
    graph = two_tastes(people=80, films=48)
    split = cold_people(graph, SCHEMA, share=0.3)
    served = controls.train(without_people(graph, SCHEMA, split), SCHEMA, HashEncoder(), SETTINGS)
    strangers = [
        Stranger(f"{name} {number}", f"I like {name}", frozenset(range(first, 48, 2)), frozenset())
        for number in range(10)
        for first, name in ((0, "Edith Even"), (1, "Otto Odd"))
    ]
    section = evaluate_strangers(strangers, served, graph, SETTINGS)
    for against in (BARE, SHUFFLED):
        found = next(one for one in section.comparisons if one.against == against)
        assert found.metrics["recall@10"].low > 0
    assert section.answer.startswith("Does the graph help? Yes: ")


def test_a_person_counts_once_however_much_they_write() -> None:
    strangers = [
        Stranger("talkative", "a", frozenset({0}), frozenset()),
        Stranger("talkative", "b", frozenset({1}), frozenset()),
        Stranger("talkative", "c", frozenset({2}), frozenset()),
        Stranger("silent", "d", frozenset({3}), frozenset()),
    ]
    lists = {OURS: [np.array([0, 1, 2, 3])] * 4, POPULARITY: [np.array([9])] * 4}
    lists[OURS][3] = np.array([9])
    trial = Trial(strangers, np.array([True, True, True, False]), lists, np.linspace(0, 1, 10))
    section = summarise("file", [trial])
    assert section.people == 2
    assert section.systems[0].metrics["recall@10"].mean == 0.5
    groups = {group.name: group for group in section.groups}
    assert groups["words name something"].people == 1
    assert groups["words name something"].systems[0].metrics["recall@10"].mean == 1.0
    assert groups["words name nothing"].systems[0].metrics["recall@10"].mean == 0.0


def trial_of(strangers: list[Stranger], ours: list[list[int]], **more: Any) -> Trial:
    """Ours against the same list for everybody, over 20 items."""
    lists = {OURS: [np.array(one) for one in ours], POPULARITY: [np.arange(20)] * len(ours)}
    return Trial(strangers, np.ones(len(ours), dtype=bool), lists, np.linspace(0, 1, 20), **more)


def test_new_items_are_judged_by_the_relevant_ones_that_nobody_interacted_with() -> None:
    counts = np.array([5] * 15 + [0] * 5)
    strangers = [Stranger(f"p{row}", "a", frozenset({0, 15, 16, -1}), frozenset({1})) for row in range(12)]
    strangers.append(Stranger("old", "a", frozenset({2, 17}), frozenset({17})))  # wants no new item that is not known
    found = summarise("file", [trial_of(strangers, [[15, 3, 0]] * 13, interactions=counts)]).new_items
    assert found is not None and (found.rule, found.items, found.people) == ("nobody interacted with", 5, 12)
    assert found.systems[OURS]["recall@10"].mean == 0.5
    assert found.systems[POPULARITY]["recall@10"].mean == 0 and found.systems[POPULARITY]["recall@50"].mean == 1
    (against,) = found.comparisons
    assert against.against == POPULARITY and against.metrics["recall@10"].mean == 0.5


def test_where_too_few_want_such_an_item_those_with_the_fewest_interactions_are_new() -> None:
    counts = np.array([9, 1, 1, 2, *[9] * 15, 0])
    strangers = [Stranger(f"p{row}", "a", frozenset({0, 1}), frozenset()) for row in range(12)]
    trial = trial_of([*strangers, Stranger("one", "a", frozenset({19}), frozenset())], [[1]] * 13, interactions=counts)
    found = summarise("file", [trial]).new_items
    assert found is not None
    assert found.rule == "at most 1 person interacted with, the tenth with the fewest"
    assert (found.items, found.people) == (3, 13) and found.systems[OURS]["recall@10"].mean == pytest.approx(12 / 13)
    liked = summarise("file", [replace(trial, interactions=counts, only_likes=True)]).new_items
    assert liked is not None and "1 person liked" in liked.rule
    nobody = trial_of([Stranger("p", "a", frozenset({0}), frozenset())], [[0]], interactions=counts)
    assert summarise("file", [nobody]).new_items is None


def test_probabilities_are_held_against_what_was_liked() -> None:
    strangers = [Stranger(f"p{row % 30}", "a", frozenset({0, 1, 12}), frozenset()) for row in range(60)]
    said = [np.array([0.9, 0.9, *[0.1] * 18])] * 60
    found = summarise("file", [trial_of(strangers, [list(range(20))] * 60, probabilities=said)]).reliability
    assert found is not None
    assert [(one.predicted, one.observed.mean) for one in found.shown_bins] == [
        (pytest.approx(0.1), 0.0),
        (pytest.approx(0.9), 1.0),
    ]
    assert found.shown_error == pytest.approx(0.1)
    assert [one.items for one in found.bins] == [1080, 120]
    assert found.error == pytest.approx(0.1 * abs(0.9 - 1) + 0.9 * abs(0.1 - 1 / 18))
    assert found.said == pytest.approx(0.26) and found.was.mean == pytest.approx(0.2)
    assert summarise("file", [trial_of(strangers, [[0]] * 60)]).reliability is None


def test_coverage_of_a_group_is_that_of_its_people() -> None:
    strangers = [Stranger("a", "a", frozenset({0}), frozenset()), Stranger("b", "b b", frozenset({0}), frozenset())]
    section = summarise("file", [trial_of(strangers, [[0, 1, 2], [3]])])
    short = next(group for group in section.groups if group.name.startswith("short"))
    assert [section.systems[0].coverage, short.systems[0].coverage] == [4, 3]


def test_probabilities_are_those_of_serving(ours: controls.Served) -> None:
    understood = ours.understand(["I like Edith Even", "a comedy like The Broken Harbour 0"])
    lists = controls.rank_ours(ours, understood, [frozenset()] * 2)
    curve = Curve(np.array([-9.0, 0.0]), np.array([0.1, 0.8]))
    calibration = Calibration(curve, Curve(curve.chances, curve.probabilities / 2), {})
    ours = replace(ours, artifact=replace(ours.artifact, model=replace(ours.artifact.model, calibration=calibration)))
    found = controls.probabilities(ours, understood, lists)
    assert found is not None
    served = Ranking(ours.artifact).rank(understood.vectors, understood.interests, understood.asks, k=36)
    for person, ranked in enumerate(served):
        likely = dict(zip(lists[person].tolist(), found[person].tolist(), strict=True))
        assert [likely[one.item] for one in ranked] == pytest.approx([one.probability for one in ranked])
    silent = replace(ours, artifact=replace(ours.artifact, model=replace(ours.artifact.model, calibration=None)))
    assert controls.probabilities(silent, understood, lists) is None


def write(path: Path, *people: object) -> Path:
    path.write_text("".join(f"{json.dumps(person)}\n" for person in people), encoding="utf-8")
    return path


def test_people_of_a_file(tmp_path: Path) -> None:
    path = write(
        tmp_path / "people.jsonl",
        {"user_id": 1, "text": "a", "relevant": [10, "20", 99, 98, 20], "mentioned": [20, 77]},
        {"user_id": "2", "text": "b", "relevant": ["30"]},
        {"user_id": "3", "text": "c", "relevant": ["30"], "mentioned": ["30"]},
    )
    found = read_strangers(path, ["10", 20, "30"])
    assert found[0].person == "1"
    assert 0 in found[0].relevant and len(found[0].relevant) == 3 and len([r for r in found[0].relevant if r < 0]) == 2
    assert found[0].known == {1}
    assert found[1] == Stranger("2", "b", frozenset({2}), frozenset())
    assert judgeable(found, [frozenset(), frozenset(), frozenset()]) == [0, 1]
    assert judgeable(found, [frozenset(), frozenset({2}), frozenset()]) == [0]


@pytest.mark.parametrize(
    ("people", "problem"),
    [
        ([{"user_id": 1, "text": "a", "relevant": 3}], r"people\.jsonl:1: expected 'relevant' as a list of ids"),
        ([{"user_id": 1, "text": "a"}], r"people\.jsonl:1: expected 'relevant' as a list of ids"),
        ([{"user_id": 1, "text": "a", "relevant": [10], "mentioned": [[1]]}], r"expected 'mentioned' as a list"),
        ([{"user_id": 1, "text": 5, "relevant": [10]}], r"people\.jsonl:1: expected an object with 'user_id'"),
        ([], r"people\.jsonl: expected people, one a line, found none"),
        ([5], r"people\.jsonl:1: expected an object"),
        (
            [{"user_id": 1, "text": "a", "relevant": [10]}, {"user_id": "1", "text": "b", "relevant": [10]}],
            r"people\.jsonl:2: expected each user_id once, found '1' as in line 1",
        ),
        ([{"user_id": 1, "text": "a", "relevant": ["no"]}], r"expected ids of items under 'relevant', as '10'"),
    ],
)
def test_people_who_cannot_be_read(tmp_path: Path, people: list[object], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read_strangers(write(tmp_path / "people.jsonl", *people), ["10"])


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    (tmp_path / "words").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="bytes:1: expected UTF-8"):
        read_strangers(tmp_path / "bytes", [])
    with pytest.raises(InputError, match="words:1: expected a JSON object"):
        read_strangers(tmp_path / "words", [])
    with pytest.raises(InputError, match="cannot be read"):
        read_strangers(tmp_path / "none", [])
