"""`kg-rec evaluate` on a graph in Neo4j: people taken out of it, and people of a file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kg_rec.cli import build_app
from kg_rec.errors import GraphError, InputError
from kg_rec.graph.client import GraphClient
from kg_rec.graph.server import ManagedServer
from kg_rec.model.training import TrainingSettings
from kg_rec.recommender import Recommender
from kg_rec.settings import Settings

NAMES = ("Amber", "Birch", "Cedar", "Delta", "Ember", "Fjord", "Grove", "Heath", "Inlet", "Jetty")
KINDS = ("Pottery", "Weaving", "Carving")
STYLES = ("Rustic", "Nordic", "Baroque", "Futurist")


def shop(folder: Path) -> Path:
    """A shop: 30 things, each of one craft and in two styles; everybody buys within one craft, mostly."""
    (folder / "nodes").mkdir(parents=True)
    (folder / "relations").mkdir()
    things = [f"{name} {kind.lower()} {number}" for number, kind in enumerate(KINDS) for name in NAMES]
    write(folder / "nodes/Thing.csv", "thingId:ID(Thing),name", [f"{row},{name}" for row, name in enumerate(things)])
    write(folder / "nodes/Craft.csv", "craftId:ID(Craft),name", [f"{row},{name}" for row, name in enumerate(KINDS)])
    write(folder / "nodes/Buyer.csv", "buyerId:ID(Buyer)", [f"b{row}" for row in range(90)])
    write(folder / "nodes/Style.csv", "styleId:ID(Style),name", [f"{row},{name}" for row, name in enumerate(STYLES)])
    styles = [f"{row},{style % 4}" for row in range(30) for style in (row, row + 1)]
    write(folder / "relations/IN_STYLE.csv", ":START_ID(Thing),:END_ID(Style)", styles)
    of = [f"{row},{row // 10}" for row in range(30)]
    write(folder / "relations/OF_CRAFT.csv", ":START_ID(Thing),:END_ID(Craft)", of)
    bought = [
        f"b{buyer},{buyer % 3 * 10 + (buyer * 7 + step * 3) % 10 if step else (buyer * 11) % 30}"
        for buyer in range(90)
        for step in range(7)
    ]
    write(folder / "relations/BOUGHT.csv", ":START_ID(Buyer),:END_ID(Thing)", sorted(set(bought)))
    return folder


def write(path: Path, header: str, lines: list[str]) -> None:
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")


@pytest.fixture
def home(server: ManagedServer, empty_graph: GraphClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KG_REC_NEO4J_URI", empty_graph.uri)
    monkeypatch.setenv("KG_REC_NEO4J_PASSWORD", server.password())
    monkeypatch.setenv("KG_REC_ENCODER", "hash")
    monkeypatch.setenv("KG_REC_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(build_app(), ["evaluate", *arguments])


def test_people_of_the_graph_and_of_a_file(home: Path, tmp_path: Path) -> None:
    with Recommender.open(Settings(home=home, encoder="hash")) as recommender:
        recommender.load(shop(tmp_path / "shop"))
        recommender.train(TrainingSettings(steps=2))
        before = recommender.artifact.version

    page = tmp_path / "report.html"
    done = run("--share", "0.2", "--seeds", "0,1", "--paths", "30", "--output", str(page))
    assert done.exit_code == 0, done.exception
    for words in ("People who ask for something", "People whose words tell of them", "ours on a shuffled graph"):
        assert words in done.stdout
        assert words in page.read_text(encoding="utf-8")
    for question in ("Does the graph help?", "Do the explanations tell what counts?", "Are the probabilities right?"):
        assert done.stdout.count(question) == 2
        assert question in page.read_text(encoding="utf-8") or question == "Does the graph help?"
    assert re.search(r"^OF_CRAFT +30  yes ", done.stdout, flags=re.MULTILINE)
    assert "seed 1: " in done.stderr and "are taken out of the graph" in done.stderr

    people = tmp_path / "people.jsonl"
    lines = [
        {
            "user_id": f"p{row}",
            "text": f"I like {KINDS[row % 3] if row % 2 else STYLES[row % 4]}",
            "relevant": [row % 3 * 10 + row % 10],
            "mentioned": [],
        }
        for row in range(12)
    ]
    people.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    figures = tmp_path / "report.json"
    done = run("--people", str(people), "--output", str(figures), "--json")
    assert done.exit_code == 0, done.exception
    found = json.loads(done.stdout)
    assert found == json.loads(figures.read_text(encoding="utf-8"))
    assert found["about"]["model"] == before
    assert found["sections"][0]["people"] == 12
    assert len(found["sections"][0]["systems"]) == 5
    in_style, of_craft = found["sections"][0]["relations"]
    assert (in_style["type"], in_style["edges"]) == ("IN_STYLE", 60)
    assert (of_craft["type"], of_craft["edges"], of_craft["in_texts"]) == ("OF_CRAFT", 30, True)
    assert of_craft["trained"] is None
    fidelity = found["sections"][0]["fidelity"]
    assert fidelity["without_counterpart"] > 0 and fidelity["alone"]["mean"] > 0  # a thing is of one craft
    direct = next(one for one in fidelity["kinds"] if one["kind"] == "direct")  # and in another style as well
    assert direct["told"]["low"] > 0 and direct["difference"]["low"] > 0 and direct["share"] == 1
    assert found["sections"][0]["reliability"]["shown_bins"]

    trained = run("--people", str(people), "--json", "--relations", "--paths", "0")
    assert trained.exit_code == 0, trained.exception
    section = json.loads(trained.stdout)["sections"][0]
    assert section["relations"][1]["trained"]["against"] == "trained without OF_CRAFT"
    assert section["relations"][1]["served"] == of_craft["served"] and section["fidelity"] is None
    assert "training without OF_CRAFT" in trained.stderr

    quick = json.loads(run("--people", str(people), "--json", "--quick").stdout)
    assert [system["name"] for system in quick["sections"][0]["systems"]] == ["ours", "popularity", "text closeness"]
    assert quick["sections"][0]["systems"] == found["sections"][0]["systems"][:3]
    assert quick["sections"][0]["relations"] == [] and quick["sections"][0]["fidelity"] is None
    assert quick["sections"][0]["reliability"] == found["sections"][0]["reliability"]

    lines[3]["user_id"] = "b7"
    people.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    leaking = run("--people", str(people))
    assert isinstance(leaking.exception, InputError)
    assert re.search(r"people\.jsonl: Leak: .*found 1 of the graph's users, as user_id 'b7'", str(leaking.exception))

    with Recommender.open(Settings(home=home, encoder="hash")) as recommender:
        assert recommender.artifact.version == before
        assert not recommender.graph_has_changed()

    timeless = run("--by", "time")
    assert isinstance(timeless.exception, GraphError)
    assert "--by hash" in str(timeless.exception)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--seeds", "0;1"], r"--seeds: expected whole numbers with commas between them, found '0;1'"),
        (["--seeds", "-1"], r"--seeds: expected numbers from 0 on, found -1"),
        (["--output", "report.pdf"], r"--output: expected a file that ends in \.html or \.json, found 'report\.pdf'"),
        (["--output", "nowhere/report.html"], r"--output: expected a folder to write in, found none: 'nowhere'"),
        (
            ["--people", "p.jsonl", "--share", "0.3", "--by", "time"],
            r"^--share and --by: expected only without --people,",
        ),
        (["--relations", "--quick"], r"^--relations: expected only without --quick, .* trains no controls\."),
        (["--people", "p.jsonl", "--quick", "--paths", "5"], r"^--paths: expected only without .* asks Neo4j nothing"),
        (["--people", "p.jsonl", "--quick", "--seeds", "1"], r"^--seeds: expected only without --people --quick,"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_any_work(
    arguments: list[str], problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert isinstance(done.exception, InputError)
    assert re.search(problem, str(done.exception))


def test_the_help_has_an_example() -> None:
    done = CliRunner().invoke(build_app(), ["evaluate", "--help"])
    assert "kg-rec evaluate --seeds 0,1 --output report.html" in " ".join(done.stdout.split())
