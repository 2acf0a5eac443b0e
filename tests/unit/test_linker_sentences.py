"""The labelled sentences of benchmarks/linker: that they are sound, and that the linker reads them no worse than it did."""

from __future__ import annotations

import json
import runpy
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from kg_rec.text.lexicon import languages_of
from kg_rec.text.words import Words

FOLDER = Path(__file__).parents[2] / "benchmarks/linker"


@pytest.fixture(scope="module")
def measure() -> dict[str, Any]:
    return runpy.run_path(str(FOLDER / "measure.py"))


def test_every_label_points_at_an_entity_and_at_its_words(measure: dict[str, Any]) -> None:
    keys = {domain: [target.key for target in targets] for domain, targets in measure["targets"]().items()}
    sentences = measure["sentences"]()
    for sentence in sentences:
        entities = [label.entity for label in sentence.labels]
        assert set(entities) <= set(keys[sentence.domain]), sentence
        assert len(set(entities)) == len(entities), sentence
        for label in sentence.labels:
            assert label.evidence and label.evidence in sentence.text, sentence
            assert label.polarity in (1, -1), sentence
    assert len({(sentence.domain, sentence.text) for sentence in sentences}) == len(sentences) >= 320
    for domain, own in keys.items():
        assert len(set(own)) == len(own) >= 60, domain


def test_the_sentences_are_of_all_kinds(measure: dict[str, Any]) -> None:
    sentences = measure["sentences"]()
    languages = Counter(languages_of(Words(sentence.text))[0] for sentence in sentences)
    assert all(languages[language] >= 20 for language in ("de", "fr", "zh")), languages
    domains = Counter(sentence.domain for sentence in sentences)
    assert set(domains) == set(measure["targets"]()) and min(domains.values()) >= 80
    assert sum(sentence.near_miss for sentence in sentences) >= 50
    assert sum(not sentence.labels for sentence in sentences) >= 50
    assert sum(label.polarity == -1 for sentence in sentences for label in sentence.labels) >= 100


def test_every_line_has_the_keys_that_are_explained() -> None:
    for line in (FOLDER / "sentences.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        assert set(row) <= {"domain", "text", "interests", "near_miss"}
        for label in row["interests"]:
            assert set(label) <= {"entity", "polarity", "evidence", "paraphrased"}


def test_the_linker_reads_them_as_well_as_it_did(measure: dict[str, Any]) -> None:
    sentences = measure["sentences"]()
    read = list(zip(sentences, measure["linked"](sentences, None), strict=True))
    tally = measure["tally"](read, near=False)
    assert tally.f1(tally.right) >= 0.95
    assert tally.f1(tally.polarity) >= 0.93
    assert tally.evidence >= 0.99 * tally.right


def test_figures_count_what_they_say(measure: dict[str, Any]) -> None:
    from kg_rec.interest import Interest

    label, sentence = measure["Label"], measure["Sentence"]
    labels = (label("A/a", 1, "a"), label("A/b", -1, "b"), label("A/c", 1, "c", paraphrased=True))
    found = [
        Interest("A/a", "A", "a", 1.0, 1, "a."),  # right
        Interest("A/b", "A", "b", 1.0, 1, "bb"),  # of the wrong polarity, in the wrong words
        Interest("A/c", "A", "c", 0.7, 1, "c", "near"),  # only paraphrased
        Interest("A/d", "A", "d", 1.0, 1, "d"),  # not labelled
        Interest("A/e", "A", "e", 0.7, 1, "e", "near"),
    ]
    read = [(sentence("x", "a b c d e", labels), found)]
    named, near = (measure["tally"](read, near=near) for near in (False, True))
    assert (named.labelled, named.found, named.right, named.polarity, named.evidence) == (2, 3, 2, 1, 1)
    assert (near.labelled, near.found, near.right, near.polarity, near.evidence) == (3, 5, 3, 2, 2)
    assert named.f1(named.right) == pytest.approx(2 * (2 / 3) * 1 / (2 / 3 + 1))
    assert len(list(measure["errors"](*read[0]))) == 3
