"""What kg-rec published is none of the owner's graph: every question has the same answer before and after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from kg_rec.graph.answers import as_plain
from kg_rec.graph.explore import ask, questions, values
from kg_rec.graph.server import ManagedServer
from kg_rec.model import training
from kg_rec.recommender import Recommender
from kg_rec.sample import sample_folder
from kg_rec.settings import Settings


@pytest.fixture(scope="module")
def sample(
    server: ManagedServer, empty: Callable[[], None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Recommender]:
    """The sample graph with two people and a model of it."""
    empty()
    home = tmp_path_factory.mktemp("explore") / "home"
    home.mkdir()
    (home / "neo4j").symlink_to(server.home)
    with (
        pytest.MonkeyPatch.context() as patch,
        Recommender.open(Settings(home=home, encoder="hash")) as recommender,
    ):
        patch.setattr(training, "TrainingSettings", partial(training.TrainingSettings, steps=2))
        recommender.load(sample_folder())
        recommender.train()
        recommender.attach("demo", "I loved Arrival and science fiction about loneliness. No horror please.")
        recommender.attach("ben", "Arrival, science fiction and horror")
        yield recommender
    empty()


def _answers(recommender: Recommender) -> dict[str, Any]:
    """Return the rows of every question, and what was chosen to ask about."""
    client, schema = recommender.client, recommender.schema
    found: dict[str, Any] = {}
    for asked in questions():
        for given in ({}, {"limit": "5000"}, {"hub": "10000"} if asked.name == "connections" else {}):
            chosen = values(client, schema, asked, given)
            rows = [as_plain(row) for row in ask(client, asked, chosen.values)]
            found[asked.name, str(given)] = chosen.values, [_in_order(row) for row in rows]
    return found


def _in_order(row: dict[str, Any]) -> dict[str, Any]:
    """Sort what a question collects without an order; a mean is that of sums in another order, and left out."""
    return {name: sorted(one, key=str) if name == "paths" else one for name, one in row.items() if name != "mean"}


def test_every_question_has_the_same_answer_before_and_after(sample: Recommender) -> None:
    before = _answers(sample)
    done = sample.publish()
    assert done.speaks_for and done.similar  # there is something to be left out
    after = _answers(sample)
    assert [name for name in before if before[name] != after[name]] == []


@pytest.mark.parametrize("name", ["hubs", "relations", "schema", "isolated", "start", "unfound"])
def test_interests_are_no_part_of_the_graph_either(sample: Recommender, name: str) -> None:
    (asked,) = (one for one in questions() if one.name == name)
    found = values(sample.client, sample.schema, asked, {"limit": "1000"}).values

    def things() -> list[Any]:
        rows = [as_plain(row) for row in ask(sample.client, asked, found)]
        return [row for row in rows if not str(row.get("key")).startswith("User/")]

    before = things()
    sample.attach("ann", "Her, and films about surveillance")
    try:
        assert things() == before
    finally:
        sample.detach("ann")
