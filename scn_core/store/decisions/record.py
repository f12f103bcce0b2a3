"""What people decided, and the labels that follow from it. Rows are only ever added."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlite_utils import Database

from scn_core.errors import WorkspaceError, error_text
from scn_core.records import ANSWERS, Action, Decision, EffectiveLabels
from scn_core.store.columns import read_columns
from scn_core.store.connection import transaction
from scn_core.store.decisions.batches import Batch, Recorded, Refusal, RefusalCode
from scn_core.store.decisions.effects import ITEM_OF_VIEWER, apply_to_queue
from scn_core.store.events import NewEvent, log_event
from scn_core.store.newest_decision import note_newest
from scn_core.store.people.people import insert_person
from scn_core.store.schema.expressions import NOW, STANDS
from scn_core.store.schema.running_hash import HASHED, running_hash

NOTE_LENGTH = 2_000

NEED_THE_PICTURE: tuple[Action, ...] = ("accept", "keep", "relabel", "unsure")
"""Answers of somebody who has looked at the face."""

# In the order of Decision's fields.
DECISION = """
SELECT d.id, d.round_id, d.sample_id, p.name, d.action, d.label, d.undoes, d.shown, d.blind, d.bulk, d.milliseconds,
  d.text, d.adjudicates
FROM decision d JOIN person p ON p.id = d.person_id
"""
IMPORTER = (
    "iif(d.shown ->> 'imported' IS NULL, NULL, coalesce((SELECT name FROM person WHERE id = d.shown ->> 'by'), "
    "'a command'))"
)
"""Who took the file that a decision `d` was read from, as SQL."""

# What a new row begins with. Numbers are never used again, so that rows taken from the end leave a gap.
_NEXT = f"""
SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'decision'), 0) + 1, {NOW},
  (SELECT hash FROM decision ORDER BY seq DESC LIMIT 1)
"""
_INSERT = f"INSERT INTO decision ({', '.join(HASHED)}, hash) VALUES ({', '.join('?' * (len(HASHED) + 1))})"


@dataclass(frozen=True)
class RecordedDecision:
    """A decision as it stands in the log."""

    decision: Decision
    decided_at: str
    """UTC, ISO-8601."""
    live: bool
    """Not taken back. Of several live ones on a sample the newest counts; an undo is never live itself."""
    importer: str | None = None
    """Who took the file that names the person, or `a command`; None: the person decided here."""
    brings_back: bool = False
    """An undo of an undo: what was taken back stands again."""

    @property
    def who(self) -> str:
        """The person, with the importer beside whom a file names."""
        return who(self.decision.person, self.importer)


def who(person: str, importer: str | None) -> str:
    """Who decided, and who says so where that was read from a file."""
    return person if importer is None else f"{person} (imported by {importer})"


class _RefusedError(WorkspaceError):
    def __init__(self, message: str, code: RefusalCode) -> None:
        super().__init__(message)
        self.code: RefusalCode = code


def record_each(
    db: Database,
    decisions: Iterable[Decision],
    *,
    believed: Mapping[str, str | None] | None = None,
    unseen: Mapping[int, str] | None = None,
) -> list[Refusal]:
    """Write what fits in one transaction and name what does not, by the rules of `record_decisions`. See `Batch`."""
    return record_batches(db, [Batch(list(decisions), believed, unseen)])[0].refused


def record_batches(db: Database, batches: Iterable[Batch]) -> list[Recorded]:
    """What `record_each` does with each of the batches in turn, in one transaction: one commit for all."""
    with transaction(db):
        recorded = [_record_batch(db, batch) for batch in batches]
    note_newest(db)
    return recorded


def _record_batch(db: Database, batch: Batch) -> Recorded:
    recorded = Recorded([], [])
    for decision in batch.decisions:
        db.execute("SAVEPOINT one")
        try:
            if _record(db, decision, batch.believed, batch.unseen):
                recorded.new.append(decision)
        except WorkspaceError as error:
            db.execute("ROLLBACK TO one")
            code = error.code if isinstance(error, _RefusedError) else "invalid"
            recorded.refused.append(Refusal(decision.id, str(error), code))
        db.execute("RELEASE one")
    return recorded


def record_decisions(
    db: Database, decisions: Iterable[Decision], *, new_people: Iterable[str] = (), lease: bool = True,
    event: NewEvent | None = None,
) -> list[str]:  # fmt: skip
    """Write decisions in one transaction and return their ids, all of them stored, and the queue in step, by then.

    `new_people` are added as annotators with them, and `event` to the log of events. With `lease`, a face
    whose answer is taken back is kept for the person for a while, as it is on their screen.

    One that is stored already is acknowledged again, even after its round was closed. Raises WorkspaceError, and
    writes none, where one does not fit: its id stands for other content; its round is not in review; the sample is
    unknown or no training sample; the person is unknown; accept, keep or relabel with a label that is not the
    proposed one, the one the round began with or a class; an adjudication that is no answer of a lead; a note
    without a text, or a text without a note; a bulk answer to an audit face; an undo of what is not an own decision
    on the same sample and of the same round, or is taken back already. Never because of a lease. An undo of a
    decision that was taken back and brought back again takes it back once more.
    """
    batch = list(decisions)
    with transaction(db):
        for name in new_people:
            insert_person(db, name, "annotator", None, by=None)
        if event is not None:
            log_event(db, event.what, event.about, by=event.by)
        for decision in batch:
            _record(db, decision, lease=lease)
    note_newest(db)
    return [decision.id for decision in batch]


def effective_labels(db: Database) -> EffectiveLabels:
    """The label of every sample under the decisions of all rounds, by sample id. The rule is the view's."""
    cursor = db.execute(
        "SELECT sample_id, split, given_label, label, excluded OR vanished, action IS NOT NULL AND action <> 'unsure' "
        "AND NOT excluded AND NOT (given_when_decided IS NOT NULL AND given_label NOT IN (given_when_decided, label)), "
        "action IS 'unsure' FROM effective_label ORDER BY sample_id"
    )
    return EffectiveLabels(*read_columns(cursor, np.int64, np.str_, np.int64, np.int64, np.bool_, np.bool_, np.bool_))


def history(db: Database, sample_id: int) -> list[RecordedDecision]:
    """Every decision on a sample, undos included, oldest first."""
    return list(_recorded(db, "d.sample_id = ?", sample_id))


def whole_log(db: Database, round_id: int | None = None) -> Iterator[RecordedDecision]:
    """Every decision of a round, or of all rounds, undos included, oldest first."""
    return _recorded(db, "d.round_id = coalesce(?, d.round_id)", round_id)


def _recorded(db: Database, condition: str, value: int | None) -> Iterator[RecordedDecision]:
    stands = f"d.action <> 'undo' AND {STANDS}"
    columns = f"SELECT {stands}, d.decided_at, {IMPORTER},"
    sql = DECISION.replace("SELECT", columns, 1) + f"WHERE {condition} ORDER BY d.seq"
    undos: dict[str, bool] = {}
    for live, at, importer, *row in db.execute(sql, (value,)):
        decision = read_decision(row)
        brings_back = not undos.get(decision.undoes, True) if decision.undoes else False
        if decision.undoes:
            undos[decision.id] = brings_back
        yield RecordedDecision(decision, at, bool(live), importer, brings_back)


def deciders(db: Database) -> list[str]:
    """Names of everybody with a row in the log, be it a mark or taken back, by name."""
    sql = "SELECT name FROM person WHERE id IN (SELECT person_id FROM decision) ORDER BY name"
    return [name for (name,) in db.execute(sql)]


def read_decision(row: Iterable[Any]) -> Decision:
    """A row of the columns that DECISION selects."""
    values = list(row)
    values[8], values[12] = bool(values[8]), bool(values[12])
    return Decision(*values)


def _stored_already(db: Database, decision: Decision) -> bool:
    row = db.execute(f"{DECISION} WHERE d.id = ?", (decision.id,)).fetchone()
    if row is None:
        return False
    stored = read_decision(row)
    if decision.undoes is not None and stored.undoes in _chain(db, decision.undoes):
        stored = replace(stored, undoes=decision.undoes)  # what it was resolved to when it came first
    # A name is one person in any case of its letters.
    if replace(stored, person=stored.person.lower()) != replace(decision, person=decision.person.lower()):
        raise WorkspaceError(
            error_text(
                f"decision {decision.id}", "this id, stored already with other content", "a new id for a new decision"
            )
        )
    return True


def _record(
    db: Database,
    decision: Decision,
    believed: Mapping[str, str | None] | None = None,
    unseen: Mapping[int, str] | None = None,
    *,
    lease: bool = True,
) -> bool:
    """Whether it was not stored before."""
    try:
        if _stored_already(db, decision):
            return False
        if decision.action in NEED_THE_PICTURE and (why := (unseen or {}).get(decision.sample_id)):
            found = f"{decision.action} of sample {decision.sample_id}, whose picture cannot be seen: {why}"
            raise _RefusedError(error_text(f"decision {decision.id}", found, "exclude, skip, flag, note"), "unseen")
        _insert(db, decision, believed)
        apply_to_queue(db, decision.id, lease=lease)
        return True
    except (OverflowError, UnicodeError) as error:
        raise WorkspaceError(f"decision {decision.id!r}: {error}; allowed: 64-bit numbers and valid text") from error


def _insert(db: Database, decision: Decision, believed: Mapping[str, str | None] | None) -> None:
    person_id = _check(db, decision)
    if decision.bulk is not None and decision.action in ANSWERS:
        _check_bulk(db, decision, person_id, believed)
    if decision.action == "undo":
        decision = replace(decision, undoes=_to_undo(db, decision, person_id))
    seq, now, before = db.execute(_NEXT).fetchone()
    d = decision
    row = (
        seq, d.id, d.round, d.sample_id, person_id, d.action, d.label, d.undoes, d.shown, int(d.blind), d.bulk,
        d.milliseconds, now, d.text, int(d.adjudicates),
    )  # fmt: skip
    try:
        db.execute(_INSERT, (*row, running_hash(before, row)))
    except sqlite3.IntegrityError as error:
        raise WorkspaceError(f"decision {d.id}: found {d}; {error}") from error


def _check(db: Database, decision: Decision) -> int:
    """The person's number, if round, sample, person and label fit together."""
    state, split, withdrawn, given, proposed, classes, person_id, role = db.execute(
        """
        SELECT r.state, s.split, s.withdrawn_in IS NOT NULL, coalesce(c.start_label, s.given_label), c.proposed_label,
          (SELECT count(*) FROM class), p.id, p.role
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
            shown = ", ".join("none" if each is None else str(each) for each in allowed)
            found_words = "none" if found is None else found
            code: RefusalCode = "no_round" if state is None else "closed" if state != "review" else "invalid"
            raise _RefusedError(error_text(f"decision {decision.id}", f"{what} {found_words}", shown), code)
    if withdrawn and decision.action != "undo":
        found = f"{decision.action} of sample {decision.sample_id}, which was taken out"
        raise WorkspaceError(error_text(f"decision {decision.id}", found, "faces that are still in the data set"))
    if decision.adjudicates and (decision.action not in ANSWERS or role not in (None, "lead")):
        raise WorkspaceError(
            error_text(
                f"decision {decision.id}",
                f"{decision.action} of {decision.person}, {role}, that adjudicates",
                f"{', '.join(ANSWERS)} of a lead",
            )
        )
    length = 0 if decision.text is None else len(decision.text)
    low, high = (1, NOTE_LENGTH) if decision.action == "note" else (0, 0)
    if not low <= length <= high or (decision.text == "" and not low):
        raise WorkspaceError(
            error_text(
                f"decision {decision.id}",
                f"{decision.action} with a text of {length} characters",
                f"{low} to {high}, a text for notes alone",
            )
        )
    if person_id is None:
        raise WorkspaceError(
            error_text(f"decision {decision.id}", f"person {decision.person!r}", "people added before")
        )
    return int(person_id)


def _check_bulk(db: Database, decision: Decision, person_id: int, believed: Mapping[str, str | None] | None) -> None:
    """Many faces answered at once: none that measures the label-error rate, and none that was answered since."""
    face = {"round": decision.round, "sample": decision.sample_id, "viewer": person_id, "again": True}
    audit = "SELECT 1 FROM queue_item WHERE round_id = :round AND sample_id = :sample AND kind = 'audit'"
    if db.execute(audit, face).fetchone():
        raise _RefusedError(
            error_text(
                f"decision {decision.id}",
                f"a bulk answer to audit face {decision.sample_id}",
                "one answer for each audit face, because they measure how many labels are wrong",
            ),
            "audit",
        )
    if believed is None:
        return
    sql = (
        f"SELECT d.id FROM queue_item q LEFT JOIN decision d ON d.seq = q.answered_seq WHERE q.id = ({ITEM_OF_VIEWER})"
    )
    shown = {row[0] for row in db.execute(sql, face)}
    again = "SELECT 1 FROM queue_item WHERE round_id = :round AND sample_id = :sample AND reader = :viewer"
    if db.execute(f"{again} AND action IS NULL", face).fetchone():
        shown.add(None)  # asked about once more, whoever holds the lease by now
    if shown and believed.get(decision.id) not in shown:
        raise _RefusedError(
            error_text(
                f"decision {decision.id}",
                f"a bulk answer to face {decision.sample_id}, which was answered since it was shown",
                "faces that are as they were shown",
                "load them anew",
            ),
            "answered",
        )


def _chain(db: Database, decision_id: str) -> list[str]:
    """The decision, the undo of it, the undo of that, ..."""
    sql = """
        WITH RECURSIVE chain(id, n) AS (
          SELECT ?, 1 UNION ALL SELECT u.id, n + 1 FROM chain JOIN decision u ON u.undoes = chain.id)
        SELECT id FROM chain ORDER BY n
        """
    return [number for (number,) in db.execute(sql, (decision_id,))]


def _round_of(db: Database, decision_id: str) -> tuple[int, str]:
    """Number and state of the round of a decision; of an undo, of what it goes back to."""
    sql = """
        WITH RECURSIVE back(id, undoes, round_id) AS (
          SELECT id, undoes, round_id FROM decision WHERE id = ?
          UNION ALL SELECT d.id, d.undoes, d.round_id FROM back JOIN decision d ON d.id = back.undoes)
        SELECT r.id, r.state FROM back JOIN round r ON r.id = back.round_id WHERE back.undoes IS NULL
        """
    number, state = db.execute(sql, (decision_id,)).fetchone()
    return number, state


def _to_undo(db: Database, decision: Decision, person_id: int) -> str:
    """The row that takes the undo: the one it names or, where that was undone and brought back, what brought it."""
    row = db.execute("SELECT sample_id, person_id FROM decision WHERE id = ?", (decision.undoes,)).fetchone()
    if row is None or decision.undoes is None or row != (decision.sample_id, person_id):
        raise WorkspaceError(
            error_text(
                f"decision {decision.id}",
                f"an undo of {decision.undoes}",
                f"an earlier decision of {decision.person} on sample {decision.sample_id}",
            )
        )
    began, state = _round_of(db, decision.undoes)
    if began != decision.round:
        raise WorkspaceError(
            error_text(
                f"decision {decision.id}",
                f"an undo in round {decision.round} of a decision of round {began}, which is in state {state}",
                f"a decision of round {decision.round}",
                "earlier rounds stay as they were: answer the face anew instead",
            )
        )
    chain = _chain(db, decision.undoes)
    if len(chain) % 2 == 0:
        raise WorkspaceError(
            f"decision {decision.id}: {decision.undoes} is taken back already by {chain[1]}; "
            "allowed: one undo for each decision; to bring it back, undo that one"
        )
    return chain[-1]
