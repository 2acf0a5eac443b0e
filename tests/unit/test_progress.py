"""Long steps: lines in a log, bars on a terminal, nothing where nobody watches."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from rich.console import Console

import kg_rec.progress
from kg_rec.progress import SILENT, shown_progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The time that the steps see; set its one value."""
    now = [100.0]
    monkeypatch.setattr(kg_rec.progress.time, "monotonic", lambda: now[0])
    yield now


def log() -> Console:
    return Console(file=io.StringIO(), width=120, force_terminal=False)


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_log_gets_a_line_at_the_start_and_one_at_the_end(clock: list[float]) -> None:
    console = log()
    with shown_progress(console) as progress:
        step = progress.step("Encoding", 3000, "texts")
        assert written(console) == "Encoding: 3,000 texts …\n"
        step.advance(1000)
        step.advance(1999)
        assert written(console) == "Encoding: 3,000 texts …\n"
        clock[0] += 2.0
        step.advance()
        assert written(console).splitlines()[1:] == ["Encoding: done in 2.0 s (1,500 texts/s)"]
        step.advance(5)  # more than was promised is no second end
        progress.step("Training", 10, "steps")
    assert written(console).splitlines()[2:] == ["Training: 10 steps …"]
    assert "\x1b" not in written(console)


def test_a_step_that_takes_no_time_has_a_rate(clock: list[float]) -> None:
    console = log()
    with shown_progress(console) as progress:
        progress.step("Loading", 2, "nodes").advance(2)
    assert re.search(r"done in 0\.0 s \([\d,]+ nodes/s\)", written(console))


def test_a_terminal_gets_a_bar_with_rate_and_time_left() -> None:
    console = Console(file=io.StringIO(), width=120, force_terminal=True, color_system=None)
    with shown_progress(console) as progress:
        step = progress.step("Encoding", 40, "texts")
        for _ in range(3):
            step.advance(10)
        console.print("a message in between")
        progress.step("Training", 7, "steps")
    shown = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", written(console))
    assert "a message in between" in shown
    last = shown.splitlines()[-2:]
    assert re.search(r"Encoding .* 75% +[\d,]+/s +\d\d:\d\d", last[0]), last
    assert re.search(r"Training .* 0% +-+:--", last[1]), last


def test_silence_takes_everything() -> None:
    step = SILENT.step("Encoding", 3, "texts")
    step.advance()
    step.advance(5)
