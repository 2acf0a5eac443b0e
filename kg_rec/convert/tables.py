"""Tables in text files, row by row: separated by anything, with quotes or without, with a header or without."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kg_rec.graph.csv_lines import Format, Unreadable, open_field
from kg_rec.graph.csv_values import expectation, parser
from kg_rec.graph.problems import quoted

if TYPE_CHECKING:
    from kg_rec.convert.source import Source

_LONGEST_RECORD = 1000
"""Lines of one record; where a quote is not closed, no more are kept."""
_UNDECODABLE = re.compile("[\udc80-\udcff]")
_WANTED = re.compile(r"(?P<name>[^:?]+)(?::(?P<type>\w+))?(?P<empty>\?)?")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A column that is asked for. text: as in the message; check: raises ValueError for what is none of the type."""

    name: str
    type: str
    may_be_empty: bool
    check: Callable[[str], Any] | None

    @property
    def told(self) -> str:
        return self.name if self.type == "string" else f"{self.name}:{self.type}"


@dataclass(slots=True)
class _Record:
    """line: where it starts, from 1; clean: whether all its bytes are text."""

    line: int
    cells: list[str] | Unreadable
    clean: bool


class Table:
    """The rows of a file, each a tuple of the cells that were asked for; those that are not in order are noted, and left out.

    line: where the row that was given last starts, from 1.
    """

    def __init__(
        self,
        source: Source,
        name: str,
        columns: Sequence[str],
        delimiter: str,
        quote: str,
        header: bool,
        encoding: str,
    ) -> None:
        self.name = name
        self.line = 0
        self._source = source
        self._wanted = [_wanted(column) for column in columns]
        self._delimiter, self._quote, self._header, self._encoding = delimiter, quote, header, encoding
        self._positions = list(range(len(columns)))

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        with closing(self._source.lines(self.name, self._encoding)) as lines:
            records = self._quoted(lines) if self._quote else self._plain(lines)
            width = len(self._wanted)
            if self._header:
                first = next(records, None)
                if first is None or isinstance(first.cells, Unreadable):
                    found = "an empty file" if first is None else quoted(first.cells.text)  # type: ignore[union-attr]
                    self._source.unusable(self.name, "a header line", found, line=1)
                    return
                width = self._found(first)
            yield from self._rows(records, width)
        if not self.line and not self._header:
            self._source.unusable(self.name, "at least one line", "an empty file")

    def refuse(self, column: str, expected: str, found: str, remedy: str = "") -> None:
        """Note that the row that was given last is not in order, and to be left out. column: one that was asked for."""
        at = next(at for at, wanted in enumerate(self._wanted) if wanted.name == column)
        self._refused(at, expected, found, remedy)

    def again(self, column: str, identity: str) -> None:
        """Note that the row that was given last has the id of another one."""
        self.refuse(column, f"an id of its own for '{column}'", f"{quoted(identity)} again")

    def _found(self, header: _Record) -> int:
        """Find the columns by name; return how many there are in all."""
        assert not isinstance(header.cells, Unreadable)
        cells = [cell.strip() for cell in header.cells]
        missing = [wanted.name for wanted in self._wanted if wanted.name not in cells]
        if missing:
            expected = f"the column{'s' if len(missing) > 1 else ''} " + ", ".join(f"'{name}'" for name in missing)
            self._source.unusable(self.name, expected, quoted(self._delimiter.join(cells)), line=header.line)
        self._positions = [cells.index(wanted.name) for wanted in self._wanted]
        return len(cells)

    def _rows(self, records: Iterator[_Record], width: int) -> Iterator[tuple[str, ...]]:
        positions = self._positions
        checks = [(at, wanted.check) for at, wanted in enumerate(self._wanted) if wanted.check]
        required = [at for at, wanted in enumerate(self._wanted) if not wanted.may_be_empty]
        for record in records:
            self.line, cells = record.line, record.cells
            if isinstance(cells, Unreadable):
                expected = "a field that ends, with a quote at its end and every quote inside doubled"
                self._source.refuse(self.name, record.line, cells.column + 1, expected, quoted(cells.text))
                continue
            if len(cells) != width and (len(cells) < width or any(cells[width:])):
                expected = f"{width} field{'s' if width > 1 else ''}{' as in the header' if self._header else ''}"
                column = min(len(cells), width) + 1
                self._source.refuse(
                    self.name, record.line, column, expected, f"{len(cells)}, the last being {quoted(cells[-1])}"
                )
                continue
            row = tuple([cells[position] for position in positions])
            wrong = -1
            if not record.clean:
                wrong = next((at for at, cell in enumerate(row) if _UNDECODABLE.search(cell)), -1)
                if wrong >= 0:
                    remedy = "Save the file as UTF-8, as by iconv -f LATIN1 -t UTF-8."
                    self._refused(wrong, "text in UTF-8", quoted(row[wrong]), remedy)
                    continue
            if "" in row:
                wrong = next((at for at in required if not row[at]), -1)
            if wrong < 0:
                for at, check in checks:
                    try:
                        if row[at]:
                            check(row[at])
                    except ValueError:
                        wrong = at
                        break
            if wrong < 0:
                yield row
            else:
                wanted = self._wanted[wrong]
                what = expectation(wanted.type) if wanted.check else "a value"
                self._refused(wrong, f"{what} for '{wanted.told}'", quoted(row[wrong]))

    def _refused(self, at: int, expected: str, found: str, remedy: str = "") -> None:
        self._source.refuse(self.name, self.line, self._positions[at] + 1, expected, found, remedy)

    def _plain(self, lines: Iterator[str]) -> Iterator[_Record]:
        delimiter = self._delimiter
        for number, line in enumerate(lines, start=1):
            if text := line.rstrip("\r\n"):
                clean = text.isascii() or not _UNDECODABLE.search(text)
                yield _Record(number, text.split(delimiter), clean)

    def _quoted(self, lines: Iterator[str]) -> Iterator[_Record]:
        """Yield the records; after one that does not end, reading goes on at the line after its first one."""
        form = Format(delimiter=self._delimiter, quote=self._quote)
        pending = _Pending(lines)
        while True:
            reader = csv.reader(pending, delimiter=self._delimiter, quotechar=self._quote, strict=True)
            try:
                for cells in reader:
                    if cells:
                        yield _Record(pending.start, cells, pending.clean)
                    pending.next_record()
                return
            except (csv.Error, _TooLongError):
                yield _Record(pending.start, open_field(pending.kept[0], form), True)
                pending.back_after_first()


class _TooLongError(Exception):
    pass


class _Pending:
    """The lines of a file for a reader of records; those of the record that is being read can be read again."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._back: deque[str] = deque()
        self.start = 1
        self.kept: list[str] = []
        self.clean = True

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.kept) >= _LONGEST_RECORD:
            raise _TooLongError
        line = self._back.popleft() if self._back else next(self._lines)
        self.kept.append(line)
        if not line.isascii() and _UNDECODABLE.search(line):
            self.clean = False
        return line

    def next_record(self) -> None:
        self.start += len(self.kept)
        self.kept.clear()
        self.clean = True

    def back_after_first(self) -> None:
        self._back.extendleft(reversed(self.kept[1:]))
        del self.kept[1:]
        self.next_record()


def _wanted(column: str) -> _Wanted:
    match = _WANTED.fullmatch(column)
    if match is None:
        raise ValueError(f"{column}: no column as name:type?")
    type_name = match["type"] or "string"
    check = None if type_name == "string" else parser(type_name, {})
    return _Wanted(match["name"], type_name, match["empty"] is not None, check)
