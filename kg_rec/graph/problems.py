"""What is wrong with the files to load, and how it is told: where, expected, found, remedy."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kg_rec.counted import counted
from kg_rec.errors import KgRecError, LoadError

_SHOWN = 20
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it must be.

    file: as the report shows it, relative to the folder that is loaded.
    line: physical line in the file, from 1; 0 where the file as a whole is meant.
    column: number of the field in the line, from 1; 0 where the line as a whole is meant.
    row: whether leaving the line out mends it (`--bad-rows`); a bad header or a missing file cannot be left out.
    """

    file: str
    line: int
    column: int
    expected: str
    found: str
    remedy: str = ""
    row: bool = True

    def __str__(self) -> str:
        place = ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"{place}: expected {self.expected}, found {self.found}.{remedy}"


def quoted(text: str) -> str:
    """Return `text` as an error shows it: in quotes, on one line, cut when long, undecodable bytes as `\\xe9`."""
    readable = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    readable = readable.replace("\n", "⏎").replace("\r", "")
    return f"'{readable[:_LONGEST]}…'" if len(readable) > _LONGEST else f"'{readable}'"


@dataclass
class Problems:
    """Everything found so far.

    skipping: bad lines are left out and listed, instead of stopping the work; error: what is raised; undone: what it says
    of the work that was not done.
    """

    skipping: bool = False
    found: list[Problem] = field(default_factory=list)
    error: type[KgRecError] = LoadError
    undone: str = "Nothing was loaded."

    def add(self, problem: Problem) -> None:
        """Note a problem."""
        self.found.append(problem)

    @property
    def files_unusable(self) -> bool:
        """Whether a file as a whole cannot be read, so that checking on would only report its consequences."""
        return any(not problem.row for problem in self.found)

    def stop(self) -> None:
        """Raise `error` with the problems that stop the work, if there are any."""
        stopping = [problem for problem in self.found if not (self.skipping and problem.row)]
        if stopping:
            raise self.error(_told(stopping), remedy=_remedy(stopping, self.undone))


def _told(problems: Sequence[Problem]) -> str:
    ordered = sorted(problems, key=lambda problem: problem.row)
    lines = [str(problem) for problem in ordered[:_SHOWN]]
    if len(ordered) > _SHOWN:
        files = len({problem.file for problem in ordered[_SHOWN:]})
        more = len(ordered) - _SHOWN
        lines.append(f"… and {more:,} more in {counted(files, 'file')}.")
    return "\n".join(lines)


def _remedy(problems: Sequence[Problem], undone: str) -> str:
    if any(not problem.row for problem in problems):
        return undone
    mend = "Mend the line" if len(problems) == 1 else "Mend the lines"
    return f"{undone} {mend}, or skip bad lines and list them in a report with --bad-rows=report.csv"


def skipped_in_words(problems: Sequence[Problem], report: Path) -> str:
    """Return how many lines were skipped, and where they are listed."""
    lines = len({(problem.file, problem.line) for problem in problems})
    return (
        f"{counted(lines, 'bad line')} skipped, listed in {report}" if lines else f"no bad lines; {report} lists none"
    )


def write_report(
    problems: Sequence[Problem], path: Path, *, error: type[KgRecError] = LoadError, undone: str = "Nothing was loaded."
) -> None:
    """Write the skipped lines to `path` as CSV: file, line, column, expected, found. Raises `error`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["file", "line", "column", "expected", "found"])
            writer.writerows(
                [problem.file, problem.line, problem.column, problem.expected, problem.found] for problem in problems
            )
    except OSError as refused:
        raise error(
            f"{path}: the report of bad lines cannot be written: {refused.strerror}",
            remedy=f"{undone} Name another file with --bad-rows.",
        ) from refused
