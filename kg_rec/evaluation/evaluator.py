"""The whole evaluation: who is judged, by whom they are served, and what it comes to.

People of the graph: for each seed, some of them leave it, everything is trained on what is left, and they come back as
strangers. A person who is judged under several seeds counts once, with the mean of their values. Real people: the model
there is serves them, and only the controls that need another graph are trained.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from kg_rec.errors import InputError
from kg_rec.evaluation import controls
from kg_rec.evaluation.controls import ABLATIONS, BARE, OURS, POPULARITY, SHUFFLED, TEXT
from kg_rec.evaluation.metrics import (
    METRICS,
    SHOWN,
    bootstrap,
    coverage,
    judge,
    paired,
    popularity_bias,
    popularity_percentiles,
)
from kg_rec.evaluation.report import Comparison, Group, Section, System
from kg_rec.evaluation.split import By, check_no_leak, cold_people, without_people
from kg_rec.evaluation.strangers import MANNERS, Manner, Stranger, judgeable, simulated_strangers
from kg_rec.model.training import TrainingSettings
from kg_rec.progress import SILENT, Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch_geometric.data import HeteroData

    from kg_rec.evaluation.controls import Served
    from kg_rec.schema import GraphSchema
    from kg_rec.text.encoder import TextEncoder

_HEADLINE = (OURS, POPULARITY, TEXT, BARE, SHUFFLED)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Trial:
    """What every system answered to the same strangers, from the same candidates.

    named: whether the words of each name or resemble something in the graph; lists: rows of items, best first, for each
    stranger, by system; percentiles: where each item stands by popularity, [items].
    """

    strangers: list[Stranger]
    named: NDArray[np.bool_]
    lists: dict[str, list[NDArray[np.int64]]]
    percentiles: NDArray[np.float64]
    left_out: int = 0


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
    quick: bool = False,
    say: Say = lambda _: None,
    progress: Progress = SILENT,
) -> list[Section]:
    """Judge people of an exported graph who were taken out of it, one section for each manner of writing.

    quick: without the controls that need a training of their own. Raises what `cold_people`, `check_no_leak` and `fit` raise,
    and InputError where nobody of those who were taken out likes enough to be judged.
    """
    trials: dict[Manner, list[Trial]] = {manner: [] for manner in manners}
    for seed in seeds:
        chosen = replace(settings or TrainingSettings(), seed=seed)
        split = cold_people(graph, schema, share=share, by=by, seed=seed)
        left = without_people(graph, schema, split)
        check_no_leak(left, schema, split)
        say(f"seed {seed}: {len(split.people)} people are taken out of the graph; training without them")
        ours = controls.train(left, schema, encoder, chosen, progress)
        others = {} if quick else _trained_controls(left, schema, encoder, chosen, say, progress)
        for manner in manners:
            strangers = simulated_strangers(graph, schema, split.people, manner, seed=seed)
            trials[manner].append(_trial(strangers, ours, others, progress, words_name_relevant=False))
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
    say: Say = lambda _: None,
    progress: Progress = SILENT,
) -> Section:
    """Judge people who are in no graph with a model there is.

    graph: the exported graph that the model was trained on, from which the controls are trained for each seed; None leaves
    them out. training_encoder: encodes the texts of the graph, by default the encoder of `ours` does.
    Raises InputError where nobody can be judged.
    """
    trials = []
    for seed in seeds if graph is not None else seeds[:1]:
        chosen = replace(settings, seed=seed)
        others = (
            _trained_controls(graph, ours.artifact.schema, training_encoder or ours.encoder, chosen, say, progress)
            if graph is not None
            else {}
        )
        trials.append(_trial(strangers, ours, others, progress, words_name_relevant=True))
    if not trials[0].strangers:
        raise InputError("Expected people with relevant items that they did not mention, found none.")
    return summarise("people of the file", trials)


def _trained_controls(
    graph: HeteroData,
    schema: GraphSchema,
    encoder: TextEncoder,
    settings: TrainingSettings,
    say: Say,
    progress: Progress,
) -> dict[str, Served]:
    say(f"seed {settings.seed}: training the control without the graph")
    without = controls.train_bare(graph, schema, encoder, settings, progress)
    say(f"seed {settings.seed}: training the control on a shuffled graph")
    mixed = controls.shuffled(graph, schema, settings.seed)
    return {BARE: without, SHUFFLED: controls.train(mixed, schema, encoder, settings, progress)}


def _trial(
    strangers: Sequence[Stranger],
    ours: Served,
    others: dict[str, Served],
    progress: Progress,
    *,
    words_name_relevant: bool,
) -> Trial:
    """Have every system answer. What ours finds named in the words is no candidate for any system.

    words_name_relevant: whether a relevant item that the linker finds in the words, rightly or not, still counts as missed;
    simulated people cannot be asked, so theirs count as named.
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
    popularity = ours.artifact.model.evidence.popularity.numpy()
    return Trial(
        judged,
        np.array([bool(theirs) for theirs in seen.interests], dtype=bool),
        lists,
        popularity_percentiles(popularity),
        len(strangers) - len(judged),
    )


def summarise(name: str, trials: Sequence[Trial]) -> Section:
    """Return what the trials of one kind of people come to: means over people, and ours compared on the same people."""
    trials = [trial for trial in trials if trial.strangers]
    values = [
        {
            system: judge(of, [one.relevant for one in trial.strangers], [one.known for one in trial.strangers])
            for system, of in trial.lists.items()
        }
        for trial in trials
    ]
    bias = [{system: popularity_bias(of, trial.percentiles) for system, of in trial.lists.items()} for trial in trials]
    everybody = [np.ones(len(trial.strangers), dtype=bool) for trial in trials]
    present = trials[0].lists

    def of_people(system: str, metric: str, chosen: Sequence[NDArray[np.bool_]]) -> NDArray[np.float64]:
        return _by_person(trials, [value[system][metric] for value in values], chosen)

    def compared(system: str, chosen: Sequence[NDArray[np.bool_]]) -> Comparison:
        differences = {
            metric: paired(of_people(OURS, metric, chosen), of_people(system, metric, chosen)) for metric in METRICS
        }
        return Comparison(system, differences)

    def measured(system: str, chosen: Sequence[NDArray[np.bool_]]) -> System:
        lists = [trial.lists[system] for trial in trials]
        return System(
            system,
            {metric: bootstrap(of_people(system, metric, chosen)) for metric in METRICS},
            round(float(np.mean([coverage(of) for of in lists])), 1),
            float(np.nanmean(_by_person(trials, [value[system] for value in bias], chosen))),
        )

    shown = [system for system in _HEADLINE if system in present]
    groups = []
    for title, chosen in _groups(trials).items():
        people = len(of_people(OURS, "mrr", chosen))
        if people:
            systems = [measured(system, chosen) for system in shown]
            groups.append(Group(title, people, systems, [compared(system, chosen) for system in shown[1:]]))
    return Section(
        name,
        people=len(of_people(OURS, "mrr", everybody)),
        texts=sum(len(trial.strangers) for trial in trials),
        left_out=sum(trial.left_out for trial in trials),
        items=len(trials[0].percentiles),
        shown=SHOWN,
        systems=[measured(system, everybody) for system in shown],
        comparisons=[compared(system, everybody) for system in shown[1:]],
        ablations=[compared(system, everybody) for system in ABLATIONS.values() if system in present],
        groups=groups,
    )


def _groups(trials: Sequence[Trial]) -> dict[str, list[NDArray[np.bool_]]]:
    """Return which strangers of each trial are in a group: by what their words name, and by how long they are."""
    lengths = [np.array([len(stranger.text) for stranger in trial.strangers]) for trial in trials]
    middle = float(np.median(np.concatenate(lengths)))
    return {
        "words name something": [trial.named for trial in trials],
        "words name nothing": [~trial.named for trial in trials],
        f"short words (at most {middle:.0f} characters)": [length <= middle for length in lengths],
        f"long words (more than {middle:.0f} characters)": [length > middle for length in lengths],
    }


def _by_person(
    trials: Sequence[Trial], values: Sequence[NDArray[np.float64]], chosen: Sequence[NDArray[np.bool_]]
) -> NDArray[np.float64]:
    """Return the mean value of each person over all their texts that are chosen, [people], in the order of their ids."""
    found: dict[str, list[float]] = {}
    for trial, of, some in zip(trials, values, chosen, strict=True):
        for place in np.flatnonzero(some).tolist():
            found.setdefault(trial.strangers[place].person, []).append(float(of[place]))
    return np.array([np.mean(found[person]) for person in sorted(found)])
