"""What the labels, relations and properties of a graph mean to the recommender, and how they are written down.

The schema is data, `schema.toml`, because nothing in kg-rec knows about any domain: which label is the item, which the
user, which relation the interaction, what counts as positive, which properties are text.
"""

from __future__ import annotations

import contextlib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from kg_rec.errors import SchemaError


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ItemSchema(_Part):
    """What is recommended."""

    label: str
    id: str
    """Property with the id as it stood in the source; recommendations in bulk are given by it."""
    title: str
    """Property that a person would call the item by."""
    aliases: tuple[str, ...] = ()
    """Properties with further names, as in another language."""
    text: tuple[str, ...] = ()
    """Properties in running words, best first."""
    released: str | None = None
    """Property with the year since when the item could be interacted with, for exposure, or with dates, whose year counts."""
    numeric: tuple[str, ...] = ()
    """Further properties that a filter may use: numbers, or dates, whose year counts."""


class UserSchema(_Part):
    """Who interacts."""

    label: str
    id: str
    text: tuple[str, ...] = ()
    """Properties in running words in which people tell of themselves, best first."""


class InteractionSchema(_Part):
    """The relation user → item."""

    type: str
    weight: str | None = None
    """Property with the rating or the count."""
    time: str | None = None
    """Property with the time, in seconds since 1970."""
    text: str | None = None
    """Property in running words in which the user writes of the item, as a review."""
    kind: Literal["rating", "count", "unary"]
    scale: tuple[float, float] | None = None
    """Lowest and highest rating; for kind "rating" only."""


class EntitySchema(_Part):
    """Any other node: what it is called by."""

    title: str
    id: str | None = None
    """Property with the id, where the graph was in Neo4j before kg-rec: `kg-rec adopt` makes the keys of it."""
    aliases: tuple[str, ...] = ()
    text: tuple[str, ...] = ()


class GraphSchema(_Part):
    """The whole of schema.toml."""

    item: ItemSchema
    user: UserSchema | None = None
    interaction: InteractionSchema | None = None
    entities: dict[str, EntitySchema] = {}
    """Every label beside item and user."""
    interests: tuple[str, ...]
    """Labels that an interest may point to; the item's own among them, where a person may name items."""
    phrases: dict[str, str] = {}
    """How a relation from the item reads in words, as {"DIRECTED_BY": "directed by {}"}; used in asking sentences."""
    asking: tuple[str, ...] = ()
    """Templates of asking sentences; empty: those generated from labels and relations (kg_rec/text/asking.py)."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for location, problem in _contradictions(self):
            raise _ContradictionError(problem, location)
        return self

    def aliases_of(self, label: str) -> tuple[str, ...]:
        """Return the properties with further names of `label`."""
        if label == self.item.label:
            return self.item.aliases
        entity = self.entities.get(label)
        return entity.aliases if entity else ()

    def title_of(self, label: str) -> str | None:
        """Return the title property of `label`, or None where it has none (users)."""
        if label == self.item.label:
            return self.item.title
        entity = self.entities.get(label)
        return entity.title if entity else None


class _ContradictionError(ValueError):
    """What the schema says in one place contradicts another. `location`: path of the key, as pydantic has it."""

    def __init__(self, message: str, location: tuple[str, ...]) -> None:
        super().__init__(message)
        self.location = location


def _contradictions(schema: GraphSchema) -> list[tuple[tuple[str, ...], str]]:
    """Return what in the schema contradicts itself, each with the path of the key."""
    found: list[tuple[tuple[str, ...], str]] = []
    interaction = schema.interaction
    if (schema.user is None) != (interaction is None):
        there = "interaction" if schema.user is None else "user"
        found.append(((there,), f"expected both [user] and [interaction], or neither; found [{there}] alone"))
    if schema.user and schema.user.label == schema.item.label:
        found.append((("user", "label"), f"expected another label than the item's, found '{schema.user.label}' again"))
    if interaction and interaction.kind == "rating":
        if interaction.weight is None or interaction.scale is None:
            found.append((("interaction", "kind"), "expected 'weight' and 'scale' beside the kind \"rating\""))
        elif interaction.scale[0] >= interaction.scale[1]:
            scale = list(interaction.scale)
            found.append((("interaction", "scale"), f"expected a scale as [lowest, highest], found {scale}"))
    if interaction and interaction.kind == "count" and interaction.weight is None:
        found.append(
            (("interaction", "kind"), "expected 'weight', the property with the count, beside the kind \"count\"")
        )
    named = {schema.item.label, *schema.entities}
    unknown = [label for label in schema.interests if label not in named]
    if unknown:
        found.append((("interests",), f"expected interests among {', '.join(sorted(named))}; found '{unknown[0]}'"))
    found.extend(
        (("phrases", name), f"expected {{}} once in the phrase of {name}, found '{phrase}'")
        for name, phrase in schema.phrases.items()
        if phrase.count("{}") != 1
    )
    return found


def read_schema(path: Path) -> GraphSchema:
    """Return the schema in `path`. Raises SchemaError with file and line of each problem; unknown keys are problems."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise SchemaError(
            f"{path}: expected the schema of the graph, found nothing.",
            remedy="Load a graph first: kg-rec load FOLDER\nOr look at the one in your Neo4j: kg-rec init",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SchemaError(f"{path}: the schema cannot be read: {error}") from error
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        where = f":{place[1]}:{place[2]}" if place else f":{text.count(chr(10)) + 1}"
        message = re.sub(r" \(at .*\)$", "", str(error))
        raise SchemaError(f"{path}{where}: expected TOML, found something else: {message}.") from error
    try:
        return GraphSchema.model_validate(content)
    except ValidationError as error:
        lines = text.splitlines()
        # A key that is not known explains the one that is missing.
        problems = sorted(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
        raise SchemaError(
            "\n".join(f"{path}:{_line_of(lines, _location(problem))}: {_told(problem)}" for problem in problems),
            remedy="Mend the line, or have the file written again, by kg-rec load FOLDER or kg-rec init, with --new-schema",
        ) from error


def _location(problem: Any) -> tuple[int | str, ...]:
    cause = problem.get("ctx", {}).get("error")
    location: tuple[int | str, ...] = cause.location if isinstance(cause, _ContradictionError) else problem["loc"]
    return location


def _told(problem: Any) -> str:
    """Say one of pydantic's problems as expected and found."""
    name = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"expected a known key, found '{name}'."
    if problem["type"] == "missing":
        return f"expected '{name}', found nothing."
    if problem["type"] == "value_error":
        return f"{problem['ctx']['error']}."
    message = problem["msg"].removeprefix("Input should be ")
    return f"'{name}': expected {message}, found {problem['input']!r}."


def _line_of(lines: list[str], location: tuple[int | str, ...]) -> int:
    """Return the line of the key at `location`, or of what holds it where the key itself is not there."""
    best, depth = 1, 0
    table: tuple[str, ...] = ()
    path = tuple(str(part) for part in location)
    for number, line in enumerate(lines, start=1):
        header = re.match(r"\s*\[([^\[\]]+)\]", line)
        key = re.match(r"""\s*([\w.-]+|"[^"]*"|'[^']*')\s*=""", line)
        if header:
            table = _parts(header[1])
            here = table
        elif key:
            here = (*table, *_parts(key[1]))
        else:
            continue
        if len(here) > depth and path[: len(here)] == here:
            best, depth = number, len(here)
    return best


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in re.findall(r""""[^"]*"|'[^']*'|[^.]+""", dotted))


_MEANINGS: dict[str, str] = {
    "item": "What is recommended.",
    "item.label": "the label of its nodes",
    "item.id": 'property with the id as it stood in the source; "key" for the one that kg-rec gives',
    "item.title": "property that a person would call it by",
    "item.aliases": "properties with further names, as in another language",
    "item.text": "properties in running words, best first",
    "item.released": "property with the year since when it could be interacted with, or with dates, of which the year counts",
    "item.numeric": "further numbers, or dates, of which the year counts, that a filter may use, as in --where price<20",
    "user": "Who interacts.",
    "user.label": "the label of their nodes",
    "user.id": "property with the id as it stood in the source",
    "user.text": "properties in running words in which they tell of themselves, best first",
    "interaction": "The relation from a user to an item.",
    "interaction.type": "its type",
    "interaction.kind": '"rating" (how much it was liked), "count" (how often), or "unary" (that it was)',
    "interaction.weight": "property with the rating or the count",
    "interaction.scale": "lowest and highest rating; positive is one at or above both the middle and the person's mean",
    "interaction.time": "property with the time, in seconds since 1970",
    "interaction.text": "property in running words in which the user writes of the item, as a review",
    "entities": "Everything else a person may be interested in: the property each is called by, and its running words.",
    "interests": "The labels that an interest may point to.",
    "phrases": "How a relation of the item reads in words, {} standing for the other end's title.",
    "asking": "Sentences in which a person would ask for an item; none: they are made from the labels and relations.",
}
_OPTIONAL = {
    "item.aliases": ["originalTitle"],
    "item.released": "year",
    "item.text": ["description"],
    "item.numeric": ["price"],
    "user.text": ["bio"],
    "interaction.weight": "rating",
    "interaction.scale": [1, 5],
    "interaction.time": "timestamp",
    "interaction.text": "review",
    "asking": ["I am looking for {}"],
}


def write_schema(schema: GraphSchema, path: Path, reasons: Mapping[str, str] | None = None) -> None:
    """Write the schema to `path` for reading and editing, each key with its meaning and, if given, why it was chosen.

    `reasons`: from a dotted key, as "item.label", to the reason. The file is complete or not there at all.
    """
    text = _as_toml(schema, reasons or {})
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise SchemaError(f"{path}: the schema cannot be written: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def _as_toml(schema: GraphSchema, reasons: Mapping[str, str]) -> str:
    import tomlkit

    document = tomlkit.document()
    document.add(tomlkit.comment("What the graph means to kg-rec, which wrote it; every command reads it."))
    document.add(tomlkit.comment("Edit it as you like: it is checked when read, and never overwritten unasked."))
    document.add(tomlkit.nl())
    content = schema.model_dump(mode="json", exclude_none=True)
    for key in ("interests", "asking"):
        _add(document, key, content.get(key), key, reasons)
        document.add(tomlkit.nl())
    for section in ("item", "user", "interaction"):
        part = getattr(schema, section)
        if part is None:
            reason = reasons.get(section)
            document.add(tomlkit.comment(f"No [{section}]{': ' + reason if reason else '.'}"))
            document.add(tomlkit.nl())
            continue
        table = tomlkit.table()
        table.add(tomlkit.comment(_MEANINGS[section]))
        for key in type(part).model_fields:
            _add(table, key, content[section].get(key), f"{section}.{key}", reasons)
        document.add(section, table)
        document.add(tomlkit.nl())
    phrases = tomlkit.table()
    phrases.add(tomlkit.comment(_MEANINGS["phrases"]))
    for name, phrase in schema.phrases.items():
        phrases.add(name, phrase)
    document.add("phrases", phrases)
    document.add(tomlkit.nl())
    entities = tomlkit.table(is_super_table=not schema.entities) if schema.entities else None
    if entities is not None:
        entities.add(tomlkit.comment(_MEANINGS["entities"]))
        for label, entity in schema.entities.items():
            table = tomlkit.table()
            _explain(table, reasons.get(f"entities.{label}.title"))
            table.add("title", entity.title)
            if entity.id:
                _explain(table, reasons.get(f"entities.{label}.id"))
                table.add("id", entity.id)
            if entity.aliases:
                table.add("aliases", list(entity.aliases))
            table.add("text", list(entity.text))
            entities.add(label, table)
        document.add("entities", entities)
    return tomlkit.dumps(document)


def _add(table: Any, key: str, value: object, name: str, reasons: Mapping[str, str]) -> None:
    import tomlkit

    meaning = _MEANINGS.get(name)
    if meaning:
        table.add(tomlkit.comment(meaning))
    _explain(table, reasons.get(name))
    if value is None or (value == [] and name in _OPTIONAL and name != "asking"):
        if name in _OPTIONAL:
            table.add(tomlkit.comment(f"{key} = {tomlkit.item(_OPTIONAL[name]).as_string()}"))
        return
    table.add(key, value)


def _explain(table: Any, reason: str | None) -> None:
    import tomlkit

    if reason:
        table.add(tomlkit.comment(f"  because {reason}"))
