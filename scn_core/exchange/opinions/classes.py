"""Which column of another model is which class of the workspace, and its rows as probabilities of our classes."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from scn_core.class_names import ClassVocabulary, canonical
from scn_core.errors import DataError, UsageError, counted, error_text, listed
from scn_core.records import BoolArray, FloatArray
from scn_core.store.opinions import SUM_TOLERANCE

Numbers = npt.NDArray[np.floating]

Form = Literal["probabilities", "logits", "counts"]
"""What the numbers of another model are: counts, such as votes, are divided by their sum, row by row."""

_LEAST = 1e-6
_NO_LOGIT = -1e9
_PREFIX = "prob_"
"""Of the columns of probabilities that `predict` writes."""
_NAMED = 10
_ALL_LEFT_OUT = "all of it is on classes that --map leaves out; take the rows out where the model is to say nothing"
_NAMELESS = "one without a name, such as an index"


@dataclass(frozen=True)
class ClassColumns:
    """Columns of another model, and the class each stands for."""

    places: tuple[int, ...]
    """Places among its columns that take part: those of a class, and those that are left out by name."""
    labels: tuple[int, ...]
    """Class number for each of `places`; -1: left out by name, its share is spread over the classes."""
    others: tuple[str, ...]
    """Columns that name no class."""
    classes: int
    """Of the workspace."""

    def probabilities(self, values: Numbers, form: Form = "probabilities") -> tuple[FloatArray, BoolArray]:
        """(N, classes) probabilities, rows summing to 1, and (N,) which rows of `values` say some.

        A row says none where a value is missing, below 0 or infinite, where its sum is not 1, and where all of it is
        on columns that are left out; of these a missing value is nothing. Of logits the softmax of a row is taken
        first, and any finite row will do; of counts any row with none below 0 and one above.
        """
        shares = self._without_gaps(values, form)
        good = np.asarray(np.isfinite(shares).all(axis=1), np.bool_)
        shares = np.where(good[:, None], shares, 0)
        if form == "logits":
            shares = np.exp(shares - shares.max(axis=1, keepdims=True))
        if form != "probabilities":
            total = shares.sum(axis=1, keepdims=True)
            shares = np.divide(shares, total, out=np.zeros_like(shares), where=total > 0)
        good &= (shares >= -_LEAST).all(axis=1) & (np.abs(shares.sum(axis=1) - 1) <= SUM_TOLERANCE)
        found = np.zeros((len(shares), self.classes))
        for column, label in enumerate(self.labels):
            if label >= 0:
                found[:, label] += np.maximum(shares[:, column], 0)
        total = found.sum(axis=1)
        good &= total > _LEAST
        return (found / np.where(good, total, 1)[:, None]).astype(np.float32), good

    def remedy(self, values: Numbers, form: Form = "probabilities") -> str:
        """What to do about rows of `values` (N, places) that say no probabilities, by what most of them are."""
        shares = self._without_gaps(values, form)
        finite = np.asarray(np.isfinite(shares).all(axis=1), np.bool_)
        if 2 * finite.sum() <= len(shares):
            return "write every number with a point, as in 0.25, and leave no cell empty"
        numbers = shares[finite]
        if form == "counts":
            return "no count may be below 0" if (numbers < -_LEAST).any() else "all of its counts are 0, or left out"
        if form == "logits":
            return _ALL_LEFT_OUT
        if (numbers < -_LEAST).any():
            return "numbers below 0 are logits: --logits"
        sums = numbers.sum(axis=1)
        if np.median(np.abs(sums - 100)) < 100 * SUM_TOLERANCE:
            return "they are percentages: divide them by 100, or say --counts"
        above, below = (int((sign * (sums - 1) > SUM_TOLERANCE).sum()) for sign in (1, -1))
        if above >= max(below, len(sums) - above - below):
            if (numbers == numbers.round()).all():
                return "whole numbers are counts, such as votes: --counts divides each row by its sum"
            return "their sum is above 1: --counts divides each row by its sum; numbers before a softmax need --logits"
        if below >= len(sums) - above - below:
            named = f", perhaps {listed(self.others[:_NAMED], len(self.others))}," if self.others else ""
            return f"a class of theirs has no column: add it{named} or --map THEIRS= if it is none of ours"
        return _ALL_LEFT_OUT

    def finite(self, values: Numbers) -> BoolArray:
        """(N,) which rows of `values` (N, places) are numbers, of probabilities or not."""
        return np.asarray(np.isfinite(self._without_gaps(values)).all(axis=1), np.bool_)

    def require_all(self, where: str, ours: ClassVocabulary) -> None:
        """Raises UsageError where a class of theirs is none of ours and nothing was said about it."""
        if self.others:
            name = self.others[0]
            which = f"class {name!r}, which is none of the workspace's"
            if len(self.others) > 1:
                which = f"classes that are none of the workspace's: {listed(self.others[:_NAMED], len(self.others))}"
            remedy = f"say which of these it is, as in {map_option(name, 'CLASS')}, or leave it out: {map_option(name)}"
            raise UsageError(error_text(where, which, ours.allowed(), remedy))

    def _without_gaps(self, values: Numbers, form: Form = "probabilities") -> npt.NDArray[np.float64]:
        """The numbers, with nothing (0, or the logit of 0) for what is missing in columns that are left out."""
        shares = np.array(values, np.float64)
        gaps = np.isnan(shares) & (np.array(self.labels) < 0)
        shares[gaps] = _NO_LOGIT if form == "logits" else 0
        return shares


def map_option(theirs: str, ours: str = "") -> str:
    """The option that says which class of ours a class of theirs is, for pasting."""
    return f"--map {shlex.quote(f'{theirs}={ours}')}"


def parse_mapping(pairs: Sequence[str]) -> dict[str, str]:
    """What `--map theirs=ours` says, by the name of theirs; `theirs=` leaves a column out. Raises UsageError."""
    found = {}
    for pair in pairs:
        theirs, sign, ours = pair.rpartition("=")
        if not sign or not theirs.strip():
            raise UsageError(error_text("--map", repr(pair), "theirs=ours, or theirs= to leave a column out"))
        found[theirs.strip()] = ours.strip()
    return found


def match_classes(
    columns: Sequence[str],
    ours: ClassVocabulary,
    mapping: Mapping[str, str],
    *,
    where: str,
    partial: bool = False,
) -> ClassColumns:
    """Finds the class of every column, by `mapping` or else by name in any known spelling.

    A name may begin with prob_, as `predict` writes them. Several columns may be one class: their probabilities are
    added up. With `partial` a class without a column has probability 0. Raises UsageError for a mapping of a column or
    to a class that is not there, and DataError, naming `where`, for classes without a column.
    """
    by_hand = {canonical(theirs.removeprefix(_PREFIX)): name for theirs, name in mapping.items()}
    plain = [name.removeprefix(_PREFIX) for name in columns]
    unknown = sorted(set(by_hand) - {canonical(name) for name in plain})
    if unknown:
        raise UsageError(
            error_text("--map", f"{unknown[0]!r}", f"columns of {where}: {listed(columns[:_NAMED], len(columns))}")
        )
    for theirs, name in mapping.items():
        if name and ours.find(name) is None:
            raise UsageError(error_text("--map", f"{theirs}={name}", f"{theirs}= with one of {ours.allowed()}"))
    places, labels, others = [], [], []
    for place, column in enumerate(plain):
        said = by_hand.get(canonical(column))
        label = -1 if said == "" else ours.find(column if said is None else said)
        if label is None:
            others.append(columns[place] or _NAMELESS)
        else:
            places.append(place)
            labels.append(label)
    missing = [name for number, name in enumerate(ours.names) if number not in labels]
    if len(missing) == len(ours) or (missing and not partial):
        raise DataError(
            error_text(
                where,
                f"no column for {counted(len(missing), 'class', 'classes')}: {listed(missing[:_NAMED], len(missing))}"
                + (f" (columns without a class: {listed(others[:_NAMED], len(others))})" if others else ""),
                f"one for each of {ours.allowed()}",
                "name them with --map theirs=ours"
                + ("" if len(missing) == len(ours) else ", or give them probability 0 with --partial"),
            )
        )
    return ClassColumns(tuple(places), tuple(labels), tuple(others), len(ours))
