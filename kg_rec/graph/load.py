"""Write a checked graph into Neo4j.

Nodes are merged by their key, relations by their type and two ends, so that loading twice changes nothing, and a load
that was broken off is finished by running it again. Loading adds and updates; it never takes a node or a relation away.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kg_rec.errors import LoadError
from kg_rec.graph.adopt import state
from kg_rec.graph.csv_folder import GraphFolder, NodeTable, RelationTable, Values, read_folder, read_sources
from kg_rec.progress import SILENT, Progress

if TYPE_CHECKING:
    from kg_rec.graph.client import GraphClient

BATCH = 10_000
"""Rows of one transaction: measured fastest on relations (17–29 k/s); their memory on the server stays below 100 MB."""
_FIRST_BATCH = 100
"""While there are no relations, Neo4j plans to scan them all for each row; a few are enough for the right plan."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did. `new_nodes` and `new_relations`: how many were not there before; `repeated`: see GraphFolder."""

    nodes: int
    relations: int
    new_nodes: int
    new_relations: int
    seconds: float
    skipped: int = 0
    repeated: Mapping[str, int] = field(default_factory=dict)


def load(client: GraphClient, folder: GraphFolder, progress: Progress = SILENT) -> LoadReport:
    """Write the graph in `folder` into Neo4j and return what was done.

    Raises LoadError where the graph was adopted (kg_rec/graph/adopt.py), and ScriptError where Neo4j refuses a value; what was
    written before stays, and running it again goes on.
    """
    start = time.monotonic()
    if state(client) == "adopted":
        raise LoadError(
            f"{client.uri}: the graph there was adopted: files loaded beside it could not be told from it again.",
            remedy="Nothing was loaded. Load into another database, or give the graph back first: kg-rec adopt --undo",
        )
    client.write_batches("schema/entity_key")
    (before,) = client.read("load/size")
    step = progress.step("Loading nodes", folder.node_count, "nodes")
    for nodes in folder.nodes:
        for rows in _batches(_node_rows(nodes)):
            client.write("load/nodes", rows=rows)
            step.advance(len(rows))
    step = progress.step("Loading relations", max(folder.relation_count, 1), "relations")
    first = _FIRST_BATCH
    for table in folder.relations:
        for relation_type, lines in _by_type(table).items():
            for rows in _batches(_relation_rows(table, lines), first):
                client.write("load/relations", type=relation_type, rows=rows)
                step.advance(len(rows))
            first = BATCH
    (after,) = client.read("load/size")
    return LoadReport(
        nodes=folder.node_count,
        relations=folder.relation_count,
        new_nodes=after["nodes"] - before["nodes"],
        new_relations=after["relations"] - before["relations"],
        seconds=time.monotonic() - start,
        skipped=len(folder.skipped),
        repeated=folder.repeated,
    )


def _node_rows(table: NodeTable) -> Iterator[Row]:
    properties = _rows_of(table.properties, len(table))
    for key, labels, own in zip(table.keys, table.labels, properties, strict=True):
        yield {"key": key, "labels": labels, "properties": own}


def _relation_rows(table: RelationTable, lines: range | list[int]) -> Iterator[Row]:
    columns = {name: values.values for name, values in table.properties.items()}
    for line in lines:
        yield {
            "source": table.sources[line],
            "target": table.targets[line],
            "properties": {name: values[line] for name, values in columns.items()},
        }


def _rows_of(columns: dict[str, Values], count: int) -> Iterator[Row]:
    if not columns:
        return iter([{}] * count)
    names = list(columns)
    values = zip(*(column.values for column in columns.values()), strict=True)
    return (dict(zip(names, row, strict=True)) for row in values)


def _by_type(table: RelationTable) -> dict[str, range | list[int]]:
    if len(set(table.types)) <= 1:
        return {table.types[0]: range(len(table))} if table.types else {}
    lines: defaultdict[str, list[int]] = defaultdict(list)
    for line, name in enumerate(table.types):
        lines[name].append(line)
    return dict(lines)


def _batches(rows: Iterator[Row], first: int = BATCH) -> Iterator[list[Row]]:
    batch: list[Row] = []
    size = first
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch, size = [], BATCH
    if batch:
        yield batch


__all__ = ["GraphFolder", "LoadReport", "load", "read_folder", "read_sources"]
