"""Faces that are taken out: asked of nobody any more, and in no later round."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from sqlite_utils import Database

from scn_core.errors import DataError
from scn_core.store.connection import transaction
from scn_core.store.decisions.outcomes import readings_of, refresh_outcome
from scn_core.store.hooks import tell_face
from scn_core.store.opinions import forget_faces
from scn_core.store.pictures import forget_pictures
from scn_core.store.updates import new_change


def withdraw_faces(db: Database, keys: Iterable[str]) -> list[int]:
    """Take faces out: in no round, queue or export any more, nothing of their pictures shown. Their ids, rising.

    All or none. What people decided stays in the log. Faces that are out already are passed over. Raises DataError for
    a key that is unknown.
    """
    with transaction(db):
        ids = ids_of(db, keys)
        asked = json.dumps(ids)
        ids = [row[0] for row in db.execute(
            "SELECT id FROM sample WHERE id IN (SELECT value FROM json_each(?)) AND withdrawn_in IS NULL ORDER BY id",
            (asked,),
        )]  # fmt: skip
        if ids:
            change = new_change(db, "withdraw", {"withdrawn": len(ids)})
            db.conn.executemany("UPDATE sample SET withdrawn_in = ? WHERE id = ?", [(change, each) for each in ids])
            forget_faces(db, ids)
            forget_pictures(db, ids)
            for each in ids:
                _unask(db, each)
    return ids


@dataclass(frozen=True)
class PictureFiles:
    """The pictures of faces that were taken out: their files, and where else they are."""

    free: tuple[str, ...]
    """Paths of pictures that no face is left in."""
    kept: tuple[str, ...]
    """Keys of other faces in the same files, not taken out."""
    same: tuple[str, ...]
    """Keys of faces, not taken out, that have the same picture, byte for byte, in another file, and not another box."""


def picture_files_of(db: Database, sample_ids: Iterable[int]) -> PictureFiles:
    """What is left of the pictures of faces that were taken out."""
    values = {"ids": json.dumps(list(sample_ids))}
    gone = "SELECT {} FROM sample WHERE id IN (SELECT value FROM json_each(:ids))"
    paths = [path for (path,) in db.execute(f"{gone.format('DISTINCT path')} ORDER BY id", values)]
    # Keys are the path, or the path, '#' and a number, so the index of keys finds the faces of a picture.
    others = (
        f"SELECT o.path, o.key FROM ({gone.format('DISTINCT path')}) p CROSS JOIN sample o ON o.path = p.path "
        "AND (o.key = p.path OR o.key > p.path || '#' AND o.key < p.path || '$') "
        "WHERE o.withdrawn_in IS NULL ORDER BY o.id"
    )
    kept = db.execute(others, values).fetchall()
    same = db.execute(
        "SELECT o.key FROM sample o WHERE o.withdrawn_in IS NULL "
        f"AND o.digest IN ({gone.format('digest')}) AND EXISTS ({gone.format('1')} AND digest = o.digest "
        "AND path <> o.path AND (box_left IS NULL OR o.box_left IS NULL OR (box_left, box_top, box_right, box_bottom) "
        "= (o.box_left, o.box_top, o.box_right, o.box_bottom))) ORDER BY o.id",
        values,
    )
    in_use = {path for path, _ in kept}
    free = tuple(path for path in paths if path not in in_use)
    return PictureFiles(free, tuple(key for _, key in kept), tuple(key for (key,) in same))


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
        if refresh_outcome(db, round_id, sample_id, readings_of(db, round_id, sample_id)):  # fewer answers are needed
            tell_face(db, round_id, sample_id)


def ids_of(db: Database, keys: Iterable[str]) -> list[int]:
    """The faces of these keys, each once, rising. Raises DataError for a key that is unknown."""
    return sorted({_id_of(db, key) for key in keys})


def _id_of(db: Database, key: str) -> int:
    row = db.execute("SELECT id FROM sample WHERE key = ?", (key,)).fetchone()
    if row is None:
        raise DataError(f"found face {key!r}; allowed: keys of faces in the workspace, as exports write them")
    return int(row[0])
