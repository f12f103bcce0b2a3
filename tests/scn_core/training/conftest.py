"""Small pictures that can be learned in seconds."""

import numpy as np
import pytest

from scn_core.training.data import TrainingData

SMALL = "shufflenet_v2_x0_5"
"""A backbone that trains in a second where it is of no matter which. Flip consistency finds no map in it."""


def striped_faces(n: int, side: int = 32, classes: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Pictures whose class is how many dark bars cross them, with noise: (n, side, side, 3) uint8 and labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=n)
    wave = np.sin(np.arange(side)[None, :] / side * 2 * np.pi * (labels[:, None] + 1) + rng.uniform(0, 6, (n, 1)))
    pictures = 128 + 60 * wave[:, :, None, None] + rng.normal(0, 20, (n, side, side, 3))
    return pictures.clip(0, 255).astype(np.uint8), labels.astype(np.int64)


def small_data() -> TrainingData:
    """192 training faces of 4 classes, a sixth of them mislabelled, and 32 to validate on."""
    pixels, labels = striped_faces(224)
    given = labels[:192].copy()
    given[::6] = (given[::6] + 1) % 4
    return TrainingData(pixels, np.arange(192), given, np.arange(192, 224), labels[192:])


@pytest.fixture
def data() -> TrainingData:
    """To change at will."""
    return small_data()
