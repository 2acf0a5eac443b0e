"""The whole evaluation: who is judged, by whom they are served, and what it comes to.

People of the graph: for each seed, some of them leave it, everything is trained on what is left, and they come back as
strangers. A person who is judged under several seeds counts once, with the mean of their values. Real people: the model
there is serves them, and only the controls that need another graph are trained.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from kg_rec.errors import GraphError, InputError
from kg_rec.evaluation import controls
from kg_rec.evaluation.controls import BARE, OURS, SHUFFLED
from kg_rec.evaluation.fidelity import cut_paths
from kg_rec.evaluation.metrics import popularity_percentiles
from kg_rec.evaluation.relations import (
    TRAINED,
    carried_by,
    in_texts,
    rank_without_each,
    relation_types,
    without_type,
)
from kg_rec.evaluation.report import Report
from kg_rec.evaluation.split import By, check_no_leak, cold_people, known_to, without_people
from kg_rec.evaluation.strangers import MANNERS, Manner, Stranger, judgeable, read_strangers, simulated_strangers
from kg_rec.evaluation.summary import Trial, summarise
from kg_rec.graph.export import export_graph
from kg_rec.graph.interactions import interactions_of
from kg_rec.model.features import relation_matrices
from kg_rec.model.training import TrainingSettings
from kg_rec.progress import SILENT, Progress

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch_geometric.data import HeteroData

    from kg_rec.evaluation.controls import Served
    from kg_rec.evaluation.fidelity import Explain
    from kg_rec.evaluation.report import Section
    from kg_rec.model.protocol import MakeNetwork
    from kg_rec.recommender import Recommender
    from kg_rec.schema import GraphSchema
    from kg_rec.text.encoder import TextEncoder

Say = Callable[[str], None]


@dataclass(frozen=True)
class Scope:
    """How much is looked into.

    quick: without the controls that need a training of their own; relations: with a training without each type of relation;
    explain: tells why an item was recommended, None where there is nobody to ask; paths: recommendations whose path is cut.
    """

    quick: bool = False
    relations: bool = False
    explain: Explain | None = None
    paths: int = 200


def evaluate(
    recommender: Recommender,
    people: Path | None = None,
    *,
    share: float = 0.2,
    by: By = "hash",
    seeds: Sequence[int] = (0,),
    manners: Sequence[Manner] = MANNERS,
    scope: Scope = Scope(),
    settings: TrainingSettings | None = None,
    model: MakeNetwork | None = None,
    say: Say = lambda _: None,
    progress: Progress = SILENT,
) -> Report:
    """Judge recommendations for people nobody has seen, as `kg-rec evaluate` does; `as_text()` of the report shows them.

    people: a file of real ones (docs/evaluation.md), for the current model; by default people of the graph, of whom nothing is left
    in it while a model is trained. share, by, manners, settings, and model, a network of one's own (kg_rec/model/protocol.py), are
    for people of the graph alone. Neither the current model nor the graph is changed.
    Raises InputError, GraphError, and what `evaluate_people_of_the_graph` and `evaluate_strangers` raise.
    """
    from kg_rec import __version__

    if people is not None and (model is not None or settings is not None):
        raise InputError(
            "evaluate: expected either people of a file, for the model there is, or settings and a network to train."
        )
    if model is not None and scope.relations:
        raise InputError(
            "evaluate: model: expected without relations: what a network of one's own carries is not known."
        )
    if people is not None:
        about, sections = _people_of_a_file(recommender, people, seeds, scope, say, progress)
    else:
        about, sections = _people_of_the_graph(
            recommender, share, by, seeds, manners, scope, settings, model, say, progress
        )
    return Report(datetime.now(UTC).isoformat(timespec="seconds"), {**about, "kg-rec": __version__}, sections)


def _people_of_the_graph(
    recommender: Recommender,
    share: float,
    by: By,
    seeds: Sequence[int],
    manners: Sequence[Manner],
    scope: Scope,
    settings: TrainingSettings | None,
    model: MakeNetwork | None,
    say: Say,
    progress: Progress,
) -> tuple[dict[str, str], list[Section]]:
    schema = recommender.schema
    graph = export_graph(recommender.client, schema, progress)
    encoder = recommender.training_encoder()
    sections = evaluate_people_of_the_graph(
        graph,
        schema,
        encoder,
        settings,
        share=share,
        by=by,
        seeds=seeds,
        manners=manners,
        scope=replace(scope, explain=_explainer(recommender)),
        model=model,
        say=say,
        progress=progress,
    )
    how = "by a hash of their keys" if by == "hash" else "those who came last, and nothing that was done since"
    own = (schema.user is not None and schema.user.text) or (schema.interaction is not None and schema.interaction.text)
    words = "their words are simulated" + (
        " unless they tell in words of their own" if own and "telling" in manners else ""
    )
    about = {
        "people": f"people of the graph, {share:.0%} of them, {how}; {words}",
        "seeds": ", ".join(map(str, seeds)),
        "graph": graph.fingerprint,
        "encoder": encoder.name,
    }
    return about, sections


def _people_of_a_file(
    recommender: Recommender, path: Path, seeds: Sequence[int], scope: Scope, say: Say, progress: Progress
) -> tuple[dict[str, str], list[Section]]:
    artifact = recommender.artifact
    strangers = read_strangers(path, artifact.properties[artifact.schema.item.id])
    encoder = recommender.encoder_of(artifact)
    graph = training_encoder = None
    if not scope.quick:
        scope = replace(scope, explain=_explainer(recommender))
        graph = export_graph(recommender.client, artifact.schema, progress)
        if graph.fingerprint != artifact.fingerprint:
            raise GraphError(
                "The graph has changed since the model was trained: expected the same for the model and its controls.",
                remedy="Train again: kg-rec train; or leave out the controls that are trained: --quick",
            )
        _check_strangers(path, strangers, graph, artifact.schema)
        training_encoder = recommender.training_encoder(artifact.encoder["name"])
    section = evaluate_strangers(
        strangers,
        controls.Served(artifact, encoder, controls.linker_of(artifact, encoder)),
        graph,
        artifact.model.settings,
        training_encoder=training_encoder,
        seeds=seeds,
        scope=scope,
        say=say,
        progress=progress,
    )
    about = {
        "people": f"{path.name}, real words",
        "model": artifact.version,
        "seeds": ", ".join(map(str, seeds)) + " (of the controls)" if not scope.quick else "none",
        "graph": artifact.fingerprint,
        "encoder": artifact.encoder["name"],
    }
    return about, [section]


def _explainer(recommender: Recommender) -> Explain:
    """Return what explains as `kg-rec recommend` does, with paths from Neo4j."""
    from kg_rec.graph.surroundings import GraphSurroundings
    from kg_rec.recommender import explain_items

    return lambda artifact, items, interests, vector: explain_items(
        GraphSurroundings(recommender.client, artifact.schema), artifact, items, interests, vector
    )


def _check_strangers(path: Path, strangers: Sequence[Stranger], graph: HeteroData, schema: GraphSchema) -> None:
    """Raise InputError where somebody of the file is a user of the graph: the model would know them."""
    if known := known_to(graph, schema, [stranger.person for stranger in strangers]):
        raise InputError(
            f"{path}: Leak: expected people who are in no graph, found {len(known)} of the graph's users, as user_id "
            f"'{known[0]}'.",
            remedy="Take them out of the graph and train again, or give them other ids if they are other people.",
        )


def evaluate_people_of_the_graph(
    graph: HeteroData,
    schema: GraphSchema,
    encoder: TextEncoder,
    settings: TrainingSettings | None = None,
    *,
    share: float = 0.2,
    by: By = "hash",
    seeds: Sequence[int] = (0,),
    manners: Sequence[Manner] = MANNERS,
    scope: Scope = Scope(),
    model: MakeNetwork | None = None,
    say: Say = lambda _: None,
    progress: Progress = SILENT,
) -> list[Section]:
    """Judge people of an exported graph who were taken out of it, one section for each manner of writing.

    model: makes a network of one's own, in place of ours, for every training; edges are then not taken away at serving, nor paths
    cut, since it is not known what the network carried along them.
    Raises what `cold_people`, `check_no_leak` and `fit` raise, and InputError where nobody of those who were taken out likes
    enough to be judged.
    """
    trials: dict[Manner, list[Trial]] = {manner: [] for manner in manners}
    for seed in seeds:
        chosen = replace(settings or TrainingSettings(), seed=seed)
        split = cold_people(graph, schema, share=share, by=by, seed=seed)
        left = without_people(graph, schema, split)
        check_no_leak(left, schema, split)
        say(f"seed {seed}: {len(split.people)} people are taken out of the graph; training without them")
        ours = controls.train(left, schema, encoder, chosen, progress, model)
        others = _trained_controls(left, schema, encoder, chosen, scope, say, progress, model)
        some = replace(scope, paths=-(-scope.paths // len(seeds)))
        for manner in manners:
            strangers = simulated_strangers(graph, schema, split.people, manner, seed=seed)
            trials[manner].append(
                _trial(strangers, ours, others, left, some, progress, seed=seed, words_name_relevant=False)
            )
    if not any(trial.strangers for of in trials.values() for trial in of):
        raise InputError(
            "Expected people with at least 4 liked items among those who were taken out, found none.",
            remedy="Choose a larger --share, or judge people of your own: kg-rec evaluate --people FILE",
        )
    return [summarise(manner, of) for manner, of in trials.items() if any(trial.strangers for trial in of)]


def evaluate_strangers(
    strangers: Sequence[Stranger],
    ours: Served,
    graph: HeteroData | None,
    settings: TrainingSettings,
    *,
    training_encoder: TextEncoder | None = None,
    seeds: Sequence[int] = (0,),
    scope: Scope = Scope(),
    say: Say = lambda _: None,
    progress: Progress = SILENT,
) -> Section:
    """Judge people who are in no graph with a model there is.

    graph: the exported graph that the model was trained on, from which the controls are trained for each seed; None leaves
    them out, with all else that needs it. training_encoder: encodes the texts of the graph, by default the encoder of `ours` does.
    Raises InputError where nobody can be judged, and ModelError where the model was trained on another graph.
    """
    trials: list[Trial] = []
    if graph is not None:
        # Looked up once before, or a model of another graph would be found out after minutes of training.
        carried_by(ours.artifact.model, relation_matrices(graph, ours.artifact.model.entities))
    for seed in seeds if graph is not None else seeds[:1]:
        chosen = replace(settings, seed=seed)
        encoder = training_encoder or ours.encoder
        others = (
            _trained_controls(graph, ours.artifact.schema, encoder, chosen, scope, say, progress)
            if graph is not None
            else {}
        )
        # Ours is the same for each seed, so its paths are cut once.
        some = replace(scope, explain=None) if trials else scope
        trials.append(_trial(strangers, ours, others, graph, some, progress, seed=seed, words_name_relevant=True))
    if not trials[0].strangers:
        raise InputError("Expected people with relevant items that they did not mention, found none.")
    return summarise("people of the file", trials)


def _trained_controls(
    graph: HeteroData,
    schema: GraphSchema,
    encoder: TextEncoder,
    settings: TrainingSettings,
    scope: Scope,
    say: Say,
    progress: Progress,
    model: MakeNetwork | None = None,
) -> dict[str, Served]:
    if scope.quick:
        return {}
    say(f"seed {settings.seed}: training the control without the graph")
    without = controls.train_bare(graph, schema, encoder, settings, progress, model)
    say(f"seed {settings.seed}: training the control on a shuffled graph")
    mixed = controls.shuffled(graph, schema, settings.seed)
    trained = {BARE: without, SHUFFLED: controls.train(mixed, schema, encoder, settings, progress, model)}
    for type_ in relation_types(graph, schema) if scope.relations else ():
        say(f"seed {settings.seed}: training without {type_}")
        less, asking = without_type(graph, schema, type_)
        trained[TRAINED.format(type_)] = controls.train(less, asking, encoder, settings, progress, model)
    return trained


def _trial(
    strangers: Sequence[Stranger],
    ours: Served,
    others: dict[str, Served],
    graph: HeteroData | None,
    scope: Scope,
    progress: Progress,
    *,
    seed: int,
    words_name_relevant: bool,
) -> Trial:
    """Have every system answer. What ours finds named in the words is no candidate for any system.

    graph: the one that ours was trained on, None where the model is all there is. words_name_relevant: whether a relevant item that
    the linker finds in the words, rightly or not, still counts as missed; simulated people cannot be asked, so theirs count as
    named.
    """
    understood = ours.understand([stranger.text for stranger in strangers])
    named = ours.named(understood)
    nothing: frozenset[int] = frozenset()
    kept = judgeable(strangers, [nothing] * len(strangers) if words_name_relevant else named)
    hidden = [strangers[place].known | named[place] for place in kept]
    judged = [
        strangers[place] if words_name_relevant else replace(strangers[place], known=theirs)
        for place, theirs in zip(kept, hidden, strict=True)
    ]
    texts = [stranger.text for stranger in judged]
    seen = controls.Understood(
        [understood.interests[place] for place in kept], understood.vectors[kept], understood.asks[kept]
    )
    lists = controls.rank_all(ours, seen, hidden, progress)
    lists |= {name: controls.rank_ours(served, served.understand(texts), hidden) for name, served in others.items()}
    model, schema = ours.artifact.model, ours.artifact.schema
    relations: dict[str, int] = {}
    cuts = None
    if graph is not None and model.network is None:
        relations = relation_types(graph, schema)
        lists |= rank_without_each(ours, graph, seen, hidden, progress)
        if scope.explain is not None and scope.paths:
            cuts = cut_paths(
                ours, graph, seen, lists[OURS], scope.explain, count=scope.paths, seed=seed, progress=progress
            )
    return Trial(
        judged,
        np.array([bool(theirs) for theirs in seen.interests], dtype=bool),
        lists,
        popularity_percentiles(model.evidence.popularity.numpy()),
        len(strangers) - len(judged),
        _interactions(ours, graph),
        graph is None,
        controls.probabilities(ours, seen, lists[OURS]),
        relations,
        in_texts(graph, schema) if graph is not None else frozenset(),
        cuts,
    )


def _interactions(ours: Served, graph: HeteroData | None) -> NDArray[np.int64]:
    """Return how many interactions each item has in the graph, [items]; without one, how many people of the model like it."""
    model = ours.artifact.model
    if graph is None:
        return np.asarray(model.evidence.likings.likes.sum(axis=0)).ravel().astype(np.int64)
    interactions = interactions_of(graph, ours.artifact.schema)
    items = interactions.items if interactions is not None else np.zeros(0, dtype=np.int64)
    return np.bincount(items, minlength=model.entities.item_count)
