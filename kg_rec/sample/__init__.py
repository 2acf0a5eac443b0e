"""The sample graph: well-known films as facts, a sentence each in our own words, and simulated people who rate them.

`films.txt` is the source that people edit, `build.py` makes the CSV folder `films/` from it, and `people.py` simulates
the people. The folder has the layout that `kg-rec load` reads, and travels with the package.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from kg_rec.errors import LoadError


def sample_folder() -> Path:
    """Return the folder of the sample graph, with `nodes/` and `relations/` in neo4j-admin's CSV layout.

    Raises LoadError when the package is not installed as files on disk (inside a zip archive, say).
    """
    folder = files(__name__) / "films"
    if not isinstance(folder, Path) or not folder.is_dir():
        raise LoadError(
            f"expected the sample graph as a folder on disk, found {folder}",
            remedy="Install kg-rec unpacked (pip install kg-rec), or load a folder of your own.",
        )
    return folder
