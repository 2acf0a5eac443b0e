"""A sentence encoder for answers: the same weights as in training, run by OpenVINO, ready in a third of a second.

The model is exported from the weights that are installed, once, into a file that is named by their fingerprint. Of the 14 ms that
sentence-transformers takes for one text of 28 tokens, and the 6 ms of the same file in ONNX Runtime, some 3 ms are left where the
processor computes in bfloat16. Its vectors then are another's by a thousandth: the recall@10 of 814 people is the same, and
.997 of their ten items (docs/service.md). Elsewhere, or when `exact` is wanted, the vectors are those of training.

Weights in 8-bit integers are not used: they cost .003 of recall@50, and a vector depends on the texts it is encoded with.
"""

from __future__ import annotations

import os
import tempfile
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kg_rec.errors import EncoderError
from kg_rec.text.encoder import SentenceEncoder, TextEncoder, load_encoder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kg_rec.progress import Step

_MOST_THREADS = 4
"""Threads for one text, no more than there are processors: a thread for each of several is no faster, and one alone waits."""


class ServingEncoder:
    """Encodes with an exported model (see `exported`), on the CPU. Several threads may ask at once.

    exact: compute in float32 where bfloat16 would be faster. precision: which of both it is.
    """

    def __init__(self, encoder: SentenceEncoder, path: Path, *, exact: bool = False) -> None:
        import openvino
        from tokenizers import Tokenizer

        self.name = encoder.name
        self.fingerprint = encoder.fingerprint
        try:
            core = openvino.Core()
            native = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
            self.precision = "bf16" if "BF16" in native and not exact else "f32"
            model = core.read_model(str(path))
            self.dim = int(model.get_rt_info(["kg_rec", "dim"]).value)
            longest = int(model.get_rt_info(["kg_rec", "max_length"]).value)
            self._compiled = core.compile_model(
                model,
                "CPU",
                {
                    "INFERENCE_PRECISION_HINT": self.precision,
                    "NUM_STREAMS": 1,
                    "INFERENCE_NUM_THREADS": min(_MOST_THREADS, os.cpu_count() or 1),
                    "ENABLE_CPU_PINNING": False,
                },
            )
            self._tokenizer = Tokenizer.from_file(str(encoder.folder / "tokenizer.json"))
            self._tokenizer.no_padding()
            self._tokenizer.enable_truncation(longest)
        except Exception as error:  # OpenVINO's errors are RuntimeErrors of any kind
            raise EncoderError(
                f"{path}: expected an exported encoder, but it cannot be loaded: {error}",
                remedy="Delete the file; it is made again.",
            ) from error
        self._own = threading.local()

    def encode(self, texts: Sequence[str], progress: Step | None = None) -> NDArray[np.float32]:
        """Return one row a text (see TextEncoder). Each is encoded by itself: its row does not depend on those beside it."""
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        wordy = [row for row, text in enumerate(texts) if text.strip()]
        sound = [texts[row].encode("utf-8", "replace").decode() for row in wordy]
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(sound)] if sound else []
        for ids, row in zip(tokens, wordy, strict=True):
            vectors[row] = self._request().infer({0: np.array([ids], dtype=np.int64)})[0][0]
        if progress is not None:
            progress.advance(len(texts))
        return vectors

    def _request(self) -> Any:
        """Return what runs the model, for this thread alone."""
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        return self._own.request


def exported(encoder: TextEncoder, folder: Path) -> Path | None:
    """Return the file of an encoder under `folder`, made where it is not there; None where its kind cannot be exported.

    Raises EncoderError where it cannot be written.
    """
    if not isinstance(encoder, SentenceEncoder):
        return None
    path = folder / f"{encoder.fingerprint}.xml"
    if path.exists():
        return path
    from kg_rec.text.bert import MeanPooledBert

    bert = MeanPooledBert.read(encoder.folder, "cpu")
    if bert is None:
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".exporting-", dir=folder) as beside:
            made = _export(bert, Path(beside) / path.name)
            made.with_suffix(".bin").replace(path.with_suffix(".bin"))
            made.replace(path)  # last: where it is, the weights are
    except OSError as error:
        raise EncoderError(f"{path}: the encoder cannot be written: {error.strerror}") from error
    return path


def serving_encoder(name: str, folder: Path, *, exact: bool = False) -> TextEncoder:
    """Return the encoder `name` for people's words: exported into `folder`, or in PyTorch where its kind cannot be."""
    encoder = load_encoder(name)
    path = exported(encoder, folder)
    if path is None or not isinstance(encoder, SentenceEncoder):
        return encoder
    return ServingEncoder(encoder, path, exact=exact)


def _export(bert: Any, path: Path) -> Path:
    """Write the model to `path`: int64 token ids of texts of one length, [n, T], to vectors, float32 [n, dim].

    bert: a `MeanPooledBert`. By the frontend itself: `openvino.convert_model` does the same, and would tell its makers of it.
    """
    import openvino
    import torch
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    class Unpadded(torch.nn.Module):
        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = bert.vectors(ids, torch.ones_like(ids, dtype=torch.bool), None)
            return found

    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # of tracing, about itself
        traced = TorchScriptPythonDecoder(Unpadded().eval(), example_input=(torch.ones(2, 8, dtype=torch.int64),))
        frontend = FrontEndManager().load_by_framework("pytorch")
        model = frontend.convert(frontend.load(traced))
    for key, value in {"dim": bert.dim, "max_length": bert.max_length}.items():
        model.set_rt_info(str(value), ["kg_rec", key])
    openvino.save_model(model, str(path), compress_to_fp16=False)
    return path
