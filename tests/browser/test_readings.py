"""Hidden repeats and faces of earlier rounds, as a person at the grid meets them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from scn_core.config import ReviewSettings
from scn_core.store.decisions.record import record_each
from scn_core.store.people.people import ensure_person
from scn_core.store.rounds.states import close_round
from scn_core.workspace.folder import Workspace
from tests.browser.conftest import NewPage
from tests.browser.desk import Desk, sign_in
from tests.browser.server import Served
from tests.review_workspace import add_round, copy_workspace, repeat_faces, repeat_thumbnails
from tests.scn_core.store.review_model import decide

FACES = 200


@pytest.fixture
def repeating(drawn: Workspace, tmp_path: Path, serve: Callable[..., Served]) -> Served:
    """A round in which a fifth of what a person answers comes once more."""
    workspace = repeat_faces(drawn, tmp_path / "ws", FACES)
    repeat_thumbnails(drawn, workspace)
    add_round(workspace, proposals=FACES - 20, low=20, audit=0, review=ReviewSettings(repeats=0.2))
    return serve(workspace)


def test_a_repeat_comes_as_a_new_face_and_nothing_gives_it_away(repeating: Served, new_page: NewPage) -> None:
    page = new_page()
    sign_in(page, repeating, "ann")
    desk = Desk(page, repeating, "ann").ready()
    standing = re.compile("the numbers of the queue and of what you checked follow when you turn the page$")
    expect(page.locator(".app .numbers")).to_have_attribute("title", standing)
    answered: list[int] = []
    while not (again := [sample for sample in desk.samples() if sample in answered]):
        answered += desk.samples()
        desk.press("Shift+X")
        desk.stored(len(answered))
        desk.next_page()
    assert len(answered) >= 60
    sample = again[0]
    tile = desk.tile(sample)
    new = desk.tile(next(other for other in desk.samples() if other not in again))
    assert (tile.state, new.state) == ("open", "open")
    assert "ann" not in tile.label
    assert desk.go_to(sample).current().sample == sample
    desk.press("Enter")
    facts = page.locator("dialog.zoom .facts")
    expect(facts).to_contain_text("nobody has answered it yet")
    desk.press("u")
    desk.stored(len(answered) + 1)
    desk.press("Escape")
    desk.go_to(sample).press("Enter")
    expect(facts).to_contain_text("ann: keep")
    desk.press("Escape")
    asked = "SELECT action FROM queue_item WHERE kind = 'repeat' AND sample_id = ?"
    assert repeating.rows(asked, sample) == [("unsure",)]
    desk.press("z")
    desk.until(lambda: desk.tile(sample).state == "open", "the repeat to be open again")
    desk.saved()
    assert repeating.rows(asked, sample) == [(None,)]
    pages = len(answered) // len(desk.samples())
    for _ in range(pages - 1):
        before = desk.samples()
        desk.press("PageUp")
        desk.until(lambda before=before: desk.samples() != before, "an earlier page")  # type: ignore[misc]
        assert sample not in desk.samples()


def test_a_cured_face_says_so_on_its_tile_and_in_the_zoom(
    in_review: Workspace, tmp_path: Path, serve: Callable[..., Served], new_page: NewPage
) -> None:
    workspace = copy_workspace(in_review, tmp_path / "ws")
    names = workspace.settings().classes
    with workspace.database() as db:
        ensure_person(db, "bob")
        asked = "SELECT sample_id, given_label, proposed_label FROM queue_item WHERE kind = 'proposal' LIMIT 1"
        face, given, proposed = db.execute(asked).fetchone()
        new = next(label for label in range(7) if label not in (given, proposed))
        assert record_each(db, [decide(face, "relabel", "bob", label=new)]) == []
        close_round(db, 1)
    add_round(workspace, audit=0)
    served = serve(workspace)
    page = new_page(width=1600, height=1200)
    sign_in(page, served, "ann")
    desk = Desk(page, served, "ann").ready()
    while face not in desk.samples():
        desk.next_page()
    was, now = names[given], names[new]
    tile = page.locator(f".app .tile[data-sample='{face}']")
    expect(tile.locator(".past")).to_have_text(f"was {was}")
    expect(tile.locator(".past")).to_have_attribute("title", f"was {was}, {now} since round 1")
    assert f"given {now} (was {was}, {now} since round 1)" in desk.tile(face).label
    assert page.locator(".app .past").count() == 1
    desk.go_to(face).press("Enter")
    expect(page.locator("dialog.zoom h2")).to_contain_text(f"was {was}")
    desk.press("x")
    (said,) = desk.stored(1)
    assert (said.action, said.label, said.round) == ("keep", new, 2)
