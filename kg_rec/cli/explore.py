"""`kg-rec explore`: questions people ask of the graph, answered here or in Neo4j Browser."""

from __future__ import annotations

import json
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kg_rec.cli.app import connected, current_settings, output, say
from kg_rec.counted import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kg_rec.graph.client import Row
    from kg_rec.graph.explore import Question
    from kg_rec.schema import GraphSchema


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(connected(explore))


def explore(
    name: Annotated[
        str | None, typer.Argument(help="A question, by its name; without it, all are listed.", metavar="QUESTION")
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option(
            "--param", "-p", help="Whom or what it is about, or another of its parameters.", metavar="NAME=VALUE"
        ),
    ] = None,
    shown: Annotated[
        bool, typer.Option("--print", help="Print what to paste into Neo4j Browser, and ask nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    export: Annotated[
        Path | None,
        typer.Option(help="Write all questions for Neo4j Browser's Saved Scripts: a new .zip, or a new folder."),
    ] = None,
    style: Annotated[
        bool, typer.Option("--style", help="Print a style (GRASS) for Neo4j Browser: names on the nodes, colours.")
    ] = False,
) -> None:
    """Ask the graph what people ask of such a graph: what a person wants, why an item fits, what two share, what is odd.

    People are given by id, items and other entities by key or name. Whom or what is not given is chosen: somebody or something
    with much to show.

    Example:  kg-rec explore why --param user=ann --param item="The title of an item"
    """
    from kg_rec.errors import InputError
    from kg_rec.graph.explore import question

    chosen = [option for option, given in (("QUESTION", name), ("--export", export), ("--style", style)) if given]
    if len(chosen) > 1:
        raise InputError(f"Expected one of QUESTION, --export and --style, found {' and '.join(chosen)}.")
    if name is None and (param or shown):
        raise InputError(f"{'--param' if param else '--print'} is for one question; found none.")
    if style:
        _print_style()
    elif export is not None:
        _export(export)
    elif name is None:
        _list(as_json)
    else:
        _ask(question(name), _pairs(param or ()), shown, as_json)


def _pairs(params: Sequence[str]) -> dict[str, str]:
    from kg_rec.errors import InputError

    pairs: dict[str, str] = {}
    for one in params:
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise InputError(
                f"--param {one}: expected NAME=VALUE, found no '='.", remedy="For example: --param limit=5"
            )
        if name in pairs:
            raise InputError(f"--param {name}: expected it once, found it twice.")
        pairs[name] = value
    return pairs


def _print_style() -> None:
    from kg_rec.graph.style import grass
    from kg_rec.schema import read_schema

    typer.echo(grass(read_schema(current_settings().schema_path)), nl=False)


def _export(target: Path) -> None:
    from kg_rec.graph.saved_scripts import saved_scripts, write_saved_scripts
    from kg_rec.graph.server import connect
    from kg_rec.schema import read_schema

    settings = current_settings()
    schema = read_schema(settings.schema_path)
    with connect(settings, say=say) as client:
        files = saved_scripts(client, schema)
    write_saved_scripts(files, target)
    typer.echo(f"{counted(len(files), 'script')} written to {target}")
    if target.suffix.lower() == ".zip":
        say("drop the file on Neo4j Browser: they are then among its Saved Scripts; run 'Parameters' first")


def _list(as_json: bool) -> None:
    from rich.text import Text

    from kg_rec.graph.explore import questions

    found = questions()
    if as_json:
        listed = [
            {"name": one.name, "question": one.text, "about": one.about, "parameters": [p.name for p in one.parameters]}
            for one in found
        ]
        typer.echo(json.dumps({"questions": listed}, ensure_ascii=False, indent=1))
        return
    console = output()
    width = max(len(one.name) for one in found)
    for about in ("a person", "an item", "an entity", "the graph"):
        console.print(Text(f" about {about}", style="dim"))
        for one in found:
            if one.about == about:
                console.print(Text(f"  {one.name:<{width}}  ", style="bold").append(one.text, style="not bold"))


def _ask(asked: Question, given: Mapping[str, str], shown: bool, as_json: bool) -> None:
    from kg_rec.graph.explore import ask, values
    from kg_rec.graph.saved_scripts import for_browser
    from kg_rec.graph.server import connect
    from kg_rec.schema import read_schema

    settings = current_settings()
    schema = read_schema(settings.schema_path)
    with connect(settings, say=say) as client:
        found = values(client, schema, asked, given)
        if found.chosen:
            say("not given, so chosen: " + ", ".join(f"{name} = {found.values[name]}" for name in found.chosen))
        if shown:
            typer.echo(for_browser(asked.script.text, found.values), nl=False)
            say("paste the :param lines into Neo4j Browser first, then the statement")
            return
        rows = ask(client, asked, found.values)
    if as_json:
        from kg_rec.graph.answers import as_plain

        answer = {"question": asked.text, "parameters": found.values, "rows": [as_plain(row) for row in rows]}
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=1))
    else:
        _show(rows, schema)


def _show(rows: Sequence[Row], schema: GraphSchema) -> None:
    """Print a table as wide as it is: a terminal wraps it, and a file takes all of it."""
    from rich.cells import cell_len
    from rich.text import Text

    from kg_rec.graph.answers import as_text
    from kg_rec.graph.attach import titles

    console = output()
    if not rows:
        console.print(" nothing is found")
        return
    called = titles(schema)
    lines = [[as_text(value, called).split("\n") for value in row.values()] for row in rows]
    right = [_is_number(rows, column) for column in rows[0]]
    widths = [
        max(cell_len(column), *(cell_len(line) for row in lines for line in row[place]))
        for place, column in enumerate(rows[0])
    ]

    def aligned(cells: Sequence[str]) -> str:
        padding = [" " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True)]
        placed = zip(cells, padding, right, strict=True)
        return " " + "  ".join(space + cell if number else cell + space for cell, space, number in placed).rstrip()

    console.print(Text(aligned(list(rows[0])), style="dim"))
    for row in lines:
        for cells in zip_longest(*row, fillvalue=""):
            console.print(Text(aligned(cells)))


def _is_number(rows: Sequence[Row], column: str) -> bool:
    found = [row[column] for row in rows if row[column] is not None]
    return bool(found) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in found)
