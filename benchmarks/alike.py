"""What it brings to answer faces that look alike in one go, with perfect made-up reviewers on recorded trainings.

    python -m benchmarks.alike WORK ROOT [--pictures CIFAR10N] [--seeds 0 1 2]

WORK and ROOT are as in `benchmarks.label_cleaning`, whose trainings must be there. Asked about are the first 2,000
doubtful faces of the half that figures are of, by suspicion; in every arm all of them get the right label, so the arms
differ in how many actions (a key or click) that takes:

    plain queue             a key for each face in the order of suspicion
    pages of a pair         pairs with a proposal first, the largest first: exceptions one by one, the rest at once by
                            accepting or keeping, whatever takes fewer keys
    the same, alike         each of these pages has the most suspicious face left and those most alike to it
    alike, first answer     the next face of the queue is answered, its page of the same pair, most alike first, is
                            asked for; exceptions one by one, the rest at once with that face's answer
    alike, better answer    the same, but the rest is accepted or kept, whatever takes fewer keys

Turning a page is an action; asking for faces that look alike is one, going back another. The table has actions and
corrections for each action, over all faces and over the first 500 actions. The second table says how often the nearest
faces of the same pair have the true label of the first, and how often any of that pair do. No constant was chosen on
these figures. Both go to standard output and results/alike.json.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.cleaning.faces import PICTURES, Faces, load_faces, load_pictures
from benchmarks.cleaning.queue import round_queue
from benchmarks.cleaning.tables import spread
from benchmarks.cleaning.trainings import Recording
from benchmarks.label_cleaning import FACES, RESULTS, trainings
from scn_core.bench.report import versions
from scn_core.records import FloatArray, IntArray

ASKED = 2_000
PAGE = 40
"""Faces on a page of the plain queue and of a pair."""
NEAREST = (10, 20, 40)
"""Faces on a page of faces that look alike, the first one included."""
EARLY = 500


@dataclass(frozen=True)
class Queue:
    """The faces that are asked about, in the order of suspicion."""

    given: IntArray
    proposed: IntArray
    """-1: none."""
    truth: IntArray
    features: FloatArray
    """Rows of length 1."""

    @property
    def pair(self) -> IntArray:
        return self.given * 1_000 + self.proposed


@dataclass(frozen=True)
class Step:
    """Actions, and the faces whose labels are final with them."""

    actions: int
    faces: IntArray


@dataclass(frozen=True)
class Arm:
    """What an arm comes to, with one seed."""

    labels: str
    seed: int
    name: str
    nearest: int | None
    actions: int
    corrections: int
    early: int
    """Corrections with the first EARLY actions."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("root", type=Path)
    parser.add_argument("--pictures", type=Path, help="folder with labels.csv, for the kind cifar10n")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--faces", type=int, default=FACES)
    asked = parser.parse_args()
    kinds = {"real": load_faces(asked.work, asked.root, asked.faces)}
    if asked.pictures:
        kinds[PICTURES] = load_pictures(asked.pictures)
    arms, purity = [], []
    for labels, faces in kinds.items():
        for seed in asked.seeds:
            queue = queue_of(faces, trainings(asked.work, faces, labels, seed, train=())["scn"])
            arms += [_arm(labels, seed, queue, *each) for each in _all_arms(queue)]
            purity.append({"labels": labels, "seed": seed, **same_truth(queue)})
    print(table(arms), purity_table(purity), sep="\n\n")
    written = {"versions": versions(), "asked": ASKED, "arms": [asdict(arm) for arm in arms], "same_truth": purity}
    (RESULTS / "alike.json").write_text(json.dumps(written, indent=1) + "\n")


def queue_of(faces: Faces, run: Recording) -> Queue:
    """The first ASKED faces of a round's queue, of the half that figures are of."""
    queue, given = round_queue(run.mean, run.alpha, faces.own), faces.own
    chosen = queue.rows[faces.reported[queue.rows]][:ASKED]
    features = run.features[chosen].astype(np.float32)
    return Queue(given[chosen], queue.proposed[chosen], faces.truth[chosen], features)


def plain(queue: Queue) -> Iterator[Step]:
    """A key for each face, and one for each page."""
    for face in range(len(queue.given)):
        yield Step(1 + (face % PAGE == PAGE - 1), np.array([face]))


def pair_pages(queue: Queue, *, alike: bool) -> Iterator[Step]:
    """Pages of one pair: those with a proposal first, of these the pair with most faces."""
    pairs, counts = np.unique(queue.pair, return_counts=True)
    without = np.isin(pairs, queue.pair[queue.proposed < 0])
    for pair in pairs[np.lexsort((-counts, without))]:
        left = np.flatnonzero(queue.pair == pair)
        while len(left):
            page = np.concatenate([left[:1], _nearest(queue, left[0], left[1:])[: PAGE - 1]]) if alike else left[:PAGE]
            left = left[~np.isin(left, page)]
            yield Step(_better(queue, page) + 1, page)


def alike_pages(queue: Queue, nearest: int, *, better: bool) -> Iterator[Step]:
    """The next open face, and those of its pair that look most like it."""
    is_open = np.ones(len(queue.given), np.bool_)
    seen = 0  # of the plain queue's pages
    for first in range(len(queue.given)):
        if first // PAGE > seen:
            seen += 1
            yield Step(1, np.empty(0, np.int64))
        if not is_open[first]:
            continue
        others = np.flatnonzero(is_open & (queue.pair == queue.pair[first]))
        near = _nearest(queue, first, others[others != first])[: nearest - 1]
        page = np.concatenate([[first], near])
        is_open[page] = False
        if better:
            yield Step(_better(queue, page) + 2, page)
        else:
            yield Step(1 + _with(queue, near, int(queue.truth[first])) + 2, page)


def _nearest(queue: Queue, face: int, others: IntArray) -> IntArray:
    """The others, most alike to a face first."""
    return others[np.argsort(-(queue.features[others] @ queue.features[face]), kind="stable")]


def _better(queue: Queue, page: IntArray) -> int:
    """Actions that answer a page of one pair, without those that lead to it and away."""
    kept, proposed = int(queue.given[page[0]]), int(queue.proposed[page[0]])
    return min(_with(queue, page, label) for label in (kept, proposed))


def _with(queue: Queue, faces: IntArray, label: int) -> int:
    """The same where the faces that are not exceptions get this label: those that have it are answered at once."""
    alike = faces[queue.truth[faces] == label]
    named = any(label not in (queue.given[face], queue.proposed[face]) for face in alike)  # selected, then a number
    return len(faces) - len(alike) + (1 + named if len(alike) else 0)


def same_truth(queue: Queue) -> dict[str, float]:
    """How often faces of the same pair have the true label of a face: those nearest to it, and any."""
    near: dict[int, list[float]] = {count: [] for count in NEAREST}
    anyone = []
    for face in range(len(queue.given)):
        others = np.flatnonzero(queue.pair == queue.pair[face])
        others = others[others != face]
        if len(others) < max(NEAREST):
            continue
        same = queue.truth[_nearest(queue, face, others)] == queue.truth[face]
        anyone.append(float(same.mean()))
        for count, shares in near.items():
            shares.append(float(same[: count - 1].mean()))
    return {**{f"nearest {count - 1}": float(np.mean(shares)) for count, shares in near.items()},
            "any": float(np.mean(anyone))}  # fmt: skip


def _all_arms(queue: Queue) -> Iterator[tuple[str, int | None, Iterator[Step]]]:
    yield "plain queue", None, plain(queue)
    yield "pages of a pair", None, pair_pages(queue, alike=False)
    yield "the same, alike", None, pair_pages(queue, alike=True)
    for nearest in NEAREST:
        yield "alike, first answer", nearest, alike_pages(queue, nearest, better=False)
        yield "alike, better answer", nearest, alike_pages(queue, nearest, better=True)


def _arm(labels: str, seed: int, queue: Queue, name: str, nearest: int | None, steps: Iterator[Step]) -> Arm:
    wrong = queue.given != queue.truth
    actions, early, answered = 0, 0, 0
    for step in steps:
        actions += step.actions
        answered += len(step.faces)
        if actions <= EARLY:
            early += int(wrong[step.faces].sum())
    assert answered == len(queue.given)
    return Arm(labels, seed, name, nearest, actions, int(wrong.sum()), early)


def table(arms: list[Arm]) -> str:
    """The first table of benchmarks/README.md."""
    lines = ["| labels | how | faces a page | actions | corrections | an action | in the first 500 |"]
    lines.append("|---|---|---|---|---|---|---|")
    for labels, name, nearest in dict.fromkeys((arm.labels, arm.name, arm.nearest) for arm in arms):
        these = [arm for arm in arms if (arm.labels, arm.name, arm.nearest) == (labels, name, nearest)]
        shown = [
            spread(values, form)
            for form, values in (
                (",.0f", [arm.actions for arm in these]),
                (",.0f", [arm.corrections for arm in these]),
                (".2f", [arm.corrections / arm.actions for arm in these]),
                (",.0f", [arm.early for arm in these]),
            )
        ]
        lines.append(f"| {' | '.join([labels, name, str(nearest or PAGE), *shown])} |")
    return "\n".join(lines)


def purity_table(found: list[dict[str, object]]) -> str:
    """The second."""
    names = [name for name in found[0] if name not in ("labels", "seed")]
    lines = [f"| labels | {' | '.join(names)} |", "|---|" + "---|" * len(names)]
    for labels in dict.fromkeys(each["labels"] for each in found):
        values = [[float(str(each[name])) for each in found if each["labels"] == labels] for name in names]
        lines.append(f"| {labels} | {' | '.join(map(spread, values))} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
