"""Keys and actions a face that it takes to answer doubtful faces, before and after pages were made of one pair each.

    python -m benchmarks.keys_per_face WORK FERPLUS RECORDING... [--faces 2000]

WORK and FERPLUS are the folders of `benchmarks.label_cleaning`, RECORDING its trainings on the data set's own labels
(`WORK/real-13000/scn-*.npz`), 13,000 faces each. The most suspicious faces of a queue, of the half that no constant was
chosen on, are answered as the crowd says, on pages of 3 rows of 7, by whoever takes the way of fewest actions: face by
face, or the exceptions and then the rest at once. An action is an answer, a way to a face that is not the next one, or
a page turned; keys are what is pressed for it, Shift and each arrow too. The figures go to standard output and
results/keys_per_face.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import NamedTuple

import numpy as np

from benchmarks.cleaning.faces import load_faces
from benchmarks.cleaning.queue import round_queue
from scn_core.records import BoolArray, IntArray

RESULTS = Path(__file__).with_name("results") / "keys_per_face.json"
FACES = 13_000
COLUMNS, ROWS = 7, 3
PAGE = COLUMNS * ROWS


class Asked(NamedTuple):
    """A face of the queue."""

    given: int
    proposed: int
    """-1: no proposal."""
    likeliest: int
    """Other class than the given one."""
    truth: int

    def key(self, *, suggestions: bool) -> str:
        """What answers it by itself: accept, keep, or the number of a class."""
        if self.truth == self.given:
            return "keep"
        if self.truth == self.proposed or (suggestions and self.proposed < 0 and self.truth == self.likeliest):
            return "accept"
        return "number"


class Cost(NamedTuple):
    """Of some pages."""

    actions: int
    keys: int
    numbers: int
    """Keys of classes, which the hand has to look for."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("ferplus", type=Path)
    parser.add_argument("recordings", type=Path, nargs="+")
    parser.add_argument("--faces", type=int, default=2_000)
    said = parser.parse_args()
    faces = load_faces(said.work, said.ferplus, FACES)
    truth, given, reported = faces.truth, faces.own, faces.reported
    runs: list[dict[str, Cost]] = []
    counts: list[int] = []
    for file in said.recordings:
        queue = _queue(file, given, truth, reported)[: said.faces]
        print(f"{file.name}: {len(queue):,} faces", file=sys.stderr)
        counts.append(len(queue))
        runs.append({name: _cost(pages, after=after) for name, pages, after in _ways(queue)})
    found: dict[str, object] = {
        "faces": counts,
        "page": PAGE,
        "seeds": len(runs),
        "versions": {"numpy": np.__version__},
    }
    for way in runs[0]:
        each = [[value / count for value in run[way]] for run, count in zip(runs, counts, strict=True)]
        found[way] = {
            what: {"mean": round(mean(values), 4), "low": min(values), "high": max(values)}
            for what, values in zip(Cost._fields, zip(*each, strict=True), strict=True)
        }
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


def _queue(file: Path, given: IntArray, truth: IntArray, reported: BoolArray) -> list[Asked]:
    """The faces a round asks about, the most suspicious first."""
    with np.load(file) as recording:
        probabilities, alpha = recording["mean"], recording["alpha"]
    queue = round_queue(probabilities, alpha, given)
    others = queue.cured.copy()
    others[np.arange(len(given)), given] = -1
    columns = (given, queue.proposed, others.argmax(axis=1), truth)
    return [Asked(*(int(column[row]) for column in columns)) for row in queue.rows[reported[queue.rows]]]


def _ways(queue: list[Asked]) -> list[tuple[str, list[list[Asked]], bool]]:
    """(name, pages, whether as it is now) of each way to go through the queue."""
    size = Counter((face.given, face.proposed) for face in queue)

    def by_size(face: Asked) -> tuple[int, int, int]:
        return -size[face.given, face.proposed], face.given, face.proposed

    now = sorted(queue, key=lambda face: (face.proposed < 0, by_size(face)))
    pairs: dict[tuple[int, int], list[Asked]] = {}
    for face in now:
        pairs.setdefault((face.given, face.proposed), []).append(face)
    plain = _pages(queue)
    return [
        ("by suspicion, before", plain, False),
        ("by suspicion, now", plain, True),
        ("grouped, before", _pages(sorted(queue, key=by_size)), False),
        ("grouped, now", [page for pair in pairs.values() for page in _pages(pair)], True),
    ]


def _pages(faces: Sequence[Asked]) -> list[list[Asked]]:
    return [list(faces[at : at + PAGE]) for at in range(0, len(faces), PAGE)]


def _cost(pages: list[list[Asked]], *, after: bool) -> Cost:
    grouped = after and all(len({face[:2] for face in page}) == 1 for page in pages)
    costs = [min(_ways_of_page(page, suggestions=after, turns=grouped)) for page in pages]
    return Cost(*(sum(column) for column in zip(*costs, strict=True)))


def _ways_of_page(page: list[Asked], *, suggestions: bool, turns: bool) -> list[Cost]:
    """What it costs to answer a page and go on, in each way; `turns`: an answer to the rest goes on by itself."""
    keys = [face.key(suggestions=suggestions) for face in page]
    accepted = [key == "accept" and face.proposed >= 0 for key, face in zip(keys, page, strict=True)]
    kept = [key == "keep" for key in keys]
    usual = [a if face.proposed >= 0 else k for face, a, k in zip(page, accepted, kept, strict=True)]
    ways = [Cost(len(page) + 1, len(page) + 1, keys.count("number"))]
    for rest, bulks in ((accepted, 1), (kept, 1), (usual, 2)):
        if not any(rest):
            continue
        alone = [place for place, by_rest in enumerate(rest) if not by_rest]
        walks = [_arrows(at, to) for at, to in zip([0, *(place + 1 for place in alone)], alone, strict=False)]
        actions = len(alone) + sum(walk > 0 for walk in walks) + bulks + (not turns)
        pressed = len(alone) + sum(walks) + 2 * bulks + (not turns)
        ways.append(Cost(actions, pressed, sum(keys[place] == "number" for place in alone)))
    return ways


def _arrows(at: int, to: int) -> int:
    """Arrow keys from one place of a page to another."""
    (row, column), (to_row, to_column) = divmod(at, COLUMNS), divmod(to, COLUMNS)
    return abs(row - to_row) + abs(column - to_column)


if __name__ == "__main__":
    main()
