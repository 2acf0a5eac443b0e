"""How good lists are: the metrics of kg-rec's evaluation, or what a referee's script says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from exchange import read_lines
from numpy.typing import NDArray

from kg_rec.errors import InputError
from kg_rec.evaluation.metrics import METRICS, Interval, bootstrap, judge, paired
from kg_rec.evaluation.strangers import Stranger, judgeable

TUNED_ON = "recall@50"
"""What the settings of every peer are chosen by."""

_SHOWN_AS = {"ndcg@10": "nDCG@10", "mrr": "MRR"}

Values = dict[str, NDArray[np.float64]]
"""Each metric for each person, [P]."""


@dataclass(frozen=True)
class Row:
    """One row of the table. values: by person; intervals: as told by whoever judged; seconds: of the chosen settings."""

    name: str
    title: str
    values: Values
    intervals: dict[str, Interval]
    settings: dict[str, Any]
    tried: int
    seconds: dict[str, float]


class Judge:
    """Judges lists for one group of people."""

    def __init__(self, people: Path, strangers: Sequence[Stranger], ids: Sequence[str], referee: Path | None) -> None:
        """people: the file; strangers: the same people, read; ids: of the items by row; referee: a script that is called as
        `python REFEREE PEOPLE LISTS --json`, and prints mean and interval as {"recall@10": m, "recall@10_ci95": [l, h]}.
        """
        self._people, self._referee = people, referee
        kept = judgeable(strangers, [frozenset()] * len(strangers))
        self._strangers = [strangers[place] for place in kept]
        self._row = {identity: row for row, identity in enumerate(ids)}

    def values(self, lists: Path) -> Values:
        """Return each metric for each person who can be judged; an item that the graph does not have is a miss."""
        listed = {str(line["user_id"]): line["items"] for line in read_lines(lists)}
        unknown = len(self._row)
        ranked = [
            [self._row.get(str(item), unknown + place) for place, item in enumerate(listed.get(one.person, []))]
            for one in self._strangers
        ]
        relevant, known = [one.relevant for one in self._strangers], [one.known for one in self._strangers]
        return judge(ranked, relevant, known)

    def intervals(self, lists: Path, values: Values) -> dict[str, Interval]:
        """Return mean and 95 % interval of each metric. Raises InputError where the referee says nothing that can be read."""
        if self._referee is None:
            return {metric: bootstrap(values[metric]) for metric in METRICS}
        command = [sys.executable, str(self._referee), str(self._people), str(lists), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        try:
            told = json.loads(done.stdout)
            return {metric: Interval(told[metric], *told[f"{metric}_ci95"]) for metric in METRICS}
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{self._referee}: expected JSON with {', '.join(METRICS)} and their _ci95, found "
                f"{(done.stdout or done.stderr).strip()[:200]!r}."
            ) from error


def table(rows: Sequence[Row], ours: Row | None, failed: dict[str, str]) -> str:
    """Return the table in Markdown, in the order given, ours last; failed: what became of the peers that did not run."""
    head = ["ranked by", *(_SHOWN_AS.get(name, name) for name in METRICS)]
    head += [f"kg-rec − it, {TUNED_ON}", "settings", "fit + rank"]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for row in [*rows, *([ours] if ours else [])]:
        cells = [f"**{row.title}**" if row is ours else row.title]
        cells += [_told(row.intervals[metric], bounds=metric.startswith("recall")) for metric in METRICS]
        cells.append(_difference(row, ours) if ours and row is not ours else "")
        chosen = ", ".join(f"{name} {value}" for name, value in row.settings.items())
        cells.append(f"{chosen} (of {row.tried})" if row.tried > 1 else chosen)
        cells.append(f"{row.seconds['fit']:.1f} + {row.seconds['rank']:.1f} s" if row.seconds else "")
        lines.append(f"| {' | '.join(cells)} |")
    lines += [f"\n{name} did not run: {why}" for name, why in failed.items()]
    return "\n".join(lines) + "\n"


def as_json(rows: Sequence[Row], ours: Row | None, failed: dict[str, str]) -> dict[str, Any]:
    """Return the same for reading by machine, with the difference of ours to each peer in each metric."""
    told = []
    for row in [*rows, *([ours] if ours else [])]:
        one: dict[str, Any] = {"name": row.name, "title": row.title, "settings": row.settings, "tried": row.tried}
        one["seconds"] = row.seconds
        one["metrics"] = {metric: _bounds(row.intervals[metric]) for metric in METRICS}
        if ours and row is not ours:
            differences = {metric: paired(ours.values[metric], row.values[metric]) for metric in METRICS}
            one["ours minus it"] = {metric: {**_bounds(found), "p": found.p} for metric, found in differences.items()}
        told.append(one)
    return {"tuned on": TUNED_ON, "rows": told, "failed": failed}


def _difference(row: Row, ours: Row) -> str:
    found = paired(ours.values[TUNED_ON], row.values[TUNED_ON])
    return f"{_signed(found.mean)} [{_signed(found.low)}, {_signed(found.high)}]"


def _told(interval: Interval, *, bounds: bool) -> str:
    mean = _short(interval.mean)
    return f"{mean} [{_short(interval.low)}, {_short(interval.high)}]" if bounds else mean


def _bounds(found: Any) -> dict[str, float]:
    return {name: round(float(getattr(found, name)), 5) for name in ("mean", "low", "high")}


def _short(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


def _signed(value: float) -> str:
    return f"{'−' if value < 0 else '+'}{_short(abs(value))}"
