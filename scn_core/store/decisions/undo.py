"""What one person did: what undo and redo would take, and the list of their decisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlite_utils import Database

from scn_core.records import ANSWERS, Decision
from scn_core.store.decisions.record import DECISION, read_decision
from scn_core.store.schema.expressions import STANDS

_MINE = "d.person_id = :person AND d.round_id = :round"
# Adjudications are taken back where they are made.
_UNDO = f"{DECISION} WHERE {_MINE} AND d.action <> 'undo' AND d.adjudicates = 0 AND {STANDS} ORDER BY d.seq DESC"
_TAIL = f"""
SELECT d.id FROM decision d WHERE {_MINE} AND d.seq > :last
  AND NOT EXISTS (SELECT 1 FROM decision u WHERE u.undoes = d.id)
ORDER BY d.seq DESC
"""
# From the newest undo back along its chain; an even number of undos brought the first one back, so it stands.
_ROOT = f"""
{DECISION} WHERE d.adjudicates = 0 AND d.id = (
  WITH RECURSIVE back(id, undoes, n) AS (
    SELECT id, undoes, 0 FROM decision WHERE id = ?
    UNION ALL SELECT t.id, t.undoes, n + 1 FROM back JOIN decision t ON t.id = back.undoes)
  SELECT id FROM back WHERE undoes IS NULL AND n % 2 = 1)
"""
_BULK = f"""
{DECISION} WHERE d.bulk = :bulk AND p.name = :person AND d.round_id = :round AND d.action <> 'undo' AND {STANDS}
ORDER BY d.seq DESC
"""
_LABEL = "coalesce(c.start_label, s.given_label)"
_REPLACED = f"""(d.action IN ({", ".join(f"'{answer}'" for answer in ANSWERS)}) AND d.adjudicates = 0 AND EXISTS (
  SELECT 1 FROM live_decision n WHERE n.sample_id = d.sample_id AND n.round_id = d.round_id
    AND n.person_id = d.person_id AND n.adjudicates = 0 AND n.seq > d.seq))"""
_COLUMNS = f"SELECT d.seq, d.decided_at, {STANDS}, s.key, {_LABEL}, r.state = 'review', {_REPLACED},"
_LISTED = f"""
{DECISION.replace("SELECT", _COLUMNS, 1)}
JOIN sample s ON s.id = d.sample_id JOIN round r ON r.id = d.round_id
LEFT JOIN score c ON c.round_id = d.round_id AND c.sample_id = d.sample_id
WHERE {_MINE} AND d.action <> 'undo' AND (:before IS NULL OR d.seq < :before) ORDER BY d.seq DESC LIMIT :limit
"""


@dataclass(frozen=True)
class Unit:
    """What one undo or redo takes: a decision alone, or all that share a bulk id."""

    bulk: str | None
    decisions: list[Decision]
    """By falling order of arrival."""
    redo_of: list[str]
    """For redo, beside each decision: the id of the undo row that is to be undone. Empty for undo."""


@dataclass(frozen=True)
class UndoUnits:
    """Newest first."""

    undo: list[Unit]
    redo: list[Unit]


@dataclass(frozen=True, slots=True)
class MyDecision:
    """One row of the list My work; undo rows are not listed, `live` says what they did."""

    seq: int
    decision: Decision
    decided_at: str
    live: bool
    key: str
    given_label: int
    """The label the round began with."""
    changeable: bool
    """Its round is in review, and it was not replaced."""
    replaced: bool
    """A newer answer of this person to the face stands in its place."""


def undo_units(db: Database, round_id: int, person_id: int, *, limit: int = 50) -> UndoUnits:
    """What this person can undo (own live rows, answers and marks) and redo (taken back since their newest row)."""
    mine = {"person": person_id, "round": round_id}
    newest = f"SELECT max(seq) FROM decision d WHERE {_MINE} AND d.action <> 'undo'"
    last = db.execute(newest, mine).fetchone()[0] or 0
    undo = _units(((read_decision(row), "") for row in db.execute(_UNDO, mine)), limit)
    redo = _units(_taken_back(db, db.execute(_TAIL, {**mine, "last": last})), limit)
    return UndoUnits([_whole(db, unit) for unit in undo], redo)


def my_decisions(
    db: Database, person_id: int, *, round_id: int, before: int | None = None, limit: int = 60
) -> tuple[list[MyDecision], int | None]:
    """Answers and marks of a person in a round, newest first, and `before` of the next page; None: that was all."""
    values = {"person": person_id, "round": round_id, "before": before, "limit": limit + 1}
    rows = db.execute(_LISTED, values).fetchall()
    found = [
        MyDecision(
            seq, read_decision(row), at, bool(live), key, given, bool(changeable and not replaced), bool(replaced)
        )
        for seq, at, live, key, given, changeable, replaced, *row in rows[:limit]
    ]
    return found, found[-1].seq if found and len(rows) > limit else None


def _units(rows: Iterable[tuple[Decision, str]], limit: int) -> list[Unit]:
    """Rows, newest first, by their bulk; reading stops where one unit more would begin."""
    units: dict[str, Unit] = {}
    for decision, undone_by in rows:
        key = f"bulk {decision.bulk}" if decision.bulk is not None else f"one {decision.id}"
        if key not in units:
            if len(units) == limit:
                break
            units[key] = Unit(decision.bulk, [], [])
        units[key].decisions.append(decision)
        if undone_by:
            units[key].redo_of.append(undone_by)
    return list(units.values())


def _whole(db: Database, unit: Unit) -> Unit:
    """With the rows of its bulk that lie beyond where reading stopped."""
    if unit.bulk is None:
        return unit
    first = unit.decisions[0]
    rows = db.execute(_BULK, {"bulk": unit.bulk, "person": first.person, "round": first.round})
    return Unit(unit.bulk, [read_decision(row) for row in rows], [])


def _taken_back(db: Database, tail: Iterable[tuple[str]]) -> Iterator[tuple[Decision, str]]:
    """Each undo of the tail that stands at the end of its chain, with the answer or mark it took back."""
    for (undo,) in tail:
        row = db.execute(_ROOT, (undo,)).fetchone()
        if row is not None:
            yield read_decision(row), undo
