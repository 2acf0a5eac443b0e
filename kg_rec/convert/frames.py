"""A graph from pandas frames: one for each label, one for each kind of relation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg_rec.errors import ConvertError

if TYPE_CHECKING:
    from pandas import DataFrame, Series

Triple = tuple[str, str, str]
_UNDONE = "No graph was made."
_TYPES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "boolean"),
    (int, "long"),
    ((int, float), "double"),
    (str, "string"),
)


@dataclass(frozen=True, slots=True)
class _Table:
    """kind: nodes or relations; name: label or type; number: of its files; header and columns: as a CSV file has them."""

    kind: str
    name: str
    number: int
    header: tuple[str, ...]
    columns: tuple[Sequence[Any], ...]


class Graph:
    """A graph that is ready to be loaded: `Recommender.load(graph)`, or `write` and `kg-rec load`."""

    def __init__(self, tables: Sequence[_Table]) -> None:
        """Not for direct use: see `from_frames`."""
        self._tables = tuple(tables)

    @classmethod
    def from_frames(cls, nodes: Mapping[str, DataFrame], relations: Mapping[Triple, DataFrame] | None = None) -> Graph:
        """Return the graph in pandas frames.

        nodes: by label. The id of a Book is in a column `id`, `bookId` or `book_id`, or else in the index, where that has a
        name. relations: by label, type, label. The ends are in columns called as the ids of the nodes are, or `source` and
        `target`. All other columns are properties: numbers, booleans, texts, moments, dates, lists of one of these. Missing
        values are none.
        Raises ConvertError naming frame, column and row of what cannot be used.
        """
        if not nodes:
            raise ConvertError("nodes: expected at least one frame, found none.", remedy=_UNDONE)
        ids: dict[str, tuple[str, set[str]]] = {}
        tables = []
        for label, frame in nodes.items():
            where = f"nodes['{label}']"
            frame, name = _with_id(_checked(frame, where), label, where)
            own = _ids(frame[name], where)
            ids[label] = name, set(own)
            _unique(own, frame, where, name)
            tables.append(_table("nodes", label, frame, {name: (f"{name}:ID({label})", own)}, where))
        seen: dict[str, int] = {}
        for triple, frame in (relations or {}).items():
            where = f"relations[{triple}]"
            if not (isinstance(triple, tuple) and len(triple) == 3 and {triple[0], triple[2]} <= ids.keys()):
                raise ConvertError(
                    f"{where}: expected (label, TYPE, label) with labels of {', '.join(ids)}.", remedy=_UNDONE
                )
            source, name, target = triple
            ends = _ends(_checked(frame, where), (source, target), (ids[source][0], ids[target][0]), where)
            columns = {}
            for column, label, role in zip(ends, (source, target), ("START_ID", "END_ID"), strict=True):
                own = _ids(frame[column], where)
                _known(own, ids[label][1], label, frame, where, column)
                columns[column] = f":{role}({label})", own
            seen[name] = seen.get(name, 0) + 1
            tables.append(_table("relations", name, frame, columns, where, number=seen[name]))
        return cls(tables)

    def write(self, folder: Path | str) -> Path:
        """Write the CSV folder that `kg-rec load` reads, and return it; it must be new or empty. Raises ConvertError."""
        from kg_rec.convert import written_beside
        from kg_rec.convert.writer import GraphWriter

        folder = Path(folder)
        with written_beside(folder) as beside:
            writer = GraphWriter(beside)
            try:
                for table in self._tables:
                    rows = writer.rows(table.kind, table.name, table.header, number=table.number)
                    for cells in zip(*table.columns, strict=True):
                        rows.write(cells)
            finally:
                writer.close()
        return folder

    def __repr__(self) -> str:
        told = ", ".join(f"{table.name}: {len(table.columns[0]):,}" for table in self._tables)
        return f"Graph({told})"


def _checked(frame: DataFrame, where: str) -> DataFrame:
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise ConvertError(f"{where}: expected a pandas DataFrame, found {type(frame).__name__}.", remedy=_UNDONE)
    for name in frame.columns:
        if not isinstance(name, str) or not name or ":" in name or "\n" in name:
            raise ConvertError(f"{where}: expected names of columns without a colon, found {name!r}.", remedy=_UNDONE)
    if not frame.columns.is_unique:
        twice = next(name for name in frame.columns[frame.columns.duplicated()])
        raise ConvertError(f"{where}: expected each column once, found '{twice}' again.", remedy=_UNDONE)
    return frame


def _with_id(frame: DataFrame, label: str, where: str) -> tuple[DataFrame, str]:
    """Return the frame with the id as a column, and that column's name."""
    names = _id_names(label)
    name = next((name for name in names if name in frame.columns), None)
    if name is not None:
        return frame, name
    index = frame.index.name
    if isinstance(index, str) and index not in frame.columns:
        return frame.reset_index(), index
    raise ConvertError(
        f"{where}: expected the id in a column {' or '.join(repr(name) for name in names)}, found "
        f"{', '.join(frame.columns) or 'no columns'}.",
        remedy=f"{_UNDONE} Say which column it is: frame.set_index('isbn')",
    )


def _id_names(label: str) -> tuple[str, ...]:
    camel = label[:1].lower() + label[1:]
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", label).lower()
    return "id", f"{camel}Id", f"{snake}_id"


def _ends(frame: DataFrame, labels: tuple[str, str], ids: tuple[str, str], where: str) -> tuple[str, str]:
    choices = [("source", "target")]
    for names in ((ids[0],), _id_names(labels[0])[1:]):
        choices += [(one, other) for one in names for other in (ids[1], *_id_names(labels[1])[1:]) if one != other]
    found = next((pair for pair in choices if set(pair) <= set(frame.columns)), None)
    if found is None:
        raise ConvertError(
            f"{where}: expected the ids of its ends in columns 'source' and 'target', or called as those of {labels[0]} and "
            f"{labels[1]} are, found {', '.join(frame.columns) or 'no columns'}.",
            remedy=f"{_UNDONE} Name them so: frame.rename(columns={{'from': 'source', 'to': 'target'}})",
        )
    return found


def _ids(column: Series[Any], where: str) -> list[str]:
    """Return ids as text: 7 and 7.0, which pandas makes of it where some are missing, are "7"."""
    found = []
    for row, value in zip(column.index, column.tolist(), strict=True):
        if _is_missing(value) or value == "":
            raise ConvertError(
                f"{where}, column '{column.name}', row {row}: expected an id, found none.", remedy=_UNDONE
            )
        found.append(str(int(value)) if isinstance(value, float) and value.is_integer() else str(value))
    return found


def _unique(ids: Sequence[str], frame: DataFrame, where: str, column: str) -> None:
    seen: dict[str, Any] = {}
    for row, identity in zip(frame.index, ids, strict=True):
        if identity in seen:
            raise ConvertError(
                f"{where}, column '{column}', row {row}: expected an id of its own, found '{identity}' again (first in row "
                f"{seen[identity]}).",
                remedy=f"{_UNDONE} Take one of them out: frame.drop_duplicates('{column}')",
            )
        seen[identity] = row


def _known(ids: Sequence[str], known: set[str], label: str, frame: DataFrame, where: str, column: str) -> None:
    wrong = [(row, identity) for row, identity in zip(frame.index, ids, strict=True) if identity not in known]
    if wrong:
        row, identity = wrong[0]
        more = f" and {len(wrong) - 1:,} more" if len(wrong) > 1 else ""
        raise ConvertError(
            f"{where}, column '{column}', row {row}{more}: expected the id of a {label}, found '{identity}'.",
            remedy=_UNDONE,
        )


def _table(
    kind: str, name: str, frame: DataFrame, ids: Mapping[str, tuple[str, Sequence[str]]], where: str, number: int = 1
) -> _Table:
    header = [head for head, _ in ids.values()]
    columns: list[Sequence[Any]] = [values for _, values in ids.values()]
    for column in frame.columns:
        if column in ids:
            continue
        if column == "key" and kind == "nodes":
            raise ConvertError(
                f"{where}: expected another name than 'key', under which every node keeps its own key.",
                remedy=f"{_UNDONE} Name it otherwise: frame.rename(columns={{'key': 'code'}})",
            )
        type_name, values = _values(frame[column], where)
        header.append(column if type_name == "string" else f"{column}:{type_name}")
        columns.append(values)
    if number > 1:  # a type between other labels, in a file of its own
        header.append(":TYPE")
        columns.append([name] * len(frame))
    return _Table(kind, name, number, tuple(header), tuple(columns))


def _values(column: Series[Any], where: str) -> tuple[str, list[Any]]:
    """Return the type of a column as headers have it, and its cells, None where a value is missing."""
    values = [None if _is_missing(value) else value for value in column.tolist()]
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, list | tuple | set) for value in present):
        inner = [part for value in present for part in value]
        type_name = _type_of(inner, column, where)
        return f"{type_name}[]", [None if value is None else [_cell(part) for part in value] for value in values]
    type_name = _type_of(present, column, where)
    if type_name == "double" and len(present) < len(values) and all(value == int(value) for value in present):
        # Whole numbers, some missing: pandas makes floating point numbers of them.
        return "long", [None if value is None else int(value) for value in values]
    return type_name, [_cell(value) for value in values]


def _type_of(present: Sequence[Any], column: Series[Any], where: str) -> str:
    if not present:
        return "string"
    if all(isinstance(value, datetime) for value in present):
        return "datetime" if any(value.tzinfo for value in present) else "localdatetime"
    if all(isinstance(value, date) and not isinstance(value, datetime) for value in present):
        return "date"
    for kinds, type_name in _TYPES:
        if all(isinstance(value, kinds) and (kinds is bool or not isinstance(value, bool)) for value in present):
            return type_name
    found = sorted({type(value).__name__ for value in present})
    raise ConvertError(
        f"{where}, column '{column.name}': expected numbers, booleans, texts, moments, dates, or lists of one of these, "
        f"found {' and '.join(found)}.",
        remedy=f"{_UNDONE} Make them text: frame['{column.name}'].astype(str)",
    )


def _cell(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _is_missing(value: Any) -> bool:
    import pandas as pd

    return (
        value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and not -1e999 < value < 1e999)
    )
