"""Faces that are taken out: asked of nobody any more, and in no later round."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter

from sqlite_utils import Database

from scn_core.errors import DataError
from scn_core.store.connection import transaction
from scn_core.store.decisions.outcomes import readings_of, refresh_outcome
from scn_core.store.updates import new_change


def withdraw_faces(db: Database, keys: Iterable[str]) -> list[int]:
    """Take faces out: in no round, queue or export any more, nothing of their pictures shown. Their ids, rising.

    All or none. What people decided stays in the log. Faces that are out already are passed over. Raises DataError for
    a key that is unknown.
    """
    with transaction(db):
        ids = sorted({_id_of(db, key) for key in keys})
        asked = json.dumps(ids)
        ids = [row[0] for row in db.execute(
            "SELECT id FROM sample WHERE id IN (SELECT value FROM json_each(?)) AND withdrawn_in IS NULL ORDER BY id",
            (asked,),
        )]  # fmt: skip
        if ids:
            change = new_change(db, "withdraw", {"withdrawn": len(ids)})
            db.conn.executemany("UPDATE sample SET withdrawn_in = ? WHERE id = ?", [(change, each) for each in ids])
            for each in ids:
                _unask(db, each)
    return ids


def same_pictures(db: Database, sample_ids: Iterable[int]) -> list[str]:
    """Keys of other faces, not taken out, that have the same picture, byte for byte, as one of these."""
    asked = json.dumps(list(sample_ids))
    sql = (
        "SELECT o.key FROM sample o WHERE o.withdrawn_in IS NULL AND o.digest IN (SELECT digest FROM sample "
        "WHERE id IN (SELECT value FROM json_each(?))) ORDER BY o.id"
    )
    return [key for (key,) in db.execute(sql, (asked,))]


def _unask(db: Database, sample_id: int) -> None:
    """Open readings of a face are asked of nobody any more; those that were answered stay, in the first slots."""
    face = "sample_id = :sample AND round_id IN (SELECT id FROM round WHERE state = 'review')"
    values = {"sample": sample_id}
    db.execute(f"DELETE FROM queue_item WHERE {face} AND action IS NULL", values)
    left = f"SELECT DISTINCT round_id, slot FROM queue_item WHERE {face} AND reader IS NULL ORDER BY round_id, slot"
    for round_id, slots in groupby(db.execute(left, values).fetchall(), key=itemgetter(0)):
        for place, (_, slot) in enumerate(slots):
            db.execute(
                "UPDATE queue_item SET slot = ? WHERE round_id = ? AND sample_id = ? AND slot = ? AND reader IS NULL",
                (place, round_id, sample_id, slot),
            )
        refresh_outcome(db, round_id, sample_id, readings_of(db, round_id, sample_id))  # fewer answers are needed


def _id_of(db: Database, key: str) -> int:
    row = db.execute("SELECT id FROM sample WHERE key = ?", (key,)).fetchone()
    if row is None:
        raise DataError(f"found face {key!r}; allowed: keys of faces in the workspace, as exports write them")
    return int(row[0])
