from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import numpy as np
import pytest
from sqlite_utils import Database

from scn_core.config import ReviewSettings
from scn_core.errors import WorkspaceError
from scn_core.intervals import difference_words, paired_difference
from scn_core.records import Decision, EpochReport, RoundScores
from scn_core.store.connection import open_database
from scn_core.store.decisions.record import record_each
from scn_core.store.queue.undecided import UndecidedFaces, undecided_faces
from scn_core.store.rounds import states as rounds
from scn_core.store.rounds.better_round import AGAINST, validation_change
from scn_core.store.schema.expressions import from_now
from scn_core.store.sqlite_errors import database_path
from tests.scn_core.store.conftest import MakeScores

REPORT = EpochReport(1, 2.5, 2.0, 0.5, 0.3, 0.7, 0.4, 0.6, 0.1, 0.15, None, 0, 1234.5, 8.1)


@pytest.fixture
def running(db: Database) -> Database:
    assert rounds.start_round(db, {"lr": 0.05, "weights": None}, code_version="1.2") == 1
    return db


def silent_for(db: Database, seconds: int) -> None:
    db.execute(f"UPDATE round SET heartbeat_at = {from_now(-seconds)} WHERE state = 'running'")


def tables(db: Database) -> list[int]:
    return [db[name].count for name in ("score", "proposal", "queue_item")]


def test_a_new_round_says_what_it_is(running: Database) -> None:
    info = rounds.get_round(running, 1)
    assert (info.id, info.parent, info.state, info.code_version) == (1, None, "running", "1.2")
    assert info.config == {"lr": 0.05, "weights": None}
    assert info.metrics == {}
    assert info.finished_at is None
    assert info.heartbeat_at is not None
    assert len(info.started_at) == len("2030-01-31T12:00:00.000Z")
    assert rounds.latest_round(running) == info


def test_unknown_rounds_are_named(db: Database) -> None:
    assert rounds.latest_round(db) is None
    with pytest.raises(WorkspaceError, match="found round 3; allowed: none yet"):
        rounds.get_round(db, 3)
    with pytest.raises(WorkspaceError, match="found round 3"):
        rounds.start_round(db, {}, code_version="1", parent=3)
    assert rounds.latest_round(db) is None


def test_which_round_is_the_one_named_or_the_newest_in_one_of_the_states(db: Database) -> None:
    with pytest.raises(
        WorkspaceError, match=r"found no round in state review or closed \(rounds: none\); allowed: one"
    ):
        rounds.which_round(db, None, *rounds.SCORED)
    for state in ("review", "closed", "failed", "cancelled"):
        number = rounds.start_round(db, {}, code_version="1")
        db.execute("UPDATE round SET state = ? WHERE id = ?", (state, number))
    assert rounds.which_round(db, None, *rounds.SCORED).id == 2
    assert rounds.which_round(db, None, "review").id == 1
    assert rounds.which_round(db, 1, *rounds.SCORED).id == 1
    with pytest.raises(WorkspaceError, match="found round 3 in state failed; allowed: one in state review or closed"):
        rounds.which_round(db, 3, *rounds.SCORED)
    with pytest.raises(WorkspaceError, match="found round 9; allowed: 1 to 4"):
        rounds.which_round(db, 9, "review")
    with pytest.raises(
        WorkspaceError, match=r"found no round in state running \(rounds: 4 cancelled, 3 failed, 2 closed"
    ):
        rounds.which_round(db, None, "running")


def test_one_round_runs_at_a_time(running: Database) -> None:
    assert rounds.stale_round(running) is None
    with pytest.raises(WorkspaceError, match=r"round 1 is running, last heard of at .*; one at a time"):
        rounds.start_round(running, {}, code_version="1")


def test_a_round_without_heartbeat_is_told_apart(running: Database) -> None:
    silent_for(running, rounds.STALE_AFTER_S - 10)
    assert rounds.stale_round(running) is None
    silent_for(running, rounds.STALE_AFTER_S + 10)
    stale = rounds.stale_round(running)
    assert stale is not None
    assert stale.id == 1
    with pytest.raises(WorkspaceError, match=r"says it is running, but was last heard of at .*resume it, or mark"):
        rounds.start_round(running, {}, code_version="1")
    silent_for(running, -rounds.STALE_AFTER_S - 10)  # heard of by a clock that was set back since
    assert rounds.stale_round(running) is not None
    assert rounds.heartbeat(running, 1)
    assert rounds.stale_round(running) is None


def test_a_failed_round_makes_room_for_the_next(running: Database) -> None:
    rounds.fail_round(running, 1, "loss is not a number")
    info = rounds.get_round(running, 1)
    assert (info.state, info.message) == ("failed", "loss is not a number")
    assert info.finished_at is not None
    assert rounds.start_round(running, {}, code_version="1", parent=1) == 2
    assert rounds.get_round(running, 2).parent == 1


def test_the_heartbeat_tells_a_trainer_that_its_round_was_cancelled(running: Database) -> None:
    assert rounds.heartbeat(running, 1)
    rounds.cancel_round(running, 1)
    assert not rounds.heartbeat(running, 1)
    with pytest.raises(WorkspaceError, match="cannot record an epoch of round 1: it is cancelled; allowed: running"):
        rounds.record_epoch(running, 1, REPORT)


def test_an_epoch_recorded_again_replaces_itself(running: Database) -> None:
    second = replace(REPORT, epoch=2, val_accuracy=0.5)
    rounds.record_epoch(running, 1, second)
    rounds.record_epoch(running, 1, REPORT)
    rounds.record_epoch(running, 1, replace(second, loss=1.5))
    assert rounds.epochs(running, 1) == [REPORT, replace(second, loss=1.5)]


def test_an_epoch_counts_as_a_heartbeat(running: Database) -> None:
    silent_for(running, 1000)
    rounds.record_epoch(running, 1, REPORT)
    assert rounds.stale_round(running) is None


@pytest.mark.parametrize("end", ["fail", "cancel", "silence"])
def test_resume_goes_on_after_the_checkpoint(running: Database, end: str) -> None:
    for epoch in (1, 2, 3):
        rounds.record_epoch(running, 1, replace(REPORT, epoch=epoch))
    if end == "fail":
        rounds.fail_round(running, 1, "killed")
    elif end == "cancel":
        rounds.cancel_round(running, 1, "lead asked")
    else:
        silent_for(running, 1000)
    rounds.resume_round(running, 1, after_epoch=2)
    info = rounds.get_round(running, 1)
    assert (info.state, info.message, info.finished_at) == ("running", None, None)
    assert [report.epoch for report in rounds.epochs(running, 1)] == [1, 2]
    assert rounds.stale_round(running) is None


def test_resume_refuses_a_round_that_is_alive_or_done(
    running: Database, make_scores: Callable[..., RoundScores]
) -> None:
    with pytest.raises(WorkspaceError, match="round 1 is running"):
        rounds.resume_round(running, 1)
    rounds.finish_round(running, 1, make_scores(), {})
    with pytest.raises(WorkspaceError, match="cannot resume round 1: it is review; allowed: failed, cancelled"):
        rounds.resume_round(running, 1)


def test_resume_refuses_while_another_runs(running: Database) -> None:
    rounds.cancel_round(running, 1)
    rounds.start_round(running, {}, code_version="1")
    with pytest.raises(WorkspaceError, match="round 2 is running"):
        rounds.resume_round(running, 1)


def test_finish_writes_everything_and_opens_the_review(
    running: Database, make_scores: Callable[..., RoundScores]
) -> None:
    rounds.finish_round(running, 1, make_scores(), {"train_accuracy": 0.8}, audit=4)
    assert tables(running) == [10, 10, 14]
    info = rounds.get_round(running, 1)
    assert (info.state, info.metrics) == ("review", {"train_accuracy": 0.8})
    assert info.finished_at is not None


def test_finish_is_all_or_nothing(running: Database, make_scores: Callable[..., RoundScores]) -> None:
    good = make_scores()
    bad = replace(good, sample_id=np.where(good.sample_id == 10, 999, good.sample_id))
    with pytest.raises(WorkspaceError, match="unknown or named twice"):
        rounds.finish_round(running, 1, bad, {})
    assert tables(running) == [0, 0, 0]
    assert rounds.get_round(running, 1).state == "running"
    rounds.finish_round(running, 1, good, {})
    with pytest.raises(WorkspaceError, match="it is review; allowed: running"):
        rounds.finish_round(running, 1, good, {})


def test_only_a_reviewed_round_can_be_closed(running: Database, make_scores: Callable[..., RoundScores]) -> None:
    with pytest.raises(WorkspaceError, match="cannot close round 1: it is running; allowed: review"):
        rounds.close_round(running, 1)
    rounds.finish_round(running, 1, make_scores(), {})
    rounds.close_round(running, 1)
    assert rounds.get_round(running, 1).state == "closed"
    for end in (rounds.close_round, rounds.cancel_round, rounds.resume_round):
        with pytest.raises(WorkspaceError, match="it is closed"):
            end(running, 1)


def test_the_latest_finished_round_has_scores(running: Database, make_scores: Callable[..., RoundScores]) -> None:
    assert rounds.latest_finished_round(running) is None
    rounds.finish_round(running, 1, make_scores(), {})
    rounds.start_round(running, {}, code_version="1")
    for state in ("review", "closed"):
        found = rounds.latest_finished_round(running)
        assert found is not None
        assert (found.id, found.state) == (1, state)
        if state == "review":
            rounds.close_round(running, 1)


def test_all_rounds_come_newest_first_in_one_statement(
    running: Database, make_scores: Callable[..., RoundScores]
) -> None:
    rounds.fail_round(running, 1, "disk full")
    rounds.finish_round(running, rounds.start_round(running, {"lr": 0.1}, code_version="2"), make_scores(), {"a": 1})
    rounds.start_round(running, {}, code_version="3", parent=2)
    said: list[str] = []
    running.conn.set_trace_callback(said.append)
    found = rounds.rounds(running)
    running.conn.set_trace_callback(None)
    assert len(said) == 1
    assert found == [rounds.get_round(running, number) for number in (3, 2, 1)]


def test_a_round_keeps_the_rules_of_its_review(running: Database, make_scores: Callable[..., RoundScores]) -> None:
    assert rounds.get_round(running, 1).review == {}
    rules = ReviewSettings(readings=3, decided_by="lead", repeats=0.1, unsure="soften")
    rounds.finish_round(running, 1, make_scores(), {}, review=rules)
    assert rounds.get_round(running, 1).review == rules.as_dict()


def in_review(db: Database, make_scores: MakeScores, *figures: float | None, faces: int | None = 400) -> list[int]:
    """One round in review for each validation accuracy."""
    return [finished(db, make_scores, figure, faces)[0] for figure in figures]


def finished(
    db: Database, make_scores: MakeScores, figure: float | None, faces: int | None = 400, *, close_earlier: bool = False
) -> tuple[int, rounds.EarlierRounds]:
    """The number of a round in review, and what became of those before it."""
    number, metrics = rounds.start_round(db, {}, code_version="1"), {"val_accuracy": figure, "val_faces": faces}
    return number, rounds.finish_round(db, number, make_scores(), metrics, close_earlier=close_earlier)


@pytest.mark.parametrize(
    ("before", "now", "faces", "worse"),
    [
        (0.859, 0.286, 400, True),
        (0.859, 0.286, None, True),
        (0.80, 0.76, 100_000, False),  # significant, and too little to doubt a round
        (0.80, 0.74, 100_000, True),
        (0.80, 0.74, 50, False),  # three faces of fifty are chance
        (0.80, 0.74, None, True),
        (0.5, 0.9, 400, False),
        (None, 0.2, 400, False),
        (0.8, None, 400, False),
    ],
)
def test_a_round_that_came_out_worse_closes_none_before_it(
    db: Database, make_scores: MakeScores, before: float | None, now: float | None, faces: int | None, worse: bool
) -> None:
    (first,) = in_review(db, make_scores, before, faces=faces)
    second, earlier = finished(db, make_scores, now, faces, close_earlier=True)
    assert earlier == (([], [first]) if worse else ([first], []))
    assert rounds.in_review(db) == ([first, second] if worse else [second])
    found = rounds.round_to_answer(db)
    assert found is not None
    assert found.id == (first if worse else second)
    if worse:
        rounds.close_round(db, first)
        assert rounds.in_review(db) == [second]


@pytest.mark.parametrize(
    ("gained", "lost", "worse"),
    [
        (20, 42, True),  # 7.3 points of 300, significant in pairs though not as if the faces were others
        (1, 15, False),  # significant, and less than 5 points
        (0, 15, True),
        (64, 86, False),  # chance
        (42, 20, False),
    ],
)
def test_rounds_are_compared_in_pairs_where_both_kept_what_they_say_of_each_face(
    db: Database, make_scores: MakeScores, gained: int, lost: int, worse: bool
) -> None:
    (first,) = in_review(db, make_scores, 0.55, faces=300)
    now = (165 + gained - lost) / 300
    second = rounds.start_round(db, {}, code_version="1")
    pairs = {"faces": 300, "gained": gained, "lost": lost, "first": 0.55, "second": now}
    metrics = {"val_accuracy": now, "val_faces": 300, AGAINST: {str(first): pairs}}
    earlier = rounds.finish_round(db, second, make_scores(), metrics, close_earlier=True)
    assert earlier == (([], [first]) if worse else ([first], []))
    change = validation_change(rounds.get_round(db, second), rounds.get_round(db, first))
    assert change is not None
    assert str(change) == f"validation 55.0% to {now:.1%}, {difference_words(paired_difference(gained, lost, 300))}"


def test_of_several_rounds_in_review_the_newest_good_one_is_answered_first(
    db: Database, make_scores: MakeScores
) -> None:
    first, second, third = in_review(db, make_scores, 0.8, 0.3, 0.85)
    assert rounds.in_review(db) == [third, first, second]
    fourth, earlier = finished(db, make_scores, 0.86, close_earlier=True)
    assert earlier == ([first, second, third], [])
    assert rounds.round_to_answer(db) == rounds.get_round(db, fourth)


def test_a_round_ends_and_closes_those_before_it_in_one_step(db: Database, make_scores: MakeScores) -> None:
    (first,) = in_review(db, make_scores, 0.8)
    second = rounds.start_round(db, {}, code_version="1")
    db.execute(
        "CREATE TEMP TRIGGER no_end BEFORE UPDATE ON round WHEN new.state = 'closed' "
        "BEGIN SELECT RAISE(ABORT, 'the power is gone'); END"
    )
    with pytest.raises(sqlite3.IntegrityError, match="the power is gone"):
        rounds.finish_round(db, second, make_scores(), {}, close_earlier=True)
    assert [info.state for info in rounds.rounds(db)] == ["running", "review"]
    assert rounds.in_review(db) == [first]
    assert db.execute("SELECT count(*) FROM score WHERE round_id = ?", (second,)).fetchone() == (0,)


def test_what_closing_leaves_undecided_is_counted_in_faces(db: Database, make_scores: MakeScores) -> None:
    number = rounds.start_round(db, {}, code_version="1")
    rounds.finish_round(db, number, make_scores(), {}, review=ReviewSettings(readings=2), audit=3)
    assert undecided_faces(db, number) == UndecidedFaces(10, 7, waiting=0, conflicts=0)
    not_drawn = "SELECT sample_id FROM queue_item GROUP BY 1 HAVING NOT max(kind = 'audit')"
    faces = [row[0] for row in db.execute(not_drawn)]
    said = [(faces[0], "ann", "unsure"), (faces[0], "bob", "exclude"), (faces[1], "ann", "unsure")]
    record_each(db, [Decision(str(uuid4()), number, face, who, action) for face, who, action in said])  # type: ignore[arg-type]
    left = undecided_faces(db, number)
    assert left == UndecidedFaces(9, 6, waiting=1, conflicts=1)
    assert str(left) == "9 faces to review (6 proposals, 1 waiting for another reading) and 1 face in conflict"
    ended = "9 faces not reviewed (6 proposals, 1 that never got another reading) and 1 face in conflict"
    assert left.at_the_end == ended
    assert str(UndecidedFaces(0, 0, 0, 0)) == "every face decided"


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize(("commit", "states"), [(1, ["review", "running"]), (2, ["closed", "review"])])
def test_killed_at_any_commit_one_round_is_in_review(
    running: Database, make_scores: MakeScores, commit: int, states: list[str]
) -> None:
    """The end of a round and of the review of those before it is one commit: killed at the second, it is done."""
    rounds.finish_round(running, 1, make_scores(), {})
    rounds.start_round(running, {}, code_version="1")
    path, scores = database_path(running), make_scores()
    child = os.fork()
    if child == 0:
        db = open_database(path)
        seen: list[str] = []

        def trace(sql: str) -> None:
            seen.extend([sql] if sql == "COMMIT" else [])
            if len(seen) == commit:
                os.kill(os.getpid(), signal.SIGKILL)

        db.conn.set_trace_callback(trace)
        rounds.finish_round(db, 2, scores, {}, close_earlier=True)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert (os.WTERMSIG(status) == signal.SIGKILL) is (commit == 1)
    assert [info.state for info in reversed(rounds.rounds(running))] == states
    assert (tables(running)[0] == 20) is (commit == 2)
