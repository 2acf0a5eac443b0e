"""New items, added to a graph that is in use, with their properties and relations.

An item is a node as a loaded one is: it belongs to the graph, not to kg-rec, and stays when people and models go. Nothing is
added that the graph could not have held before: its relations are of the kinds that its other items have, and the properties
that the schema names are of the same sort.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kg_rec.errors import InputError, UnknownEntityError
from kg_rec.graph.attach import find_entity
from kg_rec.graph.keys import LONGEST_KEY, key_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kg_rec.graph.attach import Entity
    from kg_rec.graph.client import GraphClient, Transaction
    from kg_rec.graph.counts import Triple
    from kg_rec.schema import GraphSchema

Value = str | int | float | bool
"""What a property of an item may be."""

_OWN = "kg"
"""Beginning of the properties that `kg-rec publish` writes."""


class AlreadyThereError(InputError):
    """The graph has the item already; nothing was written."""


@dataclass(frozen=True, slots=True)
class NewRelation:
    """A relation of a new item. entity: key or name of the other end; forward: whether it leads from the item, None where the
    graph knows it in one direction only.
    """

    type: str
    entity: str
    forward: bool | None = None


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item to be added. words: what it is about, which becomes the schema's first property in running words."""

    id: str
    title: str
    words: str = ""
    properties: Mapping[str, Value] = field(default_factory=dict)
    relations: Sequence[NewRelation] = ()


def add_items(
    client: GraphClient,
    schema: GraphSchema,
    items: Sequence[NewItem],
    *,
    kinds: Sequence[Triple],
    known: Mapping[str, Sequence[Any]],
) -> list[str]:
    """Add items in one transaction, all or none, and return their keys.

    kinds: the kinds of relations that the graph has; known: the properties of its items, {name: values}, of whose sort new
    ones have to be. Raises AlreadyThereError for an item that is there, and InputError for an id that is none or given
    twice, a property of another sort, or a relation that items do not have or whose end is not there; then nothing is written.
    """
    rows: list[dict[str, Any]] = []
    relations = []
    for place, item in enumerate(items):
        where = f"items[{place}]"
        key = key_of(schema.item.label, item.id)
        if not item.id.strip() or len(key.encode()) > LONGEST_KEY:
            raise InputError(f"{where}.id: expected an id, as a key of at most {LONGEST_KEY:,} bytes.")
        if any(row["key"] == key for row in rows):
            raise InputError(f"{where}.id: expected each item once, found '{item.id}' again.")
        rows.append({"key": key, "properties": _properties(item, schema, known, where)})
        for number, relation in enumerate(item.relations):
            relations.append(_relation(client, schema, key, relation, kinds, f"{where}.relations[{number}]"))

    def write(transaction: Transaction) -> None:
        (made,) = transaction.run("items/create", label=schema.item.label, rows=rows)
        if made["there"]:
            raise AlreadyThereError(
                f"The graph has {' and '.join(made['there'])} already.",
                remedy="Change it in Neo4j, or give another id.",
            )
        (done,) = transaction.run("items/relate", rows=relations)
        if done["related"] != len(relations):
            raise InputError("An entity that an item is related to has just gone from the graph.")

    client.in_transaction(write)
    return [str(row["key"]) for row in rows]


def _properties(item: NewItem, schema: GraphSchema, known: Mapping[str, Sequence[Any]], where: str) -> dict[str, Value]:
    meant = schema.item
    told: dict[str, Value] = {meant.title: item.title}
    if item.words:
        if not meant.text:
            raise InputError(
                f"{where}.words: expected none, since {meant.label} has no property in running words.",
                remedy="Name one in schema.toml, item.text, and synchronise: kg-rec sync",
            )
        told[meant.text[0]] = item.words
    if meant.id != "key":
        told[meant.id] = _of_sort(item.id, known.get(meant.id, ()), f"{where}.id")
    for name, value in item.properties.items():
        if name == "key" or name.startswith(_OWN):
            raise InputError(f"{where}.properties: expected no '{name}', which kg-rec sets itself.")
        if name in told:
            raise InputError(
                f"{where}.properties: expected '{name}' once; it is given as the id, title or words already."
            )
        numeric = name in (*meant.numeric, meant.released)
        if numeric and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise InputError(
                f"{where}.properties.{name}: expected a number, as schema.toml says, found a {_sort(value)}."
            )
        if name in (*meant.text, *meant.aliases) and not isinstance(value, str):
            raise InputError(f"{where}.properties.{name}: expected text, as schema.toml says, found a {_sort(value)}.")
        told[name] = value
    return told


def _of_sort(identity: str, known: Sequence[Any], where: str) -> Value:
    """Return an id as the ids of the other items are: a number where these are."""
    if not known or not all(isinstance(one, int) for one in known):
        return identity
    try:
        number = int(identity)
    except ValueError:
        number = None
    if number is None or str(number) != identity:
        raise InputError(f"{where}: expected a whole number, as the ids of the other items are.")
    return number


def _relation(
    client: GraphClient, schema: GraphSchema, key: str, told: NewRelation, kinds: Sequence[Triple], where: str
) -> dict[str, Any]:
    """Return a row of items/relate."""
    item = schema.item.label
    ends: dict[str, set[bool]] = {}
    for source, type_, target in kinds:
        if type_ != told.type or (schema.user is not None and schema.user.label in (source, target)):
            continue
        if source == item:
            ends.setdefault(target, set()).add(True)
        if target == item:
            ends.setdefault(source, set()).add(False)
    if not ends:
        raise InputError(
            f"{where}.type: expected a type of relation that {item} has, found '{told.type}'.",
            remedy=f"Those are {', '.join(_types(schema, kinds)) or 'none'}.",
        )
    try:
        found: Entity = find_entity(client, schema, told.entity, sorted(ends))
    except (InputError, UnknownEntityError) as error:
        raise InputError(f"{where}.entity: {error.message}", remedy=error.remedy) from error
    directions = ends[found.label]
    if told.forward is not None and told.forward not in directions:
        leads = "from" if told.forward else "to"
        raise InputError(f"{where}.forward: expected a relation {told.type} that leads {leads} {item}; there is none.")
    forward = told.forward if told.forward is not None else True in directions
    return {"item": key, "type": told.type, "entity": found.key, "forward": forward}


def _types(schema: GraphSchema, kinds: Sequence[Triple]) -> list[str]:
    """Return the types of relations between items and anything but users."""
    user = schema.user.label if schema.user is not None else None
    ends = ((type_, (source, target)) for source, type_, target in kinds)
    return sorted({type_ for type_, labels in ends if schema.item.label in labels and user not in labels})


def _sort(value: Value) -> str:
    return {str: "text", bool: "truth value"}.get(type(value), "number")
