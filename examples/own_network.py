"""Replace the sentence encoder and the graph network by one's own, and keep everything else.

    python examples/own_network.py
Takes the sample graph into the home (KG_REC_HOME); convolutions of PyTorch Geometric make the signal `graph` (docs/extending.md).
"""

import numpy as np
import torch
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.random_projection import GaussianRandomProjection
from torch_geometric.nn import RGCNConv

from kg_rec import Recommender
from kg_rec.model.protocol import RelationalGraph
from kg_rec.model.training import TrainingSettings
from kg_rec.sample import sample_folder


class WordParts:
    """Texts as the sum of their runs of letters, on 384 random directions: knows no meaning, and no language."""

    name, dim = "word parts", 384
    fingerprint = "parts-3-5-16384-384-1"  # whoever changes the vectors changes this: they are kept under it

    def __init__(self):
        self._count = HashingVectorizer(analyzer="char_wb", ngram_range=(3, 5), n_features=2**14)
        self._project = GaussianRandomProjection(self.dim, random_state=0).fit(np.zeros((1, 2**14)))

    def encode(self, texts, progress=None):
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        if rows := [row for row, text in enumerate(texts) if text.strip()]:
            found = self._project.transform(self._count.transform([f" {texts[row]} " for row in rows]))
            vectors[rows] = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)
        if progress is not None:
            progress.advance(len(texts))
        return vectors


class TwoHops(torch.nn.Module):
    """Two relational convolutions over the texts' vectors, and one for each entity that is learned."""

    def __init__(self, graph: RelationalGraph):
        super().__init__()
        self.own = torch.nn.Embedding(len(graph), 32)
        self.first = RGCNConv(graph.x.size(1) + 32, 32, len(graph.relations), num_bases=4)
        self.second = RGCNConv(32, 32, len(graph.relations), num_bases=4)

    def forward(self, graph: RelationalGraph):
        edges = graph.edge_index, graph.edge_type
        return self.second(self.first(torch.cat([graph.x, self.own.weight], dim=1), *edges).relu(), *edges)


with Recommender.open(encoder=WordParts()) as recommender:
    recommender.load(sample_folder())
    settings = TrainingSettings(learning_rate=0.01)  # faster than ours: it starts at random
    found = recommender.train(settings, model=TwoHops)
    print(f"loss {found['start']['loss']:.3f} -> {found['best']['loss']:.3f} at step {found['best step']}")
    for item in recommender.recommend("slow, sad science fiction like Arrival. No horror please.", k=5):
        print(f"  {item.rank}. {item.title}: {item.why}")
