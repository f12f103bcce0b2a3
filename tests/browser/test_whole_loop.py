"""The whole loop by a lead and two reviewers, in their browsers alone: train, review, settle, export, train again."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect

from scn_core.workspace.folder import Workspace
from scn_core.workspace.toml import change_table
from tests.browser.conftest import NewPage
from tests.browser.desk import Desk, sign_in
from tests.browser.server import Served
from tests.review_workspace import QUICK_TRAINING, draw_workspace

FACES = 80
TRAINING_S = 240
"""A tiny round on a busy machine."""


def test_a_lead_and_two_reviewers_take_a_workspace_from_no_round_to_a_second_one(
    tmp_path: Path, serve: Callable[..., Served], new_page: NewPage
) -> None:
    workspace = draw_workspace(tmp_path / "ws", faces=FACES)
    change_table(workspace.settings_file, "train", QUICK_TRAINING)
    served = serve(workspace)
    lea, ann, ben = new_page(), new_page(), new_page()
    sign_in(lea, served, "lea", path="/rounds?show=rules-of-review")
    _ask_for_two_readings(lea)
    _train(lea, served, 1, {"Epochs": "2", "Image size": "32", "Batch size": "16", "Audit samples": "4"})

    desks = [_desk(page, served, name) for page, name in ((ann, "ann"), (ben, "ben"))]
    agreed, disputed = _seen_by_both(desks)
    given = {face: desks[0].question(face).given for face in (agreed, disputed)}
    wanted = {face: (label + 2) % 7 for face, label in given.items()}
    for desk, other in zip(desks, (2, 3), strict=True):
        desk.go_to(agreed).press(str(wanted[agreed] + 1))
        desk.go_to(disputed).press(str((given[disputed] + other) % 7 + 1))
        desk.stored(2)

    _settle(lea, served, workspace, wanted[disputed])
    table = _export(lea, served, tmp_path)
    names = workspace.settings().classes
    changed = {row["key"]: row["label"] for row in table if row["changed"] == "1"}
    keys = {row[0]: row[1] for row in served.rows("SELECT id, key FROM sample")}
    assert changed == {keys[face]: names[label] for face, label in wanted.items()}

    _train(lea, served, 2, {"Epochs": "2"})
    lea.goto(f"{served.url}/rounds?show=compare")
    expect(lea.get_by_text("2 labels changed between them")).to_be_visible()
    first, second = (_labels_trained_on(workspace, number) for number in (1, 2))
    assert {face: second[face] for face in second if second[face] != first[face]} == wanted


def _ask_for_two_readings(lea: Page) -> None:
    readings = lea.get_by_role("spinbutton", name="Readings of each face")
    readings.fill("2")
    readings.press("Enter")
    lea.get_by_role("button", name="Save").click()
    expect(lea.get_by_text("Saved in workspace.toml")).to_be_visible()


def _train(lea: Page, served: Served, number: int, options: dict[str, str]) -> None:
    """Started from the form, followed until the round is in review."""
    lea.goto(f"{served.url}/rounds")
    expect(lea.get_by_text(f"Round {number} would train on")).to_be_visible()
    for label, value in options.items():
        control = lea.get_by_role("spinbutton", name=label, exact=True)
        control.fill(value)
        control.press("Enter")
        expect(control).to_have_value(value)
    lea.get_by_role("button", name=f"Start round {number}").click()
    expect(lea.get_by_text(f"Round {number} is in review")).to_be_visible(timeout=TRAINING_S * 1000)
    assert served.rows("SELECT config ->> 'epochs', config ->> 'image_size' FROM round WHERE id = ?", number) == [
        (2, 32)
    ]


def _desk(page: Page, served: Served, name: str) -> Desk:
    sign_in(page, served, name)
    return Desk(page, served, name).ready()


def _seen_by_both(desks: list[Desk]) -> tuple[int, int]:
    """Two faces that both readers have on screen."""
    both = [face for face in desks[0].samples() if face in desks[1].samples()]
    return both[0], both[1]


def _settle(lea: Page, served: Served, workspace: Workspace, label: int) -> None:
    lea.goto(f"{served.url}/adjudicate")
    expect(lea.get_by_text("ann", exact=True)).to_be_visible()
    expect(lea.get_by_text("ben", exact=True)).to_be_visible()
    lea.wait_for_timeout(500)  # what is pressed sooner is not meant for the face
    lea.get_by_role("button", name=workspace.settings().classes[label]).click()
    expect(lea.get_by_role("button", name="Undo the last")).to_be_visible()


def _export(lea: Page, served: Served, folder: Path) -> list[dict[str, str]]:
    """The corrected labels, downloaded."""
    lea.goto(f"{served.url}/labels")
    lea.get_by_role("button", name="Make the file").click()
    with lea.expect_download() as waiting:
        lea.get_by_role("link", name=".csv").first.click()
    waiting.value.save_as(folder / "corrected.csv")
    with (folder / "corrected.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _labels_trained_on(workspace: Workspace, number: int) -> dict[int, int]:
    with np.load(workspace.round_folder(number) / "faces.npz") as faces:
        return dict(zip(faces["sample_id"].tolist(), faces["labels"].tolist(), strict=True))
