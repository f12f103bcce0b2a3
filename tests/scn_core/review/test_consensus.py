"""The consensus of people and models, on made-up answers whose truth is known, and beside cleanlab's CROWDLAB."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scn_core.records import FloatArray, IntArray
from scn_core.review.consensus import Consensus, Votes, consensus, right_by_agreement

CLASSES = 4
SLIPS = (0.02, 0.1, 0.2, 0.4)
"""How often each of four people errs."""


@dataclass(frozen=True)
class Made:
    """Answers of people to faces whose truth is known, and a model that is right about two thirds of them."""

    truth: IntArray
    votes: Votes
    model: FloatArray

    def agreed(self) -> Consensus:
        return consensus(self.votes, [self.model], len(SLIPS))


@pytest.fixture(scope="module")
def made() -> Made:
    return make(seed=0, faces=800, readings=2)


def make(seed: int, faces: int, readings: int) -> Made:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, CLASSES, faces)
    logits = rng.normal(size=(faces, CLASSES)) + 1.5 * np.eye(CLASSES)[truth]
    model = (np.exp(logits) / np.exp(logits).sum(1, keepdims=True)).astype(np.float32)
    face = np.repeat(np.arange(faces), readings)
    person = np.concatenate([rng.permutation(len(SLIPS))[:readings] for _ in range(faces)])
    slipped = rng.random(len(face)) < np.array(SLIPS)[person]
    label = np.where(slipped, (truth[face] + rng.integers(1, CLASSES, len(face))) % CLASSES, truth[face])
    return Made(truth, Votes(face, person, label, np.ones(len(face), np.int64)), model)


def test_it_finds_the_truth_and_who_is_right_how_often(made: Made) -> None:
    found = made.agreed()
    right = found.label == made.truth
    assert right.mean() > 0.93  # a person of theirs is right in 82 %, the model in 72 %
    assert found.quality == pytest.approx(1 - np.array(SLIPS), abs=0.05)
    assert found.probability.mean() == pytest.approx(right.mean(), abs=0.02)
    assert (found.prior.argmax(axis=1) == made.truth).mean() < right.mean()


def test_it_is_right_as_often_as_crowdlab_and_ranks_people_alike(made: Made) -> None:
    from cleanlab.multiannotator import get_label_quality_multiannotator

    wide = np.full((len(made.truth), len(SLIPS)), np.nan)
    wide[made.votes.face, made.votes.person] = made.votes.label
    theirs = get_label_quality_multiannotator(wide, made.model, verbose=False)
    label = theirs["label_quality"]["consensus_label"].to_numpy()
    quality = theirs["annotator_stats"].sort_index()["annotator_quality"].to_numpy()
    ours = made.agreed()
    assert (ours.label == label).mean() > 0.93
    assert (ours.label == made.truth).mean() >= (label == made.truth).mean()
    assert ours.quality.argsort().tolist() == quality.argsort().tolist()


def test_faces_read_once_hardly_say_who_is_right() -> None:
    found = make(seed=1, faces=400, readings=1).agreed()
    assert found.quality.argsort().tolist() == [3, 2, 1, 0]
    assert found.quality.min() > 0.65
    assert found.quality.max() < 0.9


def test_without_answers_it_is_the_mean_of_the_models() -> None:
    nothing = np.empty(0, np.int64)
    one, other = np.array([[0.8, 0.2], [0.3, 0.7]], np.float32), np.array([[0.4, 0.6], [0.1, 0.9]], np.float32)
    found = consensus(Votes(nothing, nothing, nothing, nothing), [one, other], 0)
    assert found.probabilities == pytest.approx(0.99 * (one + other) / 2 + 0.005)  # a hundredth is anybody's
    assert found.votes.tolist() == [0, 0]
    assert found.quality.shape == (0,)


def test_a_second_model_that_is_better_helps(made: Made) -> None:
    better = (0.1 + np.eye(CLASSES, dtype=np.float32)[made.truth]) / (1 + 0.1 * CLASSES)
    few = made.votes.face < 100
    votes = Votes(*(column[few] for column in vars(made.votes).values()))
    alone, both = (consensus(votes, models, len(SLIPS)) for models in ([made.model], [made.model, better]))
    unread = np.arange(len(made.truth)) >= 100
    assert (both.label == made.truth)[unread].mean() > (alone.label == made.truth)[unread].mean() + 0.1


def test_models_of_different_shapes_are_refused(made: Made) -> None:
    for models in ([], [made.model, made.model[1:]]):
        with pytest.raises(ValueError, match="one or more of one shape"):
            consensus(made.votes, models, len(SLIPS))


@given(seed=st.integers(0, 2**16), faces=st.integers(1, 60), readings=st.integers(1, 4))
@settings(max_examples=12, deadline=None)
def test_whatever_is_answered(seed: int, faces: int, readings: int) -> None:
    some = make(seed, faces, readings)
    found = some.agreed()
    assert found.probabilities.sum(axis=1) == pytest.approx(np.ones(faces))
    assert found.confusion.sum(axis=2) == pytest.approx(np.ones((len(SLIPS), CLASSES)))
    assert (found.worth >= 0).all()
    assert (found.worth <= 1 - found.probability + 1e-9).all()
    assert ((found.quality > 0) & (found.quality < 1)).all()
    assert (found.votes == readings).all()
    order = np.random.default_rng(seed).permutation(len(some.votes.face))
    shuffled = consensus(Votes(*(column[order] for column in vars(some.votes).values())), [some.model], len(SLIPS))
    assert shuffled.probabilities == pytest.approx(found.probabilities, abs=1e-6)


def test_answers_counted_together_are_as_many_answers() -> None:
    face, label = np.array([0, 0, 1]), np.array([1, 0, 1])
    model = np.full((2, 2), 0.5, np.float32)
    together = consensus(Votes(face, np.zeros(3, np.int64), label, np.array([3, 1, 2])), [model], 1)
    twice = np.repeat(np.arange(3), [3, 1, 2])
    apart = consensus(Votes(face[twice], np.zeros(6, np.int64), label[twice], np.ones(6, np.int64)), [model], 1)
    assert together.probabilities == pytest.approx(apart.probabilities)
    assert together.votes.tolist() == [4, 2]


def test_an_answer_raises_its_class_and_what_a_second_one_is_worth_falls_with_certainty() -> None:
    model = np.array([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2], [0.98, 0.01, 0.01]], np.float32)
    found = consensus(Votes(np.array([1]), np.array([0]), np.array([1]), np.array([1])), [model], 1)
    assert found.probabilities[1, 1] > found.probabilities[0, 1]
    assert found.label.tolist() == [0, 1, 0]
    assert found.worth[0] > found.worth[1] > found.worth[2]


@pytest.mark.parametrize("right", [0.5, 0.7, 0.95])
def test_how_often_two_agree_says_how_often_each_is_right(right: float) -> None:
    rng = np.random.default_rng(0)
    said = np.where(rng.random((20_000, 2)) < right, 0, rng.integers(1, CLASSES, (20_000, 2)))
    counts = np.stack([(said == label).sum(axis=1) for label in range(CLASSES)], axis=1).astype(float)
    assert right_by_agreement(counts) == pytest.approx(right, abs=0.02)


def test_of_nobody_the_guess_is_kept_and_constant_contradiction_is_chance() -> None:
    assert right_by_agreement(np.zeros((5, CLASSES))) == pytest.approx(0.8)
    apart = np.tile(np.eye(CLASSES)[:2].sum(axis=0), (10_000, 1))
    assert right_by_agreement(apart) == pytest.approx(1 / CLASSES, abs=0.01)
