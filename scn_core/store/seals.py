"""Seals: a digest of every table that labels follow from, so that damage of the file is noticed before it does harm.

Triggers mark a part of a table as unsealed when a statement changes it, and the transaction seals it again before its
commit. A bit that flips on the disk calls no trigger: then content and seal differ.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from scn_core.store import schema

_SCHEMA = Path(str(schema.__file__)).with_name("current.sql").read_text(encoding="utf-8")
_OURS = json.dumps(re.findall(r'^CREATE (?:UNIQUE )?(?:TABLE|INDEX|TRIGGER|VIEW) "?(\w+)', _SCHEMA, re.MULTILINE))
"""Names of our definitions: what others add to the file, such as views of their own, is not sealed."""

_ROWS = {
    "schema": "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name IN (SELECT value FROM json_each(:ours)) "
    "ORDER BY type, name",
    "class": "SELECT number, name FROM class ORDER BY number",
    "sample": "SELECT id, key, path, split, given_label, box_left, box_top, box_right, box_bottom, hex(digest), "
    "added_in, vanished_in, withdrawn_in FROM sample ORDER BY id",
    "vote": "SELECT sample_id, annotator, label, other, votes FROM vote ORDER BY rowid",
    "spelling": "SELECT label, written, rows FROM spelling ORDER BY label, written",
    "data_change": "SELECT id, kind, made_at, seq, balance FROM data_change ORDER BY id",
    "given_version": "SELECT sample_id, replaced_in, label FROM given_version ORDER BY sample_id, replaced_in",
    "person": "SELECT id, name FROM person WHERE id = :part",
    "round": "SELECT id, parent, state, review FROM round WHERE id = :part",
    "score": "SELECT sample_id, alpha, p_given, p_max, predicted_label, margin, suspicion, low_importance, "
    "proposed_label, trained_label, hex(probabilities), start_label, second_label, doubt, suspicious FROM score "
    "WHERE round_id = :part ORDER BY sample_id",
}
"""Subject -> the rows of one of its parts."""

_PARTS = """
SELECT 'person', id FROM person UNION ALL SELECT 'round', id FROM round
UNION ALL SELECT 'score', id FROM round r WHERE EXISTS (SELECT 1 FROM score WHERE round_id = r.id)
"""
_CHUNK = 1_000
"""Rows digested at a time. Part of what a digest means."""


def seal_changed(db: Database) -> None:
    """Seal the parts that this transaction has changed. To be called within it, at its end."""
    try:
        parts = db.execute("SELECT subject, part FROM seal WHERE digest IS NULL").fetchall()
    except sqlite3.OperationalError:
        if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'seal'").fetchone():
            raise
        return  # a schema of before m0010, as migrations pass through
    for subject, part in parts:
        _seal(db, subject, part)


def seal_all(db: Database) -> None:
    """Seal everything as it is now, as after a change of the schema. To be called within a transaction."""
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'seal'").fetchone():
        return
    db.execute("DELETE FROM seal")
    for subject, part in _parts(db):
        _seal(db, subject, part)


def broken_seals(db: Database) -> list[str]:
    """The parts whose content is not what was sealed, in words; empty where all are.

    Reads the sealed tables whole: about a second for 300,000 faces and a round. Parts that another program changed,
    which are unsealed until this one writes next, are passed over. Of one moment only within `snapshot`.
    """
    sealed = {(subject, part): digest for subject, part, digest in db.execute("SELECT * FROM seal")}
    wanted = set(_parts(db)) | set(sealed)
    return [
        f"{_words(subject, part)} is not as it was written"
        for subject, part in sorted(wanted)
        if subject not in _ROWS or sealed.get((subject, part), "") not in (None, _digest(db, subject, part))
    ]


def unsealed(db: Database) -> list[str]:
    """The parts that another program has changed since this one wrote last, such as `row 3 of table person`."""
    rows = db.execute("SELECT subject, part FROM seal WHERE digest IS NULL ORDER BY 1, 2")
    return [_words(subject, part) for subject, part in rows]


def _parts(db: Database) -> list[tuple[str, int]]:
    whole = [(subject, 0) for subject, rows in _ROWS.items() if ":part" not in rows]
    return whole + db.execute(_PARTS).fetchall()


def _seal(db: Database, subject: str, part: int) -> None:
    db.execute("INSERT OR REPLACE INTO seal VALUES (?, ?, ?)", (subject, part, _digest(db, subject, part)))


def _digest(db: Database, subject: str, part: int) -> str:
    digest = hashlib.sha256()
    cursor = db.execute(_ROWS[subject], {"part": part, "ours": _OURS})
    while rows := cursor.fetchmany(_CHUNK):
        for column in zip(*rows, strict=True):
            digest.update(_packed(column))
    return digest.hexdigest()


def _packed(column: Sequence[Any]) -> bytes:
    """A column's values as bytes that are the same on every machine; floats apart, as writing them as text is slow."""
    if all(type(value) is float for value in column):
        return struct.pack(f"<{len(column)}d", *column)
    return json.dumps(column, separators=(",", ":")).encode("ascii")


def _words(subject: str, part: int) -> str:
    if subject == "schema":
        return "the schema"
    of = {"score": f"round {part} of ", "round": f"row {part} of ", "person": f"row {part} of "}.get(subject, "")
    return f"{of}table {subject}"
