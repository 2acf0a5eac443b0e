"""From what every system answered to what it comes to: means over people, comparisons on the same people, and the rest.

A person who is judged under several seeds, or writes several texts, counts once, with the mean of their values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from kg_rec.evaluation.controls import ABLATIONS, BARE, OURS, POPULARITY, SHUFFLED, TEXT
from kg_rec.evaluation.fidelity import KINDS
from kg_rec.evaluation.metrics import (
    METRICS,
    SHOWN,
    bootstrap,
    calibration_error,
    coverage,
    judge,
    paired,
    popularity_bias,
    ratio,
    reliability,
)
from kg_rec.evaluation.relations import CARRIED, TRAINED
from kg_rec.evaluation.report import (
    NEW_ITEM_METRICS,
    Ablation,
    Comparison,
    Fidelity,
    Group,
    NewItems,
    Paths,
    Relation,
    Reliability,
    Section,
    System,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kg_rec.evaluation.fidelity import Cut, Cuts
    from kg_rec.evaluation.strangers import Stranger

_FEWEST = 0.1
_LEAST_PEOPLE = 10
"""Share of the items that count as new where fewer people than this want one that nobody interacted with."""
_HEADLINE = (OURS, POPULARITY, TEXT, BARE, SHUFFLED)


@dataclass(frozen=True)
class Trial:
    """What every system answered to the same strangers, from the same candidates.

    named: whether the words of each name or resemble something in the graph; lists: rows of items, best first, for each
    stranger, by system; percentiles: where each item stands by popularity, [items]; interactions: how many people interacted with
    each item, [items], or liked it, where the model is all that is known (only_likes); probabilities: of ours, as the lists;
    relations: edges of each type, and in_texts which of them the texts of the items are written from; cuts: what became of
    recommendations whose path was cut.
    """

    strangers: list[Stranger]
    named: NDArray[np.bool_]
    lists: dict[str, list[NDArray[np.int64]]]
    percentiles: NDArray[np.float64]
    left_out: int = 0
    interactions: NDArray[np.int64] | None = None
    only_likes: bool = False
    probabilities: list[NDArray[np.float64]] | None = None
    relations: dict[str, int] = field(default_factory=dict)
    in_texts: frozenset[str] = frozenset()
    cuts: Cuts | None = None


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
    trained = [TRAINED.format(type_) for type_ in trials[0].relations]
    present = trials[0].lists

    def of_people(system: str, metric: str, chosen: Sequence[NDArray[np.bool_]]) -> NDArray[np.float64]:
        return _by_person(trials, [value[system][metric] for value in values], chosen)

    def compared(system: str, chosen: Sequence[NDArray[np.bool_]]) -> Comparison:
        differences = {
            metric: paired(of_people(OURS, metric, chosen), of_people(system, metric, chosen)) for metric in METRICS
        }
        return Comparison(system, differences)

    def measured(system: str, chosen: Sequence[NDArray[np.bool_]]) -> System:
        lists = [
            [trial.lists[system][place] for place in np.flatnonzero(some)]
            for trial, some in zip(trials, chosen, strict=True)
        ]
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
        ablations=[
            Ablation.of(compared(system, everybody), measured(system, everybody))
            for system in ABLATIONS.values()
            if system in present
        ],
        groups=groups,
        relations=[
            Relation(
                type_,
                edges,
                type_ in trials[0].in_texts,
                Ablation.of(compared(carried, everybody), measured(carried, everybody)),
                Ablation.of(compared(anew, everybody), measured(anew, everybody)) if anew in present else None,
            )
            for (type_, edges), anew in zip(trials[0].relations.items(), trained, strict=True)
            for carried in [CARRIED.format(type_)]
        ],
        new_items=_new_items(trials, shown),
        fidelity=_fidelity(trials),
        reliability=_reliability(trials),
    )


def _new_items(trials: Sequence[Trial], systems: Sequence[str]) -> NewItems | None:
    """Return recall over the relevant items that nobody interacted with; where fewer than 10 people want one, over those of the
    tenth of the items that has the fewest interactions; None where nobody wants one of these either.
    """
    counts = [trial.interactions for trial in trials]
    if any(count is None for count in counts):
        return None
    liked = "liked" if trials[0].only_likes else "interacted with"
    for few in (False, True):
        most = [int(np.quantile(count, _FEWEST, method="lower")) if few else 0 for count in counts if count is not None]
        new = [count <= least for count, least in zip(counts, most, strict=True) if count is not None]
        wanted = [
            [frozenset(row for row in one.relevant - one.known if row >= 0 and of[row]) for one in trial.strangers]
            for trial, of in zip(trials, new, strict=True)
        ]
        chosen = [np.array([bool(theirs) for theirs in of], dtype=bool) for of in wanted]
        people = {
            trial.strangers[place].person
            for trial, some in zip(trials, chosen, strict=True)
            for place in np.flatnonzero(some).tolist()
        }
        if len(people) >= _LEAST_PEOPLE:
            break
    if not people:
        return None
    rule = f"nobody {liked}"
    if few and max(most):
        rule = f"at most {max(most)} {'person' if max(most) == 1 else 'people'} {liked}, the tenth with the fewest"
    values = {
        system: [
            _scattered(
                judge(
                    [trial.lists[system][place] for place in np.flatnonzero(some)],
                    [of[place] for place in np.flatnonzero(some)],
                    [trial.strangers[place].known for place in np.flatnonzero(some)],
                ),
                some,
            )
            for trial, of, some in zip(trials, wanted, chosen, strict=True)
        ]
        for system in systems
    }

    def of_people(system: str, metric: str) -> NDArray[np.float64]:
        return _by_person(trials, [of[metric] for of in values[system]], chosen)

    return NewItems(
        rule,
        round(float(np.mean([of.sum() for of in new]))),
        len(people),
        {system: {metric: bootstrap(of_people(system, metric)) for metric in NEW_ITEM_METRICS} for system in systems},
        [
            Comparison(
                system,
                {metric: paired(of_people(OURS, metric), of_people(system, metric)) for metric in NEW_ITEM_METRICS},
            )
            for system in systems
            if system != OURS
        ],
    )


def _scattered(values: dict[str, NDArray[np.float64]], some: NDArray[np.bool_]) -> dict[str, NDArray[np.float64]]:
    """Return values of some people as values of all, nan for the others."""
    found = {metric: np.full(len(some), np.nan) for metric in values}
    for metric, of in values.items():
        found[metric][some] = of
    return found


def _fidelity(trials: Sequence[Trial]) -> Fidelity | None:
    cut = [trial for trial in trials if trial.cuts is not None]
    pairs = [(trial.strangers[one.place].person, one) for trial in cut if trial.cuts for one in trial.cuts.cuts]
    if not cut:
        return None
    rows = []
    for kind in (None, *KINDS):
        some = [(person, one) for person, one in pairs if kind in (None, one.kind)]
        if not some:
            continue
        people: dict[str, list[Cut]] = {}
        for person, one in some:
            people.setdefault(person, []).append(one)
        told, other = (
            np.array([np.mean([getattr(one, name) for one in theirs]) for theirs in people.values()])
            for name in ("told", "other")
        )
        rows.append(
            Paths(
                kind or "all",
                len(some),
                bootstrap(told),
                bootstrap(other),
                paired(told, other),
                float(np.mean([one.told > one.other for _, one in some])),
                float(np.mean([one.told_places for _, one in some])),
                float(np.mean([one.other_places for _, one in some])),
            )
        )
    alone: dict[str, list[float]] = {}
    for trial in cut:
        for place, loss in trial.cuts.alone if trial.cuts else ():
            alone.setdefault(trial.strangers[place].person, []).append(loss)
    return Fidelity(
        rows,
        sum(trial.cuts.without_path for trial in cut if trial.cuts),
        sum(map(len, alone.values())),
        bootstrap(np.array([np.mean(losses) for losses in alone.values()])) if alone else None,
    )


def _reliability(trials: Sequence[Trial]) -> Reliability | None:
    """Return how right the probabilities are, over the first 50 items of everybody's list, and over those that are shown."""
    predicted, liked, person, place = [], [], [], []
    number: dict[str, int] = {}
    for trial in trials:
        if trial.probabilities is None:
            return None
        for one, items, likely in zip(trial.strangers, trial.lists[OURS], trial.probabilities, strict=True):
            predicted.append(likely)
            liked.append(np.array([item in one.relevant for item in items.tolist()], dtype=bool))
            person.append(np.full(len(items), number.setdefault(one.person, len(number))))
            place.append(np.arange(len(items)))
    said, was = np.concatenate(predicted), np.concatenate(liked)
    who, first = np.concatenate(person), np.concatenate(place) < SHOWN
    if not len(said):
        return None
    bins, shown = reliability(said, was, who), reliability(said[first], was[first], who[first])
    people = len(number)
    hits = np.bincount(who[first], was[first], minlength=people).astype(np.float64)
    shown_to: NDArray[np.float64] = np.bincount(who[first], minlength=people).astype(np.float64)
    return Reliability(
        bins, calibration_error(bins), shown, calibration_error(shown), float(said[first].mean()), ratio(hits, shown_to)
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
