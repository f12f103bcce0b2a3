"""Undo and redo without limit: over pages, over a reload, and only of what is one's own."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import NewPage
from tests.browser.desk import Desk, sign_in


def live(desk: Desk) -> list[tuple[int, str]]:
    return [(row.sample, row.action) for row in desk.decisions() if row.live]


def test_over_pages(desk: Desk) -> None:
    first = desk.samples()
    desk.press("u", "e")
    second = desk.next_page().samples()
    desk.press("x", "s")
    made = [(first[0], "unsure"), (first[1], "exclude"), (second[0], "keep"), (second[1], "skip")]
    desk.stored(4)
    assert live(desk) == made
    for count in (3, 2, 1, 0):
        desk.press("z")
        desk.stored(8 - count)
        assert live(desk) == made[:count]
        undone = made[count][0]
        desk.until(lambda: desk.current().sample == undone, "the focus on the face taken back")  # noqa: B023
        assert desk.tile(undone).state == "open"
    for count in (1, 2, 3, 4):
        desk.press("Shift+Z")
        desk.stored(8 + count)
        assert live(desk) == made[:count]
    desk.press("Shift+Z")
    expect(desk.message).to_have_text("nothing to redo")


def test_over_a_reload(desk: Desk) -> None:
    samples = desk.samples()[:12]
    desk.press(*("u" for _ in samples), "z", "z")
    desk.stored(14)
    desk.saved()
    desk.page.reload()
    desk.ready()
    desk.press("Shift+Z")  # of what was undone before the reload
    desk.until(lambda: len(live(desk)) == 11, "one brought back")
    for _ in range(11):
        desk.press("z")
    desk.until(lambda: not live(desk), "all taken back")
    expect(desk.message).not_to_have_text("nothing to undo")
    desk.page.reload()
    desk.ready()
    for _ in range(12):
        desk.press("Shift+Z")
    desk.until(lambda: [sample for sample, _ in live(desk)] == samples, "all brought back")
    desk.saved()


def test_a_new_answer_ends_redo(desk: Desk) -> None:
    first, second = desk.samples()[:2]
    desk.press("u", "z")
    desk.go_to(second).press("e", "Shift+Z")
    expect(desk.message).to_have_text("nothing to redo")
    desk.stored(3)
    assert live(desk) == [(second, "exclude")]
    assert desk.tile(first).state == "open"


def test_an_answer_changed_and_taken_back_is_the_one_before(desk: Desk) -> None:
    sample = desk.current().sample
    desk.press("u")
    desk.go_to(sample).press("e")
    assert desk.tile(sample).state == "exclude"
    desk.press("z")
    assert desk.tile(sample).state == "unsure"
    desk.stored(3)
    desk.page.reload()
    desk.ready().press("z")
    desk.until(lambda: not live(desk), "both taken back")


def test_nobody_takes_back_what_is_not_theirs(desk: Desk, new_page: NewPage) -> None:
    desk.press("u", "u")
    desk.stored(2)
    page = new_page()
    sign_in(page, desk.served, f"{desk.person}, next to them")
    other = Desk(page, desk.served, f"{desk.person}, next to them").ready()
    other.press("z")
    expect(other.message).to_have_text("nothing to undo")
    other.press("e")  # what the key before had stored would come first
    assert [row.action for row in other.stored(1)] == ["exclude"]
    assert len(live(desk)) == 2
