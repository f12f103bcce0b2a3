"""Names of pictures that leave the database: rows stay, under a name that says nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlite_utils import Database

from scn_core.errors import WorkspaceError
from scn_core.store.connection import transaction
from scn_core.store.events import log_event
from scn_core.store.sqlite_errors import database_path, is_busy, plain_errors
from scn_core.store.updates import former_keys, new_change


def erase_names(db: Database, sample_ids: Iterable[int]) -> None:
    """Take out the key, path, box and hash of faces; what people decided about them stays in the log."""
    ids = list(sample_ids)
    with plain_errors(database_path(db)):
        db.execute("PRAGMA secure_delete = ON")
    with transaction(db):
        change = new_change(db, "withdraw", {"erased": len(ids)})
        for number in ids:
            _erase_name(db, number, change)
        log_event(db, "faces erased", {"faces": len(ids)}, by=None)


def compact(db: Database) -> bool:
    """Write the database anew, so that nothing of what was erased is left in the file, nor in its -wal.

    False: others are at work in the database, and it keeps older pages until the last of them has closed it.
    """
    try:
        with plain_errors(database_path(db)):
            db.execute("VACUUM")
            busy, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except WorkspaceError as error:  # the names are out already, and whoever asked has to hear what is left
        if not is_busy(error):
            raise
        return False
    return not busy


def _erase_name(db: Database, number: int, change: int) -> None:
    neutral = f"erased/{number}"
    key, path = db.execute("SELECT key, path FROM sample WHERE id = ?", (number,)).fetchone()
    db.execute(
        "UPDATE sample SET key = ?, path = ?, digest = NULL, box_left = NULL, box_top = NULL, box_right = NULL, "
        "box_bottom = NULL, erased_in = ? WHERE id = ?",
        (neutral, neutral, change, number),
    )
    others = "SELECT 1 FROM sample WHERE path = :path AND (key = :path OR key > :path || '#' AND key < :path || '$')"
    in_use = db.execute(others, {"path": path}).fetchone() is not None  # by other faces of the picture
    for name in (key, *(() if in_use else (path,)), *former_names_of(db, [number])):
        db.execute(
            "UPDATE problem SET file = replace(file, :name, :neutral), found = replace(found, :name, :neutral), "
            "allowed = replace(allowed, :name, :neutral) WHERE instr(file || found || allowed, :name)",
            {"name": name, "neutral": neutral},
        )
        db.execute(
            "UPDATE round SET message = replace(message, :name, :neutral) "
            "WHERE state <> 'closed' AND instr(message, :name)",
            {"name": name, "neutral": neutral},
        )
        written = json.dumps(name)
        db.execute(
            "UPDATE data_change SET balance = replace(balance, :name, :neutral) WHERE instr(balance, :name)",
            {"name": written, "neutral": json.dumps(neutral)},
        )


def keys_of(db: Database, sample_ids: Iterable[int]) -> list[str]:
    """Keys of faces."""
    asked = json.dumps(list(sample_ids))
    sql = "SELECT key FROM sample WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"
    return [key for (key,) in db.execute(sql, (asked,))]


def former_names_of(db: Database, sample_ids: Iterable[int]) -> list[str]:
    """Keys that faces had before their pictures were moved."""
    asked = set(sample_ids)
    return [key for key, number in former_keys(db) if number in asked]
