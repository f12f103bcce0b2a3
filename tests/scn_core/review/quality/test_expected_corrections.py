from __future__ import annotations

import math
import tracemalloc
from collections import Counter

import numpy as np
import numpy.typing as npt
import pytest

from scn_core.intervals import wilson
from scn_core.records import BoolArray, IntArray, QueueFilter
from scn_core.review.quality.expected_corrections import NEEDED, expected_corrections, outlook
from scn_core.store.queue.learned_order import training_examples, write_order
from scn_core.store.queue.leases import claim_items
from scn_core.store.reports.corrections import FaceGroups, decided_groups, open_groups
from tests.scn_core.review.quality.reviewed import Reviewed


def test_nothing_is_expected_before_enough_is_known_or_after_all_is_done() -> None:
    made = Reviewed()
    asked = made.queue()
    for number in asked[: NEEDED - 1]:
        made.answer(number)
    assert outlook(made.db, 1) is None
    for number in asked[NEEDED - 1 : -1]:
        made.answer(number)
    found = outlook(made.db, 1)
    assert found is not None
    assert (found.reviews, found.open, found.later, found.basis) == (1, 1, None, len(asked) - 1)
    made.answer(asked[-1])
    assert outlook(made.db, 1) is None


def test_groups_hold_every_face_once_with_what_is_known_of_it() -> None:
    made = Reviewed(readings=2)
    asked = made.queue()
    for person in ("ann", "bob"):
        for number in asked[:30]:
            made.answer(number, person)
    for number in asked[30:40]:
        made.answer(number)  # open still: the second reading is to come
    claim_items(made.db, 1, 2, QueueFilter(), limit=10)  # so are those on somebody's screen
    decided = decided_groups(made.db, 1)
    near, far = open_groups(made.db, 1, 25)
    for groups, numbers in ((decided, asked[:30]), (near, asked[30:55]), (far, asked[55:])):
        assert _as_counts(groups) == Counter(
            (int(s.start_label[i]), int(s.proposed_label[i]), bool(s.low_importance[i]))
            for s, i in ((made.scores, number - 1) for number in numbers)
        )
        mean = float(groups.suspicion @ groups.faces) / len(numbers)
        assert mean == pytest.approx(float(made.scores.suspicion[np.array(numbers) - 1].mean()), abs=1e-6)
    rows = np.array(asked[:30]) - 1
    assert decided.wrong.sum() == (made.truth[rows] != made.given[rows]).sum()
    assert near.wrong.sum() == far.wrong.sum() == 0


def test_the_next_faces_are_those_of_the_order_in_force() -> None:
    """Learned places first, wherever they lie; answered ones among them are passed over."""
    made = Reviewed(readings=2)
    asked = made.queue()
    for person in ("ann", "bob"):
        made.answer(asked[-1], person)
    made.answer(asked[-3])  # open still
    taught = [asked[-1], asked[40], asked[-3], asked[2]]
    write_order(made.db, 1, np.array(taught), training_examples(made.db, 1))
    expected = [*taught[1:], *(number for number in asked[:-1] if number not in taught)]
    for first in (2, 25, 10_000):
        near, far = open_groups(made.db, 1, first)
        for groups, numbers in ((near, expected[:first]), (far, expected[first:])):
            assert _as_counts(groups) == Counter(
                (int(s.start_label[i]), int(s.proposed_label[i]), bool(s.low_importance[i]))
                for s, i in ((made.scores, number - 1) for number in numbers)
            )


def _as_counts(groups: FaceGroups) -> Counter[tuple[int, int, bool]]:
    found: Counter[tuple[int, int, bool]] = Counter()
    columns = (groups.label, groups.proposed, groups.low_importance, groups.faces)
    for label, proposed, low, faces in zip(*(column.tolist() for column in columns), strict=True):
        found[label, proposed, low] += faces
    return found


def _faces(rng: np.random.Generator, count: int) -> tuple[FaceGroups, BoolArray]:
    """Faces by falling suspicion that are wrong by a rule of pair and suspicion."""
    label, low = rng.integers(0, 4, count), rng.random(count) < 0.9
    suspicion = np.sort(rng.random(count))[::-1]
    proposed = np.where(low & (suspicion > 0.5), (label + 1) % 4, -1)
    odds = 2.5 * np.log(suspicion / (1 - suspicion)) - 1 + 0.7 * (label == 2)
    wrong = rng.random(count) < 1 / (1 + np.exp(-odds))
    return FaceGroups(label, proposed, low, suspicion, np.ones(count, np.int64), wrong.astype(np.int64)), wrong


def _part(groups: FaceGroups, rows: IntArray) -> FaceGroups:
    return FaceGroups(
        groups.label[rows], groups.proposed[rows], groups.low_importance[rows], groups.suspicion[rows],
        groups.faces[rows], groups.wrong[rows],
    )  # fmt: skip


@pytest.mark.parametrize("done", [60, 300, 900])
def test_what_is_expected_comes_true_about_as_often_as_it_says(done: int) -> None:
    rng = np.random.default_rng(done)
    inside, error, found = 0, 0.0, 0
    for _ in range(150):
        faces, wrong = _faces(rng, 1_500)
        # People read in the order of suspicion, and audit faces in between.
        audit = rng.permutation(1_500)[: done // 10]
        order = np.concatenate([audit, np.setdiff1d(np.arange(1_500), audit)])
        ahead = order[done : done + 300]
        (told,) = expected_corrections(_part(faces, order[:done]), [_part(faces, ahead)])
        true = int(wrong[ahead].sum())
        inside += told.low <= true <= told.high
        error += told.value - true
        found += true
    assert inside >= 0.9 * 150
    assert abs(error) < 0.1 * found


def _by_dense_newton(decided: FaceGroups, ahead: FaceGroups, classes: int) -> tuple[float, float]:
    """The number expected and its variance, from one column for every term and every pair of labels."""

    def columns(groups: FaceGroups) -> npt.NDArray[np.float64]:
        doubt, has = np.clip(groups.suspicion, 0.01, 0.99), groups.proposed >= 0
        plain = np.stack([np.ones(len(has)), np.log(doubt / (1 - doubt)), has, ~groups.low_importance], 1)
        pair = np.eye(classes**2)[groups.label * classes + np.maximum(groups.proposed, 0)] * has[:, None]
        return np.concatenate([plain, np.eye(classes)[groups.label], pair], 1)

    x, start = columns(decided), np.zeros(4 + classes + classes**2)
    start[1] = 1
    precision = np.r_[1 / 9, 1.0, 1.0, 1.0, np.full(classes + classes**2, 4.0)]
    weights = start.copy()
    for _ in range(50):
        rate = 1 / (1 + np.exp(-x @ weights))
        hessian = np.diag(precision) + x.T @ (x * (decided.faces * rate * (1 - rate))[:, None])
        weights += np.linalg.solve(
            hessian, x.T @ (decided.wrong - decided.faces * rate) - precision * (weights - start)
        )
    rate = 1 / (1 + np.exp(-columns(ahead) @ weights))
    pull = columns(ahead).T @ (chance := ahead.faces * rate * (1 - rate))
    return float(ahead.faces @ rate), float(chance.sum() + pull @ np.linalg.inv(hessian) @ pull)


def _groups(rng: np.random.Generator, count: int, classes: int) -> FaceGroups:
    suspicion, faces = rng.random(count), rng.integers(1, 5, count)
    proposed = np.where(rng.random(count) < 0.5, rng.integers(0, classes, count), -1)
    label, low = rng.integers(0, classes, count), rng.random(count) < 0.4
    return FaceGroups(label, proposed, low, suspicion, faces, rng.binomial(faces, suspicion))


@pytest.mark.parametrize("classes", [2, 3, 7, 12])
def test_it_comes_to_what_a_dense_model_comes_to(classes: int) -> None:
    rng = np.random.default_rng(classes)
    decided, near, far = (_groups(rng, count, classes) for count in (400, 150, 1))
    for found, groups in zip(expected_corrections(decided, [near, far]), (near, far), strict=True):
        value, variance = _by_dense_newton(decided, groups, classes)
        assert found.value == pytest.approx(value, rel=1e-9)
        count = int(groups.faces.sum())
        share = value / count
        low, high = wilson(share, share * (1 - share) * count**2 / variance)
        assert (found.low, found.high) == (math.floor(low * count), math.ceil(high * count))


def test_a_hundred_classes_take_no_matrix_of_all_pairs() -> None:
    """Of 10,000 pairs such a matrix has 800 MB; what 60,000 decided groups need themselves is some 20 MB."""
    rng = np.random.default_rng(0)
    decided, near, far = (_groups(rng, count, 100) for count in (60_000, 500, 40_000))
    tracemalloc.start()
    try:
        expected_corrections(decided, [near, far])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100e6


def test_faces_grouped_or_one_by_one_are_the_same() -> None:
    faces, _ = _faces(np.random.default_rng(0), 200)
    twice = _part(faces, np.repeat(np.arange(200), 2))
    grouped = FaceGroups(
        faces.label, faces.proposed, faces.low_importance, faces.suspicion, faces.faces * 2, faces.wrong * 2
    )
    (one,), (other,) = expected_corrections(twice, [twice]), expected_corrections(grouped, [grouped])
    assert one.value == pytest.approx(other.value)
    assert (one.low, one.high) == (other.low, other.high)
