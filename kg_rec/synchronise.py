"""Bring the model of a home up to date with its graph, without training (kg_rec/model/sync.py), as a new version."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kg_rec.progress import SILENT, Progress

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

    from kg_rec.graph.client import GraphClient
    from kg_rec.graph.status import Difference
    from kg_rec.model.artifact import Artifact
    from kg_rec.schema import GraphSchema
    from kg_rec.settings import Settings
    from kg_rec.text.encoder import TextEncoder


@dataclass(frozen=True, slots=True)
class Synced:
    """What `sync` did. version: the current one now; written: whether anything had changed; differences: what is new or gone since
    the model before; worded: of how many entities the words were encoded, being new or changed; seconds: what took how long;
    published: version of the model that is published in Neo4j, "" where none is.
    """

    version: str
    written: bool
    differences: list[Difference]
    worded: int
    seconds: dict[str, float]
    published: str = ""


@dataclass(frozen=True, slots=True)
class Synchronised:
    """A model in step with its graph. artifact: as it was written; graph: as it was read."""

    report: Synced
    artifact: Artifact
    graph: HeteroData


def synchronise(
    client: GraphClient,
    settings: Settings,
    artifact: Artifact,
    schema: GraphSchema,
    encoder: TextEncoder,
    progress: Progress = SILENT,
) -> Synchronised:
    """Write a version that is in step with the graph, make it the current one, and return it with what has changed.

    artifact: the current model; encoder: the one it was trained with, whose vectors of the graph's texts are kept. Where nothing
    has changed, nothing is written. Raises ArtifactError where there is no model to go on from, or it cannot be written, and
    otherwise as `kg_rec.model.sync.synced` does; the model there was stays the current one then.
    """
    from kg_rec.graph.content import content_of
    from kg_rec.graph.export import export_graph
    from kg_rec.graph.publish import published_model
    from kg_rec.graph.status import differences
    from kg_rec.model.artifact import load_texts, save_artifact
    from kg_rec.model.manifest import read_manifest
    from kg_rec.model.sync import check_can_be_synced, synced
    from kg_rec.text.cache import CachedEncoder

    started = time.monotonic()
    check_can_be_synced(artifact, schema)
    texts = load_texts(settings.model_path, artifact)
    read = time.monotonic()
    graph = export_graph(client, schema, progress)
    seconds = {"reading the graph": round(time.monotonic() - read, 2)}
    content = content_of(graph)
    there = published_model(client)
    published = there.version if there is not None else ""
    if content == artifact.content and schema == artifact.schema:
        seconds["all"] = round(time.monotonic() - started, 2)
        return Synchronised(Synced(artifact.version, False, [], 0, seconds, published), artifact, graph)
    update = synced(artifact, texts, graph, schema, CachedEncoder(encoder, settings.vectors_path), progress)
    version = save_artifact(update.artifact, settings.model_path)
    found = differences(
        artifact.content.counts if artifact.content else None,
        artifact.model.entities.keys,
        content.counts,
        set(update.artifact.model.entities.keys),
        schema,
    )
    seconds |= {"encoding": round(update.encoding, 2), "all": round(time.monotonic() - started, 2)}
    manifest = read_manifest(settings.model_path / version)
    report = Synced(version, True, found, update.worded, seconds, published)
    return Synchronised(report, replace(update.artifact, version=version, created=str(manifest["created"])), graph)
