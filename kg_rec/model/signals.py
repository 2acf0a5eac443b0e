"""What speaks for an item: eleven signals, each by itself, from which a score is summed (kg_rec/model/fusion.py).

| signal | what it says of person p and item i |
|---|---|
| popularity | how popular i is with somebody who comes now |
| liked | how many liked i, whenever that was: log(n_i + 1), less its mean |
| text | tau cos(t_p, t_i): how near i is to the words and what they name |
| graph | beta <h_p, h_i>: what the R-GCN, or a network of one's own, carried from the interests to i |
| direct | i is a neighbour of what was asked for, the more telling the less common that is |
| everything | 1 where i is a neighbour of everything that was asked for: a war film, of the 1940s |
| together | i was liked by the people who liked what p named |
| ease | i follows from the items p named in EASE (Steck 2019), a linear autoencoder over all interactions |
| lift | how much oftener those like i who like much that has an interest of p for a neighbour: log p(i | e) / p(i) |
| neighbours | how much oftener those like i whose likes read most like the words of p |
| nearness | how near i is in numbers (a year, a price) to the items p named |

Text, graph, direct, everything and nearness need no people in the graph; the others are 0 without them. Popularity and liked are
the same for everybody, text and neighbours go by the words, and the others are 0 for people without interests.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
import torch

from kg_rec.model.link_prediction import People

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from kg_rec.model.link_prediction import LinkPredictor

SIGNALS = (
    "popularity",
    "liked",
    "text",
    "graph",
    "direct",
    "everything",
    "together",
    "ease",
    "lift",
    "neighbours",
    "nearness",
)
"""Their names, in the order of the axis that they are on."""

LINEAR = ("graph", "direct", "together", "ease", "lift")
"""Those that are sums over a person's interests, each times its weight; the last three are missing without people in the graph."""

_MOST_TELLING = 4.0
"""Entities with fewer neighbours than one item in 55 tell no more: a rare word is not all that somebody wants."""
_PEOPLE = 0.5
"""People added to both sides of a lift: few of them say little."""
_SHARE = 0.005
"""Share of people added to both sides of the comparison of p's neighbours with everybody."""
_LIKENESS = 10.0
"""Weight of a neighbour: exp(10 cosine)."""
_EASE_REGULARISATION = 200.0
_EASE_MOST_ITEMS = 5000
_EASE_LEAST_PEOPLE = 3
_EASE_TOP = 100
_MOST_LIFTS = 512
"""Entities whose lifts are kept: 20 MB for 10,000 items."""


@dataclass(frozen=True)
class Likings:
    """What the people of the graph did, as the signals use it.

    likes: [U, items], 1 where somebody liked an item, without people who liked none; together: [items, items], the weights of
    `LIKED_TOGETHER`; ease: [items, items], B of EASE, each row cut to its strongest.
    """

    likes: sp.csr_array
    together: sp.csr_array
    ease: sp.csr_array

    @classmethod
    def nobody(cls, item_count: int) -> Likings:
        """Return the likings of a graph without people."""
        return cls(no_entries(0, item_count), no_entries(item_count, item_count), no_entries(item_count, item_count))


def likes_of(users: NDArray[np.int64], items: NDArray[np.int64], *, item_count: int) -> sp.csr_array:
    """Return who liked what, [U, items], one pair a liking, [E]; people who liked nothing are no rows."""
    _, rows = np.unique(users, return_inverse=True)
    shape = (int(rows.max()) + 1 if len(rows) else 0, item_count)
    likes: sp.csr_array = sp.csr_array((np.ones(len(rows), dtype=np.float32), (rows, items)), shape=shape)
    likes.sum_duplicates()
    likes.data[:] = 1.0
    return likes


def ease(interacted: sp.csr_array) -> sp.csr_array:
    """Return the item-to-item weights B of EASE (Steck 2019, "Embarrassingly Shallow Autoencoders for Sparse Data", eq. 8).

    interacted: [U, items], 1 where somebody interacted with an item. B = I - P diag(1 / diag P) with P = (X^T X + lambda I)^-1,
    lambda = 200, over the at most 5,000 items that most people interacted with, at least 3; of each row of B, the source of
    the weights, the 100 strongest are kept. Returns [items, items].
    """
    count = interacted.shape[1]
    people = np.asarray(interacted.sum(axis=0)).ravel()
    chosen = np.argsort(-people, kind="stable")[:_EASE_MOST_ITEMS]
    chosen = np.sort(chosen[people[chosen] >= _EASE_LEAST_PEOPLE])
    if not len(chosen):
        return no_entries(count, count)
    some = interacted[:, chosen]
    weights = _through_people(some) if some.shape[0] < len(chosen) else _through_items(some)
    weights.fill_diagonal_(0.0)
    kept = min(_EASE_TOP, len(chosen))
    strongest = torch.topk(weights.abs(), kept, dim=1, sorted=False).indices
    values = torch.gather(weights, 1, strongest).numpy().ravel()
    rows = np.repeat(chosen, kept)
    found: sp.csr_array = sp.csr_array((values, (rows, chosen[strongest.numpy()].ravel())), shape=(count, count))
    found.eliminate_zeros()
    return found


def _through_items(interacted: sp.csr_array) -> Tensor:
    """Return -P diag(1 / diag P), [n, n], by inverting a matrix of the n items."""
    gram = (interacted.T @ interacted).toarray().astype(np.float32)
    gram[np.diag_indices_from(gram)] += _EASE_REGULARISATION
    precision = torch.cholesky_inverse(torch.linalg.cholesky(torch.from_numpy(gram)))
    return -precision / precision.diagonal()


def _through_people(interacted: sp.csr_array) -> Tensor:
    """Return -P diag(1 / diag P), [n, n], by a system of the U people, who are fewer than the n items.

    lambda P = I - W with W = X^T (X X^T + lambda I)^-1 X (Woodbury), so that -P_ij / P_jj = W_ij / (1 - W_jj) where i is not j.
    """
    gram = (interacted @ interacted.T).toarray().astype(np.float64)
    gram[np.diag_indices_from(gram)] += _EASE_REGULARISATION
    solved = np.linalg.solve(gram, interacted.toarray().astype(np.float64)).astype(np.float32)
    weights = torch.from_numpy(interacted.T @ solved)
    return weights / (1.0 - weights.diagonal())


@dataclass(frozen=True)
class Evidence:
    """All that the signals are computed from.

    text: t, [N, T]; one_hot: h, [N, N], mostly 0; popularity: [items]; direct: [items, N], 1 where neighbours; predictor: gives
    text and graph their weights; ranks: [items, K], where each item stands in each numeric property, nan where unknown; z: [N, D],
    what a network of one's own (kg_rec/model/protocol.py) has in place of h, which is all 0 then; None where it is ours.
    """

    text: Tensor
    one_hot: sp.csr_array
    popularity: Tensor
    direct: sp.csr_array
    likings: Likings
    predictor: LinkPredictor
    ranks: NDArray[np.float32]
    z: NDArray[np.float32] | None = None

    def signals(self, people: People) -> NDArray[np.float32]:
        """Return every signal of every item for every person, [P, 11, items]; they are not to scale yet."""
        count = len(self.popularity)
        found = np.zeros((len(people), len(SIGNALS), count), dtype=np.float32)
        wish, named = self._wish(people), _by_person(people, people.weight.numpy(), len(self.text))[:, :count]
        told = self._told(people, wish) | {"nearness": self._nearness(named)}
        if self.likings.likes.shape[0]:
            told |= {"liked": self._liked, "neighbours": self._neighbours(wish)}
        for name, values in told.items():
            found[:, SIGNALS.index(name)] = values
        return found

    def of_each(self, entities: NDArray[np.int64]) -> dict[str, NDArray[np.float32]]:
        """Return the signals of people without words who are interested in one of `entities` (rows) each, and in nothing else,
        [R, items] by name: text, everything, and those of LINEAR; popularity, [items].
        """
        count = len(entities)
        people = People(
            torch.zeros(count, self.text.shape[1]),
            torch.arange(count),
            torch.from_numpy(entities),
            torch.ones(count),
            torch.arange(count),
        )
        return self._told(people, self._wish(people))

    def _told(self, people: People, wish: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Return the signals that say something of a single interest, too, [P, items] by name, or [items]."""
        return {
            "popularity": self.popularity.numpy(),
            "text": self._closeness(wish),
            "everything": self._everything(people),
            **self._linear(people),
        }

    def _wish(self, people: People) -> NDArray[np.float32]:
        """Return t_p of people, [P, T], to length 1."""
        with torch.inference_mode():
            wish: NDArray[np.float32] = self.predictor.wish(self.text, people).numpy()
        return wish

    def _closeness(self, wish: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return tau cos(t_p, t_i), [P, items]."""
        closeness: NDArray[np.float32] = wish @ self._unit_items.T
        closeness *= self.predictor.temperature
        return closeness

    def _linear(self, people: People) -> dict[str, NDArray[np.float32]]:
        """Return the signals that stand in LINEAR, [P, items] each."""
        with torch.inference_mode():
            carried = self.predictor.carried(people).numpy()
            beta = float(self.predictor.beta)
        weight, count = people.weight.numpy(), len(self.popularity)
        told: dict[str, NDArray[np.float32]] = {
            "graph": beta * self._shared(people, carried),
            "direct": _sums(people, weight * self._telling_others[people.entity.numpy()], self._items_of),
        }
        if self.likings.likes.shape[0]:
            named = np.where(people.entity.numpy() < count, weight, 0.0).astype(np.float32)
            told |= {
                "together": _sums(people, named, self.likings.together),
                "ease": _sums(people, named, self.likings.ease),
                "lift": self._lift(people),
            }
        return told

    def neighbours_of(self, item: int) -> NDArray[np.int32]:
        """Return the rows of the entities that an item is a neighbour of."""
        start, end = self.direct.indptr[item : item + 2]
        found: NDArray[np.int32] = self.direct.indices[start:end]
        return found

    def _shared(self, people: People, carried: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return h_i^T sum_e nu_e w_e h_e, [P, items], as `LinkPredictor` has it, from the few interests that people have."""
        if self.z is not None:
            interests = _by_person(people, carried, len(self.text))
            dense: NDArray[np.float32] = (interests @ self.z) @ self.z[: len(self.popularity)].T
            return dense
        # A product of sparse matrices first counts what it will hold, which takes longer than to multiply by a dense one.
        shared: NDArray[np.float32] = (self._items_one_hot @ _sums(people, carried, self.one_hot).T).T
        return shared

    def _everything(self, people: People) -> NDArray[np.float32]:
        """Return 1 for the items that are neighbours of everything a person asked for, [P, items].

        Of several entities for the same words, as a genre and a tag, one is enough; items that were named are not asked for.
        """
        count = len(self.popularity)
        items_of = self._items_of
        meant: dict[tuple[int, int], list[int]] = {}
        for person, entity, said, weight in zip(
            people.person.tolist(), people.entity.tolist(), people.said.tolist(), people.weight.tolist(), strict=True
        ):
            if weight > 0 and entity >= count:
                meant.setdefault((person, said), []).append(entity)
        found = np.zeros((len(people), count), dtype=np.float32)
        wanted = np.zeros((len(people), 1), dtype=np.float32)
        for (person, _), entities in meant.items():
            met = np.zeros(count, dtype=np.float32)
            for entity in entities:
                met[items_of.indices[items_of.indptr[entity] : items_of.indptr[entity + 1]]] = 1.0
            found[person] += met
            wanted[person] += 1
        everything: NDArray[np.float32] = ((found == wanted) & (wanted > 0)).astype(np.float32)
        return everything

    def _nearness(self, named: sp.csr_array) -> NDArray[np.float32]:
        """Return -sum_j w_j mean_k |r_ik - r_jk| over the items j that were named and liked, less its mean, [P, items].

        The mean is over the numeric properties k that both have; items of which none is known are at 0.
        """
        found = np.zeros(named.shape, dtype=np.float32)
        entries = named.tocoo()
        for person, item, weight in zip(*entries.coords, entries.data, strict=True):
            if weight <= 0:
                continue
            ranks, known = self._known_ranks
            columns = np.flatnonzero(known[:, item])
            both = known[columns].sum(axis=0, dtype=np.float32)
            apart = (np.abs(ranks[columns] - ranks[columns, item, None]) * known[columns]).sum(axis=0)
            told = both > 0
            if told.any():
                far = apart[told] / both[told]
                found[person, told] -= weight * (far - far.mean())
        return found

    def _lift(self, people: People) -> NDArray[np.float32]:
        """Return sum_e w_e log((n_ei + 1/2) / (n_e n_i / U + 1/2)), [P, items], over the entities e that are no items.

        n_ei counts the people who liked i, each by the share of their likes that have e for a neighbour; n_e is the sum of
        these shares, n_i how many liked i, U all of them.
        """
        count = len(self.popularity)
        lift = np.zeros((len(people), count), dtype=np.float32)
        ends = zip(people.person.tolist(), people.entity.tolist(), people.weight.tolist(), strict=True)
        for person, entity, weight in ends:
            if entity >= count:
                lift[person] += np.float32(weight) * self._lift_of(entity)
        return lift

    def _lift_of(self, entity: int) -> NDArray[np.float32]:
        """Return what an interest of weight 1 in an entity lifts, [items]; what many ask for is kept."""
        kept = self._lifts
        found = kept.get(entity)
        if found is None:
            shares = self._shares
            some = slice(shares.indptr[entity], shares.indptr[entity + 1])
            row = sp.csr_array(
                (shares.data[some], shares.indices[some], [0, some.stop - some.start]), (1, shares.shape[0])
            )
            both = (row @ self.likings.likes).toarray()[0]
            expected = row.data.sum() * self._liked_by / shares.shape[0]
            found = np.log((both + _PEOPLE) / (expected + _PEOPLE)).astype(np.float32)
            if len(kept) >= _MOST_LIFTS:
                kept.clear()
            kept[entity] = found
        return found

    def _neighbours(self, wish: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return log((m_i + 0.005) / (n_i / U + 0.005)), m_i the share of p's neighbours who liked i, [P, items].

        Somebody's weight as a neighbour is exp(10 cos) of p's words to the mean of what they liked, both centred.
        """
        centre, tastes = self._tastes
        likeness = np.exp(_LIKENESS * (unit_rows(wish - centre) @ tastes.T))
        likeness /= likeness.sum(axis=1, keepdims=True)
        share = self._liked_by / self.likings.likes.shape[0]
        found: NDArray[np.float32] = np.log((likeness @ self.likings.likes + _SHARE) / (share + _SHARE))
        found[~wish.any(axis=1)] = 0.0
        return found

    @cached_property
    def _unit_items(self) -> NDArray[np.float32]:
        return unit_rows(self.text[: len(self.popularity)].numpy())

    @cached_property
    def _items_one_hot(self) -> sp.csr_array:
        return self.one_hot[: len(self.popularity)]

    @cached_property
    def _items_of(self) -> sp.csr_array:
        return self.direct.T.tocsr()

    @cached_property
    def _known_ranks(self) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The ranks of the items in each property, 0 where unknown, [K, items], and whether they are known."""
        ranks = np.ascontiguousarray(self.ranks.T)
        return np.nan_to_num(ranks), ~np.isnan(ranks)

    @cached_property
    def _telling(self) -> NDArray[np.float32]:
        """How telling each entity is of an item, in nats, [N]."""
        degree = np.bincount(self.direct.indices, minlength=self.direct.shape[1])
        return np.minimum(np.log((1 + self.direct.shape[0]) / (1 + degree)), _MOST_TELLING).astype(np.float32)

    @cached_property
    def _telling_others(self) -> NDArray[np.float32]:
        """The same of the entities that are no items, 0 of those, [N]."""
        telling = self._telling.copy()
        telling[: len(self.popularity)] = 0.0
        return telling

    @cached_property
    def _lifts(self) -> dict[int, NDArray[np.float32]]:
        return {}

    @cached_property
    def _liked_by(self) -> NDArray[np.float32]:
        return np.asarray(self.likings.likes.sum(axis=0), dtype=np.float32).ravel()

    @cached_property
    def _liked(self) -> NDArray[np.float32]:
        known = np.log1p(self._liked_by)
        return np.asarray(known - known.mean(), dtype=np.float32)

    @cached_property
    def _shares(self) -> sp.csc_array:
        """Which share of each person's likes has an entity for a neighbour, [U, N]."""
        each = np.asarray(self.likings.likes.sum(axis=1)).ravel()
        shares: sp.csc_array = (sp.diags_array(1 / each) @ (self.likings.likes @ self.direct)).tocsc()
        return shares

    @cached_property
    def _tastes(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The mean of what everybody likes in words, [T], and each person's departure from it, [U, T], rows of length 1."""
        liked = unit_rows(self.likings.likes @ self._unit_items)
        centre = liked.mean(axis=0)
        return centre, unit_rows(liked - centre)


def _by_person(people: People, values: NDArray[np.float32], size: int) -> sp.csr_array:
    """Return one value an interest, [I], as a matrix of people and entities, [P, N]."""
    entries = (values, (people.person.numpy(), people.entity.numpy()))
    interests: sp.csr_array = sp.csr_array(entries, shape=(len(people), size))
    return interests


def _sums(people: People, weights: NDArray[np.float32], matrix: sp.csr_array) -> NDArray[np.float32]:
    """Return sum_e w_e m_e of the rows of a matrix, [N or items, items], over each person's interests, [P, items]; weights: [I].

    A person has a handful of interests: to make matrices of these, and multiply them, takes longer than adding a few rows.
    """
    found = np.zeros((len(people), matrix.shape[1]), dtype=np.float32)
    for person, entity, weight in zip(people.person.tolist(), people.entity.tolist(), weights.tolist(), strict=True):
        if weight:
            some = slice(matrix.indptr[entity], matrix.indptr[entity + 1])
            found[person, matrix.indices[some]] += np.float32(weight) * matrix.data[some]
    return found


def no_entries(rows: int, columns: int) -> sp.csr_array:
    """Return a matrix of zeros, [rows, columns]."""
    nowhere = np.zeros(0, dtype=np.int64)
    empty: sp.csr_array = sp.csr_array((np.zeros(0, dtype=np.float32), (nowhere, nowhere)), shape=(rows, columns))
    return empty


def unit_rows(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rows brought to length 1, [..., T]; rows of zeros stay."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    unit: NDArray[np.float32] = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return unit
