"""How long steps tell what they are doing: bars on a terminal, plain lines elsewhere, nothing when nobody watches."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.console import Console


class Step(Protocol):
    """One long step under way."""

    def advance(self, amount: int = 1) -> None:
        """Tell that `amount` more units are done."""


class Progress(Protocol):
    """Receives the long steps of some work."""

    def step(self, name: str, total: int, unit: str) -> Step:
        """Open a step of `total` units; it ends when as many are done, or when the next one opens."""

    def paused(self) -> AbstractContextManager[None]:
        """Leave the terminal alone for a while, as for a question."""


class _Nothing:
    def step(self, *_: object) -> Step:
        return self

    def advance(self, amount: int = 1) -> None:
        """Do nothing."""

    def paused(self) -> AbstractContextManager[None]:
        return nullcontext()


SILENT: Progress = _Nothing()
"""Shows nothing."""


@contextmanager
def shown_progress(console: Console) -> Iterator[Progress]:
    """Show steps on `console`: bars with rate and time left on a terminal, a line at the end of each step otherwise."""
    if not console.is_terminal:
        yield _Lines(console)
        return
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    # Narrow enough for 80 columns.
    with RichProgress(
        TextColumn("{task.description:<25}"),
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]:>12}"),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        console=console,
    ) as bars:
        yield _Bars(bars)


class _Bars:
    def __init__(self, bars: object) -> None:
        from rich.progress import Progress as RichProgress

        assert isinstance(bars, RichProgress)
        self._bars = bars

    def step(self, name: str, total: int, unit: str) -> Step:
        return _Bar(self._bars, name, total, unit)

    @contextmanager
    def paused(self) -> Iterator[None]:
        self._bars.stop()
        try:
            yield
        finally:
            self._bars.start()


class _Bar:
    def __init__(self, bars: object, name: str, total: int, unit: str) -> None:
        from rich.progress import Progress as RichProgress

        assert isinstance(bars, RichProgress)
        self._bars, self._unit = bars, unit
        self._task = bars.add_task(name, total=total, rate="")
        self._start, self._done = time.monotonic(), 0

    def advance(self, amount: int = 1) -> None:
        self._done += amount
        rate = self._done / max(time.monotonic() - self._start, 1e-6)
        self._bars.update(self._task, advance=amount, rate=f"{rate:,.0f}/s")


class _Lines:
    """One line when a step starts, one when it has ended; nothing in between, for logs."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def step(self, name: str, total: int, unit: str) -> Step:
        return _Line(self._console, name, total, unit)

    def paused(self) -> AbstractContextManager[None]:
        return nullcontext()


class _Line:
    def __init__(self, console: Console, name: str, total: int, unit: str) -> None:
        self._console, self._name, self._total, self._unit = console, name, total, unit
        self._start, self._done = time.monotonic(), 0
        # Of one thing alone neither number nor rate says anything.
        console.print(f"{name}: {total:,} {unit} …" if total != 1 else f"{name} …")

    def advance(self, amount: int = 1) -> None:
        before, self._done = self._done, self._done + amount
        if before < self._total <= self._done:
            seconds = time.monotonic() - self._start
            rate = self._total / max(seconds, 1e-6)
            told = f" ({rate:,.0f} {self._unit}/s)" if self._total != 1 else ""
            self._console.print(f"{self._name}: done in {seconds:.1f} s{told}")
