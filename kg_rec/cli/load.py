"""`kg-rec load`: CSV files into Neo4j."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kg_rec.cli.app import connected, current_settings, progress, say
from kg_rec.cli.meaning import Interaction, Item, KindOption, NewSchema, Title, User, Weight, asking, tell_schema
from kg_rec.counted import counted

if TYPE_CHECKING:
    from kg_rec.graph.import_arguments import Sources
    from kg_rec.graph.load import LoadReport

_FILES = "How the files are written"


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
    item: Item = None,
    user: User = None,
    interaction: Interaction = None,
    weight: Weight = None,
    kind: KindOption = None,
    title: Title = None,
    new_schema: NewSchema = False,
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
        loaded = recommender.load(sources, choices=choices, ask=asking(shown), new_schema=new_schema, bad_rows=bad_rows)
    if loaded.reasons is not None:
        tell_schema(loaded.schema, loaded.reasons, settings.schema_path)
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


def _tell_loaded(report: LoadReport) -> None:
    new = f"{counted(report.new_nodes, 'node')} and {counted(report.new_relations, 'relation')} are new"
    if not (report.new_nodes or report.new_relations):
        new = "all of them were there already"
    typer.echo(
        f"loaded {counted(report.nodes, 'node')} and {counted(report.relations, 'relation')} in {report.seconds:.1f} s; {new}\n"
        f"next: kg-rec train"
    )
