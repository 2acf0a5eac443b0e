"""The numbering of the entities, and the matrices and numbers over it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from film_graphs import RATED, SCHEMA, SPOKEN, WITHOUT_USERS, graph_of, two_tastes, with_words

from kg_rec.errors import GraphError, SchemaError
from kg_rec.model.features import (
    entity_texts,
    inverse,
    liked_together,
    number_entities,
    numeric_ranks,
    popularity,
    relation_matrices,
    release_years,
)
from kg_rec.schema import EntitySchema, GraphSchema

FILM, GENRE, USER, PERSON = "Film", "Genre", "User", "Person"


def films(count: int = 3, **properties: Any) -> dict[str, Any]:
    ids = [str(film) for film in range(count)]
    return {"filmId": ids, "title": [f"Film {film}" for film in ids], "plot": [None] * count, **properties}


def test_items_come_first_then_the_other_labels_by_name_and_no_users() -> None:
    entities = number_entities(two_tastes(people=4, films=6), SCHEMA)
    assert list(entities.slices) == ["Film", "Genre", "Person"]
    assert entities.slices == {"Film": slice(0, 6), "Genre": slice(6, 9), "Person": slice(9, 11)}
    assert len(entities) == 11 and entities.items == slice(0, 6) and entities.item_count == 6
    assert entities.keys[5:8] == ["Film/005", "Genre/Comedy", "Genre/Drama"]
    assert entities.labels[5:10] == ["Film", "Genre", "Genre", "Genre", "Person"]
    assert entities.names[6:] == ["Comedy", "Drama", "Western", "Edith Even", "Otto Odd"]
    assert all(entities.index[key] == row for row, key in enumerate(entities.keys))
    assert not any(key.startswith("User/") for key in entities.keys)


def test_items_come_first_even_where_their_label_comes_last() -> None:
    graph = graph_of({"Alpha": {"id": ["a"]}, FILM: films(), "Zeta": {"id": ["z"]}}, {})
    entities = number_entities(graph, WITHOUT_USERS)
    assert list(entities.slices) == ["Film", "Alpha", "Zeta"]
    assert entities.keys == ["Film/0", "Film/1", "Film/2", "Alpha/a", "Zeta/z"]


def test_names_are_empty_where_nothing_is_known() -> None:
    graph = graph_of({FILM: films(2, title=["Ran", None]), "Studio": {"id": ["x"]}, GENRE: {"name": [None]}}, {})
    assert number_entities(graph, SCHEMA).names == ["Ran", "", "", ""]  # Studio is not in the schema


def test_aliases_are_the_texts_among_further_names() -> None:
    schema = SCHEMA.model_copy(
        update={
            "item": SCHEMA.item.model_copy(update={"aliases": ("original", "others")}),
            "entities": {GENRE: EntitySchema(title="name", aliases=("german",))},
        }
    )
    nodes = {
        FILM: films(3, original=["乱", None, " "], others=[["Chaos", "Ran!"], None, [""]]),
        GENRE: {"name": ["Drama"], "german": ["Schauspiel"]},
        PERSON: {"name": ["Ann"]},
    }
    entities = number_entities(graph_of(nodes, {}), schema)
    assert entities.aliases == [("乱", "Chaos", "Ran!"), (), (), ("Schauspiel",), ()]


@pytest.mark.parametrize("nodes", [{GENRE: {"name": ["Drama"]}}, {FILM: {"filmId": []}, GENRE: {"name": ["Drama"]}}])
def test_a_graph_without_items_is_an_error(nodes: dict[str, Any]) -> None:
    with pytest.raises(GraphError, match="no node with the label 'Film'") as caught:
        number_entities(graph_of(nodes, {}), SCHEMA)
    assert "[item]" in caught.value.remedy


@pytest.mark.parametrize(
    ("part", "missing", "message"),
    [
        (
            "item",
            {"title": "name"},
            "item.title: expected a property of Film, one of filmId, title, plot; found 'name'",
        ),
        ("item", {"id": "imdb"}, "item.id: expected a property of Film, one of filmId, title, plot; found 'imdb'"),
        (
            "item",
            {"text": ("plot", "story")},
            "item.text: expected a property of Film, .*; found 'story', which none has",
        ),
        (
            "item",
            {"aliases": ("names",)},
            "item.aliases: expected a property of Film, .*; found 'names', which none has",
        ),
        ("Genre", {"title": "title"}, "entities.Genre.title: expected a property of Genre, one of name; found 'title'"),
        (
            "Genre",
            {"text": ("about",)},
            "entities.Genre.text: expected a property of Genre, one of name; found 'about'",
        ),
    ],
)
def test_a_schema_with_properties_that_are_not_there_is_an_error(part: str, missing: Any, message: str) -> None:
    graph = graph_of({FILM: films(), GENRE: {"name": ["Drama"]}}, {})  # nobody is in the graph, which is no fault
    if part == "item":
        schema = SCHEMA.model_copy(update={"item": SCHEMA.item.model_copy(update=missing)})
    else:
        entities = {**SCHEMA.entities, part: SCHEMA.entities[part].model_copy(update=missing)}
        schema = SCHEMA.model_copy(update={"entities": entities})
    assert number_entities(graph, SCHEMA)
    with pytest.raises(SchemaError, match=rf"schema\.toml: {message}"):
        number_entities(graph, schema)


def test_people_without_the_texts_of_the_schema_are_an_error() -> None:
    graph = two_tastes(people=4)
    with pytest.raises(
        SchemaError, match=r"schema\.toml: user\.text: expected a property of User, one of userId; found 'bio'"
    ):
        number_entities(graph, SPOKEN)
    assert number_entities(with_words(graph), SPOKEN)
    del graph["User"], graph[RATED]
    assert number_entities(graph, SPOKEN)  # nobody is in the graph, which is no fault


def dense(matrix: sp.csr_array) -> np.ndarray:
    return np.asarray(matrix.toarray())


def test_neighbours_weigh_by_how_telling_they_are() -> None:
    """Three films; Drama is the genre of all, Noir of one. Rows: films 0-2, genres 3 Drama, 4 Noir, 5 without a film."""
    graph = graph_of(
        {FILM: films(3), GENRE: {"name": ["Drama", "Noir", "Western"]}},
        {(FILM, "HAS_GENRE", GENRE): [(0, 0), (1, 0), (1, 1), (2, 0)]},
    )
    entities = number_entities(graph, SCHEMA)
    matrices = relation_matrices(graph, entities)
    assert list(matrices) == ["HAS_GENRE", "HAS_GENRE⁻¹"] and inverse("HAS_GENRE") == "HAS_GENRE⁻¹"
    to_genres, to_films = dense(matrices["HAS_GENRE"]), dense(matrices["HAS_GENRE⁻¹"])
    # A film receives from its genres over the inverse: log((2 + 3 films) / (1 + degree)).
    drama, noir = math.log(5 / 4), math.log(5 / 2)
    np.testing.assert_allclose(to_films[0], [0, 0, 0, 1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(to_films[1], np.array([0, 0, 0, drama, noir, 0]) / (drama + noir), atol=1e-6)
    # A genre receives from its films; two genres have any: log((2 + 2) / (1 + degree)).
    weights = np.log(4 / np.array([2, 3, 2]))
    np.testing.assert_allclose(to_genres[3], [*(weights / weights.sum()), 0, 0, 0], atol=1e-6)
    assert not to_genres[5].any() and not to_genres[:3].any()


def test_rows_sum_to_one_or_are_empty() -> None:
    graph = two_tastes()
    entities = number_entities(graph, SCHEMA)
    matrices = relation_matrices(graph, entities)
    assert list(matrices) == ["DIRECTED_BY", "DIRECTED_BY⁻¹", "HAS_GENRE", "HAS_GENRE⁻¹"]  # and none with users
    for name, matrix in matrices.items():
        assert matrix.shape == (len(entities), len(entities)) and matrix.dtype == np.float32
        sums = dense(matrix).sum(axis=1)
        receiving = np.zeros(len(entities), dtype=bool)
        label = FILM if name.endswith("⁻¹") else {"D": PERSON, "H": GENRE}[name[0]]
        receiving[entities.slices[label]] = True
        np.testing.assert_allclose(sums, receiving, atol=1e-6)
        assert (matrix.data > 0).all()


def test_one_relation_between_several_labels_is_one_matrix() -> None:
    graph = graph_of(
        {FILM: films(2), GENRE: {"name": ["Drama"]}, PERSON: {"name": ["Ann"]}},
        {(FILM, "TAGGED", GENRE): [(0, 0)], (FILM, "TAGGED", PERSON): [(1, 0), (1, 0)], (FILM, "LIKE", FILM): [(0, 1)]},
    )
    entities = number_entities(graph, SCHEMA)
    matrices = relation_matrices(graph, entities)
    assert list(matrices) == ["LIKE", "LIKE⁻¹", "TAGGED", "TAGGED⁻¹"]
    rows = {
        name: sorted(zip(*(axis.tolist() for axis in matrix.nonzero()), strict=True))
        for name, matrix in matrices.items()
    }
    assert rows["TAGGED"] == [(2, 0), (3, 1)] and rows["TAGGED⁻¹"] == [(0, 2), (1, 3)]
    assert rows["LIKE"] == [(1, 0)] and rows["LIKE⁻¹"] == [(0, 1)]
    assert dense(matrices["TAGGED"])[3, 1] == 1.0  # given twice, it is still one neighbour


def by_brute_force(pairs: set[tuple[int, int]], items: int, top: int) -> np.ndarray:
    liking = [{user for user, item in pairs if item == wanted} for wanted in range(items)]
    weights = np.zeros((items, items))
    for one in range(items):
        for other in range(items):
            if one != other:
                both = len(liking[one] & liking[other])
                weights[one, other] = both / math.sqrt((len(liking[one]) + 20) * (len(liking[other]) + 20))
        strongest = sorted(range(items), key=lambda other: (-weights[one, other], other))[:top]
        for other in set(range(items)) - set(strongest):
            weights[one, other] = 0
    sums = weights.sum(axis=1, keepdims=True)
    return np.divide(weights, sums, out=np.zeros_like(weights), where=sums > 0)


@pytest.mark.parametrize(("items", "people", "likes"), [(8, 12, 40), (80, 60, 1500)])
def test_liked_together_is_the_shrunk_cosine(items: int, people: int, likes: int) -> None:
    rng = np.random.default_rng(items)
    users, liked = rng.integers(people, size=likes), rng.integers(items - 1, size=likes)  # with repetitions
    size = items + 5
    found = liked_together(users, liked, item_count=items, size=size)
    assert found.shape == (size, size) and found.dtype == np.float32
    matrix = dense(found)
    expected = by_brute_force(set(zip(users.tolist(), liked.tolist(), strict=True)), items, top=50)
    np.testing.assert_allclose(matrix[:items, :items], expected, atol=1e-6)
    assert not matrix[items:].any() and not matrix[:, items:].any()
    assert not matrix[items - 1].any() and not matrix.diagonal().any()  # nobody likes the last item
    assert (np.diff(found.indptr) <= 50).all()
    if items > 60:
        assert (np.diff(found.indptr) == 50).any()  # the cut did cut


def test_liked_together_of_nobody_is_empty() -> None:
    nobody = np.zeros(0, dtype=np.int64)
    assert liked_together(nobody, nobody, item_count=3, size=5).nnz == 0
    one = np.array([0])
    assert liked_together(one, one, item_count=3, size=5).nnz == 0


def seconds(year: float) -> float:
    return (year - 1970) * 31_556_952.0


def test_popularity_counts_people_against_exposure() -> None:
    """Item 0 is old, item 1 came when half of the interactions had been, item 2 is not known, item 3 is of the future."""
    items = np.array([0, 0, 0, 1])
    times = np.array([seconds(year) for year in (2000.5, 2001.5, 2002.5, 2003.5)])
    released = np.array([1990.0, 2002.0, np.nan, 2020.0])
    found = popularity(items, times, released, item_count=4)
    weights = np.exp([-2, -4 / 3, -2 / 3, 0])  # ages of 3 to 0 years, tau of half the 3 years
    weights /= weights.mean()
    counts = np.array([weights[:3].sum(), weights[3], 0, 0])
    exposure = np.array([1, weights[2:].sum() / 4, 1, 0])
    expected = np.log((counts + 1) / (exposure + 0.02))
    np.testing.assert_allclose(found, expected - expected.mean(), rtol=1e-5)
    assert found.dtype == np.float32 and abs(found.mean()) < 1e-6


@pytest.mark.parametrize(
    ("times", "released"),
    [
        (None, np.array([2000.0, 2001.0, 2002.0])),
        (np.array([seconds(2001)] * 3), None),
        (np.array([np.nan] * 3), np.array([2000.0, 2001.0, 2002.0])),
        (np.array([seconds(2001)] * 3), np.array([np.nan] * 3)),
    ],
)
def test_without_years_or_times_every_item_was_there_all_along(times: Any, released: Any) -> None:
    found = popularity(np.array([0, 0, 1]), times, released, item_count=3)
    expected = np.log(np.array([3, 2, 1]) / 1.02)
    np.testing.assert_allclose(found, expected - expected.mean(), rtol=1e-5)


def test_what_was_taken_lately_says_more() -> None:
    times = np.array([seconds(2000), seconds(2001), seconds(2009), seconds(2010)])
    old, new = popularity(np.array([0, 0, 1, 1]), times, None, item_count=2)
    assert new > old + 1
    same = popularity(np.array([0, 0, 1, 1]), np.full(4, seconds(2001)), None, item_count=2)
    np.testing.assert_allclose(same, 0, atol=1e-6)


def test_interactions_without_a_time_count_as_people_and_not_as_exposure() -> None:
    times = np.array([np.nan, seconds(2000), seconds(2010), np.nan])
    found = popularity(np.array([0, 0, 1, 1]), times, np.array([1990.0, 2005.0]), item_count=2)
    old, mean = np.exp(-2), (np.exp(-2) + 1) / 2
    counts = np.array([mean + old, 1 + mean]) / mean
    expected = np.log((counts + 1) / np.array([1.02, 1 / (1 + old) + 0.02]))
    np.testing.assert_allclose(found, expected - expected.mean(), rtol=1e-5)


def test_nobody_interacted_makes_every_item_equal() -> None:
    assert not popularity(np.zeros(0, dtype=np.int64), None, None, item_count=3).any()


def test_numbers_become_the_share_of_items_below() -> None:
    def with_item(**update: Any) -> GraphSchema:
        return SCHEMA.model_copy(update={"item": SCHEMA.item.model_copy(update=update)})

    schema = with_item(released="year", numeric=("price", "pages"))
    graph = graph_of({FILM: films(5, year=[1990, 2000, 2000, None, 2010], price=[10000.0, 1.0, 2.0, "?", 3.0])}, {})
    ranks = numeric_ranks(graph, schema)
    assert ranks.shape == (5, 2) and ranks.dtype == np.float32
    np.testing.assert_allclose(ranks[:, 0], [1 / 8, 4 / 8, 4 / 8, np.nan, 7 / 8])
    np.testing.assert_allclose(ranks[:, 1], [7 / 8, 1 / 8, 3 / 8, np.nan, 5 / 8])
    assert numeric_ranks(graph, with_item(released=None)).shape == (5, 0)


def test_release_years_are_read_where_the_schema_names_them() -> None:
    graph = graph_of({FILM: films(3, year=[1999, None, 2001.0])}, {})
    years = release_years(graph, SCHEMA)
    assert years is not None
    np.testing.assert_array_equal(years, [1999.0, np.nan, 2001.0])
    assert release_years(graph_of({FILM: films()}, {}), SCHEMA) is None
    unnamed = SCHEMA.model_copy(update={"item": SCHEMA.item.model_copy(update={"released": None})})
    assert release_years(graph, unnamed) is None


def test_release_years_that_are_no_numbers_are_an_error_of_the_schema() -> None:
    graph = graph_of({FILM: films(2, year=[1999, "in May"])}, {})
    with pytest.raises(SchemaError, match=r"item\.released: expected a number in 'year', found 'in May'"):
        release_years(graph, SCHEMA)


@pytest.mark.parametrize(("values", "odd"), [([19990131, 20010704], "19990131"), ([7.5, 8.25], r"7\.5"), ([1, 2], "1")])
def test_numbers_that_are_no_years_are_an_error_of_the_schema(values: list[float], odd: str) -> None:
    graph = graph_of({FILM: films(2, year=values)}, {})
    with pytest.raises(
        SchemaError, match=rf"item\.released: expected years of four digits, or dates, in 'year', found {odd}\."
    ) as told:
        release_years(graph, SCHEMA)
    assert "kg-rec train" in told.value.remedy


def test_a_few_slips_among_years_are_unknown() -> None:
    years = release_years(graph_of({FILM: films(40, year=[1990] * 39 + [19900])}, {}), SCHEMA)
    assert years is not None
    np.testing.assert_array_equal(years, [1990.0] * 39 + [np.nan])


def test_entities_are_encoded_by_name_and_running_text() -> None:
    schema = SCHEMA.model_copy(update={"entities": {GENRE: EntitySchema(title="name", text=("about",))}})
    graph = graph_of(
        {
            FILM: films(1),
            GENRE: {"name": ["Noir", "Western", None], "about": ["Rain at night.", None, "Nameless."]},
            PERSON: {"name": ["Ann"]},
        },
        {},
    )
    texts = entity_texts(graph, schema, number_entities(graph, schema))
    assert texts == ["Film 0", "Noir. Rain at night.", "Western", "", ""]
