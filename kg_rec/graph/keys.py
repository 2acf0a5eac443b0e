"""Keys of nodes: "<label>/<id>", unique in the graph, readable, and stable however often it is loaded.

In the label, "/" and "%" are percent-encoded, so that the first "/" always ends it; the id stands as it is.
"""

from __future__ import annotations

LONGEST_KEY = 8000
"""Bytes of a key in UTF-8: an index of Neo4j 5.26 takes up to 8,164."""


def key_of(label: str, identity: str) -> str:
    """Return the key of the node that is `identity` among those with `label`."""
    return f"{encoded(label)}/{identity}"


def label_of(key: str) -> str:
    """Return the primary label of the node with `key`."""
    return key.partition("/")[0].replace("%2F", "/").replace("%25", "%")


def id_of(key: str) -> str:
    """Return the id as it stood in the source."""
    return key.partition("/")[2]


def encoded(label: str) -> str:
    """Return `label` as the beginning of a key."""
    return label.replace("%", "%25").replace("/", "%2F")
