"""What was converted, and what was in frames, is loaded into a real Neo4j and answers."""

import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import kg_rec.cli
from kg_rec import Graph, Recommender
from kg_rec.graph.client import GraphClient
from kg_rec.graph.server import ManagedServer
from kg_rec.settings import Settings

SOURCES = Path(__file__).parents[1] / "fixtures" / "convert"


def settings_for(server: ManagedServer, home: Path) -> Settings:
    return Settings(home=home, neo4j_uri=server.status().uri, neo4j_password=server.password(), encoder="hash")


@pytest.mark.parametrize("name", ["ml-latest", "mind", "rdf-nt", "yelp"])
def test_from_the_download_to_neo4j_in_two_commands(
    name: str,
    server: ManagedServer,
    empty_graph: GraphClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KG_REC_NEO4J_URI", str(server.status().uri))
    monkeypatch.setenv("KG_REC_NEO4J_PASSWORD", server.password())
    monkeypatch.setenv("KG_REC_HOME", str(tmp_path / "home"))
    for arguments in (["convert", str(SOURCES / name), "graph"], ["load", "graph"]):
        monkeypatch.setattr(sys, "argv", ["kg-rec", *arguments])
        with pytest.raises(SystemExit) as end:
            kg_rec.cli.main()
        assert not end.value.code
    out = capsys.readouterr().out
    assert "next: kg-rec load graph" in out and "next: kg-rec train" in out
    (size,) = empty_graph.read("load/size")
    assert size["nodes"] > 4 and size["relations"] > 4


def test_frames_are_loaded(server: ManagedServer, empty: Callable[[], None], tmp_path: Path) -> None:
    empty()
    books = pd.DataFrame(
        {"id": ["salt", "keeper"], "title": ["The Salt Road", "A Keeper's Year"], "year": [1987, 1990]}
    )
    people = pd.DataFrame({"id": ["r1", "r2"]})
    lent = pd.DataFrame({"source": ["r1", "r2", "r2"], "target": ["salt", "salt", "keeper"]})
    graph = Graph.from_frames({"Book": books, "Reader": people}, {("Reader", "BORROWED", "Book"): lent})
    with Recommender.open(settings_for(server, tmp_path / "home")) as recommender:
        loaded = recommender.load(graph)
        assert (loaded.report.new_nodes, loaded.report.new_relations) == (4, 3)
        assert (loaded.schema.item.label, loaded.schema.item.title) == ("Book", "title")
        again = recommender.load(graph)
        assert (again.report.new_nodes, again.report.new_relations) == (0, 0)
