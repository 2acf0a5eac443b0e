"""Writes the CSV folder that `kg-rec load` reads, a row at a time. Kept in memory are the ids of the nodes, no relations."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any

_LOOSE = ".loose"
_NOT_IN_NAMES = re.compile(r"[\\/:*?\"<>|\x00-\x1f]")


class Rows:
    """A CSV file, made when the first row comes. name: of the label or the type; count: rows written."""

    def __init__(self, path: Path, header: Sequence[str], name: str) -> None:
        self.path, self.header, self.name, self.count = path, list(header), name, 0
        self._file: IO[str] | None = None
        self._writer: Any = None
        self._texts = [at for at, column in enumerate(header) if _is_text(column)]

    def write(self, cells: Sequence[Any]) -> None:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Half a surrogate pair, which JSON can spell, becomes a question mark.
            self._file = self.path.open("a", encoding="utf-8", errors="replace", newline="")
            self._writer = csv.writer(self._file, lineterminator="\n")
            if not self.count:
                self._writer.writerow(self.header)
        if self._texts:
            cells = list(cells)
            for at in self._texts:
                cells[at] = _text(cells[at])
        self._writer.writerow(cells)
        self.count += 1

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _is_text(column: str) -> bool:
    type_name = column.rpartition(":")[2] if ":" in column else "string"
    return type_name in ("string", "LABEL") or type_name.endswith("[]")


def _text(value: Any) -> str | None:
    """Return a cell of text. Lists are joined by ";", which becomes a comma where it is part of a value."""
    if value is None or (isinstance(value, str) and value.isprintable()):
        return value
    if isinstance(value, list | tuple):
        return ";".join(str(_text(str(part).replace(";", ","))) for part in value)
    return str(value).replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")


class Nodes:
    """The nodes of one label. `ids`: those that were added."""

    def __init__(self, rows: Rows, label: str) -> None:
        self.label = label
        self.ids: set[str] = set()
        self._rows = rows

    def __contains__(self, identity: object) -> bool:
        return identity in self.ids

    def add(self, identity: str, *cells: Any) -> bool:
        """Write a node; returns False, and writes nothing, where there is one with the id, or where the id is empty.

        cells: of the columns behind the id, None where there is no value, a list for several.
        """
        if identity in self.ids or not identity:
            return False
        self.ids.add(identity)
        self._rows.write((identity, *cells))
        return True


class Relations:
    """The relations of one type between nodes of two labels. `lost`: those left out in the end, see `GraphWriter`."""

    def __init__(self, rows: Rows, type_name: str, sources: Nodes, targets: Nodes, loose: bool) -> None:
        self.type, self.sources, self.targets, self.loose = type_name, sources, targets, loose
        self.rows = rows
        self.lost = 0

    @property
    def count(self) -> int:
        """How many were written."""
        return self.rows.count

    def add(self, source: str, target: str, *cells: Any) -> bool:
        """Write a relation; returns False, and writes nothing, where one of its ends is no node."""
        if not self.loose and (source not in self.sources.ids or target not in self.targets.ids):
            return False
        self.rows.write((source, target, *cells))
        return True

    def settle(self) -> None:
        """Leave out what is loose and has no nodes at its ends."""
        self.rows.close()
        if not self.loose or not self.rows.count:
            return
        kept = Rows(self.rows.path.with_suffix(""), self.rows.header, self.type)
        with self.rows.path.open(encoding="utf-8", newline="") as file:
            lines = csv.reader(file)
            next(lines)
            for cells in lines:
                if cells[0] in self.sources.ids and cells[1] in self.targets.ids:
                    kept.write(cells)
        kept.close()
        self.rows.path.unlink()
        self.lost = self.rows.count - kept.count
        self.rows = kept


class GraphWriter:
    """Writes a graph into a folder. `notes`: what a person should know of what was made of the source."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes: list[str] = []
        self._tables: list[Rows] = []
        self._relations: list[Relations] = []
        self.counts: dict[str, Counter[str]] = {"nodes": Counter(), "relations": Counter()}

    def nodes(self, label: str, identity: str, *columns: str) -> Nodes:
        """Return where the nodes of a label are written. columns: as in a header, "year:int"; identity: the name of the id."""
        return Nodes(self.rows("nodes", label, [f"{identity}:ID({label})", *columns]), label)

    def relations(
        self, type_name: str, sources: Nodes, targets: Nodes, *columns: str, loose: bool = False
    ) -> Relations:
        """Return where the relations of a type are written. loose: they may come before their nodes; those whose nodes never
        come are left out in the end, and a note tells how many.
        """
        header = [f":START_ID({sources.label})", f":END_ID({targets.label})", *columns]
        rows = self.rows("relations", type_name, header, ending=f".csv{_LOOSE}" if loose else ".csv")
        relations = Relations(rows, type_name, sources, targets, loose)
        self._relations.append(relations)
        return relations

    def rows(self, kind: str, name: str, header: Sequence[str], *, number: int = 1, ending: str = ".csv") -> Rows:
        """Return a file of `kind`, "nodes" or "relations", with any header that `kg-rec load` reads; nothing is checked.

        number: of the files of one label or type. The name of any but the first is not the label's: a column has to say it.
        """
        stem = _NOT_IN_NAMES.sub("_", name if number == 1 else f"{name} {number}")
        rows = Rows(self.folder / kind / f"{stem}{ending}", header, name)
        self._tables.append(rows)
        return rows

    def note(self, text: str) -> None:
        """Tell the person something of what was made of the source."""
        self.notes.append(text)

    def finish(self) -> None:
        """Write what is left, and count what there is."""
        for relations in self._relations:
            relations.settle()
            if relations.lost:
                ends = " or ".join(dict.fromkeys([relations.sources.label, relations.targets.label]))
                self.note(f"left out: {relations.lost:,} of {relations.type}, whose {ends} is not there")
        self.close()
        settled = [relations.rows for relations in self._relations if relations.rows not in self._tables]
        for rows in [*self._tables, *settled]:
            if rows.count and rows.path.exists():
                self.counts[rows.path.parent.name][rows.name] += rows.count

    def close(self) -> None:
        """Close all files."""
        for rows in self._tables:
            rows.close()


class Named:
    """Nodes that are their name, as genres and tags are, with relations to them from others.

    The name is the id, so that equal names are one node. Names are compared as `folded` has them, and kept as first met.
    """

    def __init__(self, nodes: Nodes, relations: Relations) -> None:
        self.nodes, self._relations = nodes, relations
        self._names: dict[str, str] = {}

    def link(self, source: str, names: Iterable[str], *cells: Any) -> None:
        """Write relations from a node to all names, each once."""
        for name in dict.fromkeys(map(self.name, names)):
            if name:
                self._relations.add(source, name, *cells)

    def name(self, text: str) -> str:
        """Return the name of a node that is called so, which is written where it is new; "" for no name."""
        plain = " ".join(text.split())
        name = self._names.setdefault(plain.casefold(), plain)
        self.nodes.add(name)
        return name


def named(graph: GraphWriter, label: str, type_name: str, sources: Nodes, *columns: str, loose: bool = False) -> Named:
    """Return where relations to nodes that are their name are written, as HAS_GENRE to Genre."""
    nodes = graph.nodes(label, "name")
    return Named(nodes, graph.relations(type_name, sources, nodes, *columns, loose=loose))


def distinct(values: Iterable[str]) -> list[str]:
    """Return the values that say something, each once, blanks at their ends taken off."""
    return list(dict.fromkeys(stripped for value in values if (stripped := value.strip())))


__all__ = ["GraphWriter", "Named", "Nodes", "Relations", "distinct", "named"]
