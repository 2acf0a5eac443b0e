"""What the graph knows of a person, as they are recommended to: interests, what they did since, and what they did before."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from kg_rec.graph import attach
from kg_rec.graph.events import beside, events_of, reactions
from kg_rec.graph.history import history
from kg_rec.interest import Interest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kg_rec.graph.client import GraphClient
    from kg_rec.model.features import Entities
    from kg_rec.schema import GraphSchema


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A person of the graph.

    interests: what they are recommended by; text: words that stand for them; known: rows of the items that they know, and get
    no more; lowered: what items lose of their score, by row; attached: whether they have `INTERESTED_IN` edges.
    """

    user: str
    interests: list[Interest]
    text: str
    known: set[int]
    attached: bool
    lowered: Mapping[int, float] = field(default_factory=dict)


def known_person(client: GraphClient, schema: GraphSchema, entities: Entities, user: str) -> KnownPerson:
    """Return what the graph knows of a person. Raises UnknownEntityError where they are not there.

    Somebody without interests is known by the items they liked last, loaded or told since; what somebody with interests liked
    since counts beside these. Items that are not among `entities` are left out.
    """
    attached = attach.interests(client, schema, user)
    past = history(client, schema, user)
    events = events_of(client, schema, user)
    index, count = entities.index, entities.item_count
    rows = {
        key: row for key in (*past.items, *(event.item for event in events)) if (row := index.get(key, count)) < count
    }
    names = {key: entities.names[row] for key, row in rows.items()}
    reacted = reactions([event for event in events if event.item in rows], schema, names, past.ratings)
    liked = [Interest(key, entities.item_label, names[key], 1.0, source="person") for key in past.liked if key in rows]
    interests = beside(reacted.interests, attached or liked)
    return KnownPerson(
        user,
        interests,
        standing_text(attached or interests),
        {rows[key] for key in (*past.items, *reacted.known) if key in rows},
        bool(attached),
        {rows[key]: loss for key, loss in reacted.lowered.items()},
    )


def standing_text(interests: Sequence[Interest]) -> str:
    """Return words that stand for a person whose own are not kept: the evidence of what they like, or its name."""
    return ". ".join(dict.fromkeys(one.evidence or one.name for one in interests if one.polarity > 0))


def stored_data(client: GraphClient, schema: GraphSchema, user: str) -> dict[str, Any]:
    """Return all that is stored about a person, as JSON knows it. Raises UnknownEntityError where they are not there.

    interests: with their evidence, and when they were inferred; events: what they did since they came; interactions: what the
    graph was loaded with.
    """
    known = attach.person(client, schema, user)
    (row,) = client.read("attach/interests", user=known.key, titles=attach.titles(schema))
    interaction = schema.interaction
    interactions = []
    if interaction is not None:
        interactions = client.read(
            "recommend/history",
            user=known.key,
            type=interaction.type,
            weight=interaction.weight or "",
            time=interaction.time or "",
        )
    return {
        "person": user,
        "key": known.key,
        "of_graph": known.of_graph,
        "interests": row["interests"],
        "events": [asdict(event) for event in events_of(client, schema, user)],
        "interactions": [{**one, "time": None if one["time"] is None else str(one["time"])} for one in interactions],
    }
