"""BERT with mean pooling, straight from the files of a saved model.

sentence_transformers takes over three seconds to import, more than all else that `kg-rec recommend` does. Its default
model, and most others of its kind, are a plain BERT encoder with the mean over the words, whose forward pass is short,
and quicker this way: 4 ms a sentence and 570 short ones a second on 2 cores, against 7 ms and 450. Everything else goes
through sentence_transformers (kg_rec/text/encoder.py); a test holds both to the same vectors.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_TOKENS_PER_BATCH = {"cpu": 1024, "cuda": 65536}
"""Tokens a batch, padding included. 2 cores: 512 to 1024 is fastest, 4096 a fifth slower, 8192 a third."""


@dataclass(frozen=True, slots=True)
class _Layer:
    query_key_value: tuple[Tensor, Tensor]
    attention_output: tuple[Tensor, Tensor]
    attention_norm: tuple[Tensor, Tensor]
    intermediate: tuple[Tensor, Tensor]
    output: tuple[Tensor, Tensor]
    output_norm: tuple[Tensor, Tensor]


class MeanPooledBert:
    """Devlin et al. 2019, as Reimers and Gurevych 2019 pool it: the mean of the last layer over the words."""

    @classmethod
    def read(cls, folder: Path, device: str | None = None) -> Self | None:
        """Return the model in `folder`, or None where its files say that it is anything else than this class does."""
        plan = _read_plan(folder)
        if plan is None:
            return None
        from safetensors.torch import load_file

        weights = load_file(folder / "model.safetensors")
        weights = {name.removeprefix("bert."): tensor for name, tensor in weights.items()}
        if any(tensor.dtype not in (torch.float32, torch.int64) for tensor in weights.values()):
            return None
        return cls(folder, plan, weights, device or ("cuda" if torch.cuda.is_available() else "cpu"))

    def __init__(self, folder: Path, plan: _Plan, weights: dict[str, Tensor], device: str) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(plan.max_length)
        self._device = torch.device(device)
        self._batch_tokens = _TOKENS_PER_BATCH.get(self._device.type, 4096)
        self._heads, self._epsilon = plan.heads, plan.epsilon
        self.max_length = plan.max_length

        def pair(name: str) -> tuple[Tensor, Tensor]:
            return weights[f"{name}.weight"].to(self._device), weights[f"{name}.bias"].to(self._device)

        def layer(number: int) -> _Layer:
            prefix = f"encoder.layer.{number}"
            parts = [pair(f"{prefix}.attention.self.{part}") for part in ("query", "key", "value")]
            return _Layer(
                query_key_value=(torch.cat([part[0] for part in parts]), torch.cat([part[1] for part in parts])),
                attention_output=pair(f"{prefix}.attention.output.dense"),
                attention_norm=pair(f"{prefix}.attention.output.LayerNorm"),
                intermediate=pair(f"{prefix}.intermediate.dense"),
                output=pair(f"{prefix}.output.dense"),
                output_norm=pair(f"{prefix}.output.LayerNorm"),
            )

        self._words = weights["embeddings.word_embeddings.weight"].to(self._device)
        # One segment only, so its type is part of every position.
        segment = weights["embeddings.token_type_embeddings.weight"][0]
        self._positions = (weights["embeddings.position_embeddings.weight"] + segment).to(self._device)
        self._embedding_norm = pair("embeddings.LayerNorm")
        self._layers = [layer(number) for number in range(plan.layers)]

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._words.shape[1]

    def encoded(self, texts: list[str]) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
        """Yield batches of rows of `texts` with their vectors of length 1, longest texts first."""
        tokens = self.tokens(texts)
        order = sorted(range(len(texts)), key=lambda row: len(tokens[row]), reverse=True)
        start = 0
        while start < len(order):
            end = start + max(1, self._batch_tokens // len(tokens[order[start]]))
            rows = order[start:end]
            yield rows, self.pooled([tokens[row] for row in rows]).cpu().numpy()
            start = end

    @torch.inference_mode()
    def pooled(self, tokens: list[list[int]]) -> Tensor:
        """Return the L2-normalised mean over the last layer, [n, dim], of n texts given as token ids."""
        longest = max(len(ids) for ids in tokens)
        ids = torch.tensor([row + [0] * (longest - len(row)) for row in tokens], device=self._device)
        lengths = torch.tensor([len(row) for row in tokens], device=self._device)
        real = torch.arange(longest, device=self._device) < lengths[:, None]  # [n, T]
        return self.vectors(ids, real, None if bool(real.all()) else bias_of(real))

    def vectors(self, ids: Tensor, real: Tensor, bias: Tensor | None) -> Tensor:
        """Return the vectors of n texts, [n, dim], from padded token ids, int64 [n, T].

        real: bool [n, T], False for padding; bias: what attention adds for it (`bias_of`), None where nothing is padded.
        """
        hidden = self._norm(self._words[ids] + self._positions[: ids.shape[1]], self._embedding_norm)
        for layer in self._layers:
            hidden = self._norm(hidden + self._attention(hidden, bias, layer), layer.attention_norm)
            wide = functional.gelu(functional.linear(hidden, *layer.intermediate))
            hidden = self._norm(hidden + functional.linear(wide, *layer.output), layer.output_norm)
        mean = (hidden * real[:, :, None]).sum(1) / real.sum(1, keepdim=True)
        return functional.normalize(mean, dim=1)

    def tokens(self, texts: list[str]) -> list[list[int]]:
        """Return the token ids of each text, cut to what the model reads."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch(texts)]

    def _attention(self, hidden: Tensor, bias: Tensor | None, layer: _Layer) -> Tensor:
        n, length, dim = hidden.shape
        mixed = functional.linear(hidden, *layer.query_key_value).view(n, length, 3, self._heads, dim // self._heads)
        query, key, value = mixed.permute(2, 0, 3, 1, 4)  # each [n, heads, T, dim / heads]
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        return functional.linear(seen.transpose(1, 2).reshape(n, length, dim), *layer.attention_output)

    def _norm(self, hidden: Tensor, scale: tuple[Tensor, Tensor]) -> Tensor:
        return functional.layer_norm(hidden, (hidden.shape[-1],), *scale, self._epsilon)


def bias_of(real: Tensor) -> Tensor:
    """Return what attention adds to its logits, [n, 1, 1, T]: 0, and so much less than 0 for padding that nothing is left."""
    return torch.where(real, 0.0, -1e9)[:, None, None, :]


@dataclass(frozen=True, slots=True)
class _Plan:
    layers: int
    heads: int
    epsilon: float
    max_length: int


def _read_plan(folder: Path) -> _Plan | None:
    """Return the sizes of the model, or None where any file asks for something that this module does not do."""
    config = _json(folder / "config.json")
    if not (folder / "tokenizer.json").is_file() or not (folder / "model.safetensors").is_file():
        return None
    plain = {
        "model_type": config.get("model_type") == "bert",
        "activation": config.get("hidden_act") == "gelu",
        "positions": config.get("position_embedding_type", "absolute") == "absolute",
        "encoder": not config.get("is_decoder", False) and not config.get("add_cross_attention", False),
    }
    if not all(plain.values()) or not _pools_by_mean(folder):
        return None
    lengths = [config["max_position_embeddings"], _json(folder / "tokenizer_config.json").get("model_max_length")]
    own = _json(folder / "sentence_bert_config.json")
    if own.get("do_lower_case") or _json(folder / "config_sentence_transformers.json").get("default_prompt_name"):
        return None
    max_length = own.get("max_seq_length") or min(length for length in lengths if length)
    return _Plan(config["num_hidden_layers"], config["num_attention_heads"], config["layer_norm_eps"], int(max_length))


def _pools_by_mean(folder: Path) -> bool:
    modules = _json(folder / "modules.json")
    if not modules:
        return True  # a transformers model: mean pooling is what sentence_transformers gives it
    kinds = [module["type"].rpartition(".")[2] for module in modules]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]) or modules[0]["path"]:
        return False
    pooling = _json(folder / modules[1]["path"] / "config.json")
    chosen = {name for name, value in pooling.items() if name.startswith("pooling_mode_") and value}
    return chosen == {"pooling_mode_mean_tokens"} or pooling.get("pooling_mode") == "mean"


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
