"""A graph by label and by kind of relation: what schema inference looks at, wherever the graph comes from."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kg_rec.graph.csv_folder import Values
from kg_rec.graph.keys import label_of

if TYPE_CHECKING:
    from kg_rec.graph.csv_folder import GraphFolder


@dataclass(slots=True)
class LabelProfile:
    """The nodes with one primary label.

    id: name of the property with the id, one of `properties`; why_id: why that was chosen, "" where it was given.
    """

    label: str
    id: str
    count: int = 0
    properties: dict[str, Values] = field(default_factory=dict)
    why_id: str = ""


@dataclass(slots=True)
class RelationProfile:
    """The relations of one type from nodes with one label to nodes with another."""

    source: str
    type: str
    target: str
    count: int = 0
    properties: dict[str, Values] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"(:{self.source})-[:{self.type}]->(:{self.target})"


@dataclass(slots=True)
class GraphProfile:
    """A whole graph. `where`: what messages call it."""

    where: str
    labels: dict[str, LabelProfile]
    relations: list[RelationProfile]


def profile_of(folder: GraphFolder) -> GraphProfile:
    """Return the profile of a folder that was read."""
    labels: dict[str, LabelProfile] = {}
    for nodes in folder.nodes:
        for name, rows in _by(([own[0] for own in nodes.labels],)).items():
            profile = labels.setdefault(name[0], LabelProfile(name[0], nodes.id_property))
            profile.count += _extend(profile.properties, nodes.properties, rows, profile.count, len(nodes))
    relations: dict[tuple[str, ...], RelationProfile] = {}
    for table in folder.relations:
        sources = list(map(label_of, table.sources))
        targets = list(map(label_of, table.targets))
        for ends, rows in _by((sources, table.types, targets)).items():
            kind = relations.setdefault(ends, RelationProfile(source=ends[0], type=ends[1], target=ends[2]))
            kind.count += _extend(kind.properties, table.properties, rows, kind.count, len(table))
    return GraphProfile(str(folder.path), labels, list(relations.values()))


def _by(columns: tuple[list[str], ...]) -> dict[tuple[str, ...], list[int]]:
    """Return the rows of each combination of values."""
    rows: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for row, names in enumerate(zip(*columns, strict=True)):
        rows[names].append(row)
    return rows


def _extend(into: dict[str, Values], given: dict[str, Values], rows: list[int], before: int, whole: int) -> int:
    """Append the `rows` of `given` to the `before` ones in `into`; return how many they are."""
    added = len(rows)
    for name, values in given.items():
        new: list[Any] = values.values if added == whole else [values.values[row] for row in rows]
        known = into.get(name)
        if known is None:
            into[name] = Values(values.type, values.array, [None] * before + new)
        else:
            known.values = known.values + new
    for name, known in into.items():
        if name not in given:
            known.values = known.values + [None] * added
    return added
