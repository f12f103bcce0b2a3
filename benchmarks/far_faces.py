"""Which pictures are far from all others by the features of finished trainings, and whether these are the harder ones.

    python -m benchmarks.far_faces WORK FERPLUS PICTURES

WORK holds the recordings of benchmarks.label_cleaning; FERPLUS and PICTURES are the folders it was given. Printed for
each fence are how many pictures lie beyond it, in how many of them and of the rest the given label is wrong, and in how
many the network does not see the right one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.cleaning.faces import load_faces, load_pictures
from scn_core.records import BoolArray
from scn_core.rounds.far_faces import FENCE, distances

FACES = 13_000
FENCES = (1.0, FENCE, 2.0, 3.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("root", type=Path)
    parser.add_argument("pictures", type=Path)
    said = parser.parse_args()
    print("| recording | fence | far | label wrong | of the rest | not seen | of the rest |")
    print("|---|---|---|---|---|---|---|")
    sets = {f"real-{FACES}": load_faces(said.work, said.root, FACES), "cifar10n-15000": load_pictures(said.pictures)}
    for name, faces in sets.items():
        wrong = faces.own != faces.truth
        for file in sorted((said.work / name).glob("scn-*.npz")):
            with np.load(file) as kept:
                distance, seen = distances(kept["features"]), kept["mean"].argmax(axis=1)
                assert (kept["labels"] == faces.own).all(), f"{file} is of other faces"
            first, third = np.percentile(distance, [25, 75])
            for fence in FENCES:
                far = distance > third + fence * (third - first)
                shares = [_share(each, among) for each in (wrong, seen != faces.truth) for among in (far, ~far)]
                print(f"| {name}, {file.stem} | {fence:g} | {far.sum():,} | {' | '.join(shares)} |", flush=True)


def _share(which: BoolArray, among: BoolArray) -> str:
    return f"{which[among].mean():.1%}" if among.any() else "–"


if __name__ == "__main__":
    main()
