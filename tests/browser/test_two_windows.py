"""One person in two windows, and answers to many faces at once: nothing settles what nobody looked at."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.desk import Desk, sign_in
from tests.browser.server import Served


def sit_down(page: Page, served: Served, name: str) -> Desk:
    sign_in(page, served, name)
    return Desk(page, served, name).ready()


def audit_faces(desk: Desk) -> set[int]:
    """Of the page."""
    return {tile.sample for tile in desk.tiles() if "audit" in desk.question(tile.sample).kinds}


def to_audit_faces(desk: Desk) -> set[int]:
    while not (found := audit_faces(desk)):
        desk.next_page()
    return found


def test_keeping_the_rest_leaves_audit_faces(served: Served, new_page: NewPage) -> None:
    desk = sit_down(new_page(), served, "ann")
    audit = to_audit_faces(desk)
    others = set(desk.samples()) - audit
    desk.press("Shift+A", "Shift+X")
    assert {tile.sample for tile in desk.tiles() if tile.state == "open"} == audit
    expect(desk.message).to_contain_text("audit face")
    assert {row.sample for row in desk.stored(len(others))} == others
    desk.go_to(min(audit)).press("x")
    assert desk.stored(len(others) + 1)[-1].bulk is None


def test_a_selection_answers_no_audit_face(served: Served, new_page: NewPage) -> None:
    desk = sit_down(new_page(), served, "ann")
    audit = to_audit_faces(desk)
    others = set(desk.samples()) - audit
    desk.press("Home", "Shift+End", "u")
    assert {tile.sample for tile in desk.tiles() if tile.state == "open"} == audit
    assert {row.sample for row in desk.stored(len(others))} == others


def test_a_tab_knows_what_the_other_one_answered(served: Served, new_page: NewPage) -> None:
    ann = sit_down(new_page(), served, "ann")
    other = Desk(new_page(context=ann.page.context), served, "ann")
    other.page.goto(served.url)
    other.ready()
    assert other.samples() == ann.samples()
    first, second, third = [tile.sample for tile in ann.tiles() if "audit" not in tile.label][:3]
    ann.go_to(first).press("u")
    ann.go_to(second).press("e")
    ann.go_to(third).press("3")
    ann.stored(3)
    states = [ann.tile(sample).state for sample in (first, second, third)]
    other.until(
        lambda: [other.tile(sample).state for sample in (first, second, third)] == states, "the other tab to know"
    )
    other.press("Shift+X")
    other.saved()
    assert [other.tile(sample).state for sample in (first, second, third)] == states
    rows = [row for row in other.decisions() if row.sample in (first, second, third)]
    assert [row.bulk for row in rows] == [None, None, None]
    numbers = [each.page.locator(".app .progress") for each in (ann, other)]
    ann.until(lambda: numbers[0].inner_text() == numbers[1].inner_text() != "", "the same numbers in both tabs")
    ann.until(
        lambda: ann.samples() and {t.state for t in ann.tiles()} == {t.state for t in other.tiles()}, "the way back"
    )


def test_a_stale_window_replaces_nothing(served: Served, new_page: NewPage) -> None:
    """Two browsers know nothing of each other: the server tells the second one what it did not know."""
    ann, other = (sit_down(new_page(), served, "ann") for _ in range(2))
    assert other.samples() == ann.samples()
    first, second = [tile.sample for tile in ann.tiles() if "audit" not in tile.label][:2]
    ann.go_to(first).press("u")
    ann.go_to(second).press("e")
    ann.saved()
    assert [other.tile(sample).state for sample in (first, second)] == ["open", "open"]
    other.press("Shift+X")
    expect(other.message).to_contain_text("2 faces were answered elsewhere meanwhile")
    other.until(lambda: [other.tile(s).state for s in (first, second)] == ["unsure", "exclude"], "what was answered")
    other.saved()
    expect(other.page.locator(".app .refused")).to_be_hidden()
    live = {row.sample: row.action for row in other.decisions() if row.live}
    assert (live[first], live[second]) == ("unsure", "exclude")
    other.press("z")
    other.until(lambda: sum(row.live for row in other.decisions()) == 2, "what it kept to be taken back, and no more")


def test_a_browser_that_is_closed_takes_nothing_from_the_other(served: Served, new_page: NewPage) -> None:
    ann, other = (sit_down(new_page(), served, "ann") for _ in range(2))
    mine = set(ann.samples())
    ann.press("x", "x")
    answered = [row.sample for row in ann.stored(2)]
    ann.page.goto("about:blank")
    tabs = "SELECT count(DISTINCT tab) FROM lease_tab JOIN queue_item q ON q.id = item WHERE lease_person IS NOT NULL"
    other.until(lambda: served.rows(tabs) == [(1,)], "it to be gone")
    held = {row[0] for row in served.rows("SELECT sample_id FROM queue_item WHERE lease_person IS NOT NULL")}
    assert held >= mine - set(answered)  # before the other one has said again that it shows them
    other.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # a beat, without waiting for it
    other.until(lambda: [other.tile(sample).state for sample in answered] == ["keep", "keep"], "the answers to be seen")
    assert {tile.state for tile in other.tiles()} == {"open", "keep"}
    expect(other.message).to_contain_text("2 of these faces were answered elsewhere")
    bob = sit_down(new_page(), served, "bob")
    assert not set(bob.samples()) & mine
