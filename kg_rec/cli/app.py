"""What every command shares: where the home and the database are, how errors and progress are shown."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO, TypeVar

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from kg_rec.progress import Progress
    from kg_rec.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])

_PANEL = "Where"
_given: ContextVar[dict[str, object]] = ContextVar("given", default={})  # noqa: B039 - never changed in place

_CONNECTION: dict[str, Any] = {
    "home": Annotated[
        Path | None,
        typer.Option(
            help="Folder of the managed Neo4j, the schema and the models.", envvar="KG_REC_HOME", rich_help_panel=_PANEL
        ),
    ],
    "neo4j_uri": Annotated[
        str | None,
        typer.Option(help="Another Neo4j than the managed one.", envvar="KG_REC_NEO4J_URI", rich_help_panel=_PANEL),
    ],
    "neo4j_user": Annotated[
        str | None, typer.Option(help="Its user.", envvar="KG_REC_NEO4J_USER", rich_help_panel=_PANEL)
    ],
    "neo4j_password": Annotated[
        str | None,
        typer.Option(
            help="Its password; better given by the environment.",
            envvar="KG_REC_NEO4J_PASSWORD",
            rich_help_panel=_PANEL,
        ),
    ],
    "neo4j_database": Annotated[
        str | None, typer.Option(help="Its database.", envvar="KG_REC_NEO4J_DATABASE", rich_help_panel=_PANEL)
    ],
}


def connected(function: F) -> F:
    """Give a command the options that say where the home and the database are.

    Their values do not reach the function; `current_settings` gives them to it.
    """

    @functools.wraps(function)
    def command(**arguments: Any) -> Any:
        token = _given.set({name: arguments.pop(name) for name in _CONNECTION})
        try:
            return function(**arguments)
        finally:
            _given.reset(token)

    own = inspect.signature(function, eval_str=True)
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in _CONNECTION.items()
    ]
    signature = own.replace(parameters=[*own.parameters.values(), *options])
    command.__signature__ = signature  # type: ignore[attr-defined]  # typer reads the options from here
    command.__annotations__ = {name: parameter.annotation for name, parameter in signature.parameters.items()}
    return command  # type: ignore[return-value]  # the same function with more keywords


def current_settings(**overrides: object) -> Settings:
    """Return the settings of the running command: the environment, its options, then `overrides`."""
    from kg_rec.settings import load_settings

    return load_settings(**{**_given.get(), **overrides})


@functools.cache
def output() -> Console:
    """Return the console for answers (standard output)."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


@functools.cache
def messages() -> Console:
    """Return the console for messages about the work (standard error); one for all, or lines would tear a live bar."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def say(message: str) -> None:
    """Tell what is being done, on standard error."""
    messages().print(f"· {message}", style="dim", markup=False)


def given_words(words: str) -> str:
    """Return the words of an argument, those of the standard input where it is "-".

    Raises InputError where they are no text: the shell hands on bytes that are no UTF-8 as halves of surrogate pairs.
    """
    from kg_rec.errors import InputError

    try:
        if words == "-":
            words = sys.stdin.read()
        words.encode()
    except UnicodeError as error:
        raise InputError(
            "Expected words in UTF-8, found other bytes.", remedy="Convert them first: iconv -f LATIN1 -t UTF-8"
        ) from error
    return words


@contextmanager
def written_whole(target: Path, what: str) -> Iterator[TextIO]:
    """Open a file beside `target` that takes its place at the end, or, where something is raised, leaves the one there.

    what: what is written, for the message. Raises InputError where the file cannot be written.
    """
    from kg_rec.errors import InputError

    beside = target.with_name(f".{target.name}.writing")
    try:
        with beside.open("w", encoding="utf-8") as file:
            yield file
        beside.replace(target)
    except OSError as error:
        raise InputError(f"{target}: {what} cannot be written: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def progress() -> Iterator[Progress]:
    """Show the progress of long steps on standard error: bars on a terminal, plain lines otherwise."""
    from kg_rec.progress import shown_progress

    with shown_progress(messages()) as shown:
        yield shown
