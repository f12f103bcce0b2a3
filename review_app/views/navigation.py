"""The pages there are, their addresses, and who sees them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import streamlit as st

from scn_core.store.people.people import Role

Visibility = Literal["visible", "hidden"]
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


def rounds(visibility: Visibility = "visible") -> st.Page:
    """What is in training, and what the rounds have come to."""
    return st.Page(_FOLDER / "rounds.py", title="Rounds", url_path="rounds", visibility=visibility)


def quality(visibility: Visibility = "visible") -> st.Page:
    """How wrong the labels are, and how the review goes."""
    return st.Page(_FOLDER / "quality.py", title="Quality", url_path="quality", visibility=visibility)


def adjudicate(visibility: Visibility = "visible") -> st.Page:
    """Faces that reviewers answered differently."""
    return st.Page(_FOLDER / "adjudicate.py", title="Adjudicate", url_path="adjudicate", visibility=visibility)


def pictures(visibility: Visibility = "visible") -> st.Page:
    """Copies, and pictures that are hard to judge."""
    return st.Page(_FOLDER / "pictures.py", title="Pictures", url_path="pictures", visibility=visibility)


def explore(visibility: Visibility = "visible") -> st.Page:
    """All faces of a round on a map."""
    return st.Page(_FOLDER / "explore.py", title="Explore", url_path="explore", visibility=visibility)


def labels(visibility: Visibility = "visible") -> st.Page:
    """Corrected labels out, decisions made elsewhere in."""
    return st.Page(_FOLDER / "labels.py", title="Labels", url_path="labels", visibility=visibility)


def team(visibility: Visibility = "visible") -> st.Page:
    """The people, and who did what."""
    return st.Page(_FOLDER / "team.py", title="Team", url_path="team", visibility=visibility)


def leases(visibility: Visibility = "visible") -> st.Page:
    """Who holds which faces."""
    return st.Page(_FOLDER / "leases.py", title="Leases", url_path="leases", visibility=visibility)


def access_tokens() -> st.Page:
    """One's own tokens for scripts."""
    return st.Page(_FOLDER / "access_tokens.py", title="Access tokens", url_path="access-tokens")


def pages(role: Role) -> list[st.Page]:
    """What there is; the menu shows annotators only theirs. Hiding a page guards nothing: each asks for itself who is
    there, and tells an annotator whose it is.

    theme.py writes "Work" above the first page and "Lead" above Rounds. The groups of Streamlit's own menu are lists
    that hold what no list may hold, and screen readers stumble over them.
    """
    leads = (rounds, quality, adjudicate, explore, pictures, labels, team, leases)
    shown: Visibility = "visible" if role == "lead" else "hidden"
    return [review(), my_work(), samples(), access_tokens(), *(page(shown) for page in leads)]
