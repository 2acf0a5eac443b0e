"""The graph as one undirected matrix, entities and users, for peers that know no types of relations."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from exchange import Graph


def adjacency(graph: Graph) -> sp.csr_array:
    """Return [N + U, N + U], 1 where two nodes are related or a user liked an item, in both directions."""
    users, items = graph.likes.nonzero()
    pairs = [*graph.relations.values(), np.stack([users + len(graph.labels), items]).astype(np.int64)]
    ends = np.concatenate(pairs, axis=1)
    size = len(graph.labels) + graph.likes.shape[0]
    one_way = sp.csr_array((np.ones(ends.shape[1], dtype=np.float32), tuple(ends)), shape=(size, size))
    both: sp.csr_array = (one_way + one_way.T).tocsr()
    both.data[:] = 1.0
    return both


def rows_of_sum_one(matrix: sp.csr_array) -> sp.csr_array:
    """Return D⁻¹ A."""
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    scale = np.divide(1.0, sums, out=np.zeros_like(sums), where=sums > 0)
    shares: sp.csr_array = (sp.diags_array(scale) @ matrix).tocsr().astype(np.float32)
    return shares
