"""The pages run by Streamlit's own test client: real scripts, database and sessions; only the browser is missing."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from review_app import database
from review_app.auth import sessions as auth
from review_app.settings import current
from scn_core.store.people.people import Person, Role, add_person, find_person

APP = Path(database.__file__).with_name("app.py")
PATIENCE_S = 60
"""For a machine that is busy with other things."""

# Every AppTest would read the metadata of all installed packages again, in search of components.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


class Visitor:
    """A person's browser at the app."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, person: Person | None) -> None:
        self.person = person
        self._cookies: dict[str, str] = {}
        self._monkeypatch = monkeypatch
        if person is not None:
            self._cookies[current().cookie] = database.call_write(auth.begin_session, person).cookie
        self.app = AppTest.from_file(APP, default_timeout=PATIENCE_S)

    def open(self, page: str = "review", **params: str) -> AppTest:
        """A page by its address, in a new tab."""
        self.app = AppTest.from_file(APP, default_timeout=PATIENCE_S)
        if page != "review":
            self.run()  # pages are known once the frame has been drawn
            self.app.switch_page(f"views/{page}.py")
        self.app.query_params.update(params)
        return self.run()

    def run(self) -> AppTest:
        """Run it again, as after a change of a control."""
        # Cookies reach the script with the websocket's request, which this client does not make.
        client = SimpleNamespace(cookies=self._cookies, headers=[])
        self._monkeypatch.setattr("streamlit.runtime.context._get_client_context", lambda: client)
        st.cache_data.clear()  # counts may be two seconds old, tests do not wait for that
        return self.app.run()

    def lose_session(self) -> None:
        """As after signing out in another tab."""
        for cookie in self._cookies.values():
            database.call_write(auth.leave, auth.session_hash(cookie))


NewVisitor = Callable[..., Visitor]


def person(name: str, role: Role = "annotator") -> Person:
    """That person, added where they are new."""
    return database.call(find_person, name) or database.call_write(add_person, name, role)


def words(app: AppTest) -> str:
    """All a person reads on the page, controls left out."""
    found: list[str] = []
    for kind in ("title", "subheader", "text", "markdown", "code", "html"):
        for element in app.get(kind):
            text = getattr(element.proto, "body", "") or getattr(element, "value", "")
            found.append(_text_of(text) if kind == "html" else str(text))
    return "\n".join(found)


def markup(app: AppTest) -> str:
    """What the page hands over as HTML or markdown, as it is."""
    return "\n".join(str(element.proto.body) for kind in ("html", "markdown") for element in app.get(kind))


def grid(app: AppTest) -> list[Any]:
    """What the grid was mounted with; empty where there is none."""
    return list(app.get("bidi_component"))


def _text_of(html: str) -> str:
    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[str] = []
            self.style = False

        def handle_starttag(self, tag: str, attrs: object) -> None:
            self.style = tag == "style"

        def handle_data(self, data: str) -> None:
            if not self.style:
                self.seen.append(data)

    reader = Reader()
    reader.feed(html)
    return "\n".join(reader.seen)
