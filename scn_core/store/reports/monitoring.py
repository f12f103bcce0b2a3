"""Figures for a program that watches the server: read from small tables, however many faces there are."""

from __future__ import annotations

from dataclasses import dataclass

from sqlite_utils import Database

from scn_core.records import ANSWERS, RoundState
from scn_core.store.hook_delivery import HookState, hook_states
from scn_core.store.schema.expressions import NOW

OPEN = "open"
"""Of a reading: nobody has answered it."""
READING_STATES = (OPEN, *ANSWERS)


@dataclass(frozen=True)
class WatchedState:
    """What the database is at. Nothing of it names a person or a picture."""

    rounds: dict[RoundState, int]
    """How many rounds are in each state that one is in."""
    readings: dict[int, dict[str, int]]
    """Of each round in review: its readings, by `READING_STATES`. A face that two people read has two."""
    leased: dict[int, int]
    """Of each round in review: readings that somebody has on screen, or had within the last two minutes."""
    sessions: int
    """That have not run out."""
    decisions: int
    """Number of the newest: answers, marks and undos since the workspace was made."""
    backup_s: float | None
    """Seconds since the newest backup that was asked for; None: none was."""
    hooks: dict[str, HookState]
    """How it goes with each hook, by name."""


def watched_state(db: Database) -> WatchedState:
    """The state now. Some milliseconds for a million faces: it reads counts and partial indexes."""
    rounds = dict(db.execute("SELECT state, count(*) FROM round GROUP BY state").fetchall())
    reviewed = [number for (number,) in db.execute("SELECT id FROM round WHERE state = 'review' ORDER BY id DESC")]
    backup = f"SELECT (julianday({NOW}) - julianday(max(at))) * 86400 FROM event WHERE what = 'backup made'"
    return WatchedState(
        rounds,
        {number: _readings(db, number) for number in reviewed},
        {number: _count(db, _LEASED, number) for number in reviewed},
        _count(db, f"SELECT count(*) FROM session WHERE expires_at > {NOW}"),
        _count(db, "SELECT coalesce(max(seq), 0) FROM decision"),
        db.execute(backup).fetchone()[0],
        {hook.name: hook for hook in hook_states(db)},
    )


_LEASED = f"""SELECT count(*) FROM queue_item INDEXED BY queue_leased
WHERE round_id = ? AND lease_person IS NOT NULL AND lease_until > {NOW}"""


def _readings(db: Database, round_id: int) -> dict[str, int]:
    rows = db.execute("SELECT action, sum(n) FROM queue_count WHERE round_id = ? GROUP BY action", (round_id,))
    counts = {action or OPEN: int(n) for action, n in rows}
    return {state: counts.get(state, 0) for state in READING_STATES}


def _count(db: Database, sql: str, *values: int) -> int:
    return int(db.execute(sql, values).fetchone()[0])
