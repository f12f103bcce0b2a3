"""One reviewer in a real Chromium: from the key to the committed row, from PgDn to the painted page, the first page.

A key counts as pressed at the time stamp of the browser's own keydown event, and as durable when another process,
which asks SQLite every half millisecond, sees the committed row. Both clocks are this machine's; how far they lie
apart is measured and written beside the figures.
"""

from __future__ import annotations

import multiprocessing
import sqlite3
import statistics
import time
from contextlib import closing
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.review_memory import memory_of
from scn_core.workspace.folder import Workspace
from tests.browser.chromium import FLAGS, find_chromium
from tests.browser.desk import Desk, sign_in
from tests.browser.server import Served

BURST = 60
PACE_S = 0.2
FIRST_PAGES = 5
"""How often the server is started for a first page, and visited once more by another person."""
_POLL_S = 0.0005

_LISTEN = """
window.pressed = [];
window.addEventListener("keydown", event => window.pressed.push(performance.timeOrigin + event.timeStamp), true);
window.gridNow = () => {
  const find = root => root.querySelector(".app .grid") ??
    [...root.querySelectorAll("*")].filter(node => node.shadowRoot).map(node => find(node.shadowRoot)).find(Boolean);
  return find(document);
};
"""
# The frame in which other tiles are shown and every picture of them is decoded, and then the one after it, which
# has painted them.
_TURN = """
() => { window.turned = new Promise(done => {
  const list = window.gridNow();
  const first = () => list.hidden ? null : list.querySelector(".tile")?.dataset.sample ?? null;
  const before = first();
  window.addEventListener("keydown", event => {
    const look = () => {
      const images = [...list.querySelectorAll(".tile img")];
      const there = first() !== null && first() !== before && images.every(one => one.complete && one.naturalWidth);
      if (!there) { requestAnimationFrame(look); return; }
      Promise.all(images.map(one => one.decode())).then(() =>
        requestAnimationFrame(() => setTimeout(() => done(performance.now() - event.timeStamp))));
    };
    look();
  }, { once: true, capture: true });
}); }
"""
_REACT = """
() => { window.reacted = new Promise(done => {
  const tile = window.gridNow().querySelector(".tile[data-current]");
  window.addEventListener("keydown", event => {
    const look = () => {
      if (tile.dataset.state === "open") requestAnimationFrame(look);
      else setTimeout(() => done(performance.now() - event.timeStamp));
    };
    requestAnimationFrame(look);
  }, { once: true, capture: true });
}); }
"""


@dataclass
class BrowserTimes:
    """What was measured, one entry each time."""

    chromium: str = ""
    key_to_durable_ms: list[float] = field(default_factory=list)
    """Keys 0.2 s apart."""
    burst_ms: list[float] = field(default_factory=list)
    """The same, keys as fast as the browser takes them."""
    burst_keys: int = 0
    key_to_tile_ms: list[float] = field(default_factory=list)
    """From the key to the end of the frame that shows the tile answered."""
    page_turn_ms: list[float] = field(default_factory=list)
    server_start_s: list[float] = field(default_factory=list)
    """From the start of the server's process to its first answer."""
    first_page_cold_s: list[float] = field(default_factory=list)
    """From the start of the server's process, by way of the log-in, to the first page with all its pictures."""
    first_page_warm_s: list[float] = field(default_factory=list)
    """From the log-in of another person to the same; in a new browser profile, like the cold one."""
    first_page_again_s: list[float] = field(default_factory=list)
    """The same for the warm one's person in another tab; the browser has the modules by then."""
    clocks_apart_ms: float = 0.0
    memory: dict[str, float] = field(default_factory=dict)


def measure_browser(workspace: Workspace, *, keys: int, turns: int) -> BrowserTimes:
    times = BrowserTimes()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        times.chromium = browser.version
        for number in range(FIRST_PAGES):
            _first_pages(browser, workspace, f"visitor {number}", times)
        served = Served(workspace)
        try:
            _one_reviewer(browser, served, times, keys, turns)
        finally:
            served.stop()
            browser.close()
    return times


def _first_pages(browser: Browser, workspace: Workspace, name: str, times: BrowserTimes) -> None:
    begun = time.perf_counter()
    served = Served(workspace)
    times.server_start_s.append(time.perf_counter() - begun)
    try:
        for who, kept in ((name, times.first_page_cold_s), (f"{name} warm", times.first_page_warm_s)):
            page = _page(browser)
            begun = begun if kept is times.first_page_cold_s else time.perf_counter()
            sign_in(page, served, who)
            Desk(page, served, who).ready()
            kept.append(time.perf_counter() - begun)
            if kept is times.first_page_warm_s:
                times.first_page_again_s.append(_another_page(page, served, who))
            page.context.close()
    finally:
        served.stop()


def _another_page(page: Page, served: Served, who: str) -> float:
    """The first page in another tab of a browser that has been here before."""
    page.close()
    another = page.context.new_page()
    begun = time.perf_counter()
    another.goto(served.url)
    Desk(another, served, who).ready()
    return time.perf_counter() - begun


def _one_reviewer(browser: Browser, served: Served, times: BrowserTimes, keys: int, turns: int) -> None:
    page = _page(browser)
    sign_in(page, served, "reviewer")
    desk = Desk(page, served, "reviewer").ready()
    times.clocks_apart_ms = _clocks_apart_ms(page)
    _react(desk, times, keys // 3)
    times.key_to_durable_ms = _durable(desk, keys, PACE_S)
    times.burst_ms, times.burst_keys = _durable(desk, BURST, 0), BURST
    for _ in range(turns):
        _fetched_ahead(page)
        page.evaluate(_TURN)
        desk.press("PageDown")
        times.page_turn_ms.append(float(page.evaluate("() => window.turned")))
    assert served.process is not None
    times.memory = memory_of(served.process.pid)
    page.context.close()


def _react(desk: Desk, times: BrowserTimes, keys: int) -> None:
    for _ in range(keys):
        _make_room(desk)
        desk.page.evaluate(_REACT)
        desk.press("u")
        times.key_to_tile_ms.append(float(desk.page.evaluate("() => window.reacted")))


def _durable(desk: Desk, keys: int, pace_s: float) -> list[float]:
    """Presses keys that each answer one face, and asks when each row was there."""
    desk.saved()
    here, there = multiprocessing.Pipe()
    watcher = multiprocessing.get_context("spawn").Process(
        target=_watch, args=(desk.served.workspace.database_file, desk.person, keys, there)
    )
    watcher.start()
    here.recv()  # it is looking
    pressed: list[float] = []
    while len(pressed) < keys:
        _make_room(desk)
        count = min(sum(tile.state == "open" for tile in desk.tiles()), keys - len(pressed))
        desk.page.evaluate("() => { window.pressed.length = 0; }")
        for _ in range(count):
            desk.press("u")
            if pace_s:
                desk.page.wait_for_timeout(pace_s * 1000)
        pressed += desk.page.evaluate("() => window.pressed")
    seen: list[float] = here.recv()
    watcher.join()
    assert len(seen) == len(pressed) == keys, f"{keys} keys, {len(seen)} rows"
    return [row * 1000 - key for key, row in zip(pressed, seen, strict=True)]


def _watch(database: Path, person: str, wanted: int, pipe: Connection) -> None:
    """When each further answer of a person could be read, in their order; one with copies of its face is one."""
    seen: list[float] = []
    with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)) as db:
        number = db.execute("SELECT id FROM person WHERE name = ?", (person,)).fetchone()[0]
        count = "SELECT count(DISTINCT coalesce(bulk, id)) FROM decision WHERE person_id = ? AND seq > ?"
        last = db.execute("SELECT coalesce(max(seq), 0) FROM decision").fetchone()[0]
        pipe.send("looking")
        deadline = time.monotonic() + 600
        while len(seen) < wanted and time.monotonic() < deadline:
            there = db.execute(count, (number, last)).fetchone()[0]
            seen += [time.time()] * (there - len(seen))
            time.sleep(_POLL_S)
    pipe.send(seen)


def _make_room(desk: Desk) -> None:
    """Turns the page where no face of it is open."""
    if not any(tile.state == "open" for tile in desk.tiles()):
        desk.next_page().ready()


def _fetched_ahead(page: Page) -> None:
    """A person looks at a page before turning it; meanwhile the next one is fetched."""
    page.wait_for_timeout(600)


def _page(browser: Browser) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.add_init_script(_LISTEN)
    return page


def _clocks_apart_ms(page: Page) -> float:
    """The browser's clock less this process's; the median of several, each within one round trip."""

    def once() -> float:
        before = time.time()
        there: Any = page.evaluate("() => performance.timeOrigin + performance.now()")
        return float(there) - (before + time.time()) / 2 * 1000

    return statistics.median(once() for _ in range(21))
