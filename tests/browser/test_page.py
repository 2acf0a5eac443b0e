"""The whole way of the page: a sentence, its interests, what is recommended and why, and what somebody makes of it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect
from served import Caller

from kg_rec.graph.server import ManagedServer

from .conftest import Visits

WORDS = "I loved Arrival and slow, sad science fiction about loneliness. No horror please."
NAMES = ["Arrival", "Science Fiction", "loneliness", "Horror"]


def say(page: Page, words: str = WORDS) -> None:
    """Say something, and wait for what it comes to."""
    with page.expect_response(lambda answer: answer.url.endswith("/v1/recommend") and answer.ok):
        page.get_by_role("textbox", name="Say what you like").fill(words)
    expect(page.locator(".card").first).to_be_visible()


def titles(page: Page) -> list[str]:
    return page.locator(".card h3").all_text_contents()


def chip(page: Page, name: str) -> Locator:
    return page.locator(".chip").filter(has=page.locator(".name", has_text=re.compile(f"^{re.escape(name)}$")))


def asked(page: Page, expected: Callable[[Any], bool] = lambda _: True) -> Any:
    """Wait for the answer to the next question, or the next such question; in a with statement."""
    return page.expect_response(
        lambda answer: answer.url.endswith("/v1/recommend") and answer.ok and expected(answer.request.post_data_json)
    )


def avoids(key: str) -> Callable[[Any], bool]:
    return lambda body: {"entity": key, "score": 1, "polarity": -1} in body.get("interests", [])


def until(page: Page, condition: str) -> None:
    """Wait for something that JavaScript tells; the page's own policy forbids Playwright to look by itself."""
    deadline = time.monotonic() + 30
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, condition
        page.wait_for_timeout(50)


def lit(page: Page, what: str) -> list[str]:
    """The names of what is lit: cards, or nodes of a kind in the picture."""
    if what == "cards":
        return page.locator(".card.lit h3").all_text_contents()
    return [name.split(" · ")[0] for name in page.locator(f".node.{what}.lit title").all_text_contents()]


def test_a_first_visit_begins_with_sentences_of_the_graph(visit: Visits, call: Caller) -> None:
    page = visit()
    about = call("GET", "/v1/about").json
    expect(page.locator(".example")).to_have_text(about["examples"])
    expect(page.locator("#results")).to_be_hidden()
    page.locator(".example").first.click()
    expect(page.get_by_role("textbox", name="Say what you like")).to_have_value(about["examples"][0])
    expect(page.locator(".card")).to_have_count(10)
    expect(page.locator("#first")).to_be_hidden()
    page.get_by_role("button", name="Begin anew").click()
    expect(page.locator("#first")).to_be_visible()
    expect(page.locator(".chip")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".card")).to_have_count(10)


def test_sentences_to_begin_with_are_understood_as_they_are_meant(call: Caller) -> None:
    found = call("GET", "/v1/about").json
    assert found["items"] == 673 and found["item"]["released"] == "year" and len(found["examples"]) == 4
    named: list[str] = []
    for sentence in found["examples"]:
        understood = call("POST", "/v1/understand", {"words": sentence}).json["interests"]
        assert len(understood) >= 2 and all(one["source"] == "named" for one in understood)
        for one in understood:
            assert (one["polarity"] < 0) == (f"no {one['name']}".lower() in sentence.lower())
            # What is asked for is a thing, and reads so: no "something about slow-paced".
            assert one["label"] in {"Film", "Genre", "Person"} or re.search("(?:hood|ness|ship|age|ty|s)$", one["name"])
        named += [one["key"] for one in understood]
    assert len(named) == len(set(named)), "something stands in two of them"


def test_a_sentence_becomes_interests_cards_and_paths(visit: Visits, call: Caller) -> None:
    page = visit()
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if "/v1/recommend" in request.url else None)
    page.get_by_role("textbox", name="Say what you like").press_sequentially(WORDS, delay=5)
    expect(page.locator(".chip .name")).to_have_text(NAMES)
    expect(page.locator("#marks mark")).to_have_text(["Arrival", "science fiction", "loneliness", "horror"])
    expect(page.locator(".card")).to_have_count(10)
    assert len(sent) < len(WORDS) / 4, "asked at each letter, not when typing stops"
    expected = call("POST", "/v1/recommend", {"words": WORDS}).json["items"]
    assert titles(page) == [item["title"] for item in expected]
    assert page.locator(".why").all_text_contents() == [item["why"] for item in expected]
    assert page.locator(".card .facts dd").all_text_contents() == [str(item["properties"]["year"]) for item in expected]
    assert [title.strip() for title in page.locator(".node.item title").all_text_contents()] == titles(page)
    assert sorted(page.locator(".node.interest title").all_text_contents()) == sorted(
        f"{one['name']} · {one['label']}" for one in call("POST", "/v1/understand", {"words": WORDS}).json["interests"]
    )
    for name in ("avoid", "hue-1"):
        assert page.locator(f".chip.{name}").count() == page.locator(f"#marks mark.{name}").count() == 1
    expect(chip(page, "Horror").get_by_role("button", name="Avoid Horror")).to_have_attribute("aria-pressed", "true")


def test_of_two_answers_the_last_question_counts(visit: Visits) -> None:
    page = visit()
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if not held:
            held.append(route)
        else:
            route.continue_()

    page.route("**/v1/recommend", hold_the_first)
    page.get_by_role("textbox", name="Say what you like").fill("westerns like Unforgiven")
    expect(page.locator("body")).to_have_class(re.compile("slow"))
    expect(page.locator("#waiting")).to_be_visible()
    page.get_by_role("textbox", name="Say what you like").fill(WORDS)
    expect(page.locator(".card")).to_have_count(10)
    expect(page.locator("body")).not_to_have_class(re.compile("slow"))
    before = titles(page)
    # It was given up, and nobody waits for it.
    held[0].abort()
    page.wait_for_timeout(300)
    assert titles(page) == before
    expect(page.locator(".chip .name")).to_have_text(NAMES)


def test_a_chip_is_strengthened_turned_and_taken_away(visit: Visits) -> None:
    page = visit()
    say(page)
    before = titles(page)
    slider = chip(page, "Arrival").get_by_role("slider", name="Strength of Arrival")
    box = slider.bounding_box()
    assert box is not None
    with asked(page) as answer:
        page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + box["height"] / 2)
    told = {one["entity"]: one for one in answer.value.request.post_data_json["interests"]}
    assert 0.1 <= told["Film/arrival"]["score"] <= 0.4 and told["Genre/Horror"]["polarity"] == -1
    with asked(page) as answer:
        page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2, steps=8)
        page.mouse.up()
    expect(slider).to_have_attribute("aria-valuetext", re.compile("^[78]\\d %, wanted"))

    with asked(page, avoids("Genre/Science Fiction")):
        chip(page, "Science Fiction").get_by_role("button", name="Avoid Science Fiction").click()
    expect(page.locator("#marks mark.avoid")).to_have_text(["science fiction", "horror"])
    expect(chip(page, "Science Fiction").locator(".label")).to_have_text("Genre · avoided")
    expect(page.locator(".card")).to_have_count(10)
    assert titles(page) != before

    with asked(page) as answer:
        chip(page, "loneliness").get_by_role("button", name="Remove loneliness").click()
    assert "Keyword/loneliness" not in {one["entity"] for one in answer.value.request.post_data_json["interests"]}
    expect(page.locator("#marks mark")).to_have_text(["Arrival", "science fiction", "horror"])
    expect(chip(page, "Horror").get_by_role("button", name="Remove Horror")).to_be_focused()
    # Said again, it is an interest again; what was changed stays.
    say(page, WORDS.replace("loneliness", "memory"))
    say(page, WORDS)
    expect(page.locator(".chip .name")).to_have_text(NAMES)
    expect(chip(page, "Science Fiction")).to_have_class(re.compile("avoid"))


def test_an_interest_is_added_by_search(visit: Visits) -> None:
    page = visit()
    field = page.get_by_role("combobox", name="Add an interest")
    field.press_sequentially("weste")
    options = page.get_by_role("option")
    expect(options.first).to_contain_text("Western")
    expect(field).to_have_attribute("aria-expanded", "true")
    field.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    assert field.get_attribute("aria-activedescendant") == options.first.get_attribute("id")
    with asked(page):
        field.press("Enter")
    expect(page.locator(".chip .name")).to_have_text(["Western"])
    expect(field).to_have_value("")
    expect(page.locator(".card")).to_have_count(10)
    field.press_sequentially("qqqqqqq")
    expect(options).to_have_text("Nothing in the graph is called so")
    field.press("Escape")
    expect(options).to_have_count(0)
    expect(field).to_have_attribute("aria-expanded", "false")
    field.fill("unforg")
    with asked(page):
        options.filter(has_text="Unforgiven").click()
    expect(page.locator(".chip .name")).to_have_text(["Western", "Unforgiven"])


def test_paths_light_up_with_cards_and_cards_with_nodes(visit: Visits, call: Caller) -> None:
    page = visit()
    say(page)
    item = call("POST", "/v1/recommend", {"words": WORDS}).json["items"][1]
    page.locator(".card").nth(1).hover()
    expect(page.locator(".node.item.lit")).to_have_count(1)
    assert lit(page, "item") == [item["title"]]
    assert set(lit(page, "interest")) == {path[0]["name"] for path in item["paths"]}
    assert set(lit(page, "entity")) == {
        node["name"] if node["key"] else "liked together" for path in item["paths"] for node in path[1:-1]
    }
    assert page.locator(".edge.lit").count() >= len(item["paths"])
    page.mouse.move(0, 0)
    expect(page.locator(".lit")).to_have_count(0)
    # The other way round: what leads through a node.
    page.locator(".node.interest", has_text="loneliness").hover()
    expect(page.locator(".card.lit").first).to_be_visible()
    assert lit(page, "cards") and lit(page, "cards") == [
        title for title in titles(page) if title in set(lit(page, "item"))
    ]
    assert page.locator(".chip.lit .name").all_text_contents() == ["loneliness"]
    assert page.locator("#marks mark.lit").all_text_contents() == ["loneliness"]
    page.mouse.move(0, 0)
    page.locator(".card").nth(2).get_by_role("button").first.focus()
    expect(page.locator(".card.lit h3")).to_have_text(titles(page)[2])
    assert lit(page, "item") == [titles(page)[2]]


def test_no_name_in_the_picture_lies_on_another(visit: Visits) -> None:
    page = visit()
    for words in (
        WORDS,
        "I like Arrival, Alien, Her, Heat, comedy, drama, memory, time travel, loneliness and Amy Adams. " * 3,
    ):
        say(page, words)
        page.wait_for_timeout(300)
        boxes = page.locator(".picture .node text").evaluate_all(
            "all => all.map(one => one.getBoundingClientRect()).map(box => [box.left, box.right, box.top, box.bottom])"
        )
        assert len(boxes) > 15
        for place, (left, right, top, bottom) in enumerate(boxes):
            for other_left, other_right, other_top, other_bottom in boxes[place + 1 :]:
                # Lines of text may touch; letters may not.
                apart = (
                    right <= other_left + 1
                    or other_right <= left + 1
                    or bottom <= other_top + 4
                    or other_bottom <= top + 4
                )
                assert apart


def test_what_somebody_does_changes_the_list_at_once(visit: Visits) -> None:
    page = visit()
    say(page)
    first, second, third, *_ = titles(page)
    with asked(page) as answer:
        page.get_by_role("button", name=f"Like: {first}").click()
    told = [
        one["polarity"] for one in answer.value.request.post_data_json["interests"] if one["entity"].startswith("Film/")
    ]
    assert told == [1, 1]
    expect(chip(page, first).locator(".label")).to_have_text("you liked it")
    expect(page.locator(".card h3", has_text=re.compile(f"^{re.escape(first)}$"))).to_have_count(0)
    with asked(page):
        page.get_by_role("button", name=f"Not for me: {second}").click()
    expect(chip(page, second).locator(".label")).to_have_text("not for you")
    with asked(page) as answer:
        page.get_by_role("button", name=f"Seen: {third}", exact=True).click()
    assert len(answer.value.request.post_data_json["exclude"]) == 3
    expect(page.get_by_role("button", name="Show 1 that you have seen")).to_be_visible()
    expect(page.locator(".card")).to_have_count(10)
    assert not {first, second, third} & set(titles(page))
    with asked(page):
        page.get_by_role("button", name="Undo").click()
    expect(page.locator(".card h3", has_text=re.compile(f"^{re.escape(third)}$"))).to_have_count(1)
    with asked(page):
        chip(page, second).get_by_role("button", name=f"Remove {second}").click()
    expect(chip(page, second)).to_have_count(0)
    # It outlives a reload, in this tab alone.
    page.reload()
    expect(page.get_by_role("textbox", name="Say what you like")).to_have_value(WORDS)
    expect(chip(page, first)).to_have_count(1)
    expect(page.locator(".card")).to_have_count(10)
    other = visit()
    expect(other.locator("#first")).to_be_visible()


def test_filters(visit: Visits) -> None:
    page = visit()
    say(page)
    with asked(page) as answer:
        page.get_by_label("From year").fill("2010")
    assert answer.value.request.post_data_json["where"] == ["year>=2010"]
    expect(page.locator(".card").first).to_be_visible()
    until(page, "[...document.querySelectorAll('.card .facts dd')].every(one => Number(one.textContent) >= 2010)")
    with asked(page) as answer:
        page.get_by_label("Variety").focus()
        page.keyboard.press("End")
    assert answer.value.request.post_data_json["diversity"] == 0.9
    with asked(page):
        page.get_by_label("From year").fill("2999")
    expect(page.locator("#notes")).to_be_visible()
    expect(page.locator(".card")).to_have_count(0)


def of_somebody(body: Any) -> bool:
    """Tell whether it is recommended to a person of the graph, of whom all is stored."""
    return "user" in body


class Held:
    """What is asked about people waits, until it is released."""

    def __init__(self, page: Page) -> None:
        self._waiting: list[Route] | None = []
        page.route(re.compile("/v1/people/"), self._come)

    def _come(self, route: Route) -> None:
        if self._waiting is None:
            route.continue_()
        else:
            self._waiting.append(route)

    def release(self) -> None:
        waiting, self._waiting = self._waiting or [], None
        for route in waiting:
            route.continue_()


class TestSomebodyWhoIsKept:
    @pytest.fixture(autouse=True)
    def _gone_afterwards(self, call: Caller) -> Iterator[None]:
        yield
        call("DELETE", "/v1/people/zoe%20<b>")

    def stored(self, call: Caller) -> tuple[dict[str, tuple[int, float]], dict[str, str]]:
        found = call("GET", "/v1/people/zoe%20%3Cb%3E").json
        interests = {one["entity"]: (one["polarity"], one["score"]) for one in found["interests"]}
        return interests, {one["item"]: one["kind"] for one in found["events"]}

    def keep(self, page: Page) -> None:
        page.get_by_role("button", name="Keep me").click()
        page.get_by_label("Name", exact=True).fill("zoe <b>")
        with asked(page, of_somebody):
            page.locator("#keep-dialog").get_by_role("button", name="Keep me").click()
        expect(page.get_by_role("button", name="zoe <b>")).to_be_visible()

    def test_everything_of_them_is_in_the_graph_until_it_is_forgotten(self, visit: Visits, call: Caller) -> None:
        visit.allowed = {404}
        page = visit()
        say(page)
        first = titles(page)[0]
        with asked(page):
            page.get_by_role("button", name=f"Like: {first}").click()
        with asked(page):
            chip(page, "loneliness").get_by_role("button", name="Remove loneliness").click()
        self.keep(page)
        interests, events = self.stored(call)
        assert interests == {"Film/arrival": (1, 1.0), "Genre/Science Fiction": (1, 1.0), "Genre/Horror": (-1, 1.0)}
        assert list(events.values()) == ["liked"]

        slider = chip(page, "Arrival").get_by_role("slider")
        slider.focus()
        with asked(page, of_somebody) as answer:
            page.keyboard.press("PageDown")
        assert answer.value.request.post_data_json["user"] == "zoe <b>"
        assert self.stored(call)[0]["Film/arrival"] == (1, pytest.approx(float(slider.input_value()) / 100))
        with asked(page, of_somebody):
            page.locator(".card").first.get_by_role("button", name=re.compile("^Seen")).click()
        assert sorted(self.stored(call)[1].values()) == ["liked", "seen"]
        with asked(page, of_somebody):
            page.get_by_role("button", name="Undo").click()
        assert list(self.stored(call)[1].values()) == ["liked"]
        with asked(page, of_somebody):
            chip(page, first).get_by_role("button", name=f"Avoid {first}").click()
        assert list(self.stored(call)[1].values()) == ["disliked"]

        with asked(page, of_somebody):  # before that, what the page knows by itself may stand there
            page.reload()
        expect(page.get_by_role("button", name="zoe <b>")).to_be_visible()
        expect(page.locator(".card")).to_have_count(10)
        expect(page.locator(".chip .name")).to_have_text(["Arrival", "Science Fiction", "Horror", first])
        here = titles(page)

        # On another device the name is enough, and nothing is changed by it.
        there = self.stored(call)
        other = visit()
        self.keep(other)
        expect(other.locator(".chip")).to_have_count(4)
        expect(other.locator(".card h3")).to_have_text(here)
        assert self.stored(call) == there

        page.get_by_role("button", name="zoe <b>").click()
        page.get_by_role("button", name="What is stored?").click()
        expect(page.locator("#data")).to_contain_text('"entity": "Film/arrival"')
        page.get_by_role("button", name="Forget me").click()
        expect(page.locator("#first")).to_be_visible()
        assert call("GET", "/v1/people/zoe%20%3Cb%3E").status == 404
        assert page.evaluate("localStorage.getItem('kg-rec.page')") is None
        assert "zoe" not in page.evaluate("sessionStorage.getItem('kg-rec.page')")
        page.reload()
        expect(page.locator("#first")).to_be_visible()

    def test_a_write_that_was_not_answered_is_done_once(self, visit: Visits, call: Caller) -> None:
        visit.allowed = {404}
        page = visit()
        say(page)
        self.keep(page)
        keys: list[str] = []

        def lose_the_first_answer(route: Route) -> None:
            keys.append(route.request.headers["idempotency-key"])
            if len(keys) == 1:
                route.fetch()
                route.abort()
            else:
                route.continue_()

        page.route("**/events", lose_the_first_answer)
        visit.wrong = []
        page.locator(".card").first.get_by_role("button", name=re.compile("^Like")).click()
        expect(page.locator("#banner")).to_contain_text("The service does not answer")
        with asked(page, of_somebody):
            page.get_by_role("button", name="Try now").click()
        expect(page.locator("#banner")).to_be_hidden()
        assert len(keys) == 2 and keys[0] == keys[1]
        found = call("GET", "/v1/people/zoe%20%3Cb%3E").json["events"]
        assert [(one["kind"], one["times"]) for one in found] == [("liked", 1)]
        assert all("ERR_FAILED" in one for one in visit.wrong)
        visit.wrong = []

    def test_a_slow_write_holds_nothing_up(self, visit: Visits, call: Caller) -> None:
        visit.allowed = {404}
        page = visit()
        say(page)
        hold = Held(page)
        page.get_by_role("button", name="Keep me").click()
        page.get_by_label("Name", exact=True).fill("zoe <b>")
        page.locator("#keep-dialog").get_by_role("button", name="Keep me").click()
        expect(page.locator(".toast")).to_contain_text("Storing what you said")
        expect(page.locator("#keep")).to_have_attribute("title", "Not all of it is stored yet")
        # Words are read, and recommended by, as long as it takes.
        before = titles(page)
        with asked(page, lambda body: "user" not in body):
            page.get_by_role("textbox", name="Say what you like").fill("westerns like Unforgiven")
        expect(chip(page, "Unforgiven")).to_have_count(1)
        expect(page.locator(".card")).to_have_count(10)
        assert titles(page) != before
        expect(page.locator(".toast", has_text="You are kept")).to_have_count(0)
        with asked(page, of_somebody):
            hold.release()
        expect(page.locator(".toast")).to_contain_text("You are kept as zoe <b>.")
        assert "Film/unforgiven" in self.stored(call)[0]

    def test_what_is_typed_while_somebody_is_forgotten_stays(self, visit: Visits, call: Caller) -> None:
        visit.allowed = {404}
        page = visit()
        say(page)
        self.keep(page)
        expect(page.locator(".toast")).to_contain_text("You are kept as zoe <b>.")
        hold = Held(page)
        page.get_by_role("button", name="zoe <b>").click()
        page.locator("#forget").click()
        expect(page.locator("#forget")).to_have_text("Forgetting …")
        expect(page.locator("#forget")).to_be_disabled()
        page.get_by_role("button", name="Close").click()
        page.get_by_role("textbox", name="Say what you like").fill("westerns like Unforgiven")
        expect(chip(page, "Unforgiven")).to_have_count(1)
        hold.release()
        expect(page.locator(".toast")).to_contain_text("Nothing of zoe <b> is left.")
        expect(page.get_by_role("button", name="Keep me")).to_be_visible()
        expect(page.get_by_role("textbox", name="Say what you like")).to_have_value("westerns like Unforgiven")
        expect(page.locator(".chip .name")).to_contain_text(["Unforgiven"])
        page.wait_for_timeout(500)
        assert call("GET", "/v1/people/zoe%20%3Cb%3E").status == 404

    def test_names_that_cannot_be(self, visit: Visits) -> None:
        page = visit()
        page.get_by_role("button", name="Keep me").click()
        for name in ("", "a/b", "x" * 201):
            page.get_by_label("Name", exact=True).fill(name)
            page.locator("#keep-dialog").get_by_role("button", name="Keep me").click()
            expect(page.locator("#keep-told")).to_contain_text("Expected a name")
        page.keyboard.press("Escape")
        expect(page.locator("#keep-dialog")).to_be_hidden()


def test_the_same_in_neo4j_browser(visit: Visits, call: Caller, server: ManagedServer) -> None:
    page = visit()
    say(page)
    item = call("POST", "/v1/recommend", {"words": WORDS}).json["items"][0]
    card = page.locator(".card").first
    card.get_by_text("Paths and score").click()
    assert [" ".join(text.split()) for text in card.locator(".chain .entity:first-child").all_text_contents()]
    expect(card.locator(".chain > li")).to_have_count(len(item["paths"]))
    expect(card.locator(".score tr")).to_have_count(sum(abs(part) >= 0.005 for part in item["parts"].values()))
    address = card.get_by_role("link", name="Open in Neo4j Browser").get_attribute("href")
    assert address is not None and address.startswith(f"{server.status().http}/browser/?")
    told = parse_qs(urlsplit(address).query)
    assert told["cmd"] == ["edit"] and told["arg"] == [item["statement"]]
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    card.get_by_role("button", name="Copy the Cypher").click()
    expect(card.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == item["statement"]
    # The Browser takes it as it is: logged in, the statement is in its editor.
    browser = page.context.new_page()
    browser.goto(address)
    browser.get_by_test_id("password").fill(server.password())
    browser.get_by_test_id("connect").click()
    expect(browser.locator(".monaco-editor").first).to_contain_text("MATCH", timeout=60_000)
    shown = browser.locator(".monaco-editor .view-lines").first.inner_text().replace("\xa0", " ")
    assert "".join(item["statement"].split())[:40] in "".join(shown.split())


def test_words_and_names_are_never_html(visit: Visits) -> None:
    page = visit()
    attack = '<img src=x onerror="window.hacked = 1"><script>window.hacked = 1</script>'

    def attacked(value: Any) -> Any:
        if isinstance(value, list):
            return [attacked(one) for one in value]
        if isinstance(value, dict):
            return {
                name: (
                    f"{attack}{one}"
                    if isinstance(one, str) and name in {"name", "title", "why", "label", "evidence", "year"}
                    else attacked(one)
                )
                for name, one in value.items()
            }
        return value

    def answer(route: Route) -> None:
        found = route.fetch()
        route.fulfill(response=found, body=json.dumps(attacked(found.json())))

    page.route("**/v1/recommend", answer)
    page.route("**/v1/entities*", answer)
    say(page, f"{attack} Arrival and loneliness")
    page.locator(".card").first.get_by_text("Paths and score").click()
    page.get_by_role("combobox").press_sequentially("hor")
    expect(page.get_by_role("option").first).to_contain_text("<img src=x")
    page.get_by_role("button", name=re.compile("^Like")).first.click()
    expect(page.locator(".toast")).to_contain_text("<img src=x")
    assert page.locator("img").count() == 1 and page.locator("main script").count() == 0
    assert page.evaluate("window.hacked") is None
    expect(page.locator(".card h3").first).to_contain_text(attack)
