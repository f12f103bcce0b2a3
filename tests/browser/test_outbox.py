"""Answers that the network, the server or the browser loses on the way: each is stored exactly once in the end."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from scn_core.store.rounds.states import close_round
from scn_core.workspace.folder import Workspace
from tests.browser.conftest import NewPage
from tests.browser.desk import Desk, sign_in
from tests.browser.server import PATIENCE_S, Served
from tests.review_workspace import copy_workspace

DECISIONS = "**/api/decisions"
LOST_REPLIES = """() => {
  const send = window.fetch;
  let fail;
  const gone = new Promise((_, reject) => { fail = reject; });
  window.lose = () => { window.fetch = send; fail(new TypeError("no reply")); };
  gone.catch(() => {});
  window.fetch = async (address, ...rest) => {
    const reply = await send(address, ...rest);
    return String(address).includes("/api/decisions") ? gone : reply;
  };
}"""
"""The server gets the answers, and its replies are on their way until `lose()`."""

WATCH_DIALOG = """() => new MutationObserver(changes => {
  const added = changes.flatMap(change => [...change.addedNodes]);
  if (added.some(node => node.textContent.includes("Connection error"))) window.dialogCame = true;
}).observe(document.body, { childList: true, subtree: true })"""

FILL_STORAGE = """() => {
  for (let size = 2 ** 23; size >= 1; size /= 2) {
    try { localStorage.setItem(`filler ${size}`, "x".repeat(size)); } catch { /* half as much, then */ }
  }
}"""
"""Until not one more character fits."""


def cut(page: Page) -> None:
    page.route(DECISIONS, lambda route: route.abort())


def online(page: Page) -> None:
    """The network is back, and the browser says so."""
    page.unroute(DECISIONS)
    page.evaluate("window.dispatchEvent(new Event('online'))")


def answer(desk: Desk, count: int) -> list[int]:
    """Answers this many faces as fast as the browser takes keys, over pages; their ids."""
    answered: list[int] = []
    while len(answered) < count:
        faces = [tile.sample for tile in desk.tiles() if tile.state == "open"][: count - len(answered)]
        desk.press(*("u" for _ in faces))
        desk.until(lambda: all(desk.tile(s).state == "unsure" for s in faces), "the tiles to react")  # noqa: B023
        answered += faces
        if len(answered) < count:
            desk.next_page()
            desk.ready()
    return answered


def test_offline_with_a_reload_in_the_middle(desk: Desk) -> None:
    page = desk.page
    cut(page)
    faces = answer(desk, 30)
    expect(desk.pill).to_have_text("offline: 30 kept here")
    kept = desk.outbox()
    assert len(set(kept)) == 30
    # What is sent while a page unloads passes by page.route, and even by an emulated loss of the network.
    page.evaluate("() => { window.fetch = () => Promise.reject(new TypeError('no network')) }")
    page.reload()
    desk.ready()
    expect(desk.pill).to_have_text("offline: 30 kept here")
    assert desk.outbox() == kept
    assert not {tile.sample for tile in desk.tiles() if tile.state == "open"} & set(faces), "asked about again"
    assert desk.decisions() == []
    online(page)
    rows = desk.stored(30)
    assert [row.id for row in rows] == kept
    assert [row.sample for row in rows] == faces
    desk.saved()
    assert desk.outbox() == []


def test_back_online_without_a_word_from_the_browser(desk: Desk) -> None:
    cut(desk.page)
    desk.press("u")
    expect(desk.pill).to_have_text("offline: 1 kept here")
    desk.page.unroute(DECISIONS)
    desk.stored(1)
    desk.saved()


def test_answers_that_are_swallowed_are_sent_again_and_stored_once(desk: Desk) -> None:
    """The server commits, and the browser never hears of it."""

    def swallow(route: Route) -> None:
        route.fetch()
        route.abort()

    desk.page.route(DECISIONS, swallow)
    faces = answer(desk, 5)
    rows = desk.stored(5)
    assert len(desk.outbox()) == 5
    assert desk.pill.inner_text() != "all saved"
    online(desk.page)
    desk.saved()
    assert desk.stored(5) == rows
    assert [row.sample for row in rows] == faces


@pytest.mark.parametrize("replies_lost", [False, True])
def test_the_server_is_killed_and_comes_back(served: Served, new_page: NewPage, replies_lost: bool) -> None:
    """Between answers, or while no reply to any of them has come yet."""
    page = new_page()
    sign_in(page, served, "ann")
    desk = Desk(page, served, "ann").ready()
    if replies_lost:
        page.evaluate(LOST_REPLIES)
    faces = answer(desk, 8)
    page.evaluate(WATCH_DIALOG)
    served.kill()
    if replies_lost:
        page.evaluate("lose()")
    else:
        desk.until(lambda: page.evaluate("() => window.dialogCame"), "Streamlit to say that the server is away")
        expect(page.get_by_test_id("stDialog")).to_have_count(0)
    desk.press(*"uuuu")
    expect(desk.pill).to_have_text(re.compile("^offline: "))
    kept = desk.outbox()
    assert len(kept) == 12 if replies_lost else 4 <= len(kept) <= 12  # the last may be on their way without that
    expect(desk.pill).to_have_text(f"offline: {len(kept)} kept here")
    served.start()
    rows = desk.stored(12)
    assert len({row.id for row in rows}) == len({row.sample for row in rows}) == 12
    assert [row.sample for row in rows][:8] == faces
    assert [row.id for row in rows][-len(kept) :] == kept
    desk.saved()
    page.reload()
    desk.ready().press("u")
    assert len(desk.stored(13)) == 13


def test_a_tab_that_is_closed_at_once_loses_nothing(desk: Desk, new_page: NewPage) -> None:
    page = new_page()
    sign_in(page, desk.served, f"{desk.person} in haste")
    hasty = Desk(page, desk.served, f"{desk.person} in haste").ready()
    faces = hasty.samples()[:6]
    hasty.press(*("u" for _ in faces))
    page.close()
    again = new_page(context=page.context)
    again.goto(hasty.served.url)
    Desk(again, hasty.served, hasty.person).ready().saved()
    assert [row.sample for row in hasty.stored(6)] == faces


def test_a_lost_session_keeps_the_answers_for_the_same_person(desk: Desk) -> None:
    page = desk.page
    page.context.clear_cookies()
    desk.press("u", "u")
    expect(desk.pill).to_have_text("signed out: 2 kept here")
    link = page.locator(".app .foot").get_by_role("link", name="sign in")
    link.click()
    page.get_by_label("Your name").fill(f"{desk.person} else")
    page.get_by_role("button", name="Sign in").click()
    other = Desk(page, desk.served, f"{desk.person} else").ready()
    other.press("e")
    assert [row.action for row in other.stored(1)] == ["exclude"]
    other.saved()
    assert desk.decisions() == [], "nobody's answers are sent under another name"
    page.context.clear_cookies()
    sign_in(page, desk.served, desk.person)
    desk.ready()
    assert [row.action for row in desk.stored(2)] == ["unsure", "unsure"]
    desk.saved()


def test_another_secret_orphans_no_answer(served: Served, new_page: NewPage) -> None:
    """An error message advises to delete secret.key: everybody signs in again, and what waited is sent."""
    page = new_page()
    sign_in(page, served, "ann")
    desk = Desk(page, served, "ann").ready()
    cut(page)
    faces = answer(desk, 5)
    kept = desk.outbox()
    served.kill()
    (served.workspace.path / "secret.key").unlink()
    served.start()
    page.unroute(DECISIONS)
    sign_in(page, served, "ann")
    desk.ready()
    rows = desk.stored(5)
    assert [row.id for row in rows] == kept
    assert [row.sample for row in rows] == faces
    desk.saved()
    assert desk.outbox() == []


def test_a_server_that_refuses_the_address_for_a_while_loses_nothing(
    in_review: Workspace, tmp_path: Path, serve: Callable[..., Served], new_page: NewPage
) -> None:
    """It was restarted under another name, and answers the old one with 400."""
    old, other = ("--allow-host", "old.localhost"), ("--allow-host", "new.localhost")
    served = serve(copy_workspace(in_review, tmp_path / "ws"), *old)
    page = new_page()
    page.goto(f"http://old.localhost:{served.port}/")
    page.get_by_label("Your name").fill("ann")
    page.get_by_role("button", name="Sign in").click()
    desk = Desk(page, served, "ann").ready()
    assert served.process is not None
    served.process.send_signal(signal.SIGTERM)
    served.process.wait(PATIENCE_S)
    faces = answer(desk, 2)
    served.options = other
    served.start()
    notice = page.get_by_role("status").filter(has_text="refuses this address")
    expect(notice).to_contain_text("'old.localhost")
    expect(notice).to_contain_text("--allow-host NAME")
    trouble = page.locator(".app .trouble")
    trouble.locator("summary").click()
    expect(trouble).to_contain_text("--allow-host NAME")
    trouble.get_by_role("button", name="send again").click()
    expect(desk.pill).to_have_text("server trouble: 2 kept here")
    assert desk.decisions() == []
    served.kill()
    served.options = (*old, *other)
    served.start()
    assert [row.sample for row in desk.stored(2)] == faces
    desk.saved()


def test_two_tabs_of_one_person_send_each_answer_once(desk: Desk, new_page: NewPage) -> None:
    cut(desk.page)
    faces = answer(desk, 3)
    tab = desk.page.context.new_page()
    tab.goto(desk.served.url)
    rows = desk.stored(3)
    assert [row.sample for row in rows] == faces
    Desk(tab, desk.served, desk.person).ready().saved()
    online(desk.page)
    desk.saved()
    tab.close()
    assert desk.stored(3) == rows


def test_what_the_server_refuses_is_known_in_every_tab(served: Served, new_page: NewPage) -> None:
    """The second tab knows the answer as one on its way, and hears of the refusal only from the first."""
    page = new_page()
    sign_in(page, served, "ann")
    desk = Desk(page, served, "ann").ready()
    cut(page)
    (face,) = answer(desk, 1)
    tab = new_page(context=page.context)
    cut(tab)
    tab.goto(served.url)
    other = Desk(tab, served, "ann").ready()
    expect(other.pill).to_have_text("offline: 1 kept here")
    with served.workspace.database() as db:
        close_round(db, 1)
    online(page)
    for each in (desk, other):
        refused = each.page.locator(".app .refused")
        expect(refused.locator("summary")).to_have_text("1 refused")
        expect(each.pill).to_have_text("all but 1 saved")
    for each in (desk, other):
        shown = [tile.state for tile in each.tiles() if tile.sample == face]
        assert "unsure" not in shown
    tab.locator(".app .refused summary").click()
    tab.get_by_role("button", name="dismiss").click()
    for each in (other, desk):
        expect(each.page.locator(".app .refused")).to_be_hidden()
    assert desk.outbox() == []
    assert desk.decisions() == []


def test_a_refusal_that_found_no_room_in_the_storage_is_no_answer_in_the_other_tab(
    served: Served, new_page: NewPage
) -> None:
    page = new_page()
    sign_in(page, served, "ann")
    desk = Desk(page, served, "ann").ready()
    face = desk.current().sample
    tab = new_page(context=page.context)
    tab.goto(f"{served.url}/?state=all")
    other = Desk(tab, served, "ann").ready()
    cut(page)
    cut(tab)
    answer(desk, 1)
    other.until(lambda: other.tile(face).state == "unsure", "the answer on its way to show in the other tab")
    with served.workspace.database() as db:
        close_round(db, 1)
    page.evaluate(FILL_STORAGE)
    online(page)
    expect(desk.page.locator(".app .refused summary")).to_have_text("1 refused")
    expect(other.panel).to_contain_text("Round 1 has ended")
    other.press("PageUp")
    other.until(lambda: other.tile(face).state != "unsure", "the other tab to show what the server has")
