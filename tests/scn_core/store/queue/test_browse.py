from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from scn_core.class_names import ClassVocabulary
from scn_core.errors import WorkspaceError
from scn_core.records import (
    ANSWERS,
    QUEUE_DOUBTS,
    QUEUE_ORDERS,
    QUEUE_STATES,
    Manifest,
    QueueFilter,
    QueueItem,
    QueueOrder,
    QueuePicture,
    RoundScores,
    Sample,
)
from scn_core.store.decisions.record import record_each
from scn_core.store.people.people import ensure_person
from scn_core.store.queue import filter as filters
from scn_core.store.queue import walk
from scn_core.store.queue.browse import items_of, page_items
from scn_core.store.queue.counts import faces_in_state, queue_counts
from scn_core.store.queue.filter import pairs_of
from scn_core.store.queue.learned_order import forget_order, learned_items, training_examples, write_order
from scn_core.store.queue.leases import claim_items
from scn_core.store.rounds.states import finish_round, start_round
from scn_core.store.samples import insert_manifest
from tests.scn_core.store.review_model import PEOPLE, decide, ids, in_order, listed, matches, undo
from tests.templates import new_database

FACES = 300


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """300 faces in random order, many ties, some answered by three people, flagged, skipped, leased, undone."""
    db = new_database(tmp_path_factory.mktemp("busy") / "review.db")
    samples = tuple(Sample(f"{i}.jpg", f"{i}.jpg", (i - 1) % 3, "train") for i in range(1, FACES + 1))
    insert_manifest(db, Manifest("toy", Path("x"), ClassVocabulary(("happy", "sad", "fear")), samples))
    people = [ensure_person(db, name) for name in PEOPLE]
    rng = np.random.default_rng(7)
    finish_round(db, start_round(db, {}, code_version="1"), random_scores(rng), {}, audit=20, seed=1)
    for person in people:
        claim_items(db, 1, person.id, QueueFilter(order="alpha"), limit=10)
    said = []
    for i, action in zip(rng.integers(1, FACES + 1, 150).tolist(), rng.choice(ANSWERS[1:], 150).tolist(), strict=True):
        label = {"relabel": 2, "keep": (i - 1) % 3}.get(action)
        said.append(decide(i, action, str(rng.choice(PEOPLE)), label=label))
    said += [decide(int(i), "flag", "ann") for i in rng.integers(1, FACES + 1, 30)]
    said += [decide(int(i), "note", str(rng.choice(PEOPLE)), text="?") for i in rng.integers(1, FACES + 1, 60)]
    said += [decide(int(i), "skip", "bob") for i in rng.integers(1, FACES + 1, 30)]
    said += [undo(said[i]) for i in rng.choice(len(said), 40, replace=False)]
    assert record_each(db, said) == []
    yield db
    db.close()


def random_scores(rng: np.random.Generator) -> RoundScores:
    label = np.arange(FACES) % 3
    probabilities = rng.dirichlet(np.ones(3), FACES).astype(np.float32)
    rough = [np.round(rng.random(FACES), 1).astype(np.float32) for _ in range(3)]
    proposed = np.where(rng.random(FACES) < 0.3, -1, (label + rng.choice([1, 2], FACES, p=[0.8, 0.2])) % 3)
    low = rng.random(FACES) < 0.8
    return RoundScores(
        sample_id=np.arange(1, FACES + 1), start_label=label, alpha=rough[0], p_given=probabilities[:, 0],
        p_max=probabilities.max(1), predicted_label=probabilities.argmax(1), margin=rough[1], suspicion=rough[2],
        doubt=rng.integers(0, 3, FACES), low_importance=low, suspicious=~low & (proposed < 0),
        proposed_label=proposed, second_label=(label + 2) % 3, trained_label=label, probabilities=probabilities,
    )  # fmt: skip


classes = st.one_of(st.none(), st.integers(0, 2))
steps = st.integers(0, 20)
wheres = st.builds(
    lambda alpha, **rest: QueueFilter(alpha_from=min(alpha) / 20, alpha_to=max(alpha) / 20, **rest),
    alpha=st.one_of(st.just((0, 20)), st.tuples(steps, steps).filter(lambda pair: pair[0] != pair[1])),
    state=st.sampled_from(QUEUE_STATES),
    given=classes,
    proposed=classes,
    unproposed=st.booleans(),
    label=classes,
    doubt=st.sampled_from(QUEUE_DOUBTS),
    flagged=st.booleans(),
    noted=st.booleans(),
    reviewer=st.sampled_from([None, None, *PEOPLE, "nobody"]),
    order=st.sampled_from(QUEUE_ORDERS),
    grouped=st.booleans(),
)


def asked_pair(item: QueueItem) -> tuple[int, int | None]:
    return item.given_label, None if item.kind == "audit" else item.proposed_label


def all_pages(db: Database, viewer_id: int, where: QueueFilter, limit: int) -> list[QueueItem]:
    found, cursor = page_items(db, 1, viewer_id, where, limit=limit)
    while cursor is not None:
        page, cursor = page_items(db, 1, viewer_id, where, after=cursor, limit=limit)
        assert page
        assert not where.grouped or len({asked_pair(item) for item in page}) == 1
        found += page
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(where=wheres, limit=st.sampled_from([7, 60, 400]), small=st.sampled_from([0, 20, 4_000]))
@pytest.mark.parametrize("viewer_id", [1, 2])
def test_pages_are_what_the_filter_asks_for_in_order(
    busy: Database, viewer_id: int, where: QueueFilter, limit: int, small: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filters, "SMALL", small)  # both ways of reading give the same
        assert ids(all_pages(busy, viewer_id, where, limit)) == in_order(listed(busy), where, viewer_id)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(where=wheres, viewer_id=st.sampled_from([1, 2]))
def test_counts_are_those_of_the_pages(busy: Database, where: QueueFilter, viewer_id: int) -> None:
    counts = queue_counts(busy, 1, viewer_id, where)
    items = listed(busy)

    def count(**other: Any) -> int:
        varied = QueueFilter(**{name: getattr(where, name) for name in QueueFilter.__slots__} | other)
        return sum(matches(item, varied, viewer_id) for item in items)

    assert counts.matching == count() == faces_in_state(busy, 1, viewer_id, where)
    assert counts.states == {state: count(state=state) for state in QUEUE_STATES}
    labels = {"given": None, "proposed": None, "unproposed": False, "label": None}
    by_class = {n: count(**{**labels, "label": n}) for n in range(3)}
    assert counts.classes == {n: found for n, found in by_class.items() if found}
    assert counts.doubts == {doubt: count(doubt=doubt) for doubt in QUEUE_DOUBTS}
    assert counts.alpha == [count(alpha_from=i / 20, alpha_to=(i + 1) / 20) for i in range(20)]
    for pair in counts.pairs:
        whole = {**labels, "given": pair.given, "proposed": pair.proposed}
        if pair.proposed is not None:
            assert (pair.open, pair.total) == (count(**whole, state="open"), count(**whole, state="all"))
    assert counts.flagged == count(flagged=True)
    assert counts.noted == count(noted=True)


@pytest.mark.parametrize("order", ["suspicion", "alpha", "margin"])
def test_open_faces_of_a_doubt_are_exact_ranges_in_order(
    busy: Database, monkeypatch: pytest.MonkeyPatch, order: QueueOrder
) -> None:
    """However many others there are, and wherever they lie."""
    monkeypatch.setattr(filters, "SMALL", 0)
    sent: list[str] = []
    busy.conn.set_trace_callback(sent.append)
    found, _ = page_items(busy, 1, 1, QueueFilter(doubt="ambiguous", order=order), limit=5)
    busy.conn.set_trace_callback(None)
    assert len(found) == 5
    ranges = [sql for sql in sent if "INDEXED BY queue_doubt" in sql]
    assert ranges
    for sql in ranges:
        plan = [row[3] for row in busy.execute(f"EXPLAIN QUERY PLAN {sql}")]
        assert "(round_id=? AND doubt=? AND given_label=? AND proposed_label=?" in plan[0]
        assert not [step for step in plan if "TEMP B-TREE" in step]


def test_pairs_come_in_the_order_they_are_grouped_in(busy: Database) -> None:
    pairs = queue_counts(busy, 1, 1, QueueFilter()).pairs
    assert pairs == sorted(pairs, key=lambda pair: (pair.proposed is None, -pair.total))
    assert sum(pair.total for pair in pairs) == len(listed(busy))
    grouped = all_pages(busy, 1, QueueFilter(state="all", grouped=True), 60)
    seen = [asked_pair(item) for item in grouped]
    assert list(dict.fromkeys(seen)) == [(pair.given, pair.proposed) for pair in pairs]


def test_an_item_carries_what_a_tile_shows(review: Database, make_scores: Callable[..., RoundScores]) -> None:
    made = make_scores()
    (first,), cursor = page_items(review, 1, 1, QueueFilter(), limit=1)
    top = int(made.suspicion.argmax())
    assert cursor is not None
    assert (first.sample_id, first.kind, first.action, first.given_label) == (top + 1, "proposal", None, top % 3)
    assert first.proposed_label == (top + 1) % 3
    assert first.probabilities == tuple(made.probabilities[top].tolist())
    assert (first.alpha, first.margin) == (float(made.alpha[top]), float(made.margin[top]))
    (second,) = items_of(review, 1, 1, [2])
    assert second.box is not None
    assert (second.key, second.path) == ("train/2.jpg#1", "train/2.jpg")


def test_an_audited_face_is_asked_about_once_and_its_proposal_cannot_be_inferred(
    db: Database, make_scores: Callable[..., RoundScores]
) -> None:
    finish_round(db, start_round(db, {}, code_version="1"), make_scores(), {}, audit=10)
    items, _ = page_items(db, 1, 1, QueueFilter())
    assert sorted(item.sample_id for item in items) == list(range(1, 11))
    assert {item.kind for item in items} == {"audit"}
    assert all(item.proposed_label is not None for item in items)  # the caller decides when to show it
    for where in (QueueFilter(proposed=1), QueueFilter(unproposed=True), QueueFilter(given=0, proposed=1)):
        assert page_items(db, 1, 1, where) == ([], None)
        assert claim_items(db, 1, 1, where, limit=5).items == []
    record_each(db, [decide(3, "unsure")])
    kinds = db.execute("SELECT kind FROM queue_item WHERE action IS NOT NULL ORDER BY kind").fetchall()
    assert kinds == [("audit",), ("proposal",)]


def test_single_faces_come_in_the_order_asked_and_unknown_ones_not_at_all(review: Database) -> None:
    assert [item.sample_id for item in items_of(review, 1, 1, [7, 99, 3, 11])] == [7, 3]
    assert items_of(review, 9, 1, [7]) == []


@pytest.mark.parametrize(
    ("where", "told"),
    [
        (QueueFilter(state="shut"), "found state shut; allowed: open, answered, accept"),  # type: ignore[arg-type]
        (QueueFilter(order="id; DROP TABLE class"), "found order id; DROP"),  # type: ignore[arg-type]
        (QueueFilter(alpha_from=0.5, alpha_to=0.5), "found alpha 0.5 to 0.5; allowed: rising multiples of 0.05"),
        (QueueFilter(alpha_from=0.33), "found alpha 0.33"),
        (QueueFilter(alpha_to=float("nan")), "found alpha 0.0 to nan"),
    ],
)
def test_a_filter_that_cannot_be_is_refused(review: Database, where: QueueFilter, told: str) -> None:
    for ask in (page_items, queue_counts):
        with pytest.raises(WorkspaceError, match=told):
            ask(review, 1, 1, where)
    with pytest.raises(WorkspaceError, match=told):
        claim_items(review, 1, 1, where, limit=1)


@pytest.mark.parametrize(
    "cursor", ["", "x", "[1]", "[0, 0, NaN, 1]", "[0, 0, 1e999, 1]", '["a", 0, 0, 0]', "[1, 2, 3, 4.5]"]
)
def test_a_cursor_nobody_gave_is_refused(review: Database, cursor: str) -> None:
    with pytest.raises(WorkspaceError, match="found the cursor"):
        page_items(review, 1, 1, QueueFilter(), after=cursor)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(where=wheres, picture=st.sampled_from(["all", "any", "dark"]), listed=st.sampled_from([None, "1_5_7_80_81_200"]))
def test_learned_places_come_in_their_order_under_any_filter(
    busy: Database, where: QueueFilter, picture: QueuePicture, listed: str | None
) -> None:
    where = replace(where, state="open", order="suspicion", grouped=False, picture=picture, faces=listed)
    order = np.random.default_rng(3).permutation(FACES)[:200] + 1
    write_order(busy, 1, order, training_examples(busy, 1))
    busy.execute("INSERT OR IGNORE INTO picture_issue SELECT 'dark', id FROM sample WHERE id % 3 = 0")
    busy.execute("INSERT OR IGNORE INTO picture_issue SELECT 'tiny', id FROM sample WHERE id % 4 = 0")
    try:
        free = {item.sample_id for item in all_pages(busy, 1, where, 400) if item.lease_person in (None, 1)}
        due = [face for face in order.tolist() if face in free]
        common = walk.Walk(busy, 1, 1, where, holder="mine or nobody").common
        assert [face for _, face in learned_items(busy, 1, 1, where, common)] == due
        for pair in pairs_of(busy, 1, where):
            of_pair = {item.sample_id for item in items_of(busy, 1, 1, due) if asked_pair(item) == pair.key}
            found = [face for _, face in learned_items(busy, 1, 1, where, common, pair)]
            assert found == [face for face in due if face in of_pair]
    finally:
        forget_order(busy, 1)
        busy.execute("DELETE FROM picture_issue")
