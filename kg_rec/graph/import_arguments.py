"""Which files to load: the `nodes/` and `relations/` folders, or the arguments of `neo4j-admin database import`."""

from __future__ import annotations

import codecs
import re
import shlex
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from kg_rec.errors import LoadError
from kg_rec.graph.csv_lines import Format

NODES = "nodes"
RELATIONS = ("relations", "relationships")
_ENDINGS = (".csv", ".csv.gz")
_HEADER_FILE = re.compile(r"(.+?)[-_.]header", re.IGNORECASE)

# Options of neo4j-admin that say nothing about what the files hold.
_WITHOUT_EFFECT = {
    *("overwrite-destination", "report-file", "verbose", "expand-commands", "threads", "high-parallel-io"),
    *("max-off-heap-memory", "bad-tolerance", "additional-config", "normalize-types", "format", "from-path", "to-path"),
    *("temp-path", "read-buffer-size", "input-type", "multiline-fields", "multiline-fields-format", "strict", "schema"),
    *("ignore-empty-strings", "skip-bad-entries-logging", "skip-bad-relationships", "skip-duplicate-nodes"),
}
_FLAGS = {"ignore-extra-columns", "trim-strings", "auto-skip-subsequent-headers", "legacy-style-quoting"}
_SEPARATORS = {"TAB": "\t", "\\t": "\t", "SEMICOLON": ";", "COMMA": ",", "PIPE": "|"}


@dataclass(frozen=True, slots=True)
class Source:
    """Files that are read as one: the first begins with the header.

    names: labels of the nodes, or the one type of the relations; overrides: a column :LABEL or :TYPE replaces them
    (they come from the file's name) instead of adding to them (they were given as an argument).
    """

    kind: Literal["nodes", "relations"]
    names: tuple[str, ...]
    files: tuple[Path, ...]
    overrides: bool = False


@dataclass(frozen=True, slots=True)
class Sources:
    """All files of a graph. `root`: the folder to which the places in messages are relative."""

    root: Path
    sources: tuple[Source, ...]
    format: Format = field(default_factory=Format)

    def shown(self, path: Path) -> str:
        """Return `path` as messages show it."""
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return str(path)


def find_sources(path: Path, form: Format | None = None) -> Sources:
    """Return the files of `path`: a folder with `nodes/` and `relations/`, or a file of neo4j-admin's arguments.

    Raises LoadError when there is neither.
    """
    form = form or Format()
    if path.is_dir():
        return _folder(path, form)
    if path.is_file():
        if path.name.endswith(_ENDINGS):
            raise LoadError(
                f"{path}: expected a folder with nodes/ and relations/, or a file of arguments; found a CSV file.",
                remedy="Nothing was loaded. Give the folder, or the files by --nodes and --relationships.",
            )
        return from_arguments(_arguments_of(path), path.parent, form, str(path))
    raise LoadError(f"{path}: expected a folder or a file of arguments, found nothing.", remedy="Nothing was loaded.")


def _folder(root: Path, form: Format) -> Sources:
    relations = next((root / name for name in RELATIONS if (root / name).is_dir()), None)
    nodes = root / NODES
    if not nodes.is_dir():
        inside = ", ".join(sorted(entry.name for entry in root.iterdir())[:8]) or "nothing"
        raise LoadError(
            f"{root}: expected a folder nodes/ with a CSV file for each label, and relations/ with one for each type; "
            f"found {inside}.",
            remedy="Nothing was loaded. docs/data.md shows the format.",
        )
    found = [
        *_grouped("nodes", nodes),
        *(_grouped("relations", relations) if relations else ()),
    ]
    if not any(source.kind == "nodes" for source in found):
        raise LoadError(f"{nodes}: expected CSV files, found none.", remedy="Nothing was loaded.")
    return Sources(root, tuple(found), form)


def _grouped(kind: Literal["nodes", "relations"], folder: Path) -> list[Source]:
    """One source for each file, or for each header file with the data files beside it (Movie-header.csv, Movie.csv)."""
    files = {path: stem(path) for path in sorted(folder.iterdir()) if path.name.endswith(_ENDINGS)}
    headers: dict[str, Path] = {}
    for path, name in files.items():
        if match := _HEADER_FILE.fullmatch(name):
            first = headers.setdefault(match[1], path)
            if first != path:
                raise LoadError(
                    f"{folder}: expected one header file for {match[1]}, found {first.name} and {path.name}.",
                    remedy="Nothing was loaded.",
                )
    parts: dict[str, list[Path]] = {base: [] for base in headers}
    for path, name in files.items():
        # Movie-Poster-1.csv belongs to Movie-Poster-header.csv, not to Movie-header.csv.
        bases = [base for base in headers if name == base or name.startswith(tuple(base + mark for mark in "-_."))]
        if bases and path not in headers.values():
            parts[max(bases, key=len)].append(path)
    found = [
        Source(kind, (base,), (headers[base], *_in_order(data)), overrides=True) for base, data in parts.items() if data
    ]
    taken = {path for source in found for path in source.files}
    found.extend(Source(kind, (name,), (path,), overrides=True) for path, name in files.items() if path not in taken)
    return sorted(found, key=lambda source: source.names)


def stem(path: Path) -> str:
    """Return the name of `path` without .csv or .csv.gz."""
    return re.sub(r"\.csv(\.gz)?$", "", path.name)


def _in_order(paths: Sequence[Path]) -> list[Path]:
    """Sorted, with numbers in the names by their value: part2 before part10, as neo4j-admin does."""
    return sorted(paths, key=lambda path: by_number(path.name))


def by_number(name: str) -> list[str]:
    """Return what to sort names by for numbers in them to count by their value."""
    return [part.zfill(20) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _arguments_of(path: Path) -> list[str]:
    try:
        return shlex.split(path.read_text(encoding="utf-8-sig"), comments=True)
    except (UnicodeDecodeError, ValueError, OSError) as error:
        raise LoadError(
            f"{path}: expected the arguments of neo4j-admin database import, found something else: {error}.",
            remedy="Nothing was loaded.",
        ) from error


def from_arguments(arguments: Sequence[str], folder: Path, form: Format | None = None, where: str = "") -> Sources:
    """Return the files named by neo4j-admin's arguments, `--nodes=Label=header.csv,part.csv` and so on.

    Paths are relative to `folder`, or else to the working directory. Options about how the files are written are
    followed, those about how neo4j-admin runs are passed over, unknown ones raise LoadError.
    """
    form = form or Format()
    found: list[Source] = []
    waiting = list(arguments)
    while waiting:
        argument = waiting.pop(0)
        if not argument.startswith("--"):
            continue  # the words "database import full" and the name of the database
        name, assigned, value = argument[2:].partition("=")
        if name in _WITHOUT_EFFECT:
            continue
        if name in _FLAGS:
            form = _with_flag(form, name, value.lower() != "false")
            continue
        if not assigned:
            if not waiting:
                raise _refused(where, f"--{name}", "a value behind it")
            value = waiting.pop(0)
        if name in ("nodes", "relationships"):
            found.append(_source("nodes" if name == "nodes" else "relations", value, folder, where))
        else:
            form = _with_option(form, name, value, where)
    if not any(source.kind == "nodes" for source in found):
        raise LoadError(
            f"{where or 'arguments'}: expected at least one --nodes=Label=file.csv, found none.",
            remedy="Nothing was loaded.",
        )
    return Sources(folder, tuple(found), form)


def _source(kind: Literal["nodes", "relations"], value: str, folder: Path, where: str) -> Source:
    names, assigned, files = value.rpartition("=")
    separate = tuple(name for name in names.split(":") if name) if assigned else ()
    if kind == "relations" and len(separate) > 1:
        raise _refused(where, f"--relationships={value}", "one type")
    paths = [path for part in files.split(",") if part.strip() for path in _matching(part.strip(), folder)]
    if not paths:
        raise _refused(where, f"--{'nodes' if kind == 'nodes' else 'relationships'}={value}", "the name of a file")
    return Source(kind, separate, tuple(paths))


def _matching(part: str, folder: Path) -> list[Path]:
    """The file named `part`, or else those whose names match it as a regular expression, as neo4j-admin has it."""
    try:
        given = Path(part).expanduser()
    except RuntimeError:  # ~somebody who is not known here: a file that is not there
        given = Path(part)
    for path in (folder / given, given):
        if path.exists():
            return [path]
    parent = (folder / given).parent
    try:
        pattern = re.compile(given.name)
        matching = [path for path in parent.iterdir() if pattern.fullmatch(path.name)] if parent.is_dir() else []
    except re.error:
        matching = []
    return _in_order(matching) or [folder / given]


def _with_flag(form: Format, name: str, value: bool) -> Format:
    if name == "ignore-extra-columns":
        return replace(form, ignore_extra_columns=value)
    if name == "trim-strings":
        return replace(form, trim_strings=value)
    if name == "legacy-style-quoting":
        return replace(form, backslash_escapes=value)
    return replace(form, skip_further_headers=value)


def _with_option(form: Format, name: str, value: str, where: str) -> Format:
    if name == "delimiter":
        return replace(form, delimiter=separator(value, f"--{name}", where))
    if name == "array-delimiter":
        return replace(form, array_delimiter=separator(value, f"--{name}", where))
    if name == "quote":
        return replace(form, quote=separator(value, f"--{name}", where))
    if name == "input-encoding":
        try:
            "text".encode(value)  # codecs.lookup also knows base64, which is no encoding of text
            return replace(form, encoding=codecs.lookup(value).name)
        except (LookupError, ValueError) as error:
            raise _refused(where, f"--{name}={value}", "the name of an encoding") from error
    if name == "id-type":
        if value.lower() not in ("string", "integer"):
            raise _refused(where, f"--{name}={value}", "string or integer")
        return replace(form, id_type=value.lower())
    raise _refused(where, f"--{name}", "an option of neo4j-admin database import that says what the files hold")


def separator(value: str, option: str, where: str = "") -> str:
    """Return the one character meant by `value`: itself, TAB, or a code point as U+20AC. Raises LoadError."""
    code = re.fullmatch(r"U\+([0-9A-Fa-f]{4,6})", value)
    character = _SEPARATORS.get(value, value)
    if code:
        number = int(code[1], 16)
        character = chr(number) if number <= sys.maxunicode else ""
    if len(character) != 1 or character in "\r\n\0" or unicodedata.category(character) == "Cs":
        raise _refused(where, f"{option}={value}", "one character, TAB or U+0009")
    return character


def _refused(where: str, found: str, expected: str) -> LoadError:
    place = f"{where}: " if where else ""
    return LoadError(f"{place}expected {expected}, found '{found}'.", remedy="Nothing was loaded.")
