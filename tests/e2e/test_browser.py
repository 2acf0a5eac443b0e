"""Neo4j Browser, served by the managed Neo4j, in a real web browser: log in, ask, see the graph."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import neo4j
import pytest
from playwright.sync_api import Page, Request, expect, sync_playwright

from kg_rec.graph.client import GraphClient
from kg_rec.graph.server import ManagedServer
from kg_rec.graph.server_browser import browser_style
from kg_rec.schema import EntitySchema, GraphSchema, ItemSchema

CHROMIUM = os.environ.get("KG_REC_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here: install one, or name it with KG_REC_CHROMIUM"
)

GRAPH = """
CREATE (ada:KGEntity:KGPerson {key: "Person/ada"})
CREATE (ada)-[:INTERESTED_IN {score: 0.9, polarity: 1}]->(:KGEntity:Film {key: "Film/1", title: "Arrival"})
CREATE (ada)-[:INTERESTED_IN {score: 0.7, polarity: -1}]->(:KGEntity:Genre {key: "Genre/1", name: "Horror"})
"""
SCHEMA = GraphSchema(
    item=ItemSchema(label="Film", id="id", title="title"), entities={"Genre": EntitySchema(title="name")}, interests=()
)
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

    page.goto(_address(server))
    expect(page.get_by_test_id("username")).to_have_value("neo4j")
    page.get_by_test_id("password").fill(server.password())
    page.get_by_test_id("connect").click()
    expect(page.get_by_text("neo4j$", exact=True)).to_be_visible(timeout=60_000)

    _run(page, browser_style(SCHEMA))
    expect(page.locator("pre", has_text='caption: "{title}";')).to_be_visible()
    _run(page, QUESTION)
    expect(page.locator("svg g.node")).to_have_count(3, timeout=60_000)
    expect(page.locator("svg g.relationship")).to_have_count(2)
    page.screenshot(path=tmp_path / "graph.png")
    captions = [text.strip() for text in page.locator("svg g.node").all_text_contents()]
    assert sorted(captions) == ["Arrival", "Horror", "Person/ada"]
    assert {text.strip() for text in page.locator("svg g.relationship").all_text_contents()} == {"INTERESTED_IN"}

    # The page wants fonts and trackers from elsewhere; the server's policy keeps it from getting them.
    assert {request.url: request.failure for request in outside} == {request.url: "csp" for request in outside}


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
