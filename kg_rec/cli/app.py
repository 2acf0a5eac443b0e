"""What every command shares: where the home and the database are, how errors and progress are shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperOption

if TYPE_CHECKING:
    from rich.console import Console

    from kg_rec.progress import Progress
    from kg_rec.settings import Settings

_PANEL = "Where"


class ConnectedCommand(TyperCommand):
    """A command that also takes the options saying where the home and the database are.

    Their values do not reach the command's function; `current_settings` gives them to it.
    """

    def __init__(self, *arguments: Any, params: list[Any] | None = None, **options: Any) -> None:
        super().__init__(*arguments, params=[*(params or []), *_connection_options()], **options)


def _connection_options() -> list[TyperOption]:
    def option(name: str, help_text: str, metavar: str) -> TyperOption:
        return TyperOption(
            param_decls=[f"--{name}"],
            help=help_text,
            metavar=metavar,
            expose_value=False,
            callback=_remember,
            envvar=f"KG_REC_{name.upper().replace('-', '_')}",
            show_envvar=True,
            rich_help_panel=_PANEL,
        )

    return [
        option("home", "Folder of the managed Neo4j, the schema and the models.", "FOLDER"),
        option("neo4j-uri", "Another Neo4j than the managed one.", "URI"),
        option("neo4j-user", "Its user.", "NAME"),
        option("neo4j-password", "Its password; better given by the environment.", "PASSWORD"),
        option("neo4j-database", "Its database.", "NAME"),
    ]


def _remember(context: Any, parameter: Any, value: str | None) -> str | None:
    overrides: dict[str, object] = context.ensure_object(dict)
    overrides[parameter.name] = value
    return value


def current_settings(**overrides: object) -> Settings:
    """Return the settings of the running command: the environment, its options, then `overrides`."""
    import typer._click as click

    from kg_rec.settings import load_settings

    context = click.get_current_context(silent=True)
    given = dict(context.obj or {}) if context is not None else {}
    return load_settings(**{**given, **overrides})


def output() -> Console:
    """Return the console for answers (standard output)."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


def messages() -> Console:
    """Return the console for messages about the work (standard error)."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def say(message: str) -> None:
    """Tell what is being done, on standard error."""
    messages().print(f"[dim]·[/dim] {message}", markup=True)


@contextmanager
def progress() -> Iterator[Progress]:
    """Show the progress of long steps on standard error: bars on a terminal, plain lines otherwise."""
    from kg_rec.progress import shown_progress

    with shown_progress(messages()) as shown:
        yield shown
