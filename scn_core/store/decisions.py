"""What people decided, and the labels that follow from it. Rows are only ever added."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlite_utils import Database

from scn_core.errors import WorkspaceError
from scn_core.records import Decision, EffectiveLabels
from scn_core.store.columns import read_columns
from scn_core.store.connection import transaction

# In the order of Decision's fields.
_DECISION = """
SELECT d.id, d.round_id, d.sample_id, p.name, d.action, d.label, d.undoes, d.shown, d.blind, d.bulk, d.milliseconds
FROM decision d JOIN person p ON p.id = d.person_id
"""


@dataclass(frozen=True)
class RecordedDecision:
    """A decision as it stands in the log."""

    decision: Decision
    decided_at: str
    """UTC, ISO-8601."""
    live: bool
    """Not taken back. Of several live ones on a sample the newest counts; an undo is never live itself."""


def record_decisions(db: Database, decisions: Iterable[Decision]) -> list[str]:
    """Write decisions in one transaction and return their ids, all of them stored by then.

    One that is stored already is acknowledged again, even after its round was closed. Raises WorkspaceError, and
    writes none, where one does not fit: its id stands for other content; its round is not in review; the sample is
    unknown or no training sample; the person is unknown; accept, keep or relabel with a label that is not the
    proposed one, the given one or a class; an undo of what is not an own decision on the same sample, or is taken
    back already.
    """
    batch = list(decisions)
    with transaction(db):
        for decision in batch:
            if not _stored_already(db, decision):
                _insert(db, decision)
    return [decision.id for decision in batch]


def effective_labels(db: Database) -> EffectiveLabels:
    """The label of every sample under the decisions of all rounds, by sample id. The rule is the view's."""
    cursor = db.execute(
        "SELECT sample_id, split, given_label, label, excluded, action IS NOT NULL AND action <> 'unsure' AND "
        "NOT excluded FROM effective_label ORDER BY sample_id"
    )
    return EffectiveLabels(*read_columns(cursor, np.int64, np.str_, np.int64, np.int64, np.bool_, np.bool_))


def history(db: Database, sample_id: int) -> list[RecordedDecision]:
    """Every decision on a sample, undos included, oldest first."""
    live = {seq for (seq,) in db.execute("SELECT seq FROM live_decision WHERE sample_id = ?", (sample_id,))}
    sql = _DECISION.replace("SELECT", "SELECT d.seq, d.decided_at,", 1) + "WHERE d.sample_id = ? ORDER BY d.seq"
    return [RecordedDecision(_decision(row), at, seq in live) for seq, at, *row in db.execute(sql, (sample_id,))]


def _decision(row: Iterable[Any]) -> Decision:
    values = list(row)
    values[8] = bool(values[8])
    return Decision(*values)


def _stored_already(db: Database, decision: Decision) -> bool:
    row = db.execute(f"{_DECISION} WHERE d.id = ?", (decision.id,)).fetchone()
    if row is None:
        return False
    stored = _decision(row)
    # A name is one person in any case of its letters.
    if replace(stored, person=stored.person.lower()) != replace(decision, person=decision.person.lower()):
        raise WorkspaceError(f"decision {decision.id}: stored already with other content: {stored}; use a new id")
    return True


def _insert(db: Database, decision: Decision) -> None:
    person_id = _check(db, decision)
    if decision.action == "undo":
        _check_undo(db, decision, person_id)
    d = decision
    values = (d.id, d.round, d.sample_id, person_id, d.action, d.label, d.undoes, d.shown, d.blind, d.bulk)
    sql = (
        "INSERT INTO decision (id, round_id, sample_id, person_id, action, label, undoes, shown, blind, bulk, "
        "milliseconds) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    )
    try:
        db.execute(sql, (*values, d.milliseconds))
    except sqlite3.IntegrityError as error:
        raise WorkspaceError(f"decision {d.id}: found {d}; {error}") from error


def _check(db: Database, decision: Decision) -> int:
    """The person's number, if round, sample, person and label fit together."""
    state, split, given, proposed, classes, person_id = db.execute(
        """
        SELECT r.state, s.split, s.given_label, c.proposed_label, (SELECT count(*) FROM class), p.id
        FROM (SELECT 1) LEFT JOIN round r ON r.id = :round LEFT JOIN sample s ON s.id = :sample
        LEFT JOIN score c ON c.round_id = r.id AND c.sample_id = s.id LEFT JOIN person p ON p.name = :person
        """,
        {"round": decision.round, "sample": decision.sample_id, "person": decision.person},
    ).fetchone()
    labels = {"accept": [proposed], "keep": [given], "relabel": range(classes)}.get(decision.action, [None])
    for what, found, allowed in (
        (f"round {decision.round} in state", state, ["review"]),
        (f"sample {decision.sample_id} in split", split, ["train"]),
        (f"{decision.action} with label", decision.label, labels),
    ):
        if found not in allowed:
            shown = ", ".join(map(str, allowed))
            raise WorkspaceError(f"decision {decision.id}: found {what} {found}; allowed: {shown}")
    if person_id is None:
        raise WorkspaceError(f"decision {decision.id}: found person {decision.person!r}; allowed: people added before")
    return int(person_id)


def _check_undo(db: Database, decision: Decision, person_id: int) -> None:
    target = db.execute(
        """
        SELECT t.sample_id, t.person_id, u.id FROM decision t LEFT JOIN decision u ON u.undoes = t.id WHERE t.id = ?
        """,
        (decision.undoes,),
    ).fetchone()
    if target is None or target[:2] != (decision.sample_id, person_id):
        raise WorkspaceError(
            f"decision {decision.id}: found an undo of {decision.undoes}; "
            f"allowed: an earlier decision of {decision.person} on sample {decision.sample_id}"
        )
    if target[2] is not None:
        raise WorkspaceError(
            f"decision {decision.id}: {decision.undoes} is taken back already by {target[2]}; "
            "allowed: one undo for each decision; to bring it back, undo that one"
        )
