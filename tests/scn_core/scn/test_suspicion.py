import numpy as np
import pytest

from scn_core.scn.suspicion import DYNAMICS, strongest_other, suspicion


def test_strongest_other_leaves_the_given_class_out_and_the_input_alone() -> None:
    p = np.array([[0.7, 0.2, 0.1], [0.7, 0.2, 0.1]], np.float32)
    assert strongest_other(p, np.array([0, 2])).tolist() == pytest.approx([0.2, 0.7])
    assert p[0].tolist() == pytest.approx([0.7, 0.2, 0.1])


def test_suspicion_averages_the_margin_over_the_epochs() -> None:
    dynamics = np.zeros((3, 2), DYNAMICS)
    dynamics["p_given"] = [[0.5, 1.0], [0.25, 1.0], [0.25, 1.0]]
    dynamics["p_other"] = [[0.5, 0.0], [0.75, 0.0], [0.75, 0.0]]
    assert suspicion(dynamics).tolist() == pytest.approx([(1 + 1 / 3) / 2, 0.0])
    assert suspicion(dynamics[1:]).tolist() == pytest.approx([0.75, 0.0])


def test_a_face_fitted_late_is_more_suspect_than_one_fitted_at_once() -> None:
    dynamics = np.zeros((4, 2), DYNAMICS)
    dynamics["p_given"] = [[0.1, 0.9], [0.2, 0.9], [0.4, 0.9], [0.9, 0.9]]
    dynamics["p_other"] = 1 - dynamics["p_given"]
    late, at_once = suspicion(dynamics)
    assert late > 0.5 > at_once
