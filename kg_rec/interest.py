"""An interest: what a person's words say about one entity of the graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Source = Literal["named", "near", "person", "event"]
"""Where an interest comes from: the entity is named in the words, it is near them in meaning, the person set it, or it is an item
that they liked or disliked (kg_rec/graph/events.py), which is no edge `INTERESTED_IN`.
"""


@dataclass(frozen=True, slots=True)
class Interest:
    """One `INTERESTED_IN` edge, in the graph or about to be.

    entity: `key` of the entity, as "Genre/Horror".
    score: how sure and strong, in (0, 1]; 1 for an entity named in full.
    polarity: +1 liked or wanted, -1 disliked.
    evidence: the very words it was inferred from, as they stand in the text; empty when the person set it.
    span: start and end of the evidence in the text, in characters; None when there is no text.
    """

    entity: str
    label: str
    name: str
    score: float
    polarity: Literal[1, -1] = 1
    evidence: str = ""
    source: Source = "named"
    span: tuple[int, int] | None = field(default=None, compare=False)

    @property
    def weight(self) -> float:
        """Signed strength in [-1, 1]: score times polarity."""
        return self.score * self.polarity


Link = Callable[[list[str]], list[list[Interest]]]
"""From texts to the interests that each shows."""
