"""What all peers are given, made once: the graph as kg-rec reads it, and the people as kg-rec's linker and encoder see them.

What is item, user, interaction, title and text comes from schema.toml, or is inferred as `kg-rec load` infers it. Neo4j is not
needed: the CSV folder is turned into what the export would give.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from exchange import Graph, Interest, People, Person, Simulated, write_graph, write_people, write_simulated

from kg_rec.errors import GraphError
from kg_rec.evaluation.strangers import Stranger, read_strangers
from kg_rec.graph.csv_folder import GraphFolder, NodeTable, read_folder
from kg_rec.graph.export import HeteroData
from kg_rec.graph.keys import label_of
from kg_rec.interest import Interest as Found
from kg_rec.model.crowd import Crowd
from kg_rec.model.features import neighbours_of_items, number_entities, prominence, relation_matrices
from kg_rec.model.simulation import simulate_people
from kg_rec.recommender import make_linker
from kg_rec.schema import GraphSchema, read_schema
from kg_rec.schema_inference import infer_schema
from kg_rec.text.asking import item_words
from kg_rec.text.encoder import load_encoder
from kg_rec.text.wishes import wishes

_SEED = 0
_VARIANTS = 4
"""Simulated people of each user, as many as kg-rec learns from."""


def prepare(
    data: Path, people: Path, folder: Path, *, schema: Path | None, encoder: str, vectors: Path
) -> list[Stranger]:
    """Write the exchange folder, unless it was made from just this, and return the people with what is relevant to them.

    data: a folder of CSV files as neo4j-admin takes them; people: JSON lines with user_id, text, mentioned, relevant; vectors:
    where text vectors are kept. Raises LoadError, SchemaError, GraphError, EncoderError and InputError, each with the place.
    """
    graph_folder = read_folder(data)
    known = read_schema(schema) if schema else infer_schema(graph_folder)[0]
    made_from = _content_of(data, people, known, encoder)
    mark = folder / "made-from.txt"
    if not mark.exists() or mark.read_text(encoding="utf-8") != made_from:
        folder.mkdir(parents=True, exist_ok=True)
        mark.unlink(missing_ok=True)
        _Preparation(exported(graph_folder), known, encoder, vectors).write(people, folder)
        mark.write_text(made_from, encoding="utf-8")
    ids = json.loads((folder / "graph.json").read_text(encoding="utf-8"))["items"]
    return read_strangers(people, ids)


def _content_of(data: Path, people: Path, schema: GraphSchema, encoder: str) -> str:
    digest = hashlib.blake2b(digest_size=16)
    sources = [Path(__file__), Path(__file__).with_name("exchange.py")]
    for path in [*sorted(path for path in data.rglob("*") if path.is_file()), people, *sources]:
        digest.update(path.name.encode() + path.read_bytes())
    return f"{digest.hexdigest()} {encoder} {schema.model_dump_json()}"


class _Preparation:
    def __init__(self, data: HeteroData, schema: GraphSchema, encoder: str, vectors: Path) -> None:
        self.data, self.schema = data, schema
        self.entities = number_entities(data, schema)
        self.words = item_words(data, schema)
        self.crowd = Crowd.of(data, schema, self.entities, 1)
        if self.crowd.interactions is None:
            raise GraphError("Expected people who interact with items in the graph, found none: most peers need them.")
        self.adjusted = self.crowd.popularity(self.crowd.kept(None))
        cached = load_encoder(encoder, cache=vectors)
        self.names = cached.encode(self.entities.names)
        self.documents = cached.encode(self.words.describe())
        self.cached, self.plain = cached, load_encoder(encoder)
        direct = neighbours_of_items(relation_matrices(data, self.entities), self.entities)
        self.linker = make_linker(
            self.entities,
            self.names,
            schema,
            data[schema.item.label].properties,
            prominence(self.adjusted, direct),
            self.plain,
        )

    def write(self, people: Path, folder: Path) -> None:
        graph = self.graph()
        write_graph(graph, folder)
        strangers = read_strangers(people, graph.items)
        write_people(self.seen([one.person for one in strangers], [one.text for one in strangers], self.plain), folder)
        write_simulated(self.simulated(), folder)

    def graph(self) -> Graph:
        schema, count = self.schema, self.entities.item_count
        interactions, liked = self.crowd.interactions, self.crowd.liked
        assert interactions is not None
        users = len(self.crowd.keys)
        return Graph(
            [str(identity) for identity in self.data[schema.item.label].properties[schema.item.id]],
            self.entities.labels,
            self.entities.names,
            self._documents(),
            self._relations(),
            _pairs(interactions.users[liked], interactions.items[liked], (users, count)),
            _pairs(interactions.users, interactions.items, (users, count)),
            np.concatenate([self.documents, self.names[count:]]),
            self.adjusted,
        )

    def _documents(self) -> list[str]:
        """Return title, running text and the names of all neighbours of each item."""
        kinds = [self.words.kind] if self.words.kind else []
        relations = [*kinds, *self.words.relations]
        return [
            ". ".join([title, *(name for relation in relations for name in relation.names[row]), self.words.texts[row]])
            for row, title in enumerate(self.words.titles)
        ]

    def _relations(self) -> dict[str, Any]:
        """Return the relations between entities: all but those of the users."""
        slices = self.entities.slices
        return {
            f"(:{source})-[:{name}]->(:{target})": self.data[source, name, target].edge_index.numpy()
            + np.array([[slices[source].start], [slices[target].start]])
            for source, name, target in self.data.edge_types
            if source in slices and target in slices
        }

    def seen(self, ids: Sequence[str], texts: Sequence[str], encoder: Any) -> People:
        """Return people as kg-rec sees them."""
        found = self.linker.link_many(texts)
        wanted = wishes(texts, found)
        people = [
            Person(identity, wish, tuple(self._interest(interest) for interest in theirs))
            for identity, wish, theirs in zip(ids, wanted, found, strict=True)
        ]
        return People(people, encoder.encode(wanted))

    def _interest(self, found: Found) -> Interest:
        assert found.source != "person", "the linker sets none"
        return Interest(self.entities.index[found.entity], found.weight, found.source)

    def simulated(self) -> Simulated:
        assert self.crowd.interactions is not None
        made = simulate_people(
            self.crowd.interactions, self.crowd.liked, self.words, self.crowd.keys, variants=_VARIANTS, seed=_SEED
        )
        people = self.seen([self.crowd.keys[one.user] for one in made], [one.text for one in made], self.cached)
        return Simulated(
            people, np.array([one.user for one in made], dtype=np.int64), [list(one.targets) for one in made]
        )


def exported(folder: GraphFolder) -> HeteroData:
    """Return a graph of CSV files as `kg_rec.graph.export.export_graph` would, had it been loaded."""
    data = HeteroData()
    rows: dict[str, dict[str, int]] = {}
    for label, columns in sorted(_nodes(folder.nodes).items()):
        keys = sorted(columns)
        rows[label] = {key: row for row, key in enumerate(keys)}
        names = dict.fromkeys(name for properties in columns.values() for name in properties)
        data[label].key, data[label].num_nodes = keys, len(keys)
        data[label].properties = {name: [columns[key].get(name) for key in keys] for name in names}
    edges: defaultdict[tuple[str, str, str], list[tuple[int, int, dict[str, Any]]]] = defaultdict(list)
    for table in folder.relations:
        values = {name: found.values for name, found in table.properties.items() if not found.array}
        for number, (name, start, end) in enumerate(zip(table.types, table.sources, table.targets, strict=True)):
            triple = label_of(start), name, label_of(end)
            told = {key: _number(column[number]) for key, column in values.items()}
            edges[triple].append((rows[triple[0]][start], rows[triple[2]][end], told))
    for triple, found in sorted(edges.items()):
        found.sort(key=lambda edge: edge[:2])
        ends = [edge[:2] for edge in found]
        data[triple].edge_index = torch.tensor(ends, dtype=torch.long).reshape(-1, 2).T.contiguous()
        columns_of = {name: np.array([edge[2].get(name, np.nan) for edge in found]) for name in found[0][2]}
        data[triple].properties = {name: column for name, column in columns_of.items() if not np.isnan(column).all()}
    return data


def _nodes(tables: Sequence[NodeTable]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the properties of the nodes by primary label and key."""
    nodes: defaultdict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for table in tables:
        for row, (key, labels) in enumerate(zip(table.keys, table.labels, strict=True)):
            nodes[labels[0]][key] = {name: values.values[row] for name, values in table.properties.items()}
    return nodes


def _number(value: Any) -> float:
    """Return a number as such, a date in seconds since 1970, local times taken as UTC, and nan for anything else."""
    if isinstance(value, int | float):
        return float(value)
    if hasattr(value, "year"):
        native = value.to_native() if hasattr(value, "to_native") else value
        if not isinstance(native, datetime):
            native = datetime(native.year, native.month, native.day, tzinfo=UTC)
        return float((native if native.tzinfo else native.replace(tzinfo=UTC)).timestamp())
    return float("nan")


def _pairs(users: Any, items: Any, shape: tuple[int, int]) -> sp.csr_array:
    found = sp.csr_array((np.ones(len(users), dtype=np.float32), (users, items)), shape=shape)
    found.data[:] = 1.0
    return found
