"""`kg-rec publish`: the model in the graph, so that Neo4j recommends by itself."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from kg_rec.cli.app import connected, current_settings, output, progress, say
from kg_rec.counted import agreeing, counted

if TYPE_CHECKING:
    from kg_rec.graph.publish import PublishReport, UnpublishReport


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(connected(publish))


def publish(
    remove: Annotated[bool, typer.Option("--remove", help="Take all of it out of the graph again.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Write what the model knows into Neo4j: the scripts under cypher/recommend then recommend without Python.

    Vectors, popularity, likeness of items, and what each entity speaks for. Nothing else in the graph is touched, training does
    not see it, and it can be run again at any time: after kg-rec train, or where it was broken off.

    Example:  kg-rec publish
    """
    from kg_rec.graph.publish import UnpublishReport
    from kg_rec.recommender import Recommender

    with progress() as shown, Recommender.open(current_settings(), say=say, progress=shown) as recommender:
        done = recommender.unpublish() if remove else recommender.publish()
    if as_json:
        typer.echo(json.dumps(asdict(done), indent=1))
    elif isinstance(done, UnpublishReport):
        _show_removed(done)
    else:
        _show_published(done)


def _show_published(done: PublishReport) -> None:
    console = output()
    console.print(f"model {done.version} is published in Neo4j, in {done.seconds:.1f} s", markup=False)
    rows = [
        (done.items, "items with kgEmbedding, kgPopularity and the label :KGItem"),
        (done.entities, "other entities with kgEmbedding"),
        (done.speaks_for, "relations KG_SPEAKS_FOR, from entities to items"),
        (done.similar, "relations SIMILAR_TO between items"),
    ]
    if done.people:
        rows.append((done.people, "people given the vector of their words, kgWish"))
    width = max(len(f"{count:,}") for count, _ in rows)
    for count, what in rows:
        console.print(f"  {count:>{width},} {what}", markup=False)
    if done.replaced:
        console.print(f"  it takes the place of model {done.replaced}", markup=False)
    if done.stale:
        console.print(
            f"  {counted(done.stale, 'entity')} that this model does not know lost what an earlier one had published",
            markup=False,
        )
    if done.missing:
        console.print(
            f"  {counted(done.missing, 'entity')} of the model {agreeing(done.missing, 'is')} not in the graph any more; "
            "train again: kg-rec train",
            markup=False,
        )
    console.print("Recommend in Neo4j Browser with the scripts under cypher/recommend.", markup=False)
    console.print("Take it away again: kg-rec publish --remove", markup=False)


def _show_removed(done: UnpublishReport) -> None:
    console = output()
    if not (done.version or done.relations or done.entities or done.people):
        console.print("nothing is published in this graph", markup=False)
        return
    console.print(f"nothing that was published is left in Neo4j; removed in {done.seconds:.1f} s:", markup=False)
    people = f" and {counted(done.people, 'person')}" if done.people else ""
    console.print(f"  what was written on {counted(done.entities, 'entity')}{people}", markup=False)
    console.print(f"  {counted(done.relations, 'relation')}", markup=False)
