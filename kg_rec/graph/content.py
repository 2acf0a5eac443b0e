"""What an exported graph holds, in short: how much of it, and a digest of everything, to tell whether two are the same."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kg_rec.graph.counts import GraphCounts
from kg_rec.graph.interactions import texts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch_geometric.data import HeteroData


@dataclass(frozen=True, slots=True)
class GraphContent:
    """counts: nodes and relations; digest: 32 hexadecimal digits that change with any node, relation or property of them."""

    counts: GraphCounts
    digest: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        relations = [[*triple, count] for triple, count in sorted(self.counts.relations.items())]
        return {"digest": self.digest, "nodes": dict(sorted(self.counts.nodes.items())), "relations": relations}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> GraphContent:
        """Return what `as_dict` gave. Raises KeyError, TypeError and ValueError for anything else."""
        relations = {
            (str(source), str(type_), str(target)): int(count) for source, type_, target, count in stored["relations"]
        }
        nodes = {str(label): int(count) for label, count in stored["nodes"].items()}
        return cls(GraphCounts(nodes, relations), str(stored["digest"]))


def content_of(graph: HeteroData) -> GraphContent:
    """Return the content of an exported graph (`kg_rec.graph.export.export_graph`)."""
    digest = hashlib.blake2b(digest_size=16)
    for label in sorted(graph.node_types):
        digest.update(_written([label, graph[label].key, graph[label].properties]))
    for triple in sorted(graph.edge_types):
        relations = graph[triple]
        digest.update(_written([triple, texts_of(graph, triple)]))
        digest.update(relations.edge_index.contiguous().numpy().tobytes())
        for name in sorted(relations.properties):
            digest.update(_written(name))
            digest.update(relations.properties[name].tobytes())
    counts = GraphCounts(
        {label: int(graph[label].num_nodes) for label in graph.node_types},
        {triple: int(graph[triple].edge_index.shape[1]) for triple in graph.edge_types},
    )
    return GraphContent(counts, digest.hexdigest())


def _written(value: Any) -> bytes:
    # Dates, points and durations are written as they print.
    return json.dumps(value, sort_keys=True, default=str).encode()
