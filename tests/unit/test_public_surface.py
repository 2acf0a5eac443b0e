"""What others rely on: the names that kg_rec exports, what is imported when, and the command line's manners."""

from __future__ import annotations

import inspect
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import typer

import kg_rec
import kg_rec.cli
import kg_rec.errors
from kg_rec.cli.app import given_words
from kg_rec.errors import KgRecError

HEAVY = (
    "torch",
    "torch_geometric",
    "transformers",
    "sentence_transformers",
    "neo4j",
    "pandas",
    "scipy",
    "numpy",
    "jgo",
)


def test_the_exported_names() -> None:
    assert set(kg_rec.__all__) == {
        "Graph",
        "GraphSchema",
        "Interest",
        "KgRecError",
        "Recommendation",
        "Recommendations",
        "Recommender",
        "Settings",
        "__version__",
        "evaluate",
        "export_graph",
        "load_settings",
    }
    assert dir(kg_rec) == sorted(kg_rec.__all__)
    for name in kg_rec.__all__:
        value = getattr(kg_rec, name)
        assert name == "__version__" or value.__name__ == name
    with pytest.raises(AttributeError, match="module 'kg_rec' has no attribute 'Recomender'"):
        kg_rec.Recomender  # noqa: B018 - that it is not there is tested


def public_methods(of: type) -> dict[str, str]:
    return {
        name: str(inspect.signature(value)) if callable(value) else "property"
        for name, value in vars(of).items()
        if not name.startswith("_") and not isinstance(value, classmethod)
    }


def test_the_recommender_can_be_called_as_ever() -> None:
    methods = public_methods(kg_rec.Recommender)
    expected = {"load", "train", "understand", "attach", "interests", "detach", "recommend", "recommend_many", "close"}
    expected |= {"similar", "similar_people", "publish", "unpublish"}
    assert expected <= set(methods)
    recommend = inspect.signature(kg_rec.Recommender.recommend)
    assert {"words", "user", "k", "where", "exclude", "diversity", "explain"} <= set(recommend.parameters)
    assert all(
        parameter.kind is parameter.KEYWORD_ONLY
        for name, parameter in recommend.parameters.items()
        if name not in ("self", "words")
    )


def test_all_errors_are_in_one_tree() -> None:
    errors = [value for value in vars(kg_rec.errors).values() if isinstance(value, type)]
    assert len(errors) > 10
    assert all(issubclass(error, KgRecError) for error in errors)
    assert str(KgRecError("What.", remedy="Do that.")) == "What.\nDo that."
    assert str(KgRecError("What.")) == "What."


def imported_by(statement: str) -> set[str]:
    """The modules that a fresh Python has after the statement; what comes at every start is left out."""
    code = (
        f"import sys\nbefore = set(sys.modules)\n{statement}\nprint(*(set(sys.modules) - before), file=sys.__stdout__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {module.partition(".")[0] for module in done.stdout.splitlines()[-1].split()}


RUN = """
import kg_rec.cli
sys.argv = ["kg-rec", *{arguments!r}]
try:
    kg_rec.cli.main()
except SystemExit as end:
    assert not end.code, end.code
"""


def test_importing_kg_rec_imports_nothing_heavy() -> None:
    found = imported_by("import kg_rec")
    assert "kg_rec" in found
    assert not found & {*HEAVY, "pydantic", "typer", "rich"}


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["recommend", "--help"], ["train", "-h"], ["model", "show", "-h"], ["sync", "-h"]],
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    found = imported_by(RUN.format(arguments=arguments))
    assert {"kg_rec", "typer"} <= found
    assert not found & set(HEAVY)


def test_the_check_of_imports_sees_what_is_imported() -> None:
    assert {"kg_rec", "torch", "numpy"} <= imported_by("import kg_rec.model.rgcn")


def commands() -> dict[str, click.Command]:
    """Every command, those in groups by both names."""

    def found(command: Any, path: tuple[str, ...]) -> dict[str, click.Command]:
        inner = getattr(command, "commands", None)
        if inner is None:
            return {" ".join(path): command}
        return {name: one for part in inner for name, one in found(inner[part], (*path, part)).items()}

    return found(typer.main.get_command(kg_rec.cli.build_app()), ())


COMMANDS = commands()


def test_all_commands_are_there() -> None:
    assert set(COMMANDS) == {
        "demo",
        *(f"neo4j {verb}" for verb in ("start", "stop", "status", "logs", "browser")),
        "convert",
        "load",
        "init",
        "adopt",
        "export",
        "train",
        "status",
        "sync",
        *(f"model {verb}" for verb in ("show", "list")),
        "attach",
        "interests",
        "detach",
        "people export",
        "recommend",
        "similar",
        "publish",
        "explore",
        "evaluate",
        "serve",
        "consume",
        *(f"keys {verb}" for verb in ("make", "list", "revoke")),
        "doctor",
    }


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["kg-rec", *arguments])
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as end:
        kg_rec.cli.main()
    captured = capsys.readouterr()
    return int(end.value.code or 0), captured.out, captured.err


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_each_command_has_an_example_and_says_where(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, out, _ = run(capsys, monkeypatch, *name.split(), "--help")
    assert status == 0
    assert f"Example:  kg-rec {name}" in out
    assert "--home" in out
    # Every option is explained.
    for parameter in COMMANDS[name].params:
        assert getattr(parameter, "help", "") or parameter.name == "help", parameter.name


@pytest.mark.parametrize("name", COMMANDS)
def test_unknown_options_are_refused(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, out, err = run(capsys, monkeypatch, *name.split(), "--wehre", "year>2000")
    assert status == 2 and "No such option: --wehre" in err and not out


def test_the_program_tells_its_version_and_how_to_start(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, out, _ = run(capsys, monkeypatch, "--version")
    assert (status, out) == (0, f"kg-rec {kg_rec.__version__}\n")
    for arguments in ((), ("--help",), ("-h",)):
        _, out, err = run(capsys, monkeypatch, *arguments)
        assert "kg-rec demo" in out + err
        assert all(name.split()[0] in out + err for name in COMMANDS)
    status, _, err = run(capsys, monkeypatch, "recomend", "x")
    assert status == 2 and "No such command 'recomend'" in err


def test_errors_on_purpose_are_printed_as_they_stand(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, out, err = run(capsys, monkeypatch, "recommend")
    assert (status, out) == (1, "")
    assert err == (
        "kg-rec: Expected words, --user or --input; found none of them.\n"
        'For example: kg-rec recommend "something slow and sad"\n'
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["recommend", "x", "--output", "recs.jsonl"], "--output is for the answers to the people of --input"),
        (["recommend", "--input", "p.jsonl"], "--input needs --output"),
        (["recommend", "--input", "p.jsonl", "--output", "r.jsonl", "--json"], "--json is for one person's answer"),
        (["recommend", "--input", "p.jsonl", "--output", "r.jsonl", "--paths"], "--paths is for one person's answer"),
        (["recommend", "--input", "p.jsonl", "--user", "ann"], "found --user and --input"),
        (["recommend", "--input", "p.jsonl", "--output", "."], "--output: expected a file"),
        (["recommend", "--input", "p.jsonl", "--output", "r.jsonl"], "p.jsonl: the people cannot be read"),
        (["recommend", "x\udcff"], "Expected words in UTF-8"),
        (["similar"], "Expected either an item or --user, found neither"),
        (["similar", "x", "--user", "ann"], "Expected either an item or --user, found both"),
        (["similar", "x", "--items"], "found it without --user"),
        (["model", "show"], "There is no trained model in"),
        (["model", "list"], "There is no trained model in"),
        (["attach", "ann", "x\udcff"], "Expected words in UTF-8"),
        (["interests", "--add", "horror"], "found no person's id"),
        (["interests", "ann", "--dislike"], "found it without --add"),
        (["export", "--output", "."], ".: expected the name of an export"),
        (["export", "--output", ".."], "..: expected the name of an export"),
        (["load"], "Expected a folder, a file of arguments, or --nodes and --relationships"),
        (["load", "nowhere"], "nowhere: expected a folder or a file of arguments, found nothing"),
        (["load", "nowhere", "--delimiter", "U+FFFFFF"], "expected one character, TAB or U+0009"),
    ],
)
def test_arguments_that_cannot_be_followed_are_refused(
    arguments: list[str],
    expected: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KG_REC_HOME", str(tmp_path / "home"))
    status, out, err = run(capsys, monkeypatch, *arguments)
    assert (status, out) == (1, "") and err.startswith("kg-rec: ") and expected in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'{"user_id": 1, "text": "', "2: expected a JSON object, found "),
        (b'{"user_id": 1}', "2: expected an object with 'user_id' and 'text' (a string), found "),
        (b'["text"]', "2: expected an object with 'user_id' and 'text' (a string), found "),
        (b'{"user_id": "\\ud800", "text": "x"}', "2: expected text, found half of a surrogate pair in "),
        (b'{"user_id": 1, "text": "x \\udcff"}', "2: expected text, found half of a surrogate pair in "),
        (b'{"user_id": 1, "text": "\xff"}', "2: expected UTF-8, found the byte 0xff"),
    ],
)
def test_a_person_that_cannot_be_read_stops_the_many_before_they_are_begun(
    line: bytes, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    people = tmp_path / "people.jsonl"
    people.write_bytes(b'\xef\xbb\xbf{"user_id": "a", "text": "fine"}\n' + line + b"\n")
    status, _, err = run(
        capsys, monkeypatch, "recommend", "--input", str(people), "--output", str(tmp_path / "out.jsonl")
    )
    assert status == 1 and f"kg-rec: {people}:{expected}" in err
    assert list(tmp_path.iterdir()) == [people]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "PASSIVE"),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE"),
        ({"KMP_BLOCKTIME": "5"}, None),
        ({"GOMP_SPINCOUNT": "9"}, None),
    ],
)
def test_threads_wait_without_spinning_unless_told_otherwise(given: dict[str, str], expected: str | None) -> None:
    # The program itself, in a process of its own: what matters is what is set before PyTorch is imported.
    program = (
        "import os, sys, kg_rec.cli\n"
        "kg_rec.cli.build_app = lambda: lambda: print(os.environ.get('OMP_WAIT_POLICY'), 'torch' in sys.modules)\n"
        "kg_rec.cli.main()"
    )
    inherited = {name: value for name, value in os.environ.items() if name not in kg_rec.cli._WAITING}
    run = subprocess.run(
        [sys.executable, "-c", program], env={**inherited, **given}, capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == [str(expected), "False"]


def test_words_come_from_the_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("slow and sad"))
    assert given_words("-") == "slow and sad"
    assert given_words("as they stand") == "as they stand"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"caf\xe9"), encoding="utf-8"))
    status, _, err = run(capsys, monkeypatch, "recommend", "-")
    assert status == 1 and "Expected words in UTF-8" in err and "iconv" in err


def test_the_keyboard_stops_it_without_a_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(kg_rec.cli, "build_app", interrupted)
    status, _, err = run(capsys, monkeypatch, "doctor")
    assert status == 130 and "run the same command again" in err


def test_what_was_not_meant_to_happen_shows_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kg_rec.cli, "build_app", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        kg_rec.cli.main()
