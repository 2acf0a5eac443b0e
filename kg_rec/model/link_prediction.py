"""Which items a person would link to: the score of every item for people known by their words and interest edges.

score(p, i) = tau cos(t_p, t_i) + beta <h_p, h_i> + popularity_i

z_i = [t_i | h_i] are the two blocks of an entity's representation: text, and one-hot. A person is a node of the graph with
`INTERESTED_IN` edges, so their blocks are one more relational convolution, over that relation::

    t_p = text_p + sum_e omega_l(e) w_e t_e / |t_e|          h_p = sum_e nu_l(e) w_e h_e

w_e in [-1, 1] is the interest's score times its polarity, and l(e) the label of its entity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from kg_rec.interest import Interest
    from kg_rec.model.features import Entities


Shared = Callable[[Tensor], Tensor]

_BETA = 1.0
"""Start of beta; chosen, as the other start values, on people who are in no graph (docs/quality.md)."""


@dataclass(frozen=True)
class People:
    """P people as the model sees them: their words, and I interest edges.

    text: [P, T], rows of length 1 or 0; person, entity: int64 [I], the ends of each interest; weight: [I], in [-1, 1]; said: int64
    [I], a number for the words that an interest comes from, the same for all that come from the same words of one person.
    """

    text: Tensor
    person: Tensor
    entity: Tensor
    weight: Tensor
    said: Tensor

    @classmethod
    def of(cls, text: NDArray[np.float32], interests: Sequence[Sequence[Interest]], index: dict[str, int]) -> Self:
        """Take the vectors of people's words, [P, T], and their interests; those in entities without a row are left out."""
        found = [
            (person, interest)
            for person, theirs in enumerate(interests)
            for interest in theirs
            if interest.entity in index
        ]
        words = {(person, interest.evidence.casefold() or interest.entity) for person, interest in found}
        number = {said: place for place, said in enumerate(sorted(words))}
        return cls(
            torch.from_numpy(text).float(),
            torch.tensor([person for person, _ in found], dtype=torch.long),
            torch.tensor([index[interest.entity] for _, interest in found], dtype=torch.long),
            torch.tensor([interest.weight for _, interest in found], dtype=torch.float),
            torch.tensor(
                [number[person, interest.evidence.casefold() or interest.entity] for person, interest in found],
                dtype=torch.long,
            ),
        )

    def __len__(self) -> int:
        return len(self.text)

    def select(self, rows: Tensor) -> People:
        """Return the people at `rows` (int64), renumbered from 0."""
        place = torch.full((len(self),), -1)
        place[rows] = torch.arange(len(rows))
        kept = place[self.person] >= 0
        return People(self.text[rows], place[self.person[kept]], self.entity[kept], self.weight[kept], self.said[kept])

    def thinned(self, share: float, generator: torch.Generator) -> People:
        """Return the people with a random `share` of their interests missing, as a linker misses some."""
        kept = torch.rand(len(self.weight), generator=generator) >= share
        return People(self.text, self.person[kept], self.entity[kept], self.weight[kept], self.said[kept])


@dataclass(frozen=True)
class Scores:
    """The parts of each item's score, [P, items] each (popularity [items]).

    Their sum is what is learned from; items are ranked by these and other signals, weighed (kg_rec/model/fusion.py).
    """

    text: Tensor
    graph: Tensor
    popularity: Tensor

    @property
    def total(self) -> Tensor:
        """Sum of the parts, [P, items]."""
        return self.text + self.graph + self.popularity


class LinkPredictor(nn.Module):
    """The scoring function, with the start values that work untrained; what is learned is the departure from them.

    label_of: int64 [N], number of each entity's label; item_label: the items' number; labels: how many there are;
    temperature: tau. It is not learned, nor is omega: simulated words are closer to the items' sentences than real
    ones are, and would teach the model to trust them too much.
    """

    label_of: Tensor
    omega: Tensor
    nu: Tensor

    def __init__(self, label_of: Tensor, *, item_label: int, labels: int, temperature: float = 20.0) -> None:
        super().__init__()
        self.temperature = temperature
        self.register_buffer("label_of", label_of)
        self.register_buffer("omega", _by_label(0.25, labels, item_label, 0.6))
        self.register_buffer("nu", _by_label(0.3, labels, item_label, 1.0))
        self.nu_change = nn.Parameter(torch.zeros(labels))
        self.beta_change = nn.Parameter(torch.zeros(()))

    @classmethod
    def over(cls, entities: Entities, temperature: float) -> Self:
        """Return the predictor over these entities with its start values; labels are numbered in the order of the slices."""
        labels = list(entities.slices)
        number = {label: place for place, label in enumerate(labels)}
        return cls(
            torch.tensor([number[label] for label in entities.labels]),
            item_label=number[entities.item_label],
            labels=len(labels),
            temperature=temperature,
        )

    def forward(self, text: Tensor, shared: Shared, people: People, popularity: Tensor) -> Scores:
        """Score every item for every person.

        text: t, [N, T], the items first; shared: from the weights of people's entities, [N, P], to what the items share with
        them, [items, P]: h_i^T sum_e w_e h_e; popularity: [items].
        """
        nothing = torch.zeros(len(text), len(people), device=text.device)
        interests = nothing.index_put((people.entity, people.person), self.carried(people), accumulate=True)
        return Scores(
            self.temperature * self.wish(text, people) @ normalize(text[: len(popularity)]).T,
            self.beta * shared(interests).T,
            popularity,
        )

    @property
    def beta(self) -> Tensor:
        """Weight of what items share with a person, beta."""
        return (_BETA + self.beta_change).clamp(min=0)

    def carried(self, people: People) -> Tensor:
        """Return what each interest carries into h_p, nu_l(e) w_e, [I]."""
        return (self.nu + self.nu_change).clamp(min=0)[self.label_of[people.entity]] * people.weight

    def wish(self, text: Tensor, people: People) -> Tensor:
        """Return what each person wants in words, [P, T], rows of length 1 or 0: t_p."""
        omega = self.omega[self.label_of[people.entity]] * people.weight
        named = normalize(text[people.entity])
        return normalize(people.text.index_add(0, people.person, omega[:, None] * named))


def _by_label(value: float, labels: int, item_label: int, of_items: float) -> Tensor:
    values = torch.full((labels,), value)
    values[item_label] = of_items
    return values
