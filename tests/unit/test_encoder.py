from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kg_rec.errors import EncoderError
from kg_rec.progress import Step
from kg_rec.text.bert import MeanPooledBert
from kg_rec.text.encoder import DEFAULT_ENCODER, CachedEncoder, HashEncoder, SentenceEncoder, load_encoder

TEXTS = ["the red fox", "a fox", "Amélie 天 Привет", "the fox and the red dog " * 40, "!"]


@pytest.fixture(scope="module")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transformers model without a pooling head: random weights, 16 numbers wide."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny-bert")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "a", "red", "fox", "dog", "and", "##s", "!", "天"]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=24,
        initializer_range=0.5,  # so that its vectors differ by more than rounding
    )
    BertModel(config).save_pretrained(folder)
    return folder


def copied(model: Path, to: Path, **config: Any) -> Path:
    shutil.copytree(model, to)
    if config:
        path = to / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | config))
    return to


def pooled_by(mode: str, model: Path, to: Path) -> Path:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer

    transformer = Transformer(str(model))
    SentenceTransformer(modules=[transformer, Pooling(16, pooling_mode=mode)], device="cpu").save(str(to))
    return to


def by_sentence_transformers(folder: Path, texts: Sequence[str]) -> np.ndarray:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu")
    return np.asarray(model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False))


def test_the_default_model_comes_from_its_package() -> None:
    encoder = load_encoder()
    assert encoder.name == DEFAULT_ENCODER
    assert encoder.dim == 384
    assert isinstance(encoder, SentenceEncoder)
    assert encoder.fingerprint == SentenceEncoder(f"sentence-transformers/{DEFAULT_ENCODER}").fingerprint


def test_the_short_way_gives_the_vectors_of_sentence_transformers_for_the_default_model() -> None:
    encoder = SentenceEncoder()
    assert MeanPooledBert.read(encoder.folder) is not None
    np.testing.assert_allclose(encoder.encode(TEXTS), by_sentence_transformers(encoder.folder, TEXTS), atol=1e-6)


def test_a_model_without_a_pooling_head_is_pooled_by_the_mean_over_the_attention_mask(tiny_bert: Path) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(tiny_bert), AutoModel.from_pretrained(tiny_bert).eval()
    batch = tokenizer(TEXTS, padding=True, truncation=True, max_length=24, return_tensors="pt")
    with torch.inference_mode():
        hidden = model(**batch).last_hidden_state
    mask = batch["attention_mask"][:, :, None]
    mean = (hidden * mask).sum(1) / mask.sum(1)
    expected = torch.nn.functional.normalize(mean, dim=1).numpy()
    np.testing.assert_allclose(SentenceEncoder(str(tiny_bert)).encode(TEXTS), expected, atol=1e-6)
    np.testing.assert_allclose(by_sentence_transformers(tiny_bert, TEXTS), expected, atol=1e-6)


@pytest.mark.parametrize("mode", ["mean", "cls", "max"])
def test_any_pooling_gives_the_vectors_of_sentence_transformers(mode: str, tiny_bert: Path, tmp_path: Path) -> None:
    folder = pooled_by(mode, tiny_bert, tmp_path / mode)
    assert (MeanPooledBert.read(folder) is not None) == (mode == "mean")
    vectors = SentenceEncoder(str(folder)).encode(TEXTS)
    np.testing.assert_allclose(vectors, by_sentence_transformers(folder, TEXTS), atol=1e-6)
    assert len({tuple(vector.round(4)) for vector in vectors}) == len(TEXTS)


@pytest.mark.parametrize("config", [{"hidden_act": "relu"}, {"is_decoder": True}])
def test_a_bert_of_another_build_is_left_to_sentence_transformers(
    config: dict[str, Any], tiny_bert: Path, tmp_path: Path
) -> None:
    folder = copied(tiny_bert, tmp_path / "other", **config)
    assert MeanPooledBert.read(folder) is None
    vectors = SentenceEncoder(str(folder)).encode(TEXTS)
    np.testing.assert_allclose(vectors, by_sentence_transformers(folder, TEXTS), atol=1e-6)


def test_another_architecture_works_too(tiny_bert: Path, tmp_path: Path) -> None:
    from transformers import DistilBertConfig, DistilBertModel

    folder = copied(tiny_bert, tmp_path / "distilled")
    (folder / "model.safetensors").unlink()
    config = DistilBertConfig(
        vocab_size=14, dim=8, n_layers=1, n_heads=2, hidden_dim=16, max_position_embeddings=24, initializer_range=0.5
    )
    DistilBertModel(config).save_pretrained(folder)
    vectors = SentenceEncoder(str(folder)).encode(TEXTS)
    assert vectors.shape == (len(TEXTS), 8)
    np.testing.assert_allclose(vectors, by_sentence_transformers(folder, TEXTS), atol=1e-6)


def test_weights_in_half_precision_are_left_to_sentence_transformers(tiny_bert: Path, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    folder = copied(tiny_bert, tmp_path / "half")
    halves = {name: tensor.to(torch.float16) for name, tensor in load_file(tiny_bert / "model.safetensors").items()}
    save_file(halves, folder / "model.safetensors", metadata={"format": "pt"})
    assert MeanPooledBert.read(folder) is None


def test_what_is_longer_than_the_model_reads_is_cut(tiny_bert: Path) -> None:
    long, longer = "the red fox " * 30, "the red fox " * 60
    first, second = SentenceEncoder(str(tiny_bert)).encode([long, longer])
    np.testing.assert_allclose(first, second, atol=1e-6)


@pytest.mark.parametrize("name", ["nobody/no-such-model", "no such model", "no-such-model"])
def test_an_unknown_name_says_what_can_be_given(name: str) -> None:
    with pytest.raises(EncoderError, match="neither a folder, nor an installed model") as caught:
        load_encoder(name)
    assert repr(name) in caught.value.message
    assert DEFAULT_ENCODER in caught.value.remedy


def test_a_folder_without_a_model_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"config\.json"):
        load_encoder(str(tmp_path))


def test_a_damaged_model_is_refused_when_it_is_first_used(tiny_bert: Path, tmp_path: Path) -> None:
    folder = copied(tiny_bert, tmp_path / "damaged")
    (folder / "model.safetensors").write_bytes(b"cut off")
    encoder = load_encoder(str(folder))
    with pytest.raises(EncoderError, match="cannot be loaded"):
        encoder.encode(["a fox"])


def test_the_fingerprint_changes_with_the_weights_the_tokenizer_and_the_length(tiny_bert: Path, tmp_path: Path) -> None:
    folder = copied(tiny_bert, tmp_path / "model")
    fingerprints = [SentenceEncoder(str(tiny_bert)).fingerprint, SentenceEncoder(str(folder)).fingerprint]
    assert len(set(fingerprints)) == 1
    weights = bytearray((folder / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (folder / "model.safetensors").write_bytes(bytes(weights))
    fingerprints.append(SentenceEncoder(str(folder)).fingerprint)
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 8}')
    fingerprints.append(SentenceEncoder(str(folder)).fingerprint)
    tokenizer = (folder / "tokenizer.json").read_text(encoding="utf-8")
    (folder / "tokenizer.json").write_text(tokenizer.replace('"fox"', '"box"'), encoding="utf-8")
    fingerprints.append(SentenceEncoder(str(folder)).fingerprint)
    assert len(set(fingerprints)) == 4


def test_importing_and_finding_a_model_is_quick() -> None:
    code = (
        "import sys; from kg_rec.text.encoder import load_encoder; load_encoder().fingerprint;"
        "print([name for name in ('torch', 'transformers', 'sentence_transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_default_model_needs_no_transformers() -> None:
    code = (
        "import sys; from kg_rec.text.encoder import load_encoder; load_encoder().encode(['a fox']);"
        "print([name for name in ('transformers', 'sentence_transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


class Watched(HashEncoder):
    """Remembers what it was asked to encode."""

    def __init__(self, dim: int = 64) -> None:
        super().__init__(dim)
        self.seen: list[str] = []

    def encode(self, texts: Sequence[str], progress: Step | None = None) -> np.ndarray:
        self.seen += texts
        return super().encode(texts, progress)


def test_only_changed_texts_are_encoded_again(tmp_path: Path) -> None:
    CachedEncoder(Watched(), tmp_path).encode(["one", "two", "three"])
    watched = Watched()
    vectors = CachedEncoder(watched, tmp_path).encode(["three", "four", "one"])
    assert watched.seen == ["four"]
    np.testing.assert_array_equal(vectors, HashEncoder().encode(["three", "four", "one"]))


def test_a_text_that_comes_twice_is_encoded_once(tmp_path: Path) -> None:
    watched = Watched()
    vectors = CachedEncoder(watched, tmp_path).encode(["one", "two", "one", "one"])
    assert sorted(watched.seen) == ["one", "two"]
    np.testing.assert_array_equal(vectors[0], vectors[3])


def test_another_encoder_never_meets_the_vectors(tmp_path: Path) -> None:
    CachedEncoder(Watched(64), tmp_path).encode(["one"])
    watched = Watched(32)
    assert CachedEncoder(watched, tmp_path).encode(["one"]).shape == (1, 32)
    assert watched.seen == ["one"]


def test_no_text_is_kept_in_the_cache(tmp_path: Path) -> None:
    CachedEncoder(HashEncoder(), tmp_path).encode(["my very private words"])
    assert not any(b"private" in path.read_bytes() for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: b"",
        lambda whole: b"not a database at all",
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:8192] + bytes(len(whole) - 8192),
    ],
    ids=["empty", "something else", "cut off", "zeros"],
)
def test_a_damaged_cache_is_made_again(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    cached = CachedEncoder(HashEncoder(), tmp_path)
    texts = [f"text {number}" for number in range(500)]
    expected = cached.encode(texts)
    cached.path.write_bytes(damage(cached.path.read_bytes()))
    np.testing.assert_array_equal(cached.encode(texts), expected)
    watched = Watched()
    CachedEncoder(watched, tmp_path).encode(texts)
    assert watched.seen == []


def test_a_folder_that_cannot_be_written_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EncoderError, match="expected a file to keep vectors in"):
        CachedEncoder(HashEncoder(), tmp_path / "file" / "vectors").encode(["one"])


def _encode_many(folder: Path, start: int) -> None:
    CachedEncoder(HashEncoder(), folder).encode([f"text {number}" for number in range(start, start + 3000)])


def test_processes_fill_one_cache_at_the_same_time(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_encode_many, args=(tmp_path, start)) for start in (0, 1000, 2000, 0)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    watched = Watched()
    CachedEncoder(watched, tmp_path).encode([f"text {number}" for number in range(5000)])
    assert watched.seen == []


class Slow(HashEncoder):
    def encode(self, texts: Sequence[str], progress: Step | None = None) -> np.ndarray:
        if "text 1" in texts:
            time.sleep(600)
        return super().encode(texts, progress)


def _encode_slowly(folder: Path) -> None:
    CachedEncoder(Slow(), folder).encode([f"text {number}" for number in range(3000)])


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_a_kill_loses_only_what_was_under_way(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_encode_slowly, args=(tmp_path,))
    process.start()
    cached = CachedEncoder(HashEncoder(), tmp_path)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and _kept(cached.path) < 2048:
        time.sleep(0.05)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    texts = [f"text {number}" for number in range(3000)]
    watched = Watched()
    np.testing.assert_array_equal(CachedEncoder(watched, tmp_path).encode(texts), HashEncoder().encode(texts))
    assert len(watched.seen) == 3000 - 2048


def _kept(path: Path) -> int:
    import sqlite3
    from contextlib import closing

    if not path.is_file():
        return 0
    with closing(sqlite3.connect(path)) as database:
        try:
            return int(database.execute("SELECT count(*) FROM vectors").fetchone()[0])
        except sqlite3.OperationalError:
            return 0
