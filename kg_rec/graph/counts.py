"""How much of what the graph in Neo4j holds: nodes by label, relations by type and the labels of their ends."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg_rec.errors import GraphError
from kg_rec.graph.keys import label_of

if TYPE_CHECKING:
    from kg_rec.graph.client import GraphClient, Transaction

Triple = tuple[str, str, str]
"""Label of the source, type, label of the target."""


@dataclass(frozen=True, slots=True)
class GraphCounts:
    """Number of nodes by primary label, and of relations; people who were attached, their interests and what was published do not
    count."""

    nodes: dict[str, int]
    relations: dict[Triple, int]

    def types(self) -> Counter[str]:
        """Return the number of relations of each type."""
        found: Counter[str] = Counter()
        for (_, type_, _), count in self.relations.items():
            found[type_] += count
        return found

    def fingerprint(self) -> str:
        """Return 16 hexadecimal digits that change with any of the numbers."""
        content = [sorted(self.nodes.items()), sorted(self.relations.items())]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def graph_counts(client: GraphClient) -> GraphCounts:
    """Return the counts of the graph. Reads no properties but keys. Raises GraphError as `counts_in` does."""
    with client.reading() as transaction:
        return counts_in(transaction, client.uri)


def counts_in(transaction: Transaction, uri: str) -> GraphCounts:
    """Return the counts of the graph within a transaction.

    Raises GraphError where nodes with the label :KGEntity have no key. Nothing could find them, and to pass them over would
    leave out in silence what somebody meant to add by hand.
    """
    rows = transaction.run("export/counts")
    keyless = sum(row["count"] for row in rows if row["type"] is None and row["source"] is None)
    if keyless:
        raise GraphError(
            f"The graph in Neo4j at {uri}: expected a key, as 'Book/7', on every node with the label :KGEntity; found "
            f"{keyless:,} without one.",
            remedy="Give them a key, or take the label away:\n"
            "MATCH (node:KGEntity) WHERE node.key IS NULL REMOVE node:KGEntity",
        )
    counts = GraphCounts({}, {})
    for row in rows:
        source = label_of(row["source"])
        if row["type"] is None:
            counts.nodes[source] = row["count"]
        else:
            counts.relations[source, row["type"], label_of(row["target"])] = row["count"]
    return counts
