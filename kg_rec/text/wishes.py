"""What of a person's words says what they want: everything but the clauses about what they do not want.

A clause ends at a mark, and behind a word of contrast ("but", "aber", "pero"): the words that end what a dislike reaches in
kg_rec/text/clauses.py, too.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg_rec.text.lexicon import Lexicon, Phrase, languages_of, lexicon
from kg_rec.text.words import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from kg_rec.interest import Interest, Link
    from kg_rec.progress import Step
    from kg_rec.text.encoder import TextEncoder

_MARK = re.compile(r"[.!?;,…。！？；，、\n]")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What P texts say of a wish: interests of each, and vectors of what is wanted, [P, T]."""

    interests: list[list[Interest]]
    vectors: NDArray[np.float32]

    def at(self, rows: Sequence[int]) -> Wishes:
        """Return those of some of the texts."""
        return Wishes([self.interests[row] for row in rows], self.vectors[list(rows)])


def understood(texts: Sequence[str], link: Link, encoder: TextEncoder, progress: Step | None = None) -> Wishes:
    """Link texts, and encode what is wanted in them: the way of everybody's words, of real people and of simulated ones."""
    interests = link(list(texts))
    return Wishes(interests, encoder.encode(wishes(texts, interests), progress=progress))


def wishes(texts: Sequence[str], interests: Sequence[Sequence[Interest]]) -> list[str]:
    """Return what is wanted in each text, given the interests that it shows."""
    return [wished(text, theirs) for text, theirs in zip(texts, interests, strict=True)]


def wished(text: str, interests: Sequence[Interest]) -> str:
    """Return `text` without the clauses in which a dislike was found.

    To a sentence encoder "no horror please" is a sentence about horror, and near to every horror film. Nothing is taken out
    when that would leave nothing but grammar.
    """
    disliked = [interest.span for interest in interests if interest.polarity < 0 and interest.span is not None]
    if not disliked:
        return text
    words = Words(text)
    known = lexicon(languages_of(words))
    named = [interest.span for interest in interests if interest.span is not None]
    # A mark or a "but" inside a name ("Stop, Look and Go") ends no clause.
    ends = {end for end in _clause_ends(words, known) if not any(begin < end < stop for begin, stop in named)}
    clauses = itertools.pairwise(sorted({0, *ends, len(text)}))
    kept = [text[a:b] for a, b in clauses if not any(start < b and end > a for start, end in disliked)]
    rest = "".join(kept).strip()
    return rest if any(token not in known.function for token in Words(rest).tokens) else text


def _clause_ends(words: Words, known: Lexicon) -> Iterator[int]:
    """Yield the places of the text at which a clause ends."""
    for match in _MARK.finditer(words.text):
        yield match.end()
    token = 0
    while token < len(words.tokens):
        phrase = known.phrases.longest(words.tokens, token, known.fillers)
        if phrase is not None and phrase[0] is Phrase.TURN and not _MARK.search(words.gap(phrase[1])):
            yield words.token_span(token, phrase[1])[1]
        token = phrase[1] if phrase is not None else token + 1
