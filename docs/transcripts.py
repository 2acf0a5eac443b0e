"""Write the transcripts in the documentation anew: run the commands that are shown, and put in what they print.

    python docs/transcripts.py [--home FOLDER] [--check] [SCENE …]

A transcript is a block of a page, ```console, behind a line `<!-- shown: SCENE -->`. Its lines with `$ kg-rec` are run in the order
of the page, in a place that the scene prepares (`SCENES`). What is shown of an output is for the page to say: where nothing is,
nothing is put in; a line `…` stands for any lines, between as many as stand before and behind it. Times, versions of models,
addresses and ports differ with every run: a line that differs in nothing else stays as it is.

--check changes nothing, prints the difference, and ends with 1 where there is one. --home: where the sample graph is, made by
`kg-rec demo` where it is new.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import LiteralString, cast

import neo4j

from kg_rec.graph.scripts import scripts_root
from kg_rec.graph.server import ManagedServer
from kg_rec.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
sys.path.insert(0, str(ROOT / "tests"))

import existing_graphs  # noqa: E402 - the tests' graphs are not installed

_SHOWN = re.compile(r"^<!-- shown: (\w+) -->\n```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_DIFFERS = re.compile(
    r"\d+(?:\.\d+)? s\b|\d{8}T\d{6}-\w{8}|\d{4}-\d\d-\d\d \d\d:\d\d UTC \([^)]*\)|127\.0\.0\.1:\d+|\bpid \d+|(?<= )…(?=:)"
)
_ELLIPSIS = "…"

Run = Callable[[str], str]
"""Runs a command line that is shown, and returns what it prints."""

BOOKS = {
    "nodes/Book.csv": "bookId:ID(Book),title,year:int,blurb\n"
    "1,The Dispossessed,1974,A physicist leaves his quiet moon and its promises behind.\n"
    "2,Always Coming Home,1985,The songs and stories of a people who may live in a valley.\n"
    "3,Winter Harbour,1999,Two sisters keep a lighthouse through one long winter alone.\n"
    "4,The Salt Road,2004,A caravan looks for the last well of the desert.\n"
    "5,Small Hours,2011,Nothing happens in a village where nobody can sleep.\n",
    "nodes/Author.csv": "name:ID(Author)\nUrsula K. Le Guin\nMarit Solberg\nJon Ferreira\n",
    "nodes/Reader.csv": "readerId:ID(Reader)\nr1\nr2\nr3\nr4\n",
    "relations/WRITTEN_BY.csv": ":START_ID(Book),:END_ID(Author)\n"
    "1,Ursula K. Le Guin\n2,Ursula K. Le Guin\n3,Marit Solberg\n4,Jon Ferreira\n5,Marit Solberg\n",
    "relations/BOUGHT.csv": ":START_ID(Reader),:END_ID(Book)\nr1,1\nr1,2\nr2,2\nr3,3\nr3,5\nr4,4\n",
}
"""What README.md loads."""


def main() -> None:
    """Run the scenes, and write the pages or tell how they differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help=", ".join(SCENES))
    parser.add_argument("--home", type=Path, default=Path(".demo-home"), help="of the sample graph")
    parser.add_argument(
        "--check", action="store_true", help="change nothing; tell what a page shows that no longer holds"
    )
    arguments = parser.parse_args()
    wrong = False
    for scene in arguments.scenes or SCENES:
        with SCENES[scene](arguments.home.resolve()) as run:
            for page in PAGES:
                before = page.read_text(encoding="utf-8")
                after = _SHOWN.sub(partial(_again, scene=scene, run=run), before)
                if before == after:
                    continue
                wrong = True
                name = page.relative_to(ROOT).as_posix()
                lines = before.splitlines(keepends=True), after.splitlines(keepends=True)
                sys.stdout.writelines(difflib.unified_diff(*lines, name, f"{name}, as it is now"))
                if not arguments.check:
                    page.write_text(after, encoding="utf-8")
    sys.exit(arguments.check and wrong)


def _again(found: re.Match[str], scene: str, run: Run) -> str:
    """Return a block with what its commands print now; a block of another scene stays."""
    if found[1] != scene:
        return found[0]
    return found[0].replace(found[2], told_anew(found[2], run))


def told_anew(block: str, run: Run) -> str:
    """Return a transcript with what its commands print now."""
    parts = re.split(r"^(?=\$ )", block, flags=re.MULTILINE)
    anew = parts[0]
    for part in parts[1:]:
        command, _, shown = part.partition("\n")
        output = run(command.removeprefix("$ "))
        anew += f"{command}\n{as_shown(shown, output)}"
    return anew


def as_shown(shown: str, output: str) -> str:
    """Return of an output what the page shows of it. shown: what it showed before, "" where nothing."""
    old, new = shown.splitlines(), output.rstrip().splitlines()
    if not old:
        return ""
    cuts = [row for row, line in enumerate(old) if line.strip() == _ELLIPSIS]
    if cuts:
        behind = len(old) - 1 - cuts[-1]
        new = [*new[: cuts[0]], old[cuts[0]], *(new[-behind:] if behind else [])]
    return "".join(f"{line}\n" for line in _kept(old, new))


def _kept(old: list[str], new: list[str]) -> Iterator[str]:
    """Yield the new lines, and an old one where a new one differs only in what always differs."""
    before = {_DIFFERS.sub(_ELLIPSIS, line): line for line in old}
    for line in new:
        yield before.get(_DIFFERS.sub(_ELLIPSIS, line), line)


def _command(home: Path, place: Path, called: str = "") -> Run:
    """Return what runs a command line as a person would, in a folder, on a home. Other programs than kg-rec are not run.

    called: what the home is called in the pages, its name by default.
    """

    def run(line: str) -> str:
        name, *arguments = shlex.split(line, comments=True)
        if name != "kg-rec":
            return ""
        done = subprocess.run(
            [sys.executable, "-c", "from kg_rec.cli import main; main()", *arguments],
            cwd=place,
            env={**os.environ, "KG_REC_HOME": str(home), "HF_HUB_OFFLINE": "1", "COLUMNS": "150"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in (0, 3):  # 3: kg-rec status tells that graph and model are apart
            sys.exit(f"$ {line}\n{done.stdout}{done.stderr}")
        shown = done.stdout.replace(str(home), f"…/{called or home.name}").replace(str(scripts_root()), "…/cypher")
        return re.sub(rf"model {_DIFFERS.pattern.split('|')[1]}(?=: \d)", "model …", shown)

    return run


@contextlib.contextmanager
def _new_home(name: str) -> Iterator[tuple[Path, Path]]:
    """Yield a folder, and a home in it whose Neo4j is stopped at the end; both are taken away then."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / name
        try:
            yield Path(folder), home
        finally:
            ManagedServer(Settings(home=home)).stop()


@contextlib.contextmanager
def _sample(home: Path) -> Iterator[Run]:
    """The sample graph as `kg-rec demo` makes it."""
    run = _command(home, ROOT, "kg-rec")
    run("kg-rec demo")
    try:
        yield run
    finally:
        ManagedServer(Settings(home=home)).stop()


@contextlib.contextmanager
def _moved_on(home: Path) -> Iterator[Run]:
    """A copy of the sample graph, with a film that docs/sync.md adds in Neo4j Browser."""
    with _sample(home):
        pass
    with _new_home("home") as (place, copy):
        shutil.copytree(home, copy, ignore=shutil.ignore_patterns("server.json"))
        (statement,) = re.findall(
            r"^```cypher\n(.*?)^```$", (ROOT / "docs/sync.md").read_text(encoding="utf-8"), re.M | re.S
        )[:1]
        with _driver(copy) as driver:
            driver.execute_query(cast(LiteralString, statement))
        yield _command(copy, place)


@contextlib.contextmanager
def _books(_: Path) -> Iterator[Run]:
    """The folder of books that README.md loads."""
    with _new_home("books-home") as (place, home):
        for name, content in BOOKS.items():
            file = place / "books" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
        yield _command(home, place)


@contextlib.contextmanager
def _downloads(home: Path) -> Iterator[Run]:
    """A folder with data as it is downloaded: what the tests convert."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "tests/fixtures/convert", folder, dirs_exist_ok=True)
        yield _command(home, Path(folder))


def _existing(statements: list[LiteralString]) -> Callable[[Path], contextlib.AbstractContextManager[Run]]:
    """Return the scene of a graph that was in Neo4j before kg-rec."""

    @contextlib.contextmanager
    def scene(_: Path) -> Iterator[Run]:
        with _new_home("home") as (place, home):
            with _driver(home) as driver:
                for statement in statements:
                    driver.execute_query(statement)
            yield _command(home, place)

    return scene


@contextlib.contextmanager
def _driver(home: Path) -> Iterator[neo4j.Driver]:
    server = ManagedServer(Settings(home=home))
    server.start()
    with neo4j.GraphDatabase.driver(str(server.status().uri), auth=("neo4j", server.password())) as driver:
        yield driver


SCENES: dict[str, Callable[[Path], contextlib.AbstractContextManager[Run]]] = {
    "downloads": _downloads,
    "books": _books,
    "films": _existing(existing_graphs.FILMS),
    "shop": _existing(existing_graphs.SHOP),
    "papers": _existing(existing_graphs.PAPERS),
    "sample": _sample,
    "moved": _moved_on,
}


if __name__ == "__main__":
    main()
