"""What the page Team reads, as it is now."""

from __future__ import annotations

from review_app.database import MOVED, call_slow, was_moved
from review_app.settings import current
from scn_core.store.events import LoggedEvent, events
from scn_core.store.hook_delivery import HookState, hook_states
from scn_core.store.reports.activity import ActivityKind, Event, Member, Place, activity, members
from scn_core.store.reports.marks import MarkedFaces, marked_faces
from scn_core.workspace.backup.make import BackupFile, backups_in


def everybody() -> list[Member]:
    """All people, those who are active first."""
    return call_slow(members)


def marks(viewer_id: int) -> list[MarkedFaces]:
    """Faces of the rounds in review, and of closed ones, that somebody flagged or wrote a note about."""
    return call_slow(marked_faces, viewer_id)


def backups() -> list[BackupFile]:
    """The backups in the workspace's folder `backups`, the newest first."""
    return backups_in(current().workspace.backups)


def missing_database() -> str | None:
    """Why no answers are stored where the database was moved away, deleted or replaced; None: it is in its place."""
    return MOVED if was_moved() else None


def hooks() -> list[HookState]:
    """How it goes with the webhooks, by name."""
    return call_slow(hook_states)


def newest_events(limit: int) -> list[LoggedEvent]:
    """What was done to the workspace and its people, newest first."""
    return call_slow(events, limit=limit)


def what_people_did(
    viewer_id: int, *, person_id: int | None, kind: ActivityKind, before: Place | None, limit: int
) -> tuple[list[Event], Place | None]:
    """Answers, marks and changes of people, newest first, and where the next page begins."""
    return call_slow(activity, viewer_id, person_id=person_id, kind=kind, before=before, limit=limit)
