"""LightFM (Kula 2015, "Metadata Embeddings for User and Item Cold-start Recommendations") by lightfm-next, WARP loss.

A person is the sum of the embeddings of their interests, an item that of itself and its neighbours. It learns from the
simulated people, who have interests as new people do.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from exchange import Graph, People, Simulated
from lightfm import LightFM

from peers.peer import Scores, ScoringPeer, grid


class LightFm(ScoringPeer):
    """LightFM with features on both sides and no person's own embedding."""

    fitted = grid(no_components=[32, 64], epochs=[20, 50])
    ranked = grid(popularity=[0.0, 0.2, 0.5, 1.0, 2.0])

    def fit(self, graph: Graph, simulated: Simulated, no_components: int = 32, epochs: int = 10) -> None:
        """Learn the targets of the simulated people."""
        super().fit(graph, simulated)
        count = len(graph.items)
        itself = sp.eye_array(count, len(graph.labels), format="csr", dtype=np.float32)
        self._items = _shares(itself + _shares(graph.direct))
        rows = np.repeat(
            np.arange(len(simulated.targets), dtype=np.int32), [len(targets) for targets in simulated.targets]
        )
        columns = np.concatenate([np.asarray(targets, dtype=np.int32) for targets in simulated.targets])
        wanted = sp.coo_matrix(
            (np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=(len(simulated.targets), count)
        )
        self._model = LightFM(no_components=no_components, loss="warp", random_state=0)
        self._model.fit(
            wanted,
            user_features=self._people(simulated.people),
            item_features=self._items,
            epochs=epochs,
            num_threads=1,
        )

    def scores(self, people: People) -> Scores:
        """Return <sum of the interests, item> + bias of the item."""
        _, own = self._model.get_user_representations(self._people(people))
        biases, items = self._model.get_item_representations(self._items)
        return np.asarray(own @ items.T + biases, dtype=np.float32)

    def _people(self, people: People) -> sp.csr_matrix:
        return _shares(people.liked(len(self.graph.labels)))


def _shares(rows: sp.csr_array) -> sp.csr_matrix:
    """Return the rows with sum 1; those without anything stay empty."""
    sums = np.asarray(rows.sum(axis=1)).ravel()
    scale = np.divide(1.0, sums, out=np.zeros_like(sums), where=sums > 0)
    shares = sp.csr_matrix(sp.diags_array(scale) @ rows, dtype=np.float32)
    shares.indices, shares.indptr = (
        shares.indices.astype(np.int32),
        shares.indptr.astype(np.int32),
    )  # what LightFM reads
    return shares
