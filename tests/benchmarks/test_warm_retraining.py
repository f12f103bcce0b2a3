"""An order that goes on with new probabilities, and probabilities that do not know a face's own label."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.cleaning.readers import learned_order
from scn_core.records import FloatArray, IntArray
from scn_core.scn.suspicion import suspicion


def made_up() -> tuple[FloatArray, IntArray, IntArray]:
    """(200, 3) probabilities, labels of which a third are wrong, and what a perfect reader says."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 200)
    given = np.where(rng.random(200) < 0.3, (truth + 1) % 3, truth)
    probabilities = rng.dirichlet(np.ones(3), 200).astype(np.float32)
    probabilities[np.arange(200), truth] += 0.5
    return probabilities / np.float32(1.5), given, truth


def test_an_order_in_two_pieces_is_the_order_in_one() -> None:
    probabilities, given, truth = made_up()
    doubt = suspicion(probabilities, given)

    def order(count: int, asked: IntArray | None = None) -> IntArray:
        return learned_order(probabilities, doubt, given, truth, count, learn_every=50, seed=1, asked=asked)

    assert order(120, asked=order(70)).tolist() == order(120).tolist()
    assert len(set(order(120).tolist())) == 120


def test_a_refitted_layer_says_nothing_of_a_face_by_its_own_label() -> None:
    pytest.importorskip("sklearn")
    from benchmarks.warm_retraining import Arm, refitted

    features, labels, _ = made_up()
    others = labels.copy()
    others[7] = (labels[7] + 1) % 3
    none = np.empty(0, np.int64)
    one, other = (refitted(features, each, none, Arm("layer"), 3) for each in (labels, others))
    assert one[7].tolist() == other[7].tolist()
    assert not np.array_equal(one, other)
