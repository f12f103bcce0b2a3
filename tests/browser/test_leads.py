"""What leads do with people and conflicts, in a real browser."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from review_app.auth.passwords import hash_password
from scn_core.config import ReviewSettings
from scn_core.records import Decision
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import add_person
from scn_core.workspace.folder import Workspace
from tests.browser.conftest import NewPage
from tests.browser.desk import Desk, choose, fill_in_log_in_page, sign_in
from tests.browser.server import Served, eventually
from tests.browser.test_accessibility import findings, turn_dark
from tests.review_workspace import add_round, copy_workspace

PASSWORD = "correct horse battery"
CONFLICTS = 4
THRICE = """() => {
    for (let i = 0; i < 3; i++)
        document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "e", code: "KeyE", bubbles: true}))
}"""


@pytest.fixture
def guarded(drawn: Workspace, tmp_path: Path, serve: Callable[..., Served]) -> Served:
    """Round 1 is read twice; ann and bob differ about some faces; lea, a lead, has a password."""
    workspace = copy_workspace(drawn, tmp_path / "ws")
    add_round(workspace, review=ReviewSettings(readings=2))
    with workspace.database() as db:
        add_person(db, "lea", "lead", hash_password(PASSWORD))
        faces = db.execute(
            "SELECT DISTINCT sample_id, given_label FROM queue_item WHERE kind = 'proposal' AND listed = 1 LIMIT ?",
            (CONFLICTS,),
        ).fetchall()
        for name, action in (("ann", "keep"), ("bob", "unsure")):
            add_person(db, name, "annotator")
            for face, given in faces:
                label = given if action == "keep" else None
                record_decisions(db, [Decision(str(uuid.uuid4()), 1, face, name, action, label)])  # type: ignore[arg-type]
    return serve(workspace, "--auth", "password")


def settled(served: Served) -> list[tuple[object, ...]]:
    return served.rows("SELECT action, label FROM live_decision WHERE adjudicates = 1 ORDER BY seq")


def next_face(page: Page, before: str = "") -> str:
    """Waits until another face, and no other, is there with its buttons."""

    def only_one() -> list[str]:
        faces = page.locator(".rv-face img").evaluate_all("faces => faces.map(face => face.getAttribute('src'))")
        return faces if len(faces) == 1 and faces != [before] else []

    (face,) = eventually(only_one, f"a face after {before!r}", pause=lambda s: page.wait_for_timeout(s * 1000))
    expect(page.get_by_role("button", name="Exclude")).to_be_visible()
    return face


def test_a_lead_settles_conflicts_from_the_keyboard(guarded: Served, new_page: NewPage) -> None:
    page = new_page()
    sign_in(page, guarded, "lea", PASSWORD, path="/adjudicate")
    first = next_face(page)
    page.wait_for_timeout(500)  # its buttons listen to the keyboard
    page.keyboard.press("x")
    second = next_face(page, first)
    page.wait_for_timeout(500)  # what is pressed sooner is not meant for it
    page.keyboard.press("u")
    third = next_face(page, second)
    assert len({first, second, third}) == 3
    assert [action for action, _ in settled(guarded)] == ["keep", "unsure"]
    page.keyboard.press("z")
    assert next_face(page, third) == second
    assert [action for action, _ in settled(guarded)] == ["keep"]
    assert findings(page) == []
    turn_dark(page, True)
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_timeout(300)
    assert findings(page) == []


def test_a_key_pressed_in_haste_settles_no_face_unseen(guarded: Served, new_page: NewPage) -> None:
    page = new_page()
    sign_in(page, guarded, "lea", PASSWORD, path="/adjudicate")
    first = next_face(page)
    page.wait_for_timeout(500)
    page.evaluate(THRICE)
    next_face(page, first)
    page.wait_for_timeout(1000)  # nothing more comes
    expect(page.get_by_text("That was not stored")).to_have_count(0)
    rows = guarded.rows("SELECT '/face/' || sample_id FROM live_decision WHERE adjudicates = 1")
    assert rows == [(first,)]


def test_a_lead_adds_somebody_who_then_signs_in_until_deactivated(guarded: Served, new_page: NewPage) -> None:
    lea, dan = new_page(), new_page()
    sign_in(lea, guarded, "lea", PASSWORD, path="/team")
    lea.get_by_label("Name", exact=True).fill("dan")
    lea.get_by_role("button", name="Add").click()
    made = lea.locator("[data-testid='stCode'] code").inner_text().strip()
    fill_in_log_in_page(dan, guarded, "dan", made)
    Desk(dan, guarded, "dan").ready()
    lea.get_by_role("button", name="Done").click()
    expect(lea.get_by_text(made)).to_have_count(0)
    choose(lea, "Person", "dan")
    lea.get_by_role("button", name="Deactivate dan").click()
    active = "SELECT active FROM person WHERE name = 'dan'"
    eventually(lambda: guarded.rows(active) == [(0,)], "dan to be deactivated")
    dan.goto(f"{guarded.url}/my-work")
    fill_in_log_in_page(dan, guarded, "dan", made)
    expect(dan.get_by_role("alert")).to_contain_text("do not belong together")
