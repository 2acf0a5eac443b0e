"""`kg-rec neo4j`: the managed Neo4j."""

from __future__ import annotations

import typer

from kg_rec.cli.app import connected, current_settings, output, progress, say


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    group = typer.Typer(no_args_is_help=True, help="The Neo4j that kg-rec runs for you: start, stop, look into it.")
    group.command()(connected(start))
    group.command()(connected(stop))
    group.command()(connected(status))
    app.add_typer(group, name="neo4j")


def start() -> None:
    """Start Neo4j, unless it runs; the first time it is downloaded (about 130 MB).

    Example:  kg-rec neo4j start
    """
    from kg_rec.graph.server import ManagedServer

    with progress() as shown:
        ManagedServer(current_settings(), say=say, progress=shown).start()


def stop() -> None:
    """Stop Neo4j. What is in it stays.

    Example:  kg-rec neo4j stop
    """
    from kg_rec.graph.server import ManagedServer

    ManagedServer(current_settings(), say=say).stop()


def status(
    json: bool = typer.Option(False, "--json", help="As one JSON object, for programs."),
) -> None:
    """Tell whether Neo4j runs, and where.

    Example:  kg-rec neo4j status --json
    """
    from kg_rec.graph.server import ManagedServer

    found = ManagedServer(current_settings()).status()
    if json:
        typer.echo(found.as_json())
    else:
        output().print(found)
