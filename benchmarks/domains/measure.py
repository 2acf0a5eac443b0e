"""How kg-rec does in domains it was not tuned on, by `load`, `train` and `recommend` alone.

    python benchmarks/domains/redress.py MOVIES OUTPUT
    python benchmarks/domains/measure.py OUTPUT

Each domain gets a home of its own beside its folder. Prints, for each form of the people's words, recall@10, recall@50 and
MRR of popularity (how many interacted with an item) and of what `kg-rec` answers, and how many times the one the other is.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from kg_rec.evaluation.metrics import recall, reciprocal_rank

METRICS = ("recall@10", "recall@50", "MRR")


def main() -> None:
    """Measure every domain, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path, help="the folder that redress.py wrote")
    output = parser.parse_args().output
    print(
        f"| {'words':20s} | people | " + " | ".join(f"{metric}: popularity, kg-rec, times" for metric in METRICS) + " |"
    )
    for folder in sorted(path for path in output.iterdir() if (path / "relations").is_dir()):
        home = output / f"{folder.name}-home"
        run(home, "load", str(folder))
        run(home, "train")
        counted = counts(folder)
        for file in sorted(folder.glob("people-*.jsonl")):
            people = read(file)
            answered = home / f"{file.stem}.recommended.jsonl"
            run(home, "recommend", "--input", str(file), "--output", str(answered), "-k", "100")
            ours = {line["user_id"]: line["items"] for line in read(answered)}
            popular = judged(people, {person["user_id"]: counted for person in people})
            found = judged(people, ours)
            cells = (f"{p:.3f}, {f:.3f}, {f / p:.2f}" for p, f in zip(popular, found, strict=True))
            form = file.stem.removeprefix("people-")
            print(f"| {folder.name + ': ' + form:20s} | {len(people):6d} | " + " | ".join(cells) + " |", flush=True)
        run(home, "neo4j", "stop")


def run(home: Path, *arguments: str) -> None:
    """Run kg-rec in a home; what it prints goes to the terminal's error stream."""
    command = [str(Path(sys.executable).with_name("kg-rec")), *arguments]
    subprocess.run(command, env={**os.environ, "KG_REC_HOME": str(home)}, stdout=sys.stderr, check=True)


def counts(folder: Path) -> list[str]:
    """Return the ids of the items, those with most interactions first."""
    counted: Counter[str] = Counter()
    for name in ("LISTENED_TO", "REVIEWED"):
        path = folder / "relations" / f"{name}.csv"
        if path.exists():
            with path.open(encoding="utf-8", newline="") as lines:
                counted.update(list(row.values())[1] for row in csv.DictReader(lines))
    return [identity for identity, _ in counted.most_common()]


def judged(people: list[dict[str, Any]], answers: dict[str, list[Any]]) -> tuple[float, ...]:
    """Return the mean over people of METRICS; items that the words name count neither way."""
    values = []
    for person in people:
        named = {str(item) for item in person["mentioned"]}
        relevant = {str(item) for item in person["relevant"]} - named
        best = [str(item) for item in answers[person["user_id"]] if str(item) not in named]
        values.append((recall(best, relevant, 10), recall(best, relevant, 50), reciprocal_rank(best, relevant)))
    return tuple(np.mean(values, axis=0).tolist())


def read(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main()
