"""The report says what was measured, and needs nothing but itself."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from kg_rec.evaluation.controls import ABLATIONS, BARE, OURS, POPULARITY, SHUFFLED
from kg_rec.evaluation.metrics import METRICS, Difference, Interval
from kg_rec.evaluation.report import Comparison, Group, Report, Section, System, _ticks
from kg_rec.model.signals import SIGNALS


def system(name: str, mean: float) -> System:
    return System(name, {metric: Interval(mean, mean - 0.01, mean + 0.01) for metric in METRICS}, 120, 0.9)


def against(name: str, mean: float, margin: float = 0.02) -> Comparison:
    difference = Difference(mean, mean - margin, mean + margin, 0.0009 if abs(mean) > margin else 0.4)
    return Comparison(name, dict.fromkeys(METRICS, difference))


def section(bare: float | None = 0.05, mixed: float | None = 0.04) -> Section:
    controls = [(POPULARITY, 0.1), (BARE, bare), (SHUFFLED, mixed)]
    shown = [(name, gain) for name, gain in controls if gain is not None]
    systems = [system(OURS, 0.15), *(system(name, 0.15 - gain) for name, gain in shown)]
    comparisons = [against(name, gain) for name, gain in shown]
    ablations = [against(name, -0.03 if place == 2 else 0.01 * place) for place, name in enumerate(ABLATIONS.values())]
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
    parser.feed(report(section()).as_html())
    assert parser.open == []


def test_nothing_drawn_leaves_its_plot() -> None:
    page = report(section()).as_html()
    for drawn in re.findall(r"<svg viewBox='0 0 (\d+) .*?>(.*?)</svg>", page, flags=re.DOTALL):
        places = [float(place) for place in re.findall(r"(?:x|x1|x2|cx)='(-?[\d.]+)'", drawn[1])]
        assert min(places) >= 0 and max(places) <= int(drawn[0])


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
