"""Make the CSV folder of the sample graph from `films.txt`:  python -m kg_rec.sample.build [FOLDER]."""

from __future__ import annotations

import csv
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kg_rec.errors import LoadError
from kg_rec.sample.people import Facet, Thing, simulate

SOURCE = Path(__file__).with_name("films.txt")
FOLDER = Path(__file__).with_name("films")

PEOPLE = 300
SEED = 20
FACETS = (
    Facet("genre", 2, 4, 1.0),
    Facet("keyword", 5, 9, 1.3),
    Facet("person", 2, 5, 1.0),
    Facet("country", 0, 2, 0.5),
    Facet("decade", 1, 2, 0.5),
)
FAME_STEP = 1.5
"""How much likelier one more point of fame makes it that a film is met."""


@dataclass(frozen=True)
class Film:
    """One film of `films.txt`."""

    id: str
    title: str
    original_title: str
    year: int
    fame: int
    genres: tuple[str, ...]
    directors: tuple[str, ...]
    stars: tuple[str, ...]
    countries: tuple[str, ...]
    keywords: tuple[str, ...]
    summary: str


def read_films(source: Path = SOURCE) -> list[Film]:
    """Read and check the source. Raises LoadError with file:line, what was expected and what was found."""
    films: dict[str, Film] = {}
    lines = [(number, line) for number, line in _lines(source) if not line.startswith("#")]
    for block in _blocks(lines):
        film = _film(source, block, films)
        films[film.id] = film
    return list(films.values())


def write_folder(films: Sequence[Film], folder: Path = FOLDER) -> None:
    """Write `nodes/` and `relations/` below `folder`: the films, what they are tied to, and the simulated people."""
    people, ratings = simulate([_thing(film) for film in films], FACETS, PEOPLE, SEED)
    films = sorted(films, key=lambda film: film.id)

    def nodes(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        _write(folder / "nodes" / f"{name}.csv", header, rows)

    def named(name: str, values: Iterable[str]) -> None:
        nodes(name, [f"name:ID({name})"], ([value] for value in sorted(set(values))))

    nodes(
        "Film",
        ["filmId:ID(Film)", "title", "year:int", "summary", "originalTitle"],
        ([film.id, film.title, film.year, film.summary, film.original_title] for film in films),
    )
    named("Genre", (genre for film in films for genre in film.genres))
    named("Person", (person for film in films for person in film.directors + film.stars))
    named("Keyword", (keyword for film in films for keyword in film.keywords))
    named("Country", (country for film in films for country in film.countries))
    nodes("User", ["userId:ID(User)", "name"], ([person.id, person.name] for person in people))

    for relation, label, field in (
        ("HAS_GENRE", "Genre", "genres"),
        ("DIRECTED_BY", "Person", "directors"),
        ("STARS", "Person", "stars"),
        ("HAS_KEYWORD", "Keyword", "keywords"),
        ("FROM_COUNTRY", "Country", "countries"),
    ):
        _write(
            folder / "relations" / f"{relation}.csv",
            [":START_ID(Film)", f":END_ID({label})"],
            ([film.id, value] for film in films for value in getattr(film, field)),
        )
    _write(
        folder / "relations" / "RATED.csv",
        [":START_ID(User)", ":END_ID(Film)", "rating:float", "timestamp:long"],
        ([rating.person, rating.thing, rating.rating, rating.time] for rating in ratings),
    )


def main(arguments: Sequence[str]) -> None:
    """Write the folder given, by default the package's own."""
    folder = Path(arguments[0]) if arguments else FOLDER
    films = read_films()
    write_folder(films, folder)
    sys.stdout.write(f"{len(films)} films and {PEOPLE} simulated people in {folder}\n")


def _thing(film: Film) -> Thing:
    return Thing(
        id=film.id,
        facets={
            "genre": film.genres,
            "keyword": film.keywords,
            "person": film.directors + film.stars,
            "country": film.countries,
            "decade": (f"{film.year // 10 * 10}s",),
        },
        fame=FAME_STEP**film.fame,
        # The day of the release is not in the source: by the next New Year it is out for certain.
        since=int(datetime(film.year + 1, 1, 1, tzinfo=UTC).timestamp()),
    )


def _lines(source: Path) -> Iterator[tuple[int, str]]:
    yield from enumerate(source.read_text(encoding="utf-8").splitlines(), start=1)


def _blocks(lines: Iterable[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    block: list[tuple[int, str]] = []
    for number, line in lines:
        if line.strip():
            block.append((number, line.strip()))
        elif block:
            yield block
            block = []
    if block:
        yield block


def _film(source: Path, block: Sequence[tuple[int, str]], above: Mapping[str, Film]) -> Film:
    def refuse(line: int, expected: str, found: object) -> LoadError:
        return LoadError(
            f"{source.name}:{block[line][0]}: expected {expected}, found {found!r}",
            remedy="The top of the file says how a film is written.",
        )

    if len(block) != 3:
        raise refuse(0, "three lines a film (facts, keywords, summary)", f"{len(block)} lines")
    facts = block[0][1].split(" | ")
    if len(facts) != 7:
        raise refuse(0, "seven fields separated by ' | '", f"{len(facts)} fields")
    titles, year, fame, *lists = facts
    title, _, original = titles.partition(" = ")
    if not re.fullmatch(r"(19|20)\d\d", year):
        raise refuse(0, "a year", year)
    if not re.fullmatch(r"[1-9]", fame):
        raise refuse(0, "a fame from 1 to 9", fame)
    genres, directors, stars, countries = ((() if text == "-" else tuple(text.split(", "))) for text in lists)
    keywords = tuple(block[1][1].split(", "))
    for line, values in ((0, genres), (0, directors), (0, stars), (0, countries), (1, keywords)):
        if len(set(values)) < len(values) or any(not value or value.strip(", ") != value for value in values):
            raise refuse(line, "different values separated by ', '", ", ".join(values))
    if not (genres and directors and countries):
        raise refuse(0, "a genre, a director and a country", block[0][1])
    summary = block[2][1]
    if not 12 <= len(summary.split()) <= 25 or not summary.endswith("."):
        raise refuse(2, "one sentence of 12 to 25 words", summary)
    name = _slug(title)
    if name in above:
        if above[name].year == int(year):
            raise refuse(0, "a film that is not further up already", title)
        name = f"{name}-{year}"
    if name in above:
        raise refuse(0, "a film that is not further up already", title)
    return Film(name, title, original, int(year), int(fame), genres, directors, stars, countries, keywords, summary)


def _slug(title: str) -> str:
    text = title.lower().replace("½", " and a half").replace("&", " and ").replace("'", "")
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    main(sys.argv[1:])
