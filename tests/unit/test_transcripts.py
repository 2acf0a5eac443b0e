"""How transcripts in the documentation are written anew: what stays, what is put in, what is left out."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MADE = runpy.run_path(str(ROOT / "docs" / "transcripts.py"))
as_shown, told_anew = MADE["as_shown"], MADE["told_anew"]


@pytest.mark.parametrize(
    ("shown", "output", "anew"),
    [
        ("", "model 1\nnext\n", ""),  # nothing is shown of it
        ("one\n", "one\ntwo\n", "one\ntwo\n"),
        ("one\n…\nlast\n", "one\ntwo\nthree\nend\n", "one\n…\nend\n"),
        ("…\nlast\n", "one\nend\n", "…\nend\n"),
        ("one\n  …\n", "uno\ntwo\n", "uno\n  …\n"),
        ("loaded 3 nodes in 2.0 s; all new\n", "loaded 3 nodes in 7.5 s; all new\n", "loaded 3 nodes in 2.0 s; all new\n"),
        ("loaded 3 nodes in 2.0 s\n", "loaded 4 nodes in 7.5 s\n", "loaded 4 nodes in 7.5 s\n"),
        ("at bolt://127.0.0.1:7687\n", "at bolt://127.0.0.1:40123\n", "at bolt://127.0.0.1:7687\n"),
        ("model 20260101T000000-0a1b2c3d: new\n", "model 20261125T131440-58172de5: new\n", "model 20260101T000000-0a1b2c3d: new\n"),
        (
            " trained 2026-11-25 13:14 UTC (just now)\n",
            " trained 2027-01-01 10:00 UTC (2 hours ago)\n",
            " trained 2026-11-25 13:14 UTC (just now)\n",
        ),
    ],
)  # fmt: skip
def test_of_an_output_stays_what_the_page_shows(shown: str, output: str, anew: str) -> None:
    assert as_shown(shown, output) == anew
    assert as_shown(anew, output) == anew, "again it is the same"


def test_the_commands_are_run_in_their_order() -> None:
    asked: list[str] = []

    def run(line: str) -> str:
        asked.append(line)
        return f"said of {line}\n"

    block = "$ export A=b\n$ kg-rec train\n$ kg-rec init --item 'A b'   # it looks\nold\n"
    assert told_anew(block, run) == (
        "$ export A=b\n$ kg-rec train\n$ kg-rec init --item 'A b'   # it looks\nsaid of kg-rec init --item 'A b'   # it looks\n"
    )
    assert [line.split("  ")[0] for line in asked] == ["export A=b", "kg-rec train", "kg-rec init --item 'A b'"]


def test_every_scene_is_shown_somewhere_and_every_block_has_one() -> None:
    marks = [
        mark for page in MADE["PAGES"] for mark in re.findall(r"<!-- shown: (.*) -->", page.read_text(encoding="utf-8"))
    ]
    blocks = [name for page in MADE["PAGES"] for name, _ in MADE["_SHOWN"].findall(page.read_text(encoding="utf-8"))]
    assert marks == blocks and set(blocks) == set(MADE["SCENES"])


def test_no_transcript_is_left_to_hands() -> None:
    """A block that shows what a command prints is written by a scene, but for what runs on, and how fast a machine is."""
    by_hand = []
    for page in MADE["PAGES"]:
        text = page.read_text(encoding="utf-8")
        for found in re.finditer(r"^([^\n]*)\n```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            lines = found[2].splitlines()
            told = any(line.startswith("$ kg-rec") for line in lines) and any(
                not line.startswith("$ ") for line in lines
            )
            if told and not found[1].startswith("<!-- shown: "):
                by_hand.append(f"{page.name}: {lines[0]}")
    assert by_hand == [
        *["events.md: $ kg-rec consume events.jsonl"] * 2,
        "neo4j.md: $ kg-rec neo4j start",
        "service.md: $ kg-rec serve",
    ]
