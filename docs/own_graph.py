"""Write the transcripts in docs/own-graph.md anew: three graphs that know nothing of kg-rec, from `init` to `adopt --undo`.

    python docs/own_graph.py

It runs the commands as they stand, on a managed Neo4j in a folder of its own that is taken away at the end.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import neo4j

from kg_rec.graph.server import ManagedServer
from kg_rec.settings import Settings

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "tests"))

import existing_graphs  # noqa: E402 - the tests' graphs are not installed

GRAPHS = {
    "films": (existing_graphs.FILMS, "something lonely in space with Bo Lindqvist"),
    "shop": (existing_graphs.SHOP, "fish from Norden, no bread"),
    "papers": (existing_graphs.PAPERS, "how bees dance, by Tanaka"),
}


def main() -> None:
    """Run everything and put what it printed between the marks of the page."""
    page = DOCS / "own-graph.md"
    text = page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        server = ManagedServer(Settings(home=Path(folder) / "home"))
        server.start()
        try:
            with neo4j.GraphDatabase.driver(str(server.status().uri), auth=("neo4j", server.password())) as driver:
                for name, (statements, words) in GRAPHS.items():
                    for statement in statements:
                        driver.execute_query(statement)
                    said = _transcript(server.settings.home, words)
                    driver.execute_query("MATCH (node) DETACH DELETE node")
                    marks = f"<!-- {name} -->", f"<!-- end of {name} -->"
                    pattern = re.compile(f"{re.escape(marks[0])}.*?{re.escape(marks[1])}", re.DOTALL)
                    block = f"{marks[0]}\n```console\n{said}```\n{marks[1]}"
                    text = pattern.sub(lambda _, block=block: block, text)  # type: ignore[misc]
        finally:
            server.stop()
    page.write_text(text, encoding="utf-8")


def _transcript(home: Path, words: str) -> str:
    (home / "schema.toml").unlink(missing_ok=True)
    commands = [["init"], ["adopt"], ["train"], ["recommend", words, "-k", "3"], ["adopt", "--undo"]]
    told = ""
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-c", "from kg_rec.cli import main; main()", *command],
            env={**os.environ, "KG_REC_HOME": str(home), "HF_HUB_OFFLINE": "1", "COLUMNS": "120"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(done.stderr)
        shown = " ".join(f'"{part}"' if " " in part else part for part in command)
        told += f"$ kg-rec {shown}\n" + done.stdout.replace(str(home), "…/home")
    return re.sub(r"model \d+T\d+-\w+", "model …", told)


if __name__ == "__main__":
    main()
