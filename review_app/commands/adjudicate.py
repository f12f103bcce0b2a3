"""What the page Adjudicate writes."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass

from sqlite_utils import Database

from review_app.commands.decisions import record_all
from review_app.commands.writer import in_writer
from scn_core.records import Answer, Decision
from scn_core.store.decisions.adjudication import Disputed, disputed, outcome_in
from scn_core.store.decisions.copies import with_copies
from scn_core.store.people.people import Person


@dataclass(frozen=True)
class Settling:
    """What a lead makes of a face that reviewers answered differently."""

    face: Disputed
    """As it was shown: where something has been said since then, it is refused."""
    action: Answer
    label: int | None = None
    milliseconds: int | None = None


def settle(said: Settling) -> str | None:
    """Record it; the reason where it was refused."""
    return in_writer(_settle, said)


def _settle(db: Database, person: Person, said: Settling) -> str | None:
    face = said.face
    if person.role != "lead":
        return f"{person.name} is {person.role}; allowed: a lead"
    if _is_so(db, person, said):
        return None
    if outcome_in(db, face.round, face.sample_id) != face.outcome:
        return f"{face.key}: it has been answered or settled since it was shown; look again, then decide"
    shown = {} if face.audit else {"proposed": face.proposed_label, "alpha": face.alpha, "margin": face.margin}
    return record_all(
        db,
        with_copies(
            Decision(
                id=str(uuid.uuid4()),
                round=face.round,
                sample_id=face.sample_id,
                person=person.name,
                action=said.action,
                label=said.label,
                shown=json.dumps({"page": "adjudicate", **shown}),
                blind=face.audit,
                milliseconds=said.milliseconds,
                adjudicates=True,
            ),
            face.copies,
        ),
    )


def _is_so(db: Database, person: Person, said: Settling) -> bool:
    """A second press of the same key changes nothing."""
    now = disputed(db, said.face.round, said.face.sample_id)
    if now is None or now.settled is None or now.outcome == said.face.outcome:
        return False
    stands = now.settled.decision
    return (stands.person, stands.action, stands.label) == (person.name, said.action, said.label)
