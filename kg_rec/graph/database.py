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
from kg_rec.schema_properties import RUNNING_WORDS, are_dates, are_years, word_count

if TYPE_CHECKING:
    from kg_rec.graph.client import GraphClient

KEY = "key"
"""Stands for the id where no property tells the nodes apart: then they are given out by their key."""

_SAMPLE = 2000
"""Nodes of a label and relations of a type that are looked at: enough for what a property is like."""
_ALL_SAMPLES, _SMALL_SAMPLE = 40_000, 200
"""Where there are many labels, about so many nodes in all; but so many of each at least."""
_CALLED_ID = re.compile(
    r"(?i:^(id|uuid|guid|isbn|ean|sku|uri|iri|url|code)$|_(id|uuid|code|uri)$)|[a-z](Id|ID|Uuid|UUID|Code|Uri|URI)$"
)
_CALLED_AS_IDS_MAY_BE = re.compile(
    r"(?i:(^|_)(user_?name|login|handle|slug|e_?mail|mail|nick_?name|barcode|asin|doi|issn|orcid|symbol|number|no|nr|ref)$)"
    r"|[a-z](Name|Login|Handle|Slug|Email|Mail|Barcode|Number|No|Nr|Ref|Isbn|ISBN|Sku|SKU|Url|URL)$"
)
_LONGEST_TEXT = 80
"""Characters of a text that may be an id by its values alone."""
_WHOLE = 20
"""Nodes that must differ in a whole number for it to be an id by its values alone; a few do by chance."""
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

    Every node and relation is counted, and up to about 2,000 of each label and type are looked at, in passes whose number does
    not grow with the labels. A node with several labels counts as one with that which most nodes have. Raises GraphError where
    there is no node with a label.
    """
    step = progress.step("Looking at the graph", 6, "passes")
    groups = [(row["labels"], row["count"]) for row in client.read("init/labels") if row["labels"]]
    step.advance()
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
    step.advance()
    sampled = _sampled(client, [labels for labels, _ in groups], primary, counts)
    step.advance()
    properties = {label: columns(sampled[label]) for label in counts}
    unique = _unique_properties(client)
    identities = _identities(client, properties, unique)
    step.advance(2)
    profiles: dict[str, LabelProfile] = {}
    for label in sorted(counts, key=lambda label: (-counts[label], label)):
        if identities[label] == KEY:
            properties[label][KEY] = Values("string", False, [f"{label}/~{row}" for row in range(len(sampled[label]))])
        why = _reason(label, identities[label], unique.get(label, ()))
        profiles[label] = LabelProfile(label, identities[label], counts[label], properties[label], why)
    reasons = {label: profile.why_id for label, profile in profiles.items()}
    relations: dict[tuple[str, str, str], RelationProfile] = {}
    for row in kinds:
        if row["sources"] and row["targets"]:
            ends = primary(row["sources"]), row["type"], primary(row["targets"])
            relations.setdefault(ends, RelationProfile(*ends)).count += row["count"]
    by_type: defaultdict[str, int] = defaultdict(int)
    for row in kinds:
        by_type[row["type"]] += row["count"]
    by_ends: defaultdict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in client.read("init/relation_samples", shares=_shares(by_type)):
        if row["sources"] and row["targets"]:
            by_ends[primary(row["sources"]), row["type"], primary(row["targets"])].append(row["properties"])
    for ends, rows in by_ends.items():
        if ends in relations:
            relations[ends].properties = columns(rows)
    step.advance()
    ordered = sorted(relations.values(), key=lambda kind: (-kind.count, str(kind)))
    return DatabaseProfile(GraphProfile(client.uri, profiles, ordered), reasons)


def identities_of(client: GraphClient, labels: Sequence[str], counts: Mapping[str, int]) -> dict[str, str]:
    """Return the property that tells the nodes with each label of `counts` apart, or `KEY` where there is none.

    labels: of a node with several of them the first counts; counts: how many nodes there are of each, so counted.
    """
    if not counts:
        return {}
    groups = [row["labels"] for row in client.read("init/labels") if not counts.keys().isdisjoint(row["labels"])]

    def first(own: Iterable[str]) -> str:
        return next(label for label in labels if label in own)

    rows = _sampled(client, groups, first, counts)
    return _identities(client, {label: columns(rows[label]) for label in counts}, _unique_properties(client))


def _sampled(
    client: GraphClient, groups: Iterable[list[str]], kind: Callable[[Iterable[str]], str], counts: Mapping[str, int]
) -> defaultdict[str, list[dict[str, Any]]]:
    """Return the properties of some nodes of each kind. groups: labels that stand together; counts: nodes of each kind."""
    shares = _shares(counts)
    wanted = {
        "".join(f":{label}" for label in labels): shares[kind(labels)] for labels in groups if kind(labels) in shares
    }
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in client.read("init/node_samples", shares=wanted):
        found[kind(row["labels"])].append(row["properties"])
    return found


def _shares(counts: Mapping[str, int]) -> dict[str, float]:
    """Return which part of the nodes with each label, or relations of each type, to look at."""
    most = min(_SAMPLE, max(_SMALL_SAMPLE, _ALL_SAMPLES // max(len(counts), 1)))
    return {name: min(1.0, most / max(count, 1)) for name, count in counts.items()}


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


def _identities(
    client: GraphClient, properties: Mapping[str, Mapping[str, Values]], unique: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Return for each label what the database holds to be unique, or what is called an id and is, or else a name that is, or
    anything else that is.
    """
    found = dict.fromkeys(properties, KEY)
    left = {label: _may_be_id(columns, unique.get(label, ())) for label, columns in properties.items()}
    while left := {label: names for label, names in left.items() if names and found[label] == KEY}:
        asked = {label: names.pop(0) for label, names in left.items()}
        for row in client.read("init/distinct", properties=asked):
            if row["nodes"] == row["present"] == row["distinct"]:
                found[row["label"]] = asked[row["label"]]
    return found


def _may_be_id(properties: Mapping[str, Values], unique: Sequence[str]) -> list[str]:
    """Return the properties that may be the id, the likeliest first: those whose values differ in all nodes looked at."""
    called = [name for name in properties if _CALLED_ID.search(name)]
    named = [name for name in ("name", "title") if name in properties]
    others = [name for name, values in properties.items() if _may_tell_apart(values)]
    others.sort(key=lambda name: (not _CALLED_AS_IDS_MAY_BE.search(name), *_unlike_ids(properties[name])))
    possible = []
    for name in dict.fromkeys([*sorted(unique, key=lambda name: name not in called), *called, *named, *others]):
        values = properties.get(name)
        if name == KEY or values is None or values.array or values.type not in ("string", "long"):
            continue
        if len(set(values.values)) == len(values.values) and None not in values.values:
            possible.append(name)
    return possible


def _may_tell_apart(values: Values) -> bool:
    """Whether values may be ids whatever the property is called: short texts, or many whole numbers; no sentences, no dates."""
    present = [value for value in values.values if value is not None]
    if values.array or not present or are_dates(values):
        return False
    if values.type == "string":
        return max(map(len, present)) <= _LONGEST_TEXT and sum(map(word_count, present)) < RUNNING_WORDS * len(present)
    return values.type == "long" and len(set(present)) >= _WHOLE and not are_years(present)


def _unlike_ids(values: Values) -> tuple[bool, bool]:
    """Order values by how little they look like ids: texts of one word, texts of several, numbers."""
    several = values.type == "string" and any(" " in value for value in values.values if value is not None)
    return values.type != "string", several


def _reason(label: str, identity: str, unique: Sequence[str]) -> str:
    if identity == KEY:
        return f"no property tells every {label} apart; kg-rec adopt gives each a key"
    if identity in unique:
        return "the database holds it to be unique"
    return "it is called an id and is unique" if _CALLED_ID.search(identity) else f"every {label} has one of its own"


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
