"""`kg-rec keys`: who may use the service from elsewhere."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer

from kg_rec.cli.app import connected, current_settings, output

_NAME = typer.Argument(help="What the key is called, as who it is for.", metavar="NAME")


class Allowed(StrEnum):
    """What a key is good for; each may do what those before it may."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    group = typer.Typer(no_args_is_help=True, help="Make, list and revoke the keys of the service.")
    group.command()(connected(make))
    group.command(name="list")(connected(list_))
    group.command()(connected(revoke))
    app.add_typer(group, name="keys")


def make(
    name: Annotated[str, _NAME],
    scope: Annotated[
        Allowed, typer.Option(help="read: recommend and look at people; write: also change people; admin: everything.")
    ] = Allowed.READ,
) -> None:
    """Make a key, and print it this once: only its hash is kept.

    Example:  kg-rec keys make shop --scope write
    """
    from kg_rec.service.keys import KeyRing
    from kg_rec.service.server import KEYS

    ring = KeyRing(current_settings().home / KEYS)
    typer.echo(ring.make(name, scope.value))
    typer.echo(
        f"The key '{name}' ({scope.value}). Keep it now: it is not shown again. Send it as 'Authorization: Bearer KEY'.",
        err=True,
    )


def list_(as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False) -> None:
    """List the keys, without what they open.

    Example:  kg-rec keys list
    """
    from rich.text import Text

    from kg_rec.service.keys import KeyRing
    from kg_rec.service.server import KEYS

    keys = KeyRing(current_settings().home / KEYS).listed()
    if as_json:
        listed = [{"name": key.name, "scope": key.scope, "ending": key.ending, "created": key.created} for key in keys]
        typer.echo(json.dumps({"keys": listed}, ensure_ascii=False, indent=1))
        return
    console = output()
    if not keys:
        console.print(" there is no key")
    width = max((len(key.name) for key in keys), default=0)
    for key in keys:
        line = Text(f" {key.name:<{width}}", style="bold")
        line.append(f"  {key.scope:<5}  …{key.ending}  {key.created}", style="not bold")
        console.print(line)


def revoke(name: Annotated[str, _NAME]) -> None:
    """Take a key away; a running service refuses it from the next request on.

    Example:  kg-rec keys revoke shop
    """
    from kg_rec.service.keys import KeyRing
    from kg_rec.service.server import KEYS

    KeyRing(current_settings().home / KEYS).revoke(name)
    typer.echo(f"the key '{name}' is revoked")
