"""How quickly a large map on the page Explore answers to the pointer in a real Chromium; a table to stdout.

    python -m benchmarks.map_browser --faces 100000 200000 --folder /tmp/maps

Each map is made up of drawn faces and seen by a lead, in a Chromium without a graphics card. Measured is the time from
the browser's own event (a move of the pointer that pans or draws, a turn of the wheel, a rest on a face) to the end of
the frame that shows what it did, and for what was drawn around also the time until the page has its link to review.
Server and browser share the machine's cores. `--folder` keeps the workspaces for the next time.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import tempfile
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.review_database import build
from scn_core.store.people.people import ensure_person
from scn_core.workspace.folder import Workspace
from tests.browser.chromium import FLAGS, find_chromium
from tests.browser.desk import sign_in
from tests.browser.server import Served

WAIT_MS = 180_000
LINK_S = 60
MOVES, TURNS, RESTS, AROUND = 40, 12, 20, 24
_WATCH = """
canvas => {
  const times = window.times = { move: [], wheel: [], hover: [] };
  const tip = canvas.getRootNode().querySelector(".tip");
  const shown = (begun, kept, when = () => true) =>
    requestAnimationFrame(() => setTimeout(() => when() && kept.push(performance.now() - begun)));
  canvas.addEventListener("mousemove", event => {
    if (event.buttons) shown(event.timeStamp, times.move);
    else shown(event.timeStamp, times.hover, () => !tip.hidden);
  });
  canvas.addEventListener("wheel", event => shown(event.timeStamp, times.wheel), { passive: true });
}
"""


@dataclass
class MapTimes:
    """What was measured of a map, one entry each time; milliseconds unless the name says otherwise."""

    points: int = 0
    """In the picture: above 100,000 faces one stands for many."""
    open_s: float = 0.0
    """From the address to the map."""
    pan: list[float] = field(default_factory=list)
    zoom: list[float] = field(default_factory=list)
    hover: list[float] = field(default_factory=list)
    draw: list[float] = field(default_factory=list)
    """Of the line, while drawing around faces."""
    link_s: list[float] = field(default_factory=list)
    """From letting go to the link that opens the faces within for review; none where it took longer than LINK_S."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, nargs="+", default=[30_000, 100_000, 200_000])
    parser.add_argument("--folder", type=Path, default=None, help="where the workspaces are, or go (default: nowhere)")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        cores, load = os.cpu_count(), os.getloadavg()[0]
        print(
            f"{_processor()}, {cores} cores, load before {load:.1f}; Chromium {browser.version}, "
            f"Python {platform.python_version()}, Streamlit {version('streamlit')}\n"
        )
        print("| faces | points | opens | pan | zoom | hover | drawing a line | link shown |")
        print("|---|---|---|---|---|---|---|---|")
        for faces in said.faces:
            workspace, _ = build(said.folder or Path(temporary), faces)
            served = Served(workspace)
            try:
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                page.set_default_timeout(WAIT_MS)
                times = measure(page, served, workspace)
                page.close()
            finally:
                served.stop()
            print(_row(faces, times), flush=True)
        browser.close()


def measure(page: Page, served: Served, workspace: Workspace) -> MapTimes:
    """Pan, zoom, rest on faces and draw around some, on the map of the newest round."""
    with workspace.database() as db:
        ensure_person(db, "lea", "lead")
    times, begun = MapTimes(), time.perf_counter()
    sign_in(page, served, "lea", path="/explore")
    chart = page.get_by_role("img", name=re.compile("^Map of "))
    expect(chart).to_be_visible(timeout=WAIT_MS)
    times.open_s = time.perf_counter() - begun
    page.get_by_role("button", name="Move", exact=True).click()
    page.wait_for_timeout(3_000)
    times.points = chart.evaluate("canvas => Number(canvas.dataset.points)")
    chart.evaluate(_WATCH)
    box = chart.bounding_box()
    assert box is not None
    left, top, wide, high = box["x"], box["y"], box["width"], box["height"]
    draw = np.random.default_rng(0)
    for _ in range(RESTS):
        page.mouse.move(left + wide * draw.uniform(0.2, 0.8), top + high * draw.uniform(0.2, 0.8), steps=2)
        page.wait_for_timeout(300)
    page.mouse.move(left + wide / 2, top + high / 2)
    for turn in range(TURNS):
        page.mouse.wheel(0, -120 if turn < TURNS / 2 else 120)
        page.wait_for_timeout(150)
    page.wait_for_timeout(1_500)
    page.mouse.down()
    for step in range(MOVES):
        page.mouse.move(left + wide * (0.5 + 0.2 * np.sin(step / 6)), top + high * (0.5 + 0.2 * np.cos(step / 6)))
    page.mouse.up()
    page.wait_for_timeout(1_500)
    found = page.evaluate("() => window.times")
    times.hover, times.zoom, times.pan = found["hover"], found["wheel"], found["move"]
    page.get_by_role("button", name="Draw around").click()
    chart.evaluate(_WATCH)
    for radius in (0.1, 0.2, 0.3):
        _draw_around(page, times, left + wide / 2, top + high / 2, radius * high)
    times.draw = page.evaluate("() => window.times.move")
    return times


def _draw_around(page: Page, times: MapTimes, x: float, y: float, radius: float) -> None:
    link = page.get_by_role("link", name=re.compile(r"Review [0-9,]+ faces?: "))
    before = link.first.get_attribute("href") if link.count() else None
    page.mouse.move(x + radius, y)
    page.mouse.down()
    for angle in np.linspace(0, 2 * np.pi, AROUND):
        page.mouse.move(x + radius * float(np.cos(angle)), y + radius * float(np.sin(angle)))
    page.mouse.up()
    begun = time.perf_counter()
    while not link.count() or link.first.get_attribute("href") == before:
        if time.perf_counter() - begun > LINK_S:
            return
        page.wait_for_timeout(20)
    times.link_s.append(time.perf_counter() - begun)
    page.wait_for_timeout(1_000)


def _row(faces: int, times: MapTimes) -> str:
    cells = [_ms(each) for each in (times.pan, times.zoom, times.hover, times.draw)]
    link = f"{np.median(times.link_s):.1f} s" if times.link_s else "–"
    return f"| {faces:,} | {times.points:,} | {times.open_s:.1f} s | {' | '.join(cells)} | {link} |"


def _ms(found: list[float]) -> str:
    return f"{np.median(found):.0f} ({np.percentile(found, 95):.0f}) ms" if found else "–"


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


if __name__ == "__main__":
    main()
