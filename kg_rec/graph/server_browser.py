"""Neo4j Browser of the managed Neo4j: its address, and how it names the nodes."""

from __future__ import annotations

from urllib.parse import urlencode

from kg_rec.graph.server import ServerStatus
from kg_rec.graph.style import grass
from kg_rec.schema import GraphSchema


def browser_address(status: ServerStatus) -> str:
    """Return the address of Neo4j Browser, with the server and the user filled in; only the password is to be typed."""
    assert status.uri is not None
    scheme, _, host = status.uri.partition("://")
    return f"{status.http}/browser/?{urlencode({'connectURL': f'{scheme}://{status.user}@{host}'}, safe=':/@')}"


def browser_style(schema: GraphSchema) -> str:
    """Return a command of Neo4j Browser, on one line, after which every node carries its name.

    By itself the Browser takes one property for all nodes with the label they share, KGEntity, whichever it sees first,
    and leaves those without it blank.
    """
    return ":style " + " ".join(line.strip() for line in grass(schema).splitlines())
