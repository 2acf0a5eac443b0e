"""The scripts of `examples/`, each run as a reader runs it, against a real Neo4j."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kg_rec.graph.client import GraphClient
from kg_rec.graph.server import ManagedServer

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def run(server: ManagedServer, empty_graph: GraphClient, tmp_path: Path) -> Callable[..., list[str]]:
    """Runs a script in a home of its own, on the session's Neo4j, and returns the lines it prints."""

    def run(name: str, *arguments: str) -> list[str]:
        env = os.environ | {
            "KG_REC_HOME": str(tmp_path / "home"),
            "KG_REC_NEO4J_URI": str(server.status().uri),
            "KG_REC_NEO4J_PASSWORD": server.password(),
        }
        done = subprocess.run(
            [sys.executable, str(EXAMPLES / name), *arguments], env=env, capture_output=True, text=True, timeout=600
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


@pytest.mark.parametrize("script", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_each_is_short(script: Path) -> None:
    assert len(script.read_text(encoding="utf-8").splitlines()) <= 60


def test_all_of_them_are_run_here() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(
        re.findall(r"run\(\"(\w+\.py)\"", Path(__file__).read_text())
    )


def test_an_own_graph_is_trained_on(run: Callable[..., list[str]]) -> None:
    lines = run("train_own_graph.py")
    lonely, by = (
        lines.index("a quiet, lonely book like Solaris, no robots"),
        lines.index("something by Ursula K. Le Guin"),
    )
    assert all("loneliness" in line for line in lines[lonely + 1 : lonely + 3])
    assert sum("written by Ursula K. Le Guin" in line for line in lines[by + 1 :]) == 3


def test_an_own_encoder_and_network_are_plugged_in(run: Callable[..., list[str]]) -> None:
    losses, *items = run("own_network.py")
    before, after = map(float, re.findall(r"\d+\.\d+", losses)[:2])
    assert after < before and len(items) == 5
    assert sum("Arrival" in line for line in items) >= 4


def test_the_graph_is_taken_elsewhere(run: Callable[..., list[str]]) -> None:
    (line,) = run("own_training_loop.py")
    found = re.search(r"(\d+)% are among the first 50", line)
    assert found and int(found[1]) > 20  # 7 % by chance
