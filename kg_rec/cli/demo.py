"""`kg-rec demo`: the whole way on the sample graph."""

from __future__ import annotations

import shlex
import time
from typing import TYPE_CHECKING

import typer

from kg_rec.cli.app import connected, current_settings, output, progress, say

if TYPE_CHECKING:
    from kg_rec.recommender import Recommender

PERSON = "demo"
WORDS = "I loved Arrival and slow, sad science fiction about loneliness. No horror please."


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(connected(demo))


def demo() -> None:
    """Show the whole way on a sample graph of films: load, train, attach a new person, recommend.

    Starts a Neo4j of its own. Run again, it uses what is there and changes nothing.

    Example:  kg-rec demo --home /tmp/kg-rec-demo
    """
    from kg_rec.cli.recommend import show
    from kg_rec.cli.train import tell_trained
    from kg_rec.recommender import Recommender

    started = time.monotonic()
    settings = current_settings()
    with progress() as shown, Recommender.open(settings, say=say, progress=shown) as recommender:
        _check_home(recommender)
        if _is_loaded(recommender):
            say("the sample graph is loaded already")
        else:
            from kg_rec.sample import sample_folder

            report = recommender.load(sample_folder())
            say(f"the sample graph is loaded: {report.nodes:,} nodes, {report.relations:,} relations")
        if _is_trained(recommender):
            say("the model is trained already")
        else:
            tell_trained(recommender.train())
        if _is_attached(recommender):
            say(f"the person '{PERSON}' is attached already")
        else:
            recommender.attach(PERSON, WORDS)
            say(f"the person '{PERSON}' is attached")
        found = recommender.recommend(user=PERSON)
        item = recommender.artifact.schema.item
    console = output()
    console.print()
    console.print(f' "{WORDS}"', style="italic", markup=False)
    show(found, item.label, item.released)
    console.print()
    _tell_next(recommender)
    console.print(
        f"\n [dim]{time.monotonic() - started:.0f} s in all; the people and ratings of the sample are simulated[/dim]"
    )


def _check_home(recommender: Recommender) -> None:
    """Raise SettingsError where the home holds another graph: the sample must not be mixed into it."""
    from kg_rec.errors import SettingsError

    path = recommender.settings.schema_path
    sample = _sample_counts()
    if not path.exists():
        found = _counts(recommender)
        if found and not set(found) <= set(sample):
            raise SettingsError(
                f"The Neo4j at {recommender.client.uri} holds another graph: expected it empty, found nodes labelled "
                f"{', '.join(sorted(found))}.",
                remedy="Give the demo a home of its own: kg-rec demo --home FOLDER",
            )
    elif recommender.schema.item.label not in sample:
        raise SettingsError(
            f"{path} is of another graph: its items are labelled {recommender.schema.item.label}.",
            remedy="Give the demo a home of its own: kg-rec demo --home FOLDER",
        )


def _sample_counts() -> dict[str, int]:
    """Return the number of nodes of the sample by label: a line a node, below each file's header."""
    from kg_rec.sample import sample_folder

    files = sorted((sample_folder() / "nodes").glob("*.csv"))
    counts = {}
    for file in files:
        with file.open(encoding="utf-8") as lines:
            counts[file.stem] = sum(1 for _ in lines) - 1
    return counts


def _counts(recommender: Recommender) -> dict[str, int]:
    from kg_rec.graph.keys import label_of

    rows = recommender.client.read("export/counts")
    return {label_of(row["source"]): row["count"] for row in rows if row["type"] is None}


def _is_loaded(recommender: Recommender) -> bool:
    """Tell by the model, or else by counting, that the load was not broken off."""
    return recommender.settings.schema_path.exists() and (_is_trained(recommender))


def _is_trained(recommender: Recommender) -> bool:
    from kg_rec.errors import ArtifactError

    try:
        return not recommender.graph_has_changed()
    except ArtifactError:
        return False


def _is_attached(recommender: Recommender) -> bool:
    from kg_rec.errors import UnknownEntityError

    try:
        return bool(recommender.interests(PERSON))
    except UnknownEntityError:
        return False


def _tell_next(recommender: Recommender) -> None:
    from kg_rec.graph.server import ManagedServer
    from kg_rec.settings import load_settings

    console = output()
    console.print(" [bold]what to try next[/bold]")
    settings = recommender.settings
    if settings.neo4j_uri is None:
        status = ManagedServer(settings).status()
        console.print(f"  {status.http}/browser/", style="cyan", markup=False)
        console.print(
            f"      the graph in Neo4j Browser: user {status.user}, password in {status.password_file}", markup=False
        )
    where = "" if settings.home == load_settings().home else f" --home {shlex.quote(str(settings.home))}"
    for command in (
        'recommend "something funny for a family evening, not animated"',
        f'interests {PERSON} --add "time travel"',
        f"recommend --user {PERSON} --where 'year>=2000' --paths",
    ):
        console.print(f"  kg-rec {command}{where}", style="cyan", markup=False)
