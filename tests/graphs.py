"""A small graph with two tastes in it, made in memory: people who like red things like other red things."""

from __future__ import annotations

import numpy as np
import torch
from torch_geometric.data import HeteroData

from kg_rec.schema import EntitySchema, GraphSchema, InteractionSchema, ItemSchema, UserSchema

COLOURS = ("Red", "Blue")
MAKERS = ("Anna Aalto", "Bert Bloom", "Carl Cruz", "Dora Dahl")

SCHEMA = GraphSchema(
    item=ItemSchema(label="Toy", id="toyId", title="title", text=("words",), released="year"),
    user=UserSchema(label="Child", id="childId"),
    interaction=InteractionSchema(type="RATED", weight="stars", time="at", kind="rating", scale=(1, 5)),
    entities={"Colour": EntitySchema(title="name"), "Maker": EntitySchema(title="name")},
    interests=("Toy", "Colour", "Maker"),
    phrases={"HAS_COLOUR": "with {}", "MADE_BY": "made by {}"},
)


def toys(items: int = 24, users: int = 40, seed: int = 0) -> HeteroData:
    """Return an exported graph: each toy has a colour and a maker; each child rates toys, those of their colour best."""
    rng = np.random.default_rng(seed)
    graph = HeteroData()
    titles = [f"{COLOURS[i % 2]} toy number {i}" for i in range(items)]
    keys = [f"Toy/{i:03d}" for i in range(items)]
    graph["Toy"].key = keys
    graph["Toy"].num_nodes = items
    graph["Toy"].properties = {
        "toyId": [key.removeprefix("Toy/") for key in keys],
        "title": titles,
        "year": [1990 + i % 20 if i % 7 else None for i in range(items)],
        "words": [f"a {COLOURS[i % 2].lower()} thing to play with" if i % 3 else None for i in range(items)],
    }
    for label, names in (("Colour", COLOURS), ("Maker", MAKERS)):
        graph[label].key = [f"{label}/{name}" for name in names]
        graph[label].num_nodes = len(names)
        graph[label].properties = {"name": list(names)}
    graph["Child"].key = [f"Child/{u:03d}" for u in range(users)]
    graph["Child"].num_nodes = users
    graph["Child"].properties = {"childId": [f"{u:03d}" for u in range(users)]}
    every = torch.arange(items)
    graph["Toy", "HAS_COLOUR", "Colour"].edge_index = torch.stack([every, every % 2])
    graph["Toy", "HAS_COLOUR", "Colour"].properties = {}
    graph["Toy", "MADE_BY", "Maker"].edge_index = torch.stack([every, every % len(MAKERS)])
    graph["Toy", "MADE_BY", "Maker"].properties = {}
    pairs, stars, at = [], [], []
    for user in range(users):
        for item in rng.choice(items, size=min(items, 12), replace=False):
            pairs.append((user, int(item)))
            stars.append(5.0 if item % 2 == user % 2 else 1.0)
            at.append(1.0e9 + 1e6 * len(at))
    graph["Child", "RATED", "Toy"].edge_index = torch.tensor(pairs).T
    graph["Child", "RATED", "Toy"].properties = {"stars": np.array(stars), "at": np.array(at)}
    graph.fingerprint = "0" * 16
    return graph
