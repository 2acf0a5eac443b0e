"""`kg-rec model`: what the current model is, and which models there are."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kg_rec.cli.app import connected, current_settings, output
from kg_rec.counted import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kg_rec.model.card import ModelCard

_INVERSE = "⁻¹"


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    group = typer.Typer(no_args_is_help=True, help="Look into the trained model.")
    group.command()(connected(show))
    group.command(name="list")(connected(list_))
    app.add_typer(group, name="model")


def show(as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False) -> None:
    """Show what the current model is: what it was made from, how good it is, what speaks in its scores, how loudly.

    Example:  kg-rec model show
    """
    from kg_rec.model.artifact import load_artifact
    from kg_rec.model.card import model_card

    card = model_card(load_artifact(current_settings().model_path))
    if as_json:
        typer.echo(json.dumps(asdict(card), ensure_ascii=False, indent=1))
        return
    console = output()
    relations = () if card.network else ("", *_relations(card.relations))
    for line in (*_facts(card), "", *_signals(card), *relations):
        console.print(line, markup=False)


def list_(as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False) -> None:
    """List the models that are there, the newest first. Training keeps the one before, for who is still reading it.

    Example:  kg-rec model list
    """
    from kg_rec.model.artifact import versions

    found = versions(current_settings().model_path)
    if as_json:
        typer.echo(json.dumps([asdict(version) for version in found], ensure_ascii=False, indent=1))
        return
    for version in found:
        told = version.problem or _dated(version.trained, version.created)
        output().print(f" {version.name}  {told}{'  current' if version.current else ''}", markup=False)


def _dated(trained: str, created: str) -> str:
    return f"trained {trained}" + (f", brought up to date {created}" if created != trained else "")


def _facts(card: ModelCard) -> Iterator[str]:
    facts = {
        "model": f"{card.version}, {_dated(card.trained, card.created)}",
        "graph": f"{counted(card.items, 'item')} ({card.item}), {counted(sum(card.entities.values()), 'entity')}, "
        f"fingerprint {card.graph}",
        "labels": ", ".join(f"{label} {count:,}" for label, count in card.entities.items()),
        "people": f"{card.likes:,} who like something" if card.likes else "none: words and graph only",
        "encoder": f"{card.encoder['name']}, {card.encoder['dim']} numbers a text, {card.encoder['fingerprint'][:8]}",
        **({"network": f"{card.network}, in the signal 'graph'"} if card.network else {}),
        "settings": ", ".join(f"{name} {value} (default {usual})" for name, (value, usual) in card.settings.items())
        or "the defaults",
        **_metrics(card.metrics),
    }
    for name, fact in facts.items():
        yield f" {name:<10} {fact}"


def _metrics(metrics: Mapping[str, Any]) -> dict[str, str]:
    """Return the metrics in words, as far as the training told them."""
    found = {}
    if "best" in metrics:
        start, best = metrics["start"], metrics["best"]
        found["asking"] = (
            f"on {metrics['held-out people']:,} of {metrics['simulated people']:,} texts of simulated people, held out, step "
            f"{metrics['best step']}: recall@10 {best['recall_at_10']:.3f} (untrained {start['recall_at_10']:.3f}), recall@50 "
            f"{best['recall_at_50']:.3f} ({start['recall_at_50']:.3f}), loss {best['loss']:.3f} ({start['loss']:.3f})"
        )
    else:
        found["asking"] = str(metrics.get("note", "nobody to learn from; the untrained start is used"))
    told = metrics.get("telling", {})
    if "loss" in told:
        found["telling"] = (
            f"on {counted(told['held-out people'], 'person')} held out: loss {told['loss']:.3f}, popularity alone "
            f"{told['loss of popularity']:.3f}"
            + (
                f", the best signal alone, {told['best signal']}, {told['loss of best signal']:.3f}"
                if "best signal" in told
                else ""
            )
            + f"; used: {told['used']}"
            + (f"; {counted(told['own words'], 'person')} told in their own words" if told.get("own words") else "")
        )
    if "seconds" in metrics:
        found["seconds"] = ", ".join(f"{name} {value}" for name, value in metrics["seconds"].items())
    return found


def _signals(card: ModelCard) -> Iterator[str]:
    width = max(len(one.signal) for one in card.signals)
    yield f" {'signal':<{width}}   asking  share   telling  share"
    for one in card.signals:
        yield (
            f" {one.signal:<{width}} {one.asking:>8.3f} {one.asking_share:>6.0%} {one.telling:>9.3f} "
            f"{one.telling_share:>6.0%}"
        )
    yield " share: of the spread of the scores over the items, for made-up people who name one item and one thing it has"


def _relations(weights: Mapping[str, float]) -> Iterator[str]:
    if not weights:
        yield " no relations"
        return
    names = sorted({name.removesuffix(_INVERSE) for name in weights}, key=lambda name: (-_most(weights, name), name))
    width = max(len("relation"), *map(len, names))
    yield f" {'relation':<{width}}    forth   back"
    for name in names:
        back = weights.get(name + _INVERSE)
        yield f" {name:<{width}} {weights.get(name, 0.0):>8.3f}" + (f" {back:>6.3f}" if back is not None else "")
    yield " what each relation carries from its source to its target, and back, in the graph block"


def _most(weights: Mapping[str, float], name: str) -> float:
    return max(weights.get(name, 0.0), weights.get(name + _INVERSE, 0.0))
