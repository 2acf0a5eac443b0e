"""`kg-rec similar`: the items nearest to an item, the people nearest to a person."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from kg_rec.cli.app import connected, current_settings, output, say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kg_rec.nearest import SimilarItems, SimilarPeople


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(connected(similar))


def similar(
    item: Annotated[str | None, typer.Argument(help="An item, by id, key or title.", metavar="ITEM")] = None,
    user: Annotated[
        str | None, typer.Option(help="A person in the graph: the people nearest to them.", metavar="USER")
    ] = None,
    items: Annotated[bool, typer.Option("--items", help="The items nearest to USER, not the people.")] = False,
    k: Annotated[int, typer.Option("-k", help="How many.", min=1)] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Show what is nearest to an item, or who is nearest to a person, and what they have in common.

    Near is the cosine of vectors fused of three blocks: text, graph, and who liked it. Each row tells the parts of the cosine.

    Example:  kg-rec similar "Arrival" -k 5
    """
    from kg_rec.errors import InputError
    from kg_rec.recommender import Recommender

    if (item is None) == (user is None):
        raise InputError(
            f"Expected either an item or --user, found {'neither' if item is None else 'both'}.",
            remedy='For example: kg-rec similar "The title of an item"',
        )
    if items and user is None:
        raise InputError("--items is for the items nearest to a person; found it without --user.")
    found: SimilarItems | SimilarPeople
    with Recommender.open(current_settings(), say=say) as recommender:
        people = user is not None and not items
        found = recommender.similar_people(str(user), k=k) if people else recommender.similar(item, user=user, k=k)
        released = recommender.artifact.schema.item.released
    if as_json:
        typer.echo(json.dumps(asdict(found), ensure_ascii=False, indent=1))
    else:
        _show(found, released)


def _show(found: SimilarItems | SimilarPeople, released: str | None) -> None:
    from kg_rec.cli.recommend import titled
    from kg_rec.nearest import SimilarItems

    if isinstance(found, SimilarItems):
        rows = [
            (titled(one.title, one.properties.get(released) if released else None), one.cosine, one.parts, one.why)
            for one in found
        ]
    else:
        rows = [
            (one.user, one.cosine, one.parts, f"{one.shared} in common" + _listed(one.names) if one.shared else "")
            for one in found
        ]
    _print(rows)


def _listed(names: tuple[str, ...]) -> str:
    return f": {' · '.join(names)}" if names else ""


def _print(rows: Sequence[tuple[str, float, Mapping[str, float], str]]) -> None:
    from rich.text import Text

    console = output()
    if not rows:
        console.print(" nothing else is there to compare")
        return
    width = min(max(len(name) for name, _, _, _ in rows), 44)
    blocks = "".join(f"{block:>8}" for block in rows[0][2])
    console.print(Text(f"     {'':<{width}}  cosine ={blocks}", style="dim"))
    for rank, (name, cosine, parts, why) in enumerate(rows, start=1):
        line = Text(f" {rank:>2}  ", style="dim")
        line.append(f"{name:<{width}}", style="bold not dim")
        line.append(f"  {cosine:>6.2f}  ", style="not dim")
        line.append("".join(f"{part:>8.2f}" for part in parts.values()))
        line.append(f"   {why}", style="not dim")
        console.print(line)
