"""In what way the network doubts a label: told on tile and zoom, and never before an audit face is answered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from scn_core.workspace.folder import Workspace
from tests.browser.conftest import NewPage
from tests.browser.desk import Desk, sign_in
from tests.browser.server import Served
from tests.review_workspace import add_round, copy_workspace

WORDS = {0: "", 1: "likely mislabelled", 2: "ambiguous"}


def doubts(served: Served) -> dict[int, int]:
    rows = served.rows("SELECT sample_id, doubt FROM score WHERE round_id = 1")
    return {int(sample): int(doubt) for sample, doubt in rows}  # type: ignore[call-overload]


def test_a_tile_says_how_it_is_doubted(desk: Desk) -> None:
    known = doubts(desk.served)
    shown = [tile for tile in desk.tiles() if "audit" not in tile.label]
    assert len({known[tile.sample] for tile in shown}) > 1
    for tile in shown:
        sign = desk.page.locator(f".app .tile[data-sample='{tile.sample}'] .doubt")
        assert sign.all_inner_texts() == [word for word in [WORDS[known[tile.sample]]] if word]
        for word in ("likely mislabelled", "ambiguous"):
            assert (word in tile.label) == (word == WORDS[known[tile.sample]])


def test_a_mark_takes_the_room_of_the_words_and_leaves_the_shape(desk: Desk) -> None:
    face = next(tile.sample for tile in desk.tiles() if "ambiguous" in tile.label)
    desk.go_to(face).press("f")
    sign = desk.page.locator(f".app .tile[data-sample='{face}'] .doubt")
    expect(sign.locator("svg")).to_be_visible()
    expect(sign.get_by_text("ambiguous")).to_be_hidden()
    assert "ambiguous" in desk.tile(face).label


def test_an_audit_face_tells_no_doubt_before_it_is_answered(served: Served, new_page: NewPage) -> None:
    page = new_page()
    sign_in(page, served, "ann")
    desk, known = Desk(page, served, "ann").ready(), doubts(served)

    def blind() -> list[int]:
        return [tile.sample for tile in desk.tiles() if "audit" in tile.label and known[tile.sample]]

    while not blind():
        desk.next_page()
    face = blind()[0]
    sign = page.locator(f".app .tile[data-sample='{face}'] .doubt")
    assert not any(word in desk.tile(face).label for word in WORDS.values() if word)
    expect(sign).to_have_count(0)
    desk.go_to(face).press("x")
    expect(sign).to_have_text(WORDS[known[face]])


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
    expect(zoom.get_by_text("next choice")).to_have_count(0)
    margin = zoom.locator("figure", has_text="margin")
    number = margin.locator("figcaption").inner_text().split()[-1]
    expect(margin.locator("svg")).to_have_attribute("aria-label", f"margin over 8 epochs, at the end {number}")
