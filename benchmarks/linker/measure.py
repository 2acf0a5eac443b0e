"""How well the linker reads sentences that were labelled by hand, in four domains.

    python benchmarks/linker/measure.py [--encoder NAME] [--errors]

entities.json holds a small graph a domain, sentences.jsonl the sentences, one a line: domain, text, interests (entity,
polarity, evidence) and near_miss, where words of names stand that mean something else. The labels say what a person reads:

- Whatever is wanted, liked, given as an example or only not known yet has polarity 1, what is not wanted -1. What is spoken
  of and says nothing of taste ("it is up to you") is no interest.
- An entity is "Label/name"; namesakes of one label carry their year, as "Film/It (2017)".
- Evidence are the words that name the entity, with the article where the name has one and it was said.
- A description also names what it is a kind of: a romantic comedy is a comedy.
- "paraphrased": true where the words only mean the entity ("hilarious", a comedy), and do not name it.

Prints precision, recall and F1 of the entities, of the entities with their polarity, and the share of the right entities whose
evidence is right, too. In the lines "named", what was found by nearness in meaning and what is only paraphrased count
neither for nor against; in the lines "+ near", everything counts.

Every fourth of the first 542 sentences is held out: --errors lists the others, and the linker is mended with those in view
only. What came later was written while it was mended, and none of it is held out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from kg_rec.interest import Interest
from kg_rec.text.encoder import DEFAULT_ENCODER, TextEncoder, load_encoder
from kg_rec.text.linker import Linker, LinkTarget

HERE = Path(__file__).parent
FIRST = 542
"""Sentences that were written before the linker had read any."""
T = TypeVar("T")


@dataclass(frozen=True)
class Label:
    """What a person reads of one entity. polarity: 1 or -1. paraphrased: the evidence means the entity without naming it."""

    entity: str
    polarity: int
    evidence: str
    paraphrased: bool = False


@dataclass(frozen=True)
class Sentence:
    """A text and its labels. near_miss: words of names in it mean something else."""

    domain: str
    text: str
    labels: tuple[Label, ...]
    near_miss: bool = False


@dataclass
class Tally:
    """How many entities were labelled, found, found rightly, with the right polarity, and in the right words."""

    labelled: int = 0
    found: int = 0
    right: int = 0
    polarity: int = 0
    evidence: int = 0

    def f1(self, right: int) -> float:
        """Return the harmonic mean of precision and recall where `right` of the found are right."""
        return 2 * right / max(self.found + self.labelled, 1)

    def line(self) -> str:
        """Return the figures as they are printed under HEADER."""
        figures = [
            part
            for right in (self.right, self.polarity)
            for part in (right / max(self.found, 1), right / max(self.labelled, 1), self.f1(right))
        ]
        return "".join(f"{figure:11.3f}" for figure in [*figures, self.evidence / max(self.right, 1)])


HEADER = f"{'':26s}{'entities':>33s}{'with their polarity':>33s}\n{'':26s}" + "".join(
    f"{name:>11s}" for name in (*("precision", "recall", "F1") * 2, "evidence")
)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", default=DEFAULT_ENCODER, help='name or folder of an encoder, "none" for none')
    parser.add_argument("--errors", action="store_true", help="list what went wrong, but for what is held out")
    options = parser.parse_args()
    encoder = None if options.encoder == "none" else load_encoder(options.encoder)
    print(HEADER)
    read = list(zip(sentences(), linked(sentences(), encoder), strict=True))
    parts = {domain: [pair for pair in read if pair[0].domain == domain] for domain in targets()}
    for name, some in {**parts, "all": read, "held out": held_out(read)}.items():
        print(f"{name:9s}{len(some):4d} texts  named {tally(some, near=False).line()}")
        if encoder is not None:
            print(f"{'':20s}+ near{tally(some, near=True).line()}")
    if options.errors:
        for sentence, found in (pair for number, pair in enumerate(read) if number >= FIRST or number % 4 != 3):
            for error in errors(sentence, found):
                print(f"{sentence.domain}: {sentence.text}\n    {error}")


def targets() -> dict[str, list[LinkTarget]]:
    """Return the entities of each domain."""
    domains = json.loads((HERE / "entities.json").read_text(encoding="utf-8"))
    return {domain: list(_targets(rows)) for domain, rows in domains.items()}


def _targets(rows: list[dict[str, Any]]) -> Iterator[LinkTarget]:
    names = [(row["label"], row["name"]) for row in rows]
    for row, name in zip(rows, names, strict=True):
        key = "{}/{}".format(*name) + (f" ({row['year']})" if names.count(name) > 1 else "")
        aliases = tuple(row.pop("aliases", ()))
        yield LinkTarget(key, aliases=aliases, **row)


def sentences() -> list[Sentence]:
    """Return the labelled sentences, in the order of the file."""
    lines = (HERE / "sentences.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        Sentence(
            row["domain"],
            row["text"],
            tuple(Label(**label) for label in row["interests"]),
            row.get("near_miss", False),
        )
        for row in map(json.loads, lines)
    ]


def linked(read: Iterable[Sentence], encoder: TextEncoder | None) -> list[list[Interest]]:
    """Return what the linker finds in each sentence, each in the graph of its domain."""
    linkers = {domain: Linker(some, encoder) for domain, some in targets().items()}
    return [linkers[sentence.domain].link(sentence.text) for sentence in read]


def held_out(read: Sequence[T]) -> Sequence[T]:
    """Return every fourth of what was written first: what nobody looks at when the linker is mended."""
    return read[3:FIRST:4]


def tally(read: Iterable[tuple[Sentence, list[Interest]]], *, near: bool) -> Tally:
    """Count over sentences and what was found in them. near: whether paraphrases and nearness in meaning count."""
    counted = Tally()
    for sentence, found in read:
        labels, interests = _counted(sentence, found, near=near)
        both = labels.keys() & interests.keys()
        counted.labelled += len(labels)
        counted.found += len(interests)
        counted.right += len(both)
        counted.polarity += sum(labels[entity].polarity == interests[entity].polarity for entity in both)
        counted.evidence += sum(_same_words(labels[entity], interests[entity]) for entity in both)
    return counted


def errors(sentence: Sentence, found: list[Interest]) -> Iterator[str]:
    """Yield in words what is wrong with what was found in a sentence."""
    labels, interests = _counted(sentence, found, near=True)
    for entity, label in labels.items():
        if entity not in interests:
            kind = "missed, paraphrased" if label.paraphrased else "missed"
            yield f"{kind}: {label.polarity:+d} {entity} in '{label.evidence}'"
    for entity, interest in interests.items():
        said = f"{interest.polarity:+d} {entity} in '{interest.evidence}' ({interest.source}, {interest.score:.2f})"
        if entity not in labels:
            yield f"found without need: {said}"
        elif interest.polarity != labels[entity].polarity:
            yield f"expected polarity {labels[entity].polarity:+d}, found {said}"
        elif not _same_words(labels[entity], interest):
            yield f"expected the words '{labels[entity].evidence}', found {said}"


def _counted(sentence: Sentence, found: list[Interest], *, near: bool) -> tuple[dict[str, Label], dict[str, Interest]]:
    paraphrased = {label.entity for label in sentence.labels if label.paraphrased}
    labels = {label.entity: label for label in sentence.labels if near or not label.paraphrased}
    interests = {
        interest.entity: interest
        for interest in found
        if near or (interest.source == "named" and interest.entity not in paraphrased)
    }
    return labels, interests


def _same_words(label: Label, interest: Interest) -> bool:
    """Tell whether the evidence is the labelled one; marks at its ends do not count."""
    marks = " .,;:!?\"'“”„«»()"
    return label.evidence.strip(marks) == interest.evidence.strip(marks)


if __name__ == "__main__":
    main()
