"""The page in a real Chromium, served by the real service on the sample graph, beside the session's Neo4j."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from served import Caller, serving

from kg_rec import Recommender, Settings
from kg_rec.graph.server import ManagedServer
from kg_rec.model.training import TrainingSettings
from kg_rec.sample import sample_folder
from kg_rec.service.api import Access
from kg_rec.service.keys import KeyRing

CHROMIUM = os.environ.get("KG_REC_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")

expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def settings(server: ManagedServer, empty: Callable[[], None], tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with a model of the sample graph, whose managed Neo4j is that of the session."""
    empty()
    home = tmp_path_factory.mktemp("page") / "home"
    home.mkdir()
    (home / "neo4j").symlink_to(server.home)
    found = Settings(home=home, encoder="hash")
    with Recommender.open(found) as recommender:
        recommender.load(sample_folder())
        recommender.train(TrainingSettings(steps=2))
    return found


@pytest.fixture(scope="module")
def call(settings: Settings) -> Iterator[Caller]:
    with serving(settings, Access(KeyRing(settings.home / "keys.json"))) as caller:
        yield caller


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium here: install one, or name it with KG_REC_CHROMIUM")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


class Visits:
    """Visits to the page; what goes wrong in any of them is remembered. allowed: statuses that a test provokes."""

    def __init__(self, chromium: Browser, address: str) -> None:
        self._chromium = chromium
        self._address = address
        self.allowed: set[int] = set()
        self.wrong: list[str] = []

    def __call__(
        self, *, width: int = 1280, height: int = 900, dark: bool = False, still: bool = False, at: str | None = None
    ) -> Page:
        context = self._chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce" if still else "no-preference",
            base_url=at or self._address,
        )
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", self._heard)
        page.goto("/")
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(f"status of {status} " in message.text for status in self.allowed):
            self.wrong.append(message.text)


@pytest.fixture
def visit(chromium: Browser, call: Caller) -> Iterator[Visits]:
    """Open the page, in a browser that has not been there; nothing may be wrong on its console."""
    visits = Visits(chromium, f"http://127.0.0.1:{call.port}")
    yield visits
    for context in list(chromium.contexts):
        context.close()
    assert visits.wrong == []
