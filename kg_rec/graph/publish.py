"""A model written into the graph, so that Neo4j recommends by itself, and taken out of it again.

| what | where |
|---|---|
| `(:KGModel)` | one node: which model is published, whether all of it is there, and the weights of the score |
| `:KGItem` | a label on the items |
| `kgEmbedding`, `kgName`, `kgModel` | on items and entities: the vector t of length 1, a name, and the model both are from |
| `kgPopularity` | on items |
| `KG_SPEAKS_FOR {score}` | from entities to items: what an interest in the entity adds to the item's score |
| `SIMILAR_TO {score, by: 'kg-rec'}` | between items: the cosine of their fused vectors |
| `kgWish` | on people with interests: the vector of their words |
| `kgEmbeddingItems`, `kgEmbeddingEntities`, `kgPopularity` | indexes |

Everything is replaced in place, by node, so that a run that was broken off is made whole by the next one, and the same again
changes nothing. A node that the model does not know any more loses what an earlier one wrote.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kg_rec.errors import GraphError
from kg_rec.progress import SILENT, Progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kg_rec.graph.client import GraphClient
    from kg_rec.model.publication import Publication, Told

    Encode = Callable[[list[str]], NDArray[np.float32]]

PUBLISHED = ("kgModel", "kgName", "kgPopularity", "kgEmbedding", "kgWish")
"""Names of the properties that are published on nodes; no part of the graph."""
_NODES = 500
"""Nodes of one transaction: vectors of 384 numbers make 2 MB."""
_RELATIONS = 500
"""Nodes whose relations are written in one transaction."""
_CHECKED = 1000
"""Entities that are looked for before anything is written."""


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """The model that is published. encoder: fingerprint; whole: False after a publishing that was broken off; at: when."""

    version: str
    encoder: str
    whole: bool
    at: str


@dataclass(frozen=True, slots=True)
class PublishReport:
    """What was published: how many nodes and relations, and people whose words have a vector since.

    missing: entities of the model that are not in the graph any more; stale: entities of the graph that lost what an earlier
    model wrote; replaced: version of the model that was published before, "" where none or the same.
    """

    version: str
    items: int
    entities: int
    speaks_for: int
    similar: int
    people: int
    missing: int
    stale: int
    replaced: str
    seconds: float


@dataclass(frozen=True, slots=True)
class UnpublishReport:
    """What was taken away: relations, and numbers from entities and people; version: of the model, "" where none was there."""

    version: str
    relations: int
    entities: int
    people: int
    seconds: float


def published_model(client: GraphClient) -> PublishedModel | None:
    """Return which model is published in the graph, None where none is."""
    for row in client.read("publish/model"):
        return PublishedModel(row["version"], row["encoder"], bool(row["whole"]), row["publishedAt"] or "")
    return None


def publish(
    client: GraphClient, publication: Publication, encode: Encode, progress: Progress = SILENT
) -> PublishReport:
    """Write a model into the graph, in place of one that is there.

    encode: from texts to vectors, [P, T], with the encoder of the model; for people who have interests and no vector yet.
    Raises GraphError, before anything is written, where the graph has none of the model's entities.
    """
    start = time.monotonic()
    artifact, entities = publication.artifact, publication.entities
    count, keys = len(entities), entities.keys
    _check_known(client, keys)
    before = published_model(client)
    encoder, size = artifact.encoder["fingerprint"], publication.vectors.shape[1]
    client.write(
        "publish/begin",
        model={
            "version": artifact.version,
            "createdAt": artifact.created,
            "encoder": encoder,
            "encoderName": artifact.encoder["name"],
            "vectorSize": size,
            **publication.weights(),
        },
    )
    if before is not None and before.encoder != encoder:
        client.write_batches("publish/remove_wishes")
    if any(row["size"] != size for row in client.read("publish/index_size")):
        client.write_batches("publish/remove_items_index")
        client.write_batches("publish/remove_entities_index")

    step = progress.step("Publishing nodes", count, "nodes")
    written = [0, 0]
    for is_item, rows in ((True, range(entities.item_count)), (False, range(entities.item_count, count))):
        for some in _batches(_numbers(publication, rows), _NODES):
            (done,) = client.write(
                "publish/items" if is_item else "publish/entities", version=artifact.version, rows=some
            )
            written[not is_item] += done["published"]
            step.advance(len(some))
    stale = client.write_batches("publish/remove_numbers", version=artifact.version)[0]["removed"]
    client.write_batches("publish/remove_relations", version=artifact.version)

    step = progress.step("Publishing what speaks", count, "nodes")
    spoken = _related(client, "publish/speaks_for", _all(publication.spoken_for(), count), keys, step.advance)
    step = progress.step("Publishing likeness", entities.item_count, "nodes")
    similar = _related(client, "publish/similar", publication.similar(), keys, step.advance)

    options = {"indexConfig": {"vector.dimensions": size, "vector.similarity_function": "cosine"}}
    client.write_batches("publish/items_index", options=options)
    client.write_batches("publish/entities_index", options=options)
    client.write_batches("publish/popularity_index")
    people = _publish_wishes(client, encoder, encode, progress)
    step = progress.step("Indexing", 1, "times")
    client.write_batches("publish/await_indexes")
    step.advance()
    client.write("publish/end")
    return PublishReport(
        version=artifact.version,
        items=written[0],
        entities=written[1],
        speaks_for=spoken,
        similar=similar,
        people=people,
        missing=count - sum(written),
        stale=stale,
        replaced=before.version if before is not None and before.version != artifact.version else "",
        seconds=time.monotonic() - start,
    )


def unpublish(client: GraphClient) -> UnpublishReport:
    """Take away exactly what `publish` wrote, whatever model it was and however far it came."""
    start = time.monotonic()
    model = published_model(client)
    # Without the indexes first: they would follow each number that goes.
    for name in ("publish/remove_items_index", "publish/remove_entities_index", "publish/remove_popularity_index"):
        client.write_batches(name)
    relations = client.write_batches("publish/remove_relations", version="")[0]["removed"]
    entities = client.write_batches("publish/remove_numbers", version="")[0]["removed"]
    people = client.write_batches("publish/remove_wishes")[0]["removed"]
    client.write("publish/remove_model")
    return UnpublishReport(
        model.version if model is not None else "", relations, entities, people, time.monotonic() - start
    )


def write_wish(client: GraphClient, encoder: str, user: str, vector: NDArray[np.float32] | None) -> None:
    """Write the vector of a person's words, [T]; None, or zeros where words say nothing, take the one there is away.

    Nothing happens unless a model with this encoder is published. encoder: fingerprint; user: key.
    """
    rows = [{"user": user, "vector": vector.tolist() if vector is not None and vector.any() else None}]
    client.write("publish/wishes", encoder=encoder, rows=rows)


def _check_known(client: GraphClient, keys: list[str]) -> None:
    some = keys[:: max(1, len(keys) // _CHECKED)]
    if not client.read("publish/known", keys=some)[0]["known"]:
        raise GraphError(
            f"The graph in Neo4j at {client.uri} has none of the model's entities: expected nodes (:KGEntity) with keys like "
            f"'{keys[0]}'.",
            remedy="Load the graph that the model was trained on, or train on this one: kg-rec train",
        )


def _numbers(publication: Publication, rows: range) -> Iterator[dict[str, Any]]:
    entities, vectors, popularity = publication.entities, publication.vectors, publication.popularity
    for row in rows:
        found = {
            "key": entities.keys[row],
            "name": entities.names[row] or None,
            "vector": vectors[row].tolist() if vectors[row].any() else None,
        }
        yield {**found, "popularity": float(popularity[row])} if row < len(popularity) else found


def _all(told: Iterable[Told], count: int) -> Iterator[Told | int]:
    """Yield what each entity tells, and the row of each that tells nothing: what an earlier model wrote of it goes."""
    silent = set(range(count))
    for one in told:
        silent.discard(one.entity)
        yield one
    yield from sorted(silent)


def _related(
    client: GraphClient,
    name: str,
    told: Iterable[Told | int],
    keys: list[str],
    advance: Callable[[int], None],
) -> int:
    """Write relations with the script `name`; return how many."""
    written = 0
    rows = (
        {"entity": keys[one], "items": [], "scores": []}
        if isinstance(one, int)
        else {
            "entity": keys[one.entity],
            "items": [keys[item] for item in one.items.tolist()],
            "scores": one.scores.tolist(),
        }
        for one in told
    )
    for some in _batches(rows, _RELATIONS):
        written += client.write(name, rows=some)[0]["published"]
        advance(len(some))
    return written


def _publish_wishes(client: GraphClient, encoder: str, encode: Encode, progress: Progress) -> int:
    """Give people who have interests and no vector that of the words the interests come from."""
    people = client.read("publish/people")
    if not people:
        return 0
    written, step = 0, progress.step("Publishing people", len(people), "people")
    for some in _batches(iter(people), _NODES):
        vectors = encode([_words(row["interests"]) for row in some])
        rows = [
            {"user": row["user"], "vector": vector.tolist()}
            for row, vector in zip(some, vectors, strict=True)
            if vector.any()
        ]
        written += client.write("publish/wishes", encoder=encoder, rows=rows)[0]["published"]
        step.advance(len(some))
    return written


def _words(interests: list[dict[str, Any]]) -> str:
    """Return the words that stand for a person, as `Recommender.recommend` takes them."""
    said = [" … ".join(one["evidence"] or []) or one["name"] or "" for one in interests]
    return ". ".join(dict.fromkeys(text for text in said if text))


def _batches(rows: Iterator[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    while batch := list(itertools.islice(rows, size)):
        yield batch
