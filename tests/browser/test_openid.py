"""Signing in and out by OpenID Connect, with a real provider and the secrets.toml of docs/administration.md."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from scn_core.store.people.people import add_person
from scn_core.workspace.folder import Workspace
from tests.browser.conftest import NewPage
from tests.browser.desk import Desk
from tests.browser.forks import Forks
from tests.browser.provider import ACCOUNTS, CLIENT, Provider, provider
from tests.browser.proxy import block, replaced
from tests.browser.server import BehindHub, Served, free_port
from tests.review_workspace import copy_workspace

ANN, EVE = ACCOUNTS
REDIRECT = "https://review.example.org/oauth2callback"
METADATA = "https://id.example.org/realms/team/.well-known/openid-configuration"


def choose(page: Page, account: str) -> None:
    """At the provider, then on to our session."""
    page.get_by_role("link", name=account, exact=True).click()
    page.get_by_role("link", name=f"Continue as {account}").click()


def sign_out(page: Page) -> None:
    page.get_by_role("link", name="Sign out").click()
    page.get_by_role("button", name="Sign out").click()


def write_secrets(workspace: Workspace, there: Provider, callback: str) -> None:
    """Those of the guide, for this provider."""
    metadata = f"{there.url}/.well-known/openid-configuration"
    text = replaced(block("secrets"), (REDIRECT, callback), (METADATA, metadata), ("the client's id", CLIENT))
    (workspace.path / "secrets.toml").write_text(text.replace(f"{CLIENT} at the provider", CLIENT))


def test_signing_out_ends_the_session_at_the_provider_too(
    in_review: Workspace, tmp_path: Path, forks: Forks, new_page: NewPage
) -> None:
    workspace = copy_workspace(in_review, tmp_path / "ws")
    with workspace.database() as db:
        add_person(db, ANN, "lead")
    port = free_port()
    callback = f"http://127.0.0.1:{port}/review/oauth2callback"
    with provider() as there:
        write_secrets(workspace, there, callback)
        served = Served(workspace, "--auth", "oidc", "--base-path", "/review", port=port, forks=forks)
        try:
            page = new_page()
            page.goto(f"{served.url}/")
            page.get_by_role("button", name="Sign in", exact=True).click()
            choose(page, ANN)
            Desk(page, served, ANN).ready()

            sign_out(page)
            expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
            assert there.ended == [(ANN, callback)]
            assert served.rows("SELECT count(*) FROM session") == [(0,)]

            page.get_by_role("button", name="Sign in", exact=True).click()
            expect(page.get_by_role("heading", name="Choose your accounts")).to_be_visible()
            choose(page, EVE)
            expect(page.get_by_role("alert")).to_contain_text("Nobody here is called eve@example.org")
            page.goto(f"{served.url}/")
            page.get_by_role("button", name="Use another account").click()
            expect(page.get_by_role("heading", name="One of your accounts")).to_be_visible()
            choose(page, ANN)
            Desk(page, served, ANN).ready()
            assert there.prompts == ["select_account"] * 3

            there.ends_sessions = False
            sign_out(page)
            expect(page.get_by_text("your OpenID provider offers no way to sign out there")).to_be_visible()
            page.get_by_role("link", name="To the first page").click()
            expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
            expect(page.get_by_role("link", name=f"Continue as {ANN}")).to_have_count(0)
        finally:
            served.kill()


def test_workspaces_of_a_hub_have_accounts_of_their_own_at_one_provider(
    in_review: Workspace, tmp_path: Path, forks: Forks, new_page: NewPage
) -> None:
    """Ann is known in both, eve in `more` alone."""
    port, folder = free_port(), tmp_path / "hub"
    faces, more = (copy_workspace(in_review, folder / name) for name in ("faces", "more"))
    for workspace, names in ((faces, (ANN,)), (more, ACCOUNTS)):
        with workspace.database() as db:
            for name in names:
                add_person(db, name, "lead")
    with provider() as there:
        for workspace in (faces, more):
            write_secrets(workspace, there, f"http://127.0.0.1:{port}/{workspace.path.name}/oauth2callback")
        hub = Served(Workspace(folder), "--auth", "oidc", port=port, forks=forks)
        at_faces, at_more = (BehindHub(workspace, hub) for workspace in (faces, more))
        try:
            page = new_page()
            page.goto(f"{hub.url}/")
            page.get_by_role("link", name="faces", exact=True).click()
            page.get_by_role("button", name="Sign in", exact=True).click()
            choose(page, ANN)
            Desk(page, at_faces, ANN).ready()

            page.get_by_role("link", name="All workspaces").click()
            page.get_by_role("link", name="more", exact=True).click()
            page.get_by_role("button", name="Sign in", exact=True).click()
            choose(page, EVE)
            desk = Desk(page, at_more, EVE).ready()
            desk.press("u")
            desk.stored(1)
            assert (at_faces.rows("SELECT count(*) FROM session"), at_more.rows("SELECT count(*) FROM session")) == (
                [(1,)], [(1,)],
            )  # fmt: skip

            sign_out(page)
            expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
            assert there.ended == [(EVE, f"{at_more.url}/oauth2callback")]
            assert at_more.rows("SELECT count(*) FROM session") == [(0,)]
            page.goto(f"{at_faces.url}/")
            Desk(page, at_faces, ANN).ready()
        finally:
            hub.stop()
