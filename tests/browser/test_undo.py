"""Undo and redo without limit: over pages, over a reload, and only of what is one's own."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import NewPage
from tests.browser.desk import Desk, sign_in
from tests.browser.server import Served


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


def waiting(desk: Desk) -> int:
    """As the line below the grid says."""
    words = desk.page.locator(".app .progress").inner_text()
    return int(words.split(" to review in all")[0].split("·")[-1].replace(",", ""))


def test_what_an_undo_brings_back_leads_back_to_the_page_it_interrupts(served: Served, new_page: NewPage) -> None:
    page = new_page()
    sign_in(page, served, "ann")
    desk = Desk(page, served, "ann").ready()
    face = desk.current().sample
    desk.press("u")
    desk.stored(1)
    desk.saved()
    page.reload()
    desk.ready()
    open_faces = "SELECT count(*) FROM queue_item WHERE action IS NULL AND listed = 1"
    assert [waiting(desk)] == list(served.rows(open_faces)[0])
    interrupted = desk.samples()
    # Fetched ahead, it would bring the number as it was before what follows.
    desk.until(lambda: desk.pages_come() >= 2, "the page after it")
    desk.press("z")
    desk.until(lambda: desk.samples() == [face], "the face taken back")
    desk.press("e")
    desk.stored(3)
    desk.saved()
    desk.until(lambda: [waiting(desk)] == list(served.rows(open_faces)[0]), "the number of faces to review")
    desk.press("PageDown")
    desk.until(lambda: desk.samples() == interrupted, "the page that was interrupted")
    expect(page.locator(".app .progress")).to_contain_text("page 1 ·")


def test_today_counts_faces_and_outlives_a_reload(served: Served, new_page: NewPage) -> None:
    page = new_page()
    sign_in(page, served, "ann")
    desk = Desk(page, served, "ann").ready()
    face = desk.current().sample
    desk.press("u", "e")
    desk.go_to(face).press("x")
    desk.stored(3)
    today = page.locator(".app .progress")
    expect(today).to_contain_text("2 today")
    page.reload()
    desk.ready()
    expect(today).to_contain_text("2 today")
