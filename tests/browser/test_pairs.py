"""Grouped pages: one pair of labels each, X for the exceptions, Shift-A for the rest and on; and how to begin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from scn_core.workspace.folder import Workspace
from tests.browser.conftest import NewPage
from tests.browser.desk import Desk, sign_in
from tests.browser.server import Served
from tests.review_workspace import add_round, copy_workspace

CLASSES = ("neutral", "happy", "surprise", "sad", "anger", "disgust", "fear")


def pair(desk: Desk) -> str:
    """Of the faces on screen, as the heading says it."""
    asked = {(desk.question(sample).given, desk.question(sample).proposed) for sample in desk.samples()}
    ((given, proposed),) = asked
    return f"{CLASSES[given]}{', no proposal' if proposed is None else f' → {CLASSES[proposed]}'}"


def test_exceptions_the_rest_and_on_by_itself(
    drawn: Workspace, tmp_path: Path, serve: Callable[..., Served], new_page: NewPage
) -> None:
    workspace = copy_workspace(drawn, tmp_path / "ws")
    add_round(workspace, audit=0)
    served, page = serve(workspace), new_page()
    sign_in(page, served, "ann", path="/?group=pair")
    desk = Desk(page, served, "ann").ready()
    guide, title = (
        page.get_by_role("note", name="how to begin"),
        page.locator(".app .group[aria-label='pair of labels'] h2"),
    )
    found = page.locator(".app .foot").get_by_text("checked")
    expect(guide).to_contain_text("A the proposed label")
    expect(guide).to_contain_text("X the given label")
    expect(found).to_have_count(0)
    sizes = "SELECT count(*) FROM queue_item WHERE action IS NULL GROUP BY given_label, proposed_label"
    counts = served.rows(f"{sizes} HAVING proposed_label IS NOT NULL ORDER BY count(*) DESC")
    largest = int(counts[0][0])  # type: ignore[call-overload]
    groups, kept, accepted = [pair(desk)], 1, 0
    expect(title).to_have_text(f"{groups[0]} · {largest} to review")
    desk.press("x")
    expect(title).to_have_text(f"{groups[0]} · {largest - 1} to review")
    while accepted + kept < 12 or len(groups) < 3:
        before = desk.samples()
        accepted += sum(tile.state == "open" for tile in desk.tiles())
        if len(groups) > 1:
            page.get_by_role("button", name="accept rest").dblclick()
        else:
            page.keyboard.down("Shift")
            desk.press("A", "A", "X")  # the first alone: the others would be about faces that nobody has seen
            page.keyboard.up("Shift")
        desk.until(lambda: desk.samples() not in ([], before), "the next page")  # noqa: B023
        assert {tile.state for tile in desk.tiles()} == {"open"}
        groups.append(pair(desk))
    expect(guide).to_be_hidden()
    expect(found).to_have_text(f"{accepted + kept} checked, {accepted} wrong labels found")
    assert [row.action for row in desk.stored(accepted + kept)].count("accept") == accepted
    desk.press("z")
    desk.until(lambda: desk.samples() == before, "the page before")
    expect(found).to_have_count(0)
    desk.press("Shift+Z")
    desk.until(lambda: "open" not in {tile.state for tile in desk.tiles()}, "its answers")
    desk.next_page()
    while "no proposal" not in groups[-1]:
        before = desk.samples()
        button = page.get_by_role("button", name="next group")
        button.click() if len(groups) % 2 else desk.press("Shift+PageDown")
        desk.until(lambda: desk.samples() not in ([], before), "another group")  # noqa: B023
        assert pair(desk) not in groups
        groups.append(pair(desk))
    assert len({group for group in groups if "no proposal" not in group}) == len(counts)
