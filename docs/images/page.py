"""Take the pictures of the page: what `kg-rec serve` shows on the sample graph, on a desk and on a phone.

    python docs/images/page.py [--home FOLDER]

It needs Chromium (KG_REC_CHROMIUM names another one) and what `pip install -e '.[dev]'` installs. The home is made and trained
by `kg-rec demo` where it is new; its Neo4j is stopped at the end.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).resolve().parent
CHROMIUM = os.environ.get("KG_REC_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
WORDS = "I loved Arrival and slow, sad science fiction about loneliness. No horror please."
COLOURS = 160


def main() -> None:
    """Take both pictures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--home", type=Path, default=ROOT / ".demo-home")
    home = parser.parse_args().home
    if CHROMIUM is None:
        sys.exit("no Chromium here: install one, or name it with KG_REC_CHROMIUM")
    subprocess.run(_kg_rec("demo", home), check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    try:
        with _served(home) as address, sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            _save(_taken(chromium, address, 1280, 800, card=1), "page-desktop")
            _save(_taken(chromium, address, 390, 844, card=None), "page-phone")
            chromium.close()
    finally:
        subprocess.run(_kg_rec("neo4j", home, "stop"), check=True, stdout=subprocess.DEVNULL, cwd=ROOT)


def _kg_rec(command: str, home: Path, *more: str) -> list[str]:
    return [sys.executable, "-c", "from kg_rec.cli import main; main()", command, *more, "--home", str(home)]


@contextmanager
def _served(home: Path) -> Iterator[str]:
    """Serve the page at a free port; give its address."""
    process = subprocess.Popen(_kg_rec("serve", home, "--port", "0"), stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if found := re.search(r"the page: (\S+)", line):
                yield found[1]
                return
        raise RuntimeError("kg-rec serve ended without saying where the page is")
    finally:
        process.terminate()
        process.wait()


def _taken(chromium: Browser, address: str, width: int, height: int, *, card: int | None) -> bytes:
    """Say WORDS, point at a card, and return the picture."""
    page = chromium.new_page(viewport={"width": width, "height": height}, device_scale_factor=1.5, color_scheme="light")
    page.goto(address)
    page.locator("#words").fill(WORDS)
    page.locator(".card").nth(9).wait_for()
    page.locator("h1").click()
    page.evaluate("document.activeElement.blur()")
    if card is not None:
        page.locator(".card").nth(card).hover()
    page.wait_for_timeout(1000)
    return page.screenshot()


def _save(png: bytes, name: str) -> None:
    """Write the picture in few colours, so that it is small."""
    target = FOLDER / f"{name}.png"
    Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
    print(f"{target.relative_to(ROOT)}  {target.stat().st_size / 1000:.0f} kB")  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
