"""Does message passing pay? The signal `graph` of the current model, replaced by what other networks carry.

    python benchmarks/message_passing.py PEOPLE.jsonl

PEOPLE.jsonl: as for `kg-rec evaluate --people`; nobody of it is learned from. The graph is exported from the home's Neo4j.

Each variant is untrained, or learned from the people of the graph, simulated as people who ask, in folds 1 to 4 of the model's own;
each fold is shown a graph in which nothing of its people is left (its likes, popularity and LIKED_TOGETHER). Variants:

| variant | the signal |
|---|---|
| none | 0 |
| two convolutions | <h_p, h_i> after one convolution more, with the a_r of the last one again |
| random vectors of 256 | the same as now with random unit vectors in place of one-hot ones |
| gated | the same as now, each relation carrying as much as the person's interests are ends of it |
| attention over paths | log of the attention that the paths of up to two hops to an item get, of all paths from the interests |
| co-liking vectors | likes factorised (SVD); an entity is the mean of its items, an item without likes that of its entities |
| contrastive | cosine of a linear map of the words to what the item's neighbours are, learned with InfoNCE |
| full, basis, block-diagonal | what replaces `text`: W_r on its block learned in full, of four bases, or as multiples of I as now |

A signal in place of `graph`, or beside it, gets one weight, the best of a grid by recall@50 of the people of fold 0, who are held
out. Printed are, for these and for the people of the file, four metrics, and their differences to what kg-rec answers, with 95 %
intervals by paired bootstrap over people; and the weight that would have been best on the file: a ceiling that flatters.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch
from scipy.sparse.linalg import svds
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from kg_rec import Recommender
from kg_rec.errors import ModelError
from kg_rec.evaluation.metrics import METRICS, judge, paired
from kg_rec.evaluation.relations import carried_by
from kg_rec.evaluation.strangers import Stranger, judgeable, read_strangers
from kg_rec.graph.export import HeteroData, export_graph
from kg_rec.model.crowd import Crowd
from kg_rec.model.features import LIKED_TOGETHER, relation_matrices
from kg_rec.model.link_prediction import People
from kg_rec.model.ranking import PARTS, Ranking
from kg_rec.model.rgcn import OneHotRGCN, RelationalEdges
from kg_rec.model.signals import Evidence
from kg_rec.model.simulation import SimulatedPerson, simulate_people
from kg_rec.model.training import TrainedModel
from kg_rec.text.asking import ItemWords, item_words
from kg_rec.text.encoder import TextEncoder, load_encoder
from kg_rec.text.wishes import wishes

LIST = 50
SHARES = (0.0, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8)
"""The grid: weights of a signal, over its median standard deviation over the items."""
LEARNERS = 256
"""Simulated people of each fold that are learned from at most."""
TILT = 8.0
"""How much more a liked item is a target the nearer it is to the words, as in training: exp(8 cosine)."""
MOST_TELLING = float(np.exp(4.0))
"""exp(idf) of a middle of a path at most; the signal `direct` stops there, too."""
TEXT, GRAPH = PARTS.index("text"), PARTS.index("graph")

Signal = Callable[["Audience"], np.ndarray]
"""From an audience of P people to what speaks for each item, [P, items]."""


def main() -> None:
    """Measure, and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("people", type=Path)
    path = parser.parse_args().people
    with Recommender.open() as recommender:
        artifact = recommender.artifact
        study = Study.of(recommender, export_graph(recommender.client, artifact.schema))
        real = study.real(read_strangers(path, artifact.properties[artifact.schema.item.id]))
    held_out = study.simulated(0)
    learners = [some for fold in range(1, study.folds) if len(some := study.simulated(fold, LEARNERS))]
    if not len(held_out) or not learners:
        raise ModelError("Expected people with at least 4 liked items in fold 0 and in others, found none.")
    audiences = held_out, real
    say(f"{len(held_out)} texts held out, {sum(map(len, learners))} to learn from, {len(real)} of the file")
    systems = [
        System("as it is now", "", *(judged(one.now, one) for one in audiences)),
        System("none", "", *(judged(one.without_graph, one) for one in audiences)),
    ]
    for name, make in SIGNALS.items():
        signal = make(study, learners, held_out)
        drawn = [signal(one) for one in audiences]
        systems += [weighed(name, drawn, audiences, beside=beside) for beside in (False, True)]
        say(name)
    for name, decomposition in DECOMPOSITIONS.items():
        text, told = learned_text(study, decomposition, learners, held_out)
        systems.append(System(f"text: {name}", told, *(judged(one.with_text(text(one)), one) for one in audiences)))
        say(name)
    print(f"model {artifact.version}, seed {study.model.settings.seed}")
    report(f"{len(set(held_out.person))} people of the graph, held out: {len(held_out)} texts", systems, "held_out")
    report(f"{len(set(real.person))} people of the file", systems, "real")


def say(what: str) -> None:
    """Tell on stderr how far it is."""
    print(f"{time.process_time():6.0f} s of CPU: {what}", file=sys.stderr, flush=True)


# -- who is recommended to -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class View:
    """The graph without the people of a fold. together: LIKED_TOGETHER, [N, N]; edges: all relations, it being the last."""

    evidence: Evidence
    together: sp.csr_array
    edges: RelationalEdges


@dataclass(frozen=True)
class Audience:
    """P texts of people, and what kg-rec makes of them in a view of the graph that nothing of theirs is in.

    person: whose each text is; parts: of the score, [P, items] each: text, graph and all others together; text_weight: [P], of
    the signal text; hidden: rows of items that are not recommended; known: those that count neither as hits nor as misses.
    """

    view: View
    people: People
    person: list[str]
    text: np.ndarray
    graph: np.ndarray
    others: np.ndarray
    text_weight: np.ndarray
    hidden: list[frozenset[int]]
    known: list[frozenset[int]]
    relevant: list[frozenset[int]]

    def __len__(self) -> int:
        return len(self.person)

    @property
    def now(self) -> np.ndarray:
        """The scores as kg-rec has them, [P, items]."""
        return self.others + self.text + self.graph

    @property
    def without_graph(self) -> np.ndarray:
        """The scores without the signal graph."""
        return self.others + self.text

    def with_text(self, text: np.ndarray) -> np.ndarray:
        """Return the scores with another signal text, [P, items], of the same weight."""
        return self.others + self.graph + self.text_weight[:, None] * text

    @cached_property
    def interests(self) -> Tensor:
        """What weighs each entity for each person, nu_l(e) w_e, [N, P]: where a network starts to carry from."""
        predictor, people = self.view.evidence.predictor, self.people
        nu = (predictor.nu + predictor.nu_change).clamp(min=0)[predictor.label_of[people.entity]] * people.weight
        nothing = torch.zeros(len(self.view.evidence.text), len(self))
        return nothing.index_put((people.entity, people.person), nu, accumulate=True).detach()

    @cached_property
    def banned(self) -> np.ndarray:
        """Which items are hidden or known, [P, items]."""
        return _marked([a | b for a, b in zip(self.hidden, self.known, strict=True)], self.text.shape[1])

    @cached_property
    def wanted(self) -> np.ndarray:
        """Which items are relevant, and neither hidden nor known, [P, items]."""
        return _marked(self.relevant, self.text.shape[1]) & ~self.banned

    @cached_property
    def shares(self) -> Tensor:
        """How likely each item is as a target of each text, [P, items]; rows sum to 1, or to 0 where there is none."""
        text = normalize(self.view.evidence.text[: self.text.shape[1]])
        tilted = np.exp(TILT * (self.people.text @ text.T).numpy()) * self.wanted
        return torch.from_numpy(tilted / np.maximum(tilted.sum(axis=1, keepdims=True), 1e-12)).float()


def _marked(rows: Sequence[frozenset[int]], items: int) -> np.ndarray:
    marked = np.zeros((len(rows), items), dtype=bool)
    for person, theirs in enumerate(rows):
        marked[person, [item for item in theirs if item >= 0]] = True
    return marked


@dataclass(frozen=True)
class Study:
    """The model, the graph it was trained on, and its people as simulated ones.

    knowledge: relations of the graph, [N, N] each; carried: a_r of each relation in the one-hot block, one number a layer;
    words: of the items.
    """

    recommender: Recommender
    knowledge: dict[str, sp.csr_array]
    edges: RelationalEdges
    carried: dict[str, list[float]]
    crowd: Crowd
    words: ItemWords
    encoder: TextEncoder

    @classmethod
    def of(cls, recommender: Recommender, graph: HeteroData) -> Study:
        """Take the current model of a home, and its graph. Raises ModelError where that has no people, or is another one."""
        artifact = recommender.artifact
        model, schema = artifact.model, artifact.schema
        crowd = Crowd.of(graph, schema, model.entities, model.settings.folds)
        if crowd.interactions is None:
            raise ModelError("Expected people in the graph to learn from and to judge, found none.")
        knowledge = relation_matrices(graph, model.entities)
        encoder = load_encoder(artifact.encoder["name"], cache=recommender.settings.vectors_path)
        edges = RelationalEdges.of(knowledge)
        return cls(
            recommender, knowledge, edges, carried_by(model, knowledge), crowd, item_words(graph, schema), encoder
        )

    @property
    def model(self) -> TrainedModel:
        """The current model."""
        return self.recommender.artifact.model

    @property
    def folds(self) -> int:
        """Number of folds."""
        return self.model.settings.folds

    @property
    def items(self) -> int:
        """Number of items."""
        return self.model.entities.item_count

    @cached_property
    def starts(self) -> list[Tensor]:
        """The a_r of the one-hot block, one [R] a layer, LIKED_TOGETHER the last."""
        return [torch.tensor(layer) for layer in zip(*self.carried.values(), strict=True)]

    @cached_property
    def text(self) -> np.ndarray:
        """The text block before anything was carried, [N, T]: what `carried_text` makes the model's own from.

        x = t - M x, M the relations of the block with their weights, is iterated. Raises ModelError where it does not settle, or
        the model has another number of layers than 1.
        """
        carried, matrix = self.model.evidence.text.numpy(), self._text_matrix(self.whole.together)
        found = carried
        for _ in range(40):
            found = carried - matrix @ found
        if self.model.settings.layers != 1 or not np.allclose(found + matrix @ found, carried, atol=1e-4):
            raise ModelError(
                "Expected a model of one layer, whose text block can be taken back to its start.",
                remedy="Train again with the settings of kg-rec train.",
            )
        return found

    def carried_text(self, together: sp.csr_array) -> Tensor:
        """Return the text block t, [N, T], in a graph with this LIKED_TOGETHER."""
        return torch.from_numpy(self.text + self._text_matrix(together) @ self.text)

    def _text_matrix(self, together: sp.csr_array) -> sp.csr_array:
        settings = self.model.settings
        matrix = settings.text_together * together
        for name, own in self.knowledge.items():
            start = settings.text_to_items if self.leads_to_items(name) else settings.text_to_others
            matrix = matrix + start * own
        return matrix.tocsr()

    def leads_to_items(self, name: str) -> bool:
        """Return whether items receive along this relation."""
        return bool(self.knowledge[name][: self.items].nnz)

    @cached_property
    def whole(self) -> View:
        """The graph with everybody in it, as people of a file meet it."""
        return self._view(self.model.evidence)

    def view(self, fold: int) -> View:
        """Return the graph without the people of a fold: the model's network, over what the others did."""
        kept = self.crowd.kept(fold)
        together = self.crowd.together(kept)
        network = OneHotRGCN(self.starts)
        return self._view(
            replace(
                self.model.evidence,
                text=self.carried_text(together),
                one_hot=network.representations([*self.knowledge.values(), together]),
                popularity=torch.from_numpy(self.crowd.popularity(kept)),
                likings=self.crowd.likings(kept, together),
            )
        )

    def _view(self, evidence: Evidence) -> View:
        found = evidence.likings.together.tocoo()
        size = len(self.model.entities)
        together: sp.csr_array = sp.csr_array((found.data, found.coords), shape=(size, size))
        return View(evidence, together, self.edges.joined(RelationalEdges.of({LIKED_TOGETHER: together})))

    @cached_property
    def _simulated(self) -> list[SimulatedPerson]:
        crowd, settings = self.crowd, self.model.settings
        assert crowd.interactions is not None, "checked when the study was made"
        return simulate_people(
            crowd.interactions, crowd.liked, self.words, crowd.keys, variants=settings.variants, seed=settings.seed
        )

    def simulated(self, fold: int, most: int | None = None) -> Audience:
        """Return the people of a fold as simulated ones who ask, up to `most` of their texts."""
        some = [person for person in self._simulated if self.crowd.folds[person.user] == fold]
        if most is not None and len(some) > most:
            chosen = np.random.default_rng(self.model.settings.seed).choice(len(some), most, replace=False)
            some = [some[place] for place in np.sort(chosen)]
        strangers = [
            Stranger(self.crowd.keys[one.user], one.text, frozenset(one.targets), frozenset(one.evidence))
            for one in some
        ]
        return self._audience(strangers, self.view(fold), self.encoder, words_name_relevant=False)

    def real(self, strangers: list[Stranger]) -> Audience:
        """Return people of a file; their words are not kept in the cache."""
        encoder = self.recommender.encoder_of(self.recommender.artifact)
        return self._audience(strangers, self.whole, encoder, words_name_relevant=True)

    def _audience(
        self, strangers: list[Stranger], view: View, encoder: TextEncoder, *, words_name_relevant: bool
    ) -> Audience:
        """words_name_relevant: whether a relevant item that the linker finds in the words counts as missed, as in evaluation."""
        texts = [one.text for one in strangers]
        interests = self.recommender.linker.link_many(texts)
        vectors = encoder.encode(wishes(texts, interests))
        model = replace(self.model, evidence=view.evidence)
        asks = model.manner.asks(texts, vectors, interests, model.entities.item_label)
        index = model.entities.index
        named = [
            frozenset(index[one.entity] for one in theirs if index[one.entity] < self.items) for theirs in interests
        ]
        kept = judgeable(strangers, [frozenset[int]()] * len(named) if words_name_relevant else named)
        ranking = Ranking(replace(self.recommender.artifact, model=model))
        text, graph, others = (np.empty((len(kept), self.items), dtype=np.float32) for _ in range(3))
        for start in range(0, len(kept), 64):
            rows = kept[start : start + 64]
            parts = ranking.parts(vectors[rows], [interests[row] for row in rows], asks[rows])
            place = slice(start, start + len(rows))
            text[place], graph[place] = parts[:, TEXT], parts[:, GRAPH]
            others[place] = np.delete(parts, [TEXT, GRAPH], axis=1).sum(axis=1)
        return Audience(
            view,
            People.of(vectors[kept], [interests[row] for row in kept], index),
            [strangers[row].person for row in kept],
            text,
            graph,
            others,
            model.fusion.weights(asks[kept])[:, TEXT],
            [named[row] for row in kept],
            [strangers[row].known | (frozenset[int]() if words_name_relevant else named[row]) for row in kept],
            [strangers[row].relevant for row in kept],
        )


# -- variants of the signal graph -----------------------------------------------------------------------------------------


def two_convolutions(study: Study, *_: object) -> Signal:
    """h of one convolution more."""
    network = OneHotRGCN([*study.starts, study.starts[-1]])
    return lambda audience: _items(network.shared(audience.interests, audience.view.edges), study)


def random_vectors(study: Study, *_: object) -> Signal:
    """h of random vectors: <h_p, h_i> as now, with noise of 1 / sqrt(256) for each two entities that share nothing."""
    generator = torch.Generator().manual_seed(study.model.settings.seed)
    x = normalize(torch.randn(len(study.model.entities), 256, generator=generator))
    network = OneHotRGCN(study.starts)

    def signal(audience: Audience) -> np.ndarray:
        h = x
        for layer in network.convolutions:
            h = layer(h, audience.view.edges).detach()
        return _items(h @ (h.T @ audience.interests), study)

    return signal


def gated(study: Study, *_: object) -> Signal:
    """A network for each person: a_r times the share of their interest weight whose entity is an end of a relation r."""

    def signal(audience: Audience) -> np.ndarray:
        edges = audience.view.edges
        matrices = [*study.knowledge.values(), audience.view.together]
        ends = np.stack(
            [(np.diff(one.indptr) > 0) | (np.bincount(one.indices, minlength=one.shape[0]) > 0) for one in matrices]
        )
        weight = audience.interests.abs()
        gates = torch.from_numpy(ends.astype(np.float32)) @ (weight / weight.sum(dim=0).clamp(min=1e-12))
        return _items(gated_shared(audience.interests, edges, study.starts, gates), study)

    return signal


def gated_shared(weights: Tensor, edges: RelationalEdges, starts: list[Tensor], gates: Tensor) -> Tensor:
    """Return H_p H_p^T w_p, [N, P], for H_p = I + sum_r g_rp a_r A_r in each layer; weights: [N, P]; gates: [R, P]."""

    def carried(x: Tensor, multiples: Tensor, matrices: Sequence[Tensor]) -> Tensor:
        return x + sum(a * gate * (matrix @ x) for a, gate, matrix in zip(multiples, gates, matrices, strict=True))

    x = weights
    for layer in starts[::-1]:
        x = carried(x, layer, edges.transposed)
    for layer in starts:
        x = carried(x, layer, edges.matrices)
    return x


def attention_over_paths(study: Study, learners: list[Audience], held_out: Audience) -> Signal:
    """log(1 + items · attention): softmax over all paths of a person of u_rr' + idf(middle), times the interest's weight.

    Since exp(u + idf) is a product, the attention that an item gets is a mix of one count a pair of relations, of its paths
    weighed by exp(idf). u and a weight of the signal are learned on the learners, pulled to where all pairs get as much.
    """
    paths = Paths(study)
    pairs = paths.pairs(held_out.view)
    counted = [paths.counts(some, pairs) for some in learners]
    scale = torch.cat([one.sum(dim=2) for one in counted]).mean(dim=0).clamp(min=1e-6)
    u, weight = nn.Parameter(torch.zeros(len(pairs))), nn.Parameter(torch.tensor(0.5))

    def attended(counts: Tensor) -> Tensor:
        mass = torch.einsum("k,pki->pi", u.exp() / scale, counts.float())
        return torch.log1p(study.items * mass / mass.sum(dim=1, keepdim=True).clamp(min=1e-12))

    optimizer = torch.optim.Adam([u, weight], lr=0.1)
    rng = np.random.default_rng(study.model.settings.seed)
    for step in range(60):
        some, counts = learners[step % len(learners)], counted[step % len(learners)]
        rows = np.sort(rng.choice(len(some), min(64, len(some)), replace=False))
        scores = torch.from_numpy(some.without_graph[rows]) + weight * attended(counts[rows])
        loss = lost(scores, some, rows) + 0.01 * u.square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    told = sorted(zip(u.tolist(), pairs, strict=True), reverse=True)
    say("attention: " + ", ".join(f"{' '.join(filter(None, pair))} {value:+.2f}" for value, pair in told))

    @torch.no_grad()
    def signal(audience: Audience) -> np.ndarray:
        return np.concatenate([attended(some).numpy() for some in paths.batches(audience, pairs)])

    return signal


class Paths:
    """Paths from interests to items, over one relation or two."""

    def __init__(self, study: Study) -> None:
        self.study = study

    def _matrices(self, view: View) -> dict[str, sp.csr_array]:
        return {
            name: (one > 0).astype(np.float32)
            for name, one in {**self.study.knowledge, LIKED_TOGETHER: view.together}.items()
        }

    def pairs(self, view: View) -> list[tuple[str, str]]:
        """Return the relations of each kind of path; "" for the first where there is one alone."""
        matrices, items = self._matrices(view), self.study.items
        last = {name: np.bincount(one[:items].indices, minlength=one.shape[0]) > 0 for name, one in matrices.items()}
        first = {name: np.diff(one.indptr) > 0 for name, one in matrices.items()}
        return [
            *(("", name) for name in matrices if last[name].any()),
            *((a, b) for b in matrices for a in matrices if (first[a] & last[b]).any()),
        ]

    def counts(self, audience: Audience, pairs: list[tuple[str, str]]) -> Tensor:
        """Return sum w_e exp(idf(m)) over the paths of each kind to each item, [P, K, items], float16; w_e above 0."""
        return torch.cat([some.half() for some in self.batches(audience, pairs)])

    def batches(self, audience: Audience, pairs: list[tuple[str, str]]) -> Iterator[Tensor]:
        """Yield the same for 64 people at a time, float32."""
        matrices, items = self._matrices(audience.view), self.study.items
        idf = {}
        for name, one in matrices.items():
            receiving = np.bincount(one[:items].indices, minlength=one.shape[0])
            idf[name] = np.minimum(items / (1 + receiving), MOST_TELLING)[:, None].astype(np.float32)
        for start in range(0, len(audience), 64):
            weights = audience.interests[:, start : start + 64].clamp(min=0).numpy()
            reached = {"": weights} | {name: one @ weights for name, one in matrices.items()}
            found = [matrices[b][:items] @ (idf[b] * reached[a]) for a, b in pairs]
            yield torch.from_numpy(np.stack(found)).permute(2, 0, 1).clamp(max=6e4)


def coliking_vectors(study: Study, *_: object) -> Signal:
    """Mean of the unit vectors of the interests, times the item's: all of them from what was liked together.

    Items: the first 64 of the SVD of likes, columns scaled by 1 / sqrt(c_i + 20), so that <v_i, v_j> is the cosine of
    LIKED_TOGETHER; less the mean of what is liked. An entity is the sum over its n liked items / (n + 10), and an item of c
    likes (c v_i + 5 m_i) / (c + 5), m_i the mean of its entities.
    """

    def signal(audience: Audience) -> np.ndarray:
        vectors = liked_vectors(audience.view.evidence.likings.likes, audience.view.evidence.direct)
        return _items(torch.from_numpy(vectors) @ (normalize(torch.from_numpy(vectors)).T @ audience.interests), study)

    return signal


def liked_vectors(likes: sp.csr_array, direct: sp.csr_array, size: int = 64) -> np.ndarray:
    """Return a vector of every entity from likes, [U, items], and who is whose neighbour, [items, N]: [N, size]."""
    liked = np.asarray(likes.sum(axis=0)).ravel()
    scaled = likes @ sp.diags_array(1 / np.sqrt(liked + 20.0))
    _, strength, right = svds(scaled.tocsr(), k=min(size, min(scaled.shape) - 1), random_state=0)
    v = right.T * strength
    v = np.where(liked[:, None] > 0, v - liked @ v / liked.sum(), 0.0)
    known = direct.T @ (liked > 0).astype(np.float32)
    entities = (direct.T @ v) / (known + 10.0)[:, None]
    # A genre of thousands of items says less of one of them than a person of three.
    telling = direct @ sp.diags_array(
        np.log((1 + direct.shape[0]) / (1 + np.bincount(direct.indices, minlength=direct.shape[1])))
    )
    mean = (telling @ entities) / np.maximum(np.asarray(telling.sum(axis=1)), 1e-12).reshape(-1, 1)
    entities[: len(v)] = (liked[:, None] * v + 5.0 * mean) / (liked[:, None] + 5.0)
    return entities.astype(np.float32)


def contrastive(study: Study, learners: list[Audience], *_: object) -> Signal:
    """20 cos(M t, g_i): M, [T, 128], takes words to neighbourhoods g, the first 128 of the SVD of what the graph carries to i.

    M starts as the ridge regression of g on the asking sentences. InfoNCE (van den Oord et al. 2018) with the other items of
    the batch as negatives: 512 asking sentences, and 256 words of simulated people, each with one of their targets. What
    people did together is not in g, so that it is the same for every fold.
    """
    carried = sum(
        a * study.knowledge[name][: study.items] for name, (a, *_) in study.carried.items() if name in study.knowledge
    )
    left, strength, _ = svds(carried.tocsr(), k=min(128, study.items - 1), random_state=0)
    g = normalize(torch.from_numpy((left * strength).astype(np.float32)))
    asked = study.words.ask()
    sentences = torch.from_numpy(study.encoder.encode([one for some in asked for one in some]))
    of = torch.arange(study.items).repeat(len(asked))
    gram = sentences.T @ sentences + 10.0 * torch.eye(sentences.shape[1])
    matrix = nn.Parameter(torch.linalg.solve(gram, sentences.T @ g[of]))
    optimizer = torch.optim.Adam([matrix], lr=0.001)
    generator = torch.Generator().manual_seed(study.model.settings.seed)
    for step in range(300):
        some = learners[step % len(learners)]
        ours = torch.randint(len(of), (512,), generator=generator)
        theirs = torch.randperm(len(some), generator=generator)[:256]
        targets = torch.multinomial(some.shares[theirs] + 1e-12, 1, generator=generator).flatten()
        loss = sum(
            cross_entropy(20 * normalize(words @ matrix) @ normalize(g[rows]).T, torch.arange(len(rows)))
            for words, rows in ((sentences[ours], of[ours]), (some.people.text[theirs], targets))
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    learned = matrix.detach()
    return lambda audience: (20 * normalize(audience.people.text @ learned) @ g.T).numpy()


SIGNALS: dict[str, Callable[[Study, list[Audience], Audience], Signal]] = {
    "two convolutions": two_convolutions,
    "random vectors of 256": random_vectors,
    "gated by interests": gated,
    "attention over paths": attention_over_paths,
    "co-liking vectors": coliking_vectors,
    "contrastive": contrastive,
}


def _items(carried: Tensor, study: Study) -> np.ndarray:
    return carried[: study.items].T.contiguous().detach().numpy()


def lost(scores: Tensor, audience: Audience, rows: np.ndarray) -> Tensor:
    """Return the mean cross-entropy of softmax(scores), [P, items], to the targets of the people at `rows`."""
    chances = torch.log_softmax(scores.masked_fill(torch.from_numpy(audience.banned[rows]), -1e9), dim=1)
    return -(audience.shares[rows] * chances).sum(dim=1).mean()


# -- variants of the text block -------------------------------------------------------------------------------------------


class Full(nn.Module):
    """W_r = a_r I + D_r, D_r [T, T] of each relation its own, and 0 at the start."""

    rate = 1e-4

    def __init__(self, starts: Tensor, size: int) -> None:
        super().__init__()
        self.register_buffer("starts", starts)
        self.own = nn.Parameter(torch.zeros(len(starts), size, size))

    def forward(self, carried: Tensor) -> Tensor:
        """From A_r x, [R, items, T], to sum_r A_r x W_r, [items, T]."""
        return torch.einsum("r,rif->if", self.starts, carried) + torch.einsum("rif,rfg->ig", carried, self.own)


class Basis(nn.Module):
    """W_r = a_r I + sum_b c_rb V_b with four V_b [T, T] for all relations (Schlichtkrull et al. 2018, eq. 3), 0 at the start."""

    rate = 1e-4

    def __init__(self, starts: Tensor, size: int, bases: int = 4) -> None:
        super().__init__()
        self.register_buffer("starts", starts)
        generator = torch.Generator().manual_seed(0)
        self.coefficient = nn.Parameter(torch.randn(len(starts), bases, generator=generator) / bases**0.5)
        self.basis = nn.Parameter(torch.zeros(bases, size, size))

    def forward(self, carried: Tensor) -> Tensor:
        """From A_r x, [R, items, T], to sum_r A_r x W_r, [items, T]."""
        mixed = torch.einsum("rb,rif->bif", self.coefficient, carried)
        return torch.einsum("r,rif->if", self.starts, carried) + torch.einsum("bif,bfg->ig", mixed, self.basis)


class BlockDiagonal(nn.Module):
    """W_r = a_r I on the block, which no other mixes with: as it is now, with the a_r learned."""

    rate = 3e-3

    def __init__(self, starts: Tensor, size: int) -> None:  # noqa: ARG002 - as the others
        super().__init__()
        self.multiples = nn.Parameter(starts.clone())

    def forward(self, carried: Tensor) -> Tensor:
        """From A_r x, [R, items, T], to sum_r A_r x W_r, [items, T]."""
        return torch.einsum("r,rif->if", self.multiples, carried)


Decomposition = Full | Basis | BlockDiagonal
DECOMPOSITIONS: dict[str, type[Decomposition]] = {
    "block-diagonal": BlockDiagonal,
    "basis, B = 4": Basis,
    "full W_r": Full,
}


def learned_text(
    study: Study, make: type[Decomposition], learners: list[Audience], held_out: Audience
) -> tuple[Signal, str]:
    """Return the signal text with W_r learned where items receive, and at which step it was best on the held-out.

    32 steps of AdamW with 128 people each; as in training, the best by the loss on the held-out is kept, the start among them.
    """
    settings, knowledge = study.model.settings, study.knowledge
    receiving = [name for name in knowledge if study.leads_to_items(name)]
    starts = torch.tensor([*[settings.text_to_items] * len(receiving), settings.text_together])
    x = torch.from_numpy(study.text)
    fixed = torch.from_numpy(np.stack([knowledge[name][: study.items] @ study.text for name in receiving]))
    network = make(starts, x.shape[1])

    def carried(audience: Audience) -> Tensor:
        return torch.cat([fixed, torch.from_numpy(audience.view.together[: study.items] @ study.text)[None]])

    def text(audience: Audience, carried: Tensor, people: People) -> Tensor:
        evidence = audience.view.evidence
        t = torch.cat([x[: study.items] + network(carried), evidence.text[study.items :]])
        return settings.temperature * evidence.predictor.wish(t, people) @ normalize(t[: study.items]).T

    def loss(audience: Audience, carried: Tensor, rows: np.ndarray) -> Tensor:
        signal = text(audience, carried, audience.people.select(torch.from_numpy(rows)))
        rest = torch.from_numpy((audience.others + audience.graph)[rows])
        return lost(rest + torch.from_numpy(audience.text_weight[rows])[:, None] * signal, audience, rows)

    optimizer = torch.optim.AdamW(network.parameters(), lr=make.rate, weight_decay=0.01)
    rng = np.random.default_rng(settings.seed)
    received, judged = [carried(some) for some in learners], carried(held_out)
    best, kept, state = np.inf, 0, {}
    for step in range(33):
        if step % 8 == 0:
            with torch.no_grad():
                now = float(loss(held_out, judged, np.arange(len(held_out))))
            if now < best:
                best, kept, state = now, step, {name: value.clone() for name, value in network.state_dict().items()}
            say(f"{make.__name__}, step {step}: loss {now:.4f} on the held-out")
        some, own = learners[step % len(learners)], received[step % len(learners)]
        rows = np.sort(rng.choice(len(some), min(128, len(some)), replace=False))
        optimizer.zero_grad()
        loss(some, own, rows).backward()
        optimizer.step()
    network.load_state_dict(state)

    @torch.no_grad()
    def signal(audience: Audience) -> np.ndarray:
        return text(audience, carried(audience), audience.people).numpy()

    return signal, f"step {kept}"


# -- what they are worth ---------------------------------------------------------------------------------------------------


Values = dict[str, np.ndarray]
"""Each metric for each person."""


@dataclass(frozen=True)
class System:
    """A way to score, what it came to with the held-out people of the graph and with those of the file, and how it was chosen."""

    name: str
    told: str
    held_out: Values
    real: Values


def judged(scores: np.ndarray, audience: Audience) -> Values:
    """Return each metric for each person, the mean over their texts, people in the order of their first text."""
    scores = np.where(audience.banned, -np.inf, scores)
    length = min(LIST, scores.shape[1])
    best = np.sort(np.argpartition(-scores, length - 1, axis=1)[:, :length], axis=1)
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
    values = judge(np.take_along_axis(best, order, axis=1).tolist(), audience.relevant, audience.known)
    theirs = defaultdict(list)
    for place, person in enumerate(audience.person):
        theirs[person].append(place)
    return {name: np.array([column[places].mean() for places in theirs.values()]) for name, column in values.items()}


def weighed(name: str, drawn: Sequence[np.ndarray], audiences: Sequence[Audience], *, beside: bool) -> System:
    """Return what a signal comes to in place of graph, or beside it, with the weight that is best on the held-out.

    drawn: the signal for each audience, [P, items]; audiences: the held-out people, and those of the file.
    """
    deviations = drawn[0].std(axis=1)
    scale = float(np.median(deviations[deviations > 0])) if deviations.any() else 1.0
    found = [
        [judged((one.now if beside else one.without_graph) + share / scale * signal, one) for share in SHARES]
        for signal, one in zip(drawn, audiences, strict=True)
    ]
    recalls = [[values["recall@50"].mean() for values in tried] for tried in found]
    chosen, ceiling = (int(np.argmax(tried)) for tried in recalls)
    told = f"{SHARES[chosen]:g}; ceiling {SHARES[ceiling]:g}: {recalls[1][ceiling]:.3f}"
    return System(f"{name}, {'beside' if beside else 'in place'}", told, found[0][chosen], found[1][chosen])


def report(title: str, systems: list[System], of: str) -> None:
    """Print one table: metrics, and differences to the first system."""
    print(f"\n{title}")
    print(f"{'signal':38s}{'chosen':26s}" + "".join(f"{metric:>10s}  {'difference':<25s}" for metric in METRICS))
    now: Values = getattr(systems[0], of)
    for system in systems:
        values: Values = getattr(system, of)
        cells = []
        for metric in METRICS:
            gain = paired(values[metric], now[metric])
            told = f"{gain.mean:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]" if system is not systems[0] else ""
            cells.append(f"{values[metric].mean():>10.3f}  {told:<25s}")
        print(f"{system.name:38s}{system.told:26s}" + "".join(cells))


if __name__ == "__main__":
    main()
