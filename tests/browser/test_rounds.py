"""A lead and the trainer, as a person sees them: begun, followed over a crash of the server, cancelled, begun again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from review_app import trainer_process as trainer
from scn_core.store.rounds import states as rounds
from scn_core.workspace.folder import Workspace
from scn_core.workspace.toml import change_table
from tests.browser.conftest import NewPage
from tests.browser.desk import Desk, sign_in
from tests.browser.server import Served, eventually
from tests.review_workspace import QUICK_TRAINING, copy_workspace


@pytest.fixture
def workspace(in_review: Workspace, tmp_path: Path) -> Iterator[Workspace]:
    """Round 1 is in review. Further rounds are quick; no trainer of them outlives the test."""
    workspace = copy_workspace(in_review, tmp_path / "ws")
    change_table(workspace.settings_file, "train", QUICK_TRAINING | {"epochs": 400})
    yield workspace
    with workspace.database() as db:
        newest = rounds.latest_round(db)
        if newest is not None and newest.state == "running":
            rounds.cancel_round(db, newest.id)


def test_a_round_outlives_the_server(workspace: Workspace, serve: Callable[..., Served], new_page: NewPage) -> None:
    served, page = serve(workspace), new_page()
    sign_in(page, served, "lea", path="/rounds")
    page.get_by_role("button", name="Start round 2").click()
    expect(page.get_by_role("heading", name="Round 2 is training")).to_be_visible()
    expect(page.get_by_text("of 400").first).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(3)
    served.kill()
    assert trainer.at_work(workspace)
    served.start()
    page.reload()
    expect(page.get_by_role("heading", name="Round 2 is training")).to_be_visible()
    before = served.rows("SELECT count(*) FROM epoch WHERE round_id = 2")
    eventually(lambda: served.rows("SELECT count(*) FROM epoch WHERE round_id = 2") > before, "another epoch")
    page.get_by_role("button", name="Cancel training").click()
    expect(page.get_by_text("Round 2 was cancelled").first).to_be_visible()
    eventually(lambda: not trainer.at_work(workspace), "the trainer to hear of it")
    expect(page.get_by_role("button", name="Resume it")).to_be_visible()

    page.get_by_label("Epochs", exact=True).fill("2")
    page.keyboard.press("Enter")
    page.get_by_text("goes on until a lead closes it").click()
    page.get_by_role("button", name="Start round 3").click()
    expect(page.get_by_text("Round 3 is in review").first).to_be_visible()
    # The precision is not offered in the form: it is that of workspace.toml.
    assert served.rows("SELECT state, config ->> 'epochs', config ->> 'precision' FROM round ORDER BY id") == [
        ("review", 8, None),
        ("cancelled", 400, "fp32"),
        ("review", 2, "fp32"),
    ]
    page.get_by_role("link", name="Review it").first.click()
    Desk(page, served, "lea").ready()
