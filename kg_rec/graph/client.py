"""A connection to Neo4j that runs named queries and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Self, TypeVar, cast

import neo4j
from neo4j.exceptions import AuthError, ClientError, ConfigurationError, DriverError, Neo4jError, ServiceUnavailable

from kg_rec.errors import ConnectionFailedError, KgRecError, ScriptError, TimedOutError
from kg_rec.graph.scripts import script

_TOOK_TOO_LONG = ("Transaction.TransactionTimedOut", "Transaction.LockClientStopped", "Transaction.Terminated")
"""Beginnings of what Neo4j says of a transaction that was given up, working or waiting for a lock."""

Row = dict[str, Any]
_T = TypeVar("_T")
Watch = Callable[[str], AbstractContextManager[object]]
"""What each statement is run within, by the name of its script: a clock, as it is."""

PATIENCE = 30.0
"""Seconds for which transient faults are tried again."""

# Notifications about labels that do not exist yet are no news to somebody who is loading them.
logging.getLogger("neo4j.notifications").setLevel(logging.ERROR)


class Transaction:
    """An open transaction; its statements take effect together or not at all."""

    def __init__(self, inner: neo4j.ManagedTransaction, watch: Watch = nullcontext) -> None:
        self._inner = inner
        self._watch = watch

    def run(self, name: str, /, **parameters: object) -> list[Row]:
        """Run the script `name` and return its rows. Raises ScriptError where Neo4j refuses it."""
        with self._watch(name):
            return list(self.stream(name, **parameters))

    def stream(self, name: str, /, **parameters: object) -> Iterator[Row]:
        """Run the script `name` and yield its rows as they come, for answers too large to hold twice."""
        query = script(name)
        query.check(set(parameters))
        try:
            for record in self._inner.run(query.text, parameters):
                yield dict(record)
        except ClientError as error:
            raise _refused(name, error) from error


class GraphClient:
    """A Neo4j database, reached through the official driver.

    Transient faults (a leader change, a deadlock, a connection that breaks) are tried again by the driver for up to
    `patience` seconds, but in `reading` and `write_batches`. Use it as a context manager, or call `close`.

    limit: seconds after which Neo4j gives up a transaction of `read`, `write`, `write_all` or `in_transaction`, which then raises
    TimedOutError and has written nothing; None for no limit.
    """

    def __init__(
        self, uri: str, user: str, password: str, *, database: str | None = None, patience: float = PATIENCE
    ) -> None:
        """Connect and check that the server answers. Raises ConnectionFailedError with the reason."""
        self.uri = uri
        self.database = database
        self.watch: Watch = nullcontext
        self.limit: float | None = None
        try:
            self._driver = neo4j.GraphDatabase.driver(
                uri,
                auth=(user, password),
                notifications_min_severity="OFF",
                max_transaction_retry_time=patience,
                connection_timeout=min(10.0, patience),
                connection_acquisition_timeout=2 * patience,
            )
        except (ConfigurationError, ValueError) as error:
            raise ConnectionFailedError(
                f"'{uri}' is no address of a Neo4j: {error}", remedy="Expected bolt://host:7687 or neo4j+s://host."
            ) from error
        try:
            with _as_connection_failure(uri, user):
                self._driver.verify_connectivity()
        except ConnectionFailedError:
            self._driver.close()
            raise
        self._user = user

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._driver.close()

    def read(self, name: str, /, **parameters: object) -> list[Row]:
        """Run one script in a read transaction and return its rows."""

        def work(inner: neo4j.ManagedTransaction) -> list[Row]:
            return Transaction(inner, self.watch).run(name, **parameters)

        with _as_connection_failure(self.uri, self._user), self._session(neo4j.READ_ACCESS) as session:
            return session.execute_read(neo4j.unit_of_work(timeout=self.limit)(work))

    def write(self, name: str, /, **parameters: object) -> list[Row]:
        """Run one script in a write transaction and return its rows."""
        return self.write_all([(name, parameters)])[0]

    def write_all(self, steps: list[tuple[str, Mapping[str, object]]]) -> list[list[Row]]:
        """Run several scripts in one write transaction; all of them take effect or none. Returns each one's rows."""
        return self.in_transaction(
            lambda transaction: [transaction.run(name, **parameters) for name, parameters in steps]
        )

    def in_transaction(self, work: Callable[[Transaction], _T]) -> _T:
        """Run `work` in one write transaction, which takes effect unless it raises; it may be run again, see the class."""
        with _as_connection_failure(self.uri, self._user), self._session(neo4j.WRITE_ACCESS) as session:
            limited = neo4j.unit_of_work(timeout=self.limit)
            return session.execute_write(limited(lambda inner: work(Transaction(inner, self.watch))))

    def write_batches(self, name: str, /, **parameters: object) -> list[Row]:
        """Run one script outside a transaction of ours: schema commands, and scripts with `CALL … IN TRANSACTIONS`."""
        query = script(name)
        query.check(set(parameters))
        with (
            self.watch(name),
            _as_connection_failure(self.uri, self._user),
            self._session(neo4j.WRITE_ACCESS) as session,
        ):
            try:
                return [dict(record) for record in session.run(query.text, parameters)]
            except ClientError as error:
                raise _refused(name, error) from error

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Open one read transaction, so that several scripts see the same state of the graph. Nothing is tried again."""
        with (
            _as_connection_failure(self.uri, self._user),
            self._session(neo4j.READ_ACCESS) as session,
            session.begin_transaction() as inner,
        ):
            yield Transaction(cast("neo4j.ManagedTransaction", inner), self.watch)

    def _session(self, access: str) -> neo4j.Session:
        return self._driver.session(database=self.database, default_access_mode=access, fetch_size=5000)


def _refused(name: str, error: ClientError) -> KgRecError:
    """Return what to say of a script that Neo4j refuses. Of those who may only read, it refuses everything that writes."""
    if any(ended in (error.code or "") for ended in _TOOK_TOO_LONG):
        return TimedOutError(f"cypher/{name}.cypher took longer than it may.", remedy="Nothing was written: try again.")
    may_not = "Forbidden" in (error.code or "") or "ReadOnly" in (error.code or "")
    return ScriptError(
        f"cypher/{name}.cypher was refused by Neo4j: {error.message}",
        remedy="It takes a user who may write, and a database that is not read-only. Whoever may only read can train, recommend by "
        "words and evaluate, once somebody else has loaded or adopted the graph."
        if may_not
        else "",
    )


@contextmanager
def _as_connection_failure(uri: str, user: str) -> Iterator[None]:
    """Turn the driver's connection errors into ours, each with its remedy."""
    try:
        yield
    except AuthError as error:
        raise ConnectionFailedError(
            f"Neo4j at {uri} refuses the user '{user}': {error.message}",
            remedy="Check --neo4j-user and --neo4j-password (KG_REC_NEO4J_USER, KG_REC_NEO4J_PASSWORD).",
        ) from error
    except (ServiceUnavailable, OSError) as error:
        raise ConnectionFailedError(
            f"No Neo4j answers at {uri}: {error}",
            remedy="Start it, or leave --neo4j-uri away to use the managed one (kg-rec neo4j start).",
        ) from error
    except (Neo4jError, DriverError) as error:
        raise ConnectionFailedError(f"Neo4j at {uri} could not do it: {error}") from error
