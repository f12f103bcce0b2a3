"""Two rounds in review: neither says anything of a face that waits for an answer as an audit face of the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from itertools import product
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from sqlite_utils import Database

from scn_core.class_names import ClassVocabulary
from scn_core.config import ReviewSettings
from scn_core.records import QUEUE_DOUBTS, QUEUE_ORDERS, Manifest, QueueFilter, QueueState, RoundScores, Sample
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import Person, ensure_person
from scn_core.store.queue.browse import page_items
from scn_core.store.queue.counts import queue_counts
from scn_core.store.queue.learned_order import training_examples, write_order
from scn_core.store.queue.leases import claim_faces, claim_items, release_leases
from scn_core.store.rounds.states import close_round, finish_round, start_round
from scn_core.store.samples import insert_manifest
from tests.scn_core.store.queue.test_browse import random_scores
from tests.scn_core.store.review_model import decide
from tests.templates import new_database

FACES = 60
STATES: tuple[QueueState, ...] = get_args(QueueState)
FILTERS = [
    *(QueueFilter(state=state, order=order) for state, order in product(STATES, QUEUE_ORDERS[:2])),
    *(QueueFilter(doubt=doubt) for doubt in QUEUE_DOUBTS),
    *(QueueFilter(state="all", proposed=label) for label in range(3)),
    QueueFilter(state="all", unproposed=True), QueueFilter(alpha_to=0.5), QueueFilter(grouped=True),
    QueueFilter(state="all", flagged=True),
]  # fmt: skip


@pytest.fixture(params=[1, 2], ids=["one reading", "two readings"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Rounds 1 and 2 in review, 15 audit faces each; ann answered, and bob flagged, faces of round 1 before."""
    db = new_database(tmp_path / "review.db")
    samples = tuple(Sample(f"{i}.jpg", f"{i}.jpg", (i - 1) % 3, "train") for i in range(1, FACES + 1))
    insert_manifest(db, Manifest("toy", Path("x"), ClassVocabulary(("happy", "sad", "fear")), samples))
    ensure_person(db, "ann"), ensure_person(db, "bob")
    review = ReviewSettings(readings=request.param)
    for number in (1, 2):
        many = random_scores(np.random.default_rng(number))
        scores = RoundScores(**{field.name: getattr(many, field.name)[:FACES] for field in fields(RoundScores)})
        finish_round(db, start_round(db, {}, code_version="1"), scores, {}, audit=15, seed=number, review=review)
        if number == 1:
            record_decisions(db, [decide(face, "exclude", "ann") for face in range(1, FACES, 3)])
            record_decisions(db, [decide(face, "flag", "bob") for face in range(2, FACES, 3)])
    yield db
    db.close()


def open_audits(db: Database, number: int) -> set[int]:
    sql = "SELECT sample_id FROM queue_item WHERE round_id = ? AND kind = 'audit' AND action IS NULL"
    return {face for (face,) in db.execute(sql, (number,))}


def queued(db: Database, number: int) -> set[int]:
    return {face for (face,) in db.execute("SELECT sample_id FROM queue_item WHERE round_id = ?", (number,))}


def answered(db: Database, number: int, who: Person) -> set[int]:
    sql = "SELECT sample_id FROM queue_item WHERE round_id = ? AND answered_by = ?"
    return {face for (face,) in db.execute(sql, (number, who.id))}


def test_no_page_no_count_and_no_claim_has_an_open_audit_face_of_the_other(both: Database) -> None:
    ann, bob = ensure_person(both, "ann"), ensure_person(both, "bob")
    for here, there in ((1, 2), (2, 1)):
        hidden = (open_audits(both, there) & queued(both, here)) - open_audits(both, here)
        assert hidden - answered(both, here, ann)
        for viewer, where in product((ann, bob), FILTERS):
            own, found = answered(both, here, viewer), set[int]()
            cursor, shown = None, 0
            while True:
                items, cursor = page_items(both, here, viewer.id, where, after=cursor, limit=FACES)
                found, shown = found | {item.sample_id for item in items}, shown + len(items)
                if cursor is None:
                    break
            assert not found & (hidden - own), where
            counts = queue_counts(both, here, viewer.id, where)
            assert counts.matching == shown, where
            if where == QueueFilter(state="all"):
                assert found == queued(both, here) - (hidden - own)
        # In the order that answers have taught, and among faces that look alike.
        write_order(both, here, np.array(sorted(hidden)), training_examples(both, here))
        given = {item.sample_id for item in claim_items(both, here, bob.id, QueueFilter(), limit=FACES).items}
        assert given
        assert not given & hidden
        release_leases(both, bob.id)
        assert not {item.sample_id for item in claim_faces(both, here, bob.id, sorted(hidden), limit=FACES)}


def test_once_answered_there_or_closed_it_is_asked_about_here(both: Database) -> None:
    bob = ensure_person(both, "bob")
    hidden = sorted((open_audits(both, 2) & queued(both, 1)) - open_audits(both, 1))

    def shown() -> set[int]:
        return {item.sample_id for item in page_items(both, 1, bob.id, QueueFilter(state="all"), limit=FACES)[0]}

    first, *others = hidden
    several = both.execute("SELECT max(slot) FROM queue_item").fetchone()[0] + 1
    for name in ("ann", "bob")[:several]:
        assert first not in shown()
        record_decisions(both, [decide(first, "unsure", name, round_id=2)])
    assert first in shown()
    assert not shown() & {*others}
    close_round(both, 2)
    assert shown() >= {*hidden}
