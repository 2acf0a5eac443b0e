"""The built wheel, installed where the checkout is out of reach: its content, its commands, and the whole demo.

Third-party packages come from the running interpreter, through one .pth file; kg_rec comes from the wheel alone, because
the .pth file of an editable install lies in a folder that is only named, not processed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path
from typing import Any, LiteralString, cast

import neo4j
import pytest

import kg_rec
from kg_rec.graph.server import ManagedServer
from kg_rec.graph.server_config import any_free_port
from kg_rec.settings import Settings

ROOT = Path(__file__).parents[2]
_ROW = re.compile(r"^ {1,2}(\d+)  (\S.*?) {2,}(\S.*)$", re.MULTILINE)
"""A recommendation as the demo prints it: rank, title, reason."""
_GRAPH = "MATCH (n) RETURN n.key AS key, labels(n) AS labels, properties(n) AS properties ORDER BY key"
_RELATIONS = """
MATCH (a)-[r]->(b) RETURN a.key AS a, type(r) AS type, b.key AS b, properties(r) AS properties ORDER BY a, type, b
"""


def _build(into: Path, *what: str) -> Path:
    command = [sys.executable, "-m", "build", *what, "--no-isolation", "--outdir", str(into), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=into)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = into.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as `pip install .` builds it, straight from the checkout."""
    return _build(tmp_path_factory.mktemp("wheel"), "--wheel")


@dataclass(frozen=True)
class Installed:
    """The wheel in an environment of its own. Commands run in an empty folder, with nothing of the checkout on the path."""

    folder: Path
    home: Path
    cwd: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def run(self, *command: str | Path, status: int = 0, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
        environment = kept | {"KG_REC_HOME": str(self.home), "HF_HUB_OFFLINE": "1", "COLUMNS": "200"}
        done = subprocess.run(
            list(map(str, command)), capture_output=True, text=True, cwd=self.cwd, env=environment, timeout=timeout
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done

    def kg_rec(self, *arguments: str, status: int = 0, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        return self.run(self.folder / "bin" / "kg-rec", *arguments, status=status, timeout=timeout)

    def evaluate(self, program: str) -> Any:
        """Run a program that prints JSON, and return that."""
        return json.loads(self.run(self.python, "-c", program).stdout)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    place = tmp_path_factory.mktemp("installed")
    environment = place / "environment"
    venv.create(environment, with_pip=False, symlinks=True)
    python = environment / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", str(wheel)], check=True)
    show = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(subprocess.check_output([python, "-c", show], text=True).strip())
    others = dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    (packages / "others.pth").write_text("\n".join(others) + "\n")
    (place / "elsewhere").mkdir()
    return Installed(environment, place / "home", place / "elsewhere")


def _names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
        return set(archive.namelist())


def test_the_wheel_holds_the_package_the_scripts_and_the_data_and_nothing_else(wheel: Path) -> None:
    own = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "kg_rec").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    scripts = {f"kg_rec/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "cypher").rglob("*") if path.is_file()}
    information = f"kg_rec-{kg_rec.__version__}.dist-info"
    about = {f"{information}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")}
    found = _names(wheel)
    assert found == own | scripts | about | {f"{information}/licenses/LICENSE"}
    # What would be missed only at run time, by name: an empty set equals an empty set.
    for name in (
        "kg_rec/py.typed",
        "kg_rec/cypher/load/nodes.cypher",
        "kg_rec/cypher/attach/attach.cypher",
        "kg_rec/graph/neo4j.lock",
        "kg_rec/graph/neo4j-2026.lock",
        "kg_rec/text/languages/en.toml",
        "kg_rec/text/languages/en.toml",
        "kg_rec/sample/films/nodes/Film.csv",
        "kg_rec/sample/films/relations/RATED.csv",
    ):
        assert name in found
    assert not [name for name in found if "test" in name or name.endswith((".pyc", ".so"))]


def test_the_wheel_made_from_the_source_distribution_is_the_same(wheel: Path, tmp_path: Path) -> None:
    assert _names(_build(tmp_path)) == _names(wheel)


def test_the_metadata_is_complete(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (path,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = HeaderParser().parsestr(archive.read(path).decode())
        (entries,) = (name for name in archive.namelist() if name.endswith("/entry_points.txt"))
        assert "kg-rec = kg_rec.cli:main" in archive.read(entries).decode()
    assert metadata["Name"] == "kg-rec"
    assert metadata["Version"] == kg_rec.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_all("License-File") == ["LICENSE"]
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Summary"]
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload().startswith("# kg-rec")
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])
    assert wheel.name.endswith("-py3-none-any.whl")


def test_everything_comes_from_the_installed_wheel(installed: Installed) -> None:
    found = installed.evaluate(
        "import json, sys, kg_rec\n"
        "from kg_rec.graph.scripts import script_names, scripts_root\n"
        "from kg_rec.sample import sample_folder\n"
        "print(json.dumps([kg_rec.__file__, str(scripts_root()), str(sample_folder()), script_names(), sys.path]))"
    )
    package, scripts, sample, names, path = found
    inside = installed.folder.resolve()
    assert Path(package).resolve().is_relative_to(inside)
    assert Path(scripts).resolve() == Path(package).resolve().parent / "cypher"
    assert Path(sample).resolve().is_relative_to(inside)
    assert names == sorted(
        path.relative_to(ROOT / "cypher").with_suffix("").as_posix() for path in (ROOT / "cypher").rglob("*.cypher")
    )
    assert str(ROOT) not in path


def test_version_and_help_answer(installed: Installed) -> None:
    assert installed.kg_rec("--version").stdout == f"kg-rec {kg_rec.__version__}\n"
    listed = installed.kg_rec("--help").stdout
    for command in ("demo", "neo4j", "load", "export", "train", "attach", "interests", "detach", "recommend", "doctor"):
        assert re.search(rf"^\W*{command} ", listed, re.MULTILINE), command


def test_the_doctor_finds_nothing_wrong(installed: Installed) -> None:
    findings = json.loads(installed.kg_rec("doctor", "--json").stdout)
    assert {finding["check"]: finding["remedy"] for finding in findings if finding["state"] == "wrong"} == {}
    (scripts,) = (finding["found"] for finding in findings if finding["check"] == "cypher")
    assert str(installed.folder.name) in scripts
    assert not installed.home.exists()


@pytest.fixture(scope="module")
def server(installed: Installed, stopped_with_the_session: Callable[[ManagedServer], None]) -> ManagedServer:
    """The demo's Neo4j, not started yet, on ports nobody else would take; it is stopped in any case."""
    managed = ManagedServer(Settings(home=installed.home))
    stopped_with_the_session(managed)
    return managed


@pytest.fixture(scope="module")
def first(installed: Installed, server: ManagedServer) -> str:
    """What the demo printed the first time, in an empty home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KG_REC_BOLT_PORT", str(any_free_port()))
        patch.setenv("KG_REC_HTTP_PORT", str(any_free_port()))
        return installed.kg_rec("demo").stdout


def test_the_demo_gives_ten_recommendations_with_reasons(first: str, server: ManagedServer) -> None:
    assert "understood" in first
    rows = _ROW.findall(first)
    assert [int(rank) for rank, _, _ in rows] == list(range(1, 11)), first
    assert len({title for _, title, _ in rows}) == 10
    assert not any(title.startswith("Arrival") for _, title, _ in rows), "a film that the words name"
    assert all(len(reason) > 10 for _, _, reason in rows)
    assert f"{server.status().http}/browser/" in first
    assert "simulated" in first


def test_the_demo_again_changes_nothing(first: str, installed: Installed, server: ManagedServer) -> None:
    before, files, process = _graph(server), _files(installed.home), server.status().pid
    again = installed.kg_rec("demo")
    assert _graph(server) == before
    assert _files(installed.home) == files
    assert server.status().pid == process
    assert _ROW.findall(again.stdout) == _ROW.findall(first)


def test_recommend_answers_from_the_wheel(first: str, installed: Installed) -> None:
    answer = json.loads(installed.kg_rec("recommend", "a slow western, nothing violent", "-k", "3", "--json").stdout)
    assert len(answer["items"]) == 3
    assert {interest["name"] for interest in answer["interests"] if interest["polarity"] > 0} >= {"Western"}
    assert all(item["why"] and item["statement"].startswith("MATCH") for item in answer["items"])


def test_the_readme_shows_what_the_demo_prints(first: str) -> None:
    (shown,) = (block for block in _blocks("console", ROOT / "README.md") if block.startswith("$ kg-rec demo\n…"))
    (understood,) = (line for line in shown.splitlines() if line.startswith(" understood"))
    assert understood in first.splitlines()
    # Scores near to each other may change places on another processor.
    titles, now = ({title for _, title, _ in _ROW.findall(text)} for text in (shown, first))
    assert len(titles) == 10
    assert len(titles & now) >= 8


def test_the_python_of_the_readme_runs(first: str, installed: Installed) -> None:
    (block,) = _blocks("python", ROOT / "README.md")
    assert len(installed.run(installed.python, "-c", block).stdout.splitlines()) == 10


def test_the_cypher_of_the_pages_is_understood(first: str, server: ManagedServer) -> None:
    statements = [block for page in (ROOT / "docs").glob("*.md") for block in _blocks("cypher", page)]
    assert statements
    login = ("neo4j", server.password())
    with neo4j.GraphDatabase.driver(str(server.status().uri), auth=login) as driver, driver.session() as session:
        for statement in statements:
            session.run(cast(LiteralString, "EXPLAIN " + statement)).consume()


def test_the_neo4j_is_stopped_on_request(first: str, installed: Installed, server: ManagedServer) -> None:
    installed.kg_rec("neo4j", "stop")
    assert server.status().state == "stopped"


def _blocks(language: str, page: Path) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def _graph(server: ManagedServer) -> tuple[list[Any], list[Any]]:
    login = ("neo4j", server.password())
    with (
        neo4j.GraphDatabase.driver(str(server.status().uri), auth=login) as driver,
        driver.session() as session,
    ):
        nodes, relations = session.run(_GRAPH).data(), session.run(_RELATIONS).data()
    assert nodes
    assert any(row["type"] == "INTERESTED_IN" for row in relations)
    return nodes, relations


def _files(home: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of change of each file of the home, but for those that Neo4j itself goes on writing."""
    return {
        path.relative_to(home).as_posix(): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in home.rglob("*")
        if path.is_file() and path.relative_to(home).parts[0] != "neo4j"
    }
