"""SIGTERM: open pages are told, then that the server is away, keep what is answered, and come back with it; who is
signed out then is told."""

from __future__ import annotations

import signal

from playwright.sync_api import Locator, Page, expect

from scn_core.store.connection import transaction
from tests.browser.conftest import NewPage
from tests.browser.desk import Desk, sign_in
from tests.browser.server import PATIENCE_S, Served


def notice(page: Page) -> Locator:
    return page.get_by_role("status").filter(has_text="answers are kept here")


# What the notice says now and from now on: by the time somebody looks, the server may be gone.
LISTEN = """() => {
  window.said = [];
  new MutationObserver(() => {
    const text = document.querySelector(".rv-stopping")?.textContent.split(";")[0];
    if (text && window.said.at(-1) !== text) window.said.push(text);
  }).observe(document.body, { childList: true, subtree: true });
}"""


def test_open_pages_are_told_of_a_stop_and_come_back(served: Served, new_page: NewPage) -> None:
    page = new_page()
    sign_in(page, served, "ann")
    other = new_page(context=page.context)
    other.goto(f"{served.url}/rounds")
    expect(other.get_by_text("round 1 is in review", exact=False).first).to_be_visible()
    left = new_page()
    sign_in(left, served, "ben")
    page.bring_to_front()
    desk = Desk(page, served, "ann").ready()
    expect(notice(page)).to_have_count(0)
    for each in (page, other):
        each.evaluate(LISTEN)
    assert served.process is not None
    served.process.send_signal(signal.SIGTERM)
    for each in (page, other):
        expect(notice(each)).to_be_visible()
    desk.press("u")
    desk.until(desk.outbox, "the answer to be kept here")
    kept = desk.outbox()
    served.process.wait(PATIENCE_S)
    assert desk.decisions() == []
    assert desk.outbox() == kept
    for each in (page, other):
        expect(notice(each)).to_contain_text("The server is away")
        assert each.evaluate("() => window.said") == ["The server is stopping", "The server is away"]
    with served.workspace.database() as db, transaction(db):
        db.execute("DELETE FROM session WHERE person_id = (SELECT id FROM person WHERE name = 'ben')")
    served.start()
    for each in (page, other):
        expect(notice(each)).to_have_count(0)
    assert [row.id for row in desk.stored(1)] == kept
    desk.saved()
    expect(notice(left)).to_contain_text("you are signed out there; answers are kept here. Reload this page")
