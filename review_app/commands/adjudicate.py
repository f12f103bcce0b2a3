"""What the page Adjudicate writes."""

from __future__ import annotations

from dataclasses import dataclass

from sqlite_utils import Database

from review_app.commands.decisions import NewDecision, record_all
from review_app.commands.writer import in_writer
from scn_core.records import Answer
from scn_core.store.decisions.adjudication import Disputed, disputed
from scn_core.store.decisions.copies import with_copies
from scn_core.store.decisions.record import RecordedDecision
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
    face, now = said.face, disputed(db, said.face.round, said.face.sample_id)
    if person.role != "lead":
        return f"{person.name} is {person.role}; allowed: a lead"
    if now is None or now.outcome != face.outcome:
        if now is not None and _says(now.settled, person, said):
            return None  # a second press of the same key changes nothing
        return f"{face.key}: it has been answered or settled since it was shown; look again, then decide"
    shown = {} if face.audit else {"proposed": face.proposed_label, "alpha": face.alpha, "margin": face.margin}
    new = NewDecision(
        face.round, face.sample_id, said.action, said.label, blind=face.audit, shown={"page": "adjudicate", **shown},
        milliseconds=said.milliseconds, adjudicates=True,
    )  # fmt: skip
    return record_all(db, with_copies(new.by(person), face.copies))


def _says(settled: RecordedDecision | None, person: Person, said: Settling) -> bool:
    if settled is None:
        return False
    stands = settled.decision
    return (stands.person, stands.action, stands.label) == (person.name, said.action, said.label)
