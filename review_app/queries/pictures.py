"""What the page Pictures reads. Nothing here is of one person alone, so leads share what is cached."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import streamlit as st
from sqlite_utils import Database

from review_app.database import call_slow
from review_app.queries.workspace_state import SLOW_S
from review_app.settings import current
from scn_core.picture_records import PICTURE_ISSUES, PictureIssue
from scn_core.review.duplicates.find import Duplicates, duplicates
from scn_core.rounds.artifacts import predictions
from scn_core.store.pictures import BadPicture, bad_pictures, common_issues, count_issues
from scn_core.store.queue.browse import queued_faces
from scn_core.store.rounds.states import latest_finished_round

SHOWN = 12
"""Bad pictures of each kind that the page shows."""


@dataclass(frozen=True)
class BadPictures:
    """Faces whose pictures have something wrong with them."""

    counts: dict[PictureIssue, int]
    first: dict[PictureIssue, list[BadPicture]]
    """The first SHOWN of each kind."""
    common: dict[PictureIssue, float]
    """What so many have wrong that no face is marked with it, and their share."""


def copies() -> Duplicates:
    """All copies in the data set, and what leaks do to the accuracy of the newest round."""
    return _copies(current().workspace_id)


def in_queue(round_id: int | None, sample_ids: Collection[int]) -> set[int]:
    """Which of these faces a round asks about; None: there is no round."""
    return set() if round_id is None else call_slow(queued_faces, round_id, tuple(sample_ids))


def bad() -> BadPictures:
    """How many pictures are bad in which way, and some of them."""
    return _bad(current().workspace_id)


@st.cache_data(ttl=SLOW_S, max_entries=4, show_spinner="Comparing pictures")
def _copies(workspace_id: str) -> Duplicates:
    ended = call_slow(latest_finished_round)
    return call_slow(duplicates, None if ended is None else predictions(current().workspace, ended.id))


@st.cache_data(ttl=SLOW_S, max_entries=4, show_spinner="Counting")
def _bad(workspace_id: str) -> BadPictures:
    return call_slow(_some)


def _some(db: Database) -> BadPictures:
    first = {issue: bad_pictures(db, issue, limit=SHOWN) for issue in PICTURE_ISSUES}
    return BadPictures(count_issues(db), first, common_issues(db))
