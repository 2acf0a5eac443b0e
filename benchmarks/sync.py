"""What `kg-rec sync` costs and gives, against training anew: 1 % of the items are left out, trained without, and added again.

    KG_REC_HOME=HOME python benchmarks/sync.py data/movies --item Movie \\
        --people data/movies/new_users_dev.jsonl

HOME holds no graph yet; vectors that are cached there are used, but those of all that is said anew of the items are forgotten
before synchronising, so that it has to encode them. It is then done five times more from the same model, with these vectors
cached. Training anew comes after that, and finds everything cached. Prints the seconds of each step, on the wall and of this
process, the median where it was done several times, their ratios, and how far the ten items that each person gets after
synchronising are those of the model that was trained anew, in the same order or not; beside it the model that was not brought up
to date.
"""

from __future__ import annotations

import argparse
import csv
import platform
import shutil
import sqlite3
import tempfile
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import psutil

from kg_rec import Recommender
from kg_rec.graph.export import HeteroData, export_graph
from kg_rec.graph.keys import key_of
from kg_rec.model.features import entity_texts, number_entities
from kg_rec.people_file import read_people
from kg_rec.schema import GraphSchema
from kg_rec.text.asking import item_words
from kg_rec.text.cache import CachedEncoder, _key
from kg_rec.text.encoder import load_encoder

K = 10
REPEATED = 5
T = TypeVar("T")


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="of CSV files, as for kg-rec load")
    parser.add_argument("--item", required=True, help="label of the items")
    parser.add_argument("--people", type=Path, required=True, help="JSON lines with user_id and text")
    parser.add_argument("--percent", type=int, default=1, help="of the items that are left out at first")
    given = parser.parse_args()
    texts = [person.text for person in read_people(given.people)]
    with Recommender.open(say=print) as recommender, tempfile.TemporaryDirectory() as beside:
        if recommender.client.read("load/size")[0]["nodes"]:
            raise SystemExit("expected a home without a graph")
        left_out = write_without(given.folder, Path(beside), given.item, given.percent)
        clock = Clock()
        clock("load the others", lambda: recommender.load(Path(beside)))
        clock("train without them", recommender.train)
        before = export_graph(recommender.client, recommender.schema)
        answers = {"not brought up to date": top(recommender, texts)}
        version = recommender.artifact.version
        clock("load them", lambda: recommender.load(given.folder))
        after = export_graph(recommender.client, recommender.schema)
        forgotten = forget(recommender, said(after, recommender.schema) - said(before, recommender.schema))
        clock("status", recommender.status)
        done = clock("sync", recommender.sync)
        for _ in range(REPEATED):
            go_back(recommender, version)
            clock("sync, vectors cached", recommender.sync)
        clock("sync when nothing changed", recommender.sync)
        answers["sync"] = top(recommender, texts)
        clock("train anew", recommender.train)
        anew = top(recommender, texts)
    print(f"\n{len(left_out)} items left out, {forgotten} texts new; {platform.processor() or platform.machine()}, "
          f"{psutil.cpu_count()} cores, load {psutil.getloadavg()[0]:.1f}")  # fmt: skip
    print(f"sync: {done.worded} entities with new words, seconds {done.seconds}\n")
    clock.show()
    print()
    encoding = clock.median("sync")[0] - clock.median("sync, vectors cached")[0]
    for name, more in (("sync, vectors cached", 0.0), ("sync", encoding)):
        ratio = (clock.median("train anew")[0] + more) / clock.median(name)[0]
        print(f"{name}: training takes {ratio:.1f} times as long" + (", with the same texts to encode" if more else ""))
    print()
    print(
        f"{'against the ten of the model trained anew':<44}{'mean overlap':>13}{'same ten':>10}{'in order':>11}{'first':>8}"
    )
    for name, found in answers.items():
        same, ten, order, first = agreement(found, anew)
        print(f"{name:<44}{same:>13.3f}{ten:>10.3f}{order:>11.3f}{first:>8.3f}")
    shown = [sum(key in left_out for key in theirs) for theirs in anew]
    again = [sum(key in left_out for key in theirs) for theirs in answers["sync"]]
    print(
        f"\nthe items left out have {sum(again)} places among the ten of all people after sync, {sum(shown)} when trained anew"
    )


class Clock:
    """Seconds of each step: on the wall, and of this process on all cores."""

    def __init__(self) -> None:
        self.taken: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)

    def __call__(self, name: str, step: Callable[[], T]) -> T:
        """Do the step, and return what it does."""
        wall, own = time.monotonic(), time.process_time()
        done = step()
        self.taken[name].append((time.monotonic() - wall, time.process_time() - own))
        print(f"{name}: {self.taken[name][-1][0]:.1f} s", flush=True)
        return done

    def median(self, name: str) -> tuple[float, float]:
        """Return the median seconds of a step: on the wall, of this process."""
        wall, own = np.median(self.taken[name], axis=0).tolist()
        return wall, own

    def show(self) -> None:
        """Print a line a step."""
        print(f"{'step':<28}{'wall s':>9}{'process s':>11}")
        for name in self.taken:
            wall, own = self.median(name)
            print(f"{name:<28}{wall:>9.2f}{own:>11.2f}")


def write_without(folder: Path, beside: Path, label: str, percent: int) -> set[str]:
    """Write the graph in a folder again, without `percent` of the items and their relations; return the keys of these items."""
    tables = {path: list(rows(path)) for path in sorted(folder.glob("*/*.csv"))}
    left_out: set[str] = set()
    for path, table in tables.items():
        header, *lines = table
        target = beside / path.parent.name / path.name
        target.parent.mkdir(exist_ok=True)
        ends = [(place, kind_of(name)) for place, name in enumerate(header) if kind_of(name)]
        kept = []
        for line in lines:
            theirs = [line[place] for place, kind in ends if kind == label]
            gone = [one for one in theirs if zlib.crc32(one.encode()) % 100 < percent]
            if path.parent.name == "nodes":
                left_out |= {key_of(label, one) for one in gone}
            if not gone:
                kept.append(line)
        with target.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *kept])
    return left_out


def rows(path: Path) -> Iterator[list[str]]:
    """Yield the lines of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.reader(file)


def kind_of(header: str) -> str:
    """Return the label within ID(Label), START_ID(Label) or END_ID(Label) of a column, "" for any other column."""
    name, _, rest = header.partition("ID(")
    return rest.removesuffix(")") if rest and name.rpartition(":")[2] in ("", "START_", "END_") else ""


def said(graph: HeteroData, schema: GraphSchema) -> set[str]:
    """Return everything that is encoded of a graph."""
    words, entities = item_words(graph, schema), number_entities(graph, schema)
    sentences = {one for some in words.ask() for one in some}
    return {*sentences, *words.describe(), *entities.names, *entity_texts(graph, schema, entities)}


def forget(recommender: Recommender, texts: set[str]) -> int:
    """Take the vectors of texts out of the cache; return how many there are."""
    cache = load_encoder(recommender.artifact.encoder["name"], cache=recommender.settings.vectors_path)
    assert isinstance(cache, CachedEncoder)
    with closing(sqlite3.connect(cache.path)) as database, database:
        database.executemany("DELETE FROM vectors WHERE key = ?", [(_key(text),) for text in texts])
    return len(texts)


def go_back(recommender: Recommender, version: str) -> None:
    """Make an earlier version the current one again, and forget those that came after it."""
    folder = recommender.settings.model_path
    for place in folder.iterdir():
        if place.is_dir() and place.name > version:
            shutil.rmtree(place)
    (folder / "current").write_text(version)


def top(recommender: Recommender, texts: list[str]) -> list[list[str]]:
    """Return the keys of the ten items that each person gets."""
    return [[item.key for item in found] for found in recommender.recommend_many(texts, k=K)]


def agreement(found: list[list[str]], wanted: list[list[str]]) -> tuple[Any, ...]:
    """Return the mean share of the ten that are wanted, and the shares of people with the same ten, in the same order, and with
    the same first item."""
    pairs = list(zip(found, wanted, strict=True))
    return (
        np.mean([len(set(one) & set(other)) / K for one, other in pairs]),
        np.mean([set(one) == set(other) for one, other in pairs]),
        np.mean([one == other for one, other in pairs]),
        np.mean([one[:1] == other[:1] for one, other in pairs]),
    )


if __name__ == "__main__":
    main()
