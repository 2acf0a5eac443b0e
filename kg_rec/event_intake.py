"""Events in bulk from a file or a pipe into the graph: what `kg-rec consume` does.

Lines are taken as they come, up to `BATCH` in one transaction. A line that is not in order stops the work before it, or is listed
and left out.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg_rec.errors import ConnectionFailedError, InputError, UnknownEntityError
from kg_rec.event_lines import EventLines, Line, Told, parse
from kg_rec.graph import bulk
from kg_rec.graph.keys import key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import IO, TypeVar

    from kg_rec.graph.client import GraphClient
    from kg_rec.schema import GraphSchema

    _T = TypeVar("_T")

BATCH = 2_000
"""Lines of one transaction."""
_MOST_KNOWN = 1_000_000
"""Keys of items that are remembered to be there."""
_FORGET_EVERY = 24 * 3600.0


@dataclass
class Totals:
    """What became of the lines. recorded: new events; before: events that were recorded before; skipped: bad lines."""

    recorded: int = 0
    before: int = 0
    skipped: int = 0

    @property
    def lines(self) -> int:
        """All of them."""
        return self.recorded + self.before + self.skipped


class Intake:
    """Records events in one graph.

    bad_lines: a file that lines which are not in order are listed in, as JSON lines; None stops at the first. keep_days: how long
    ids are kept. told: is told how far it is, after each batch. away: is asked whether to try again where Neo4j does not answer.
    """

    def __init__(
        self,
        client: GraphClient,
        schema: GraphSchema,
        *,
        bad_lines: IO[str] | None = None,
        keep_days: int = bulk.KEPT_DAYS,
        told: Callable[[Totals], None] = lambda _: None,
        away: Callable[[], bool] = lambda: False,
    ) -> None:
        self.totals = Totals()
        self._client = client
        self._away = away
        self._schema = schema
        self._bad_lines = bad_lines
        self._keep_days = keep_days
        self._told = told
        self._items: dict[str, str] = {}
        self._forgot = -_FORGET_EVERY
        bulk.prepare(client)

    def place(self, feed: str) -> bulk.Place | None:
        """Return how far a file was read before (see EventLines)."""
        return self._tried(lambda: bulk.place_of(self._client, feed))

    def take(self, source: EventLines) -> None:
        """Record all that comes from a source.

        Raises InputError for a line that is not in order, with all before it recorded; ConnectionFailedError where Neo4j stays
        away, with nothing of the batch recorded: reading the source again goes on there.
        """
        while lines := source.read(BATCH):
            self._forget()
            self._batch(source, lines)
            self._told(self.totals)

    def _batch(self, source: EventLines, lines: Sequence[Line]) -> None:
        now = time.time()
        good: list[tuple[Line, Told]] = []
        bad: list[tuple[Line, InputError]] = []
        for line in lines:
            try:
                told = parse(line, self._schema, now)
            except InputError as error:
                bad.append((line, error))
                continue
            if told is not None:
                good.append((line, told))
        keys = self._keys_of([told.item for _, told in good])
        for line, told in good:
            if told.item not in keys:
                bad.append((line, self._unknown(told.item)))
        bad.sort(key=lambda one: one[0].number)
        stop = next((one for one in bad if self._bad_lines is None or not one[0].whole), None)
        until = stop[0].number if stop else lines[-1].number + 1
        taken = [line for line in lines if line.number < until]
        skipped = [one for one in bad if one[0].number < until]
        # Listed before it is kept that they were read: a kill between the two lists them twice rather than never.
        self._list(source, skipped)
        events = [
            bulk.BulkEvent(
                told.id,
                told.person,
                keys[told.item],
                told.kind,
                told.value,
                int(1000 * now) if told.at is None else told.at,
            )
            for line, told in good
            if line.number < until and told.item in keys
        ]
        place = source.taken(taken)
        if events or place is not None:
            self._record(source, events, place)
        self.totals.skipped += len(skipped)
        if stop:
            at, why = stop
            raise InputError(f"{source.name}:{at.number}: {why.message}.", remedy=why.remedy or _REMEDY) from why

    def _record(self, source: EventLines, events: Sequence[bulk.BulkEvent], place: bulk.Place | None) -> None:
        try:
            recorded = self._tried(
                lambda: bulk.record_many(self._client, self._schema, events, feed=source.feed, place=place)
            )
        except UnknownEntityError:
            self._items.clear()  # an item went away since it was looked for
            raise
        self.totals.recorded += recorded
        self.totals.before += len(events) - recorded

    def _keys_of(self, items: Sequence[str]) -> dict[str, str]:
        """Return the keys of items given by key or id; those that are not there are left out."""
        label = self._schema.item.label
        if len(self._items) > _MOST_KNOWN:
            self._items.clear()
        new = {item for item in items if item not in self._items}
        candidates = [key for item in new for key in (item, key_of(label, item))]
        found = self._tried(lambda: bulk.items_among(self._client, self._schema, candidates))
        for item in new:
            key = item if item in found else key_of(label, item)
            if key in found:
                self._items[item] = key
        return {item: self._items[item] for item in items if item in self._items}

    def _unknown(self, item: str) -> InputError:
        label = self._schema.item.label
        return InputError(f"item: expected the id or the key of a {label} of the graph, found '{item}'")

    def _list(self, source: EventLines, skipped: Sequence[tuple[Line, InputError]]) -> None:
        if self._bad_lines is None or not skipped:
            return
        for line, why in skipped:
            told = {
                "file": source.name,
                "line": line.number,
                "problem": why.message,
                "text": line.content.decode("utf-8", "backslashreplace").rstrip("\r\n"),
            }
            self._bad_lines.write(json.dumps(told, ensure_ascii=False) + "\n")
        self._bad_lines.flush()

    def _forget(self) -> None:
        now = time.monotonic()
        if now - self._forgot >= _FORGET_EVERY:
            self._tried(lambda: bulk.forget_ids(self._client, days=self._keep_days))
            self._forgot = now

    def _tried(self, work: Callable[[], _T]) -> _T:
        while True:
            try:
                return work()
            except ConnectionFailedError:
                if not self._away():
                    raise


_REMEDY = (
    "Everything before that line is recorded. Mend it and run the same again, or leave bad lines out: --bad-lines FILE"
)
