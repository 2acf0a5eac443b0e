"""The trained model on disk: HOME/model/<version>/ with manifest.json, entities.json and tensors.safetensors.

A version is written beside the others and becomes the current one by replacing one small file, `current`, so that a process
killed at any moment leaves the model there was. Nothing in it is executable: JSON and safetensors, no pickle.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from kg_rec.errors import ArtifactError
from kg_rec.model.calibration import Calibration
from kg_rec.model.features import Entities
from kg_rec.model.fusion import Fusion
from kg_rec.model.link_prediction import LinkPredictor
from kg_rec.model.manifest import (
    ENTITIES,
    FORMAT,
    TENSORS,
    TEXTS,
    TRAIN_AGAIN,
    check_file,
    content_in,
    current_version,
    digest_of,
    read_manifest,
    trained_at,
)
from kg_rec.model.signals import Evidence, Likings, no_entries
from kg_rec.model.texts import Texts
from kg_rec.model.training import TrainedModel, TrainingSettings
from kg_rec.schema import GraphSchema
from kg_rec.text.asking import Form
from kg_rec.text.manner import Manner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from kg_rec.graph.content import GraphContent

_KEPT_VERSIONS = 2
_UNFINISHED_AFTER = 3600.0
"""Seconds after which a version that is still not whole was given up: writing takes a few."""
_LIBRARIES = ("kg-rec", "torch", "torch-geometric", "transformers", "neo4j", "numpy")


@dataclass(frozen=True)
class Artifact:
    """A model with all that it needs to be used without the graph.

    properties: of the items, {name: list of values in the order of the items}; what filters and answers read.
    fingerprint: of the graph it was made from, and content, None where it is not known; encoder: name, fingerprint and size of
    the vectors, as the manifest has them, and own: whether it was one's own, which no name leads to; created: when this version
    was written; trained: when its weights were learned, "" for now.
    """

    model: TrainedModel
    schema: GraphSchema
    properties: dict[str, list[Any]]
    fingerprint: str
    encoder: dict[str, Any]
    version: str = ""
    created: str = ""
    content: GraphContent | None = None
    trained: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """A model that is there. created: when it was written; trained: when its weights were learned; problem: why it cannot be
    used, as far as its manifest tells, empty otherwise.
    """

    name: str
    created: str
    trained: str
    current: bool
    problem: str = ""


def save_artifact(artifact: Artifact, folder: Path) -> str:
    """Write a new version under `folder`, make it the current one, and return its name.

    Raises ArtifactError when the disk refuses; the current version is then the one that was.
    """
    created = datetime.now(UTC)
    model = artifact.model
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder))
        try:
            save_file(_tensors(model), beside / TENSORS)
            if model.texts is not None:
                save_file(_texts(model.texts), beside / TEXTS)
            entities = {
                "keys": model.entities.keys,
                "labels": model.entities.labels,
                "names": model.entities.names,
                "aliases": model.entities.aliases,
                "item_label": model.entities.item_label,
                "slices": {label: [rows.start, rows.stop] for label, rows in model.entities.slices.items()},
                "properties": artifact.properties,
            }
            (beside / ENTITIES).write_text(json.dumps(entities, ensure_ascii=False), encoding="utf-8")
            files = {
                path.name: {"bytes": path.stat().st_size, "sha256": digest_of(path)}
                for path in sorted(beside.iterdir())
            }
            manifest = {
                "format": FORMAT,
                "created": created.isoformat(timespec="seconds"),
                "trained": artifact.trained or created.isoformat(timespec="seconds"),
                "libraries": {name: installed_version(name) for name in _LIBRARIES},
                "schema": artifact.schema.model_dump(mode="json", exclude_none=True),
                "fingerprint": artifact.fingerprint,
                "graph": artifact.content.as_dict() if artifact.content else None,
                "form": asdict(model.texts.form) if model.texts else None,
                "encoder": artifact.encoder,
                "settings": asdict(model.settings),
                "network": model.network,
                "relation_weights": model.relation_weights,
                "signal_weights": model.fusion.as_dict(),
                "calibration": model.calibration.as_dict() if model.calibration else None,
                "metrics": model.metrics,
                "files": files,
            }
            content = json.dumps(manifest, ensure_ascii=False, indent=1)
            (beside / "manifest.json").write_text(content, encoding="utf-8")
            # Two of the same second and content are told apart by the random name they were written under.
            digest = hashlib.sha256(f"{beside.name}{content}".encode()).hexdigest()
            name = f"{created:%Y%m%dT%H%M%S}-{digest[:8]}"
            for path in (*sorted(beside.iterdir()), beside):
                _flush(path)  # or a power cut leaves a name that points at empty files
            beside.rename(folder / name)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
        pointer = folder / f".current-{os.getpid()}"
        pointer.write_text(name + "\n", encoding="utf-8")
        _flush(pointer)
        pointer.replace(folder / "current")
        _flush(folder)
    except (OSError, SafetensorError) as error:
        raise ArtifactError(f"{folder}: the model cannot be written: {error}") from error
    _forget_old_versions(folder, current=name)
    return name


def load_artifact(folder: Path) -> Artifact:
    """Return the current model under `folder`.

    Raises ArtifactError when there is none, when a file is missing or damaged, or when a newer kg-rec wrote it.
    """
    name = current_version(folder)
    place = folder / name
    manifest = read_manifest(place)
    try:
        for file in (ENTITIES, TENSORS):
            check_file(place / file, manifest["files"][file])
        stored = json.loads((place / ENTITIES).read_text(encoding="utf-8"))
        tensors = load_file(place / TENSORS)
        entities = Entities(
            stored["keys"],
            stored["labels"],
            stored["names"],
            {label: slice(*rows) for label, rows in stored["slices"].items()},
            stored["item_label"],
            [tuple(others) for others in stored["aliases"]],
        )
        model = _model(entities, tensors, manifest)
        return Artifact(
            model,
            GraphSchema.model_validate(manifest["schema"]),
            stored["properties"],
            str(manifest["fingerprint"]),
            {name: manifest["encoder"][name] for name in ("name", "fingerprint", "dim")}
            | ({"own": True} if manifest["encoder"].get("own") else {}),
            version=name,
            created=str(manifest["created"]),
            content=content_in(manifest),
            trained=trained_at(manifest),
        )
    except (ValueError, KeyError, TypeError, RuntimeError, SafetensorError, ValidationError) as error:
        raise ArtifactError(f"{place}: the model cannot be read: {error}", remedy=TRAIN_AGAIN) from error


def load_texts(folder: Path, artifact: Artifact) -> Texts:
    """Return what the text block of the artifact, which was loaded from `folder`, started from.

    Raises ArtifactError where it is damaged, or the version was written without it.
    """
    place = folder / artifact.version
    manifest = read_manifest(place)
    if TEXTS not in manifest["files"]:
        raise ArtifactError(
            f"{place}: expected {TEXTS}, which synchronising starts from; found none: an earlier kg-rec wrote this model.",
            remedy=TRAIN_AGAIN,
        )
    check_file(place / TEXTS, manifest["files"][TEXTS])
    try:
        stored = {name: value.numpy() for name, value in load_file(place / TEXTS).items()}
        names = artifact.model.names.numpy()
        vectors = names.copy()
        vectors[stored["rows"]] = stored["vectors"]
        told = manifest["form"]
        form = Form(
            tuple(map(tuple, told["neighbours"])),
            tuple(map(tuple, told["spoken"])),
            tuple(told["kind"]) if told["kind"] else None,
            tuple(told["templates"]),
        )
        return Texts(vectors, names, stored["digests"], form)
    except (ValueError, KeyError, TypeError, IndexError, SafetensorError) as error:
        raise ArtifactError(f"{place}: the model cannot be read: {error}", remedy=TRAIN_AGAIN) from error


def answerable(properties: Mapping[str, list[Any]], schema: GraphSchema) -> dict[str, list[Any]]:
    """Return the items' properties that answers and filters use: numbers, truth values and short texts."""
    kept = {}
    for name, values in properties.items():
        known = [value for value in values if value is not None]
        if name in schema.item.text or not all(isinstance(value, str | int | float | bool) for value in known):
            continue
        kept[name] = list(values)
    return kept


def versions(folder: Path) -> list[Version]:
    """Return the models under `folder`, the newest first. Raises ArtifactError when none is the current one."""
    current = current_version(folder)
    found = []
    for place in sorted(folder.iterdir(), reverse=True):
        if not place.is_dir() or place.name.startswith("."):
            continue
        try:
            manifest, problem = read_manifest(place), ""
        except ArtifactError as error:
            manifest, problem = {"created": ""}, error.message
        created, trained = str(manifest.get("created", "")), trained_at({"created": "", **manifest})
        found.append(Version(place.name, created, trained, place.name == current, problem))
    return found


def _flush(path: Path) -> None:
    """Have a file or a folder reach the disk."""
    if os.name == "nt" and path.is_dir():
        return  # Windows opens no folders
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _tensors(model: TrainedModel) -> dict[str, Tensor]:
    evidence = model.evidence
    parts = {
        "text": evidence.text,
        "names": model.names,
        "popularity": evidence.popularity,
        "ranks": torch.from_numpy(evidence.ranks),
        "fusion.asking": torch.from_numpy(model.fusion.asking),
        "fusion.telling": torch.from_numpy(model.fusion.telling),
        "manner.asking": torch.from_numpy(model.manner.asking),
        "manner.telling": torch.from_numpy(model.manner.telling),
        # An earlier kg-rec, which knows no z, has to miss the one-hot block, or it would answer without either.
        **(_sparse("one_hot", evidence.one_hot) if evidence.z is None else {"z": torch.from_numpy(evidence.z)}),
        **_sparse("direct", evidence.direct),
        **_sparse("likes", evidence.likings.likes),
        **_sparse("together", evidence.likings.together),
        **_sparse("ease", evidence.likings.ease),
    }
    parts |= {f"predictor.{name}": value for name, value in evidence.predictor.state_dict().items()}
    return {name: value.detach().contiguous() for name, value in parts.items()}


def _texts(texts: Texts) -> dict[str, Tensor]:
    """Return the vectors that are no vectors of names, and the digests."""
    rows = texts.wordy
    parts = {"rows": rows, "vectors": texts.vectors[rows], "digests": texts.digests}
    return {name: torch.from_numpy(value).contiguous() for name, value in parts.items()}


def _sparse(name: str, matrix: sp.csr_array) -> dict[str, Tensor]:
    return {
        f"{name}.starts": torch.from_numpy(matrix.indptr.astype(np.int64)),
        f"{name}.columns": torch.from_numpy(matrix.indices.astype(np.int64)),
        f"{name}.values": torch.from_numpy(matrix.data.astype(np.float32)),
    }


def _matrix(name: str, tensors: Mapping[str, Tensor], columns: int) -> sp.csr_array:
    starts, indices, values = (tensors[f"{name}.{part}"].numpy() for part in ("starts", "columns", "values"))
    matrix: sp.csr_array = sp.csr_array((values, indices, starts), shape=(len(starts) - 1, columns))
    return matrix


def _model(entities: Entities, tensors: dict[str, Tensor], manifest: Mapping[str, Any]) -> TrainedModel:
    settings = TrainingSettings(**manifest["settings"])
    predictor = LinkPredictor.over(entities, settings.temperature)
    predictor.load_state_dict(
        {name.removeprefix("predictor."): value for name, value in tensors.items() if name.startswith("predictor.")}
    )
    count = entities.item_count
    z = tensors["z"].numpy() if "z" in tensors else None
    likings = Likings(*(_matrix(name, tensors, count) for name in ("likes", "together", "ease")))
    evidence = Evidence(
        tensors["text"],
        _matrix("one_hot", tensors, len(entities)) if z is None else no_entries(len(entities), len(entities)),
        tensors["popularity"],
        _matrix("direct", tensors, len(entities)),
        likings,
        predictor.eval(),
        tensors["ranks"].numpy(),
        z,
    )
    return TrainedModel(
        entities,
        evidence,
        tensors["names"],
        Fusion(tensors["fusion.asking"].numpy(), tensors["fusion.telling"].numpy()),
        Manner(tensors["manner.asking"].numpy(), tensors["manner.telling"].numpy()),
        dict(manifest["relation_weights"]),
        settings,
        dict(manifest["metrics"]),
        Calibration.from_dict(stored) if (stored := manifest.get("calibration")) else None,
        manifest.get("network"),
    )


def _is_trained(place: Path) -> bool:
    """Tell whether training wrote a version, rather than synchronising; one that cannot be read is none."""
    try:
        manifest = read_manifest(place)
    except ArtifactError:
        return False
    return trained_at(manifest) == str(manifest["created"])


def _forget_old_versions(folder: Path, *, current: str) -> None:
    """Keep the current version and the one before it, for a process that is still reading, and the last that training wrote, which
    many synchronised ones may have followed; drop what a kill left.
    """
    versions = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    trained = next((name for name in reversed(versions) if _is_trained(folder / name)), current)
    for name in [name for name in versions if name != current][: -(_KEPT_VERSIONS - 1)]:
        if name != trained:
            shutil.rmtree(folder / name, ignore_errors=True)
    for left in folder.glob(".*-*"):
        with contextlib.suppress(OSError):  # somebody else may be taking it away, too
            if time.time() - left.stat().st_mtime <= _UNFINISHED_AFTER:
                continue
            if left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink()
