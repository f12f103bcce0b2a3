"""Whether the log of decisions is as it was written: its numbers, its running hash."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlite_utils import Database

from scn_core.store.schema.running_hash import HASHED, running_hash


class HistoryEnd(NamedTuple):
    """The newest decision and its hash, which stands for everything before it too."""

    seq: int
    """0: there is no decision."""
    hash: str
    """64 hexadecimal digits; empty where there is no decision."""


def history_end(db: Database) -> HistoryEnd:
    """Where the log ends now."""
    row = db.execute("SELECT seq, hash FROM decision ORDER BY seq DESC LIMIT 1").fetchone()
    return HistoryEnd(0, "") if row is None else HistoryEnd(row[0], row[1] or "")


def broken_history(db: Database) -> list[str]:
    """Every place where the log is not as it was written, in words; empty where it is.

    Reads the log whole: about 2 s for a million decisions. Of one moment only within `snapshot`.
    """
    return list(_breaks(db))


def is_prefix(db: Database, end: HistoryEnd) -> bool:
    """Whether the log of now goes on from this end: its first `seq` decisions are those of then."""
    if end.seq == 0:
        return True
    row = db.execute("SELECT hash FROM decision WHERE seq = ?", (end.seq,)).fetchone()
    return row is not None and bool(row[0] == end.hash)


def _breaks(db: Database) -> Iterator[str]:
    due, before = 1, ""
    for *row, stored in db.execute(f"SELECT {', '.join(HASHED)}, hash FROM decision ORDER BY seq"):
        if row[0] != due:
            yield f"found decision {row[0]} where {due} is due"
        if stored is None:
            yield f"decision {row[0]} has no hash: it was written by another program"
        elif running_hash(before, row) != stored:
            yield f"decision {row[0]} or its hash is not as it was written"
        due, before = row[0] + 1, stored
    row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'decision'").fetchone()
    if row is not None and row[0] >= due:
        yield f"decisions {due} to {row[0]} are missing at the end"
