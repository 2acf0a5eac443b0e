"""The items and the people that are most alike, and what they have in common; the vectors are kg_rec/model/similarity.py's."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kg_rec.errors import InputError
from kg_rec.graph.keys import id_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pandas import DataFrame

    from kg_rec.graph.tastes import Taste
    from kg_rec.model.artifact import Artifact
    from kg_rec.model.similarity import Near, Similarity

_NAMES = 3
"""Names of what is shared that are told, the most telling first."""


@dataclass(frozen=True, slots=True)
class SimilarItem:
    """An item near to another one or to a person.

    id: as it stood in the source; cosine: in [-1, 1]; parts: what the cosine is the sum of, by block; why: what the two have in
    common, empty where that is nothing with a name.
    """

    rank: int
    key: str
    id: str
    title: str
    cosine: float
    parts: dict[str, float]
    properties: dict[str, Any]
    why: str = ""


@dataclass(frozen=True, slots=True)
class SimilarItems:
    """The items nearest to `to`, the title of an item or the id of a person; the nearest first."""

    to: str
    items: list[SimilarItem]

    def __iter__(self) -> Iterator[SimilarItem]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def to_frame(self) -> DataFrame:
        """Return the items as a pandas frame, one row an item, for notebooks."""
        return _frame(self.items, ["rank", "id", "title", "cosine", "why"])


@dataclass(frozen=True, slots=True)
class SimilarPerson:
    """Somebody in the graph who is near to another person.

    shared: how many entities both like; names: those of up to three of them, what the fewest people like first.
    """

    rank: int
    user: str
    key: str
    cosine: float
    parts: dict[str, float]
    shared: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SimilarPeople:
    """The people nearest to the person `to`, the nearest first."""

    to: str
    people: list[SimilarPerson]

    def __iter__(self) -> Iterator[SimilarPerson]:
        return iter(self.people)

    def __len__(self) -> int:
        return len(self.people)

    def to_frame(self) -> DataFrame:
        """Return the people as a pandas frame, one row a person, for notebooks."""
        return _frame(self.people, ["rank", "user", "cosine", "shared", "names"])


def items_like(artifact: Artifact, similarity: Similarity, row: int, *, k: int) -> SimilarItems:
    """Return the k items nearest to the item at `row`."""
    entities, evidence = artifact.model.entities, artifact.model.evidence
    direct, likes = evidence.direct, evidence.likings.likes
    degree = np.bincount(direct.indices, minlength=direct.shape[1])
    title = entities.names[row]
    ours = set(evidence.neighbours_of(row).tolist())
    liked = likes[:, [row]].toarray().ravel() if likes.shape[0] else np.zeros(0)
    found: list[SimilarItem] = []
    for near in similarity.nearest(similarity.item(row), similarity.items, k, hidden=[row]):
        shared = sorted(
            ours.intersection(evidence.neighbours_of(near.row).tolist()), key=lambda one: (degree[one], one)
        )
        reasons = [name for one in shared if (name := entities.names[one])][:_NAMES]
        both = int(liked @ likes[:, [near.row]].toarray().ravel()) if len(liked) else 0
        if both:
            reasons.append(f"liked by {both} who liked {title}")
        found.append(_item(artifact, near, len(found) + 1, " · ".join(reasons)))
    return SimilarItems(title, found)


def items_for(
    artifact: Artifact, similarity: Similarity, key: str, tastes: Mapping[str, Taste], *, k: int
) -> SimilarItems:
    """Return the k items nearest to the person with `key`, without those that they like or dislike.

    tastes: of everybody, by key. Raises InputError where nothing is known of the person.
    """
    index, count = artifact.model.entities.index, artifact.model.entities.item_count
    taste = _taste_of(artifact, key, tastes)
    hidden = [row for entity in taste if (row := index.get(entity, count)) < count]
    liked = {index[entity] for entity, weight in taste.items() if weight > 0 and entity in index}
    found: list[SimilarItem] = []
    for near in similarity.nearest(similarity.people([taste]), similarity.items, k, hidden):
        shared = sorted(liked.intersection(artifact.model.evidence.neighbours_of(near.row).tolist()))
        reasons = [name for one in shared if (name := artifact.model.entities.names[one])][:_NAMES]
        found.append(_item(artifact, near, len(found) + 1, " · ".join(reasons)))
    return SimilarItems(id_of(key), found)


def people_like(
    artifact: Artifact, similarity: Similarity, key: str, tastes: Mapping[str, Taste], *, k: int
) -> SimilarPeople:
    """Return the k people nearest to the person with `key`.

    tastes: of everybody, by key. Raises InputError where nothing is known of the person.
    """
    entities = artifact.model.entities
    taste = _taste_of(artifact, key, tastes)
    others = [other for other, theirs in tastes.items() if other != key and entities.index.keys() & theirs]
    liked_by = Counter(entity for theirs in tastes.values() for entity, weight in theirs.items() if weight > 0)
    many = similarity.people([tastes[other] for other in others])
    found = []
    for rank, near in enumerate(similarity.nearest(similarity.people([taste]), many, k), start=1):
        theirs = tastes[others[near.row]]
        both = [entity for entity, weight in taste.items() if weight > 0 and theirs.get(entity, 0.0) > 0]
        both.sort(key=lambda entity: (liked_by[entity], entity))
        names = [name for one in both if one in entities.index and (name := entities.names[entities.index[one]])]
        found.append(
            SimilarPerson(
                rank,
                id_of(others[near.row]),
                others[near.row],
                round(near.cosine, 4),
                {block: round(part, 4) for block, part in near.parts.items()},
                len(both),
                tuple(names[:_NAMES]),
            )
        )
    return SimilarPeople(id_of(key), found)


def _taste_of(artifact: Artifact, key: str, tastes: Mapping[str, Taste]) -> Taste:
    taste = tastes.get(key, {})
    if not artifact.model.entities.index.keys() & taste:
        raise InputError(
            f"Of '{id_of(key)}' the model knows nothing to compare: expected interests, or items they liked, found "
            f"{len(taste) or 'none'}{' that came after the training' if taste else ''}.",
            remedy="Bring the model up to date: kg-rec train"
            if taste
            else f'Tell what they like: kg-rec attach {id_of(key)} "what they say"',
        )
    return taste


def _item(artifact: Artifact, near: Near, rank: int, why: str) -> SimilarItem:
    entities, properties = artifact.model.entities, artifact.properties
    return SimilarItem(
        rank,
        entities.keys[near.row],
        str(properties[artifact.schema.item.id][near.row]),
        entities.names[near.row],
        round(near.cosine, 4),
        {block: round(part, 4) for block, part in near.parts.items()},
        {name: values[near.row] for name, values in properties.items() if values[near.row] is not None},
        why,
    )


def _frame(found: list[Any], columns: list[str]) -> DataFrame:
    import pandas as pd

    from kg_rec.model.similarity import BLOCKS

    rows = [asdict(one) for one in found]
    return pd.DataFrame([{**row, **row["parts"]} for row in rows], columns=[*columns, *BLOCKS])
