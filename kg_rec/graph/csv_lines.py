"""Records of one CSV file, each with the physical line it starts at."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import itertools
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kg_rec.graph.problems import Problem, Problems

_UTF8_MARK = codecs.BOM_UTF8
OTHER_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


@dataclass(frozen=True, slots=True)
class Format:
    """How the files are written; the defaults are those of `neo4j-admin database import`."""

    delimiter: str = ","
    array_delimiter: str = ";"
    quote: str = '"'
    encoding: str = "utf-8"
    id_type: str = "string"
    backslash_escapes: bool = False
    ignore_extra_columns: bool = False
    trim_strings: bool = False
    skip_further_headers: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A decoded file. `clean`: all its bytes could be decoded; otherwise the others are lone surrogates in `lines`."""

    lines: list[str]
    clean: bool


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that does not end: field `column` (from 0) of its first line is opened by a quote, and not closed."""

    column: int
    text: str


def read_text(path: Path, shown: str, form: Format, problems: Problems) -> Text | None:
    """Return the lines of `path`, their ends kept, or None after noting why it cannot be read."""

    try:
        return _decoded(_bytes(path), form)
    except _UnusableError as error:
        problems.add(Problem(shown, 0, 0, error.expected, error.found, error.remedy, row=False))
        return None


class _UnusableError(Exception):
    def __init__(self, expected: str, found: str, remedy: str = "") -> None:
        super().__init__(expected)
        self.expected, self.found, self.remedy = expected, found, remedy


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if path.suffix == ".gz" or data[:2] == b"\x1f\x8b" else data
    except FileNotFoundError as error:
        raise _UnusableError("a file", "nothing", f"Is {path} the right place?") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _UnusableError("a whole gzip file", f"a damaged one ({error})") from error
    except OSError as error:
        raise _UnusableError("a file to read", f"'{error.strerror}'") from error


def _decoded(data: bytes, form: Format) -> Text:
    if form.encoding.lower().replace("_", "-") not in ("utf-8", "utf8"):
        try:
            return Text(_lines(data.decode(form.encoding).removeprefix("\ufeff")), clean=True)
        except UnicodeError as error:
            found = "something else"
            if isinstance(error, UnicodeDecodeError):  # the rarer codecs do not say where
                line = data.count(b"\n", 0, error.start) + 1
                found = f"byte {data[error.start]:#04x} in line {line}"
            raise _UnusableError(f"text in {form.encoding}", found, "Is that its encoding?") from error
    for mark, name in OTHER_MARKS.items():
        if data.startswith(mark):
            raise _UnusableError("text in UTF-8", f"text in {name}", f"Save it as UTF-8: iconv -f {name} -t UTF-8")
    data = data.removeprefix(_UTF8_MARK)
    if data[:1000].count(0) > len(data[:1000]) // 4:
        raise _UnusableError("text in UTF-8", "many zero bytes", "Save it as UTF-8: iconv -f UTF-16LE -t UTF-8")
    try:
        return Text(_lines(data.decode("utf-8")), clean=True)
    except UnicodeDecodeError:
        return Text(_lines(data.decode("utf-8", "surrogateescape")), clean=False)


def _lines(text: str) -> list[str]:
    # Not str.splitlines: it also splits at form feeds and at U+2028, which are no line ends in a CSV file.
    return list(io.StringIO(text, newline=""))


def records(lines: list[str], form: Format) -> Iterator[tuple[int, list[str] | Unreadable]]:
    """Yield each record with the line it starts at, from 1; blank lines are left out.

    After a record that does not end, reading goes on at the line after its first one.
    """
    limit = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        start = 0
        while start < len(lines):
            reader = csv.reader(
                itertools.islice(lines, start, None),
                delimiter=form.delimiter,
                quotechar=form.quote,
                escapechar="\\" if form.backslash_escapes else None,
                strict=True,
            )
            read = 0
            try:
                for row in reader:
                    if row:
                        yield start + read + 1, row
                    read = reader.line_num
                return
            except csv.Error:
                yield start + read + 1, open_field(lines[start + read], form)
                start += read + 1
    finally:
        csv.field_size_limit(limit)


def open_field(line: str, form: Format) -> Unreadable:
    """Return the field of `line` whose quotes are wrong: not closed, or followed by more text."""
    column, begin, position = 0, 0, 0
    while position < len(line):
        if position == begin and line[position] == form.quote:
            position += 1
            while position < len(line):
                if line[position] == form.quote:
                    if line[position + 1 : position + 2] != form.quote:
                        break
                    position += 1
                position += 1
            position += 1
            if line[position : position + 1] not in ("", "\r", "\n", form.delimiter):
                break
            if position > len(line):
                break
        if line[position : position + 1] == form.delimiter:
            column, begin = column + 1, position + 1
        position += 1
    return Unreadable(column, line[begin:].rstrip("\r\n"))
