"""The values of typed CSV columns, as Neo4j stores them.

Whole numbers of any width become Neo4j's 64-bit INTEGER, `float` and `double` its FLOAT, as `neo4j-admin` does by
default. An empty cell is a missing value. What `neo4j-admin` takes silently and nobody means is refused: NaN and
infinities (they are missing values: leave the cell empty), booleans other than true and false.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

Parse = Callable[[str], Any]
"""From a cell to its value; raises ValueError when it is none."""

_WIDTHS = {"byte": 8, "short": 16, "int": 32, "long": 64}
_NUMBER = re.compile(r"\s*[+-]?\d+\s*", re.ASCII)
_OFFSET = re.compile(r"[+-]\d\d(:?\d\d)?")
_POINT_FIELD = re.compile(r"\s*['\"]?(\w+)['\"]?\s*:\s*['\"]?([^,'\"}]+)['\"]?\s*")

NUMERIC_TYPES = frozenset({*_WIDTHS, "float", "double"})
TEMPORAL_TYPES = frozenset({"date", "localdatetime", "datetime"})
TYPE_NAMES = (
    *("string", "char", "boolean", "byte", "short", "int", "long", "float", "double"),
    *("date", "time", "localtime", "datetime", "localdatetime", "duration", "point"),
)


def expectation(type_name: str) -> str:
    """Return what a cell of the type must be, in words, as "an integer"."""
    if type_name in _WIDTHS:
        bits = _WIDTHS[type_name]
        return "an integer" if bits == 64 else f"an integer from {-(2 ** (bits - 1)):,} to {2 ** (bits - 1) - 1:,}"
    return {
        "string": "text in UTF-8",
        "char": "one character",
        "boolean": "true or false",
        "float": "a number",
        "double": "a number",
        "date": "a date as 2024-05-31",
        "time": "a time with zone as 12:30:00+02:00",
        "localtime": "a time as 12:30:00",
        "datetime": "a date and time as 2024-05-31T12:30:00Z",
        "localdatetime": "a date and time as 2024-05-31T12:30:00",
        "duration": "a duration as P1Y2M10DT2H30M",
        "point": "a point as {latitude: 48.9, longitude: 2.4} or {x: 1, y: 2}",
    }[type_name]


def parser(type_name: str, options: dict[str, str]) -> Parse:
    """Return the function that parses cells of the type. `options`: what stood in braces behind it (timezone, crs).

    Raises ValueError, KeyError or OSError where they cannot be used.
    """
    for name, value in options.items():
        if not value:
            raise ValueError(f"{name}: nothing behind it")
    if type_name in _WIDTHS:
        return _integer(_WIDTHS[type_name])
    if type_name == "datetime":
        return _date_time(options.get("timezone"))
    if type_name == "time":
        return _time(options.get("timezone"))
    if type_name == "point":
        return _point(options.get("crs"))
    return {
        "string": _string,
        "char": _char,
        "boolean": _boolean,
        "float": _float,
        "double": _float,
        "date": _date,
        "localtime": _local_time,
        "localdatetime": _local_date_time,
        "duration": _duration,
    }[type_name]


def list_of(parse: Parse, delimiter: str) -> Parse:
    """Return the parser of a cell holding a list, its values separated by `delimiter`."""
    return lambda cell: [parse(part) for part in cell.split(delimiter)]


def _string(cell: str) -> str:
    return cell


def _char(cell: str) -> str:
    if len(cell) != 1:
        raise ValueError(cell)
    return cell


def _boolean(cell: str) -> bool:
    word = cell.strip().lower()
    if word not in ("true", "false"):
        raise ValueError(cell)
    return word == "true"


def _integer(bits: int) -> Parse:
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    is_number = _NUMBER.fullmatch

    def parse(cell: str) -> int:
        if not is_number(cell):  # int() takes 1_000 and digits of other scripts too
            raise ValueError(cell)
        value = int(cell)
        if not low <= value <= high:
            raise ValueError(cell)
        return value

    return parse


def _float(cell: str) -> float:
    if "_" in cell:
        raise ValueError(cell)
    value = float(cell)
    if not math.isfinite(value):
        raise ValueError(cell)
    return value


def _date(cell: str) -> Any:
    from neo4j.time import Date

    return Date.from_iso_format(cell.strip())


def _local_time(cell: str) -> Any:
    from neo4j.time import Time

    value = Time.from_iso_format(cell.strip())
    if value.tzinfo is not None:
        raise ValueError(cell)
    return value


def _local_date_time(cell: str) -> Any:
    from neo4j.time import DateTime

    value = DateTime.from_iso_format(cell.strip())
    if value.tzinfo is not None:
        raise ValueError(cell)
    return value


def _duration(cell: str) -> Any:
    from neo4j.time import Duration

    return Duration.from_iso_format(cell.strip())


class _Zone(tzinfo):
    """A named time zone for the driver's own DateTime: CPython's ZoneInfo reads past the end of what is no datetime."""

    def __init__(self, name: str) -> None:
        self._zone = ZoneInfo(name)
        self.key = name

    def utcoffset(self, moment: Any) -> timedelta | None:
        native = moment if moment is None or isinstance(moment, datetime) else moment.to_native()
        return self._zone.utcoffset(native)

    def dst(self, moment: Any) -> timedelta | None:
        native = moment if moment is None or isinstance(moment, datetime) else moment.to_native()
        return self._zone.dst(native)

    def tzname(self, _: Any) -> str:
        return self.key


def _zone(name: str) -> tzinfo:
    if _OFFSET.fullmatch(name):
        return _offset(name)
    return UTC if name.upper() in ("Z", "UTC") else _Zone(name)


def _offset(text: str) -> tzinfo:
    """The driver's own zone for +02:00 or Z; it goes with its DateTime and its Time, unlike Python's."""
    from neo4j.time import Time

    zone = Time.from_iso_format(f"00:00:00{_with_offset(text)}").tzinfo
    assert zone is not None  # the text has an offset
    return zone


def _with_offset(text: str) -> str:
    """`text` with the offset at its end as the driver reads it: +02:00 for +0200 and +02, +00:00 for Z."""
    text = re.sub(r"Z$", "+00:00", text)
    return re.sub(r"([+-]\d\d)(\d\d)?$", lambda found: f"{found[1]}:{found[2] or '00'}", text)


def _date_time(option: str | None) -> Parse:
    default = _zone(option or "UTC")

    def parse(cell: str) -> Any:
        from neo4j.time import DateTime

        text, _, zone = cell.strip().partition("[")
        date, _, time = text.partition("T")
        value = DateTime.from_iso_format(f"{date}T{_with_offset(time)}")
        if zone:
            return value.replace(tzinfo=_zone(zone.removesuffix("]")))
        if value.tzinfo is None:
            return value.replace(tzinfo=default)
        # The driver calls an offset of zero the zone "UTC", which Neo4j stores as another value.
        return value.replace(tzinfo=UTC) if value.utcoffset() == timedelta() else value

    return parse


def _time(option: str | None) -> Parse:
    if option and option.upper() not in ("Z", "UTC") and not _OFFSET.fullmatch(option):
        raise ValueError(f"{option}: a time without a date has an offset as +02:00")
    default = _offset("Z" if option is None or option[0] in "zZuU" else option)

    def parse(cell: str) -> Any:
        from neo4j.time import Time

        value = Time.from_iso_format(_with_offset(cell.strip()))
        return value if value.tzinfo else value.replace(tzinfo=default)

    return parse


_SRIDS = {"wgs-84": 4326, "wgs-84-3d": 4979, "cartesian": 7203, "cartesian-3d": 9157}


def _point(crs: str | None) -> Parse:
    def parse(cell: str) -> Any:
        from neo4j.spatial import CartesianPoint, WGS84Point

        text = cell.strip()
        if not (text.startswith("{") and text.endswith("}")):
            raise ValueError(cell)
        given: dict[str, str] = {}
        for part in text[1:-1].split(","):
            match = _POINT_FIELD.fullmatch(part)
            if match is None:
                raise ValueError(cell)
            given[match[1].lower()] = match[2].strip()
        system = (given.pop("crs", None) or crs or "").lower()
        if system and system not in _SRIDS:
            raise ValueError(cell)
        geographic = system.startswith("wgs") if system else "latitude" in given
        names = ("longitude", "latitude", "height") if "latitude" in given else ("x", "y", "z")
        height = [given[names[2]]] if names[2] in given else []
        if not {names[0], names[1]} <= set(given) <= set(names):
            raise ValueError(cell)
        coordinates = [_float(value) for value in (given[names[0]], given[names[1]], *height)]
        return WGS84Point(coordinates) if geographic else CartesianPoint(coordinates)

    return parse
