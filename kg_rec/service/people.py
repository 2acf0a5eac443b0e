"""People in the graph, as the service reads and writes them. Everything here waits for Neo4j: it is run by `Graph.run`.

Unlike the command line, no message here names people whose ids are spelt alike: whoever asks may not know that they are there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from kg_rec.errors import InputError, ModelError, UnknownEntityError
from kg_rec.graph import attach as attached
from kg_rec.graph import events as reacted
from kg_rec.graph.counts import graph_counts
from kg_rec.graph.items import NewItem, NewRelation, add_items
from kg_rec.graph.keys import key_of
from kg_rec.graph.once import DoneBeforeError, OnceClient
from kg_rec.graph.publish import write_wish
from kg_rec.model.sync import check_can_be_synced
from kg_rec.person import KnownPerson, person_in, reading, stored_data
from kg_rec.service.problems import ProblemError

if TYPE_CHECKING:
    from kg_rec.graph.attach import Setting
    from kg_rec.graph.client import GraphClient
    from kg_rec.graph.events import Event
    from kg_rec.interest import Interest
    from kg_rec.model.artifact import Artifact
    from kg_rec.model.features import Entities
    from kg_rec.schema import GraphSchema
    from kg_rec.service.answers import Answer
    from kg_rec.service.models import NewItem as WantedItem

_T = TypeVar("_T")
LONGEST_KEY = 200
"""Characters of an Idempotency-Key."""


class People:
    """The people of one graph. once: key and content of the request, where its writes are to be done once."""

    def __init__(self, client: GraphClient, schema: GraphSchema, once: tuple[str, bytes] | None = None) -> None:
        self._client = client
        self._schema = schema
        self._writer = OnceClient(client, *once) if once else client

    def known(self, user: str, entities: Entities) -> KnownPerson:
        """Return what a person is recommended by. Raises ProblemError (404) where they are not there."""
        name, parameters = reading(self._schema, user)
        found = self._client.read(name, **parameters)
        if not found:
            raise self._nobody(user)
        return person_in(found[0], self._schema, entities, user)

    def interests(self, user: str) -> list[Interest]:
        """Return a person's interests. Raises ProblemError (404) where they are not there."""
        (row,) = self._stored(user)
        return list(attached.interests_in(row))

    def attach(
        self, user: str, read: Answer, encoder: Mapping[str, str], entities: Entities
    ) -> tuple[list[Interest], KnownPerson]:
        """Write what was read in somebody's words, and return all the interests they have now, and what they are recommended by.

        The vector of the words is written where a model is published that goes by it; encoder: name and fingerprint.
        """
        person = reading(self._schema, user)
        steps: list[tuple[str, Mapping[str, object]]] = [
            attached.attaching(self._schema, user, read.linked, encoder=encoder["name"]),
            person,
            ("publish/model", {}),
        ]
        done = self._once(lambda: self._writer.write_all(steps))
        if done is None:
            (row,) = self._stored(user)
            return list(attached.interests_in(row)), self.known(user, entities)
        (row,) = done[1]
        for model in done[2]:
            key = attached.person_key(self._schema, user)
            same = model["encoder"] == encoder["fingerprint"]
            write_wish(self._client, model["encoder"], key, read.vector if same else None)
        return list(attached.interests_in(row)), person_in(row, self._schema, entities, user)

    def change(self, user: str, settings: Sequence[Setting], remove: Sequence[str]) -> list[Interest]:
        """Set and take away interests, all or none, and return those they have now."""

        def write() -> list[Interest]:
            self._known(user)
            return list(attached.edit_interests(self._writer, self._schema, user, settings, remove).interests)

        done = self._once(write)
        return self.interests(user) if done is None else done

    def clear(self, user: str) -> None:
        """Take all interests of a person away; the person and what they did stay."""
        theirs = self.interests(user)
        self._once(
            lambda: attached.edit_interests(self._writer, self._schema, user, (), [one.entity for one in theirs])
        )

    def record(self, user: str, events: Sequence[Event]) -> None:
        """Write what a person did, all or nothing. Raises InputError and UnknownEntityError as `record` does."""
        self._once(lambda: reacted.record(self._writer, self._schema, user, events))

    def forget(self, user: str, item: str) -> None:
        """Take away what a person did with an item."""

        def write() -> None:
            self._known(user)
            reacted.forget(self._writer, self._schema, user, item)

        self._once(write)

    def erase(self, user: str) -> None:
        """Leave nothing of a person. Raises ProblemError (404) where they are not there, and this was not done before."""

        def write() -> None:
            rows = self._writer.write("attach/detach", user=attached.person_key(self._schema, user))
            if not rows:
                raise self._nobody(user)

        self._once(write)

    def add_items(self, items: Sequence[WantedItem], artifact: Artifact) -> list[str]:
        """Add items to the graph, and return their keys (see kg_rec.graph.items.add_items).

        Raises ProblemError (409) where the model could not be brought up to date with them.
        """
        try:
            check_can_be_synced(artifact, self._schema)
        except ModelError as error:
            raise ProblemError(409, error.message, remedy=error.remedy, kind="model") from error
        new = [
            NewItem(
                one.id,
                one.title,
                one.words,
                one.properties,
                [NewRelation(told.type, told.entity, told.forward) for told in one.relations],
            )
            for one in items
        ]
        kinds = (artifact.content.counts if artifact.content else graph_counts(self._client)).relations
        self._once(lambda: add_items(self._writer, self._schema, new, kinds=list(kinds), known=artifact.properties))
        return [key_of(self._schema.item.label, one.id) for one in items]

    def data(self, user: str) -> dict[str, Any]:
        """Return all that is stored about a person, as JSON knows it."""
        self._known(user)
        return stored_data(self._client, self._schema, user)

    def _known(self, user: str) -> str:
        self._stored(user)
        return user

    def _stored(self, user: str) -> list[dict[str, Any]]:
        key = attached.person_key(self._schema, user)
        found = self._client.read("attach/interests", user=key, titles=attached.titles(self._schema))
        if not found:
            raise self._nobody(user)
        return found

    @staticmethod
    def _nobody(user: str) -> ProblemError:
        return ProblemError(
            404,
            f"There is no person '{user}' in the graph.",
            remedy="Attach them first: PUT /v1/people/{id} with what they say.",
            kind="unknown-person",
        )

    def _once(self, write: Callable[[], _T]) -> _T | None:
        """Return what a write returns, or None where the same request was done before."""
        try:
            return write()
        except DoneBeforeError:
            return None
        except (InputError, UnknownEntityError, ProblemError):
            # What it takes away may be gone just because it was done before, and the answer did not arrive.
            if isinstance(self._writer, OnceClient) and self._writer.done():
                return None
            raise
