"""People who reach the items over nodes of another kind only, as customers reach products over orders."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from kg_rec.schema_inference import are_people

if TYPE_CHECKING:
    from kg_rec.graph.profile import GraphProfile

SCRIPT = "init/interactions"
"""What makes a relation of it; its parameters are the fields of `Detour`."""


@dataclass(frozen=True, slots=True)
class Detour:
    """A way from users to items over nodes between: (user)-[first]->(between)-[second]->(item). type: of the relation to make."""

    user: str
    first: str
    between: str
    second: str
    item: str
    type: str = "INTERACTED_WITH"

    def __str__(self) -> str:
        return f"(:{self.user})-[:{self.first}]->(:{self.between})-[:{self.second}]->(:{self.item})"

    def parameters(self) -> str:
        """Return the command that gives the parameters of `SCRIPT` in Neo4j Browser."""
        given = ", ".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in asdict(self).items())
        return f":param {{{given}}}"


def detour_in(profile: GraphProfile, item: str) -> Detour | None:
    """Return the way with most relations from nodes that are called as people are to the items, None where there is none.

    Where a relation leads from such people to items at once, theirs is no detour.
    """
    direct = {kind.source for kind in profile.relations if kind.target == item}
    ways = [
        (min(first.count, second.count), Detour(first.source, first.type, first.target, second.type, item))
        for first in profile.relations
        for second in profile.relations
        if first.target == second.source
        and second.target == item
        and first.source not in {*direct, item}
        and first.target not in {first.source, item}
        and are_people(first.source)
    ]
    return max(ways, key=lambda way: (way[0], str(way[1])))[1] if ways else None
