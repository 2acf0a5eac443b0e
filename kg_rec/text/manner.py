"""Whether words ask for something, or tell of somebody.

"I am looking for a slow western" asks. "jazz, soul, 60s" and a review of something else tell: they hint at a taste, and what is
wanted is not in them. Told from phrases of asking in the languages' data, from what is named, and from whether the words read
more like the asking sentences of the items or more like their running text.
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

ASKS, UNCLEAR, TELLS = 1.0, 0.7, 0.0
_FEW_WORDS = 6
_QUESTION = re.compile(r"[?？]")


@dataclass(frozen=True)
class Manner:
    """How asking and telling read in one graph.

    asking: mean vector of the items' asking sentences, [T], of length 1; telling: that of their running texts, or zeros where
    they have none.
    """

    asking: NDArray[np.float32]
    telling: NDArray[np.float32]

    @classmethod
    def of(cls, asked: NDArray[np.float32], texts: NDArray[np.float32]) -> Manner:
        """Take the vectors of all asking sentences, [S, T], and of all running texts, [R, T]."""
        return cls(_mean(asked), _mean(texts))

    def asks(
        self, texts: Sequence[str], vectors: NDArray[np.float32], interests: Sequence[Sequence[Interest]], item: str
    ) -> NDArray[np.float32]:
        """Return how much each text asks, [P], in [0, 1].

        vectors: of the texts, [P, T]; interests: what they were linked to; item: label of the items.
        """
        likely = vectors @ self.asking > vectors @ self.telling
        return np.array(
            [_asks(text, like, theirs, item) for text, like, theirs in zip(texts, likely, interests, strict=True)],
            dtype=np.float32,
        )


def _asks(text: str, reads_like_asking: bool, interests: Sequence[Interest], item: str) -> float:
    words = Words(text)
    spoken = lexicon(languages_of(words))
    places = range(len(words.tokens))
    if any(spoken.asking.longest(words.tokens, place, spoken.fillers) for place in places):
        return ASKS if reads_like_asking else UNCLEAR
    if not reads_like_asking:
        return TELLS
    if any(interest.label == item and interest.polarity > 0 for interest in interests):
        return ASKS  # who names an item they like wants more of its kind
    if _QUESTION.search(text) or any(_is_talk(words, place, spoken) for place in places):
        return UNCLEAR
    # A few words are what is typed into a search field; a long list says what somebody is like.
    return UNCLEAR if 0 < len(words.tokens) <= _FEW_WORDS else TELLS


def _is_talk(words: Words, place: int, spoken: Lexicon) -> bool:
    """Tell whether a greeting or an opinion begins here: somebody talks, instead of listing or describing."""
    said = spoken.phrases.longest(words.tokens, place, spoken.fillers)
    return (said is not None and said[0] in (Phrase.LIKE, Phrase.NOT)) or spoken.small_talk.longest(
        words.tokens, place, frozenset()
    ) is not None


def _mean(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    if not len(vectors):
        return np.zeros(vectors.shape[1], dtype=np.float32)
    mean = vectors.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), dtype=np.float32)
