"""Files for `neo4j-admin database import` as they lie about: any names, headers apart, several files for a label.

What is a node and what a relation, the headers say. Labels and types come from a command with `--nodes` and
`--relationships` where a file beside them has one, or else from a column :LABEL or :TYPE, or else from the file's name.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from kg_rec.convert.source import DAMAGED, Source
from kg_rec.convert.writer import GraphWriter
from kg_rec.graph.csv_header import is_header
from kg_rec.graph.import_arguments import separator
from kg_rec.graph.problems import quoted

Kind = Literal["nodes", "relations"]

_TABLES = r".*\.(csv|tsv|txt|dat)"
_COMMANDS = r".*\.(args|sh|bash|cmd|bat|ps1|txt|md|conf|yml|yaml)|[^.]*"
_LONGEST_COMMAND = 1 << 20
_DELIMITERS = ",;\t|"
_OPTION = re.compile(r"--(nodes|relationships|delimiter|array-delimiter)(?:=|\s+)((?:\"[^\"]*\"|'[^']*'|[^\s\"'])+)")
_HEADER_WORD = re.compile(r"(?:^|[-_. ])headers?(?:[-_. ]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Group:
    """Files that are read as one. names: labels, or the type; header: the file that begins with it."""

    kind: Kind
    names: tuple[str, ...]
    header: str
    parts: tuple[str, ...]
    delimiter: str
    array_delimiter: str = ""
    """Between the values of a list; "" where nothing says it."""
    adds: bool = False
    """Whether a column :LABEL adds to the names, as it does to those of a command; else it takes their place."""


class Neo4jAdmin:
    """Files with the headers of neo4j-admin."""

    name = "neo4j-admin"
    looks_for = "*.csv with the columns :ID, or :START_ID and :END_ID (neo4j-admin database import)"

    def recognises(self, source: Source) -> bool:
        """Tell by the first lines of the files: one has a column :ID."""
        return any(_header(source, name)[0] == "nodes" for name in source.matching(_TABLES))

    def convert(self, source: Source, graph: GraphWriter) -> None:
        """Write the same graph as a folder of nodes/ and relations/, a file for each label and type."""
        groups = _commanded(source) or _found(source, graph)
        used: Counter[tuple[str, str]] = Counter()
        for group in groups:
            _write(group, source, graph, used)


def _header(source: Source, name: str) -> tuple[Kind | None, str]:
    """Return what a file holds by its first line, and between columns what; None where it begins with no header."""
    line = source.first_line(name)
    for delimiter in _DELIMITERS:
        cells = next(csv.reader([line], delimiter=delimiter), [])
        for kind in ("nodes", "relations"):
            if is_header(cells, kind):
                return kind, delimiter
    return None, max(_DELIMITERS, key=line.count)


def _commanded(source: Source) -> list[_Group]:
    """Return the files as a command for neo4j-admin names them; none where there is no such command."""
    for name in source.matching(_COMMANDS):
        try:
            with source.open(name, counted=False) as file:
                text = file.read(_LONGEST_COMMAND).decode("utf-8", "replace")
        except (OSError, *DAMAGED):
            continue
        options = [(option, re.sub("[\"']", "", value)) for option, value in _OPTION.findall(text)]
        if not any(option == "nodes" for option, _ in options):
            continue
        return [
            _named(source, name, option, value, dict(options))
            for option, value in options
            if option in ("nodes", "relationships")
        ]
    return []


def _named(source: Source, command: str, option: str, value: str, options: dict[str, str]) -> _Group:
    given, _, files = value.rpartition("=")
    parts = [found for pattern in files.split(",") for found in _matching(source, command, pattern)]
    kind: Kind = "nodes" if option == "nodes" else "relations"
    delimiter = (
        separator(options["delimiter"], "--delimiter", command)
        if "delimiter" in options
        else _header(source, parts[0])[1]
    )
    array = separator(options["array-delimiter"], "--array-delimiter", command) if "array-delimiter" in options else ""
    return _Group(
        kind, tuple(name for name in given.split(":") if name), parts[0], tuple(parts), delimiter, array, adds=True
    )


def _matching(source: Source, command: str, pattern: str) -> list[str]:
    """Return the files that a command means, by the last part of their path, which may be a regular expression."""
    last = re.split(r"[/\\](?![dwsDWS.+*?\[(])", pattern.strip().removesuffix(".gz"))[-1]
    plain = [name for name in source.names if name.rpartition("/")[2] == last]
    try:
        found = plain or [name for name in source.names if re.fullmatch(last, name.rpartition("/")[2])]
    except re.error:
        found = []
    if not found:
        source.unusable(command, f"the file '{pattern}', which is named there", "none of that name")
    return sorted(
        found, key=lambda name: [part.zfill(20) if part.isdigit() else part for part in re.split(r"(\d+)", name)]
    )


def _found(source: Source, graph: GraphWriter) -> list[_Group]:
    """Return the files by their headers; those without go to the header whose name theirs begins with."""
    tables = source.matching(_TABLES)
    headers = {name: kind for name in tables if (kind := _header(source, name)[0])}
    bases = {name: _base(name) for name in headers}
    parts: dict[str, list[str]] = {name: [name] for name in headers}
    left: list[str] = []
    for name in tables:
        if name in headers:
            continue
        own = _base(name)
        fitting = [
            header
            for header, base in bases.items()
            if own == base or own.startswith(tuple(base + mark for mark in "-_. "))
        ]
        if fitting:
            parts[max(fitting, key=lambda header: len(bases[header]))].append(name)
        else:
            left.append(name)
    if left:
        graph.note(f"left alone, as they have no header: {', '.join(map(source.shown, left))}")
    groups = Counter(_id_group(source.first_line(name)) for name, kind in headers.items() if kind == "nodes")
    found = []
    for name, kind in headers.items():
        group = _id_group(source.first_line(name)) if kind == "nodes" else ""
        word = group if groups[group] == 1 and len(group) > 1 else _word(bases[name], kind)
        found.append(_Group(kind, (word,), name, tuple(parts[name]), _header(source, name)[1]))
    return found


def _id_group(header: str) -> str:
    """Return what the ids of nodes are said to be of, as a label: "Movie" for ":ID(Movie-ID)", "" for nothing."""
    match = re.search(r":ID\(([^()]+)\)", header, re.IGNORECASE)
    return _word(re.sub(r"(?<=.)[-_ ]?ids?$", "", match[1], flags=re.IGNORECASE), "nodes") if match else ""


def _base(name: str) -> str:
    """Return the name of a table: "movies" of "headers/movies_header.csv"."""
    stem = name.rpartition("/")[2].rpartition(".")[0]
    return _HEADER_WORD.sub("", stem) or stem


def _word(base: str, kind: Kind) -> str:
    """Return a label or a type from the name of a file, as it stands where it looks like one."""
    words = re.findall(r"[^\W_]+", base)
    if kind == "nodes":
        return base if base[:1].isupper() else "".join(word[0].upper() + word[1:] for word in words) or base
    return base if base.isupper() else "_".join(words).upper() or base


def _write(group: _Group, source: Source, graph: GraphWriter, used: Counter[tuple[str, str]]) -> None:
    first = source.first_line(group.header)
    header = [cell.strip() for cell in next(csv.reader([first], delimiter=group.delimiter))]
    role = ":LABEL" if group.kind == "nodes" else ":TYPE"
    own = next((at for at, cell in enumerate(header) if cell.upper().endswith(role)), None)
    if own is None and not group.names:
        source.unusable(group.header, f"a column {role}, or a name in the command", quoted(first), line=1)
    name = group.names[0] if group.names else group.header.rpartition("/")[2].partition(".")[0]
    used[group.kind, name] += 1
    # One name a file; what the name does not say, or not alone, a column says.
    number = used[group.kind, name]
    added = own is None and (len(group.names) > 1 or number > 1)
    rows = graph.rows(group.kind, name, [*header, role] if added else header, number=number)
    arrays = [at for at, cell in enumerate(header) if "[]" in cell or (at == own and group.kind == "nodes")]
    columns = [f"column{number}?" for number in range(len(header))]
    for part in group.parts:
        table = source.table(part, *columns, delimiter=group.delimiter, header=False)
        for at, given in enumerate(table):
            if at == 0 and is_header(given, group.kind):
                continue
            cells: list[object] = list(given)
            for position in arrays:
                cells[position] = _values(given[position], group)
            if added:
                cells.append(list(group.names))
            elif own is not None and (group.adds or not given[own].strip()):
                cells[own] = (
                    [*group.names, *_values(given[own], group)] if group.kind == "nodes" else given[own] or name
                )
            rows.write(cells)
    rows.close()


def _values(cell: str, group: _Group) -> list[str]:
    """Return the values of a list. Nothing in a header says what separates them; a semicolon does, by default."""
    given = group.array_delimiter or ";"
    if not group.array_delimiter and group.delimiter == ";":
        given = "|" if "|" in cell else ","
    return cell.split(given) if cell else []


LAYOUT = Neo4jAdmin()
