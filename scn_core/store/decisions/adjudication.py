"""Faces that reviewers answered differently, for the lead who settles them.

A closed round takes no answers. A conflict that it was closed with is settled by an answer of a round in review, unless
people are asked about the face there anyway, or have decided on it since.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from sqlite_utils import Database

from scn_core.records import ANSWERS, Decision, ExactCopy
from scn_core.store.decisions.outcomes import Outcome
from scn_core.store.decisions.record import DECISION, RecordedDecision, history, read_decision
from scn_core.store.schema.expressions import ALPHA, STANDS

_OUTCOME = "SELECT state, action, label, seq, answers, needed, adjudicated FROM outcome"
_FACE = f"""
SELECT s.key, s.path, s.given_label, coalesce(n.start_label, s.given_label), n.proposed_label, {ALPHA}, c.margin,
  c.suspicion, c.probabilities,
  EXISTS (SELECT 1 FROM queue_item q WHERE q.round_id = c.round_id AND q.sample_id = s.id AND q.kind = 'audit')
FROM sample s JOIN score c ON c.sample_id = s.id AND c.round_id = :asked_in
LEFT JOIN score n ON n.sample_id = s.id AND n.round_id = :round WHERE s.id = :sample
"""
_THERE = "sample_id NOT IN (SELECT id FROM sample WHERE withdrawn_in IS NOT NULL)"
_LEFT = f"""
  o.round_id IN (SELECT id FROM round WHERE state = 'closed') AND o.state = 'conflict' AND o.{_THERE}
  AND NOT EXISTS (SELECT 1 FROM outcome n WHERE n.sample_id = o.sample_id AND n.state <> 'waiting'
    AND n.round_id > o.round_id AND n.round_id IS NOT :round)
  AND NOT EXISTS (SELECT 1 FROM round r JOIN queue_item q ON q.round_id = r.id AND q.sample_id = o.sample_id
    WHERE r.state = 'review')
"""
"""SQL: whether outcome `o` is a conflict of a closed round that an answer of round :round settles, or has settled."""
_UNSETTLED = (
    f"{_LEFT} AND NOT EXISTS (SELECT 1 FROM outcome n WHERE n.round_id IS :round AND n.sample_id = o.sample_id)"
)
_COPIES = f"""
SELECT c.sample_id, c.start_label, c.proposed_label, NULL, NULL FROM picture p
JOIN picture o ON o.pixels = p.pixels AND o.sample_id <> p.sample_id
JOIN outcome t ON t.round_id = :round AND t.sample_id = o.sample_id AND t.state = 'conflict'
JOIN score c ON c.round_id = t.round_id AND c.sample_id = t.sample_id
WHERE p.sample_id = :sample AND t.{_THERE} AND NOT EXISTS (SELECT 1 FROM queue_item q WHERE q.round_id = t.round_id
  AND q.sample_id IN (p.sample_id, o.sample_id) AND q.kind = 'audit') ORDER BY 1
"""
_COLUMNS = f"SELECT d.seq, d.decided_at, {STANDS}, o.seq IS d.seq, s.key, coalesce(c.start_label, s.given_label),"
_SETTLED = f"""
{DECISION.replace("SELECT", _COLUMNS, 1)} JOIN sample s ON s.id = d.sample_id
LEFT JOIN score c ON c.round_id = d.round_id AND c.sample_id = d.sample_id
LEFT JOIN outcome o ON o.round_id = d.round_id AND o.sample_id = d.sample_id
WHERE d.round_id = ? AND d.adjudicates = 1 AND d.seq < ? ORDER BY d.seq DESC LIMIT ?
"""
_LAST_SEQ = 2**62


@dataclass(frozen=True)
class Disputed:
    """A face whose readings are in, with all that was said of it in the round."""

    round: int
    """In review: the one whose answer settles it."""
    asked_in: int
    """The round of the readings: the same one, or one that was closed with them."""
    sample_id: int
    key: str
    path: str
    original_label: int
    """The data set's."""
    given_label: int
    """The label the round in review began with."""
    proposed_label: int | None
    alpha: float | None
    margin: float
    suspicion: float
    probabilities: tuple[float, ...]
    """One per class."""
    audit: bool
    """Drawn at random: who settles it is shown nothing of the network either, or the estimate would not hold."""
    outcome: Outcome
    readings: tuple[RecordedDecision, ...]
    """The answers that count, oldest first; as many as people were asked, or more."""
    notes: tuple[RecordedDecision, ...]
    """Live ones of anyone, oldest first."""
    settled: RecordedDecision | None
    """The adjudication that stands."""
    copies: tuple[ExactCopy, ...]
    """Faces with the same pixels that are in conflict too, which are settled together with it; none of an audit face,
    nor are audit faces among them."""


@dataclass(frozen=True, slots=True)
class Settled:
    """One adjudication, taken back or not."""

    seq: int
    decision: Decision
    decided_at: str
    live: bool
    counts: bool
    """It is the one that stands; of several the newest does."""
    key: str
    given_label: int
    """The label the round began with."""


@dataclass(frozen=True, slots=True)
class OutcomeCounts:
    """Faces of a round that somebody has answered."""

    waiting: int
    conflict: int
    decided: int


def outcome_counts(db: Database, round_id: int) -> OutcomeCounts:
    """How many faces wait for readings, are in conflict, are decided; a conflict about a face taken out is none."""
    sql = "SELECT state, count(*) FROM outcome WHERE round_id = ? GROUP BY 1"
    found: dict[str, int] = dict(db.execute(sql, (round_id,)).fetchall())
    sql = f"SELECT count(*) FROM outcome WHERE round_id = ? AND state = 'conflict' AND NOT {_THERE}"
    found["conflict"] = found.get("conflict", 0) - db.execute(sql, (round_id,)).fetchone()[0]
    return OutcomeCounts(found.get("waiting", 0), found.get("conflict", 0), found.get("decided", 0))


def conflicts(db: Database, round_id: int, *, after: int = 0, limit: int = 1) -> list[Disputed]:
    """Faces in conflict in the round, and those that closed rounds left, by the `seq` of their outcome, that is of
    their newest answer, the oldest first; those behind `after`, the `seq` of the last one seen."""
    sql = (
        "SELECT sample_id, seq FROM outcome WHERE round_id = :round AND state = 'conflict' AND seq > :after "
        f"AND {_THERE} "
        f"UNION ALL SELECT o.sample_id, o.seq FROM outcome o WHERE {_UNSETTLED} AND o.seq > :after "
        "ORDER BY seq LIMIT :limit"
    )
    found = db.execute(sql, {"round": round_id, "after": after, "limit": limit}).fetchall()
    faces = (disputed(db, round_id, face) for face, _ in found)
    return [face for face in faces if face is not None]


def conflicts_left(db: Database, round_id: int | None) -> int:
    """How many conflicts of closed rounds are among `conflicts` of the round; None: will be, of a next one that does
    not ask about their faces."""
    row = db.execute(f"SELECT count(*) FROM outcome o WHERE {_UNSETTLED}", {"round": round_id}).fetchone()
    return int(row[0])


def disputed(db: Database, round_id: int, sample_id: int) -> Disputed | None:
    """The face if it is in conflict or was settled, be it in the round or left by a closed one; None for any other."""
    outcome, face = outcome_in(db, round_id, sample_id), {"round": round_id, "sample": sample_id}
    asked_in, counted = round_id, outcome
    if outcome is None or not outcome.answers:
        left = f"SELECT max(o.round_id) FROM outcome o WHERE o.sample_id = :sample AND {_LEFT}"
        asked_in = db.execute(left, face).fetchone()[0] or round_id
        counted = outcome_in(db, asked_in, sample_id)
        outcome = outcome or counted
    row = db.execute(_FACE, face | {"asked_in": asked_in}).fetchone()
    if outcome is None or counted is None or row is None or not (outcome.state == "conflict" or outcome.adjudicated):
        return None
    key, path, original, given, proposed, alpha, margin, suspicion, blob, audit = row
    live = [each for each in history(db, sample_id) if each.live]
    readings = [each for each in live if each.decision.round == asked_in]
    answers = [each for each in readings if each.decision.action in ANSWERS and not each.decision.adjudicates]
    newest = {each.decision.person: each for each in answers}
    settling = (each for each in reversed(live) if each.decision.adjudicates and each.decision.round == round_id)
    return Disputed(
        round=round_id,
        asked_in=asked_in,
        sample_id=sample_id,
        key=key,
        path=path,
        original_label=original,
        given_label=given,
        proposed_label=proposed,
        alpha=alpha,
        margin=margin,
        suspicion=suspicion,
        probabilities=struct.unpack(f"<{len(blob) // 4}f", blob),
        audit=bool(audit),
        outcome=outcome,
        readings=tuple(each for each in answers if newest[each.decision.person] is each)[-counted.answers :],
        notes=tuple(each for each in readings if each.decision.action == "note"),
        settled=next(settling, None),
        copies=tuple(ExactCopy(*row) for row in db.execute(_COPIES, face)),
    )


def outcome_in(db: Database, round_id: int, sample_id: int) -> Outcome | None:
    """What the answers to a face come to; None: nobody has answered."""
    row = db.execute(f"{_OUTCOME} WHERE round_id = ? AND sample_id = ?", (round_id, sample_id)).fetchone()
    return None if row is None else Outcome(*[*row[:-1], bool(row[-1])])


def settled(
    db: Database, round_id: int, *, before: int | None = None, limit: int = 30
) -> tuple[list[Settled], int | None]:
    """Adjudications of a round, newest first, and `before` of the next page; None: there is none."""
    rows = db.execute(_SETTLED, (round_id, _LAST_SEQ if before is None else before, limit + 1)).fetchall()
    found = [
        Settled(seq, read_decision(row), at, bool(live), bool(counts), key, given)
        for seq, at, live, counts, key, given, *row in rows[:limit]
    ]
    return found, found[-1].seq if len(rows) > limit else None
