"""The files of a source, wherever they lie: a folder, one file, a .zip or a .tar, each of them compressed or not.

A layout asks for files by name and gets their rows or their JSON objects one at a time, so that memory does not grow with
the file. What is wrong in them is noted with file, line and column.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from kg_rec.convert.objects import Objects, object_in
from kg_rec.convert.tables import Table
from kg_rec.errors import ConvertError
from kg_rec.graph.csv_lines import OTHER_MARKS
from kg_rec.graph.problems import Problem, Problems
from kg_rec.progress import SILENT, Progress

_DEPTH = 3
"""Folders below the source that are looked into."""
_CHUNK = 1 << 16
_MOST_PROBLEMS = 1000
"""Bad lines after which reading stops where they are not skipped."""
DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, tarfile.TarError)
"""What reading raises where a compressed file is cut off or changed."""


@dataclass(frozen=True, slots=True)
class _File:
    """shown: its name as messages have it; size: in bytes as it lies there; open: returns what it holds."""

    shown: str
    size: int
    open: Callable[[], BinaryIO]


@dataclass
class Source:
    """What is to be converted.

    path: as it was given. problems: what is wrong with it. language: which one is preferred where texts come in several.
    """

    path: Path
    problems: Problems
    files: dict[str, _File]
    language: str = "en"
    progress: Progress = SILENT
    _stack: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self._left = max(1, sum(file.size for file in self.files.values()) // 1024)
        self._step = self.progress.step("Reading", self._left, "kB")

    @property
    def names(self) -> list[str]:
        """The names of all files, sorted; those in folders as "folder/file", without .gz."""
        return sorted(self.files)

    def has(self, *names: str) -> bool:
        """Tell whether all these files are there."""
        return all(name in self.files for name in names)

    def matching(self, pattern: str) -> list[str]:
        """Return the names that match a regular expression as a whole, in capitals or not; sorted."""
        return [name for name in self.names if re.fullmatch(pattern, name, re.IGNORECASE)]

    def shown(self, name: str) -> str:
        """Return the name of a file as messages have it: as it is on disk."""
        return self.files[name].shown if name in self.files else name

    def table(
        self,
        name: str,
        *columns: str,
        delimiter: str = ",",
        quote: str = '"',
        header: bool = True,
        otherwise: str = "",
    ) -> Table:
        """Return the rows of a file, each a tuple with the text of `columns`.

        columns: "name:type?", the type as in the headers of neo4j-admin, text where there is none; with a question mark cells
        may be empty. With a header they are found by their name, without one they are all columns in their order. delimiter:
        between cells, of any length; quote: "" where quotes mean nothing. otherwise: an encoding for files that are not UTF-8.
        """
        encoding = self._encoding(name, otherwise) if otherwise else "utf-8-sig"
        return Table(self, name, columns, delimiter, quote, header, encoding)

    def objects(self, name: str) -> Objects:
        """Return the JSON objects of a file, one a line."""
        return Objects(self, name)

    def first_object(self, name: str) -> dict[str, object]:
        """Return the first JSON object of a file, {} where its first line is none."""
        try:
            with self.open(name, counted=False) as file:
                for line in file:
                    if line.strip():
                        return object_in(line.decode("utf-8-sig"))
        except (ValueError, OSError, *DAMAGED):
            pass
        return {}

    def first_line(self, name: str) -> str:
        """Return the beginning of a file up to its first line end, at most 64 kB, "" where it cannot be read."""
        try:
            with self.open(name, counted=False) as file:
                return file.readline(_CHUNK).decode("utf-8-sig", "replace").rstrip("\r\n")
        except (OSError, *DAMAGED):
            return ""

    def open(self, name: str, *, counted: bool = True) -> BinaryIO:
        """Open a file for reading bytes, unpacked where it is compressed. Raises OSError or one of DAMAGED.

        counted: whether the progress shown advances with it.
        """
        raw = self.files[name].open()
        stream: BinaryIO = io.BufferedReader(_Counted(raw, self._advance), _CHUNK) if counted else raw
        if self.files[name].shown.lower().endswith(".gz"):
            return cast(BinaryIO, io.BufferedReader(_Unpacked(stream), _CHUNK))
        return stream

    def lines(self, name: str, encoding: str = "utf-8-sig") -> Generator[str, None, None]:
        """Yield the lines of a file with their ends; bytes that are no text in `encoding` become lone surrogates.

        What keeps the file from being read is noted as a problem, and ends it.
        """
        try:
            with self.open(name) as stream:
                mark = stream.read(4)
                if other := next((other for bom, other in OTHER_MARKS.items() if mark.startswith(bom)), None):
                    remedy = f"Save it as UTF-8: iconv -f {other} -t UTF-8"
                    self.unusable(name, "text in UTF-8", f"text in {other}", remedy)
                    return
                rest = io.BufferedReader(_Put(mark, stream), _CHUNK)
                yield from io.TextIOWrapper(rest, encoding, "surrogateescape", newline="")
        except DAMAGED as error:
            self.unusable(name, "a whole compressed file", f"a damaged one ({error})")
        except OSError as error:
            self.unusable(name, "a file to read", f"'{error.strerror or error}'")

    def unusable(self, name: str, expected: str, found: str, remedy: str = "", line: int = 0, column: int = 0) -> None:
        """Note that a file as a whole cannot be used, and stop."""
        self.problems.add(Problem(self.shown(name), line, column, expected, found, remedy, row=False))
        self.problems.stop()

    def refuse(self, name: str, line: int, column: int, expected: str, found: str, remedy: str = "") -> None:
        """Note a bad line, which is left out. Stops where very many were found, and none may be skipped."""
        self.problems.add(Problem(self.shown(name), line, column, expected, found, remedy))
        if not self.problems.skipping and len(self.problems.found) >= _MOST_PROBLEMS:
            self.problems.stop()

    def finish(self) -> None:
        """Tell that nothing more is read."""
        self._advance(self._left)

    def _advance(self, kilobytes: int) -> None:
        amount = min(kilobytes, self._left)
        self._left -= amount
        self._step.advance(amount)

    def _encoding(self, name: str, otherwise: str) -> str:
        """Return UTF-8 where the whole file is that, or else the other encoding."""
        import codecs

        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            with self.open(name, counted=False) as stream:
                while chunk := stream.read(_CHUNK):
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return otherwise
        except (OSError, *DAMAGED):
            pass  # told when it is read
        return "utf-8-sig"


class _Counted(io.RawIOBase):
    """Tells of each kilobyte that is read."""

    def __init__(self, raw: BinaryIO, advance: Callable[[int], None]) -> None:
        self._raw, self._tell, self._bytes = raw, advance, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a bytearray or a memoryview, in fact
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        self._bytes += len(data)
        kilobytes, self._bytes = divmod(self._bytes, 1024)
        if kilobytes:
            self._tell(kilobytes)
        return len(data)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Unpacked(gzip.GzipFile):
    """A gzip file that closes the stream it lies in, too."""

    def __init__(self, packed: BinaryIO) -> None:
        super().__init__(fileobj=packed, mode="rb")
        self._packed = packed

    def close(self) -> None:
        super().close()
        self._packed.close()


class _Put(io.RawIOBase):
    """A stream with bytes put back in front of it."""

    def __init__(self, first: bytes, rest: BinaryIO) -> None:
        self._first, self._rest = first, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a bytearray or a memoryview, in fact
        data, self._first = self._first or self._rest.read(len(buffer)), b""
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def opened(path: Path, problems: Problems, *, language: str = "en", progress: Progress = SILENT) -> Iterator[Source]:
    """Open a source: a folder, a file, or an archive, from which only a .tar is unpacked, to a temporary folder.

    Raises ConvertError where there is nothing to read.
    """
    with ExitStack() as stack:
        try:
            files = _files(path, stack)
        except (OSError, *DAMAGED) as error:
            raise ConvertError(
                f"{path}: expected a folder, a file or an archive that can be read, found: {error}.",
                remedy="Nothing was written.",
            ) from error
        if not files:
            raise ConvertError(f"{path}: expected files, found none.", remedy="Nothing was written.")
        yield Source(path, problems, files, language, progress, stack)


def _files(path: Path, stack: ExitStack) -> dict[str, _File]:
    if path.is_dir():
        return _named(_in_folder(path))
    if not path.exists():
        raise ConvertError(
            f"{path}: expected a folder, a file or an archive to convert, found nothing.", remedy="Nothing was written."
        )
    if zipfile.is_zipfile(path):
        return _named(_in_zip(path, stack))
    if tarfile.is_tarfile(path):
        return _named(_in_tar(path, stack))
    return _named({path.name: _File(path.name, path.stat().st_size, lambda: path.open("rb"))})


def _in_folder(root: Path) -> dict[str, _File]:
    found = {}
    for folder, inner, names in os.walk(root):
        here = Path(folder)
        inner[:] = [] if len(here.relative_to(root).parts) >= _DEPTH else sorted(set(inner) - set(_hidden(inner)))
        for name in set(names) - set(_hidden(names)):
            file = here / name
            shown = file.relative_to(root).as_posix()
            found[shown] = _File(shown, file.stat().st_size, lambda file=file: file.open("rb"))  # type: ignore[misc]
    return found


def _in_zip(path: Path, stack: ExitStack) -> dict[str, _File]:
    archive = stack.enter_context(zipfile.ZipFile(path))
    if any(entry.flag_bits & 1 for entry in archive.infolist()):
        raise ConvertError(
            f"{path}: expected an archive without a password, found one with.", remedy="Nothing was written."
        )
    return {
        entry.filename: _File(
            entry.filename,
            entry.file_size,
            lambda entry=entry: cast(BinaryIO, archive.open(entry)),  # type: ignore[misc]
        )
        for entry in archive.infolist()
        if not entry.is_dir() and not any(_hidden(PurePosixPath(entry.filename).parts))
    }


def _in_tar(path: Path, stack: ExitStack) -> dict[str, _File]:
    """Copy the files out, each under a number: a name in an archive can lead anywhere."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kg-rec-")))
    found = {}
    with tarfile.open(path) as archive:
        for number, entry in enumerate(archive):
            name = entry.name.removeprefix("./")
            content = archive.extractfile(entry) if entry.isfile() else None
            if content is None or any(_hidden(PurePosixPath(name).parts)):
                continue
            copy = folder / str(number)
            with copy.open("wb") as file:
                shutil.copyfileobj(content, file)
            found[name] = _File(name, entry.size, lambda copy=copy: copy.open("rb"))  # type: ignore[misc]
    return found


def _hidden(names: list[str] | tuple[str, ...]) -> list[str]:
    return [name for name in names if name.startswith((".", "__MACOSX"))]


def _named(files: dict[str, _File]) -> dict[str, _File]:
    """Return the files by name, without the folder in which all of them are, and without .gz."""
    while files and all("/" in name for name in files) and len({name.partition("/")[0] for name in files}) == 1:
        files = {name.partition("/")[2]: file for name, file in files.items()}
    plain = {name: file for name, file in files.items() if not name.lower().endswith(".gz")}
    return {**{name[:-3]: file for name, file in files.items() if name not in plain}, **plain}
