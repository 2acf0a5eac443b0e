"""What a model is, at a glance (Mitchell et al. 2019, "Model Cards for Model Reporting"): what it was made from and how, how good
it was on people held out, and what speaks in its scores, how loudly."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from kg_rec.interest import Interest
from kg_rec.model.ranking import PARTS, Ranking
from kg_rec.model.signals import unit_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kg_rec.model.artifact import Artifact

_EXAMPLES = 64
"""People made up to measure the spread of the signals."""


@dataclass(frozen=True, slots=True)
class SignalWeight:
    """One signal: its weight for words that ask and for words that tell, and its share of the spread of the scores for each."""

    signal: str
    asking: float
    telling: float
    asking_share: float
    telling_share: float


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What there is to say of a model.

    graph: fingerprint; items: how many, and entities of every label, the items among them; likes: of how many people the model
    knows; encoder: name, fingerprint, dim; settings: those of the training that are not by default, each with its default;
    metrics: what the training came to, without its course; relations: what each carries in the one-hot block, the sum of |a_r|
    over the layers, TYPE from its source to its target and TYPE⁻¹ back; network: name of a network of one's own, of which it is
    not known what its relations carry, or None.
    """

    version: str
    created: str
    graph: str
    item: str
    items: int
    entities: dict[str, int]
    likes: int
    encoder: dict[str, Any]
    settings: dict[str, tuple[Any, Any]]
    metrics: dict[str, Any]
    signals: list[SignalWeight]
    relations: dict[str, float]
    network: str | None = None


def model_card(artifact: Artifact) -> ModelCard:
    """Return the card of a model."""
    model = artifact.model
    weights = model.fusion.as_dict()
    asking, telling = signal_shares(artifact)
    settings = {one.name: (getattr(model.settings, one.name), one.default) for one in fields(model.settings)}
    return ModelCard(
        artifact.version,
        artifact.created,
        artifact.fingerprint,
        model.entities.item_label,
        model.entities.item_count,
        dict(Counter(model.entities.labels)),
        model.evidence.likings.likes.shape[0],
        artifact.encoder,
        {name: (value, default) for name, (value, default) in settings.items() if value != default},
        {name: value for name, value in model.metrics.items() if name != "history"},
        [
            SignalWeight(name, weight, weights["telling"][name], asking[name], telling[name])
            for name, weight in weights["asking"].items()
        ],
        dict(model.relation_weights) if model.network is None else {},
        model.network,
    )


def signal_shares(artifact: Artifact) -> tuple[dict[str, float], dict[str, float]]:
    """Return the share of each signal in the spread of the scores, for words that ask and for words that tell.

    A weight alone says little, since the signals are not to one scale. So 64 people are made up, one for each of the most popular
    items, who name it and one of its neighbours; their words are the two names. The spread of a signal is the standard
    deviation over the items of weight times signal, the named item left out; its share is that of the mean over the people in
    the sum of all. It tells what moves items up and down for such people, not which signal is right.
    """
    people = _examples(artifact)
    vectors = _words(artifact, people)
    ranking = Ranking(artifact)
    named = [artifact.model.entities.index[theirs[0].entity] for theirs in people]
    found = []
    for asks in (1.0, 0.0):
        parts = ranking.parts(vectors, people, np.full(len(people), asks, dtype=np.float32))
        spreads = np.array(
            [np.delete(own, row, axis=1).std(axis=1) for own, row in zip(parts, named, strict=True)], dtype=np.float64
        )
        mean = np.nan_to_num(spreads.mean(axis=0))
        shares = mean / (mean.sum() or 1.0)
        found.append({name: round(float(share), 4) for name, share in zip(PARTS, shares, strict=True)})
    return found[0], found[1]


def _examples(artifact: Artifact) -> list[list[Interest]]:
    """Return the interests of the people made up: an item, then one of its neighbours that interests may point to."""
    entities, evidence = artifact.model.entities, artifact.model.evidence
    rng = np.random.default_rng(0)
    people = []
    for item in np.argsort(-evidence.popularity.numpy(), kind="stable")[:_EXAMPLES].tolist():
        neighbours = [
            row
            for row in np.sort(evidence.neighbours_of(item)).tolist()
            if row >= entities.item_count and entities.labels[row] in artifact.schema.interests
        ]
        said = [item, *([int(rng.choice(neighbours))] if neighbours else [])]
        people.append([Interest(entities.keys[row], entities.labels[row], entities.names[row], 1.0) for row in said])
    return people


def _words(artifact: Artifact, people: list[list[Interest]]) -> NDArray[np.float32]:
    """Return the mean of the vectors of the names, of length 1 or 0, [P, T]."""
    names, index = artifact.model.names.numpy(), artifact.model.entities.index
    words = np.stack([names[[index[one.entity] for one in theirs]].sum(axis=0) for theirs in people])
    return unit_rows(words)
