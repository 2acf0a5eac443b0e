"""A whole database as text, to see whether anything at all has changed in it."""

from __future__ import annotations

import json
from typing import LiteralString

import neo4j

_CONTENT: LiteralString = """
MATCH (node) RETURN [labels(node), properties(node)] AS line
UNION ALL MATCH (one)-[relation]->(other)
RETURN [labels(one), properties(one), type(relation), properties(relation), labels(other), properties(other)] AS line
"""
_CONSTRAINTS: LiteralString = "SHOW CONSTRAINTS YIELD name, type, entityType, labelsOrTypes, properties"
_INDEXES: LiteralString = (
    "SHOW INDEXES YIELD name, type, entityType, labelsOrTypes, properties, options, owningConstraint"
)


def dump(driver: neo4j.Driver) -> str:
    """Return all nodes, relations, constraints and indexes, sorted, without internal ids."""
    content = [json.dumps(_sorted(row["line"]), sort_keys=True, default=str) for row in _rows(driver, _CONTENT)]
    rules = [
        json.dumps(row.data(), sort_keys=True)
        for statement in (_CONSTRAINTS, _INDEXES)
        for row in _rows(driver, statement)
    ]
    return "\n".join([*sorted(content), *sorted(rules)])


def _rows(driver: neo4j.Driver, statement: LiteralString) -> list[neo4j.Record]:
    return driver.execute_query(statement).records


def _sorted(line: list[object]) -> list[object]:
    """Return a line with the labels of a node in order: how they are stored is no part of what they say."""
    return [sorted(part) if isinstance(part, list) else part for part in line]
