"""What Neo4j answers, as a person reads it in a table and as JSON has it: nodes, relations and paths by keys and names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neo4j.graph import Node, Path, Relationship
from neo4j.time import Date, DateTime, Duration, Time

from kg_rec.graph.keys import id_of


def as_text(value: object, titles: Mapping[str, str]) -> str:
    """Return a value as a cell of a table: nodes by name, a path as a chain of arrows, of a list of paths one a line.

    titles: {beginning of keys: property} that nodes are called by; the others by their id.
    """
    if value is None:
        return ""
    if isinstance(value, Path):
        return _chain(value, titles)
    if isinstance(value, Node):
        return _called(value, titles)
    if isinstance(value, Relationship):
        return value.type
    if isinstance(value, DateTime):
        return value.to_native().strftime("%Y-%m-%d %H:%M")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence):
        paths = any(isinstance(one, Path) for one in value)
        return ("\n" if paths else " · ").join(as_text(one, titles) for one in value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def as_plain(value: object) -> Any:
    """Return a value of JSON: a node by its key, a path as the keys along it and its relations, times in ISO 8601."""
    if isinstance(value, Path):
        steps = [{"type": one.type, "start": _key(one.start_node), "end": _key(one.end_node)} for one in value]
        return {"nodes": [_key(node) for node in value.nodes], "relations": steps}
    if isinstance(value, Node):
        return _key(value)
    if isinstance(value, Relationship):
        return {"type": value.type, "start": _key(value.start_node), "end": _key(value.end_node)}
    if isinstance(value, DateTime | Date | Time | Duration):
        return value.iso_format()
    if isinstance(value, Mapping):
        return {str(key): as_plain(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [as_plain(one) for one in value]
    return value


def _chain(path: Path, titles: Mapping[str, str]) -> str:
    told = _called(path.start_node, titles)
    at: Node | None = path.start_node
    for relation in path.relationships:
        out = relation.start_node == at
        at = relation.end_node if out else relation.start_node
        polarity = " (dislikes)" if relation.get("polarity", 1) < 0 else ""
        step = f"─{relation.type}{polarity}→" if out else f"←{relation.type}{polarity}─"
        told += f" {step} {_called(at, titles)}"
    return told


def _called(node: Node | None, titles: Mapping[str, str]) -> str:
    key = _key(node)
    title = node.get(titles.get(key.partition("/")[0], "")) if node is not None else None
    return str(title or id_of(key) or key)


def _key(node: Node | None) -> str:
    return "" if node is None else str(node.get("key") or node.element_id)
