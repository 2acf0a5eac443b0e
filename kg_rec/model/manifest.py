"""What stands in a model's folder, as far as it can be known without reading the tensors: which version is the current one, what
it was made from, and whether its files are whole.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from kg_rec.errors import ArtifactError
from kg_rec.graph.content import GraphContent
from kg_rec.schema import GraphSchema

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMAT = 2
"""Raised whenever an older kg-rec could not read what a newer one writes."""
ENTITIES = "entities.json"
TENSORS = "tensors.safetensors"
TEXTS = "texts.safetensors"
"""What synchronising starts from; answers do without."""
TRAIN_AGAIN = "Train again: kg-rec train"


@dataclass(frozen=True, slots=True)
class Known:
    """What the current model knows of the graph. trained, created: when its weights were learned, and when this version was
    written; content: of the graph, None where the version does not say; keys: of the entities, in order.
    """

    version: str
    trained: str
    created: str
    schema: GraphSchema
    content: GraphContent | None
    keys: list[str]


def known(folder: Path) -> Known:
    """Return what the current model under `folder` knows of the graph. Raises ArtifactError as `load_artifact` does."""
    name = current_version(folder)
    manifest = read_manifest(folder / name)
    try:
        check_file(folder / name / ENTITIES, manifest["files"][ENTITIES])
        keys = json.loads((folder / name / ENTITIES).read_text(encoding="utf-8"))["keys"]
        return Known(
            name,
            trained_at(manifest),
            str(manifest["created"]),
            GraphSchema.model_validate(manifest["schema"]),
            content_in(manifest),
            list(keys),
        )
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise ArtifactError(f"{folder / name}: the model cannot be read: {error}", remedy=TRAIN_AGAIN) from error


def trained_at(manifest: Mapping[str, Any]) -> str:
    """Return when the weights of a model were learned."""
    return str(manifest.get("trained") or manifest["created"])


def content_in(manifest: Mapping[str, Any]) -> GraphContent | None:
    """Return the content of the graph that a model was made from."""
    return GraphContent.from_dict(stored) if (stored := manifest.get("graph")) else None


def has_model(folder: Path) -> bool:
    """Return whether there is a current version."""
    return (folder / "current").exists()


def current_version(folder: Path) -> str:
    """Return the name of the current version. Raises ArtifactError where there is none."""
    try:
        return (folder / "current").read_text(encoding="utf-8").strip()
    except FileNotFoundError as error:
        raise ArtifactError(
            f"There is no trained model in {folder}.",
            remedy="Load a graph (kg-rec load FOLDER), or take the one in your Neo4j (kg-rec init, kg-rec adopt); then train: "
            "kg-rec train",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ArtifactError(f"{folder / 'current'}: expected the name of a model, found {error}.") from error


def read_manifest(place: Path) -> dict[str, Any]:
    """Return the manifest of the version in a folder. Raises ArtifactError where it cannot be used."""
    path = place / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        found = int(manifest["format"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(
            f"{path}: expected the manifest of a model, found {error!r}.", remedy=TRAIN_AGAIN
        ) from error
    if found < FORMAT:
        raise ArtifactError(
            f"{path}: expected format {FORMAT}, found format {found}, of an earlier version.", remedy=TRAIN_AGAIN
        )
    if found > FORMAT:
        libraries = manifest.get("libraries")
        by = (libraries.get("kg-rec") if isinstance(libraries, dict) else None) or "of a later version"
        raise ArtifactError(
            f"{path}: expected format {FORMAT}, found format {found}, written by kg-rec {by}.",
            remedy="Upgrade kg-rec, or train again with this version: kg-rec train",
        )
    return dict(manifest)


def check_file(path: Path, expected: Mapping[str, Any]) -> None:
    """Raise ArtifactError unless a file is what the manifest says."""
    try:
        found = {"bytes": path.stat().st_size, "sha256": digest_of(path)}
    except OSError as error:
        raise ArtifactError(
            f"{path}: expected a part of the model, found {error.strerror}.", remedy=TRAIN_AGAIN
        ) from error
    if found != dict(expected):
        raise ArtifactError(
            f"{path}: the model is damaged: expected {expected['bytes']} bytes with SHA-256 {expected['sha256'][:12]}…, "
            f"found {found['bytes']} with {str(found['sha256'])[:12]}….",
            remedy=TRAIN_AGAIN,
        )


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
