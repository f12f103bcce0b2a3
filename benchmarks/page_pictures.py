"""Takes the pictures of the pages in docs/images: review.png, zoom.png, rounds.png, quality.png.

    python -m benchmarks.page_pictures WS

WS is a workspace of drawn faces with one round in review that nobody has answered, such as data/demo after `make demo`.
It is copied: in the copy a few faces are answered on the grid, then a made-up reader answers a fifth of them, and the
next round is begun and stopped again.
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from scn_core.review.simulate import Plan, review
from scn_core.workspace.folder import Workspace
from tests.browser.chromium import FLAGS, find_chromium
from tests.browser.desk import Desk, sign_in
from tests.browser.server import Served

IMAGES = Path("docs/images")
WIDTH, HEIGHT = 1280, 860
ANSWERED = ("a", "x", "a", "u", "e")
IMAGE_SIZE = 32
"""Of the training that is shown: small, so that it takes a minute."""
EPOCHS = 6
"""Seen before the picture of the training round is taken."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        copy = Workspace(shutil.copytree(said.workspace, Path(folder) / "demo"))
        served = Served(copy)
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
                page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
                page.set_default_timeout(600_000)
                take_grid(page, served)
                with copy.database() as db:
                    review(db, Plan(seed=1))
                take_leads(page, served)
                browser.close()
        finally:
            served.stop()


def take_grid(page: Page, served: Served) -> None:
    sign_in(page, served, "ada")
    desk = Desk(page, served, "ada").ready()
    for key in ANSWERED:
        desk.press(key)
    desk.saved()
    page.wait_for_timeout(1000)
    keep(page, "review.png")
    desk.press("Enter")
    page.get_by_role("heading", name="Over the epochs").wait_for()
    page.wait_for_timeout(2000)
    keep(page, "zoom.png")


def keep(page: Page, name: str) -> None:
    """The window as a file of 256 colours, which is a third as large."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(256, dither=Image.Dither.NONE).save(IMAGES / name, optimize=True)


def take_leads(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/quality")
    page.get_by_text("How wrong the labels are").wait_for()
    page.wait_for_timeout(4000)
    keep(page, "quality.png")
    page.goto(f"{served.url}/rounds")
    page.get_by_label("Image size", exact=True).fill(str(IMAGE_SIZE))
    page.keyboard.press("Enter")
    page.wait_for_timeout(2000)
    page.get_by_role("button", name="Start round 2").click()
    page.get_by_text(f"epoch {EPOCHS} of").first.wait_for()
    page.wait_for_timeout(1000)
    keep(page, "rounds.png")
    page.get_by_role("button", name="Cancel training").click()
    page.get_by_role("button", name="Resume it").wait_for()


if __name__ == "__main__":
    main()
