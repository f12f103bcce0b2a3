"""Real faces, and pictures that are not of faces, with labels that are wrong in known places."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.ferplus_faces import CLASSES, FOLDERS
from scn_core.class_names import ClassVocabulary
from scn_core.datasets.noise import flip_labels, parse_noise
from scn_core.records import BoolArray, FloatArray, IntArray, PixelArray

NAMES = tuple(sorted(CLASSES.values()))
PICTURES = "cifar10n"
"""The kind that is of other pictures: small ones of ten sorts of things, with one careless person's labels."""
NOISES = ("real", "single-vote", "real-10", PICTURES, "symmetric-10", "symmetric-20", "symmetric-30")
"""The data set's own labels; one vote a face drawn from the crowd's; the crowd's labels but for own ones on a tenth of
the faces, all of them wrong; other pictures; the crowd's labels, 10, 20, 30 % flipped."""


@dataclass(frozen=True)
class Faces:
    """N faces to train on and those that measure, under the crowd's labels; or as many other pictures."""

    names: tuple[str, ...]
    """Of the classes, sorted."""
    pixels: PixelArray
    """(all, size, size, 3); the training faces come first."""
    own: IntArray
    """(N,) the data set's own labels."""
    truth: IntArray
    """(N,) the crowd's."""
    votes: IntArray | None
    """(N, 7) of ten taggers; None: the data set has none."""
    test_labels: IntArray
    """Of the faces after the first N: the crowd's, where it is certain."""
    reported: BoolArray
    """(N,) the half that figures are of; constants were chosen on the other half."""

    def some(self, count: int) -> Faces:
        """The first `count` training faces, which are in no order that says anything, and all test faces."""
        n = len(self.truth)
        pixels = np.concatenate([self.pixels[:count], self.pixels[n:]])
        votes = None if self.votes is None else self.votes[:count]
        return Faces(
            self.names, pixels, self.own[:count], self.truth[:count], votes, self.test_labels, self.reported[:count]
        )

    def only(self, chosen: BoolArray) -> Faces:
        """Training faces alone, without pictures."""
        votes = None if self.votes is None else self.votes[chosen]
        own, truth = self.own[chosen], self.truth[chosen]
        return Faces(self.names, self.pixels[:0], own, truth, votes, self.test_labels, self.reported[chosen])


def load_faces(work: Path, root: Path, count: int) -> Faces:
    """The faces of `benchmarks.ferplus_faces`, whose table is made in WORK where it is not there."""
    table = work / f"faces-{count}.csv"
    if not table.exists():
        command = [sys.executable, "-m", "benchmarks.ferplus_faces", str(root), str(table), "--faces", str(count)]
        subprocess.run(command, check=True)
    return _loaded(root, _rows(table, "train"), _rows(table, "test"), _votes(root))


def load_opinion(file: Path, work: Path, count: int) -> FloatArray:
    """(N, 7) what another model says of the training faces that `load_faces` gives, from path and a column a class."""
    with file.open(newline="") as opened:
        rows = {row.pop("path"): row for row in csv.DictReader(opened)}
    other = {"angry": "anger", "disgusted": "disgust", "fearful": "fear", "sadness": "sad", "happiness": "happy",
             "surprised": "surprise"}  # fmt: skip
    names = [other.get(name, name) for name in next(iter(rows.values()))]
    place = [names.index(name) for name in NAMES]
    training = _rows(work / f"faces-{count}.csv", "train")
    return np.array([[float(list(rows[row["path"]].values())[i]) for i in place] for row in training], np.float32)


def _rows(table: Path, split: str) -> list[dict[str, str]]:
    """Those of a table by path; training faces in an order that says nothing."""
    with table.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == split]
    return [rows[place] for place in np.random.default_rng(0).permutation(len(rows))] if split == "train" else rows


def load_pictures(root: Path) -> Faces:
    """The pictures of ROOT/labels.csv, which has path, label, split and reference."""
    with (root / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    train, test = ([row for row in rows if row["split"] == split] for split in ("train", "test"))
    return _loaded(root, train, test, None)


def _loaded(
    root: Path, train: list[dict[str, str]], test: list[dict[str, str]], votes: dict[str, IntArray] | None
) -> Faces:
    pixels = [np.asarray(Image.open(root / row["path"]).convert("RGB")) for row in (*train, *test)]
    names = NAMES if votes else tuple(sorted({row["label"] for row in train}))
    return Faces(
        names,
        np.stack(pixels),
        _labels(names, (row["label"] for row in train)),
        _labels(names, (row["reference"] for row in train)),
        None if votes is None else np.stack([votes[row["path"]] for row in train]),
        _labels(names, (row["label"] for row in test)),
        np.random.default_rng(17).permutation(len(train)) >= len(train) // 2,
    )


def given_labels(faces: Faces, noise: str, seed: int) -> IntArray:
    """(N,) the labels a round begins with."""
    if noise in ("real", PICTURES):
        return faces.own
    if noise == "real-10":
        wrong = np.random.default_rng((seed, 2)).permutation(np.flatnonzero(faces.own != faces.truth))
        given = faces.truth.copy()
        given[wrong[: round(0.1 * len(given))]] = faces.own[wrong[: round(0.1 * len(given))]]
        return given
    if noise == "single-vote":
        assert faces.votes is not None
        counts = faces.votes.cumsum(axis=1)
        drawn = np.random.default_rng((seed, 1)).random(len(counts)) * counts[:, -1]
        one: IntArray = (drawn[:, None] >= counts).sum(axis=1)
        return one
    spec = parse_noise(f"symmetric:0.{noise.removeprefix('symmetric-')}")
    return flip_labels(faces.truth, spec, ClassVocabulary(faces.names), seed)[0]


def _votes(root: Path) -> dict[str, IntArray]:
    with (root / "fer2013new.csv").open(newline="") as file:
        return {
            f"{FOLDERS[row['Usage']]}/{row['Image name']}": np.array(
                [int(row[column]) for name in NAMES for column, other in CLASSES.items() if other == name]
            )
            for row in csv.DictReader(file)
        }


def _labels(names: tuple[str, ...], said: Iterable[str]) -> IntArray:
    return np.array([names.index({"angry": "anger"}.get(name, name)) for name in said])
