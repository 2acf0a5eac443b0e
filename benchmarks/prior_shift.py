"""Whether another base rate of liking explains that probabilities are off for people who are in no graph.

    python benchmarks/prior_shift.py PEOPLE.jsonl

PEOPLE.jsonl as in benchmarks/cold_start.py. The probabilities of the current model are learned from people of the graph, of whom
many likes are known; of the people of a file few may be. Where the two differ in nothing but how much is liked, all odds are
off by one factor, the ratio of the prior odds (Saerens, Latinne and Decaestecker 2002, "Adjusting the Outputs of a Classifier to
New a Priori Probabilities"). Prints what is said and what was liked, as it is and with that factor for two base rates: that of the
tenth of the people of the graph who like least, and that of the people of the file, which nobody can know beforehand; and the
factor by which the odds are off in each of five bins of the first 10 items, which would be the same in all.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kg_rec import Recommender
from kg_rec.evaluation.controls import Served, linker_of, probabilities, rank_ours
from kg_rec.evaluation.metrics import calibration_error, reliability
from kg_rec.evaluation.strangers import judgeable, read_strangers

SHOWN = 10
LEAST_LIKES = 4
"""Of people with fewer no words are simulated, so that nothing is learned from them."""


def main() -> None:
    """Measure, and print the two tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("people", type=Path)
    path = parser.parse_args().people
    with Recommender.open() as recommender:
        artifact = recommender.artifact
        encoder = recommender.encoder_of(artifact)
    entities, likings = artifact.model.entities, artifact.model.evidence.likings
    served = Served(artifact, encoder, linker_of(artifact, encoder))
    strangers = read_strangers(path, artifact.properties[artifact.schema.item.id])
    understood = served.understand([stranger.text for stranger in strangers])
    named = served.named(understood)
    hidden = [stranger.known | theirs for stranger, theirs in zip(strangers, named, strict=True)]
    lists = rank_ours(served, understood, hidden)
    found = probabilities(served, understood, lists)
    if found is None:
        raise SystemExit(
            f"model {artifact.version} has no probabilities: too few people in the graph to learn them from"
        )
    judged = judgeable(strangers, named)
    said = np.concatenate([found[place][:SHOWN] for place in judged])
    liked = np.concatenate([np.isin(lists[place][:SHOWN], list(strangers[place].relevant)) for place in judged])
    person = np.repeat(np.arange(len(judged)), [len(lists[place][:SHOWN]) for place in judged])

    likes = np.sort(np.asarray(likings.likes.sum(axis=1)).ravel())
    likes = likes[likes >= LEAST_LIKES]
    wanted = float(np.mean([len(strangers[place].relevant - hidden[place]) for place in judged]))
    rates = {
        "as it is": float(likes.mean()),
        "as those of the graph who like least": float(likes[: max(len(likes) // 10, 1)].mean()),
        "as the people of the file": wanted,
    }
    print(
        f"{len(judged)} people, {entities.item_count} items, model {artifact.version}, the first {SHOWN} items of each"
    )
    print(f"{'base rate':40s}{'likes':>8s}{'said':>8s}{'liked':>8s}{'error':>8s}")
    for name, rate in rates.items():
        moved = shifted(said, rates["as it is"] / entities.item_count, rate / entities.item_count)
        error = calibration_error(reliability(moved, liked, person))
        print(f"{name:40s}{rate:8.1f}{moved.mean():8.3f}{liked.mean():8.3f}{error:8.3f}")
    print(f"\n{'said':>8s}{'liked':>8s}{'odds are off by':>18s}")
    for part in reliability(said, liked, person, count=5):
        off = odds(part.predicted) / odds(part.observed.mean) if part.observed.mean else float("inf")
        print(f"{part.predicted:8.3f}{part.observed.mean:8.3f}{off:18.1f}")


def shifted(probability: NDArray[np.float64], prior: float, other: float) -> NDArray[np.float64]:
    """Return the probabilities where another prior holds, and nothing else is different."""
    moved = odds(probability) * odds(other) / odds(prior)
    return np.asarray(moved / (1 + moved))


def odds(probability: float | NDArray[np.float64]) -> float | NDArray[np.float64]:
    """Return p / (1 - p)."""
    return probability / (1 - probability)


if __name__ == "__main__":
    main()
