"""Which messages hooks have, and which are due: what the server asks and notes as it sends what `hooks` wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlite_utils import Database

from scn_core.errors import WorkspaceError, error_text
from scn_core.hook_settings import HookEvent, HookSettings
from scn_core.store.connection import transaction
from scn_core.store.events import log_event
from scn_core.store.schema.expressions import NOW

BATCH_FACES = 100
"""Faces that one message tells of at most; it is written at once when there are so many."""
BATCH_S = 10.0
"""How long a face waits for others, in seconds."""
KEPT_DELIVERED = 500
"""Messages of a hook that stay in the log once they were delivered, the newest."""

_MESSAGE = "SELECT m.id, h.name, m.message, m.event, m.at, m.data, m.tries, m.delivered_at, m.error FROM hook_message m"
_OLDER = f"""
DELETE FROM hook_message WHERE hook_id = :hook AND delivered_at IS NOT NULL AND id <= (
  SELECT id FROM hook_message WHERE hook_id = :hook AND delivered_at IS NOT NULL
  ORDER BY id DESC LIMIT 1 OFFSET {KEPT_DELIVERED})
"""


@dataclass(frozen=True, slots=True)
class HookMessage:
    """What a hook is told, or was."""

    number: int
    """Rises in the order in which messages are sent."""
    hook: str
    message: str
    """The id that receivers know it by, the same in every try."""
    event: HookEvent | Literal["ping"]
    at: str
    """When it happened: UTC, ISO-8601."""
    data: Mapping[str, Any]
    tries: int
    """That were made so far, the one that was taken included."""
    delivered_at: str | None
    error: str | None
    """Of the newest try; None: it went well, or there was none."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class HookState:
    """How it goes with a hook."""

    name: str
    events: tuple[HookEvent, ...]
    waiting: int
    """Messages that it does not have yet."""
    waiting_faces: int
    """Faces that no message tells of yet."""
    delivered_at: str | None
    """When it took the newest message; None: none is known."""
    tries: int
    """That failed since it last took one."""
    next_at: float
    """Nothing is sent before: seconds since 1970; 0: at once."""
    error: str | None
    given_up_at: str | None
    """Since when it is told nothing more; None: it is told."""

    @property
    def words(self) -> str:
        """`delivering`, `failing` or `given up`."""
        return "given up" if self.given_up_at else "failing" if self.tries else "delivering"

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self) | {"state": self.words}


def sync_hooks(db: Database, hooks: Sequence[HookSettings]) -> None:
    """Make these the hooks that are told from now on; what others were to be told is dropped."""
    with transaction(db):
        names = json.dumps([hook.name.lower() for hook in hooks])
        db.execute("DELETE FROM hook WHERE lower(name) NOT IN (SELECT value FROM json_each(?))", (names,))
        for hook in hooks:
            db.execute(
                "INSERT INTO hook (name, events) VALUES (?, ?) ON CONFLICT DO UPDATE "
                "SET name = excluded.name, events = excluded.events",
                (hook.name, json.dumps(hook.events)),
            )


def next_message(db: Database, hook: str, now: float, *, longest_wait_s: float) -> HookMessage | None:
    """The oldest message that the hook does not have; None: there is none, or it is not to be sent at `now`.

    Args:
        db: the database.
        hook: its name.
        now: seconds since 1970.
        longest_wait_s: a moment to come later than this was noted before the clock was set back, and holds nothing up.
    """
    sql = (
        f"{_MESSAGE} JOIN hook h ON h.id = m.hook_id WHERE h.name = ? AND h.given_up_at IS NULL "
        "AND h.next_at NOT BETWEEN ? AND ? AND m.delivered_at IS NULL ORDER BY m.id LIMIT 1"
    )
    row = db.execute(sql, (hook, now + 1e-6, now + longest_wait_s)).fetchone()
    return None if row is None else _message(row)


def faces_due(db: Database, hook: str, now: float) -> bool:
    """Whether a message about faces is to be written: the hook has all others, and there are many faces or old ones."""
    before = datetime.fromtimestamp(now - BATCH_S, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    sql = f"""
        SELECT 1 FROM hook h WHERE h.name = :hook AND h.given_up_at IS NULL
          AND NOT EXISTS (SELECT 1 FROM hook_message WHERE hook_id = h.id AND delivered_at IS NULL)
          AND ((SELECT count(*) FROM (SELECT 1 FROM hook_face WHERE hook_id = h.id LIMIT {BATCH_FACES}))
              = {BATCH_FACES} OR EXISTS (SELECT 1 FROM hook_face WHERE hook_id = h.id AND at <= :before))
    """
    return db.execute(sql, {"hook": hook, "before": before}).fetchone() is not None


def write_face_messages(db: Database, hook: str) -> None:
    """Tell the hook of faces whose outcome changed, as it is now: of one round, BATCH_FACES at most."""
    with transaction(db):
        found = db.execute("SELECT id, events FROM hook WHERE name = ?", (hook,)).fetchone()
        if found is None:  # taken out of workspace.toml by a server that started since
            return
        hook_id, events = found
        rows = db.execute(
            f"""
            SELECT f.round_id, f.sample_id, o.state, o.action, o.label, c.name, o.adjudicated
            FROM hook_face f LEFT JOIN outcome o ON o.round_id = f.round_id AND o.sample_id = f.sample_id
            LEFT JOIN class c ON c.number = o.label
            WHERE f.hook_id = :hook AND f.round_id = (SELECT min(round_id) FROM hook_face WHERE hook_id = :hook)
            ORDER BY f.at, f.sample_id LIMIT {BATCH_FACES}
            """,
            {"hook": hook_id},
        ).fetchall()
        if not rows:
            return
        decided = [
            {"sample": sample, "action": action, "label": label, "class": name, "adjudicated": bool(adjudicated)}
            for _, sample, state, action, label, name, adjudicated in rows if state == "decided"
        ]  # fmt: skip
        conflict = [sample for _, sample, state, *_ in rows if state == "conflict"]
        reopened = [sample for _, sample, state, *_ in rows if state not in ("decided", "conflict")]
        round_id = rows[0][0]
        insert = "INSERT INTO hook_message (hook_id, event, data) VALUES (?, ?, ?)"
        wanted = json.loads(events)
        if (decided or reopened) and "faces.decided" in wanted:
            data = {"round": round_id, "faces": decided, "reopened": reopened}
            db.execute(insert, (hook_id, "faces.decided", json.dumps(data)))
        if conflict and "faces.conflict" in wanted:
            db.execute(insert, (hook_id, "faces.conflict", json.dumps({"round": round_id, "faces": conflict})))
        told = "DELETE FROM hook_face WHERE hook_id = ? AND round_id = ? AND sample_id = ?"
        db.conn.executemany(told, [(hook_id, round_id, sample) for _, sample, *_ in rows])


def note_delivered(db: Database, message: HookMessage) -> None:
    """The hook has the message; the next one may follow at once."""
    with transaction(db):
        done = f"UPDATE hook_message SET delivered_at = {NOW}, tries = tries + 1, error = NULL WHERE id = ?"
        db.execute(done, (message.number,))
        db.execute("UPDATE hook SET tries = 0, next_at = 0, error = NULL WHERE name = ?", (message.hook,))
        db.execute(_OLDER, {"hook": _hook_id(db, message.hook)})


def note_failed(db: Database, message: HookMessage, error: str, next_at: float | None) -> None:
    """A try failed: the next one is at `next_at`, in seconds since 1970; None: the hook is given up."""
    with transaction(db):
        db.execute("UPDATE hook_message SET tries = tries + 1, error = ? WHERE id = ?", (error, message.number))
        db.execute(
            f"UPDATE hook SET tries = tries + 1, error = ?, next_at = ?, given_up_at = iif(?, {NOW}, given_up_at) "
            "WHERE name = ?",
            (error, next_at or 0, next_at is None, message.hook),
        )
        if next_at is None:
            log_event(db, "webhook given up", {"hook": message.hook}, by=None)


def failed_tries(db: Database, hook: str) -> int:
    """How often it failed since the hook last took a message."""
    row = db.execute("SELECT tries FROM hook WHERE name = ?", (hook,)).fetchone()
    return 0 if row is None else int(row[0])


def retry_hook(db: Database, hook: str, *, skip: bool = False) -> int:
    """Send what waits at once, also where the hook was given up; how many messages do.

    With `skip` the oldest of them, which the receiver may refuse for good, is dropped before. Raises WorkspaceError
    where there is no hook of this name.
    """
    waiting = "FROM hook_message WHERE hook_id = ? AND delivered_at IS NULL"
    with transaction(db):
        number = _hook_id(db, hook)
        db.execute("UPDATE hook SET tries = 0, next_at = 0, error = NULL, given_up_at = NULL WHERE id = ?", (number,))
        skipped = 0
        if skip:
            oldest = f"DELETE FROM hook_message WHERE id = (SELECT min(id) {waiting})"
            skipped = db.execute(oldest, (number,)).rowcount
        log_event(db, "webhook retried", {"hook": hook} | ({"skipped": skipped} if skipped else {}), by=None)
        return int(db.execute(f"SELECT count(*) {waiting}", (number,)).fetchone()[0])


def hook_states(db: Database) -> list[HookState]:
    """How it goes with each hook that the server knew when it was last started, by name."""
    sql = """
        SELECT name, events,
          (SELECT count(*) FROM hook_message WHERE hook_id = h.id AND delivered_at IS NULL),
          (SELECT count(*) FROM hook_face WHERE hook_id = h.id),
          (SELECT max(delivered_at) FROM hook_message WHERE hook_id = h.id), tries, next_at, error, given_up_at
        FROM hook h ORDER BY name
    """
    return [HookState(name, tuple(json.loads(events)), *rest) for name, events, *rest in db.execute(sql)]


def hook_messages(db: Database, hook: str, *, limit: int) -> list[HookMessage]:
    """The newest messages of a hook, the newest first. Raises WorkspaceError where there is no hook of this name."""
    sql = f"{_MESSAGE} JOIN hook h ON h.id = m.hook_id WHERE m.hook_id = ? ORDER BY m.id DESC LIMIT ?"
    return [_message(row) for row in db.execute(sql, (_hook_id(db, hook), limit))]


def _message(row: Sequence[Any]) -> HookMessage:
    number, hook, message, event, at, data, *rest = row
    return HookMessage(number, hook, message, event, at, json.loads(data), *rest)


def _hook_id(db: Database, hook: str) -> int:
    row = db.execute("SELECT id FROM hook WHERE name = ?", (hook,)).fetchone()
    if row is None:
        names = ", ".join(name for (name,) in db.execute("SELECT name FROM hook ORDER BY name")) or "none yet"
        do = "the server knows those that workspace.toml had when it last started"
        raise WorkspaceError(error_text("", f"hook {hook!r}", names, do))
    return int(row[0])
