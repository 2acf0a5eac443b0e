"""What could explain a good list as well, and so has to be beaten: the controls, and ours without one signal after the other.

| control | what it leaves of ours |
|---|---|
| popularity | nothing of the person: the same list for everybody, adjusted for exposure as ours is |
| text closeness | the signal text alone: cosine of what is wanted, the words and what they name, to each item's sentences |
| without the graph | trained on a graph with no relation but the interactions: the asking sentences have no neighbours in them, and the signals graph, direct, everything, together and lift weigh 0 |
| shuffled graph | trained on a graph of which each relation's targets are permuted: every node has as many edges as before, to others; interactions are untouched |

Whatever ours has over the shuffled graph, it has from *which* edges there are, and not from there being some.
"""  # noqa: E501 - a table

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from kg_rec.evaluation.metrics import LENGTH
from kg_rec.evaluation.split import copied
from kg_rec.model.artifact import Artifact
from kg_rec.model.calibration import log_chances
from kg_rec.model.fusion import Fusion
from kg_rec.model.link_prediction import People
from kg_rec.model.ranking import Ranking
from kg_rec.model.signals import SIGNALS
from kg_rec.model.training import TrainingSettings, fit
from kg_rec.progress import SILENT, Progress
from kg_rec.text.cache import CachedEncoder
from kg_rec.text.wishes import understood

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray
    from torch_geometric.data import HeteroData

    from kg_rec.interest import Interest, Link
    from kg_rec.model.features import Entities
    from kg_rec.model.protocol import MakeNetwork
    from kg_rec.schema import GraphSchema
    from kg_rec.text.encoder import TextEncoder

OURS = "ours"
POPULARITY = "popularity"
TEXT = "text closeness"
BARE = "ours without the graph"
SHUFFLED = "ours on a shuffled graph"
ABLATIONS = {name: f"ours without '{name}'" for name in SIGNALS}

GRAPH_SIGNALS = ("graph", "direct", "everything", "together", "lift")
"""Signals that come from relations of the graph, those between items that the same people liked among them."""

_BATCH = 64
"""People scored at once: twelve parts of 10,000 items are 31 MB for them."""
_REPAIRS = 100


@dataclass(frozen=True)
class Served:
    """A model that answers words as the command line does."""

    artifact: Artifact
    encoder: TextEncoder
    link: Link

    def understand(self, texts: Sequence[str]) -> Understood:
        """Link and encode words the way of serving."""
        said = understood(texts, self.link, self.encoder)
        model = self.artifact.model
        asks = model.manner.asks(texts, said.vectors, said.interests, model.entities.item_label)
        return Understood(said.interests, said.vectors, asks)

    def named(self, understood: Understood) -> list[frozenset[int]]:
        """Return the rows of the items that each person's words name: nobody is recommended those."""
        return [self.artifact.model.entities.items_in(theirs) for theirs in understood.interests]


@dataclass(frozen=True)
class Understood:
    """What was made of P texts: interests, vectors of what is wanted [P, T], and how much each asks [P]."""

    interests: list[list[Interest]]
    vectors: NDArray[np.float32]
    asks: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.interests)

    def part(self, rows: slice) -> Understood:
        """Return some of the people."""
        return Understood(self.interests[rows], self.vectors[rows], self.asks[rows])


def train(
    graph: HeteroData,
    schema: GraphSchema,
    encoder: TextEncoder,
    settings: TrainingSettings,
    progress: Progress = SILENT,
    model: MakeNetwork | None = None,
) -> Served:
    """Train on an exported graph as `kg-rec train` does, and keep the model in memory. Raises what `fit` raises."""
    from kg_rec.recommender import make_linker

    properties = graph[schema.item.label].properties

    def make_link(entities: Entities, names: NDArray[np.float32], known: NDArray[np.float32]) -> Link:
        return make_linker(entities, names, schema, properties, known, encoder).link_many

    trained = fit(graph, schema, encoder, make_link, settings, progress, model=model)
    told = {"name": encoder.name, "fingerprint": encoder.fingerprint, "dim": encoder.dim}
    artifact = Artifact(trained, schema, properties, graph.fingerprint, told)
    # As in serving, the words of those who are judged are not kept.
    serving = encoder.encoder if isinstance(encoder, CachedEncoder) else encoder
    return Served(artifact, serving, linker_of(artifact, serving))


def linker_of(artifact: Artifact, encoder: TextEncoder) -> Link:
    """Return the linker over a model's entities, as serving makes it."""
    from kg_rec.recommender import serving_linker

    return serving_linker(artifact, encoder).link_many


def shuffled(graph: HeteroData, schema: GraphSchema, seed: int) -> HeteroData:
    """Return the graph with the targets of each relation permuted; relations to or from users stay as they are.

    Every node keeps its number of edges of each type, in and out; pairs that come out twice are exchanged with others until
    there are none, as far as the degrees allow it (Maslov and Sneppen 2002, "Specificity and Stability in Topology of Protein
    Networks").
    """
    twin = copied(graph)
    rng = np.random.default_rng(seed)
    for triple in graph.edge_types:
        if schema.user is not None and schema.user.label in (triple[0], triple[2]):
            continue
        sources, targets = graph[triple].edge_index.numpy()
        others = _rewired(sources, rng.permutation(targets), rng)
        order = np.lexsort((others, sources))
        twin[triple].edge_index = torch.from_numpy(np.stack([sources[order], others[order]]))
        twin[triple].properties = {name: values[order] for name, values in graph[triple].properties.items()}
    return twin


def _rewired(sources: NDArray[np.int64], targets: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Exchange targets of pairs that are there twice with those of any others, for at most 100 rounds."""
    if not len(targets):
        return targets
    for _ in range(_REPAIRS):
        pairs = sources * (int(targets.max()) + 1) + targets
        _, first = np.unique(pairs, return_index=True)
        twice = np.setdiff1d(np.arange(len(pairs)), first)
        if not len(twice):
            break
        for place, other in zip(twice.tolist(), rng.integers(len(targets), size=len(twice)).tolist(), strict=True):
            targets[place], targets[other] = targets[other], targets[place]
    return targets


def bare(graph: HeteroData, schema: GraphSchema) -> tuple[HeteroData, GraphSchema]:
    """Return the graph without any relation but the interactions, and a schema whose asking sentences need none."""
    twin = copied(graph)
    interaction = (
        (schema.user.label, schema.interaction.type, schema.item.label)
        if schema.user is not None and schema.interaction is not None
        else None
    )
    for triple in graph.edge_types:
        if triple != interaction:
            del twin[triple]
    return twin, schema.model_copy(update={"asking": ()})


def train_bare(
    graph: HeteroData,
    schema: GraphSchema,
    encoder: TextEncoder,
    settings: TrainingSettings,
    progress: Progress = SILENT,
    make: MakeNetwork | None = None,
) -> Served:
    """Train without the graph: without relations, without `LIKED_TOGETHER`, and with weight 0 for what would come from them.

    What people did in common is left in the signal ease, which needs no graph; the weights of telling are learned before
    the others are set to 0.
    """
    reduced, plain = bare(graph, schema)
    settings = replace(settings, text_together=0.0, one_hot_together=0.0)
    served = train(reduced, plain, encoder, settings, progress, make)
    model = served.artifact.model
    kept = np.array([name not in GRAPH_SIGNALS for name in SIGNALS], dtype=np.float32)
    fusion = Fusion(model.fusion.asking * kept, model.fusion.telling * kept)
    return replace(served, artifact=replace(served.artifact, model=replace(model, fusion=fusion)))


def probabilities(
    served: Served, understood: Understood, lists: Sequence[NDArray[np.int64]]
) -> list[NDArray[np.float64]] | None:
    """Return how likely each person is said to like each item of their list, or None where the model does not say.

    As in serving: of the items, those that the words name are no candidates.
    """
    calibration = served.artifact.model.calibration
    if calibration is None:
        return None
    ranking, found = Ranking(served.artifact), []
    for rows in _batches(len(understood)):
        some = understood.part(rows)
        scores = ranking.parts(some.vectors, some.interests, some.asks).sum(axis=1)
        for row, named, asks, items in zip(scores, served.named(some), some.asks, lists[rows], strict=True):
            found.append(calibration.probabilities(log_chances(row, named)[items], float(asks)))
    return found


def rank_ours(served: Served, understood: Understood, hidden: Sequence[Collection[int]]) -> list[NDArray[np.int64]]:
    """Return the first 50 items of each person, [<= 50] each, by the score of a model; hidden: rows of no candidates."""
    ranking = Ranking(served.artifact)
    found = []
    for rows in _batches(len(understood)):
        some = understood.part(rows)
        total = ranking.parts(some.vectors, some.interests, some.asks).sum(axis=1)
        found += _first(total, hidden[rows])
    return found


def rank_all(
    served: Served, understood: Understood, hidden: Sequence[Collection[int]], progress: Progress = SILENT
) -> dict[str, list[NDArray[np.int64]]]:
    """Return the lists of ours, of popularity, of text closeness, and of ours without each of its signals, by name."""
    ranking, evidence = Ranking(served.artifact), served.artifact.model.evidence
    lists: dict[str, list[NDArray[np.int64]]] = {name: [] for name in (OURS, POPULARITY, TEXT, *ABLATIONS.values())}
    step = progress.step("Ranking", len(understood), "people")
    popularity = evidence.popularity.numpy()
    index = served.artifact.model.entities.index
    for rows in _batches(len(understood)):
        some = understood.part(rows)
        signals = evidence.signals(People.of(some.vectors, some.interests, index))
        parts = ranking.weighed(signals, some.interests, some.asks)
        total = parts.sum(axis=1)
        lists[OURS] += _first(total, hidden[rows])
        lists[POPULARITY] += _first(np.broadcast_to(popularity, total.shape), hidden[rows])
        lists[TEXT] += _first(signals[:, SIGNALS.index("text")], hidden[rows])
        for place, name in enumerate(SIGNALS):
            lists[ABLATIONS[name]] += _first(np.delete(parts, place, axis=1).sum(axis=1), hidden[rows])
        step.advance(len(some))
    return lists


def _batches(count: int) -> list[slice]:
    return [slice(start, start + _BATCH) for start in range(0, count, _BATCH)]


def _first(scores: NDArray[np.float32], hidden: Sequence[Collection[int]]) -> list[NDArray[np.int64]]:
    """Return the 50 best of each row of scores [P, items], without the hidden ones; of equal ones the first row."""
    found = []
    for row, theirs in zip(scores, hidden, strict=True):
        total = row.copy()
        total[list(theirs)] = -np.inf
        k = min(LENGTH, len(total))
        # All that tie with the last of the best are among them until sorted.
        best = np.flatnonzero(total >= np.partition(total, len(total) - k)[len(total) - k])
        best = best[np.argsort(-total[best], kind="stable")][:k]
        found.append(best[np.isfinite(total[best])])
    return found
