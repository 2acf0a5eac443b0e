"""MovieLens as `.dat` files, separated by "::": `ml-1m`, with what its users tell of themselves, and `ml-10M100K`."""

from __future__ import annotations

from kg_rec.convert.movielens import Films, write_ratings, write_tags
from kg_rec.convert.source import Source
from kg_rec.convert.tables import Table
from kg_rec.convert.writer import GraphWriter, Nodes

_AGES = {"1": "under 18", "18": "18-24", "25": "25-34", "35": "35-44", "45": "45-49", "50": "50-55", "56": "56+"}
_OCCUPATIONS = (
    *("other", "academic or educator", "artist", "clerical or admin", "college or grad student", "customer service"),
    *(
        "doctor or health care",
        "executive or managerial",
        "farmer",
        "homemaker",
        "K-12 student",
        "lawyer",
        "programmer",
    ),
    *(
        "retired",
        "sales or marketing",
        "scientist",
        "self-employed",
        "technician or engineer",
        "tradesman or craftsman",
    ),
    *("unemployed", "writer"),
)
_GENDERS = {"F": "female", "M": "male"}


class MovieLensDat:
    """MovieLens 1M and 10M."""

    name = "movielens-dat"
    looks_for = "movies.dat and ratings.dat, separated by '::' (MovieLens 1M, 10M)"

    def recognises(self, source: Source) -> bool:
        """Tell by the names of the files."""
        return source.has("movies.dat", "ratings.dat") and "::" in source.first_line("movies.dat")

    def convert(self, source: Source, graph: GraphWriter) -> None:
        """Write films, genres, decades, tags where there are any, users and ratings."""

        def table(name: str, *columns: str) -> Table:
            return source.table(name, *columns, delimiter="::", quote="", header=False, otherwise="latin-1")

        films = Films(graph)
        movies = table("movies.dat", "movieId", "title", "genres?")
        for movie, title, genres in movies:
            films.add(movies, movie, title, genres.split("|"))
        users = None
        if source.has("users.dat"):
            users = _users(table("users.dat", "userId", "gender", "age", "occupation", "zipCode?"), graph)
        # Only a column that is all in ASCII: no pass over the whole file for its encoding.
        ratings = source.table(
            "ratings.dat",
            *("userId", "movieId", "rating:float", "timestamp:long"),
            delimiter="::",
            quote="",
            header=False,
        )
        write_ratings(ratings, graph, films.nodes, users)
        if source.has("tags.dat"):
            write_tags(table("tags.dat", "userId", "movieId", "tag", "timestamp:long?"), graph, films.nodes)


def _users(rows: Table, graph: GraphWriter) -> Nodes:
    users = graph.nodes("User", "userId", "gender", "age", "occupation", "zipCode")
    for user, gender, age, work, zip_code in rows:
        occupation = _OCCUPATIONS[int(work)] if work.isdecimal() and int(work) < len(_OCCUPATIONS) else work
        if not users.add(user, _GENDERS.get(gender, gender), _AGES.get(age, age), occupation, zip_code):
            rows.again("userId", user)
    return users


LAYOUT = MovieLensDat()
