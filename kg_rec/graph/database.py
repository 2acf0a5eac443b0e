"""What a database that was there before kg-rec holds: its labels, relations and properties, seen in counts and samples."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kg_rec.errors import GraphError
from kg_rec.graph.csv_folder import Values
from kg_rec.graph.profile import GraphProfile, LabelProfile, RelationProfile
from kg_rec.progress import SILENT, Progress

if TYPE_CHECKING:
    from kg_rec.graph.client import GraphClient

KEY = "key"
"""Stands for the id where no property tells the nodes apart: then they are given out by their key."""

_SAMPLE = 2000
"""Nodes of a label and relations of a type that are looked at: enough for what a property is like."""
_CALLED_ID = re.compile(
    r"(?i:^(id|uuid|guid|isbn|ean|sku|uri|iri|url|code)$|_(id|uuid|code|uri)$)|[a-z](Id|ID|Uuid|UUID|Code|Uri|URI)$"
)
_TYPES: tuple[tuple[str, str], ...] = (
    ("neo4j.time.DateTime", "datetime"),
    ("neo4j.time.Date", "date"),
    ("neo4j.time.Time", "time"),
    ("neo4j.time.Duration", "duration"),
)


@dataclass(frozen=True, slots=True)
class DatabaseProfile:
    """A database as schema inference sees a graph. reasons: why a property is the id, by label."""

    graph: GraphProfile
    reasons: Mapping[str, str] = field(default_factory=dict)


def database_profile(client: GraphClient, progress: Progress = SILENT) -> DatabaseProfile:
    """Return what the database holds; what kg-rec added to it is left out.

    Every node and relation is counted, and up to 2,000 of each label and type are looked at. A node with several labels counts as
    one with that which most nodes have. Raises GraphError where there is no node with a label.
    """
    groups = [(row["labels"], row["count"]) for row in client.read("init/labels") if row["labels"]]
    if not groups:
        raise GraphError(
            f"{client.uri}: expected nodes with labels, found none.",
            remedy="Name another database with --neo4j-database, or load CSV files: kg-rec load FOLDER",
        )
    primary = _primary(groups)
    counts: defaultdict[str, int] = defaultdict(int)
    for labels, count in groups:
        counts[primary(labels)] += count
    kinds = client.read("init/relations")
    types = sorted({row["type"] for row in kinds})
    step = progress.step("Looking at the graph", len(counts) + len(types), "labels and types")
    unique = _unique_properties(client)
    profiles: dict[str, LabelProfile] = {}
    reasons: dict[str, str] = {}
    for label in sorted(counts, key=lambda label: (-counts[label], label)):
        rows = [
            row["properties"]
            for row in client.read("init/node_sample", label=label, most=_SAMPLE)
            if primary(row["labels"]) == label
        ]
        properties = columns(rows)
        identity = _identity(client, label, properties, unique.get(label, ()))
        reasons[label] = _reason(label, identity, unique.get(label, ()))
        if identity == KEY:
            properties[KEY] = Values("string", False, [f"{label}/~{row}" for row in range(len(rows))])
        profiles[label] = LabelProfile(label, identity, counts[label], properties)
        step.advance()
    relations: dict[tuple[str, str, str], RelationProfile] = {}
    for row in kinds:
        if row["sources"] and row["targets"]:
            ends = primary(row["sources"]), row["type"], primary(row["targets"])
            relations.setdefault(ends, RelationProfile(*ends)).count += row["count"]
    for type_ in types:
        by_ends: defaultdict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
        for row in client.read("init/relation_sample", type=type_, most=_SAMPLE):
            if row["sources"] and row["targets"]:
                by_ends[primary(row["sources"]), type_, primary(row["targets"])].append(row["properties"])
        for ends, rows in by_ends.items():
            relations[ends].properties = columns(rows)
        step.advance()
    ordered = sorted(relations.values(), key=lambda kind: (-kind.count, str(kind)))
    return DatabaseProfile(GraphProfile(client.uri, profiles, ordered), reasons)


def identity_of(client: GraphClient, label: str) -> str:
    """Return the property that tells the nodes with a label apart, or `KEY` where there is none."""
    rows = [row["properties"] for row in client.read("init/node_sample", label=label, most=_SAMPLE)]
    return _identity(client, label, columns(rows), _unique_properties(client).get(label, ()))


def columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, Values]:
    """Return the values of each property, None where missing; those of no type or of several are left out."""
    found: dict[str, Values] = {}
    for name in sorted({name for row in rows for name in row}):
        values = [row.get(name) for row in rows]
        present = [value for value in values if value is not None]
        arrays = {isinstance(value, list) for value in present}
        single = [part for value in present for part in (value if isinstance(value, list) else [value])]
        type_ = _type_of(single)
        if type_ is not None and len(arrays) == 1:
            if type_ == "double":
                values = [float(value) if isinstance(value, int) else value for value in values]
            found[name] = Values(type_, arrays.pop(), values)
    return found


def _primary(groups: Sequence[tuple[list[str], int]]) -> Callable[[Iterable[str]], str]:
    """Return what gives the label that counts of those on one node: that of most nodes, by name where they are as many."""
    total: defaultdict[str, int] = defaultdict(int)
    for labels, count in groups:
        for label in labels:
            total[label] += count
    return lambda labels: min(labels, key=lambda label: (-total[label], label))


def _unique_properties(client: GraphClient) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in client.read("init/unique_properties"):
        found[row["label"]].append(row["property"])
    return dict(found)


def _identity(client: GraphClient, label: str, properties: Mapping[str, Values], unique: Sequence[str]) -> str:
    """Return what the database holds to be unique, or what is called an id and is, or else a name that is."""
    called = [name for name in properties if _CALLED_ID.search(name)]
    named = [name for name in ("name", "title") if name in properties]
    for name in dict.fromkeys([*sorted(unique, key=lambda name: name not in called), *called, *named]):
        values = properties.get(name)
        if name == KEY or values is None or values.array or values.type not in ("string", "long"):
            continue
        if len(set(values.values)) < len(values.values) or None in values.values:
            continue
        (found,) = client.read("init/distinct", label=label, property=name)
        if found["nodes"] == found["present"] == found["distinct"]:
            return name
    return KEY


def _reason(label: str, identity: str, unique: Sequence[str]) -> str:
    if identity == KEY:
        return f"no property tells every {label} apart; kg-rec adopt gives each a key"
    if identity in unique:
        return "the database holds it to be unique"
    return "it is called an id and is unique" if _CALLED_ID.search(identity) else f"each {label} has one of its own"


def _type_of(values: Sequence[Any]) -> str | None:
    """Return the type of all these values, as headers of CSV files call it, or None."""
    kinds = {_type_name(value) for value in values}
    if kinds == {"long", "double"}:
        return "double"
    return kinds.pop() if len(kinds) == 1 else None


def _type_name(value: object) -> str | None:
    if isinstance(value, bool):
        return "boolean"
    for python, name in ((str, "string"), (int, "long"), (float, "double")):
        if isinstance(value, python):
            return name
    own = f"neo4j.time.{type(value).__name__}"
    return next((name for known, name in _TYPES if own == known), None)
