"""What the page remembers itself: more than may be asked at once, and what the model of today does not know."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import Any

from playwright.sync_api import Page, Route, expect
from served import Caller

from .conftest import Visits
from .test_page import asked, chip, titles

HERE = {"words": "I loved Arrival", "read": "", "found": [], "changes": {}, "added": [], "reactions": {}}


def reaction(kind: str, title: str = "one") -> dict[str, str]:
    return {"kind": kind, "title": title, "label": "Film"}


def entity(key: str) -> dict[str, Any]:
    label, _, name = key.partition("/")
    return {
        "key": key, "label": label, "name": name, "polarity": 1, "score": 1, "source": "person", "evidence": "", "span": None,
    }  # fmt: skip


def with_memory(visit: Visits, **told: Any) -> Page:
    """Come back to the page in a tab that remembers something."""
    page = visit()
    expect(page.locator(".example").first).to_be_visible()
    page.evaluate("told => sessionStorage.setItem('kg-rec.page', told)", json.dumps({**HERE, **told}))
    page.reload()
    return page


def test_more_is_remembered_than_may_be_asked_at_once(visit: Visits, call: Caller) -> None:
    visit.allowed = {404}
    keys = call.service.served.artifact.model.entities.keys[:420]
    best = [one["key"] for one in call("POST", "/v1/recommend", {"words": HERE["words"], "k": 12}).json["items"]]
    others = [key for key in keys if key not in best and key != "Film/arrival"]
    # What comes first in the list was seen first, before 250 others.
    seen = {key: reaction("seen") for key in [*best, *others[:250]]}
    liked = {key: reaction("liked") for key in others[250:370]}
    page = with_memory(visit, reactions={**seen, **liked})
    expect(page.locator(".card")).to_have_count(10)
    expect(page.locator("#banner")).to_be_hidden()
    shown = page.locator(".card").evaluate_all("all => all.map(one => one.dataset.key)")
    assert not set(shown) & {*seen, *liked}
    assert page.locator(".card .rank").all_text_contents() == [str(rank) for rank in range(1, 11)]
    # All of it is stored when that is asked for.
    page.get_by_role("button", name="Keep me").click()
    page.get_by_label("Name", exact=True).fill("uma")
    with asked(page, lambda body: body.get("user") == "uma"):
        page.locator("#keep-dialog").get_by_role("button", name="Keep me").click()
    try:
        events = call("GET", "/v1/people/uma").json["events"]
        assert {one["item"]: one["kind"] for one in events} == {
            key: one["kind"] for key, one in {**seen, **liked}.items()
        }
        expect(page.locator(".card")).to_have_count(10)
    finally:
        page.close()
        call("DELETE", "/v1/people/uma")


def test_what_this_model_does_not_know_is_left_out(visit: Visits, call: Caller) -> None:
    visit.allowed = {422}
    model = call("GET", "/v1/about").json["model"]
    strange = {
        "added": [entity("Topic/elsewhere"), entity("Genre/Drama")],
        "changes": {"Topic/elsewhere": {"score": 0.5, "polarity": -1}},
        "reactions": {"Film/nowhere": reaction("seen"), "Book/none": reaction("liked"), "Film/alien": reaction("liked", "Alien")},
    }  # fmt: skip
    for served in (None, {"model": "another", "label": "Film"}, {"model": model, "label": "Film"}):
        page = with_memory(visit, **strange, served=served)
        expect(page.locator(".card")).to_have_count(10)
        expect(page.locator(".chip .name")).to_have_text(["Arrival", "Drama", "Alien"])
        expect(page.locator("#banner")).to_be_hidden()
        assert titles(page)
        told = page.evaluate("sessionStorage.getItem('kg-rec.page')")
        assert "elsewhere" not in told and "nowhere" not in told and model in told
        page.close()


def test_nobody_is_kept_in_another_graph(visit: Visits, call: Caller) -> None:
    visit.allowed = {404}
    page = with_memory(visit, person="ove", served={"model": "another", "label": "Book"})
    expect(page.locator(".card")).to_have_count(10)
    expect(chip(page, "Arrival")).to_have_count(1)
    expect(page.get_by_role("button", name="Keep me")).to_be_visible()
    assert call("GET", "/v1/people/ove").status == 404
    page.close()


def test_an_interest_that_the_graph_does_not_know_keeps_no_other_from_being_stored(visit: Visits, call: Caller) -> None:
    visit.allowed = {404, 422}
    page = visit()
    expect(page.locator(".example").first).to_be_visible()
    served = {"model": call("GET", "/v1/about").json["model"], "label": "Film"}
    told = {**HERE, "person": "ada", "served": served, "added": [entity("Topic/elsewhere"), entity("Genre/Drama")],
            "reactions": {"Film/nowhere": reaction("liked"), "Film/alien": reaction("liked", "Alien")}}  # fmt: skip
    page.evaluate("told => sessionStorage.setItem('kg-rec.page', told)", json.dumps(told))
    try:
        with asked(page, lambda body: body.get("user") == "ada"):
            page.reload()
        expect(page.locator(".card")).to_have_count(10)
        found = call("GET", "/v1/people/ada").json
        assert {one["entity"] for one in found["interests"]} >= {"Film/arrival", "Genre/Drama"}
        assert [one["item"] for one in found["events"]] == ["Film/alien"]
        expect(page.locator(".chip", has_text="elsewhere")).to_have_count(0)
    finally:
        page.close()
        call("DELETE", "/v1/people/ada")


def test_what_is_said_to_developers_is_not_shown(visit: Visits) -> None:
    visit.allowed = {422, 500}
    page = visit()
    body = {"detail": "body.where: x", "remedy": "Mend the places; /openapi.json shows"}
    for status, kind, expected in (
        (422, "invalid", "Take the last interest or filter away"),
        (500, "defect", "The service answered 500."),
    ):
        answer = {"status": status, "body": json.dumps({**body, "type": f"urn:kg-rec:problem:{kind}"})}
        page.unroute("**/v1/recommend")
        page.route("**/v1/recommend", partial(_answered, answer))
        page.get_by_role("textbox", name="Say what you like").fill(f"I loved Arrival {status}")
        expect(page.locator("#banner")).to_contain_text(expected)
        expect(page.locator("#banner")).not_to_contain_text(re.compile("openapi|body"))


def _answered(answer: dict[str, Any], route: Route) -> None:
    route.fulfill(**answer)
