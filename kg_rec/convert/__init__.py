"""Data as people have it on disk, made into the CSV folder that `kg-rec load` reads."""

from __future__ import annotations

import csv
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kg_rec.convert.layout import Layout, layout_of, layouts
from kg_rec.convert.source import Source, opened
from kg_rec.convert.writer import GraphWriter
from kg_rec.errors import ConvertError
from kg_rec.graph.problems import Problem, Problems, write_report
from kg_rec.progress import SILENT, Progress

UNDONE = "Nothing was written."


@dataclass(frozen=True, slots=True)
class Conversion:
    """What was made of a source. nodes, relations: how many by label and by type; notes: what a person should know;
    skipped: the lines left out because they are not in order.
    """

    target: Path
    layout: str
    nodes: Mapping[str, int]
    relations: Mapping[str, int]
    notes: tuple[str, ...] = ()
    skipped: tuple[Problem, ...] = field(default=(), repr=False)


def convert(
    source: Path | str,
    target: Path | str,
    *,
    layout: str | None = None,
    language: str = "en",
    bad_rows: Path | None = None,
    progress: Progress = SILENT,
) -> Conversion:
    """Write what is in `source` as the CSV folder `target`, which must be new or empty.

    source: a folder, a file, a .zip or a .tar; layout: the name of one, where it is not to be found out; language: preferred
    where texts come in several; bad_rows: skip lines that are not in order, and list them in this file.
    Raises ConvertError with everything that is wrong, by file, line and column; then there is no target.
    """
    problems = Problems(skipping=bad_rows is not None, error=ConvertError, undone=UNDONE)
    source, target = Path(source), Path(target)
    with opened(source, problems, language=language, progress=progress) as files, written_beside(target) as folder:
        chosen = layout_of(files, layout)
        graph = GraphWriter(folder)
        try:
            with _long_fields():
                chosen.convert(files, graph)
            files.finish()
            problems.stop()
            graph.finish()
        finally:
            graph.close()
        if not graph.counts["nodes"]:
            raise ConvertError(f"{source}: expected at least one node, found none.", remedy=UNDONE)
        if bad_rows is not None:
            write_report(problems.found, bad_rows, error=ConvertError, undone=UNDONE)
    counts = graph.counts
    return Conversion(
        target, chosen.name, counts["nodes"], counts["relations"], tuple(graph.notes), tuple(problems.found)
    )


@contextmanager
def written_beside(target: Path) -> Iterator[Path]:
    """Give a folder beside `target` that takes its place at the end, or vanishes where something is raised.

    Raises ConvertError where there is something already, or where it cannot be written.
    """
    if target.exists() and not target.is_dir():
        raise ConvertError(f"{target}: expected a new or an empty folder, found a file.", remedy=UNDONE)
    if target.is_dir() and (inside := sorted(entry.name for entry in target.iterdir())):
        raise ConvertError(
            f"{target}: expected a new or an empty folder, found {', '.join(inside[:5])} in it.",
            remedy=f"{UNDONE} Name another folder, or empty this one.",
        )
    place = target.absolute()
    beside = place.with_name(f".{place.name}.writing")
    try:
        shutil.rmtree(beside, ignore_errors=True)  # of one that was killed
        beside.mkdir(parents=True)
        yield beside
        if target.is_dir():
            target.rmdir()
        beside.replace(place)
    except OSError as error:
        raise ConvertError(
            f"{target}: the folder cannot be written: {error.strerror or error}.", remedy=UNDONE
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


@contextmanager
def _long_fields() -> Iterator[None]:
    """Let the fields of CSV be of any length for a while."""
    limit = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(limit)


__all__ = [
    "Conversion",
    "ConvertError",
    "GraphWriter",
    "Layout",
    "Source",
    "convert",
    "layouts",
    "written_beside",
]
