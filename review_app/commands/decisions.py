"""Answers and marks from the pages, and their undo."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlite_utils import Database

from review_app.commands.writer import in_writer
from review_app.settings import current
from scn_core.records import Action, Decision
from scn_core.store.decisions.copies import given_together, with_copies
from scn_core.store.decisions.record import NEED_THE_PICTURE, RecordedDecision, history, record_each
from scn_core.store.people.people import Person
from scn_core.store.queue.browse import items_of
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
    milliseconds: int | None = None
    """How long the person looked."""
    adjudicates: bool = False

    def by(self, person: Person) -> Decision:
        """A new row of the log."""
        return Decision(
            id=str(uuid.uuid4()),
            round=self.round,
            sample_id=self.sample_id,
            person=person.name,
            action=self.action,
            label=self.label,
            text=self.text,
            blind=self.blind,
            shown=json.dumps(dict(self.shown)),
            milliseconds=self.milliseconds,
            adjudicates=self.adjudicates,
        )


def record(new: NewDecision) -> str | None:
    """Record it; the reason where it was refused."""
    return in_writer(_record, new)


def set_live(decision: Decision, *, live: bool) -> str | None:
    """Take a decision back, or bring it back, with those given together with it to faces of the same pixels.

    Returns the reason where it was refused. One that is so already stays so.
    """
    return in_writer(_set_live, decision, live)


def _record(db: Database, person: Person, new: NewDecision) -> str | None:
    items = items_of(db, new.round, person.id, [new.sample_id], again=False)
    return record_all(db, with_copies(new.by(person), items[0].copies if items else ()))


def record_all(db: Database, decisions: Sequence[Decision]) -> str | None:
    """Writes decisions that one press makes; the reason where one was refused."""
    looked_at = (get_sample(db, each.sample_id) for each in decisions if each.action in NEED_THE_PICTURE)
    unseen = unseen_faces(current().workspace, [stored for stored in looked_at if stored is not None])
    refused = record_each(db, decisions, unseen=unseen)
    return refused[0].error if refused else None


def _set_live(db: Database, person: Person, decision: Decision, live: bool) -> str | None:
    rows = history(db, decision.sample_id)
    found = next((row for row in rows if row.decision.id == decision.id), None)
    if found is None:
        return f"found no decision {decision.id}; it may be of another workspace"
    if found.live == live:
        return None
    together = [decision, *given_together(db, decision)]
    bulk = str(uuid.uuid4()) if len(together) > 1 else None
    return record_all(db, [undo for each in together for undo in _undo(db, person, each, live, bulk)])


def _undo(db: Database, person: Person, decision: Decision, live: bool, bulk: str | None) -> list[Decision]:
    """The row that takes it back, or brings it back; none where that is so already."""
    rows = history(db, decision.sample_id)
    if all(row.live == live for row in rows if row.decision.id == decision.id):
        return []
    last = _last_of_chain(rows, decision.id)
    return [
        Decision(str(uuid.uuid4()), decision.round, decision.sample_id, person.name, "undo", undoes=last, bulk=bulk)
    ]


def _last_of_chain(rows: list[RecordedDecision], first: str) -> str:
    """An undo may itself be undone, and so on; the newest of them is what the next undo takes back."""
    undone_by = {row.decision.undoes: row.decision.id for row in rows if row.decision.undoes}
    while first in undone_by:
        first = undone_by[first]
    return first
