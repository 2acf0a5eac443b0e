"""Exported graphs of films, made without Neo4j, and models trained on them, for the tests of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from kg_rec.graph.export import HeteroData
from kg_rec.model.artifact import Artifact
from kg_rec.model.protocol import MakeNetwork
from kg_rec.model.training import TrainedModel, TrainingSettings, fit
from kg_rec.recommender import make_linker
from kg_rec.schema import EntitySchema, GraphSchema, InteractionSchema, ItemSchema, UserSchema
from kg_rec.text.encoder import HashEncoder

Triple = tuple[str, str, str]

RATED: Triple = ("User", "RATED", "Film")


def graph_of(
    nodes: Mapping[str, Mapping[str, Sequence[Any]]],
    relations: Mapping[Triple, Sequence[tuple[int, int]]],
    properties: Mapping[Triple, Mapping[str, Sequence[float]]] | None = None,
) -> HeteroData:
    """nodes: for each label its properties, the id first; relations: pairs of rows; properties: of relations."""
    data = HeteroData()
    for label in sorted(nodes):
        columns = {name: list(values) for name, values in nodes[label].items()}
        ids = next(iter(columns.values()))
        data[label].key = [f"{label}/{identity}" for identity in ids]
        data[label].num_nodes = len(ids)
        data[label].properties = columns
    for triple in sorted(relations):
        data[triple].edge_index = torch.tensor(relations[triple], dtype=torch.long).reshape(-1, 2).T.contiguous()
        told = (properties or {}).get(triple, {})
        data[triple].properties = {name: np.array(values, dtype=np.float64) for name, values in told.items()}
    data.fingerprint = "0123456789abcdef"
    return data


SCHEMA = GraphSchema(
    item=ItemSchema(label="Film", id="filmId", title="title", text=("plot",), released="year"),
    user=UserSchema(label="User", id="userId"),
    interaction=InteractionSchema(type="RATED", weight="rating", time="timestamp", kind="rating", scale=(0.5, 5.0)),
    entities={"Genre": EntitySchema(title="name"), "Person": EntitySchema(title="name")},
    interests=("Film", "Genre", "Person"),
    phrases={"HAS_GENRE": "with {}", "DIRECTED_BY": "directed by {}", "ACTED_IN": "starring {}"},
)

SPOKEN = SCHEMA.model_copy(
    update={
        "user": UserSchema(label="User", id="userId", text=("bio",)),
        "interaction": InteractionSchema(
            type="RATED", weight="rating", time="timestamp", text="review", kind="rating", scale=(0.5, 5.0)
        ),
    }
)
"""The schema of `with_words`."""

WITHOUT_USERS = SCHEMA.model_copy(update={"user": None, "interaction": None})

_NOUNS = ("Harbour", "Lantern", "Meadow", "Orchard", "Quarry", "Saddle", "Thimble", "Velvet", "Willow", "Anchor")
_ADJECTIVES = ("Broken", "Golden", "Hidden", "Quiet", "Restless", "Silent")


def two_tastes(people: int = 24, films: int = 24) -> HeteroData:
    """Films in two groups that no word tells apart: half of the people like the even films, half the odd ones.

    Each group has a director of its own, and every film one of three genres, which say nothing about taste.
    """
    titles = [f"The {_ADJECTIVES[film % 6]} {_NOUNS[film % 10]} {film // 6}" for film in range(films)]
    nodes = {
        "Film": {
            "filmId": [f"{film:03}" for film in range(films)],
            "title": titles,
            "year": [1990 + film for film in range(films)],
            "plot": ["Something happens to somebody in the end." if film % 3 else None for film in range(films)],
        },
        "Genre": {"name": ["Comedy", "Drama", "Western"]},
        "Person": {"personId": ["e", "o"], "name": ["Edith Even", "Otto Odd"]},
        "User": {"userId": [f"{person:03}" for person in range(people)]},
    }
    rated, ratings, times = [], [], []
    rng = np.random.default_rng(7)
    for person in range(people):
        for film in rng.choice(films, size=films * 2 // 3, replace=False).tolist():
            rated.append((person, film))
            ratings.append(5.0 if (film - person) % 2 == 0 else 1.0)
            times.append(float(1_577_836_800 + 86_400 * len(times)))
    relations = {
        ("Film", "HAS_GENRE", "Genre"): [(film, film // 2 % 3) for film in range(films)],
        ("Film", "DIRECTED_BY", "Person"): [(film, film % 2) for film in range(films)],
        ("User", "RATED", "Film"): rated,
    }
    return graph_of(nodes, relations, {("User", "RATED", "Film"): {"rating": ratings, "timestamp": times}})


def with_words(graph: HeteroData) -> HeteroData:
    """The graph with reviews by every third person, of all they rated, and with what every fifth tells of themselves.

    A review names its user and its film, as `the person 003 on the film 017`.
    """
    users, films = graph[RATED].edge_index.tolist()
    graph[RATED].texts = {
        "review": [
            "" if user % 3 else f"thus speaks the person {user:03} on the film {film:03}"
            for user, film in zip(users, films, strict=True)
        ]
    }
    people = range(graph["User"].num_nodes)
    graph["User"].properties["bio"] = [None if user % 5 else f"thus lives the person {user:03}" for user in people]
    return graph


def without(graph: HeteroData, gone: set[str]) -> HeteroData:
    """The same graph as if some people had never been there."""
    keys = graph["User"].key
    edges = graph[RATED].edge_index
    stay = np.array([keys[user] not in gone for user in edges[0].tolist()])
    left = [key for key in keys if key not in gone]
    place = {key: row for row, key in enumerate(left)}
    pairs = [(place[keys[user]], film) for user, film in edges[:, torch.from_numpy(stay)].T.tolist()]
    nodes = {label: graph[label].properties for label in graph.node_types}
    nodes["User"] = {"userId": [key.removeprefix("User/") for key in left]}
    relations = {
        triple: [tuple(pair) for pair in graph[triple].edge_index.T.tolist()]
        for triple in graph.edge_types
        if triple != RATED
    }
    properties = {RATED: {name: values[stay].tolist() for name, values in graph[RATED].properties.items()}}
    return graph_of(nodes, {**relations, RATED: pairs}, properties)


def train(
    graph: HeteroData, schema: GraphSchema = SCHEMA, *, model: MakeNetwork | None = None, **settings: Any
) -> TrainedModel:
    """Train as `Recommender.train` does, with the encoder for tests."""
    encoder = HashEncoder()

    def make_link(entities: Any, names: Any, known: Any) -> Any:
        properties = graph[schema.item.label].properties
        return make_linker(entities, names, schema, properties, known, encoder).link_many

    return fit(graph, schema, encoder, make_link, TrainingSettings(**settings), model=model)


def artifact_of(graph: HeteroData, schema: GraphSchema = SCHEMA, **settings: Any) -> Artifact:
    encoder = HashEncoder()
    return Artifact(
        train(graph, schema, **settings),
        schema,
        {name: values for name, values in graph[schema.item.label].properties.items() if name != "plot"},
        graph.fingerprint,
        {"name": "hash", "fingerprint": encoder.fingerprint, "dim": encoder.dim},
    )
