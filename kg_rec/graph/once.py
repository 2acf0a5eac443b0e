"""Writes that are done once, however often they are sent: the claim is part of the transaction that writes.

A claim is a node `(:KGWrite {id, content, at})` of two hashes: neither the key that the client gave nor what was written stands
in it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any, TypeVar

from kg_rec.errors import InputError
from kg_rec.graph.client import GraphClient, Transaction

_T = TypeVar("_T")

KEPT = 24 * 3600.0
"""Seconds for which a claim is kept."""


class DoneBeforeError(Exception):
    """The same write was done before; nothing was written now."""


class OnceClient(GraphClient):
    """A connection whose writes are claimed by a key. It shares the driver of `client`, which stays open.

    Each write raises DoneBeforeError where it was done before, and InputError where another one was done with its key.
    """

    def __init__(self, client: GraphClient, key: str, content: bytes) -> None:
        self.__dict__.update(client.__dict__)
        identity = hashlib.sha256(key.encode())
        # Hashed together with the key, which is not kept: few words could be guessed from a hash of theirs alone.
        self._claim = {
            "id": identity.hexdigest(),
            "content": hashlib.sha256(key.encode() + b"\0" + content).hexdigest(),
        }

    def done(self) -> bool:
        """Whether this very write was done before."""
        return any(row["same"] for row in self.read("service/claimed", **self._claim))

    def in_transaction(self, work: Callable[[Transaction], _T]) -> _T:
        """Claim the write and run `work`, in one transaction (see GraphClient.in_transaction)."""

        def claimed(transaction: Transaction) -> _T:
            (claim,) = transaction.run("service/claim", **self._claim)
            if not claim["same"]:
                raise InputError(
                    "Idempotency-Key: expected a new key for a new request, found one that came with another request.",
                    remedy="Send each request with a key of its own, and the same one only to try it again.",
                )
            if not claim["new"]:
                raise DoneBeforeError
            return work(transaction)

        return super().in_transaction(claimed)


def prepare(client: GraphClient) -> None:
    """Make the constraint that keeps two claims of one key apart."""
    client.write_batches("service/write_constraint")


def forget_claims(client: GraphClient, *, now: float | None = None) -> int:
    """Forget the claims that are older than a day, and return how many those were."""
    before = int((time.time() if now is None else now) - KEPT)
    found: list[dict[str, Any]] = client.write_batches("service/forget_claims", before=before)
    return int(found[0]["forgotten"])


def remove(client: GraphClient) -> None:
    """Leave nothing of all this in the graph: neither claims nor constraint."""
    forget_claims(client, now=4e9 + KEPT)
    client.write_batches("service/drop_write_constraint")
