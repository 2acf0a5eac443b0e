"""How many events a second `kg-rec consume` writes, beside plain Cypher that writes the same edges.

    python benchmarks/consume.py [--events 50000] [--people 2500]

It uses the graph of the home (KG_REC_HOME), makes up people named `load-…`, and takes all of theirs away again. Both ways write
into the same Neo4j, in batches of the same size, in turn, so that other programs slow both down:

| what | how |
|---|---|
| plain Cypher | UNWIND rows, MERGE person, MATCH item, CREATE edge: neither ids nor order, verdicts, checks |
| consume | the command itself, as a process of its own, from a file |
| consume again | the same file without its place: all ids are asked about, nothing is written |

Printed are the medians of the turns.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, LiteralString

import numpy as np

from kg_rec.event_intake import BATCH
from kg_rec.graph.client import GraphClient
from kg_rec.graph.events import KINDS
from kg_rec.graph.server import connect
from kg_rec.schema import GraphSchema, read_schema
from kg_rec.settings import load_settings

PLAIN: LiteralString = """
UNWIND $rows AS row
MERGE (user:KGEntity {key: row.user})
ON CREATE SET user:KGPerson
WITH user, row
MATCH (item:KGEntity {key: row.item})
CREATE (user)-[:KG_REACTED_TO {kind: row.kind, value: row.value, times: 1, at: datetime({epochMillis: row.at})}]->(item)
"""
CLEAN: LiteralString = (
    "MATCH (p:KGPerson) WHERE p.key CONTAINS '/load-' CALL (p) { DETACH DELETE p } IN TRANSACTIONS OF 500 ROWS"
)


def main() -> None:
    """Run it."""
    arguments = _parsed()
    settings = load_settings()
    schema = read_schema(settings.schema_path)
    scale = schema.interaction.scale if schema.interaction else None
    rates: dict[str, list[float]] = {"plain Cypher": [], "consume": [], "consume again": []}
    with connect(settings) as client, tempfile.TemporaryDirectory() as folder:
        items = _items(client, schema)
        for turn in range(arguments.turns + 1):  # the first one warms Neo4j up
            events = _events(arguments.events, arguments.people, items, scale, turn)
            path = Path(folder) / f"{turn}.jsonl"
            path.write_text("".join(json.dumps(one) + "\n" for one in events), encoding="utf-8")
            found = {
                "plain Cypher": _plain(client, schema, events),
                "consume": _consume(client, path, events),
                "consume again": _consume(client, path, events, again=True),
            }
            _clean(client)
            print(f"turn {turn}: " + ", ".join(f"{name} {rate:,.0f}/s" for name, rate in found.items()), flush=True)
            if turn:
                for name, rate in found.items():
                    rates[name].append(rate)
        client.write_batches("events/forget_ids", day=2**62)
    plain = float(np.median(rates["plain Cypher"]))
    print(f"\n{arguments.events:,} events of {arguments.people:,} people on {len(items):,} items, batches of {BATCH:,}")
    for name, found_rates in rates.items():
        median = float(np.median(found_rates))
        print(f"{name:<14} {median:>8,.0f} events/s  {median / plain:.2f} of plain Cypher")


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--people", type=int, default=2_500)
    parser.add_argument("--turns", type=int, default=3)
    return parser.parse_args()


def _items(client: GraphClient, schema: GraphSchema) -> list[str]:
    with client._session("READ") as session:
        found = session.run("MATCH (i:$($label)) RETURN i.key AS key ORDER BY key", label=schema.item.label)
        return [row["key"] for row in found]


def _events(
    count: int, people: int, items: list[str], scale: tuple[float, float] | None, turn: int
) -> list[dict[str, Any]]:
    rng = random.Random(turn)
    kinds = [kind for kind in KINDS if kind != "rated" or scale]
    weights = [1 / (place + 10) for place in range(len(items))]  # some items are met far oftener than others
    chosen = rng.choices(items, weights, k=count)
    events = []
    for number, item in enumerate(chosen):
        kind = rng.choice(kinds)
        one = {"id": f"load-{turn}-{number}", "person": f"load-{rng.randrange(people)}", "item": item, "kind": kind}
        one |= {"value": rng.uniform(*scale)} if kind == "rated" and scale else {}  # type: ignore[dict-item]
        events.append(one | {"at": 1_764_000_000 + number})
    return events


def _plain(client: GraphClient, schema: GraphSchema, events: list[dict[str, Any]]) -> float:
    label = schema.user.label if schema.user else "User"
    rows = [
        {"user": f"{label}/load-plain-{one['person']}", "item": one["item"], "kind": one["kind"]}
        | {"value": one.get("value"), "at": 1000 * one["at"]}
        for one in events
    ]
    started = time.perf_counter()
    with client._session("WRITE") as session:
        for start in range(0, len(rows), BATCH):
            session.execute_write(
                lambda inner, part: inner.run(PLAIN, rows=part).consume(), rows[start : start + BATCH]
            )
    return len(rows) / (time.perf_counter() - started)


def _consume(client: GraphClient, path: Path, events: list[dict[str, Any]], *, again: bool = False) -> float:
    """Return the rate that the command tells: from when Neo4j is reached on, without the start of Python."""
    if again:
        client.write_batches("events/forget_places")
    command = [sys.executable, "-c", "from kg_rec.cli import main; main()", "consume", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ), check=True)
    found = re.fullmatch(
        r"recorded ([\d,]+) events, ([\d,]+) were there before; [\d.]+ s \(([\d,]+)/s\)", done.stdout.strip()
    )
    if not found:
        sys.exit(f"{done.stdout}{done.stderr}")
    recorded, before, rate = (int(part.replace(",", "")) for part in found.groups())
    if (recorded, before) != ((0, len(events)) if again else (len(events), 0)):
        sys.exit(f"expected each event once: {done.stdout}")
    return float(rate)


def _clean(client: GraphClient) -> None:
    with client._session("WRITE") as session:
        session.run(CLEAN).consume()


if __name__ == "__main__":
    main()
