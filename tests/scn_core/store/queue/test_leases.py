from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from scn_core.config import ReviewSettings
from scn_core.errors import WorkspaceError
from scn_core.records import QueueFilter, RoundScores
from scn_core.store.connection import open_database
from scn_core.store.decisions.record import record_each
from scn_core.store.people.people import ensure_person
from scn_core.store.projections import rebuild
from scn_core.store.queue.browse import items_of, page_items
from scn_core.store.queue.leases import (
    LEASE_S,
    LeaseInfo,
    claim_faces,
    claim_items,
    leases,
    release_leases,
    renew_leases,
)
from scn_core.store.rounds.states import close_round, finish_round, start_round
from scn_core.store.schema.expressions import from_now
from tests.scn_core.store.review_model import decide, ids, undo

ANN, BOB = 1, 2
OPEN = QueueFilter()


def run_out(db: Database, person_id: int) -> None:
    db.execute("UPDATE queue_item SET lease_until = '2001-01-01' WHERE lease_person = ?", (person_id,))


def faces(db: Database, person_id: int, limit: int, have: list[int] | None = None) -> list[int]:
    return [item.sample_id for item in claim_items(db, 1, person_id, OPEN, limit=limit, have=have or []).items]


def ranked(db: Database) -> list[int]:
    return [i for (i,) in db.execute("SELECT sample_id FROM queue_item ORDER BY priority DESC")]


def test_two_people_share_the_top_of_the_queue(review: Database) -> None:
    assert faces(review, ANN, 3) == ranked(review)[:3]
    assert faces(review, BOB, 3) == ranked(review)[3:6]
    assert faces(review, ANN, 9) == ranked(review)[:3] + ranked(review)[6:]
    assert faces(review, BOB, 9) == ranked(review)[3:6]


def test_what_is_on_screen_is_renewed_and_not_given_again(review: Database) -> None:
    first = claim_items(review, 1, ANN, OPEN, limit=3)
    review.execute("UPDATE queue_item SET lease_until = '2090-01-01' WHERE lease_person = ?", (ANN,))
    more = claim_items(review, 1, ANN, OPEN, limit=2, have=ids(first.items))
    assert [item.sample_id for item in more.items] == ranked(review)[3:5]
    assert more.lost == []
    assert "2090-01-01" not in {until for (until,) in review.execute("SELECT lease_until FROM queue_item")}


def test_an_abandoned_lease_comes_back_at_its_place(review: Database) -> None:
    mine = claim_items(review, 1, ANN, OPEN, limit=3)
    run_out(review, ANN)
    assert leases(review, 1) == []
    assert faces(review, BOB, 4) == ranked(review)[:4]
    assert claim_items(review, 1, ANN, OPEN, limit=0, have=ids(mine.items)).lost == ids(mine.items)
    assert renew_leases(review, ANN, ids(mine.items)) == []


def test_a_clock_that_is_set_back_a_day_keeps_no_face_from_anybody(review: Database) -> None:
    mine = claim_items(review, 1, ANN, OPEN, limit=3).items
    review.execute(f"UPDATE queue_item SET lease_until = {from_now(86_400)} WHERE lease_person = {ANN}")
    assert leases(review, 1) == []
    assert faces(review, BOB, 1) == ranked(review)[:1]
    # Who had them comes back: hers are those that nobody has taken meanwhile, as after a lease that ran out.
    assert renew_leases(review, ANN, ids(mine)) == ids(mine[1:])
    assert [(who.person, who.items) for who in leases(review, 1)] == [("ann", 2), ("bob", 1)]


@given(st.floats(-1e6, 1e6).filter(lambda ends: min(abs(ends), abs(ends - LEASE_S)) > 30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
def test_a_lease_counts_that_ends_within_its_own_length(review: Database, ends: float) -> None:
    (mine,) = claim_items(review, 1, ANN, OPEN, limit=1).items
    review.execute(f"UPDATE queue_item SET lease_until = {from_now(ends)} WHERE id = {mine.id}")
    held = 0 < ends < LEASE_S
    assert [who.person for who in leases(review, 1)] == ["ann"] * held
    (bobs,) = claim_items(review, 1, BOB, OPEN, limit=1).items
    assert (bobs.id == mine.id) is not held
    release_leases(review, ANN)
    release_leases(review, BOB)


def test_an_answered_item_is_lost_and_its_lease_gone(review: Database) -> None:
    mine = claim_items(review, 1, ANN, OPEN, limit=2).items
    assert record_each(review, [decide(mine[0].sample_id, "unsure", "bob")]) == []  # bob's was made offline
    assert renew_leases(review, ANN, ids(mine)) == [mine[1].id]
    assert record_each(review, [decide(mine[0].sample_id, "exclude", "ann")]) == []  # never refused: the newest wins
    (item,) = items_of(review, 1, ANN, [mine[0].sample_id])
    assert (item.action, item.answered_by) == ("exclude", "ann")


def test_undoing_the_last_answer_gives_the_face_back_to_who_undid_it(review: Database) -> None:
    (item,) = claim_items(review, 1, ANN, OPEN, limit=1).items
    said = decide(item.sample_id, "keep")
    record_each(review, [said, undo(said)])
    (again,) = items_of(review, 1, ANN, [item.sample_id])
    assert (again.action, again.lease_person) == (None, ANN)
    assert item.sample_id not in faces(review, BOB, 10)


def test_a_skip_is_for_me_alone_until_taken_back(review: Database) -> None:
    (item,) = claim_items(review, 1, ANN, OPEN, limit=1).items
    skip = decide(item.sample_id, "skip")
    record_each(review, [skip])
    assert item.sample_id not in faces(review, ANN, 10)
    release_leases(review, ANN)
    assert faces(review, BOB, 1) == [item.sample_id]
    skipped, _ = page_items(review, 1, ANN, QueueFilter(state="skipped"))
    assert [each.skip for each in skipped] == [skip.id]
    release_leases(review, BOB)
    record_each(review, [undo(skip)])
    assert faces(review, ANN, 1) == [item.sample_id]


def test_leases_are_listed_and_released(review: Database) -> None:
    held = claim_items(review, 1, BOB, OPEN, limit=4).items
    claim_items(review, 1, ANN, OPEN, limit=2)
    listed = leases(review, 1)
    assert [(who.person_id, who.person, who.items) for who in listed] == [(ANN, "ann", 2), (BOB, "bob", 4)]
    assert isinstance(listed[0], LeaseInfo)
    assert listed[0].until.endswith("Z")
    assert release_leases(review, ANN, ids(held)) == 0  # not hers
    assert release_leases(review, BOB, [held[0].id]) == 1
    assert release_leases(review, BOB) == 3
    assert [who.person for who in leases(review, 1)] == ["ann"]


def chosen(db: Database, person_id: int, samples: list[int], limit: int = 20, **more: Any) -> list[int]:
    return [item.sample_id for item in claim_faces(db, 1, person_id, samples, limit=limit, **more)]


@pytest.mark.parametrize("at_once", [2, 500])
def test_faces_asked_for_by_number_keep_the_rules_of_the_queue(
    review: Database, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the toy data set sample i has the given label (i - 1) % 3, and i % 3 is proposed."""
    monkeypatch.setattr("scn_core.store.queue.leases._AT_ONCE", at_once)
    assert chosen(review, ANN, [3, 1, 9, 2], limit=3) == [3, 1, 9]
    assert chosen(review, BOB, [9, 2, 11, 99, 4]) == [2, 4]  # 9 is ann's, 11 is for validation, 99 is nobody
    assert chosen(review, ANN, [3, 5]) == [3, 5]  # what she holds already comes too
    record_each(review, [decide(5, "keep", "ann"), decide(3, "skip", "ann")])
    assert chosen(review, ANN, [5, 3, 6]) == [6]
    assert chosen(review, ANN, [10, 8, 7], pair=(0, 1)) == [10, 7]
    assert chosen(review, ANN, [10, 8, 7], pair=(0, None)) == []
    close_round(review, 1)
    assert chosen(review, ANN, [10, 7]) == []


@pytest.mark.parametrize("readings", [1, 2])
def test_faces_asked_for_by_number_are_no_audit_faces(
    db: Database, make_scores: Callable[..., RoundScores], readings: int
) -> None:
    finish_round(
        db, start_round(db, {}, code_version="1"), make_scores(), {}, audit=4, review=ReviewSettings(readings=readings)
    )
    drawn = {face for (face,) in db.execute("SELECT sample_id FROM queue_item WHERE kind = 'audit'")}
    assert drawn
    everyone = list(range(1, 11))
    assert set(chosen(db, ANN, everyone)) == set(everyone) - drawn
    assert set(chosen(db, BOB, everyone)) == (set(everyone) - drawn if readings == 2 else set())
    if readings == 2:
        first = min(set(everyone) - drawn)
        record_each(db, [decide(first, "keep", "ann")])
        release_leases(db, BOB)
        assert first not in chosen(db, ANN, everyone)
        assert first in chosen(db, BOB, everyone)


def test_two_readings_go_to_two_people(db: Database, make_scores: Callable[..., RoundScores]) -> None:
    finish_round(db, start_round(db, {}, code_version="1"), make_scores(), {}, review=ReviewSettings(readings=2))
    assert faces(db, ANN, 20) == faces(db, BOB, 20) == list(dict.fromkeys(ranked(db)))
    assert faces(db, ensure_person(db, "eve").id, 20) == []
    record_each(db, [decide(1, "keep", "ann")])
    assert 1 not in faces(db, ANN, 20)
    (bobs,) = items_of(db, 1, BOB, [1])
    assert (bobs.action, bobs.lease_person) == (None, BOB)


def test_nothing_is_given_of_a_round_that_is_closed(review: Database) -> None:
    mine = claim_items(review, 1, ANN, OPEN, limit=2).items
    close_round(review, 1)
    assert leases(review, 1) == []
    claim = claim_items(review, 1, ANN, OPEN, limit=2, have=ids(mine))
    assert (claim.items, claim.lost) == ([], ids(mine))
    assert claim_items(review, 9, ANN, OPEN, limit=2).items == []


def test_only_open_items_are_claimed(review: Database) -> None:
    with pytest.raises(WorkspaceError, match="found state answered; allowed: open"):
        claim_items(review, 1, ANN, QueueFilter(state="answered"), limit=1)


@pytest.mark.parametrize(
    "where", [QueueFilter(), QueueFilter(order="margin"), QueueFilter(order="alpha", grouped=True)]
)
def test_eight_people_at_once_get_the_top_of_the_order_and_no_face_twice(
    big_review: Database, tmp_path: Path, where: QueueFilter
) -> None:
    people = [ensure_person(big_review, f"p{i}").id for i in range(8)]
    asked = 8 * 5 * 20
    expected: list[int] = []
    cursor: str | None = None
    while len(expected) < asked:
        page, cursor = page_items(big_review, 1, people[0], where, after=cursor, limit=asked - len(expected))
        expected += ids(page)
    given: list[list[int]] = [[] for _ in people]
    start = threading.Barrier(len(people))

    def work(which: int) -> None:
        with open_database(tmp_path / "review.db") as mine:
            start.wait()
            for _ in range(5):
                claim = claim_items(mine, 1, people[which], where, limit=20, have=given[which])
                assert claim.lost == []
                page = ids(claim.items)
                assert page == sorted(page, key=expected.index)
                given[which] += page

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(people))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = [item for items in given for item in items]
    assert where.grouped or len(taken) == asked
    assert len(taken) > asked - 20  # where grouped, the last page of a pair is a short one
    assert Counter(taken) == Counter(expected[: len(taken)])


def test_a_grouped_page_is_of_one_pair_and_of_none_left_out(big_review: Database) -> None:
    big_review.execute("UPDATE queue_item SET proposed_label = NULL WHERE sample_id % 7 = 0")
    rebuild(big_review)
    grouped = QueueFilter(grouped=True)
    seen: list[tuple[int, int | None]] = []
    first: list[int] = []
    while page := claim_items(big_review, 1, ANN, grouped, limit=20, leave_out=first).items:
        pairs = {(item.given_label, None if item.sample_id % 7 == 0 else item.proposed_label) for item in page}
        assert len(pairs) == 1
        seen += pairs
        first.append(page[0].id)
    assert len(seen) == len(set(seen)) == 6
    assert [proposed is None for _, proposed in seen] == [False] * 3 + [True] * 3
    # What is left of a pair comes before the next one.
    (given, _), *_ = seen
    have = [item.id for item in claim_items(big_review, 1, ANN, grouped, limit=5).items]
    page = claim_items(big_review, 1, ANN, grouped, limit=2_000, have=have).items
    assert {item.given_label for item in page} == {given}
    assert len(page) < 2_000 / 3


@pytest.fixture
def big_review(db: Database, make_scores: Callable[..., RoundScores]) -> Database:
    """A round of 2,000 proposals."""
    db.conn.executemany(
        "INSERT INTO sample (id, key, path, split, given_label) VALUES (?, ?, ?, 'train', ?)",
        [(i, f"{i}", f"{i}", (i - 1) % 3) for i in range(13, 2001)],
    )
    finish_round(db, start_round(db, {}, code_version="1"), make_scores(2_000), {})
    return db


def test_a_tab_that_is_closed_frees_nothing_that_another_one_shows(review: Database) -> None:
    """Two devices of one person show the same faces."""
    phone, tablet = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
    shown = ids(claim_items(review, 1, ANN, OPEN, limit=4, tab=phone).items)
    assert ids(claim_items(review, 1, ANN, OPEN, limit=3, tab=tablet).items) == shown[:3]
    assert release_leases(review, ANN, shown[:3], tab=tablet) == 0
    assert release_leases(review, ANN, shown[:3]) == 0  # a client that names no tab shows them no more than the tablet
    assert not set(ids(claim_items(review, 1, BOB, OPEN, limit=3).items)) & set(shown)
    claim_items(review, 1, ANN, OPEN, limit=0, have=shown, tab=tablet)
    assert release_leases(review, ANN, shown, tab=phone) == 0
    review.execute("UPDATE lease_tab SET lease_until = '2001-01-01' WHERE tab = ?", (tablet,))  # it is gone
    assert release_leases(review, ANN, shown, tab=phone) == 4
    assert ids(claim_items(review, 1, BOB, OPEN, limit=1, tab=phone).items) == shown[:1]
    release_leases(review, BOB)
    assert review["lease_tab"].count == 0
