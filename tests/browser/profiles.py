"""Browser profiles that tests use one after another.

A new profile loads and compiles all of Streamlit anew, and a page that leaves the site (about:blank) gets another
process at its next one: three seconds of processor time where a used page takes one. A route of Playwright's switches
the browser's cache off, and what it had compiled is compiled anew: clearing a profile uses none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Frame, Page

PARKED = "/parked"
"""A path of every origin whose answer the profile gives itself: the server may be gone by then."""

# Of the same kind as the app's own pages: otherwise Chromium would start another process for them.
_EMPTY_PAGE = {
    "responseCode": 200,
    "responseHeaders": [
        {"name": "Content-Type", "value": "text/html"},
        {"name": "Cross-Origin-Opener-Policy", "value": "same-origin"},
    ],
}


class Profile:
    """A browser profile with a page, and the errors that its pages raised."""

    def __init__(self, browser: Browser, patience_s: float, *, any_certificate: bool = False) -> None:
        self._patience_ms = patience_s * 1000
        self._visited: set[str] = set()
        self.faults: list[str] = []
        self.context: BrowserContext = browser.new_context(
            ignore_https_errors=any_certificate,
            reduced_motion="reduce",  # else Streamlit's grey bars fade in and out while a page loads, 60 times a second
        )
        self.context.on("page", self._watch)
        self.page: Page = self.context.new_page()
        self._devtools = self.context.new_cdp_session(self.page)
        self._devtools.on("Fetch.requestPaused", self._answer)

    def clear(self) -> bool:
        """Leaves all pages but one, lets go of the leases, and forgets cookies and storage.

        False where the page was closed: the profile is of no more use.
        """
        for page in self.context.pages:
            if page is not self.page:
                page.close()
        if self.page.is_closed():
            return False
        self.page.unroute_all()
        self.context.unroute_all()
        self._devtools.send("Fetch.enable", {"patterns": [{"urlPattern": f"*{PARKED}"}]})
        for origin in self._visited:
            self.page.goto(f"{origin}{PARKED}")
            self.page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
        self._devtools.send("Fetch.disable")
        self.context.clear_cookies()
        self._visited.clear()
        return True

    def _watch(self, page: Page) -> None:
        page.set_default_timeout(self._patience_ms)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("console", lambda message: self.faults.extend(_policy_fault(page, message)))
        page.on("framenavigated", self._note)

    def _answer(self, paused: dict[str, Any]) -> None:
        self._devtools.send("Fetch.fulfillRequest", {"requestId": paused["requestId"], **_EMPTY_PAGE})

    def _note(self, frame: Frame) -> None:
        address = urlsplit(frame.url)
        if address.scheme in ("http", "https"):
            self._visited.add(f"{address.scheme}://{address.netloc}")


class Profiles:
    """Lends profiles, and takes them back cleared."""

    def __init__(self, browser: Browser, patience_s: float, *, any_certificate: bool = False) -> None:
        self._browser, self._patience_s, self._any_certificate = browser, patience_s, any_certificate
        self._free: list[Profile] = []

    @contextmanager
    def lend(self) -> Iterator[Profile]:
        """A profile without cookies and storage; AssertionError at the end where one of its pages raised an error."""
        profile = self._free.pop() if self._free else self._new()
        yield profile
        if profile.clear():
            self._free.append(profile)
        else:
            profile.context.close()
        faults, profile.faults = profile.faults, []
        assert not faults, "\n".join(faults)

    def _new(self) -> Profile:
        return Profile(self._browser, self._patience_s, any_certificate=self._any_certificate)


def _policy_fault(page: Page, message: ConsoleMessage) -> list[str]:
    return [f"{page.url}: {message.text}"] if "Content Security Policy" in message.text else []
