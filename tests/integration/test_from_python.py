"""kg-rec from Python: an encoder and a network of one's own, several threads, asyncio, and the evaluation."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from example_graphs import FILMS, write
from torch_geometric.nn import RGCNConv

from kg_rec import Recommender, Settings, evaluate, export_graph
from kg_rec.errors import ArtifactError, InputError
from kg_rec.evaluation.evaluator import Scope
from kg_rec.graph.client import GraphClient
from kg_rec.graph.server import ManagedServer
from kg_rec.model.protocol import RelationalGraph
from kg_rec.model.training import TrainingSettings
from kg_rec.sample import sample_folder
from kg_rec.text.encoder import HashEncoder

WORDS = ["quiet drama with Amy Adams", "a film like Arrival", "crime. No drama please.", "", "Her, or She", "1980s"]


class Letters:
    """Counts letters: an encoder that kg-rec has never heard of."""

    name, dim = "letters", 26

    def __init__(self, fingerprint: str = "letters-1") -> None:
        self.fingerprint = fingerprint

    def encode(self, texts: Sequence[str], progress: Any = None) -> Any:
        counts = np.array([[text.casefold().count(chr(97 + n)) for n in range(26)] for text in texts], dtype=np.float32)
        lengths = np.linalg.norm(counts.reshape(-1, 26), axis=1, keepdims=True)
        if progress is not None:
            progress.advance(len(texts))
        return counts.reshape(-1, 26) / np.maximum(lengths, 1e-9)


class Network(torch.nn.Module):
    def __init__(self, graph: RelationalGraph) -> None:
        super().__init__()
        self.convolution = RGCNConv(graph.x.size(1), 4, len(graph.relations))

    def forward(self, graph: RelationalGraph) -> torch.Tensor:
        z: torch.Tensor = self.convolution(graph.x, graph.edge_index, graph.edge_type)
        return z


@pytest.fixture
def settings(server: ManagedServer, empty_graph: GraphClient, tmp_path: Path) -> Settings:
    """A home of its own on the session's Neo4j, empty, with the encoder for tests."""
    return Settings(
        home=tmp_path / "home", neo4j_uri=server.status().uri, neo4j_password=server.password(), encoder="hash"
    )


@pytest.fixture
def trained(settings: Settings, tmp_path: Path) -> Settings:
    with Recommender.open(settings) as recommender:
        recommender.load(write(tmp_path / "films", FILMS))
        recommender.train(TrainingSettings(steps=2))
    return settings


@pytest.fixture
def recommender(trained: Settings) -> Iterator[Recommender]:
    with Recommender.open(trained) as opened:
        yield opened


def answers(recommender: Recommender) -> list[Any]:
    return [recommender.recommend(words, k=3) for words in WORDS]


def test_an_encoder_and_a_network_of_ones_own(settings: Settings, tmp_path: Path) -> None:
    with Recommender.open(settings, encoder=Letters()) as own:
        own.load(write(tmp_path / "films", FILMS))
        own.train(TrainingSettings(steps=2), model=Network)
        before = answers(own)
    with Recommender.open(settings, encoder=Letters()) as again:
        assert answers(again) == before
        assert again.artifact.encoder == {"name": "letters", "fingerprint": "letters-1", "dim": 26, "own": True}
        assert again.artifact.model.network is not None and again.artifact.model.network.endswith("Network")
        assert next(again.recommend_many(WORDS, k=3)).items[0].key == before[0].items[0].key
    with Recommender.open(settings) as without, pytest.raises(ArtifactError, match="expected to be given it") as caught:
        without.recommend("x")
    assert "encoder=" in caught.value.remedy and "kg-rec train" in caught.value.remedy
    with Recommender.open(settings, encoder=Letters("letters-2")) as other, pytest.raises(ArtifactError) as caught:
        other.recommend("x")
    assert "trained with the encoder 'letters', fingerprint letters-" in caught.value.message


def test_an_encoder_that_the_model_was_not_trained_with(trained: Settings) -> None:
    with Recommender.open(trained, encoder=HashEncoder()) as same:  # whoever gives the very one may do so
        assert same.recommend("drama", k=1)
    with Recommender.open(trained, encoder=Letters()) as other, pytest.raises(ArtifactError, match="encoder 'hash'"):
        other.recommend("drama")


def test_many_threads_ask_one_recommender(trained: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """All at once and from the first call on: everything is made once, and everybody has their own answer."""
    with Recommender.open(trained) as alone:
        expected = answers(alone)
    opened: list[str] = []
    at_once = threading.Barrier(8)
    connect = GraphClient.__init__

    def counted(self: GraphClient, uri: str, *arguments: Any, **options: Any) -> None:
        opened.append(uri)
        connect(self, uri, *arguments, **options)

    monkeypatch.setattr(GraphClient, "__init__", counted)

    def work(_: int) -> list[Any]:
        at_once.wait()
        return answers(shared)

    with Recommender.open(trained) as shared, ThreadPoolExecutor(8) as threads:
        assert list(threads.map(work, range(8))) == [expected] * 8
    assert len(opened) == 1


def test_people_are_attached_from_many_threads(recommender: Recommender) -> None:
    def work(number: int) -> tuple[Any, Any]:
        attached = recommender.attach(f"p{number}", WORDS[number % 3])
        return attached, recommender.interests(f"p{number}")

    with ThreadPoolExecutor(6) as threads:
        for attached, kept in threads.map(work, range(12)):
            assert attached and attached == kept
    for number in range(12):
        recommender.detach(f"p{number}")


def test_an_asyncio_program_asks_in_threads(recommender: Recommender) -> None:
    async def program() -> list[Any]:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        found = await asyncio.gather(*(asyncio.to_thread(recommender.recommend, words, k=3) for words in WORDS))
        ticking.cancel()
        assert ticks > len(WORDS)  # the loop went on meanwhile
        return found

    assert asyncio.run(program()) == answers(recommender)


def test_everything_works_inside_a_running_loop(trained: Settings, tmp_path: Path) -> None:
    """As in a notebook, whose cells run in a loop: nothing needs one of its own."""

    async def cell() -> tuple[list[Any], Any]:
        with Recommender.open(trained) as inside:
            inside.load(write(tmp_path / "again", FILMS))
            graph = export_graph(inside.client, inside.schema)
            inside.train(TrainingSettings(steps=1))
            return answers(inside), graph

    found, graph = asyncio.run(cell())
    assert all(found) and graph["Film"].num_nodes == 4


def test_the_evaluation_from_python(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with Recommender.open(settings) as recommender:
        recommender.load(sample_folder())
        few: dict[str, Callable[..., Any] | Any] = {"settings": TrainingSettings(steps=1), "manners": ["asking"]}
        report = evaluate(recommender, scope=Scope(quick=True, paths=0), **few)
        own = evaluate(recommender, scope=Scope(quick=True), model=Network, **few)
        assert "People who ask for something: " in report.as_text() and "ours" in report.as_text()
        assert report.sections[0].relations and not own.sections[0].relations
        assert report.about["encoder"] == "hash"
        with pytest.raises(InputError, match="without relations"):
            evaluate(recommender, scope=Scope(relations=True), model=Network)
        with pytest.raises(InputError, match="either people of a file"):
            evaluate(recommender, Path("people.jsonl"), model=Network)
