"""What the labels, relations and properties of a graph mean to the recommender, and how they are written down.

The schema is data, `schema.toml`, because nothing in kg-rec knows about any domain: which label is the item, which the
user, which relation the interaction, what counts as positive, which properties are text.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ItemSchema(_Part):
    """What is recommended."""

    label: str
    id: str
    """Property with the id as it stood in the source; recommendations in bulk are given by it."""
    title: str
    """Property that a person would call the item by."""
    text: tuple[str, ...] = ()
    """Properties in running words, best first."""
    released: str | None = None
    """Numeric property with the year (or date) since when the item could be interacted with, for exposure."""
    numeric: tuple[str, ...] = ()
    """Further numeric properties that a filter may use."""


class UserSchema(_Part):
    """Who interacts."""

    label: str
    id: str


class InteractionSchema(_Part):
    """The relation user → item."""

    type: str
    weight: str | None = None
    """Property with the rating or the count."""
    time: str | None = None
    """Property with the time, in seconds since 1970."""
    kind: Literal["rating", "count", "unary"]
    scale: tuple[float, float] | None = None
    """Lowest and highest rating; for kind "rating" only."""


class EntitySchema(_Part):
    """Any other node: what it is called by."""

    title: str
    text: tuple[str, ...] = ()


class GraphSchema(_Part):
    """The whole of schema.toml."""

    item: ItemSchema
    user: UserSchema | None = None
    interaction: InteractionSchema | None = None
    entities: dict[str, EntitySchema] = {}
    """Every label beside item and user."""
    interests: tuple[str, ...]
    """Labels that an interest may point to; the item's own among them, where a person may name items."""
    phrases: dict[str, str] = {}
    """How a relation from the item reads in words, as {"DIRECTED_BY": "directed by {}"}; used in asking sentences."""
    asking: tuple[str, ...] = ()
    """Templates of asking sentences; empty: those generated from labels and relations (kg_rec/text/asking.py)."""

    def title_of(self, label: str) -> str | None:
        """Return the title property of `label`, or None where it has none (users)."""
        if label == self.item.label:
            return self.item.title
        entity = self.entities.get(label)
        return entity.title if entity else None
