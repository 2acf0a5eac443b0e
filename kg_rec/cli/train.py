"""`kg-rec train`: the graph in Neo4j to a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kg_rec.cli.app import connected, current_settings, progress, say
from kg_rec.counted import counted

if TYPE_CHECKING:
    from kg_rec.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(connected(train))


def train(
    encoder: Annotated[
        str | None, typer.Option(help="Sentence encoder, by name or folder.", envvar="KG_REC_ENCODER")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.", envvar="KG_REC_SEED")] = None,
    steps: Annotated[
        int | None, typer.Option(help="Training steps at most; 0 uses the untrained start.", min=0)
    ] = None,
) -> None:
    """Train a model on the graph in Neo4j, and make it the current one.

    Texts are encoded once and cached; a model that is being used goes on being used until the new one is whole.

    Example:  kg-rec train --seed 1
    """
    from kg_rec.recommender import Recommender

    settings = current_settings(encoder=encoder, seed=seed)
    with progress() as shown, Recommender.open(settings, say=say, progress=shown) as recommender:
        report = recommender.train(_training_settings(settings, steps))
    tell_trained(report)


def tell_trained(report: dict[str, Any]) -> None:
    """Print what a training came to."""
    seconds = report["seconds"]
    typer.echo(
        f"model {report['version']}: {counted(report['items'], 'item')}, {counted(report['entities'], 'entity')}"
    )
    typer.echo(f"  encoding {seconds['encoding']} s, training {seconds['training']} s")
    if "best" in report:
        start, best = report["start"], report["best"]
        typer.echo(
            f"  on {report['held-out people']:,} held-out texts of simulated people, step {report['best step']}: recall@50 "
            f"{best['recall_at_50']:.3f} (untrained {start['recall_at_50']:.3f}), loss {best['loss']:.3f} "
            f"(untrained {start['loss']:.3f})"
        )
        if own := report["telling"]["own words"]:
            typer.echo(f"  {counted(own, 'person')} told in their own words")
    else:
        typer.echo(
            f"  {report.get('note', 'nobody with enough interactions to learn from; the untrained start is used')}"
        )


def _training_settings(settings: Settings, steps: int | None) -> Any:
    from dataclasses import replace

    from kg_rec.model.training import TrainingSettings

    chosen = TrainingSettings(seed=settings.seed)
    return chosen if steps is None else replace(chosen, steps=steps)
