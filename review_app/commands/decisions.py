"""Answers and marks from the pages, and their undo."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlite_utils import Database

from review_app.commands.writer import in_writer
from review_app.settings import current
from scn_core.records import Action, Decision
from scn_core.store.decisions.record import NEED_THE_PICTURE, RecordedDecision, history, record_each
from scn_core.store.people.people import Person
from scn_core.store.samples import get_sample
from scn_core.workspace.thumbnails import unseen_faces


@dataclass(frozen=True)
class NewDecision:
    """What a person says about a face on one of the pages."""

    round: int
    sample_id: int
    action: Action
    label: int | None = None
    text: str | None = None
    blind: bool = False
    """No proposal was shown."""
    shown: Mapping[str, Any] = field(default_factory=dict)


def record(new: NewDecision) -> str | None:
    """Record it; the reason where it was refused."""
    return in_writer(_record, new)


def set_live(decision: Decision, *, live: bool) -> str | None:
    """Take a decision back, or bring it back; the reason where it was refused. One that is so already stays so."""
    return in_writer(_set_live, decision, live)


def _record(db: Database, person: Person, new: NewDecision) -> str | None:
    decision = Decision(
        id=str(uuid.uuid4()),
        round=new.round,
        sample_id=new.sample_id,
        person=person.name,
        action=new.action,
        label=new.label,
        text=new.text,
        blind=new.blind,
        shown=json.dumps(dict(new.shown)),
    )
    return record_one(db, decision)


def record_one(db: Database, decision: Decision) -> str | None:
    """Writes one decision; the reason where it was refused."""
    stored = get_sample(db, decision.sample_id) if decision.action in NEED_THE_PICTURE else None
    unseen = {} if stored is None else unseen_faces(current().workspace, [stored])
    refused = record_each(db, [decision], unseen=unseen)
    return refused[0].error if refused else None


def _set_live(db: Database, person: Person, decision: Decision, live: bool) -> str | None:
    rows = history(db, decision.sample_id)
    found = next((row for row in rows if row.decision.id == decision.id), None)
    if found is None:
        return f"found no decision {decision.id}; it may be of another workspace"
    if found.live == live:
        return None
    undo = Decision(
        id=str(uuid.uuid4()),
        round=decision.round,
        sample_id=decision.sample_id,
        person=person.name,
        action="undo",
        undoes=_last_of_chain(rows, decision.id),
    )
    return record_one(db, undo)


def _last_of_chain(rows: list[RecordedDecision], first: str) -> str:
    """An undo may itself be undone, and so on; the newest of them is what the next undo takes back."""
    undone_by = {row.decision.undoes: row.decision.id for row in rows if row.decision.undoes}
    while first in undone_by:
        first = undone_by[first]
    return first
