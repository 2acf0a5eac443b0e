"""Answers to many people at once: words are linked, encoded, ranked and explained together, in one pass over the model.

No Neo4j is asked: what explains is a copy of the graph in memory (kg_rec/graph/surroundings.py).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from kg_rec.errors import InputError, KgRecError, UnknownEntityError
from kg_rec.graph.keys import id_of
from kg_rec.interest import Interest
from kg_rec.model.diversity import POOL, diversified
from kg_rec.model.ranking import Ranked, Ranking
from kg_rec.model.similarity import Similarity
from kg_rec.person import KnownPerson, standing_text
from kg_rec.recommender import explain_items, notes_on, serving_linker, titles_like
from kg_rec.service.about import examples
from kg_rec.service.entities import EntityNames
from kg_rec.service.problems import ProblemError
from kg_rec.text.manner import ASKS, UNCLEAR
from kg_rec.text.wishes import wishes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from kg_rec.graph.explain import Explanation, Step
    from kg_rec.graph.surroundings import Snapshot
    from kg_rec.model.artifact import Artifact
    from kg_rec.service.models import WantedInterest
    from kg_rec.text.encoder import TextEncoder
    from kg_rec.text.linker import Linker

WITHOUT_PATHS = "The graph cannot be reached: these answers are without its paths."
CHANGED = "The graph has changed since the model was made; kg-rec sync brings the model up to date."
_NOTHING: Mapping[int, float] = MappingProxyType({})


@dataclass(frozen=True)
class Served:
    """A model as it is served: nothing of it changes. around: None where the graph could not be read; changed: whether the
    graph is another than the model was trained on.
    """

    artifact: Artifact
    encoder: TextEncoder
    around: Snapshot | None
    changed: bool = False

    @cached_property
    def linker(self) -> Linker:
        """From words to interests."""
        return serving_linker(self.artifact, self.encoder)

    @cached_property
    def ranking(self) -> Ranking:
        """From interests to items."""
        return Ranking(self.artifact)

    @cached_property
    def similarity(self) -> Similarity:
        """The fused vectors of the items."""
        return Similarity(self.artifact.model)

    @cached_property
    def names(self) -> EntityNames:
        """The names of the entities."""
        return EntityNames(self)

    @cached_property
    def examples(self) -> list[str]:
        """Sentences of the graph's own names, to begin with."""
        return examples(self)

    @cached_property
    def _by_name(self) -> dict[str, list[int]]:
        """Rows of the items by key, by id and by title in small letters; a key comes before an id, an id before a title."""
        entities, ids = self.artifact.model.entities, self.artifact.properties[self.artifact.schema.item.id]
        found: dict[str, list[int]] = {}
        for names in (
            entities.keys[: entities.item_count],
            [str(one) for one in ids],
            [title.casefold() for title in entities.names[: entities.item_count]],
        ):
            named: dict[str, list[int]] = {}
            for row, name in enumerate(names):
                named.setdefault(name, []).append(row)
            found = {**named, **found}
        return found

    def rows_of(self, item: str) -> list[int]:
        """Return the rows of the items with an id, key or title. Raises UnknownEntityError naming titles that are near."""
        rows = self._by_name.get(item) or self._by_name.get(item.casefold())
        if rows:
            return rows
        entities = self.artifact.model.entities
        near = titles_like(item, entities.names[: entities.item_count])
        raise UnknownEntityError(
            f"There is no {entities.item_label} with the id, key or title '{item}'.",
            remedy=f"Nearest titles: {', '.join(near)}" if near else "No title is near it.",
        )

    def row_of(self, item: str) -> int:
        """Return the row of the one item that is meant. Raises UnknownEntityError, and InputError where there are several."""
        rows = self.rows_of(item)
        if len(rows) > 1:
            keys = ", ".join(self.artifact.model.entities.keys[row] for row in rows[:5])
            raise InputError(
                f"'{item}' is the title of several items: {keys}.", remedy="Give the key of the one that is meant."
            )
        return rows[0]

    def allowed(self, where: Sequence[str], exclude: Sequence[str]) -> NDArray[np.bool_] | None:
        """Return which items may be shown, [items], None for all. Raises InputError, and ProblemError (422), which tells each
        place, where some to exclude are not there.
        """
        try:
            allowed = self.ranking.allowed(where)
        except InputError as error:  # told as the command line has it
            told = error.remedy.replace("--where ", "where: ")
            raise InputError(error.message.removeprefix("--"), remedy=told) from error
        if not exclude:
            return allowed
        allowed = np.ones(self.artifact.model.entities.item_count, dtype=bool) if allowed is None else allowed.copy()
        unknown: dict[int, UnknownEntityError] = {}
        for place, item in enumerate(exclude):
            try:
                allowed[self.rows_of(item)] = False
            except UnknownEntityError as error:
                unknown[place] = error
        if unknown:
            first = next(iter(unknown.values()))
            where = [f"exclude.{place}" for place in unknown]
            raise _unknown(f"exclude: {first.message}", first.remedy, where, "expected the id, key or title of an item")
        return allowed

    def wanted(self, given: Sequence[WantedInterest], linked: Sequence[Interest]) -> list[Interest]:
        """Return interests as somebody has them, with the evidence of those that are among `linked`.

        Raises ProblemError (422), which tells each place, where entities are not known.
        """
        entities = self.artifact.model.entities
        unknown = [place for place, one in enumerate(given) if one.entity not in entities.index]
        if unknown:
            first = unknown[0]
            raise _unknown(
                f"interests[{first}].entity: expected the key of an entity of the model, found '{given[first].entity}'.",
                "GET /v1/entities?q=NAME finds keys by name.",
                [f"interests.{place}.entity" for place in unknown],
                "expected the key of an entity of the model",
            )
        found = {interest.entity: interest for interest in linked}
        wanted: dict[str, Interest] = {}
        for one in given:
            row = entities.index[one.entity]
            name = entities.names[row] or id_of(one.entity)
            own = Interest(one.entity, entities.labels[row], name, one.score, one.polarity, source="person")
            known = found.get(one.entity)
            wanted[one.entity] = replace(known, score=one.score, polarity=one.polarity) if known else own
        return list(wanted.values())


def _unknown(message: str, remedy: str, places: Sequence[str], expected: str) -> ProblemError:
    """Return what tells of all that is not known at once: whoever remembers much from another model need not ask for each."""
    errors = [{"where": f"body.{place}", "expected": expected} for place in places]
    return ProblemError(422, message, remedy=remedy, kind="invalid", errors=errors)


@dataclass(frozen=True)
class Question:
    """What is asked for one person.

    words: theirs, or None; given: interests in place of those found in the words; person: what the graph knows of them; k: 0 only
    understands; item: a key, to explain this one instead of the best; read: an answer in which the same words were linked and
    encoded already; encode: whether a vector is wanted, though nothing is recommended.
    """

    words: str | None = None
    given: Sequence[WantedInterest] | None = None
    person: KnownPerson | None = None
    k: int = 10
    where: Sequence[str] = ()
    exclude: Sequence[str] = ()
    diversity: float = 0.0
    item: str | None = None
    read: Answer | None = None
    encode: bool = False

    @property
    def recommends(self) -> bool:
        """Whether items are asked for."""
        return self.k > 0 or self.item is not None


@dataclass
class Answer:
    """What is answered: interests, items and notes as JSON has them; linked: what the words show; vector: of what is wanted, [T];
    took: seconds of each stage.
    """

    linked: list[Interest]
    interests: list[dict[str, Any]]
    items: list[dict[str, Any]]
    notes: list[str]
    version: str
    vector: NDArray[np.float32]
    took: dict[str, float] = field(default_factory=dict)


class _Stages:
    """The time that each stage takes, for all that are answered together."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started


@dataclass
class _Asked:
    """A question on its way to an answer."""

    question: Question
    linked: list[Interest]
    interests: list[Interest] = field(default_factory=list)
    text: str = ""
    allowed: NDArray[np.bool_] | None = None
    failed: KgRecError | None = None


def answer(served: Served, questions: Sequence[Question]) -> list[Answer | KgRecError]:
    """Return an answer to each question, or the error that it raised, which is of no matter to the others."""
    stage = _Stages()
    with stage("link"):
        asked = [_Asked(question, question.read.linked if question.read else []) for question in questions]
        unread = [one for one in asked if one.question.words and one.question.read is None]
        texts = [one.question.words or "" for one in unread]
        for one, linked in zip(unread, served.linker.link_many(texts), strict=True):
            one.linked = linked
        for one in asked:
            try:
                _settle(served, one)
            except KgRecError as error:
                one.failed = error
    whole = [one for one in asked if one.failed is None]
    with stage("encode"):
        vectors = _vectors(served, whole)
    answers = iter(_recommended(served, whole, vectors, stage))
    told = [one.failed or next(answers) for one in asked]
    for found in told:
        if isinstance(found, Answer):
            found.took = stage.seconds
    return told


def _vectors(served: Served, asked: Sequence[_Asked]) -> NDArray[np.float32]:
    """Return the vectors of what is wanted, [P, T]; zeros where nobody needs one."""
    vectors = np.zeros((len(asked), served.encoder.dim), dtype=np.float32)
    places = []
    for place, one in enumerate(asked):
        if one.question.read is not None:
            vectors[place] = one.question.read.vector
        elif one.question.recommends or one.question.encode:
            places.append(place)
    if places:
        texts, interests = [asked[place].text for place in places], [asked[place].interests for place in places]
        vectors[places] = served.encoder.encode(wishes(texts, interests))
    return vectors


def _settle(served: Served, one: _Asked) -> None:
    """Find out what somebody is recommended by. Raises InputError and ProblemError."""
    question = one.question
    one.allowed = served.allowed(question.where, question.exclude)
    theirs = question.person.interests if question.person is not None else one.linked
    one.interests = theirs if question.given is None else served.wanted(question.given, theirs)
    if question.words is not None:
        one.text = question.words
    elif question.given is not None or question.person is None:
        one.text = standing_text(one.interests)
    else:
        one.text = question.person.text


def _recommended(served: Served, asked: Sequence[_Asked], vectors: NDArray[np.float32], stage: _Stages) -> list[Answer]:
    model = served.artifact.model
    ranked: list[list[Ranked]] = [[] for _ in asked]
    places = [place for place, one in enumerate(asked) if one.question.recommends]
    if places:
        with stage("rank"):
            interests = [asked[place].interests for place in places]
            asks = model.manner.asks(
                [asked[place].text for place in places], vectors[places], interests, model.entities.item_label
            )
            for row, place in enumerate(places):
                manner = _manner(asked[place].question)
                asks[row] = asks[row] if manner is None else manner
            parts = served.ranking.parts(vectors[places], interests, asks)
            for row, place in enumerate(places):
                ranked[place] = _ranked(served, asked[place], parts[row], float(asks[row]))
    answers = []
    with stage("explain"):
        for one, found, vector in zip(asked, ranked, vectors, strict=True):
            answers.append(
                Answer(
                    one.linked,
                    [interest_as_json(interest) for interest in one.interests],
                    _items(served, one, found, vector),
                    _notes(served, one, len(found)),
                    served.artifact.version,
                    vector,
                )
            )
    return answers


def _manner(question: Question) -> float | None:
    """Return how much somebody asks, where that is not read from their words; interests say what is wanted."""
    if question.words is not None:
        return None
    if question.given is not None or question.person is None or question.person.attached:
        return ASKS
    return UNCLEAR


def _ranked(served: Served, one: _Asked, parts: NDArray[np.float32], asks: float) -> list[Ranked]:
    question = one.question
    excluded: set[int] = set() if question.person is None else question.person.known
    lowered = _NOTHING if question.person is None else question.person.lowered
    if question.item is not None:
        row = served.artifact.model.entities.index[question.item]
        # Whatever hides it from the list, this one was asked for.
        theirs = [interest for interest in one.interests if interest.entity != question.item]
        only = np.zeros(parts.shape[1], dtype=bool)
        only[row] = True
        return served.ranking.best(parts, theirs, asks, k=1, excluded=excluded - {row}, allowed=only, lowered=lowered)
    k = question.k if question.diversity == 0 else POOL * question.k
    best = served.ranking.best(parts, one.interests, asks, k=k, excluded=excluded, allowed=one.allowed, lowered=lowered)
    if question.diversity == 0:
        return best
    return diversified(best, served.similarity, k=question.k, diversity=question.diversity)


def _notes(served: Served, one: _Asked, found: int) -> list[str]:
    question = one.question
    if question.item is not None or not question.k:
        return []
    notes = notes_on(one.text, one.interests, found, question.k, served.artifact.encoder["name"])
    person = question.person
    if person is not None and not person.attached and one.interests and question.given is None:
        notes.append(f"'{person.user}' has no interests yet: known by the {len(one.interests)} items they liked last.")
    if served.around is None and found:
        notes.append(WITHOUT_PATHS)
    if served.changed and found:
        notes.append(CHANGED)
    return notes


def _items(served: Served, one: _Asked, ranked: Sequence[Ranked], vector: NDArray[np.float32]) -> list[dict[str, Any]]:
    artifact = served.artifact
    entities, properties = artifact.model.entities, artifact.properties
    ids = properties[artifact.schema.item.id]
    explanations: Sequence[Explanation | None] = [None] * len(ranked)
    if served.around is not None and ranked:
        person = one.question.person
        explanations = explain_items(
            served.around,
            artifact,
            [found.item for found in ranked],
            one.interests,
            vector,
            user=person.user if person is not None and person.attached and one.question.given is None else None,
        )
    told = []
    for rank, (found, why) in enumerate(zip(ranked, explanations, strict=True), start=1):
        paths = [_path(served, steps) for steps in why.paths] if why else []
        told.append(
            {
                "key": entities.keys[found.item],
                "id": str(ids[found.item]),
                "title": entities.names[found.item],
                "rank": None if one.question.item is not None else rank,
                "score": round(found.score, 4),
                "probability": None if found.probability is None else round(found.probability, 4),
                "parts": {name: round(part, 4) for name, part in found.parts.items()},
                "properties": {
                    name: values[found.item] for name, values in properties.items() if values[found.item] is not None
                },
                "why": why.sentence if why else "",
                "path": paths[0] if paths else [],
                "paths": paths,
                "statement": why.statement if why else "",
            }
        )
    return told


def _path(served: Served, steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Return the entities along a path, the interest first and the item last."""
    reached = [{**_node(served, step.end), "relation": step.type, "forward": step.forward} for step in steps]
    return [_node(served, steps[0].start), *reached]


def _node(served: Served, key: str) -> dict[str, Any]:
    if key == "*":
        return {"key": None, "label": None, "name": "people", "relation": None, "forward": None}
    entities = served.artifact.model.entities
    row = entities.index.get(key)
    name = (entities.names[row] if row is not None else "") or id_of(key)
    label = entities.labels[row] if row is not None else key.partition("/")[0]
    return {"key": key, "label": label, "name": name, "relation": None, "forward": None}


def interest_as_json(interest: Interest) -> dict[str, Any]:
    """Return an interest as answers have it."""
    return {
        "key": interest.entity,
        "label": interest.label,
        "name": interest.name,
        "polarity": interest.polarity,
        "score": round(interest.score, 4),
        "source": interest.source,
        "evidence": interest.evidence,
        "span": list(interest.span) if interest.span is not None else None,
    }
