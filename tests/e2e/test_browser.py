"""Neo4j Browser, served by the managed Neo4j, in a real web browser: log in, ask, see the graph."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import neo4j
import pytest
from example_graphs import FILMS, Files, write
from playwright.sync_api import Page, Request, expect, sync_playwright

from kg_rec.graph.attach import attach
from kg_rec.graph.client import GraphClient
from kg_rec.graph.csv_folder import read_folder
from kg_rec.graph.explore import question, questions
from kg_rec.graph.load import load
from kg_rec.graph.saved_scripts import for_browser, saved_scripts, write_saved_scripts
from kg_rec.graph.server import ManagedServer
from kg_rec.graph.server_browser import browser_style
from kg_rec.graph.style import grass
from kg_rec.interest import Interest
from kg_rec.schema import EntitySchema, GraphSchema, ItemSchema
from kg_rec.schema_inference import infer_schema

CHROMIUM = os.environ.get("KG_REC_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")

expect.set_options(timeout=60_000)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here: install one, or name it with KG_REC_CHROMIUM"
)

GRAPH = """
CREATE (ada:KGEntity:KGPerson {key: "User/ada", id: "ada"})
CREATE (ada)-[:INTERESTED_IN {score: 0.9, polarity: 1}]->(:KGEntity:Film {key: "Film/1", title: "Arrival"})
CREATE (ada)-[:INTERESTED_IN {score: 0.7, polarity: -1}]->(:KGEntity:Genre {key: "Genre/1", name: "Horror"})
"""
SCHEMA = GraphSchema(
    item=ItemSchema(label="Film", id="id", title="title"), entities={"Genre": EntitySchema(title="name")}, interests=()
)
LABELS: Files = {"nodes/Record label.csv": "name:ID(Record label)\nBlue\nGreen\n"}
DROP = """([name, data]) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([Uint8Array.from(atob(data), letter => letter.charCodeAt(0))], name));
  for (const type of ['dragenter', 'dragover', 'drop'])
    document.querySelector('.filedrop').dispatchEvent(new DragEvent(type, {bubbles: true, cancelable: true, dataTransfer}));
}"""
QUESTION = "MATCH path = (:KGPerson)-[:INTERESTED_IN]->() RETURN path"


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(60_000)
        yield page
        chromium.close()


def test_the_graph_is_drawn(server: ManagedServer, empty_graph: GraphClient, page: Page, tmp_path: Path) -> None:
    with (
        neo4j.GraphDatabase.driver(empty_graph.uri, auth=("neo4j", server.password())) as driver,
        driver.session() as session,
    ):
        session.run(GRAPH).consume()
    outside: list[Request] = []
    page.context.on("request", lambda request: outside.append(request) if _is_outside(request.url) else None)
    page.on("websocket", lambda socket: pytest.fail(socket.url) if _is_outside(socket.url) else None)

    _connect(page, server)

    _run(page, browser_style(SCHEMA))
    expect(page.locator("pre", has_text='caption: "{title}";')).to_be_visible()
    _run(page, QUESTION)
    expect(page.locator("svg g.node")).to_have_count(3, timeout=60_000)
    expect(page.locator("svg g.relationship")).to_have_count(2)
    page.screenshot(path=tmp_path / "graph.png")
    captions = [text.strip() for text in page.locator("svg g.node").all_text_contents()]
    assert sorted(captions) == ["Arrival", "Horror", "ada"]
    assert {text.strip() for text in page.locator("svg g.relationship").all_text_contents()} == {"1 · 0.9", "-1 · 0.7"}

    # The page wants fonts and trackers from elsewhere; the server's policy keeps it from getting them.
    assert {request.url: request.failure for request in outside} == {request.url: "csp" for request in outside}


def test_the_style_and_the_saved_scripts_are_imported_and_run(
    server: ManagedServer, empty_graph: GraphClient, page: Page, tmp_path: Path
) -> None:
    folder = read_folder(write(tmp_path / "graph", {**FILMS, **LABELS}))
    load(empty_graph, folder)
    schema = infer_schema(folder)[0]
    interests = [Interest("Genre/Drama", "Genre", "Drama", 0.9, 1), Interest("Film/4", "Film", "Heat", 0.8, -1)]
    attach(empty_graph, schema, "ada", interests, encoder="hash")
    scripts = tmp_path / "scripts.zip"
    write_saved_scripts(saved_scripts(empty_graph, schema), scripts)

    _connect(page, server)
    # A label with a space is told in JSON, which the Browser takes as GRASS.
    assert grass(schema).startswith("{")
    _drop(page, "style.grass", grass(schema).encode())
    expect(page.locator("pre", has_text="node.Record label")).to_be_visible()
    _drop(page, scripts.name, scripts.read_bytes())
    page.get_by_test_id("navigationFavorites").click()
    page.get_by_test_id("expandFolder-kg-rec").click()
    listed = page.get_by_test_id("savedScriptListItem")
    questions_of_graph = [one.text for one in questions()]
    titles = ["Parameters: run this first, and change it to ask of others", *questions_of_graph]
    expect(listed).to_have_count(len(titles))
    assert {page.get_by_test_id(f"scriptTitle-{title}").count() for title in titles} == {1}

    _run_saved(page, titles[0])
    lines = saved_scripts(empty_graph, schema)["0_parameters.cypher"].count(":param ")
    expect(page.get_by_title("Status: success")).to_have_count(lines)
    _run_saved(page, "What is this person interested in, and which of their words say so?")
    expect(page.locator("svg g.relationship", has_text="0.9")).to_have_count(1)
    captions = [text.strip() for text in page.locator("svg g.node").all_text_contents()]
    assert sorted(captions) == ["Drama", "Heat", "ada"]
    _run(page, "MATCH (n:`Record label`) RETURN n")
    expect(page.locator("svg g.node", has_text="Blue")).to_have_count(1)

    # What `--print` prints, pasted as it is.
    lines, statement = for_browser(
        question("neighbourhood").script.text, {"entity": "Film/3", "each": 5, "limit": 9}
    ).split("\n\n", 1)
    _run(page, lines)
    expect(page.get_by_test_id("frame").first.get_by_title("Status: success")).to_have_count(3)
    _run(page, statement)
    expect(page.get_by_test_id("frame").first.locator("svg g.node", has_text="Ran")).to_have_count(1)
    # Numbers that the Browser makes floating ones of are taken, too.
    _run(page, ":params {entity: 'Film/3', each: 1, limit: 2}")
    expect(page.get_by_test_id("rawParamData").first).to_contain_text('"limit": 2.0')
    _run(page, statement)
    expect(page.get_by_test_id("frame").first.locator("svg g.node")).to_have_count(3)


def _connect(page: Page, server: ManagedServer) -> None:
    page.goto(_address(server))
    expect(page.get_by_test_id("username")).to_have_value("neo4j")
    page.get_by_test_id("password").fill(server.password())
    page.get_by_test_id("connect").click()
    expect(page.get_by_text("neo4j$", exact=True)).to_be_visible(timeout=60_000)


def _drop(page: Page, name: str, content: bytes) -> None:
    """Drop a file on the page, as with the mouse."""
    page.evaluate(DROP, [name, base64.b64encode(content).decode()])


def _run_saved(page: Page, title: str) -> None:
    entry = page.get_by_test_id("savedScriptListItem").filter(has=page.get_by_test_id(f"scriptTitle-{title}"))
    entry.get_by_test_id("savedScriptsButton-Run").click()


def _run(page: Page, command: str) -> None:
    page.locator(".monaco-editor textarea").first.focus()
    page.keyboard.insert_text(command)
    page.keyboard.press("Control+Enter")


def _address(server: ManagedServer) -> str:
    """The address as `kg-rec neo4j browser` prints it."""
    from typer.testing import CliRunner

    from kg_rec.cli import build_app

    result = CliRunner().invoke(build_app(), ["neo4j", "browser", "--home", str(server.settings.home)])
    assert result.exit_code == 0, result.output
    return next(line.split()[1] for line in result.output.splitlines() if line.startswith("address"))


def _is_outside(url: str) -> bool:
    return urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).hostname != "127.0.0.1"
