"""Every script runs on the real server as it stands, and none of its plans reads the whole graph by accident."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, LiteralString, cast

import neo4j
import pytest
from example_graphs import FILMS, write

from kg_rec.graph.csv_folder import read_folder
from kg_rec.graph.load import load
from kg_rec.graph.scripts import script, script_names
from kg_rec.graph.server import ManagedServer, connect

FORBIDDEN = ("AllNodesScan", "CartesianProduct")
# They look at a graph that has no keys yet, or none any more: there is nothing else to find nodes by.
WITHOUT_KEYS = ("init/", "adopt/")


@pytest.fixture(scope="module")
def session(server: ManagedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[neo4j.Session]:
    """A session on a graph with all constraints and indexes that the scripts rely on."""
    folder = read_folder(write(tmp_path_factory.mktemp("films"), FILMS))
    with connect(server.settings) as client:
        for name in script_names():
            if name.startswith("schema/") and not script(name).parameters:
                client.write_batches(name)
        load(client, folder)
        with client._session("WRITE") as session:
            yield session


def dummy(meaning: str) -> object:
    """A value of the kind that the header describes."""
    if meaning.startswith("["):
        return []
    if meaning.startswith("{"):
        return {}
    return 1 if re.match(r"(how many|number|at most|largest|smallest|lowest|highest)\b", meaning) else "x"


def operators(plan: dict[str, Any]) -> Iterator[str]:
    yield plan["operatorType"].partition("@")[0]
    for child in plan.get("children", ()):
        yield from operators(child)


def explained(session: neo4j.Session, name: str) -> list[str]:
    text = script(name).text
    parameters = {
        match[1]: dummy(match[2].strip()) for match in re.finditer(r"^//\s*\$(\w+)\s+(.*)$", text, re.MULTILINE)
    }
    assert set(parameters) == script(name).parameters, "each parameter is declared as `// $name  meaning`"
    # Planned anew: a plan made when the graph was smaller would be shown again.
    session.run("CALL db.clearQueryCaches()").consume()
    plan = session.run(cast(LiteralString, "EXPLAIN " + text), parameters).consume().plan
    assert plan is not None
    return list(operators(plan))


@pytest.mark.parametrize("name", script_names())
def test_the_script_is_accepted_and_its_plan_uses_indexes(session: neo4j.Session, name: str) -> None:
    found = explained(session, name)
    forbidden = set(FORBIDDEN) - ({"AllNodesScan"} if name.startswith(WITHOUT_KEYS) else set())
    assert not set(found) & forbidden, f"cypher/{name}.cypher: the plan has {set(found) & set(FORBIDDEN)}: {found}"


@pytest.mark.parametrize("name", script_names())
def test_the_script_begins_with_what_it_does_and_returns(name: str) -> None:
    lines = script(name).text.splitlines()
    header = [line for line in lines if line.startswith("//")]
    assert header and lines[0] == header[0], "a header comment"
    assert any(re.match(r"//\s*returns\s", line) for line in header), "a line `// returns  …`"
    body = "\n".join(line for line in lines if not line.strip().startswith("//"))
    used = set(re.findall(r"\$(\w+)", body))
    assert used == script(name).parameters, "the header declares exactly the parameters that are used"


def test_the_check_sees_what_it_looks_for(session: neo4j.Session, tmp_path: Path) -> None:
    for statement, operator in (
        ("MATCH (n {key: 'x'}) RETURN n", "AllNodesScan"),
        ("MATCH (a:KGEntity), (b:KGEntity) RETURN a, b", "CartesianProduct"),
    ):
        plan = session.run(cast(LiteralString, f"EXPLAIN {statement}")).consume().plan
        assert plan is not None and operator in set(operators(plan))
