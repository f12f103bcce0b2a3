"""Pieces of pages that need no page."""

from __future__ import annotations

import pytest
from streamlit.runtime.context import ContextProxy

from review_app.views import parts


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Asia/Kolkata", "2026-01-02 04:35:06"),
        ("Nowhere/Else", "2026-01-01 23:05:06 UTC"),
        (None, "2026-01-01 23:05:06 UTC"),
    ],
)
def test_moments_are_in_the_browsers_time(zone: str | None, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ContextProxy, "timezone", zone)
    assert parts.moment("2026-01-01T23:05:06.789Z", seconds=True) == expected
    assert parts.moment("at noon") == "at noon"
