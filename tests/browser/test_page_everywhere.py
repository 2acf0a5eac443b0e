"""The page by keyboard, on a phone, in the dark, in any language, at any length, and with what assistive technology needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect
from served import Caller

from .conftest import Visits
from .test_page import WORDS, asked, chip, lit, say, titles, until


def test_by_keyboard_alone(visit: Visits) -> None:
    page = visit()
    expect(page.locator(".example").first).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the recommendations")).to_be_focused()
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.get_by_role("textbox", name="Say what you like")).to_be_focused()
    with asked(page):
        page.keyboard.type(WORDS)
    expect(page.locator(".chip")).to_have_count(4)

    page.keyboard.press("Tab")
    slider = chip(page, "Arrival").get_by_role("slider")
    expect(slider).to_be_focused()
    with asked(page):
        page.keyboard.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", "95 %, wanted")
    page.keyboard.press("Tab")
    with asked(page):
        page.keyboard.press("Space")
    expect(slider).to_have_attribute("aria-valuetext", "95 %, avoided")
    expect(chip(page, "Arrival").get_by_role("button", name="Avoid Arrival")).to_be_focused()
    page.keyboard.press("Tab")
    with asked(page):
        page.keyboard.press("Enter")
    expect(chip(page, "Arrival")).to_have_count(0)
    expect(chip(page, "Science Fiction").get_by_role("button", name="Remove")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    with asked(page):
        page.keyboard.press("Delete")
    expect(page.locator(".chip .name")).to_have_text(["loneliness", "Horror"])

    # The picture is one stop; arrows lead through it, and Enter to the card.
    page.locator(".node[tabindex='0']").focus()
    assert page.locator(".node[tabindex='0']").count() == 1
    page.keyboard.press("ArrowDown")
    expect(page.locator(".card.lit h3")).to_have_text(titles(page)[1])
    assert lit(page, "item") == [titles(page)[1]]
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.classList.contains('node')")
    lit_title = lit(page, "item")[0]
    page.keyboard.press("Enter")
    like = page.get_by_role("button", name=f"Like: {lit_title}", exact=True)
    expect(like).to_be_focused()
    place = titles(page).index(lit_title)
    with asked(page):
        page.keyboard.press("Enter")
    expect(chip(page, lit_title)).to_have_count(1)
    # The focus stays in the list, at the same button of the card that took the place.
    expect(page.locator(".card").nth(place).get_by_role("button", name=re.compile("^Like"))).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("details[open]")).to_have_count(1)


def whole(picture: Locator) -> bool:
    """Tell whether all that is drawn stands inside the frame and the screen."""
    return bool(
        picture.evaluate(
            """frame => {
                const { left, right } = frame.getBoundingClientRect();
                const boxes = [...frame.querySelectorAll('text, .back, .edge')].map(one => one.getBoundingClientRect());
                return boxes.length > 5 && right <= innerWidth && frame.scrollWidth <= frame.clientWidth
                    && boxes.every(box => box.left >= left - 7 && box.right <= right + 1);
            }"""
        )
    )


def test_on_a_phone_a_card_shows_its_own_paths(visit: Visits, call: Caller) -> None:
    page = visit(width=360, height=740)
    say(page)
    item = call("POST", "/v1/recommend", {"words": WORDS}).json["items"][2]
    card = page.locator(".card").nth(2)
    expect(page.locator(".own")).to_have_count(0)
    card.get_by_text("Paths and score").click()
    own = card.locator(".own")
    expect(own).to_be_visible()
    assert whole(own)
    names = {title.split(" · ")[0] for title in own.locator(".node.interest title").all_text_contents()}
    assert names == {path[0]["name"] for path in item["paths"]}
    assert own.locator(".node.item .number").all_text_contents() == ["3"]
    wide = visit(width=1280)
    say(wide)
    wide.locator(".card").nth(2).get_by_text("Paths and score").click()
    expect(wide.locator(".chain").first).to_be_visible()
    expect(wide.locator(".own")).to_have_count(0)


@pytest.mark.parametrize("width", [360, 768])
def test_nothing_is_wider_than_the_screen(visit: Visits, width: int) -> None:
    page = visit(width=width, height=740)

    def fits() -> None:
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width

    expect(page.locator(".example").first).to_be_visible()
    fits()
    say(page, f"{WORDS} {'Wordwithoutanyend' * 12}")
    page.locator(".card").first.get_by_text("Paths and score").click()
    expect(page.locator(".chain").first).to_be_visible()
    fits()
    page.get_by_role("combobox").press_sequentially("the")
    expect(page.get_by_role("option").first).to_be_visible()
    fits()
    page.keyboard.press("Escape")
    picture = page.locator("#picture")
    cards = page.locator("#cards").bounding_box()
    box = picture.bounding_box()
    assert box is not None and cards is not None
    assert cards["width"] > 0.9 * (width - 64), "the list takes the whole width"
    assert box["y"] > cards["y"] + cards["height"] - 1, "the picture stands below the list"
    own = page.locator(".card .own")
    expect(own).to_have_count(1)
    for one in (picture, own):
        assert whole(one), "nothing of it is cut off"
    assert page.locator("#picture .node.item .number").all_text_contents() == [str(rank) for rank in range(1, 11)]
    page.get_by_role("button", name="Keep me").click()
    fits()
    page.keyboard.press("Escape")
    small = page.evaluate(
        """[...document.querySelectorAll('main button, main summary, .top button')].filter(one => one.offsetParent)
        .map(one => [one.className, one.offsetWidth, one.offsetHeight]).filter(([, width, height]) => width < 24 || height < 24)"""
    )
    assert small == []


def test_light_and_dark(visit: Visits) -> None:
    def ground(page: Page) -> int:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, re.findall(r"\d+", colour)[:3]))

    page = visit(dark=True)
    assert ground(page) < 200
    assert ground(visit()) > 600
    button = page.get_by_role("button", name="Dark")
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    assert ground(page) > 600
    page.reload()
    assert ground(page) > 600, "what was chosen stays"
    expect(button).to_have_attribute("aria-pressed", "false")


def test_nothing_moves_where_that_is_not_wanted(visit: Visits) -> None:
    for still in (True, False):
        page = visit(still=still)
        page.evaluate(
            """() => {
                window.moved = 0;
                const before = Element.prototype.animate;
                Element.prototype.animate = function (...given) { window.moved += 1; return before.apply(this, given); };
            }"""
        )
        say(page)
        with asked(page):
            page.locator(".card").first.get_by_role("button", name=re.compile("^Like")).click()
        expect(page.locator(".card")).to_have_count(10)
        assert (page.evaluate("window.moved") == 0) == still


@pytest.mark.parametrize(
    ("words", "marks", "direction"),
    [
        ("أحببت فيلم Arrival كثيرا، لا أريد horror", ["Arrival", "horror"], "rtl"),
        ("אהבתי את science fiction, I loved Arrival", ["science fiction", "Arrival"], "rtl"),
        ("אהבתי את Arrival", ["Arrival"], "rtl"),
        ("我喜欢 Arrival 和 science fiction。", ["Arrival", "science fiction"], "ltr"),
        ("👽👩🏽\u200d🚀🇫🇷 I loved Arrival 🎬 and loneliness 🙂", ["Arrival", "loneliness"], "ltr"),
        ("I loved Arrival\n\n  and\tloneliness\n", ["Arrival", "loneliness"], "ltr"),
    ],
)
def test_evidence_is_marked_in_any_script(visit: Visits, words: str, marks: list[str], direction: str) -> None:
    page = visit()
    say(page, words)
    assert set(marks) <= set(page.locator("#marks mark").all_text_contents())
    # The copy with the marks lies exactly behind the text.
    for one in ("#marks", "#words"):
        assert page.locator(one).evaluate("one => getComputedStyle(one).direction") == direction
    place, behind = (
        page.locator(one).evaluate(
            """one => { const style = getComputedStyle(one); const box = one.getBoundingClientRect();
            return [box.left, box.top, one.clientWidth, one.scrollHeight, style.font, style.letterSpacing, style.padding]; }"""
        )
        for one in ("#words", "#marks")
    )
    assert place == behind
    assert page.evaluate("document.querySelector('#marks').textContent.slice(0, -1)") == words


def test_marks_move_with_the_words_until_these_are_read_again(visit: Visits) -> None:
    page = visit()
    say(page)
    page.route("**/v1/*", lambda route: None)  # no answer comes
    page.get_by_role("textbox", name="Say what you like").press("Control+Home")
    page.keyboard.type("Well 👽, ")
    expect(page.locator("#marks mark")).to_have_text(["Arrival", "science fiction", "loneliness", "horror"])
    page.get_by_role("textbox", name="Say what you like").fill(WORDS.replace("Arrival", "Arriv"))
    expect(page.locator("#marks mark")).to_have_text(["science fiction", "loneliness", "horror"])


def test_ten_thousand_characters(visit: Visits) -> None:
    page = visit()
    words = f"I loved Arrival 👽 and loneliness. {'語' * 10_000}"
    words = "".join(list(words)[:9_970]) + " at last science fiction."[:30]
    assert len(words) <= 10_000
    say(page, words)
    expect(page.locator("#marks mark")).to_have_text(["Arrival", "loneliness", "science fiction"])
    expect(page.locator("#count")).to_have_text(re.compile(r"^9,9\d\d of 10,000 characters$"))
    area = page.get_by_role("textbox", name="Say what you like")
    assert area.evaluate("one => one.scrollHeight > one.clientHeight && one.clientHeight < innerHeight")
    area.evaluate("one => { one.scrollTop = 200; }")
    until(page, "document.querySelector('#marks').scrollTop === document.querySelector('#words').scrollTop")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    area.fill(words + "語" * 100)
    expect(page.locator("#count")).to_contain_text("shorten the text")
    expect(area).to_have_attribute("aria-invalid", "true")
    page.wait_for_timeout(800)
    assert not [url for url in sent if "/v1/" in url]


def test_words_of_which_nothing_is_known(visit: Visits) -> None:
    page = visit()
    say(page, "zzyzx qwrtp")
    expect(page.locator(".chip")).to_have_count(0)
    expect(page.locator("#notes li").first).to_be_visible()
    expect(page.locator(".card")).to_have_count(10)
    expect(page.locator(".why").first).not_to_be_empty()


def test_what_a_screen_reader_hears(visit: Visits) -> None:
    page = visit()
    page.evaluate(
        """() => {
            window.heard = [];
            new MutationObserver(() => window.heard.push(document.querySelector('#status').textContent))
              .observe(document.querySelector('#status'), {childList: true, characterData: true, subtree: true});
        }"""
    )
    page.get_by_role("textbox", name="Say what you like").press_sequentially(WORDS, delay=20)
    expect(page.locator("#status")).to_have_text(re.compile(r"^4 interests, 10 recommendations, first "))
    assert len(page.evaluate("window.heard")) == 1, "it does not chatter while somebody types"
    page.locator(".card").first.get_by_role("button", name=re.compile("^Seen")).click()
    expect(page.locator("#live")).to_have_text(re.compile("^Seen: "))


class TestAxe:
    """axe-core finds nothing serious in any state of the page."""

    @pytest.fixture
    def look(self) -> Iterator[Callable[[Page], None]]:
        axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
        looked: list[Page] = []

        def look(page: Page) -> None:
            page.wait_for_timeout(500)  # what fades in is judged when it is there
            found = axe.run(page).response["violations"]
            told = [
                f"{one['id']}: {node['html'][:160]} {node['failureSummary']}"
                for one in found
                if one["impact"] in ("serious", "critical")
                for node in one["nodes"]
            ]
            assert told == []
            looked.append(page)

        yield look
        assert looked

    @pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False), (390, True)])
    def test_in_every_state(self, visit: Visits, look: Callable[[Page], None], width: int, dark: bool) -> None:
        visit.allowed = {503}
        page = visit(width=width, dark=dark)
        expect(page.locator(".example").first).to_be_visible()
        look(page)
        say(page, f"{WORDS} I like Her, Alien, memory, comedy and Heat, not drama.")
        look(page)
        page.locator(".card").first.get_by_text("Paths and score").click()
        look(page)
        page.locator(".node.interest").first.focus()
        look(page)
        page.get_by_role("combobox").press_sequentially("the")
        expect(page.get_by_role("option").first).to_be_visible()
        page.keyboard.press("ArrowDown")
        look(page)
        page.keyboard.press("Escape")
        with asked(page):
            page.locator(".card").nth(1).get_by_role("button", name=re.compile("^Seen")).click()
        look(page)
        page.get_by_role("button", name="Keep me").click()
        page.locator("#keep-dialog").get_by_role("button", name="Keep me").click()
        expect(page.locator("#keep-told")).to_have_text("Expected a name.")
        look(page)
        page.keyboard.press("Escape")
        say(page, "zzyzx qwrtp")
        look(page)
        away = '{"status": "degraded", "parts": {}}'
        page.route("**/health/ready", lambda route: route.fulfill(body=away, content_type="application/json"))
        expect(page.locator("#banner")).to_contain_text("Neo4j cannot be reached")
        look(page)
        problem = '{"type": "urn:kg-rec:problem:busy", "detail": "Too much is asked at once.", "remedy": "Later."}'
        page.route(
            "**/v1/recommend",
            lambda route: route.fulfill(status=503, body=problem, headers={"Retry-After": "30"}),
        )
        page.get_by_role("textbox", name="Say what you like").fill("Arrival")
        expect(page.locator("#banner")).to_contain_text("Trying again in")
        look(page)
        page.evaluate("document.querySelector('#key-dialog').showModal()")
        look(page)
