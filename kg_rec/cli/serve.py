"""`kg-rec serve`: the recommender over HTTP, and its page."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from kg_rec.cli.app import connected, current_settings, say

if TYPE_CHECKING:
    from socket import socket

    from uvicorn import Server

    from kg_rec.service.api import Access


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(connected(serve))


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen to; any but this machine's own takes a key.", envvar="KG_REC_HOST")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535, envvar="KG_REC_PORT")] = 8000,
    require_key: Annotated[
        bool, typer.Option("--require-key", help="Ask for a key on this machine, too, as behind a proxy.")
    ] = False,
    rate: Annotated[
        float, typer.Option(help="Requests a second for each key or address; 0 is no limit.", min=0.0)
    ] = 100.0,
    follow: Annotated[
        bool,
        typer.Option(
            "--follow", help="Bring the model up to date where the graph has changed, looked at once a minute."
        ),
    ] = False,
    exact: Annotated[
        bool, typer.Option("--exact", help="Encode words as training does to the last digit; it takes longer.")
    ] = False,
    traces: Annotated[
        bool, typer.Option("--traces", help="Send traces by OTLP, to where OTEL_EXPORTER_OTLP_ENDPOINT says.")
    ] = False,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
) -> None:
    """Answer over HTTP with the current model, show a page, and change to a new model when training ends.

    Stops at Ctrl-C or SIGTERM, after it has answered what was asked. The log, a line of JSON a request, goes to standard error.

    Example:  kg-rec serve --port 8000
    """
    _count_alone()
    from kg_rec.errors import ConnectionFailedError, InputError, ServerError
    from kg_rec.graph.server import ManagedServer
    from kg_rec.service.logs import to_stderr
    from kg_rec.service.server import access_of, make_server
    from kg_rec.service.traces import otlp

    if log_level not in ("debug", "info", "warning", "error"):
        raise InputError(f"--log-level: expected debug, info, warning or error, found '{log_level}'.")
    settings = current_settings()
    sent = otlp() if traces else None
    access = access_of(settings, host, require_key=require_key, rate=rate)
    if settings.neo4j_uri is None:
        try:
            ManagedServer(settings, say=say).start()
        except (ServerError, ConnectionFailedError) as error:
            # Words can be answered without it, and it is found when it comes.
            say(f"without the graph: {error.message}")
    server, listening = make_server(settings, access, host, port, sent, follow=follow, exact=exact)
    tell(server, listening, access)
    to_stderr(log_level)
    server.run(sockets=[listening])


def tell(server: Server, listening: socket, access: Access) -> str:
    """Say where the page and the routes are, and return the address of the page."""
    from kg_rec.service.server import address_of

    address = address_of(listening)
    version = server.config.app.state.service.served.artifact.version  # type: ignore[union-attr]  # it is our own app
    say(f"the page: {address}/")
    say(f"model {version} is served there; its routes: {address}/openapi.json")
    say("a key is needed with each request" if access.needs_key else "no key is needed: only this machine reaches it")
    return f"{address}/"


def _count_alone() -> None:
    """Have products of matrices computed by the thread that asks for them, unless the environment says otherwise.

    One person's are so small that waking other threads takes longer. It is read once, when NumPy and PyTorch are imported: it
    must be set before. The encoder has threads of its own.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
