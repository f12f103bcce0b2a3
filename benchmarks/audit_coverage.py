"""How often the 95 % intervals of the audit estimate cover the truth; JSON to stdout.

    python -m benchmarks.audit_coverage                                # made-up faces, 200 reviews of each kind
    python -m benchmarks.audit_coverage --votes labels.csv             # and FERPlus votes: one is given, most are right
    python -m benchmarks.audit_coverage --workspace data/demo          # and a round whose right labels are known
    python -m benchmarks.audit_coverage --reviews 2000

Every review is simulated anew: labels and suspicion are drawn, the queue is planned by `plan_queue` with its audit
faces, people answer a random part of it (in its order, or label by label as a filter would have them), always rightly.
`estimate_from` is given what the store would read. A face people cannot judge counts as not wrong, here as there.
"""

from __future__ import annotations

import argparse
import csv
import json
import platform
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scn_core.records import BoolArray, FloatArray, IntArray, RoundScores
from scn_core.review.quality.audit_estimate import AuditEstimate, estimate_from
from scn_core.store.queue.build_queue import QueuePlan, plan_queue
from scn_core.store.queue.draw_audit import DecidedFaces, strata_of
from scn_core.store.rounds.states import latest_finished_round
from scn_core.store.samples import references
from scn_core.store.scores import scores
from scn_core.workspace.folder import Workspace

AUDITS = (50, 100, 300)
CLASSES = 8
"""At most."""
VOTED = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear")
UNUSABLE = 0.1
"""Share of the wrong labels that people answer with exclude: the picture is no face."""
UNSURE = 0.05
"""Share of the faces that people cannot judge."""


@dataclass(frozen=True)
class Faces:
    """Training faces as a round sees them, and what nobody knows: which labels are wrong."""

    label: IntArray
    wrong: BoolArray
    suspicion: FloatArray
    low_importance: BoolArray


Draw = Callable[[np.random.Generator], Faces]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reviews", type=int, default=200, help="simulated reviews of each kind")
    parser.add_argument("--votes", type=Path, default=None, help="a CSV with one column of votes for each emotion")
    parser.add_argument("--workspace", type=Path, action="append", default=[], help="its newest round; may be repeated")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    data: dict[str, Draw] = {
        "demo, 10 % wrong": lambda rng: made_faces(rng, 1_600, 0.10, 2.5),
        "2 % wrong": lambda rng: made_faces(rng, 20_000, 0.02, 2.0),
        "small, 5 % wrong": lambda rng: made_faces(rng, 600, 0.05, 2.0),
    }
    if args.votes is not None:
        votes = read_votes(args.votes)
        data["FERPlus, one vote"] = lambda rng: voted_faces(rng, votes)
    for path in args.workspace:
        trained = trained_faces(path)
        data[f"{path.name}, trained"] = lambda rng, faces=trained: faces  # type: ignore[misc]
    rows = [
        asdict(coverage(name, draw, audit, by_label=by_label, reviews=args.reviews, seed=args.seed))
        for name, draw in data.items()
        for by_label in (False, True)
        for audit in AUDITS
    ]
    versions = {"python": platform.python_version(), "numpy": np.__version__}
    print(json.dumps({"benchmark": "audit_coverage", "seed": args.seed, "rows": rows, "versions": versions}, indent=1))


@dataclass(frozen=True)
class Coverage:
    """How one kind of review fared; the figures are means over the `n` of them that gave an estimate."""

    data: str
    audit: int
    order: str
    n: int
    without: int
    """Reviews that stopped too early, or left out too many labels, to give one."""
    covered: dict[str, float]
    mean_width: dict[str, float]
    mean_error: dict[str, float]
    mean_truth: dict[str, float]


def coverage(name: str, draw: Draw, audit: int, *, by_label: bool, reviews: int, seed: int) -> Coverage:
    rng = np.random.default_rng((seed, audit, by_label))
    seen: list[list[tuple[float, float, float, float]]] = []
    for _ in range(reviews):
        found, truth = review(draw(rng), audit, rng, by_label=by_label)
        if found.before is None or found.after is None or found.left is None:
            continue
        rates = zip((found.before, found.after, found.left), truth, strict=True)
        seen.append([(r.low - 1e-9 <= t <= r.high + 1e-9, r.high - r.low, r.value - t, t) for r, t in rates])
    means = np.mean(seen, 0).round(4).T.tolist()
    order = "label by label" if by_label else "of the queue"
    named = (dict(zip(("before", "after", "left"), figures, strict=True)) for figures in means)
    return Coverage(name, audit, order, len(seen), reviews - len(seen), *named)


def review(
    faces: Faces, audit: int, rng: np.random.Generator, *, by_label: bool
) -> tuple[AuditEstimate, tuple[float, float, float]]:
    """One review that stops somewhere: the estimate, and the true rates before, after and among those left."""
    plan = plan_queue(_scores(faces), audit=audit, seed=int(rng.integers(2**31)))
    asked = plan.listed.nonzero()[0]
    part = rng.random(CLASSES) if by_label else np.full(CLASSES, np.sqrt(rng.random()))
    answered = np.concatenate(
        [_first(asked[plan.given_label[asked] == label], part[label]) for label in range(CLASSES)]
    )
    if not by_label:
        answered = _first(asked, part[0])
    row = plan.sample_id[answered] - 1
    unsure = rng.random(len(faces.label)) < UNSURE
    really = faces.wrong & ~unsure
    wrong = really[row]
    excluded = wrong & (rng.random(len(row)) < UNUSABLE)
    decided = DecidedFaces(
        stratum=strata_of(plan.strata, faces.suspicion[row], _queued(plan, len(faces.label))[row]),
        label=faces.label[row],
        audit=plan.audit[answered],
        wrong=wrong,
        unsure=unsure[row],
        excluded=excluded,
    )
    drawn = np.bincount(plan.given_label[plan.audit], minlength=CLASSES)
    count, still = len(faces.label), int(really.sum() - wrong.sum())
    truth = (really.mean(), still / (count - excluded.sum()), still / max(1, count - len(row)))
    return estimate_from(1, plan.strata, drawn, decided), (float(truth[0]), float(truth[1]), float(truth[2]))


def _first(items: IntArray, part: float) -> IntArray:
    return items[: round(part * len(items))]


def _queued(plan: QueuePlan, count: int) -> BoolArray:
    queued = np.zeros(count, np.bool_)
    queued[plan.sample_id[~plan.audit] - 1] = True
    return queued


def _scores(faces: Faces) -> RoundScores:
    count = len(faces.label)
    nothing = np.zeros(count, np.float32)
    return RoundScores(
        sample_id=np.arange(1, count + 1), start_label=faces.label, alpha=nothing, p_given=nothing, p_max=nothing,
        predicted_label=faces.label, margin=nothing, suspicion=faces.suspicion, low_importance=faces.low_importance,
        proposed_label=np.full(count, -1), trained_label=faces.label,
        probabilities=np.zeros((count, CLASSES), np.float32), doubt=np.zeros(count, np.int64),
        suspicious=np.zeros(count, np.bool_), second_label=np.full(count, -1),
    )  # fmt: skip


def made_faces(rng: np.random.Generator, count: int, rate: float, sharpness: float) -> Faces:
    """Labels of `rate` wrong ones, more in some classes; suspicion and alpha see them through noise."""
    label = rng.integers(0, len(VOTED), count)
    by_class = rng.dirichlet(np.full(len(VOTED), 2.0)) * len(VOTED) * rate
    return _seen(rng, label, rng.random(count) < np.minimum(by_class, 0.9)[label], sharpness)


def voted_faces(rng: np.random.Generator, votes: npt.NDArray[np.int64]) -> Faces:
    """One vote drawn for each face is its label; right is the label of most votes."""
    ends = votes.cumsum(1)
    label = (rng.integers(0, ends[:, -1])[:, None] >= ends).sum(1)
    return _seen(rng, label, label != votes.argmax(1), 1.2)


def trained_faces(path: Path) -> Faces:
    """The faces of a workspace's newest round whose right label is known."""
    with Workspace(path).database(read_only=True) as db:
        newest = latest_finished_round(db)
        if newest is None:
            raise SystemExit(f"{path}: no round has ended; train first")
        seen, known = scores(db, newest.id), references(db)
    rows = np.flatnonzero(np.isin(seen.sample_id, known.sample_id))
    truth = known.label[np.searchsorted(known.sample_id, seen.sample_id[rows])]
    label = seen.start_label[rows]
    return Faces(label, label != truth, seen.suspicion[rows], seen.low_importance[rows])


def _seen(rng: np.random.Generator, label: IntArray, wrong: BoolArray, sharpness: float) -> Faces:
    count = len(label)
    doubt = rng.normal(scale=1.2, size=count) + sharpness * wrong - 1.5
    alpha = rng.normal(size=count) - 0.7 * wrong
    return Faces(label, wrong, (1 / (1 + np.exp(-doubt))).astype(np.float32), alpha < np.quantile(alpha, 0.3))


def read_votes(path: Path) -> npt.NDArray[np.int64]:
    """(faces, 7) votes of the training faces with a single most voted class."""
    with path.open(newline="", encoding="utf-8") as file:
        rows: Iterable[dict[str, str]] = (row for row in csv.DictReader(file) if row.get("usage") == "Training")
        votes = np.array([[int(row[name]) for name in VOTED] for row in rows])
    top = np.sort(votes, 1)
    return votes[top[:, -1] > top[:, -2]]


if __name__ == "__main__":
    main()
