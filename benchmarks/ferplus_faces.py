"""A table of real faces for measuring whole rounds: FER2013's own labels, the crowd of FERPlus as reference.

    python -m benchmarks.ferplus_faces ROOT OUT.csv [--faces 13000]
    python -m scn_core init WS --dataset csv --csv OUT.csv --root ROOT --reference-column reference

ROOT holds fer2013new.csv (ten votes a row), fer2013_labels.csv (path, label, duplicate_group, copy_of_held_out) and the
folders FER2013Train and FER2013Valid. OUT gets path,split,label,reference: as training faces those with a crowd label,
drawn by --seed, under their FER2013 label; as test faces those of FER2013Valid whose crowd is certain (its label has
six votes of ten or more), under the crowd's label. Pictures that are in both parts are left out.
"""

from __future__ import annotations

import argparse
import csv
import random
from pathlib import Path

CLASSES = {
    "neutral": "neutral",
    "happiness": "happy",
    "surprise": "surprise",
    "sadness": "sad",
    "anger": "anger",
    "disgust": "disgust",
    "fear": "fear",
}
FOLDERS = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}
CERTAIN = 6
"""Votes of ten for one class."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--faces", type=int, default=13_000)
    parser.add_argument("--seed", type=int, default=0)
    said = parser.parse_args()
    crowd, certain = _votes(said.root)
    with (said.root / "fer2013_labels.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["path"] in crowd]
    test = [row for row in rows if row["split"] == "val" and row["path"] in certain]
    held_out = {row["duplicate_group"] for row in test if row["duplicate_group"] != "-1"}
    train = [
        row
        for row in rows
        if row["split"] == "train" and row["copy_of_held_out"] == "0" and row["duplicate_group"] not in held_out
    ]
    train = sorted(random.Random(said.seed).sample(train, min(said.faces, len(train))), key=lambda row: row["path"])
    with said.out.open("w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("path", "split", "label", "reference"))
        writer.writerows((row["path"], "train", row["label"], crowd[row["path"]]) for row in train)
        writer.writerows((row["path"], "test", crowd[row["path"]], "") for row in test)
    print(f"{said.out}: {len(train):,} training faces, {len(test):,} test faces")


def crowd_label(row: dict[str, str]) -> str | None:
    """The plurality of the votes over the classes that FER2013 has too; None: a tie, none, or a vote for no face."""
    votes = {name: int(row[column]) for column, name in CLASSES.items()}
    most = max(votes.values())
    winners = [name for name, count in votes.items() if count == most]
    return winners[0] if most > 0 and len(winners) == 1 and int(row["NF"]) == 0 else None


def _votes(root: Path) -> tuple[dict[str, str], set[str]]:
    """The crowd's label by path, and the paths of which it is certain."""
    labels: dict[str, str] = {}
    certain: set[str] = set()
    with (root / "fer2013new.csv").open(newline="") as votes:
        for row in csv.DictReader(votes):
            label, path = crowd_label(row), f"{FOLDERS[row['Usage']]}/{row['Image name']}"
            if label is None:
                continue
            labels[path] = label
            if max(int(row[column]) for column in CLASSES) >= CERTAIN:
                certain.add(path)
    return labels, certain


if __name__ == "__main__":
    main()
