"""The files in deploy/: each metric that they name is one that the service tells, and what they mount and build from is there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from kg_rec.cli import build_app
from kg_rec.service.metrics import Metrics

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana/dashboards/kg-rec.json").read_text(encoding="utf-8"))
RULES = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
COMPOSE = yaml.safe_load((DEPLOY / "docker-compose.yml").read_text(encoding="utf-8"))

_SERIES = re.compile(r"\b((?:kgrec|process)_\w+)(\{[^}]*\})?")


def told() -> dict[str, set[str]]:
    """Every series that the service tells, with its labels."""
    found = {}
    for collector in Metrics().registry._collector_to_names:
        labels = set(getattr(collector, "_labelnames", ()))
        for metric in collector.collect():
            endings = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(metric.type, [""])
            for ending in endings:
                found[metric.name + ending] = labels | ({"le"} if ending == "_bucket" else set())
    return found


def expressions() -> list[str]:
    panels = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
    return [*panels, *(rule["expr"] for rule in RULES)]


@pytest.mark.parametrize("expression", expressions())
def test_what_is_asked_for_is_told(expression: str) -> None:
    known = told()
    series = _SERIES.findall(expression)
    assert series or expression.startswith("up{")
    for name, selector in series:
        assert name in known, f"{name}: no such metric"
        assert set(re.findall(r"(\w+)\s*[=!]~?\s*\"", selector)) <= known[name] | {"instance", "job"}
        by = {label.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for label in group.split(",")}
        assert by <= {label for labels in known.values() for label in labels} | {"instance"}


def test_everything_of_ours_that_is_told_is_on_the_dashboard() -> None:
    shown = " ".join(target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ()))
    ours = {re.sub(r"_(bucket|sum|count)$", "", name) for name in told() if name.startswith("kgrec_")}
    assert {name for name in ours if name not in shown} == set()


def test_the_panels_have_names_of_their_own_and_do_not_overlap() -> None:
    panels = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
    assert len({panel["title"] for panel in panels}) == len(panels)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells


def test_each_alert_says_what_is_the_matter() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule["labels"]["severity"] in ("page", "ticket") and rule["annotations"]["summary"].endswith(".")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_accepts_the_rules() -> None:
    subprocess.run(["promtool", "check", "rules", DEPLOY / "prometheus/alerts.yml"], check=True)


def test_the_services_reach_each_other_and_nobody_else_reaches_them() -> None:
    top = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    services: dict[str, Any] = {**top["services"], **COMPOSE["services"]}
    assert {(DEPLOY / name).resolve() for name in COMPOSE["include"]} == {ROOT / "docker-compose.yml"}
    for name, service in services.items():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"]), name
        assert not service.get("image", "").endswith(":latest") and (":" in service["image"] or "build" in service)
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            there = (
                (DEPLOY / source).is_dir()
                if source.startswith(".")
                else source in {**COMPOSE["volumes"], **top["volumes"]}
            )
            assert there, f"{name}: {source}"
        assert set(service.get("depends_on", ())) <= set(services)
    (scrape,) = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    assert scrape["static_configs"][0]["targets"] == ["kg-rec:8000"]
    assert scrape["authorization"]["credentials_file"].removeprefix("/run/secrets/") in COMPOSE["secrets"]
    source = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text(encoding="utf-8"))
    assert source["datasources"][0]["url"] == "http://prometheus:9090"
    uids = {target["datasource"]["uid"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())}
    assert uids == {source["datasources"][0]["uid"]}


def test_the_image_is_built_from_what_is_there() -> None:
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if line.startswith("COPY ") and "--from" not in line:
            *sources, _ = line.split()[1:]
            assert all((ROOT / source).exists() for source in sources), line
    extras = re.findall(r"'\.\[(\w+)\]'", "\n".join(lines))
    assert extras and all(f"\n{extra} = [" in (ROOT / "pyproject.toml").read_text(encoding="utf-8") for extra in extras)
    assert lines[-2:] == ['ENTRYPOINT ["kg-rec"]', 'CMD ["serve"]']
    assert "serve" in {command.name or command.callback.__name__ for command in build_app().registered_commands}  # type: ignore[union-attr]
