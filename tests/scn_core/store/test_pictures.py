"""Copies come first and side by side, one answer settles them; bad pictures are listed and filtered by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw
from sqlite_utils import Database

from scn_core.class_names import ClassVocabulary
from scn_core.config import ReviewSettings
from scn_core.datasets.picture_measures import measure
from scn_core.errors import WorkspaceError
from scn_core.picture_records import PictureIssue, PictureMeasures
from scn_core.records import Decision, Manifest, QueueFilter, RoundScores, Sample
from scn_core.review.learn_order import rank_open_faces
from scn_core.store.decisions.record import record_each
from scn_core.store.decisions.undo import undo_units
from scn_core.store.people.people import ensure_person
from scn_core.store.pictures import (
    bad_pictures,
    common_issues,
    contradicted,
    count_issues,
    derive_issues,
    exact_copies,
    insert_measures,
    issues_are_current,
    not_looked_at,
)
from scn_core.store.queue import filter as filters
from scn_core.store.queue.browse import items_of, page_items, queued_faces
from scn_core.store.queue.build_queue import plan_queue
from scn_core.store.queue.counts import queue_counts
from scn_core.store.queue.filter import MOST_FACES
from scn_core.store.queue.learned_order import OpenFaces
from scn_core.store.queue.leases import claim_items
from scn_core.store.queue.withdraw import withdraw_faces
from scn_core.store.rounds.states import finish_round, start_round
from scn_core.store.samples import insert_manifest

MakeScores = Callable[..., RoundScores]
GOOD = PictureMeasures(b"", b"", 100, 100, 0.9, 0.1, 0.6, 7.0, 0.5)
OF_PIXELS = "abcdaefgha"
"""Faces 1, 5 and 10 have the same pixels; their labels are 0, 1 and 0."""
BAD: dict[int, dict[str, float]] = {
    2: {"brightness_p99": 0.2}, 3: {"sharpness": 0.2, "brightness_p99": 0.2}, 4: {"width": 20}, 5: {"colour": 0.0},
}  # fmt: skip


@pytest.fixture
def looked_at(empty: Database, manifest: Manifest) -> Database:
    """The toy manifest, looked at but for face 12: faces 1, 5 and 10 are copies, some pictures are bad."""

    def look(number: int) -> bytes:
        pixels = (OF_PIXELS[number - 1] if number <= 10 else "z").encode() * 8
        return GOOD._replace(pixels=pixels, looks=pixels * 4, **BAD.get(number, {})).pack()  # type: ignore[arg-type]

    samples = tuple(replace(s, measures=look(i) if i < 12 else b"") for i, s in enumerate(manifest.samples, 1))
    insert_manifest(empty, replace(manifest, samples=samples))
    ensure_person(empty, "ann")
    return empty


@pytest.fixture
def in_review(looked_at: Database, make_scores: MakeScores) -> Database:
    """A round in review whose audit face is no copy; of the copies face 10 alone has a proposal, its label 2."""
    scores = make_scores(proposed=[-1, 2, -1, 1, -1, -1, -1, -1, -1, 2], suspicion=[0.1, 0.9, 0.5, 0.8, *[0.2] * 6])
    number = start_round(looked_at, {}, code_version="")
    finish_round(
        looked_at, number, scores, {}, audit=1, seed=0, review=ReviewSettings(),
        settled=np.zeros(10, np.bool_), close_earlier=False,
    )  # fmt: skip
    audit = looked_at.execute("SELECT sample_id FROM queue_item WHERE kind = 'audit'").fetchone()[0]
    assert audit not in (1, 5, 10)
    return looked_at


def shown(db: Database, where: QueueFilter | None = None) -> list[int]:
    return [item.sample_id for item in page_items(db, 1, 1, where or QueueFilter())[0]]


@pytest.mark.parametrize(("little_to_see", "marked"), [(40, 40), (60, 0)])
def test_what_is_wrong_with_more_than_a_third_marks_no_face(empty: Database, little_to_see: int, marked: int) -> None:
    def look(number: int) -> bytes:
        return GOOD._replace(
            pixels=number.to_bytes(8, "big"), looks=bytes(32), entropy=4.0 if number < little_to_see else 7.0,
            sharpness=0.2 if number == 0 else 0.6,
        ).pack()  # fmt: skip

    samples = tuple(Sample(str(i), f"{i}.png", 0, "train", measures=look(i)) for i in range(150))
    insert_manifest(empty, Manifest("toy", Path("faces"), ClassVocabulary(("happy", "sad")), samples))
    counts = count_issues(empty)
    assert (counts["empty"], counts["blurred"]) == (marked, 1)
    assert common_issues(empty) == ({} if marked else {"empty": 0.4})


def test_what_is_wrong_with_pictures_follows_from_the_measures(looked_at: Database) -> None:
    assert {name: count for name, count in count_issues(looked_at).items() if count} == {
        "dark": 2, "blurred": 1, "odd_shape": 1, "tiny": 1, "grey": 1
    }  # fmt: skip
    assert {bad.sample_id: bad.issues for bad in bad_pictures(looked_at)} == {
        2: ("dark",), 3: ("dark", "blurred"), 4: ("odd_shape", "tiny"), 5: ("grey",)
    }  # fmt: skip
    assert [bad.sample_id for bad in bad_pictures(looked_at, "dark", limit=1)] == [2]
    assert not_looked_at(looked_at).tolist() == [12]


PALE, DEEP = (250, 228, 212), (108, 72, 55)
LIGHTS: dict[str, Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]] = {
    "well lit": lambda pixels: pixels,
    "underexposed": lambda pixels: pixels * 2 ** (-4 / 2.2),  # by four stops
    "washed out": lambda pixels: 0.72 + 0.28 * pixels,
}


def face_of(skin: tuple[int, int, int], light: str) -> PictureMeasures:
    """Drawn close up, so that skin is nearly all of it, brighter on one side as from a window."""
    image = Image.new("RGB", (96, 96), skin)
    draw = ImageDraw.Draw(image)
    for x in (26, 70):
        draw.ellipse((x - 6, 39, x + 6, 44), (225, 222, 220))
        draw.ellipse((x - 3, 39, x + 3, 44), (24, 18, 16))
        draw.line((x - 13, 29, x + 13, 27), (30, 22, 20), 2)
    draw.ellipse((34, 68, 62, 75), (70, 20, 24))
    shade = np.linspace(0.7, 1.2, 96)[None, :, None]
    lit = LIGHTS[light](np.clip(np.asarray(image) / 255 * shade, 0, 1))
    return measure(Image.fromarray((lit * 255).round().astype(np.uint8)), (96, 96))


@pytest.mark.parametrize("skin", [PALE, DEEP], ids=["pale", "deep"])
@pytest.mark.parametrize(("light", "issue"), [("well lit", None), ("underexposed", "dark"), ("washed out", "bright")])
def test_light_marks_a_picture_and_skin_does_not(
    looked_at: Database, skin: tuple[int, int, int], light: str, issue: PictureIssue | None
) -> None:
    found = face_of(skin, light)
    if light == "well lit":
        assert found.brightness_p99 < 0.4 if skin is DEEP else found.brightness_p05 > 0.6, "by brightness alone it is"
    with looked_at.conn:
        insert_measures(looked_at, [(6, found.pack())])
    of_light = {each for bad in bad_pictures(looked_at) if bad.sample_id == 6 for each in bad.issues}
    assert of_light & {"dark", "bright"} == ({issue} if issue else set())


def test_marks_by_the_rules_of_another_version_are_noticed_and_renewed(looked_at: Database) -> None:
    assert issues_are_current(looked_at)
    for other in ("INSERT INTO picture_issue VALUES ('bright', 6)", "DELETE FROM picture_issue WHERE issue = 'tiny'"):
        with looked_at.conn:
            looked_at.execute(other)
        assert not issues_are_current(looked_at)
        with looked_at.conn:
            derive_issues(looked_at)
        assert issues_are_current(looked_at)
    with looked_at.conn:
        looked_at.execute("INSERT INTO picture_issue VALUES ('far', 6)")
    assert issues_are_current(looked_at), "this one follows from features"


def test_certain_faces_are_a_filter(in_review: Database) -> None:
    assert sorted(shown(in_review, QueueFilter(faces="10_5_999_1", state="all"))) == [1, 5, 10]
    assert queue_counts(in_review, 1, 1, QueueFilter(faces="5")).matching == 1
    assert queued_faces(in_review, 1, [1, 5, 12, 999]) == {1, 5}
    for wrong in ("", "1,2", "1_", "x", "_".join("1" * (MOST_FACES + 1))):
        with pytest.raises(WorkspaceError, match="filter: found faces"):
            shown(in_review, QueueFilter(faces=wrong))


def test_grey_is_odd_among_colour_alone(looked_at: Database) -> None:
    with looked_at.conn:
        insert_measures(
            looked_at, ((i, GOOD._replace(pixels=b"x", looks=b"y", colour=0.0).pack()) for i in range(1, 9))
        )
    assert count_issues(looked_at)["grey"] == 0


def test_a_face_that_is_taken_out_leaves_no_measures(looked_at: Database) -> None:
    withdraw_faces(looked_at, ["train/2.jpg#1", "train/5.jpg#1"])
    left = {
        row[0] for row in looked_at.execute("SELECT sample_id FROM picture UNION SELECT sample_id FROM picture_issue")
    }
    assert left == {1, 3, 4, 6, 7, 8, 9, 10, 11}
    assert (exact_copies(looked_at, np.array([1, 5, 10])) >= 0).tolist() == [True, False, True]


def test_copies_are_contradicted_where_labels_differ() -> None:
    group, label = np.array([-1, 0, 0, 2, 2, -1]), np.array([0, 1, 1, 0, 1, 1])
    assert contradicted(group, label).tolist() == [False, False, False, True, True, False]
    assert not contradicted(np.full(3, -1), np.array([0, 1, 2])).any()


def test_copies_with_different_labels_come_first_and_side_by_side(in_review: Database) -> None:
    assert sorted(shown(in_review)[:3]) == [1, 5, 10]
    claimed = claim_items(in_review, 1, 1, QueueFilter(), limit=3)
    assert sorted(item.sample_id for item in claimed.items) == [1, 5, 10]


def test_copies_that_people_decided_on_are_asked_about_like_others(make_scores: MakeScores) -> None:
    scores = make_scores(proposed=[-1] * 9 + [2], low=[False] * 10)
    copies = np.array([0, -1, -1, -1, 0, -1, -1, -1, -1, 0])
    for settled, asked in (([0, 4], {1, 5, 10}), ([0, 4, 9], {10})):
        mask = np.isin(np.arange(10), settled)
        plan = plan_queue(scores, audit=0, seed=0, settled=mask, copies=copies)
        assert set(plan.sample_id.tolist()) == asked


def test_the_learned_order_leaves_copies_first() -> None:
    faces = OpenFaces(np.arange(1, 7), np.full(6, -1), np.array([0, 0, 0, 1, 0, 0], np.bool_))
    first = np.array([0, 1, 1, 1, 0, 0], np.bool_)
    order = rank_open_faces(faces, np.linspace(0, 1, 6), np.zeros(6, np.int64), explore=0, seed=0, first=first)
    assert order.tolist()[:2] == [2, 3]
    assert sorted(order.tolist()) == [1, 2, 3, 4, 5, 6]


def test_one_answer_settles_all_copies_and_one_undo_takes_it_back(in_review: Database) -> None:
    (item,) = items_of(in_review, 1, 1, [10])
    assert [(copy.sample_id, copy.given_label, copy.proposed_label, copy.answered_by) for copy in item.copies] == [
        (1, 0, None, None),
        (5, 1, None, None),
    ]
    assert items_of(in_review, 1, 1, [2])[0].copies == ()
    bulk = str(uuid4())
    batch = [
        Decision(str(uuid4()), 1, sample, "ann", action, label, bulk=bulk)  # type: ignore[arg-type]
        for sample, action, label in ((10, "accept", 2), (1, "relabel", 2), (5, "relabel", 2))
    ]
    assert record_each(in_review, batch, believed={each.id: None for each in batch}) == []
    labels = dict(in_review.execute("SELECT sample_id, label FROM outcome").fetchall())
    assert labels == {1: 2, 5: 2, 10: 2}
    (item,) = items_of(in_review, 1, 1, [1])
    assert {copy.sample_id: copy.decision_id for copy in item.copies} == {10: batch[0].id, 5: batch[2].id}
    assert {copy.answered_by for copy in item.copies} == {"ann"}
    (unit,) = undo_units(in_review, 1, 1).undo
    assert {decision.sample_id for decision in unit.decisions} == {1, 5, 10}


def test_who_settled_a_copy_is_not_told_while_readings_of_the_face_wait(
    looked_at: Database, make_scores: MakeScores
) -> None:
    """Nor that anybody did: to two readers of the same pixels."""
    start_round(looked_at, {}, code_version="")
    finish_round(
        looked_at, 1, make_scores(), {}, audit=0, seed=0, review=ReviewSettings(readings=2),
        settled=np.zeros(10, np.bool_), close_earlier=False,
    )  # fmt: skip
    eve = ensure_person(looked_at, "eve").id
    for name in ("ann", "bob"):
        ensure_person(looked_at, name)
        record_each(looked_at, [Decision(str(uuid4()), 1, 5, name, "exclude", None)])

    def told(face: int) -> dict[int, str | None]:
        (item,) = items_of(looked_at, 1, eve, [face])
        return {copy.sample_id: copy.answered_by for copy in item.copies}

    assert told(1) == {10: None}
    for name in ("ann", "bob"):
        record_each(looked_at, [Decision(str(uuid4()), 1, 1, name, "exclude", None)])
    assert set(told(1)) == {5, 10}, "all of its readings are in"
    assert told(1)[5] in ("ann", "bob")


def test_audit_faces_are_no_copies_to_be_settled(looked_at: Database, make_scores: MakeScores) -> None:
    start_round(looked_at, {}, code_version="")
    finish_round(
        looked_at, 1, make_scores(), {}, audit=10, seed=0, review=ReviewSettings(),
        settled=np.zeros(10, np.bool_), close_earlier=False,
    )  # fmt: skip
    assert all(item.copies == () and item.copies_apart == 0 for item in items_of(looked_at, 1, 1, [1, 5, 10]))


def test_a_face_says_how_many_copies_are_asked_about_separately(looked_at: Database, make_scores: MakeScores) -> None:
    start_round(looked_at, {}, code_version="")
    settled = np.zeros(10, np.bool_)
    finish_round(
        looked_at, 1, make_scores(), {}, audit=4, seed=0, review=ReviewSettings(), settled=settled, close_earlier=False
    )
    audit = {row[0] for row in looked_at.execute("SELECT sample_id FROM queue_item WHERE kind = 'audit'")} & {1, 5, 10}
    assert 0 < len(audit) < 3
    for item in items_of(looked_at, 1, 1, [1, 5, 10]):
        apart = 0 if item.sample_id in audit else len(audit)
        shown = set() if item.sample_id in audit else {1, 5, 10} - audit - {item.sample_id}
        assert (item.copies_apart, {copy.sample_id for copy in item.copies}) == (apart, shown)


def test_the_filter_shows_bad_pictures_alone(in_review: Database) -> None:
    assert set(shown(in_review, QueueFilter(picture="dark"))) == {2} | ({3} & set(shown(in_review)))
    assert set(shown(in_review, QueueFilter(picture="any"))) == set(shown(in_review)) & {2, 3, 4, 5}
    counts = queue_counts(in_review, 1, 1, QueueFilter(picture="any"))
    assert counts.matching == len(shown(in_review, QueueFilter(picture="any")))
    assert counts.pictures is not None
    assert counts.pictures["tiny"] == 1
    assert counts.pictures["all"] == len(shown(in_review))
    claimed = claim_items(in_review, 1, 1, QueueFilter(picture="grey"), limit=5)
    assert [(item.sample_id, item.issues) for item in claimed.items] == [(5, ("grey",))]


def test_many_bad_pictures_are_found_on_a_walk_in_order_and_not_sorted(
    in_review: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = QueueFilter(picture="any")
    few = shown(in_review, bad)
    matching = queue_counts(in_review, 1, 1, bad).matching
    monkeypatch.setattr(filters, "SMALL", 0)
    sent: list[str] = []
    in_review.conn.set_trace_callback(sent.append)
    assert shown(in_review, bad) == few
    in_review.conn.set_trace_callback(None)
    assert not [sql for sql in sent if "DISTINCT sample_id AS bad" in sql]
    counts = queue_counts(in_review, 1, 1, bad)
    assert (counts.matching, counts.pictures) == (matching, None), "all kinds are not counted with every page"
