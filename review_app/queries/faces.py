"""What the page Samples reads: one face with all that is known about it, and the search for one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from sqlite_utils import Database

from review_app.database import call, call_slow
from review_app.queries.workspace_state import SLOW_S
from review_app.settings import current
from scn_core.records import QueueItem
from scn_core.rounds.artifacts import FaceDynamics, Neighbours, face_dynamics, face_neighbours
from scn_core.store.decisions.record import RecordedDecision
from scn_core.store.decisions.visibility import is_blind, is_unread, seen_history
from scn_core.store.opinions import FaceOpinion, opinions_of_face
from scn_core.store.people.people import Person
from scn_core.store.pictures import SamePixels, same_pixels
from scn_core.store.queue.browse import items_of
from scn_core.store.reports.one_face import FaceLabel, FaceScore, face_label, face_scores
from scn_core.store.samples import StoredSample, find_sample, get_sample, is_erased, not_taken_out, search_samples
from scn_core.store.updates import FaceOrigin, face_origin
from scn_core.store.votes import FaceVotes, face_votes
from scn_core.workspace.thumbnails import thumbnails_of

SEARCH_LIMIT = 50


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
    votes: FaceVotes | None
    """How it was labelled before the import; None: the data set has one label a face."""
    opinions: list[FaceOpinion]
    """What other models say of it."""
    origin: FaceOrigin
    """When it came, and the given labels it had before."""
    copies: list[SamePixels]
    """Faces with the same pixels, in all splits."""
    unread: bool
    """What others say of it in that round is not shown yet: not all readings are in."""
    blind: bool
    """Drawn at random, in any round in review, and not answered: what the network says would sway the person."""


@dataclass(frozen=True)
class FaceFiles:
    """What a round's files say about one face."""

    dynamics: FaceDynamics | None
    neighbours: Neighbours | None


def search(text: str) -> list[StoredSample]:
    """The face of that number, and those whose key is or contains the text, at most SEARCH_LIMIT."""
    return call_slow(_search, text)


def face(key: str, viewer: Person, round_id: int | None) -> Face | None:
    """What the viewer may know of the face of that key or number; `round_id` is the round in review."""
    return call(_face, key, viewer, round_id)


def picture_fault(stored: StoredSample) -> str | None:
    """Why the face cannot be shown, or None."""
    found = thumbnails_of(current().workspace, [stored])[stored.id]
    return found if isinstance(found, str) else None


def missing_folder() -> str | None:
    """The folder of the pictures where it is not there; None: it is."""
    root = current().workspace.settings().root
    return None if Path(root).is_dir() else root


def face_files(round_id: int, sample_id: int) -> FaceFiles:
    """How the network saw the face over the epochs of a round, and faces that are like it."""
    return _face_files(current().workspace_id, round_id, sample_id)


@st.cache_data(ttl=SLOW_S, max_entries=200, show_spinner=False)
def _face_files(workspace_id: str, round_id: int, sample_id: int) -> FaceFiles:
    workspace = current().workspace
    near = face_neighbours(workspace, round_id, sample_id)
    shown = None if near is None else near.among(lambda ids: call(not_taken_out, ids))
    return FaceFiles(face_dynamics(workspace, round_id, sample_id), shown)


def _search(db: Database, text: str) -> list[StoredSample]:
    by_key = search_samples(db, text, limit=SEARCH_LIMIT)
    numbered = get_sample(db, _number(text))
    if numbered is None or is_erased(db, numbered.id):
        return by_key
    return [numbered, *(stored for stored in by_key if stored.id != numbered.id)][:SEARCH_LIMIT]


def _number(text: str) -> int:
    """The number of a face as links and pages write it, or 0, which none has: 0253 is a part of a file name."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 and text[0] != "0" else 0


def _face(db: Database, key: str, viewer: Person, round_id: int | None) -> Face | None:
    # Links name faces by number; a data set whose keys are bare numbers is still found by searching.
    stored = get_sample(db, _number(key)) or find_sample(db, key)
    label = None if stored is None else face_label(db, stored.id)
    if stored is None or label is None or is_erased(db, stored.id):
        return None
    items = [] if round_id is None else items_of(db, round_id, viewer.id, [stored.id], again=False)
    item = items[0] if items else None
    seen, waits = seen_history(db, stored.id, viewer, item), item is not None and is_unread(db, item.round, stored.id)
    votes = face_votes(db, [stored.id]).get(stored.id)
    opinions, origin = opinions_of_face(db, stored.id), face_origin(db, stored.id)
    copies, blind = same_pixels(db, stored.id), is_blind(db, stored.id, item)
    return Face(stored, label, face_scores(db, stored.id), seen, item, votes, opinions, origin, copies, waits, blind)
