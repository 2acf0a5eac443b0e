"""Vectors kept from one run to the next, by the content of their texts.

One SQLite file per encoder fingerprint: another model, or the same name with other weights, never meets these vectors.
SQLite because a kill at any moment leaves a readable file, several processes may write at once, and 80,000 vectors are
read in under a second. No text is stored, only its hash.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kg_rec.errors import EncoderError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kg_rec.progress import Step
    from kg_rec.text.encoder import TextEncoder

_CHUNK = 1024
"""Texts encoded between two commits: what a kill can cost."""
_LOOKUP = 500
"""Keys a query; SQLite allows at least 999."""


class CachedEncoder:
    """Gives the vectors of `encoder`, each text encoded once and then read from `folder`.

    A person's words seldom come twice: encode them with `.encoder`, which keeps nothing.
    """

    def __init__(self, encoder: TextEncoder, folder: Path) -> None:
        self.encoder = encoder
        self.folder = folder

    @property
    def name(self) -> str:
        """What the encoder was asked for as."""
        return self.encoder.name

    @property
    def fingerprint(self) -> str:
        """That of the encoder within."""
        return self.encoder.fingerprint

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self.encoder.dim

    @property
    def path(self) -> Path:
        """The file of this encoder's vectors."""
        return self.folder / f"{self.fingerprint[:32]}.sqlite"

    def encode(self, texts: Sequence[str], progress: Step | None = None) -> NDArray[np.float32]:
        """Return one row a text (see TextEncoder); only texts that were never seen are encoded, each once.

        Raises EncoderError when the folder cannot be written to.
        """
        try:
            try:
                return self._encode(texts, progress)
            except sqlite3.OperationalError:
                raise  # no permission, no room, locked: the file itself is sound
            except sqlite3.DatabaseError:  # damaged: what a cache holds can be made again
                for ending in ("", "-wal", "-shm"):
                    self.path.with_name(self.path.name + ending).unlink(missing_ok=True)
                return self._encode(texts, progress)
        except (OSError, sqlite3.Error) as error:
            raise EncoderError(
                f"{self.path}: expected a file to keep vectors in, but: {error}",
                remedy="Make the folder writable and the disk free, or delete this file: the vectors are made again.",
            ) from error

    def _encode(self, texts: Sequence[str], progress: Step | None) -> NDArray[np.float32]:
        keys = [_key(text) for text in texts]
        self.folder.mkdir(parents=True, exist_ok=True)
        with closing(_open(self.path)) as database:
            found = _read(database, set(keys))
            missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
            if progress is not None and len(missing) < len(texts):
                progress.advance(len(texts) - len(missing))
            # Longest first across the chunks too: the first rate shown is the slowest, and the time left shrinks.
            waiting = sorted(missing.items(), key=lambda pair: len(pair[1]), reverse=True)
            for start in range(0, len(waiting), _CHUNK):
                chunk = waiting[start : start + _CHUNK]
                vectors = self.encoder.encode([text for _, text in chunk], progress)
                rows = [(key, vector.tobytes()) for (key, _), vector in zip(chunk, vectors, strict=True)]
                with database:
                    database.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", rows)
                found.update(rows)
        if not keys:
            return np.zeros((0, self.dim), dtype=np.float32)
        return np.frombuffer(b"".join([found[key] for key in keys]), dtype=np.float32).reshape(len(keys), -1).copy()


def _open(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=60)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL)")
        database.commit()
    except sqlite3.Error:
        database.close()
        raise
    return database


def _read(database: sqlite3.Connection, keys: set[bytes]) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    ordered = sorted(keys)  # in the order of the index, which reads each of its pages once
    for start in range(0, len(ordered), _LOOKUP):
        some = ordered[start : start + _LOOKUP]
        marks = ",".join("?" * len(some))
        found.update(database.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", some))
    return found


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
