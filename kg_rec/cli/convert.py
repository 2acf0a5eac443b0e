"""`kg-rec convert`: data as people have it on disk, into the CSV folder that `kg-rec load` reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kg_rec.cli.app import connected, progress, say

if TYPE_CHECKING:
    from kg_rec.convert import Conversion


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(connected(convert))


def convert(
    source: Annotated[Path, typer.Argument(help="A folder, a file, a .zip or a .tar.gz, as it was downloaded.")],
    target: Annotated[Path, typer.Argument(help="The CSV folder to write; new or empty.")],
    layout: Annotated[
        str | None, typer.Option("--from", help="The layout of the source, where it is not clear.", metavar="LAYOUT")
    ] = None,
    bad_rows: Annotated[
        Path | None, typer.Option(help="Skip lines that are not in order, and list them here.", metavar="REPORT.csv")
    ] = None,
    language: Annotated[
        str, typer.Option(help="The language of names, where there are several.", metavar="CODE")
    ] = "en",
) -> None:
    """Make a CSV folder for kg-rec load of MovieLens, Last.fm, Amazon, Yelp, MIND, RDF or neo4j-admin's files.

    What the source is, its files tell. Everything is written beside the target, and takes its place at the end.

    Example:  kg-rec convert ml-latest-small.zip movies
    """
    from kg_rec.convert import convert as converted

    with progress() as shown:
        done = converted(source, target, layout=layout, bad_rows=bad_rows, language=language.lower(), progress=shown)
    _tell(done, bad_rows)


def _tell(done: Conversion, bad_rows: Path | None) -> None:
    for note in done.notes:
        say(note)
    if bad_rows is not None:
        lines = len({(problem.file, problem.line) for problem in done.skipped})
        say(f"{lines:,} bad lines skipped, listed in {bad_rows}" if lines else f"no bad lines; {bad_rows} lists none")
    typer.echo(f"{done.layout}, written to {done.target}:")
    typer.echo(f"  nodes      {_listed(done.nodes)}")
    typer.echo(f"  relations  {_listed(done.relations) or 'none'}")
    typer.echo(f"next: kg-rec load {done.target}")


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())
