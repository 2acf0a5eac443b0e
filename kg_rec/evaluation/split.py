"""Strictly cold people: of whom nothing is in the graph that the model learns from.

A person who is to be judged leaves the graph whole: not some of their interactions, all of them, and whatever other relation
leads to or from them; what they wrote of the items goes with these, and what they wrote of themselves as well. Their node stays,
without an edge and without words, so that rows keep their meaning.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from kg_rec.errors import GraphError, InputError, ModelError
from kg_rec.graph.export import HeteroData
from kg_rec.graph.interactions import interactions_of, own_words, texts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kg_rec.graph.interactions import Interactions
    from kg_rec.schema import GraphSchema

By = Literal["hash", "time"]

_LEAST = 2
"""People who are judged, and people who are learned from, at the least."""


@dataclass(frozen=True, slots=True)
class Split:
    """Who is judged, and what the others are known to have done.

    people: rows of the users who are judged, sorted, int64; until: moment (seconds since 1970) from which on nothing that
    anybody did is known, None where time plays no part.
    """

    people: NDArray[np.int64]
    until: float | None = None


def cold_people(graph: HeteroData, schema: GraphSchema, *, share: float = 0.2, by: By = "hash", seed: int = 0) -> Split:
    """Choose about `share` of the people who interacted with anything.

    by "hash": by a hash of their key and the seed, so that who is chosen stays so when the graph grows; by "time": those whose
    first interaction is latest, and what anybody did since the first of them came is not known either, as it is not when
    somebody comes today; the seed plays no part.
    Raises InputError for a share outside ]0, 1[, and GraphError where there are no interactions, no times, or too few people.
    """
    if not 0 < share < 1:
        raise InputError(f"--share: expected a share of the people between 0 and 1, found {share:g}.")
    interactions = _interactions(graph, schema)
    people = np.unique(interactions.users)
    if by == "time":
        split = _latest(interactions, people, share)
        left = int((_first_times(interactions)[people] < split.until).sum()) if split.until is not None else 0
    else:
        keys = graph[_user_label(schema)].key
        drawn = np.array([_hash(f"{seed} {keys[person]}") for person in people.tolist()])
        split = Split(people[drawn < share])
        left = len(people) - len(split.people)
    if len(split.people) < _LEAST or left < _LEAST:
        raise GraphError(
            f"Expected at least {_LEAST} people to judge and {_LEAST} to learn from, found {len(split.people)} and {left} of "
            f"the {len(people)} who interacted with anything.",
            remedy="Choose another --share or another seed, or load more people.",
        )
    return split


def without_people(graph: HeteroData, schema: GraphSchema, split: Split) -> HeteroData:
    """Return the graph without any relation to or from the people of the split, without the words of these people, and without
    what came after `until`.

    The graph that was given is left as it is; what does not change is shared with it.
    """
    user = _user_label(schema)
    gone = np.zeros(graph[user].num_nodes, dtype=bool)
    gone[split.people] = True
    kept_graph = copied(graph)
    for triple in graph.edge_types:
        source, _, target = triple
        if user not in (source, target):
            continue
        ends = graph[triple].edge_index.numpy()
        kept = np.ones(ends.shape[1], dtype=bool)
        if source == user:
            kept &= ~gone[ends[0]]
        if target == user:
            kept &= ~gone[ends[1]]
        if split.until is not None and _is_interaction(triple, schema):
            times = _interactions(graph, schema).times
            # What has no time might be of any time, so it goes.
            kept &= times < split.until if times is not None else True
        kept_graph[triple].edge_index = torch.from_numpy(ends[:, kept])
        kept_graph[triple].properties = {name: values[kept] for name, values in graph[triple].properties.items()}
        if texts := texts_of(graph, triple):
            kept_graph[triple].texts = {name: list(compress(values, kept)) for name, values in texts.items()}
    if schema.user is not None:
        silent = {
            name: [None if left else value for value, left in zip(values, gone, strict=True)]
            for name, values in graph[user].properties.items()
            if name in schema.user.text
        }
        kept_graph[user].properties = graph[user].properties | silent
    return kept_graph


def check_no_leak(graph: HeteroData, schema: GraphSchema, split: Split) -> None:
    """Raise ModelError, naming the leak, where the graph to learn from knows anything of the people who are judged.

    A leak is a relation to or from one of them, words on relations that are not there, what one of them wrote of themselves, an
    interaction from `until` on, or a node of another label under the key of one of them.
    """
    user = _user_label(schema)
    gone = np.zeros(graph[user].num_nodes, dtype=bool)
    gone[split.people] = True
    keys = graph[user].key
    remedy = "Take them out before training: kg_rec.evaluation.split.without_people"
    for triple in graph.edge_types:
        source, type_, target = triple
        for end, label in enumerate((source, target)):
            if label != user:
                continue
            people = graph[triple].edge_index[end].numpy()
            leaked = people[gone[people]]
            if len(leaked):
                raise ModelError(
                    f"Leak: expected nothing of the {len(split.people)} people who are judged in the graph to learn from, found "
                    f"{len(leaked)} relations (:{source})-[:{type_}]->(:{target}), the first with '{keys[int(leaked[0])]}'.",
                    remedy=remedy,
                )
        edges = graph[triple].edge_index.shape[1]
        for name, texts in texts_of(graph, triple).items():
            # Of which relations the words are is known by their order alone.
            if len(texts) != edges:
                raise ModelError(
                    f"Leak: expected the words '{name}' of {edges} relations (:{source})-[:{type_}]->(:{target}), found "
                    f"those of {len(texts)}.",
                    remedy=remedy,
                )
    told = own_words(graph, schema)
    if talking := [person for person in split.people.tolist() if told[person]]:
        raise ModelError(
            f"Leak: expected no words of the {len(split.people)} people who are judged in the graph to learn from, found those "
            f"of {len(talking)}, the first '{keys[talking[0]]}'.",
            remedy=remedy,
        )
    if split.until is not None:
        known = interactions_of(graph, schema)
        if known is not None and known.times is not None and (late := int((~(known.times < split.until)).sum())):
            raise ModelError(
                f"Leak: expected no interaction from {split.until:.0f} (seconds since 1970) on, when the first of the people who "
                f"are judged came, found {late}.",
                remedy=remedy,
            )
    judged = {keys[person] for person in split.people.tolist()}
    for label in graph.node_types:
        if label != user and (found := judged.intersection(graph[label].key)):
            raise ModelError(
                f"Leak: expected the people who are judged as (:{user}) alone, found '{min(found)}' as (:{label}), too.",
                remedy="Give people and entities different keys.",
            )


def known_to(graph: HeteroData, schema: GraphSchema, ids: Sequence[str]) -> list[str]:
    """Return those of these ids of people, as they stood in the source, that users of the graph have."""
    if schema.user is None or schema.user.label not in graph.node_types:
        return []
    users = {str(identity) for identity in graph[schema.user.label].properties.get(schema.user.id, [])}
    return [identity for identity in ids if identity in users]


def copied(graph: HeteroData) -> HeteroData:
    """Return a graph with the same content, whose relations can be replaced without changing the one that was given."""
    twin = HeteroData()
    for label in graph.node_types:
        twin[label].key = graph[label].key
        twin[label].num_nodes = graph[label].num_nodes
        twin[label].properties = graph[label].properties
    for triple in graph.edge_types:
        twin[triple].edge_index = graph[triple].edge_index
        twin[triple].properties = graph[triple].properties
        if texts := texts_of(graph, triple):
            twin[triple].texts = texts
    twin.fingerprint = graph.fingerprint
    return twin


def _hash(text: str) -> float:
    """Return a number in [0, 1[; no checksum, since those of two seeds would differ in the same way for everybody."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest()) / 2**48


def _latest(interactions: Interactions, people: NDArray[np.int64], share: float) -> Split:
    first = _first_times(interactions)[people]
    dated = np.isfinite(first)
    if not dated.any():
        raise GraphError(
            "Expected the times of the interactions to choose people by time, found none.",
            remedy="Name the property that holds them as interaction.time in schema.toml, or choose people with --by hash.",
        )
    people, first = people[dated], first[dated]
    count = max(round(share * len(people)), 1)
    chosen = np.lexsort((people, first))[-count:]
    return Split(np.sort(people[chosen]), float(first[chosen].min()))


def _first_times(interactions: Interactions) -> NDArray[np.float64]:
    """Return when each user first did anything, [users], inf where unknown."""
    first = np.full(int(interactions.users.max()) + 1, np.inf)
    if interactions.times is not None:
        dated = np.isfinite(interactions.times)
        np.minimum.at(first, interactions.users[dated], interactions.times[dated])
    return first


def _interactions(graph: HeteroData, schema: GraphSchema) -> Interactions:
    interactions = interactions_of(graph, schema)
    if interactions is None or not len(interactions):
        raise GraphError(
            "Expected people who interacted with items, found none: there is nobody to judge.",
            remedy="Judge people of your own: kg-rec evaluate --people FILE",
        )
    return interactions


def _is_interaction(triple: tuple[str, str, str], schema: GraphSchema) -> bool:
    assert schema.interaction is not None
    return triple == (_user_label(schema), schema.interaction.type, schema.item.label)


def _user_label(schema: GraphSchema) -> Any:
    if schema.user is None:
        raise GraphError(
            "Expected users in the schema, found none: there is nobody to judge.",
            remedy="Judge people of your own: kg-rec evaluate --people FILE",
        )
    return schema.user.label
