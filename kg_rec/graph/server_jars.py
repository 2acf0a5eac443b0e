"""The managed Neo4j's jars: which they are, and a cache of them that every home shares.

`neo4j.lock` beside this file lists them with size and SHA-256, as jgo resolved them from the two coordinates below. A
first start so fetches only what it needs, at once and checked; nothing is resolved on the user's machine. After a
change of version, write the list anew with `python -m kg_rec.graph.server_jars`.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs
from filelock import FileLock

from kg_rec.errors import ServerError
from kg_rec.progress import SILENT, Progress

if TYPE_CHECKING:
    import requests
    from jgo.maven import Artifact, MavenContext

NEO4J_VERSION = "5.26.30"
BROWSER_VERSION = "5.24.0"
_COORDINATES = (f"org.neo4j:neo4j:{NEO4J_VERSION}", f"org.neo4j.client:neo4j-browser:{BROWSER_VERSION}")

_AT_ONCE = 8
_TIMEOUT = 30.0
"""Seconds without a byte until a download counts as broken off."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One jar of the server. `coordinate` is Maven's group:artifact:version, with :classifier where it has one."""

    coordinate: str
    size: int
    sha256: str

    @property
    def filename(self) -> str:
        """Name of the file, as Maven builds it from the coordinate."""
        _, *rest = self.coordinate.split(":")
        return "-".join(rest) + ".jar"

    def is_whole(self, folder: Path) -> bool:
        """Tell whether the file is in `folder` at its full size. Content was checked when it was fetched."""
        try:
            return (folder / self.filename).stat().st_size == self.size
        except OSError:
            return False


def cache_folder() -> Path:
    """Return the folder of what can be fetched again: `KG_REC_CACHE`, or the operating system's cache folder."""
    given = os.environ.get("KG_REC_CACHE")
    if given:
        return Path(given).expanduser().absolute()
    return Path(platformdirs.user_cache_dir("kg-rec", appauthor=False))


def locked_jars() -> list[Jar]:
    """Return the jars that make up the server, in the order of the class path."""
    text = (resources.files("kg_rec.graph") / "neo4j.lock").read_text(encoding="utf-8")
    jars = []
    for line in text.splitlines():
        if line and not line.startswith("#"):
            sha256, size, coordinate = line.split()
            jars.append(Jar(coordinate, int(size), sha256))
    return jars


def fetch_jars(progress: Progress = SILENT) -> Path:
    """Return the folder with all jars of the server, downloading those that are missing or not whole.

    A download is written beside its place, checked against its SHA-256 and then moved in, so that one that was cut off
    is never taken for whole, and those already there are not fetched twice. Raises ServerError where that fails.
    """
    folder = cache_folder() / f"neo4j-{NEO4J_VERSION}"
    jars = locked_jars()
    if all(jar.is_whole(folder) for jar in jars):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):  # another process may be downloading the same
        _download([jar for jar in jars if not jar.is_whole(folder)], folder, progress)
    return folder


def _download(jars: list[Jar], folder: Path, progress: Progress) -> None:
    import requests

    if not jars:
        return
    step = progress.step("Downloading Neo4j", sum(jar.size for jar in jars), "bytes")
    counting = threading.Lock()

    def advance(amount: int) -> None:
        with counting:
            step.advance(amount)

    with requests.Session() as session, ThreadPoolExecutor(_AT_ONCE) as pool:
        context = _maven()
        tasks = [pool.submit(_download_one, jar, folder, context, session, advance) for jar in jars]
        try:
            for task in as_completed(tasks):
                task.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _download_one(jar: Jar, folder: Path, context: MavenContext, session: requests.Session, advance: Any) -> None:
    """Fetch one jar from the first repository that has it. Raises ServerError."""
    import requests

    problems = []
    for url in _addresses(context.create_dependency(jar.coordinate).artifact):
        for _attempt in range(3):
            try:
                _fetch(url, jar, folder, session, advance)
                return
            except (requests.RequestException, OSError, _DamagedError) as error:
                problems.append(f"{url}: {error}")
    raise ServerError(
        f"Neo4j could not be downloaded: {jar.coordinate}\n" + "\n".join(problems),
        remedy="Check the network and run it again; what has been fetched is kept.",
    )


def _addresses(artifact: Artifact) -> list[str]:
    path = f"{artifact.component.path_prefix.as_posix()}/{artifact.filename}"
    return [f"{repository}/{path}" for repository in artifact.context.remote_repos.values()]


class _DamagedError(Exception):
    """What arrived is not what was asked for."""


def _fetch(url: str, jar: Jar, folder: Path, session: requests.Session, advance: Any) -> None:
    beside = folder / f"{jar.filename}.part"
    digest = hashlib.sha256()
    arrived = 0
    with session.get(url, stream=True, timeout=_TIMEOUT) as response, beside.open("wb") as file:
        response.raise_for_status()
        for block in response.iter_content(1 << 16):
            file.write(block)
            digest.update(block)
            arrived += len(block)
            advance(len(block))
    if digest.hexdigest() != jar.sha256:
        beside.unlink()
        advance(-arrived)
        raise _DamagedError(f"expected {jar.size} bytes with SHA-256 {jar.sha256}, found {arrived} bytes")
    beside.replace(folder / jar.filename)


def _maven(repo_cache: Path | None = None) -> MavenContext:
    """Return jgo's view of Maven: the repositories of its own configuration (a mirror), then its default one."""
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import MavenContext

    repositories = {**GlobalSettings.load().repositories, "central": MAVEN_CENTRAL_URL}
    return MavenContext(repo_cache=repo_cache, remote_repos=repositories, timeout=int(_TIMEOUT))


def resolve_jars(repo_cache: Path) -> Iterable[Jar]:
    """Resolve the two coordinates with jgo, download what belongs to them, and yield it, sorted, with its SHA-256."""
    context = _maven(repo_cache)
    wanted = [context.create_dependency(coordinate) for coordinate in _COORDINATES]
    inputs, transitive = context.resolver.resolve(wanted)
    artifacts = [each.artifact for each in [*inputs, *transitive] if each.scope in (None, "compile", "runtime")]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        paths = list(pool.map(lambda artifact: Path(artifact.resolve()), artifacts))
    for artifact, path in sorted(zip(artifacts, paths, strict=True), key=lambda pair: str(pair[0].filename)):
        parts = [artifact.groupId, artifact.artifactId, artifact.version]
        content = path.read_bytes()
        yield Jar(
            ":".join([*parts, artifact.classifier] if artifact.classifier else parts),
            len(content),
            hashlib.sha256(content).hexdigest(),
        )


def write_lock(repo_cache: Path, path: Path) -> None:
    """Write the list of jars to `path`."""
    lines = [f"{jar.sha256} {jar.size} {jar.coordinate}\n" for jar in resolve_jars(repo_cache)]
    header = f"# {' + '.join(_COORDINATES)}\n# SHA-256, bytes, coordinate; written by python -m kg_rec.graph.server_jars\n"
    path.write_text(header + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    write_lock(cache_folder() / "maven", Path(__file__).with_name("neo4j.lock"))
