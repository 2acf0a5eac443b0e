"""Names said by other words that are made from them: "animated" for Animation, "sci-fi" for Science Fiction and the other
way round, "Horrorkomödie" for Horror and Komödie.

Only for what is neither an item nor a person: titles and people are called by their names.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any

from kg_rec.text.lexicon import word_ranks
from kg_rec.text.names import Saying, singulars

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kg_rec.text.lexicon import Lexicon
    from kg_rec.text.names import LinkTarget
    from kg_rec.text.words import Words

Derived = tuple[int, int, int, Saying]
"""First token, last token (not included), number of the target, how it is said."""

_STEMMERS = {
    "de": "german", "en": "english", "es": "spanish", "fr": "french", "it": "italian", "nl": "dutch", "pt": "portuguese",
    "ru": "russian",
}  # fmt: skip
_COMPOUNDING = frozenset(["de", "nl"])
"""Languages that write compounds in one word."""
_SHORTEST = 5
_MOST_SHORTENED = 4
_IN_COMMON = 0.6
"""Least share of the longer word that two words of one stem begin with: "animated", Animation; but not "animals"."""
_LONG, _ALMOST_ALL = 7, 0.8
"""Letters and share of the longer word that two words have in common where stemmers see two stems: melancholy, melancholic."""
_EVERYDAY = 5000
_STEMMING = threading.Lock()


class Derivations:
    """Finds words that are made from the names of `described`: forms to numbers in `targets`."""

    def __init__(self, described: Mapping[str, list[int]], targets: Sequence[LinkTarget]) -> None:
        self._targets = targets
        self._described = described
        self._of_two: defaultdict[tuple[str, str], list[tuple[str, str, list[int]]]] = defaultdict(list)
        for form, numbers in described.items():
            first, _, second = form.partition(" ")
            if len(first) > 1 and len(second) > 1 and " " not in second and form[0].isalpha():
                self._of_two[first[:2], second[:2]].append((first, second, numbers))
        self._stems: dict[str, dict[str, list[str]]] = {}
        self._beginnings: defaultdict[str, list[str]] = defaultdict(list)
        for form in described:
            if len(form) >= _LONG and form.isalpha():
                self._beginnings[form[:_LONG]].append(form)

    def find(self, words: Words, lexicon: Lexicon) -> Iterator[Derived]:
        """Yield what the words of a text are made from."""
        tokens = words.tokens
        for place, token in enumerate(tokens):
            if token in lexicon.function or token in lexicon.talk:
                continue
            if place + 1 < len(tokens) and words.gap(place + 1) in {" ", "-"}:
                following = tokens[place + 1]
                if following not in lexicon.function and following not in lexicon.talk:
                    yield from self._shortened(place, place + 2, token, following)
                    yield from self._in_full(place, token, following)
            if len(token) < _SHORTEST or not token.isalpha():
                continue
            if token not in word_ranks() and token.isascii():
                for cut in range(2, len(token) - 1):
                    yield from self._shortened(place, place + 1, token[:cut], token[cut:])
            if token not in self._described:
                yield from self._of_one_stem(place, token, lexicon.languages)
                if lexicon.languages[0] in _COMPOUNDING:
                    yield from self._compounded(place, token)

    def _shortened(self, first: int, last: int, start: str, end: str) -> Iterator[Derived]:
        """Yield names of two words that both are shortened: "rom com", "rom-coms", "scifi"."""
        if not (1 < len(start) <= _MOST_SHORTENED and 1 < len(end) <= _MOST_SHORTENED + 1):
            return
        if last - first == 2 and _is_everyday(start) and _is_everyday(end):
            return
        for one, two, numbers in self._of_two.get((start[:2], end[:2]), ()):
            endings = [end, *singulars(end)]
            if (
                one != start
                and one.startswith(start)
                and any(two != short and two.startswith(short) for short in endings)
            ):
                yield from ((first, last, number, Saying.SHORTENED) for number in numbers)

    def _in_full(self, place: int, start: str, end: str) -> Iterator[Derived]:
        """Yield shortened names that the text says in full: "science fiction" for Sci-Fi."""
        for one, two, numbers in self._of_two.get((start[:2], end[:2]), ()):
            if len(one) > _MOST_SHORTENED or len(two) > _MOST_SHORTENED or (_is_everyday(one) and _is_everyday(two)):
                continue
            if one != start and two != end and start.startswith(one) and end.startswith(two):
                yield from ((place, place + 2, number, Saying.SHORTENED) for number in numbers)

    def _of_one_stem(self, place: int, token: str, languages: tuple[str, ...]) -> Iterator[Derived]:
        for language in languages:
            if language not in _STEMMERS:
                continue
            names = self._names_by_stem(language).get(_stem(language, token), ())
            alike = [name for name in names if _in_common(name, token) >= _IN_COMMON * max(len(name), len(token))]
            # "animated" is Animation as much as animator, and more than anime; the better known is meant.
            fitness = {name: (_in_common(name, token), self._popularity(name)) for name in alike}
            for name in alike:
                if fitness[name] == max(fitness.values()):
                    yield from ((place, place + 1, number, Saying.DERIVED) for number in self._described[name])
            if alike:
                return
        for name in self._beginnings.get(token[:_LONG], ()):
            if _in_common(name, token) >= _ALMOST_ALL * max(len(name), len(token)):
                yield from ((place, place + 1, number, Saying.DERIVED) for number in self._described[name])

    def _popularity(self, form: str) -> float:
        return max(self._targets[number].popularity for number in self._described[form])

    def _names_by_stem(self, language: str) -> dict[str, list[str]]:
        if language not in self._stems:
            stems: defaultdict[str, list[str]] = defaultdict(list)
            for form in self._described:
                if len(form) >= _SHORTEST and form.isalpha():
                    stems[_stem(language, form)].append(form)
            self._stems[language] = dict(stems)
        return self._stems[language]

    def _compounded(self, place: int, token: str) -> Iterator[Derived]:
        """Yield the names that a compound begins or ends with, the longest of each."""
        for size in range(len(token) - 3, _SHORTEST - 1, -1):
            if token[:size] in self._described:
                yield from ((place, place + 1, number, Saying.COMPOUNDED) for number in self._described[token[:size]])
                break
        for size in range(len(token) - 3, _SHORTEST - 1, -1):
            if token[-size:] in self._described:
                yield from ((place, place + 1, number, Saying.COMPOUNDED) for number in self._described[token[-size:]])
                break


def _is_everyday(word: str) -> bool:
    return word_ranks().get(word, _EVERYDAY) < _EVERYDAY


def _in_common(one: str, two: str) -> int:
    """Return how many letters both words begin with."""
    unlike = (place for place, (a, b) in enumerate(zip(one, two, strict=False)) if a != b)
    return next(unlike, min(len(one), len(two)))


def _stem(language: str, word: str) -> str:
    # A stemmer keeps the word that it is at: two threads would take each other's.
    with _STEMMING:
        stem: str = _stemmer(language).stemWord(word)
    return stem


@cache
def _stemmer(language: str) -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer(_STEMMERS[language])
