"""The notebooks, run from top to bottom in a fresh home: what is committed is what they show."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from kg_rec import Settings
from kg_rec.graph.server import ManagedServer

ROOT = Path(__file__).parents[2]
RUN = runpy.run_path(str(ROOT / "notebooks" / "run.py"))
NOTEBOOKS: list[Path] = RUN["NOTEBOOKS"]


def committed(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


@pytest.fixture(scope="module")
def executed(
    tmp_path_factory: pytest.TempPathFactory, stopped_with_the_session: Callable[[ManagedServer], None]
) -> Iterator[Callable[[Path], Any]]:
    """Runs the notebooks in their order, each once, in a home that all of them share."""
    home = tmp_path_factory.mktemp("notebooks") / "home"
    for place in (home, home / "own"):
        stopped_with_the_session(ManagedServer(Settings(home=place)))
    done: dict[Path, Any] = {}

    def execute(path: Path) -> Any:
        for one in NOTEBOOKS[: NOTEBOOKS.index(path) + 1]:
            if one not in done:
                done[one] = RUN["execute"](one, home)
        return done[path]

    yield execute
    RUN["stop"](home)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_committed_is_what_it_shows(path: Path, executed: Callable[[Path], Any]) -> None:
    now, before = RUN["shown"](executed(path)), RUN["shown"](committed(path))
    assert now == before, f"{path.name} shows something else than is committed: run make notebooks"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_committed_can_be_read_on_a_code_host(path: Path) -> None:
    notebook = committed(path)
    content = path.read_text(encoding="utf-8")
    assert not any(trace in content for trace in ("127.0.0.1", "localhost", "/tmp", "/home/", "<script", "Traceback"))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.execution_count, "it was not run: run make notebooks"
            assert not any(output.get("name") == "stderr" for output in cell.outputs), cell.source
            if "show(" in cell.source and "import" not in cell.source.splitlines()[-1]:
                assert any("image/png" in output.get("data", {}) for output in cell.outputs), cell.source


def test_there_are_five_and_they_are_small() -> None:
    assert [path.stem[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04", "05"]
    assert sum(path.stat().st_size for path in NOTEBOOKS) < 1_000_000


def test_a_notebook_that_is_not_up_to_date_is_found_out() -> None:
    notebook = committed(NOTEBOOKS[0])
    before = RUN["shown"](notebook)
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code" and cell.outputs)
    cell.outputs[0].data["text/plain"] = "something else"
    assert RUN["shown"](notebook) != before
