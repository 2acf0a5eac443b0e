"""Whether words ask for something, or tell of somebody.

"I am looking for a slow western" asks. "jazz, soul, 60s" and a review of something else tell: they hint at a taste, and what is
wanted is not in them. Told from the phrases of asking and of telling in the languages' data, from what is named and how much of it,
and from whether the words read more like the asking sentences of the items or more like their running text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kg_rec.text.lexicon import Lexicon, Phrase, languages_of, lexicon
from kg_rec.text.words import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kg_rec.interest import Interest

ASKS, UNCLEAR, TELLS = 1.0, 0.5, 0.0
_FEW_WORDS = 6
_SOME_WORDS = 20
"""Fewer are about one thing, and a phrase of asking among them is meant."""
_MANY_WORDS = 60
"""Whoever asks comes to the point; in so many words without a phrase of asking, something is told."""
_MANY_NAMES = 4
"""Whoever wants something names a thing or two of it; a longer list says what somebody is like."""
_QUESTION = re.compile(r"[?？]")


REVIEWS = (
    "I bought this a while ago, and it is just what I hoped for.",
    "It works well, and is better made than the one I had before.",
    "Not what I expected: it broke after a week, and I sent it back.",
    "It was a present for somebody in the family, who uses it every day.",
    "Good quality for the price; it arrived on time, as described.",
    "The best I have had in years, and I keep coming back to it.",
    "It starts well, but gets weaker towards the end, and I would not take it again.",
    "A little small, but comfortable, and easy to clean.",
)
"""How people write of a thing they have, whatever it is: what telling reads like where items have no running text."""


@dataclass(frozen=True)
class Manner:
    """How asking and telling read in one graph.

    asking: mean vector of the items' asking sentences, [T], of length 1; telling: those of their running texts and of REVIEWS,
    [2, T], the first zeros where items have no texts.
    """

    asking: NDArray[np.float32]
    telling: NDArray[np.float32]

    @classmethod
    def of(cls, asked: NDArray[np.float32], texts: NDArray[np.float32], reviews: NDArray[np.float32]) -> Manner:
        """Take the vectors of all asking sentences, [S, T], of all running texts, [R, T], and of REVIEWS."""
        return cls(_mean(asked), np.stack([_mean(texts), _mean(reviews)]))

    def asks(
        self, texts: Sequence[str], vectors: NDArray[np.float32], interests: Sequence[Sequence[Interest]], item: str
    ) -> NDArray[np.float32]:
        """Return how much each text asks, [P], in [0, 1].

        vectors: of the texts, [P, T]; interests: what they were linked to; item: label of the items.
        """
        likely = vectors @ self.asking > (vectors @ self.telling.T).max(axis=1)
        return np.array(
            [_asks(text, like, theirs, item) for text, like, theirs in zip(texts, likely, interests, strict=True)],
            dtype=np.float32,
        )


def _asks(text: str, reads_like_asking: bool, interests: Sequence[Interest], item: str) -> float:
    words = Words(text)
    spoken = lexicon(languages_of(words))
    asked, told = _phrases(words, spoken)
    is_long = len(words.tokens) > _MANY_WORDS * max(asked, 1)
    if not told and not is_long and spoken.greetings.longest(words.tokens, 0, frozenset()):
        return ASKS  # of the one who is greeted
    if asked > told:
        if reads_like_asking and not is_long:
            return ASKS
        return UNCLEAR if reads_like_asking or len(words.tokens) <= _SOME_WORDS else TELLS
    if told or is_long:
        return UNCLEAR if asked and reads_like_asking and not is_long else TELLS
    if not reads_like_asking:
        return UNCLEAR if _is_search(words, spoken, interests, item) else TELLS
    if any(interest.label == item and interest.polarity > 0 for interest in interests):
        return ASKS  # who names an item they like wants more of its kind
    if len({interest.evidence.casefold() for interest in interests}) >= _MANY_NAMES:
        return TELLS
    if _QUESTION.search(text) or any(_is_opinion(words, place, spoken) for place in range(len(words.tokens))):
        return UNCLEAR
    # A few words are what is typed into a search field.
    return UNCLEAR if 0 < len(words.tokens) <= _FEW_WORDS else TELLS


def _is_search(words: Words, spoken: Lexicon, interests: Sequence[Interest], item: str) -> bool:
    """Tell whether a few words are all names of what items have, as typed into a search field: "time travel, dystopia".

    Such words read like neither asking nor telling, so how they read says nothing. They may ask, and may as well be three tags
    of somebody's taste, who is served worse by the weights of asking: so they are not taken to ask for sure.
    """
    names = {interest.evidence.casefold() for interest in interests}
    if not 0 < len(words.tokens) <= _FEW_WORDS or len(names) >= _MANY_NAMES:
        return False
    if any(interest.label == item or interest.polarity < 0 for interest in interests):
        return False
    named = {token for name in names for token in Words(name).tokens}
    return bool(named) and all(token in named or token in spoken.function for token in words.tokens)


def _phrases(words: Words, spoken: Lexicon) -> tuple[int, int]:
    """Return how many phrases of asking and of telling there are; what is part of a longer phrase is none."""
    asked = told = place = 0
    while place < len(words.tokens):
        asks = spoken.asking.longest(words.tokens, place, spoken.fillers)
        tells = spoken.telling.longest(words.tokens, place, spoken.fillers)
        if tells is not None and (asks is None or tells[1] >= asks[1]):
            told, place = told + 1, tells[1]
        elif asks is not None:
            asked, place = asked + 1, asks[1]
        else:
            place += 1
    return asked, told


def _is_opinion(words: Words, place: int, spoken: Lexicon) -> bool:
    said = spoken.phrases.longest(words.tokens, place, spoken.fillers)
    return said is not None and said[0] in (Phrase.LIKE, Phrase.NOT)


def _mean(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    if not len(vectors):
        return np.zeros(vectors.shape[1], dtype=np.float32)
    mean = vectors.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), dtype=np.float32)
