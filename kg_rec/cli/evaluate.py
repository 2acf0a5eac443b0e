"""`kg-rec evaluate`: how good the recommendations are for people nobody has seen, and whether the graph helps."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kg_rec.cli.app import connected, current_settings, progress, say, written_whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kg_rec.evaluation.report import Report


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
    from kg_rec.evaluation.evaluator import evaluate as judge
    from kg_rec.evaluation.strangers import MANNERS
    from kg_rec.recommender import Recommender

    if people is not None:
        drawn = {"--share": share is not None, "--by": by is not None, "--manner": manner is not None}
        _refuse(drawn, "--people", "these people and their words are given, and nothing about them is drawn")
    if quick:
        _refuse({"--relations": relations}, "--quick", "it trains no controls")
    if people is not None and quick:
        asked = {"--seeds": seeds is not None, "--paths": paths is not None}
        _refuse(asked, "--people --quick", "it trains no controls, and asks Neo4j nothing")
    numbers = _seeds("0" if seeds is None else seeds)
    _check_target(target)
    scope = Scope(quick, relations, paths=200 if paths is None else paths)
    with progress() as shown, Recommender.open(current_settings(), say=say, progress=shown) as recommender:
        report = judge(
            recommender,
            people,
            share=0.2 if share is None else share,
            by="hash" if by is None else by.value,
            seeds=numbers,
            manners=[name for name in MANNERS if manner in (None, name, Writing.BOTH)],
            scope=scope,
            say=say,
            progress=shown,
        )
    if target is not None:
        _write(report, target)
    typer.echo(report.as_json() if as_json else report.as_text())
    if target is not None:
        say(f"the report is in {target}")


def _refuse(given: Mapping[str, bool], beside: str, why: str) -> None:
    """Raise InputError where one of some options is given that `beside` leaves without effect.

    Figures would be taken for those of another setting.
    """
    from kg_rec.errors import InputError

    if names := " and ".join(name for name, is_given in given.items() if is_given):
        raise InputError(
            f"{names}: expected only without {beside}, found with it: {why}.", remedy="Leave one of the two out."
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


def _write(report: Report, target: Path) -> None:
    content = report.as_json() if target.suffix.lower() == ".json" else report.as_html()
    with written_whole(target, "the report") as file:
        file.write(content)
