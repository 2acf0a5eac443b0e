"""Graph neural networks as PyTorch Geometric's examples have them, and two towers that see no graph.

Encoder and decoder are those of `examples/rgcn_link_pred.py` (RGCNConv with bases, DistMult) and of its heterogeneous examples
(HGTConv). A new person is a node with edges INTERESTED_IN to entities and nothing else; the network learns from the simulated
people, who are such nodes. The users of the graph are nodes with LIKED edges, but in each step those of one fifth are taken out,
and the simulated people made of them are learned from. Instead of sampled negatives the loss is the cross-entropy over all items.
As without it a network learns hardly more than what is popular, its scores are added to log popularity in the loss (Menon et al.
2021, "Long-tail Learning via Logit Adjustment"), and a target weighs more the nearer it is to the words, as in kg-rec. One fifth
of the people is never learned from; it stops the training. What a network learns may be added to the cosine of MiniLM, with a
weight.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from exchange import Graph, People, Simulated
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from peers.peer import Scores, ScoringPeer, grid, standardised
from peers.text import Text

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch_geometric.nn import HGTConv, RGCNConv

_HIDDEN = 64
_STEPS = 80
_EVERY = 5
_PATIENCE = 3
_RATE = 0.01
_FOLDS = 5
_TILT = 8.0
"""A target weighs exp(8 cosine), as much as in kg-rec."""
_USER, _PERSON = ":user", ":person"
"""Types of nodes beside the labels; a label that was read from a header has no colon."""
_PEOPLE = 512
"""Simulated people in one step."""


class Network(ScoringPeer):
    """One of the encoders "rgcn", "hgt" and "towers", from random or from MiniLM vectors."""

    ranked = grid(text=[0.0, 0.7, 1.5], popularity=[0.0, 0.5, 1.0, 2.0])

    def __init__(self, encoder: str) -> None:
        self._encoder = encoder
        self.fitted = grid(start=["text"] if encoder == "towers" else ["random", "text"])

    def fit(self, graph: Graph, simulated: Simulated, start: str = "text") -> None:
        """Learn until the people held out get no better, at most 80 steps."""
        super().fit(graph, simulated)
        self._text = Text()
        self._text.fit(graph, simulated)
        self._popularity = torch.from_numpy(graph.log_counts)
        self._known: tuple[People, Scores] | None = None
        torch.manual_seed(0)
        rng = np.random.default_rng(0)
        self._nodes = _Nodes(graph)
        self._model = _Model(self._encoder, start, self._nodes)
        folds = rng.permutation(graph.likes.shape[0]) % _FOLDS
        of = folds[simulated.users]
        held_out = np.flatnonzero(of == 0)[:_PEOPLE]
        optimiser = torch.optim.AdamW(self._model.parameters(), lr=_RATE, weight_decay=1e-4)
        best, waited, kept = np.inf, 0, self._state()
        for step in range(_STEPS):
            if step % _EVERY == 0:
                loss = self._loss(simulated, held_out, folds == 0, learn=False).item()
                waited = 0 if loss < best else waited + 1
                if loss < best:
                    best, kept = loss, self._state()
                if waited >= _PATIENCE:
                    break
            fold = 1 + step % (_FOLDS - 1)
            some = rng.permutation(np.flatnonzero(of == fold))[:_PEOPLE]
            if not len(some):
                continue
            optimiser.zero_grad()
            self._loss(simulated, some, folds == fold, learn=True).backward()
            optimiser.step()
        self._model.load_state_dict(kept)

    def scores(self, people: People, text: float = 0.0) -> Scores:
        """Return what the decoder says, with all users in the graph, and `text` · cosine, both standardised."""
        if self._known is None or self._known[0] is not people:
            self._known = people, standardised(self._decoded(people))
        return self._known[1] + np.float32(text) * standardised(self._text.scores(people))

    def _decoded(self, people: People) -> Scores:
        self._model.eval()
        everybody = np.ones(self.graph.likes.shape[0], dtype=bool)
        with torch.no_grad():
            scores = self._model(self._nodes.with_people(people, range(len(people)), everybody))
        return np.asarray(scores.numpy(), dtype=np.float32)

    def _state(self) -> dict[str, Tensor]:
        return {name: value.clone() for name, value in self._model.state_dict().items()}

    def _loss(self, simulated: Simulated, some: NDArray[np.int64], absent: NDArray[np.bool_], *, learn: bool) -> Tensor:
        self._model.train(learn)
        with torch.set_grad_enabled(learn):
            scores = self._model(self._nodes.with_people(simulated.people, some, ~absent))
            near = self._text.scores(People([], simulated.people.vectors[np.asarray(some)]))
            wanted = torch.zeros_like(scores)
            for row, person in enumerate(some):
                targets = simulated.targets[person]
                wanted[row, targets] = torch.from_numpy(_TILT * near[row, targets]).softmax(0)
            return -(wanted * functional.log_softmax(scores + self._popularity, dim=1)).sum(dim=1).mean()


@dataclass(frozen=True)
class _Batch:
    """A graph with B people in it. vectors: of their words, [B, T]; edges: by relation, ends within their types."""

    vectors: Tensor
    edges: dict[tuple[str, str, str], Tensor]


class _Nodes:
    """Types of nodes: each label, users and new people; each relation comes with its inverse."""

    def __init__(self, graph: Graph) -> None:
        self.labels = list(dict.fromkeys(graph.labels))
        type_of = np.array([self.labels.index(label) for label in graph.labels])
        first = [int(np.flatnonzero(type_of == number)[0]) for number in range(len(self.labels))]
        self.counts = [int((type_of == number).sum()) for number in range(len(self.labels))]
        self._type_of = type_of
        self.within = np.arange(len(type_of)) - np.array(first)[type_of]
        self.vectors = torch.from_numpy(graph.vectors)
        self.item_count = len(graph.items)
        self._likes = np.stack(graph.likes.nonzero()).astype(np.int64)
        self._fixed: dict[tuple[str, str, str], Tensor] = {}
        for number, ends in enumerate(graph.relations.values()):
            source, target = (self.labels[type_of[rows[0]]] for rows in ends)
            self._add(
                self._fixed,
                (source, f"relation {number}", target),
                np.stack([self.within[ends[0]], self.within[ends[1]]]),
            )
        self.types = [*self.labels, _USER, _PERSON]
        interested = [(label, "INTERESTS", _PERSON) for label in self.labels]
        liked = [(_USER, "LIKED", self.labels[0]), (self.labels[0], "LIKED inverse", _USER)]
        self.relations = [*self._fixed, *liked, *interested]

    def with_people(
        self, people: People, some: Sequence[int] | NDArray[np.int64], present: NDArray[np.bool_]
    ) -> _Batch:
        """Return the graph with the likings of the users `present`, [U], and some people."""
        edges = dict(self._fixed)
        self._add(edges, (_USER, "LIKED", self.labels[0]), self._likes[:, present[self._likes[0]]])
        found = [
            (self._type_of[interest.row], self.within[interest.row], row)
            for row, person in enumerate(some)
            for interest in people.people[person].interests
            if interest.weight > 0
        ]
        for number, label in enumerate(self.labels):
            ends = [(entity, row) for of, entity, row in found if of == number]
            edges[label, "INTERESTS", _PERSON] = torch.tensor(ends, dtype=torch.long).reshape(-1, 2).T
        return _Batch(torch.from_numpy(people.vectors[np.asarray(some)]), edges)

    @staticmethod
    def _add(edges: dict[tuple[str, str, str], Tensor], triple: tuple[str, str, str], ends: Any) -> None:
        source, name, target = triple
        both = torch.from_numpy(np.ascontiguousarray(ends))
        edges[triple] = both
        edges[target, f"{name} inverse", source] = both.flip(0)


class _Model(nn.Module):
    """Features, encoder, decoder: [B, items] for a graph with B people."""

    def __init__(self, encoder: str, start: str, nodes: _Nodes) -> None:
        super().__init__()
        self._nodes, self._start = nodes, start
        size = len(nodes.vectors)
        if start == "random":
            self.embeddings = nn.Parameter(torch.randn(size, _HIDDEN) * 0.1)
            self.anybody = nn.Parameter(torch.zeros(1, _HIDDEN))
        else:
            width = nodes.vectors.shape[1]
            self.of_entities, self.of_words = nn.Linear(width, _HIDDEN), nn.Linear(width, _HIDDEN)
        self.user = nn.Parameter(torch.zeros(1, _HIDDEN))
        self.encoder = {"rgcn": _Rgcn, "hgt": _Hgt, "towers": _Towers}[encoder](nodes)
        self.relation = nn.Parameter(torch.ones(_HIDDEN))
        self.temperature = nn.Parameter(torch.tensor(1.0))

    def forward(self, batch: _Batch) -> Tensor:
        """Return DistMult(person, LIKES, item), [B, items]."""
        count = len(batch.vectors)
        if self._start == "random":
            entities, people = self.embeddings, self.anybody.expand(count, -1)
        else:
            entities, people = self.of_entities(self._nodes.vectors), self.of_words(batch.vectors)
        features = dict(zip(self._nodes.labels, entities.split(self._nodes.counts), strict=True))
        features[_USER] = self.user.expand(int(self._nodes._likes[0].max()) + 1, -1)
        features[_PERSON] = people
        items, wishes = self.encoder(features, batch.edges)
        return (wishes * self.relation) @ items.T * self.temperature


class _Towers(nn.Module):
    """No graph: a linear map of the vectors on each side."""

    def __init__(self, nodes: _Nodes) -> None:
        super().__init__()
        self._item = nodes.labels[0]

    def forward(self, x: dict[str, Tensor], _: dict[tuple[str, str, str], Tensor]) -> tuple[Tensor, Tensor]:
        """Return items and people as they came."""
        return x[self._item], x[_PERSON]


class _Rgcn(nn.Module):
    """Two RGCNConv with a basis for every four relations, ReLU between."""

    def __init__(self, nodes: _Nodes) -> None:
        super().__init__()
        self._nodes = nodes
        relations = len(nodes.relations)
        bases = max(2, relations // 4)
        self.first = RGCNConv(_HIDDEN, _HIDDEN, relations, num_bases=bases)
        self.second = RGCNConv(_HIDDEN, _HIDDEN, relations, num_bases=bases)

    def forward(self, x: dict[str, Tensor], edges: dict[tuple[str, str, str], Tensor]) -> tuple[Tensor, Tensor]:
        """Return the representations of items and people."""
        offset, start = {}, 0
        for name in self._nodes.types:
            offset[name], start = start, start + len(x[name])
        moved, kinds = [], []
        for number, (source, name, target) in enumerate(self._nodes.relations):
            ends = edges[source, name, target]
            moved.append(ends + torch.tensor([[offset[source]], [offset[target]]]))
            kinds.append(torch.full((ends.shape[1],), number))
        edge_index, edge_type = torch.cat(moved, dim=1), torch.cat(kinds)
        whole = torch.cat([x[name] for name in self._nodes.types])
        hidden = functional.dropout(functional.relu(self.first(whole, edge_index, edge_type)), 0.2, self.training)
        found = self.second(hidden, edge_index, edge_type)
        people = slice(offset[_PERSON], offset[_PERSON] + len(x[_PERSON]))
        return found[: self._nodes.item_count], found[people]


class _Hgt(nn.Module):
    """Two HGTConv with two heads."""

    def __init__(self, nodes: _Nodes) -> None:
        super().__init__()
        self._item = nodes.labels[0]
        metadata = (nodes.types, nodes.relations)
        self.first = HGTConv(_HIDDEN, _HIDDEN, metadata, heads=2)
        self.second = HGTConv(_HIDDEN, _HIDDEN, metadata, heads=2)

    def forward(self, x: dict[str, Tensor], edges: dict[tuple[str, str, str], Tensor]) -> tuple[Tensor, Tensor]:
        """Return the representations of items and people."""
        hidden = self.first(x, edges)
        found = self.second({name: functional.relu(hidden[name]) for name in hidden}, edges)
        return found[self._item], found[_PERSON]
