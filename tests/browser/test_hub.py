"""Two workspaces at one address: signing in once, answering in both, what fails and comes back, how it ends."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

import pytest
from playwright.sync_api import expect

from review_app.auth.access_tokens import access_token_hash, new_access_token
from review_app.auth.passwords import hash_password
from scn_core.store.people.people import add_person
from scn_core.store.people.tokens import add_token
from scn_core.workspace.folder import Workspace
from tests.browser.conftest import NewPage
from tests.browser.desk import Desk
from tests.browser.forks import Forks
from tests.browser.server import PATIENCE_S, BehindHub, Served, eventually
from tests.browser.test_accessibility import findings
from tests.review_workspace import copy_workspace

PASSWORD = "correct horse battery"


class Hub(NamedTuple):
    served: Served
    faces: BehindHub
    more: BehindHub
    token: str
    """Of ann, for `faces`."""


@pytest.fixture(scope="module")
def hub(in_review: Workspace, forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Ann has an account in both; lea leads `more`."""
    folder, token = tmp_path_factory.mktemp("hub"), new_access_token()
    faces, more = (copy_workspace(in_review, folder / name) for name in ("faces", "more"))
    with faces.database() as db:
        ann = add_person(db, "ann", "lead", hash_password(PASSWORD))
        add_token(db, ann.id, access_token_hash(token), "script")
    with more.database() as db:
        add_person(db, "ann", "annotator", hash_password(PASSWORD))
        add_person(db, "lea", "lead", hash_password(PASSWORD))
    served = Served(Workspace(folder), "--auth", "password", forks=forks)
    found = Hub(served, BehindHub(faces, served), BehindHub(more, served), token)
    yield found
    served.stop()
    assert (found.faces.pid, found.more.pid) == (0, 0)  # each has ended in order
    assert served.said().rstrip().endswith("stopped")


def ask(hub: Hub, path: str, **headers: str) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", hub.served.port, timeout=PATIENCE_S)) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_one_signs_in_once_and_answers_in_both(hub: Hub, new_page: NewPage) -> None:
    page = new_page()
    page.goto(hub.served.url)
    page.get_by_label("Your name").fill("ann")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("listitem")).to_have_count(2)
    expect(page.get_by_role("listitem").nth(1)).to_contain_text("annotator; round 1, in review")
    assert findings(page) == []
    for one in (hub.faces, hub.more):
        page.get_by_role("link", name=one.workspace.path.name, exact=True).click()
        desk = Desk(page, one, "ann").ready()
        desk.press("u")
        desk.stored(1)
        desk.saved()
        page.get_by_role("link", name="All workspaces").click()
        expect(page.get_by_role("heading", name="Workspaces")).to_be_visible()
    expect(page.get_by_role("listitem").first).to_contain_text("1% answered")

    page.get_by_role("link", name="faces", exact=True).click()
    desk = Desk(page, hub.faces, "ann").ready()
    before = hub.faces.pid
    hub.served.kill()  # so that it tells its processes nothing
    desk.press("u")
    hub.served.start()
    desk.stored(2)
    assert hub.faces.pid not in (0, before)  # which serves the folder only once the one before has ended
    desk.saved()

    page.get_by_role("link", name="Sign out").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Your name")).to_be_visible()
    page.goto(f"{hub.more.url}/")
    expect(page.get_by_label("Your name")).to_be_visible()


def test_a_script_has_a_token_for_one_workspace(hub: Hub) -> None:
    access = {"Authorization": f"Bearer {hub.token}"}

    def answer() -> bytes | None:
        status, body = ask(hub, "/faces/api/classes", **access)
        return body if status == 200 else None

    assert b"happy" in (eventually(answer, "the classes of one workspace") or b"")
    status, body = ask(hub, "/more/api/classes", **access)
    assert (status, json.loads(body)["code"]) == (401, "access_token_wrong")
    states = json.loads(ask(hub, "/health")[1])["workspaces"]
    assert (sum(states.values()), states["running"] >= 1) == (2, True)
    eventually(lambda: ask(hub, "/ready")[0] == 200, "all that run to be ready")
