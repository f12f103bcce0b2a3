"""Where the workspace and the queue of a round stand, as every page needs it."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from sqlite_utils import Database

from review_app.database import call, call_slow
from review_app.settings import current
from scn_core.class_names import ClassVocabulary
from scn_core.records import EpochReport, QueueFilter, RoundInfo
from scn_core.store.decisions.undo import MyDecision, my_decisions
from scn_core.store.opinions import source_names
from scn_core.store.queue.counts import QueueCounts, queue_counts
from scn_core.store.queue.leases import LeaseInfo, leases
from scn_core.store.queue.pace import Pace, faces_answered, faces_answered_outside, pace
from scn_core.store.queue.undecided import UndecidedFaces, undecided_faces
from scn_core.store.rounds import states as store_rounds
from scn_core.store.rounds.better_round import to_review
from scn_core.store.samples import classes

FRESH_S = 2
"""How old a count on a page may be."""
SLOW_S = 10
"""The same for numbers that a person looks at once in a while."""


@dataclass(frozen=True)
class WorkspaceState:
    """Where the workspace stands, as every page needs it."""

    classes: ClassVocabulary
    rounds: tuple[RoundInfo, ...]
    """Newest first."""
    stale: bool
    """The newest round says it runs, but its trainer is no more."""
    epochs: tuple[EpochReport, ...]
    """Of the round that runs or ran last."""
    opinions: tuple[str, ...]
    """Names of the other models whose opinions the workspace has."""

    @property
    def newest(self) -> RoundInfo | None:
        """The newest round in whatever state."""
        return self.rounds[0] if self.rounds else None

    def find(self, number: int | None) -> RoundInfo | None:
        """The round of that number; None: the one in review that people should answer, or else the newest of all."""
        if number is not None:
            return next((info for info in self.rounds if info.id == number), None)
        return next(iter(to_review(self.rounds)), self.newest)

    @property
    def scored(self) -> list[RoundInfo]:
        """Rounds whose faces can be looked at, newest first."""
        return [info for info in self.rounds if info.state in ("review", "closed")]


def workspace_state() -> WorkspaceState:
    """Where the workspace stands, at most FRESH_S old."""
    return _workspace_state(current().workspace_id)


def counts(round_id: int, viewer_id: int, where: QueueFilter) -> QueueCounts:
    """Counts beside the filter's controls, at most FRESH_S old."""
    return _counts(current().workspace_id, round_id, viewer_id, where)


def pace_of(round_id: int, person_id: int) -> Pace:
    """Counts and speed of one person in one round, as it is now."""
    return call(pace, round_id, person_id)


def answered_by(round_id: int, person_id: int) -> int:
    """Faces of a round of which an answer of this person stands, as it is now."""
    return call(faces_answered, round_id, person_id)


def answered_outside(round_id: int, person_id: int) -> int:
    """Of these the faces that the round's queue does not hold, as it is now."""
    return call(faces_answered_outside, round_id, person_id)


def work_of(person_id: int, round_id: int, *, before: int | None, limit: int) -> tuple[list[MyDecision], int | None]:
    """Answers and marks of a person in a round, newest first, as it is now, and `before` of the next page."""
    return call(my_decisions, person_id, round_id=round_id, before=before, limit=limit)


def lease_list(round_id: int) -> list[LeaseInfo]:
    """Who holds how many faces, as it is now."""
    return call(leases, round_id)


def undecided(round_id: int) -> UndecidedFaces:
    """What closing the round would leave undecided, at most SLOW_S old."""
    return _undecided(current().workspace_id, round_id)


def forget() -> None:
    """Drop what is cached, after a write that the next page must show."""
    _workspace_state.clear()
    _counts.clear()


@st.cache_data(ttl=FRESH_S, max_entries=8, show_spinner=False)
def _workspace_state(workspace_id: str) -> WorkspaceState:
    return call(_read_state)


@st.cache_data(ttl=FRESH_S, max_entries=200, show_spinner=False)
def _counts(workspace_id: str, round_id: int, viewer_id: int, where: QueueFilter) -> QueueCounts:
    return call(queue_counts, round_id, viewer_id, where)


@st.cache_data(ttl=SLOW_S, max_entries=20, show_spinner=False)
def _undecided(workspace_id: str, round_id: int) -> UndecidedFaces:
    return call_slow(undecided_faces, round_id)


def _read_state(db: Database) -> WorkspaceState:
    newest = store_rounds.latest_round(db)
    return WorkspaceState(
        classes=classes(db),
        rounds=tuple(store_rounds.rounds(db)),
        stale=store_rounds.stale_round(db) is not None,
        epochs=tuple(store_rounds.epochs(db, newest.id)) if newest else (),
        opinions=tuple(source_names(db)),
    )
