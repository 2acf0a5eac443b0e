"""Keys to the service: made once, kept as hashes, of use until they are revoked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from kg_rec.cli import build_app
from kg_rec.errors import InputError, SettingsError
from kg_rec.service.keys import KeyRing


def test_a_key_is_found_by_its_token_alone_and_only_its_hash_is_kept(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "home" / "keys.json")
    assert ring.listed() == [] and ring.find("kgr_") is None
    token = ring.make("shop", "write")
    other = ring.make("page", "read")
    assert token != other and len(token) > 40
    found = ring.find(token)
    assert found is not None and (found.name, found.scope) == ("shop", "write")
    assert ring.find(token[:-1]) is None and ring.find("") is None and ring.find("\udcff") is None
    stored = ring.path.read_text()
    assert token not in stored and other not in stored
    assert ring.path.stat().st_mode & 0o777 == 0o600
    assert [key["name"] for key in json.loads(stored)["keys"]] == ["shop", "page"]


def test_scopes_hold_what_stands_before_them(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "keys.json")
    for scope in ("read", "write", "admin"):
        ring.make(scope, scope)  # type: ignore[arg-type]
    allowed = {key.name: [scope for scope in ("read", "write", "admin") if key.allows(scope)] for key in ring.listed()}  # type: ignore[arg-type]
    assert allowed == {"read": ["read"], "write": ["read", "write"], "admin": ["read", "write", "admin"]}


def test_a_revoked_key_is_of_no_use_at_once_to_who_read_the_file_before(tmp_path: Path) -> None:
    running, commands = KeyRing(tmp_path / "keys.json"), KeyRing(tmp_path / "keys.json")
    token = commands.make("shop", "read")
    assert running.find(token) is not None
    commands.revoke("shop")
    assert running.find(token) is None
    with pytest.raises(InputError, match="There is no key 'shop'"):
        commands.revoke("shop")


def test_names_are_told_apart(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "keys.json")
    ring.make("shop", "read")
    with pytest.raises(InputError, match="There is a key 'shop' already"):
        ring.make("shop", "write")
    for name in (" ", "", "a\nb"):
        with pytest.raises(InputError, match="Expected a name"):
            ring.make(name, "read")


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"keys": [{"name": "x"}]}',
        '{"keys": [{"name":"x","scope":"all","sha256":"","ending":"","created":""}]}',
    ],
)
def test_a_damaged_file_lets_nobody_in(tmp_path: Path, content: str) -> None:
    ring = KeyRing(tmp_path / "keys.json")
    ring.path.write_text(content)
    with pytest.raises(SettingsError, match=r"keys\.json: expected the keys that kg-rec made"):
        ring.find("kgr_x")


class TestCommands:
    def run(self, home: Path, *arguments: str) -> Result:
        result = CliRunner().invoke(build_app(), [*arguments, "--home", str(home)])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def test_a_key_is_shown_once(self, tmp_path: Path) -> None:
        assert "there is no key" in self.run(tmp_path, "keys", "list").stdout
        made = self.run(tmp_path, "keys", "make", "shop", "--scope", "write")
        token = made.stdout.strip()
        found = KeyRing(tmp_path / "keys.json").find(token)
        assert found is not None and found.scope == "write" and "not shown again" in made.stderr
        listed = self.run(tmp_path, "keys", "list").stdout
        assert "shop" in listed and "write" in listed and token not in listed
        told = json.loads(self.run(tmp_path, "keys", "list", "--json").stdout)["keys"]
        assert [(one["name"], one["ending"]) for one in told] == [("shop", token[-4:])]
        assert "is revoked" in self.run(tmp_path, "keys", "revoke", "shop").stdout
        assert KeyRing(tmp_path / "keys.json").listed() == []

    def test_other_machines_are_not_let_in_without_a_key(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError, match=r"--host 0\.0\.0\.0 is reached from other machines: expected a key"):
            self.run(tmp_path, "serve", "--host", "0.0.0.0")
        with pytest.raises(InputError, match="--log-level: expected"):
            self.run(tmp_path, "serve", "--log-level", "loud")
