"""Hidden repeats: asked as promised, told from nothing, and in step with the log whatever is undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from scn_core.config import ReviewSettings
from scn_core.records import Decision, QueueFilter, QueueItem, RoundScores
from scn_core.store.connection import transaction
from scn_core.store.decisions.record import effective_labels, record_each
from scn_core.store.decisions.repeats import Repeat, repeats
from scn_core.store.decisions.visibility import seen_history
from scn_core.store.people.people import Person, ensure_person
from scn_core.store.projections import check
from scn_core.store.queue import draw_repeats
from scn_core.store.queue.browse import items_of, page_items
from scn_core.store.queue.counts import queue_counts
from scn_core.store.queue.leases import claim_items, release_leases, renew_leases
from scn_core.store.queue.pace import pace
from scn_core.store.rounds.states import close_round, finish_round, start_round
from tests.scn_core.store.review_model import decide, ids, undo

ANN, BOB = 1, 2
FACES = 400
OPEN = QueueFilter()


@pytest.fixture
def long_review(db: Database, make_scores: Callable[..., RoundScores]) -> Database:
    """A round of 400 proposals whose pages are to be a tenth repeats."""
    db.conn.executemany(
        "INSERT INTO sample (id, key, path, split, given_label) VALUES (?, ?, ?, 'train', ?)",
        [(i, f"{i}", f"{i}", (i - 1) % 3) for i in range(13, FACES + 3)],
    )
    scores = make_scores(FACES + 2)
    train = (scores.sample_id != 11) & (scores.sample_id != 12)
    columns = {name: getattr(scores, name)[train] for name in scores.__dataclass_fields__}
    begin(db, RoundScores(**columns), repeats=0.1)
    return db


@pytest.fixture
def short_review(db: Database, make_scores: Callable[..., RoundScores], monkeypatch: pytest.MonkeyPatch) -> Database:
    """A round of 10 proposals in which a face may come again after two answers."""
    monkeypatch.setattr(draw_repeats, "ANSWERS_BETWEEN", 2)
    begin(db, make_scores(), repeats=0.2)
    return db


def begin(db: Database, scores: RoundScores, *, repeats: float, readings: int = 1) -> None:
    review = ReviewSettings(repeats=repeats, readings=readings)
    finish_round(db, start_round(db, {}, code_version="1"), scores, {}, review=review)


def claim(db: Database, person: int = ANN, *, limit: int = 20, have: list[int] | None = None) -> list[QueueItem]:
    return claim_items(db, 1, person, OPEN, limit=limit, have=have or []).items


def answer(db: Database, *items: QueueItem, person: str = "ann", action: str = "keep") -> list[Decision]:
    said = [decide(item.sample_id, action, person) for item in items]  # type: ignore[arg-type]
    assert record_each(db, said) == []
    return said


def asked_again(db: Database) -> QueueItem:
    """The first repeat of a short review, on ann's screen among new faces; she has answered all other faces of it."""
    for _ in range(8):
        page = claim(db, limit=3)
        again = [item for item in page if item.again]
        if again:
            return again[0]
        answer(db, *page[:2])
    raise AssertionError("no repeat came")


def rows(db: Database) -> list[tuple[int, str | None, str | None]]:
    """(face, reader's answer, who holds it) of the repeats."""
    return db.execute(
        "SELECT sample_id, action, (SELECT name FROM person WHERE id = lease_person) FROM queue_item "
        "WHERE reader IS NOT NULL ORDER BY id"
    ).fetchall()


def test_a_tenth_of_the_pages_are_faces_answered_sixty_answers_ago(long_review: Database) -> None:
    order: list[int] = []
    new = 0
    while page := claim(long_review):
        assert len(page) <= 20
        assert sum(item.again for item in page) <= 2
        assert any(not item.again for item in page)
        for item in page:
            if item.again:
                assert len(order) - order.index(item.sample_id) > 60
            else:
                new += 1
            assert (item.sample_id in order) == item.again
        answer(long_review, *page)
        order += [item.sample_id for item in page]
    assert new == FACES
    again = [face for face, *_ in rows(long_review)]
    assert len(again) == len(set(again))
    assert 0.07 * len(order) < len(again) <= 0.1 * len(order)
    assert all(order.count(face) == (2 if face in again else 1) for face in set(order))
    places = sorted({order.index(face) for face in again})
    assert places[0] < FACES / 4
    assert places[-1] > FACES / 2


def test_no_repeats_where_the_round_has_none_or_nothing_is_old_enough(
    db: Database, make_scores: Callable[..., RoundScores], long_review: Database
) -> None:
    for _ in range(3):
        answer(long_review, *claim(long_review))
    assert not any(item.again for item in claim(long_review))
    long_review.execute("UPDATE round SET review = '{}'")
    answer(long_review, *claim(long_review))
    assert not any(item.again for item in claim(long_review))


@pytest.mark.parametrize(("minutes", "found"), [(19, 0), (21, 2)])
def test_twenty_minutes_are_long_enough_too(long_review: Database, minutes: int, found: int) -> None:
    answer(long_review, *claim(long_review))
    long_review.execute("DROP TRIGGER decision_no_update")
    past = f"strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-{minutes} minutes')"
    long_review.execute(f"UPDATE decision SET decided_at = {past}")
    assert sum(item.again for item in claim(long_review)) == found


def test_a_repeat_is_of_the_filter_and_for_its_reader_alone(long_review: Database) -> None:
    for _ in range(6):
        answer(long_review, *claim(long_review))
    where = QueueFilter(given=1)
    page = claim_items(long_review, 1, ANN, where, limit=20).items
    assert any(item.again for item in page)
    assert {item.given_label for item in page} == {1}
    again = 0
    for _ in range(6):
        page = claim_items(long_review, 1, ANN, QueueFilter(grouped=True), limit=20).items
        assert len({(item.given_label, item.proposed_label) for item in page}) == 1
        again += sum(item.again for item in page)
        answer(long_review, *page)
    assert again
    assert not any(item.again for item in claim(long_review, BOB))
    release_leases(long_review, ANN)
    assert not any(item.again for item in claim(long_review, BOB, limit=300))


def test_a_repeat_looks_like_any_open_face(short_review: Database) -> None:
    page = claim(short_review, limit=3)
    note = replace(decide(page[0].sample_id, "note"), text="mine")
    record_each(short_review, [decide(page[0].sample_id, "flag"), note, decide(page[0].sample_id, "flag", "bob")])
    answer(short_review, *page)
    again = asked_again(short_review)
    face = page[0].sample_id
    assert again.id != page[0].id
    short_review.execute("UPDATE queue_item SET sample_id = ? WHERE kind = 'repeat'", (face,))
    (item,) = items_of(short_review, 1, ANN, [face])
    assert (item.id, item.again, item.kind, item.action) == (page[0].id, True, "proposal", None)
    assert (item.answered_by, item.decision_id, item.flag, item.note) == (None, None, None, None)
    assert item.flagged  # by bob
    ann = Person(ANN, "ann", "annotator")
    assert {row.decision.person for row in seen_history(short_review, face, ann, item)} == {"bob"}
    (known,) = items_of(short_review, 1, ANN, [face], again=False)
    assert (known.action, known.answered_by, known.note) == ("keep", "ann", "mine")
    assert len(seen_history(short_review, face, ann, known)) == 4


def test_what_was_said_is_hidden_only_while_the_repeat_is_on_screen(short_review: Database) -> None:
    again = asked_again(short_review)
    release_leases(short_review, ANN)
    (item,) = items_of(short_review, 1, ANN, [again.sample_id])
    assert (item.again, item.action, item.answered_by) == (False, "keep", "ann")
    assert again.id in ids(claim(short_review, limit=3))
    close_round(short_review, 1)
    assert not items_of(short_review, 1, ANN, [again.sample_id])[0].again


def test_lists_and_counts_know_of_no_repeat(short_review: Database) -> None:
    again = asked_again(short_review)
    everything, _ = page_items(short_review, 1, ANN, QueueFilter(state="all"))
    assert len(everything) == queue_counts(short_review, 1, ANN, QueueFilter()).states["all"] == 10
    assert [item.again for item in everything if item.id == again.id] == [False]
    left = pace(short_review, 1, ANN).left
    assert left == queue_counts(short_review, 1, ANN, OPEN).matching
    said = answer(short_review, again)
    assert pace(short_review, 1, ANN).left == left
    record_each(short_review, [undo(said[0])])
    assert pace(short_review, 1, ANN).left == left


def test_the_newer_answer_counts_and_undo_brings_the_older_back(short_review: Database) -> None:
    face = asked_again(short_review).sample_id
    item = items_of(short_review, 1, ANN, [face])
    slip, said = answer(short_review, *item, action="unsure") + answer(short_review, *item, action="exclude")
    assert rows(short_review) == [(face, "exclude", None)]
    assert repeats(short_review, 1) == [Repeat(ANN, face, "keep", (face - 1) % 3, "exclude", None)]
    assert effective_labels(short_review).excluded[face - 1]
    assert items_of(short_review, 1, ANN, [face])[0].action == "exclude"
    back = undo(said)
    record_each(short_review, [undo(slip), back])
    assert rows(short_review) == [(face, None, "ann")]
    assert repeats(short_review, 1) == []
    assert not effective_labels(short_review).excluded[face - 1]
    assert items_of(short_review, 1, ANN, [face])[0].again
    record_each(short_review, [undo(back)])
    assert [(each.first_action, each.again_action) for each in repeats(short_review, 1)] == [("keep", "exclude")]


def test_without_a_first_answer_there_is_nothing_to_repeat(short_review: Database) -> None:
    face = asked_again(short_review).sample_id
    first = short_review.execute("SELECT id FROM decision WHERE sample_id = ?", (face,)).fetchone()[0]
    record_each(short_review, [decide(face, "undo", undoes=first)])
    assert rows(short_review) == []
    (item,) = items_of(short_review, 1, ANN, [face])
    assert (item.again, item.action, item.lease_person) == (False, None, ANN)


def test_a_repeat_is_renewed_comes_back_after_a_reload_and_can_be_skipped(short_review: Database) -> None:
    again = asked_again(short_review)
    assert renew_leases(short_review, ANN, [again.id]) == [again.id]
    page = claim(short_review, limit=3, have=[again.id])
    assert not any(item.again for item in page)
    release_leases(short_review, ANN)
    assert [item.id for item in claim(short_review, limit=3) if item.again] == [again.id]
    skip = decide(again.sample_id, "skip")
    record_each(short_review, [skip])
    assert rows(short_review) == [(again.sample_id, None, None)]
    assert not any(item.again for item in claim(short_review, limit=3))
    record_each(short_review, [undo(skip)])
    assert [item.id for item in claim(short_review, limit=3) if item.again] == [again.id]


def test_several_readings_keep_their_slots(db: Database, make_scores: Callable[..., RoundScores],
                                           monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(draw_repeats, "ANSWERS_BETWEEN", 2)
    begin(db, make_scores(), repeats=0.2, readings=2)
    face = asked_again(db).sample_id
    answer(db, *items_of(db, 1, ANN, [face]), action="unsure")
    readings = "SELECT action, answered_by FROM queue_item WHERE sample_id = ? AND reader IS NULL ORDER BY slot"
    assert db.execute(readings, (face,)).fetchall() == [("unsure", ANN), (None, None)]
    (outcome,) = db.execute("SELECT state, answers, needed FROM outcome WHERE sample_id = ?", (face,)).fetchall()
    assert outcome == ("waiting", 1, 2)
    assert face in [item.sample_id for item in claim(db, BOB, limit=10)]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("claim"), st.integers(2, 6), st.just(0)),
            st.tuples(st.just("answer"), st.integers(0, 9), st.integers(0, 2)),
            st.tuples(st.just("undo"), st.integers(0, 30), st.just(0)),
        ),
        min_size=10,
        max_size=40,
    )
)
def test_repeats_follow_the_log(short_review: Database, steps: list[tuple[str, int, int]]) -> None:
    """After anything: a repeat has its person's newest answer since it was asked, or is open, or is gone."""
    db = short_review
    _empty(db)
    eve = ensure_person(db, "eve").id
    said: list[Decision] = []
    screen: list[QueueItem] = []
    for what, number, choice in steps:
        if what == "claim":
            screen = claim(db, eve, limit=number) or screen
        elif what == "answer":
            item = screen[number % len(screen)] if screen else None
            face = item.sample_id if item else number + 1
            said.append(decide(face, ("keep", "unsure", "exclude")[choice], "eve"))
            assert record_each(db, said[-1:]) == []
        elif said:
            target = said[number % len(said)]
            row = undo(target)
            if record_each(db, [row]) == []:
                said.append(row)
        _check(db)
        assert check(db) == []
    event(f"repeats: {len(rows(db))}, answered: {len(repeats(db, 1))}")


def _check(db: Database) -> None:
    pairs = []
    found = db.execute("SELECT sample_id, reader, priority, action, answered_seq FROM queue_item WHERE reader <> ''")
    for face, reader, asked_at, action, seq in found.fetchall():
        sql = "SELECT seq, action, label FROM live_decision WHERE sample_id = ? AND person_id = ? ORDER BY seq"
        answers = db.execute(sql, (face, reader)).fetchall()
        before = [row for row in answers if row[0] <= asked_at]
        after = [row for row in answers if row[0] > asked_at]
        assert (seq, action) == (after[-1][:2] if after else (None, None))
        assert answers
        if before and after:
            pairs.append(Repeat(reader, face, *before[-1][1:], *after[-1][1:]))
    assert sorted(map(repr, repeats(db, 1))) == sorted(map(repr, pairs))
    held = "SELECT count(*), count(DISTINCT sample_id) FROM queue_item WHERE lease_person IS NOT NULL AND listed = 1"
    one, other = db.execute(held).fetchone()
    assert one == other


def _empty(db: Database) -> None:
    """As if nobody had been here: hypothesis gives every example the same database."""
    with transaction(db):
        db.execute("DROP TRIGGER IF EXISTS decision_no_delete")
        db.execute("DELETE FROM queue_item WHERE reader IS NOT NULL")
        db.execute("UPDATE queue_item SET action = NULL, answered_by = NULL, answered_seq = NULL")
        db.execute("UPDATE queue_item SET lease_person = NULL, lease_until = NULL")
        for table in ("outcome", "answer_count", "decision"):
            db.execute(f"DELETE FROM {table}")
