"""What passes between the driver and the peers: the graph, the people, and lists of items, in files that can hold no code.

A peer runs in an environment of its own, without kg-rec, so this module imports numpy and scipy only.

| file | what |
|---|---|
| graph.json | ids of the items; of all entities label and name; documents of the items; names of the relations |
| graph.npz | ends of each relation, who liked and who interacted with what, vectors, kg-rec's popularity |
| people.jsonl, people.npy | those who are recommended to: id, wish, interests; vectors of their wishes |
| simulated.jsonl, simulated.npy | the people of the graph turned into new ones, with what they should be recommended |
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

LENGTH = 100
"""Items in a list: 50 are judged, after those that the person named are taken out."""


@dataclass(frozen=True)
class Graph:
    """A graph of N entities, the items first, and U users.

    items: ids as they stood in the source; labels, names: of the entities, [N]; documents: title, names of the neighbours and
    running text of each item; relations: int64 [2, E], rows of entities, by "(:Label)-[:TYPE]->(:Label)"; likes, interactions:
    [U, items], 1 where there is one; vectors: [N, T], of an item's document and of any other entity's name, rows of length
    1; adjusted: popularity as kg-rec takes it, [items].
    """

    items: list[str]
    labels: list[str]
    names: list[str]
    documents: list[str]
    relations: dict[str, NDArray[np.int64]]
    likes: sp.csr_array
    interactions: sp.csr_array
    vectors: NDArray[np.float32]
    adjusted: NDArray[np.float32]

    @cached_property
    def log_counts(self) -> NDArray[np.float32]:
        """log(1 + interactions) of each item, [items]."""
        return np.log1p(np.asarray(self.interactions.sum(axis=0)).ravel()).astype(np.float32)

    @cached_property
    def direct(self) -> sp.csr_array:
        """Which entities each item is a neighbour of over any relation, [items, N], as 0 or 1."""
        pairs = np.concatenate([np.zeros((2, 0), np.int64), *self.relations.values()], axis=1)
        both = np.concatenate([pairs, pairs[::-1]], axis=1)
        both = both[:, both[0] < len(self.items)]
        found = sp.csr_array((np.ones(both.shape[1], np.float32), tuple(both)), (len(self.items), len(self.labels)))
        found.data[:] = 1.0
        return found


@dataclass(frozen=True)
class Interest:
    """What a person's words say of one entity. row: of the entity; weight: in [-1, 1], below 0 where it is disliked."""

    row: int
    weight: float
    source: Literal["named", "near"]


@dataclass(frozen=True)
class Person:
    """Somebody who is recommended to.

    wish: their words without the clauses that hold a dislike; interests: what kg-rec's linker found in the words.
    """

    id: str
    wish: str
    interests: tuple[Interest, ...]


@dataclass(frozen=True)
class People:
    """P people, and the vectors of their wishes, [P, T], rows of length 1 or 0."""

    people: list[Person]
    vectors: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.people)

    def liked(self, columns: int) -> sp.csr_array:
        """Return the interests that are liked, [P, columns], of the entities with a row below `columns`, by their weight."""
        found = [
            (person, interest.row, interest.weight)
            for person, one in enumerate(self.people)
            for interest in one.interests
            if interest.weight > 0 and interest.row < columns
        ]
        rows, entities, weights = zip(*found, strict=True) if found else ((), (), ())
        ends = np.array(rows, dtype=np.int64), np.array(entities, dtype=np.int64)
        return sp.csr_array((np.array(weights, dtype=np.float32), ends), shape=(len(self), columns))

    def named_items(self, item_count: int) -> sp.csr_array:
        """Return the items that were named and are not disliked, [P, items], as 0 or 1: what is folded in."""
        named = self.liked(item_count)
        named.data[:] = 1.0
        return named

    def hidden(self, item_count: int) -> list[list[int]]:
        """Return the items that each person named, liked or not: they are never recommended."""
        return [[one.row for one in person.interests if one.row < item_count] for person in self.people]


@dataclass(frozen=True)
class Simulated:
    """S people of the graph as new ones. users: row of each among the users, [S]; targets: items that each should get."""

    people: People
    users: NDArray[np.int64]
    targets: list[list[int]]


def write_graph(graph: Graph, folder: Path) -> None:
    """Write graph.json and graph.npz."""
    content = {name: getattr(graph, name) for name in ("items", "labels", "names", "documents")}
    (folder / "graph.json").write_text(json.dumps({**content, "relations": list(graph.relations)}), encoding="utf-8")
    matrices = {"likes": graph.likes, "interactions": graph.interactions}
    np.savez(
        folder / "graph.npz",
        vectors=graph.vectors,
        adjusted=graph.adjusted,
        users=np.array(graph.likes.shape[0]),
        **{name: np.stack(matrix.nonzero()) for name, matrix in matrices.items()},
        **{f"relation {number}": ends for number, ends in enumerate(graph.relations.values())},
    )


def read_graph(folder: Path) -> Graph:
    """Return what `write_graph` wrote."""
    content = json.loads((folder / "graph.json").read_text(encoding="utf-8"))
    with np.load(folder / "graph.npz", allow_pickle=False) as arrays:
        shape = int(arrays["users"]), len(content["items"])
        return Graph(
            content["items"],
            content["labels"],
            content["names"],
            content["documents"],
            {name: arrays[f"relation {number}"] for number, name in enumerate(content["relations"])},
            _ones(arrays["likes"], shape),
            _ones(arrays["interactions"], shape),
            arrays["vectors"],
            arrays["adjusted"],
        )


def _ones(ends: NDArray[np.int64], shape: tuple[int, int]) -> sp.csr_array:
    return sp.csr_array((np.ones(ends.shape[1], dtype=np.float32), tuple(ends)), shape=shape)


def write_people(people: People, folder: Path, name: str = "people") -> None:
    """Write NAME.jsonl and NAME.npy."""
    write_lines((asdict(person) for person in people.people), folder / f"{name}.jsonl")
    np.save(folder / f"{name}.npy", people.vectors, allow_pickle=False)


def read_people(folder: Path, name: str = "people") -> People:
    """Return what `write_people` wrote."""
    people = [
        Person(one["id"], one["wish"], tuple(Interest(**interest) for interest in one["interests"]))
        for one in read_lines(folder / f"{name}.jsonl")
    ]
    return People(people, np.load(folder / f"{name}.npy", allow_pickle=False))


def write_simulated(simulated: Simulated, folder: Path) -> None:
    """Write simulated.jsonl, simulated.npy and targets.jsonl."""
    write_people(simulated.people, folder, "simulated")
    pairs = zip(simulated.users.tolist(), simulated.targets, strict=True)
    write_lines(({"user": user, "targets": targets} for user, targets in pairs), folder / "targets.jsonl")


def read_simulated(folder: Path) -> Simulated:
    """Return what `write_simulated` wrote."""
    lines = read_lines(folder / "targets.jsonl")
    users = np.array([line["user"] for line in lines], dtype=np.int64)
    return Simulated(read_people(folder, "simulated"), users, [line["targets"] for line in lines])


def write_lists(people: Sequence[Person], lists: Sequence[Sequence[str]], path: Path) -> None:
    """Write one list of items a person, best first, as JSON lines with user_id and items."""
    write_lines(({"user_id": one.id, "items": list(items)} for one, items in zip(people, lists, strict=True)), path)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def write_lines(objects: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Write one object a line."""
    path.write_text("".join(json.dumps(one) + "\n" for one in objects), encoding="utf-8")
