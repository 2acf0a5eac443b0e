"""What a page has to know before anybody has said a word: what is recommended, how much there is, and sentences to begin with."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from kg_rec.graph.server import ManagedServer
from kg_rec.graph.server_browser import browser_address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence, Set

    from kg_rec.service.answers import Served
    from kg_rec.settings import Settings

_CANDIDATES = 12
"""Times that a sentence is tried, each time with other names."""
_LONGEST = 28
"""Characters of a name in an example: it is to be read at a glance."""
_SHAPES = (
    ("I loved {0}. Something about {1} please, and no {2}.", ("item", "theme", "avoided")),
    ("I loved {0}. More with {1}.", ("item", "person")),
    ("{0} and {1}.", ("theme", "theme")),
    ("Something like {0} or {1}, but no {2}.", ("item", "item", "avoided")),
)
"""Sentences, and what stands at each of their places: the title of an item, or the name of another entity."""
_NOUN = re.compile(
    r".{3}(?:ness|hood|ship|ment|tion|sion|gion|ity|rty|ance|ence|ism|ogy|riage|[^aious]s)$", re.IGNORECASE
)
"""The end of an English noun that needs no article: an abstract one, or a plural. What is none reads badly after "about"."""
_FEWEST = 3
"""Names that a label has where one of them is avoided in a sentence."""
_MOST_COMMON = 0.08
"""Largest share of the items that something to ask for may speak of: what every third has says little."""


class About:
    """What is told about the model that is served, and the graph."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def tell(self, served: Served) -> dict[str, Any]:
        """Return it as JSON has it. It may wait for the disk."""
        artifact = served.artifact
        entities, item = artifact.model.entities, artifact.schema.item
        return {
            "model": artifact.version,
            "item": {"label": item.label, "id": item.id, "title": item.title, "released": item.released},
            "items": entities.item_count,
            "entities": len(entities.keys),
            "labels": list(artifact.schema.interests),
            "examples": served.examples,
            "browser": self._browser(),
        }

    def _browser(self) -> str | None:
        """Return the address of Neo4j Browser, where it is known: that of a managed Neo4j that runs."""
        if self._settings.neo4j_uri is not None:
            return None
        status = ManagedServer(self._settings).status()
        return browser_address(status) if status.state == "running" else None


def examples(served: Served) -> list[str]:
    """Return sentences of the graph's own names, each understood by the model in all its names, as it is meant.

    The best known entities come first, and none is in two sentences. There are fewer where no names fit into one.
    """
    schema = served.artifact.schema
    personal = served.linker.personal
    common = {word for name in served.artifact.model.entities.names for word in name.split() if word.islower()}
    labels = [label for label in schema.interests if label != schema.item.label and label not in personal]
    # Of few kinds one is sooner avoided; of many, names and themes, one is sooner asked for.
    labels.sort(key=served.artifact.model.entities.labels.count)
    most = _MOST_COMMON * served.artifact.model.entities.item_count
    names = {
        "item": _names(served, [schema.item.label]),
        "theme": [
            name
            for name in _names(served, labels[len(labels) // 2 :][::-1], most=most)
            if len(name.split()) <= 2 and _NOUN.search(name)
        ],
        "person": _names(served, [label for label in schema.interests if label in personal], most=most),
        "avoided": next((some for label in labels if len(some := _names(served, [label])) >= _FEWEST), []),
    }
    names["avoided"].sort(key=lambda name: _as_said(name, common) == name)
    found: list[str] = []
    for shape, kinds in _SHAPES:
        for chosen in _choices(names, kinds):
            said = [
                name if kind in ("item", "person") else _as_said(name, common)
                for name, kind in zip(chosen, kinds, strict=True)
            ]
            sentence = shape.format(*said)
            sentence = sentence[0].upper() + sentence[1:]
            meant = {name.lower(): -1 if kind == "avoided" else 1 for name, kind in zip(chosen, kinds, strict=True)}
            told = {interest.name.lower(): interest.polarity for interest in served.linker.link(sentence)}
            if told == meant:
                found.append(sentence)
                names = {kind: [name for name in left if name not in chosen] for kind, left in names.items()}
                break
    return found


def _choices(names: Mapping[str, Sequence[str]], kinds: Sequence[str]) -> Iterator[list[str]]:
    """Return names for the places of a sentence, none twice; each time from one further down the lists."""
    for start in range(_CANDIDATES):
        chosen: list[str] = []
        for kind in kinds:
            chosen += [name for name in names[kind][start:] if name not in chosen][:1]
        if len(chosen) == len(kinds):
            yield chosen


def _names(served: Served, labels: Sequence[str], *, most: float = math.inf) -> list[str]:
    """Return names that read well in a sentence, of the labels by turns, the best known of each first.

    most: items that one may speak of.
    """
    ranked = [
        [name for name in served.names.best_known(label, most) if _reads_well(name)][: 2 * _CANDIDATES]
        for label in labels
    ]
    turns = (some[place] for place in range(2 * _CANDIDATES) for some in ranked if place < len(some))
    return list(dict.fromkeys(turns))


def _as_said(name: str, common: Set[str]) -> str:
    """Return a name as it is written inside a sentence: in small letters, where its words are so in other names."""
    small = name.lower()
    return small if all(word in common for word in small.split()) else name


def _reads_well(name: str) -> bool:
    return 3 < len(name) <= _LONGEST and all(part.isalpha() for part in name.replace("-", " ").split())
