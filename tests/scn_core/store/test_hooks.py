"""Messages to hooks are written in the transaction of what they tell of, where a hook wants to be told."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from typing import Any

import pytest
from sqlite_utils import Database

from scn_core.config import ReviewSettings
from scn_core.errors import WorkspaceError
from scn_core.hook_settings import HOOK_EVENTS, HookEvent, HookSettings
from scn_core.records import Decision
from scn_core.store.connection import transaction
from scn_core.store.decisions.record import record_decisions
from scn_core.store.events import events, keep_event, log_event
from scn_core.store.hook_delivery import (
    BATCH_FACES,
    BATCH_S,
    KEPT_DELIVERED,
    faces_due,
    hook_messages,
    hook_states,
    next_message,
    note_delivered,
    note_failed,
    retry_hook,
    sync_hooks,
    write_face_messages,
)
from scn_core.store.rounds.states import cancel_round, close_round, fail_round, finish_round, resume_round, start_round
from tests.scn_core.store.conftest import MakeScores
from tests.scn_core.store.review_model import decide, undo

LATER = time.time() + 3_600


def settings(name: str, wanted: Sequence[HookEvent] = HOOK_EVENTS) -> HookSettings:
    return HookSettings(name, f"https://{name}.example.org/", tuple(wanted), secret_env="SECRET")


def told(db: Database, hook: str = "all") -> list[tuple[str, dict[str, Any]]]:
    return [(each.event, dict(each.data)) for each in reversed(hook_messages(db, hook, limit=1_000))]


def say(db: Database, *decisions: Decision) -> None:
    record_decisions(db, decisions)


def rows(db: Database) -> int:
    return int(
        db.execute("SELECT (SELECT count(*) FROM hook_message) + (SELECT count(*) FROM hook_face)").fetchone()[0]
    )


def test_every_end_of_a_round_is_told_to_those_who_want_it(db: Database, make_scores: MakeScores) -> None:
    sync_hooks(db, [settings("all"), settings("closed", ["round.closed"])])
    for _ in range(2):
        finish_round(db, start_round(db, {}, code_version="1"), make_scores(), {}, close_earlier=True)
    number = start_round(db, {}, code_version="1")
    fail_round(db, number, "no faces")
    resume_round(db, number)
    cancel_round(db, number)
    close_round(db, 2)
    keep_event(db, "labels exported", {"format": "csv"}, by=None)
    done = {"faces": 10, "proposals": 10}
    assert told(db) == [
        ("round.finished", {"round": 1, **done}), ("round.finished", {"round": 2, **done}),
        ("round.closed", {"round": 1, "as_ended": 2}), ("round.failed", {"round": 3}),
        ("round.cancelled", {"round": 3}), ("round.closed", {"round": 2}), ("labels.exported", {"format": "csv"}),
    ]  # fmt: skip
    assert told(db, "closed") == [("round.closed", {"round": 1, "as_ended": 2}), ("round.closed", {"round": 2})]


def test_what_did_not_happen_is_not_told(review: Database) -> None:
    sync_hooks(review, [settings("all")])
    with pytest.raises(WorkspaceError, match="round 9"):
        close_round(review, 9)
    with pytest.raises(sqlite3.IntegrityError):
        _close_and_fail(review)
    assert told(review) == []


def _close_and_fail(db: Database) -> None:
    with transaction(db):
        log_event(db, "round closed", {"round": 1}, by=None)
        db.execute("DELETE FROM event")


def test_without_hooks_nothing_is_written(review: Database) -> None:
    say(review, decide(1, "keep"))
    close_round(review, 1)
    sync_hooks(review, [settings("export", ["labels.exported"])])
    assert rows(review) == 0


def test_faces_are_told_together_as_they_are_by_then(review: Database) -> None:
    sync_hooks(review, [settings("all"), settings("rounds", ["round.closed"])])
    kept = decide(1, "keep")
    say(review, kept, decide(2, "exclude"), decide(3, "keep"), decide(3, "relabel", label=1), undo(kept))
    assert told(review) == []
    now = time.time()
    assert (faces_due(review, "all", now - 60), faces_due(review, "all", now + BATCH_S + 60)) == (False, True)
    assert not faces_due(review, "rounds", now + BATCH_S + 60)
    write_face_messages(review, "all")
    excluded = {"sample": 2, "action": "exclude", "label": None, "class": None, "adjudicated": False}
    relabelled = {"sample": 3, "action": "relabel", "label": 1, "class": "sad", "adjudicated": False}
    assert told(review) == [("faces.decided", {"round": 1, "faces": [excluded, relabelled], "reopened": [1]})]
    assert rows(review) == 1
    write_face_messages(review, "all")
    assert rows(review) == 1


def test_a_conflict_is_told_and_how_it_is_settled(db: Database, make_scores: MakeScores) -> None:
    sync_hooks(db, [settings("all"), settings("decided", ["faces.decided"])])
    number = start_round(db, {}, code_version="1")
    finish_round(db, number, make_scores(), {}, review=ReviewSettings(readings=2))
    say(db, decide(1, "keep"), decide(2, "keep"))
    assert rows(db) == 1, "a reading is missing, nothing is decided: the end of training alone"
    say(db, decide(1, "exclude", "bob"), decide(2, "keep", "bob"))
    for hook in ("all", "decided"):
        write_face_messages(db, hook)
    say(db, decide(1, "unsure", "bob", adjudicates=True))
    write_face_messages(db, "all")
    told_of = [(event, [face if isinstance(face, int) else face["sample"] for face in data["faces"]])
               for event, data in told(db) if event != "round.finished"]  # fmt: skip
    assert told_of == [("faces.decided", [2]), ("faces.conflict", [1]), ("faces.decided", [1])]
    assert told(db)[-1][1]["faces"][0]["adjudicated"]
    assert [event for event, _ in told(db, "decided")] == ["faces.decided"]


def test_many_faces_are_told_at_once_and_in_pieces(review: Database) -> None:
    sync_hooks(review, [settings("all")])
    insert = "INSERT INTO sample (id, key, path, split, given_label) VALUES (?, ?, 'x.jpg', 'train', 0)"
    review.conn.executemany(insert, [(number, f"{number}") for number in range(100, 100 + BATCH_FACES + 7)])
    tell = "INSERT INTO hook_face (hook_id, round_id, sample_id) SELECT 1, 1, id FROM sample WHERE id >= 100"
    review.execute(f"{tell} LIMIT {BATCH_FACES - 1}")
    past = time.time() - 60
    assert not faces_due(review, "all", past), "one is missing, and none is old"
    review.execute(tell.replace("INSERT", "INSERT OR IGNORE"))
    assert faces_due(review, "all", past)
    for _ in range(2):
        write_face_messages(review, "all")
    assert [len(data["reopened"]) for _, data in told(review)] == [BATCH_FACES, 7]


def test_faces_wait_while_the_hook_lacks_a_message(review: Database) -> None:
    sync_hooks(review, [settings("all")])
    say(review, decide(1, "keep"))
    keep_event(review, "labels exported", {"format": "csv"}, by=None)
    assert not faces_due(review, "all", LATER)
    message = next_message(review, "all", LATER, longest_wait_s=100)
    assert message is not None
    note_delivered(review, message)
    assert faces_due(review, "all", LATER)


def test_a_given_up_hook_is_told_nothing_more_until_it_is_retried(review: Database) -> None:
    sync_hooks(review, [settings("all")])
    keep_event(review, "labels exported", {"format": "csv"}, by=None)
    message = next_message(review, "all", LATER, longest_wait_s=100)
    assert message is not None
    note_failed(review, message, "HTTP status 500", None)
    say(review, decide(1, "keep"))
    close_round(review, 1)
    (state,) = hook_states(review)
    assert (state.words, state.waiting, state.waiting_faces, state.error) == ("given up", 1, 0, "HTTP status 500")
    assert next_message(review, "all", LATER, longest_wait_s=100) is None
    sync_hooks(review, [settings("all")])
    assert hook_states(review)[0].given_up_at == state.given_up_at, "a start of the server is no reason to go on"
    assert retry_hook(review, "ALL") == 1
    assert next_message(review, "all", LATER, longest_wait_s=100) is not None
    assert [each.words for each in events(review, limit=3)] == [
        "webhook retried, hook ALL", "round closed, round 1", "webhook given up, hook all",
    ]  # fmt: skip


def test_a_clock_that_was_set_back_holds_nothing_up(review: Database) -> None:
    sync_hooks(review, [settings("all")])
    keep_event(review, "labels exported", {"format": "csv"}, by=None)
    message = next_message(review, "all", LATER, longest_wait_s=100)
    assert message is not None
    note_failed(review, message, "HTTP status 500", LATER + 90)
    assert next_message(review, "all", LATER, longest_wait_s=100) is None
    assert next_message(review, "all", LATER + 90, longest_wait_s=100) is not None
    assert next_message(review, "all", LATER - 86_400, longest_wait_s=100) is not None


def test_a_hook_that_is_taken_out_leaves_nothing(review: Database) -> None:
    sync_hooks(review, [settings("all"), settings("other")])
    say(review, decide(1, "keep"))
    close_round(review, 1)
    sync_hooks(review, [settings("Other")])
    assert [(state.name, state.waiting, state.waiting_faces) for state in hook_states(review)] == [("Other", 1, 1)]
    write_face_messages(review, "all")
    with pytest.raises(WorkspaceError, match="'all'; allowed: Other"):
        hook_messages(review, "all", limit=1)


def test_the_log_keeps_the_newest_that_were_delivered_and_all_that_wait(db: Database) -> None:
    sync_hooks(db, [settings("all")])
    insert = "INSERT INTO hook_message (hook_id, event, data) VALUES (1, 'round.closed', '{}')"
    with transaction(db):
        db.conn.executemany(insert, [()] * (KEPT_DELIVERED + 5))
        db.execute("UPDATE hook_message SET delivered_at = '2026-01-01T00:00:00.000Z' WHERE id < 504")
    message = next_message(db, "all", LATER, longest_wait_s=100)
    assert message is not None
    note_delivered(db, message)
    numbers = [each.number for each in hook_messages(db, "all", limit=1_000)]
    assert (max(numbers), min(numbers), len(numbers)) == (505, 5, KEPT_DELIVERED + 1)
