"""Settings: from the environment, from the command line, and what is said when one cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kg_rec.cli import build_app
from kg_rec.errors import SettingsError
from kg_rec.settings import Settings, default_home, load_settings


def test_without_anything_given_the_defaults_hold() -> None:
    settings = load_settings()
    assert settings.home == default_home() and settings.home.name == "kg-rec"
    assert settings.neo4j_uri is None and settings.neo4j_user == "neo4j" and settings.neo4j_password is None
    assert settings.encoder == "all-MiniLM-L6-v2" and settings.seed == 0


def test_the_environment_is_read_and_options_come_before_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KG_REC_HOME", str(tmp_path / "from env"))
    monkeypatch.setenv("KG_REC_NEO4J_URI", "bolt://elsewhere:7687")
    monkeypatch.setenv("KG_REC_SEED", "7")
    monkeypatch.setenv("KG_REC_BOLT_PORT", "17687")
    monkeypatch.setenv("KG_REC_SOMETHING_ELSE", "is nobody's business")
    settings = load_settings()
    assert settings.home == tmp_path / "from env" and settings.neo4j_uri == "bolt://elsewhere:7687"
    assert (settings.seed, settings.bolt_port) == (7, 17687)
    given = load_settings(home=tmp_path / "given", seed=8, neo4j_uri=None)
    assert given.home == tmp_path / "given" and given.seed == 8
    assert given.neo4j_uri == "bolt://elsewhere:7687"  # None is not given


def test_empty_variables_and_options_are_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    for name in Settings.model_fields:
        monkeypatch.setenv(f"KG_REC_{name.upper()}", "")
    plain = Settings.model_construct(home=default_home())
    assert load_settings() == plain
    assert load_settings(home="", neo4j_uri="", seed=None) == plain
    # The options of the command line read the same variables by themselves.
    status = json.loads(CliRunner().invoke(build_app(), ["neo4j", "status", "--json"]).output)
    assert status["password_file"] == str(default_home() / "neo4j" / "password")


def test_everything_lies_in_the_home(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    paths = [settings.schema_path, settings.server_home, settings.vectors_path, settings.model_path]
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == ["schema.toml", "neo4j", "vectors", "model"]


def test_the_home_is_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert load_settings(home="data").home == tmp_path / "data"
    assert load_settings(home="~/data").home == tmp_path / "me" / "data"
    with pytest.raises(SettingsError, match=r"--home: expected a folder, found .* '~nobody-of-this-name/data'"):
        load_settings(home="~nobody-of-this-name/data")


def test_a_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KG_REC_NEO4J_PASSWORD", "s3cret-words")
    settings = load_settings()
    assert settings.neo4j_password is not None and settings.neo4j_password.get_secret_value() == "s3cret-words"
    assert "s3cret" not in repr(settings) and "s3cret" not in str(settings.model_dump())


def test_each_bad_value_is_named_with_where_it_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KG_REC_HTTP_PORT", "70000")
    with pytest.raises(SettingsError) as caught:
        load_settings(bolt_port="many", seed=1)
    told = sorted(str(caught.value).splitlines())
    assert len(told) == 2
    assert told[0].startswith("--bolt-port: ") and told[0].endswith("found 'many'")
    assert told[1].startswith("KG_REC_HTTP_PORT: ") and told[1].endswith("found '70000'")


def test_settings_are_never_changed_in_place() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().seed = 3
