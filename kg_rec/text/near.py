"""Entities that a text speaks of in other words: "makes me laugh", near the name "comedy" in meaning.

What a text says beyond the names in it, and beyond grammar and talk, is cut into short phrases. Each is encoded and
compared with the names of the entities, items and people left out: a title says little about what the item is like.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kg_rec.text.lexicon import Lexicon, word_ranks
from kg_rec.text.names import LinkTarget, singulars
from kg_rec.text.words import Words, is_unspaced, normalised

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kg_rec.text.encoder import TextEncoder

_BATCH = 1024
_MOST_WORDS = 4
_BREAK = re.compile(r"[.!?…,;:()\[\]\"“”\n/。！？；，、（）《》「」]")
_POPULARITY = 0.03
"""How much nearer an entity counts for each tenfold of its popularity."""
_ONE_WORD = 0.1
"""How much nearer one word alone must be than several: it says less."""
_VAGUE = 0.1
"""How much nearer a word must be that is met everywhere ("line", "past"), or that is none: its vector says little."""
_EVERYDAY = 2500
_TIMES_BETTER_KNOWN = 10.0


@dataclass(frozen=True, slots=True)
class Passage:
    """A short phrase of a text: its tokens, the latter not included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Nearness:
    """An entity near a phrase. cosine: of their vectors."""

    target: LinkTarget
    cosine: float


def passages(words: Words, lexicon: Lexicon, named: Sequence[tuple[int, int]], plain: frozenset[str]) -> list[Passage]:
    """Return the phrases of a text that are not names, grammar or talk, in its order.

    named: the tokens of the names. plain: further words that say nothing by themselves.
    """
    silent = bytearray(len(words.tokens))
    for first, last in named:
        silent[first:last] = b"\2" * (last - first)
    token = 0
    while token < len(words.tokens):
        courtesy = lexicon.small_talk.longest(words.tokens, token, frozenset())
        if courtesy is not None and not any(silent[token : courtesy[1]]):
            silent[token : courtesy[1]] = b"\2" * (courtesy[1] - token)
            token = courtesy[1]
            continue
        word = words.tokens[token]
        said = lexicon.phrases.longest(words.tokens, token, lexicon.fillers)
        if said is not None and not any(silent[token : said[1]]):
            silent[token : said[1]] = b"\2" * (said[1] - token)
            token = said[1]
            continue
        if not silent[token] and (word in lexicon.talk or word in plain):
            silent[token] = 2
        elif not silent[token] and (word in lexicon.function or (len(word) < 3 and not is_unspaced(word))):
            silent[token] = 1
        token += 1
    found: list[Passage] = []
    run: list[int] = []

    def close() -> None:
        while run and silent[run[-1]]:
            run.pop()
        if run and run[-1] - run[0] < _longest(words.tokens[run[0]]):
            found.append(Passage(run[0], run[-1] + 1))
        elif run:
            found.extend(Passage(token, token + 1) for token in run if not silent[token])
        run.clear()

    for token in range(len(words.tokens)):
        if silent[token] == 2 or (run and _BREAK.search(words.gap(token))):
            close()
        if silent[token] == 2 or (silent[token] and not run):
            continue
        run.append(token)
    close()
    return [passage for passage in found if _says_something(words, passage)]


def _longest(token: str) -> int:
    return 2 * _MOST_WORDS if is_unspaced(token) else _MOST_WORDS


def _says_something(words: Words, passage: Passage) -> bool:
    tokens = words.tokens[passage.first : passage.last]
    return sum(map(len, tokens)) > 1 and not all(token.isdigit() for token in tokens)


class NearFinder:
    """Finds the entities whose names are near phrases in meaning.

    vectors: [len(targets), dim], rows of length 1, the names of `targets` through the same encoder. item_words: what an
    item is called by kind; a phrase that is nearer to those says nothing. least: the least cosine of a phrase of several
    words; one word must be nearer.
    """

    def __init__(
        self,
        targets: Sequence[LinkTarget],
        vectors: NDArray[np.float32],
        encoder: TextEncoder,
        least: float,
        item_words: frozenset[str],
    ) -> None:
        self.encoder = encoder
        self._items = encoder.encode(sorted(item_words))
        self.least = least
        self._keys = {target.key for target in targets}
        best: dict[str, int] = {}  # of several entities with one name, the most popular
        for row, target in enumerate(targets):
            name = normalised(target.name)
            if (
                name
                and name not in item_words
                and (name not in best or targets[best[name]].popularity < target.popularity)
            ):
                best[name] = row
        rows = list(best.values())
        self.targets = [targets[row] for row in rows]
        self._places = {name: place for place, name in enumerate(best)}
        self._vectors = np.ascontiguousarray(vectors[rows])
        self._popularity = np.array([target.popularity for target in self.targets])
        self._bonus = np.array(
            [_POPULARITY * math.log10(1 + max(target.popularity, 0.0)) for target in self.targets], dtype=np.float32
        )

    def near(self, phrases: Sequence[str]) -> list[Nearness | None]:
        """Return the nearest entity to each phrase, None where none is near enough."""
        if not phrases or not self.targets:
            return [None] * len(phrases)
        found: dict[str, Nearness | None] = {}
        distinct = list(dict.fromkeys(phrases))
        vectors = self.encoder.encode(distinct)
        for start in range(0, len(distinct), _BATCH):
            some = slice(start, start + _BATCH)
            cosines = vectors[some] @ self._vectors.T
            items = (vectors[some] @ self._items.T).max(axis=1, initial=-1.0)
            for phrase, row, item in zip(distinct[some], cosines, items, strict=True):
                found[phrase] = self._best(phrase, row, float(item))
        return [found[phrase] for phrase in phrases]

    def _best(self, phrase: str, cosines: NDArray[np.float32], to_items: float) -> Nearness | None:
        place = int((cosines + self._bonus).argmax())
        cosine = float(cosines[place])
        # Nearer to what items are called than to any of their entities: "flick" says "movie".
        if cosine < self._enough(phrase) or cosine <= to_items:
            return None
        return None if _says_more(self.targets[place].name, phrase) else Nearness(self.targets[place], cosine)

    def _enough(self, phrase: str) -> float:
        words = normalised(phrase).split(" ")
        if len(words) > 1 or is_unspaced(phrase):
            return self.least
        rank = word_ranks().get(words[0]) if words[0].isascii() else _EVERYDAY
        vague = rank is None or rank < _EVERYDAY
        return self.least + _ONE_WORD + (_VAGUE if vague else 0.0)

    def better_known(self, targets: Sequence[LinkTarget]) -> Nearness | None:
        """Return the entity that says nearly the same as `targets`, entities of one name, and is far better known.

        In a graph with the genre Horror, "scary" may be no more than a tag on two items.
        """
        named = [
            name for target in targets if target.key in self._keys if (name := normalised(target.name)) in self._places
        ]
        if not named:
            return None
        place = self._places[named[0]]
        popular = _TIMES_BETTER_KNOWN * max(1.0, *(target.popularity for target in targets))
        cosines = np.where(self._popularity >= popular, self._vectors @ self._vectors[place], -1.0)
        best = int((cosines + self._bonus).argmax())
        if cosines[best] < self.least + _ONE_WORD or _says_more(self.targets[best].name, named[0]):
            return None
        return Nearness(self.targets[best], float(cosines[best]))


def _says_more(name: str, phrase: str) -> bool:
    """Tell whether a name says all of a phrase and more, and is another thing therefore: "true story" of "story"."""
    said, words = normalised(phrase).split(" "), normalised(name).split(" ")
    return len(said) < len(words) and set(said) < {*words, *(one for word in words for one in singulars(word))}
