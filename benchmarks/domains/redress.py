"""Dress a graph of rated things with attributes as a music graph and as a shop: stand-ins for domains that we have no data of.

    python benchmarks/domains/redress.py MOVIES OUTPUT

MOVIES: the folder of the film graph (nodes/ and relations/, as in docs/quality.md). OUTPUT gets two folders, `music` and
`shop`, each with nodes/, relations/ and people-FORM.jsonl: people who are in neither graph, by the form of their words.

The likes are those of real people; only their dress is ours. What differs from films, and is why these stand here:

| | music | shop |
|---|---|---|
| items | artists: a name, no text, no year; a third without a tag | products: a title, a description for some, no year |
| attributes | one kind of tag, with counts | categories and terms |
| interactions | play counts from 1 to tens of thousands, no time | ratings with times, about ten for each customer |
| words | a sentence of the tags of what they play | what they wrote of another product |

A person of the source is cut into several: into one listener for each of their tastes, since who listens to music has a
narrower taste than who watches films, and into customers by time. The cut ones stay on one side of the split. A fifth of the
people of the source, by hash, are those who are judged.
"""

from __future__ import annotations

import argparse
import csv
import json
import zlib
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.preprocessing import normalize

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Rows = list[dict[str, str]]

_ARTISTS_A_PERSON = 50
_PRODUCTS_A_CUSTOMER = 12
_LIKED = 3.5
_TASTES = 20
_LEAST = 8
"""Interactions that a cut person has at least."""
_JUDGED = 5
"""One person of the source in so many is judged."""


def main() -> None:
    """Write both folders."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("movies", type=Path)
    parser.add_argument("output", type=Path)
    given = parser.parse_args()
    source = Source(given.movies)
    music(source, given.output / "music")
    shop(source, given.output / "shop")


class Source:
    """The film graph as rows of text."""

    def __init__(self, folder: Path) -> None:
        self.films = _read(folder / "nodes" / "Movie.csv")
        self.ratings: dict[str, list[tuple[str, float, int]]] = defaultdict(list)
        for row in _read(folder / "relations" / "RATED.csv"):
            person, film = row[":START_ID(User)"], row[":END_ID(Movie)"]
            self.ratings[person].append((film, float(row["rating:float"]), int(row["timestamp:long"])))
        self.genres = _names(_read(folder / "relations" / "HAS_GENRE.csv"))
        self.keywords = _names(_read(folder / "relations" / "HAS_KEYWORD.csv"))
        self.tags = _names(_read(folder / "relations" / "TAGGED.csv"))


def music(source: Source, folder: Path) -> None:
    """Write artists with tags and play counts; the judged write sentences of tags."""
    rng = np.random.default_rng(0)
    tagged: dict[str, Counter[str]] = {}
    for film in source.films:
        identity = film["movieId:ID(Movie)"]
        names = [name.lower() for of in (source.genres, source.keywords, source.tags) for name in of[identity]]
        tagged[identity] = Counter() if _hash("bare", identity) % 3 == 0 else Counter(names)
    plays, judged = [], []
    taste = _tastes(source)
    for person, rated in source.ratings.items():
        liked = sorted(
            (row for row in rated if row[1] >= _LIKED and row[0] in taste), key=lambda row: (-row[1], row[2])
        )
        for part in range(_TASTES):
            artists = [row[0] for row in liked if taste[row[0]] == part][:_ARTISTS_A_PERSON]
            if len(artists) < _LEAST:
                continue
            if _is_judged(person):
                judged.append((f"listener-{person}-{part}", artists))
                continue
            fan = rng.lognormal(5, 1.5)
            for rank, artist in enumerate(artists):
                plays.append(
                    (f"{person}-{part}", artist, max(1, round(fan * rng.lognormal(0, 0.7) / (rank + 1) ** 0.8)))
                )
    played = {artist for _, artist, _ in plays}
    artists = [film for film in source.films if film["movieId:ID(Movie)"] in played]
    _write(
        folder,
        "nodes/Artist",
        ("artistId:ID(Artist)", "name"),
        [(film["movieId:ID(Movie)"], film["title"]) for film in artists],
    )
    _write(
        folder,
        "nodes/Listener",
        ("listenerId:ID(Listener)",),
        [(one,) for one in dict.fromkeys(row[0] for row in plays)],
    )
    tags = [
        (film["movieId:ID(Movie)"], name, count * int(rng.integers(1, 60)))
        for film in artists
        for name, count in tagged[film["movieId:ID(Movie)"]].items()
    ]
    _write(folder, "nodes/Tag", ("name:ID(Tag)",), [(name,) for name in sorted({row[1] for row in tags})])
    _write(folder, "relations/TAGGED", (":START_ID(Artist)", ":END_ID(Tag)", "count:int"), tags)
    _write(folder, "relations/LISTENED_TO", (":START_ID(Listener)", ":END_ID(Artist)", "plays:int"), plays)
    forms = {
        "list": lambda names: ", ".join(names),
        "bare": lambda names: " ".join(names),
        "like": lambda names: f"I like {_listed(names)}.",
        "listen": lambda names: f"I mostly listen to {_listed(names)}.",
    }
    people: dict[str, list[dict[str, Any]]] = {form: [] for form in forms}
    for name, artists_of in judged:
        evidence, relevant = _halves(rng, artists_of)
        counted = Counter(tag for artist in evidence for tag in tagged[artist])
        words = [tag for tag, _ in counted.most_common(int(rng.integers(4, 11)))]
        relevant = [artist for artist in relevant if artist in played]
        if words and relevant:
            rng.shuffle(words)
            for form, written in forms.items():
                people[form].append(_person(name, written(words), relevant))
    _write_people(folder, people)


def _tastes(source: Source) -> dict[str, int]:
    """Return which of 20 tastes each film is of: the clusters of what the same people like, in 12 dimensions."""
    people = {person: row for row, person in enumerate(source.ratings)}
    pairs = [
        (people[person], film)
        for person, rated in source.ratings.items()
        for film, rating, _ in rated
        if rating >= _LIKED
    ]
    counted = Counter(film for _, film in pairs)
    films = [film for film, count in counted.items() if count >= 3]
    column = {film: place for place, film in enumerate(films)}
    users, items = zip(*((user, column[film]) for user, film in pairs if film in column), strict=True)
    likes = sp.csr_array((np.ones(len(users)), (users, items)), shape=(len(people), len(films)))
    space = TruncatedSVD(12, random_state=0).fit_transform(normalize(likes.T))
    clusters = KMeans(_TASTES, n_init=3, random_state=0).fit_predict(normalize(space))
    return dict(zip(films, clusters.tolist(), strict=True))


def shop(source: Source, folder: Path) -> None:
    """Write products with categories, terms and ratings; the judged write of another product."""
    rng = np.random.default_rng(1)
    described = {film["movieId:ID(Movie)"]: film["overview"] for film in source.films if film["overview"]}
    title = {film["movieId:ID(Movie)"]: film["title"] for film in source.films}
    bought, judged = [], []
    for person, rated in source.ratings.items():
        in_time = sorted(rated, key=lambda row: row[2])
        parts = max(1, round(len(in_time) / _PRODUCTS_A_CUSTOMER))
        for part, rows in enumerate(np.array_split(np.arange(len(in_time)), parts)):
            theirs = [in_time[row] for row in rows]
            if _is_judged(person):
                liked = [product for product, rating, _ in theirs if rating >= 4]
                if len(liked) >= 3:
                    judged.append((f"customer-{person}-{part}", liked))
                continue
            bought += [(f"{person}-{part}", product, rating, time) for product, rating, time in theirs]
    sold = {row[1] for row in bought}
    products = [film for film in source.films if film["movieId:ID(Movie)"] in sold]
    rows = [(film["movieId:ID(Movie)"], film["title"], film["overview"]) for film in products]
    _write(folder, "nodes/Product", ("productId:ID(Product)", "title", "description"), rows)
    _write(
        folder,
        "nodes/Customer",
        ("customerId:ID(Customer)",),
        [(one,) for one in dict.fromkeys(row[0] for row in bought)],
    )
    for label, type_, names in (("Category", "IN_CATEGORY", source.genres), ("Term", "HAS_TERM", source.keywords)):
        edges = [(film["movieId:ID(Movie)"], name) for film in products for name in names[film["movieId:ID(Movie)"]]]
        _write(
            folder, f"nodes/{label}", (f"name:ID({label})",), [(name,) for name in sorted({row[1] for row in edges})]
        )
        _write(folder, f"relations/{type_}", (":START_ID(Product)", f":END_ID({label})"), edges)
    header = (":START_ID(Customer)", ":END_ID(Product)", "rating:float", "timestamp:long")
    _write(folder, "relations/REVIEWED", header, bought)
    forms = {
        "review": lambda of: (
            f"Bought this a while ago and I am very happy with it. {described[of]} Would buy again, five stars."
        ),
        "named": lambda of: f"{title[of]} is great! {described[of]} My whole family loves it.",
        "short": lambda of: f"Very good. {' '.join(described[of].split()[:15])}",
    }
    people: dict[str, list[dict[str, Any]]] = {form: [] for form in forms}
    for name, liked in judged:
        evidence = [product for product in liked if product in described]
        if not evidence:
            continue
        about = evidence[int(rng.integers(len(evidence)))]
        relevant = [product for product in liked if product in sold and product != about]
        for form, written in forms.items():
            if relevant:
                people[form].append(
                    _person(name, written(about), relevant, mentioned=[about] if form == "named" else [])
                )
    _write_people(folder, people)


def _is_judged(person: str) -> bool:
    return _hash("judged", person) % _JUDGED == 0


def _hash(purpose: str, name: str) -> int:
    # The low bits of a CRC are no hash of names that differ in a digit; a second turn mixes them.
    return zlib.crc32(f"{zlib.crc32(f'{purpose} {name}'.encode()):08x}".encode()) >> 8


def _halves(rng: np.random.Generator, items: Sequence[str]) -> tuple[list[str], list[str]]:
    mixed = list(items)
    rng.shuffle(mixed)
    return mixed[: len(mixed) // 2], mixed[len(mixed) // 2 :]


def _person(name: str, text: str, relevant: Sequence[str], mentioned: Sequence[str] = ()) -> dict[str, Any]:
    return {"user_id": name, "text": text, "mentioned": list(map(int, mentioned)), "relevant": list(map(int, relevant))}


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _names(rows: Rows) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        start, end = list(row.values())[:2]
        found[start].append(end)
    return found


def _read(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _write(folder: Path, name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    path = folder / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(header)
        writer.writerows(rows)


def _write_people(folder: Path, people: dict[str, list[dict[str, Any]]]) -> None:
    for form, some in people.items():
        lines = "".join(json.dumps(person, ensure_ascii=False) + "\n" for person in some)
        (folder / f"people-{form}.jsonl").write_text(lines, encoding="utf-8")


if __name__ == "__main__":
    main()
