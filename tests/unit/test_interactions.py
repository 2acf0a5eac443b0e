"""Which interactions count as liking."""

from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import pytest
import torch
from film_graphs import SCHEMA as FILMS
from film_graphs import SPOKEN, two_tastes, with_words

from kg_rec.errors import GraphError
from kg_rec.graph.interactions import Interactions, interactions_of, own_words, positive
from kg_rec.schema import GraphSchema, InteractionSchema, ItemSchema, UserSchema

NAN = float("nan")


def interactions(
    kind: Literal["rating", "count", "unary"], users: list[int], weights: list[float] | None
) -> Interactions:
    scale = (1.0, 5.0) if kind == "rating" else None
    schema = InteractionSchema(type="R", weight="w", kind=kind, scale=scale)
    ids = np.array(users, dtype=np.int64)
    return Interactions(schema, ids, ids * 0, None if weights is None else np.array(weights), None)


@pytest.mark.parametrize(
    ("users", "weights", "expected"),
    [
        ([0, 0, 0], [5, 4, 3], [True, True, False]),  # the person's mean is 4
        ([0, 0, 0], [2, 2, 2], [False, False, False]),  # at the mean, below the middle
        ([0, 0], [3, 3], [True, True]),  # at both
        ([0, 1, 1], [3, 5, 4], [True, True, False]),  # each has a mean of their own
        ([2, 2, 2, 2, 2, 2], [4.1] * 6, [True] * 6),  # the mean of equals is not above them
        ([0, 0, 0], [5, NAN, 1], [True, True, False]),  # a missing rating is unweighted, and in no mean
        ([], [], []),
    ],
)
def test_a_rating_is_positive_at_the_mean_and_the_middle(
    users: list[int], weights: list[float], expected: list[bool]
) -> None:
    assert positive(interactions("rating", users, weights)).tolist() == expected


def test_counts_and_unweighted_interactions_are_positive() -> None:
    assert positive(interactions("count", [0, 0], [1, 900])).tolist() == [True, True]
    assert positive(interactions("unary", [0, 1], None)).tolist() == [True, True]
    assert positive(interactions("rating", [0, 1], None)).tolist() == [True, True]


SCHEMA = GraphSchema(
    item=ItemSchema(label="I", id="id", title="id"),
    user=UserSchema(label="U", id="id"),
    interaction=InteractionSchema(type="R", weight="w", time="t", kind="count"),
    interests=(),
)


class Graph(dict[tuple[str, str, str], Any]):
    @property
    def edge_types(self) -> list[tuple[str, str, str]]:
        return list(self)


def test_interactions_are_found_in_an_exported_graph() -> None:
    properties = {"w": np.array([2.0]), "t": np.array([964982703000.0])}
    graph = Graph({("U", "R", "I"): SimpleNamespace(edge_index=torch.tensor([[3], [7]]), properties=properties)})
    found = interactions_of(graph, SCHEMA)
    assert found is not None and len(found) == 1
    assert (found.users.tolist(), found.items.tolist()) == ([3], [7])
    assert found.weights is not None and found.weights.tolist() == [2.0]
    assert found.times is not None and found.times.tolist() == [964982703.0]  # milliseconds became seconds
    assert interactions_of(graph, SCHEMA.model_copy(update={"user": None, "interaction": None})) is None
    with pytest.raises(GraphError, match=r"\(:U\)-\[:R\]->\(:I\) in the graph, found none"):
        interactions_of(Graph(), SCHEMA)


def test_words_stay_with_their_interactions() -> None:
    graph = with_words(two_tastes())
    found = interactions_of(graph, SPOKEN)
    assert found is not None and found.texts is not None and len(found.texts) == len(found)
    assert found.weights is not None and found.times is not None
    kept = np.random.default_rng(0).random(len(found)) < 0.5
    part = found.where(kept)
    assert part.weights is not None and part.times is not None and part.texts is not None
    assert 0 < len(part) == len(part.texts) < len(found)
    expected = zip(found.users[kept], found.items[kept], found.weights[kept], found.times[kept], strict=True)
    assert list(zip(part.users, part.items, part.weights, part.times, strict=True)) == list(expected)
    for user, item, text in zip(part.users.tolist(), part.items.tolist(), part.texts, strict=True):
        assert text == ("" if user % 3 else f"thus speaks the person {user:03} on the film {item:03}")
    # Where the schema names none, there are none.
    silent = interactions_of(graph, FILMS)
    assert silent is not None and silent.texts is None and silent.where(kept).texts is None


def test_people_tell_of_themselves_in_several_properties() -> None:
    graph = two_tastes(people=3)
    graph["User"].properties |= {"bio": ["Likes tea.", None, ""], "motto": ["No rush.", "Slowly.", None]}
    assert SPOKEN.user is not None
    schema = SPOKEN.model_copy(update={"user": SPOKEN.user.model_copy(update={"text": ("bio", "motto")})})
    assert own_words(graph, schema) == ["Likes tea. No rush.", "Slowly.", ""]
    assert own_words(graph, FILMS) == ["", "", ""]
    assert own_words(graph, SCHEMA.model_copy(update={"user": None, "interaction": None})) == []
