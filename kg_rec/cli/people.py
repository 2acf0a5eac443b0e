"""`kg-rec attach`, `interests`, `detach` and `people export`: people in the graph."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kg_rec.cli.app import connected, current_settings, given_words, output, progress, say
from kg_rec.counted import agreeing, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg_rec.graph.attach import Person
    from kg_rec.interest import Interest

_USER = typer.Argument(help="Id of the person, as you like it.", metavar="USER")


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(connected(attach))
    app.command()(connected(interests))
    app.command()(connected(detach))
    group = typer.Typer(no_args_is_help=True, help="Give people what is stored about them.")
    group.command()(connected(export))
    app.add_typer(group, name="people")


def attach(
    user: Annotated[str, _USER],
    words: Annotated[str, typer.Argument(help="What they say they like; - reads it from the input.")],
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Make a person a node of the graph, with an edge to each thing their words show an interest in.

    Again with other words replaces what was inferred and keeps what the person set.

    Example:  kg-rec attach alice "I loved Arrival. No horror please."
    """
    from kg_rec.recommender import Recommender

    words = given_words(words)
    with progress() as shown, Recommender.open(current_settings(), say=say, progress=shown) as recommender:
        found = recommender.attach(user, words)
    _show(user, found, as_json)


def interests(
    user: Annotated[
        str | None, typer.Argument(help="Id of the person; without it, everybody who was attached is listed.")
    ] = None,
    add: Annotated[
        list[str] | None, typer.Option(help="An entity they like, by name or key.", metavar="ENTITY")
    ] = None,
    dislike: Annotated[bool, typer.Option("--dislike", help="They dislike what --add names.")] = False,
    remove: Annotated[
        list[str] | None, typer.Option(help="An interest to take away, by name or key.", metavar="ENTITY")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Show a person's interests, or set and remove some: what they set stays when their words change.

    When one name is not known, nothing is changed. A dislike that --add turns into a like is told, and the other way round.

    Example:  kg-rec interests alice --add "time travel" --remove Genre/Drama
    """
    from kg_rec.errors import InputError
    from kg_rec.graph import attach as people
    from kg_rec.graph.server import connect
    from kg_rec.schema import read_schema

    if dislike and not add:
        raise InputError("--dislike says how --add is meant; found it without --add.")
    if user is None and (add or remove):
        raise InputError("--add and --remove change the interests of a person; found no person's id.")
    settings = current_settings()
    if user is None:
        with connect(settings, say=say) as client:
            everybody = people.attached_people(client)
        _show_people(everybody, as_json)
        return
    schema = read_schema(settings.schema_path)
    with connect(settings, say=say) as client:
        if add or remove:
            polarity: Literal[1, -1] = -1 if dislike else 1
            done = people.change_interests(client, schema, user, add=add or (), polarity=polarity, remove=remove or ())
        else:
            done = people.Changed(tuple(people.interests(client, schema, user)))
    _show(user, done.interests, as_json, done.turned)


def detach(user: Annotated[str, _USER]) -> None:
    """Take everything that was attached about a person out of the graph.

    A person who was loaded with the graph keeps their node and what they interacted with.

    Example:  kg-rec detach alice
    """
    from kg_rec.graph import attach as people
    from kg_rec.graph.server import connect
    from kg_rec.schema import read_schema

    settings = current_settings()
    schema = read_schema(settings.schema_path)
    with connect(settings, say=say) as client:
        done = people.detach(client, schema, user)
    node = "the node is gone, too" if done.deleted else "the node came with the graph and stays"
    typer.echo(f"{user}: {counted(done.interests, 'interest')} removed; {node}")


def export(user: Annotated[str, _USER]) -> None:
    """Print all that is stored about a person, in JSON: interests with their evidence, events, and loaded interactions.

    To erase what was attached: kg-rec detach USER.

    Example:  kg-rec people export alice
    """
    from kg_rec.graph.server import connect
    from kg_rec.person import stored_data
    from kg_rec.schema import read_schema

    settings = current_settings()
    schema = read_schema(settings.schema_path)
    with connect(settings, say=say) as client:
        found = stored_data(client, schema, user)
    typer.echo(json.dumps(found, ensure_ascii=False, indent=1, default=str))


def _show_people(found: Sequence[Person], as_json: bool) -> None:
    from rich.text import Text

    if as_json:
        listed = [{"user": one.user, "interests": one.interests, "of_graph": one.of_graph} for one in found]
        typer.echo(json.dumps({"people": listed}, ensure_ascii=False, indent=1))
        return
    console = output()
    if not found:
        console.print(" nobody has been attached")
        return
    width = min(max(len(one.user) for one in found), 50)
    for one in found:
        line = Text(f" {one.user:<{width}}", style="bold")
        line.append(f"  {one.interests:>3,} {agreeing(one.interests, 'interest')}", style="not bold")
        if one.of_graph:
            line.append("  of the loaded graph", style="dim not bold")
        console.print(line)


def _show(user: str, found: Sequence[Interest], as_json: bool, turned: Sequence[Interest] = ()) -> None:
    """turned: interests as they were until now, whose opposite is among those found."""
    from rich.text import Text

    from kg_rec.cli.recommend import interests_as_json
    from kg_rec.text.asking import in_words

    if as_json:
        answer = {"user": user, "interests": interests_as_json(found)}
        if turned:
            answer["turned"] = interests_as_json(turned)
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=1))
        return
    before = {interest.entity: "liked" if interest.polarity > 0 else "disliked" for interest in turned}
    console = output()
    if not found:
        console.print(f" {user} has no interests: the words show nothing that the graph knows", markup=False)
        return
    names = [f"{in_words(interest.label)} {interest.name}" for interest in found]
    width = min(max(map(len, names)), 50)
    for interest, name in zip(found, names, strict=True):
        likes = interest.polarity > 0
        line = Text(" + " if likes else " − ", style="green" if likes else "red")
        line.append(f"{name:<{width}}", style="bold")
        line.append(f"  {interest.score:.2f}  ")
        told = "set by the person" if interest.source == "person" else f'"{interest.evidence}"'
        line.append(told, style="dim")
        if interest.source == "near":
            line.append("  near in meaning", style="dim")
        if interest.entity in before:
            line.append(f"  was {before[interest.entity]} until now", style="yellow")
        console.print(line)
