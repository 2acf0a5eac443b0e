"""benchmarks/quality reads a CSV folder without Neo4j: what its peers are given must be what kg-rec trains on."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from example_graphs import FILMS, SHOP, write

from kg_rec.graph.client import GraphClient
from kg_rec.graph.csv_folder import read_folder
from kg_rec.graph.export import export_graph
from kg_rec.graph.load import load

FOLDER = Path(__file__).parents[2] / "benchmarks/quality"


@pytest.mark.parametrize("files", [FILMS, SHOP], ids=["films", "shop"])
def test_the_peers_read_what_neo4j_would_export(
    empty_graph: GraphClient, files: dict[str, str | bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    folder = read_folder(write(tmp_path, files))
    load(empty_graph, folder)
    wanted = export_graph(empty_graph, None)
    found = runpy.run_path(str(FOLDER / "preparation.py"))["exported"](folder)
    assert found.node_types == wanted.node_types and found.edge_types == wanted.edge_types
    for label in wanted.node_types:
        assert found[label].key == wanted[label].key
        for name, values in wanted[label].properties.items():
            assert found[label].properties[name] == values, (label, name)
    for triple in wanted.edge_types:
        assert found[triple].edge_index.tolist() == wanted[triple].edge_index.tolist()
        assert found[triple].properties.keys() == wanted[triple].properties.keys()
        for name, values in wanted[triple].properties.items():
            assert np.array_equal(found[triple].properties[name], values, equal_nan=True), (triple, name)
