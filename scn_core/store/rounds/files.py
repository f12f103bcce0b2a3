"""Hashes of the files that a round left in its folder, so that one that was changed or damaged is noticed."""

from __future__ import annotations

from collections.abc import Mapping

from sqlite_utils import Database


def record_files(db: Database, round_id: int, hashes: Mapping[str, str]) -> None:
    """Keep the SHA-256, in hexadecimal, of files by name; one of a name that is known takes its place.

    To be called within a transaction.
    """
    rows = [(round_id, name, sha256) for name, sha256 in hashes.items()]
    db.conn.executemany("INSERT OR REPLACE INTO round_file VALUES (?, ?, ?)", rows)


def recorded_files(db: Database) -> dict[int, dict[str, str]]:
    """By round that ended: name -> SHA-256. Rounds from before hashes were kept have none."""
    found: dict[int, dict[str, str]] = {
        number: {} for (number,) in db.execute("SELECT id FROM round WHERE state IN ('review', 'closed') ORDER BY id")
    }
    for round_id, name, sha256 in db.execute("SELECT round_id, name, sha256 FROM round_file ORDER BY 1, 2"):
        found.setdefault(round_id, {})[name] = sha256
    return found
