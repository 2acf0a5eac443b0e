"""What a person in the graph has interacted with already."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kg_rec.graph.interactions import least_liked
from kg_rec.graph.keys import key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kg_rec.graph.client import GraphClient
    from kg_rec.schema import GraphSchema, InteractionSchema

_LIKED = 20
"""So many of the items liked last stand for somebody without interests: tastes change, and a hundred items say everything."""


@dataclass(frozen=True, slots=True)
class History:
    """Keys of all items a person interacted with, and of those they liked last, newest first; ratings: all they gave."""

    items: tuple[str, ...]
    liked: tuple[str, ...]
    ratings: tuple[float, ...] = ()


def history(client: GraphClient, schema: GraphSchema, user: str) -> History:
    """Return the history of a person; empty for somebody who did nothing yet, or is not there."""
    if schema.user is None or schema.interaction is None:
        return History((), ())
    interaction = schema.interaction
    rows = client.read(
        "recommend/history",
        user=key_of(schema.user.label, user),
        type=interaction.type,
        weight=interaction.weight or "",
        time=interaction.time or "",
    )
    return history_in(rows, interaction)


def history_in(rows: Sequence[Mapping[str, Any]], interaction: InteractionSchema) -> History:
    """Return the history that rows of item and weight hold, newest first."""
    liked = liked_items([(row["item"], row["weight"]) for row in rows], interaction)
    ratings = (float(row["weight"]) for row in rows if row["weight"] is not None and interaction.kind == "rating")
    return History(tuple(row["item"] for row in rows), tuple(liked[:_LIKED]), tuple(ratings))


def liked_items(interactions: Iterable[tuple[str, float | None]], interaction: InteractionSchema) -> list[str]:
    """Return which of one person's items they liked, in the order given; interactions: key and weight, None where missing."""
    known = list(interactions)
    ratings = [float(weight) for _, weight in known if weight is not None]
    least = -math.inf
    if ratings and interaction.kind == "rating" and interaction.scale:
        least = float(least_liked(np.array(ratings).mean(), interaction.scale))
    return [item for item, weight in known if weight is None or float(weight) >= least]
