"""The wrong labels that benchmarks are made with, and which faces their figures are of."""

from __future__ import annotations

import numpy as np

from benchmarks.cleaning.faces import NAMES, Faces, given_labels
from benchmarks.cleaning.figures import early_calibration


def made_up(count: int = 1000) -> Faces:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 7, count)
    own = np.where(rng.random(count) < 0.3, (truth + 1) % 7, truth)
    nobody = np.empty(0, np.int64)
    return Faces(
        NAMES, np.empty((0, 1, 1, 3), np.uint8), own, truth, None, nobody, np.random.default_rng(17).random(count) < 0.5
    )


def test_a_tenth_of_the_labels_keep_an_error_of_their_own() -> None:
    faces = made_up()
    given = given_labels(faces, "real-10", 3)
    wrong = given != faces.truth
    assert wrong.sum() == 100
    assert (given[wrong] == faces.own[wrong]).all()
    assert not np.array_equal(given, given_labels(faces, "real-10", 4))


def test_answers_bring_a_wrong_level_to_the_right_one() -> None:
    faces = made_up()
    doubt = np.full(len(faces.truth), 0.9, np.float32)
    probabilities = np.full((len(doubt), 7), 1 / 7, np.float32)
    found = early_calibration(probabilities, doubt, faces.own, faces.truth, 0)
    assert 0.5 < found["error after 0"] < 0.7
    assert found["error after 300"] < found["error after 20"] < found["error after 0"] - 0.1
