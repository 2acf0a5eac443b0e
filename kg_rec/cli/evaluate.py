"""`kg-rec evaluate`: how good the recommendations are for people nobody has seen, and whether the graph helps."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kg_rec.cli.app import connected, current_settings, progress, say, written_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch_geometric.data import HeteroData

    from kg_rec.evaluation.evaluator import Scope
    from kg_rec.evaluation.fidelity import Explain
    from kg_rec.evaluation.report import Report, Section
    from kg_rec.evaluation.strangers import Manner, Stranger
    from kg_rec.progress import Progress
    from kg_rec.recommender import Recommender
    from kg_rec.schema import GraphSchema


class By(StrEnum):
    """How people are chosen."""

    HASH = "hash"
    TIME = "time"


class Writing(StrEnum):
    """How they write."""

    ASKING = "asking"
    TELLING = "telling"
    BOTH = "both"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(connected(evaluate))


def evaluate(
    people: Annotated[
        Path | None,
        typer.Option(
            help="Real people for the current model: JSON lines with user_id, text, relevant (ids), mentioned (ids).",
            metavar="FILE",
        ),
    ] = None,
    share: Annotated[
        float | None,
        typer.Option(help="Share of the people of the graph who are taken out of it.", show_default="0.2"),
    ] = None,
    by: Annotated[
        By | None, typer.Option(help="By a hash of their key, or those who came last.", show_default="hash")
    ] = None,
    seeds: Annotated[
        str | None, typer.Option(help="Seeds, with commas: each is a split and trainings of its own.", show_default="0")
    ] = None,
    manner: Annotated[Writing | None, typer.Option(help="What their words do.", show_default="both")] = None,
    target: Annotated[
        Path | None, typer.Option("--output", help="Report as HTML, or as JSON where it ends in .json.", metavar="FILE")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Without the controls that are trained themselves.")] = False,
    relations: Annotated[
        bool, typer.Option("--relations", help="Train once more without each type of relation, too.")
    ] = False,
    paths: Annotated[
        int | None,
        typer.Option(help="Recommendations whose explanation is put to the test.", min=0, show_default="200"),
    ] = None,
) -> None:
    """Judge the recommendations for people nobody has seen, against four controls.

    People of the graph are taken out of it, a model is trained on what is
    left, and they come back with simulated words, or tell in their own where
    the graph holds any. Real people's words, from --people, go through the
    current model. Neither the current model nor the graph is changed.

    Example:  kg-rec evaluate --seeds 0,1 --output report.html
    """
    from kg_rec.evaluation.evaluator import Scope
    from kg_rec.evaluation.strangers import MANNERS
    from kg_rec.recommender import Recommender

    if people is not None:
        unused = {"--share": share, "--by": by, "--manner": manner, "--seeds": seeds if quick else None}
        _check_unused([name for name, value in unused.items() if value is not None], quick)
    _check_quick(quick, relations, paths if people is not None else None)
    numbers = _seeds("0" if seeds is None else seeds)
    _check_target(target)
    scope = Scope(quick, relations, paths=200 if paths is None else paths)
    with progress() as shown, Recommender.open(current_settings(), say=say, progress=shown) as recommender:
        if people is not None:
            about, sections = _real_people(recommender, people, numbers, scope, shown)
        else:
            manners = [name for name in MANNERS if manner in (None, name, Writing.BOTH)]
            about, sections = _people_of_the_graph(
                recommender, 0.2 if share is None else share, by or By.HASH, numbers, manners, scope, shown
            )
    report = _report(about, sections)
    if target is not None:
        _write(report, target)
    typer.echo(report.as_json() if as_json else report.as_text())
    if target is not None:
        say(f"the report is in {target}")


def _people_of_the_graph(
    recommender: Recommender,
    share: float,
    by: By,
    seeds: list[int],
    manners: Sequence[Manner],
    scope: Scope,
    shown: Progress,
) -> tuple[dict[str, str], list[Section]]:
    from kg_rec.evaluation.evaluator import evaluate_people_of_the_graph
    from kg_rec.graph.export import export_graph
    from kg_rec.text.encoder import load_encoder

    settings, schema = recommender.settings, recommender.schema
    graph = export_graph(recommender.client, schema, shown)
    encoder = load_encoder(settings.encoder, cache=settings.vectors_path)
    sections = evaluate_people_of_the_graph(
        graph,
        schema,
        encoder,
        share=share,
        by=by.value,
        seeds=seeds,
        manners=manners,
        scope=replace(scope, explain=_explainer(recommender)),
        say=say,
        progress=shown,
    )
    how = "by a hash of their keys" if by is By.HASH else "those who came last, and nothing that was done since"
    own = (schema.user is not None and schema.user.text) or (schema.interaction is not None and schema.interaction.text)
    words = "their words are simulated" + (
        " unless they tell in words of their own" if own and "telling" in manners else ""
    )
    about = {
        "people": f"people of the graph, {share:.0%} of them, {how}; {words}",
        "seeds": ", ".join(map(str, seeds)),
        "graph": graph.fingerprint,
        "encoder": settings.encoder,
    }
    return about, sections


def _real_people(
    recommender: Recommender, path: Path, seeds: list[int], scope: Scope, shown: Progress
) -> tuple[dict[str, str], list[Section]]:
    from kg_rec.errors import GraphError
    from kg_rec.evaluation.controls import Served, linker_of
    from kg_rec.evaluation.evaluator import evaluate_strangers
    from kg_rec.evaluation.strangers import read_strangers
    from kg_rec.graph.export import export_graph
    from kg_rec.text.encoder import load_encoder

    artifact = recommender.artifact
    strangers = read_strangers(path, artifact.properties[artifact.schema.item.id])
    encoder = recommender.encoder_of(artifact)
    graph = training_encoder = None
    if not scope.quick:
        scope = replace(scope, explain=_explainer(recommender))
        graph = export_graph(recommender.client, artifact.schema, shown)
        if graph.fingerprint != artifact.fingerprint:
            raise GraphError(
                "The graph has changed since the model was trained: expected the same for the model and its controls.",
                remedy="Train again: kg-rec train; or leave out the controls that are trained: --quick",
            )
        _check_strangers(path, strangers, graph, artifact.schema)
        training_encoder = load_encoder(artifact.encoder["name"], cache=recommender.settings.vectors_path)
    section = evaluate_strangers(
        strangers,
        Served(artifact, encoder, linker_of(artifact, encoder)),
        graph,
        artifact.model.settings,
        training_encoder=training_encoder,
        seeds=seeds,
        scope=scope,
        say=say,
        progress=shown,
    )
    about = {
        "people": f"{path.name}, real words",
        "model": artifact.version,
        "seeds": ", ".join(map(str, seeds)) + " (of the controls)" if not scope.quick else "none",
        "graph": artifact.fingerprint,
        "encoder": artifact.encoder["name"],
    }
    return about, [section]


def _explainer(recommender: Recommender) -> Explain:
    """Return what explains as `kg-rec recommend` does, with paths from Neo4j."""
    from kg_rec.graph.surroundings import GraphSurroundings
    from kg_rec.recommender import explain_items

    return lambda artifact, items, interests, vector: explain_items(
        GraphSurroundings(recommender.client, artifact.schema), artifact, items, interests, vector
    )


def _check_strangers(path: Path, strangers: Sequence[Stranger], graph: HeteroData, schema: GraphSchema) -> None:
    """Raise InputError where somebody of the file is a user of the graph: the model would know them."""
    from kg_rec.errors import InputError
    from kg_rec.evaluation.split import known_to

    if known := known_to(graph, schema, [stranger.person for stranger in strangers]):
        raise InputError(
            f"{path}: Leak: expected people who are in no graph, found {len(known)} of the graph's users, as user_id "
            f"'{known[0]}'.",
            remedy="Take them out of the graph and train again, or give them other ids if they are other people.",
        )


def _check_quick(quick: bool, relations: bool, paths: int | None) -> None:
    """Raise InputError where what takes a training, or Neo4j, is asked for together with what leaves it out."""
    from kg_rec.errors import InputError

    given = [name for name, value in (("--relations", relations), ("--paths", paths is not None)) if value]
    if quick and given:
        raise InputError(
            f"{' and '.join(given)}: expected only without --quick, found with it: --quick trains no controls"
            f"{'' if paths is None else ', and with --people asks Neo4j nothing'}.",
            remedy="Leave one of the two out.",
        )


def _check_unused(given: list[str], quick: bool) -> None:
    """Raise InputError where an option would be without effect: figures would be taken for those of another setting."""
    from kg_rec.errors import InputError

    if given:
        raise InputError(
            f"{' and '.join(given)}: expected only without --people{' --quick' if given == ['--seeds'] and quick else ''}, found "
            "with it: these people and their words are given, and nothing about them is drawn.",
            remedy="Leave one of the two out.",
        )


def _seeds(text: str) -> list[int]:
    from kg_rec.errors import InputError

    try:
        seeds = list(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError as error:
        raise InputError(
            f"--seeds: expected whole numbers with commas between them, found {text!r}.",
            remedy="For example: --seeds 0,1,2",
        ) from error
    if min(seeds) < 0:
        raise InputError(f"--seeds: expected numbers from 0 on, found {min(seeds)}.")
    return seeds


def _check_target(target: Path | None) -> None:
    """Raise InputError before minutes of work where the report could not be written, as far as can be told."""
    from kg_rec.errors import InputError

    if target is None:
        return
    if target.suffix.lower() not in (".html", ".htm", ".json"):
        raise InputError(f"--output: expected a file that ends in .html or .json, found '{target}'.")
    if not target.absolute().parent.is_dir():
        raise InputError(f"--output: expected a folder to write in, found none: '{target.parent}'.")


def _report(about: dict[str, str], sections: list[Section]) -> Report:
    from datetime import UTC, datetime

    from kg_rec import __version__
    from kg_rec.evaluation.report import Report

    return Report(datetime.now(UTC).isoformat(timespec="seconds"), {**about, "kg-rec": __version__}, sections)


def _write(report: Report, target: Path) -> None:
    content = report.as_json() if target.suffix.lower() == ".json" else report.as_html()
    with written_whole(target, "the report") as file:
        file.write(content)
