"""Names that are misspelt: "Incepton", "Sherlok Holms", "Shawshenk Redemption".

Only around words that are no words, or among capitals ("Nicholas Cage" for Nicolas), and only as far off as people's fingers
are: one slip in seven letters.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from rapidfuzz import process
from rapidfuzz.distance import OSA

from kg_rec.text.lexicon import word_ranks
from kg_rec.text.words import is_unspaced

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg_rec.text.lexicon import Lexicon
    from kg_rec.text.words import Words

_SHORTEST = 6
"""Shorter names are a slip away from too many others."""
_LETTERS_A_SLIP = 7
_SHORTEST_UNKNOWN = 4
_MOST_WORDS = 8
_PHRASE_END = re.compile(r"[.!?:;,…()\[\]\n]")


class Misspellings:
    """Finds windows of a text that read almost like one of `compacts`, forms of names without blanks."""

    def __init__(self, compacts: Iterable[str]) -> None:
        self._known = set(compacts)
        self._alike: defaultdict[tuple[str, int, str], list[str]] = defaultdict(list)
        for compact in self._known:
            if len(compact) >= _SHORTEST and not compact.isdigit() and not is_unspaced(compact):
                self._alike[compact[0], len(compact), _digits(compact)].append(compact)

    def find(self, words: Words, lexicon: Lexicon) -> Iterator[tuple[int, int, list[str]]]:
        """Yield first token, last token (not included) and the nearest forms of each window that is almost a name."""
        seen: set[tuple[int, int]] = set()
        marks = _marks(words)
        for token in range(len(words.tokens)):
            unknown = self._is_unknown(words.tokens[token], lexicon)
            if not (unknown or _is_capital(words, token)):
                continue
            for first in range(max(0, token - _MOST_WORDS + 1), token + 1):
                for last in range(token + 1, min(len(words.tokens), first + _MOST_WORDS) + 1):
                    if (first, last) in seen or not _is_phrase(words, lexicon, marks, first, last):
                        continue
                    if not (unknown or _is_title(words, lexicon, first, last)):
                        continue
                    seen.add((first, last))
                    forms = self._nearest("".join(words.tokens[first:last]))
                    if forms:
                        yield first, last, forms

    def _is_unknown(self, token: str, lexicon: Lexicon) -> bool:
        return (
            len(token) >= _SHORTEST_UNKNOWN
            and token.isalpha()
            and token not in word_ranks()
            and token not in lexicon.function
            and token not in lexicon.talk
            and token not in self._known
            and not is_unspaced(token)
        )

    def _nearest(self, window: str) -> list[str]:
        if window in self._known:
            return []
        size, digits = len(window), _digits(window)
        choices = [
            form
            for length in range(size - 3, size + 4)
            for form in self._alike.get((window[0], length, digits), ())
            if length >= _SHORTEST
        ]
        slips = (size + 3) // _LETTERS_A_SLIP or 1
        found = process.extract(window, choices, scorer=OSA.distance, score_cutoff=slips, limit=5)
        # How many slips are few is for the name to say; the words may have letters too many or too few.
        fair = [(form, distance) for form, distance, _ in found if distance <= (len(form) // _LETTERS_A_SLIP or 1)]
        nearest = min((distance for _, distance in fair), default=0)
        return [form for form, distance in fair if distance == nearest]


def _is_capital(words: Words, token: int) -> bool:
    return words.text[words.token_span(token, token + 1)[0]].isupper()


def _is_title(words: Words, lexicon: Lexicon, first: int, last: int) -> bool:
    """Tell whether words are written as a name is: two or more with capitals, the rest words of grammar."""
    named = [token for token in range(first, last) if words.tokens[token] not in lexicon.function]
    return len(named) > 1 and all(_is_capital(words, token) for token in named)


def _digits(text: str) -> str:
    """Return the digits of a text: another number is another thing, and no slip."""
    return "".join(filter(str.isdigit, text))


def _marks(words: Words) -> list[int]:
    """Return how many gaps with a mark stand before each token, itself included, from the first token on."""
    return list(
        itertools.accumulate(int(bool(_PHRASE_END.search(words.gap(token)))) for token in range(len(words.tokens)))
    )


def _is_phrase(words: Words, lexicon: Lexicon, marks: list[int], first: int, last: int) -> bool:
    """Tell whether the words could be one name: no mark between them, and no word of grammar at an end but an article."""
    if marks[last - 1] != marks[first]:
        return False
    begin, end = words.tokens[first], words.tokens[last - 1]
    return end not in lexicon.function and (begin not in lexicon.function or begin in lexicon.articles)
