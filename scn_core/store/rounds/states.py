"""Rounds and their epochs: running -> review -> closed, or running -> failed / cancelled -> running again.

Every change of state is one UPDATE that names the state it expects, within one transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import astuple, fields
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlite_utils import Database

from scn_core.config import ReviewSettings
from scn_core.errors import WorkspaceError, error_text
from scn_core.records import BoolArray, EpochReport, RoundInfo, RoundScores, RoundState
from scn_core.store.connection import transaction
from scn_core.store.events import What, log_event
from scn_core.store.hooks import tell
from scn_core.store.pictures import exact_copies
from scn_core.store.queue.build_queue import QueuePlan, insert_queue, plan_queue
from scn_core.store.rounds.better_round import is_worse, to_review
from scn_core.store.rounds.files import record_files
from scn_core.store.schema.expressions import NOW, ago, from_now
from scn_core.store.scores import check_scores, insert_scores

STALE_AFTER_S = 120
"""A running round without a heartbeat for this long has ended without a word (killed, power cut)."""

# Of a heartbeat to come, too: the clock was set back since.
_STALE = f"(state = 'running' AND heartbeat_at NOT BETWEEN {ago(STALE_AFTER_S)} AND {from_now(STALE_AFTER_S)})"
_ROUND = (
    "SELECT id, parent, state, config, code_version, started_at, finished_at, heartbeat_at, message, metrics, "
    "review FROM round"
)
SCORED: tuple[RoundState, ...] = ("review", "closed")
"""The states of rounds that have scores."""
_ONE_READING = ReviewSettings()
_EPOCH = tuple(field.name for field in fields(EpochReport))


class EarlierRounds(NamedTuple):
    """What became of the rounds in review when another one ended and was to close them, by number."""

    closed: list[int]
    kept: list[int]
    """Better than the one that ended, which is why they stay in review."""


def start_round(db: Database, config: Mapping[str, Any], *, code_version: str, parent: int | None = None) -> int:
    """Begin a round in state running and return its number.

    Raises WorkspaceError while another is running; ask `stale_round` first to resume or fail one that died.
    """
    with transaction(db):
        number = _start(db, config, code_version, parent)
        log_event(db, "round started", {"round": number}, by=None)
    return number


def mark_dead_round_failed(db: Database) -> int | None:
    """For whoever holds the lock of trainers: a round that says it is running belongs to a process that is no more.

    Returns its number; None: no round was running.
    """
    newest = latest_round(db)
    if newest is None or newest.state != "running":
        return None
    fail_round(db, newest.id, "its trainer ended without a word; --resume continues it")
    return newest.id


def stale_round(db: Database) -> RoundInfo | None:
    """The round that says it runs but gave no heartbeat for 120 s, or None. Resume it, or fail it."""
    row = db.execute(f"{_ROUND} WHERE {_STALE}").fetchone()
    return None if row is None else _info(row)


def heartbeat(db: Database, round_id: int) -> bool:
    """Say that the round is alive; to be said well within every 120 s. False: it runs no more, someone ended it."""
    with transaction(db):
        return _beat(db, round_id)


def record_epoch(db: Database, round_id: int, report: EpochReport) -> None:
    """Write an epoch of a running round, in place of the same epoch if there is one; counts as a heartbeat.

    Raises WorkspaceError where the round does not run.
    """
    with transaction(db):
        if not _beat(db, round_id):
            raise _wrong_state(db, round_id, "record an epoch of", "running")
        _insert_epoch(db, round_id, report)


def finish_round(
    db: Database,
    round_id: int,
    scores: RoundScores,
    metrics: Mapping[str, Any],
    *,
    audit: int = 0,
    seed: int = 0,
    review: ReviewSettings = _ONE_READING,
    settled: BoolArray | None = None,
    close_earlier: bool = False,
    files: Mapping[str, str] = MappingProxyType({}),
) -> EarlierRounds:
    """Write scores, proposals, the queue with `audit` random samples, and the state review, all or nothing.

    Returns what `close_earlier` has done.

    Args:
        db: the database.
        round_id: a running round.
        scores: of N samples.
        metrics: figures of the round, kept with it.
        audit: how many samples to draw.
        seed: of what is drawn.
        review: the rules its answers are read by, kept with the round.
        settled: (N,) people decided on the face in an earlier round; without a proposal it is not asked about again.
        close_earlier: end the review of earlier rounds, but of those than which this one came out worse.
        files: SHA-256 of the files in the round's folder, by name.

    Raises WorkspaceError where the round does not run or the scores do not fit.
    """
    copies = exact_copies(db, scores.sample_id)
    plan = plan_queue(scores, audit=audit, seed=seed, slots=review.readings, settled=settled, copies=copies)
    with transaction(db):
        record_files(db, round_id, files)
        return _finish(db, round_id, scores, metrics, plan, review, close_earlier, by=None)


def receive_round(
    db: Database,
    config: Mapping[str, Any],
    reports: Iterable[EpochReport],
    scores: RoundScores,
    metrics: Mapping[str, Any],
    *,
    code_version: str,
    parent: int | None,
    audit: int,
    seed: int,
    review: ReviewSettings,
    settled: BoolArray,
    close_earlier: bool,
    files: Mapping[str, str],
    event: What = "round unpacked",
    by: int | None = None,
) -> tuple[int, EarlierRounds]:
    """Write a round that was not trained here, in review at once, all or nothing.

    `event` says how it came, `by` who asked for it; None: the command line. The other arguments are those of
    `start_round` and `finish_round`; returns its number, and what `close_earlier` has done. Raises WorkspaceError
    while a round runs, where there is no round `parent`, and where the scores do not fit.
    """
    check_scores(db, scores)
    copies = exact_copies(db, scores.sample_id)
    plan = plan_queue(scores, audit=audit, seed=seed, slots=review.readings, settled=settled, copies=copies)
    with transaction(db):
        number = _start(db, config, code_version, parent)
        for report in reports:
            _insert_epoch(db, number, report)
        record_files(db, number, files)
        log_event(db, event, {"round": number}, by=by)
        return number, _finish(db, number, scores, metrics, plan, review, close_earlier, by=by)


def fail_round(db: Database, round_id: int, message: str) -> None:
    """End a running round that cannot go on; `message` says why. Raises WorkspaceError where it does not run."""
    with transaction(db):
        _move(db, round_id, "failed", "running", message=message)
        tell(db, "round.failed", {"round": round_id})


def cancel_round(db: Database, round_id: int, message: str | None = None, *, by: int | None = None) -> None:
    """End a running round because someone asked; its trainer learns of it from `heartbeat`.

    Here and below, `by` is the lead who asks for it; None: the command line. It is kept in the log of events.
    """
    with transaction(db):
        _move(db, round_id, "cancelled", "running", message=message)
        log_event(db, "round cancelled", {"round": round_id}, by=by)


def close_round(db: Database, round_id: int, *, by: int | None = None) -> None:
    """End the review of a round: from now on nothing of it changes. Raises WorkspaceError where it is not in review."""
    with transaction(db):
        _close(db, round_id)
        log_event(db, "round closed", {"round": round_id}, by=by)


def resume_round(db: Database, round_id: int, *, after_epoch: int = 0) -> None:
    """Set a failed, cancelled or stale round running again and drop its epochs later than the checkpoint's.

    Raises WorkspaceError for a round in another state, and while another one runs.
    """
    with transaction(db):
        info, stale = get_round(db, round_id), stale_round(db)
        if stale is None or stale.id != round_id:
            _refuse_a_second(db)
            if info.state not in ("failed", "cancelled"):
                raise _wrong_state(db, round_id, "resume", "failed, cancelled, running without a heartbeat")
        alive = f"state = 'running', heartbeat_at = {NOW}, finished_at = NULL, message = NULL"
        db.execute(f"UPDATE round SET {alive} WHERE id = ?", (round_id,))
        db.execute("DELETE FROM epoch WHERE round_id = ? AND epoch > ?", (round_id, after_epoch))
        log_event(db, "round resumed", {"round": round_id}, by=None)


def get_round(db: Database, round_id: int) -> RoundInfo:
    """The round of that number. Raises WorkspaceError where there is none."""
    row = db.execute(f"{_ROUND} WHERE id = ?", (round_id,)).fetchone()
    if row is None:
        last = latest_round(db)
        allowed = "none yet, train first" if last is None else f"1 to {last.id}"
        raise WorkspaceError(error_text("", f"round {round_id}", allowed))
    return _info(row)


def which_round(db: Database, number: int | None, *states: RoundState) -> RoundInfo:
    """The round that a command is about: the one of that number or else the newest, in one of these states.

    Raises WorkspaceError where there is none.
    """
    asked = rounds(db) if number is None else [get_round(db, number)]
    for info in asked:
        if info.state in states:
            return info
    wanted = " or ".join(states)
    if number is not None:
        raise WorkspaceError(error_text("", f"round {number} in state {asked[0].state}", f"one in state {wanted}"))
    there = ", ".join(f"{info.id} {info.state}" for info in asked[:3]) or "none"
    found, do = f"no round in state {wanted} (rounds: {there})", "" if asked else "train one first"
    raise WorkspaceError(error_text("", found, "one in that state", do))


def latest_round(db: Database) -> RoundInfo | None:
    """The newest round in whatever state, or None."""
    row = db.execute(f"{_ROUND} ORDER BY id DESC LIMIT 1").fetchone()
    return None if row is None else _info(row)


def next_number(db: Database) -> int:
    """The number that the next round will have."""
    return int(db.execute("SELECT coalesce(max(id), 0) + 1 FROM round").fetchone()[0])


def latest_finished_round(db: Database) -> RoundInfo | None:
    """The newest round that has scores (in review or closed), or None."""
    row = db.execute(f"{_ROUND} WHERE state IN ('review', 'closed') ORDER BY id DESC LIMIT 1").fetchone()
    return None if row is None else _info(row)


def in_review(db: Database) -> list[int]:
    """Numbers of the rounds in review, in the order of `to_review`."""
    return [info.id for info in to_review([_info(row) for row in db.execute(f"{_ROUND} WHERE state = 'review'")])]


def round_to_answer(db: Database) -> RoundInfo | None:
    """The first of `to_review`, which takes answers that name no round; None: no round is in review."""
    numbers = in_review(db)
    return get_round(db, numbers[0]) if numbers else None


def rounds(db: Database) -> list[RoundInfo]:
    """All rounds, newest first."""
    return [_info(row) for row in db.execute(f"{_ROUND} ORDER BY id DESC")]


def rounds_without_alpha(db: Database) -> tuple[int, ...]:
    """Numbers of the rounds that were made from opinions, without training, rising."""
    sql = "SELECT id FROM round WHERE config ->> 'made_from_opinions' IS NOT NULL ORDER BY id"
    return tuple(number for (number,) in db.execute(sql))


def epochs(db: Database, round_id: int) -> list[EpochReport]:
    """The epochs of a round, in order."""
    rows = db.execute(f"SELECT {', '.join(_EPOCH)} FROM epoch WHERE round_id = ? ORDER BY epoch", (round_id,))
    return [EpochReport(*row) for row in rows]


def _start(db: Database, config: Mapping[str, Any], code_version: str, parent: int | None) -> int:
    _refuse_a_second(db)
    if parent is not None:
        get_round(db, parent)
    sql = "INSERT INTO round (parent, state, config, code_version) VALUES (?, 'running', ?, ?)"
    db.execute(sql, (parent, _json(config), code_version))
    return int(db.execute("SELECT last_insert_rowid()").fetchone()[0])


def _insert_epoch(db: Database, round_id: int, report: EpochReport) -> None:
    sql = f"INSERT OR REPLACE INTO epoch (round_id, {', '.join(_EPOCH)}) VALUES (?{', ?' * len(_EPOCH)})"
    db.execute(sql, (round_id, *astuple(report)))


def _finish(
    db: Database,
    round_id: int,
    scores: RoundScores,
    metrics: Mapping[str, Any],
    plan: QueuePlan,
    review: ReviewSettings,
    close_earlier: bool,
    *,
    by: int | None,
) -> EarlierRounds:
    _move(db, round_id, "review", "running", metrics=_json(metrics))
    db.execute("UPDATE round SET review = ? WHERE id = ?", (_json(review.as_dict()), round_id))
    insert_scores(db, round_id, scores)
    insert_queue(db, round_id, plan)
    proposals = int((scores.proposed_label >= 0).sum())
    tell(db, "round.finished", {"round": round_id, "faces": len(scores.sample_id), "proposals": proposals})
    return _close_earlier(db, round_id, by) if close_earlier else EarlierRounds([], [])


def _close(db: Database, round_id: int) -> None:
    if db.execute("UPDATE round SET state = 'closed' WHERE id = ? AND state = 'review'", (round_id,)).rowcount == 0:
        raise _wrong_state(db, round_id, "close", "review")
    db.execute(
        "UPDATE queue_item SET lease_person = NULL, lease_until = NULL WHERE round_id = ? AND lease_person IS NOT NULL",
        (round_id,),
    )


def _close_earlier(db: Database, round_id: int, by: int | None) -> EarlierRounds:
    done = get_round(db, round_id)
    earlier = [_info(row) for row in db.execute(f"{_ROUND} WHERE state = 'review' AND id < ?", (round_id,))]
    kept = [info.id for info in earlier if is_worse(done, info)]
    closed = [info.id for info in earlier if info.id not in kept]
    for number in closed:
        _close(db, number)
        log_event(db, "round closed", {"round": number, "as_ended": round_id}, by=by)
    return EarlierRounds(closed, kept)


def _beat(db: Database, round_id: int) -> bool:
    sql = f"UPDATE round SET heartbeat_at = {NOW} WHERE id = ? AND state = 'running'"
    return db.execute(sql, (round_id,)).rowcount == 1


def _move(
    db: Database, round_id: int, to: RoundState, since: RoundState, *, message: str | None = None, metrics: str = "{}"
) -> None:
    sql = f"UPDATE round SET state = ?, message = ?, metrics = ?, finished_at = {NOW} WHERE id = ? AND state = ?"
    if db.execute(sql, (to, message, metrics, round_id, since)).rowcount == 0:
        raise _wrong_state(db, round_id, f"set to {to}", since)


def _wrong_state(db: Database, round_id: int, what: str, allowed: str) -> WorkspaceError:
    return WorkspaceError(f"cannot {what} round {round_id}: it is {get_round(db, round_id).state}; allowed: {allowed}")


def _refuse_a_second(db: Database) -> None:
    row = db.execute(f"SELECT id, heartbeat_at, {_STALE} FROM round WHERE state = 'running'").fetchone()
    if row is None:
        return
    number, heard, stale = row
    if stale:
        raise WorkspaceError(
            f"round {number} says it is running, but was last heard of at {heard}; resume it, or mark it as failed"
        )
    raise WorkspaceError(f"round {number} is running, last heard of at {heard}; one at a time: wait, or cancel it")


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(dict(values), allow_nan=False)


def _info(row: tuple[Any, ...]) -> RoundInfo:
    values = list(row)
    for place in (3, 9, 10):
        values[place] = json.loads(values[place])
    return RoundInfo(*values)
