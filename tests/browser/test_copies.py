"""Copies come side by side and one answer settles them; a picture that is hard to judge says so, and is filtered by."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from scn_core.store.pictures import derive_issues
from scn_core.workspace.folder import Workspace
from tests.browser.conftest import NewPage
from tests.browser.desk import Desk, sign_in
from tests.browser.server import Served
from tests.review_workspace import add_round, copy_workspace


def test_one_key_settles_the_copies_and_one_undo_takes_it_back(
    drawn: Workspace, tmp_path: Path, serve: Callable[..., Served], new_page: NewPage
) -> None:
    workspace = copy_workspace(drawn, tmp_path / "ws")
    with workspace.database() as db, db.conn:
        first = "SELECT min(id) FROM sample WHERE split = 'train' AND given_label = {}"
        copies = [db.execute(first.format(label)).fetchone()[0] for label in (1, 3, 4)]
        for sample in copies:
            db.execute(
                "UPDATE picture SET pixels = x'0000000000000000', brightness_p99 = 0.1 WHERE sample_id = ?", (sample,)
            )
        derive_issues(db)
    add_round(workspace, audit=0)
    page, served = new_page(), serve(workspace)
    sign_in(page, served, "ann")
    desk = Desk(page, served, "ann").ready()
    assert set(desk.samples()[:3]) == set(copies)
    labels = [desk.tile(sample).label for sample in copies]
    assert all("same picture as 2 other faces, labelled" in label and "very dark" in label for label in labels)
    signs = page.locator(f".app .tile[data-sample='{copies[0]}'] .tags")
    expect(signs).to_have_text("settles 2 copies+1")
    expect(signs.locator(".more")).to_have_attribute("title", "the picture: very dark")

    desk.go_to(copies[0]).press("x")
    stored = desk.stored(3)
    assert {(row.sample, row.action, row.label) for row in stored} >= {(copies[0], "keep", 1)}
    assert {row.sample for row in stored} == set(copies)
    assert {row.label for row in stored} == {1}
    assert "open" not in {desk.tile(sample).state for sample in copies}
    desk.press("z")
    desk.stored(6)
    assert {desk.tile(sample).state for sample in copies} == {"open"}

    page.goto(f"{served.url}/?picture=dark")
    desk.ready()
    assert set(copies) <= set(desk.samples())
    assert all("very dark" in tile.label for tile in desk.tiles())
