"""From an exported graph to what the model computes on: one flat numbering of the entities, and matrices over it.

Users are no rows here. A person is known to the model by their interest edges alone, whether they are new or have been in
the graph for years; what people did together reaches the items as the relation `LIKED_TOGETHER`, and as popularity.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from scipy.stats import rankdata

from kg_rec.errors import GraphError, SchemaError
from kg_rec.schema_properties import are_years, is_year

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from torch_geometric.data import HeteroData

    from kg_rec.interest import Interest
    from kg_rec.schema import GraphSchema

LIKED_TOGETHER = "LIKED_TOGETHER"
"""Name of the relation between items that the same people liked."""

_LIKED_TOGETHER_TOP = 50
_LIKED_TOGETHER_SHRINKAGE = 20.0
_EXPOSURE_FLOOR = 0.02
_RECENCY = 0.5
"""Time in which an interaction comes to weigh 1/e of a new one, as a share of the time they span."""
_SECONDS_A_YEAR = 31_556_952.0


@dataclass(frozen=True)
class Entities:
    """All nodes but the users, numbered: the items first, in the order of the export, then the other labels by name.

    keys, labels, names, aliases: one an entity; the name is empty where the schema knows no title for the label.
    """

    keys: list[str]
    labels: list[str]
    names: list[str]
    slices: dict[str, slice]
    item_label: str
    aliases: list[tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def items(self) -> slice:
        """Rows of the items; they start at 0, so that an item's row is its index among the items."""
        return self.slices[self.item_label]

    @property
    def item_count(self) -> int:
        """Number of items."""
        return int(self.items.stop)

    @cached_property
    def index(self) -> dict[str, int]:
        """Row of each key."""
        return {key: row for row, key in enumerate(self.keys)}

    def items_in(self, interests: Iterable[Interest]) -> frozenset[int]:
        """Return the rows of the items that interests point to: these are known to whoever has them."""
        rows = (self.index.get(one.entity, self.item_count) for one in interests)
        return frozenset(row for row in rows if row < self.item_count)


def number_entities(graph: HeteroData, schema: GraphSchema) -> Entities:
    """Number the entities of an exported graph.

    Raises GraphError when it has no item, SchemaError when the schema names properties that it has not.
    """
    item = schema.item.label
    if item not in graph.node_types or graph[item].num_nodes == 0:
        raise GraphError(
            f"The graph has no node with the label '{item}' that schema.toml calls the item.",
            remedy="Load a graph (kg-rec load FOLDER) or adopt the one there (kg-rec adopt), or mend [item] in schema.toml.",
        )
    _check_properties(graph, schema)
    user = schema.user.label if schema.user else None
    labels = [item, *sorted(label for label in graph.node_types if label not in (item, user))]
    keys: list[str] = []
    of: list[str] = []
    names: list[str] = []
    aliases: list[tuple[str, ...]] = []
    slices = {}
    for label in labels:
        start = len(keys)
        keys += graph[label].key
        of += [label] * (len(keys) - start)
        title = schema.title_of(label)
        values = graph[label].properties.get(title) if title else None
        names += [str(value or "") for value in values] if values else [""] * (len(keys) - start)
        columns = [graph[label].properties.get(name) for name in schema.aliases_of(label)]
        aliases += [_texts(column[row] for column in columns if column) for row in range(len(keys) - start)]
        slices[label] = slice(start, len(keys))
    return Entities(keys, of, names, slices, item, aliases)


def _texts(values: Iterable[object]) -> tuple[str, ...]:
    """Return the texts among values that are texts, lists of them, or missing."""
    found = [text for value in values for text in (value if isinstance(value, list | tuple) else [value])]
    return tuple(text for text in found if isinstance(text, str) and text.strip())


def _check_properties(graph: HeteroData, schema: GraphSchema) -> None:
    item = schema.item
    wanted = [(item.label, "item.id", item.id), (item.label, "item.title", item.title)]
    wanted += [(item.label, "item.aliases", name) for name in item.aliases]
    wanted += [(item.label, "item.text", name) for name in item.text]
    for label, entity in schema.entities.items():
        if label in graph.node_types:
            wanted.append((label, f"entities.{label}.title", entity.title))
            wanted += [(label, f"entities.{label}.aliases", name) for name in entity.aliases]
            wanted += [(label, f"entities.{label}.text", name) for name in entity.text]
    if schema.user is not None and schema.user.label in graph.node_types:
        wanted += [(schema.user.label, "user.text", name) for name in schema.user.text]
    for label, where, name in wanted:
        there = graph[label].properties
        if name not in there:
            raise SchemaError(
                f"schema.toml: {where}: expected a property of {label}, one of {', '.join(there)}; found '{name}', which none "
                "has.",
                remedy="Mend the line, or have the file written again, by kg-rec load FOLDER or kg-rec init, with --new-schema",
            )


def relation_matrices(graph: HeteroData, entities: Entities) -> dict[str, sp.csr_array]:
    """Return each relation and its inverse as a row-normalised [N, N] matrix: row i holds the weights of its neighbours.

    A neighbour j weighs log((2 + N) / (1 + deg_j)), N the nodes that have neighbours at all: a keyword that a hundred items
    share says less than one that two share. Each row sums to 1, or is empty. The inverse of TYPE is named "TYPE⁻¹".
    """
    pairs: dict[str, list[tuple[NDArray[np.int64], NDArray[np.int64]]]] = {}
    for source, type_, target in graph.edge_types:
        if source not in entities.slices or target not in entities.slices:
            continue
        edges = graph[source, type_, target].edge_index.numpy()
        pairs.setdefault(type_, []).append(
            (edges[0] + entities.slices[source].start, edges[1] + entities.slices[target].start)
        )
    matrices = {}
    for type_ in sorted(pairs):
        sources = np.concatenate([pair[0] for pair in pairs[type_]])
        targets = np.concatenate([pair[1] for pair in pairs[type_]])
        matrices[type_] = _by_telling_neighbours(receiving=targets, sending=sources, size=len(entities))
        matrices[inverse(type_)] = _by_telling_neighbours(receiving=sources, sending=targets, size=len(entities))
    return matrices


def neighbours_of_items(knowledge: dict[str, sp.csr_array], entities: Entities) -> sp.csr_array:
    """Return which entities each item is a neighbour of, [items, N], over any relation, as 0 or 1."""
    rows, columns = [], []
    for matrix in knowledge.values():
        found = matrix.tocoo()
        of_items = found.coords[0] < entities.item_count
        rows.append(found.coords[0][of_items])
        columns.append(found.coords[1][of_items])
    if not rows:
        rows, columns = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    pairs = np.concatenate(rows), np.concatenate(columns)
    shape = (entities.item_count, len(entities))
    direct: sp.csr_array = sp.csr_array((np.ones(len(pairs[0]), dtype=np.float32), pairs), shape=shape)
    direct.data[:] = 1.0
    return direct


def inverse(type_: str) -> str:
    """Return the name of a relation's inverse."""
    return f"{type_}⁻¹"


def liked_together(users: NDArray[np.int64], items: NDArray[np.int64], *, item_count: int, size: int) -> sp.csr_array:
    """Return the items liked by the same people as a row-normalised [N, N] matrix over the entities.

    users, items: one pair a liking, [E]; size: N. The weight of i and j is c_ij / sqrt((c_i + 20)(c_j + 20)), c the people who
    liked both, or each: a cosine, shrunk where few people speak for it. Each item keeps its 50 strongest.
    """
    people = int(users.max()) + 1 if len(users) else 0
    likes = sp.csr_array((np.ones(len(users), dtype=np.float32), (users, items)), shape=(people, item_count))
    likes.data[:] = 1.0
    each = np.asarray(likes.sum(axis=0)).ravel() + _LIKED_TOGETHER_SHRINKAGE
    both = (likes.T @ likes).tocsr()
    both.sort_indices()
    rows = np.repeat(np.arange(item_count), np.diff(both.indptr))
    weights = both.data / np.sqrt(each[rows] * each[both.indices])
    weights[rows == both.indices] = 0.0
    kept = np.ones(len(weights), dtype=bool)
    for start, end in itertools.pairwise(both.indptr.tolist()):
        if end - start > _LIKED_TOGETHER_TOP:
            kept[start:end] = _strongest(weights[start:end])
    kept &= weights > 0
    found = (weights[kept].astype(np.float32), (rows[kept], both.indices[kept]))
    return _row_normalised(sp.csr_array(found, shape=(size, size)))


def _strongest(weights: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which are the 50 largest of more than 50 weights, [n]; of equal ones the first."""
    least = np.partition(weights, len(weights) - _LIKED_TOGETHER_TOP)[-_LIKED_TOGETHER_TOP]
    kept: NDArray[np.bool_] = weights > least
    equal = np.flatnonzero(weights == least)
    kept[equal[: _LIKED_TOGETHER_TOP - int(kept.sum())]] = True
    return kept


def popularity(
    items: NDArray[np.int64],
    times: NDArray[np.float64] | None,
    released: NDArray[np.float64] | None,
    *,
    item_count: int,
) -> NDArray[np.float32]:
    """Return the popularity of each item with somebody who comes now, adjusted for exposure; shape [items], mean 0.

    items, times: the item and the moment (seconds since 1970, nan where unknown) of each interaction, [E].

    log((n_i + 1) / (x_i + 0.02)), where n_i counts the interactions with the item, and x_i is the share of all interactions
    that happened after the item existed: an item of last year had little time to be found. In both an interaction weighs
    exp(-age / tau), tau half of the time from the first to the last one, since what people took long ago says less about
    what they take now; the weights have mean 1. Without times all weigh 1. x_i is 1 where there is no release year
    (released, [items], nan where unknown) or no time; it is never taken from the first interaction, which would call every
    rarely found item new.
    """
    weights, years = _recency(times, len(items))
    counts = np.bincount(items, weights, minlength=item_count)
    exposure = np.ones(item_count)
    if released is not None and years is not None:
        order = np.argsort(years)
        before = np.concatenate([[0.0], np.cumsum(weights[order])])  # nan sorts last
        told = before[np.isfinite(years).sum()]
        known = np.isfinite(released)
        exposure[known] = 1.0 - before[np.searchsorted(years[order], released[known])] / told
    adjusted = np.log((counts + 1.0) / (exposure + _EXPOSURE_FLOOR))
    return np.asarray(adjusted - adjusted.mean(), dtype=np.float32)


def _recency(times: NDArray[np.float64] | None, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Return the weight of each interaction, and its time in years, None where no time is known at all."""
    if times is None or not np.isfinite(times).any():
        return np.ones(count), None
    years = 1970.0 + times / _SECONDS_A_YEAR
    span = float(np.nanmax(years) - np.nanmin(years))
    age = np.nanmax(years) - years
    weights = np.exp(-age / (_RECENCY * span)) if span > 0 else np.ones(count)
    weights = np.where(np.isfinite(weights), weights, np.nanmean(weights))
    return weights / weights.mean(), years


def prominence(popularity: NDArray[np.float32], direct: sp.csr_array) -> NDArray[np.float32]:
    """Return how well known each entity is, [N]: an item by its popularity, any other by how many items it is a neighbour of.

    popularity: [items]; direct: [items, N], as in `kg_rec.model.training.TrainedModel`. Items compare with items only.
    """
    known = np.asarray(direct.sum(axis=0), dtype=np.float32).ravel()
    known[: len(popularity)] = popularity
    return known


def release_years(graph: HeteroData, schema: GraphSchema) -> NDArray[np.float64] | None:
    """Return the release year of each item, nan where unknown, or None when the schema names no such property.

    Raises SchemaError when it names one that holds no years: no numbers, or other numbers than whole ones of four digits,
    but for a few slips, as at loading. What slipped is unknown.
    """
    if schema.item.released is None:
        return None
    values = graph[schema.item.label].properties.get(schema.item.released)
    if values is None:
        return None
    for value in values:
        if value is not None and not isinstance(value, int | float):
            raise SchemaError(
                f"schema.toml: item.released: expected a number in '{schema.item.released}', found {value!r}.",
                remedy="Name a property with years, or none, and train again: kg-rec train",
            )
    present = [value for value in values if value is not None]
    if not are_years(present):
        odd = next(value for value in present if not is_year(value))
        raise SchemaError(
            f"schema.toml: item.released: expected years of four digits, or dates, in '{schema.item.released}', found {odd!r}.",
            remedy="Name a property with years, or none, and train again: kg-rec train",
        )
    return np.array([float(value) if is_year(value) else np.nan for value in values])


def numeric_ranks(graph: HeteroData, schema: GraphSchema) -> NDArray[np.float32]:
    """Return where each item stands in each of its numeric properties, [items, K], in [0, 1], nan where it has none.

    The share of the items whose value is lower, equal ones counted half: prices from 1 to 10,000 and years from 1990 to 2020
    are then of one scale.
    """
    item = schema.item
    properties = graph[item.label].properties
    names = [name for name in dict.fromkeys(filter(None, (item.released, *item.numeric))) if name in properties]
    values = [[float(one) if isinstance(one, int | float) else np.nan for one in properties[name]] for name in names]
    count = int(graph[item.label].num_nodes)
    table = np.array(values, dtype=np.float64).reshape(len(names), count)
    known = np.isfinite(table).sum(axis=1, keepdims=True)
    ranks = rankdata(table, axis=1, nan_policy="omit")
    return np.asarray((ranks - 0.5) / np.maximum(known, 1), dtype=np.float32).T


def entity_texts(graph: HeteroData, schema: GraphSchema, entities: Entities) -> list[str]:
    """Return what is encoded for each entity that is no item: its name, with its running text where it has one.

    Items have more to say (kg_rec/text/asking.py); their rows hold the title here.
    """
    texts = list(entities.names)
    for label, rows in entities.slices.items():
        entity = schema.entities.get(label)
        if entity is None:
            continue
        for name in entity.text:
            for row, value in zip(range(rows.start, rows.stop), graph[label].properties.get(name, []), strict=False):
                if value and texts[row]:
                    texts[row] = f"{texts[row]}. {value}"
    return texts


def _by_telling_neighbours(*, receiving: NDArray[np.int64], sending: NDArray[np.int64], size: int) -> sp.csr_array:
    matrix = sp.csr_array((np.ones(len(sending)), (receiving, sending)), shape=(size, size))
    matrix.data[:] = 1.0
    degree = np.bincount(matrix.indices, minlength=size)
    receivers = int((np.diff(matrix.indptr) > 0).sum())
    telling = np.log((2.0 + receivers) / (1.0 + degree))
    matrix.data = telling[matrix.indices]
    return _row_normalised(matrix)


def _row_normalised(matrix: sp.csr_array) -> sp.csr_array:
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    scale = np.divide(1.0, sums, out=np.zeros_like(sums), where=sums > 0)
    matrix.data = (matrix.data * np.repeat(scale, np.diff(matrix.indptr))).astype(np.float32)
    return matrix
