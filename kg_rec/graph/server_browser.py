"""Neo4j Browser of the managed Neo4j: its address, and how it names the nodes."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from kg_rec.graph.server import ServerStatus
from kg_rec.schema import GraphSchema

_COLORS = ("#57C7E3", "#D9C8AE", "#8DCC93", "#ECB5C9", "#4C8EDA", "#FFC454", "#C990C0", "#DA7194", "#569480")
_PERSON_COLOR = "#F79767"
_TEXT_COLOR = "#2A2C34"


def browser_address(status: ServerStatus) -> str:
    """Return the address of Neo4j Browser, with the server and the user filled in; only the password is to be typed."""
    assert status.uri is not None
    scheme, _, host = status.uri.partition("://")
    return f"{status.http}/browser/?{urlencode({'connectURL': f'{scheme}://{status.user}@{host}'}, safe=':/@')}"


def browser_style(schema: GraphSchema) -> str:
    """Return a command of Neo4j Browser after which every node carries its name.

    By itself the Browser takes one property for all nodes with the label they share, KGEntity, whichever it sees first,
    and leaves those without it blank. Later rules win over earlier ones, so the shared label comes first.
    """
    titles = {label: schema.title_of(label) for label in (schema.item.label, *sorted(schema.entities))}
    rules = ['node.KGEntity {caption: "{key}";}']
    for number, (label, title) in enumerate(titles.items()):
        if title is not None and re.fullmatch(r"\w+", label):  # the language of styles has no quotes for others
            rules.append(_node_rule(label, title, _COLORS[number % len(_COLORS)]))
    rules.append(_node_rule("KGPerson", "key", _PERSON_COLOR, diameter="80px"))
    return ":style " + " ".join(rules)


def _node_rule(label: str, caption: str, color: str, **more: str) -> str:
    properties = {
        "caption": f'"{{{caption}}}"',
        "color": color,
        "border-color": color,
        "text-color-internal": _TEXT_COLOR,
        **more,
    }
    return f"node.{label} {{{' '.join(f'{name}: {value};' for name, value in properties.items())}}}"
