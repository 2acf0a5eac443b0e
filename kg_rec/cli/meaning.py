"""What a graph means, as `kg-rec load` and `kg-rec init` take it from the command line, ask for it and tell it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kg_rec.counted import counted

if TYPE_CHECKING:
    from kg_rec.progress import Progress
    from kg_rec.schema import GraphSchema
    from kg_rec.schema_inference import UndecidedSchemaError

_MEANING = "What the graph means (found by itself where it is clear)"


_MOST_IDS = 12
"""Labels whose ids are told one by one."""


class Kind(StrEnum):
    """What the weight of an interaction is."""

    RATING = "rating"
    COUNT = "count"
    UNARY = "unary"


Item = Annotated[str | None, typer.Option(help="What is recommended.", metavar="LABEL", rich_help_panel=_MEANING)]
User = Annotated[
    str | None, typer.Option(help="Who interacts; none: nobody.", metavar="LABEL", rich_help_panel=_MEANING)
]
Interaction = Annotated[
    str | None, typer.Option(help="The relation from user to item.", metavar="TYPE", rich_help_panel=_MEANING)
]
Weight = Annotated[str | None, typer.Option(help="Its rating or count.", metavar="PROPERTY", rich_help_panel=_MEANING)]
KindOption = Annotated[Kind | None, typer.Option(help="Which of them.", rich_help_panel=_MEANING)]
Title = Annotated[
    str | None, typer.Option(help="What an item is called by.", metavar="PROPERTY", rich_help_panel=_MEANING)
]
NewSchema = Annotated[
    bool, typer.Option("--new-schema", help="Write schema.toml anew, even if it is there.", rich_help_panel=_MEANING)
]


def asking(shown: Progress) -> Callable[[UndecidedSchemaError], str] | None:
    """Return what asks at the terminal for what is open, None where there is no terminal. shown: pauses meanwhile."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None

    def asked(question: UndecidedSchemaError) -> str:
        with shown.paused():
            return _ask(question)

    return asked


def tell_schema(schema: GraphSchema, reasons: dict[str, str], path: Path, *, ids: bool = False) -> None:
    """Say what the graph was found to mean, each choice with its reason. ids: whether the ids were chosen, too."""

    def tell(name: str, what: str, key: str) -> None:
        because = f" (because {reasons[key]})" if key in reasons else ""
        typer.echo(f"  {name:<12} {what}{because}")

    typer.echo(f"what the graph means, written to {path} for reading and editing:")
    tell("item", schema.item.label, "item.label")
    if ids:
        tell("  id", _id(schema.item.id), "item.id")
    tell("  title", schema.item.title, "item.title")
    if schema.item.aliases:
        tell("  also", ", ".join(schema.item.aliases), "item.aliases")
    tell("  texts", ", ".join(schema.item.text) or "none", "item.text")
    tell("  released", schema.item.released or "unknown", "item.released")
    tell("user", schema.user.label if schema.user else "none", "user.label" if schema.user else "user")
    if schema.user and ids:
        tell("  id", _id(schema.user.id), "user.id")
    if schema.user and schema.user.text:
        tell("  texts", ", ".join(schema.user.text), "user.text")
    if schema.interaction:
        tell("interaction", schema.interaction.type, "interaction.type")
        weight, scale = schema.interaction.weight, schema.interaction.scale
        what = f"{schema.interaction.kind}{f' in {weight}' if weight else ''}"
        tell("  kind", what + (f", from {scale[0]:g} to {scale[1]:g}" if scale else ""), "interaction.kind")
        if schema.interaction.text:
            tell("  texts", schema.interaction.text, "interaction.text")
    tell("interests", ", ".join(schema.interests) or "none", "interests")
    others = [(label, entity.id) for label, entity in schema.entities.items() if ids and entity.id]
    if others:
        typer.echo("  ids of the others")
    for label, name in others[:_MOST_IDS]:
        tell(f"  {label}", _id(name), f"entities.{label}.id")
    if len(others) > _MOST_IDS:
        typer.echo(f"    and of {counted(len(others) - _MOST_IDS, 'more label')}: see the file")


def _id(name: str) -> str:
    """Return what the id is: the schema says "key" where there is none but the one that kg-rec gives."""
    return "a number" if name == "key" else name


def _ask(question: UndecidedSchemaError) -> str:
    typer.echo(question.message, err=True)
    for number, choice in enumerate(question.choices, start=1):
        typer.echo(f"  {number}  {choice}", err=True)
    while True:
        answer = typer.prompt(f"Which {question.option}?", err=True).strip()
        if answer in question.choices:
            return str(answer)
        if answer.isdigit() and 1 <= int(answer) <= len(question.choices):
            return question.choices[int(answer) - 1]
        typer.echo(f"Expected 1 to {len(question.choices)}, or a name from the list.", err=True)
