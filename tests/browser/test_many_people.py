"""Several people at one queue, and one person from the door to its end by keyboard alone."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.desk import Desk, focused, sign_in
from tests.browser.server import Served


def faces_of(served: Served) -> set[int]:
    return {int(row[0]) for row in served.rows("SELECT DISTINCT sample_id FROM queue_item")}  # type: ignore[call-overload]


def sit_down(page: Page, served: Served, name: str) -> Desk:
    sign_in(page, served, name)
    return Desk(page, served, name).ready()


def turn(desk: Desk) -> bool:
    """PgDn; whether faces come."""
    before = desk.samples()
    desk.press("PageDown")
    desk.until(lambda: desk.panel_says() or desk.samples() not in ([], before), "another page or the end")
    return not desk.panel_says()


def test_two_people_share_no_face_and_together_see_all(served: Served, new_page: NewPage) -> None:
    desks = [sit_down(new_page(), served, name) for name in ("ann", "bob")]
    seen: list[list[int]] = [desk.samples() for desk in desks]
    going = [True, True]
    while any(going):
        for at, desk in enumerate(desks):
            going[at] = going[at] and turn(desk)
            if going[at]:
                seen[at] += desk.ready().samples()
    ann, bob = (set(faces) for faces in seen)
    assert [len(ann), len(bob)] == [len(faces) for faces in seen], "nobody sees a face twice"
    assert not ann & bob
    assert ann | bob == faces_of(served)
    assert ann
    assert bob


def test_what_one_leaves_comes_to_the_other(served: Served, new_page: NewPage) -> None:
    ann, bob = (sit_down(new_page(), served, name) for name in ("ann", "bob"))
    hers = set(ann.samples())
    bob.keep_all()
    while turn(bob):
        bob.ready().keep_all()
    assert len(bob.decisions()) < len(faces_of(served))
    ann.page.goto("about:blank")
    held = "SELECT 1 FROM queue_item i JOIN person p ON p.id = i.lease_person WHERE p.name = 'ann'"
    bob.until(lambda: not served.rows(held), "her leases to go")
    bob.press("PageDown")
    bob.until(lambda: hers & set(bob.samples()), "her faces on his screen")


def test_a_second_tab_that_is_closed_keeps_the_first_ones_faces(served: Served, new_page: NewPage) -> None:
    ann = sit_down(new_page(), served, "ann")
    tab = ann.page.context.new_page()
    tab.goto(served.url)
    Desk(tab, served, "ann").ready()
    tab.close(run_before_unload=True)
    bob = sit_down(new_page(), served, "bob")
    his = set(bob.samples())
    while turn(bob):
        his |= set(bob.ready().samples())
    assert not his & set(ann.samples())


def test_from_the_door_to_the_end_by_keyboard_alone(served: Served, new_page: NewPage) -> None:
    page = new_page()
    page.goto(served.url)
    expect(page.get_by_label("Your name")).to_be_focused()
    page.keyboard.type("ann")
    page.keyboard.press("Enter")
    page.locator(".app .grid .tile").first.wait_for()
    desk = Desk(page, served, "ann")
    desk.until(lambda: desk.tiles() and focused(page) == "tile", "the grid to take the keyboard")
    answered = 0
    while True:
        open_faces = [tile for tile in desk.tiles() if tile.state == "open"]
        page.keyboard.press("Shift+A")
        page.keyboard.press("Shift+X")
        for tile in desk.tiles():
            if tile.state == "open":  # audit faces, one by one; the focus goes from one to the next
                assert "audit" in tile.label
                page.keyboard.press("x")
        assert {tile.state for tile in desk.tiles()} <= {"accept", "keep"}
        answered += len(open_faces)
        if not turn(desk):
            break
        desk.until(lambda: focused(page) == "tile", "the keyboard to stay with the grid")
    assert answered == len(faces_of(served))
    desk.stored(answered)
    expect(desk.panel).to_contain_text("All done")
    assert served.rows("SELECT count(*) FROM queue_item WHERE action IS NULL") == [(0,)]
