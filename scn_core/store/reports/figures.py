"""Counts over the faces of a round, for the figures of its quality: made in SQL, so that few numbers leave the file.

Faces that were taken out since are in none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from sqlite_utils import Database

from scn_core.records import DOUBTS, Answer, BoolArray, Doubt, IntArray
from scn_core.store.columns import read_columns
from scn_core.store.schema.expressions import LABEL_WAS_WRONG, OUTSIDE_QUEUE, TAKEN_OUT, TIMED

ALPHA_BINS, MARGIN_BINS, SUSPICION_BINS = 50, 25, 25
"""Of equal width from 0 to 1."""
MOST_STEPS = 120
"""A span of time is told in at most so many steps."""

# One whole number a face, so that SQLite sorts a million of them in a second.
_CELL = f"""
SELECT (min({ALPHA_BINS - 1}, CAST(alpha * {ALPHA_BINS} AS INTEGER)) * {MARGIN_BINS}
  + min({MARGIN_BINS - 1}, CAST(margin * {MARGIN_BINS} AS INTEGER))) * 2 + low_importance AS cell, count(*), max(alpha)
FROM score WHERE round_id = ? AND sample_id NOT IN {TAKEN_OUT} GROUP BY cell
"""
_DECIDED = "FROM outcome o JOIN score c ON c.round_id = o.round_id AND c.sample_id = o.sample_id"
_WHERE = f"WHERE o.round_id = ? AND o.state = 'decided' AND o.sample_id NOT IN {TAKEN_OUT}"


@dataclass(frozen=True)
class ScoreBins:
    """How many faces of a round lie where in alpha and margin."""

    high: IntArray
    """(ALPHA_BINS, MARGIN_BINS) faces of the high-importance group."""
    low: IntArray
    """The same of the low-importance group."""
    boundary: float | None
    """The highest alpha of the low-importance group; None where it is empty."""


@dataclass(frozen=True, slots=True)
class DecidedCount:
    """Faces of a round that are decided alike."""

    start_label: int
    """The label the round began with."""
    action: Answer
    label: int | None
    """None: unsure, or excluded."""
    faces: int
    changes: bool
    """The label was wrong, as LABEL_WAS_WRONG says."""


class TimedWork(NamedTuple):
    """Of a round, without answers that Python, a script or a file brought: nobody knows how long they took."""

    minutes: int
    """In which a person gave such an answer, added up over people."""
    corrected: int
    """Decided faces whose label was wrong, with such an answer."""


@dataclass(frozen=True, slots=True)
class DoubtAnswers:
    """How people decided on the faces that a round doubts in one way."""

    doubt: Doubt
    corrected: int
    """Given another label, or excluded."""
    kept: int
    unsure: int

    @property
    def faces(self) -> int:
        """Decided ones."""
        return self.corrected + self.kept + self.unsure


@dataclass(frozen=True)
class DecidedSteps:
    """Decided faces of a round by the time their deciding answer was given."""

    unit: str
    """Length of a step: '10 minutes', 'hour', 'day', 'month' or 'year'."""
    start: tuple[str, ...]
    """Beginning of each step in UTC, ISO-8601 to the minute; steps without an answer are left out."""
    changed: IntArray
    """Faces whose label was corrected, or that were excluded."""
    unchanged: IntArray


_STEPS = (
    ("10 minutes", 15, "0", 10 * 60),
    ("hour", 13, ":00", 3600),
    ("day", 10, "T00:00", 24 * 3600),
    ("month", 7, "-01T00:00", 31 * 24 * 3600),
    ("year", 4, "-01-01T00:00", 366 * 24 * 3600),
)
"""Unit, how much of a time stamp names the step, the rest of its beginning, seconds."""


def score_bins(db: Database, round_id: int) -> ScoreBins:
    """Alpha against margin by group; all zero where the round has no scores. About a second for a million faces."""
    cell, faces, highest = read_columns(db.execute(_CELL, (round_id,)), np.int64, np.int64, np.float64)
    counts = np.zeros(ALPHA_BINS * MARGIN_BINS * 2, np.int64)
    counts[cell] = faces
    by_group = counts.reshape(ALPHA_BINS, MARGIN_BINS, 2)
    is_low: BoolArray = cell % 2 == 1
    return ScoreBins(by_group[..., 0], by_group[..., 1], float(highest[is_low].max()) if is_low.any() else None)


def doubt_bins(db: Database, round_id: int) -> IntArray:
    """(SUSPICION_BINS, len(DOUBTS)) faces by suspicion and doubt; all 0 where the round tells no kinds apart."""
    cell = f"min({SUSPICION_BINS - 1}, CAST(suspicion * {SUSPICION_BINS} AS INTEGER)) * {len(DOUBTS)} + doubt"
    there = f"doubt IS NOT NULL AND sample_id NOT IN {TAKEN_OUT}"
    sql = f"SELECT {cell}, count(*) FROM score WHERE round_id = ? AND {there} GROUP BY 1"
    cells, faces = read_columns(db.execute(sql, (round_id,)), np.int64, np.int64)
    counts = np.zeros(SUSPICION_BINS * len(DOUBTS), np.int64)
    counts[cells] = faces
    return counts.reshape(SUSPICION_BINS, len(DOUBTS))


def doubt_answers(db: Database, round_id: int) -> list[DoubtAnswers]:
    """Decided faces by kind of doubt, in the order of DOUBTS; kinds of which none is decided are left out."""
    sql = (
        f"SELECT c.doubt, sum({LABEL_WAS_WRONG}), sum(o.action = 'unsure'), count(*) {_DECIDED} "
        f"{_WHERE} AND c.doubt IS NOT NULL GROUP BY 1 ORDER BY 1"
    )
    rows = db.execute(sql, (round_id,))
    return [DoubtAnswers(DOUBTS[doubt], wrong, n - wrong - unsure, unsure) for doubt, wrong, unsure, n in rows]


def decided_counts(db: Database, round_id: int) -> list[DecidedCount]:
    """Decided faces of a round by label, action and new label."""
    sql = (
        f"SELECT c.start_label, o.action, o.label, count(*), {LABEL_WAS_WRONG} {_DECIDED} "
        f"{_WHERE} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )
    rows = db.execute(sql, (round_id,))
    return [DecidedCount(start, action, label, n, bool(wrong)) for start, action, label, n, wrong in rows]


def decided_outside(db: Database, round_id: int) -> int:
    """Decided faces of a round that its queue does not hold."""
    sql = f"SELECT count(*) FROM outcome o {_WHERE} AND {OUTSIDE_QUEUE}"
    return int(db.execute(sql, (round_id,)).fetchone()[0])


def decided_steps(db: Database, round_id: int) -> DecidedSteps:
    """When faces were decided, in the shortest steps that make MOST_STEPS or fewer."""
    ends = db.execute(
        "SELECT unixepoch(min(d.decided_at)), unixepoch(max(d.decided_at)) "
        f"FROM outcome o JOIN decision d ON d.seq = o.seq {_WHERE}",
        (round_id,),
    ).fetchone()
    span = 0 if ends[0] is None else ends[1] - ends[0]
    unit, length, rest, _ = next((step for step in _STEPS if span < (MOST_STEPS - 1) * step[3]), _STEPS[-1])
    sql = (
        f"SELECT substr(d.decided_at, 1, {length}), sum({LABEL_WAS_WRONG}), count(*) "
        f"{_DECIDED} JOIN decision d ON d.seq = o.seq "
        f"{_WHERE} GROUP BY 1 ORDER BY 1"
    )
    rows = db.execute(sql, (round_id,)).fetchall()
    changed = np.array([row[1] for row in rows], np.int64)
    return DecidedSteps(
        unit, tuple(row[0] + rest for row in rows), changed, np.array([row[2] for row in rows], np.int64) - changed
    )


def timed_work(db: Database, round_id: int) -> TimedWork:
    """What the answers of a round say of people's time: those that stand and that a browser measured the time of."""
    timed = f"FROM live_decision d WHERE d.round_id = :round AND {TIMED}"
    minutes = f"SELECT count(*) FROM (SELECT DISTINCT d.person_id, substr(d.decided_at, 1, 16) {timed})"
    corrected = (
        f"SELECT count(*) {_DECIDED} {_WHERE.replace('?', ':round')} AND {LABEL_WAS_WRONG} "
        f"AND o.sample_id IN (SELECT d.sample_id {timed})"
    )
    return TimedWork(*(int(db.execute(sql, {"round": round_id}).fetchone()[0]) for sql in (minutes, corrected)))


def open_readings(db: Database, round_id: int) -> int:
    """Answers that the queue of a round still waits for, hidden repeats left out."""
    sql = "SELECT coalesce(sum(n), 0) FROM queue_count WHERE round_id = ? AND action = '' AND kind <> 'repeat'"
    return int(db.execute(sql, (round_id,)).fetchone()[0])
