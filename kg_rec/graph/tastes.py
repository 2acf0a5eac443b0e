"""What everybody likes and dislikes: the people of the loaded graph by what they did, and all by their interests and what they did
since they came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg_rec.graph.events import Event, reactions
from kg_rec.graph.history import liked_items
from kg_rec.graph.keys import encoded

if TYPE_CHECKING:
    from kg_rec.graph.client import GraphClient
    from kg_rec.schema import GraphSchema

Taste = dict[str, float]
"""Weight of each entity, by key, in [-1, 1]: 1 for an item that was liked, score times polarity for an interest."""


def tastes(client: GraphClient, schema: GraphSchema) -> dict[str, Taste]:
    """Return the taste of everybody who likes anything or has interests, by key, ordered by key.

    An interest in an item counts instead of having liked it, and what was done with it since instead of both. Reads all
    interactions of the graph.
    """
    found: dict[str, Taste] = {}
    with client.reading() as transaction:
        if schema.user is not None and schema.interaction is not None:
            start, interaction = f"{encoded(schema.user.label)}/", schema.interaction
            for row in transaction.stream(
                "similar/interactions", type=interaction.type, weight=interaction.weight or ""
            ):
                liked = liked_items(map(tuple, row["interactions"]), interaction)
                if liked and row["user"].startswith(start):
                    found[row["user"]] = dict.fromkeys(sorted(liked), 1.0)
        for row in transaction.stream("similar/interests"):
            found.setdefault(row["user"], {}).update(sorted(row["interests"]))
        for row in transaction.stream("similar/events"):
            reacted = reactions([Event(**event) for event in row["events"]], schema, {}).interests
            if reacted:
                theirs = {interest.entity: interest.score * interest.polarity for interest in reacted}
                found.setdefault(row["user"], {}).update(theirs)
    return dict(sorted(found.items()))
