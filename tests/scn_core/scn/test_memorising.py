"""When a network begins to learn labels by heart, and which passes are averaged then."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from scn_core.records import FloatArray
from scn_core.scn.memorising import DOUBTED, FITTED, doubts_fitted, passes_to_average

FACES = 400
WRONG = 100


def seen(fitted: list[float]) -> tuple[FloatArray, FloatArray]:
    """Passes that agree with all right labels, and with such a share of the wrong ones: p_given and p_other."""
    p_given = np.full((len(fitted), FACES), 0.8, np.float32)
    for epoch, share in enumerate(fitted):
        p_given[epoch, round(share * WRONG) : WRONG] = 0.1
    return p_given, np.float32(0.9) - p_given


def slowly(p_given: FloatArray, p_other: FloatArray) -> list[float]:
    """As the definition reads."""
    shares = []
    for epoch in range(len(p_given)):
        before = range(epoch)
        doubted = [
            face
            for face in range(p_given.shape[1])
            if epoch and np.mean([float(p_other[e, face]) - float(p_given[e, face]) for e in before]) > DOUBTED
        ]
        fitted = [face for face in doubted if p_given[epoch, face] > p_other[epoch, face]]
        shares.append(len(fitted) / len(doubted) if len(doubted) >= 30 else 0.0)
    return shares


@given(
    arrays.arrays(np.float32, (6, 80), elements=st.sampled_from([0.0625, 0.25, 0.5, 0.75])),
    arrays.arrays(np.float32, (6, 80), elements=st.sampled_from([0.125, 0.375, 0.5, 0.875])),
)
def test_the_share_is_what_its_definition_says(p_given: FloatArray, p_other: FloatArray) -> None:
    assert doubts_fitted(p_given, p_other).tolist() == pytest.approx(slowly(p_given, p_other))


def test_half_precision_of_the_file_does_not_matter() -> None:
    p_given, p_other = seen([0.1, 0.1, 0.15, 0.3, 0.5, 0.6])
    halves = [p_given.astype(np.float16), p_other.astype(np.float16)]
    assert doubts_fitted(*halves).tolist() == doubts_fitted(p_given, p_other).tolist()


@pytest.mark.parametrize("epochs", [1, 2, 3, 8, 12, 31])
def test_the_second_half_while_nothing_is_learned_by_heart(epochs: int) -> None:
    assert passes_to_average(*seen([0.1] * epochs)) == range(epochs // 2, epochs)


@pytest.mark.parametrize(
    ("fitted", "which"),
    [
        ([0.1] * 15 + [0.3] * 15, range(7, 15)),
        ([0.1] * 15 + [0.3, 0.3] + [0.1] * 13, range(15, 30)),  # two passes may be chance
        ([0.1] * 15 + [0.3, 0.3, 0.1] + [0.3] * 12, range(9, 18)),
        ([0.1] * 29 + [0.3], range(15, 30)),  # nor can one tell whether it lasts
        ([0.1] * 27 + [0.3] * 3, range(13, 27)),
        ([0.1] * 28 + [0.3, 0.1], range(15, 30)),
        ([0.1] * 3 + [0.4, 0.5, 0.6] + [0.1] * 24, range(15, 30)),  # it learns what faces look like
        ([0.1] + [0.6] * 29, range(15, 30)),  # and doubts no longer what it has come round to since
        ([0.1] * 6 + [0.6] * 24, range(3, 6)),  # after a fifth of the epochs it is no learning
        ([0.1, 0.6], range(1, 2)),
    ],
)
def test_the_later_half_of_those_before_it(fitted: list[float], which: range) -> None:
    assert passes_to_average(*seen(fitted)) == which


def test_few_doubted_faces_say_nothing() -> None:
    p_given, p_other = seen([0.1] * 10 + [0.5] * 10)
    some = slice(WRONG - 29, None)
    assert passes_to_average(p_given[:, some], p_other[:, some]) == range(10, 20)


@given(
    st.integers(1, 40).flatmap(
        lambda epochs: arrays.arrays(np.float32, (epochs, 60), elements=st.floats(0, 1, width=16))
    )
)
def test_some_passes_are_always_chosen(p_given: FloatArray) -> None:
    which = passes_to_average(p_given, 1 - p_given)
    assert 0 <= which.start < which.stop <= len(p_given)
    assert which.start == which.stop // 2
    shares = doubts_fitted(p_given, 1 - p_given)
    if which.stop < len(p_given):
        assert which.stop >= math.ceil(len(p_given) / 5)
        assert shares[which.stop] > FITTED
