"""What --diversity does to the answers of the current model: how the ten items differ, and what that costs.

    python benchmarks/diversity.py

Asked are the people of the graph, as in `kg-rec evaluate --by hash --manner asking`: each writes up to four wishes from one to
three of their likes, and the others are relevant. The model was trained on the same people, so the recall says what lambda costs,
not how good the answers are. Prints, for each lambda, the mean over people of the intra-list diversity of the first ten (mean
1 - cosine of the fused vectors over pairs), of each block's part in it by itself, of how many of the ten are those of lambda 0, and
of recall@10.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from kg_rec import Recommender
from kg_rec.evaluation.strangers import simulated_strangers
from kg_rec.graph.export import export_graph
from kg_rec.model.diversity import POOL, intra_list_diversity, maximal_marginal_relevance
from kg_rec.model.ranking import Ranked
from kg_rec.model.similarity import BLOCKS

LAMBDAS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
K = 10


def main() -> None:
    """Measure, and print the table."""
    with Recommender.open() as recommender:
        graph = export_graph(recommender.client, recommender.schema)
        users = np.arange(graph[recommender.schema.user.label].num_nodes)
        strangers = simulated_strangers(graph, recommender.schema, users, "asking")
        texts = [one.text for one in strangers]
        people = [one.person for one in strangers]
        print(f"{len(texts)} texts of {len(set(people))} people, model {recommender.artifact.version}")
        print(
            f"{'lambda':>6} {'differ':>8}" + "".join(f"{name:>8}" for name in BLOCKS) + f"{'kept':>8}{'recall@10':>11}"
        )
        rows = [
            compared(theirs, recommender.similarity.between([found.item for found in theirs]), one.relevant)
            for theirs, one in zip(ranked(recommender, texts), strangers, strict=True)
        ]
    for chosen, (differ, *blocks, kept, recall) in zip(LAMBDAS, mean_over_people(people, rows), strict=True):
        print(
            f"{chosen:>6} {differ:>8.3f}" + "".join(f"{one:>8.3f}" for one in blocks) + f"{kept:>8.1f}{recall:>11.3f}"
        )


def compared(candidates: list[Ranked], parts: np.ndarray, relevant: frozenset[int]) -> list[list[float]]:
    """Return the columns for each lambda; parts: of the cosines between the candidates, by block, [3, n, n]."""
    scores, alike = np.array([one.score for one in candidates]), parts.sum(axis=0)
    rows = []
    for chosen in LAMBDAS:
        best = maximal_marginal_relevance(scores, alike, k=K, diversity=chosen)
        pairs = np.ix_(best, best)
        blocks = [intra_list_diversity(own[pairs] / omega) for own, omega in zip(parts, BLOCKS.values(), strict=True)]
        found = {candidates[place].item for place in best}
        kept = sum(place < K for place in best)
        rows.append([intra_list_diversity(alike[pairs]), *blocks, kept, len(found & relevant) / len(relevant)])
    return rows


def ranked(recommender: Recommender, texts: list[str]) -> list[list[Ranked]]:
    """Return each text's candidates."""
    interests = recommender.linker.link_many(texts)
    vectors = recommender.wish_vectors(texts, interests)
    asks = recommender.asks(texts, vectors, interests)
    return recommender.ranking.rank(vectors, interests, asks, k=POOL * K)


def mean_over_people(people: list[str], rows: list[list[list[float]]]) -> np.ndarray:
    """Return the mean over people of the mean over their texts, a row a lambda."""
    theirs = defaultdict(list)
    for person, row in zip(people, rows, strict=True):
        theirs[person].append(row)
    return np.mean([np.mean(own, axis=0) for own in theirs.values()], axis=0)


if __name__ == "__main__":
    main()
