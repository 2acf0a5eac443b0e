"""The report says what was measured, and needs nothing but itself."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from kg_rec.evaluation.controls import ABLATIONS, BARE, OURS, POPULARITY, SHUFFLED
from kg_rec.evaluation.metrics import METRICS, Bin, Difference, Interval
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
    Report,
    Section,
    System,
    _ticks,
)
from kg_rec.model.signals import SIGNALS


def system(name: str, mean: float) -> System:
    return System(name, {metric: Interval(mean, mean - 0.01, mean + 0.01) for metric in METRICS}, 120, 0.9)


def against(name: str, mean: float, margin: float = 0.02) -> Comparison:
    difference = Difference(mean, mean - margin, mean + margin, 0.0009 if abs(mean) > margin else 0.4)
    return Comparison(name, dict.fromkeys(METRICS, difference))


def less(name: str, mean: float, margin: float = 0.02) -> Ablation:
    return Ablation.of(against(name, mean, margin), system(name, 0.15 - mean))


def whole() -> Section:
    """A section in which everything was asked."""
    relations = [
        Relation("HAS_<KIND>", 1234, True, less("served", 0.03), less("trained", 0.05)),
        Relation("A_TYPE_WITH_QUITE_A_LONG_NAME_OF_ITS_OWN", 7, False, less("served", -0.04), less("trained", 0.001)),
    ]
    values = {name: dict.fromkeys(NEW_ITEM_METRICS, Interval(0.1, 0.05, 0.2)) for name in (OURS, POPULARITY)}
    difference = Difference(0.1, 0.05, 0.15, 0.001)
    new = NewItems(
        "nobody interacted with", 12, 34, values, [Comparison(POPULARITY, dict.fromkeys(NEW_ITEM_METRICS, difference))]
    )
    paths = Paths(
        "all", 200, Interval(0.5, 0.4, 0.6), Interval(0.1, 0.0, 0.2), Difference(0.4, 0.3, 0.5, 0.001), 0.9, 7.25, 1.5
    )
    fidelity = Fidelity(
        [paths, replace(paths, kind="direct", told=Interval(-0.01, -0.02, 0.0))], 3, 4, Interval(0.7, 0.6, 0.8)
    )
    bins = [Bin(0.05, Interval(0.04, 0.01, 0.09), 100), Bin(0.31, Interval(0.28, 0.2, 0.45), 100)]
    right = Reliability(bins, 0.02, bins[:1], 0.01, 0.05, Interval(0.04, 0.01, 0.09))
    return replace(section(), relations=relations, new_items=new, fidelity=fidelity, reliability=right)


def section(bare: float | None = 0.05, mixed: float | None = 0.04) -> Section:
    controls = [(POPULARITY, 0.1), (BARE, bare), (SHUFFLED, mixed)]
    shown = [(name, gain) for name, gain in controls if gain is not None]
    systems = [system(OURS, 0.15), *(system(name, 0.15 - gain) for name, gain in shown)]
    comparisons = [against(name, gain) for name, gain in shown]
    ablations = [less(name, -0.03 if place == 2 else 0.01 * place) for place, name in enumerate(ABLATIONS.values())]
    group = Group("words name <nothing>", 7, systems, comparisons)
    return Section("asking", 1234, 2000, 3, 900, 10, systems, comparisons, ablations, [group])


def report(*sections: Section) -> Report:
    return Report("2026-01-01T00:00:00+00:00", {"people": "of <the> graph & others"}, list(sections))


@pytest.mark.parametrize(
    ("bare", "mixed", "said"),
    [
        (
            0.05,
            0.04,
            "Does the graph help? Yes: recall@10 is 0.150 with it and 0.100 without, a difference of +0.050 [+0.030, +0.070] "
            "(95 % interval, 1,234 people, p < 0.001); over a shuffled graph (0.110) it is clearly better, "
            "+0.040 [+0.020, +0.060].",
        ),
        (
            0.01,
            None,
            "Does the graph help? Not shown: .* a difference of \\+0.010 \\[−0.010, \\+0.030\\] .* p = 0.400\\)\\.",
        ),
        (-0.05, -0.03, "Does the graph help? No, it harms: .*; over a shuffled graph .* clearly worse, −0.030"),
        (0.05, 0.01, ".* Yes: .* over a shuffled graph .* it is no clear change"),
        (None, None, "Does the graph help\\? Not asked: the controls that answer it were left out\\."),
    ],
)
def test_the_question_is_answered_in_one_sentence(bare: float | None, mixed: float | None, said: str) -> None:
    found = section(bare, mixed).answer
    assert found == said or re.fullmatch(f"{said}.*".replace("help? ", r"help\? "), found)


def test_json_holds_every_figure() -> None:
    found = json.loads(report(section()).as_json())
    assert found["format"] == 1
    assert found["sections"][0]["answer"] == section().answer
    assert found["sections"][0]["systems"][0]["metrics"]["mrr"] == {"mean": 0.15, "low": 0.14, "high": 0.16}
    assert len(found["sections"][0]["ablations"]) == len(SIGNALS)


def test_coverage_and_popularity_stand_for_every_system_everywhere() -> None:
    found = json.loads(report(whole()).as_json())["sections"][0]
    everybody = [*found["systems"], *found["ablations"], *found["groups"][0]["systems"]]
    everybody += [one[how] for one in found["relations"] for how in ("served", "trained")]
    assert len(everybody) == 4 + len(SIGNALS) + 4 + 4
    assert all(one["coverage"] == 120 and one["popularity_bias"] == 0.9 for one in everybody)
    text = report(whole()).as_text()
    assert len(re.findall(r" 120 +0\.90$", text, flags=re.MULTILINE)) == 4 + 4
    assert report(whole()).as_html().count("120 <small>13%</small>") == 4 + len(SIGNALS) + 4


def test_everything_that_was_asked_is_in_json() -> None:
    found = json.loads(report(whole()).as_json())["sections"][0]
    assert found["relations"][1]["served"]["metrics"]["mrr"]["mean"] == -0.04
    assert found["relations"][0] | {"served": 0, "trained": 0} == {
        "type": "HAS_<KIND>", "edges": 1234, "in_texts": True, "served": 0, "trained": 0,
    }  # fmt: skip
    assert found["new_items"]["systems"]["ours"]["recall@10"] == {"mean": 0.1, "low": 0.05, "high": 0.2}
    assert found["fidelity"]["kinds"][0]["difference"]["low"] == 0.3 and found["fidelity"]["without_path"] == 3
    assert found["reliability"]["bins"][1]["observed"]["mean"] == 0.28
    nothing = json.loads(report(section()).as_json())["sections"][0]
    assert [nothing[name] for name in ("relations", "new_items", "fidelity", "reliability")] == [[], None, None, None]


def test_everything_that_was_asked_is_in_the_text() -> None:
    text = report(whole()).as_text()
    for line in (
        r"HAS_<KIND> +1,234  yes +\+0\.030 \[\+0\.010, \+0\.050\] .* 120 +0\.90",
        r"  trained without +\+0\.050 \[",
        r"A_TYPE_WITH_QUITE_A_LON… +7  no +−0\.040 \[",
        r"New items: only the relevant items that nobody interacted with \(12 items; 34 people want one\)\.",
        r"popularity +\.100 \[\.050, \.200\] +\.100 \[\.050, \.200\]",
        r"Do the explanations tell what counts\? Yes: without the path that is told an item loses \.500 of its score "
        r"and 7\.2 places, without a random one of the kind \.100 and 1\.5; 200 recommendations, besides 3 had no path "
        r"and 4 had no other path of the kind, and lose \.700 without it\.",
        r"direct +200  -\.010 .* 90%",
        r"Are the probabilities right\? Of the first 10 items of each list \.050 were said to be liked, and "
        r"\.040 \[\.010, \.090\] were; the error is \.010 over these, and \.020 over the first 50\.",
        r"\.050 +\.040 \[\.010, \.090\] +100",
    ):
        assert re.search(f"^{line}", text, flags=re.MULTILINE), line
    assert all(len(line) <= 120 for line in text.splitlines() if "?" not in line)


def test_where_no_path_could_be_cut_it_is_said() -> None:
    nothing = replace(section(), fidelity=Fidelity([], 3, 0))
    said = "Not known: of the recommendations that were looked at 3 had no path."
    assert report(nothing).as_text().endswith(f"Do the explanations tell what counts? {said}")
    assert said in report(nothing).as_html()


def test_what_is_not_known_is_null_in_json() -> None:
    unknown = System(
        OURS, {metric: Interval(float("nan"), float("nan"), float("nan")) for metric in METRICS}, 0, float("nan")
    )
    empty = Section("asking", 0, 0, 0, 0, 10, [unknown], [], [], [])
    found = json.loads(report(empty).as_json())
    assert found["sections"][0]["systems"][0]["popularity_bias"] is None
    assert "–" in report(empty).as_text()
    assert not re.search(r"\bnan\b", report(empty).as_html())


def test_the_page_needs_nothing_but_itself() -> None:
    page = report(section(), section(bare=None, mixed=None)).as_html()
    assert not re.search(r"https?:|//|<script|<link|@import|url\(|src=", page)
    assert "prefers-color-scheme: dark" in page
    assert "of &lt;the&gt; graph &amp; others" in page
    assert "words name &lt;nothing&gt;" in page
    for drawn in re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL):
        ElementTree.fromstring(drawn)
    assert page.count("<svg") == 2 * 6
    assert report(whole()).as_html().count("<svg") == 6 + 4 + 2 + 2 + 2
    assert "HAS_&lt;KIND&gt;" in report(whole()).as_html()


class Open(HTMLParser):
    """Follows which elements are open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in {"meta"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_what_the_page_opens_it_closes() -> None:
    parser = Open()
    parser.feed(report(whole()).as_html())
    assert parser.open == []


def test_nothing_drawn_leaves_its_plot() -> None:
    page = report(whole()).as_html()
    for drawn in re.findall(r"<svg viewBox='0 0 (\d+) .*?>(.*?)</svg>", page, flags=re.DOTALL):
        places = [float(place) for place in re.findall(r"(?:x|x1|x2|cx)='(-?[\d.]+)'", drawn[1])]
        assert min(places) >= 0 and max(places) <= int(drawn[0])
        assert all(float(width) >= 0 for width in re.findall(r"width='(-?[\d.]+)'", drawn[1]))


@pytest.mark.parametrize(
    ("highest", "expected"), [(0.173, (0.2, 0.05)), (0.344, (0.4, 0.1)), (0.4, (0.4, 0.1)), (0.05, (0.06, 0.02))]
)
def test_axes_end_at_round_figures(highest: float, expected: tuple[float, float]) -> None:
    assert _ticks(highest) == pytest.approx(expected)


def test_the_table_fits_a_terminal() -> None:
    text = report(section()).as_text()
    table, _, answered = text.rpartition("\n\n")
    assert all(len(line) <= 120 for line in table.splitlines())
    assert re.search(r"^ours +\.150 \[\.140, \.160\]", text, flags=re.MULTILINE)
    assert answered == section().answer
