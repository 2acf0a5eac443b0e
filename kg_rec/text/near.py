"""Entities that a text speaks of in other words: "makes me laugh", near the name "comedy" in meaning.

What a text says beyond the names in it, and beyond grammar and talk, is cut into short phrases. Each is encoded and
compared with the names of the entities, items and people left out: a title says little about what the item is like.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from kg_rec.text.lexicon import Lexicon, Phrase, word_ranks
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
_KIND = 0.85
"""Least cosine of "a funny film" to "a comedy film" for the one to say the other."""
_KIND_AHEAD = 0.15
"""How much nearer than the next kind it must be: "an interesting film" is as near to many."""
_MOST_KINDS = 30
"""Entities of a label that tells kinds of items, as genres do, rather than single things."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A short phrase of a text: its tokens, the latter not included; describing: whether it is one word said of an item."""

    first: int
    last: int
    describing: bool = False


@dataclass(frozen=True, slots=True)
class Nearness:
    """An entity near a phrase. cosine: of their vectors."""

    target: LinkTarget
    cosine: float


def passages(
    words: Words,
    lexicon: Lexicon,
    named: Sequence[tuple[int, int]],
    plain: frozenset[str],
    item_words: frozenset[str] = frozenset(),
) -> list[Passage]:
    """Return the phrases of a text that are not names, grammar or talk, in its order.

    named: the tokens of the names. plain: further words that say nothing by themselves. item_words: what an item is called by
    kind, as "movie".
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
    return [
        replace(passage, describing=_describes(words, lexicon, passage, item_words))
        for passage in found
        if _says_something(words, passage)
    ]


def _describes(words: Words, lexicon: Lexicon, passage: Passage, item_words: frozenset[str]) -> bool:
    """Tell whether one word is said of an item: "a funny film", "something really funny"; not "my boss is funny"."""
    if passage.last - passage.first != 1:
        return False
    tokens = words.tokens
    if passage.last < len(tokens) and tokens[passage.last] in item_words and words.gap(passage.last) == " ":
        return True
    before = passage.first - 1
    while before > 0 and tokens[before] in lexicon.determiners and words.gap(before + 1) == " ":
        before -= 1
    if before < 0 or words.gap(before + 1) != " " or tokens[before] not in lexicon.function:
        return False
    said = lexicon.phrases.longest(tokens, before, frozenset())
    return said == (Phrase.LIKE, before + 1)


def _longest(token: str) -> int:
    return 2 * _MOST_WORDS if is_unspaced(token) else _MOST_WORDS


def _says_something(words: Words, passage: Passage) -> bool:
    tokens = words.tokens[passage.first : passage.last]
    return sum(map(len, tokens)) > 1 and not all(token.isdigit() for token in tokens)


class NearFinder:
    """Finds the entities whose names are near phrases in meaning.

    vectors: [len(targets), dim], rows of length 1, the names of `targets` through the same encoder. item_words: what an
    item is called by kind; a phrase that is nearer to those says nothing. least: the least cosine of a phrase of several
    words; one word must be nearer. item: the label of the items in words, as "film", or "" for none.
    """

    def __init__(
        self,
        targets: Sequence[LinkTarget],
        vectors: NDArray[np.float32],
        encoder: TextEncoder,
        least: float,
        item_words: frozenset[str],
        item: str = "",
    ) -> None:
        self.encoder = encoder
        self._item = item
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

    def near(self, phrases: Sequence[str], describing: Sequence[bool] = ()) -> list[Nearness | None]:
        """Return the nearest entity to each phrase, None where none is near enough.

        describing: which of them are one word said of an item; what is near to none of the names may then say a kind of item.
        """
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
        said = {phrase for phrase, alone in zip(phrases, describing, strict=False) if alone and found[phrase] is None}
        kinds = self._kinds_said({phrase: row for phrase, row in zip(distinct, vectors, strict=True) if phrase in said})
        told = [found[phrase] for phrase in phrases]
        for place, alone in enumerate(describing):
            if alone and told[place] is None:
                told[place] = kinds[phrases[place]]
        return told

    def _kinds_said(self, adjectives: Mapping[str, NDArray[np.float32]]) -> dict[str, Nearness | None]:
        """Return the kind of item that each word says of one, None where it is none: "funny", of the genre Comedy.

        adjectives: the words, each with its vector, [T].

        The words alone are far apart; "a funny film" and "a comedy film" are not. The cosine is that of the words alone, or the
        least that counts where that is less.
        """
        found: dict[str, Nearness | None] = dict.fromkeys(adjectives)
        if not adjectives or not self._item or len(self._kinds) < 2:
            return found
        cosines = self.encoder.encode([self._of_item(word) for word in adjectives]) @ self._kind_vectors.T
        alone = np.stack(list(adjectives.values())) @ self._vectors[self._kinds].T
        for word, row, bare in zip(adjectives, cosines, alone, strict=True):
            best, second = np.argsort(-row, kind="stable")[:2]
            if row[best] >= _KIND and row[best] - row[second] >= _KIND_AHEAD:
                found[word] = Nearness(self.targets[self._kinds[best]], max(self.least, float(bare[best])))
        return found

    @cached_property
    def _kinds(self) -> list[int]:
        """Places of the entities that tell kinds of items: those of labels that have few."""
        size = Counter(target.label for target in self.targets)
        return [place for place, target in enumerate(self.targets) if size[target.label] <= _MOST_KINDS]

    @cached_property
    def _kind_vectors(self) -> NDArray[np.float32]:
        return self.encoder.encode([self._of_item(self.targets[place].name.lower()) for place in self._kinds])

    def _of_item(self, word: str) -> str:
        return f"a {word} {self._item}"

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
        better = np.flatnonzero(self._popularity >= popular)  # few, and none where the target is well known itself
        if not len(better):
            return None
        cosines = self._vectors[better] @ self._vectors[place]
        best = int((cosines + self._bonus[better]).argmax())
        found = self.targets[better[best]]
        if cosines[best] < self.least + _ONE_WORD or _says_more(found.name, named[0]):
            return None
        return Nearness(found, float(cosines[best]))


def _says_more(name: str, phrase: str) -> bool:
    """Tell whether a name says all of a phrase and more, and is another thing therefore: "true story" of "story"."""
    said, words = normalised(phrase).split(" "), normalised(name).split(" ")
    return len(said) < len(words) and set(said) < {*words, *(one for word in words for one in singulars(word))}
