"""Training: the people of the graph, turned into new ones, teach the model which items follow from words and interests.

In each step one fold of them is scored with a graph in which nothing of theirs is left: neither their interactions in
`LIKED_TOGETHER` nor in the popularity. One fold is never learned from; on it training stops, and the best step is kept,
the untrained start among the candidates.
"""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from kg_rec.errors import ModelError
from kg_rec.model.calibration import Calibration, calibrate
from kg_rec.model.crowd import Crowd
from kg_rec.model.features import (
    LIKED_TOGETHER,
    Entities,
    entity_texts,
    neighbours_of_items,
    number_entities,
    numeric_ranks,
    prominence,
    relation_matrices,
)
from kg_rec.model.fusion import Fusion, Told, learn_telling
from kg_rec.model.link_prediction import LinkPredictor, People
from kg_rec.model.protocol import MakeNetwork, OwnNetwork, RelationalGraph
from kg_rec.model.rgcn import RGCN, OneHotRGCN, RelationalEdges
from kg_rec.model.signals import SIGNALS, Evidence, no_entries, unit_rows
from kg_rec.model.simulation import SimulatedPerson, simulate_people, simulate_telling
from kg_rec.progress import SILENT, Progress
from kg_rec.text.asking import ItemWords, item_words
from kg_rec.text.manner import REVIEWS, Manner
from kg_rec.text.wishes import Wishes, understood

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import scipy.sparse as sp
    from numpy.typing import NDArray
    from torch_geometric.data import HeteroData

    from kg_rec.interest import Link
    from kg_rec.schema import GraphSchema
    from kg_rec.text.encoder import TextEncoder


_HELD_OUT = 0
"""The fold that is never learned from."""
_MOST_RUNNING = 1000
"""Running texts of items that are read to know how such texts read."""
_TELLING_CELLS = 12_000_000
"""People times items whose signals are held in memory at once: 264 MB."""


@dataclass(frozen=True)
class TrainingSettings:
    """How the model is made; the defaults were chosen on people who are in no graph (docs/quality.md)."""

    interest_dropout: float = 0.1
    """Share of the interest edges hidden in each step."""
    layers: int = 1
    """Convolutions over the graph; a person's interest edges are one more."""
    text_together: float = 0.6
    one_hot_together: float = 1.0
    """Start of a_r for LIKED_TOGETHER, in the text and in the one-hot block."""
    text_to_items: float = 0.0
    text_to_others: float = 0.25
    one_hot_relation: float = 0.3
    """Start of a_r for the relations of the graph and their inverses; in the text block for those that lead to items, and for
    the others. What the neighbours of an item are called stands in its asking sentences already; a genre or a person
    gains by what the items say."""
    description: float = 0.5
    """Weight of an item's description beside the mean of its asking sentences."""
    temperature: float = 20.0
    folds: int = 5
    variants: int = 4
    """Simulated people made of each person of the graph."""
    steps: int = 24
    warmup: int = 4
    learning_rate: float = 0.003
    weight_decay: float = 0.01
    patience: int = 4
    """Evaluations without a better loss until training stops."""
    evaluate_every: int = 4
    target_tilt: float = 8.0
    """How much more a liked item is a target when its sentences are near to the words: weight exp(tilt · cosine)."""
    people_per_step: int = 256
    telling: int = 800
    """People at most from whom the weights of the signals are learned for words that tell."""
    seed: int = 0


@dataclass(frozen=True)
class TrainedModel:
    """All that is needed to score, and what it was made from.

    evidence: representations, popularity, neighbours and likes, which the signals are computed from; names: vectors of the
    bare names, [N, T]; fusion: weights of the signals; manner: how words that ask and words that tell read here;
    relation_weights: how much each relation of the graph carries in the representations; calibration: from scores to
    probabilities, None where there was nobody to learn it from; network: name of a network of one's own
    (kg_rec/model/protocol.py), None where it is ours. What its relations carry is not known: all weigh 1.
    """

    entities: Entities
    evidence: Evidence
    names: Tensor
    fusion: Fusion
    manner: Manner
    relation_weights: dict[str, float]
    settings: TrainingSettings
    metrics: dict[str, Any] = field(default_factory=dict)
    calibration: Calibration | None = None
    network: str | None = None


def fit(
    graph: HeteroData,
    schema: GraphSchema,
    encoder: TextEncoder,
    make_link: Callable[[Entities, NDArray[np.float32], NDArray[np.float32]], Link],
    settings: TrainingSettings | None = None,
    progress: Progress = SILENT,
    *,
    model: MakeNetwork | None = None,
) -> TrainedModel:
    """Train on an exported graph.

    make_link: given the entities, the vectors of their names, [N, T], and how well known each is, [N], returns the linker that
    real people's words go through. model: makes a network of one's own (kg_rec/model/protocol.py), in place of ours.
    Without users or interactions nothing can be learned: the model is its start then, with popularity 0 everywhere.
    Raises GraphError, SchemaError and EncoderError as the parts do, ModelError when a representation is not finite, and what
    `OwnNetwork` raises.
    """
    settings = settings or TrainingSettings()
    started = time.monotonic()
    generator = torch.Generator().manual_seed(settings.seed)
    torch.manual_seed(settings.seed)
    entities = number_entities(graph, schema)
    words = item_words(graph, schema)
    features = _text_features(graph, schema, entities, words, encoder, settings, progress)
    encoded = time.monotonic()
    knowledge = relation_matrices(graph, entities)
    direct = neighbours_of_items(knowledge, entities)
    crowd = Crowd.of(graph, schema, entities, settings.folds)
    labels = list(entities.slices)
    predictor = LinkPredictor(
        torch.tensor([labels.index(label) for label in entities.labels]),
        item_label=labels.index(entities.item_label),
        labels=len(labels),
        temperature=settings.temperature,
    )
    course = _Course(
        torch.from_numpy(features.text),
        predictor,
        knowledge,
        direct,
        numeric_ranks(graph, schema),
        crowd,
        settings,
        model,
    )
    metrics: dict[str, Any] = {"items": entities.item_count, "entities": len(entities), "simulated people": 0}
    fusion = Fusion.start() if crowd.interactions is not None else Fusion.without_people()
    asking, telling = _simulated(crowd, words, settings)
    asked = told = Wishes([], np.zeros((0, encoder.dim), dtype=np.float32))
    if asking or telling:
        known = prominence(crowd.popularity(crowd.kept(None)), direct)
        see = _See(encoder, make_link(entities, features.names, known))
        if asking:
            asked = see(asking, progress)
            metrics |= course.run(asking, asked, generator, progress)
        told = see(telling, progress)
        telling_weights, metrics["telling"] = course.learn_telling(telling, told, progress)
        metrics["telling"]["own words"] = sum(person.own_words for person in telling)
        fusion = replace(fusion, telling=telling_weights)
    evidence = course.evidence(None)
    if not np.isfinite(evidence.one_hot.data if evidence.z is None else evidence.z).all():
        raise ModelError(
            "The representations are not finite: training diverged.", remedy="Train again with a smaller learning rate."
        )
    metrics["seconds"] = {
        "encoding": round(encoded - started, 1),
        "training": round(time.monotonic() - encoded, 1),
    }
    if isinstance(course.network, OneHotRGCN):
        metrics["carried"] = course.multiples()
    trained = TrainedModel(
        entities,
        replace(evidence, predictor=predictor.eval()),
        torch.from_numpy(features.names),
        fusion,
        features.manner,
        course.relation_weights(),
        settings,
        metrics,
        network=course.network.name if isinstance(course.network, OwnNetwork) else None,
    )
    strangers = _held_out(crowd, asking, asked), _held_out(crowd, telling, told)
    if not any(people for people, _ in strangers):
        return trained
    unseen = replace(trained, evidence=course.evidence(_HELD_OUT))
    return replace(trained, calibration=calibrate(unseen, schema, *strangers, progress))


def _simulated(
    crowd: Crowd, words: ItemWords, settings: TrainingSettings
) -> tuple[list[SimulatedPerson], list[SimulatedPerson]]:
    """Return the people of the graph as new ones who ask, and as new ones whose words tell of them, their own where there are
    any.
    """
    if crowd.interactions is None:
        return [], []
    known = crowd.interactions, crowd.liked, words, crowd.keys
    limit = min(settings.telling, _TELLING_CELLS // crowd.entities.item_count)
    return (
        simulate_people(*known, variants=settings.variants, seed=settings.seed),
        simulate_telling(*known, crowd.told, limit=limit, seed=settings.seed),
    )


@dataclass(frozen=True)
class _See:
    """How people are seen: the way of a real person's words."""

    encoder: TextEncoder
    link: Link

    def __call__(self, simulated: Sequence[SimulatedPerson], progress: Progress) -> Wishes:
        texts = [person.text for person in simulated]
        step = progress.step("Encoding simulated people", len(texts), "texts")
        return understood(texts, self.link, self.encoder, step)


def _held_out(crowd: Crowd, simulated: Sequence[SimulatedPerson], said: Wishes) -> tuple[list[SimulatedPerson], Wishes]:
    """Return those who are never learned from, with what they said."""
    rows = [row for row, person in enumerate(simulated) if crowd.folds[person.user] == _HELD_OUT]
    return [simulated[row] for row in rows], said.at(rows)


@dataclass(frozen=True)
class _TextFeatures:
    """text: what the text block starts from, [N, T]; names: vectors of the bare names, [N, T]."""

    text: NDArray[np.float32]
    names: NDArray[np.float32]
    manner: Manner


def _text_features(
    graph: HeteroData,
    schema: GraphSchema,
    entities: Entities,
    words: ItemWords,
    encoder: TextEncoder,
    settings: TrainingSettings,
    progress: Progress,
) -> _TextFeatures:
    """Encode everything that has words.

    An item is the mean of its asking sentences and its bare title, plus a part of its description; any other entity is
    its name with its running text.
    """
    asked = words.ask()
    described = words.describe()
    texts = entity_texts(graph, schema, entities)
    running = [text for text in words.texts if text][:_MOST_RUNNING]
    everything = [
        *(one for sentences in asked for one in sentences),
        *(text for some in (described, texts, entities.names, running, REVIEWS) for text in some),
    ]
    step = progress.step("Encoding", len(everything), "texts")
    vectors = encoder.encode(everything, progress=step)
    sizes = [len(asked) * entities.item_count, len(described), len(texts), len(entities.names), len(running)]
    asking, descriptions, own, names, told, reviews = np.split(vectors, np.cumsum(sizes))
    count = entities.item_count
    sentences = unit_rows(asking.reshape(len(asked), count, -1).sum(axis=0) + names[:count])
    text = own.copy()
    text[:count] = unit_rows(sentences + settings.description * descriptions)
    return _TextFeatures(text, names, Manner.of(asking, told, reviews))


@dataclass(frozen=True)
class _View:
    """The graph without the people of one fold, as far as it does not change while the model learns.

    graph: of which the relations are those of the graph and `liked_together`, [N, N]; text: t [N, T]; popularity: [items].
    """

    graph: RelationalGraph
    text: Tensor
    popularity: Tensor
    liked_together: sp.csr_array


class _Course:
    """One training.

    z has two blocks that never mix (the block-diagonal decomposition of Schlichtkrull et al., eq. 4), so each is a network of
    its own. The text block keeps its start: trained on simulated words it gets worse on real ones (docs/quality.md).
    """

    def __init__(
        self,
        text: Tensor,
        predictor: LinkPredictor,
        knowledge: dict[str, sp.csr_array],
        direct: sp.csr_array,
        ranks: NDArray[np.float32],
        crowd: Crowd,
        settings: TrainingSettings,
        make: MakeNetwork | None = None,
    ) -> None:
        self.text, self.predictor, self.knowledge = text, predictor, knowledge
        self.direct, self.ranks, self.crowd, self.settings = direct, ranks, crowd, settings
        self.names = [*knowledge, LIKED_TOGETHER]
        self._knowledge = RelationalEdges.of(knowledge)
        items = crowd.entities.item_count
        leads_to_items = [bool(matrix[:items].nnz) for matrix in knowledge.values()]
        self._text_starts = [settings.text_to_items if leads else settings.text_to_others for leads in leads_to_items]
        self._views: dict[int | None, _View] = {}
        self.network: OneHotRGCN | OwnNetwork
        if make is None:
            starts = torch.tensor([*[settings.one_hot_relation] * len(knowledge), settings.one_hot_together])
            self.network = OneHotRGCN([starts.clone() for _ in range(settings.layers)])
        else:
            self.network = OwnNetwork(make, self._view(_HELD_OUT).graph)

    @torch.no_grad()
    def _carried_text(self, together: RelationalEdges) -> Tensor:
        """Return the text block t [N, T], carried along the relations whose start is not 0, and along `together`."""
        carrying = [place for place, start in enumerate(self._text_starts) if start]
        edges = self._knowledge.select(carrying).joined(together)
        starts = torch.tensor([*(self._text_starts[place] for place in carrying), self.settings.text_together])
        network = RGCN([starts.clone() for _ in range(self.settings.layers)], self.text.shape[1], rank=0)
        t: Tensor = network.eval()(self.text, edges)
        return t

    def _score(self, view: _View, people: People) -> Tensor:
        """Return the score of every item for the people, [P, items], in the graph as `view` has it."""

        def shared(weights: Tensor) -> Tensor:
            network = self.network
            if isinstance(network, OwnNetwork):
                return network.shared(weights, view.graph)[: len(view.popularity)]
            return network.shared(weights, view.graph.edges)[: len(view.popularity)]

        total: Tensor = self.predictor(view.text, shared, people, view.popularity).total
        return total

    def run(
        self,
        simulated: list[SimulatedPerson],
        said: Wishes,
        generator: torch.Generator,
        progress: Progress,
    ) -> dict[str, Any]:
        """Learn from the simulated people; the network and the predictor are at their best step afterwards."""
        settings = self.settings
        people = People.of(said.vectors, said.interests, self.crowd.entities.index)
        targets = _Targets(simulated, people, self.text[: self.crowd.entities.item_count], settings.target_tilt)
        folds = torch.from_numpy(self.crowd.folds[[person.user for person in simulated]])
        rows = [torch.nonzero(folds == fold).flatten() for fold in range(settings.folds)]
        held_out = rows[_HELD_OUT]
        learned_from = [fold for fold in range(settings.folds) if fold != _HELD_OUT and len(rows[fold])]
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
            loss = targets.loss(self._score(view, seen), batch)
            torch.autograd.backward(loss)
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

    def learn_telling(
        self, simulated: list[SimulatedPerson], said: Wishes, progress: Progress
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Return the weights of the signals for words that tell, and what they came to; each fold is scored without itself."""
        people = People.of(said.vectors, said.interests, self.crowd.entities.index)
        count = self.crowd.entities.item_count
        folds = self.crowd.folds[[person.user for person in simulated]]
        signals = np.zeros((len(simulated), len(SIGNALS), count), dtype=np.float16)
        step = progress.step("Weighing signals", len(simulated), "people")
        for fold in np.unique(folds).tolist():
            rows = np.flatnonzero(folds == fold)
            signals[rows] = self.evidence(fold).signals(people.select(torch.from_numpy(rows)))
            step.advance(len(rows))
        named = [people.entity[people.person == row].numpy() for row in range(len(simulated))]
        hidden = [
            np.union1d(rows[rows < count], np.array(person.evidence, dtype=np.int64))
            for rows, person in zip(named, simulated, strict=True)
        ]
        targets = [np.setdiff1d(person.targets, known) for person, known in zip(simulated, hidden, strict=True)]
        kept = [row for row, wanted in enumerate(targets) if len(wanted)]
        told = Told(signals[kept], [targets[row] for row in kept], [hidden[row] for row in kept])
        return learn_telling(told, folds[kept] == _HELD_OUT, seed=self.settings.seed)

    def relation_weights(self) -> dict[str, float]:
        """Return how much each relation carries: the sum of |a_r| over the layers of the one-hot block."""
        if isinstance(self.network, OwnNetwork):
            return dict.fromkeys(self.names, 1.0)
        total = torch.zeros(len(self.names))
        for layer in self.network.convolutions:
            total += layer.multiples().detach().abs()
        return dict(zip(self.names, (round(float(value), 6) for value in total), strict=True))

    def multiples(self) -> dict[str, list[float]]:
        """Return a_r of each relation in the one-hot block, one number a layer."""
        assert isinstance(self.network, OneHotRGCN)
        layers = [layer.multiples().tolist() for layer in self.network.convolutions]
        return dict(zip(self.names, map(list, zip(*layers, strict=True)), strict=True))

    @torch.no_grad()
    def evidence(self, without: int | None) -> Evidence:
        """Return what the signals are computed from, as it is with the people of a fold taken out, or nobody."""
        self.network.eval()
        self.predictor.eval()
        view = self._view(without)
        likings = self.crowd.likings(self.crowd.kept(without), view.liked_together)
        z = None
        if isinstance(self.network, OwnNetwork):
            z = self.network.representations(view.graph).numpy()
            one_hot = no_entries(len(self.text), len(self.text))
        else:
            one_hot = self.network.representations(list(view.graph.matrices.values()))
        return Evidence(view.text, one_hot, view.popularity, self.direct, likings, self.predictor, self.ranks, z)

    def _view(self, without: int | None) -> _View:
        if without not in self._views:
            kept = self.crowd.kept(without)
            liked_together = self.crowd.together(kept)
            together = RelationalEdges.of({LIKED_TOGETHER: liked_together})
            self._views[without] = _View(
                RelationalGraph(
                    self.text,
                    self.crowd.entities.slices,
                    {**self.knowledge, LIKED_TOGETHER: liked_together},
                    self._knowledge.joined(together),
                ),
                self._carried_text(together),
                torch.from_numpy(self.crowd.popularity(kept)),
                liked_together,
            )
        return self._views[without]

    @torch.no_grad()
    def _evaluate(self, people: People, targets: _Targets, rows: Tensor) -> _Quality:
        self.network.eval()
        self.predictor.eval()
        view = self._view(_HELD_OUT)
        scores = self._score(view, people.select(rows))
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
        return _copied(self.network), _copied(self.predictor)

    def _restore(self, state: tuple[dict[str, Tensor], dict[str, Tensor]]) -> None:
        self.network.load_state_dict(state[0])
        self.predictor.load_state_dict(state[1])
        self.network.eval()
        self.predictor.eval()


def _copied(module: torch.nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in module.state_dict().items()}


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
