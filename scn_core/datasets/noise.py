"""Wrong labels put in on purpose, in exact numbers, so that finding them can be measured.

symmetric:0.2          that share of the labels, each to another class, all others as likely
pair:0.2               that share of the labels, each to the next class (the last to the first)
confusion:rates.csv    by a table of rates: a header of class names, then one row per class in that order

    happy,sad
    0.9,0.1
    0.2,0.8
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast

import numpy as np

from scn_core.class_names import ClassVocabulary
from scn_core.datasets.tables import csv_rows
from scn_core.errors import UsageError, error_text
from scn_core.records import BoolArray, IntArray, Manifest

NoiseKind = Literal["symmetric", "pair", "confusion"]
_ALLOWED = "symmetric:RATE, pair:RATE with a rate of 0 to 1, or confusion:FILE"


@dataclass(frozen=True)
class NoiseSpec:
    """Which labels to flip, and how many."""

    kind: NoiseKind
    rate: float = 0.0
    """Share of all labels, 0..1 (symmetric, pair)."""
    file: Path | None = None
    """Table of rates (confusion)."""


def parse_noise(text: str) -> NoiseSpec:
    """The noise that KIND:VALUE asks for. Raises UsageError naming the kinds there are."""
    kind, _, value = text.partition(":")
    if kind == "confusion" and value:
        return NoiseSpec("confusion", file=Path(value))
    try:
        rate = float(value)
    except ValueError:
        rate = -1.0
    if kind not in ("symmetric", "pair") or not 0 <= rate <= 1:
        raise UsageError(error_text("--noise", repr(text), _ALLOWED))
    return NoiseSpec(cast(NoiseKind, kind), rate)


def flip_labels(given: IntArray, spec: NoiseSpec, classes: ClassVocabulary, seed: int) -> tuple[IntArray, BoolArray]:
    """The labels after the noise, and which of them changed.

    Numbers are exact: round(rate * n) labels for symmetric and pair; for confusion every class is shared out by its
    row of rates, rounded by largest remainder. Nothing but the arguments decides which.
    """
    draw = np.random.default_rng(seed)
    noisy = given.copy()
    if spec.file is not None:
        rates = read_rates(spec.file, classes)
        for number, row in enumerate(rates):
            members = draw.permutation(np.flatnonzero(given == number))
            noisy[members] = np.repeat(np.arange(len(classes)), shares(len(members), row))
    else:
        chosen = draw.permutation(len(given))[: round(spec.rate * len(given))]
        steps = 1 if spec.kind == "pair" else draw.integers(1, len(classes), len(chosen))
        noisy[chosen] = (given[chosen] + steps) % len(classes)
    return noisy, noisy != given


def with_noise(manifest: Manifest, spec: NoiseSpec, seed: int) -> Manifest:
    """The manifest with flipped train labels; val and test stay as they are.

    The label before the flip becomes the reference label, except where a better one is known already.
    """
    places = [place for place, sample in enumerate(manifest.samples) if sample.split == "train"]
    given = np.array([manifest.samples[place].given_label for place in places], np.int64)
    noisy, _ = flip_labels(given, spec, manifest.classes, seed)
    samples = list(manifest.samples)
    for place, label in zip(places, noisy.tolist(), strict=True):
        sample = samples[place]
        reference = sample.given_label if sample.reference_label is None else sample.reference_label
        samples[place] = replace(sample, given_label=label, reference_label=reference)
    return replace(manifest, samples=tuple(samples))


def shares(count: int, rates: np.ndarray[tuple[int], np.dtype[np.float64]]) -> IntArray:
    """`count` shared out by rates that sum to 1, rounded by largest remainder (the lower class first on a tie)."""
    exact = count * rates
    whole = np.floor(exact).astype(np.int64)
    # Rounded, so that 0.1 * 30 and 0.2 * 15 leave the same remainder whatever the last bit says.
    by_remainder = np.argsort(-np.round(exact - whole, 9), kind="stable")
    whole[by_remainder[: count - whole.sum()]] += 1
    return whole


def read_rates(file: Path, classes: ClassVocabulary) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """The (C, C) table of rates in the order of `classes`. Raises UsageError for a table that does not fit them."""
    (_, header), *rows = list(csv_rows(file)) or [(1, [])]
    order = [number for name in header if (number := classes.find(name)) is not None]
    allowed = f"a header with the classes {classes.allowed()} and for each, in that order, a row of rates with sum 1"
    if sorted(order) != list(range(len(classes))) or not len(header) == len(rows) == len(order):
        found = f"columns {','.join(header)!r} and {len(rows)} rows"
        raise UsageError(error_text(f"--noise: {file}", found, allowed))
    rates = np.zeros((len(order), len(order)))
    for number, (line, cells) in zip(order, rows, strict=True):
        try:
            rates[number, order] = [float(cell) for cell in cells]
        except ValueError:
            rates[number] = np.nan
        if not ((rates[number] >= 0).all() and abs(rates[number].sum() - 1) < 1e-6):
            raise UsageError(error_text(f"--noise: {file}, line {line}", repr(",".join(cells)), allowed))
    return rates
