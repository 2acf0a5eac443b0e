"""The managed Neo4j's jars: which they are, and the cache of them that all homes share.

A list beside this file for each release names them with size and SHA-256, as jgo resolved them from two coordinates, so
that a first start fetches and checks them right away: resolving anew would read 323 project files one by one before the
first jar (29 s, against 1–15 s for the jars). After a change of version, write the lists again:

    python -m kg_rec.graph.server_jars
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
from filelock import FileLock

from kg_rec.errors import ServerError, SettingsError
from kg_rec.progress import SILENT, Progress

if TYPE_CHECKING:
    import requests
    from jgo.maven import Artifact, MavenContext

BROWSER_VERSION = "5.24.0"


@dataclass(frozen=True, slots=True)
class Release:
    """A Neo4j that can be managed. lock: name of the list of its jars; main: the class that starts it; java: the oldest Java."""

    version: str
    lock: str
    main: str
    java: int

    @property
    def coordinates(self) -> tuple[str, ...]:
        """What its jars are resolved from."""
        return f"org.neo4j:neo4j:{self.version}", f"org.neo4j.client:neo4j-browser:{BROWSER_VERSION}"

    @property
    def numbers(self) -> tuple[int, ...]:
        """The version in a form that can be compared; the calendar line (2026.08.1) is newer than 5.26."""
        return tuple(map(int, self.version.split(".")))


LONG_TERM = Release("5.26.30", "neo4j.lock", "org.neo4j.server.CommunityEntryPoint", java=17)
CALENDAR = Release("2026.08.1", "neo4j-2026.lock", "org.neo4j.server.Neo4jCommunity", java=21)
RELEASES = (LONG_TERM, CALENDAR)
NEO4J_VERSION = LONG_TERM.version
"""The one that is managed where nothing else is asked for."""

_AT_ONCE = 8
_TIMEOUT = 30
"""Seconds without a byte after which a download counts as broken off."""
_PAUSES = (1.0, 4.0)
"""Seconds to wait before each further attempt."""
_MB = 1_000_000

Advance = Callable[[int], None]


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
        """Tell whether the file is in `folder` with every byte as it should be."""
        path = folder / self.filename
        try:
            return path.stat().st_size == self.size and _sha256(path) == self.sha256
        except OSError:
            return False


class _DamagedError(OSError):
    """What arrived is not what was asked for."""


def cache_folder() -> Path:
    """Return the folder of what can be fetched again: `KG_REC_CACHE`, or the operating system's cache folder."""
    given = os.environ.get("KG_REC_CACHE")
    if given:
        return Path(given).expanduser().absolute()
    return Path(platformdirs.user_cache_dir("kg-rec", appauthor=False))


def release_of(wanted: str) -> Release:
    """Return the release that `wanted` names, in full or by its beginning: "2026.08.1", "2026". Raises SettingsError."""
    for release in RELEASES:
        if f"{release.version}.".startswith(f"{wanted}."):
            return release
    versions = " or ".join(release.version for release in RELEASES)
    raise SettingsError(
        f"KG_REC_NEO4J_VERSION: expected {versions}, in full or its beginning; found '{wanted}'.",
        remedy="Any other Neo4j can be used by its address: --neo4j-uri (KG_REC_NEO4J_URI).",
    )


def jars_folder(release: Release = LONG_TERM) -> Path:
    """Return the folder of the server's jars, whether they are there or not."""
    return cache_folder() / f"neo4j-{release.version}"


def locked_jars(release: Release = LONG_TERM) -> list[Jar]:
    """Return the jars that make up the server."""
    text = (resources.files("kg_rec.graph") / release.lock).read_text(encoding="utf-8")
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return [Jar(coordinate, int(size), sha256) for sha256, size, coordinate in rows]


def fetch_jars(progress: Progress = SILENT, release: Release = LONG_TERM) -> int:
    """Download the jars that are missing or not whole, and return how many those were.

    A download is written beside its place, checked against its SHA-256 and then moved in, so that one that was cut off
    is never taken for whole, and what came before it is not fetched twice. All are checked each time (0.1 s), as a disk
    may lose what was written before the power went. Raises ServerError where a jar cannot be had or written.
    """
    folder = jars_folder(release)
    jars = locked_jars(release)
    if all(jar.is_whole(folder) for jar in jars):
        return 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):  # another process may be downloading the same
            wanted = [jar for jar in jars if not jar.is_whole(folder)]
            if wanted:
                _download(wanted, folder, progress)
    except OSError as error:
        raise ServerError(
            f"{folder}: Neo4j's files cannot be written: {error}",
            remedy="KG_REC_CACHE can name another folder for them (about 160 MB).",
        ) from error
    return len(wanted)


def _download(jars: list[Jar], folder: Path, progress: Progress) -> None:
    import requests

    advance = _in_megabytes(progress, sum(jar.size for jar in jars))
    context = _maven()
    # One session: a new connection for each file takes 30 times as long.
    with requests.Session() as session, ThreadPoolExecutor(_AT_ONCE) as pool:
        tasks = [pool.submit(_download_one, jar, folder, context, session, advance) for jar in jars]
        try:
            for task in tasks:
                task.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _in_megabytes(progress: Progress, size: int) -> Advance:
    """Open a step of `size` bytes that counts in megabytes, and return what the threads tell their bytes to."""
    step = progress.step("Downloading Neo4j", max(size // _MB, 1), "MB")
    lock = threading.Lock()
    done = 0

    def advance(amount: int) -> None:
        nonlocal done
        with lock:
            before, done = done, done + amount
            step.advance(done // _MB - before // _MB)

    return advance


def _download_one(jar: Jar, folder: Path, context: MavenContext, session: requests.Session, advance: Advance) -> None:
    """Fetch one jar from the first repository that has it. Raises ServerError with what each one said."""
    addresses = _addresses(context.create_dependency(jar.coordinate).artifact)
    problems: dict[str, OSError] = {}
    for pause in (0.0, *_PAUSES):
        time.sleep(pause)
        for address in addresses:
            try:
                return _fetch(address, jar, folder, session, advance)
            except OSError as error:  # requests' own errors are OSErrors too
                problems[address] = error
    raise ServerError(
        f"Neo4j could not be downloaded: {jar.filename}\n"
        + "\n".join(f"  {address}: {error}" for address, error in problems.items()),
        remedy="Check the network and start it again; what has arrived is kept.",
    )


def _fetch(address: str, jar: Jar, folder: Path, session: requests.Session, advance: Advance) -> None:
    beside = folder / f"{jar.filename}.part"
    arrived = 0
    try:
        with session.get(address, stream=True, timeout=_TIMEOUT) as response, beside.open("wb") as file:
            response.raise_for_status()
            for block in response.iter_content(1 << 16):
                file.write(block)
                arrived += len(block)
                advance(len(block))
        if arrived != jar.size or _sha256(beside) != jar.sha256:
            raise _DamagedError(f"expected {jar.size} bytes with SHA-256 {jar.sha256}, found {arrived} other bytes")
    except OSError:
        advance(-arrived)
        raise
    beside.replace(folder / jar.filename)


def _addresses(artifact: Artifact) -> list[str]:
    path = f"{artifact.component.path_prefix.as_posix()}/{artifact.filename}"
    return [f"{repository}/{path}" for repository in artifact.context.remote_repos.values()]


def _maven(repo_cache: Path | None = None) -> MavenContext:
    """Return jgo's view of Maven: the repositories of its configuration file (a mirror, say), then its usual one."""
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import MavenContext

    repositories = {**GlobalSettings.load().repositories, "central": MAVEN_CENTRAL_URL}
    return MavenContext(repo_cache=repo_cache, remote_repos=repositories, timeout=_TIMEOUT)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def resolve_jars(repo_cache: Path, release: Release) -> Iterator[Jar]:
    """Resolve the coordinates of a release with jgo, download what belongs to them, and yield it sorted by file name."""
    context = _maven(repo_cache)
    inputs, others = context.resolver.resolve(
        [context.create_dependency(coordinate) for coordinate in release.coordinates]
    )
    needed = [*inputs, *(other for other in others if other.scope in ("compile", "runtime"))]
    for artifact in sorted((each.artifact for each in needed), key=lambda artifact: str(artifact.filename)):
        path = Path(artifact.resolve())
        parts = [artifact.groupId, artifact.artifactId, artifact.version, artifact.classifier]
        yield Jar(":".join(part for part in parts if part), path.stat().st_size, _sha256(path))


def write_lock(repo_cache: Path, path: Path, release: Release) -> None:
    """Write the list of the jars of a release to `path`."""
    lines = [f"{jar.sha256} {jar.size} {jar.coordinate}\n" for jar in resolve_jars(repo_cache, release)]
    header = f"# {' + '.join(release.coordinates)}\n# SHA-256, bytes, coordinate; written by python -m kg_rec.graph.server_jars\n"
    path.write_text(header + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    for each in RELEASES:
        write_lock(cache_folder() / "maven", Path(__file__).with_name(each.lock), each)
