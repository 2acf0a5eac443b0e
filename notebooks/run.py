"""Run the notebooks from top to bottom, in one home, and write what they show.

    python notebooks/run.py [NAME ...]        # all of them by default, in a home that is thrown away

What is kept is what a reader sees on a code host: text, tables, drawn pictures. Interactive pictures are left out (each carries
4 MB of script), as are times, ports and paths.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import matplotlib.font_manager  # noqa: F401 - its cache is made here, or the first notebook would tell of it
import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent
NOTEBOOKS = sorted(FOLDER.glob("0*.ipynb"))


def execute(path: Path, home: Path) -> Any:
    """Run a notebook on a home, and return it with what it shows; raises CellExecutionError where a cell does."""
    notebook = nbformat.read(path, as_version=4)
    env = {**os.environ, "KG_REC_HOME": str(home)}
    client = NotebookClient(
        notebook,
        timeout=900,
        startup_timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(FOLDER)}},
        record_timing=False,
    )
    client.execute(env=env)
    return cleaned(notebook)


def cleaned(notebook: Any) -> Any:
    """Take out what differs from run to run, and what no code host shows."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(notebook.cells):
        cell.id, cell.metadata = f"cell-{number:02}", {}
        if cell.cell_type != "code":
            continue
        cell.outputs = [output for output in cell.outputs if not _interactive(output)]
        for output in cell.outputs:
            if "metadata" in output:
                output.metadata = {}
    return notebook


def shown(notebook: Any) -> list[tuple[str, str]]:
    """Return the source and the text of what is shown of each cell with code; drawn pictures are no text."""
    return [
        (cell.source, "".join(_text(output) for output in cell.outputs))
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def stop(home: Path) -> None:
    """Stop the servers that the notebooks started in this home and beside it."""
    from kg_rec import Settings
    from kg_rec.graph.server import ManagedServer

    for place in (home, home / "own"):
        ManagedServer(Settings(home=place)).stop()


def _interactive(output: Any) -> bool:
    return "<script" in output.get("data", {}).get("text/html", "")


def _text(output: Any) -> str:
    return str(output.get("text") or output.get("data", {}).get("text/plain", ""))


def main() -> None:
    """Run those that are named, or all."""
    wanted = [path for path in NOTEBOOKS if not sys.argv[1:] or any(name in path.name for name in sys.argv[1:])]
    with tempfile.TemporaryDirectory(prefix="kg-rec-notebooks-") as folder:
        home = Path(os.environ.get("KG_REC_HOME") or folder)
        try:
            for path in wanted:
                print(f"{path.name} …", flush=True)
                nbformat.write(execute(path, home), path)
        finally:
            if home == Path(folder):
                stop(home)


if __name__ == "__main__":
    main()
