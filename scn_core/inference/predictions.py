"""Predictions, and the CSV file they are written to.

    path,predicted_label,p_max,alpha,prob_neutral,...,problem

Where the pictures come with boxes, columns left, top, right and bottom follow the path. A picture that cannot be read
has a row with nothing but its path and the problem.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scn_core.datasets.box_columns import SIDES
from scn_core.errors import DataError, error_text, listed, readable
from scn_core.exchange.export.cells import harmless, harmless_path
from scn_core.files import replaced
from scn_core.inference.pictures import Picture
from scn_core.records import FloatArray

_NAMED = 3
"""Unreadable pictures that are named; the file has them all."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the network says of a picture, or why it says nothing."""

    picture: Picture
    probabilities: FloatArray | None = None
    """(C,); None: it cannot be read."""
    alpha: float | None = None
    problem: str = ""


@dataclass
class Tally:
    """How many pictures were predicted, and which could not be read."""

    predicted: int = 0
    unreadable: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, prediction: Prediction) -> None:
        """Count one."""
        if prediction.probabilities is not None:
            self.predicted += 1
            return
        self.unreadable += 1
        if len(self.first) < _NAMED:
            self.first.append(readable(f"{prediction.picture.name} ({prediction.problem})", 300))

    def require_some(self) -> None:
        """Raises DataError where no picture could be read."""
        if not self.predicted:
            named = listed(self.first, self.unreadable)
            raise DataError(error_text("pictures", f"none that can be read: {named}", "at least one"))

    @property
    def unreadable_words(self) -> str:
        """The first few of them, such as `a.jpg (no such picture) and 12 more`; empty where there is none."""
        return listed(self.first, self.unreadable) if self.first else ""


def columns(classes: Sequence[str], *, boxed: bool) -> list[str]:
    """The header."""
    chances = [f"prob_{name}" for name in classes]
    return ["path", *(SIDES if boxed else ()), "predicted_label", "p_max", "alpha", *chances, "problem"]


def cells(prediction: Prediction, classes: Sequence[str], *, boxed: bool) -> list[object]:
    """The values of a row, None where there is none."""
    box = prediction.picture.box
    sides = [None] * 4 if box is None else [box.left, box.top, box.right, box.bottom]
    head: list[object] = [prediction.picture.name, *(sides if boxed else ())]
    if prediction.probabilities is None:
        return [*head, *[None] * (3 + len(classes)), prediction.problem]
    chances = prediction.probabilities.tolist()
    likeliest = max(range(len(chances)), key=chances.__getitem__)
    return [*head, classes[likeliest], chances[likeliest], prediction.alpha, *chances, None]


def write_predictions(
    out: Path,
    predictions: Iterable[Prediction],
    classes: Sequence[str],
    *,
    boxed: bool,
    progress: Callable[[int], None] = lambda pictures: None,
) -> Tally:
    """Write them to a CSV file as they come; it takes the place of `out` when all are there.

    Probabilities have six decimals. `progress` is called with how many more are written. Raises DataError where none
    of the pictures can be read; then, and whatever else ends it early, `out` stays as it was.
    """
    tally = Tally()
    with replaced(out) as file:
        rows = csv.writer(codecs.getwriter("utf-8")(file))
        rows.writerow(columns(classes, boxed=boxed))
        for prediction in predictions:
            tally.add(prediction)
            name, *rest = cells(prediction, classes, boxed=boxed)
            rows.writerow([harmless_path(str(name)), *map(_written, rest)])
            progress(1)
        tally.require_some()
    return tally


def _written(cell: object) -> object:
    return f"{cell:.6f}" if isinstance(cell, float) else harmless(cell)
