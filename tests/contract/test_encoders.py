"""What every encoder promises, held by each of them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from kg_rec.errors import EncoderError
from kg_rec.text.encoder import DEFAULT_ENCODER, CachedEncoder, HashEncoder, SentenceEncoder, TextEncoder, load_encoder
from kg_rec.text.serving import ServingEncoder, exported, serving_encoder

TEXTS = [
    "a slow, sad science fiction film",
    "",
    "  \n ",
    "Amélie",
    "我想看一部悲伤的电影",
    "Что посмотреть вечером?",
    "😀 !?",
    "word " * 3000,
    "a slow, sad science fiction film",
]

ENCODERS: dict[str, Callable[[Path], TextEncoder]] = {
    "hash": lambda folder: HashEncoder(),
    "MiniLM": lambda folder: SentenceEncoder(),
    "hash, cached": lambda folder: load_encoder("hash", cache=folder),
    "MiniLM, cached": lambda folder: load_encoder(cache=folder),
    # exporting takes seconds: once for all tests
    "MiniLM, exported": lambda folder: serving_encoder(DEFAULT_ENCODER, folder.parents[1] / "encoders"),
}


@pytest.fixture(params=ENCODERS)
def encoder(request: pytest.FixtureRequest, tmp_path: Path) -> TextEncoder:
    return ENCODERS[request.param](tmp_path / "vectors")


class Counted:
    def __init__(self) -> None:
        self.done = 0

    def advance(self, amount: int = 1) -> None:
        self.done += amount


def test_gives_a_unit_vector_a_text_and_the_zero_vector_for_none(encoder: TextEncoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert isinstance(encoder, TextEncoder)
    assert vectors.shape == (len(TEXTS), encoder.dim)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(
        np.linalg.norm(vectors, axis=1), [float(bool(text.strip())) for text in TEXTS], atol=1e-5
    )


def test_the_same_text_has_the_same_vector_whatever_is_beside_it(encoder: TextEncoder) -> None:
    together = encoder.encode(TEXTS)
    for row, text in enumerate(TEXTS):
        np.testing.assert_allclose(encoder.encode([text])[0], together[row], atol=1e-6)
    np.testing.assert_allclose(encoder.encode(TEXTS[::-1]), together[::-1], atol=1e-6)


def test_a_new_instance_gives_the_same_vectors_and_fingerprint(
    encoder: TextEncoder, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    again = ENCODERS[request.node.callspec.params["encoder"]](tmp_path / "elsewhere")
    np.testing.assert_allclose(again.encode(TEXTS), encoder.encode(TEXTS), atol=1e-6)
    assert again.fingerprint == encoder.fingerprint


def test_texts_with_much_in_common_are_nearer_than_others(encoder: TextEncoder) -> None:
    sad, sadder, cooking = encoder.encode(["a sad film", "a very sad film", "how to bake bread"])
    assert sad @ sadder > 0.5 > sad @ cooking


def test_no_texts_give_no_rows(encoder: TextEncoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dim)


def test_a_lone_surrogate_is_a_text_like_any_other(encoder: TextEncoder) -> None:
    assert np.linalg.norm(encoder.encode(["broken \ud83d emoji"])) == pytest.approx(1, abs=1e-5)


def test_progress_counts_every_text(encoder: TextEncoder) -> None:
    for _ in range(2):  # the second time the cached ones come from the cache
        counted = Counted()
        encoder.encode(TEXTS, counted)
        assert counted.done == len(TEXTS)


def test_what_comes_back_may_be_changed_without_harm(encoder: TextEncoder) -> None:
    first = encoder.encode(["a text"])
    kept = first.copy()
    first[:] = 0
    np.testing.assert_allclose(encoder.encode(["a text"]), kept, atol=1e-6)


def test_the_fingerprints_of_different_encoders_differ() -> None:
    assert len({HashEncoder().fingerprint, HashEncoder(32).fingerprint, SentenceEncoder().fingerprint}) == 3


def test_the_cache_passes_the_encoder_on(tmp_path: Path) -> None:
    inner = HashEncoder()
    cached = CachedEncoder(inner, tmp_path)
    assert (cached.name, cached.dim, cached.fingerprint) == (inner.name, inner.dim, inner.fingerprint)
    assert cached.encoder is inner


@pytest.mark.parametrize("exact", [True, False])
def test_exported_weights_give_the_same_vectors(tmp_path: Path, exact: bool) -> None:
    original = SentenceEncoder()
    encoder = serving_encoder(DEFAULT_ENCODER, tmp_path.parent / "encoders", exact=exact)
    assert isinstance(encoder, ServingEncoder)
    assert (encoder.name, encoder.fingerprint, encoder.dim) == (original.name, original.fingerprint, original.dim)
    assert encoder.precision in (("f32",) if exact else ("f32", "bf16"))
    found, expected = encoder.encode(TEXTS), original.encode(TEXTS)
    np.testing.assert_allclose(found, expected, atol=1e-5 if encoder.precision == "f32" else 5e-3)
    wordy = expected.any(axis=1)
    assert (found[wordy] * expected[wordy]).sum(axis=1).min() > 0.9995


def test_several_threads_encode_at_once(tmp_path: Path) -> None:
    encoder = serving_encoder(DEFAULT_ENCODER, tmp_path.parent / "encoders")
    texts = [f"{text} {number}" for number in range(4) for text in TEXTS]
    expected = encoder.encode(texts)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(encoder.encode, [texts] * 8):
            np.testing.assert_array_equal(found, expected)


def test_an_exported_file_that_is_damaged_says_so(tmp_path: Path) -> None:
    path = tmp_path / f"{SentenceEncoder().fingerprint}.xml"
    path.write_bytes(b"no model")
    assert exported(SentenceEncoder(), tmp_path) == path
    with pytest.raises(EncoderError, match="Delete the file"):
        serving_encoder(DEFAULT_ENCODER, tmp_path)


def test_only_sentence_encoders_are_exported(tmp_path: Path) -> None:
    assert isinstance(serving_encoder("hash", tmp_path), HashEncoder)
    assert not list(tmp_path.iterdir())
