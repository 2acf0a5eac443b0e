"""MovieLens 100K: `u.data`, `u.item` with a flag for each genre, `u.user`."""

from __future__ import annotations

from itertools import compress

from kg_rec.convert.movielens import Films, write_ratings
from kg_rec.convert.source import Source
from kg_rec.convert.writer import GraphWriter

_GENRES = (
    *(
        "unknown",
        "Action",
        "Adventure",
        "Animation",
        "Children's",
        "Comedy",
        "Crime",
        "Documentary",
        "Drama",
        "Fantasy",
    ),
    *("Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
)


class MovieLens100K:
    """MovieLens 100K."""

    name = "movielens-100k"
    looks_for = "u.data, u.item and u.user (MovieLens 100K)"

    def recognises(self, source: Source) -> bool:
        """Tell by the names of the files."""
        return source.has("u.data", "u.item", "u.user")

    def convert(self, source: Source, graph: GraphWriter) -> None:
        """Write films, genres, decades, users and ratings."""
        films = Films(graph)
        flags = [f"genre{number}" for number in range(len(_GENRES))]
        movies = source.table(
            "u.item",
            *("movieId", "title", "released?", "onVideo?", "url?", *flags),
            delimiter="|",
            quote="",
            header=False,
            otherwise="latin-1",
        )
        for movie, title, _, _, _, *has in movies:
            genres = compress(_GENRES[1:], (flag == "1" for flag in has[1:]))
            films.add(movies, movie, title, list(genres))
        users = graph.nodes("User", "userId", "gender", "age:int", "occupation", "zipCode")
        people = source.table(
            *("u.user", "userId", "age:int?", "gender?", "occupation?", "zipCode?"),
            delimiter="|",
            quote="",
            header=False,
        )
        for user, age, gender, occupation, zip_code in people:
            if not users.add(user, {"F": "female", "M": "male"}.get(gender, gender), age, occupation, zip_code):
                people.again("userId", user)
        ratings = source.table(
            *("u.data", "userId", "movieId", "rating:float", "timestamp:long"), delimiter="\t", quote="", header=False
        )
        write_ratings(ratings, graph, films.nodes, users)


LAYOUT = MovieLens100K()
