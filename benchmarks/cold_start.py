"""How well the current model recommends to people nobody has seen, and what each part of the score adds.

    python benchmarks/cold_start.py PEOPLE.jsonl

PEOPLE.jsonl: one person a line with user_id, text, mentioned (ids of items that the text names, which count neither as hits nor
as misses) and relevant (ids of the items they liked). Only the text reaches the model. Prints the mean over people of recall@10,
recall@50, nDCG@10 and MRR (within 50), each with its 95 % interval by bootstrap over people (1,000 samples, seed 0).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from kg_rec import Recommender
from kg_rec.model.ranking import PARTS

METRICS = ("recall@10", "recall@50", "nDCG@10", "MRR")


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("people", type=Path)
    people = [json.loads(line) for line in parser.parse_args().people.read_text(encoding="utf-8").splitlines()]
    with Recommender.open() as recommender:
        ways = scores(recommender, [person["text"] for person in people])
        artifact = recommender.artifact
    ids = [str(identity) for identity in artifact.properties[artifact.schema.item.id]]
    row = {identity: index for index, identity in enumerate(ids)}
    print(f"{len(people)} people, {len(ids)} items, model {artifact.version}")
    print(f"{'':40s}" + "".join(f"{metric:>24s}" for metric in METRICS))
    for name, ranked in ways.items():
        values = np.array([judged(best, person, row) for best, person in zip(ranked, people, strict=True)])
        print(f"{name:40s}" + "".join(f"{interval(values[:, m]):>24s}" for m in range(len(METRICS))))


def scores(recommender: Recommender, texts: list[str]) -> dict[str, list[list[int]]]:
    """Return, for each way, each person's items, best first: single signals, then kg-rec without each, then whole."""
    artifact = recommender.artifact
    interests = recommender.linker.link_many(texts)
    vectors = recommender.wish_vectors(texts, interests)
    asks = recommender.asks(texts, vectors, interests)
    nobody = [[] for _ in texts]
    everything = range(len(PARTS))
    words, popular = PARTS.index("text"), PARTS.index("popularity")
    alone = recommender.ranking.parts(vectors, nobody, np.ones_like(asks))
    parts = recommender.ranking.parts(vectors, interests, asks)
    index, count = artifact.model.entities.index, artifact.model.entities.item_count
    hidden = [[index[one.entity] for one in theirs if index.get(one.entity, count) < count] for theirs in interests]
    ways = {
        "popularity": alone[:, [popular]],
        "words: cosine to the asking sentences": alone[:, [words]],
        "words + popularity": alone[:, [words, popular]],
        "words and interests + popularity": recommender.ranking.parts(vectors, interests, np.ones_like(asks))[
            :, [words, popular]
        ],
        **{f"kg-rec without {PARTS[one]}": np.delete(parts, one, axis=1) for one in everything},
        "kg-rec": parts,
    }
    return {name: top(some.sum(axis=1), hidden) for name, some in ways.items()}


def top(values: np.ndarray, hidden: list[list[int]]) -> list[list[int]]:
    """Return the 100 best items of each person, without those that their words name."""
    for row, items in zip(values, hidden, strict=True):
        row[items] = -np.inf
    return np.argsort(-values, axis=1, kind="stable")[:, :100].tolist()


def judged(ranked: list[int], person: dict[str, list[object]], row: dict[str, int]) -> list[float]:
    """Return the metrics of one person, in the order of METRICS."""
    mentioned = {str(item) for item in person["mentioned"]}
    wanted = {str(item) for item in person["relevant"]} - mentioned
    rows = {row[item] for item in wanted if item in row}
    hidden = {row[item] for item in mentioned if item in row}
    hits = [item in rows for item in ranked if item not in hidden][:50]
    ideal = sum(1 / np.log2(rank + 2) for rank in range(min(len(wanted), 10)))
    gain = sum(1 / np.log2(rank + 2) for rank, hit in enumerate(hits[:10]) if hit)
    first = next((rank for rank, hit in enumerate(hits) if hit), None)
    return [
        sum(hits[:10]) / len(wanted),
        sum(hits) / len(wanted),
        gain / ideal,
        0.0 if first is None else 1 / (first + 1),
    ]


def interval(values: np.ndarray) -> str:
    """Return "mean [low, high]"."""
    rng = np.random.default_rng(0)
    means = rng.choice(values, (1000, len(values))).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return f"{values.mean():.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    main()
