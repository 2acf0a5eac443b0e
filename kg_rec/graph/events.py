"""What people did with items since they came: `KG_REACTED_TO` edges, which count from the next answer on, without training.

| kind | what it means to the next answer |
|---|---|
| liked, disliked | an interest in the item, of full strength |
| rated | the same, as strong as the rating: liked from both the middle of the scale and their mean on, disliked below the middle |
| seen | the item is known, and not recommended |
| skipped | the item loses a point of its score each time, and may still be recommended |

They are relations of their own: training, the export and the counts of the graph leave them out, since they belong to people
and not to the loaded graph. Of a verdict (liked, disliked, rated) on an item the last one stays.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from kg_rec.errors import InputError, UnknownEntityError
from kg_rec.graph.attach import person_key, person_label
from kg_rec.graph.interactions import least_liked
from kg_rec.graph.keys import id_of, label_of
from kg_rec.interest import Interest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kg_rec.graph.client import GraphClient, Transaction
    from kg_rec.schema import GraphSchema

Kind = Literal["liked", "disliked", "rated", "seen", "skipped"]
KINDS: tuple[Kind, ...] = get_args(Kind)
VERDICTS: tuple[Kind, ...] = ("liked", "disliked", "rated")

SKIP_PENALTY = 1.0
"""What an item loses each time it is skipped, as a part of the score."""
_MOST_SKIPS = 3
_LEAST_STRENGTH = 0.25
"""Of a rating just beside the middle of the scale."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something a person did with an item, given by key. value: the rating of `rated`; times, at: how often, and when last."""

    item: str
    kind: Kind
    value: float | None = None
    times: int = 1
    at: str = ""


@dataclass(frozen=True, slots=True)
class Reactions:
    """What somebody's events come to. interests: in items, the latest first; known: keys of items that they know; lowered: what
    items lose of their score, by key.
    """

    interests: tuple[Interest, ...] = ()
    known: frozenset[str] = frozenset()
    lowered: Mapping[str, float] = field(default_factory=dict)


def record(client: GraphClient, schema: GraphSchema, user: str, events: Sequence[Event]) -> None:
    """Write what a person did, in one transaction. Of several verdicts on an item the last counts.

    A person who is not there is created, as by `attach`. Raises UnknownEntityError where the graph has not all items, and
    InputError where `user` cannot be an id, or a rating is missing, too many, or not on the scale; nothing is written then.
    """
    for event in events:
        check(event, schema)
    last = {(event.item, "verdict" if event.kind in VERDICTS else event.kind): event for event in events}
    times = Counter((event.item, event.kind) for event in events)
    rows = [
        {"item": event.item, "kind": event.kind, "value": event.value, "times": times[event.item, event.kind]}
        for event in last.values()
    ]
    id_property = schema.user.id if schema.user else "id"
    properties = {id_property: user} if id_property != "key" else {}
    parameters = {
        "user": person_key(schema, user),
        "label": person_label(schema),
        "properties": properties,
        # Always in one order: two transactions then never wait for each other.
        "rows": sorted(rows, key=lambda row: (str(row["item"]), str(row["kind"]))),
    }

    def write(transaction: Transaction) -> None:
        (done,) = transaction.run("events/record", **parameters)
        if done["missing"]:
            raise UnknownEntityError(f"The graph has no {schema.item.label} {' or '.join(done['missing'])}.")

    client.in_transaction(write)


def events_of(client: GraphClient, schema: GraphSchema, user: str) -> list[Event]:
    """Return what a person did, the latest first; nothing where there is no such person."""
    return [Event(**row) for row in client.read("events/events", user=person_key(schema, user))]


def forget(client: GraphClient, schema: GraphSchema, user: str, item: str) -> int:
    """Take away all that a person did with an item, given by key, and return how much that was."""
    (done,) = client.write("events/forget", user=person_key(schema, user), item=item)
    return int(done["events"])


def reactions(
    events: Iterable[Event], schema: GraphSchema, names: Mapping[str, str], ratings: Iterable[float] = ()
) -> Reactions:
    """Return what events come to. names: of the items, by key; ratings: others of the same person, which their mean is of, too."""
    known = list(events)
    scale = schema.interaction.scale if schema.interaction else None
    rated = [*ratings, *(event.value for event in known if event.kind == "rated" and event.value is not None)]
    interests, lowered = [], {}
    for event in known:
        weight = 0.0
        if event.kind == "liked":
            weight = 1.0
        elif event.kind == "disliked":
            weight = -1.0
        elif event.kind == "rated" and event.value is not None and scale is not None:
            weight = _weight(event.value, sum(rated) / len(rated), scale)
        elif event.kind == "skipped":
            lowered[event.item] = SKIP_PENALTY * min(event.times, _MOST_SKIPS)
        if weight:
            name = names.get(event.item) or id_of(event.item)
            polarity: Literal[1, -1] = 1 if weight > 0 else -1
            interests.append(
                Interest(event.item, label_of(event.item), name, round(abs(weight), 4), polarity, source="event")
            )
    seen = frozenset(event.item for event in known if event.kind != "skipped")
    return Reactions(tuple(interests), seen, lowered)


def beside(reacted: Sequence[Interest], attached: Sequence[Interest]) -> list[Interest]:
    """Return a person's interests with those from their events; what they did with an item wins over what was read of it."""
    items = {interest.entity for interest in reacted}
    return [*(interest for interest in attached if interest.entity not in items), *reacted]


def _weight(rating: float, mean: float, scale: tuple[float, float]) -> float:
    """Return how much a rating speaks for an item, in [-1, 1]; 0 where it is neither liked nor below the middle."""
    import numpy as np

    low, high = scale
    middle = (low + high) / 2
    strength = max(abs(rating - middle) / (high - middle), _LEAST_STRENGTH)
    if rating >= float(least_liked(np.array(mean), scale)):
        return strength
    return -strength if rating < middle else 0.0


def check(event: Event, schema: GraphSchema) -> None:
    """Raise InputError where the value of an event is missing, too many, or not on the scale of the graph."""
    if event.kind != "rated":
        if event.value is not None:
            raise InputError(f"'{event.kind}': expected no value, found {event.value}.", remedy="Only 'rated' has one.")
        return
    scale = schema.interaction.scale if schema.interaction else None
    if scale is None:
        raise InputError(
            "'rated': expected a graph with ratings, found one without a scale.", remedy="Tell 'liked' or 'disliked'."
        )
    if event.value is None or not scale[0] <= event.value <= scale[1]:
        found = "none" if event.value is None else f"{event.value:g}"
        raise InputError(f"'rated': expected a value from {scale[0]:g} to {scale[1]:g}, found {found}.")
