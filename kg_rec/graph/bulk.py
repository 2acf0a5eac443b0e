"""Events in bulk: many people's, in one transaction, each recorded once by its id.

What an event means stands in kg_rec/graph/events.py; of a verdict the latest by its time counts, whenever it comes. An id is
claimed by a node `(:KGEvent {id, day})` in the transaction that records its event, so that no kill comes between the two; `id` is a
hash of it. How far a file was read is kept in the same transaction, in `(:KGFeed {id, offset, lines, digest, at})`: reading goes on
from there, and the ids are only asked about what is new.
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kg_rec.errors import UnknownEntityError
from kg_rec.graph.attach import person_key, person_label
from kg_rec.graph.events import VERDICTS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kg_rec.graph.client import GraphClient, Transaction
    from kg_rec.schema import GraphSchema

KEPT_DAYS = 30
"""Days for which the ids of events are kept."""
_DAY = 24 * 3600
_HASH_BYTES = 16
"""Of an id: two of a billion ids are the same with a chance of 1.5e-21, and 32 digits fit into the record of a property."""


@dataclass(frozen=True, slots=True)
class BulkEvent:
    """Something a person did with an item, given by key, told under an `id` of its own. at: milliseconds since 1970."""

    id: str
    person: str
    item: str
    kind: Kind
    value: float | None
    at: int


@dataclass(frozen=True, slots=True)
class Place:
    """How far a file was read. offset: bytes; lines: how many these are; digest: their hash."""

    offset: int
    lines: int
    digest: str


@dataclass(frozen=True, slots=True)
class Reaction:
    """What an edge holds: the rating, how often it was told, and when last, in milliseconds since 1970."""

    value: float | None
    times: int
    at: int


def prepare(client: GraphClient) -> None:
    """Make the constraints that keep two claims of one id, and two places of one file, apart."""
    client.write_batches("events/event_ids")
    client.write_batches("events/feeds")


def items_among(client: GraphClient, schema: GraphSchema, keys: Iterable[str]) -> set[str]:
    """Return which of the keys are those of items."""
    wanted = sorted(set(keys))
    if not wanted:
        return set()
    return {row["key"] for row in client.read("events/items", keys=wanted, label=schema.item.label)}


def record_many(
    client: GraphClient,
    schema: GraphSchema,
    events: Sequence[BulkEvent],
    *,
    feed: str | None = None,
    place: Place | None = None,
    now: float | None = None,
) -> int:
    """Record those events whose ids are new, in one transaction, and return how many these were.

    feed, place: the file that they stand in, and how far it was read then. People who are not there are created, as by `attach`.
    now: seconds since 1970. Raises UnknownEntityError where an item is not in the graph (any more), and nothing is written.
    """
    by_id: dict[str, BulkEvent] = {}
    for event in events:
        by_id.setdefault(hash_of(event.id.encode()), event)
    day = int((time.time() if now is None else now) // _DAY)

    def write(transaction: Transaction) -> int:
        new: set[str] = set()
        if by_id:
            (claimed,) = transaction.run("events/claim", ids=sorted(by_id), day=day)
            new = set(claimed["new"])
        if new:
            _write(transaction, schema, [event for identity, event in by_id.items() if identity in new])
        if feed is not None and place is not None:
            transaction.run("events/keep_place", feed=feed, offset=place.offset, lines=place.lines, digest=place.digest)
        return len(new)

    return client.in_transaction(write)


def place_of(client: GraphClient, feed: str) -> Place | None:
    """Return how far a file was read, None where none of it was."""
    found = client.read("events/place", feed=feed)
    return Place(**found[0]) if found else None


def forget_ids(client: GraphClient, *, days: int = KEPT_DAYS, now: float | None = None) -> int:
    """Forget the ids that were recorded more than `days` days ago, and return how many those were."""
    day = int((time.time() if now is None else now) // _DAY) - days
    return int(client.write_batches("events/forget_ids", day=day)[0]["forgotten"])


def remove(client: GraphClient) -> None:
    """Leave neither ids nor places nor their constraints in the graph; what people did stays."""
    client.write_batches("events/forget_ids", day=2**62)
    client.write_batches("events/forget_places")
    client.write_batches("events/drop_event_ids")
    client.write_batches("events/drop_feeds")


def hash_of(content: bytes) -> str:
    """Return 32 hexadecimal digits."""
    return hashlib.blake2b(content, digest_size=_HASH_BYTES).hexdigest()


def after(known: Mapping[Kind, Reaction], event: BulkEvent) -> dict[Kind, Reaction]:
    """Return what a person did with an item, by kind, after one more event.

    Of verdicts (liked, disliked, rated) the latest by its time is kept: one that comes late is counted where it says the same, and
    else changes nothing.
    """
    found = dict(known)
    if event.kind in VERDICTS:
        for kind in VERDICTS:
            standing = found.get(kind)
            if standing is None:
                continue
            if standing.at > event.at:
                if kind == event.kind:
                    found[kind] = replace(standing, times=standing.times + 1)
                return found
            if kind != event.kind:
                del found[kind]
    before = found.get(event.kind, Reaction(None, 0, 0))
    found[event.kind] = Reaction(event.value, before.times + 1, max(before.at, event.at))
    return found


def _write(transaction: Transaction, schema: GraphSchema, events: Sequence[BulkEvent]) -> None:
    id_property = schema.user.id if schema.user else "id"
    keys = {person: person_key(schema, person) for person in {event.person for event in events}}
    people = [
        {"key": key, "properties": {id_property: person} if id_property != "key" else {}}
        for person, key in sorted(keys.items(), key=lambda one: one[1])
    ]
    transaction.run("events/hold", people=people, label=person_label(schema))
    told: defaultdict[tuple[str, str], list[BulkEvent]] = defaultdict(list)
    for event in events:
        told[event.item, keys[event.person]].append(event)
    # By item, as everybody who writes them has it: two transactions then never wait for each other.
    pairs = sorted(told)
    before: defaultdict[tuple[str, str], dict[Kind, Reaction]] = defaultdict(dict)
    for row in transaction.run("events/between", pairs=[{"user": user, "item": item} for item, user in pairs]):
        before[row["item"], row["user"]][row["kind"]] = Reaction(row["value"], row["times"], row["at"])
    steps: dict[str, list[dict[str, object]]] = {"events/drop": [], "events/change": [], "events/create": []}
    for item, user in pairs:
        known = found = before[item, user]
        for event in told[item, user]:
            found = after(found, event)
        ends = {"user": user, "item": item}
        steps["events/drop"] += [{**ends, "kind": kind} for kind in known if kind not in found]
        for kind in sorted(found):
            if found[kind] != known.get(kind):
                name = "events/change" if kind in known else "events/create"
                one = found[kind]
                steps[name].append({**ends, "kind": kind, "value": one.value, "times": one.times, "at": one.at})
    for name, rows in steps.items():
        if rows:
            (done,) = transaction.run(name, rows=rows)
            if name == "events/create" and done["written"] != len(rows):
                raise UnknownEntityError(f"The graph has lost a {schema.item.label} while events were recorded.")
