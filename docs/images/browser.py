"""Take the pictures of docs/browser.md: Neo4j Browser, with the questions of `kg-rec explore` asked of the sample graph.

    python docs/images/browser.py [--home FOLDER] [NAME …]

It needs Chromium (KG_REC_CHROMIUM names another one) and what `pip install -e '.[dev]'` installs. Without NAMEs it takes all
pictures. The home is made and trained by `kg-rec demo` where it is new; its Neo4j is stopped at the end.
"""

from __future__ import annotations

import argparse
import base64
import dataclasses
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, sync_playwright

from kg_rec.graph.server import ManagedServer
from kg_rec.graph.server_browser import browser_address
from kg_rec.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).resolve().parent
CHROMIUM = os.environ.get("KG_REC_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
COLOURS = 96
PEOPLE = {
    "ann": "I loved Her and quiet films about memory and loneliness. Nothing violent, no war films.",
    "ben": "Arrival was great, and I love horror like Alien. Science fiction is my thing. I hate musicals.",
}

_DROP = """([name, data]) => {
  const bytes = Uint8Array.from(atob(data), letter => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name));
  const target = document.querySelector('.filedrop');
  for (const type of ['dragenter', 'dragover', 'drop'])
    target.dispatchEvent(new DragEvent(type, {bubbles: true, cancelable: true, dataTransfer}));
}"""
"""Drop a file on the page, as a person does with the mouse."""
_PLACES = "() => [...document.querySelectorAll('svg g.node')].map(node => node.getAttribute('transform')).join()"


@dataclass(frozen=True)
class Picture:
    """A question as it is asked, and the size of its frame.

    view: "graph" or "table". placed: nodes that are pulled somewhere, as with the mouse: caption, and where in the frame, from
    the left and from the top, in [0, 1].
    """

    question: str
    parameters: tuple[str, ...] = ()
    view: str = "graph"
    placed: tuple[tuple[str, float, float], ...] = ()
    width: int = 1000
    height: int = 640


PICTURES = {
    "interests": Picture("interests", ("user=demo",), width=900, height=520),
    "why": Picture(
        "why",
        ("user=demo", "item=Her", "limit=6"),
        placed=(
            ("demo", 0.06, 0.5), ("Her", 0.94, 0.5), ("Arrival", 0.38, 0.2), ("loneliness", 0.54, 0.62),
            ("Science Fiction", 0.4, 1.0), ("Amy Adams", 0.7, 0.0), ("melancholy", 0.7, 0.2), ("slow-paced", 0.7, 0.4),
        ),
    ),
    "meeting": Picture(
        "meeting",
        ("user=demo", "limit=6"),
        placed=(
            ("demo", 0.06, 0.5), ("Horror", 0.2, 0.0), ("Science Fiction", 0.42, 0.3), ("loneliness", 0.42, 0.8),
            ("Under the Skin", 0.5, 0.0), ("The Lobster", 0.78, 0.08), ("Her", 0.9, 0.3), ("Moon", 0.92, 0.52),
            ("Blade Runner 2049", 0.88, 0.75), ("WALL-E", 0.75, 0.97),
        ),
    ),
    "pushed-away": Picture(
        "pushed_away",
        ("user=demo", "limit=5"),
        placed=(
            ("demo", 0.06, 0.5), ("Horror", 0.4, 0.15), ("Science Fiction", 0.45, 0.6), ("loneliness", 0.35, 0.95),
            ("Predator", 0.7, 0.0), ("The Thing", 0.85, 0.2), ("Aliens", 0.9, 0.45), ("Alien", 0.85, 0.7),
            ("Under the Skin", 0.7, 0.95),
        ),
    ),
    "connections": Picture(
        "connections",
        ("user=demo", "item=The Lives of Others", "hub=50", "limit=5"),
        placed=(
            ("demo", 0.04, 0.5), ("The Lives of Others", 0.96, 0.5), ("loneliness", 0.24, 0.5), ("Black Girl", 0.48, 0.0),
            ("Wings of Desire", 0.48, 0.25), ("Central Station", 0.48, 0.5), ("Ikiru", 0.48, 0.75),
            ("The Conversation", 0.48, 1.0), ("sim-036", 0.73, 0.0), ("berlin", 0.73, 0.25), ("redemption", 0.73, 0.62),
            ("surveillance", 0.73, 1.0),
        ),
    ),
    "people-share": Picture(
        "people_share", ("user=ben", "otherUser=demo"), placed=(("ben", 0.1, 0.5), ("demo", 0.9, 0.5)), height=520
    ),
    "items-share": Picture("items_share", ("item=Arrival", "otherItem=Her")),
    "neighbourhood": Picture(
        "neighbourhood",
        ("entity=Arrival", "each=4"),
        placed=(("ben", 0.05, 0.35), ("demo", 0.05, 0.75)),
    ),
    "schema": Picture("schema"),
    "relations": Picture("relations", ("limit=6",), view="table"),
    "audience": Picture("audience", ("user=ann", "limit=6"), view="table", width=1150),
}  # fmt: skip


def main() -> None:
    """Take the pictures that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--home", type=Path, default=ROOT / ".demo-home")
    parser.add_argument("names", nargs="*", choices=[*PICTURES, "scripts", []])
    arguments = parser.parse_args()
    if CHROMIUM is None:
        sys.exit("no Chromium here: install one, or name it with KG_REC_CHROMIUM")
    names = arguments.names or [*PICTURES, "scripts"]
    settings = load_settings(home=arguments.home)
    _kg_rec(settings, "demo")
    for user, words in PEOPLE.items():
        _kg_rec(settings, "attach", user, words)
    server = ManagedServer(settings)
    try:
        with _page(server) as page:
            for name in names:
                if name == "scripts":
                    _save(_scripts(page, settings), name)
                else:
                    _save(_asked(page, settings, PICTURES[name]), name)
    finally:
        server.stop()


def _kg_rec(settings: Settings, *arguments: str) -> str:
    command = [sys.executable, "-c", "from kg_rec.cli import main; main()", *arguments, "--home", str(settings.home)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout


@contextmanager
def _page(server: ManagedServer) -> Iterator[Page]:
    """Neo4j Browser, connected, with the style of the graph, in a light theme."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = chromium.new_page(viewport={"width": 1100, "height": 900}, color_scheme="light", device_scale_factor=1.5)
        page.set_default_timeout(60_000)
        page.goto(browser_address(server.status()))
        page.get_by_test_id("password").fill(server.password())
        page.get_by_test_id("connect").click()
        page.get_by_text("neo4j$", exact=True).wait_for()
        _drop(page, "style.grass", _kg_rec(server.settings, "explore", "--style").encode())
        page.locator("pre", has_text="node.KGEntity").wait_for()
        yield page
        chromium.close()


def _asked(page: Page, settings: Settings, picture: Picture) -> bytes:
    """Ask a question as a person does who pastes what `--print` prints, and return the frame with the answer."""
    page.set_viewport_size({"width": picture.width + 56, "height": picture.height + 260})
    options = [option for parameter in picture.parameters for option in ("--param", parameter)]
    lines, statement = _kg_rec(settings, "explore", picture.question, *options, "--print").split("\n\n", 1)
    _run(page, ":clear")
    page.get_by_test_id("frame").first.wait_for(state="detached")
    _run(page, lines)
    page.locator("[title='Status: success'], [data-testid=rawParamData]").nth(lines.count("\n")).wait_for()
    _run(page, ":clear")
    page.get_by_test_id("frame").first.wait_for(state="detached")
    # The frame's first line shows what was run; the header would fill it.
    code = "\n".join(line for line in statement.splitlines() if not line.startswith("//"))
    _run(page, f"// {statement.splitlines()[0].removeprefix('// ')}\n{code}")
    frame = page.get_by_test_id("frame").first
    if picture.view == "table":
        frame.get_by_text("Table", exact=True).first.click()
        frame.locator("table").wait_for()
        page.wait_for_timeout(800)
    else:
        _settle(page, frame, picture)
    return frame.screenshot()


def _settle(page: Page, frame: Locator, picture: Picture) -> None:
    """Wait until the nodes lie still, pull apart what should be, and have all of them in view."""
    frame.locator("svg g.node").first.wait_for()
    frame.get_by_label("Collapse the node properties display").click()
    _wait_until_still(page)
    area = frame.locator("svg:has(g.node)").bounding_box()
    assert area is not None
    for caption, left, top in picture.placed:
        node = frame.locator("svg g.node", has_text=re.compile(rf"^\s*{re.escape(caption)}\s*$")).bounding_box()
        assert node is not None
        page.mouse.move(node["x"] + node["width"] / 2, node["y"] + node["height"] / 2)
        page.mouse.down()
        page.mouse.move(area["x"] + area["width"] * left, area["y"] + area["height"] * top, steps=25)
        page.mouse.up()
        _wait_until_still(page)
    page.mouse.move(0, 0)
    page.evaluate("window.getSelection().removeAllRanges()")  # a pull may select text, too
    frame.get_by_role("button", name=re.compile("zoom.to.fit", re.IGNORECASE)).click()
    page.wait_for_timeout(800)


def _wait_until_still(page: Page) -> None:
    before, now = "", page.evaluate(_PLACES)
    while before != now:
        page.wait_for_timeout(1000)
        before, now = now, page.evaluate(_PLACES)


def _scripts(page: Page, settings: Settings) -> bytes:
    """Drop the exported scripts on the page, and return its list of Saved Scripts."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "questions.zip"
        _kg_rec(settings, "explore", "--export", str(target))
        _drop(page, target.name, target.read_bytes())
    page.get_by_test_id("navigationFavorites").click()
    page.get_by_test_id("expandFolder-kg-rec").click()
    page.get_by_test_id("savedScriptListItem").nth(20).wait_for()
    _asked(page, settings, dataclasses.replace(PICTURES["interests"], width=1050, height=500))
    return page.screenshot(clip={"x": 0, "y": 0, "width": 1100, "height": 680})


def _run(page: Page, command: str) -> None:
    page.locator(".monaco-editor textarea").first.focus()
    page.keyboard.insert_text(command)
    page.keyboard.press("Control+Enter")


def _drop(page: Page, name: str, content: bytes) -> None:
    page.evaluate(_DROP, [name, base64.b64encode(content).decode()])


def _save(png: bytes, name: str) -> None:
    """Write the picture in few colours, so that it is small."""
    target = FOLDER / f"browser-{name}.png"
    Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
    print(f"{target.relative_to(ROOT)}  {target.stat().st_size / 1000:.0f} kB")  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
