"""The people who are judged, as strangers: what they write, what they know already, and what they would want.

Either people of the graph of whom nothing is left in it, or real ones from a file. What people of the graph ask for is simulated
from a few of their likes; they tell in their own words where the graph holds any, else in simulated ones as well. Simulated words
are written from the same titles and relations as the asking sentences are, so they flatter whatever reads the graph; only real
people's words settle how good the recommendations are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from kg_rec.errors import InputError
from kg_rec.graph.interactions import interactions_of, own_words, positive
from kg_rec.model.simulation import SimulatedPerson, simulate_people, simulate_telling
from kg_rec.people_file import PersonLine, read_people
from kg_rec.text.asking import item_words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch_geometric.data import HeteroData

    from kg_rec.schema import GraphSchema

Manner = Literal["asking", "telling"]

MANNERS: tuple[Manner, ...] = ("asking", "telling")

_VARIANTS = 4
"""Texts of one person who asks; their values are averaged, so that each person counts once."""
_MOST = 4000
"""Texts that are judged at most, of each manner."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody who is recommended to, once.

    person: who they are, the same for several texts of one person; relevant: rows of the items they would want, a negative
    number for each that the graph does not have; known: rows of items that count neither as hits nor as misses.
    """

    person: str
    text: str
    relevant: frozenset[int]
    known: frozenset[int]


def simulated_strangers(
    graph: HeteroData, schema: GraphSchema, people: NDArray[np.int64], manner: Manner, *, seed: int = 0
) -> list[Stranger]:
    """Return the strangers that these users of the whole graph, given by row, make; up to 4,000 of them.

    Who asks writes four texts, who tells one; people with fewer than 4 liked items write nothing. The items that their words
    were written from are known, the other likes relevant. Who tells and has words in the graph tells in these.
    """
    interactions = interactions_of(graph, schema)
    assert interactions is not None and schema.user is not None, "checked when the people were chosen"
    liked = positive(interactions)
    judged = np.isin(interactions.users, people)
    theirs = interactions.where(judged)
    words, keys = item_words(graph, schema), graph[schema.user.label].key
    simulated: list[SimulatedPerson]
    if manner == "asking":
        simulated = simulate_people(theirs, liked[judged], words, keys, variants=_VARIANTS, limit=_MOST, seed=seed)
    else:
        own = own_words(graph, schema)
        simulated = simulate_telling(theirs, liked[judged], words, keys, own, limit=_MOST, seed=seed)
    return [Stranger(keys[one.user], one.text, frozenset(one.targets), frozenset(one.evidence)) for one in simulated]


def read_strangers(path: Path, ids: Sequence[Any]) -> list[Stranger]:
    """Return the people of a file of JSON lines: user_id, text, relevant (ids of items), and mentioned (ids), where there are.

    ids: of the items, by row, as they stood in the source. Relevant items that the graph does not have can only be missed.
    Raises InputError with file:line for the first line that is not like that, or has a user_id twice.
    """
    rows = {str(identity): row for row, identity in enumerate(ids)}
    strangers: list[Stranger] = []
    seen: dict[str, int] = {}
    for line in read_people(path):
        stranger = _stranger(line, rows)
        if first := seen.get(stranger.person):
            raise InputError(
                f"{line.place}: expected each user_id once, found '{stranger.person}' as in line {first}.",
                remedy="Intervals are over people: join the lines, or give different people different ids.",
            )
        seen[stranger.person] = line.number
        strangers.append(stranger)
    if not strangers:
        raise InputError(f"{path}: expected people, one a line, found none.")
    if not any(row >= 0 for stranger in strangers for row in stranger.relevant):
        raise InputError(
            f"{path}: expected ids of items under 'relevant', as {', '.join(map(repr, list(rows)[:3]))}; found none that "
            "the graph has."
        )
    return strangers


def judgeable(strangers: Sequence[Stranger], named: Sequence[frozenset[int]]) -> list[int]:
    """Return the places of those of whom anything can be right: who want an item that is not known, nor in `named`."""
    return [
        place
        for place, (stranger, theirs) in enumerate(zip(strangers, named, strict=True))
        if stranger.relevant - stranger.known - theirs
    ]


def _stranger(line: PersonLine, rows: dict[str, int]) -> Stranger:
    relevant, mentioned = line.fields.get("relevant"), line.fields.get("mentioned", [])
    for name, value in (("relevant", relevant), ("mentioned", mentioned)):
        if not isinstance(value, list) or not all(isinstance(one, str | int | float) for one in value):
            raise InputError(f"{line.place}: expected '{name}' as a list of ids of items, found {value!r:.60}")
    assert isinstance(relevant, list)
    named = {str(identity) for identity in mentioned}
    wanted = [identity for identity in dict.fromkeys(map(str, relevant)) if identity not in named]
    return Stranger(
        str(line.user_id),
        line.text,
        frozenset(rows.get(identity, -1 - place) for place, identity in enumerate(wanted)),
        frozenset(rows[identity] for identity in named if identity in rows),
    )
