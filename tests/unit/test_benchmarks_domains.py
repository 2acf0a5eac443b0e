"""The stand-ins for other domains: two graphs in another dress, and people who are in neither."""

from __future__ import annotations

import csv
import json
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

REDRESS = Path(__file__).parents[2] / "benchmarks" / "domains" / "redress.py"
FILMS, PEOPLE = 60, 80


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source, output = tmp_path_factory.mktemp("films"), tmp_path_factory.mktemp("dressed")
    rng = np.random.default_rng(0)
    films = [str(film) for film in range(FILMS)]
    write(
        source / "nodes" / "Movie.csv",
        ["movieId:ID(Movie)", "title", "overview"],
        [[film, f"Film {film}", f"What happens in {film}." if int(film) % 3 else ""] for film in films],
    )
    for type_, names in (("HAS_GENRE", "Drama War"), ("HAS_KEYWORD", "sea snow night"), ("TAGGED", "slow")):
        rows = [[film, str(rng.choice(names.split()))] for film in films]
        write(source / "relations" / f"{type_}.csv", [":START_ID(Movie)", ":END_ID(X)"], rows)
    rated = [
        [str(person), film, str(rng.integers(6, 11) / 2), str(1000 * person + place)]
        for person in range(PEOPLE)
        for place, film in enumerate(rng.choice(films, 40, replace=False))
    ]
    header = [":START_ID(User)", ":END_ID(Movie)", "rating:float", "timestamp:long"]
    write(source / "relations" / "RATED.csv", header, rated)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["redress.py", str(source), str(output)])
        runpy.run_path(str(REDRESS), run_name="__main__")
    return output


def write(path: Path, header: list[str], rows: list[list[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows([header, *rows])


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))[1:]


def judged(folder: Path, form: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"people-{form}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(
    ("domain", "item", "taken", "form"),
    [("music", "Artist", "LISTENED_TO", "list"), ("shop", "Product", "REVIEWED", "review")],
)
def test_who_is_judged_is_not_in_the_graph_but_what_they_want_is(
    output: Path, domain: str, item: str, taken: str, form: str
) -> None:
    folder = output / domain
    items = {row[0] for row in read(folder / "nodes" / f"{item}.csv")}
    interactions = read(folder / "relations" / f"{taken}.csv")
    people = judged(folder, form)
    assert people and {row[1] for row in interactions} == items
    of_source = {row[0].split("-")[0] for row in interactions}
    assert not of_source & {person["user_id"].split("-")[1] for person in people}
    assert all(person["text"] and {str(one) for one in person["relevant"]} <= items for person in people)


def test_who_reviews_writes_of_something_that_is_not_asked_for(output: Path) -> None:
    texts = {row[0]: row[2] for row in read(output / "shop" / "nodes" / "Product.csv")}
    for person in judged(output / "shop", "review"):
        assert not any(texts[str(one)] and texts[str(one)] in person["text"] for one in person["relevant"])


def test_some_artists_have_no_tag(output: Path) -> None:
    artists = {row[0] for row in read(output / "music" / "nodes" / "Artist.csv")}
    tagged = {row[0] for row in read(output / "music" / "relations" / "TAGGED.csv")}
    assert tagged < artists and tagged
