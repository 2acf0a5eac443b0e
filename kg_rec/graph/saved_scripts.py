"""The questions as Saved Scripts of Neo4j Browser.

The Browser takes a ZIP file that is dropped on it, with a folder of its own for each folder of *.cypher files in it, and lists a
script by the first line, without the slashes. A script keeps no parameters: one that sets those of all others comes with them.
"""

from __future__ import annotations

import os
import re
import shutil
import zipfile
from typing import TYPE_CHECKING, Any

from kg_rec.errors import GraphError, InputError
from kg_rec.graph.explore import parameter_line, questions, values

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kg_rec.graph.client import GraphClient
    from kg_rec.schema import GraphSchema

FOLDER = "kg-rec"
"""Name of the folder that the scripts are in."""
_FIRST = "0_parameters"
_EXAMPLE = re.compile(r"^// :param (\w+) => .*\n", re.MULTILINE)


def saved_scripts(client: GraphClient, schema: GraphSchema) -> dict[str, str]:
    """Return all questions that can be asked of this graph, {name of the file: content}, with its own values as examples.

    The first file sets the parameters of all of them. Raises GraphError where the graph is empty.
    """
    files: dict[str, str] = {}
    every: dict[str, Any] = {}
    refused: list[GraphError] = []
    for asked in questions():
        try:
            found = values(client, schema, asked, {}).values
        except GraphError as error:  # one that asks for what this graph has not
            refused.append(error)
            continue
        every = {**found, **every, "limit": 25}
        files[f"{asked.name}.cypher"] = _with_examples(asked.script.text, found)
    if not every.keys() - {"limit", "titles"}:
        raise refused[0] if refused else GraphError("There are no questions to save.")
    first = ["// Parameters: run this first, and change it to ask of others", *_lines(every)]
    return {f"{_FIRST}.cypher": "\n".join(first) + "\n", **files}


def write_saved_scripts(files: Mapping[str, str], target: Path) -> None:
    """Write the scripts into a new ZIP file where the name of `target` ends with .zip, else into a new folder.

    It is there complete or not at all. Raises InputError where it cannot be written or is there already.
    """
    if target.exists():
        raise InputError(f"{target}: expected a new file or folder, found one that is there already.")
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        if target.suffix.lower() == ".zip":
            with zipfile.ZipFile(beside, "x", zipfile.ZIP_DEFLATED) as archive:
                for name, content in files.items():
                    archive.writestr(f"{FOLDER}/{name}", content)
        else:
            beside.mkdir()
            for name, content in files.items():
                (beside / name).write_text(content, encoding="utf-8")
        beside.rename(target)
    except OSError as error:
        raise InputError(f"{target}: the scripts cannot be written: {error.strerror}") from error
    finally:
        if beside.is_dir():
            shutil.rmtree(beside)
        beside.unlink(missing_ok=True)


def for_browser(text: str, parameters: Mapping[str, Any]) -> str:
    """Return what to paste into Neo4j Browser: the `:param` lines, then the statement without its examples.

    They are two pastes: the Browser draws no picture of a statement that comes with others.
    """
    return "\n".join([*_lines(parameters), "", _EXAMPLE.sub("", text)])


def _lines(parameters: Mapping[str, Any]) -> list[str]:
    return [parameter_line(name, value) for name, value in parameters.items()]


def _with_examples(text: str, parameters: Mapping[str, Any]) -> str:
    return _EXAMPLE.sub(lambda found: f"// {parameter_line(found[1], parameters[found[1]])}\n", text)
