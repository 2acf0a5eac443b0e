"""An exported graph as two files: the tensors in safetensors, names and properties in JSON. Neither can hold code."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from kg_rec.errors import GraphError
from kg_rec.graph.export import HeteroData
from kg_rec.graph.interactions import texts_of

_FORMAT = 1
_NAMES = "names"
"""Under which the file of tensors holds the checksum of the file of names."""


def export_paths(path: Path) -> tuple[Path, Path]:
    """Return the files of an export named `path`: path.safetensors and path.json, whichever ending was given.

    Raises GraphError where `path` names no file.
    """
    if path.name in ("", ".."):
        raise GraphError(f"{path}: expected the name of an export, found that of a folder.")
    base = path.with_suffix("") if path.suffix in (".safetensors", ".json") else path
    return base.with_name(base.name + ".safetensors"), base.with_name(base.name + ".json")


def write_export(data: HeteroData, path: Path) -> tuple[Path, Path]:
    """Write what `export_graph` returned, what people write among it, and return the two files. Values that JSON does not
    know become text.

    The tensors hold a checksum of the names: two files are replaced one after the other, and a kill in between must not
    leave a pair that looks whole. Raises GraphError when they cannot be written.
    """
    tensors_path, names_path = export_paths(path)
    tensors: dict[str, torch.Tensor] = {}
    relations = []
    for number, triple in enumerate(data.edge_types):
        properties = data[triple].properties
        tensors[f"{number}/edge_index"] = data[triple].edge_index.contiguous()
        tensors |= {f"{number}/{name}": torch.from_numpy(values.copy()) for name, values in properties.items()}
        texts = texts_of(data, triple)
        relations.append(
            {"triple": list(triple), "properties": sorted(properties)} | ({"texts": texts} if texts else {})
        )
    names = {
        "format": _FORMAT,
        "fingerprint": data.fingerprint,
        "nodes": {
            label: {"key": data[label].key, "properties": data[label].properties} for label in sorted(data.node_types)
        },
        "relations": relations,
    }
    content = json.dumps(names, ensure_ascii=False, default=str).encode()
    written = [path.with_name(f".{path.name}.{os.getpid()}") for path in (tensors_path, names_path)]
    try:
        tensors_path.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, written[0], metadata={_NAMES: _checksum(content)})
        written[1].write_bytes(content)
        written[0].replace(tensors_path)
        written[1].replace(names_path)
    except OSError as error:
        raise GraphError(f"{path}: the export cannot be written: {error.strerror or error}") from error
    finally:
        for file in written:
            with contextlib.suppress(OSError):
                file.unlink()
    return tensors_path, names_path


def read_export(path: Path) -> HeteroData:
    """Return what `write_export` wrote.

    Raises GraphError when it is not there, damaged, of another version, or its two files are not of one export.
    """
    tensors_path, names_path = export_paths(path)
    try:
        content = names_path.read_bytes()
        names: dict[str, Any] = json.loads(content)
        with safe_open(tensors_path, "pt") as file:
            checksum = (file.metadata() or {}).get(_NAMES)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
    except Exception as error:  # safetensors raises an exception class of its own
        raise GraphError(f"{path}: expected an export of two files, found: {error}") from error
    again = "Write it again: kg-rec export --output"
    if names.get("format") != _FORMAT:
        found = names.get("format")
        raise GraphError(f"{names_path}: expected an export of format {_FORMAT}, found {found}.", remedy=again)
    if checksum != _checksum(content):
        raise GraphError(
            f"{path}: expected two files of one export, found {tensors_path.name} and {names_path.name} of different ones.",
            remedy=again,
        )
    data = HeteroData()
    for label, node in names["nodes"].items():
        data[label].key = node["key"]
        data[label].num_nodes = len(node["key"])
        data[label].properties = node["properties"]
    for number, relation in enumerate(names["relations"]):
        triple = tuple(relation["triple"])
        data[triple].edge_index = tensors[f"{number}/edge_index"]
        data[triple].properties = {name: tensors[f"{number}/{name}"].numpy() for name in relation["properties"]}
        if "texts" in relation:
            data[triple].texts = relation["texts"]
    data.fingerprint = names["fingerprint"]
    return data


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
