"""Every error that kg-rec raises on purpose, in one tree.

A message states where, what was expected, what was found and what to do about it, so that the command line can print it
as it stands. Whatever is not a `KgRecError` is a defect of ours and shows its traceback.
"""

from __future__ import annotations


class KgRecError(Exception):
    """Base of all errors raised on purpose. `remedy`, when given, is printed on a line of its own."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n{self.remedy}" if self.remedy else self.message


class SettingsError(KgRecError):
    """A setting, an option or an environment variable has a value that cannot be used."""


class ServerError(KgRecError):
    """The managed Neo4j could not be fetched, started or stopped."""


class ConnectionFailedError(KgRecError):
    """No Neo4j answers at the address, or it refuses the user."""


class TimedOutError(KgRecError):
    """Neo4j gave up a transaction that took too long; it has written nothing."""


class ScriptError(KgRecError):
    """A Cypher script is missing, malformed, called with other parameters than it declares, or refused by Neo4j."""


class SchemaError(KgRecError):
    """The schema cannot be read, contradicts the graph, or cannot be inferred without a decision."""


class LoadError(KgRecError):
    """The folder to load is not in order; nothing was loaded."""


class ConvertError(KgRecError):
    """A source cannot be converted, or the folder cannot be written; nothing was written."""


class GraphError(KgRecError):
    """The graph in Neo4j cannot be used as it is: empty, without items, changed while it was read."""


class GraphChangedError(GraphError):
    """The graph was changed by somebody while it was read."""


class UnknownEntityError(GraphError):
    """A person, item or entity that was asked for is not in the graph."""


class EncoderError(KgRecError):
    """The sentence encoder cannot be loaded or gives vectors of another size than promised."""


class ModelError(KgRecError):
    """The model cannot be trained on this graph or applied to this input."""


class ShapeError(ModelError):
    """Tensors do not fit each other."""


class ArtifactError(KgRecError):
    """There is no trained model here, it is damaged, or it was written by a newer version."""


class InputError(KgRecError):
    """What was given to recommend from (words, a file of people, a filter) cannot be read."""
