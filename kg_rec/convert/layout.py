"""What a layout is, which there are, and which one a source has."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import entry_points
from typing import Protocol, runtime_checkable

from kg_rec.convert.source import Source
from kg_rec.convert.writer import GraphWriter
from kg_rec.errors import ConvertError

ENTRY_POINTS = "kg_rec.layouts"
"""Group of entry points by which other packages add layouts; each leads to an object like those of `Layout`."""
_OWN = ("movielens", "movielens_dat", "movielens_100k", "hetrec_lastfm", "amazon", "yelp", "mind", "rdf", "neo4j_admin")
"""Modules of this package, each with one layout called LAYOUT."""
_SHOWN = 12


@runtime_checkable
class Layout(Protocol):
    """A way in which data lies in files. name: for `--from`; looks_for: what it is recognised by, in words."""

    name: str
    looks_for: str

    def recognises(self, source: Source) -> bool:
        """Tell from the names of the files, and their beginnings, whether the source has this layout."""

    def convert(self, source: Source, graph: GraphWriter) -> None:
        """Write the graph. What is wrong with the source is noted there, and the line left out."""


def layouts() -> list[Layout]:
    """Return all layouts, kg-rec's own first. Raises ConvertError where another package's cannot be used."""
    found: list[Layout] = [import_module(f"kg_rec.convert.{module}").LAYOUT for module in _OWN]
    for point in entry_points(group=ENTRY_POINTS):
        try:
            layout = point.load()
            layout = layout() if isinstance(layout, type) else layout
        except Exception as error:  # whatever another package does when it is imported
            raise ConvertError(
                f"{point.value}: expected the layout '{point.name}', found {type(error).__name__}: {error}.",
                remedy=f"Nothing was written. It is named by an entry point {ENTRY_POINTS} of an installed package: "
                "mend or uninstall that.",
            ) from error
        if not isinstance(layout, Layout):
            raise ConvertError(
                f"{point.value}: expected a layout with name, looks_for, recognises and convert, found "
                f"{type(layout).__name__}.",
                remedy="Nothing was written.",
            )
        found.append(layout)
    return found


def layout_of(source: Source, name: str | None = None) -> Layout:
    """Return the layout called `name`, or else the one that the source has.

    Raises ConvertError with what was looked for and what was found where it is none, or more than one.
    """
    known = layouts()
    if name is not None:
        return _called(name, source, known)
    fitting = [layout for layout in known if layout.recognises(source)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        options = " or ".join(f"--from {layout.name}" for layout in fitting)
        told = "\n".join(_line(layout) for layout in fitting)
        raise ConvertError(
            f"{source.path}: expected one layout, found {len(fitting)} that fit:\n{told}",
            remedy=f"Nothing was written. Decide with {options}",
        )
    told = "\n".join(_line(layout) for layout in known)
    raise ConvertError(
        f"{source.path}: expected the files of one of these layouts:\n{told}\nfound {_files(source)}.",
        remedy="Nothing was written. docs/convert.md has the layouts, and how to add one.",
    )


def _called(name: str, source: Source, known: Sequence[Layout]) -> Layout:
    chosen = next((layout for layout in known if layout.name == name), None)
    if chosen is None:
        names = ", ".join(layout.name for layout in known)
        raise ConvertError(f"--from {name}: expected a layout of {names}.", remedy="Nothing was written.")
    if not chosen.recognises(source):
        raise ConvertError(
            f"{source.path}: expected {chosen.looks_for}, as '{name}' has it, found {_files(source)}.",
            remedy="Nothing was written.",
        )
    return chosen


def _line(layout: Layout) -> str:
    return f"  {layout.name:<15} {layout.looks_for}"


def _files(source: Source) -> str:
    names = [source.shown(name) for name in source.names]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
