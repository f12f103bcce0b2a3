"""Which faces a person is asked about again, hidden among a page of new ones. What a repeat is: see `repeats`."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from sqlite_utils import Database

from scn_core.records import QueueFilter
from scn_core.store.queue import filter as filters
from scn_core.store.queue.filter import Pair
from scn_core.store.schema.expressions import ago

ANSWERS_BETWEEN = 60
SECONDS_BETWEEN = 20 * 60
"""A face may come again after so many answers, or after so long."""
_RECENT = 600
"""Drawn from so many of the answers that may come again, so that a page costs the same late in a round."""

_MINE = "q.round_id = :round AND q.listed = 1 AND q.answered_by = :viewer AND q.action IS NOT NULL"


def draw_repeats(
    db: Database,
    round_id: int,
    person_id: int,
    where: QueueFilter,
    pair: Pair | None,
    *,
    new: int,
    have: Collection[int],
) -> list[int]:
    """Items of this person to put among a page of `new` faces: open repeats that `have` lacks, and further ones.

    Of `pair` alone, where the page is: another one would be known as a repeat.

    Over a round their share of the person's answers is that of `ReviewSettings.repeats`. Which faces come again
    depends on nothing but the database and the time. To be called within a transaction.
    """
    share = share_of_repeats(db, round_id)
    if not share or new < 2:
        return []
    values = filters.parameters(db, round_id, person_id, where)
    counted = (
        "SELECT (SELECT coalesce(sum(n), 0) FROM answer_count WHERE round_id = :round AND person_id = :viewer), "
        "(SELECT count(*) FROM queue_item WHERE round_id = :round AND reader = :viewer)"
    )
    answers, asked = db.execute(counted, values).fetchone()
    still = (
        f"SELECT q.id FROM queue_item q WHERE q.round_id = :round AND q.reader = :viewer AND q.action IS NULL "
        f"AND NOT {filters.SKIPPED} AND {_among(pair)} ORDER BY q.id"
    )
    most = min(math.ceil(share * new), new - 1)
    found = [number for (number,) in db.execute(still, values) if number not in have][:most]
    further = min(most - len(found), int(share * answers) - asked)
    return found + [_ask(db, number, person_id) for number in _drawn(db, where, pair, values, further)]


def spread(new: Sequence[int], again: Sequence[int]) -> list[int]:
    """A page with the repeats at places that follow from their numbers alone."""
    page = list(new)
    for number in again:
        page.insert(number * 2_654_435_761 % 2**32 % (len(page) + 1), number)
    return page


def share_of_repeats(db: Database, round_id: int) -> float:
    """Share of a page that its reviewer has answered before, as the round's rules say; 0: no face is asked again."""
    row = db.execute("SELECT coalesce(review ->> 'repeats', 0) FROM round WHERE id = ?", (round_id,)).fetchone()
    return float(row[0]) if row else 0.0


def _among(pair: Pair | None) -> str:
    return "1" if pair is None else pair.sql


def _drawn(
    db: Database, where: QueueFilter, pair: Pair | None, values: dict[str, int | str | None], count: int
) -> list[int]:
    """Items under the filter that the person answered long enough ago and was not asked about again."""
    if count <= 0:
        return []
    rows = db.execute(
        f"""
        SELECT q.id, q.sample_id FROM queue_item q INDEXED BY queue_done_person
        WHERE {filters.conditions(where, several=False)} AND {_MINE}
          AND (q.answered_seq < (SELECT q.answered_seq FROM queue_item q INDEXED BY queue_done_person WHERE {_MINE}
              ORDER BY q.answered_seq DESC LIMIT 1 OFFSET {ANSWERS_BETWEEN - 1})
            OR (SELECT decided_at FROM decision WHERE seq = q.answered_seq) < {ago(SECONDS_BETWEEN)})
          AND NOT EXISTS (SELECT 1 FROM queue_item r WHERE r.round_id = q.round_id AND r.sample_id = q.sample_id
            AND r.kind = 'repeat' AND r.reader = :viewer)
          AND NOT {filters.SKIPPED} AND {_among(pair)}
        ORDER BY q.answered_seq DESC LIMIT {_RECENT}
        """,
        values,
    ).fetchall()
    by_lot = sorted(rows, key=lambda row: (row[1] * 2_654_435_761 % 2**32, row[1]))
    return [number for number, _ in by_lot[:count]]


def _ask(db: Database, number: int, person_id: int) -> int:
    """A repeat of the item; its slot is the reviewer's number, so that reviewers have one each."""
    db.execute(
        "INSERT INTO queue_item (round_id, sample_id, slot, kind, priority, alpha, margin, given_label, "
        "proposed_label, doubt, low_importance, listed, reader) SELECT round_id, sample_id, :person, 'repeat', "
        "(SELECT max(seq) FROM decision), alpha, margin, given_label, proposed_label, doubt, low_importance, 0, "
        ":person FROM queue_item WHERE id = :item",
        {"person": person_id, "item": number},
    )
    return int(db.execute("SELECT last_insert_rowid()").fetchone()[0])
