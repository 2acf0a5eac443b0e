"""What the graph knows of a person, as they are recommended to: interests, what they did since, and what they did before."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from kg_rec.graph import attach
from kg_rec.graph.events import Event, beside, events_of, reactions
from kg_rec.graph.history import History, history_in
from kg_rec.interest import Interest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kg_rec.graph.client import GraphClient
    from kg_rec.model.features import Entities
    from kg_rec.schema import GraphSchema

_NO_TYPE = "KG_NOTHING"
"""Type of relation that no graph has."""


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
    """Return what the graph knows of a person. Raises UnknownEntityError, naming similar ones, where they are not there."""
    name, parameters = reading(schema, user)
    found = client.read(name, **parameters)
    if not found:
        raise attach.no_such_person(client, schema, user)
    return person_in(found[0], schema, entities, user)


def reading(schema: GraphSchema, user: str) -> tuple[str, dict[str, object]]:
    """Return the script that reads what is known of a person, and its parameters."""
    interaction = schema.interaction if schema.user is not None else None
    return "recommend/person", {
        "user": attach.person_key(schema, user),
        "titles": attach.titles(schema),
        "type": interaction.type if interaction else _NO_TYPE,
        "weight": (interaction.weight if interaction else None) or "",
        "time": (interaction.time if interaction else None) or "",
    }


def person_in(row: Mapping[str, Any], schema: GraphSchema, entities: Entities, user: str) -> KnownPerson:
    """Return what a row of recommend/person says of a person.

    Somebody without interests is known by the items they liked last, loaded or told since; what somebody with interests liked
    since counts beside these. Items that are not among `entities` are left out.
    """
    interaction = schema.interaction if schema.user is not None else None
    attached = list(attach.interests_in(row))
    past = history_in(row["interactions"], interaction) if interaction else History((), ())
    events = [Event(**event) for event in row["events"]]
    index, count = entities.index, entities.item_count
    rows = {
        key: place
        for key in (*past.items, *(event.item for event in events))
        if (place := index.get(key, count)) < count
    }
    names = {key: entities.names[place] for key, place in rows.items()}
    reacted = reactions([event for event in events if event.item in rows], schema, names, past.ratings)
    liked = [Interest(key, entities.item_label, names[key], 1.0, source="person") for key in past.liked if key in rows]
    return KnownPerson(
        user,
        beside(reacted.interests, attached or liked),
        standing_text(attached or beside(reacted.interests, liked)),
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
