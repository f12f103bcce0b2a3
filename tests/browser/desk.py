"""A person at the grid: what they press, what they see, and what of theirs is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from playwright.sync_api import Locator, Page, TimeoutError

from tests.browser.server import Served, StoredDecision, eventually

T = TypeVar("T")

_LIST_MS = 5_000
"""How long an option of a list that was opened may take to be there."""
_READ_TILES = """
tiles => tiles.filter(tile => tile.checkVisibility()).map(tile => {
  const picture = tile.querySelector("img");
  return [Number(tile.dataset.sample), tile.dataset.state, tile.getAttribute("aria-selected") === "true",
    tile.hasAttribute("data-current"), tile.getAttribute("aria-label"),
    picture ? picture.complete && picture.naturalWidth > 0
      : !["", "not drawn yet"].includes(tile.querySelector(".missing")?.textContent ?? "")];
})
"""
_PAGES_COME = "() => performance.getEntriesByType('resource').filter(e => e.name.endsWith('/api/page')).length"
_OUTBOX = """
() => Object.keys(localStorage).filter(key => key.includes("/out/")).sort().map(key => key.split("/").at(-1))
"""


class Tile(NamedTuple):
    """A face on screen."""

    sample: int
    state: str
    selected: bool
    current: bool
    label: str
    """As a screen reader says it."""
    painted: bool


class NotOnScreen(LookupError):
    """A face that was asked for is not among the tiles: perhaps not yet, while a page is being drawn."""


class Question(NamedTuple):
    """What the queue asks about a face."""

    given: int
    proposed: int | None
    kinds: frozenset[str]


class Desk:
    """The grid of `person` in a page of a browser."""

    def __init__(self, page: Page, served: Served, person: str) -> None:
        self.page, self.served, self.person = page, served, person

    @property
    def pill(self) -> Locator:
        """What is saved."""
        return self.page.locator(".app .pill")

    @property
    def message(self) -> Locator:
        """What the grid says about the last key."""
        return self.page.locator(".app .foot .message")

    @property
    def panel(self) -> Locator:
        """What stands in place of the faces."""
        return self.page.locator(".app .panel")

    def panel_says(self) -> str:
        """The words of the panel, or nothing while faces are there or on their way."""
        return (
            self.panel.inner_text() if self.panel.is_visible() and self.panel.locator(".spinner").count() == 0 else ""
        )

    def tiles(self) -> list[Tile]:
        """The faces on screen, in order."""
        found = self.page.locator(".app .grid .tile").evaluate_all(_READ_TILES)
        return [Tile(*tile) for tile in found]

    def samples(self) -> list[int]:
        """Their sample ids."""
        return [tile.sample for tile in self.tiles()]

    def current(self) -> Tile:
        """The face that keys answer; NotOnScreen while there is none."""
        for tile in self.tiles():
            if tile.current:
                return tile
        raise NotOnScreen("no tile is current")

    def tile(self, sample: int) -> Tile:
        """The face of this id; NotOnScreen while it is not there."""
        for tile in self.tiles():
            if tile.sample == sample:
                return tile
        raise NotOnScreen(f"face {sample} is not on screen")

    def until(self, ask: Callable[[], T], what: str) -> T:
        """Waits for a true answer, and lets the browser's events through meanwhile.

        A face that `ask` looks for and that is not on screen is not there yet.
        """

        def answer() -> T | None:
            try:
                return ask()
            except NotOnScreen:
                return None

        found = eventually(answer, what, pause=lambda seconds: self.page.wait_for_timeout(seconds * 1000))
        assert found is not None
        return found

    def ready(self, *, least: int = 1) -> Desk:
        """Waits until faces are there with their pictures, and the grid has the keyboard."""
        self.page.locator(".app .grid .tile").first.wait_for()
        self.until(lambda: self._painted(least), "faces with their pictures")
        if "tile" not in self.page.evaluate(_FOCUSED):
            self.page.locator(".app .grid .tile[data-current]").focus()
        return self

    def press(self, *keys: str) -> None:
        """One after the other, without waiting for anything."""
        for key in keys:
            self.page.keyboard.press(key)

    def go_to(self, sample: int) -> Desk:
        """Click on the face."""
        self.page.locator(f".app .grid .tile[data-sample='{sample}']").click()
        return self

    def saved(self) -> Desk:
        """Waits until the grid says that all is saved."""
        self.until(lambda: self.pill.inner_text() == "all saved", "the words 'all saved'")
        return self

    def pages_come(self) -> int:
        """How many pages of faces have come since the last reload, with those that were fetched ahead."""
        return int(self.page.evaluate(_PAGES_COME))

    def outbox(self) -> list[str]:
        """Ids of the decisions this browser keeps until they are acknowledged, oldest first."""
        found: list[str] = self.page.evaluate(_OUTBOX)
        return found

    def decisions(self) -> list[StoredDecision]:
        """This person's rows, oldest first."""
        return self.served.decisions(self.person)

    def stored(self, count: int) -> list[StoredDecision]:
        """Waits until this many rows of this person are stored."""
        self.until(lambda: len(self.decisions()) >= count, f"{count} rows of {self.person}")
        found = self.decisions()
        assert len(found) == count, found
        return found

    def question(self, sample: int) -> Question:
        """What the queue asks about a face."""
        rows = self.served.rows("SELECT given_label, proposed_label, kind FROM queue_item WHERE sample_id = ?", sample)
        return Question(int(rows[0][0]), rows[0][1], frozenset(str(row[2]) for row in rows))  # type: ignore[arg-type,call-overload]

    def proposed(self) -> list[int]:
        """Faces on screen whose proposal is shown, in order."""
        return [tile.sample for tile in self.tiles() if "proposed" in tile.label]

    def keep_all(self) -> None:
        """Keeps every open face of the page: the audit faces, which no answer to many reaches, one by one."""
        self.press("Shift+X")
        for tile in self.tiles():
            if tile.state == "open":
                self.go_to(tile.sample).press("x")

    def next_page(self) -> Desk:
        """PgDn, until other faces are there."""
        before = self.samples()
        self.press("PageDown")
        self.until(lambda: self.samples() != before and self._painted(1), "another page of faces")
        return self

    def _painted(self, least: int) -> bool:
        tiles = self.tiles()
        return len(tiles) >= least and all(tile.painted for tile in tiles)


_FOCUSED = """
() => { let at = document.activeElement; while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at?.className ?? ""; }
"""


def focused(page: Page) -> str:
    """The class names of what has the keyboard, inside the grid too."""
    return str(page.evaluate(_FOCUSED))


def sign_in(page: Page, served: Served, name: str, password: str | None = None, *, path: str = "/") -> None:
    """Goes to the page at `path` as this person, without drawing the log-in page before it."""
    form: dict[str, str | float | bool] = {"name": name, "next": path}
    if password is not None:
        form["password"] = password
    origin = f"http://127.0.0.1:{served.port}"
    answer = page.request.post(f"{served.url}/login", form=form, headers={"Origin": origin}, max_redirects=0)
    assert answer.status == 303, answer.text()
    page.goto(f"{served.url}{path}")


def choose(page: Page, label: str, option: str) -> None:
    """Chooses from a list of Streamlit's, opening it again where the page was drawn anew and so closed it."""
    box, wanted = page.get_by_role("combobox", name=label).first, page.get_by_role("option", name=option).first

    def chosen() -> bool:
        if box.get_attribute("aria-expanded") != "true":  # tiles are options too, until it hides them
            box.click()
        try:
            wanted.click(timeout=_LIST_MS)
        except TimeoutError:
            return False
        return True

    eventually(chosen, f"{option} to be chosen from {label}", pause=lambda s: page.wait_for_timeout(s * 1000))


def fill_in_log_in_page(page: Page, served: Served, name: str, password: str | None = None, *, path: str = "/") -> None:
    """Through the log-in page, to the page at `path`."""
    page.goto(f"{served.url}/login?next={path}")
    page.get_by_label("Your name").fill(name)
    if password is not None:
        page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
