"""The pages there are, their addresses, and who sees them."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from scn_core.store.people import Role

_FOLDER = Path(__file__).parent


def review() -> st.Page:
    """The grid of doubtful faces."""
    return st.Page(_FOLDER / "review.py", title="Review", url_path="review", default=True)


def my_work() -> st.Page:
    """What one person did."""
    return st.Page(_FOLDER / "my_work.py", title="My work", url_path="my-work")


def samples() -> st.Page:
    """One face, found by its key."""
    return st.Page(_FOLDER / "sample.py", title="Samples", url_path="samples")


def leases() -> st.Page:
    """Who holds which faces."""
    return st.Page(_FOLDER / "leases.py", title="Leases", url_path="leases")


def pages(role: Role) -> list[st.Page]:
    """What the menu shows. Hiding a page guards nothing: each asks for itself who is there."""
    return [review(), my_work(), samples(), *([leases()] if role == "lead" else [])]
