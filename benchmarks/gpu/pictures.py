"""Pictures in files, made quickly: bars that cross noise, whose number is the class."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = 7

Row = tuple[str, str, int]
"""Path, split, class number."""


def made_pictures(root: Path, count: int, side: int, held_out: int = 0) -> list[Row]:
    """`count` JPEGs to train on and `held_out` to validate on under `root`; one label of five is wrong."""
    root.mkdir(parents=True, exist_ok=True)
    numbers = range(count + held_out)
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        labels = list(pool.map(partial(_make, root, side), numbers, chunksize=256))
    return [(f"{n:06d}.jpg", "train" if n < count else "val", label) for n, label in enumerate(labels)]


def _make(root: Path, side: int, number: int) -> int:
    rng = np.random.default_rng(number)
    label = int(rng.integers(CLASSES))
    bars = np.sin(np.arange(side)[None, :] / side * 2 * np.pi * (label + 1) + rng.uniform(0, 6))
    noise = rng.normal(0, 25, (side, side, 3))
    pixels = (128 + 60 * bars[:, :, None] + noise).clip(0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(root / f"{number:06d}.jpg", quality=85)
    return label if rng.random() < 0.8 else int(rng.integers(CLASSES))
