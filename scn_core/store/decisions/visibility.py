"""Who may see what others said of a face: the one rule, for every list, count, tile and history.

Several readings are blind to each other until all are in: while a round is in review and a face of it waits for
readings, nobody sees what others answered, took back or noted there. Own words are always seen, and so are the flags
of others, which say nothing of the label. A lead who settles readings that differ sees them because they are in.

Two kinds of items hide more until they are answered. An audit face hides all that others and the network ever said of
it, so that nothing suggests the answer; it does so in every round, as several can be in review at once. A repeat hides
what its reviewer said in this round, so that it looks new.
"""

from __future__ import annotations

from sqlite_utils import Database

from scn_core.records import QueueItem
from scn_core.store.decisions.record import RecordedDecision, history
from scn_core.store.people.people import Person


def unread(round_id: str, sample_id: str) -> str:
    """SQL: whether the face's readings are still blind to each other. Both arguments are SQL too."""
    face = f"round_id = {round_id} AND sample_id = {sample_id}"
    return (
        f"((SELECT state = 'review' FROM round WHERE id = {round_id}) "
        f"AND EXISTS (SELECT 1 FROM queue_item WHERE {face} AND slot = 1 AND reader IS NULL) "
        f"AND NOT EXISTS (SELECT 1 FROM outcome WHERE {face} AND state <> 'waiting'))"
    )


def _open_item(sample_id: str, condition: str) -> str:
    """SQL: whether a face waits for an answer in a round in review by an item that fulfils `condition`.

    Both arguments are SQL too; the condition is over `open_item` and its round, `open_round`. Rounds lead to the items
    of the face: the planner would go through all items, for every face anew.
    """
    return (
        "EXISTS (SELECT 1 FROM round open_round CROSS JOIN queue_item open_item INDEXED BY queue_reading "
        "ON open_item.round_id = open_round.id "
        f"AND open_item.sample_id = {sample_id} "
        f"WHERE open_round.state = 'review' AND open_item.action IS NULL AND {condition})"
    )


def open_audit(sample_id: str, *, other_than: str = "NULL") -> str:
    """SQL: whether a face is an audit face of any round in review, but of the one `other_than`, that waits for an
    answer. Both arguments are SQL too."""
    return _open_item(sample_id, f"open_round.id IS NOT {other_than} AND open_item.kind = 'audit'")


_ASKED_AGAIN = _open_item("d.sample_id", "open_round.id = d.round_id AND open_item.reader = :viewer")
HIDDEN = f"""iif(d.person_id = :viewer, {_ASKED_AGAIN},
  {open_audit("d.sample_id")}
  OR d.action NOT IN ('flag', 'skip') AND ({unread("d.round_id", "d.sample_id")}
    OR d.action <> 'note' AND {_ASKED_AGAIN}))"""
"""SQL of a decision d and the person :viewer, for lists over many faces: what `seen_history` leaves out. With several
readings an audit face hides until all are in, also from those who have given theirs."""
WITHHELD = _open_item("f.sample_id", "(open_item.kind = 'audit' OR open_item.reader = :viewer)")
"""SQL of a face f and the person :viewer: whether labels of it are not to be shown yet, as it is an audit face that
waits for an answer, or one that the viewer is asked about once more."""


def has_several_readings(db: Database, round_id: int) -> bool:
    """Whether the faces of the round are asked about more than once, of different people."""
    sql = (
        "SELECT EXISTS (SELECT 1 FROM queue_item WHERE round_id = :round AND slot = 1 AND reader IS NULL "
        "AND sample_id = (SELECT max(sample_id) FROM queue_item WHERE round_id = :round))"
    )
    return bool(db.execute(sql, {"round": round_id}).fetchone()[0])


def is_blind(db: Database, sample_id: int, item: QueueItem | None) -> bool:
    """Whether a face tells nothing of what others or the network say of it. `item`: as of `seen_history`."""
    if item is not None:
        return item.blind
    return bool(db.execute(f"SELECT {open_audit(':sample')}", {"sample": sample_id}).fetchone()[0])


def is_unread(db: Database, round_id: int, sample_id: int) -> bool:
    """Whether the face's readings in the round are still blind to each other."""
    row = db.execute(f"SELECT {unread(':round', ':sample')}", {"round": round_id, "sample": sample_id}).fetchone()
    return bool(row[0])


def seen_history(db: Database, sample_id: int, viewer: Person, item: QueueItem | None) -> list[RecordedDecision]:
    """What the viewer may see of the face's `history`. `item`: what the viewer is asked of it, as the store gave it."""
    rows, blind = history(db, sample_id), is_blind(db, sample_id, item)
    unread_in = {number for number in {row.decision.round for row in rows} if is_unread(db, number, sample_id)}
    return [row for row in rows if not _hidden(row, viewer, item, blind=blind, waits=row.decision.round in unread_in)]


def _hidden(row: RecordedDecision, viewer: Person, item: QueueItem | None, *, blind: bool, waits: bool) -> bool:
    decision = row.decision
    own, mark = decision.person == viewer.name, decision.action in ("flag", "skip")
    asked_again = item is not None and item.again and item.round == decision.round
    if own:
        return asked_again
    if blind:
        return True
    return (waits and not mark) or (asked_again and not mark and decision.action != "note")
