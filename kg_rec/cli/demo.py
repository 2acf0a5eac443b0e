"""`kg-rec demo`: the whole way on the sample graph."""

from __future__ import annotations

import shlex
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from kg_rec.cli.app import connected, current_settings, output, progress, say
from kg_rec.counted import counted

if TYPE_CHECKING:
    from kg_rec.graph.csv_folder import GraphFolder
    from kg_rec.recommender import Recommender
    from kg_rec.settings import Settings

PERSON = "demo"
WORDS = "I loved Arrival and slow, sad science fiction about loneliness. No horror please."


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(connected(demo))


def demo(
    serve: Annotated[bool, typer.Option("--serve", help="Then serve the page, and open it in a web browser.")] = False,
    no_open: Annotated[bool, typer.Option("--no-open", help="With --serve: say only where the page is.")] = False,
) -> None:
    """Show the whole way on a sample graph of films: load, train, attach a new person, recommend.

    Starts a Neo4j of its own. Run again, it uses what is there and changes nothing.

    Example:  kg-rec demo --serve
    """
    from kg_rec.cli.recommend import show
    from kg_rec.cli.train import tell_trained
    from kg_rec.graph.csv_folder import read_folder
    from kg_rec.recommender import Recommender
    from kg_rec.sample import sample_folder

    started = time.monotonic()
    settings = current_settings()
    with progress() as shown, Recommender.open(settings, say=say, progress=shown) as recommender:
        sample = read_folder(sample_folder())
        _check_place(recommender, sample)
        if _is_loaded(recommender, sample):
            say("the sample graph is loaded already")
        else:
            report = recommender.load(sample_folder()).report
            say(f"the sample graph is loaded: {counted(report.nodes, 'node')}, {counted(report.relations, 'relation')}")
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
    if serve:
        _serve(settings, opening=not no_open)


def _serve(settings: Settings, *, opening: bool) -> None:
    """Serve the page until Ctrl-C, at the usual port, or at a free one where that is taken."""
    from kg_rec.cli.serve import tell
    from kg_rec.errors import SettingsError
    from kg_rec.service.logs import to_stderr
    from kg_rec.service.server import HOST, PORT, access_of, make_server, open_page

    access = access_of(settings, HOST, require_key=False, rate=0.0)
    try:
        server, listening = make_server(settings, access, HOST, PORT)
    except SettingsError:
        server, listening = make_server(settings, access, HOST, 0)
    output().print()
    page = tell(server, listening, access)
    say("Ctrl-C ends it; kg-rec serve shows the page again")
    to_stderr("warning")
    if opening:
        open_page(server, page)
    server.run(sockets=[listening])


def _check_place(recommender: Recommender, sample: GraphFolder) -> None:
    """Raise SettingsError where the home or its Neo4j holds another graph: the sample must not be mixed into it.

    A load of the sample that was broken off, and people who were attached, are no other graph.
    """
    from kg_rec.errors import ArtifactError, SettingsError
    from kg_rec.schema_inference import contradictions

    settings = recommender.settings
    keys = {key for table in sample.nodes for key in table.keys}
    own_home = "Give the demo a home of its own: kg-rec demo --home FOLDER"
    if settings.schema_path.exists() and (wrong := contradictions(recommender.schema, sample)):
        raise SettingsError(f"{settings.schema_path} is of another graph: expected {wrong[0]}.", remedy=own_home)
    with suppress(ArtifactError):  # no model that could be used
        strange = [key for key in recommender.artifact.model.entities.keys if key not in keys]
        if strange:
            raise SettingsError(
                f"{settings.model_path} holds a model of another graph: expected entities of the sample, found "
                f"{', '.join(strange[:3])}.",
                remedy=own_home,
            )
    (found,) = recommender.client.read("load/strangers", keys=sorted(keys))
    others = [f"{counted(found['others'], 'node')} that kg-rec did not load"] if found["others"] else []
    told = [*found["keys"], *others]
    if told:
        raise SettingsError(
            f"The Neo4j at {recommender.client.uri} holds another graph: expected nothing but the sample, found "
            f"{', '.join(told)}.",
            remedy="Leave --neo4j-uri (KG_REC_NEO4J_URI) away, and the demo starts a Neo4j of its own."
            if settings.neo4j_uri
            else own_home,
        )


def _is_loaded(recommender: Recommender, sample: GraphFolder) -> bool:
    """Tell whether the sample is there and its load was not broken off."""
    from kg_rec.graph.counts import graph_counts

    counts = graph_counts(recommender.client)
    whole = counts.nodes == sample.label_counts() and counts.types() == sample.type_counts()
    return whole and recommender.settings.schema_path.exists()


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
