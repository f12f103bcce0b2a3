"""Real faces with labels that are wrong in known places."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.ferplus_faces import CLASSES, FOLDERS
from scn_core.class_names import ClassVocabulary
from scn_core.datasets.noise import flip_labels, parse_noise
from scn_core.records import IntArray, PixelArray

NAMES = tuple(sorted(CLASSES.values()))
NOISES = ("real", "single-vote", "symmetric-10", "symmetric-20", "symmetric-30")
"""The data set's own labels; one vote a face drawn from the crowd's; the crowd's labels, 10, 20, 30 % flipped."""


@dataclass(frozen=True)
class Faces:
    """N faces to train on and those that measure, under the crowd's labels."""

    pixels: PixelArray
    """(all, 48, 48, 3); the training faces come first."""
    own: IntArray
    """(N,) the data set's own labels."""
    truth: IntArray
    """(N,) the crowd's."""
    votes: IntArray
    """(N, 7) of ten taggers."""
    test_labels: IntArray
    """Of the faces after the first N: the crowd's, where it is certain."""

    def some(self, count: int) -> Faces:
        """The first `count` training faces, which are in no order that says anything, and all test faces."""
        n = len(self.truth)
        pixels = np.concatenate([self.pixels[:count], self.pixels[n:]])
        return Faces(pixels, self.own[:count], self.truth[:count], self.votes[:count], self.test_labels)


def load_faces(work: Path, root: Path, count: int) -> Faces:
    """The faces of `benchmarks.ferplus_faces`, whose table is made in WORK where it is not there."""
    table = work / f"faces-{count}.csv"
    if not table.exists():
        command = [sys.executable, "-m", "benchmarks.ferplus_faces", str(root), str(table), "--faces", str(count)]
        subprocess.run(command, check=True)
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    votes = _votes(root)
    train = _training_rows(rows)
    test = [row for row in rows if row["split"] == "test"]
    pixels = [np.asarray(Image.open(root / row["path"]).convert("RGB")) for row in (*train, *test)]
    return Faces(
        np.stack(pixels),
        _labels(row["label"] for row in train),
        _labels(row["reference"] for row in train),
        np.stack([votes[row["path"]] for row in train]),
        _labels(row["label"] for row in test),
    )


def training_paths(work: Path, count: int) -> list[str]:
    """The pictures of the training faces of `load_faces`, which has made the table, in the same order."""
    with (work / f"faces-{count}.csv").open(newline="") as file:
        return [row["path"] for row in _training_rows(list(csv.DictReader(file)))]


def given_labels(faces: Faces, noise: str, seed: int) -> IntArray:
    """(N,) the labels a round begins with."""
    if noise == "real":
        return faces.own
    if noise == "single-vote":
        counts = faces.votes.cumsum(axis=1)
        drawn = np.random.default_rng((seed, 1)).random(len(counts)) * counts[:, -1]
        one: IntArray = (drawn[:, None] >= counts).sum(axis=1)
        return one
    spec = parse_noise(f"symmetric:0.{noise.removeprefix('symmetric-')}")
    return flip_labels(faces.truth, spec, ClassVocabulary(NAMES), seed)[0]


def _training_rows(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    train = [row for row in rows if row["split"] == "train"]
    order = np.random.default_rng(0).permutation(len(train))  # the table is by path
    return [train[place] for place in order]


def _votes(root: Path) -> dict[str, IntArray]:
    with (root / "fer2013new.csv").open(newline="") as file:
        return {
            f"{FOLDERS[row['Usage']]}/{row['Image name']}": np.array(
                [int(row[column]) for name in NAMES for column, other in CLASSES.items() if other == name]
            )
            for row in csv.DictReader(file)
        }


def _labels(names: object) -> IntArray:
    return np.array([NAMES.index({"angry": "anger"}.get(name, name)) for name in names])  # type: ignore[attr-defined]
