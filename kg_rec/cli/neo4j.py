"""`kg-rec neo4j`: the managed Neo4j."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kg_rec.cli.app import connected, current_settings, output, progress, say

if TYPE_CHECKING:
    from kg_rec.graph.server import ServerStatus


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    group = typer.Typer(no_args_is_help=True, help="Start, stop and look into the Neo4j that kg-rec runs for you.")
    for command in (start, stop, status, logs, browser):
        group.command()(connected(command))
    app.add_typer(group, name="neo4j")


def start() -> None:
    """Start Neo4j, unless it runs. It runs on after this command; the first time, it is downloaded (155 MB).

    Example:  kg-rec neo4j start
    """
    _show(_started())


def stop() -> None:
    """Stop Neo4j. The graph stays.

    Example:  kg-rec neo4j stop
    """
    from kg_rec.graph.server import ManagedServer

    if not ManagedServer(current_settings(), say=say).stop():
        say("it does not run")


def status(
    json: bool = typer.Option(False, "--json", help="One JSON object, for programs."),
) -> None:
    """Tell whether Neo4j runs, where it answers, and where its password is.

    Example:  kg-rec neo4j status --json
    """
    from kg_rec.graph.server import ManagedServer

    found = ManagedServer(current_settings()).status()
    if json:
        typer.echo(found.as_json())
    else:
        _show(found)


def logs(
    lines: int = typer.Option(50, "--lines", "-n", min=1, help="How many lines from the end."),
    follow: bool = typer.Option(False, "--follow", "-f", help="Go on with what is written next, until Ctrl-C."),
) -> None:
    """Show Neo4j's log.

    Example:  kg-rec neo4j logs -n 100
    """
    from kg_rec.graph.server import ManagedServer

    server = ManagedServer(current_settings())
    typer.echo(server.log_tail(lines))
    if follow:
        _follow(server.log_path)


def browser(
    open_: bool = typer.Option(False, "--open", help="Open it in the web browser of this machine."),
) -> None:
    """Tell the address of Neo4j Browser, where the graph is drawn; Neo4j is started if need be.

    Example:  kg-rec neo4j browser --open
    """
    from kg_rec.graph.server_browser import browser_address, browser_style
    from kg_rec.schema import read_schema

    settings = current_settings()
    found = _started()
    address = browser_address(found)
    console = output()
    console.print(f"address        {address}", markup=False)
    console.print(f"user           {found.user}", markup=False)
    console.print(f"password file  {found.password_file}", markup=False)
    if settings.schema_path.exists():
        console.print("To see every node by its name, paste this into it once:", markup=False)
        console.print(browser_style(read_schema(settings.schema_path)), markup=False)
    if open_ and typer.launch(address):
        say("no web browser could be opened here; open the address yourself")


def _started() -> ServerStatus:
    from kg_rec.graph.server import ManagedServer

    settings = current_settings()
    if settings.neo4j_uri is not None:
        say(f"this is the managed Neo4j; the other commands use {settings.neo4j_uri}, as KG_REC_NEO4J_URI says")
    with progress() as shown:
        return ManagedServer(settings, say=say, progress=shown).start()


def _show(found: ServerStatus) -> None:
    console = output()
    console.print(f"Neo4j {found.version}  {found.state}" + (f", pid {found.pid}" if found.pid else ""), markup=False)
    if found.pid is None:
        console.print("Start it: kg-rec neo4j start", markup=False)
        return
    console.print(f"bolt           {found.uri}", markup=False)
    console.print(f"browser        {found.http}/browser/", markup=False)
    console.print(f"user           {found.user}", markup=False)
    console.print(f"password file  {found.password_file}", markup=False)


def _follow(path: Path) -> None:
    """Print what is appended to the file, over its replacements, until the keyboard stops it."""
    while not path.exists():
        time.sleep(0.5)
    file = path.open(encoding="utf-8", errors="replace")
    try:
        file.seek(0, 2)
        while True:
            text = file.read()
            typer.echo(text, nl=False)
            if not text:
                time.sleep(0.2)
                if path.exists() and path.stat().st_size < file.tell():  # a new log was begun
                    file.close()
                    file = path.open(encoding="utf-8", errors="replace")
    except KeyboardInterrupt:
        pass
    finally:
        file.close()
