"""A data set of drawn faces with doubtful labels: which face gets which label, and the files on disk."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from scn_core.class_names import FERPLUS_7
from scn_core.datasets.demo_faces.expression import EXPRESSIONS, Expression, act, blend
from scn_core.datasets.demo_faces.face import draw_face, draw_other
from scn_core.errors import UsageError
from scn_core.records import Split

Kind = Literal["clear", "ambiguous", "flipped", "not_a_face"]

COLUMNS = ("path", "split", "label", "reference", "kind")
QUALITY = 90
SMALLEST_SIDE = 32

# Shares of the training faces; validation and test faces are all clear.
FLIPPED, AMBIGUOUS, NOT_A_FACE, OCCLUDED = 0.15, 0.10, 0.03, 0.05

CONFUSABLE: dict[str, str] = {
    "fear": "surprise", "surprise": "fear", "anger": "disgust", "disgust": "anger", "sad": "neutral", "neutral": "sad",
}  # fmt: skip

# A block holds every class ten times: eight for training, one each for validation and test.
_BLOCK: tuple[tuple[str, Split], ...] = tuple(
    (emotion, split) for emotion in FERPLUS_7.names for split in ("val", "test", *("train",) * 8)
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What one face of the data set is to be."""

    split: Split
    label: str
    """The given label."""
    reference: str
    """What the picture shows; empty where it shows no face."""
    other: str
    """The second emotion of an ambiguous face; else the same."""
    kind: Kind


def draw_demo(
    root: Path,
    *,
    count: int = 2000,
    seed: int = 0,
    side: int = 128,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Draw `count` faces into root/faces and write root/labels.csv.

    Face i depends on the seed and on i alone, so a smaller set is the beginning of a larger one. `progress` hears
    after each face how many are drawn.
    """
    _check(count, seed, side)
    table = root / "labels.csv"
    (root / "faces").mkdir(parents=True, exist_ok=True)
    table.unlink(missing_ok=True)  # written last, so that a list never stands beside faces of another seed
    rows = []
    for i, sequence in enumerate(np.random.SeedSequence(seed).spawn(count)):
        rng = np.random.default_rng(sequence)
        plan = plan_face(*_emotion_and_split(i, seed), rng)
        path = f"faces/{i + 1:05d}.jpg"
        draw_planned(plan, side, rng).save(root / path, quality=QUALITY)
        rows.append((path, plan.split, plan.label, plan.reference, plan.kind))
        if progress is not None:
            progress(i + 1)
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)


def _check(count: int, seed: int, side: int) -> None:
    if count < len(_BLOCK):
        raise UsageError(
            f"{count} demo faces are too few: at least {len(_BLOCK)} give every class training, validation and test "
            "faces; ask for more"
        )
    if seed < 0:
        raise UsageError(f"the seed of the demo faces is {seed}; allowed is 0 and up")
    if side < SMALLEST_SIDE:
        raise UsageError(f"demo faces of {side} pixels show nothing; at least {SMALLEST_SIDE} are needed")


def _emotion_and_split(index: int, seed: int) -> tuple[str, Split]:
    block, place = divmod(index, len(_BLOCK))
    order = np.random.default_rng((seed, block)).permutation(len(_BLOCK))
    return _BLOCK[order[place]]


def plan_face(emotion: str, split: Split, rng: np.random.Generator) -> Plan:
    """Decide by chance whether a training face is doubtful, and how."""
    draw = rng.random() if split == "train" else 1.0
    other = _confused(emotion, rng)
    if draw < FLIPPED:
        return Plan(split, other, emotion, emotion, "flipped")
    if draw < FLIPPED + AMBIGUOUS:
        return Plan(split, emotion if rng.random() < 0.5 else other, emotion, other, "ambiguous")
    if draw < FLIPPED + AMBIGUOUS + NOT_A_FACE:
        return Plan(split, emotion, "", emotion, "not_a_face")
    return Plan(split, emotion, emotion, emotion, "clear")


def _confused(emotion: str, rng: np.random.Generator) -> str:
    """Another emotion, more often the one people take it for."""
    if emotion in CONFUSABLE and rng.random() < 0.6:
        return CONFUSABLE[emotion]
    return str(rng.choice([name for name in EXPRESSIONS if name != emotion]))


def expression_of(plan: Plan, rng: np.random.Generator) -> Expression:
    """What the face of a plan does: nearly half way to the other emotion where it is ambiguous."""
    weakest = 0.65 if plan.split == "train" else 0.75
    face = act(plan.reference, rng.uniform(weakest, 1.1), rng)
    if plan.kind == "ambiguous":
        face = blend(face, act(plan.other, rng.uniform(weakest, 1.1), rng), rng.uniform(0.4, 0.5))
    return face


def draw_planned(plan: Plan, side: int, rng: np.random.Generator) -> Image.Image:
    """The picture of a plan."""
    if plan.kind == "not_a_face":
        return draw_other(side, rng)
    face = expression_of(plan, rng)
    return draw_face(face, side, rng, occluded=plan.split == "train" and rng.random() < OCCLUDED)
