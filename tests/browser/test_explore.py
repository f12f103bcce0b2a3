"""From the map to an answer: faces drawn around on the page Explore are a page of the grid, with an address."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from playwright.sync_api import Locator, Page, expect

from scn_core.records import FloatArray
from scn_core.rounds.draw_map import round_map
from scn_core.store.people.people import ensure_person
from scn_core.store.queue.area import MAP_SIDE
from tests.browser.conftest import NewPage
from tests.browser.desk import Desk, choose, sign_in
from tests.browser.server import Served, eventually


def place(chart: Locator, x: float, y: float) -> tuple[float, float]:
    """Where a place of the map is in the window, while the whole map is shown."""
    box = chart.bounding_box()
    assert box is not None
    unit = min(box["width"], box["height"]) / MAP_SIDE
    return box["x"] + box["width"] / 2 + (x - MAP_SIDE / 2) * unit, box["y"] + box["height"] / 2 - (
        y - MAP_SIDE / 2
    ) * unit


def gap(places: FloatArray) -> float:
    """The middle of the widest gap between some faces and some others: a line there is near no face."""
    sides = np.sort(places)[len(places) // 4 : -len(places) // 4]
    widest = int(np.diff(sides).argmax())
    return float(sides[widest : widest + 2].mean())


def draw(page: Page, chart: Locator, corners: Sequence[tuple[float, float]]) -> None:
    """Draw a line over these places of the map."""
    chart.evaluate("canvas => canvas.scrollIntoView({ block: 'center' })")
    page.mouse.move(*place(chart, *corners[0]))
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*place(chart, *corner), steps=2)
    page.mouse.up()


def pinch(page: Page, chart: Locator) -> None:
    """Two fingers on the map part; the first one is there, and moves, before the second."""
    chart.evaluate("canvas => canvas.scrollIntoView({ block: 'center' })")
    box = chart.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *fingers: float) -> None:
        points = [{"x": x + away, "y": y, "id": number} for number, away in enumerate(fingers)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", -30)
    touch("touchMove", -40)
    touch("touchStart", -40, 40)
    touch("touchMove", -60, 60)
    touch("touchMove", -80, 80)
    touch("touchEnd", -80)
    touch("touchMove", -120)
    touch("touchEnd")
    session.detach()


def width_of_line(page: Page) -> float:
    """Of the line around what is selected, in pixels."""
    return float(page.locator(".map svg path").evaluate("path => path.getBBox().width"))


def test_faces_drawn_around_on_the_map_are_answered_on_the_grid(served: Served, new_page: NewPage) -> None:
    with served.workspace.database() as db:
        ensure_person(db, "lea", "lead")
    page = new_page()
    sign_in(page, served, "lea", path="/explore")
    chart = page.get_by_role("img", name=re.compile("^Map of .* faces, coloured by given label$"))
    expect(chart).to_be_visible()
    expect(page.get_by_text("Nothing is selected.")).to_be_visible()
    lie = round_map(served.workspace, 1)
    assert lie is not None
    rightmost = int(lie["x"].argmax())
    tip = page.locator(".map .tip img")

    def rest() -> bool:
        """Whether the face is shown that the pointer is moved to; what comes above the map late moves it."""
        x, y = place(chart, float(lie["x"][rightmost]), float(lie["y"][rightmost]))
        page.mouse.move(x + 1, y)
        page.mouse.move(x, y)
        page.wait_for_timeout(300)
        return tip.is_visible()

    eventually(rest, "the face beneath the pointer")
    page.mouse.down()
    page.mouse.up()
    expect(page.get_by_role("link", name="All about this face")).to_be_visible()
    middle, upper = gap(lie["x"]), gap(lie["y"])
    around = [(middle, 5), (1000, 5), (1000, 995), (middle, 995), (middle, 15)]
    draw(page, chart, around)
    link = page.get_by_role("link", name=re.compile(r"Review [0-9,]+ faces?: "))
    few = int((lie["x"] > middle).sum())
    expect(page.get_by_role("heading", name=f"{few} faces", exact=True)).to_be_visible()
    page.get_by_role("button", name="Box").click()
    page.keyboard.down("Shift")
    draw(page, chart, [(5, 995), (middle, upper)])
    page.keyboard.up("Shift")
    both = few + int(((lie["x"] < middle) & (lie["y"] > upper)).sum())
    assert both > few
    expect(page.get_by_role("heading", name=f"{both} faces", exact=True)).to_be_visible()
    page.get_by_role("button", name="Clear the selection").click()
    expect(page.get_by_text("Nothing is selected.")).to_be_visible()
    page.get_by_role("button", name="Draw around").click()
    draw(page, chart, around)
    expect(page.get_by_role("heading", name=f"{few} faces", exact=True)).to_be_visible()
    expect(link).to_be_visible()
    right = link.get_attribute("href") or ""
    assert "area=" in right
    before = width_of_line(page)
    pinch(page, chart)
    eventually(lambda: width_of_line(page) > 1.5 * before, "the map is nearer")
    expect(page.get_by_role("heading", name=f"{few} faces", exact=True)).to_be_visible()
    page.get_by_role("button", name="Whole map").click()
    wide = page.viewport_size
    assert wide is not None
    page.set_viewport_size({"width": 390, "height": 700})
    chart.evaluate("canvas => canvas.scrollIntoView({ block: 'start' })")
    expect(link).to_be_in_viewport(ratio=1)
    page.set_viewport_size(wide)
    choose(page, "Coloured by", "State")
    expect(page.get_by_role("img", name=re.compile("coloured by state$"))).to_be_visible()
    expect(page.get_by_role("button", name="Clear the selection")).to_be_visible()
    expect(link).to_have_attribute("href", right)
    count = int((link.inner_text().split()[1]).replace(",", ""))
    everything = served.rows("SELECT count(DISTINCT sample_id) FROM queue_item WHERE action IS NULL AND listed = 1")
    assert 0 < count < int(str(everything[0][0]))
    link.click()
    desk = Desk(page, served, "lea").ready()
    page.go_back()
    expect(page.get_by_role("heading", name=f"{few} faces", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Clear the selection")).to_be_visible()
    link.click()
    desk.ready()
    expect(page.get_by_role("button", name="Filter (1)")).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile(r"^From the map: [0-9]+ faces, [0-9]+ pairs$"))).to_be_visible()
    page.get_by_role("button", name="Group by pair").click()
    expect(page.get_by_role("button", name="Filter (2)")).to_be_visible()
    page.wait_for_url("**group=pair**")
    expect(page.get_by_role("button", name="Group by pair")).to_be_hidden()
    desk.ready()
    desk.press("x")
    desk.saved()
    (answered,) = served.rows("SELECT sample_id FROM decision WHERE action = 'keep'")
    rows = served.rows(f"SELECT count(*) FROM queue_item WHERE sample_id = {answered[0]} AND action = 'keep'")
    assert rows == [(1,)]

    other = new_page()
    sign_in(other, served, "ann", path=page.url.removeprefix(served.url))
    Desk(other, served, "ann").ready()
    expect(other.get_by_role("button", name="Filter (2)")).to_be_visible()
