"""Reading the queue of a round: pages of it in any order, single faces, and how many there are of what."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice

from sqlite_utils import Database

from scn_core.errors import WorkspaceError
from scn_core.records import QueueFilter, QueueItem
from scn_core.store import queue_counts as counting
from scn_core.store.answers import ITEM_OF_VIEWER
from scn_core.store.queue_counts import PairCount, QueueCounts
from scn_core.store.queue_filter import check_filter
from scn_core.store.queue_items import load_items
from scn_core.store.queue_order import Place, Walk

__all__ = ["PairCount", "QueueCounts", "items_of", "open_left", "page_items", "queue_counts", "unreviewed"]


def page_items(
    db: Database, round_id: int, viewer_id: int, where: QueueFilter, *, after: str | None = None, limit: int = 60
) -> tuple[list[QueueItem], str | None]:
    """The next `limit` items under the filter and where to go on (`after` of the next call); None: that was all.

    Takes no leases, and shows items others hold. Raises WorkspaceError for a filter or a cursor that cannot be.
    """
    check_filter(where)
    walk = Walk(db, round_id, viewer_id, where)
    found = list(islice(walk.items(None if after is None else _place(after)), max(limit, 0) + 1))
    more = len(found) > limit > 0
    page = found[:limit]
    cursor = json.dumps(page[-1].place) if more else None
    return load_items(db, viewer_id, [each.place.id for each in page]), cursor


def items_of(
    db: Database, round_id: int, viewer_id: int, sample_ids: Sequence[int], *, again: bool = True
) -> list[QueueItem]:
    """One item a face in the order asked: the viewer's own reading, else an open one, else the first.

    With `again` what the viewer has on screen to answer once more comes before all of these. Faces that are not in the
    queue of the round are left out.
    """
    who = {"round": round_id, "viewer": viewer_id, "again": again}
    found = (db.execute(ITEM_OF_VIEWER, {**who, "sample": sample}).fetchone() for sample in sample_ids)
    return load_items(db, viewer_id, [row[0] for row in found if row is not None])


def queue_counts(db: Database, round_id: int, viewer_id: int, where: QueueFilter) -> QueueCounts:
    """The counts beside a page of this filter."""
    check_filter(where)
    return counting.counted(db, round_id, viewer_id, where)


def open_left(db: Database, round_id: int, viewer_id: int, where: QueueFilter) -> int:
    """How many open items match, whatever state the filter names."""
    check_filter(where)
    return counting.open_left(db, round_id, viewer_id, where)


def unreviewed(db: Database, round_id: int) -> int:
    """Faces of the round's queue that still wait for an answer."""
    sql = "SELECT count(DISTINCT sample_id) FROM queue_item WHERE round_id = ? AND listed = 1 AND action IS NULL"
    return int(db.execute(sql, (round_id,)).fetchone()[0])


def _place(cursor: str) -> Place:
    try:
        group, section, key, number = json.loads(cursor)
        if not all(type(value) is int for value in (group, section, number)) or type(key) not in (int, float):
            raise ValueError("not numbers")
        if not all(abs(value) < 2**62 for value in (group, section, key, number)):  # NaN and infinity too
            raise ValueError("out of range")
    except (ValueError, TypeError) as error:
        raise WorkspaceError(f"found the cursor {cursor[:100]!r}; allowed: one that a page gave; begin anew") from error
    return Place(group, section, key, number)
