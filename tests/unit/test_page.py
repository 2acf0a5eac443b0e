"""The files of the page against each other: what is named is there, nothing is inline, nothing is fetched from elsewhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from kg_rec.service.api import PAGE

HTML = (PAGE / "index.html").read_text(encoding="utf-8")
SCRIPTS = {file.name: file.read_text(encoding="utf-8") for file in sorted(PAGE.glob("*.js"))}
STYLES = {file.name: file.read_text(encoding="utf-8") for file in sorted(PAGE.glob("*.css"))}
ALL = {"index.html": HTML, "icon.svg": (PAGE / "icon.svg").read_text(encoding="utf-8"), **SCRIPTS, **STYLES}
TSC = os.environ.get("KG_REC_TSC") or shutil.which("tsc")


def test_all_files_are_used_and_all_that_is_used_is_there() -> None:
    named = set(re.findall(r'(?:href|src)="([^"#]+)"', HTML))
    imported = {name for text in SCRIPTS.values() for name in re.findall(r'(?:from |import\()"\./([^"]+)"', text)}
    assert named | imported | {"index.html"} == {file.name for file in PAGE.iterdir()}


def test_elements_and_symbols_that_scripts_name_are_there() -> None:
    ids = re.findall(r'\bid="([^"]+)"', HTML)
    assert len(ids) == len(set(ids))
    code = "\n".join(SCRIPTS.values())
    assert set(re.findall(r'byId\("([^"]+)"\)', code)) <= set(ids)
    symbols = {name.removeprefix("icon-") for name in ids if name.startswith("icon-")}
    assert set(re.findall(r'icon(?:\(|: )"([a-z]+)"', code)) <= symbols
    assert set(re.findall(r'href="#icon-([a-z]+)"', HTML)) <= symbols


def test_nothing_is_inline_or_from_elsewhere() -> None:
    """The policy of the service refuses it, and a string of HTML would be a way in for whoever names a node."""
    assert not re.findall(r"<style|\bstyle=|\bon[a-z]+=|<script(?![^>]*\bsrc=)", HTML)
    for name, text in ALL.items():
        addresses = set(re.findall(r"https?://[^\s\"']+", text)) - {"http://www.w3.org/2000/svg"}
        assert not addresses and "@import" not in text, name
        assert not re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text), (
            name
        )


@pytest.mark.parametrize("name", sorted(ALL))
def test_no_domain_is_named(name: str) -> None:
    assert not re.findall(r"\b(?:films?|movies?|cinema|books?|genres?|actors?|directors?)\b", ALL[name], re.IGNORECASE)


def test_colours_are_told_for_light_and_dark() -> None:
    light, dark = re.findall(r":root(?:\[data-theme=\"dark\"\])? \{(.*?)\n\}", STYLES["tokens.css"], re.DOTALL)
    told = [dict(re.findall(r"(--[a-z0-9-]+): (#[0-9a-f]{6});", part)) for part in (light, dark)]
    assert set(told[0]) == set(told[1])
    for colours in told:
        for name in ("--soft", "--ink", "--avoid", *(f"--hue-{number}" for number in range(1, 9))):
            for ground in ("--ground", "--paper"):
                assert _contrast(colours[name], colours[ground]) >= 4.5, (name, ground)


@pytest.mark.skipif(TSC is None, reason="no tsc here: npm install --global typescript, or name it with KG_REC_TSC")
def test_the_types_hold(tmp_path: Path) -> None:
    options = {
        "allowJs": True, "checkJs": True, "noEmit": True, "strict": True, "noUnusedLocals": True, "types": [],
        "target": "es2022", "module": "es2022", "moduleResolution": "bundler", "lib": ["es2022", "dom", "dom.iterable"],
    }  # fmt: skip
    project = tmp_path / "tsconfig.json"
    project.write_text(json.dumps({"compilerOptions": options, "include": [f"{PAGE}/*.js"]}))
    done = subprocess.run([str(TSC), "--project", str(project)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def _contrast(one: str, other: str) -> float:
    """Contrast of two colours by WCAG 2.2."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
