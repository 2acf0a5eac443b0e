"""The command `kg-rec`."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec

import typer

_GROUPS = (
    "demo",
    "neo4j",
    "convert",
    "load",
    "adopt",
    "export",
    "train",
    "sync",
    "model",
    "people",
    "recommend",
    "similar",
    "explore",
    "publish",
    "serve",
    "keys",
    "consume",
    "evaluate",
    "doctor",
)
"""One module a command group, in the order of `kg-rec --help`; each has a `register(app)`."""


def build_app() -> typer.Typer:
    """Return the whole command line. Nothing heavy is imported until a command runs."""
    app = typer.Typer(
        name="kg-rec",
        help="A recommender that lives in a graph database.\n\nStart with:  kg-rec demo",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_root)
    for group in _GROUPS:
        if find_spec(f"kg_rec.cli.{group}"):
            import_module(f"kg_rec.cli.{group}").register(app)
    return app


def _root(
    version: bool = typer.Option(False, "--version", help="Show the version and exit."),
) -> None:
    if version:
        from kg_rec import __version__

        typer.echo(f"kg-rec {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; errors raised on purpose are printed as they stand, with exit status 1."""
    from kg_rec.errors import KgRecError

    _wait_without_spinning()
    try:
        build_app()()
    except KgRecError as error:
        typer.echo(f"kg-rec: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        typer.echo("kg-rec: stopped by the keyboard; run the same command again to go on", err=True)
        sys.exit(130)


_WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")


def _wait_without_spinning() -> None:
    """Have the threads of OpenMP sleep while they wait, unless the environment says how they wait.

    PyTorch's threads spin by default, which takes the cores from another process that would have work for them. OpenMP reads
    it once, when PyTorch is imported: it must be set before.
    """
    if not any(name in os.environ for name in _WAITING):
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
