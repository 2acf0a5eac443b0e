"""The sample graph for the notebooks: loaded and trained in one home, each once, so that any of them can be the first."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import neo4j

from kg_rec import Recommender
from kg_rec.errors import ArtifactError
from kg_rec.graph.counts import graph_counts
from kg_rec.graph.server import ManagedServer
from kg_rec.sample import sample_folder

os.environ.setdefault("KG_REC_HOME", str(Path(tempfile.gettempdir()) / "kg-rec-notebooks"))


def open_recommender(*, loaded: bool = True, trained: bool = True) -> Recommender:
    """Return a recommender for the home of the notebooks, KG_REC_HOME or a temporary folder, with what is asked for in it."""
    recommender = Recommender.open()
    if loaded and not (recommender.settings.schema_path.exists() and graph_counts(recommender.client).nodes):
        recommender.load(sample_folder())
    if loaded and trained:
        try:
            stale = recommender.graph_has_changed()
        except ArtifactError:
            stale = True
        if stale:
            recommender.train()
    return recommender


def open_driver(recommender: Recommender) -> neo4j.Driver:
    """Return Neo4j's own driver for the graph of a recommender, for any Cypher."""
    settings = recommender.settings
    recommender.client  # noqa: B018 - the managed server is started
    if settings.neo4j_uri is not None:
        login = (settings.neo4j_user, settings.neo4j_password or "")
        return neo4j.GraphDatabase.driver(settings.neo4j_uri, auth=login)
    server = ManagedServer(settings)
    return neo4j.GraphDatabase.driver(str(server.status().uri), auth=("neo4j", server.password()))
