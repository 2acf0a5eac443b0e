"""`kg-rec status` and `kg-rec sync`: how far the graph and the model are apart, and how they come together again."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from kg_rec.cli.app import connected, current_settings, output, progress, say
from kg_rec.counted import agreeing, counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg_rec.graph.status import Difference, GraphStatus

APART = 3
"""Exit status of `kg-rec status` when graph and model are apart; 1 is an error, 2 a mistake in the command."""


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(connected(status))
    app.command()(connected(sync))


def status(as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False) -> None:
    """Tell how far the graph in Neo4j and the model are apart: what is new, what is gone, what to do.

    Ends with status 0 when they are in step, 3 when they are apart, 1 when it cannot be told. Nothing is changed.

    Example:  kg-rec status
    """
    from kg_rec.recommender import Recommender

    with Recommender.open(current_settings(), say=say) as recommender:
        found = recommender.status()
    if as_json:
        told = {**asdict(found), "in_step": found.in_step, "advice": found.advice}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        for line in _told(found):
            output().print(line, markup=False)
    if not found.in_step:
        raise typer.Exit(APART)


def sync() -> None:
    """Bring the model up to date with the graph, without training.

    Items and entities that are new can be recommended and named, what is gone vanishes, and what people did since counts. What was
    learned stays. A model that is being used goes on being used until the new one is whole.

    Example:  kg-rec sync
    """
    from kg_rec.recommender import Recommender

    with progress() as shown, Recommender.open(current_settings(), say=say, progress=shown) as recommender:
        done = recommender.sync()
    took = f"{done.seconds['all']:.1f} s, {done.seconds['reading the graph']:.1f} s of it to read the graph"
    if done.written:
        for line in _table([one for one in done.differences if one.differs]):
            output().print(line, markup=False)
        worded = counted(done.worded, "entity")
        typer.echo(f"model {done.version}: in step with the graph; words of {worded} encoded ({took})")
    else:
        typer.echo(f"nothing has changed: model {done.version} stays ({took})")
    if done.published not in ("", done.version):
        typer.echo(f"in Neo4j is what was published of model {done.published}; to publish this one: kg-rec publish")


def _told(found: GraphStatus) -> Iterator[str]:
    since = "" if found.created == found.trained else f", brought up to date {_moment(found.created)}"
    yield f" model      {found.version}, trained {_moment(found.trained)}{since}"
    yield f" graph      {counted(found.nodes, 'node')} and {counted(found.relations, 'relation')} at {found.uri}"
    apart = [one for one in found.differences if one.differs]
    if apart:
        yield ""
        yield from _table(apart)
        same = len(found.differences) - len(apart)
        yield f" the other {same} labels and kinds of relations are as they were" if same else ""
    if found.unknown:
        known = f"kg-rec does not know {'it' if found.unknown == 1 else 'them'} yet"
        yield f" {counted(found.unknown, 'node')} {agreeing(found.unknown, 'has')} a label of the schema, but no key: {known}"
    if found.schema_changed:
        yield " schema.toml has changed since the model was made"
    if found.published not in ("", found.version):
        yield f" published in Neo4j is another model, {found.published}"
    yield ""
    yield (
        " in step: nothing to do"
        if not found.advice
        else (f" {'in step; ' if found.in_step else ''}next: {', then '.join(found.advice)}")
    )


def _table(differences: Sequence[Difference]) -> Iterator[str]:
    """Yield a line a difference: in the model, in the graph, how many are new and gone, and which."""
    width = max((len(one.what) for one in differences), default=0)
    if differences:
        yield f" {'':<{width}} {'model':>10} {'graph':>10} {'new':>8} {'gone':>8}"
    for one in differences:
        new = max(one.graph - one.model, 0) if one.new is None else one.new
        gone = max(one.model - one.graph, 0) if one.gone is None else one.gone
        more = ", …" if len(one.examples) < (new or gone) else ""
        named = f"  {', '.join(one.examples)}{more}" if one.examples else ""
        yield f" {one.what:<{width}} {one.model:>10,} {one.graph:>10,} {new or '':>8} {gone or '':>8}{named}".rstrip()


def _moment(written: str) -> str:
    """Return a moment as people read it, with how long ago it was."""
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(written)
        ago = datetime.now(UTC) - moment
    except (ValueError, TypeError):
        return written or "at an unknown time"
    minutes = int(ago.total_seconds() // 60)
    for size, unit in ((1440, "days"), (60, "hours"), (1, "minutes")):
        if minutes >= 2 * size:
            return f"{moment:%Y-%m-%d %H:%M} UTC ({minutes // size} {unit} ago)"
    return f"{moment:%Y-%m-%d %H:%M} UTC (just now)"
