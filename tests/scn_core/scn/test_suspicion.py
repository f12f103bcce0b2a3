"""Suspicion, flow, trust and cured probabilities against slow references, and what must hold of any faces."""

import json
import math
import re
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scn_core.records import FloatArray, IntArray
from scn_core.scn.suspicion import (
    BIAS,
    FEW_FACES,
    FLOW,
    PROPOSE_FROM,
    RATIO,
    class_flow,
    class_trust,
    cured_probabilities,
    describe_few_faces,
    may_be_proposed,
    proposal_probability,
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


def reference_flow(cured: FloatArray, labels: IntArray) -> list[float]:
    """log( (faces of c whose likeliest class is another + k) / (other faces whose likeliest class is c + k) ).

    k = 10 + N / (10 C).
    """
    count, classes = cured.shape
    goes = [(label, row.index(max(row))) for row, label in zip(cured.tolist(), labels.tolist(), strict=True)]
    k = 10 + count / (10 * classes)
    leave = [sum(a == c != b for a, b in goes) for c in range(classes)]
    enter = [sum(a != c == b for a, b in goes) for c in range(classes)]
    return [math.log((a + k) / (b + k)) for a, b in zip(leave, enter, strict=True)]


def reference_suspicion(probabilities: FloatArray, labels: IntArray, flow: list[float]) -> list[float]:
    """sigmoid( b + r L + f F sigmoid( - L / 2 ) ), L = log( (best other + .001) / (label's + .001) )."""
    found = []
    for row, label in zip(probabilities.astype(float).tolist(), labels.tolist(), strict=True):
        best = max(p for c, p in enumerate(row) if c != label)
        ratio = math.log((best + 0.001) / (row[label] + 0.001))
        gate = math.sqrt(row[label] + 0.001) / (math.sqrt(row[label] + 0.001) + math.sqrt(best + 0.001))
        found.append(1 / (1 + math.exp(-(BIAS + RATIO * ratio + FLOW * flow[label] * gate))))
    return found


def test_a_round_on_few_faces_says_how_far_its_probabilities_were_off() -> None:
    assert describe_few_faces(FEW_FACES) is None
    said = describe_few_faces(FEW_FACES - 1)
    assert said is not None
    assert said.startswith("trained on 4,999 faces, fewer than 5,000: ")
    report = json.loads((Path(__file__).parents[3] / "benchmarks/results/small_sets.json").read_text(encoding="utf-8"))
    rows = [row for row in report["rounds"] if row["dataset"] != "demo"]
    assert {f"{row['faces']:,}" for row in rows} == set(re.findall(r"1,\d00", said))
    for key, words in (
        ("is", r"(\d+) to (\d+) of 100 proposals were right"),
        ("said", r"where it said (\d+) to (\d+)"),
    ):
        shares = [round(100 * row["proposed_right"][key]) for row in rows]
        (found,) = re.findall(words, said)
        assert (min(shares), max(shares)) == tuple(map(int, found))


def test_strongest_other_leaves_the_given_class_out_and_the_input_alone() -> None:
    p = np.array([[0.7, 0.2, 0.1], [0.7, 0.2, 0.1]], np.float32)
    assert strongest_other(p, np.array([0, 2])).tolist() == pytest.approx([0.2, 0.7])
    assert p[0].tolist() == pytest.approx([0.7, 0.2, 0.1])


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
def test_flow_and_suspicion_are_the_formulas(faces: Faces) -> None:
    probabilities, labels = faces
    cured = cured_probabilities(probabilities, class_trust(*faces))
    flow = class_flow(cured, labels)
    assert flow.dtype == np.float32
    assert flow.tolist() == pytest.approx(reference_flow(cured, labels), abs=1e-5)
    found = suspicion(*faces)
    assert found.shape == labels.shape
    assert found.dtype == np.float32
    assert found.tolist() == pytest.approx(reference_suspicion(*faces, flow.tolist()), abs=1e-5)
    assert 0 < found.min() <= found.max() < 1


@settings(deadline=None)
@given(some_faces(), st.randoms(use_true_random=False))
def test_the_order_of_the_faces_does_not_matter(faces: Faces, random: Random) -> None:
    probabilities, labels = faces
    order = list(range(len(labels)))
    random.shuffle(order)
    assert class_trust(probabilities[order], labels[order]) == pytest.approx(class_trust(*faces), abs=1e-6)
    assert suspicion(probabilities[order], labels[order]) == pytest.approx(suspicion(*faces)[order], abs=1e-6)


def read_alike(own: float, *, one_way: bool) -> Faces:
    """Faces 0 and 1 are read alike; a third of the others labelled 1 are seen as 2, and as many as 1 or none."""
    names = [0, 1] + [0] * 300 + [1] * 300 + [2] * 300
    rows = [[own, 0.0, 1 - own], [0.0, own, 1 - own], *np.eye(3)[names[2:]].tolist()]
    for place in range(302, 402):
        rows[place] = [0.0, 0.0, 1.0]
        if not one_way:
            rows[place + 300] = [0.0, 1.0, 0.0]
    return np.array(rows, np.float32), np.array(names)


def test_a_label_used_too_often_ranks_above_another_that_the_network_reads_alike() -> None:
    unmoved, used_too_often = suspicion(*read_alike(0.6, one_way=True))[:2]
    assert used_too_often > unmoved + 0.1


def test_classes_that_are_merely_hard_to_tell_apart_are_not_suspect_for_it() -> None:
    unmoved, hard = suspicion(*read_alike(0.6, one_way=False))[:2]
    assert hard == pytest.approx(unmoved, abs=0.01)


def test_what_a_class_is_like_says_the_less_the_surer_the_network_is_of_another() -> None:
    def by_flow(own: float) -> float:
        unmoved, used_too_often = suspicion(*read_alike(own, one_way=True))[:2]
        return float(np.log(used_too_often / (1 - used_too_often)) - np.log(unmoved / (1 - unmoved)))

    effects = [by_flow(own) for own in (0.99, 0.5, 0.01)]
    assert effects[0] > 1.5 * effects[1] > 4 * effects[2] > 0


def test_a_face_fitted_late_is_more_suspect_than_one_fitted_at_once() -> None:
    passes = np.array([[[0.1, 0.9], [0.9, 0.1]], [[0.2, 0.8], [0.9, 0.1]], [[0.9, 0.1], [0.9, 0.1]]], np.float32)
    late, at_once = suspicion(passes.mean(axis=0), np.zeros(2, np.int64))
    assert late > at_once


def test_a_relabel_is_as_probable_as_the_label_is_wrong_and_it_is_the_one_among_the_others() -> None:
    cured = np.array([[0.2, 0.6, 0.2], [0.2, 0.6, 0.2], [0.2, 0.41, 0.39], [1, 0, 0], [0, 1, 0]], np.float32)
    doubt = np.array([0.39, 0.41, 0.5, 1, 0.5], np.float32)
    found = proposal_probability(doubt, cured, np.zeros(5, np.int64))
    assert found.tolist() == pytest.approx([0.2925, 0.3075, 0.25625, 0, 0.5])
    assert may_be_proposed(doubt, cured, np.zeros(5, np.int64)).tolist() == (found >= PROPOSE_FROM).tolist()


def test_two_classes_leave_no_second_choice() -> None:
    assert second_choice(np.array([[0.9, 0.1]], np.float32), np.array([0])).tolist() == [-1]
    assert second_choice(np.array([[0.2, 0.5, 0.3]], np.float32), np.array([1])).tolist() == [0]
