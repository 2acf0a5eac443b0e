"""`kg-rec recommend`: to somebody's words, to a person in the graph, or to a file of people."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kg_rec.cli.app import connected, current_settings, given_words, output, progress, say, written_whole
from kg_rec.counted import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg_rec.interest import Interest
    from kg_rec.recommender import Recommendations


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(connected(recommend))


def recommend(
    words: Annotated[
        str | None, typer.Argument(help="What a new person says they like; - reads it from the input.")
    ] = None,
    user: Annotated[str | None, typer.Option(help="A person in the graph instead of words.", metavar="USER")] = None,
    k: Annotated[int, typer.Option("-k", help="How many.", min=1)] = 10,
    where: Annotated[
        list[str] | None, typer.Option(help="Only items that meet this, as 'year>=2010'.", metavar="CONDITION")
    ] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Not this item (id, key or title).", metavar="ITEM")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    diversity: Annotated[
        float,
        typer.Option(
            help="How much the items should differ: 0 is the plain ranking, 1 looks at nothing else.",
            min=0.0,
            max=1.0,
            metavar="LAMBDA",
        ),
    ] = 0.0,
    paths: Annotated[bool, typer.Option("--paths", help="Show the Cypher statement of each path, too.")] = False,
    source: Annotated[
        Path | None,
        typer.Option("--input", help="Many people: JSON lines with user_id and text.", metavar="PEOPLE.jsonl"),
    ] = None,
    target: Annotated[
        Path | None, typer.Option("--output", help="Where their recommendations go.", metavar="RECS.jsonl")
    ] = None,
) -> None:
    """Recommend to somebody nobody has seen before, each item with the path that explains it.

    Nothing is written to the graph. Items that the words name are not among the results.

    Example:  kg-rec recommend "I loved Arrival. Slow, sad science fiction, no horror please." --where "year>=2000"
    """
    from kg_rec.errors import InputError

    chosen = [name for name, value in (("words", words), ("--user", user), ("--input", source)) if value is not None]
    if len(chosen) != 1:
        raise InputError(
            f"Expected words, --user or --input; found {' and '.join(chosen) or 'none of them'}.",
            remedy='For example: kg-rec recommend "something slow and sad"',
        )
    if source is not None:
        for name, value in (("--json", as_json), ("--paths", paths)):
            if value:
                raise InputError(f"{name} is for one person's answer: expected no such option with --input.")
        _recommend_to_file(source, target, k, where or [], exclude or [], diversity)
        return
    if target is not None:
        raise InputError(
            "--output is for the answers to the people of --input; found it without --input.",
            remedy="One person's answer goes to the standard output: kg-rec recommend … --json > FILE",
        )
    from kg_rec.recommender import Recommender

    if words is not None:
        words = given_words(words)
    with Recommender.open(current_settings(), say=say) as recommender:
        found = recommender.recommend(
            words, user=user, k=k, where=where or [], exclude=exclude or [], diversity=diversity
        )
        item_label = recommender.artifact.schema.item.label
        released = recommender.artifact.schema.item.released
    if as_json:
        typer.echo(json.dumps(_as_json(found), ensure_ascii=False, indent=1))
    else:
        show(found, item_label, released, paths=paths)


def show(found: Recommendations, item_label: str, released: str | None, *, paths: bool = False) -> None:
    """Print an answer for people: what was understood, the items, each with its reason."""
    from rich.text import Text

    from kg_rec.text.asking import in_words

    console = output()
    line = Text(" understood  ", style="bold")
    for interest in found.interests:
        line.append("  + " if interest.polarity > 0 else "  − ", style="green" if interest.polarity > 0 else "red")
        line.append(f"{in_words(interest.label)} ", style="dim")
        line.append(interest.name)
        if interest.source == "near":
            line.append(" (near in meaning)", style="dim")
    if not found.interests:
        line.append("  nothing that the graph knows", style="dim")
    console.print(line)
    for note in found.notes:
        console.print(Text(f" note         {note}", style="yellow"))
    titles = [titled(item.title, item.properties.get(released) if released else None) for item in found]
    width = min(max(map(len, titles), default=0), 44)
    for item, title in zip(found, titles, strict=True):
        row = Text(f" {item.rank:>2}  ", style="dim")
        row.append(f"{title:<{width}}", style="bold")
        row.append(f"  {item.why}")
        console.print(row)
        if paths and item.statement:
            console.print(Text(f"     {item.statement}", style="dim"))
    if not len(found):
        console.print(f" no {in_words(item_label)} to recommend")


def titled(title: str, year: Any) -> str:
    """Return a title with its year, where there is one."""
    return f"{title} ({int(year)})" if isinstance(year, int | float) else title


def _as_json(found: Recommendations) -> dict[str, Any]:
    return {
        "interests": interests_as_json(found.interests),
        "items": [asdict(item) for item in found],
        "notes": found.notes,
    }


def interests_as_json(interests: Sequence[Interest]) -> list[dict[str, Any]]:
    """Return interests as they stand in JSON answers."""
    return [
        {
            "entity": interest.entity,
            "label": interest.label,
            "name": interest.name,
            "score": round(interest.score, 4),
            "polarity": interest.polarity,
            "source": interest.source,
            "evidence": interest.evidence,
        }
        for interest in interests
    ]


def _recommend_to_file(
    source: Path, target: Path | None, k: int, where: list[str], exclude: list[str], diversity: float
) -> None:
    from kg_rec.errors import InputError
    from kg_rec.people_file import read_people
    from kg_rec.recommender import Recommender

    if target is None:
        raise InputError("--input needs --output: the file that the recommendations go to.")
    if target.is_dir() or not target.name:
        raise InputError(f"--output: expected a file that the recommendations go to, found the folder {target}.")
    people = [(person.user_id, person.text) for person in read_people(source)]
    with (
        written_whole(target, "the recommendations") as file,
        progress() as shown,
        Recommender.open(current_settings(), say=say) as recommender,
    ):
        texts = [text for _, text in people]
        answers = recommender.recommend_many(
            texts, k=k, where=where, exclude=exclude, diversity=diversity, progress=shown
        )
        for (user, _), found in zip(people, answers, strict=True):
            line = {
                "user_id": user,
                "items": [item.id for item in found],
                "scores": [item.score for item in found],
                "probabilities": [item.probability for item in found],
                "interests": interests_as_json(found.interests),
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    typer.echo(f"recommendations for {counted(len(people), 'person')} written to {target}")
