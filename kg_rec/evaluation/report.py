"""What an evaluation came to: as JSON, as one HTML file that needs nothing else, and as a table for the terminal."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from html import escape
from string import Template
from typing import TYPE_CHECKING, Any

from kg_rec.counted import counted
from kg_rec.evaluation.controls import BARE, OURS, POPULARITY, SHUFFLED
from kg_rec.evaluation.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kg_rec.evaluation.metrics import Bin, Difference, Interval

FORMAT = 1
"""Raised whenever what read an older report could not read a newer one."""

HEADLINE = "recall@10"
"""The metric that the question is answered by; it was chosen before anything was measured."""

NEW_ITEM_METRICS = ("recall@10", "recall@50")
"""What is measured over new items alone; the place of other items says nothing about these."""

_NAMES = {"recall@10": "recall@10", "recall@50": "recall@50", "ndcg@10": "nDCG@10", "mrr": "MRR"}


@dataclass(frozen=True, slots=True)
class System:
    """Something that ranks: each metric's mean over people with its interval, how many different items are in the lists that
    people see, and the mean popularity percentile of these items (1: the most popular ones for everybody).
    """

    name: str
    metrics: dict[str, Interval]
    coverage: float
    popularity_bias: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """How much more ours has of each metric than `against`, on the same people."""

    against: str
    metrics: dict[str, Difference]


@dataclass(frozen=True, slots=True)
class Ablation:
    """Ours without a part of it: how much more of each metric ours has, and coverage and popularity of what is left, as `System`
    has them.
    """

    against: str
    metrics: dict[str, Difference]
    coverage: float
    popularity_bias: float

    @classmethod
    def of(cls, compared: Comparison, left: System) -> Ablation:
        """Take the comparison with what is left, and what is left itself."""
        return cls(compared.against, compared.metrics, left.coverage, left.popularity_bias)


@dataclass(frozen=True, slots=True)
class Relation:
    """One type of relation of the graph. edges: how many it has; in_texts: whether the texts of the items are written from it;
    served: ours without its edges when answering; trained: trained without them, None where that was not asked.
    """

    type: str
    edges: int
    in_texts: bool
    served: Ablation
    trained: Ablation | None = None


@dataclass(frozen=True, slots=True)
class NewItems:
    """Recall of the relevant items that are new alone. rule: which these are, "that …"; items: how many there are; people: who want
    one of them; systems: each metric of each system.
    """

    rule: str
    items: int
    people: int
    systems: dict[str, dict[str, Interval]]
    comparisons: list[Comparison]


@dataclass(frozen=True, slots=True)
class Paths:
    """What cutting paths of one kind came to. told, other: how much of its score an item loses without the path that is told, and
    without a random one of the kind; share: of the items that lose more without the one that is told; told_places, other_places:
    how many places they fall in the mean.
    """

    kind: str
    paths: int
    told: Interval
    other: Interval
    difference: Difference
    share: float
    told_places: float
    other_places: float


@dataclass(frozen=True, slots=True)
class Fidelity:
    """Whether the paths that are told carry the score; kinds: all of them first, those that had another like them. without_path:
    recommendations that had no path; without_counterpart, alone: those with a path that had no other like it, and how much of
    its score an item loses without it.
    """

    kinds: list[Paths]
    without_path: int
    without_counterpart: int
    alone: Interval | None = None


@dataclass(frozen=True, slots=True)
class Reliability:
    """How right the probabilities are: over the first 50 items of each list, and over those that are shown. error: expected
    calibration error; said, was: mean probability of the items that are shown, and the share of them that was liked.
    """

    bins: list[Bin]
    error: float
    shown_bins: list[Bin]
    shown_error: float
    said: float
    was: Interval


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the people, by what they wrote."""

    name: str
    people: int
    systems: list[System]
    comparisons: list[Comparison]


@dataclass(frozen=True, slots=True)
class Section:
    """People of one kind: how many they are and how many texts they wrote over all seeds, how many texts were left out since
    nothing could be right for them, how many items there are, and how many items of a list are seen.
    """

    name: str
    people: int
    texts: int
    left_out: int
    items: int
    shown: int
    systems: list[System]
    comparisons: list[Comparison]
    ablations: list[Ablation]
    groups: list[Group]
    relations: list[Relation] = field(default_factory=list)
    new_items: NewItems | None = None
    fidelity: Fidelity | None = None
    reliability: Reliability | None = None

    @property
    def answer(self) -> str:
        """Whether the graph helps, in one sentence with its interval."""
        return answer(self)


@dataclass(frozen=True, slots=True)
class Report:
    """A whole evaluation. about: what was judged and how, name and value, as it is to be read."""

    created: str
    about: dict[str, str]
    sections: list[Section] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON knows it; a number that is not known is None."""
        sections = [{"answer": section.answer, **asdict(section)} for section in self.sections]
        found: dict[str, Any] = _finite(
            {"format": FORMAT, "created": self.created, "about": self.about, "sections": sections}
        )
        return found

    def as_json(self) -> str:
        """Return the report as JSON."""
        return json.dumps(self.as_dict(), ensure_ascii=False, indent=1)

    def as_html(self) -> str:
        """Return the report as one HTML file: no script, and nothing fetched from anywhere."""
        return _PAGE.substitute(
            created=escape(self.created),
            about="".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in self.about.items()),
            sections="".join(_section(section) for section in self.sections),
        )

    def as_text(self) -> str:
        """Return a plain table for each section, at most 120 columns wide, and the answers."""
        return "\n\n".join(_text(section) for section in self.sections)


def answer(section: Section) -> str:
    """Say whether the graph helps: ours against ours without the graph, and on a shuffled one."""
    against = {comparison.against: comparison.metrics[HEADLINE] for comparison in section.comparisons}
    if BARE not in against:
        return "Does the graph help? Not asked: the controls that answer it were left out."
    means = {system.name: system.metrics[HEADLINE].mean for system in section.systems}
    bare = against[BARE]
    verdict = "Not shown" if not bare.is_clear else "Yes" if bare.mean > 0 else "No, it harms"
    said = (
        f"Does the graph help? {verdict}: {_NAMES[HEADLINE]} is {means[OURS]:.3f} with it and {means[BARE]:.3f} without, a "
        f"difference of {_signed(bare)} (95 % interval, {counted(section.people, 'person')}, p {_p(bare.p)})"
    )
    mixed = against.get(SHUFFLED)
    if mixed is None:
        return f"{said}."
    kind = (
        "clearly better"
        if mixed.is_clear and mixed.mean > 0
        else "clearly worse"
        if mixed.is_clear
        else "no clear change"
    )
    return f"{said}; over a shuffled graph ({means[SHUFFLED]:.3f}) it is {kind}, {_signed(mixed)}."


def _text(section: Section) -> str:
    width = max(len(system.name) for system in section.systems) + 2
    lines = [f"{_title(section)}: {_who(section)}", ""]
    lines.append(
        f"{'':{width}}" + "".join(f"{_NAMES[metric]:<19}" for metric in METRICS) + f"{'items':>7}{'popular':>9}"
    )
    lines += [
        f"{system.name:{width}}"
        + "".join(f"{_plain(system.metrics[metric]):<19}" for metric in METRICS)
        + f"{system.coverage:>7,.0f}{_share(system.popularity_bias):>9}"
        for system in section.systems
    ]
    lines += ["", section.answer]
    if section.relations:
        lines += ["", *_relations_text(section)]
    if section.new_items is not None:
        lines += ["", *_new_items_text(section.new_items, width)]
    if section.fidelity is not None:
        lines += ["", *_fidelity_text(section.fidelity)]
    if section.reliability is not None:
        lines += ["", *_reliability_text(section.reliability, section.shown)]
    return "\n".join(line.rstrip() for line in lines)


def _relations_text(section: Section) -> list[str]:
    names = {one.type: one.type if len(one.type) <= 24 else f"{one.type[:23]}…" for one in section.relations}
    width = max(len("without"), *map(len, names.values())) + 2
    head = f"{'without':{width}}{'edges':>9}  {'in texts':<10}"
    lines = [
        "What each type of relation adds: ours less ours without its edges.",
        head + "".join(f"{_NAMES[metric]:<26}" for metric in NEW_ITEM_METRICS) + f"{'items':>7}{'popular':>9}",
    ]
    for one in section.relations:
        for name, less in ((names[one.type], one.served), ("  trained without", one.trained)):
            if less is not None:
                beside = f"{one.edges:>9,}  {'yes' if one.in_texts else 'no':<10}" if less is one.served else " " * 21
                lines.append(
                    f"{name:{width}}{beside}"
                    + "".join(f"{_signed(less.metrics[metric]):<26}" for metric in NEW_ITEM_METRICS)
                    + f"{less.coverage:>7,.0f}{_share(less.popularity_bias):>9}"
                )
    return lines


def _new_items_text(new: NewItems, width: int) -> list[str]:
    lines = [f"New items: {_newly(new)}.", f"{'':{width}}" + "".join(f"{_NAMES[one]:<21}" for one in NEW_ITEM_METRICS)]
    return lines + [
        f"{name:{width}}" + "".join(f"{_plain(metrics[one]):<21}" for one in NEW_ITEM_METRICS)
        for name, metrics in new.systems.items()
    ]


def _newly(new: NewItems) -> str:
    return (
        f"only the relevant items that {new.rule} ({counted(new.items, 'item')}; {new.people:,} "
        f"{'person wants' if new.people == 1 else 'people want'} one)"
    )


def _fidelity_text(found: Fidelity) -> list[str]:
    answered = f"Do the explanations tell what counts? {fidelity_answer(found)}"
    if not found.kinds:
        return [answered]
    lines = [
        answered,
        f"{'path':<17}{'how many':>9}  {'told':<21}{'random':<21}{'difference':<25}told falls more",
    ]
    return lines + [
        f"{one.kind:<17}{one.paths:>9,}  {_plain(one.told):<21}{_plain(one.other):<21}{_signed(one.difference):<25}"
        f"{one.share:.0%}"
        for one in found.kinds
    ]


def fidelity_answer(found: Fidelity) -> str:
    """Say whether an item falls further without the path that is told than without a random one."""
    if not found.kinds:
        return f"Not known: of the recommendations that were looked at {_left_out(found) or 'none was left'}."
    all_ = found.kinds[0]
    verdict = "Not shown" if not all_.difference.is_clear else "Yes" if all_.difference.mean > 0 else "No"
    left = _left_out(found)
    return (
        f"{verdict}: without the path that is told an item loses {_number(all_.told.mean)} of its score and "
        f"{all_.told_places:.1f} places, without a random one of the kind {_number(all_.other.mean)} and "
        f"{all_.other_places:.1f}; {all_.paths:,} recommendations{', besides ' if left else ''}{left}."
    )


def _left_out(found: Fidelity) -> str:
    loss = f", and lose {_number(found.alone.mean)} without it" if found.alone is not None else ""
    counts = (found.without_path, "had no path"), (found.without_counterpart, f"had no other path of the kind{loss}")
    return " and ".join(f"{count:,} {what}" for count, what in counts if count)


def _reliability_text(found: Reliability, shown: int) -> list[str]:
    lines = [
        f"Are the probabilities right? {reliability_answer(found, shown)}",
        "said        was liked            items",
    ]
    return lines + [
        f"{_number(one.predicted):<12}{_plain(one.observed):<21}{one.items:>5,}" for one in found.shown_bins
    ]


def reliability_answer(found: Reliability, shown: int) -> str:
    """Say how far the probabilities are from what was liked."""
    return (
        f"Of the first {shown} items of each list {_number(found.said)} were said to be liked, and {_plain(found.was)} were; the "
        f"error is {_number(found.shown_error)} over these, and {_number(found.error)} over the first 50."
    )


def _title(section: Section) -> str:
    return {"asking": "People who ask for something", "telling": "People whose words tell of them"}.get(
        section.name, section.name[:1].upper() + section.name[1:]
    )


def _who(section: Section) -> str:
    left = f", {section.left_out:,} texts left out for which nothing could be right" if section.left_out else ""
    return (
        f"{counted(section.people, 'person')}, {counted(section.texts, 'text')}{left}; {counted(section.items, 'item')}"
    )


def _plain(value: Interval) -> str:
    return f"{_number(value.mean)} [{_number(value.low)}, {_number(value.high)}]"


def _number(value: float) -> str:
    """Return three digits after the point, without the 0 before it."""
    if not math.isfinite(value):
        return "–"
    return f"{value:.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.3f}"


def _share(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "–"


def _signed(value: Difference) -> str:
    return f"{_plus(value.mean)} [{_plus(value.low)}, {_plus(value.high)}]"


def _plus(value: float) -> str:
    return "0.000" if abs(value) < 0.0005 else f"{value:+.3f}".replace("-", "−")


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value


# -- HTML ------------------------------------------------------------------------------------------------------------------


def _section(section: Section) -> str:
    parts = [
        f"<section><h2>{escape(_title(section))}</h2><p class='who'>{escape(_who(section))}</p>",
        f"<p class='answer'>{escape(section.answer)}</p>",
        "<div class='plots'>",
        *(_bars(_NAMES[metric], [(one.name, one.metrics[metric]) for one in section.systems]) for metric in METRICS),
        "</div>",
        _systems_table(section),
        "<h3>Ours against each control, on the same people</h3>",
        _differences_table(section.comparisons, "control"),
    ]
    if section.ablations:
        parts += [
            "<h3>What each signal adds</h3>",
            "<p>Ours less ours with that signal’s weight at 0. To the right of 0: the signal helps.</p>",
            "<div class='plots'>",
            *(
                _forest(_NAMES[metric], [(_signal(one.against), one.metrics[metric]) for one in section.ablations])
                for metric in (HEADLINE, "recall@50")
            ),
            "</div>",
            _ablations_table(section.ablations, section),
        ]
    if section.relations:
        parts += _relations_html(section)
    if section.groups:
        parts += ["<h3>By what people wrote</h3>", _groups_table(section.groups)]
    if section.new_items is not None:
        parts += _new_items_html(section.new_items)
    if section.fidelity is not None:
        parts += _fidelity_html(section.fidelity)
    if section.reliability is not None:
        parts += _reliability_html(section.reliability, section.shown)
    return "".join(parts) + "</section>"


def _relations_html(section: Section) -> list[str]:
    plots = [("edges missing at serving", [(one.type, one.served) for one in section.relations])]
    if any(one.trained for one in section.relations):
        plots.append(("trained without", [(one.type, one.trained) for one in section.relations if one.trained]))
    rows = []
    for one in section.relations:
        told = [escape(one.type), f"{one.edges:,}", "yes" if one.in_texts else "no"]
        for beside, less in ((told, one.served), (["<small>trained without</small>", "", ""], one.trained)):
            if less is not None:
                rows.append(
                    [*beside, *(_gain(less.metrics[metric], False) for metric in METRICS), *_reach(less, section)]
                )
    head = ["without", "edges", "in texts", *(_NAMES[metric] for metric in METRICS), "items", "popularity"]
    return [
        "<h3>What each type of relation adds</h3>",
        "<p>Ours less ours without all edges of that type. To the right of 0: the relation helps.</p>",
        "<div class='plots'>",
        *(
            _gains(f"{_NAMES[metric]}, {how}", [(name, less.metrics[metric]) for name, less in some])
            for how, some in plots
            for metric in NEW_ITEM_METRICS
        ),
        "</div>",
        _table(head, rows),
        "<p class='note'>At serving: the edges are missing where the neighbours of items are looked up, and from what the graph "
        "carries; the model is not trained again, and the texts of the items keep what they say of the relation. <b>In texts</b> "
        "tells where they say something. Trained (with --relations): on a graph that never had these edges, so that they are in "
        "no text either.</p>",
    ]


def _new_items_html(new: NewItems) -> list[str]:
    against = {one.against: one.metrics for one in new.comparisons}
    rows = [
        [
            escape(name),
            *(_cell(metrics[metric]) for metric in NEW_ITEM_METRICS),
            *(_gain(against[name][metric]) if name in against else "" for metric in NEW_ITEM_METRICS),
        ]
        for name, metrics in new.systems.items()
    ]
    head = [
        "ranked by",
        *(_NAMES[one] for one in NEW_ITEM_METRICS),
        *(f"ours, {_NAMES[one]}" for one in NEW_ITEM_METRICS),
    ]
    return [
        "<h3>Items new to the graph</h3>",
        f"<p>Of {escape(_newly(new))}, the share that is in the lists.</p>",
        "<div class='plots'>",
        *(
            _bars(_NAMES[metric], [(name, of[metric]) for name, of in new.systems.items()])
            for metric in NEW_ITEM_METRICS
        ),
        "</div>",
        _table(head, rows, strong=OURS, kind="stacked"),
    ]


def _fidelity_html(found: Fidelity) -> list[str]:
    asked = ["<h3>Do the explanations tell what counts?</h3>", f"<p>{escape(fidelity_answer(found))}</p>"]
    if not found.kinds:
        return asked
    rows = [
        [
            escape(one.kind),
            f"{one.paths:,}",
            _cell(one.told),
            _cell(one.other),
            _gain(one.difference),
            f"{one.share:.0%}",
            f"{one.told_places:.1f}",
            f"{one.other_places:.1f}",
        ]
        for one in found.kinds
    ]
    head = ["path", "how many", "loses without it", "without a random one", "difference", "loses more"]
    bars = [
        (f"{one.kind}{which}", value)
        for one in found.kinds
        for which, value in (("", one.told), (": random", one.other))
    ]
    differences = [(one.kind, one.difference) for one in found.kinds]
    return [
        *asked,
        "<div class='plots'>",
        _bars("score that is lost", bars, ours=[one.kind for one in found.kinds]),
        _gains("difference between the two", differences),
        "</div>",
        _table([*head, "places lost", "random"], rows, strong=escape(found.kinds[0].kind)),
        "<p class='note'>Each edge of the path that a person is shown is set to 0 in what the model knows, and the item scored "
        "again; then the same with a random path of the kind, from another interest to the item where there is one, otherwise "
        "through an entity like it that no interest points to. Near in meaning: the path starts at no interest of the person, but "
        "at an entity whose name is near to the words; the score comes from the texts then, and hardly from an edge.</p>",
    ]


def _reliability_html(found: Reliability, shown: int) -> list[str]:
    return [
        "<h3>Are the probabilities right?</h3>",
        f"<p>{escape(reliability_answer(found, shown))}</p>",
        "<div class='plots'>",
        _diagonal(f"the first {shown} items of each list", found.shown_bins),
        _diagonal("the first 50 items of each list", found.bins),
        "</div>",
        "<p class='note'>Each dot is about a tenth of the items: how likely they were said to be liked, and which share was. On "
        "the line both are the same; below it the model says too much. Intervals over people. The probabilities were learned "
        "from simulated people, and to be liked means to be among what somebody is known to like.</p>",
    ]


def _signal(against: str) -> str:
    return against.partition("'")[2].rstrip("'") or against


_LEFT, _WIDTH, _ROW, _TOP, _BOTTOM = 176, 460, 26, 8, 26
_VALUES = 58
_LETTERS = 25
"""Measures of a plot in SVG units: room for names, for all, a row, above, below, and for the figures at the
right; and letters of a name at most."""


def _bars(title: str, rows: Sequence[tuple[str, Interval]], *, ours: Sequence[str] = (OURS,)) -> str:
    """Draw one bar a row from 0, with its interval as a line across the end; what is below 0 is cut off.

    ours: the rows that stand out.
    """
    highest = max((value.high for _, value in rows if math.isfinite(value.high)), default=0.0)
    top, step = _ticks(highest if highest > 0 else 1.0)
    scale = (_WIDTH - _LEFT - _VALUES) / top
    height = _TOP + _ROW * len(rows) + _BOTTOM
    drawn = [_axis(0.0, top, step, scale, height)]
    for place, (name, value) in enumerate(rows):
        y = _TOP + _ROW * place
        drawn.append(
            f"<text class='name' x='{_LEFT - 8}' y='{y + 17}'>{escape(name)}</text>"
            f"<rect class='{'ours' if name in ours else 'other'}' x='{_LEFT}' y='{y + 5}' "
            f"width='{max(value.mean, 0) * scale if math.isfinite(value.mean) else 0:.1f}' height='16' rx='2'/>"
            f"{_whisker(_LEFT + max(value.low, 0) * scale, _LEFT + max(value.high, 0) * scale, y + 13)}"
            f"<text class='value' x='{_WIDTH}' y='{y + 17}'>{_number(value.mean)}</text>"
        )
    described = "; ".join(f"{name} {_plain(value)}" for name, value in rows)
    return _figure(title, described, drawn, height)


def _forest(title: str, rows: Sequence[tuple[str, Difference]]) -> str:
    """Draw one dot a difference with its interval, and a line at 0."""
    return _around_zero(title, rows, lambda _, x, y, kind: f"<circle class='{kind}' cx='{x:.1f}' cy='{y + 13}' r='5'/>")


def _gains(title: str, rows: Sequence[tuple[str, Difference]]) -> str:
    """Draw one bar a difference from 0 to either side, with its interval."""
    return _around_zero(
        title,
        rows,
        lambda zero, x, y, kind: (
            f"<rect class='{kind}' x='{min(zero, x):.1f}' y='{y + 5}' width='{abs(x - zero):.1f}' height='16' rx='2'/>"
        ),
    )


def _around_zero(
    title: str, rows: Sequence[tuple[str, Difference]], mark: Callable[[float, float, int, str], str]
) -> str:
    """Draw one mark a difference with its interval; mark: from places of 0 and of the difference, height and kind to SVG."""
    furthest = max((abs(bound) for _, value in rows for bound in (value.low, value.high)), default=0.0)
    top, step = _ticks(furthest or 0.01)
    scale = (_WIDTH - _LEFT - _VALUES) / (2 * top)
    zero = _LEFT + top * scale
    height = _TOP + _ROW * len(rows) + _BOTTOM
    drawn = [_axis(-top, top, 2 * step if top / step > 2 else step, scale, height)]
    drawn.append(f"<line class='zero' x1='{zero:.1f}' x2='{zero:.1f}' y1='{_TOP}' y2='{height - _BOTTOM}'/>")
    for place, (name, value) in enumerate(rows):
        y = _TOP + _ROW * place
        name = name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"
        kind = "none" if not value.is_clear else "ours" if value.mean > 0 else "harm"
        drawn.append(
            f"<text class='name' x='{_LEFT - 8}' y='{y + 17}'>{escape(name)}</text>"
            f"{mark(zero, zero + value.mean * scale, y, kind)}"
            f"{_whisker(zero + value.low * scale, zero + value.high * scale, y + 13)}"
            f"<text class='value' x='{_WIDTH}' y='{y + 17}'>{_plus(value.mean)}</text>"
        )
    described = "; ".join(f"{name} {_signed(value)}" for name, value in rows)
    return _figure(title, described, drawn, height)


def _diagonal(title: str, bins: Sequence[Bin]) -> str:
    """Draw what was said along, what was liked up, a dot a bin with its interval, and the line on which both are the same."""
    highest = max((max(one.predicted, one.observed.high) for one in bins), default=0.0)
    top, step = _ticks(highest or 1.0)
    left, side = 44, 300
    scale, floor = side / top, _TOP + side
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    drawn = []
    for multiple in range(round(top / step) + 1):
        along, text = multiple * step * scale, _tick(multiple * step, digits)
        drawn.append(
            f"<line class='grid' x1='{left + along:.1f}' x2='{left + along:.1f}' y1='{_TOP}' y2='{floor}'/>"
            f"<line class='grid' x1='{left}' x2='{left + side}' y1='{floor - along:.1f}' y2='{floor - along:.1f}'/>"
            f"<text class='tick' x='{left + along:.1f}' y='{floor + 18}'>{text}</text>"
            f"<text class='tick side' x='{left - 8}' y='{floor - along + 4:.1f}'>{text}</text>"
        )
    drawn.append(f"<line class='zero' x1='{left}' x2='{left + side}' y1='{floor}' y2='{_TOP}'/>")
    for one in bins:
        x, low, high = left + one.predicted * scale, one.observed.low * scale, one.observed.high * scale
        drawn.append(
            f"<path class='whisker' d='M{x - 4:.1f} {floor - low:.1f}h8M{x:.1f} {floor - low:.1f}V{floor - high:.1f}"
            f"M{x - 4:.1f} {floor - high:.1f}h8'/>"
            f"<circle class='ours' cx='{x:.1f}' cy='{floor - one.observed.mean * scale:.1f}' r='4.5'/>"
        )
    drawn.append(
        f"<text class='tick end' x='{left + side}' y='{floor + 36}'>probability that was said</text>"
        f"<text class='tick start' x='{left + 6}' y='{_TOP + 14}'>share that was liked</text>"
    )
    described = "; ".join(f"said {_number(one.predicted)}, liked {_plain(one.observed)}" for one in bins)
    return _figure(title, described, drawn, floor + 42)


def _figure(title: str, described: str, drawn: Sequence[str], height: int) -> str:
    return (
        f"<figure><figcaption>{escape(title)}</figcaption><svg viewBox='0 0 {_WIDTH} {height}' role='img' "
        f"aria-label='{escape(f'{title}: {described}')}'>{''.join(drawn)}</svg></figure>"
    )


def _axis(low: float, high: float, step: float, scale: float, height: int) -> str:
    """Draw a line for each multiple of the step from low to high, and their figures below."""
    drawn = []
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    for multiple in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1):
        value = multiple * step
        x = _LEFT + (value - low) * scale
        text = _tick(value, digits)
        drawn.append(
            f"<line class='grid' x1='{x:.1f}' x2='{x:.1f}' y1='{_TOP}' y2='{height - _BOTTOM}'/>"
            f"<text class='tick' x='{x:.1f}' y='{height - 8}'>{text}</text>"
        )
    return "".join(drawn)


def _tick(value: float, digits: int) -> str:
    if round(value, digits) == 0:
        return "0"
    text = f"{abs(value):.{digits}f}"
    return ("−" if value < 0 else "") + (text[1:] if text.startswith("0.") else text)


def _ticks(highest: float) -> tuple[float, float]:
    """Return the end of an axis that reaches `highest` in at most four round steps, and the step."""
    size = 10.0 ** math.floor(math.log10(highest / 4))
    step = next(factor * size for factor in (1, 2, 5, 10) if highest <= 4 * factor * size * (1 + 1e-9))
    return step * math.ceil(highest / step - 1e-9), step


def _whisker(low: float, high: float, y: float) -> str:
    if not math.isfinite(low + high):
        return ""
    return f"<path class='whisker' d='M{low:.1f} {y - 4}v8M{low:.1f} {y}H{high:.1f}M{high:.1f} {y - 4}v8'/>"


def _systems_table(section: Section) -> str:
    head = ["ranked by", *(_NAMES[metric] for metric in METRICS), f"items in the first {section.shown}", "popularity"]
    rows = [
        [
            escape(one.name),
            *(_cell(one.metrics[metric]) for metric in METRICS),
            f"{one.coverage:,.0f} <small>{one.coverage / max(section.items, 1):.0%}</small>",
            _share(one.popularity_bias),
        ]
        for one in section.systems
    ]
    note = (
        "<p class='note'>Means over people; in brackets the 95 % interval by bootstrap over people. Items: how many different "
        "ones all people are shown, and their share of all items. Popularity: mean percentile of what is shown; .50 is "
        "random, 1 the most popular items for everybody.</p>"
    )
    return _table(head, rows, strong=OURS, kind="inline") + note


def _differences_table(comparisons: Sequence[Comparison], first: str) -> str:
    rows = [[escape(_signal(one.against)), *(_gain(one.metrics[metric]) for metric in METRICS)] for one in comparisons]
    return _table([first, *(_NAMES[metric] for metric in METRICS)], rows)


def _ablations_table(ablations: Sequence[Ablation], section: Section) -> str:
    rows = [
        [
            escape(_signal(one.against)),
            *(_gain(one.metrics[metric], False) for metric in METRICS),
            *_reach(one, section),
        ]
        for one in ablations
    ]
    return _table(["without", *(_NAMES[metric] for metric in METRICS), "items", "popularity"], rows)


def _reach(one: Ablation, section: Section) -> list[str]:
    share = f"<small>{one.coverage / max(section.items, 1):.0%}</small>"
    return [f"{one.coverage:,.0f} {share}", _share(one.popularity_bias)]


def _groups_table(groups: Sequence[Group]) -> str:
    names = [system.name for system in groups[0].systems]
    rows = []
    for group in groups:
        values = {system.name: system.metrics[HEADLINE] for system in group.systems}
        gains = {one.against: one.metrics[HEADLINE] for one in group.comparisons}
        over = gains.get(BARE, gains.get(POPULARITY))
        rows.append(
            [
                escape(group.name),
                f"{group.people:,}",
                *(_cell(values[name]) for name in names),
                _gain(over) if over else "",
            ]
        )
    against = "without the graph" if BARE in names else "popularity"
    note = f"<p class='note'>{_NAMES[HEADLINE]}; somebody who wrote several texts may be in several groups.</p>"
    return _table(["people", "how many", *map(escape, names), f"ours over {against}"], rows) + note


def _cell(value: Interval) -> str:
    return f"{_number(value.mean)} <small>[{_number(value.low)}, {_number(value.high)}]</small>"


def _gain(value: Difference, chance: bool = True) -> str:
    """Write a difference with its interval, and p where `chance`: a wide table has no room for it."""
    kind = "clear" if value.is_clear and value.mean > 0 else "worse" if value.is_clear else "open"
    interval = f"[{_plus(value.low)}, {_plus(value.high)}]" + (f" p {_p(value.p)}" if chance else "")
    return f"<span class='{kind}'>{_plus(value.mean)}</span> <small>{escape(interval)}</small>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], *, strong: str = "", kind: str = "stacked") -> str:
    """Lay out cells that are HTML already; stacked: with their intervals below the figures."""
    top = "".join(f"<th scope='col'>{one}</th>" for one in head)
    body = "".join(
        f"<tr{' class=strong' if strong and row[0] == strong else ''}><th scope='row'>{row[0]}</th>"
        + "".join(f"<td>{one}</td>" for one in row[1:])
        + "</tr>"
        for row in rows
    )
    return f"<div class='wide'><table class='{kind}'><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"


_PAGE = Template(
    """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>kg-rec: how good the recommendations are</title>
<style>
:root { --paper: #fcfcfa; --ink: #1f2328; --soft: #5c6570; --line: #dfe2e6; --ours: #1f6f78; --other: #aab4be;
  --harm: #b3412e; --card: #f2f4f3; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15181b; --ink: #e6e8ea; --soft: #9aa4ae; --line: #30363c; --ours: #58b5bd; --other: #5b6671;
    --harm: #e58a76; --card: #1d2226; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1060px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 27px; line-height: 1.2; margin: 0 0 4px; }
h2 { font-size: 21px; margin: 44px 0 0; padding-top: 18px; border-top: 1px solid var(--line); }
h3 { font-size: 16px; margin: 32px 0 6px; }
p { margin: 6px 0; max-width: 78ch; }
.who, .note, .created { color: var(--soft); }
.note { font-size: 13px; }
.answer { background: var(--card); border-left: 4px solid var(--ours); padding: 12px 16px; margin: 14px 0 18px;
  font-size: 16px; border-radius: 0 4px 4px 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 18px; margin: 18px 0 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(400px, 100%), 1fr)); gap: 18px 28px; }
figure { margin: 0; } figcaption { font-weight: 600; margin-bottom: 2px; }
svg { display: block; width: 100%; height: auto; font: 12.5px system-ui, sans-serif; }
svg text { fill: var(--ink); } svg .tick { fill: var(--soft); text-anchor: middle; font-size: 11px; }
svg .side, svg .end { text-anchor: end; } svg .start { text-anchor: start; }
svg .name, svg .value { text-anchor: end; } svg .value { font-variant-numeric: tabular-nums; }
.grid { stroke: var(--line); } .zero { stroke: var(--soft); } .whisker { stroke: var(--ink); fill: none; stroke-width: 1.3; }
rect.ours, circle.ours { fill: var(--ours); } rect.other, rect.none, circle.none { fill: var(--other); }
rect.harm, circle.harm { fill: var(--harm); }
.wide { overflow-x: auto; margin-top: 14px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 12px 5px 0; text-align: left; vertical-align: baseline; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 500; font-size: 13px; } tbody th { font-weight: 400; }
.strong th, .strong td { font-weight: 650; }
small { color: var(--soft); font-size: 12px; font-weight: 400; white-space: nowrap; }
.stacked small { display: block; }
.clear { color: var(--ours); font-weight: 650; } .worse { color: var(--harm); font-weight: 650; }
footer { margin-top: 44px; border-top: 1px solid var(--line); padding-top: 12px; color: var(--soft); font-size: 13px; }
</style>
</head>
<body>
<main>
<h1>How good the recommendations are</h1>
<p class="created">$created</p>
<dl>$about</dl>
$sections
<footer>
<p>Nothing of the people who are judged is in the graph that was learned from. All systems rank the same items for the same
people; items that the words name are no candidates, and count neither as hits nor as misses. Intervals and p by bootstrap over
people (2,000 samples), for differences paired; a difference is coloured where 0 is outside its interval. No correction for
looking at many of them: of twenty differences that are not there, one is coloured by chance.</p>
</footer>
</main>
</body>
</html>
"""
)
