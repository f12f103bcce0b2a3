"""Who has which open item on screen: short leases, so that two people never get the same face."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from scn_core.errors import WorkspaceError, error_text
from scn_core.records import QueueFilter, QueueItem
from scn_core.store.connection import transaction
from scn_core.store.decisions.effects import LEASE_S
from scn_core.store.queue.browse import load_items
from scn_core.store.queue.draw_repeats import draw_repeats, spread
from scn_core.store.queue.filter import ELSEWHERE, SKIPPED, Pair, check_filter, pair_keys
from scn_core.store.queue.learned_order import learned_items
from scn_core.store.queue.walk import Walk
from scn_core.store.schema.expressions import NOW, from_now

__all__ = ["LEASE_S", "Claim", "LeaseInfo", "claim_faces", "claim_items", "leases", "release_leases", "renew_leases"]

_AT_ONCE = 500
"""Faces looked up in one query, where those asked for may be thousands and a page is soon full."""
_VOID = f"(q.lease_until < {NOW} OR q.lease_until > {from_now(LEASE_S)})"
"""SQL: whether lease `q` has run out, or ends later than one that begins now: the clock was set back since."""


@dataclass(frozen=True)
class Claim:
    """What a person holds after asking for a page."""

    items: list[QueueItem]
    """The further items, in the order asked for, leased to the person for LEASE_S."""
    lost: list[int]
    """Those of `have` that are no longer the person's, or answered."""


@dataclass(frozen=True, slots=True)
class LeaseInfo:
    """What one person holds of a round."""

    person_id: int
    person: str
    items: int
    until: str
    """When the last of them runs out."""


def claim_items(
    db: Database,
    round_id: int,
    person_id: int,
    where: QueueFilter,
    *,
    limit: int,
    have: Sequence[int] = (),
    leave_out: Sequence[int] = (),
    tab: str | None = None,
) -> Claim:
    """Renew the leases on `have` and lease up to `limit` more open items in order.

    `have`: `QueueItem.id` of what is on screen or prefetched. Of these, what nobody holds is leased again, as
    `renew_leases` does. Leases run out for everybody first. Never given: faces this person has answered, skipped or
    holds otherwise. A person's own items that are not in `have` (after a reload) come again in their place. Where the
    round has repeats, some of the page are faces this person answered before, see `repeats`. Where grouped, all are of
    one pair of given and proposed label, and of none that an item of `leave_out` is of. `where.state` open alone;
    nothing is given of a round that is not in review. `tab`: the browser tab that shows them, see `release_leases`.
    Raises WorkspaceError for a filter that cannot be.
    """
    check_filter(where)
    if where.state != "open":
        raise WorkspaceError(error_text("claim", f"state {where.state}", "open", "page_items shows the others"))
    with transaction(db):
        _expire(db)
        kept = _renew(db, person_id, have, tab)
        held = set(kept.values())
        pair, ids = None, list[int]()
        if _in_review(db, round_id):
            without = pair_keys(db, leave_out)
            pair, ids = _next(db, round_id, person_id, where, limit=limit, have=held, without=without)
        again = draw_repeats(db, round_id, person_id, where, pair, new=len(ids), have=held)
        ids = spread(ids[: limit - len(again)], again)
        _lease(db, person_id, ids, tab)
    return Claim(load_items(db, person_id, ids), [item for item in have if item not in kept])


def claim_faces(
    db: Database,
    round_id: int,
    person_id: int,
    sample_ids: Sequence[int],
    *,
    limit: int,
    pair: tuple[int, int | None] | None = None,
    tab: str | None = None,
) -> list[QueueItem]:
    """Lease up to `limit` of these faces, in the order given, as far as they are open to this person.

    What `claim_items` would not give is left out, and so are audit faces and repeats: whoever chose the faces knows
    something of them that would sway an answer. What this person holds already is among them. With `pair` only those
    of this given and proposed label. Nothing is given of a round that is not in review.
    """
    walk = Walk(db, round_id, person_id, QueueFilter())
    given, proposed = pair or (None, None)
    values = walk.values | {"of_given": given, "of_proposed": proposed}
    of_pair = "" if pair is None else "AND q.given_label = :of_given AND q.proposed_label IS :of_proposed"
    sql = f"""SELECT q.sample_id, q.id FROM json_each(:samples) asked
      CROSS JOIN queue_item q INDEXED BY queue_reading ON q.sample_id = asked.value
      WHERE q.action IS NULL {of_pair} AND q.kind NOT IN ('audit', 'repeat')
        AND coalesce(q.lease_person, :viewer) = :viewer AND {walk.common} AND NOT {ELSEWHERE}
      ORDER BY asked.key, q.lease_person IS NULL, q.slot"""
    with transaction(db):
        _expire(db)
        chosen: dict[int, int] = {}
        for start in range(0, len(sample_ids) if _in_review(db, round_id) else 0, _AT_ONCE):
            asked = json.dumps(sample_ids[start : start + _AT_ONCE])
            for sample, item in db.execute(sql, values | {"samples": asked}):
                chosen.setdefault(sample, item)
            if len(chosen) >= limit:
                break
        ids = list(chosen.values())[:limit]
        _lease(db, person_id, ids, tab)
    return load_items(db, person_id, ids)


def renew_leases(db: Database, person_id: int, items: Sequence[int], *, tab: str | None = None) -> list[int]:
    """Hold the items for another LEASE_S; those now held, in the order given.

    An item that nobody holds any more (its lease ran out while a computer slept, or another browser of the same person
    gave it back) is leased again, unless it is answered or this person answered, skipped or holds the face otherwise.
    """
    with transaction(db):
        _expire(db)
        return list(_renew(db, person_id, items, tab))


def release_leases(
    db: Database, person_id: int, items: Sequence[int] | None = None, *, tab: str | None = None
) -> int:  # fmt: skip
    """Give the items back, all of this person's where None; how many were given back.

    Of `items` those stay leased that another tab of the person shows, be it on another device: one that claimed or
    renewed them under a name of its own less than LEASE_S ago. `tab` is the one that shows them no more.
    """
    sql = "UPDATE queue_item AS q SET lease_person = NULL, lease_until = NULL WHERE q.lease_person = :person"
    with transaction(db):
        if items is None:
            db.execute("DELETE FROM lease_tab WHERE person_id = ?", (person_id,))
            return db.execute(sql, {"person": person_id}).rowcount
        _expire(db)
        readings = f"SELECT q.id FROM queue_item q WHERE {_of_face(':item')}"
        leave = f"DELETE FROM lease_tab WHERE tab = :tab AND item IN ({readings})"
        shown = "EXISTS (SELECT 1 FROM lease_tab t WHERE t.item = q.id AND t.person_id = :person)"
        freed = 0
        for item in items:
            asked = {"person": person_id, "item": item, "tab": tab}
            db.execute(leave, asked)
            freed += db.execute(f"{sql} AND {_of_face(':item')} AND NOT {shown}", asked).rowcount
        return freed


def leases(db: Database, round_id: int) -> list[LeaseInfo]:
    """Who holds how many items of the round now, by name."""
    rows = db.execute(
        f"""
        SELECT p.id, p.name, count(*), max(q.lease_until) FROM queue_item q INDEXED BY queue_leased
        JOIN person p ON p.id = q.lease_person
        WHERE q.round_id = ? AND q.lease_person IS NOT NULL AND NOT {_VOID} GROUP BY p.id ORDER BY p.name
        """,
        (round_id,),
    )
    return [LeaseInfo(*row) for row in rows]


def _of_face(item: str) -> str:
    """SQL: the readings `q` of the face with the number `item`, SQL too; see `QueueItem.id`."""
    return f"(q.round_id, q.sample_id) = (SELECT n.round_id, n.sample_id FROM queue_item n WHERE n.id = {item})"


def _expire(db: Database) -> None:
    db.execute(f"UPDATE queue_item AS q SET lease_person = NULL, lease_until = NULL WHERE {_VOID}")
    db.execute(f"DELETE FROM lease_tab AS q WHERE {_VOID}")


def _renew(db: Database, person_id: int, items: Sequence[int], tab: str | None) -> dict[int, int]:
    """Number of a face -> the item of it that the person holds now."""
    free = f"""q.action IS NULL AND q.lease_person IS NULL AND coalesce(q.reader, :viewer) = :viewer
      AND NOT {SKIPPED} AND NOT {ELSEWHERE}
      AND (SELECT state FROM round WHERE id = q.round_id) = 'review'"""
    mine = f"""SELECT q.id FROM queue_item q
      WHERE {_of_face("asked.value")} AND (q.lease_person = :viewer OR (q.listed = 1 OR q.reader = :viewer) AND {free})
      ORDER BY q.lease_person IS NOT :viewer, q.slot LIMIT 1"""
    asked = {"items": json.dumps(list(items)), "viewer": person_id}
    found = db.execute(f"SELECT asked.value, ({mine}) FROM json_each(:items) asked", asked)
    kept = {item: mine_now for item, mine_now in found if mine_now is not None}
    _lease(db, person_id, list(kept.values()), tab)
    return kept


def _lease(db: Database, person_id: int, items: Sequence[int], tab: str | None) -> None:
    asked = {"person": person_id, "items": json.dumps(list(items)), "tab": tab}
    sql = f"UPDATE queue_item SET lease_person = :person, lease_until = {from_now(LEASE_S)} WHERE id IN "
    db.execute(f"{sql} (SELECT value FROM json_each(:items))", asked)
    if tab is not None:
        row = f"SELECT value, :tab, :person, {from_now(LEASE_S)} FROM json_each(:items)"
        db.execute(f"INSERT OR REPLACE INTO lease_tab (item, tab, person_id, lease_until) {row}", asked)


def _next(
    db: Database,
    round_id: int,
    person_id: int,
    where: QueueFilter,
    *,
    limit: int,
    have: Container[int],
    without: Container[tuple[int, int | None]],
) -> tuple[Pair | None, list[int]]:
    """The next items for this person in order, each face once; where grouped, those of the first pair that has any."""
    chosen: dict[int, int] = {}
    if limit <= 0:
        return None, []
    walk = Walk(db, round_id, person_id, where, holder="mine or nobody")
    for rank, pair in enumerate(walk.groups()):
        if pair is not None and (not pair.open or pair.key in without):
            continue
        for item, sample in _in_order(db, round_id, person_id, where, walk, rank, pair):
            if item in have or sample in chosen:
                continue
            chosen[sample] = item
            if len(chosen) == limit:
                break
        if chosen:
            return pair, list(chosen.values())
    return None, []


def _in_order(
    db: Database, round_id: int, person_id: int, where: QueueFilter, walk: Walk, rank: int, pair: Pair | None
) -> Iterator[tuple[int, int]]:
    """(item, sample) of one group, some twice: those that answers have taught first, then the rest."""
    yield from learned_items(db, round_id, person_id, where, walk.common, pair)
    yield from ((found.place.id, found.sample_id) for found in walk.group(rank, pair))


def _in_review(db: Database, round_id: int) -> bool:
    row = db.execute("SELECT state = 'review' FROM round WHERE id = ?", (round_id,)).fetchone()
    return bool(row and row[0])
