"""Crowd labels of FERPlus as reference labels for the original FER2013 labels.

    python -m benchmarks.ferplus_reference ROOT OUT.csv [--leave-out LABELS.csv]

ROOT holds fer2013new.csv (ten votes a row) and the folders FER2013Train and FER2013Valid. OUT gets path,label: the
plurality of the votes over the seven classes that FER2013 has too. Rows with a tie, without such a vote, or with a
vote for "not a face" have none. LABELS.csv may name rows to leave out by path, in a column copy_of_held_out (1: leave
out), since a picture that is also in a held-out part measures nothing.
"""

from __future__ import annotations

import argparse
import csv
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


def crowd_label(row: dict[str, str]) -> str | None:
    votes = {name: int(row[column]) for column, name in CLASSES.items()}
    most = max(votes.values())
    winners = [name for name, count in votes.items() if count == most]
    return winners[0] if most > 0 and len(winners) == 1 and int(row["NF"]) == 0 else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--leave-out", type=Path)
    said = parser.parse_args()
    left_out: set[str] = set()
    if said.leave_out:
        with said.leave_out.open(newline="") as file:
            left_out = {row["path"] for row in csv.DictReader(file) if row["copy_of_held_out"] == "1"}
    written = 0
    with (said.root / "fer2013new.csv").open(newline="") as votes, said.out.open("w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("path", "label"))
        for row in csv.DictReader(votes):
            path = f"{FOLDERS[row['Usage']]}/{row['Image name']}"
            label = crowd_label(row)
            if label is not None and row["Image name"] and path not in left_out:
                writer.writerow((path, label))
                written += 1
    print(f"{said.out}: {written:,} reference labels")


if __name__ == "__main__":
    main()
