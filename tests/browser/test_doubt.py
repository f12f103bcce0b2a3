"""In what way the network doubts a label: told on tile and zoom, and never before an audit face is answered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, expect

from scn_core.workspace.folder import Workspace
from tests.browser.conftest import NewPage
from tests.browser.desk import Desk, sign_in
from tests.browser.server import Served
from tests.review_workspace import add_round, copy_workspace

WORDS = {0: "", 1: "likely mislabelled", 2: "ambiguous"}


def doubts(served: Served) -> dict[int, int]:
    rows = served.rows("SELECT sample_id, doubt FROM score WHERE round_id = 1")
    return {int(sample): int(doubt) for sample, doubt in rows}  # type: ignore[call-overload]


def _height(node: Locator) -> float:
    return float(node.evaluate("tile => tile.getBoundingClientRect().height"))


_CUT = """
tiles => tiles.flatMap(tile => {
  const line = tile.querySelector(".then");
  if (!line || !tile.checkVisibility()) return [];
  const box = line.getBoundingClientRect();
  const inside = node => {
    const { left, right, top, bottom, width } = node.getBoundingClientRect();
    const across = width > 3 && left >= box.left - 1 && right <= box.right + 1;
    return across && top >= box.top - 4 && bottom <= box.bottom + 4;
  };
  return [...line.querySelectorAll(":scope > *, i")].every(inside) ? [] : [line.textContent];
})
"""


def test_long_names_leave_room_for_the_arrow_the_words_beside_them_and_the_numbers(
    served: Served, new_page: NewPage
) -> None:
    with served.workspace.database() as db:
        db.execute("UPDATE class SET name = name || ', mit aufgerissenen Augen und offenem Mund beim Anblick'")
        db.conn.commit()
    page = new_page()
    sign_in(page, served, "ann")
    desk = Desk(page, served, "ann").ready()
    names = page.locator(".app .proposed, .app .suggested > span")
    rows = page.locator(".app .toolbar")
    for width, high in ((1280, 150), (820, 200), (390, 0)):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_timeout(300)
        desk.until(lambda: desk.tiles(), "faces")
        assert page.locator(".app .tile").evaluate_all(_CUT) == [], width
        assert "mit aufgerissenen" in str(names.first.get_attribute("title"))
        assert rows.evaluate("bar => bar.offsetHeight") <= high, "buttons leave room for faces"
        whole = page.locator(".app .progress").evaluate("line => line.scrollWidth <= line.clientWidth + 1")
        assert whole, "what is to review is not cut"


def test_a_tile_says_how_it_is_doubted(desk: Desk) -> None:
    known = doubts(desk.served)
    shown = [tile for tile in desk.tiles() if "audit" not in tile.label]
    assert len({known[tile.sample] for tile in shown}) > 1
    for tile in shown:
        sign = desk.page.locator(f".app .tile[data-sample='{tile.sample}'] .sure")
        sure = "sure" if known[tile.sample] == 1 else "maybe"
        assert sign.all_inner_texts() == [sure for _ in range("proposed" in tile.label)]
        for word in ("likely mislabelled", "ambiguous"):
            assert (word in tile.label) == (word == WORDS[known[tile.sample]])


def test_a_mark_stands_beneath_the_picture_and_an_answered_tile_says_what_the_label_now_is(desk: Desk) -> None:
    face = desk.proposed()[0]
    node = desk.page.locator(f".app .tile[data-sample='{face}']")
    height = _height(node)
    desk.go_to(face).press("f")
    expect(node.locator(".mark")).to_be_visible()
    # In one look, as a tile that changes is drawn anew.
    edges = "tile => ['.mark', 'img'].map(part => tile.querySelector(part).getBoundingClientRect())"
    mark, picture = node.evaluate(edges)
    assert mark["top"] >= picture["bottom"]
    assert _height(node) == height
    proposed = node.locator(".proposed").inner_text()
    desk.press("a")
    expect(node.locator(".badge b")).to_have_text(proposed)
    assert _height(node) == height
    assert node.locator("img").evaluate("img => getComputedStyle(img).opacity") == "1"


def test_alpha_and_bars_are_shown_only_with_details_which_the_browser_remembers(desk: Desk) -> None:
    page, numbers = desk.page, desk.page.locator(".app .tile .meters").first
    expect(numbers).to_be_hidden()
    page.get_by_role("button", name="details").click()
    expect(numbers).to_be_visible()
    page.reload()
    desk.ready()
    expect(numbers).to_be_visible()


def test_an_audit_face_tells_no_doubt_before_it_is_answered(served: Served, new_page: NewPage) -> None:
    page = new_page()
    sign_in(page, served, "ann")
    desk, known = Desk(page, served, "ann").ready(), doubts(served)

    def blind() -> list[int]:
        return [tile.sample for tile in desk.tiles() if "audit" in tile.label and known[tile.sample] == 1]

    while not blind():
        desk.next_page()
    face = blind()[0]
    sign = page.locator(f".app .tile[data-sample='{face}'] .sure")
    assert not any(word in desk.tile(face).label for word in WORDS.values() if word)
    expect(sign).to_have_count(0)
    desk.go_to(face).press("x")
    desk.until(lambda: WORDS[1] in desk.tile(face).label, "the doubt to be told")


def test_the_zoom_says_why_a_face_is_asked_about_and_no_second_choice_without_a_first(
    drawn: Workspace, tmp_path: Path, serve: Callable[..., Served], new_page: NewPage
) -> None:
    workspace = copy_workspace(drawn, tmp_path / "ws")
    add_round(workspace, proposals=0, low=2, suspicious=10, audit=0)
    page, served = new_page(), serve(workspace)
    sign_in(page, served, "ann")
    desk = Desk(page, served, "ann").ready()
    face = next(tile.sample for tile in desk.tiles() if "but suspicious" in tile.label)
    desk.go_to(face).press("Enter")
    zoom = page.locator(".zoombody")
    expect(zoom.get_by_text("outside the low-importance group, but suspicious").last).to_be_visible()
    expect(zoom.locator(".probability").first).to_be_visible()
    expect(zoom.get_by_text("next likeliest")).to_have_count(0)
    margin = zoom.locator("figure", has_text="margin")
    number = margin.locator("figcaption").inner_text().split()[1].rstrip(",")
    expect(margin.locator("svg")).to_have_attribute("aria-label", f"margin over 8 epochs, at the end {number}")
