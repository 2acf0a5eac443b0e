"""What a person in the graph has interacted with already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg_rec.graph.keys import key_of

if TYPE_CHECKING:
    from kg_rec.graph.client import GraphClient
    from kg_rec.schema import GraphSchema

_LIKED = 20
"""So many of the items liked last stand for somebody without interests: tastes change, and a hundred items say everything."""


@dataclass(frozen=True, slots=True)
class History:
    """Keys of all items a person interacted with, and of those they liked last, newest first."""

    items: tuple[str, ...]
    liked: tuple[str, ...]


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
    bar = -float("inf")
    if interaction.kind == "rating" and interaction.scale:
        # As in training: at or above both the person's mean and the middle of the scale.
        ratings = [float(row["weight"]) for row in rows if row["weight"] is not None]
        bar = max(sum(ratings) / max(len(ratings), 1), sum(interaction.scale) / 2)
    liked = [row["item"] for row in rows if row["weight"] is None or float(row["weight"]) >= bar]
    return History(tuple(row["item"] for row in rows), tuple(liked[:_LIKED]))
