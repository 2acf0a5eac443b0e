"""`kg-rec init` and `kg-rec adopt`: a graph that was in Neo4j before kg-rec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kg_rec.cli.app import connected, current_settings, progress, say
from kg_rec.cli.meaning import Interaction, Item, KindOption, NewSchema, Title, User, Weight, tell_schema
from kg_rec.counted import agreeing, counted

if TYPE_CHECKING:
    from kg_rec.schema_detour import Detour


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(connected(init))
    app.command()(connected(adopt))


def init(
    item: Item = None,
    user: User = None,
    interaction: Interaction = None,
    weight: Weight = None,
    kind: KindOption = None,
    title: Title = None,
    new_schema: NewSchema = False,
) -> None:
    """Find out what the graph in your Neo4j means, and write it down; the graph is only read.

    Example:  kg-rec init --neo4j-uri bolt://localhost:7687
    """
    from kg_rec.errors import SchemaError
    from kg_rec.recommender import Recommender
    from kg_rec.schema_inference import SchemaChoices

    settings = current_settings()
    choices = SchemaChoices(item, user, interaction, weight, kind.value if kind else None, title)
    with progress() as shown, Recommender.open(settings, say=say, progress=shown) as recommender:
        try:
            found = recommender.init(choices=choices, new_schema=new_schema)
        except SchemaError as error:
            error.remedy = error.remedy.replace("Nothing was loaded.", "Nothing was written.")
            raise
    tell_schema(found.schema, found.reasons, settings.schema_path, ids=True)
    if found.schema.user is None:
        typer.echo("nobody interacts with anything here: recommendations will go by words and the graph alone")
    if found.detour is not None:
        _tell_detour(found.detour)
    typer.echo("next: kg-rec adopt")


def _tell_detour(detour: Detour) -> None:
    """Say how the owner of the database can make a relation of what people did over other nodes."""
    from kg_rec.graph.scripts import scripts_root
    from kg_rec.schema_detour import SCRIPT

    typer.echo(
        f"{detour} would tell who likes what; to make a relation {detour.type} of it, which stays in your database:\n"
        f"  in Neo4j Browser  {detour.parameters()}\n"
        f"  there, after it   {scripts_root()}/{SCRIPT}.cypher\n"
        f"  and then          kg-rec init --new-schema"
    )


def adopt(
    undo: Annotated[
        bool, typer.Option("--undo", help="Take away what adopting added, and what people attached.")
    ] = False,
) -> None:
    """Give the nodes of a graph that was there before kg-rec a key and the label :KGEntity, and nothing else.

    Run it again for nodes that are new; what was broken off is finished. --undo leaves the graph as it was.

    Example:  kg-rec adopt
    """
    from kg_rec.model.manifest import has_model
    from kg_rec.recommender import Recommender

    with progress() as shown, Recommender.open(current_settings(), say=say, progress=shown) as recommender:
        if undo:
            gone = recommender.forget()
            nodes = f"{counted(gone.nodes, 'node')} {'is as it was' if gone.nodes == 1 else 'are as they were'}"
            people = f"{counted(gone.people, 'person')} who had been attached {agreeing(gone.people, 'is')} gone"
            typer.echo(f"{nodes}; {people}")
            return
        done = recommender.adopt()
        following = "sync" if has_model(recommender.settings.model_path) else "train"
    labels = ", ".join(f"{count:,} {label}" for label, count in done.labels.items())
    new = f"adopted {counted(done.nodes, 'node')}" if done.nodes else "nothing is new: all nodes had been adopted"
    typer.echo(f"{new}; the graph has {labels}\nnext: kg-rec {following}")
