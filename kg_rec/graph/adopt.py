"""Make a graph that was there before kg-rec one that it can use, and undo that.

Adopting gives the nodes with the labels of the schema the label :KGEntity and a `key`, and nothing else. The name of the one
constraint it makes tells a graph that was adopted from one that `kg-rec load` wrote: taking the keys away from that one would
leave it without any.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from kg_rec.errors import GraphError
from kg_rec.graph import bulk, once
from kg_rec.graph.database import KEY, identities_of
from kg_rec.graph.keys import encoded
from kg_rec.graph.publish import unpublish
from kg_rec.progress import SILENT, Progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kg_rec.graph.client import GraphClient
    from kg_rec.schema import GraphSchema

State = Literal["untouched", "loaded", "adopted"]

_BATCH = 10_000
"""Nodes of one transaction."""
_LONGEST_ID = 1900
"""Characters of an id within a key: four bytes each stay below `LONGEST_KEY`, with room for the label."""
_RENAME = (
    "MATCH (node:{label}) WHERE node.key IS NOT NULL AND NOT node:KGEntity\nSET node.ownKey = node.key REMOVE node.key"
)
"""What the owner runs where nodes have a `key` of their own."""
_UNDO = ("adopt/forget_people", "adopt/forget_interests", "adopt/forget_nodes", "adopt/drop_constraint")
"""In this order: the mark that the graph was adopted goes last, so that what was broken off can be run again."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """What `adopt` did. nodes: how many it adopted now; before: how many had been; labels: how many there are of each."""

    nodes: int
    before: int
    labels: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What `forget` took away: from how many nodes label and key, and how many people who had been attached."""

    nodes: int
    people: int


def state(client: GraphClient) -> State:
    """Return whether the graph was loaded by kg-rec, adopted, or neither."""
    names = {row["name"] for row in client.read("adopt/state")}
    if "kgAdoptedKey" in names:
        return "adopted"
    return "loaded" if "kgEntityKey" in names else "untouched"


def require_keys(client: GraphClient) -> None:
    """Raise GraphError where the graph was neither loaded by kg-rec nor adopted: nothing of kg-rec's belongs into it."""
    if state(client) == "untouched":
        raise GraphError(
            f"The graph in Neo4j at {client.uri} has no keys of kg-rec: expected one that was loaded or adopted.",
            remedy="Nothing was written. Adopt the graph: kg-rec adopt; or load one: kg-rec load",
        )


def adopt(client: GraphClient, schema: GraphSchema, progress: Progress = SILENT) -> Adopted:
    """Give the nodes with the labels of the schema a key, "Movie/603", and the label :KGEntity; nothing else changes.

    The id within the key is the property that the schema names for items and users, for other entities one that tells them
    apart, and where there is none the node's number in the database: "Genre/~17". A node with several of the labels is what comes
    first of item, user and the entities in the order of the schema. Nodes that were adopted stay as they are, so that running
    it again takes in those that are new, and finishes what was broken off.

    Raises GraphError, before anything is written, where the graph was loaded by kg-rec, where no node has the item's label, where
    nodes have a `key` of their own, lack the id or share it. Relations :INTERESTED_IN of the owner's stay what they are: kg-rec's
    carry `by: 'kg-rec'`.
    """
    if state(client) == "loaded":
        raise GraphError(
            f"The graph in Neo4j at {client.uri} was loaded by kg-rec: there is nothing to adopt.",
            remedy="Go on with it: kg-rec train",
        )
    labels = _labels(schema)
    ranks = _ranks(labels)
    counts = {row["label"]: row for row in client.read("adopt/count", labels=labels, ranks=ranks)}
    if schema.item.label not in counts:
        raise GraphError(
            f"The graph in Neo4j at {client.uri} has no items: expected nodes labelled {schema.item.label}, found none.",
            remedy="Name another label under [item] in schema.toml, or have the file written again: kg-rec init --new-schema",
        )
    totals = {label: row["waiting"] + row["adopted"] for label, row in counts.items()}
    ids = _ids(client, schema, totals)
    _check(client, schema, ranks, ids)
    client.write_batches("adopt/key_constraint")
    waiting = sum(row["waiting"] for row in counts.values())
    step = progress.step("Adopting", max(waiting, 1), "nodes")
    starts = {label: f"{encoded(label)}/" for label in labels}
    wanted = {"labels": labels, "ranks": ranks, "starts": starts, "ids": ids, "longest": _LONGEST_ID}
    done = 0
    if waiting:
        for row in client.read("adopt/waiting", ranks=ranks, parts=1 + waiting // _BATCH):
            (written,) = client.write("adopt/nodes", nodes=row["nodes"], **wanted)
            done += written["adopted"]
            step.advance(len(row["nodes"]))
    return Adopted(done, sum(row["adopted"] for row in counts.values()), totals)


def forget(client: GraphClient, progress: Progress = SILENT) -> Forgotten:
    """Leave the graph as it was before `adopt`: keys, labels, attached people, interests, all that was published, and the
    constraint go.

    What was broken off is finished by running it again. Raises GraphError where the graph was not adopted.
    """
    found = state(client)
    if found != "adopted":
        raise GraphError(
            f"The graph in Neo4j at {client.uri} was not adopted: "
            + (
                "kg-rec loaded it, and without its keys it would be of no use."
                if found == "loaded"
                else "found no trace of it."
            ),
            remedy="Nothing was changed.",
        )
    (size,) = client.read("adopt/size")
    step = progress.step("Taking back", 1 + len(_UNDO), "steps")
    unpublish(client)
    once.remove(client)
    bulk.remove(client)
    step.advance()
    for name in _UNDO:
        client.write_batches(name)
        step.advance()
    return Forgotten(size["nodes"], size["people"])


def waiting(client: GraphClient, schema: GraphSchema) -> int:
    """Return how many nodes with labels of the schema have not been adopted yet."""
    labels = _labels(schema)
    return sum(row["waiting"] for row in client.read("adopt/count", labels=labels, ranks=_ranks(labels)))


def _labels(schema: GraphSchema) -> list[str]:
    """Return the labels to adopt; of a node with several the first counts."""
    return list(dict.fromkeys([schema.item.label, *([schema.user.label] if schema.user else []), *schema.entities]))


def _ranks(labels: Sequence[str]) -> dict[str, int]:
    """Return the place of each label: looking a node's labels up takes as long with two hundred of them as with two."""
    return {label: place for place, label in enumerate(labels)}


def _ids(client: GraphClient, schema: GraphSchema, counts: Mapping[str, int]) -> dict[str, str]:
    """Return the property with the id of the nodes with each label, "" where there is none. counts: nodes by label.

    Other entities than items and users are numbered where some share what the schema names.
    """
    wanted = {label: entity.id for label, entity in schema.entities.items() if entity.id}
    named = dict(wanted)
    for row in client.read("init/distinct", properties={label: id for label, id in wanted.items() if id != KEY}):
        if row["distinct"] < row["present"]:
            named[row["label"]] = KEY
    named[schema.item.label] = schema.item.id
    if schema.user is not None:
        named[schema.user.label] = schema.user.id
    labels = _labels(schema)
    found = identities_of(client, labels, {label: count for label, count in counts.items() if label not in named})
    ids = dict.fromkeys(labels, KEY) | found | named
    return {label: "" if name == KEY else name for label, name in ids.items()}


def _check(client: GraphClient, schema: GraphSchema, ranks: Mapping[str, int], ids: Mapping[str, str]) -> None:
    """Raise GraphError where something is in the way. ranks: of the labels to adopt, in their order."""
    needed = [
        label for label in (schema.item.label, schema.user.label if schema.user else None) if label and ids[label]
    ]
    rows = client.read(
        "adopt/obstacles",
        labels=list(ranks),
        ranks=dict(ranks),
        ids=dict(ids),
        needed=needed,
        longest=_LONGEST_ID,
    )
    if rows:
        told = [_told(row, ids) for row in rows]
        raise GraphError(
            "\n".join(f"{client.uri}: {problem}" for problem, _ in told),
            remedy="\n".join(["Nothing was changed.", *dict.fromkeys(remedy for _, remedy in told)]),
        )


def _quoted(name: str) -> str:
    """Return a label as Cypher writes it."""
    return name if name.isidentifier() and name.isascii() else f"`{name.replace('`', '``')}`"


def _told(row: Mapping[str, Any], ids: Mapping[str, str]) -> tuple[str, str]:
    """Return what is in the way, and what to do."""
    label, count = row["label"], row["count"]
    another = "Name another property as 'id' in schema.toml, or \"key\" to have the nodes numbered."
    if row["problem"] == "key":
        return (
            f"expected no property 'key' on nodes labelled {label}, since kg-rec writes its own; found it on {count:,}.",
            "kg-rec finds every node by its 'key', through an index, which is of one name. Rename yours, in a copy of the "
            f"database if something else reads it:\n{_RENAME.format(label=_quoted(label))}",
        )
    if row["problem"] == "id":
        return (
            f"expected '{ids[label]}' on every node labelled {label}, of at most {_LONGEST_ID:,} characters; {count:,} have none.",
            another,
        )
    return (
        f"expected each {label} to have a '{ids[label]}' of its own; {count:,} share theirs, as '{row['example']}'.",
        another,
    )
