"""kg-rec and its peers, side by side: the same graph, the same people, the same linker, the same judge.

    python benchmarks/quality/run.py DATA [--people FILE] [--output DIR] [--work DIR] [--only NAME ...]
                                     [--ours RECS.jsonl | --home HOME] [--referee SCRIPT] [--schema SCHEMA.toml]

DATA: a folder of CSV files as neo4j-admin takes them. FILE: JSON lines with user_id, text, mentioned and relevant, by default the
one .jsonl file in DATA. A peer sees of a person what kg-rec's linker and encoder see; which items are relevant only the judge
knows. Each setting of each peer is tried, and the one with the best recall@50 with these people is shown: the figures
flatter the peers as they flatter kg-rec, whose settings these people chose, too.

Writes table.md, results.json and the chosen lists into DIR. Environments, vectors and what is exchanged are kept in --work,
so that the second run is shorter. Exit status 1 where a peer did not run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from environments import NoEnvironmentError, python_of
from exchange import LENGTH
from judgement import TUNED_ON, Judge, Row, as_json, table
from peers import PEERS
from preparation import prepare

from kg_rec.errors import InputError, KgRecError
from kg_rec.text.encoder import DEFAULT_ENCODER

_HERE = Path(__file__).parent
_LONGEST = 3600
"""Seconds after which a peer is ended."""


class PeerError(Exception):
    """A peer did not run."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run everything that is asked for, and print the table. Return the exit status."""
    given = _arguments(arguments)
    try:
        return _run(given)
    except KgRecError as error:
        print(f"run.py: {error}", file=sys.stderr)
        return 2


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder of CSV files")
    parser.add_argument("--people", type=Path, help="who is recommended to; by default the one .jsonl file in DATA")
    parser.add_argument("--output", type=Path, default=Path("build/quality"), help="where table and lists go")
    parser.add_argument(
        "--work", type=Path, default=Path("build/quality/work"), help="where environments and vectors are kept"
    )
    parser.add_argument("--only", nargs="+", choices=list(PEERS), metavar="NAME", help=f"of {', '.join(PEERS)}")
    ours = parser.add_mutually_exclusive_group()
    ours.add_argument("--ours", type=Path, help="lists of kg-rec, as kg-rec recommend --input writes them")
    ours.add_argument("--home", type=Path, help="home with a trained model of kg-rec, which is asked")
    parser.add_argument("--referee", type=Path, help="script that judges; by default kg_rec.evaluation.metrics")
    parser.add_argument("--schema", type=Path, help="schema.toml; by default it is inferred")
    parser.add_argument("--encoder", default=DEFAULT_ENCODER, help="sentence encoder, for all")
    return parser.parse_args(arguments)


def _run(given: argparse.Namespace) -> int:
    people = given.people or _people_in(given.data)
    exchange, lists = given.work / "exchange", given.output / "lists"
    lists.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    strangers = prepare(
        given.data, people, exchange, schema=given.schema, encoder=given.encoder, vectors=given.work / "vectors"
    )
    ids = json.loads((exchange / "graph.json").read_text(encoding="utf-8"))["items"]
    print(f"{len(strangers)} people, {len(ids)} items, prepared in {time.perf_counter() - started:.0f} s", flush=True)
    judge = Judge(people, strangers, ids, given.referee)
    ours = _ours(given, people, lists, judge)
    rows: list[Row] = []
    failed: dict[str, str] = {}
    for name in given.only or PEERS:
        started = time.perf_counter()
        try:
            rows.append(_peer(name, exchange, given.work, lists, judge))
            best = rows[-1].intervals[TUNED_ON].mean
            print(f"{name}: {TUNED_ON} {best:.3f}, {time.perf_counter() - started:.0f} s in all", flush=True)
        except (PeerError, NoEnvironmentError) as error:
            failed[name] = str(error).splitlines()[-1]
            print(f"{name}: {error}", file=sys.stderr, flush=True)
        # After each peer: what is known is kept when a later one takes too long.
        told = table(rows, ours, failed)
        (given.output / "table.md").write_text(told, encoding="utf-8")
        results = json.dumps(as_json(rows, ours, failed), indent=1)
        (given.output / "results.json").write_text(results + "\n", encoding="utf-8")
    print(told)
    return 1 if failed else 0


def _people_in(data: Path) -> Path:
    found = sorted(data.glob("*.jsonl"))
    if len(found) != 1:
        raise InputError(
            f"{data}: expected one file of people (.jsonl), found {len(found)}.", remedy="Name it: --people FILE"
        )
    return found[0]


def _peer(name: str, exchange: Path, work: Path, lists: Path, judge: Judge) -> Row:
    """Run one peer in its environment, and keep the best of what it tried."""
    entry = PEERS[name]
    folder = work / "tried" / name
    for old in folder.glob("*.json*"):
        old.unlink()
    command = [str(python_of(entry.group, work)), str(_HERE / "one_peer.py"), name, str(exchange), str(folder)]
    # A peer must not see this checkout through the environment: what it needs is beside one_peer.py.
    surroundings = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=surroundings, timeout=_LONGEST)
    except subprocess.TimeoutExpired as error:
        raise PeerError(f"not done after {_LONGEST} s") from error
    if done.returncode:
        raise PeerError(done.stderr.strip() or f"exit status {done.returncode}")
    tried = json.loads((folder / "tried.json").read_text(encoding="utf-8"))
    values = [judge.values(folder / one["file"]) for one in tried]
    at = int(np.argmax([found[TUNED_ON].mean() for found in values]))
    chosen = lists / f"{name}.jsonl"
    (folder / tried[at]["file"]).replace(chosen)
    intervals = judge.intervals(chosen, values[at])
    return Row(name, entry.title, values[at], intervals, tried[at]["settings"], len(tried), tried[at]["seconds"])


def _ours(given: argparse.Namespace, people: Path, lists: Path, judge: Judge) -> Row | None:
    """Return kg-rec's own row: of lists that are there, or of a home whose model is asked."""
    if given.ours is None and given.home is None:
        return None
    found, seconds = given.ours, {}
    if found is None:
        found = lists / "kg-rec.jsonl"
        command = [
            sys.executable,
            "-c",
            "from kg_rec.cli import main; main()",
            "recommend",
            "--input",
            str(people),
            "--output",
            str(found),
        ]
        started = time.perf_counter()
        surroundings = {**os.environ, "KG_REC_HOME": str(given.home)}
        done = subprocess.run(
            [*command, "-k", str(LENGTH)], capture_output=True, text=True, check=False, env=surroundings
        )
        if done.returncode:
            raise InputError(f"{given.home}: expected a home with a model, but: {done.stderr.strip()}")
        seconds = {"fit": 0.0, "rank": round(time.perf_counter() - started, 2)}
    _check_lists(found)
    values = judge.values(found)
    return Row("kg-rec", "kg-rec", values, judge.intervals(found, values), {}, 1, seconds)


def _check_lists(path: Path) -> None:
    """Raise InputError with file:line for the first line that is no list of a person."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(
            f"{path}: expected lists of kg-rec, but: {error.strerror}",
            remedy="Write them: kg-rec recommend --input PEOPLE --output RECS.jsonl -k 100",
        ) from error
    for number, line in enumerate(lines, start=1):
        try:
            one = json.loads(line)
        except ValueError:
            one = None
        if not isinstance(one, dict) or "user_id" not in one or not isinstance(one.get("items"), list):
            raise InputError(f"{path}:{number}: expected an object with 'user_id' and 'items', found {line[:60]!r}")


if __name__ == "__main__":
    sys.exit(main())
