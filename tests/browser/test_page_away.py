"""The page when something is away: Neo4j, the service, a key, or the patience of either."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import Route, expect
from served import Caller, serving

from kg_rec import Settings
from kg_rec.graph.server import ManagedServer
from kg_rec.service.api import Access
from kg_rec.service.keys import KeyRing

from .conftest import Visits
from .test_page import WORDS, asked, chip, of_somebody, say, titles

ROOT = Path(__file__).parents[2]


def test_neo4j_stops_and_comes_back(visit: Visits, call: Caller, server: ManagedServer) -> None:
    visit.allowed = {404, 503}
    page = visit()
    say(page)
    page.get_by_role("button", name="Keep me").click()
    page.get_by_label("Name", exact=True).fill("ida")
    with asked(page, of_somebody):
        page.locator("#keep-dialog").get_by_role("button", name="Keep me").click()
    expect(page.locator(".card")).to_have_count(10)
    server.stop()
    try:
        expect(page.locator("#banner")).to_contain_text("Neo4j cannot be reached. Recommendations go on.")
        assert call("GET", "/v1/about").json["browser"] is None
        # Words are answered, and what is done counts at once; it is only not stored yet.
        say(page, "westerns like Unforgiven, no horror")
        expect(chip(page, "Unforgiven")).to_have_count(1)
        first = titles(page)[0]
        with asked(page):
            page.get_by_role("button", name=f"Like: {first}", exact=True).click()
        expect(chip(page, first).locator(".label")).to_have_text("you liked it")
        expect(page.locator(".card")).to_have_count(10)
        expect(page.locator(".edge").first).to_be_attached()
        page.get_by_role("button", name="ida").click()
        page.get_by_role("button", name="Forget me").click()
        expect(page.locator(".toast")).to_contain_text("nothing was erased")
    finally:
        server.start()
    expect(page.locator("#banner")).to_be_hidden(timeout=60_000)
    deadline = time.monotonic() + 60
    while True:
        found = call("GET", "/v1/people/ida").json
        if found.get("events"):
            break
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    assert [one["kind"] for one in found["events"]] == ["liked"]
    assert "Film/unforgiven" in {one["entity"] for one in found["interests"]}
    page.get_by_role("button", name="ida").click()
    page.get_by_role("button", name="Forget me").click()
    expect(page.get_by_role("button", name="Keep me")).to_be_visible()
    assert call("GET", "/v1/people/ida").status == 404


def test_the_service_itself_is_away(visit: Visits, settings: Settings) -> None:
    with serving(settings, Access(KeyRing(settings.home / "keys.json"))) as other:
        page = visit(at=f"http://127.0.0.1:{other.port}")
        say(page)
        before = titles(page)
    page.get_by_role("textbox", name="Say what you like").fill("westerns")
    expect(page.locator("#banner")).to_contain_text("The service does not answer.")
    expect(page.locator("#banner")).to_contain_text("Trying again")
    assert titles(page) == before, "what was there stays"
    assert all("ERR_CONNECTION_REFUSED" in one for one in visit.wrong), visit.wrong
    page.close()
    visit.wrong = []


def test_more_is_asked_than_may_be(visit: Visits, settings: Settings) -> None:
    visit.allowed = {429}
    with serving(settings, Access(KeyRing(settings.home / "keys.json"), rate=0.2)) as other:
        page = visit(at=f"http://127.0.0.1:{other.port}")
        expect(page.locator("h1")).to_be_visible()
        for number in range(8):
            page.get_by_role("textbox", name="Say what you like").fill(f"{WORDS} {number}")
            page.wait_for_timeout(350)
        expect(page.locator("#banner")).to_contain_text("Too many requests.")
        expect(page.locator("#banner")).to_contain_text(re.compile(r"Trying again in \d+ s"))
        # It is asked again by itself, when that may be.
        expect(page.locator(".card")).to_have_count(10)
        expect(page.locator("#banner")).to_be_hidden()
        page.close()


def test_what_went_wrong_stays_told_when_something_else_goes_well(visit: Visits) -> None:
    visit.allowed = {500}
    page = visit()
    expect(page.locator(".example").first).to_be_visible()
    held: list[Route] = []
    page.route("**/v1/about", lambda route: held.append(route))
    page.route("**/v1/recommend", lambda route: route.fulfill(status=500, body="{}"))
    page.reload()
    deadline = time.monotonic() + 30
    while len(held) < 2:  # when it is loaded, and when it is looked whether all is there
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)
    page.get_by_role("textbox", name="Say what you like").fill(WORDS)
    expect(page.locator("#banner")).to_contain_text("The service answered 500.")
    held[1].continue_()
    expect(page.locator("#served")).not_to_be_empty()
    page.wait_for_timeout(300)
    expect(page.locator("#banner")).to_contain_text("The service answered 500.")
    expect(page.locator("#waiting")).to_be_hidden()
    page.unroute("**/v1/recommend")
    with asked(page):
        page.get_by_role("button", name="Try now").click()
    expect(page.locator("#banner")).to_be_hidden()


def test_a_key_is_asked_for(visit: Visits, settings: Settings, tmp_path: Path) -> None:
    visit.allowed = {401, 403, 404}
    ring = KeyRing(tmp_path / "keys.json")
    reads, writes = ring.make("reads", "read"), ring.make("writes", "write")
    with serving(settings, Access(ring, needs_key=True)) as other:
        at = f"http://127.0.0.1:{other.port}"
        page = visit(at=at)
        dialog = page.get_by_role("dialog", name="This service asks for a key")
        field = dialog.get_by_label("Key", exact=True)
        expect(field).to_be_focused()
        field.fill("kgr_wrong")
        page.keyboard.press("Enter")
        expect(dialog).to_contain_text("This key is not known")
        field.fill(reads)
        page.keyboard.press("Enter")
        expect(dialog).to_be_hidden()
        say(page)
        expect(page.locator(".card")).to_have_count(10)
        page.reload()
        expect(page.locator(".card")).to_have_count(10)
        assert reads not in page.evaluate("JSON.stringify(localStorage)") + page.url
        # Who may only read is told so when something is to be stored.
        page.get_by_role("button", name="Keep me").click()
        page.get_by_label("Name", exact=True).fill("eve")
        page.locator("#keep-dialog").get_by_role("button", name="Keep me").click()
        expect(dialog).to_contain_text("scope 'write'")
        field.fill(writes)
        page.keyboard.press("Enter")
        expect(dialog).to_be_hidden()
        headers = {"Authorization": f"Bearer {writes}"}
        deadline = time.monotonic() + 30
        while other("GET", "/v1/people/eve", headers=headers).status != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        other("DELETE", "/v1/people/eve", headers=headers)
        stranger = visit(at=at)
        expect(stranger.get_by_role("dialog")).to_be_visible()
        page.close()
        stranger.close()


def test_the_demo_opens_the_page(settings: Settings, server: ManagedServer, tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}.part && mv {opened}.part {opened}\n')
    browser.chmod(0o755)
    command = [sys.executable, "-c", "from kg_rec.cli import main; main()", "demo", "--home", str(settings.home)]
    environment = {**os.environ, "BROWSER": f"{browser} %s"}
    log = tmp_path / "log"
    with log.open("w") as told:
        process = subprocess.Popen([*command, "--serve"], cwd=ROOT, env=environment, stdout=told, stderr=told)
    try:
        deadline = time.monotonic() + 240
        while not opened.exists():
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        address = opened.read_text().strip()
        assert f"the page: {address}" in log.read_text()
        port = int(address.rstrip("/").rpartition(":")[2])
        page = Caller(port, None)("GET", "/")  # type: ignore[arg-type]
        assert page.status == 200 and b"<title>kg-rec</title>" in page.body
        assert (
            page.headers["cache-control"] == "no-cache"
            and "default-src 'self'" in page.headers["content-security-policy"]
        )
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) in (0, 130, -2), log.read_text()
