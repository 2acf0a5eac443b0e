"""The environments that the peers run in: one for each file in peers/requirements/, made where it is not there yet."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from peers import HERE

REQUIREMENTS = Path(__file__).parent / "peers" / "requirements"

_BORROWS = {"lenskit"}
"""Groups that import PyTorch: they see the packages of the driver's environment behind their own, 6 GB less each."""


class NoEnvironmentError(Exception):
    """An environment cannot be made."""


def python_of(group: str, work: Path) -> Path:
    """Return the interpreter of a group, in an environment under `work` made for just its requirements.

    Raises NoEnvironmentError with what pip said where something cannot be installed.
    """
    if group == HERE:
        return Path(sys.executable)
    requirements = REQUIREMENTS / f"{group}.txt"
    wanted = requirements.read_text(encoding="utf-8")
    folder = work / f"environment-{group}"
    mark = folder / "installed.txt"
    python = folder / "bin" / "python"
    if mark.exists() and mark.read_text(encoding="utf-8") == wanted:
        return python
    venv.create(folder, with_pip=True, clear=True)
    if group in _BORROWS:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        packages = folder / "lib" / version / "site-packages"
        (packages / "driver.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    command = [str(python), "-m", "pip", "install", "--quiet", "--requirement", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoEnvironmentError(f"{requirements}: cannot be installed: {done.stderr.strip()}")
    mark.write_text(wanted, encoding="utf-8")
    return python
