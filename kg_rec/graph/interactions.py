"""Who interacted with what, and which of it counts as liking."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np

from kg_rec.errors import GraphError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kg_rec.schema import GraphSchema, InteractionSchema

_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Interactions:
    """E interactions. users, items: int64 [E], rows in the exported graph; weights: ratings or counts, float64 [E], nan
    where missing, None for unary ones; times: seconds since 1970, float64 [E], nan where missing, None without any; texts:
    what the user writes of the item, [E], "" where missing, None where the graph holds no such words.
    """

    schema: InteractionSchema
    users: NDArray[np.int64]
    items: NDArray[np.int64]
    weights: NDArray[np.float64] | None
    times: NDArray[np.float64] | None
    texts: list[str] | None = None

    def __len__(self) -> int:
        return len(self.users)

    def where(self, kept: NDArray[np.bool_]) -> Interactions:
        """Return those that `kept`, [E], is true for."""
        return Interactions(
            self.schema,
            self.users[kept],
            self.items[kept],
            self.weights[kept] if self.weights is not None else None,
            self.times[kept] if self.times is not None else None,
            list(compress(self.texts, kept)) if self.texts is not None else None,
        )


def interactions_of(data: Any, schema: GraphSchema) -> Interactions | None:
    """Return the interactions in the exported graph `data`, or None where the schema knows none.

    Raises GraphError when the graph has none of the relations that the schema names.
    """
    if schema.user is None or schema.interaction is None:
        return None
    kind = (schema.user.label, schema.interaction.type, schema.item.label)
    if kind not in data.edge_types:
        found = ", ".join(f"(:{source})-[:{name}]->(:{target})" for source, name, target in data.edge_types)
        raise GraphError(
            f"Expected interactions (:{kind[0]})-[:{kind[1]}]->(:{kind[2]}) in the graph, found {found or 'none'}.",
            remedy="Load them, or name another relation under [interaction] in schema.toml.",
        )
    users, items = data[kind].edge_index.numpy()
    properties = data[kind].properties
    weight, time = schema.interaction.weight, schema.interaction.time
    return Interactions(
        schema.interaction,
        users,
        items,
        properties.get(weight) if weight and schema.interaction.kind != "unary" else None,
        _in_seconds(properties.get(time)) if time else None,
        texts_of(data, kind).get(schema.interaction.text) if schema.interaction.text else None,
    )


def texts_of(data: Any, kind: tuple[str, str, str]) -> dict[str, list[str]]:
    """Return what stands in words on relations of the exported graph: {name of the property: list of str [E], "" where
    missing}. Whoever takes edges away takes their words as well. Empty for all but the interactions of a schema with words.
    """
    texts: dict[str, list[str]] = getattr(data[kind], "texts", {})
    return texts


def own_words(data: Any, schema: GraphSchema) -> list[str]:
    """Return what each user of the exported graph `data` tells of themselves, [U], "" where missing."""
    if schema.user is None or schema.user.label not in data.node_types:
        return []
    properties = data[schema.user.label].properties
    columns = [properties[name] for name in schema.user.text if name in properties]
    count = int(data[schema.user.label].num_nodes)
    return [" ".join(str(column[row]) for column in columns if column[row]) for row in range(count)]


def positive(interactions: Interactions) -> NDArray[np.bool_]:
    """Return which interactions count as liking, bool [E].

    A rating does at or above both the person's mean and the middle of the scale; a count and an unweighted interaction
    always do, and so does one whose rating is missing.
    """
    weights, scale = interactions.weights, interactions.schema.scale
    if interactions.schema.kind != "rating" or weights is None or scale is None:
        return np.ones(len(interactions), dtype=bool)
    rated = ~np.isnan(weights)
    people = int(interactions.users.max()) + 1 if len(interactions) else 0
    sums = np.bincount(interactions.users[rated], weights[rated], minlength=people)
    counts = np.bincount(interactions.users[rated], minlength=people)
    means = sums / np.maximum(counts, 1)
    liked: NDArray[np.bool_] = ~rated | (weights >= least_liked(means, scale)[interactions.users])
    return liked


def least_liked(means: NDArray[np.float64], scale: tuple[float, float]) -> NDArray[np.float64]:
    """Return the lowest rating that counts as liking for people with these mean ratings; both have one shape."""
    # The mean of equal ratings may come out a rounding error above them.
    return np.maximum(means, sum(scale) / 2) - _TOLERANCE * (scale[1] - scale[0])


def _in_seconds(times: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    """Milliseconds since 1970 are told from seconds by their size: 1e11 seconds is the year 5138."""
    if times is None or np.isnan(times).all():
        return None
    return times / 1000 if np.nanmedian(times) > 1e11 else times
