"""The server learns the order of the queue from what is answered at the grid, and the grid says so."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from scn_core.config import ReviewSettings
from scn_core.workspace.folder import Workspace
from tests.browser.conftest import NewPage
from tests.browser.desk import Desk, sign_in
from tests.browser.server import Served
from tests.review_workspace import add_round, copy_workspace

DECIDED = "SELECT count(*) FROM outcome WHERE round_id = 1 AND state = 'decided'"
LEARNED = "SELECT answers FROM learned_order"


def test_the_order_is_learned_while_people_answer(
    drawn: Workspace, tmp_path: Path, serve: Callable[..., Served], new_page: NewPage
) -> None:
    workspace = copy_workspace(drawn, tmp_path / "ws")
    add_round(workspace, review=ReviewSettings(learn_every=20))
    served, page = serve(workspace), new_page()
    sign_in(page, served, "ann")
    desk = Desk(page, served, "ann").ready()
    words = page.locator(".app .foot .learned").last
    expect(words).to_be_hidden()
    desk.press("Shift+X")
    while int(str(served.rows(DECIDED)[0][0])) < 20:
        desk.saved().next_page().press("Shift+X")
        desk.saved()
    desk.until(lambda: served.rows(LEARNED), "an order that was learned")
    page.reload()
    desk.ready()
    expect(words).to_have_text(re.compile(r"^order learned from \d\d decided faces$"))
    assert served.rows(LEARNED)[0][0] in {int(found) for found in re.findall(r"\d+", words.inner_text())}
    page.set_viewport_size({"width": 390, "height": 800})
    expect(words).to_be_hidden()  # the message has its room
    desk.message.evaluate("node => { node.textContent = '' }")
    expect(words).to_be_visible()
    desk.until(lambda: page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), "the page to fit")
    page.goto(f"{served.url}/?order=alpha")
    desk.ready()
    expect(words).to_be_hidden()
    assert "not learned" not in served.said()
