"""From a person's words and interests to a ranked list of items; needs the model alone, not the graph."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from kg_rec.errors import InputError
from kg_rec.model.calibration import log_chances
from kg_rec.model.link_prediction import People
from kg_rec.model.signals import SIGNALS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from kg_rec.interest import Interest
    from kg_rec.model.artifact import Artifact

DISLIKE_PENALTY = 6.0
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


PARTS = (*SIGNALS, "dislikes")
"""What a score is the sum of: each signal times its weight, and what is lost for what the person dislikes or skipped."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """One recommended item: its row, its score, the parts that the score is the sum of, by name, and how likely the person is to
    like it (kg_rec/model/calibration.py), None where the model does not know.
    """

    item: int
    score: float
    parts: dict[str, float]
    probability: float | None = None


class Ranking:
    """Ranks the items of an artifact."""

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact
        self._neighbours = artifact.model.evidence.direct.tocsc()

    def rank(
        self,
        vectors: NDArray[np.float32],
        interests: Sequence[Sequence[Interest]],
        asks: NDArray[np.float32],
        *,
        k: int,
        excluded: Sequence[Collection[int]] = (),
        allowed: NDArray[np.bool_] | None = None,
        lowered: Sequence[Mapping[int, float]] = (),
    ) -> list[list[Ranked]]:
        """Return up to k items for each person, best first.

        vectors: of their words, [P, T]; asks: how much the words ask, [P]. Items that an interest points to are never among the
        results: they are known to the person. excluded: rows of items for each person that they know otherwise, or nothing;
        allowed: [items], False for those that no one gets; lowered: what items
        lose for each person, by row. What is known takes no part in a probability, what is not allowed does.
        """
        parts = self.parts(vectors, interests, asks)
        return [
            self.best(
                parts[person],
                theirs,
                float(asks[person]),
                k=k,
                excluded=excluded[person] if excluded else (),
                allowed=allowed,
                lowered=lowered[person] if lowered else {},
            )
            for person, theirs in enumerate(interests)
        ]

    def best(
        self,
        parts: NDArray[np.float32],
        interests: Sequence[Interest],
        asks: float,
        *,
        k: int,
        excluded: Collection[int] = (),
        allowed: NDArray[np.bool_] | None = None,
        lowered: Mapping[int, float] = MappingProxyType({}),
    ) -> list[Ranked]:
        """Return up to k items for one person, best first, by the parts of their scores, [12, items] (see rank)."""
        hidden = [*self.artifact.model.entities.items_in(interests), *excluded]
        if lowered:
            parts = parts.copy()
            parts[PARTS.index("dislikes"), list(lowered)] -= np.array(list(lowered.values()), dtype=np.float32)
        found = _best(parts, k, hidden, allowed)
        calibration = self.artifact.model.calibration
        if calibration is None or not found:
            return found
        chances = log_chances(parts.sum(axis=0), hidden)[[one.item for one in found]]
        likely = calibration.probabilities(chances, asks).tolist()
        return [replace(one, probability=chance) for one, chance in zip(found, likely, strict=True)]

    def parts(
        self, vectors: NDArray[np.float32], interests: Sequence[Sequence[Interest]], asks: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return the parts of every item's score for every person, as they stand in PARTS, [P, 12, items]."""
        model = self.artifact.model
        people = People.of(vectors, interests, model.entities.index)
        return self.weighed(model.evidence.signals(people), interests, asks)

    def weighed(
        self, signals: NDArray[np.float32], interests: Sequence[Sequence[Interest]], asks: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return the parts of the scores, as `parts` does, from the signals of these people, [P, 11, items]."""
        model = self.artifact.model
        signals = signals * model.fusion.weights(asks)[:, :, None]
        disliked = np.zeros((len(interests), 1, signals.shape[2]), dtype=np.float32)
        for person, theirs in enumerate(interests):
            for interest in theirs:
                row = model.entities.index.get(interest.entity)
                if interest.polarity < 0 and row is not None:
                    start, end = self._neighbours.indptr[row : row + 2]
                    disliked[person, 0, self._neighbours.indices[start:end]] -= DISLIKE_PENALTY * interest.score
        found: NDArray[np.float32] = np.concatenate([signals, disliked], axis=1)
        return found

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


def _best(parts: NDArray[np.float32], k: int, hidden: list[int], allowed: NDArray[np.bool_] | None) -> list[Ranked]:
    total = parts.sum(axis=0)
    total[hidden] = -np.inf
    if allowed is not None:
        total[~allowed] = -np.inf
    k = min(k, len(total))
    # All that tie with the last of the best are among them until sorted, so that a longer list begins like a shorter one.
    least = np.partition(total, len(total) - k)[len(total) - k]
    best = np.flatnonzero(total >= least)
    best = best[np.argsort(-total[best], kind="stable")][:k]
    return [
        Ranked(int(item), float(total[item]), dict(zip(PARTS, parts[:, item].tolist(), strict=True)))
        for item in best
        if np.isfinite(total[item])
    ]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
