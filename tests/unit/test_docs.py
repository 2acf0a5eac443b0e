"""The documentation against the code: commands, options, variables, links, pictures, Python and TOML in it."""

from __future__ import annotations

import ast
import csv
import importlib
import re
import runpy
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer
from example_graphs import write

from kg_rec.cli import build_app
from kg_rec.errors import LoadError
from kg_rec.graph.csv_folder import read_folder
from kg_rec.graph.csv_lines import Format
from kg_rec.graph.csv_values import TYPE_NAMES, parser
from kg_rec.graph.import_arguments import from_arguments
from kg_rec.sample import sample_folder
from kg_rec.schema_inference import infer_schema

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("kg_rec/**/*.md"))]

_BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")
_VARIABLE = re.compile(r"\bKG_REC_[A-Z0-9_]+\b")
_HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _blocks(page: Path, language: str) -> list[str]:
    return [content for name, content in _BLOCK.findall(_text(page)) if name == language]


def _prose(page: Path) -> str:
    return _BLOCK.sub("", _text(page))


def _command_lines(page: Path) -> Iterator[str]:
    """Yield every `kg-rec …` of a page: after the prompt of a console, in plain blocks, and between backticks."""
    for block in _blocks(page, "console"):
        for line in block.splitlines():
            if line.startswith("$ "):
                yield from _commands(line[2:])
    for block in _blocks(page, ""):
        for line in block.splitlines():
            yield from _commands(line)
    for code in _CODE.findall(_prose(page)):
        yield from _commands(code)


def _commands(line: str) -> Iterator[str]:
    for part in re.split(r"&&|\||  #", line):
        command = re.sub(r"^(\w+=\S+ )*", "", part.strip())
        if command.startswith("kg-rec "):
            yield command


def _check(command: str) -> None:
    """Parse a command line as the program would, without running it; raises a usage error that says what is wrong."""
    arguments = shlex.split(command)[1:]
    group: Any = typer.main.get_command(build_app())
    context = group.make_context("kg-rec", list(arguments))
    while not arguments[0].startswith("-") and hasattr(group, "resolve_command"):
        _, group, arguments = group.resolve_command(context, list(arguments))
        # A group without a command shows its help and ends; nothing is to be checked in it.
        if not arguments and hasattr(group, "resolve_command"):
            return
        context = group.make_context(group.name, list(arguments), parent=context)
        if not arguments:
            return


COMMANDS = [
    pytest.param(line, id=f"{_name(page)}: {line}") for page in PAGES for line in dict.fromkeys(_command_lines(page))
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_line_can_be_parsed(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KG_REC_HOME", "KG_REC_NEO4J_URI"):
        monkeypatch.delenv(name, raising=False)
    try:
        _check(command)
    except typer.Exit:
        pass  # --help and --version answer at once
    except Exception as error:
        if type(error).__name__ != "NoArgsIsHelpError" and not _is_bare(command, error):
            pytest.fail(f"{command}: {getattr(error, 'message', '') or error}")


def _is_bare(command: str, error: Exception) -> bool:
    """Tell whether a command is only mentioned, as `kg-rec attach`: its name is right, its arguments are left out."""
    return type(error).__name__ == "MissingParameter" and not any("-" in word for word in command.split()[2:])


def test_the_checks_themselves_find_what_is_wrong() -> None:
    for command in (
        "kg-rec recomend x",
        "kg-rec recommend --frobnicate",
        "kg-rec neo4j begin",
        "kg-rec recommend -k many",
    ):
        with pytest.raises(Exception, match=r"No such|valid"):
            _check(command)
    assert len(COMMANDS) > 30


def _examples() -> Iterator[str]:
    """Yield the examples in the help of every command."""
    waiting: list[tuple[str, Any]] = [("kg-rec", typer.main.get_command(build_app()))]
    while waiting:
        name, command = waiting.pop()
        if hasattr(command, "commands"):
            waiting += [(f"{name} {sub}", found) for sub, found in command.commands.items()]
        else:
            found = re.findall(r"Example: +(.*)$", command.help or "", re.MULTILINE)
            yield found[0] if found else f"{name} --no-example-in-its-help"


@pytest.mark.parametrize("example", sorted(_examples()))
def test_the_example_in_every_help_can_be_parsed(example: str) -> None:
    _check(example)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in (one or other for one, other in _LINK.findall(_text(page))):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{_name(page)}: {link}"
        assert target.is_relative_to(ROOT), f"{_name(page)}: {link}"
        if anchor:
            anchors = [re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in
                       _HEADING.findall(_text(target))]  # fmt: skip
            assert anchor in anchors, f"{_name(page)}: {link}"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_file_that_is_named_is_there(page: Path) -> None:
    for name in re.findall(r"`((?:kg_rec|cypher|tests|docs|benchmarks|\.ci)/[\w./-]*)`", _prose(page)):
        assert (ROOT / name).exists(), f"{_name(page)}: {name}"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_variable_is_one_that_is_read(page: Path) -> None:
    from kg_rec.settings import Settings

    known = {f"KG_REC_{name.upper()}" for name in Settings.model_fields}
    for file in [*(ROOT / "kg_rec").rglob("*.py"), ROOT / "docker-compose.yml", *(ROOT / "tests").rglob("*.py")]:
        if file != Path(__file__):
            known |= set(re.findall(r"[\"'{]\$?\{?(KG_REC_[A-Z0-9_]+)", file.read_text(encoding="utf-8")))
    assert set(_VARIABLE.findall(_text(page))) <= known


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_make_target_is_there(page: Path) -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = re.findall(r"(?:`|^\$ )make (\w+)", _text(page), re.MULTILINE)
    assert set(named) <= targets


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_python_in_the_pages_uses_what_there_is(page: Path) -> None:
    for block in _blocks(page, "python"):
        tree = ast.parse(block, _name(page))
        compile(tree, _name(page), "exec")
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "kg_rec":
                module = importlib.import_module(str(node.module))
                exported = getattr(module, "__all__", dir(module))
                assert {alias.name for alias in node.names} <= set(exported)


def test_the_python_of_the_readme_calls_what_there_is() -> None:
    from kg_rec import Recommendation, Recommender

    (block,) = _blocks(ROOT / "README.md", "python")
    used = {(node.value.id, node.attr) for node in ast.walk(ast.parse(block))
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)}  # fmt: skip
    public = {"Recommender": dir(Recommender), "recommender": dir(Recommender), "item": list(Recommendation.__slots__)}
    assert used
    for name, attribute in used:
        assert attribute in public[name]


def test_the_readme_repeats_the_figures_as_they_were_measured() -> None:
    readme = _text(ROOT / "README.md").split("<!-- quality -->")[1].partition("\n## ")[0]
    rows = [line for line in readme.splitlines() if line.startswith("|") and "---" not in line]
    assert len(rows) > 4
    assert set(rows) <= set(_text(ROOT / "docs/quality.md").splitlines())


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_toml_in_the_pages_is_toml(page: Path) -> None:
    for block in _blocks(page, "toml"):
        tomllib.loads(block)


def _data_example(folder: Path) -> Path:
    """Write the example of docs/data.md into a folder."""
    files = re.findall(
        r"^`(\w+/\w+\.csv)`\n\n```csv\n(.*?)^```", _text(ROOT / "docs/data.md"), re.DOTALL | re.MULTILINE
    )
    assert len(files) == len(_blocks(ROOT / "docs/data.md", "csv")) > 4
    return write(folder, dict(files))


def test_the_example_of_the_data_page_is_read_as_it_says(tmp_path: Path) -> None:
    graph = read_folder(_data_example(tmp_path))
    assert graph.label_counts() == {"Author": 3, "Book": 3, "Reader": 2}
    assert graph.type_counts() == {"RATED": 3, "WRITTEN_BY": 3} and not graph.skipped and not graph.repeated
    books = next(table for table in graph.nodes if table.labels[0] == ("Book",))
    assert books.keys == ["Book/1", "Book/2", "Book/3"]
    assert {name: values.values[0] for name, values in books.properties.items()} == {
        "bookId": "1",
        "title": "The Dispossessed",
        "year": 1974,
        "subjects": ["anarchism", "physics"],
        "blurb": 'A physicist leaves his moon, and "home" with it.',
    }
    schema, _ = infer_schema(graph)
    assert (schema.item.label, schema.user and schema.user.label) == ("Book", "Reader")

    arguments = tmp_path / "import.args"
    arguments.write_text(next(block for block in _blocks(ROOT / "docs/data.md", "") if block.startswith("--nodes")))
    again = read_folder(arguments)
    assert (again.label_counts(), again.type_counts()) == (graph.label_counts(), graph.type_counts())


def test_the_error_of_the_data_page_is_the_one_that_comes(tmp_path: Path) -> None:
    rated = _data_example(tmp_path) / "relations" / "RATED.csv"
    rated.write_text(rated.read_text().replace("r1,2,2,", "r1,2,two,"))
    with pytest.raises(LoadError) as caught:
        read_folder(tmp_path)
    assert f"{caught.value}\n" in _blocks(ROOT / "docs/data.md", "")


def test_the_types_of_the_data_page_are_all_there_are() -> None:
    table = _text(ROOT / "docs/data.md").split("\n## Types\n")[1].split("\n## ")[0]
    rows = [re.findall(r"`([^`]+)`", line) for line in table.splitlines() if line.startswith("| `")]
    examples = {name: row[-1] for row in rows for name in row[:-1] if name in TYPE_NAMES}
    assert set(examples) == set(TYPE_NAMES)
    for name, example in examples.items():
        parser(name, {})(example)
    for name, option in re.findall(r"`(\w+)\{(\w+:[^}]+)\}`", table):
        parser(name, dict([option.split(":", 1)]))(examples[name])


def test_the_options_of_the_data_page_are_followed(tmp_path: Path) -> None:
    table = _text(ROOT / "docs/data.md").split("\n| option | |\n")[1].split("\n\n")[0]
    values = {"input-encoding": "latin1", "id-type": "integer"}
    named = re.findall(r"`--([\w-]+)`", table)
    assert len(named) == len(fields(Format))
    for name in named:
        read = from_arguments([f"--{name}={values.get(name, '|')}", "--nodes=A=a.csv"], tmp_path)
        assert read.format != Format()


def test_the_index_names_every_page() -> None:
    index = _text(ROOT / "docs/README.md")
    for page in (ROOT / "docs").rglob("*.md"):
        assert page.name == "README.md" or f"({page.relative_to(ROOT / 'docs').as_posix()})" in index, page.name


def test_the_pictures_are_as_drawn_and_show_the_sample_graph() -> None:
    drawn = runpy.run_path(str(ROOT / "docs/images/draw.py"))
    for name in ("light", "dark"):
        picture = (ROOT / f"docs/images/graph-{name}.svg").read_text(encoding="utf-8")
        assert picture == drawn["draw"](drawn[name.upper()]), f"draw graph-{name}.svg again"
    titles = {row["filmId:ID(Film)"]: row["title"] for row in _rows("nodes/Film.csv")}
    for source, target, kind in drawn["RELATIONS"]:
        files = [f"relations/{kind}.csv"] if kind else ["relations/HAS_KEYWORD.csv", "relations/HAS_GENRE.csv"]
        found = {tuple(row.values()) for file in files for row in _rows(file)}
        assert any(titles[film] == source.name and other == target.name for film, other in found) or any(
            titles[film] == target.name and other == source.name for film, other in found
        ), f"{source.name} {kind} {target.name}"


def _rows(file: str) -> list[dict[str, str]]:
    with (sample_folder() / file).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
