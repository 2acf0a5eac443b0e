"""`kg-rec load`: CSV files into Neo4j."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kg_rec.cli.app import connected, current_settings, progress, say

if TYPE_CHECKING:
    from kg_rec.graph.import_arguments import Sources
    from kg_rec.graph.load import LoadReport
    from kg_rec.schema import GraphSchema
    from kg_rec.schema_inference import UndecidedSchemaError

_MEANING = "What the graph means (found by itself where it is clear)"
_FILES = "How the files are written"


class Kind(StrEnum):
    """What the weight of an interaction is."""

    RATING = "rating"
    COUNT = "count"
    UNARY = "unary"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(connected(load))


def load(
    folder: Annotated[
        Path | None,
        typer.Argument(help="A folder with nodes/*.csv and relations/*.csv, or a file of neo4j-admin's arguments."),
    ] = None,
    nodes: Annotated[
        list[str] | None, typer.Option(help="Files of nodes, as neo4j-admin has it.", metavar="LABEL=FILE[,FILE]")
    ] = None,
    relationships: Annotated[
        list[str] | None, typer.Option(help="Files of relations, as neo4j-admin has it.", metavar="TYPE=FILE[,FILE]")
    ] = None,
    bad_rows: Annotated[
        Path | None, typer.Option(help="Skip lines that are not in order, and list them here.", metavar="REPORT.csv")
    ] = None,
    item: Annotated[
        str | None, typer.Option(help="What is recommended.", metavar="LABEL", rich_help_panel=_MEANING)
    ] = None,
    user: Annotated[
        str | None, typer.Option(help="Who interacts; none: nobody.", metavar="LABEL", rich_help_panel=_MEANING)
    ] = None,
    interaction: Annotated[
        str | None, typer.Option(help="The relation from user to item.", metavar="TYPE", rich_help_panel=_MEANING)
    ] = None,
    weight: Annotated[
        str | None, typer.Option(help="Its rating or count.", metavar="PROPERTY", rich_help_panel=_MEANING)
    ] = None,
    kind: Annotated[Kind | None, typer.Option(help="Which of them.", rich_help_panel=_MEANING)] = None,
    title: Annotated[
        str | None, typer.Option(help="What an item is called by.", metavar="PROPERTY", rich_help_panel=_MEANING)
    ] = None,
    new_schema: Annotated[
        bool,
        typer.Option("--new-schema", help="Write schema.toml anew, even if it is there.", rich_help_panel=_MEANING),
    ] = False,
    delimiter: Annotated[
        str, typer.Option(help="Between columns: a character, or TAB.", metavar="CHAR", rich_help_panel=_FILES)
    ] = ",",
    array_delimiter: Annotated[
        str, typer.Option(help="Between the values of a list.", metavar="CHAR", rich_help_panel=_FILES)
    ] = ";",
) -> None:
    """Load a graph from CSV files into Neo4j, and find out what it means.

    Everything is checked before anything is written. Loading again changes nothing, or finishes what was broken off.

    Example:  kg-rec load my-graph --bad-rows report.csv
    """
    from kg_rec.recommender import Recommender
    from kg_rec.schema_inference import SchemaChoices

    settings = current_settings()
    sources = _sources(folder, nodes or [], relationships or [], delimiter, array_delimiter)
    choices = SchemaChoices(item, user, interaction, weight, kind.value if kind else None, title)
    with progress() as shown, Recommender.open(settings, say=say, progress=shown) as recommender:

        def asked(question: UndecidedSchemaError) -> str:
            with shown.paused():
                return _ask(question)

        ask = asked if sys.stdin.isatty() and sys.stderr.isatty() else None
        loaded = recommender.load(sources, choices=choices, ask=ask, new_schema=new_schema, bad_rows=bad_rows)
    if loaded.reasons is not None:
        _tell_schema(loaded.schema, loaded.reasons, settings.schema_path)
    else:
        say(f"the schema stays as it is: {settings.schema_path}")
    _tell_loaded(loaded.report)


def _sources(
    folder: Path | None, nodes: list[str], relationships: list[str], delimiter: str, array_delimiter: str
) -> Sources:
    from kg_rec.errors import LoadError
    from kg_rec.graph.csv_lines import Format
    from kg_rec.graph.import_arguments import find_sources, from_arguments, separator

    form = Format(
        delimiter=separator(delimiter, "--delimiter"),
        array_delimiter=separator(array_delimiter, "--array-delimiter"),
    )
    if nodes or relationships:
        given = [*(f"--nodes={value}" for value in nodes), *(f"--relationships={value}" for value in relationships)]
        return from_arguments(given, folder or Path(), form)
    if folder is None:
        raise LoadError("Expected a folder, a file of arguments, or --nodes and --relationships; found none of them.")
    # neo4j-admin takes its file of arguments with @ before its name.
    if folder.name.startswith("@") and not folder.exists():
        folder = folder.with_name(folder.name[1:])
    return find_sources(folder, form)


def _ask(question: UndecidedSchemaError) -> str:
    typer.echo(question.message, err=True)
    for number, choice in enumerate(question.choices, start=1):
        typer.echo(f"  {number}  {choice}", err=True)
    while True:
        answer = typer.prompt(f"Which {question.option}?", err=True).strip()
        if answer in question.choices:
            return str(answer)
        if answer.isdigit() and 1 <= int(answer) <= len(question.choices):
            return question.choices[int(answer) - 1]
        typer.echo(f"Expected 1 to {len(question.choices)}, or a name from the list.", err=True)


def _tell_schema(schema: GraphSchema, reasons: dict[str, str], path: Path) -> None:
    def tell(name: str, what: str, key: str) -> None:
        because = f" (because {reasons[key]})" if key in reasons else ""
        typer.echo(f"  {name:<12} {what}{because}")

    typer.echo(f"what the graph means, written to {path} for reading and editing:")
    tell("item", schema.item.label, "item.label")
    tell("  title", schema.item.title, "item.title")
    if schema.item.aliases:
        tell("  also", ", ".join(schema.item.aliases), "item.aliases")
    tell("  texts", ", ".join(schema.item.text) or "none", "item.text")
    tell("  released", schema.item.released or "unknown", "item.released")
    tell("user", schema.user.label if schema.user else "none", "user.label" if schema.user else "user")
    if schema.user and schema.user.text:
        tell("  texts", ", ".join(schema.user.text), "user.text")
    if schema.interaction:
        tell("interaction", schema.interaction.type, "interaction.type")
        weight, scale = schema.interaction.weight, schema.interaction.scale
        what = f"{schema.interaction.kind}{f' in {weight}' if weight else ''}"
        tell("  kind", what + (f", from {scale[0]:g} to {scale[1]:g}" if scale else ""), "interaction.kind")
        if schema.interaction.text:
            tell("  texts", schema.interaction.text, "interaction.text")
    tell("interests", ", ".join(schema.interests) or "none", "interests")


def _tell_loaded(report: LoadReport) -> None:
    new = f"{report.new_nodes:,} nodes and {report.new_relations:,} relations are new"
    if not (report.new_nodes or report.new_relations):
        new = "all of them were there already"
    typer.echo(
        f"loaded {report.nodes:,} nodes and {report.relations:,} relations in {report.seconds:.1f} s; {new}\n"
        f"next: kg-rec train"
    )
