from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from benchmarks.audit_coverage import coverage, made_faces
from scn_core.intervals import Rate, wilson
from scn_core.records import BoolArray, IntArray
from scn_core.review.quality.audit_estimate import NEEDED, estimate, estimate_curve, estimate_from
from scn_core.store.queue.draw_audit import AuditStratum, DecidedFaces, audit_strata, decided_faces, strata_of
from scn_core.store.rounds.states import start_round
from tests.scn_core.review.quality.reviewed import Reviewed


@pytest.mark.parametrize("by_label", [False, True])
@pytest.mark.parametrize(("rate", "audit"), [(0.15, 60), (0.02, 100)])
def test_intervals_cover_the_truth_whatever_people_chose_to_review(rate: float, audit: int, *, by_label: bool) -> None:
    found = coverage(
        "made", lambda rng: made_faces(rng, 1_000, rate, 2.0), audit, by_label=by_label, reviews=400, seed=1
    )
    assert found.n > 250
    for name in ("before", "after", "left"):
        assert found.covered[name] >= 0.93, found
        assert abs(found.mean_error[name]) < 0.02, found


def test_what_people_decided_is_counted_as_a_plain_loop_counts_it() -> None:
    made = Reviewed()
    asked = made.queue()
    for number in asked[:60]:
        made.answer(number)
    made.answer(asked[0], action="exclude")
    made.answer(asked[1], "bob", "unsure")
    made.undo(made.answer(asked[61]))
    found = estimate(made.db, 1)
    audit, decided = set(made.queue("audit")), asked[:60]
    wrong = {n for n in decided if made.truth[n - 1] != made.given[n - 1]} - {asked[1]} | {asked[0]}
    assert (found.faces, found.reviewed, found.found) == (200, 60, len(wrong))
    assert (found.drawn, found.answered) == (40, len(audit & set(decided)))
    assert (found.wrong, found.unsure) == (len(audit & wrong), len(audit & {asked[1]}))
    assert found.before is not None
    assert found.after is not None
    assert found.left is not None
    assert (found.before.of, found.after.of, found.left.of) == (200, 199, 140)
    still = found.before.faces - len(wrong)
    assert found.after.faces == pytest.approx(still)
    assert found.left.faces_high == pytest.approx(found.before.faces_high - len(wrong))


def test_a_round_answered_whole_is_known_exactly() -> None:
    made = Reviewed(faces=60, audit=60)
    for number in made.queue():
        made.answer(number)
    found = estimate(made.db, 1)
    assert found.before == Rate(12 / 60, 12 / 60, 12 / 60, 60)
    assert found.left == Rate(0, 0, 0, 0)
    assert found.after == Rate(0, 0, 0, 60)


def test_there_is_no_estimate_before_enough_audit_faces_are_decided() -> None:
    made = Reviewed()
    audit = made.queue("audit")
    for number in audit[: NEEDED - 1]:
        made.answer(number)
    assert estimate(made.db, 1).before is None
    made.answer(audit[NEEDED - 1])
    assert estimate(made.db, 1).before is not None
    assert estimate(Reviewed(audit=0).db, 1).before is None


def test_a_round_without_scores_has_no_faces_to_estimate() -> None:
    made = Reviewed()
    start_round(made.db, {}, code_version="1")
    (found,) = estimate_curve(made.db, 2)
    assert (found.faces, found.drawn, found.before, found.left) == (0, 0, None, None)


def test_the_audit_faces_of_some_labels_do_not_speak_for_the_others() -> None:
    made = Reviewed(audit=100)
    happy_or_sad = [number for number in made.queue("audit") if made.given[number - 1] < 2]
    for number in happy_or_sad:
        made.answer(number)
    found = estimate(made.db, 1)
    assert found.answered > 2 * NEEDED
    assert (found.missing, found.before) == ((2, 3), None)


def test_a_face_read_once_of_two_and_one_in_conflict_count_as_not_decided() -> None:
    made = Reviewed(readings=2)
    once, twice, apart = made.queue("audit")[:3]
    made.answer(once)
    for person in ("ann", "bob"):
        made.answer(twice, person)
        made.answer(apart, person, "keep" if person == "ann" else "exclude")
    found = estimate(made.db, 1)
    assert (found.answered, found.conflicts) == (1, 1)
    made.answer(apart, "eve", "exclude", adjudicates=True)
    settled = estimate(made.db, 1)
    assert (settled.answered, settled.conflicts, settled.wrong) == (2, 0, found.wrong + 1)


def test_the_curve_goes_from_nothing_to_now() -> None:
    made = Reviewed()
    for number in made.queue()[:50]:
        made.answer(number)
    curve = estimate_curve(made.db, 1, points=10)
    assert [found.reviewed for found in curve] == list(range(0, 51, 5))
    assert curve[-1] == estimate(made.db, 1)
    assert curve[0].before is None
    assert [found.found for found in curve] == sorted(found.found for found in curve)


def _decided(stratum: list[int], audit: list[bool], wrong: list[bool], label: list[int]) -> DecidedFaces:
    def flags(values: list[bool]) -> BoolArray:
        return np.array(values, np.bool_)

    none = flags([False] * len(stratum))
    places: IntArray = np.array(stratum, np.int64)
    return DecidedFaces(places, np.array(label, np.int64), flags(audit), flags(wrong), none, none)


def test_one_stratum_has_wilsons_interval_of_a_draw_without_replacement() -> None:
    decided = _decided([0] * 40, [True] * 40, [i < 10 for i in range(40)], [0] * 40)
    found = estimate_from(1, [AuditStratum(None, 0, 2, 400, 40)], np.array([40]), decided)
    low, high = wilson(0.25, 40 / (1 - 40 / 400))
    assert found.before is not None
    assert (found.before.value, found.before.low, found.before.high) == pytest.approx((0.25, low, high))


FACE = some.tuples(some.integers(0, 2), some.booleans(), some.booleans(), some.integers(0, 2))


@settings(deadline=None)
@given(faces=some.lists(FACE, max_size=80), unseen=some.tuples(*[some.just(0) | some.integers(0, 500)] * 3))
def test_an_estimate_keeps_to_what_is_known(
    faces: list[tuple[int, bool, bool, int]], unseen: tuple[int, int, int]
) -> None:
    stratum, audit, wrong, label = (list(column) for column in zip(*faces, strict=True)) if faces else ([], [], [], [])
    decided = _decided(stratum, audit, wrong, label)
    sizes = [stratum.count(i) + unseen[i] for i in range(3)]
    strata = [AuditStratum(i == 0, 0.5 if i == 2 else 0, 2, sizes[i], 50) for i in range(3)]
    found = estimate_from(1, strata, np.array([50, 50, 50]), decided)
    if found.before is None or found.after is None or found.left is None:
        where_unseen = sum(a for a, i in zip(audit, stratum, strict=True) if unseen[i])
        assert found.answered < NEEDED or found.missing or where_unseen == 0
        return
    for rate in (found.before, found.after, found.left):
        assert -1e-9 <= rate.low <= rate.value + 1e-9
        assert rate.value <= rate.high + 1e-9 <= 1 + 2e-9
    assert found.before.faces_low >= sum(wrong) - 1e-6  # what was found was there
    assert found.before.faces_high <= sum(wrong) + sum(unseen) + 1e-6
    assert found.after.faces == pytest.approx(found.left.faces)


def test_the_strata_of_a_round_are_those_it_was_drawn_in() -> None:
    made = Reviewed()
    strata = audit_strata(made.db, 1)
    assert (sum(s.faces for s in strata), sum(s.drawn for s in strata)) == (200, 40)
    asked = made.scores.low_importance | made.scores.suspicious | (made.scores.proposed_label >= 0)
    assert sum(s.faces for s in strata if s.queued) == asked.sum()


def test_decided_faces_are_in_the_strata_they_were_drawn_in() -> None:
    """Those asked about for a proposal, low importance or suspicion, and those asked about for the audit alone."""
    made = Reviewed()
    asked = made.scores.low_importance | made.scores.suspicious | (made.scores.proposed_label >= 0)
    numbers = made.queue()
    for number in numbers:
        made.answer(number)
    rows = np.array(numbers) - 1
    assert made.scores.suspicious[rows].any()
    assert not asked[rows].all()
    found = decided_faces(made.db, 1).stratum
    assert found.tolist() == strata_of(audit_strata(made.db, 1), made.scores.suspicion[rows], asked[rows]).tolist()


def test_labels_answered_first_do_not_outweigh_the_others() -> None:
    """Of 25 audit faces drawn of each label all of one are decided, none wrong, and five of the other, all wrong."""
    label = [0] * 25 + [1] * 5
    decided = _decided([0] * 30, [True] * 30, [each == 1 for each in label], label)
    found = estimate_from(1, [AuditStratum(None, 0, 2, 1000, 50)], np.array([25, 25]), decided)
    assert found.before is not None
    assert found.before.value > 0.3
    assert found.before.high > 0.5


def test_strata_in_which_nothing_wrong_was_seen_are_not_known_for_certain() -> None:
    strata = [AuditStratum(False, i / 10, (i + 1) / 10, 1_000, 10) for i in range(10)]
    place = [i for i in range(10) for _ in range(10)]
    none = estimate_from(1, strata, np.array([100]), _decided(place, [True] * 100, [False] * 100, [0] * 100))
    assert none.before is not None
    assert none.before.high == pytest.approx(wilson(0, 100)[1], rel=0.05)
    # One wrong label in a small stratum, and none of 90 in a large one, where 1 in 30 may be wrong all the same.
    strata = [AuditStratum(True, 0, 2, 100, 10), AuditStratum(False, 0, 2, 9_900, 90)]
    wrong = [True] + [False] * 99
    one = estimate_from(1, strata, np.array([100]), _decided([0] * 10 + [1] * 90, [True] * 100, wrong, [0] * 100))
    assert one.before is not None
    assert one.before.high > 0.02


def test_strata_that_differ_make_the_estimate_sharper_than_one_sample() -> None:
    strata = [AuditStratum(None, i / 10, (i + 1) / 10, 1_000, 10) for i in range(10)]
    place = [i for i in range(10) for _ in range(10)]
    wrong = [stratum >= 7 for stratum in place]
    found = estimate_from(1, strata, np.array([100]), _decided(place, [True] * 100, wrong, [0] * 100))
    low, high = wilson(0.3, 100)
    assert found.before is not None
    assert found.before.value == pytest.approx(0.3)
    assert found.before.high - found.before.low < 0.75 * (high - low)


def test_a_stratum_reviewed_whole_adds_what_was_found_and_no_doubt() -> None:
    strata = [AuditStratum(True, 0, 2, 20, 2), AuditStratum(False, 0, 2, 100, 20)]
    place, audit = [0] * 20 + [1] * 20, [i < 2 or i >= 20 for i in range(40)]
    wrong = [i < 15 or i >= 35 for i in range(40)]
    found = estimate_from(1, strata, np.array([22]), _decided(place, audit, wrong, [0] * 40))
    low, high = wilson(0.25, 20 / (1 - 20 / 100))
    assert found.before is not None
    assert found.left is not None
    assert found.before.faces == pytest.approx(15 + 25)
    assert found.left.faces_low == pytest.approx(100 * low - 5)
    assert found.left.faces_high == pytest.approx(100 * high - 5)


@pytest.mark.parametrize("place", [0, 1])
def test_a_stratum_without_audit_faces_decided_is_taken_for_one_with_its_neighbour(place: int) -> None:
    strata = [AuditStratum(False, 0, 0.5, 100, 20), AuditStratum(False, 0.5, 2, 100, 20)]
    decided = _decided([place] * 20, [True] * 20, [i < 5 for i in range(20)], [0] * 20)
    found = estimate_from(1, strata, np.array([40]), decided)
    assert found.before is not None
    assert found.before.value == pytest.approx(0.25)
