"""What the people of the graph did, whole or without some of them.

Everything that is learned from people is learned in folds: those of one fold are scored by what the others did.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from kg_rec.graph.interactions import interactions_of, own_words, positive
from kg_rec.model.features import liked_together, popularity, release_years
from kg_rec.model.signals import Likings, ease, likes_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch_geometric.data import HeteroData

    from kg_rec.graph.interactions import Interactions
    from kg_rec.model.features import Entities
    from kg_rec.schema import GraphSchema


@dataclass(frozen=True)
class Crowd:
    """The people of the graph: what they did, and the fold that each is in.

    liked: which of the interactions are positive, [E]; released: year of each item; keys: of the users; folds: of the
    users, [U], by hash of their keys, so that they stay theirs when the graph grows; told: what each user tells of
    themselves, [U], "" where nothing.
    """

    entities: Entities
    interactions: Interactions | None
    liked: NDArray[np.bool_]
    released: NDArray[np.float64] | None
    keys: list[str]
    folds: NDArray[np.int64]
    told: list[str]

    @classmethod
    def of(cls, graph: HeteroData, schema: GraphSchema, entities: Entities, folds: int) -> Crowd:
        """Take the people of an exported graph. Raises GraphError and SchemaError as `interactions_of` and others do."""
        interactions = interactions_of(graph, schema)
        liked = positive(interactions) if interactions is not None else np.zeros(0, dtype=bool)
        keys = graph[schema.user.label].key if schema.user and interactions is not None else []
        fold_of = np.array([zlib.crc32(key.encode()) % folds for key in keys], dtype=np.int64)
        told = own_words(graph, schema) if interactions is not None else []
        return cls(entities, interactions, liked, release_years(graph, schema), keys, fold_of, told)

    def kept(self, without: int | None) -> NDArray[np.bool_]:
        """Return which interactions are left when the people of a fold are taken out, [E]; all for None."""
        if self.interactions is None:
            return np.zeros(0, dtype=bool)
        if without is None:
            return np.ones(len(self.interactions), dtype=bool)
        kept: NDArray[np.bool_] = self.folds[self.interactions.users] != without
        return kept

    def together(self, kept: NDArray[np.bool_]) -> sp.csr_array:
        """Return `LIKED_TOGETHER` over the entities, [N, N]."""
        users, items = self._likes(kept)
        return liked_together(users, items, item_count=self.entities.item_count, size=len(self.entities))

    def popularity(self, kept: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return the popularity of each item, [items]; 0 where there are no interactions at all."""
        count = self.entities.item_count
        if self.interactions is None:
            return np.zeros(count, dtype=np.float32)
        times = self.interactions.times
        items = self.interactions.items[kept]
        return popularity(items, times[kept] if times is not None else None, self.released, item_count=count)

    def likings(self, kept: NDArray[np.bool_], together: sp.csr_array) -> Likings:
        """Return what the signals use of them; together: `LIKED_TOGETHER` of the same people."""
        count = self.entities.item_count
        if self.interactions is None or not (self.liked & kept).any():
            return Likings.nobody(count)
        interacted = likes_of(self.interactions.users[kept], self.interactions.items[kept], item_count=count)
        return Likings(likes_of(*self._likes(kept), item_count=count), together[:count, :count], ease(interacted))

    def _likes(self, kept: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return users and items of the positive interactions, one pair a liking."""
        if self.interactions is None:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        chosen = self.liked & kept
        return self.interactions.users[chosen], self.interactions.items[chosen]
