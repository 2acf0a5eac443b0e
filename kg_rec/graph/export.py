"""The graph in Neo4j as tensors.

Read in one transaction, packed: a row of an answer holds the relations of a thousand nodes, since each row costs more
than each value in it (measured: 20 times faster than a row a relation).
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from kg_rec.errors import GraphChangedError, GraphError, SchemaError
from kg_rec.graph.counts import GraphCounts, Triple, counts_in, nothing_there
from kg_rec.graph.keys import encoded, label_of
from kg_rec.graph.publish import PUBLISHED
from kg_rec.progress import SILENT, Progress
from kg_rec.schema_properties import year_of

with warnings.catch_warnings():
    # torch_geometric compiles functions at import in a way that newer torch versions announce to drop.
    warnings.simplefilter("ignore", FutureWarning)
    warnings.simplefilter("ignore", DeprecationWarning)
    from torch_geometric.data import HeteroData

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kg_rec.graph.client import GraphClient, Transaction
    from kg_rec.schema import GraphSchema, ItemSchema

_NUMBERS = {"INTEGER", "FLOAT", "BOOLEAN"}
_MOMENTS = {"DATE", "LOCAL DATETIME", "ZONED DATETIME"}


def export_graph(client: GraphClient, schema: GraphSchema | None, progress: Progress = SILENT) -> HeteroData:
    """Return the whole graph, people who were attached, their interests and what was published (kg_rec/graph/publish.py)
    left out.

    For each primary label: `data[label].key`, list of str, sorted, so that the same graph always gives the same
    tensors; `.num_nodes`; `.properties`, {name: list of values, None where missing}. Dates of the items are years where `schema`
    has them for `released` or as numbers.
    For each (label, type, label): `.edge_index`, int64 [2, E], sorted; `.properties`, {name: float64 [E], nan where
    missing} of those that are numbers, dates as seconds since 1970; for the interactions, where `schema` names what people
    write of the items, `.texts`, {name: list of str [E], "" where missing}.
    `data.fingerprint`: that of `kg_rec.graph.counts.graph_counts`.

    Raises GraphError when the graph is empty, has none of the items of `schema`, has nodes without a key, or changes while it
    is read, and SchemaError when the interactions have no words where `schema` says so.
    """
    said = _interaction_words(schema)
    keyed = _known_by_key(schema)
    with client.reading() as transaction:
        counts = counts_in(transaction, client.uri)
        if not counts.nodes:
            raise nothing_there(transaction, client.uri)
        if schema is not None and schema.item.label not in counts.nodes:
            raise GraphError(
                f"The graph in Neo4j at {client.uri} has no items: expected nodes labelled {schema.item.label}, found "
                f"{', '.join(sorted(counts.nodes))}.",
                remedy="Load it, or name another label under [item] in schema.toml.",
            )
        total = sum(counts.nodes.values()) + sum(counts.relations.values())
        step = progress.step("Exporting", total, "nodes and relations")
        nodes = _Nodes()
        for row in transaction.stream("export/nodes"):
            nodes.add(row["ids"], row["properties"])
            step.advance(len(row["ids"]))
        nodes.settle()
        types = _property_types(transaction)
        wanted = _wanted_properties(types)
        relations = _Relations()
        for row in transaction.stream("export/relations", properties=wanted, identified=said.type if said else None):
            relations.add(row["type"], row["sources"], row["targets"], row["ids"], row["values"])
            step.advance(len(row["sources"]))
        words: dict[int, str] = {}
        if said is not None and said.type in relations:
            said.check(types)
            for row in transaction.stream("export/words", type=said.type, property=said.name):
                words.update(zip(row["ids"], row["texts"], strict=True))
    data = HeteroData()
    for label in sorted(nodes.keys):
        data[label].key = nodes.keys[label]
        data[label].num_nodes = len(nodes.keys[label])
        data[label].properties = nodes.properties(label)
        if schema is not None and label == schema.item.label:
            _dates_as_years(data[label].properties, schema.item)
        if label in keyed:
            data[label].properties["key"] = nodes.keys[label]
    for triple, edge_index, properties, texts in relations.settled(nodes, wanted, words):
        data[triple].edge_index = torch.from_numpy(edge_index)
        data[triple].properties = properties
        if said is not None and triple == said.triple:
            data[triple].texts = {said.name: texts}
    read = GraphCounts(
        {label: len(keys) for label, keys in nodes.keys.items()},
        {triple: data[triple].edge_index.size(1) for triple in data.edge_types},
    )
    if read != counts:
        raise GraphChangedError(
            f"The graph in Neo4j at {client.uri} changed while it was read.",
            remedy="Run it again when nothing is being loaded.",
        )
    data.fingerprint = counts.fingerprint()
    return data


def _dates_as_years(properties: dict[str, list[Any]], item: ItemSchema) -> None:
    """Put years in the place of dates where the schema wants numbers. Whole numbers as 20240131 are dates in `released` alone."""
    for name in item.numeric:
        if name in properties:
            properties[name] = [one if isinstance(one, int | float) else year_of(one) for one in properties[name]]
    if item.released in properties:
        properties[item.released] = [year_of(one) for one in properties[item.released]]


@dataclass(frozen=True, slots=True)
class _InteractionWords:
    """Where people write of the items: the interactions, and the name of the property."""

    triple: Triple
    name: str

    @property
    def type(self) -> str:
        return self.triple[1]

    def check(self, types: Mapping[tuple[str, str], set[str]]) -> None:
        """Raise SchemaError where no relation of the type has the property, or it holds anything but words."""
        found = types.get((self.type, self.name))
        if found == {"STRING"}:
            return
        there = ", ".join(name for type_, name in types if type_ == self.type) or "none"
        raise SchemaError(
            f"schema.toml: interaction.text: expected a property of {self.type} that holds words, one of {there}; found "
            f"'{self.name}', " + (f"which holds {', '.join(sorted(found))}." if found else "which none has."),
            remedy="Mend the line, or have the file written again, by kg-rec load FOLDER or kg-rec init, with --new-schema",
        )


def _interaction_words(schema: GraphSchema | None) -> _InteractionWords | None:
    if schema is None or schema.user is None or schema.interaction is None or schema.interaction.text is None:
        return None
    return _InteractionWords((schema.user.label, schema.interaction.type, schema.item.label), schema.interaction.text)


def _known_by_key(schema: GraphSchema | None) -> set[str]:
    """Return the labels whose nodes have no id but the key."""
    parts = [schema.item, schema.user] if schema is not None else []
    return {part.label for part in parts if part is not None and part.id == "key"}


def _property_types(transaction: Transaction) -> dict[tuple[str, str], set[str]]:
    """Return the types of the values of each property of relations, by type of the relation and name."""
    return {
        (row["type"], row["name"]): {value.removesuffix(" NOT NULL") for value in row["values"]}
        for row in transaction.run("export/relation_properties")
    }


def _wanted_properties(types: Mapping[tuple[str, str], set[str]]) -> dict[str, list[str]]:
    """Return the names of the properties that are numbers or dates on all relations of a type, by type."""
    wanted: dict[str, list[str]] = {}
    for (type_, name), found in types.items():
        if found <= _NUMBERS or found <= _MOMENTS:
            wanted.setdefault(type_, []).append(name)
    return wanted


class _Nodes:
    """Entities as they come, then by label in the order of their keys."""

    def __init__(self) -> None:
        self.keys: dict[str, list[str]] = {}
        self._ids: list[int] = []
        self._properties: list[dict[str, Any]] = []
        self._rows: dict[str, list[int]] = {}
        self._sorted_ids: NDArray[np.int64]
        self._label: NDArray[np.int64]
        self._index: NDArray[np.int64]

    def add(self, ids: list[int], properties: list[dict[str, Any]]) -> None:
        self._ids += ids
        self._properties += properties

    def settle(self) -> None:
        """Sort by label and key; from here on `keys`, `properties` and `find` answer."""
        by_label: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        for row, properties in enumerate(self._properties):
            key = properties.pop("key")
            for name in PUBLISHED:
                properties.pop(name, None)
            by_label[key.partition("/")[0]].append((key, row))
        label = np.empty(len(self._ids), dtype=np.int64)
        index = np.empty(len(self._ids), dtype=np.int64)
        for number, start in enumerate(sorted(by_label)):
            members = sorted(by_label[start])
            rows = [row for _, row in members]
            name = label_of(start)
            self.keys[name] = [key for key, _ in members]
            self._rows[name] = rows
            label[rows] = number
            index[rows] = np.arange(len(rows))
        ids = np.asarray(self._ids, dtype=np.int64)
        order = np.argsort(ids)
        self._sorted_ids, self._label, self._index = ids[order], label[order], index[order]

    def labels(self) -> list[str]:
        """The labels, in the order of the numbers that `find` gives."""
        return [label_of(start) for start in sorted(encoded(label) for label in self.keys)]

    def find(self, ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the number of the label and the index within it of each internal id, -1 where it is not known."""
        at = np.minimum(np.searchsorted(self._sorted_ids, ids), len(self._sorted_ids) - 1)
        known = self._sorted_ids[at] == ids
        return np.where(known, self._label[at], -1), np.where(known, self._index[at], -1)

    def properties(self, label: str) -> dict[str, list[Any]]:
        members = [self._properties[row] for row in self._rows[label]]
        names = sorted({name for properties in members for name in properties})
        return {name: [properties.get(name) for properties in members] for name in names}


@dataclass(slots=True)
class _Pack:
    sources: list[NDArray[np.int64]] = field(default_factory=list)
    targets: list[NDArray[np.int64]] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    values: list[list[NDArray[np.float64]]] = field(default_factory=list)


class _Relations:
    """Relations as they come, then by the labels of their ends."""

    def __init__(self) -> None:
        self._packs: defaultdict[str, _Pack] = defaultdict(_Pack)

    def __contains__(self, name: str) -> bool:
        return name in self._packs

    def add(self, name: str, sources: list[int], targets: list[int], ids: list[int], values: list[list[Any]]) -> None:
        pack = self._packs[name]
        pack.sources.append(np.asarray(sources, dtype=np.int64))
        pack.targets.append(np.asarray(targets, dtype=np.int64))
        pack.ids += ids
        pack.values.append([_numbers(column) for column in values])

    def settled(
        self, nodes: _Nodes, names: Mapping[str, list[str]], words: Mapping[int, str]
    ) -> Iterable[tuple[Triple, NDArray[np.int64], dict[str, NDArray[np.float64]], list[str]]]:
        """Yield each (label, type, label) with its edges, sorted by source and target, their properties, and the words on
        each edge, none for types whose relations have no ids. words: by id of the relation.
        """
        labels = nodes.labels()
        found = {}
        for name, pack in self._packs.items():
            source_label, source = nodes.find(np.concatenate(pack.sources))
            target_label, target = nodes.find(np.concatenate(pack.targets))
            columns = [np.concatenate(parts) for parts in zip(*pack.values, strict=True)]
            texts = [words.get(number, "") for number in pack.ids]
            # Words settle the order where everything else is equal, so that the same graph gives the same tensors.
            ranks = {text: rank for rank, text in enumerate(sorted(set(texts)))}
            last = [np.array([ranks[text] for text in texts])] if texts else []
            ends = source_label * len(labels) + target_label
            ends[(source_label < 0) | (target_label < 0)] = -1
            for number in np.unique(ends[ends >= 0]):
                rows = np.flatnonzero(ends == number)
                order = np.lexsort((*(column[rows] for column in [*last, *columns]), target[rows], source[rows]))
                rows = rows[order]
                triple = (labels[number // len(labels)], name, labels[number % len(labels)])
                properties = dict(zip(names.get(name, []), (column[rows] for column in columns), strict=True))
                # A property that only relations between other labels have is none of these.
                properties = {key: column for key, column in properties.items() if not np.isnan(column).all()}
                said = [texts[row] for row in rows.tolist()] if texts else []
                found[triple] = np.stack([source[rows], target[rows]]), properties, said
        return [(triple, *found[triple]) for triple in sorted(found)]


def _numbers(values: list[Any]) -> NDArray[np.float64]:
    try:
        return np.array(values, dtype=np.float64)
    except TypeError:
        return np.array([_seconds(value) for value in values], dtype=np.float64)


def _seconds(moment: Any) -> float:
    """Seconds since 1970 of a date or a date with time; local times are taken as UTC."""
    from datetime import UTC, datetime

    from neo4j.time import DateTime

    if moment is None:
        return float("nan")
    if isinstance(moment, DateTime):
        native: datetime = moment.to_native()
        return (native if native.tzinfo else native.replace(tzinfo=UTC)).timestamp()
    return datetime(moment.year, moment.month, moment.day, tzinfo=UTC).timestamp()


__all__ = ["HeteroData", "export_graph"]
