"""The sample graph: sound, connected, and exactly what its script makes."""

from __future__ import annotations

import csv
import math
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kg_rec.errors import LoadError
from kg_rec.sample import sample_folder
from kg_rec.sample.build import FACETS, FAME_STEP, PEOPLE, SOURCE, main, read_films
from kg_rec.sample.people import Facet, Thing, simulate

FILMS = read_films()

ENTRY = """The Title = Le Titre | 1999 | 5 | Drama, Comedy | Ann Maker | Bo Player | France
small town, snow
A lonely clock maker repairs the one clock in town that everybody wants to stay broken.
"""


def table(name: str) -> list[dict[str, str]]:
    with (sample_folder() / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.csv")}


def source(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "films.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_committed_folder_is_what_the_script_makes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(tmp_path)])
    assert files_below(tmp_path) == files_below(sample_folder()), "run python -m kg_rec.sample.build and commit"
    assert f"{len(FILMS)} films and 300 simulated people" in capsys.readouterr().out


def test_size_and_shape() -> None:
    assert len(FILMS) >= 420
    assert PEOPLE == 300
    assert {film.year // 10 * 10 for film in FILMS} == set(range(1920, 2030, 10))
    assert len({country for film in FILMS for country in film.countries}) >= 40
    sizes = [path.stat().st_size for path in SOURCE.parent.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert sum(sizes) < 1_000_000


def test_well_known_films_are_there_with_their_facts() -> None:
    films = {(film.title, film.year): film for film in FILMS}
    for title_and_year in [
        ("Arrival", 2016),
        ("Her", 2013),
        ("Moon", 2009),
        ("Inception", 2010),
        ("The Matrix", 1999),
        ("Toy Story", 1995),
        ("Parasite", 2019),
        ("Get Out", 2017),
        ("The Shining", 1980),
    ]:
        assert title_and_year in films
    assert films["Spirited Away", 2001].original_title == "千と千尋の神隠し"
    assert films["Amélie", 2001].original_title == "Le Fabuleux Destin d'Amélie Poulain"
    assert films["Crouching Tiger, Hidden Dragon", 2000].original_title == "卧虎藏龙"
    assert films["Arrival", 2016].directors == ("Denis Villeneuve",)
    assert films["Her", 2013].id == "her"


def test_every_film_is_complete() -> None:
    assert len({film.id for film in FILMS}) == len(FILMS)
    assert len({(film.title, film.year) for film in FILMS}) == len(FILMS)
    for film in FILMS:
        assert 1920 <= film.year <= 2025, film.title
        assert 1 <= len(film.genres) <= 3, film.title
        assert 3 <= len(film.keywords) <= 10, film.title
        assert film.directors and film.countries, film.title
        # Without a leading actor only what has none: documentaries, and an animal film without speech.
        assert film.stars or "Documentary" in film.genres or film.title == "Flow", film.title
        assert film.keywords == tuple(keyword.lower() for keyword in film.keywords), film.title


def test_keywords_connect_films() -> None:
    uses = Counter(keyword for film in FILMS for keyword in film.keywords)
    once = [keyword for keyword, count in uses.items() if count == 1]
    assert len(once) <= 0.05 * len(uses), sorted(once)
    # The whole graph hangs together through genres and keywords, and no film hangs on its genre alone.
    for film in FILMS:
        assert any(uses[keyword] > 1 for keyword in film.keywords), film.title


def test_names_are_spelled_one_way() -> None:
    for name in ("Genre", "Person", "Keyword", "Country"):
        values = [row[f"name:ID({name})"] for row in table(f"nodes/{name}")]
        assert values == sorted(set(values))
        folded = Counter(value.casefold().replace("-", " ").replace(".", "") for value in values)
        assert [value for value, count in folded.items() if count > 1] == []


def test_relations_end_at_nodes_that_exist_and_reach_all_of_them() -> None:
    ids = {
        name: {row[f"name:ID({name})"] for row in table(f"nodes/{name}")}
        for name in ("Genre", "Person", "Keyword", "Country")
    }
    ids["Film"] = {row["filmId:ID(Film)"] for row in table("nodes/Film")}
    ids["User"] = {row["userId:ID(User)"] for row in table("nodes/User")}
    reached = defaultdict(set)
    for path in sorted((sample_folder() / "relations").glob("*.csv")):
        for row in table(f"relations/{path.stem}"):
            for column in list(row)[:2]:
                label = column.partition("(")[2].rstrip(")")
                assert row[column] in ids[label], (path.stem, row)
                reached[label].add(row[column])
    for label in ("Genre", "Person", "Keyword", "Country", "User"):
        assert reached[label] == ids[label]


def test_people_are_called_simulated_wherever_they_show() -> None:
    people = table("nodes/User")
    assert [row["userId:ID(User)"] for row in people] == [f"sim-{number:03}" for number in range(1, 301)]
    assert all(row["name"].startswith("simulated person ") for row in people)
    assert "people are simulated" in (sample_folder() / "README.md").read_text(encoding="utf-8")


def test_ratings_are_in_halves_in_order_and_after_the_release() -> None:
    years = {row["filmId:ID(Film)"]: int(row["year:int"]) for row in table("nodes/Film")}
    by_person: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    for row in table("relations/RATED"):
        by_person[row[":START_ID(User)"]].append(row)
        assert float(row["rating:float"]) in {half / 2 for half in range(1, 11)}
        assert datetime.fromtimestamp(int(row["timestamp:long"]), UTC).year > years[row[":END_ID(Film)"]]
    for rows in by_person.values():
        assert 20 <= len(rows) <= 60
        assert len({row[":END_ID(Film)"] for row in rows}) == len(rows)
        times = [int(row["timestamp:long"]) for row in rows]
        assert times == sorted(times)


def test_people_rate_what_they_like_higher_and_meet_what_is_famous_more() -> None:
    things = [
        Thing(f"{kind}-{number}", {"kind": (kind,)}, FAME_STEP ** (1 + 8 * (number % 2)), 0)
        for kind in ("red", "blue", "green")
        for number in range(50)
    ]
    people, ratings = simulate(things, [Facet("kind", 1, 1, 1.0)], 60, seed=3)
    tastes = {person.id: {value for _, value in person.likes} for person in people}
    liked = [rating.rating for rating in ratings if rating.thing.split("-")[0] in tastes[rating.person]]
    other = [rating.rating for rating in ratings if rating.thing.split("-")[0] not in tastes[rating.person]]
    assert math.fsum(liked) / len(liked) > math.fsum(other) / len(other) + 0.5
    famous = sum(int(rating.thing.split("-")[1]) % 2 for rating in ratings)
    assert famous > 0.6 * len(ratings)


def test_same_seed_same_people_and_another_seed_others() -> None:
    things = [Thing(f"t{number}", {"kind": (f"k{number % 7}",)}, 1.0 + number % 3, 0) for number in range(80)]
    facets = [Facet("kind", 1, 2, 1.0)]
    assert simulate(things, facets, 5, seed=1) == simulate(things, facets, 5, seed=1)
    assert simulate(things, facets, 5, seed=1) != simulate(things, facets, 5, seed=2)
    assert {facet.name for facet in FACETS} == {"genre", "keyword", "person", "country", "decade"}


def test_reads_an_entry(tmp_path: Path) -> None:
    (film,) = read_films(source(tmp_path, f"# a comment\n\n{ENTRY}"))
    assert (film.id, film.title, film.original_title, film.year) == ("the-title", "The Title", "Le Titre", 1999)
    assert film.genres == ("Drama", "Comedy")
    assert film.keywords == ("small town", "snow")


def test_a_second_film_of_the_same_title_carries_its_year(tmp_path: Path) -> None:
    films = read_films(source(tmp_path, f"{ENTRY}\n{ENTRY.replace('1999', '2021')}"))
    assert [film.id for film in films] == ["the-title", "the-title-2021"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("small town, snow\n", "", r"films.txt:1: expected three lines a film .* found '2 lines'"),
        (" | France", "", "films.txt:1: expected seven fields"),
        ("1999", "99", "films.txt:1: expected a year, found '99'"),
        ("| 5 |", "| 12 |", "expected a fame from 1 to 9, found '12'"),
        ("small town, snow", "snow, snow", "expected different values"),
        ("small town, snow", "small town,, snow", "films.txt:2: expected different values"),
        ("| Ann Maker |", "| - |", "expected a genre, a director and a country"),
        ("A lonely clock maker repairs the one clock in town that everybody wants to stay broken.", "Too short.",
         "films.txt:3: expected one sentence of 12 to 25 words"),
    ],
)  # fmt: skip
def test_refuses_a_bad_entry(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in ENTRY
    with pytest.raises(LoadError, match=message):
        read_films(source(tmp_path, ENTRY.replace(old, new)))


def test_refuses_the_same_film_twice(tmp_path: Path) -> None:
    remake = ENTRY.replace("1999", "2021")
    for entries in ([ENTRY, ENTRY.replace("| 5 |", "| 6 |")], [ENTRY, remake, remake]):
        with pytest.raises(LoadError, match="not further up already, found 'The Title'"):
            read_films(source(tmp_path, "\n".join(entries)))


def test_says_so_when_the_folder_is_not_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kg_rec.sample.files", lambda package: tmp_path / "nowhere")
    with pytest.raises(LoadError, match="as a folder on disk"):
        sample_folder()


def test_runs_as_a_module(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kg_rec.sample.build", str(tmp_path)], check=True, capture_output=True, text=True
    )
    assert "simulated people" in done.stdout
    assert (tmp_path / "nodes" / "Film.csv").is_file()
