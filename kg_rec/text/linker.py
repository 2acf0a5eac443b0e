"""From a person's words to interests: which entities they name or mean, liked or disliked, and in which words.

    linker = Linker([LinkTarget("Genre/Horror", "Genre", "Horror")])
    linker.link("no horror please")    # [Interest(entity="Genre/Horror", polarity=-1, evidence="horror", …)]

docs/linking.md says how it decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from kg_rec.errors import ShapeError
from kg_rec.interest import Interest
from kg_rec.text.asking import in_words
from kg_rec.text.clauses import Stance, stances
from kg_rec.text.lexicon import Lexicon, languages_of, lexicon
from kg_rec.text.mentions import Mention, NameFinder, item_words
from kg_rec.text.names import LinkTarget, NameForms
from kg_rec.text.near import NearFinder, Passage, passages
from kg_rec.text.words import Words, normalised

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kg_rec.text.encoder import TextEncoder

__all__ = ["LinkTarget", "Linker"]

_UNSEEN = 0.3
"""Score of an item that the person says not to know."""
_NEAR = 0.6
"""Least cosine of a phrase to the name of an entity; one word must be nearer."""
_SOFTENED = 0.5
"""What a dislike counts of which only the degree is denied: "less violent", "not too slow"."""
_MOST_NEAR = 5
_MOST_PASSAGES = 100
"""Passages of a text that are compared with names: each takes as long as a sentence, and more say nothing that counts."""
_SAME_KIND = 0.8
"""Cosine to the label of the items from which a name is just another word for an item, as "film" is for "movie"."""


class Linker:
    """Links texts to `targets`.

    encoder: for entities near in meaning; None leaves those out. vectors: the names of `targets` through that encoder,
    [n_targets, dim] float32, rows of length 1; None has them encoded when the first text comes. Raises ShapeError where
    vectors and targets differ in number.
    """

    def __init__(
        self,
        targets: Sequence[LinkTarget],
        encoder: TextEncoder | None = None,
        vectors: NDArray[np.float32] | None = None,
        *,
        near: float = _NEAR,
    ) -> None:
        self.targets = list(targets)
        if vectors is not None and vectors.shape[:1] != (len(self.targets),):
            raise ShapeError(f"vectors: expected a row for each of {len(self.targets)} targets, found {vectors.shape}")
        self._forms = NameForms(self.targets)
        labels = sorted({target.label for target in self.targets if target.is_item})
        words = frozenset(word for label in labels for word in item_words(label))
        self._near: NearFinder | None = None
        if encoder is not None:
            rows = [
                row
                for row, target in enumerate(self.targets)
                if not target.is_item and target.label not in self._forms.personal
            ]
            described = [self.targets[row] for row in rows]
            vectors = encoder.encode([target.name for target in described]) if vectors is None else vectors[rows]
            words |= _words_for(labels, described, vectors, encoder)
            self._near = NearFinder(described, vectors, encoder, near, words, in_words(labels[0]) if labels else "")
        self._items = words
        # What the labels are called ("which genre?") names none of their entities by meaning, either.
        self._plain = words.union(*map(item_words, {target.label for target in self.targets}))
        self._names = NameFinder(self._forms, words)

    @property
    def personal(self) -> frozenset[str]:
        """Labels whose names are like those of people."""
        return self._forms.personal

    def link(self, text: str) -> list[Interest]:
        """Return what a text shows of a person, in its order: at most one interest an entity."""
        return self.link_many([text])[0]

    def link_many(self, texts: Sequence[str]) -> list[list[Interest]]:
        """Return the interests of each text; phrases of all of them are encoded together."""
        read = [_Linked(text, self._names, self._plain, self._items, self._near) for text in texts]
        if self._near is not None:
            phrases = [phrase for linked in read for phrase in linked.phrases()]
            describing = [passage.describing for linked in read for passage in linked.passages]
            found = iter(self._near.near(phrases, describing))
            for linked in read:
                linked.add_near([next(found) for _ in linked.passages])
        return [linked.interests() for linked in read]


def _words_for(
    labels: Sequence[str], described: Sequence[LinkTarget], vectors: NDArray[np.float32], encoder: TextEncoder
) -> frozenset[str]:
    """Return the names that are just other words for an item, by their nearness to the label of the items."""
    if not labels or not described:
        return frozenset()
    nearest = (vectors @ encoder.encode(list(labels)).T).max(axis=1)
    names = (normalised(target.name) for target, cosine in zip(described, nearest, strict=True) if cosine >= _SAME_KIND)
    return frozenset(word for name in names if " " not in name for word in item_words(name))


class _Linked:
    """One text on its way to interests."""

    def __init__(
        self, text: str, names: NameFinder, plain: frozenset[str], items: frozenset[str], finder: NearFinder | None
    ) -> None:
        self.words = Words(text)
        self.lexicon: Lexicon = lexicon(languages_of(self.words))
        self.mentions: list[Mention] = names.find(self.words, self.lexicon)
        named = [(mention.first, mention.last) for mention in self.mentions]
        found = passages(self.words, self.lexicon, named, plain, items) if finder else []
        self.passages: list[Passage] = found[:_MOST_PASSAGES]
        places = sorted([*named, *((passage.first, passage.last) for passage in self.passages)])
        self.stances = dict(zip(places, stances(self.words, self.lexicon, places), strict=True))
        self.found: list[Interest] = []
        for mention in self.mentions:
            stance = self.stances[mention.first, mention.last]
            for meaning in mention.meanings:
                weight = _UNSEEN if stance is Stance.UNSEEN and meaning.target.is_item else 1.0
                span = self.words.span(*(meaning.part or (mention.start, mention.end)))
                self._add(meaning.target, meaning.score * weight, stance, span, near=False)
            if finder is not None:
                self._add_better_known(mention, stance, finder)

    def _add_better_known(self, mention: Mention, stance: Stance, finder: NearFinder) -> None:
        """Add what says nearly the same as the named entities and is far better known."""
        near = finder.better_known([meaning.target for meaning in mention.meanings if meaning.part is None])
        if near is not None and all(near.target.key != meaning.target.key for meaning in mention.meanings):
            self._add(near.target, near.cosine, stance, self.words.span(mention.start, mention.end), near=True)

    def phrases(self) -> list[str]:
        """Return the phrases that are no names, as they stand in the text."""
        text = self.words.text
        return [text[slice(*self.words.token_span(passage.first, passage.last))] for passage in self.passages]

    def add_near(self, found: Sequence[object]) -> None:
        from kg_rec.text.near import Nearness

        ranked = sorted(
            ((near, passage) for near, passage in zip(found, self.passages, strict=True) if isinstance(near, Nearness)),
            key=lambda pair: -pair[0].cosine,
        )
        named = {interest.entity for interest in self.found}
        for near, passage in ranked[:_MOST_NEAR]:
            if near.target.key not in named:
                span = self.words.token_span(passage.first, passage.last)
                self._add(near.target, near.cosine, self.stances[passage.first, passage.last], span, near=True)

    def _add(self, target: LinkTarget, score: float, stance: Stance, span: tuple[int, int], *, near: bool) -> None:
        if stance is Stance.SOFTENED:
            score *= _SOFTENED
        self.found.append(
            Interest(
                entity=target.key,
                label=target.label,
                name=target.name,
                score=round(min(1.0, score), 4),
                polarity=-1 if stance in {Stance.DISLIKED, Stance.SOFTENED} else 1,
                evidence=self.words.text[slice(*span)],
                source="near" if near else "named",
                span=span,
            )
        )

    def interests(self) -> list[Interest]:
        """Return the interests in the order of the text; of several in one entity, the surest, then the last."""
        best: dict[str, Interest] = {}
        for interest in self.found:
            other = best.get(interest.entity)
            if other is None or interest.score >= other.score:
                best[interest.entity] = interest
        return sorted(best.values(), key=lambda interest: (interest.span or (0, 0), -interest.score, interest.entity))
