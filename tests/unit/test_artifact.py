"""The model on disk: the same after a round trip, refused when it is not whole, and never lost to a kill."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from film_graphs import artifact_of, two_tastes

import kg_rec.model.artifact as artifacts
from kg_rec.errors import ArtifactError
from kg_rec.interest import Interest
from kg_rec.model.artifact import FORMAT, Artifact, load_artifact, save_artifact
from kg_rec.model.ranking import Ranking
from kg_rec.text.encoder import HashEncoder

WORDS = ["a quiet drama", "", "western like The Golden Lantern"]
INTERESTS = [
    [Interest("Genre/Drama", "Genre", "Drama", 0.9), Interest("Genre/Comedy", "Genre", "Comedy", 1.0, -1)],
    [],
    [Interest("Film/001", "Film", "The Golden Lantern 0", 1.0), Interest("Person/o", "Person", "Otto Odd", 0.4)],
]


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    trained = artifact_of(two_tastes(), steps=8, temperature=7.0)
    assert trained.model.evidence.predictor.nu_change.abs().max() > 0  # learned, so that something would be missed
    return trained


@pytest.fixture
def saved(artifact: Artifact, tmp_path: Path) -> Path:
    """A folder with the artifact as its current version."""
    folder = tmp_path / "model"
    save_artifact(artifact, folder)
    return folder


def current(folder: Path) -> Path:
    return folder / (folder / "current").read_text().strip()


def ranking_of(artifact: Artifact) -> Any:
    ranking = Ranking(artifact)
    allowed = ranking.allowed(["year>1992"])
    asks = np.array([1.0, 0.0, 0.7], dtype=np.float32)
    return ranking.rank(HashEncoder().encode(WORDS), INTERESTS, asks, k=10, allowed=allowed)


def test_a_round_trip_gives_the_same_ranking(artifact: Artifact, tmp_path: Path) -> None:
    name = save_artifact(artifact, tmp_path / "new" / "model")
    again = load_artifact(tmp_path / "new" / "model")
    assert ranking_of(again) == ranking_of(artifact)
    assert again.version == name and again.created
    assert again.schema == artifact.schema and again.properties == artifact.properties
    assert (again.fingerprint, again.encoder) == (artifact.fingerprint, artifact.encoder)
    ours, theirs = artifact.model, again.model
    assert theirs.entities == ours.entities and theirs.settings == ours.settings
    assert theirs.relation_weights == ours.relation_weights and theirs.metrics == ours.metrics
    assert torch.equal(theirs.names, ours.names)
    for part in ("text", "popularity"):
        assert torch.equal(getattr(theirs.evidence, part), getattr(ours.evidence, part)), part
    for part in ("one_hot", "direct"):
        assert np.array_equal(getattr(theirs.evidence, part).toarray(), getattr(ours.evidence, part).toarray()), part
    for part in ("likes", "together", "ease"):
        left, right = (getattr(model.evidence.likings, part) for model in (theirs, ours))
        assert right.nnz and np.array_equal(left.toarray(), right.toarray()), part
    for part, two in (("fusion", theirs.fusion), ("manner", theirs.manner)):
        for name in ("asking", "telling"):
            assert np.array_equal(getattr(two, name), getattr(getattr(ours, part), name)), (part, name)
    assert ours.manner.asking.any() and ours.manner.telling.any()
    predictor = theirs.evidence.predictor
    assert not predictor.training and predictor.temperature == 7.0
    for name, value in ours.evidence.predictor.state_dict().items():
        assert torch.equal(predictor.state_dict()[name], value), name


def test_a_version_is_json_and_tensors_and_nothing_that_runs(saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == sorted([current(saved).name, "current"])
    place = current(saved)
    assert sorted(path.name for path in place.iterdir()) == [
        "entities.json",
        "manifest.json",
        "tensors.safetensors",
        "texts.safetensors",
    ]
    for path in place.iterdir():
        content = path.read_bytes()
        assert not content.startswith((b"\x80", b"PK")), path  # neither pickled nor torch's zip of pickles
        assert path.suffix == ".safetensors" or json.loads(content)
    source = Path(artifacts.__file__).read_text(encoding="utf-8")
    assert not any(word in source for word in ("import pickle", "torch.load", "torch.save", "allow_pickle"))


def test_the_manifest_says_what_it_was_made_from(saved: Path, artifact: Artifact) -> None:
    manifest = json.loads((current(saved) / "manifest.json").read_text())
    assert manifest["format"] == FORMAT
    assert {"kg-rec", "torch", "neo4j"} <= set(manifest["libraries"])
    assert manifest["schema"]["item"]["label"] == "Film" and manifest["fingerprint"] == artifact.fingerprint
    assert manifest["settings"]["steps"] == 8 and manifest["metrics"]["items"] == 24
    assert manifest["encoder"]["name"] == "hash"
    assert manifest["signal_weights"] == artifact.model.fusion.as_dict()
    assert manifest["relation_weights"] == artifact.model.relation_weights
    assert set(manifest["files"]) == {"entities.json", "tensors.safetensors", "texts.safetensors"}


def test_without_a_model_it_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="There is no trained model in") as caught:
        load_artifact(tmp_path / "model")
    assert "kg-rec train" in caught.value.remedy


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("file", ["entities.json", "tensors.safetensors"])
@pytest.mark.parametrize("harm", [flip, cut])
def test_a_damaged_file_is_refused(saved: Path, file: str, harm: Callable[[Path], None]) -> None:
    path = current(saved) / file
    harm(path)
    with pytest.raises(
        ArtifactError, match=r"the model is damaged: expected [\d]+ bytes with SHA-256 .* found"
    ) as caught:
        load_artifact(saved)
    assert str(path) in str(caught.value) and "kg-rec train" in caught.value.remedy


@pytest.mark.parametrize("file", ["entities.json", "tensors.safetensors", "manifest.json"])
def test_a_missing_file_is_refused(saved: Path, file: str) -> None:
    (current(saved) / file).unlink()
    with pytest.raises(ArtifactError, match=rf"{file}: expected .*No such file") as caught:
        load_artifact(saved)
    assert "kg-rec train" in caught.value.remedy


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"format": "new"}', "\udcff", f'{{"format": {FORMAT}}}'])
def test_a_manifest_that_is_none_is_refused(saved: Path, content: str) -> None:
    (current(saved) / "manifest.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ArtifactError, match=r"expected the manifest of a model|the model cannot be read"):
        load_artifact(saved)


@pytest.mark.parametrize("content", ["", "gone\n", "\udcff"])
def test_a_current_version_that_is_not_there_is_refused(saved: Path, content: str) -> None:
    (saved / "current").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ArtifactError, match=r"expected the (manifest|name) of a model"):
        load_artifact(saved)


def change(folder: Path, **content: Any) -> None:
    path = current(folder) / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **content}))


def test_a_model_of_a_newer_version_is_refused(saved: Path) -> None:
    change(saved, format=FORMAT + 1, libraries={"kg-rec": "9.1.0"})
    with pytest.raises(ArtifactError) as caught:
        load_artifact(saved)
    assert f"expected format {FORMAT}, found format {FORMAT + 1}, written by kg-rec 9.1.0." in str(caught.value)
    assert caught.value.remedy == "Upgrade kg-rec, or train again with this version: kg-rec train"


def test_a_model_of_an_older_version_is_refused(saved: Path) -> None:
    change(saved, format=FORMAT - 1)
    with pytest.raises(
        ArtifactError, match=f"expected format {FORMAT}, found format {FORMAT - 1}, of an earlier"
    ) as caught:
        load_artifact(saved)
    assert "kg-rec train" in caught.value.remedy


def test_settings_and_schemas_that_are_not_known_are_refused(saved: Path) -> None:
    change(saved, settings={"heads": 4})
    with pytest.raises(ArtifactError, match=r"the model cannot be read: .*heads"):
        load_artifact(saved)
    change(saved, settings={}, schema={"item": {"label": "Film"}})
    with pytest.raises(ArtifactError, match="the model cannot be read: "):
        load_artifact(saved)


@pytest.mark.parametrize(
    "harm", [{"encoder": {}}, {"encoder": []}, {"fingerprint": None, "encoder": {"name": "hash"}}, {"files": []}]
)
def test_a_manifest_with_something_missing_is_refused(saved: Path, harm: dict[str, Any]) -> None:
    change(saved, **harm)
    with pytest.raises(ArtifactError, match="the model cannot be read: "):
        load_artifact(saved)


def test_a_newer_manifest_that_says_little_is_refused(saved: Path) -> None:
    change(saved, format=FORMAT + 1, libraries=[])
    with pytest.raises(ArtifactError, match="written by kg-rec of a later version"):
        load_artifact(saved)


def test_the_last_one_saved_is_current_and_the_one_before_stays(artifact: Artifact, tmp_path: Path) -> None:
    names = []
    for fingerprint in ("one", "two", "two"):  # twice the same within a second, too
        names.append(save_artifact(replace(artifact, fingerprint=fingerprint), tmp_path))
        assert load_artifact(tmp_path).fingerprint == fingerprint
        assert load_artifact(tmp_path).version == names[-1]
    assert len(set(names)) == 3
    left = {path.name for path in tmp_path.iterdir() if path.is_dir()}
    assert len(left) == 2 and names[-1] in left


def test_what_a_kill_left_is_taken_away_once_nobody_can_be_writing_it(artifact: Artifact, tmp_path: Path) -> None:
    old, new = tmp_path / ".writing-old", tmp_path / ".writing-new"
    for folder in (old, new):
        folder.mkdir()
        (folder / "tensors.safetensors").write_bytes(b"half")
    pointer = tmp_path / ".current-123"
    pointer.write_text("half")
    for path in (old, pointer):
        os.utime(path, (1e9, 1e9))
    save_artifact(artifact, tmp_path)
    assert new.exists() and not old.exists() and not pointer.exists()
    assert load_artifact(tmp_path)


def test_an_error_in_the_middle_leaves_the_model_there_was(
    saved: Path, artifact: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(saved.rglob("*"))

    def interrupted(tensors: Any, path: Path) -> None:
        path.write_bytes(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(artifacts, "save_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_artifact(replace(artifact, fingerprint="other"), saved)
    assert sorted(saved.rglob("*")) == before
    assert load_artifact(saved).fingerprint == artifact.fingerprint


def test_a_disk_that_refuses_is_an_error_with_its_reason(artifact: Artifact, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for folder in (tmp_path / "file", tmp_path / "file" / "model"):
        with pytest.raises(ArtifactError, match="the model cannot be written: "):
            save_artifact(artifact, folder)


_KILLED = """
import os, resource, signal, shutil, sys
from dataclasses import replace
from pathlib import Path
import kg_rec.model.artifact as artifacts

folder = Path(sys.argv[1])
old = artifacts.load_artifact(folder)
new = replace(old, fingerprint="new")
sys.stdout.reconfigure(line_buffering=True)

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def half_written(tensors, path):
    path.write_bytes(b"half of it")
    die()

def after(function):
    def wrapped(*arguments, **options):
        function(*arguments, **options)
        die()
    return wrapped

def full_disk():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

def put(owner, name, value):
    return lambda: setattr(owner, name, value)

POINTS = {
    "tensors half written": put(artifacts, "save_file", half_written),
    "tensors written": put(artifacts, "save_file", after(artifacts.save_file)),
    "before the version has its name": put(Path, "rename", die),
    "when the version has its name": put(Path, "rename", after(Path.rename)),
    "before the pointer is replaced": put(Path, "replace", die),
    "when the pointer is replaced": put(Path, "replace", after(Path.replace)),
    "the disk is full": full_disk,
}
for point, prepare in POINTS.items():
    pid = os.fork()
    if pid == 0:
        prepare()
        try:
            artifacts.save_artifact(new, folder)
        except artifacts.ArtifactError as error:
            print("refused:", str(error).replace("\\n", " "))
            os._exit(3)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    how = "killed" if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status)
    print(point, "|", how, "|", artifacts.load_artifact(folder).fingerprint)
    (folder / "current").write_text(old.version)
"""


def test_a_killed_process_leaves_a_whole_model(saved: Path, artifact: Artifact) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _KILLED, str(saved)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    refused = [line for line in done.stdout.splitlines() if line.startswith("refused:")]
    told = [line.split(" | ") for line in done.stdout.splitlines() if " | " in line]
    old = artifact.fingerprint
    assert told == [
        ["tensors half written", "killed", old],
        ["tensors written", "killed", old],
        ["before the version has its name", "killed", old],
        ["when the version has its name", "killed", old],
        ["before the pointer is replaced", "killed", old],
        ["when the pointer is replaced", "killed", "new"],
        ["the disk is full", "3", old],
    ]
    assert len(refused) == 1 and "the model cannot be written: " in refused[0] and "File too large" in refused[0]
    assert ranking_of(load_artifact(saved)) == ranking_of(artifact)
    # And it can be written again, whatever was left.
    save_artifact(replace(artifact, fingerprint="again"), saved)
    assert load_artifact(saved).fingerprint == "again"
