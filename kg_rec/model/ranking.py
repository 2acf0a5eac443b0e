"""From a person's words and interests to a ranked list of items; needs the model alone, not the graph."""

from __future__ import annotations

import math
import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from kg_rec.errors import InputError
from kg_rec.model.link_prediction import People

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from numpy.typing import NDArray

    from kg_rec.interest import Interest
    from kg_rec.model.artifact import Artifact

_DIRECT_GAIN = 0.2
"""What an item gains for being a neighbour of an entity that was asked for, times how telling the entity is (in nats)."""

_MOST_TELLING = 4.0
"""Entities with fewer neighbours than one item in 55 gain no more: a rare word is not all that somebody wants."""

_DISLIKE_PENALTY = 6.0
"""What an item loses for being a neighbour of an entity that was disliked with certainty: more than any other part gains."""

_CONDITION = re.compile(r"\s*([^\s<>=!]+)\s*(<=|>=|!=|==|=|<|>)\s*(.+?)\s*", re.DOTALL)
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
    "==": operator.eq,
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}


@dataclass(frozen=True, slots=True)
class Ranked:
    """One recommended item: its row, its score, and the parts that the score is the sum of."""

    item: int
    score: float
    text: float
    graph: float
    direct: float
    popularity: float


class Ranking:
    """Ranks the items of an artifact."""

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact
        self._direct = artifact.model.direct.tocsc()

    def rank(
        self,
        vectors: NDArray[np.float32],
        interests: Sequence[Sequence[Interest]],
        *,
        k: int,
        excluded: Sequence[Collection[int]] = (),
        allowed: NDArray[np.bool_] | None = None,
    ) -> list[list[Ranked]]:
        """Return up to k items for each person, best first.

        vectors: of their words, [P, T]. Items that an interest points to are never among the results: they are known to the
        person. excluded: rows of items for each person, or nothing; allowed: [items], False for those that no one gets.
        """
        model = self.artifact.model
        people = People.of(vectors, interests, model.entities.index)
        with torch.inference_mode():
            scores = model.predictor(model.text, model.identity, people, model.popularity)
            text, graph, popular = (part.numpy() for part in (scores.text, scores.graph, scores.popularity))
        return [
            self._best(text[person], graph[person], popular, theirs, k, excluded[person] if excluded else (), allowed)
            for person, theirs in enumerate(interests)
        ]

    def _best(
        self,
        text: NDArray[np.float32],
        graph: NDArray[np.float32],
        popular: NDArray[np.float32],
        interests: Sequence[Interest],
        k: int,
        excluded: Collection[int],
        allowed: NDArray[np.bool_] | None,
    ) -> list[Ranked]:
        entities = self.artifact.model.entities
        rows = [(entities.index[i.entity], i) for i in interests if i.entity in entities.index]
        direct = np.zeros(len(popular), dtype=np.float32)
        for row, interest in rows:
            neighbours = self._direct.indices[self._direct.indptr[row] : self._direct.indptr[row + 1]]
            if interest.polarity < 0:
                direct[neighbours] -= _DISLIKE_PENALTY * interest.score
            elif row >= len(popular):
                telling = min(math.log((1 + len(popular)) / (1 + len(neighbours))), _MOST_TELLING)
                direct[neighbours] += _DIRECT_GAIN * telling * interest.score
        total = text + graph + direct + popular
        hidden = [row for row, interest in rows if row < len(popular)] + list(excluded)
        total[hidden] = -np.inf
        if allowed is not None:
            total[~allowed] = -np.inf
        k = min(k, len(total))
        # All that tie with the last of the best are among them until sorted, so that a longer list begins like a shorter one.
        least = np.partition(total, len(total) - k)[len(total) - k]
        best = np.flatnonzero(total >= least)
        best = best[np.argsort(-total[best], kind="stable")][:k]
        return [
            Ranked(
                int(item),
                float(total[item]),
                float(text[item]),
                float(graph[item]),
                float(direct[item]),
                float(popular[item]),
            )
            for item in best
            if np.isfinite(total[item])
        ]

    def allowed(self, conditions: Iterable[str]) -> NDArray[np.bool_] | None:
        """Return which items meet all conditions, as "year>=2010" or "title!=Her", [items]; None without conditions.

        A number is compared with numbers, anything else with text, without regard to case; an item without the property meets
        no condition. Raises InputError for a condition that cannot be read or a property that no item has.
        """
        allowed = None
        for condition in conditions:
            met = self._met(condition)
            allowed = met if allowed is None else allowed & met
        return allowed

    def _met(self, condition: str) -> NDArray[np.bool_]:
        read = _CONDITION.fullmatch(condition)
        if read is None:
            raise InputError(
                f"--where: expected PROPERTY, one of {' '.join(_OPERATORS)}, and a value, found {condition!r}.",
                remedy="For example: --where 'year>=2010'",
            )
        name, compare, wanted = read[1], _OPERATORS[read[2]], read[3].strip("\"'")
        properties = self.artifact.properties
        if name not in properties:
            raise InputError(
                f"--where: no item has the property '{name}'; there are: {', '.join(sorted(properties)) or 'none'}."
            )
        values = properties[name]
        if any(_is_number(value) for value in values):
            try:
                number = float(wanted)
            except ValueError as error:
                raise InputError(
                    f"--where: '{name}' is a number; expected one after '{read[2]}', found {wanted!r}."
                ) from error
            return np.array([_is_number(value) and compare(value, number) for value in values])
        return np.array([value is not None and compare(str(value).casefold(), wanted.casefold()) for value in values])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
