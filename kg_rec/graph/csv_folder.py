"""A graph as CSV files: read whole and checked whole, before anything is written.

Everything is found in one pass over the files: values of another type, ends that are no node, ids given twice, missing
files, other encodings, lines with other numbers of fields, quotes that are not closed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from kg_rec.graph.csv_header import Column, Header, is_header, parse_header
from kg_rec.graph.csv_lines import Format, Unreadable, read_text, records
from kg_rec.graph.csv_values import expectation, list_of, parser
from kg_rec.graph.import_arguments import Source, Sources, find_sources, stem
from kg_rec.graph.keys import LONGEST_KEY, key_of
from kg_rec.graph.problems import Problem, Problems, quoted
from kg_rec.progress import SILENT, Progress, Step

KEPT_LABELS = ("KGEntity", "KGPerson", "KGItem", "KGModel", "KGWrite", "KGEvent", "KGFeed")
KEPT_TYPES = ("INTERESTED_IN", "KG_REACTED_TO", "KG_SPEAKS_FOR")

_NO_VALUE = (ValueError, KeyError, OSError)
"""What parsing raises; the last two where a time zone is unknown or cannot be read."""


@dataclass(slots=True)
class Values:
    """The values of one property, None where missing. type: as in the header; array: each value is a list."""

    type: str
    array: bool
    values: list[Any]


@dataclass(slots=True)
class NodeTable:
    """The nodes of one source. `labels`: of each node, the primary one first. `properties` holds the id as well."""

    file: str
    id_property: str
    keys: list[str]
    labels: list[tuple[str, ...]]
    properties: dict[str, Values]

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(slots=True)
class RelationTable:
    """The relations of one source; `sources` and `targets` are keys of nodes."""

    file: str
    types: list[str]
    sources: list[str]
    targets: list[str]
    properties: dict[str, Values]

    def __len__(self) -> int:
        return len(self.types)


@dataclass(slots=True)
class GraphFolder:
    """A checked graph, ready to load.

    skipped: the lines left out, with what is wrong with them; repeated: by type, how many relations were given again
    between the same two nodes. The graph keeps one relation of a type between two nodes, with the properties of the
    last line.
    """

    path: Path
    nodes: list[NodeTable]
    relations: list[RelationTable]
    skipped: list[Problem] = field(default_factory=list)
    repeated: dict[str, int] = field(default_factory=dict)

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return sum(map(len, self.nodes))

    @property
    def relation_count(self) -> int:
        """Number of relations."""
        return sum(map(len, self.relations))

    def label_counts(self) -> dict[str, int]:
        """Return the number of nodes by primary label."""
        return dict(Counter(labels[0] for table in self.nodes for labels in table.labels))

    def type_counts(self) -> dict[str, int]:
        """Return the number of relations by type."""
        return dict(Counter(name for table in self.relations for name in table.types))


def read_folder(
    path: Path, *, skip_bad_rows: bool = False, form: Format | None = None, progress: Progress = SILENT
) -> GraphFolder:
    """Read and check the graph in `path`, a folder with `nodes/` and `relations/` or a file of arguments.

    Raises LoadError naming every problem by file, line and column. With `skip_bad_rows`, lines that are not in order
    are left out and listed in `skipped`; only a file that cannot be read as a whole still raises.
    """
    return read_sources(find_sources(path, form), skip_bad_rows=skip_bad_rows, progress=progress)


def read_sources(sources: Sources, *, skip_bad_rows: bool = False, progress: Progress = SILENT) -> GraphFolder:
    """Read and check the graph in the files of `sources`, as `read_folder` does."""
    reader = _Reader(sources, Problems(skip_bad_rows), progress)
    return reader.read()


@dataclass(slots=True)
class _Rows:
    """The records of one source, column by column, and where each came from."""

    header: Header
    columns: list[Sequence[str]]
    lines: list[int]
    files: list[tuple[int, str]]
    """(first row, file) of each file."""
    bad: set[int]
    """Rows with something wrong, among those in `columns`."""
    lost: list[list[str]]
    """Records with another number of fields."""

    def __len__(self) -> int:
        return len(self.lines)

    def place(self, row: int) -> tuple[str, int]:
        at = bisect_right(self.files, row, key=lambda entry: entry[0]) - 1
        return self.files[at][1], self.lines[row]


@dataclass(slots=True)
class _Group:
    """The ids of one id group, as the ends of relations name them."""

    type: str
    keys: dict[str, str] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    """Ids of nodes that are there, on lines with something else wrong: no end is called dangling because of them."""


class _Reader:
    def __init__(self, sources: Sources, problems: Problems, progress: Progress) -> None:
        self._sources = sources
        self._form = sources.format
        self._problems = problems
        files = [file for source in sources.sources for file in source.files]
        self._step: Step = progress.step("Reading and checking", sum(map(_kilobytes, files)), "kB")
        self._groups: dict[str, _Group] = {}
        self._places: dict[str, tuple[str, int]] = {}
        """Where each key was first given."""

    def read(self) -> GraphFolder:
        problems = self._problems
        rows = [(source, self._rows(source)) for source in self._sources.sources]
        for source, table in rows:
            if table is not None:
                self._check_names(source, table)
        if problems.files_unusable:
            problems.stop()
        tables = [(source, table) for source, table in rows if table is not None]
        nodes = [self._nodes(source, table) for source, table in tables if source.kind == "nodes"]
        if problems.files_unusable:
            problems.stop()
        relations = [self._relations(source, table) for source, table in tables if source.kind == "relations"]
        problems.stop()
        if not any(map(len, nodes)):
            files = ", ".join(table.file for table in nodes)
            problems.add(Problem(files, 0, 0, "at least one node", "none", row=False))
            problems.stop()
        skipped = sorted(problems.found, key=lambda problem: (problem.file, problem.line, problem.column))
        folder = GraphFolder(self._sources.root, nodes, relations, skipped)
        _keep_last(folder)
        return folder

    # From files to columns of text

    def _rows(self, source: Source) -> _Rows | None:
        form, problems = self._form, self._problems
        rows: list[list[str]] = []
        table: _Rows | None = None
        first: list[str] = []
        for number, path in enumerate(source.files):
            shown = self._sources.shown(path)
            text = read_text(path, shown, form, problems)
            self._step.advance(_kilobytes(path))
            if text is None:
                if number == 0:
                    return None
                continue
            found = records(text.lines, form)
            if number == 0:
                line, head = next(found, (1, None))
                if head is None or isinstance(head, Unreadable):
                    what = "an empty file" if head is None else quoted(head.text)
                    problems.add(Problem(shown, line, 0, "a header line", what, row=False))
                    return None
                first = head
                header = parse_header(head, source.kind, shown, form.id_type, problems)
                if header is None:
                    return None
                table = _Rows(header, [], [], [], set(), [])
            assert table is not None
            table.files.append((len(rows), shown))
            start = len(rows)
            self._collect(found, source.kind, shown, rows, table, above=first if number else None)
            if not text.clean:
                self._mark_undecodable(rows, start, table)
        assert table is not None
        table.columns = list(zip(*rows, strict=True)) if rows else [()] * len(table.header.columns)
        return table

    def _collect(
        self,
        found: Iterable[tuple[int, list[str] | Unreadable]],
        kind: Literal["nodes", "relations"],
        shown: str,
        rows: list[list[str]],
        table: _Rows,
        above: list[str] | None,
    ) -> None:
        """Append the records of one file to `rows`; `above`: the header in the first file, which further ones may repeat."""
        problems, ignore_extra = self._problems, self._form.ignore_extra_columns
        lines, width = table.lines, len(table.header.columns)
        begun = False
        for line, row in found:
            if isinstance(row, Unreadable):
                expected = "a field that ends, with a quote at its end and every quote inside doubled"
                problems.add(Problem(shown, line, row.column + 1, expected, quoted(row.text)))
                continue
            if not begun:
                begun = True
                if above is not None and (row == above or self._form.skip_further_headers):
                    continue
                if is_header(row, kind):
                    expected = f"data for the header in {table.files[0][1]}"
                    named = "It is read as a part of that table: name it otherwise, or take the line out."
                    remedy = named if above is not None else "Take the line out."
                    problems.add(Problem(shown, line, 0, expected, quoted(",".join(row)), remedy, row=False))
                    return
            if len(row) != width:
                if len(row) > width and (ignore_extra or not any(row[width:])):
                    del row[width:]
                else:
                    column = min(len(row), width) + 1
                    counted = f"{width} field{'s' if width > 1 else ''} as in the header"
                    found_last = f"{len(row)}, the last being {quoted(row[-1])}"
                    problems.add(Problem(shown, line, column, counted, found_last))
                    table.lost.append(row)
                    continue
            rows.append(row)
            lines.append(line)

    def _mark_undecodable(self, rows: list[list[str]], start: int, table: _Rows) -> None:
        """Note the cells that hold bytes which are no UTF-8: they were decoded to lone surrogates."""
        for at in range(start, len(rows)):
            row = rows[at]
            joined = "".join(row)
            if joined.isascii() or not any("\udc80" <= character <= "\udcff" for character in joined):
                continue
            for column, cell in enumerate(row):
                if any("\udc80" <= character <= "\udcff" for character in cell):
                    remedy = "Save the file as UTF-8, as by iconv -f LATIN1 -t UTF-8."
                    self._problem(table, at, column, "text in UTF-8", quoted(cell), remedy)
                    row[column] = cell.encode("utf-8", "surrogateescape").decode("utf-8", "replace")

    def _problem(self, table: _Rows, row: int, column: int, expected: str, found: str, remedy: str = "") -> None:
        file, line = table.place(row)
        self._problems.add(Problem(file, line, column + 1, expected, found, remedy))
        table.bad.add(row)

    # From columns of text to nodes and relations

    def _check_names(self, source: Source, table: _Rows) -> None:
        """Note labels and types given by a file's name or an argument that cannot be used."""
        shown = table.files[0][1]
        for name in source.names:
            kept = KEPT_LABELS if source.kind == "nodes" else KEPT_TYPES
            if name in kept:
                what = "label" if source.kind == "nodes" else "type"
                expected = f"another {what} than '{name}', which kg-rec keeps for itself"
                self._problems.add(Problem(shown, 0, 0, expected, f"'{name}'", row=False))
        if source.kind == "relations" and not source.names and table.header.only("type") is None:
            remedy = "Name it as in --relationships=TYPE=file.csv."
            self._problems.add(Problem(shown, 1, 0, "a column :TYPE", "none", remedy, row=False))
        if source.kind == "nodes" and not source.names and table.header.only("label") is None:
            remedy = "Name it as in --nodes=Label=file.csv."
            self._problems.add(Problem(shown, 1, 0, "a column :LABEL", "none", remedy, row=False))

    def _nodes(self, source: Source, table: _Rows) -> NodeTable:
        header = table.header
        id_column = header.only("id")
        assert id_column is not None
        properties = {column.name: self._values(column, table) for column in header.properties}
        ids = self._ids(id_column, table)
        labels = self._labels(source, table)
        keys = self._keys(id_column, ids, labels, table)
        name = id_column.name or ("id" if "id" not in properties else "nodeId")
        identities: list[Any] = [int(identity) for identity in ids] if id_column.type == "long" else list(ids)
        properties = {name: Values(id_column.type, False, identities), **properties}
        result = NodeTable(table.files[0][1], name, keys, labels, properties)
        if table.bad:
            keep = _without(table.bad, len(table))
            result.keys, result.labels = keep(result.keys), keep(result.labels)
            for values in properties.values():
                values.values = keep(values.values)
        return result

    def _values(self, column: Column, table: _Rows) -> Values:
        cells = table.columns[column.position]
        if column.type == "string" and not column.array:
            if self._form.trim_strings:
                cells = [cell.strip() for cell in cells]
            return Values("string", False, [cell or None for cell in cells])
        try:
            parse = parser(column.type, column.options)
        except _NO_VALUE as error:  # an unknown time zone
            file = table.files[0][1]
            self._problems.add(
                Problem(file, 1, column.position + 1, "options that Neo4j knows", quoted(str(error)), row=False)
            )
            return Values(column.type, column.array, [None] * len(cells))
        expected = expectation(column.type)
        if column.array:
            parse = list_of(parse, self._form.array_delimiter)
            expected = f"a list, separated by '{self._form.array_delimiter}', each {expected}"
        values: list[Any]
        try:
            values = [parse(cell) if cell else None for cell in cells]
        except _NO_VALUE:
            values = []
            for row, cell in enumerate(cells):
                try:
                    values.append(parse(cell) if cell else None)
                except _NO_VALUE:
                    values.append(None)
                    self._problem(table, row, column.position, f"{expected} for '{column.raw}'", quoted(cell))
        return Values(column.type, column.array, values)

    def _ids(self, column: Column, table: _Rows) -> list[str]:
        """Return the ids of nodes as text, normalised where they are numbers; "0" or "" where wrong."""
        cells = table.columns[column.position]
        ids, wrong = _normalised(cells, column.type)
        for row in wrong:
            expected = "an id" if column.type == "string" else "an integer as id"
            self._problem(table, row, column.position, f"{expected} for '{column.raw}'", quoted(cells[row]))
        return ids

    def _labels(self, source: Source, table: _Rows) -> list[tuple[str, ...]]:
        column = table.header.only("label")
        if column is None:
            return [source.names] * len(table)
        given = () if source.overrides else source.names
        known: dict[str, tuple[str, ...]] = {}
        labels = []
        for row, cell in enumerate(table.columns[column.position]):
            found = known.get(cell)
            if found is None:
                own = [name.strip() for name in cell.split(self._form.array_delimiter) if name.strip()]
                found = known[cell] = tuple(dict.fromkeys([*given, *own])) or source.names
            if not found or any(name in KEPT_LABELS for name in found):
                expected = f"a label of its own, not {' or '.join(KEPT_LABELS)}" if found else "a label"
                self._problem(table, row, column.position, expected, quoted(cell))
                found = found or ("",)
            labels.append(found)
        return labels

    def _keys(self, column: Column, ids: list[str], labels: list[tuple[str, ...]], table: _Rows) -> list[str]:
        group = self._groups.setdefault(column.group, _Group(column.type))
        if group.type != column.type:
            file = table.files[0][1]
            remedy = "Give all files of the group the same one."
            expected = f"ids of type {group.type} in group '{column.group}'"
            self._problems.add(Problem(file, 1, column.position + 1, expected, column.type, remedy, row=False))
        known, places = group.keys, self._places
        keys = []
        for row, (identity, names) in enumerate(zip(ids, labels, strict=True)):
            key = key_of(names[0], identity)
            keys.append(key)
            if len(key) > LONGEST_KEY // 4 and (size := len(key.encode())) > LONGEST_KEY:  # a letter has up to 4 bytes
                expected = f"an id with its label in {LONGEST_KEY:,} bytes"
                self._problem(table, row, column.position, expected, f"{size:,}, {quoted(identity)}")
            if row in table.bad:
                if not self._problems.skipping:
                    group.lost.add(identity)
            elif identity in known or key in places:
                first = places[known.get(identity, key)]
                where = f"group '{column.group}'" if identity in known else f"the nodes labelled {names[0]}"
                again = f"{quoted(identity)} again (first at {first[0]}:{first[1]})"
                remedy = ""
                if first[0] != table.place(row)[0] and not column.group:
                    remedy = f"Files with ids of their own need a group: ':ID({names[0]})', ':START_ID({names[0]})'."
                self._problem(table, row, column.position, f"an id of its own in {where}", again, remedy)
            else:
                known[identity] = key
                places[key] = table.place(row)
        if not self._problems.skipping:
            for lost in table.lost:
                if column.position < len(lost):
                    group.lost.add(lost[column.position])
        return keys

    def _relations(self, source: Source, table: _Rows) -> RelationTable:
        header = table.header
        start, end = header.only("start"), header.only("end")
        assert start is not None and end is not None
        properties = {column.name: self._values(column, table) for column in header.properties}
        sources, targets = self._ends(start, table), self._ends(end, table)
        types = self._types(source, table)
        result = RelationTable(table.files[0][1], types, sources, targets, properties)
        if table.bad:
            keep = _without(table.bad, len(table))
            result.types, result.sources, result.targets = keep(types), keep(sources), keep(targets)
            for values in properties.values():
                values.values = keep(values.values)
        return result

    def _ends(self, column: Column, table: _Rows) -> list[str]:
        """Return the keys of the nodes that `column` names."""
        group = self._groups.get(column.group)
        cells = table.columns[column.position]
        if group is None:
            known = ", ".join(f"'{name}'" for name in self._groups)
            file, found = table.files[0][1], f"'{column.raw}'"
            expected = f"an id group of the nodes ({known})"
            self._problems.add(Problem(file, 1, column.position + 1, expected, found, row=False))
            return [""] * len(cells)
        keys, lost = group.keys, group.lost
        ids = cells if group.type == "string" else _normalised(cells, group.type)[0]
        ends = [keys.get(identity) for identity in ids]
        if None in ends:
            of = f"of group '{column.group}'" if column.group else "of a node"
            for row, key in enumerate(ends):
                if key is None and ids[row] not in lost:
                    self._problem(table, row, column.position, f"an id {of} for '{column.raw}'", quoted(cells[row]))
        return [key or "" for key in ends]

    def _types(self, source: Source, table: _Rows) -> list[str]:
        column = table.header.only("type")
        fallback = source.names[0] if source.names else ""
        if column is None:
            return [fallback] * len(table)
        types = []
        for row, cell in enumerate(table.columns[column.position]):
            name = cell.strip() or fallback
            if not name or name in KEPT_TYPES:
                expected = f"another type than {name}, which kg-rec keeps for itself" if name else "a type"
                self._problem(table, row, column.position, expected, quoted(cell))
            types.append(name)
        return types


def _kilobytes(path: Path) -> int:
    return max(1, path.stat().st_size // 1024) if path.exists() else 1


def _normalised(cells: Sequence[str], id_type: str) -> tuple[list[str], list[int]]:
    """Return the ids, and the rows where there is none. Whole numbers lose leading zeros and signs."""
    if id_type == "string":
        return list(cells), [row for row, cell in enumerate(cells) if not cell] if not all(cells) else []
    parse = parser("long", {})
    ids, wrong = [], []
    for row, cell in enumerate(cells):
        try:
            ids.append(str(parse(cell)))
        except ValueError:
            ids.append("0")
            wrong.append(row)
    return ids, wrong


def _without(bad: set[int], count: int) -> Callable[[list[Any]], list[Any]]:
    kept = [row for row in range(count) if row not in bad]
    return lambda values: [values[row] for row in kept]


def _keep_last(folder: GraphFolder) -> None:
    """Keep the last of the relations of one type between the same two nodes, and count the others."""
    rows: dict[tuple[str, str, str], tuple[int, int]] = {}
    for at, table in enumerate(folder.relations):
        for row, relation in enumerate(zip(table.types, table.sources, table.targets, strict=True)):
            rows[relation] = (at, row)
    if len(rows) == folder.relation_count:
        return
    total = folder.type_counts()
    kept: dict[int, set[int]] = {at: set() for at in range(len(folder.relations))}
    for at, row in rows.values():
        kept[at].add(row)
    for at, table in enumerate(folder.relations):
        if len(kept[at]) == len(table):
            continue
        keep = _without(set(range(len(table))) - kept[at], len(table))
        table.types, table.sources, table.targets = keep(table.types), keep(table.sources), keep(table.targets)
        for values in table.properties.values():
            values.values = keep(values.values)
    left = folder.type_counts()
    folder.repeated = {name: count - left.get(name, 0) for name, count in total.items() if count != left.get(name, 0)}


__all__ = [
    "GraphFolder",
    "NodeTable",
    "RelationTable",
    "Values",
    "find_sources",
    "read_folder",
    "read_sources",
    "stem",
]
