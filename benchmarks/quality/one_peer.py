"""Run one peer with all its settings; `run.py` starts this in the peer's environment.

    python one_peer.py NAME EXCHANGE FOLDER

EXCHANGE: the folder that `preparation.py` wrote; FOLDER: gets one file of lists for each setting, and tried.json.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from exchange import LENGTH, read_graph, read_people, read_simulated, write_lists
from peers import PEERS


def main(name: str, exchange: Path, folder: Path) -> None:
    """Fit and rank with each setting, and write down what took how long."""
    graph, people, simulated = read_graph(exchange), read_people(exchange), read_simulated(exchange)
    peer = PEERS[name].load()
    folder.mkdir(parents=True, exist_ok=True)
    tried: list[dict[str, Any]] = []
    for fitted in peer.fitted:
        started = time.perf_counter()
        peer.fit(graph, simulated, **fitted)
        ready = time.perf_counter()
        for ranked in peer.ranked:
            since = time.perf_counter()
            lists = peer.recommend(people, LENGTH, **ranked)
            seconds = {"fit": round(ready - started, 2), "rank": round(time.perf_counter() - since, 2)}
            file = f"{len(tried):03}.jsonl"
            write_lists(people.people, lists, folder / file)
            tried.append({"settings": {**fitted, **ranked}, "file": file, "seconds": seconds})
    (folder / "tried.json").write_text(json.dumps(tried, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
