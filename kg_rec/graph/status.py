"""How far the graph in Neo4j and the model are apart: what has come and what has gone since the model was made.

Nodes are told one by one, by their keys; relations and users, of which the model keeps no names, by their number. A change of a
property, or as many relations new as gone, is not seen here: `kg-rec sync` reads everything, and sees it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg_rec.graph.adopt import state, waiting
from kg_rec.graph.counts import counts_in
from kg_rec.graph.keys import label_of
from kg_rec.graph.publish import published_model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg_rec.graph.client import GraphClient
    from kg_rec.graph.counts import GraphCounts
    from kg_rec.model.manifest import Known
    from kg_rec.schema import GraphSchema

_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Difference:
    """Of one label or one kind of relation: how many the model was made from, and how many the graph has.

    what: "Film", or "(:User)-[:RATED]->(:Film)"; new, gone: how many are only in the graph, or only in the model, None where only
    the numbers are known; examples: keys of up to three of the new, or else of the gone.
    """

    what: str
    model: int
    graph: int
    new: int | None = None
    gone: int | None = None
    examples: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether anything of it is new or gone."""
        return self.model != self.graph or bool(self.new or self.gone)


@dataclass(frozen=True, slots=True)
class GraphStatus:
    """How far a model and its graph are apart.

    trained: when the weights were learned; created: when this version of the model was written, by training or synchronising;
    nodes, relations: how many the graph has; differences: one a label and kind of relation, those that do not differ among them;
    unknown: how many nodes have a label of the schema, but neither :KGEntity nor a key; adopted: whether the graph is one that
    `kg-rec adopt` made usable; schema_changed: whether schema.toml says something else than the model was made with; published:
    version of the model that is published in Neo4j, "" where none is.
    """

    version: str
    trained: str
    created: str
    uri: str
    nodes: int
    relations: int
    differences: list[Difference]
    unknown: int
    adopted: bool
    schema_changed: bool
    published: str = ""

    @property
    def in_step(self) -> bool:
        """Whether nothing is known to have changed since the model was made."""
        return not (self.unknown or self.schema_changed or any(one.differs for one in self.differences))

    @property
    def advice(self) -> list[str]:
        """What to do, in order: commands, or what has to be done by hand."""
        steps = []
        if self.unknown:
            steps.append(
                "kg-rec adopt"
                if self.adopted
                else "load the nodes that kg-rec does not know (kg-rec load), or give them the label :KGEntity and a key"
            )
        if steps or not self.in_step:
            steps.append("kg-rec sync")
        if self.published and (steps or self.published != self.version):
            steps.append("kg-rec publish")
        return steps


def graph_status(client: GraphClient, model: Known, schema: GraphSchema | None) -> GraphStatus:
    """Compare the graph with what a model was made from; nothing is written.

    schema: what schema.toml says now, None for that of the model. Raises GraphError where nodes have no key.
    """
    with client.reading() as transaction:
        counts = counts_in(transaction, client.uri)
        users = model.schema.user.label if model.schema.user else None
        keys = {key for row in transaction.stream("status/keys") for key in row["keys"] if label_of(key) != users}
        (strangers,) = transaction.run("status/others")
    meant = schema or model.schema
    unknown = waiting(client, meant) if strangers["others"] else 0
    before = model.content.counts if model.content else None
    published = published_model(client)
    return GraphStatus(
        model.version,
        model.trained,
        model.created,
        client.uri,
        sum(counts.nodes.values()),
        sum(counts.relations.values()),
        differences(before, model.keys, counts, keys, model.schema),
        unknown,
        bool(unknown) and state(client) == "adopted",
        schema is not None and schema != model.schema,
        published.version if published is not None else "",
    )


def differences(
    before: GraphCounts | None, known: Sequence[str], counts: GraphCounts, keys: set[str], schema: GraphSchema
) -> list[Difference]:
    """Return how a graph differs from what it was, label by label and then by kind of relation.

    before, counts: what it had and has, before None where that is not known, which leaves out users and relations; known, keys: of
    its entities then and now.
    """
    users = schema.user.label if schema.user else None
    new, gone = sorted(keys - set(known)), sorted(set(known) - keys)
    came, went, knew = (Counter(map(label_of, some)) for some in (new, gone, known))
    found = []
    for label in sorted({*counts.nodes, *knew, *(before.nodes if before else {})}):
        there = counts.nodes.get(label, 0)
        if label == users:
            found += [Difference(label, before.nodes.get(label, 0), there)] if before else []
            continue
        named = [key for key in new if label_of(key) == label] or [key for key in gone if label_of(key) == label]
        found.append(Difference(label, knew[label], there, came[label], went[label], tuple(named[:_EXAMPLES])))
    for triple in sorted({*before.relations, *counts.relations}) if before else ():
        source, type_, target = triple
        had, has = before.relations.get(triple, 0) if before else 0, counts.relations.get(triple, 0)
        found.append(Difference(f"(:{source})-[:{type_}]->(:{target})", had, has))
    return found
