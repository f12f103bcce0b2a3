"""Which page is seen: waiting, passing over, the end of the queue, trouble; and what tiles and zoom tell or hide."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing

from playwright.sync_api import Page, Route, expect

from scn_core.store.queue.withdraw import withdraw_faces
from scn_core.store.rounds.states import close_round
from tests.browser.conftest import NewPage
from tests.browser.desk import Desk, focused, sign_in
from tests.browser.server import Served

API, PAGES = "**/api/**", "**/api/page**"
PAGES = "**/api/page"
_TAKEN = "UPDATE queue_item SET lease_person = (SELECT id FROM person WHERE name = 'bea') WHERE sample_id = ?"


def at_desk(page: Page, served: Served, name: str, path: str = "/") -> Desk:
    sign_in(page, served, name, path=path)
    return Desk(page, served, name).ready()


def turn(desk: Desk) -> bool:
    """PgDn, until another page is there, or (False) what the grid says instead of one."""
    before = desk.samples()
    desk.press("PageDown")
    desk.until(lambda: _turned(desk, before), "another page, or the end")
    return bool(desk.samples())


def _turned(desk: Desk, before: list[int]) -> bool:
    if desk.panel.is_visible():
        return "Loading" not in desk.panel.inner_text()
    return desk.samples() not in ([], before)


def online(page: Page, pattern: str = API) -> None:
    page.unroute(pattern)
    page.evaluate("window.dispatchEvent(new Event('online'))")


def change(served: Served, sql: str, *values: object) -> None:
    """What time would do to the database."""
    with closing(sqlite3.connect(served.workspace.database_file)) as db, db:
        db.execute("PRAGMA busy_timeout = 30000")
        db.execute(sql, values)


def test_faces_passed_over_are_offered_at_the_end(served: Served, new_page: NewPage) -> None:
    desk = at_desk(new_page(), served, "ann", "/?group=pair")
    seen, heading = desk.samples(), desk.page.get_by_role("group", name="pair of labels")
    expect(heading).to_be_visible()
    desk.press("u")
    while True:
        if not turn(desk):
            break
        seen += desk.samples()
    assert len(seen) == len(set(seen))
    expect(desk.panel).to_contain_text(f"{len(seen) - 1} faces you passed over")
    expect(heading).to_be_hidden()
    expect(desk.message).to_have_text("")
    desk.press("PageDown")
    desk.until(lambda: bool(desk.samples()), "faces passed over")
    again = desk.samples()
    assert again == seen[1 : 1 + len(again)]
    desk.press("u")
    assert [row.sample for row in desk.stored(2)] == [seen[0], seen[1]]


def test_the_end_says_what_to_do(served: Served, new_page: NewPage) -> None:
    desk = at_desk(new_page(), served, "ann", "/?proposed=none")
    while desk.samples():
        desk.press("Shift+X")
        turn(desk)
    expect(desk.panel).to_contain_text("All done")
    expect(desk.panel.get_by_role("button", name="look again")).to_be_visible()
    desk.press("z")
    desk.until(lambda: bool(desk.samples()), "what was undone")
    assert {tile.state for tile in desk.tiles()} == {"open"}


def test_pictures_that_are_drawn_later_come_by_themselves(shared: Served, new_page: NewPage) -> None:
    """Until then nobody answers what they cannot see."""
    held: list[Route] = []
    page = new_page()

    def undrawn(route: Route) -> None:
        """The page, as if there had been time for the pictures of all faces but two."""
        body = route.fetch().body()
        size = int.from_bytes(body[:4], "big")
        header = json.loads(body[4 : 4 + size])
        for tile in header["items"][:2]:
            tile |= {"thumb": None, "missing": "not drawn yet"}
        packed = json.dumps(header).encode()
        route.fulfill(body=len(packed).to_bytes(4, "big") + packed + body[4 + size :])
        page.unroute(PAGES)

    page.route(PAGES, undrawn)
    page.route("**/api/tiles", lambda route: held.append(route))
    sign_in(page, shared, "una")
    tiles = page.locator(".app .grid .tile")
    expect(tiles.first).to_contain_text("not drawn yet")
    tiles.first.click()
    page.keyboard.press("x")
    desk = Desk(page, shared, "una")
    expect(desk.message).to_contain_text("being drawn")
    desk.until(lambda: bool(held), "the grid to ask for the pictures")
    for route in held:
        route.continue_()
    page.unroute("**/api/tiles")
    desk.ready()
    expect(page.locator(".app .grid .missing")).to_have_count(0)
    desk.press("x")
    assert len(desk.stored(1)) == 1


def test_keys_pressed_while_a_page_loads_answer_nothing(desk: Desk) -> None:
    page = desk.page
    held: list[Route] = []
    page.route(PAGES, lambda route: held.append(route))
    desk.next_page()  # it was there ahead
    second = desk.samples()
    desk.press("PageDown")
    expect(desk.panel).to_contain_text("Loading faces")
    desk.press("u", "x", "3")
    expect(desk.message).to_contain_text("still loading")
    for route in held:
        route.continue_()
    page.unroute(PAGES)
    desk.until(lambda: desk.samples() not in ([], second), "the third page")
    assert {tile.state for tile in desk.tiles()} == {"open"}
    desk.press("e")
    assert [row.action for row in desk.stored(1)] == ["exclude"]


def test_the_button_for_the_next_page_leaves_the_keyboard_with_the_grid_while_that_page_loads(desk: Desk) -> None:
    page = desk.page
    held: list[Route] = []
    page.route(PAGES, lambda route: held.append(route))
    second = desk.next_page().samples()  # it was there ahead
    desk.press("Shift+X")
    page.get_by_role("button", name="next page", exact=True).click()
    expect(desk.panel).to_contain_text("Loading faces")
    assert focused(page) == "app"
    for route in held:
        route.continue_()
    page.unroute(PAGES)
    desk.until(lambda: desk.samples() not in ([], second), "the third page")
    assert focused(page) == "tile"


def test_without_a_network_the_page_stays_and_takes_answers(desk: Desk) -> None:
    desk.next_page()
    desk.until(lambda: desk.pages_come() >= 3, "the page after it")
    desk.page.route(PAGES, lambda route: route.abort())  # to the end: the page after the third never comes
    desk.page.route(API, lambda route: route.abort())
    third = desk.next_page().samples()
    desk.press("PageDown")
    expect(desk.message).to_contain_text("no connection to the server")
    desk.page.unroute(API)
    desk.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # a beat, without waiting for it
    expect(desk.message).to_have_text("")
    desk.page.route(API, lambda route: route.abort())
    desk.press("PageDown")
    expect(desk.message).to_contain_text("no connection to the server")
    assert desk.samples() == third
    desk.press("u")
    expect(desk.pill).to_have_text("offline: 1 kept here")
    online(desk.page)
    assert [row.sample for row in desk.stored(1)] == [third[0]]
    desk.saved()


def test_no_connection_at_the_start_heals_by_itself(desk: Desk) -> None:
    desk.page.route(API, lambda route: route.abort())
    desk.page.reload()
    expect(desk.panel).to_contain_text("No connection to the server")
    desk.press("z")
    expect(desk.message).to_contain_text("not known yet")
    desk.page.unroute(API)
    desk.ready()


def test_a_face_lost_to_somebody_else_is_shown_as_taken(served: Served, new_page: NewPage) -> None:
    desk = at_desk(new_page(), served, "ann")
    first, second = desk.samples()[:2]
    change(served, "INSERT INTO person (name, role) VALUES ('bea', 'annotator')")
    change(served, f"{_TAKEN} AND lease_person IS NOT NULL", first)
    desk.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as after a while in another tab
    desk.until(lambda: desk.tile(first).state == "taken", "the tile to say so")
    assert "taken by someone else" in desk.tile(first).label
    assert desk.current().sample == second
    desk.go_to(first).press("u")
    expect(desk.message).to_contain_text("somebody else")
    desk.go_to(second).press("u")
    assert [row.sample for row in desk.stored(1)] == [second]


def test_what_the_server_refuses_is_listed_with_its_reason(served: Served, new_page: NewPage) -> None:
    desk = at_desk(new_page(), served, "ann")
    first = desk.current().sample
    with served.workspace.database() as db:
        close_round(db, 1)
    desk.press("u")
    ((key,),) = served.rows("SELECT key FROM sample WHERE id = ?", first)
    late = re.compile(r": unsure \(.*\d.*\), not taken, as it reached the server after the round had ended$")
    refused = desk.page.locator(".app .refused")
    expect(refused.locator("summary")).to_have_text("1 refused")
    expect(desk.panel).to_contain_text("Round 1 has ended")
    expect(desk.panel).to_contain_text("1 answer that you gave reached the server after its end, and was not taken")
    refused.locator("summary").click()
    expect(refused.locator("li")).to_have_text(late)
    expect(refused.get_by_role("link", name=str(key), exact=True)).to_have_attribute("href", f"/samples?sample={first}")
    desk.press("PageUp")
    desk.until(lambda: desk.tile(first).state == "open", "the tile to show what the server has")
    desk.page.reload()
    refused.locator("summary").click()
    expect(refused.get_by_role("link", name=f"face 1, {key}")).to_be_visible()
    expect(refused.locator("li")).to_have_text(late)
    expect(desk.pill).to_have_text("all but 1 saved")
    with desk.page.expect_response("**/api/decisions") as told:
        refused.get_by_role("button", name="send again").click()
    assert [each["code"] for each in told.value.json()["refused"]] == ["closed"]
    expect(desk.pill).to_have_text("all but 1 saved")
    refused.get_by_role("button", name="dismiss").click()
    expect(refused).to_be_hidden()
    assert focused(desk.page)
    assert desk.decisions() == []


def test_a_face_that_was_taken_out_says_so_and_is_seen_no_more(served: Served, new_page: NewPage) -> None:
    desk = at_desk(new_page(), served, "ann")
    first, second = desk.samples()[:2]
    with served.workspace.database() as db:
        withdraw_faces(db, [str(row[0]) for row in served.rows("SELECT key FROM sample WHERE id = ?", first)])
    desk.press("u")
    desk.until(lambda: desk.tile(first).state == "gone", "the tile to say so")
    expect(desk.message).to_contain_text("1 of these faces was taken out of the data set")
    assert "taken out of the data set" in desk.tile(first).label
    expect(desk.page.locator(f".app .tile[data-sample='{first}'] img")).to_have_count(0)
    desk.page.locator(".app .refused summary").click()
    expect(desk.page.locator(".app .refused li")).to_have_text(
        re.compile(r"^face 1, .+: unsure \(.+\), not taken, as it was taken out of the data set$")
    )
    desk.go_to(first).press("e")
    expect(desk.message).to_contain_text("it needs nothing from you")
    desk.go_to(second).press("u")
    assert [row.sample for row in desk.stored(1)] == [second]


def test_somebody_elses_session_sends_nothing_of_mine(served: Served, new_page: NewPage) -> None:
    page = new_page()
    desk = at_desk(page, served, "ann")
    page.context.clear_cookies()
    desk.press("u", "x")
    expect(desk.pill).to_have_text("signed out: 2 kept here")
    tab = new_page(context=page.context)
    at_desk(tab, served, "bea")
    expect(tab.locator(".app .foot .others")).to_have_text("2 answers of another person wait in this browser")
    tab.close()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(desk.pill).to_have_text("signed in as somebody else: 2 kept here")
    assert desk.served.decisions() == []
    page.context.clear_cookies()
    at_desk(page, served, "ann")
    assert [row.action for row in desk.stored(2)] == ["unsure", "keep"]


def test_an_audit_face_tells_nothing_until_it_is_answered(served: Served, new_page: NewPage) -> None:
    change(served, "INSERT OR IGNORE INTO picture_issue (sample_id, issue) SELECT id, 'grey' FROM sample")
    desk = at_desk(new_page(), served, "ann")
    while not (blind := [tile.sample for tile in desk.tiles() if "audit: no proposal shown" in tile.label]):
        desk.next_page()
    sample, page = blind[0], desk.page
    tile = page.locator(f".app .grid .tile[data-sample='{sample}']")
    assert "alpha" not in desk.tile(sample).label
    expect(tile.locator(".bar")).to_have_count(0)
    expect(tile.locator(".suggested")).to_have_count(0)
    desk.go_to(sample).press("a")
    expect(desk.message).to_contain_text("nothing is suggested")
    assert desk.tile(sample).state == "open"
    desk.press("Enter")
    zoom = page.get_by_role("dialog", name="one face")
    expect(zoom).to_contain_text("shown once it is answered")
    expect(zoom.get_by_role("heading", name=re.compile("Probabilities|epochs|nearby"))).to_have_count(0)
    desk.press("Escape", "x")
    expect(tile.locator(".bar")).not_to_have_count(0)
    assert "alpha" in desk.tile(sample).label
    expect(tile.locator(".issue", has_text="grey among colour")).to_have_count(1)  # not once more


def test_the_tile_size_is_remembered_and_decides_the_page(desk: Desk) -> None:
    page = desk.page
    medium = len(desk.samples())
    page.get_by_role("button", name="small tiles").click()
    page.reload()
    desk.ready(least=medium + 1)
    expect(page.get_by_role("button", name="small tiles")).to_have_attribute("aria-pressed", "true")
    grid, main, fits = (
        page.locator(".app .grid"),
        page.get_by_test_id("stMain"),
        "h => h.scrollHeight <= h.clientHeight + 1",
    )
    desk.until(lambda: grid.evaluate(fits) and main.evaluate(fits), "the page to fit")


def test_a_missing_picture_says_why(served: Served, new_page: NewPage) -> None:
    desk = at_desk(new_page(), served, "ann")
    expect(desk.page.locator(".app .missing")).to_have_count(0)
    change(served, "UPDATE sample SET path = 'gone/' || id || '.jpg'")
    desk = at_desk(new_page(), served, "bea")
    expect(desk.page.locator(".app .tile .missing").first).to_contain_text(re.compile("[a-z]"))
    assert "picture missing" in desk.tiles()[0].label
    desk.press("e")
    desk.stored(1)


def test_the_select_switch_lets_taps_select(desk: Desk) -> None:
    samples = desk.samples()
    switch = desk.page.get_by_role("button", name="select", exact=True)
    switch.click()
    desk.go_to(samples[1]).go_to(samples[3]).go_to(samples[1])
    assert [tile.sample for tile in desk.tiles() if tile.selected] == [samples[3]]
    switch.click()
    assert not any(tile.selected for tile in desk.tiles())


def test_the_bottom_line_stays_one_line_and_says_all_in_its_tooltip(desk: Desk) -> None:
    foot, words = desk.page.locator(".app .foot"), "answers are kept in this browser " * 9
    height = foot.evaluate("node => node.offsetHeight")
    desk.page.locator(".app .foot .learned").last.evaluate(
        "node => { node.textContent = 'order'; node.hidden = false }"
    )
    desk.message.evaluate("(node, words) => { node.textContent = words }", words)
    assert foot.evaluate("node => node.offsetHeight") == height
    expect(desk.page.locator(".app .numbers")).to_have_attribute("title", re.compile(r"^page 1 · .* in all"))
    desk.message.hover()
    expect(desk.message).to_have_attribute("title", words)
    desk.press("f")
    expect(desk.message).to_contain_text("flagged")
    expect(desk.message).not_to_have_attribute("title", words)
