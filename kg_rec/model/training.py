"""Training: the people of the graph, turned into new ones, teach the model which items follow from words and interests.

In each step one fold of them is scored with a graph in which nothing of theirs is left: neither their interactions in
`LIKED_TOGETHER` nor in the popularity. One fold is never learned from; on it training stops, and the best step is kept,
the untrained start among the candidates.
"""

from __future__ import annotations

import math
import time
import zlib
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from kg_rec.errors import ModelError
from kg_rec.graph.interactions import interactions_of, positive
from kg_rec.model.features import (
    LIKED_TOGETHER,
    Entities,
    entity_texts,
    liked_together,
    number_entities,
    popularity,
    prominence,
    relation_matrices,
    release_years,
)
from kg_rec.model.link_prediction import LinkPredictor, People
from kg_rec.model.rgcn import RGCN, RelationalEdges
from kg_rec.model.simulation import SimulatedPerson, simulate_people
from kg_rec.progress import SILENT, Progress
from kg_rec.text.asking import ItemWords, item_words

if TYPE_CHECKING:
    from collections.abc import Callable

    import scipy.sparse as sp
    from numpy.typing import NDArray
    from torch_geometric.data import HeteroData

    from kg_rec.graph.interactions import Interactions
    from kg_rec.interest import Interest
    from kg_rec.schema import GraphSchema
    from kg_rec.text.encoder import TextEncoder

    Link = Callable[[list[str]], list[list[Interest]]]


@dataclass(frozen=True)
class TrainingSettings:
    """How the model is made; the defaults were chosen on people who are in no graph (docs/quality.md)."""

    identity_size: int = 256
    """Size of the identity block: random unit vectors, in which a dot product counts what two entities share."""
    rank: int = 8
    dropout: float = 0.1
    interest_dropout: float = 0.1
    """Share of the interest edges hidden in each step."""
    layers: int = 1
    """Convolutions over the graph; a person's interest edges are one more."""
    text_together: float = 0.6
    identity_together: float = 1.0
    """Start of a_r for LIKED_TOGETHER, in the text and in the identity block."""
    text_to_items: float = 0.0
    text_to_others: float = 0.25
    identity_relation: float = 0.1
    """Start of a_r for the relations of the graph and their inverses; in the text block for those that lead to items, and for
    the others. What the neighbours of an item are called stands in its asking sentences already; a genre or a person
    gains by what the items say."""
    description: float = 0.5
    """Weight of an item's description beside the mean of its asking sentences."""
    temperature: float = 20.0
    folds: int = 5
    variants: int = 4
    """Simulated people made of each person of the graph."""
    steps: int = 32
    warmup: int = 4
    learning_rate: float = 0.01
    weight_decay: float = 0.01
    patience: int = 4
    """Evaluations without a better loss until training stops."""
    evaluate_every: int = 4
    target_tilt: float = 8.0
    """How much more a liked item is a target when its sentences are near to the words: weight exp(tilt · cosine)."""
    people_per_step: int = 512
    seed: int = 0


@dataclass(frozen=True)
class TrainedModel:
    """All that is needed to score: representations, popularity, the scoring function, and what it was made from.

    text: t, float32 [N, T]; identity: h, float32 [N, H]; together they are z. names: vectors of the bare names, [N, T].
    popularity: float32 [items]. direct: [items, N], 1 where an item and an entity are neighbours.
    relation_weights: how much each relation of the graph carries in the representations.
    """

    entities: Entities
    text: Tensor
    identity: Tensor
    names: Tensor
    popularity: Tensor
    predictor: LinkPredictor
    direct: sp.csr_array
    relation_weights: dict[str, float]
    settings: TrainingSettings
    metrics: dict[str, Any] = field(default_factory=dict)


def fit(
    graph: HeteroData,
    schema: GraphSchema,
    encoder: TextEncoder,
    make_link: Callable[[Entities, NDArray[np.float32], NDArray[np.float32]], Link],
    settings: TrainingSettings | None = None,
    progress: Progress = SILENT,
) -> TrainedModel:
    """Train on an exported graph.

    make_link: given the entities, the vectors of their names, [N, T], and how well known each is, [N], returns the linker that
    real people's words go through.
    Without users or interactions nothing can be learned: the model is its start then, with popularity 0 everywhere.
    Raises GraphError, SchemaError and EncoderError as the parts do, and ModelError when a representation is not finite.
    """
    settings = settings or TrainingSettings()
    started = time.monotonic()
    generator = torch.Generator().manual_seed(settings.seed)
    torch.manual_seed(settings.seed)
    entities = number_entities(graph, schema)
    words = item_words(graph, schema)
    text, names = _text_features(graph, schema, entities, words, encoder, settings, progress)
    identity = torch.nn.functional.normalize(
        torch.randn(len(entities), settings.identity_size, generator=generator), dim=1
    )
    encoded = time.monotonic()
    knowledge = relation_matrices(graph, entities)
    direct = _direct(knowledge, entities)
    people = _Crowd.of(graph, schema, entities)
    labels = list(entities.slices)
    predictor = LinkPredictor(
        torch.tensor([labels.index(label) for label in entities.labels]),
        item_label=labels.index(entities.item_label),
        labels=len(labels),
        temperature=settings.temperature,
    )
    course = _Course(torch.from_numpy(text), identity, predictor, knowledge, people, settings)
    metrics: dict[str, Any] = {"items": entities.item_count, "entities": len(entities), "simulated people": 0}
    simulated = people.simulate(words, settings)
    if simulated:
        link = make_link(
            entities, names, prominence(people.popularity(people.kept(None, settings.folds)).numpy(), direct)
        )
        metrics |= course.run(simulated, encoder, link, entities, generator, progress)
    final = course.final()
    if not torch.isfinite(final.identity).all():
        raise ModelError(
            "The representations are not finite: training diverged.", remedy="Train again with a smaller learning rate."
        )
    metrics["seconds"] = {
        "encoding": round(encoded - started, 1),
        "training": round(time.monotonic() - encoded, 1),
    }
    return TrainedModel(
        entities,
        final.text,
        final.identity,
        torch.from_numpy(names),
        final.popularity,
        predictor.eval(),
        direct,
        course.relation_weights(),
        settings,
        metrics,
    )


def _text_features(
    graph: HeteroData,
    schema: GraphSchema,
    entities: Entities,
    words: ItemWords,
    encoder: TextEncoder,
    settings: TrainingSettings,
    progress: Progress,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the text block [N, T] and the vectors of the bare names [N, T].

    An item is the mean of its asking sentences and its bare title, plus a part of its description; any other entity is
    its name with its running text.
    """
    asked = words.ask()
    described = words.describe()
    texts = entity_texts(graph, schema, entities)
    named = entities.names
    everything = [*(sentence for sentences in asked for sentence in sentences), *described, *texts, *named]
    step = progress.step("Encoding", len(everything), "texts")
    vectors = encoder.encode(everything, progress=step)
    count = entities.item_count
    rest = vectors[len(asked) * count :]
    names = rest[count + len(texts) :]
    asking = vectors[: len(asked) * count].reshape(len(asked), count, -1)
    sentences = _unit(asking.sum(axis=0) + names[:count])
    text = rest[count : count + len(texts)].copy()
    text[:count] = _unit(sentences + settings.description * rest[:count])
    return text, names


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: NDArray[np.float32] = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return unit


def _direct(knowledge: dict[str, sp.csr_array], entities: Entities) -> sp.csr_array:
    """Return which entities each item is a neighbour of, [items, N], over any relation, as 0 or 1."""
    import scipy.sparse as sparse

    rows, columns = [], []
    for matrix in knowledge.values():
        found = matrix.tocoo()
        of_items = found.coords[0] < entities.item_count
        rows.append(found.coords[0][of_items])
        columns.append(found.coords[1][of_items])
    if not rows:
        rows, columns = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    pairs = np.concatenate(rows), np.concatenate(columns)
    shape = (entities.item_count, len(entities))
    direct: sp.csr_array = sparse.csr_array((np.ones(len(pairs[0]), dtype=np.float32), pairs), shape=shape)
    direct.data[:] = 1.0
    return direct


@dataclass(frozen=True)
class _Crowd:
    """The people of the graph: what they did, and the fold that each is in."""

    entities: Entities
    interactions: Interactions | None
    liked: NDArray[np.bool_]
    released: NDArray[np.float64] | None
    keys: list[str]

    @classmethod
    def of(cls, graph: HeteroData, schema: GraphSchema, entities: Entities) -> _Crowd:
        interactions = interactions_of(graph, schema)
        liked = positive(interactions) if interactions is not None else np.zeros(0, dtype=bool)
        keys = graph[schema.user.label].key if schema.user and interactions is not None else []
        return cls(entities, interactions, liked, release_years(graph, schema), keys)

    def simulate(self, words: ItemWords, settings: TrainingSettings) -> list[SimulatedPerson]:
        if self.interactions is None:
            return []
        return simulate_people(
            self.interactions, self.liked, words, self.keys, variants=settings.variants, seed=settings.seed
        )

    def fold(self, user: int, folds: int) -> int:
        """Return the fold of a person, by hash of their key: it stays theirs when the graph grows."""
        return zlib.crc32(self.keys[user].encode()) % folds

    def together(self, kept: NDArray[np.bool_]) -> sp.csr_array:
        size, count = len(self.entities), self.entities.item_count
        if self.interactions is None:
            return liked_together(np.zeros(0, np.int64), np.zeros(0, np.int64), item_count=count, size=size)
        chosen = self.liked & kept
        return liked_together(
            self.interactions.users[chosen], self.interactions.items[chosen], item_count=count, size=size
        )

    def popularity(self, kept: NDArray[np.bool_]) -> Tensor:
        count = self.entities.item_count
        if self.interactions is None:
            return torch.zeros(count)
        times = self.interactions.times
        return torch.from_numpy(
            popularity(
                self.interactions.items[kept],
                times[kept] if times is not None else None,
                self.released,
                item_count=count,
            )
        )

    def kept(self, without: int | None, folds: int) -> NDArray[np.bool_]:
        """Return the interactions that are left when the people of a fold are taken out, [E]."""
        if self.interactions is None:
            return np.zeros(0, dtype=bool)
        if without is None:
            return np.ones(len(self.interactions), dtype=bool)
        in_fold = np.array([self.fold(user, folds) == without for user in range(len(self.keys))])
        return ~in_fold[self.interactions.users]


@dataclass(frozen=True)
class _View:
    """The graph without the people of one fold, as far as it does not change while the model learns.

    text: t [N, T]; popularity: [items]; together: what LIKED_TOGETHER sums up to in the first identity layer, [N, H].
    """

    edges: RelationalEdges
    text: Tensor
    popularity: Tensor
    together: Tensor


@dataclass(frozen=True)
class _Final:
    text: Tensor
    identity: Tensor
    popularity: Tensor


class _Course:
    """One training.

    z has two blocks that never mix (the block-diagonal decomposition of Schlichtkrull et al., eq. 4), so each is a network of
    its own. The text block keeps its start: trained on simulated words it gets worse on real ones (docs/quality.md).
    """

    def __init__(
        self,
        text: Tensor,
        identity: Tensor,
        predictor: LinkPredictor,
        knowledge: dict[str, sp.csr_array],
        crowd: _Crowd,
        settings: TrainingSettings,
    ) -> None:
        self.text, self.identity, self.predictor = text, identity, predictor
        self.crowd, self.settings = crowd, settings
        self.names = [*knowledge, LIKED_TOGETHER]
        self._knowledge = RelationalEdges.of(knowledge)
        items = crowd.entities.item_count
        leads_to_items = [bool(matrix[:items].nnz) for matrix in knowledge.values()]
        self._text_starts = [settings.text_to_items if leads else settings.text_to_others for leads in leads_to_items]
        relations = [settings.identity_relation] * len(knowledge)
        self.network = self._network(identity, [*relations, settings.identity_together], settings.dropout)
        # What the neighbours sum up to in the first layer never changes but for LIKED_TOGETHER, which is the last row.
        self._aggregated = torch.empty(len(self.names), *identity.shape)
        for row, matrix in enumerate(self._knowledge.matrices):
            self._aggregated[row] = matrix @ identity
        self._views: dict[int | None, _View] = {}

    def _network(self, x: Tensor, starts: list[float], dropout: float) -> RGCN:
        layers = [torch.tensor(starts) for _ in range(self.settings.layers)]
        return RGCN(layers, x.shape[1], rank=self.settings.rank, dropout=dropout)

    @torch.no_grad()
    def _carried_text(self, together: RelationalEdges) -> Tensor:
        """Return the text block t [N, T], carried along the relations whose start is not 0, and along `together`."""
        carrying = [place for place, start in enumerate(self._text_starts) if start]
        edges = self._knowledge.select(carrying).joined(together)
        starts = [*(self._text_starts[place] for place in carrying), self.settings.text_together]
        t: Tensor = self._network(self.text, starts, 0.0).eval()(self.text, edges)
        return t

    def represent(self, view: _View) -> Tensor:
        """Return the identity block h [N, H] of the graph as `view` has it."""
        self._aggregated[-1] = view.together
        h: Tensor = self.network(self.identity, view.edges, self._aggregated)
        return h

    def run(
        self,
        simulated: list[SimulatedPerson],
        encoder: TextEncoder,
        link: Link,
        entities: Entities,
        generator: torch.Generator,
        progress: Progress,
    ) -> dict[str, Any]:
        """Learn from the simulated people; the network and the predictor are at their best step afterwards."""
        settings = self.settings
        texts = [person.text for person in simulated]
        vectors = encoder.encode(texts, progress=progress.step("Encoding simulated people", len(texts), "texts"))
        people = People.of(vectors, link(texts), entities.index)
        targets = _Targets(simulated, people, self.text[: entities.item_count], settings.target_tilt)
        folds = torch.tensor([self.crowd.fold(person.user, settings.folds) for person in simulated])
        rows = [torch.nonzero(folds == fold).flatten() for fold in range(settings.folds)]
        held_out = rows[0]
        learned_from = [fold for fold in range(1, settings.folds) if len(rows[fold])]
        if not learned_from or not len(held_out):
            return {"simulated people": len(simulated), "note": "too few people to learn from; the start is used"}
        parameters = [*self.network.parameters(), *self.predictor.parameters()]
        optimizer = torch.optim.AdamW(parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self._rate)
        best = start = self._evaluate(people, targets, held_out)
        best_step, state, waited = 0, self._state(), 0
        history = [{"step": 0, **asdict(start)}]
        step_shown = progress.step("Training", settings.steps, "steps")
        for step in range(1, settings.steps + 1):
            fold = learned_from[step % len(learned_from)]
            batch = rows[fold]
            if len(batch) > settings.people_per_step:
                batch = batch[torch.randperm(len(batch), generator=generator)[: settings.people_per_step]]
            self.network.train()
            self.predictor.train()
            optimizer.zero_grad(set_to_none=True)
            view = self._view(fold)
            seen = people.select(batch).thinned(settings.interest_dropout, generator)
            scores = self.predictor(view.text, self.represent(view), seen, view.popularity)
            loss = targets.loss(scores.total, batch)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            step_shown.advance()
            if step % settings.evaluate_every and step != settings.steps:
                continue
            now = self._evaluate(people, targets, held_out)
            history.append({"step": step, **asdict(now)})
            waited += 1
            if now.loss < best.loss:
                best, best_step, state, waited = now, step, self._state(), 0
            if waited >= settings.patience:
                step_shown.advance(settings.steps - step)
                break
        self._restore(state)
        return {
            "simulated people": len(simulated),
            "held-out people": len(held_out),
            "best step": best_step,
            "start": asdict(start),
            "best": asdict(best),
            "history": history,
        }

    def relation_weights(self) -> dict[str, float]:
        """Return how much each relation carries: the sum of |a_r| over the layers of the identity block."""
        total = torch.zeros(len(self.names))
        for layer in self.network.convolutions:
            total += layer.multiples().detach().abs()
        return dict(zip(self.names, (round(float(value), 6) for value in total), strict=True))

    def _view(self, without: int | None) -> _View:
        if without not in self._views:
            kept = self.crowd.kept(without, self.settings.folds)
            together = RelationalEdges.of({LIKED_TOGETHER: self.crowd.together(kept)})
            edges = self._knowledge.joined(together)
            text = self._carried_text(together)
            self._views[without] = _View(edges, text, self.crowd.popularity(kept), together.matrices[0] @ self.identity)
        return self._views[without]

    @torch.no_grad()
    def _evaluate(self, people: People, targets: _Targets, rows: Tensor) -> _Quality:
        self.network.eval()
        self.predictor.eval()
        view = self._view(0)
        scores = self.predictor(view.text, self.represent(view), people.select(rows), view.popularity).total
        return _Quality(
            float(targets.loss(scores, rows)), targets.recall(scores, rows, 10), targets.recall(scores, rows, 50)
        )

    def _rate(self, step: int) -> float:
        """Linear warm-up, then a linear decay to a tenth."""
        warmup, steps = self.settings.warmup, self.settings.steps
        if step < warmup:
            return (step + 1) / warmup
        return max(0.1, 1.0 - 0.9 * (step - warmup) / max(steps - warmup, 1))

    def _state(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        return tuple(  # type: ignore[return-value]
            {name: value.clone() for name, value in module.state_dict().items()}
            for module in (self.network, self.predictor)
        )

    def _restore(self, state: tuple[dict[str, Tensor], dict[str, Tensor]]) -> None:
        self.network.load_state_dict(state[0])
        self.predictor.load_state_dict(state[1])
        self.network.eval()
        self.predictor.eval()

    @torch.no_grad()
    def final(self) -> _Final:
        """Return the representations and the popularity with nobody left out."""
        self.network.eval()
        view = self._view(None)
        return _Final(view.text, self.represent(view), view.popularity)


@dataclass(frozen=True)
class _Quality:
    loss: float
    recall_at_10: float
    recall_at_50: float


class _Targets:
    """What the simulated people should be shown, as a distribution over the items for each."""

    def __init__(self, simulated: list[SimulatedPerson], people: People, items: Tensor, tilt: float) -> None:
        self._count = len(items)
        # Items named in the words are never recommended, so they take no part.
        named = people.entity < self._count
        self._named = torch.stack([people.person[named], people.entity[named]])
        theirs = set(zip(*self._named.tolist(), strict=True))
        self._rows = [
            torch.tensor([item for item in person.targets if (row, item) not in theirs], dtype=torch.long)
            for row, person in enumerate(simulated)
        ]
        self._shares = [
            torch.softmax(tilt * (items[rows] @ text), dim=0)
            for rows, text in zip(self._rows, people.text, strict=True)
        ]

    def loss(self, scores: Tensor, rows: Tensor) -> Tensor:
        """Return the mean cross-entropy of softmax(scores) [P, items] to the targets of the people at `rows`."""
        chances = torch.log_softmax(self._masked(scores, rows), dim=1)
        losses = [
            -(self._shares[person] * chances[place, self._rows[person]]).sum()
            for place, person in enumerate(rows.tolist())
        ]
        return torch.stack(losses).mean()

    def recall(self, scores: Tensor, rows: Tensor, k: int) -> float:
        """Return the mean share of the targets among the first k, each target counted by its share."""
        k = min(k, self._count)
        top = self._masked(scores, rows).topk(k, dim=1).indices
        found = [
            float(self._shares[person][torch.isin(self._rows[person], top[place])].sum())
            for place, person in enumerate(rows.tolist())
        ]
        return math.fsum(found) / len(found)

    def _masked(self, scores: Tensor, rows: Tensor) -> Tensor:
        place = torch.full((len(self._rows),), -1)
        place[rows] = torch.arange(len(rows))
        here = place[self._named[0]] >= 0
        mask = torch.zeros_like(scores, dtype=torch.bool)
        mask[place[self._named[0][here]], self._named[1][here]] = True
        return scores.masked_fill(mask, -torch.inf)
