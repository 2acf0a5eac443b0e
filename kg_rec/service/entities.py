"""Entities by the beginning of a name, while somebody types it: from memory, without the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz import fuzz, process

from kg_rec.model.features import prominence
from kg_rec.text.words import normalised

if TYPE_CHECKING:
    from kg_rec.service.answers import Served

_LIKE = 75
"""Least likeness (rapidfuzz's WRatio, of 100) of a name to what was typed, where no name holds it."""


class EntityNames:
    """The names of all entities that an interest may point to."""

    def __init__(self, served: Served) -> None:
        model = served.artifact.model
        allowed = set(served.artifact.schema.interests)
        self._entities = model.entities
        self._rows = [
            row for row, label in enumerate(model.entities.labels) if label in allowed and model.entities.names[row]
        ]
        self._names = [normalised(model.entities.names[row]) for row in self._rows]
        known = prominence(model.evidence.popularity.numpy(), model.evidence.direct)
        self._known = np.asarray(known)[self._rows]

    def best_known(self, label: str, most: float) -> list[str]:
        """Return the names of the entities with a label, the best known first, without those better known than `most`."""
        places = [place for place, row in enumerate(self._rows) if self._entities.labels[row] == label]
        places.sort(key=lambda place: -float(self._known[place]))
        return [self._entities.names[self._rows[place]] for place in places if self._known[place] <= most]

    def find(self, typed: str, most: int, label: str | None = None) -> list[dict[str, str]]:
        """Return up to `most` entities: those whose name is what was typed, begins with it, has a word that does, holds it, or
        else is spelt like it; the best known first.
        """
        wanted = normalised(typed)
        if not wanted:
            return []
        ranks = []
        for place, name in enumerate(self._names):
            if wanted not in name:
                continue
            rank = 0 if name == wanted else 1 if name.startswith(wanted) else 2 if f" {wanted}" in name else 3
            ranks.append((rank, -float(self._known[place]), place))
        places = [place for _, _, place in sorted(ranks)]
        if not places:
            found = process.extract(wanted, self._names, scorer=fuzz.WRatio, score_cutoff=_LIKE, limit=3 * most)
            places = [place for _, _, place in found]
        rows = (self._rows[place] for place in places)
        told = (
            {"key": self._entities.keys[row], "label": self._entities.labels[row], "name": self._entities.names[row]}
            for row in rows
            if label is None or self._entities.labels[row] == label
        )
        return [one for one, _ in zip(told, range(most), strict=False)]
