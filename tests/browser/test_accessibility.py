"""Every page and dialog, light and dark, wide and narrow: nothing serious found by axe-core, nothing off the side."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_core_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from tests.browser.conftest import LEAD, NewPage
from tests.browser.desk import Desk, sign_in
from tests.browser.profiles import Profiles
from tests.browser.server import Served, eventually

LOOKS = ((False, 1280, False), (True, 1280, True), (True, 390, False))
"""Dark or not, how wide, and whether contrast alone is checked: turning dark changes nothing but colours."""
NARROW = ((320, 640), (640, 400), (820, 1180))
"""The second is 1,280 x 800 at 200 %, the third a tablet."""
# This axe-core gives up the whole rule of contrast, without a finding, at a colour in a notation newer than itself.
_PLAIN_COLOURS = """
() => {
  const real = window.getComputedStyle;
  const brush = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const rgba = colour => {
    if (!known.has(colour)) {
      brush.clearRect(0, 0, 1, 1);
      brush.fillStyle = colour;
      brush.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = brush.getImageData(0, 0, 1, 1).data;
      known.set(colour, `rgba(${r}, ${g}, ${b}, ${a / 255})`);
    }
    return known.get(colour);
  };
  const newer = /(?:color|oklab|oklch|lab|lch)\\([^()]*\\)/g;
  const plain = text => typeof text === "string" && text.includes("(") ? text.replace(newer, rgba) : text;
  window.getComputedStyle = (...of) => new Proxy(real.apply(window, of), {
    get: (style, name) => {
      const value = style[name];
      return typeof value === "function" ? (...given) => plain(value.apply(style, given)) : plain(value);
    },
  });
}
"""
# A rule that failed by itself has found nothing because it looked at nothing. axe would keep the HTML of every node it
# looks at, the whole page's among it; that of what is wrong is read from the page.
_RUN = """
async colours => {
  axe.configure({ noHtml: true });
  const { violations, incomplete } = await axe.run(document, {
    elementRef: true,
    resultTypes: ["violations", "incomplete"],
    ...(colours ? { runOnly: { type: "rule", values: ["color-contrast"] } } : {}),
  });
  return [
    ...violations.map(found => [found.impact, found.id, found.help, found.nodes.slice(0, 4).map(node =>
      `${node.target.flat().join(" ")}\\n${node.element.outerHTML.slice(0, 200)}\\n${node.any[0]?.message ?? ""}`)]),
    ...incomplete.filter(rule => rule.error).map(rule => ["critical", rule.id, "the rule failed", [rule.message]]),
  ];
}
"""
_SIDEWAYS = """
() => [document.scrollingElement, ...document.querySelectorAll("[data-testid='stMain'], main")]
  .filter(node => node.scrollWidth > node.clientWidth + 1)
  .map(node => `${node.tagName}.${node.className}: ${node.scrollWidth} in ${node.clientWidth}`)
"""
# axe looks at no words of a figure. Words broken in the middle overflow nothing.
_UNREADABLE = """
() => {
  const broken = text => [...text.data.matchAll(/(?<!\\S)\\S{4,12}(?!\\S)/g)].filter(({ index, 0: word }) => {
    const range = document.createRange();
    range.setStart(text, index);
    range.setEnd(text, index + word.length);
    return new Set([...range.getClientRects()].map(box => box.top)).size > 1;
  });
  const words = [...document.querySelectorAll(".rv-table td")].flatMap(cell => [...cell.childNodes]
    .filter(node => node.nodeType === Node.TEXT_NODE).flatMap(broken).map(([word]) => `broken in a table: ${word}`));
  return [
    ...[...document.querySelectorAll("[data-testid='stPlotlyChart'] text:not(.hoverlayer text)")]
      .filter(text => getComputedStyle(text).fill !== getComputedStyle(text.closest(".stApp")).color)
      .slice(0, 3).map(text => `a figure's words in a colour of their own: ${text.textContent}`),
    ...words.slice(0, 3),
  ];
}
"""

_IS_DARK = """
() => getComputedStyle(document.querySelector(".stApp") ?? document.body).color.match(/\\d+/g)[0] > 128
"""

Visit = Callable[[Page, Served], None]


def findings(page: Page, *, colours_only: bool = False) -> list[str]:
    """Violations of impact serious or critical, in words."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE_SCRIPT)
        page.evaluate(_PLAIN_COLOURS)
    found: list[Any] = page.evaluate(_RUN, colours_only)
    return [
        f"{page.viewport_size}: {impact}: {rule}: {words}\n" + "\n".join(nodes)
        for impact, rule, words, nodes in found
        if impact in ("serious", "critical")
    ]


def turn_dark(page: Page, dark: bool) -> None:
    """The system's colours change while the page is open."""
    page.emulate_media(color_scheme="dark" if dark else "light")
    eventually(lambda: page.evaluate(_IS_DARK) == dark, "the page to follow", pause=lambda _: page.wait_for_timeout(50))


def grid(page: Page, served: Served) -> None:
    page.goto(served.url)
    desk = Desk(page, served, "").ready()
    desk.press("f", "u", "e", "s", "x", "a", "4", "Shift+ArrowRight")
    desk.saved()


def review(page: Page, served: Served) -> None:
    """At 1280 px the buttons are two rows, and none of them has a letter that is no key."""
    grid(page, served)
    rows = page.locator(".app .toolbar .row")
    assert rows.evaluate_all("rows => rows.map(row => row.clientHeight < 40)") == [True, True]
    expect(page.locator(".app [data-size]")).to_have_text(["", "", ""])


def closing(page: Page, served: Served) -> None:
    """What ends a round is red."""
    path("/rounds", "would train on")(page, served)
    page.get_by_role("button", name="Close it").click()
    last = page.get_by_role("button", name="Close round 1")
    expect(last).to_be_visible()
    numbers = "button => getComputedStyle(button).backgroundColor.match(/[\\d.]+/g).slice(0, 3).map(Number)"
    red, green, blue = last.evaluate(numbers)
    assert red > 2 * max(green, blue)


def dialog(key: str, name: str) -> Visit:
    def visit(page: Page, served: Served) -> None:
        page.goto(served.url)
        Desk(page, served, "").ready().press(key)
        opened = page.get_by_role("dialog", name=name)
        expect(opened).to_be_visible()
        if key == "Enter":
            known = opened.get_by_role("heading", name="Probabilities")
            expect(known.or_(opened.get_by_text("An audit face"))).to_be_visible()

    return visit


def filters(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/?class=sad")
    Desk(page, served, "").ready()
    page.get_by_role("button", name="Filter").first.click()
    expect(page.get_by_text("Answered by")).to_be_visible()


def path(path: str, text: str) -> Visit:
    def visit(page: Page, served: Served) -> None:
        page.goto(f"{served.url}{path}")
        expect(page.get_by_text(text).first).to_be_visible()

    return visit


def sample(page: Page, served: Served) -> None:
    row = served.rows("SELECT sample_id FROM queue_item WHERE kind = 'proposal' AND listed = 1 ORDER BY id")[0]
    path(f"/samples?sample={row[0]}", "Keep given")(page, served)
    expect(page.locator(".js-plotly-plot, [data-testid='stPlotlyChart']").first).to_be_visible()


def leases(page: Page, served: Served) -> None:
    other = page.context.new_page()
    other.goto(served.url)
    Desk(other, served, "").ready()
    path("/leases", ", until")(page, served)
    other.close()


def quality(page: Page, served: Served) -> None:
    grid(page, served)  # so that something is decided
    path("/quality", "What the network sees")(page, served)
    expect(page.locator("[data-testid='stPlotlyChart'] .js-plotly-plot").nth(5)).to_be_visible()


def cell(page: Page, served: Served) -> None:
    """Faces behind a number of a confusion matrix: in the grid, reached by keyboard, and listed."""
    grid(page, served)
    path("/quality", "Labels against labels")(page, served)
    number = page.locator(".rv-matrix a").first
    title = str(number.get_attribute("title"))
    number.focus()
    page.keyboard.press("Enter")
    Desk(page, served, "").ready()
    count = page.locator(".app .grid .tile").count()  # the matrix may be of some seconds ago
    row, column = re.findall(r"(?:before|decided) (\w+)", title)
    page.goto(f"{served.url}/samples?round=1&compare=decided&row={row}&column={column}")
    expect(page.get_by_text("against the decided one:")).to_be_visible()
    expect(page.locator(".rv-row")).to_have_count(count)


def explore(page: Page, served: Served) -> None:
    path("/explore", "Nothing is selected")(page, served)
    expect(page.get_by_role("img", name=re.compile("^Map of "))).to_be_visible()


PLACES: dict[str, Visit] = {
    "review": review,
    "zoom": dialog("Enter", "one face"),
    "keys": dialog("h", "keys"),
    "note": dialog("n", "note on face"),
    "filters": filters,
    "my work": path("/my-work", "Today"),
    "search": path("/samples?sample=faces", "faces/"),
    "sample": sample,
    "rounds": path("/rounds", "would train on"),
    "all rounds": path("/rounds?show=all-rounds", "Accuracies are"),
    "closing a round": closing,
    "rules of review": path("/rounds?show=rules-of-review", "Save"),
    "quality": quality,
    "cell of a matrix": cell,
    "explore": explore,
    "pictures": path("/pictures", "Hard to judge"),
    "labels": path("/labels", "Make the file"),
    "team": path("/team?kind=people", "was added"),
    "leases": leases,
    "access tokens": path("/access-tokens", "Make a token"),
    "no such round": path("/?round=99", "There is no round 99"),
    "sign out": path("/logout", "You are signed in"),
}


@pytest.fixture(scope="module")
def visitor(shared: Served, profiles: Profiles) -> Iterator[Page]:
    """A page of a lead, for all places one after the other."""
    with profiles.lend() as profile:
        sign_in(profile.page, shared, LEAD, path="/my-work")
        yield profile.page


@pytest.mark.parametrize("place", PLACES)
def test_nothing_serious_and_nothing_off_the_side(place: str, shared: Served, visitor: Page) -> None:
    page = visitor
    page.set_viewport_size({"width": 1280, "height": 800})
    turn_dark(page, False)
    PLACES[place](page, shared)
    found: list[str] = []
    for dark, width, colours_only in LOOKS:
        turn_dark(page, dark)
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_timeout(300)  # a menu on its way out, colours that fade
        words = [*findings(page, colours_only=colours_only), *page.evaluate(_UNREADABLE)]
        found += [f"{'dark' if dark else 'light'}, {each}" for each in words]
        found += [f"wider than {width} px: {wide}" for wide in page.evaluate(_SIDEWAYS)]
    for width, height in NARROW:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(300)
        found += [f"wider than {width} px: {wide}" for wide in page.evaluate(_SIDEWAYS)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_serious_finding_at_the_door(dark: bool, shared: Served, new_page: NewPage) -> None:
    page = new_page(dark=dark)
    page.goto(f"{shared.url}/login")
    found = findings(page)
    page.get_by_label("Your name").fill("   ")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 800})
    found += findings(page)
    assert not found, "\n".join(found)


def test_the_check_finds_what_is_wrong(shared: Served, new_page: NewPage) -> None:
    """So that a finding within the grid would be seen."""
    page = new_page()
    sign_in(page, shared, "breaker")
    Desk(page, shared, "breaker").ready()
    page.locator(".app .grid .tile").first.evaluate("tile => tile.append(document.createElement('button'))")
    page.locator(".app .foot .progress").evaluate("words => { words.style.color = '#bbb' }")
    text = "\n".join(findings(page))
    assert "button-name" in text or "nested-interactive" in text
    assert "color-contrast" in text
