"""What the pages read, and the only cache: a few seconds, for what several controls and people ask again and again.

The cache is keyed by the workspace too, and is of the process: it holds nothing that only one person may see, unless
their number is part of the key.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from sqlite_utils import Database

from review_app.database import call, call_slow
from review_app.settings import current
from scn_core.labels import ClassVocabulary
from scn_core.records import EpochReport, QueueFilter, QueueItem, RoundInfo
from scn_core.rounds.artifacts import FaceDynamics, Neighbours, face_dynamics, face_neighbours
from scn_core.store.decisions.record import RecordedDecision
from scn_core.store.decisions.undo import MyDecision, Pace, my_decisions, pace
from scn_core.store.decisions.visibility import is_unread, seen_history
from scn_core.store.people.people import Person
from scn_core.store.queue.browse import items_of
from scn_core.store.queue.counts import QueueCounts, queue_counts
from scn_core.store.queue.counts import unreviewed as count_unreviewed
from scn_core.store.queue.leases import LeaseInfo, leases
from scn_core.store.reports.one_face import FaceLabel, FaceScore, face_label, face_scores
from scn_core.store.rounds import states as store_rounds
from scn_core.store.rounds.better_round import to_review
from scn_core.store.samples import StoredSample, classes, find_sample, get_sample, search_samples
from scn_core.workspace.thumbnails import thumbnails_of

FRESH_S = 2
"""How old a count on a page may be."""
SEARCH_LIMIT = 50
SLOW_S = 10
"""The same for numbers that a person looks at once in a while."""


@dataclass(frozen=True)
class Standing:
    """Where the workspace stands, as every page needs it."""

    classes: ClassVocabulary
    rounds: tuple[RoundInfo, ...]
    """Newest first."""
    stale: bool
    """The newest round says it runs, but its trainer is no more."""
    epochs: tuple[EpochReport, ...]
    """Of the round that runs or ran last."""

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


@dataclass(frozen=True)
class Face:
    """All that is known about one face."""

    stored: StoredSample
    label: FaceLabel
    scores: list[FaceScore]
    """Newest round first."""
    history: list[RecordedDecision]
    """What the viewer may see of it, oldest first."""
    item: QueueItem | None
    """Its place in the queue of the round in review."""
    unread: bool
    """What others say of it in that round is not shown yet: not all readings are in."""

    @property
    def blind(self) -> bool:
        """Drawn at random and not answered: what the network says would sway the person."""
        return self.item is not None and self.item.blind


@dataclass(frozen=True)
class FaceFiles:
    """What a round's files say about one face."""

    dynamics: FaceDynamics | None
    neighbours: Neighbours | None


def standing() -> Standing:
    """Where the workspace stands, at most FRESH_S old."""
    return _standing(current().workspace_id)


def counts(round_id: int, viewer_id: int, where: QueueFilter) -> QueueCounts:
    """Counts beside the filter's controls, at most FRESH_S old."""
    return _counts(current().workspace_id, round_id, viewer_id, where)


def pace_of(round_id: int, person_id: int) -> Pace:
    """Counts and speed of one person in one round, as it is now."""
    return call(pace, round_id, person_id)


def work_of(person_id: int, round_id: int, *, before: int | None, limit: int) -> tuple[list[MyDecision], int | None]:
    """Answers and marks of a person in a round, newest first, as it is now, and `before` of the next page."""
    return call(my_decisions, person_id, round_id=round_id, before=before, limit=limit)


def lease_list(round_id: int) -> list[LeaseInfo]:
    """Who holds how many faces, as it is now."""
    return call(leases, round_id)


def search(text: str) -> list[StoredSample]:
    """Faces whose key is or contains the text, at most SEARCH_LIMIT."""
    return call_slow(search_samples, text, limit=SEARCH_LIMIT)


def face(key: str, viewer: Person, round_id: int | None) -> Face | None:
    """What the viewer may know of the face of that key or number; `round_id` is the round in review."""
    return call(_face, key, viewer, round_id)


def picture_fault(stored: StoredSample) -> str | None:
    """Why the face cannot be shown, or None."""
    found = thumbnails_of(current().workspace, [stored])[stored.id]
    return found if isinstance(found, str) else None


def face_files(round_id: int, sample_id: int) -> FaceFiles:
    """How the network saw the face over the epochs of a round, and faces that are like it."""
    return _face_files(current().workspace_id, round_id, sample_id)


def unreviewed(round_id: int) -> int:
    """Faces of the round that wait for an answer, at most SLOW_S old."""
    return _unreviewed(current().workspace_id, round_id)


def forget() -> None:
    """Drop what is cached, after a write that the next page must show."""
    _standing.clear()
    _counts.clear()


@st.cache_data(ttl=FRESH_S, max_entries=8, show_spinner=False)
def _standing(workspace_id: str) -> Standing:
    return call(_read_standing)


@st.cache_data(ttl=FRESH_S, max_entries=200, show_spinner=False)
def _counts(workspace_id: str, round_id: int, viewer_id: int, where: QueueFilter) -> QueueCounts:
    return call(queue_counts, round_id, viewer_id, where)


@st.cache_data(ttl=SLOW_S, max_entries=20, show_spinner=False)
def _unreviewed(workspace_id: str, round_id: int) -> int:
    return call_slow(count_unreviewed, round_id)


@st.cache_data(ttl=SLOW_S, max_entries=200, show_spinner=False)
def _face_files(workspace_id: str, round_id: int, sample_id: int) -> FaceFiles:
    workspace = current().workspace
    return FaceFiles(face_dynamics(workspace, round_id, sample_id), face_neighbours(workspace, round_id, sample_id))


def _read_standing(db: Database) -> Standing:
    newest = store_rounds.latest_round(db)
    return Standing(
        classes=classes(db),
        rounds=tuple(store_rounds.rounds(db)),
        stale=store_rounds.stale_round(db) is not None,
        epochs=tuple(store_rounds.epochs(db, newest.id)) if newest else (),
    )


def _face(db: Database, key: str, viewer: Person, round_id: int | None) -> Face | None:
    # Links name faces by number; a data set whose keys are bare numbers is still found by searching.
    number = int(key) if key.isascii() and key.isdigit() and len(key) < 16 else 0
    stored = get_sample(db, number) or find_sample(db, key)
    label = None if stored is None else face_label(db, stored.id)
    if stored is None or label is None:
        return None
    items = [] if round_id is None else items_of(db, round_id, viewer.id, [stored.id], again=False)
    item = items[0] if items else None
    seen, waits = seen_history(db, stored.id, viewer, item), item is not None and is_unread(db, item.round, stored.id)
    return Face(stored, label, face_scores(db, stored.id), seen, item, waits)
