"""What stands around items in the graph: their neighbours, and who liked them. Explanations are made of it.

Read from Neo4j for each answer (`GraphSurroundings`), or from a copy of the whole graph in memory (`Snapshot`), for a service
that answers many people and goes on when Neo4j is away.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from kg_rec.graph.attach import person_label, titles
from kg_rec.graph.keys import encoded, id_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from numpy.typing import NDArray

    from kg_rec.graph.client import GraphClient
    from kg_rec.schema import GraphSchema

_COMMON = 0.2
_FEWEST_COMMON = 10
"""What more than this share of all items has, and more than so many of them, tells nothing: of few items a fifth is a handful."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An entity that a relation joins to an item.

    type, out: of the relation, and whether it leads from the item; key, name: of the entity; telling: in [0, 1], near 1 for an
    entity with few relations, near 0 for one that every node is related to; common: whether so many items share it that it
    is no reason beside any other.
    """

    type: str
    out: bool
    key: str
    name: str
    telling: float
    common: bool


class Surroundings(Protocol):
    """What stands around items, given by key; an item that is not known has no neighbours, and nobody liked it."""

    def neighbours(self, items: Sequence[str]) -> Mapping[str, Sequence[Neighbour]]:
        """Return the neighbours of each item, people left out."""

    def people(self, items: Sequence[str]) -> Mapping[str, AbstractSet[Any]]:
        """Return who liked each item: ratings at or above the middle of the scale, other interactions always."""


class GraphSurroundings:
    """The surroundings as they stand in Neo4j just now."""

    def __init__(self, client: GraphClient, schema: GraphSchema) -> None:
        self._client = client
        self._schema = schema

    def neighbours(self, items: Sequence[str]) -> Mapping[str, Sequence[Neighbour]]:
        """Return the neighbours of each item (see Surroundings)."""
        found: defaultdict[str, list[Neighbour]] = defaultdict(list)
        schema = self._schema
        for row in self._client.read(
            "explain/neighbours",
            ends=list(items),
            items=f"{encoded(schema.item.label)}/",
            people=f"{encoded(person_label(schema))}/",
            titles=titles(schema),
        ):
            # Nearly all relations of what many items have are with items: counting those alone would read each of them.
            found[row["end"]].append(
                Neighbour(
                    row["type"],
                    row["out"],
                    row["middle"],
                    str(row["name"] or id_of(row["middle"])),
                    _telling(row["degree"], row["size"]),
                    _is_common(row["degree"], row["items"]),
                )
            )
        return found

    def people(self, items: Sequence[str]) -> Mapping[str, AbstractSet[Any]]:
        """Return who liked each item (see Surroundings)."""
        found: defaultdict[str, set[Any]] = defaultdict(set)
        interaction = self._schema.interaction
        if interaction is None:
            return found
        least = least_rating(self._schema)
        for row in self._client.read(
            "explain/people",
            ends=list(items),
            type=interaction.type,
            weight=interaction.weight if least is not None else "",
            least=least or 0.0,
        ):
            found[row["end"]] = set(row["people"])
        return found


class Snapshot:
    """The surroundings as they were in an exported graph, all in memory: 20 MB for 24,000 nodes and 171,000 relations."""

    def __init__(self, graph: Any, schema: GraphSchema) -> None:
        """Take them from `graph`, as `kg_rec.graph.export.export_graph` returns it."""
        start = 0
        starts: dict[str, int] = {}
        self._keys: list[str] = []
        self._names: list[str] = []
        for label in graph.node_types:
            starts[label] = start
            keys = graph[label].key
            title = schema.title_of(label)
            named = graph[label].properties.get(title) if title is not None else None
            self._keys += keys
            self._names += [str((named[row] if named else None) or id_of(key)) for row, key in enumerate(keys)]
            start += len(keys)
        first = starts.get(schema.item.label, 0)
        self._rows = {key: row for row, key in enumerate(graph[schema.item.label].key)}
        self._items = len(self._rows)
        self.nodes = start
        self._degree = np.zeros(start, dtype=np.int64)
        ends: list[NDArray[np.int64]] = []
        others: list[NDArray[np.int64]] = []
        kinds: list[NDArray[np.int64]] = []
        self._kinds: list[tuple[str, bool]] = []
        user = person_label(schema)
        for source, type_, target in graph.edge_types:
            edges = graph[source, type_, target].edge_index.numpy()
            sources, targets = edges[0] + starts[source], edges[1] + starts[target]
            for rows in (sources, targets):
                self._degree += np.bincount(rows, minlength=start)
            if user in (source, target):
                continue
            for here, item, other, out in ((source, sources, targets, True), (target, targets, sources, False)):
                if here == schema.item.label:
                    ends.append(item - first)
                    others.append(other)
                    kinds.append(np.full(len(item), len(self._kinds)))
                    self._kinds.append((type_, out))
        self.relations = int(self._degree.sum()) // 2
        nothing = [np.zeros(0, dtype=np.int64)]
        # Several relations of one type between the same two nodes are one neighbour.
        table = np.unique(np.stack([np.concatenate(part or nothing) for part in (ends, kinds, others)]), axis=1)
        self._edges = table[1:]
        self._begin = np.searchsorted(table[0], np.arange(self._items + 1))
        self._found: dict[str, list[Neighbour]] = {}
        self._people = _likers(graph, schema, self._items)

    def neighbours(self, items: Sequence[str]) -> Mapping[str, Sequence[Neighbour]]:
        """Return the neighbours of each item (see Surroundings)."""
        return {key: self._neighbours(key) for key in items}

    def people(self, items: Sequence[str]) -> Mapping[str, AbstractSet[Any]]:
        """Return who liked each item (see Surroundings)."""
        return {key: self._people[self._rows[key]] if key in self._rows else frozenset() for key in items}

    def _neighbours(self, item: str) -> list[Neighbour]:
        known = self._found.get(item)
        if known is not None:
            return known
        row = self._rows.get(item)
        if row is None:
            return []
        found = []
        for kind, other in self._edges[:, self._begin[row] : self._begin[row + 1]].T.tolist():
            type_, out = self._kinds[kind]
            degree = int(self._degree[other])
            telling, common = _telling(degree, len(self._keys)), _is_common(degree, self._items)
            found.append(Neighbour(type_, out, self._keys[other], self._names[other], telling, common))
        self._found[item] = found
        return found


def least_rating(schema: GraphSchema) -> float | None:
    """Return the lowest rating that counts as liking, the middle of the scale, or None where every interaction does."""
    interaction = schema.interaction
    if interaction is None or interaction.kind != "rating" or not interaction.weight or not interaction.scale:
        return None
    return sum(interaction.scale) / 2


def _telling(degree: int, size: int) -> float:
    return 1 - math.log(1 + degree) / math.log(2 + max(size, degree))


def _is_common(degree: int, items: int) -> bool:
    return degree > max(_COMMON * items, _FEWEST_COMMON)


def _likers(graph: Any, schema: GraphSchema, items: int) -> list[frozenset[int]]:
    """Return who liked each item, by row in the graph."""
    liked: list[set[int]] = [set() for _ in range(items)]
    for kind in graph.edge_types:
        if schema.interaction is None or kind[1:] != (schema.interaction.type, schema.item.label):
            continue
        users, rows = graph[kind].edge_index.numpy()
        least = least_rating(schema)
        if least is not None:
            kept = graph[kind].properties[schema.interaction.weight] >= least
            users, rows = users[kept], rows[kept]
        for user, row in zip(users.tolist(), rows.tolist(), strict=True):
            liked[row].add(user)
    return [frozenset(users) for users in liked]
