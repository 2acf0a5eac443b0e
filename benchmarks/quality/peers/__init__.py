"""The peers by name. What each is, and whose code it runs, stands in its module."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from peers.peer import Peer

HERE = "here"
"""The environment of the driver: kg-rec's own dependencies, PyTorch Geometric among them."""


@dataclass(frozen=True)
class Entry:
    """Where a peer is found. group: environment, a file in peers/requirements/, or `HERE`; title: its row in the table."""

    title: str
    group: str
    module: str
    type: str
    arguments: tuple[str, ...] = ()

    def load(self) -> Peer:
        """Return the peer; its packages must be installed."""
        made: Peer = getattr(importlib.import_module(f"peers.{self.module}"), self.type)(*self.arguments)
        return made


PEERS: dict[str, Entry] = {
    "popularity": Entry("popularity: log count", HERE, "popularity", "Popularity"),
    "adjusted-popularity": Entry("popularity for exposure and recency (ours)", HERE, "popularity", "Adjusted"),
    "text": Entry("MiniLM: cosine to the description", HERE, "text", "Text"),
    "text-popular": Entry("MiniLM + popularity", HERE, "text", "TextAndPopularity"),
    "bm25": Entry("BM25 over descriptions", "collaborative", "bm25", "Bm25"),
    "bm25-popular": Entry("BM25 + popularity", "collaborative", "bm25", "Bm25AndPopularity"),
    "fused": Entry("BM25, MiniLM, popularity: reciprocal rank fusion", "collaborative", "fused", "Fused"),
    "hybrid": Entry("MiniLM + BM25 + EASE + PageRank + popularity, weighted", "collaborative", "fused", "Hybrid"),
    "ease": Entry("EASE", HERE, "ease", "Ease"),
    "item-knn": Entry("item kNN (implicit)", "collaborative", "factors", "ItemNeighbours"),
    "lenskit-knn": Entry("item kNN (LensKit)", "lenskit", "lenskit_knn", "ItemNeighbours"),
    "als": Entry("ALS (implicit)", "collaborative", "factors", "Als"),
    "lightfm": Entry("LightFM, WARP, features (lightfm-next)", "collaborative", "light_fm", "LightFm"),
    "pagerank": Entry("personalised PageRank", HERE, "pagerank", "PageRank"),
    "fastrp": Entry("FastRP", HERE, "fastrp", "FastRp"),
    "two-towers": Entry(
        "two linear towers over MiniLM (PyTorch) + MiniLM", HERE, "graph_networks", "Network", ("towers",)
    ),
    "rgcn": Entry("R-GCN, DistMult (PyTorch Geometric) + MiniLM", HERE, "graph_networks", "Network", ("rgcn",)),
    "hgt": Entry("HGT (PyTorch Geometric) + MiniLM", HERE, "graph_networks", "Network", ("hgt",)),
}
