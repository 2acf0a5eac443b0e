"""How near the scripts under cypher/recommend come to the model, and what publishing costs.

    python benchmarks/publish.py PEOPLE.jsonl [--every 6]

PEOPLE.jsonl: one person a line with user_id and text. Publishes the current model of the home, attaches everybody, runs each script
for everybody, takes people and publication away again, and prints: how long publishing and removing took, and for each script the
mean overlap of its 10 best items with the model's, which is what `kg-rec recommend --input` gives, the share of people with an
overlap below one half, and the time of an answer over Bolt. People of the graph with the same ids would be taken for those of the
file: use a home of its own.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from kg_rec import Recommender
from kg_rec.graph.attach import person_key
from kg_rec.graph.export import export_graph
from kg_rec.people_file import read_people

K = 10
SCRIPTS = ("recommend/by_interests", "recommend/by_vector", "recommend/by_paths")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("people", type=Path)
    parser.add_argument("--keep", action="store_true", help="leave people and publication where they are")
    parser.add_argument("--every", type=int, default=1, help="of so many people one, the first of them")
    arguments = parser.parse_args()
    people = list(read_people(arguments.people))[:: arguments.every]
    with Recommender.open() as recommender:
        client, schema = recommender.client, recommender.schema
        fingerprint = export_graph(client, schema).fingerprint
        done = recommender.publish()
        print(f"model {done.version}: {done.items:,} items, {done.entities:,} other entities")
        print(f"published {done.speaks_for:,} KG_SPEAKS_FOR and {done.similar:,} SIMILAR_TO in {done.seconds:.0f} s")
        start = time.monotonic()
        for person in people:
            recommender.attach(person.user_id, person.text)
        print(f"attached {len(people)} people in {time.monotonic() - start:.0f} s")
        wanted = [
            {item.key for item in found.items}
            for found in recommender.recommend_many([person.text for person in people], k=K)
        ]
        keys = [person_key(schema, person.user_id) for person in people]
        for script in SCRIPTS:
            found, seconds = [], []
            for key in keys:
                start = time.monotonic()
                rows = client.read(script, user=key, k=K)
                seconds.append(time.monotonic() - start)
                found.append({row["item"] for row in rows})
            overlap = np.array([len(ours & theirs) / K for ours, theirs in zip(found, wanted, strict=True)])
            middle, high = np.percentile(seconds, [50, 95]) * 1000
            print(
                f"cypher/{script}.cypher: overlap@{K} {overlap.mean():.3f}, below .5 for {(overlap < 0.5).mean():.1%}; "
                f"{middle:.0f} ms at the median, {high:.0f} ms at the 95th percentile"
            )
        if arguments.keep:
            return
        for person in people:
            recommender.detach(person.user_id)
        gone = recommender.unpublish()
        print(
            f"removed {gone.relations:,} relations and the numbers of {gone.entities:,} entities in {gone.seconds:.0f} s"
        )
        same = export_graph(client, schema).fingerprint == fingerprint
        print("the graph is the one it was" if same else "THE GRAPH IS NOT THE ONE IT WAS")


if __name__ == "__main__":
    main()
