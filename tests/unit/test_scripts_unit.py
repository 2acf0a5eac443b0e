"""The named queries, without a Neo4j: found, named, and called with what they declare."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import kg_rec.graph.scripts as scripts
from kg_rec.errors import ScriptError
from kg_rec.graph.scripts import Script, script, script_names, scripts_root

ROOT = Path(__file__).parents[2]


def test_every_file_under_cypher_is_a_script() -> None:
    files = sorted(path.relative_to(ROOT / "cypher").as_posix() for path in (ROOT / "cypher").rglob("*.cypher"))
    assert [f"{name}.cypher" for name in script_names()] == files
    assert {"attach/attach", "export/nodes", "load/relations", "recommend/history"} <= set(script_names())


@pytest.mark.parametrize("name", script_names())
def test_a_script_uses_the_parameters_that_it_declares(name: str) -> None:
    found = script(name)
    assert found.name == name and script(name) is found
    code = "\n".join(line for line in found.text.splitlines() if not line.lstrip().startswith("//"))
    # $(…) is a dynamic label, $name a parameter.
    assert set(re.findall(r"\$(\w+)", code)) == found.parameters


def test_every_script_is_run_by_name_somewhere() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "kg_rec").rglob("*.py"))
    # Some are for people to run, in Neo4j Browser.
    for_people = ("explore/", "recommend/by_")
    unused = [name for name in script_names() if f'"{name}"' not in code and not name.startswith(for_people)]
    assert not unused


def test_a_script_that_is_not_there_is_an_error_with_those_that_are() -> None:
    with pytest.raises(ScriptError, match=r"no script cypher/attach/atach\.cypher; there are: .*attach/attach, ") as e:
        script("attach/atach")
    assert all(name in str(e.value) for name in script_names())


def test_other_parameters_than_the_declared_ones_are_refused() -> None:
    example = Script(
        "a/b", "// Does it.\n// $one  the first\n//   $two  the second\n// returns  x\nRETURN $one + $two AS x"
    )
    assert example.parameters == {"one", "two"}
    example.check({"one", "two"})
    for given in ({"one"}, {"one", "two", "three"}, set()):
        with pytest.raises(ScriptError) as caught:
            example.check(given)
        assert str(caught.value) == f"cypher/a/b.cypher: expected the parameters ['one', 'two'], found {sorted(given)}"


def test_scripts_in_the_package_come_before_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Path(str(scripts_root())) == ROOT / "cypher"  # an editable install
    packaged = tmp_path / "cypher"
    packaged.mkdir()
    monkeypatch.setattr(scripts.resources, "files", lambda _: tmp_path)
    assert scripts_root() == packaged


def test_an_installation_without_scripts_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scripts.resources, "files", lambda _: tmp_path)
    monkeypatch.setattr(scripts, "__file__", str(tmp_path / "a" / "b" / "scripts.py"))
    with pytest.raises(ScriptError, match="Cypher scripts are missing") as caught:
        scripts_root()
    assert "pip install --force-reinstall kg-rec" in caught.value.remedy
