"""Graphs from pandas frames: what is written is read again with the same values, and what cannot be used is told."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kg_rec import Graph
from kg_rec.errors import ConvertError
from kg_rec.graph.csv_folder import read_folder
from kg_rec.schema_inference import infer_schema

Frames = dict[str, pd.DataFrame]


def books() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "bookId": [1, 2, 3],
            "title": ["The Salt Road", 'A Keeper\'s "Year", again', None],
            "year": [1987, None, 1990],  # pandas makes floating point numbers of it
            "price": [9.5, 12.0, float("nan")],
            "subjects": [["salt; or sodium", "carters"], [], None],
            "lent": [True, False, True],
            "bought": [date(2024, 5, 31), None, date(2024, 6, 1)],
            "blurb": ["Two carters cross a lake of salt\nin one night.", "Twelve months at a lighthouse.", pd.NA],
        }
    )


def readers() -> pd.DataFrame:
    return pd.DataFrame(index=pd.Index(["r1", "r2"], name="card"))


def rated() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "source": ["r1", "r1", "r2"],
            "target": [1, 2, 1],
            "stars": [5, 3, 4],
            "at": pd.to_datetime(["2024-05-31 12:30:00", "2024-06-01 00:00:00", None]),
        }
    )


def test_frames_become_the_graph_that_is_read(tmp_path: Path) -> None:
    graph = Graph.from_frames({"Book": books(), "Reader": readers()}, {("Reader", "RATED", "Book"): rated()})
    assert repr(graph) == "Graph(Book: 3, Reader: 2, RATED: 3)"
    read = read_folder(graph.write(tmp_path / "graph"))
    nodes = {table.labels[0][0]: table for table in read.nodes}
    assert nodes["Reader"].keys == ["Reader/r1", "Reader/r2"] and nodes["Reader"].id_property == "card"
    properties = nodes["Book"].properties
    assert {name: (values.type, values.array) for name, values in properties.items()} == {
        "bookId": ("string", False),
        "title": ("string", False),
        "year": ("long", False),
        "price": ("double", False),
        "subjects": ("string", True),
        "lent": ("boolean", False),
        "bought": ("date", False),
        "blurb": ("string", False),
    }
    assert properties["title"].values == ["The Salt Road", 'A Keeper\'s "Year", again', None]
    assert properties["year"].values == [1987, None, 1990]
    assert properties["price"].values == [9.5, 12.0, None]
    assert properties["subjects"].values == [
        ["salt, or sodium", "carters"],
        None,
        None,
    ]  # a semicolon stands between them
    assert properties["blurb"].values[0] == "Two carters cross a lake of salt\nin one night."
    (relations,) = read.relations
    assert list(zip(relations.sources, relations.types, relations.targets, strict=True)) == [
        ("Reader/r1", "RATED", "Book/1"),
        ("Reader/r1", "RATED", "Book/2"),
        ("Reader/r2", "RATED", "Book/1"),
    ]
    assert relations.properties["stars"].values == [5, 3, 4]
    assert [str(moment) for moment in relations.properties["at"].values] == [
        "2024-05-31T12:30:00.000000000",
        "2024-06-01T00:00:00.000000000",
        "None",
    ]
    schema, _ = infer_schema(read)
    assert (schema.item.label, schema.item.title, schema.item.released) == ("Book", "title", "year")
    assert schema.user is not None and schema.user.label == "Reader"
    assert schema.interaction is not None and schema.interaction.weight == "stars"


@pytest.mark.parametrize(
    ("ids", "ends"),
    [
        (("id", "id"), ("source", "target")),
        (("bookId", "authorId"), ("bookId", "authorId")),
        (("book_id", "author_id"), ("book_id", "author_id")),
        (("isbn", "name"), ("isbn", "name")),
        (("id", "id"), ("bookId", "author_id")),
    ],
)
def test_ids_and_ends_are_found_by_their_names(ids: tuple[str, str], ends: tuple[str, str], tmp_path: Path) -> None:
    def frame(name: str, values: list[Any]) -> pd.DataFrame:
        made = pd.DataFrame({name: values})
        return made.set_index(name) if name in ("isbn", "name") else made

    graph = Graph.from_frames(
        {"Book": frame(ids[0], [1.0, 2.0]), "Author": frame(ids[1], ["a", "b"])},
        {("Book", "WRITTEN_BY", "Author"): pd.DataFrame({ends[0]: [1, 2], ends[1]: ["b", "a"], "order": [1, 2]})},
    )
    (relations,) = read_folder(graph.write(tmp_path / "graph")).relations
    assert (relations.sources, relations.targets) == (["Book/1", "Book/2"], ["Author/b", "Author/a"])
    assert list(relations.properties) == ["order"]


def test_one_type_may_lead_to_several_labels(tmp_path: Path) -> None:
    one = pd.DataFrame({"id": ["x"]})
    ends = pd.DataFrame({"source": ["x"], "target": ["x"]})
    graph = Graph.from_frames(
        {"Book": one, "Place": one, "Person": one},
        {("Book", "ABOUT", "Place"): ends, ("Book", "ABOUT", "Person"): ends, ("Book", "LIKE", "Book"): ends},
    )
    read = read_folder(graph.write(tmp_path / "graph"))
    assert read.type_counts() == {"ABOUT": 2, "LIKE": 1}
    assert {table.targets[0] for table in read.relations if table.types[0] == "ABOUT"} == {"Place/x", "Person/x"}


@pytest.mark.parametrize(
    ("nodes", "relations", "expected"),
    [
        ({}, {}, "nodes: expected at least one frame, found none."),
        ({"Book": [1]}, {}, "nodes['Book']: expected a pandas DataFrame, found list."),
        ({"Book": pd.DataFrame({"isbn": [1]})}, {}, "nodes['Book']: expected the id in a column 'id' or 'bookId' or "
         "'book_id', found isbn.\nNo graph was made. Say which column it is: frame.set_index('isbn')"),
        ({"Book": pd.DataFrame({"id": [1, 2, 1]})}, {}, "nodes['Book'], column 'id', row 2: expected an id of its own, found "
         "'1' again (first in row 0)."),
        ({"Book": pd.DataFrame({"id": [1, None]})}, {}, "nodes['Book'], column 'id', row 1: expected an id, found none."),
        ({"Book": pd.DataFrame({"id": [1], "key": ["a"]})}, {}, "nodes['Book']: expected another name than 'key'"),
        ({"Book": pd.DataFrame({"id": [1], "a:int": ["a"]})}, {}, "nodes['Book']: expected names of columns without a colon, "
         "found 'a:int'."),
        ({"Book": pd.DataFrame({"id": [1], 7: ["a"]})}, {}, "nodes['Book']: expected names of columns without a colon, found 7."),
        ({"Book": pd.DataFrame([[1, 2, 3]], columns=["id", "a", "a"])}, {}, "nodes['Book']: expected each column once, found "
         "'a' again."),
        ({"Book": pd.DataFrame({"id": [1, 2], "a": ["x", 3]})}, {}, "nodes['Book'], column 'a': expected numbers, booleans, "
         "texts, moments, dates, or lists of one of these, found int and str."),
        ({"Book": books()}, {("Book", "LIKE"): books()}, "relations[('Book', 'LIKE')]: expected (label, TYPE, label) with "
         "labels of Book."),
        ({"Book": books()}, {("Book", "LIKE", "Film"): books()}, "expected (label, TYPE, label) with labels of Book."),
        ({"Book": books()}, {("Book", "LIKE", "Book"): pd.DataFrame({"from": [1], "to": [2]})}, "expected the ids of its ends "
         "in columns 'source' and 'target', or called as those of Book and Book are, found from, to."),
        ({"Book": books()}, {("Book", "LIKE", "Book"): pd.DataFrame({"source": [1, 8, 9], "target": [2, 1, 1]})},
         "column 'source', row 1 and 1 more: expected the id of a Book, found '8'."),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_by_frame_column_and_row(nodes: Any, relations: Any, expected: str) -> None:
    with pytest.raises(ConvertError) as caught:
        Graph.from_frames(nodes, relations)
    assert expected in str(caught.value)
    assert "No graph was made." in caught.value.remedy


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    with pytest.raises(ConvertError, match="expected a new or an empty folder, found mine in it"):
        Graph.from_frames({"Book": books()}).write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
