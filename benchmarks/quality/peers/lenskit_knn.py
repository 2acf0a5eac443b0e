"""Item kNN as LensKit has it, over likings: the items that are named are the history; popularity for who names nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
from exchange import Graph, People, Simulated
from lenskit.data import ItemList, RecQuery, from_interactions_df
from lenskit.knn import ItemKNNScorer
from lenskit.training import TrainingOptions

from peers.peer import Scores, ScoringPeer, grid


class ItemNeighbours(ScoringPeer):
    """lenskit.knn.ItemKNNScorer with implicit feedback."""

    fitted = grid(max_nbrs=[20, 100])
    ranked = grid(popularity=[0.0, 0.1, 0.2, 0.4, 0.8, 1.6])

    def fit(self, graph: Graph, simulated: Simulated, max_nbrs: int = 20) -> None:
        """Train it on pairs of user and item."""
        super().fit(graph, simulated)
        users, items = graph.likes.nonzero()
        self._liked = np.unique(items)
        data = from_interactions_df(pd.DataFrame({"user_id": users, "item_id": items}))
        self._model = ItemKNNScorer(max_nbrs=max_nbrs, feedback="implicit")
        self._model.train(data, TrainingOptions(rng=0))

    def scores(self, people: People) -> Scores:
        """Return its scores, 0 where it has none."""
        count = len(self.graph.items)
        # In a history, an item that nobody liked ends LensKit's scoring with an index out of bounds.
        named = people.named_items(count)[:, self._liked]
        candidates = ItemList(item_ids=self._liked)
        rows = np.zeros((len(people), count), dtype=np.float32)
        for person in np.flatnonzero(np.diff(named.indptr)):
            items = self._liked[named.indices[named.indptr[person] : named.indptr[person + 1]]]
            scored = self._model(RecQuery(user_items=ItemList(item_ids=items)), candidates)
            rows[person, self._liked] = np.nan_to_num(scored.scores())
        return rows
