"""Items in words: as a description, and as what a person who wants the item would write.

A new person writes a wish ("a slow science fiction film like Arrival"), not a description, and a sentence encoder puts wishes near
wishes. So each item is encoded as the mean of a few *asking sentences* written from its neighbourhood in the graph. The
templates are generated from label and relation names, so that they read well in any domain, and can be edited in schema.toml.

A template is text with slots; a part in square brackets is left out when a slot inside it has no value::

    I am looking for a [{kind} ]{item}[ like {title}][ {DIRECTED_BY}]

Slots: `{item}` the item's label in words; `{title}`; `{kind}` the neighbours that say what sort of item it is;
`{REL_TYPE}` a relation's phrase with its neighbours filled in, as "directed by Jane Campion", whatever labels they have.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from kg_rec.errors import SchemaError
from kg_rec.schema_properties import phrase_from

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

    from kg_rec.schema import GraphSchema

_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{([^{}]+)\}")
"""A relation's type may hold anything, as HAS-GENRE or "HAS GENRE"; with braces or brackets in it, it has no slot."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\s]+")

MAX_NEIGHBOURS = 3
"""Neighbours named per relation in one sentence; a person rarely names more."""

_NAMED = 8
"""Neighbours named per relation in a description."""

MAX_KINDS = 64
"""A relation says what *kind* of item it is when it leads to at most this many different entities."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The names of each item's neighbours over one relation, the most common first: what a person would name."""

    type: str
    label: str
    phrase: str
    names: list[list[str]]
    distinct: int

    @property
    def coverage(self) -> float:
        """Share of the items that have a neighbour over this relation."""
        return sum(map(bool, self.names)) / max(len(self.names), 1)


@dataclass(frozen=True, slots=True)
class Form:
    """In which order relations are spoken of, and which says the kind of an item.

    neighbours: type of each relation and label of its entities; spoken: type and phrase of those that sentences name; kind: the
    one of `neighbours` that says the kind, None where none does; templates: those generated, none where the schema has its own.
    It is kept when the graph changes: the order goes by how many items have each relation, and one item more, or one relation,
    would else rewrite the sentences of all.
    """

    neighbours: tuple[tuple[str, str], ...]
    spoken: tuple[tuple[str, str], ...]
    kind: tuple[str, str] | None
    templates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemWords:
    """Everything that is said about the items of a graph in words."""

    noun: str
    titles: list[str]
    texts: list[str]
    relations: list[Neighbours]
    kind: Neighbours | None
    templates: tuple[str, ...] = field(default=())
    form: Form = field(default=Form((), (), None))

    def describe(self, items: Sequence[int] | None = None) -> list[str]:
        """Return one description an item: title, kind, every relation, running text. items: rows, None for all."""
        described = []
        for index in range(len(self.titles)) if items is None else items:
            parts = [self.titles[index]]
            if self.kind and self.kind.names[index]:
                parts.append(" ".join(self.kind.names[index]) + f" {self.noun}")
            parts += [_phrase(relation, index, limit=_NAMED) for relation in self.relations if relation.names[index]]
            parts.append(self.texts[index])
            described.append(". ".join(part for part in parts if part))
        return described

    def ask(self, items: Sequence[int] | None = None) -> list[list[str]]:
        """Return, for each template, one asking sentence an item. items: rows, None for all."""
        rows = range(len(self.titles)) if items is None else items
        return [[self._fill(template, index) for index in rows] for template in self.templates]

    def digests(self) -> list[bytes]:
        """Return 16 bytes an item that stay the same as long as all that is said of it does."""
        relations = [*([self.kind] if self.kind else []), *self.relations]
        common = hashlib.blake2b(digest_size=16)
        common.update(repr((self.noun, self.templates, [(one.type, one.phrase) for one in relations])).encode())
        # All kinds are said; of the others no more than eight: what comes behind them may change without a word changing.
        limits = [None if one is self.kind else _NAMED for one in relations]
        found = []
        for said in zip(self.titles, self.texts, *(one.names for one in relations), strict=True):
            own = common.copy()
            own.update(
                repr([*said[:2], *(some[:limit] for some, limit in zip(said[2:], limits, strict=True))]).encode()
            )
            found.append(own.digest())
        return found

    def _fill(self, template: str, index: int) -> str:
        values = {"item": self.noun, "title": self.titles[index]}
        if self.kind:
            values["kind"] = " ".join(name.lower() for name in self.kind.names[index][:MAX_NEIGHBOURS])
        for relation in self.relations:
            if relation.names[index]:
                phrase = _phrase(relation, index, limit=MAX_NEIGHBOURS)
                values[relation.type] = f"{values[relation.type]} {phrase}" if relation.type in values else phrase

        def optional(match: re.Match[str]) -> str:
            return match[1] if all(values.get(slot) for slot in _SLOT.findall(match[1])) else ""

        filled = _SLOT.sub(lambda match: values.get(match[1], ""), _BRACKETS.sub(optional, template))
        return " ".join(filled.split())


def item_words(graph: HeteroData, schema: GraphSchema, form: Form | None = None) -> ItemWords:
    """Collect the words about the items of an exported graph, and the templates to ask with.

    form: what is said keeps this form, and relations that it does not know come last; None takes that of the graph.
    Raises SchemaError when a template of the schema has a slot that the graph cannot fill.
    """
    item = schema.item
    properties = graph[item.label].properties
    count = int(graph[item.label].num_nodes)
    titles = [str(title or "") for title in properties[item.title]]
    texts = [" ".join(str(properties[name][i]) for name in item.text if properties[name][i]) for i in range(count)]
    relations = _neighbours(graph, schema, count)
    if form is not None:
        relations = _in_order(relations, lambda one: (one.type, one.label), form.neighbours)
    kind = _kind(relations, form)
    others = _merged([relation for relation in relations if relation is not kind])
    if form is not None:
        others = _in_order(others, lambda one: (one.type, one.phrase), form.spoken)
    noun = in_words(item.label)
    kept = form.templates if form is not None else ()
    generated = _naming(kept, others) if kept else default_templates(kind, others)
    slots = {"item", "title", "kind", *(relation.type for relation in others)}
    for template in schema.asking:
        if unknown := set(_SLOT.findall(template)) - slots:
            raise SchemaError(
                f"schema.toml: asking: '{template}': expected slots among {sorted(slots)}, found {sorted(unknown)}"
            )
    now = Form(
        tuple((one.type, one.label) for one in relations),
        tuple((one.type, one.phrase) for one in others),
        (kind.type, kind.label) if kind else None,
        () if schema.asking else tuple(generated),
    )
    templates = schema.asking or generated
    return ItemWords(noun, titles, texts, others, kind, tuple(templates), now)


def default_templates(kind: Neighbours | None, relations: list[Neighbours]) -> list[str]:
    """Return the asking templates for a graph: the ways people put a wish, the relations spread over them."""
    kinds = "{kind} " if kind else ""
    types = dict.fromkeys(relation.type for relation in relations if not set("{}[]") & set(relation.type))
    phrases = [f"{{{type_}}}" for type_ in types]
    templates = [
        f"I am looking for a [{kinds}]{{item}}[ like {{title}}]",
        f"Can you recommend something like {{title}}? I like [{kinds}]{{item}}s",
        f"I am in the mood for a [{kinds}]{{item}}",
    ]
    wants = ["I want a [{kind} ]{item}", "I enjoy [{kind} ]{item}s", "Do you know a good [{kind} ]{item}"]
    spread: list[list[str]] = [[] for _ in wants]
    for position, phrase in enumerate(phrases):
        spread[position % len(wants)].append(f"[ {phrase}]")
    templates += [
        (start if kind else start.replace("[{kind} ]", "")) + "".join(parts)
        for start, parts in zip(wants, spread, strict=True)
        if parts
    ]
    return [template.replace("[]", "") for template in templates]


def _naming(templates: Sequence[str], relations: list[Neighbours]) -> list[str]:
    """Return the templates, with those relations that none of them names at the end of the last one: what has none of these is
    asked for as before."""
    there = {slot for template in templates for slot in _SLOT.findall(template)}
    types = dict.fromkeys(one.type for one in relations if not set("{}[]") & set(one.type))
    return [*templates[:-1], templates[-1] + "".join(f"[ {{{type_}}}]" for type_ in types if type_ not in there)]


def in_words(name: str) -> str:
    """Return a label or relation type as words: "ScienceFiction" and "SCIENCE_FICTION" give "science fiction"."""
    return " ".join(_CAMEL.sub(" ", name).split()).lower()


def _phrase(relation: Neighbours, index: int, *, limit: int) -> str:
    names = relation.names[index][:limit]
    listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return relation.phrase.replace("{}", listed)


def _neighbours(graph: HeteroData, schema: GraphSchema, count: int) -> list[Neighbours]:
    item = schema.item.label
    found = []
    for source, type_, target in graph.edge_types:
        if item not in (source, target) or source == target:
            continue
        label = target if source == item else source
        title = schema.title_of(label)
        if title is None or label not in schema.interests:
            continue
        edges = graph[source, type_, target].edge_index.numpy()
        items, entities = edges if source == item else edges[::-1]
        names = [str(name or "") for name in graph[label].properties[title]]
        degree = np.bincount(entities, minlength=len(names))
        named = np.array([bool(name) for name in names], dtype=bool)[entities]
        pairs = np.unique(np.stack([items[named], entities[named]]), axis=1)
        common_first = np.lexsort((pairs[1], -degree[pairs[1]], pairs[0]))
        told = [names[entity] for entity in pairs[1, common_first].tolist()]
        bounds = np.searchsorted(pairs[0], np.arange(count + 1)).tolist()
        by_item = [told[start:end] for start, end in itertools.pairwise(bounds)]
        phrase = schema.phrases.get(type_) or phrase_from(type_, label)
        found.append(Neighbours(type_, label, phrase, by_item, int((degree > 0).sum())))
    return sorted(found, key=lambda relation: -relation.coverage)


def _merged(relations: list[Neighbours]) -> list[Neighbours]:
    """Return the relations with those of one type and phrase made one: "about war and Paris", a topic and a place.

    The neighbours of the labels take turns, so that each label has its say where only the first few are named.
    """
    alike: defaultdict[tuple[str, str], list[Neighbours]] = defaultdict(list)
    for relation in relations:
        alike[relation.type, relation.phrase].append(relation)
    merged = [
        Neighbours(
            type_,
            " or ".join(relation.label for relation in some),
            phrase,
            [_in_turns(named) for named in zip(*(relation.names for relation in some), strict=True)]
            if len(some) > 1
            else [list(dict.fromkeys(named)) for named in some[0].names],
            sum(relation.distinct for relation in some),
        )
        for (type_, phrase), some in alike.items()
    ]
    return sorted(merged, key=lambda relation: -relation.coverage)


def _in_turns(lists: Sequence[list[str]]) -> list[str]:
    turns = itertools.zip_longest(*lists)
    return list(dict.fromkeys(name for turn in turns for name in turn if name is not None))


def _in_order(
    relations: list[Neighbours], name: Callable[[Neighbours], tuple[str, str]], order: Sequence[tuple[str, str]]
) -> list[Neighbours]:
    """Return the relations in the order of their names, and those without a place in it behind, as they stood."""
    place = {known: number for number, known in reversed(list(enumerate(order)))}
    return sorted(relations, key=lambda relation: place.get(name(relation), len(order)))


def _kind(relations: list[Neighbours], form: Form | None) -> Neighbours | None:
    """Return the relation whose neighbours say what sort of item it is: few entities, most items, in letters.

    form: the one that it names, None where the graph has it no more.
    """
    if form is not None:
        return next((one for one in relations if (one.type, one.label) == form.kind), None)

    def in_letters(relation: Neighbours) -> bool:
        names = {name for listed in relation.names for name in listed}
        return sum(name[:1].isalpha() for name in names) > len(names) / 2

    candidates = [
        relation
        for relation in relations
        if relation.distinct <= MAX_KINDS and relation.coverage >= 0.5 and in_letters(relation)
    ]
    return max(candidates, key=lambda relation: relation.coverage, default=None)
