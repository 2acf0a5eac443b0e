"""MovieLens as CSV: `ml-latest`, `ml-latest-small`, `ml-20m`, `ml-25m`, `ml-32m`, the tag genome where it is there."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from kg_rec.convert.source import Source
from kg_rec.convert.tables import Table
from kg_rec.convert.writer import GraphWriter, Named, Nodes, distinct, named
from kg_rec.graph.problems import quoted

GENOME_LEAST = 0.5
"""Relevance of a tag of the genome, in [0, 1], from which it is kept; below, it mostly does not fit."""
_NO_GENRES = "(no genres listed)"
_YEAR = re.compile(r"\s*\((\d{4})(?:\s*[-–]\s*(?:\d{4})?)?\)\s*$")
_OTHER = re.compile(r"\s*\((?:a\.?k\.?a\.?:?\s*)?([^()]+)\)\s*$", re.IGNORECASE)
_ARTICLE = re.compile(
    r"(?P<rest>.+), (?P<article>The|A|An|Le|La|Les|L'|Un|Une|Des|El|Los|Las|Il|Lo|I|Gli|L’|Der|Die|Das|Ein|Eine|De|Het|Den|"
    r"Det|En|Ett|O|Os|As|Um|Uma)"
)
_UNFINISHED = re.compile(r"(?:\b(?:or|of|and|in)|[:&-])$", re.IGNORECASE)
"""Before a parenthesis that goes on with the title, as in "Birdman: Or (The …)"."""


@dataclass(frozen=True, slots=True)
class Title:
    """A title as people say it, other titles, and the year of release."""

    title: str
    others: tuple[str, ...] = ()
    year: int | None = None


def title_in(text: str) -> Title:
    """Return what stands in "Matrix, The (a.k.a. Neo) (1999)": "The Matrix", "Neo" and 1999."""
    year = None
    left = text.strip()
    if match := _YEAR.search(left):
        left, year = left[: match.start()], int(match[1])
    others: list[str] = []
    while (match := _OTHER.search(left)) and match.start() and not _UNFINISHED.search(left[: match.start()]):
        others.insert(0, _with_article(match[1].strip()))
        left = left[: match.start()]
    return Title(_with_article(left) or text, tuple(distinct(others)), year)


def _with_article(title: str) -> str:
    """Return a title with its article in front: "The Matrix" for "Matrix, The"."""
    match = _ARTICLE.fullmatch(title)
    if match is None:
        return title
    space = "" if match["article"].endswith(("'", "’")) else " "
    return f"{match['article']}{space}{match['rest']}"


class Films:
    """Where films, their genres and decades are written: the same in all layouts of MovieLens."""

    def __init__(self, graph: GraphWriter, *columns: str) -> None:
        self.nodes = graph.nodes("Movie", "movieId", "title", "otherTitles:string[]", "year:int", *columns)
        self._genres = named(graph, "Genre", "HAS_GENRE", self.nodes)
        self._decades = named(graph, "Decade", "IN_DECADE", self.nodes)

    def add(self, rows: Table, movie: str, text: str, genres: list[str], *cells: str | None) -> None:
        """Write a film from the row of `rows` that was given last, its id in the column "movieId"."""
        title = title_in(text)
        if not self.nodes.add(movie, title.title, title.others or None, title.year, *cells):
            rows.again("movieId", movie)
            return
        self._genres.link(movie, [genre for genre in genres if genre != _NO_GENRES])
        if title.year:
            self._decades.link(movie, [f"{title.year // 10 * 10}s"])


def write_ratings(rows: Table, graph: GraphWriter, films: Nodes, users: Nodes | None = None) -> None:
    """Write ratings from rows of userId, movieId, rating and timestamp, and their users where they are not given."""
    people = users or graph.nodes("User", "userId")
    rated = graph.relations("RATED", people, films, "rating:float", "timestamp:long")
    for user, movie, rating, time in rows:
        if movie not in films:
            refuse_unknown(rows, movie)
        elif users is not None and user not in users:
            rows.refuse("userId", "the id of one of the users", quoted(user))
        else:
            people.add(user)
            rated.add(user, movie, rating, time)


def refuse_unknown(rows: Table, movie: str) -> None:
    """Note a film that is not among the films."""
    rows.refuse("movieId", "the id of one of the movies", quoted(movie))


def write_tags(rows: Table, graph: GraphWriter, films: Nodes) -> Named:
    """Write the tags from rows of userId, movieId, tag and timestamp: how many people gave each to each film."""
    tags = named(graph, "Tag", "TAGGED", films, "count:int")
    counts: Counter[tuple[str, str]] = Counter()
    for _, movie, tag, _ in rows:
        if movie not in films:
            refuse_unknown(rows, movie)
        elif name := tags.name(tag):
            counts[movie, name] += 1
    for (movie, name), count in counts.items():
        tags.link(movie, [name], count)
    return tags


class MovieLens:
    """MovieLens as CSV files with a header."""

    name = "movielens"
    looks_for = "movies.csv and ratings.csv (MovieLens latest, 20M, 25M, 32M)"

    def recognises(self, source: Source) -> bool:
        """Tell by the names of the files and the first columns."""
        return source.has("movies.csv", "ratings.csv") and ":ID" not in source.first_line("movies.csv")

    def convert(self, source: Source, graph: GraphWriter) -> None:
        """Write films, genres, decades, tags, users and ratings."""
        links = _links(source)
        films = Films(graph, "imdbId", "tmdbId:long")
        movies = source.table("movies.csv", "movieId", "title", "genres?")
        for movie, title, genres in movies:
            films.add(movies, movie, title, genres.split("|"), *links.get(movie, (None, None)))
        write_ratings(
            source.table("ratings.csv", "userId", "movieId", "rating:float", "timestamp:long"), graph, films.nodes
        )
        tags = None
        if source.has("tags.csv"):
            rows = source.table("tags.csv", "userId", "movieId", "tag", "timestamp:long?")
            tags = write_tags(rows, graph, films.nodes)
        if source.has("genome-tags.csv", "genome-scores.csv"):
            _write_genome(source, graph, films.nodes, tags)


def _links(source: Source) -> dict[str, tuple[str, str | None]]:
    """Return the ids in IMDb and TMDB of each film."""
    if not source.has("links.csv"):
        return {}
    rows = source.table("links.csv", "movieId", "imdbId?", "tmdbId:long?")
    return {movie: (f"tt{imdb}" if imdb else "", tmdb or None) for movie, imdb, tmdb in rows}


def _write_genome(source: Source, graph: GraphWriter, films: Nodes, tags: Named | None) -> None:
    """Write which tags fit a film after Vig et al. 2012, The Tag Genome, from `GENOME_LEAST` on."""
    tags = tags or named(graph, "Tag", "TAGGED", films, "count:int")
    described = graph.relations("DESCRIBED_AS", films, tags.nodes, "relevance:float")
    names = {number: tags.name(tag) for number, tag in source.table("genome-tags.csv", "tagId", "tag")}
    scores = source.table("genome-scores.csv", "movieId", "tagId", "relevance:float")
    for movie, number, relevance in scores:
        if number not in names:
            scores.refuse("tagId", "the id of a tag in genome-tags.csv", quoted(number))
        elif movie not in films:
            refuse_unknown(scores, movie)
        elif float(relevance) >= GENOME_LEAST:
            described.add(movie, names[number], relevance)


LAYOUT = MovieLens()
