"""The header line of a CSV file, in the format of `neo4j-admin database import`.

Source: Neo4j Operations Manual 5, "Import", section "CSV header format". A field is `name:type`, where the type is a
property type (`int`, `string[]`, `datetime{timezone:Europe/Paris}`), or one of the roles ID, LABEL, START_ID, END_ID,
TYPE and IGNORE, the first and the ends with an optional id group as `:ID(Movie)`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from kg_rec.graph.csv_values import TYPE_NAMES
from kg_rec.graph.problems import Problem, Problems, quoted

Role = Literal["property", "id", "label", "start", "end", "type", "ignore"]

_FIELD = re.compile(
    r"(?P<name>.*?)"
    r"(?::(?P<type>[A-Za-z_]+)(?P<array>\[\])?(?:\((?P<group>[^()]*)\))?(?:\{(?P<options>[^{}]*)\})?)?",
    re.DOTALL,
)
_ROLES: dict[str, Role] = {
    "ID": "id",
    "LABEL": "label",
    "START_ID": "start",
    "END_ID": "end",
    "TYPE": "type",
    "IGNORE": "ignore",
}
_KEPT_FOR_KEYS = "key"
_ID_TYPES = {"string": "string", "int": "long", "integer": "long", "long": "long"}


@dataclass(frozen=True, slots=True)
class Column:
    """One field of the header.

    raw: as it stands in the file; position: number of the field, from 0; type: of a property, or of the ids ("string"
    or "long"); group: id group, "" is the one without a name; options: what stood in braces.
    """

    raw: str
    position: int
    role: Role
    name: str = ""
    type: str = "string"
    array: bool = False
    group: str = ""
    options: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a file of nodes or of relations."""

    columns: tuple[Column, ...]

    @property
    def properties(self) -> list[Column]:
        """The columns that become properties, the id of nodes not among them."""
        return [column for column in self.columns if column.role == "property"]

    def only(self, role: Role) -> Column | None:
        """Return the column with `role`, or None where there is none."""
        return next((column for column in self.columns if column.role == role), None)


def parse_header(
    fields: list[str], kind: Literal["nodes", "relations"], file: str, id_type: str, problems: Problems
) -> Header | None:
    """Return the header of `file`, or None after noting in `problems` what is wrong with it.

    `id_type` is the type of ids whose column does not give one with `{id-type:long}`.
    """
    before = len(problems.found)
    if len(fields) == 1 and (separators := [mark for mark in ";\t|" if mark in fields[0]]):
        role = "ID" if kind == "nodes" else "START_ID"
        remedy = f"Are the columns separated by {separators[0]!r}? Say so with --delimiter."
        problems.add(Problem(file, 1, 0, f"a column :{role}", quoted(fields[0]), remedy, row=False))
        return None
    columns = tuple(_column(raw.strip(), position, file, id_type, problems) for position, raw in enumerate(fields))
    header = Header(columns)
    _check_names(header, kind, file, problems)
    if len(problems.found) == before:
        _check_roles(header, kind, file, problems)
    return header if len(problems.found) == before else None


def is_header(fields: Sequence[str], kind: Literal["nodes", "relations"]) -> bool:
    """Tell whether a record is a header: it has a column :ID, or :START_ID and :END_ID."""
    types = {(match["type"] or "").upper() for text in fields if (match := _FIELD.fullmatch(text.strip()))}
    return types >= ({"ID"} if kind == "nodes" else {"START_ID", "END_ID"})


def _column(raw: str, position: int, file: str, id_type: str, problems: Problems) -> Column:
    def wrong(expected: str, remedy: str = "") -> Column:
        problems.add(Problem(file, 1, position + 1, expected, quoted(raw), remedy, row=False))
        return Column(raw, position, "ignore")

    if not raw:
        return Column(raw, position, "ignore")
    match = _FIELD.fullmatch(raw)
    if match is None or (match["type"] is None and ":" in raw):
        return wrong("a column as name:type, :ID(Group) or :IGNORE")
    name, type_name = match["name"], match["type"] or "string"
    options = _options(match["options"] or "")
    role = _ROLES.get(type_name.upper())
    if role in ("id", "start", "end"):
        given = options.get("id-type", id_type).lower()
        if given not in _ID_TYPES:
            return wrong(f"an id-type of {', '.join(_ID_TYPES)}")
        return Column(raw, position, role, name, _ID_TYPES[given], group=match["group"] or "", options=options)
    if role is not None:
        return Column(raw, position, role, name)
    if type_name.lower() not in TYPE_NAMES:
        return wrong(f"a type of {', '.join(TYPE_NAMES)} (with [] for a list), or {', '.join(_ROLES)}")
    if not name:
        return wrong(f"a name before ':{type_name}'")
    return Column(raw, position, "property", name, type_name.lower(), bool(match["array"]), options=options)


def _options(text: str) -> dict[str, str]:
    pairs = (part.split(":", 1) for part in text.split(",") if ":" in part)
    return {name.strip().lower(): value.strip().strip("'\"") for name, value in pairs}


def _check_names(header: Header, kind: str, file: str, problems: Problems) -> None:
    seen: dict[str, Column] = {}
    for column in header.columns:
        if not column.name or column.role not in ("property", "id"):
            continue
        if kind == "nodes" and column.name == _KEPT_FOR_KEYS:
            problems.add(
                Problem(
                    file,
                    1,
                    column.position + 1,
                    "another name than 'key', under which every node keeps its own key",
                    quoted(column.raw),
                    "Rename the column.",
                    row=False,
                )
            )
        if column.name in seen:
            first = seen[column.name].position + 1
            problems.add(
                Problem(
                    file,
                    1,
                    column.position + 1,
                    "each column once",
                    f"'{column.name}' again (first in column {first})",
                    "Rename one of them, or give it the type :IGNORE.",
                    row=False,
                )
            )
        seen.setdefault(column.name, column)


def _check_roles(header: Header, kind: str, file: str, problems: Problems) -> None:
    needed: tuple[Role, ...] = ("id",) if kind == "nodes" else ("start", "end")
    strange: tuple[Role, ...] = ("start", "end", "type") if kind == "nodes" else ("id", "label")
    spelled = {role: name for name, role in _ROLES.items()}
    raw = ",".join(column.raw for column in header.columns)
    for role in needed:
        count = sum(column.role == role for column in header.columns)
        if count == 0:
            problems.add(Problem(file, 1, 0, f"a column :{spelled[role]}", quoted(raw), row=False))
    for column in header.columns:
        alone = sum(other.role == column.role for other in header.columns[: column.position]) == 0
        if column.role in strange:
            other = "relations" if kind == "nodes" else "nodes"
            problems.add(
                Problem(
                    file,
                    1,
                    column.position + 1,
                    f"the header of {kind}",
                    quoted(column.raw),
                    f"Such a column belongs to a file of {other}.",
                    row=False,
                )
            )
        elif column.role in spelled and column.role != "ignore" and not alone:
            expected = f"one column :{spelled[column.role]}"
            problems.add(
                Problem(file, 1, column.position + 1, expected, f"another one, {quoted(column.raw)}", row=False)
            )
