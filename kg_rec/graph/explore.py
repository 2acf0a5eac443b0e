"""Questions people ask of the graph: the scripts under `cypher/explore/`, for the command line and for Neo4j Browser.

The first line of such a script is the question, by which Neo4j Browser lists it, and its header has, beside what every script
has, an example of each parameter, as `:param` takes it. What a label or a property is called in the graph at hand comes from
its schema; whom and what a question is about is given, or else is somebody and something with much to show.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kg_rec.errors import GraphError, InputError
from kg_rec.graph.attach import find_entity, person, person_key, person_label, titles
from kg_rec.graph.keys import encoded, id_of, label_of
from kg_rec.graph.scripts import Script, script, script_names

if TYPE_CHECKING:
    from kg_rec.graph.client import GraphClient, Row
    from kg_rec.schema import GraphSchema

FOLDER = "explore/"
_NEEDS_RATINGS = frozenset({"divisive"})
"""Asked of graphs with ratings only: of counts and of bare interactions all are likes."""
_PARAMETER = re.compile(r"^//\s*\$(\w+)\s+(.*(?:\n//\s{6,}.*)*)", re.MULTILINE)
_EXAMPLE = re.compile(r"^//\s*:param (\w+) => (.+);$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a question. example: what its `:param` line says: text, a number or a map."""

    name: str
    meaning: str
    example: Any


@dataclass(frozen=True, slots=True)
class Question:
    """A script under `cypher/explore/`. name: without the folder, as "why"; text: the question as a person asks it."""

    name: str
    text: str
    parameters: tuple[Parameter, ...]
    script: Script = field(repr=False)

    @property
    def about(self) -> str:
        """What it is about: "a person", "an item", "an entity" or "the graph"."""
        names = {parameter.name for parameter in self.parameters}
        kinds = {"user": "a person", "item": "an item", "entity": "an entity"}
        return next((about for name, about in kinds.items() if name in names), "the graph")


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a question's parameters. chosen: the names of those that nobody gave and the graph was asked for."""

    values: dict[str, Any]
    chosen: tuple[str, ...]


def questions() -> list[Question]:
    """Return all questions, ordered by name."""
    return [_read(name) for name in script_names() if name.startswith(FOLDER)]


def question(name: str) -> Question:
    """Return the question `name`. Raises InputError with all names where there is none."""
    names = [one.removeprefix(FOLDER) for one in script_names() if one.startswith(FOLDER)]
    if name not in names:
        raise InputError(
            f"'{name}': expected the name of a question, found none.", remedy=f"There are: {', '.join(names)}"
        )
    return _read(FOLDER + name)


def values(
    client: GraphClient,
    schema: GraphSchema,
    asked: Question,
    given: Mapping[str, str],
    *,
    pools: Mapping[str, list[str]] | None = None,
) -> Values:
    """Return the values of all parameters of a question.

    given: as text, by name: people by id, items and other entities by key or name, maps as JSON. The others come from the schema,
    from the graph (a person, an item), or are those of the example. pools: what `much_to_show` returned, for many questions.
    Raises InputError for what the question does not have or cannot take, UnknownEntityError for what the graph has not,
    GraphError where the graph is of a kind that the question cannot be asked of.
    """
    names = [parameter.name for parameter in asked.parameters]
    unknown = [name for name in given if name not in names]
    if unknown:
        raise InputError(
            f"--param {unknown[0]}: '{asked.name}' has no such parameter.",
            remedy=f"It has: {', '.join(names)}",
        )
    fixed = _fixed(schema)
    if "interaction" in names and schema.interaction is None:
        raise GraphError(f"'{asked.name}' asks about interactions, and the graph has none: nobody found anything.")
    if asked.name in _NEEDS_RATINGS and (schema.interaction is None or schema.interaction.kind != "rating"):
        raise GraphError(f"'{asked.name}' asks who liked what they found, and the graph has no ratings.")
    found = {
        parameter.name: _given(client, schema, parameter, given[parameter.name])
        if parameter.name in given
        else fixed.get(parameter.name, parameter.example)
        for parameter in asked.parameters
    }
    chosen = tuple(
        name for name in ("user", "otherUser", "item", "otherItem", "entity") if name in found.keys() - given
    )
    if chosen:
        pools = much_to_show(client, schema) if pools is None else pools
        found |= _chosen(client, pools, fixed["items"], chosen, found, given)
    return Values(found, chosen)


def much_to_show(client: GraphClient, schema: GraphSchema) -> dict[str, list[str]]:
    """Return the keys of a few people and items with much to show, by what they are: "person" or "item"."""
    fixed = _fixed(schema)
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in client.read(f"{FOLDER}start", limit=3, **{name: fixed[name] for name in ("items", "people", "titles")}):
        found[row["kind"]].append(row["key"])
    return dict(found)


def ask(client: GraphClient, asked: Question, parameters: Mapping[str, Any]) -> list[Row]:
    """Return the rows of the answer; nodes, relations and paths are those of the driver."""
    return client.read(asked.script.name, **parameters)


def literal(value: object) -> str:
    """Return text, a number, a truth value, null, a list or a map as Cypher writes it."""
    if isinstance(value, str):
        quoted = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
        return f"'{quoted}'"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_name(key)}: {literal(one)}" for key, one in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(literal, value)) + "]"
    return json.dumps(value)


def parameter_line(name: str, value: object) -> str:
    """Return the `:param` line that gives a parameter its value in Neo4j Browser.

    Several can be pasted at once, since each ends with a semicolon. A map stands in parentheses: braces after the arrow would
    begin a statement.
    """
    told = f"({literal(value)})" if isinstance(value, Mapping) else literal(value)
    return f":param {name} => {told};"


def _read(name: str) -> Question:
    found = script(name)
    examples = dict(_EXAMPLE.findall(found.text))
    meanings = {name: re.sub(r"\n//\s+", " ", meaning) for name, meaning in _PARAMETER.findall(found.text)}
    parameters = tuple(Parameter(name, meaning, _example(examples[name])) for name, meaning in meanings.items())
    return Question(name.removeprefix(FOLDER), found.text.partition("\n")[0].removeprefix("// "), parameters, found)


def _example(text: str) -> Any:
    """Return the value of an example: text in single quotes, a number, or a map, which is empty."""
    return text[1:-1] if text.startswith("'") else json.loads(text.strip("()"))


def _fixed(schema: GraphSchema) -> dict[str, Any]:
    """Return the parameters that say what things are called in this graph."""
    found: dict[str, Any] = {
        "items": f"{encoded(schema.item.label)}/",
        "people": f"{encoded(person_label(schema))}/",
        "titles": titles(schema),
    }
    interaction = schema.interaction
    if interaction is not None:
        rated = interaction.kind == "rating" and interaction.scale is not None
        found["interaction"] = interaction.type
        found["weight"] = interaction.weight if rated else ""
        found["least"] = sum(interaction.scale) / 2 if rated and interaction.scale else 0.0
    return found


def _given(client: GraphClient, schema: GraphSchema, parameter: Parameter, text: str) -> Any:
    if parameter.name in ("user", "otherUser"):
        return _person(client, schema, text)
    if parameter.name in ("item", "otherItem"):
        return _entity(client, schema, text, (schema.item.label,))
    if parameter.name == "entity":
        return _entity(client, schema, text, (schema.item.label, *schema.entities))
    if isinstance(parameter.example, str):
        return text
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = None
    kinds = {int: "a whole number", float: "a number", dict: "a map in JSON"}
    kind = type(parameter.example)
    if isinstance(value, bool) or not isinstance(value, (int, float) if kind is float else kind):
        raise InputError(f"--param {parameter.name}: expected {kinds[kind]}, {parameter.meaning}, found '{text}'.")
    if parameter.name == "limit" and value < 0:
        raise InputError(f"--param limit: expected a number from 0 on, found {value}.")
    return value


def _person(client: GraphClient, schema: GraphSchema, user: str) -> str:
    """Return the key of a person, given by id or key. Raises UnknownEntityError where there is none."""
    key = user if label_of(user) == person_label(schema) and id_of(user) else person_key(schema, user)
    return person(client, schema, id_of(key)).key


def _entity(client: GraphClient, schema: GraphSchema, entity: str, labels: tuple[str, ...]) -> str:
    """Return the key of an entity, given by key, or by name among these labels."""
    if "/" in entity and client.read("attach/entity", key=entity, titles={}):
        return entity
    return find_entity(client, schema, entity, labels).key


def _chosen(
    client: GraphClient,
    pools: Mapping[str, list[str]],
    items: str,
    names: Sequence[str],
    found: Mapping[str, Any],
    given: Mapping[str, str],
) -> dict[str, str]:
    """Choose people, items and entities of these, none of which is among those given. items: what keys of items begin with.

    An item that a question asks of together with a person is one where that person's interests meet, if there is any.
    """
    taken = {found[name] for name in given if isinstance(found[name], str)}
    chosen: dict[str, str] = {}
    for name in names:
        kind = "person" if name in ("user", "otherUser") else "item"
        pool = pools.get(kind, [])
        if name == "item" and (user := chosen.get("user") or ("user" in given and found["user"])):
            meeting = client.read(f"{FOLDER}meeting", user=user, items=items, limit=3)
            pool = [row["item"] for row in meeting] + pool
        free = [key for key in pool if key not in taken]
        if not free:
            raise _nobody_left(name, kind, sorted(taken & set(pool)))
        chosen[name] = free[0]
        taken.add(free[0])
    return chosen


def _nobody_left(name: str, kind: str, taken: Sequence[str]) -> GraphError:
    """Return what to say where nobody, or nothing, is left to ask about. taken: the key of the one that is asked about already."""
    if not taken:
        return GraphError(
            f"--param {name} was not given, and the graph has no {kind} to ask about.",
            remedy='Attach somebody: kg-rec attach ann "what they say"' if kind == "person" else "",
        )
    people = kind == "person"
    given = "PERSON" if people else "NAME"
    return GraphError(
        f"The question is about two {'people' if people else 'items'}: expected --param {name}={given} beside '{taken[0]}', "
        f"and the graph has no other {kind} to choose.",
        remedy=f'Attach somebody else first: kg-rec attach {_another(taken[0])} "what they say"' if people else "",
    )


def _another(key: str) -> str:
    return "ben" if id_of(key) != "ben" else "ann"


def _name(key: object) -> str:
    """Return the key of a map as Cypher writes it."""
    text = str(key)
    return text if re.fullmatch(r"[A-Za-z_]\w*", text) else f"`{text.replace('`', '``')}`"
