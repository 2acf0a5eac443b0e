"""The named queries: every statement that kg-rec sends to Neo4j is a file under `cypher/`.

A script starts with a header comment: what it does, each parameter as `// $name  meaning`, and `// returns  columns`.
It runs in Neo4j Browser as it stands, after `:param` for each parameter. Nothing is ever pasted into a statement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from kg_rec.errors import ScriptError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_PARAMETER = re.compile(r"^//\s*\$(\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Script:
    """A named query. `name` is the path under `cypher/` without its ending, as "attach/attach"."""

    name: str
    text: str

    @property
    def parameters(self) -> frozenset[str]:
        """Names of the parameters that the header declares."""
        return frozenset(_PARAMETER.findall(self.text))

    def check(self, given: set[str]) -> None:
        """Raise ScriptError unless exactly the declared parameters are given."""
        if given != self.parameters:
            raise ScriptError(
                f"cypher/{self.name}.cypher: expected the parameters {sorted(self.parameters)}, found {sorted(given)}"
            )


def scripts_root() -> Traversable:
    """Return the folder of the scripts: inside the installed package, or the checkout's `cypher/`."""
    packaged = resources.files("kg_rec") / "cypher"
    if packaged.is_dir():
        return packaged
    checkout = Path(__file__).resolve().parents[2] / "cypher"
    if checkout.is_dir():
        return checkout
    raise ScriptError(
        f"The Cypher scripts are missing: expected them in {packaged} or {checkout}.",
        remedy="Install kg-rec again: pip install --force-reinstall kg-rec",
    )


@cache
def script(name: str) -> Script:
    """Return the script `cypher/<name>.cypher`. Raises ScriptError when there is none."""
    path = scripts_root().joinpath(*f"{name}.cypher".split("/"))
    try:
        return Script(name, path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ScriptError(f"There is no script cypher/{name}.cypher; there are: {', '.join(script_names())}") from error


def script_names() -> list[str]:
    """Return the names of all scripts, sorted."""
    root = scripts_root()
    return sorted(
        f"{folder.name}/{file.name.removesuffix('.cypher')}"
        for folder in root.iterdir()
        if folder.is_dir()
        for file in folder.iterdir()
        if file.name.endswith(".cypher")
    )
