"""Corrected labels leave by the page Labels, are edited elsewhere, and come back by it."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

from playwright.sync_api import Page

from scn_core.store.people.people import ensure_person
from tests.browser.conftest import NewPage
from tests.browser.desk import sign_in
from tests.browser.server import Served


def download(page: Page, link: str) -> Path:
    with page.expect_download() as started:
        page.get_by_role("link", name=link).first.click()
    return Path(started.value.path())


def edit(exported: Path, edited: Path, *, faces: int, label: str) -> list[str]:
    """The first training faces get another label, as in a spreadsheet; their keys."""
    with exported.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    chosen = [row for row in rows if row["split"] == "train" and row["label"] != label][:faces]
    for row in chosen:
        row["label"] = label
    with edited.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return [row["key"] for row in chosen]


def test_labels_go_out_and_come_back(served: Served, new_page: NewPage, tmp_path: Path) -> None:
    with served.workspace.database() as db:
        ensure_person(db, "lea", "lead")
    page = new_page()
    sign_in(page, served, "lea", path="/labels")
    page.get_by_role("button", name="Make the file").click()
    exported = download(page, "csv-r1-d0.csv")
    manifest = json.loads((served.workspace.exports / "csv-r1-d0.csv.manifest.json").read_text())
    assert manifest["sha256"] == hashlib.sha256(exported.read_bytes()).hexdigest()
    keys = edit(exported, tmp_path / "edited.csv", faces=4, label="fear")
    page.set_input_files("input[type=file]", tmp_path / "edited.csv")
    page.get_by_role("button", name="Take 4 decisions into round 1").click()
    page.get_by_text("4 new decisions taken.").wait_for()
    with served.workspace.database(read_only=True) as db:
        sql = "SELECT key FROM effective_label WHERE label_name = 'fear' AND person = 'lea' ORDER BY sample_id"
        assert [key for (key,) in db.execute(sql)] == keys
    page.get_by_text("r1-d0, older").wait_for()
