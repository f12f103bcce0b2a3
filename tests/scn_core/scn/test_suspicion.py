"""Suspicion, trust and cured probabilities against slow references, and what must hold of any faces."""

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scn_core.records import FloatArray, IntArray
from scn_core.scn.suspicion import (
    BIAS,
    DISTRUST,
    MARGIN,
    class_trust,
    cured_probabilities,
    may_be_proposed,
    probability_margin,
    second_choice,
    strongest_other,
    suspicion,
)

Faces = tuple[FloatArray, IntArray]


@st.composite
def some_faces(draw: st.DrawFn) -> Faces:
    """(N, C) probabilities from flat to one-hot, and (N,) labels; some classes may have no face."""
    n, classes, seed = draw(st.integers(1, 40)), draw(st.integers(2, 8)), draw(st.integers(0, 2**31))
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(classes, draw(st.sampled_from([0.01, 0.3, 1.0, 30.0]))), n)
    labels = rng.integers(draw(st.integers(1, classes)), size=n)
    return probabilities.astype(np.float32), labels


def reference_trust(probabilities: FloatArray, labels: IntArray) -> list[float]:
    """t_c = (n_c s_c + 10 s) / (n_c + 10).

    s_c: the 0.9 quantile of B[own label] over the n_c faces labelled c, s: of all faces; B: the probabilities over
    how frequent their classes are, each row summing to 1.
    """
    classes = probabilities.shape[1]
    count = [sum(int(label == c) for label in labels) for c in range(classes)]
    own = []
    for row, label in zip(probabilities.astype(float), labels, strict=True):
        balanced = [p / (count[c] + 1) for c, p in enumerate(row)]
        own.append(balanced[label] / sum(balanced))
    trust = []
    for c in range(classes):
        of_class = [b for b, label in zip(own, labels, strict=True) if label == c]
        surest = surest_tenth(of_class) if of_class else 0.0
        trust.append((len(of_class) * surest + 10 * surest_tenth(own)) / (len(of_class) + 10))
    return trust


def surest_tenth(values: list[float]) -> float:
    """The 0.9 quantile, between two values in proportion."""
    ranked, place = sorted(values), 0.9 * (len(values) - 1)
    low = int(place)
    return ranked[low] + (place - low) * (ranked[min(low + 1, len(ranked) - 1)] - ranked[low])


def reference_suspicion(probabilities: FloatArray, labels: IntArray) -> list[float]:
    trust, found = reference_trust(probabilities, labels), []
    for row, label in zip(probabilities.astype(float).tolist(), labels.tolist(), strict=True):
        margin = max(p for c, p in enumerate(row) if c != label) - row[label]
        found.append(1 / (1 + math.exp(-(BIAS + MARGIN * margin + DISTRUST * (1 - trust[label])))))
    return found


def test_strongest_other_leaves_the_given_class_out_and_the_input_alone() -> None:
    p = np.array([[0.7, 0.2, 0.1], [0.7, 0.2, 0.1]], np.float32)
    assert strongest_other(p, np.array([0, 2])).tolist() == pytest.approx([0.2, 0.7])
    assert p[0].tolist() == pytest.approx([0.7, 0.2, 0.1])


def test_the_margin_is_from_minus_one_where_the_label_is_sure_to_one_where_another_is() -> None:
    p = np.array([[1, 0, 0], [0, 1, 0], [0.5, 0.5, 0], [0.2, 0.3, 0.5]], np.float32)
    assert probability_margin(p, np.zeros(4, np.int64)).tolist() == pytest.approx([-1, 1, 0, 0.3])


@settings(deadline=None)
@given(some_faces())
def test_trust_is_the_formula(faces: Faces) -> None:
    trust = class_trust(*faces)
    assert trust.shape == (faces[0].shape[1],)
    assert trust.dtype == np.float32
    assert trust.tolist() == pytest.approx(reference_trust(*faces), abs=1e-6)
    assert trust.min() >= 0
    assert trust.max() <= 1 + 1e-6


def test_a_class_without_faces_is_trusted_as_faces_are_on_the_whole() -> None:
    p = np.array([[0.9, 0.1, 0.0], [0.5, 0.5, 0.0]], np.float32)
    overall = 0.5 + 0.9 * 0.4
    expected = [(0.9 + 10 * overall) / 11, (0.5 + 10 * overall) / 11, overall]
    assert class_trust(p, np.array([0, 1])).tolist() == pytest.approx(expected)


def test_a_rare_class_is_not_distrusted_for_being_rare() -> None:
    """P is what balanced classes would give, times how frequent the classes are: so do networks read."""
    labels = np.array([0] * 900 + [1] * 100)
    balanced = np.where(labels[:, None] == [0, 1], 0.7, 0.3)
    p = balanced * [901, 101]
    common, rare = class_trust((p / p.sum(axis=1, keepdims=True)).astype(np.float32), labels)
    assert common == pytest.approx(rare, abs=1e-3)


@settings(deadline=None)
@given(some_faces())
def test_cured_rows_sum_to_one_and_are_in_proportion(faces: Faces) -> None:
    probabilities, labels = faces
    before, trust = probabilities.copy(), class_trust(probabilities, labels)
    cured = cured_probabilities(probabilities, trust)
    assert cured.dtype == np.float32
    assert cured.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert cured.min() >= 0
    assert np.array_equal(probabilities, before)
    if trust.min() > 1e-6:
        weighted = probabilities.astype(np.float64) * trust.astype(np.float64) ** 2
        assert cured == pytest.approx(weighted / weighted.sum(axis=1, keepdims=True), abs=1e-5)


def test_where_no_label_is_ever_confirmed_curing_changes_nothing() -> None:
    p = np.array([[0, 1, 0], [0, 0.25, 0.75]], np.float32)
    trust = class_trust(p, np.zeros(2, np.int64))
    assert trust.tolist() == [0, 0, 0]
    assert cured_probabilities(p, trust) == pytest.approx(p)


def test_a_doubted_class_is_a_poor_relabel() -> None:
    cured = cured_probabilities(np.array([[0.4, 0.6]], np.float32), np.array([0.9, 0.3], np.float32))
    assert cured.tolist()[0] == pytest.approx([6 / 7, 1 / 7])


@settings(deadline=None)
@given(some_faces())
def test_suspicion_is_the_formula(faces: Faces) -> None:
    found = suspicion(*faces)
    assert found.shape == faces[1].shape
    assert found.dtype == np.float32
    assert found.tolist() == pytest.approx(reference_suspicion(*faces), abs=1e-6)
    assert 0 < found.min() <= found.max() < 1


@settings(deadline=None)
@given(some_faces(), st.randoms(use_true_random=False))
def test_the_order_of_the_faces_does_not_matter(faces: Faces, random: Random) -> None:
    probabilities, labels = faces
    order = list(range(len(labels)))
    random.shuffle(order)
    assert class_trust(probabilities[order], labels[order]) == pytest.approx(class_trust(*faces), abs=1e-6)
    assert suspicion(probabilities[order], labels[order]) == pytest.approx(suspicion(*faces)[order], abs=1e-6)


@settings(deadline=None)
@given(st.floats(0.05, 0.6), st.integers(1, 50))
def test_a_doubted_class_ranks_above_a_trusted_one_at_equal_margin(own: float, others: int) -> None:
    """Faces 0 and 1 are read alike; the other faces of class 1 are seldom confirmed, those of class 0 always."""
    rest = 1 - own
    alike = [[own, 0.0, rest], [0.0, own, rest]]
    p = np.array(alike + [[1.0, 0.0, 0.0]] * others + [[0.0, 0.0, 1.0]] * others, np.float32)
    labels = np.array([0, 1] + [0] * others + [1] * others)
    trusted, doubted = suspicion(p, labels)[:2]
    assert doubted > trusted


def test_a_face_fitted_late_is_more_suspect_than_one_fitted_at_once() -> None:
    passes = np.array([[[0.1, 0.9], [0.9, 0.1]], [[0.2, 0.8], [0.9, 0.1]], [[0.9, 0.1], [0.9, 0.1]]], np.float32)
    late, at_once = suspicion(passes.mean(axis=0), np.zeros(2, np.int64))
    assert late > at_once


def test_outside_the_low_importance_group_a_proposal_takes_more_suspicion() -> None:
    doubt = np.array([0.59, 0.6, 0.74, 0.75] * 2, np.float32)
    low, none = np.repeat([True, False], 4), np.zeros(8, np.float32)
    assert may_be_proposed(doubt, low, none).tolist() == [False, True, True, True, False, False, False, True]


def test_where_another_class_is_evident_a_proposal_takes_no_suspicion() -> None:
    margin = np.array([-1, 0.7, 0.71], np.float32)
    assert may_be_proposed(np.zeros(3, np.float32), np.zeros(3, np.bool_), margin).tolist() == [False, False, True]


def test_two_classes_leave_no_second_choice() -> None:
    assert second_choice(np.array([[0.9, 0.1]], np.float32), np.array([0])).tolist() == [-1]
    assert second_choice(np.array([[0.2, 0.5, 0.3]], np.float32), np.array([1])).tolist() == [0]
