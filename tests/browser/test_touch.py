"""On a phone and a tablet: everything is within reach of a thumb, swipes answer, and no key is named."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.desk import Desk, sign_in
from tests.browser.server import PATIENCE_S, Served
from tests.browser.test_accessibility import findings

PHONE, TABLET = {"width": 390, "height": 844}, {"width": 820, "height": 1180}
_names = (f"thumb {number}" for number in count(1))
_OUT_OF_REACH = """
buttons => buttons.filter(button => button.checkVisibility()).map(button => [button, button.getBoundingClientRect()])
  .filter(([, box]) => box.left < 0 || box.right > innerWidth || box.bottom > innerHeight
    || box.width < 44 || box.height < 44)
  .map(([button, box]) => `${button.textContent}: ${JSON.stringify(box)}`)
"""
_CUT = """
tiles => tiles.flatMap(tile => [...tile.querySelectorAll(".then")].filter(line => [...line.children].some(
  word => word.checkVisibility() && word.getBoundingClientRect().top >= line.getBoundingClientRect().bottom))
  .map(line => `${tile.dataset.state}: ${line.innerText} of ${tile.clientWidth} px`))
"""
_CHOSEN = """
inputs => document.fonts.ready.then(() => inputs.map(input => [input.value, input.scrollWidth <= input.clientWidth]))
"""
_SEEN = "nodes => nodes.filter(node => node.checkVisibility()).map(node => node.innerText)"


@pytest.fixture(scope="module")
def phone(browser: Browser) -> Iterator[Page]:
    """A page on a touch screen, which the tests use one after another."""
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    faults: list[object] = []
    page.on("pageerror", lambda error: faults.append(error))
    yield page
    context.close()
    assert not faults


@pytest.fixture
def thumb(phone: Page, shared: Served) -> Desk:
    """A new person with a page of faces on the phone."""
    phone.set_viewport_size(PHONE)  # type: ignore[arg-type]
    name = next(_names)
    sign_in(phone, shared, name)
    return Desk(phone, shared, name).ready()


def bar(desk: Desk) -> Locator:
    return desk.page.locator(".app > .thumbs")


def swipe(page: Page, node: Locator, x: int, y: int = 0) -> None:
    """A finger on the middle of the node moves this far."""
    box = node.bounding_box()
    assert box is not None
    start_x, start_y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session = page.context.new_cdp_session(page)

    def touch(kind: str, share: float | None) -> None:
        points = [] if share is None else [{"x": start_x + share * x, "y": start_y + share * y}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 0)
    for step in range(1, 6):
        touch("touchMove", step / 5)
    page.wait_for_timeout(
        150
    )  # a finger that is lifted at speed flings, and Chromium takes the tap after it for a stop
    touch("touchEnd", None)
    session.detach()


def tile(desk: Desk, sample: int) -> Locator:
    return desk.page.locator(f".app .grid .tile[data-sample='{sample}']")


def test_a_swipe_to_the_right_accepts_to_the_left_keeps_and_undo_takes_it_back(thumb: Desk) -> None:
    first, second = thumb.proposed()[:2]
    swipe(thumb.page, tile(thumb, first), 110)
    assert thumb.tile(first).state == "accept"
    swipe(thumb.page, tile(thumb, second), -110)
    assert thumb.tile(second).state == "keep"
    third = thumb.current().sample
    swipe(thumb.page, tile(thumb, third), 30)  # not far enough
    swipe(thumb.page, tile(thumb, third), 60, 150)  # that scrolls
    assert thumb.tile(third).state == "open"
    assert [(row.sample, row.action) for row in thumb.stored(2)] == [(first, "accept"), (second, "keep")]
    bar(thumb).get_by_role("button", name="Undo").tap()
    thumb.until(lambda: thumb.tile(second).state == "open", "what was taken back")
    assert thumb.tile(first).state == "accept"


@pytest.mark.parametrize("screen", [PHONE, TABLET], ids=["phone", "tablet"])
def test_every_answer_is_on_screen_and_large_enough(screen: dict[str, int], thumb: Desk) -> None:
    page, buttons = thumb.page, bar(thumb).get_by_role("button")
    page.set_viewport_size(screen)  # type: ignore[arg-type]
    words = set(buttons.evaluate_all(_SEEN))
    assert words - {"Unsure", "Exclude"} == {"Accept", "Keep", "Class", "Undo", "Next", "More"}
    assert ({"Unsure", "Exclude"} <= words) == (screen is TABLET)
    seen = set()
    for opener in ("Class", "More"):
        bar(thumb).get_by_role("button", name=opener).tap()
        reach = page.locator(".app > .toolbar .key, .app > .thumbs .thumb")
        assert not reach.evaluate_all(_OUT_OF_REACH)
        seen |= set(page.locator(".app > .toolbar .key").evaluate_all(_SEEN))
        bar(thumb).get_by_role("button", name=opener).tap()
        assert not page.locator(".app > .toolbar .key").evaluate_all(_SEEN)
    assert seen > {"unsure", "exclude", "happy", "skip", "flag", "note", "redo", "back", "accept rest", "select"}


def test_what_is_chosen_above_the_faces_is_not_cut(thumb: Desk) -> None:
    page = thumb.page
    page.goto(f"{thumb.served.url}/?class=fear")
    expect(page.get_by_role("button", name="Filter (1)")).to_be_visible()
    chosen = page.locator(".st-key-rv-filters input[role=combobox]")
    whole = [["To review", True], ["Most suspicious", True]]
    thumb.until(lambda: chosen.evaluate_all(_CHOSEN) == whole, "both choices in full")


def test_a_class_or_unsure_is_two_taps(thumb: Desk) -> None:
    page, samples = thumb.page, thumb.samples()
    asked = thumb.question(samples[0])
    other = next(label for label in range(7) if label not in (asked.given, asked.proposed))
    bar(thumb).get_by_role("button", name="Class").tap()
    assert not findings(page)
    page.locator(f".app > .toolbar [data-class='{other}']").tap()
    expect(page.locator(".app > .toolbar")).to_be_hidden()
    bar(thumb).get_by_role("button", name="Class").tap()
    page.locator(".app > .toolbar [data-command='unsure']").tap()
    rows = thumb.stored(2)
    assert [(row.sample, row.action, row.label) for row in rows] == [
        (samples[0], "relabel", other),
        (samples[1], "unsure", None),
    ]


def test_two_taps_enlarge_a_face_which_is_swiped_too_and_no_key_is_named(thumb: Desk) -> None:
    page, first = thumb.page, thumb.proposed()[0]
    box = tile(thumb, first).bounding_box()
    assert box is not None
    for _ in range(2):
        page.touchscreen.tap(box["x"] + 50, box["y"] + 50)
    zoom = page.locator(".zoombody")
    expect(zoom.get_by_role("heading", name="Probabilities")).to_be_visible()
    assert not zoom.locator(".thumb, .shut").evaluate_all(_OUT_OF_REACH)
    zoom.get_by_role("button", name="More").tap()
    expect(zoom.get_by_role("button", name="skip")).to_be_visible()
    assert not page.locator(".app kbd").evaluate_all(_SEEN)
    zoom.get_by_role("button", name="More").tap()
    swipe(page, zoom.locator(".large"), -200)
    assert thumb.tile(first).state == "keep"
    zoom.get_by_role("button", name="close").tap()
    expect(zoom).to_be_hidden()
    for sample in thumb.samples():
        if thumb.tile(sample).state == "open":
            tile(thumb, sample).tap()
            bar(thumb).get_by_role("button", name="Keep").tap()
    expect(thumb.message).to_contain_text("page done")
    expect(thumb.message).not_to_contain_text("PgDn")
    bar(thumb).get_by_role("button", name="Accept").tap()  # one too many
    expect(thumb.message).to_have_text("page done: Next for the next page; tap a face to change its answer")
    assert {tile.state for tile in thumb.tiles()} == {"keep"}
    swipe(page, tile(thumb, first), 110)
    thumb.until(lambda: thumb.tile(first).state == "accept", "the first face to be accepted")


LONGEST = "no connection to the server: go on working, answers are kept in this browser"


def test_no_word_moves_or_cuts_a_tile(thumb: Desk) -> None:
    page, guide = thumb.page, thumb.page.get_by_role("note", name="how to begin")
    foot, tiles = page.locator(".app .foot"), page.locator(".app .grid .tile")
    expect(guide).to_contain_text("the proposed label right")
    expect(guide).to_contain_text("Swipe right to accept, left to keep; two taps enlarge.")
    bar(thumb).get_by_role("button", name="Keep").tap()
    thumb.message.evaluate("node => { node.textContent = '3 kept, one undo takes them back' }")
    assert thumb.message.evaluate("node => node.scrollWidth <= node.clientWidth")
    page.locator(".app .sure").evaluate_all("words => words.forEach(word => { word.textContent = 'maybe' })")
    page.locator(".app .proposed").evaluate_all("words => words.forEach(word => { word.textContent = 'surprise' })")
    page.locator(".app .given").evaluate_all("words => words.forEach(word => { word.textContent = 'surprise' })")
    assert not tiles.evaluate_all(_CUT)
    for width, height in ((390, 844), (844, 390), (1280, 800)):
        page.set_viewport_size({"width": width, "height": height})
        expect(guide).to_be_visible(visible=height > 500)
        heights = []
        for words in ("", LONGEST):
            thumb.message.evaluate("(node, words) => { node.textContent = words }", words)
            heights.append(foot.evaluate("node => node.offsetHeight"))
        assert heights[0] == heights[1], (width, heights)
        assert not page.locator(".app > .thumbs .thumb").evaluate_all(_OUT_OF_REACH), (width, height)
