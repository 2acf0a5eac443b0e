"""`kg-rec consume`: events in bulk."""

from __future__ import annotations

import signal
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kg_rec.cli.app import connected, current_settings, say

if TYPE_CHECKING:
    from typing import IO

    from kg_rec.event_intake import Intake, Totals

_TELL_EVERY = 5.0
"""Seconds between two lines about how far it is."""
_TRY_EVERY = 2.0
"""Seconds between two attempts to reach a Neo4j that is away, while a file is followed."""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(connected(consume))


def consume(
    file: Annotated[str, typer.Argument(help="JSON lines, one event a line; - reads them from the input.")],
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on as the file grows, until Ctrl-C or SIGTERM.")
    ] = False,
    bad_lines: Annotated[
        Path | None,
        typer.Option(
            help="Leave lines out that are not in order, and list them there.", metavar="FILE", dir_okay=False
        ),
    ] = None,
    keep_ids: Annotated[
        int, typer.Option(help="Days after which an event that comes again may be recorded again.", min=1)
    ] = 30,
) -> None:
    """Record what people did with items, each event once by its id, however often it comes.

    A line is {"id": …, "person": …, "item": …, "kind": …}: kind is liked, disliked, rated (with "value"), seen or skipped; "at"
    says when. Stopped or killed, the same command goes on where it was.

    Example:  kg-rec consume events.jsonl --follow
    """
    from kg_rec.event_intake import Intake
    from kg_rec.graph.server import connect
    from kg_rec.schema import read_schema

    settings = current_settings()
    schema = read_schema(settings.schema_path)
    path = None if file == "-" else Path(file)
    with ExitStack() as stack:
        listed = _opened(stack, bad_lines, path)
        client = stack.enter_context(connect(settings, say=say))
        stop = _Stop()
        pace = _Pace()
        intake = Intake(
            client,
            schema,
            bad_lines=listed,
            keep_days=keep_ids,
            told=pace.tell,
            away=stop.wait_for_neo4j if follow else lambda: False,
        )
        try:
            _take(intake, path, follow, stop)
        except BaseException:
            if path is None or path.exists():  # of a file that is not there, nothing is to be told but that
                pace.end(intake.totals)
            raise
        pace.end(intake.totals)
    if stop.asked and not follow:
        say("stopped; the same command goes on from there")
        raise typer.Exit(130)


def _take(intake: Intake, path: Path | None, follow: bool, stop: _Stop) -> None:
    """Take one file after the other, as long as another takes its place."""
    from kg_rec.event_lines import EventLines

    while True:
        with EventLines(path, follow=follow, known=intake.place, ended=lambda: stop.asked) as source:
            stop.heed()
            if source.resumed:
                say(f"going on after line {source.resumed:,}, where {source.name} was read to before")
            intake.take(source)
            if not source.replaced:
                return
            say(f"{source.name} is another file now: reading that")


def _opened(stack: ExitStack, target: Path | None, source: Path | None) -> IO[str] | None:
    """Open the file that bad lines are listed in; what is listed there stays. Raises InputError where it cannot be."""
    from kg_rec.errors import InputError

    if target is None:
        return None
    if source is not None and target.absolute() == source.absolute():
        raise InputError(f"--bad-lines: expected another file than {source}, which is read.")
    try:
        return stack.enter_context(target.open("a", encoding="utf-8"))
    except OSError as error:
        raise InputError(f"--bad-lines: {target} cannot be written: {error.strerror}") from error


class _Stop:
    """Whether somebody wants it to end: Ctrl-C or SIGTERM. What was read by then is recorded."""

    def __init__(self) -> None:
        self.asked = False
        self._told = False

    def heed(self) -> None:
        """From now on, end in good order."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._ask())

    def wait_for_neo4j(self) -> bool:
        """Wait a moment where Neo4j is away, and return whether to try again."""
        if not self._told:
            say(f"Neo4j does not answer; it is tried again every {_TRY_EVERY:g} s, and nothing is lost")
            self._told = True
        time.sleep(_TRY_EVERY)
        return not self.asked

    def _ask(self) -> None:
        self.asked = True


class _Pace:
    """Tells how far it is, every few seconds."""

    def __init__(self) -> None:
        self._start = self._last = time.monotonic()

    def tell(self, totals: Totals) -> None:
        """Tell on standard error, if it is time."""
        now = time.monotonic()
        if now - self._last >= _TELL_EVERY:
            self._last = now
            say(f"{totals.lines:,} events ({totals.lines / (now - self._start):,.0f}/s)")

    def end(self, totals: Totals) -> None:
        """Tell what came of it, on standard output."""
        seconds = time.monotonic() - self._start
        plural = "s" if totals.skipped > 1 else ""
        skipped = f", {totals.skipped:,} bad line{plural} skipped" if totals.skipped else ""
        typer.echo(
            f"recorded {totals.recorded:,} events, {totals.before:,} were there before{skipped}; "
            f"{seconds:.1f} s ({totals.lines / max(seconds, 1e-6):,.0f}/s)"
        )
