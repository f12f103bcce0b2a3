"""Files of opinions: rows matched to the faces of a workspace, and what could not be used of them, counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlite_utils import Database

from scn_core.class_names import ClassVocabulary
from scn_core.datasets.box_columns import BoxColumns, box_columns
from scn_core.datasets.cells import as_written
from scn_core.datasets.paths import find_path
from scn_core.datasets.tables import csv_header, csv_rows, refuse_doubles
from scn_core.errors import DAMAGED_ARRAYS, DataError, counted, error_text, listed
from scn_core.exchange.opinions.classes import ClassColumns, Form, match_classes
from scn_core.exchange.opinions.sizes import check_sizes
from scn_core.records import Box, FloatArray, IntArray
from scn_core.store.samples import iter_samples
from scn_core.store.updates import former_keys

KEY_COLUMNS = ("key", "path")
"""Names of the column, or array, that says which face a row is about; the first that is there counts."""
_CHUNK = 10_000
_MOST_OFF = 0.1
"""Share of the rows of numbers that may be no probabilities: more is no slip of a few rows but a column that lacks."""
_NAMED = 3


@dataclass
class Balance:
    """What a file held, row by row."""

    rows: int = 0
    unknown: list[str] = field(default_factory=list)
    """Rows that name no face of the workspace, as they are written."""
    no_numbers: list[str] = field(default_factory=list)
    """Rows whose values are no probabilities, or no finite features: the line or place of each."""
    wanted: str = "probabilities that sum to 1"
    """What the values of a row have to be."""
    remedy: str = ""
    """What to do about those rows, by the first of them."""
    repeated: int = 0
    """Further rows about a face; the first one counts."""
    others: tuple[str, ...] = ()
    """Columns that name no class, left out."""
    assumed: str = ""
    """What the file does not say and was taken for granted."""

    def describe(self) -> list[str]:
        """What was taken for granted and what was left out, for people, a line each; empty where nothing was."""
        lines = [self.assumed] if self.assumed else []
        if self.unknown:
            named = listed(self.unknown[:_NAMED], len(self.unknown))
            lines.append(f"{counted(len(self.unknown), 'row')} left out, about no face of the workspace: {named}")
        if self.no_numbers:
            named = listed(self.no_numbers[:_NAMED], len(self.no_numbers))
            what = f"{counted(len(self.no_numbers), 'row')} left out, not {self.wanted}: {named}"
            lines.append(what + (f" ({self.remedy})" if self.remedy else ""))
        if self.repeated:
            lines.append(f"{counted(self.repeated, 'row')} left out, about a face that an earlier row is about")
        if self.others:
            named = listed(self.others[:10], len(self.others))
            lines.append(f"{counted(len(self.others), 'column')} left out, of no class: {named}")
        return lines


class FaceFinder:
    """Which face a key or path names, however it is written; faces that were taken out are not known."""

    def __init__(self, db: Database, root: Path) -> None:
        there = {stored.sample.key: stored.id for stored in iter_samples(db) if not stored.withdrawn}
        known = set(there.values())
        self._ids = {key: number for key, number in reversed(former_keys(db)) if number in known} | there
        self._db, self._root = db, root

    def __call__(self, text: str) -> int | None:
        """Its sample id; None: no face has such a key or path."""
        number = self._ids.get(text)
        if number is not None:
            return number
        found = find_path(text, self._ids.__contains__, self._root)
        return None if found is None else self._ids.get(found)

    def with_box(self, text: str, box: Box) -> int | None:
        """The sample id of the face in this box of the picture of this path; None: there is none."""
        found = find_path(text, self._boxes.__contains__, self._root)
        return None if found is None else self._boxes.get(found, {}).get(box)

    @cached_property
    def _boxes(self) -> dict[str, dict[Box, int]]:
        """Faces by the path of their picture and their box; of two in one box the first."""
        boxes: dict[str, dict[Box, int]] = {}
        for stored in iter_samples(self._db):
            if stored.sample.box is not None and not stored.withdrawn:
                boxes.setdefault(stored.sample.path, {}).setdefault(stored.sample.box, stored.id)
        return boxes


@dataclass(frozen=True)
class Read:
    """What a file says of N faces."""

    sample_id: IntArray
    """(N,), each once, in the order of the file."""
    values: FloatArray
    """(N, C) probabilities, or (N, D) features."""


def read_csv(
    path: Path,
    ours: ClassVocabulary,
    find: FaceFinder,
    balance: Balance,
    *,
    mapping: Mapping[str, str],
    form: Form,
    partial: bool,
    progress: Callable[[int], None],
) -> Read:
    """Probabilities from a table with a column key or path and one for each class.

    A row of a table with path and the columns of a box, but without key, is about the face of that box.
    Raises DataError for a file that cannot be read or has no such columns.
    """
    header = [name.strip() for name in csv_header(path)]
    key_place = _key_place(path, header)
    box = box_columns(header) if header[key_place].casefold() == "path" else BoxColumns()
    about = {key_place, *box.places}
    places = [place for place in range(len(header)) if place not in about]
    columns = match_classes([header[place] for place in places], ours, mapping, where=str(path), partial=partial)
    refuse_doubles(path, header, [header[key_place], *(header[places[place]] for place in columns.places)])
    balance.others = columns.others
    cells = [places[place] for place in columns.places]
    collected = _Collected(path, columns, balance, form)
    table = islice(csv_rows(path), 1, None)
    while rows := list(islice(table, _CHUNK)):
        lines = [f"line {line}" for line, _ in rows]
        texts = [as_written(row[key_place]) if len(row) > key_place else "" for _, row in rows]
        numbers: list[int | None]
        if box:
            boxes = [box.read(row) for _, row in rows]
            numbers = [find.with_box(text, of) if isinstance(of, Box) else find(text)
                       for text, of in zip(texts, boxes, strict=True)]  # fmt: skip
        else:
            numbers = [find(text) for text in texts]
        collected.add(numbers, texts, lines, _numbers([row for _, row in rows], cells))
        progress(len(rows))
    return collected.read(len(ours))


def read_npz(
    path: Path,
    ours: ClassVocabulary,
    find: FaceFinder,
    balance: Balance,
    *,
    mapping: Mapping[str, str],
    form: Form,
    partial: bool,
) -> Read:
    """Probabilities from arrays keys or paths (N,), probabilities, logits or counts (N, K), and classes (K,), in order.

    Without classes, K must be the number of our classes, in their order. Raises DataError for other files.
    """
    keys, arrays = _arrays(path)
    name = form if form in arrays else "probabilities"
    values = _matrix(path, arrays, name, len(keys))
    named = arrays.get("classes")
    if named is None and values.shape[1] != len(ours):
        found = f"{values.shape[1]} columns and no array classes"
        raise DataError(error_text(str(path), found, f"an array classes, or {len(ours)} columns: {ours.allowed()}"))
    theirs = list(ours.names) if named is None else [str(each) for each in np.atleast_1d(named)]
    if len(theirs) != values.shape[1]:
        found = f"{len(theirs)} names in classes for {values.shape[1]} columns of {name}"
        raise DataError(error_text(str(path), found, "a name for each column"))
    columns = match_classes(theirs, ours, mapping, where=str(path), partial=partial)
    columns.require_all(str(path), ours)
    if named is None:
        balance.assumed = f"no array classes: its columns were taken for {', '.join(ours.names)}, in this order"
    collected = _Collected(path, columns, balance, form)
    collected.add(
        [find(key) for key in keys],
        keys,
        [f"row {place + 1}" for place in range(len(keys))],
        values[:, list(columns.places)],
    )
    return collected.read(len(ours))


def read_features(path: Path, find: FaceFinder, balance: Balance) -> Read:
    """Features from arrays keys or paths (N,) and embeddings (N, D). Raises DataError for other files."""
    keys, arrays = _arrays(path)
    values = _matrix(path, arrays, "embeddings", len(keys)).astype(np.float32)
    balance.wanted = "finite numbers"
    collected = _Collected(path, None, balance)
    collected.add([find(key) for key in keys], keys, [f"row {place + 1}" for place in range(len(keys))], values)
    read = collected.read(values.shape[1])
    if len(read.values) and (read.values == read.values[0]).all():
        found = (
            "one row that can be used"
            if len(read.values) == 1
            else f"the same numbers in all {len(read.values):,} rows"
        )
        remedy = "; ".join(balance.describe())
        raise DataError(error_text(f"{path}, array embeddings", found, "rows by which faces can be told apart", remedy))
    return read


class _Collected:
    """Rows as they come, those that can be used."""

    def __init__(
        self, where: Path, columns: ClassColumns | None, balance: Balance, form: Form = "probabilities"
    ) -> None:
        self._where = str(where)
        self._columns, self._balance, self._form = columns, balance, form
        if form == "counts":
            balance.wanted = "counts of which none is below 0 and one above"
        self._seen: set[int] = set()
        self._ids: list[IntArray] = []
        self._values: list[FloatArray] = []
        self._off, self._numbers = 0, 0

    def add(
        self, numbers: Sequence[int | None], texts: Sequence[str], lines: Sequence[str], values: npt.NDArray[Any]
    ) -> None:
        """Rows about these faces; `texts` and `lines` say which rows they are."""
        balance = self._balance
        balance.rows += len(numbers)
        if self._columns is None:
            said, good = values, np.isfinite(values).all(axis=1)
        else:
            said, good = self._columns.probabilities(values, self._form)
            ours = np.array([number is not None for number in numbers], np.bool_)
            self._off += int((self._columns.finite(values) & ~good & ours).sum())
            self._numbers += int(good[ours].sum())
            if not balance.remedy and not good.all():
                balance.remedy = self._columns.remedy(values[~good], self._form)
        kept = []
        for place, number in enumerate(numbers):
            if number is None:
                balance.unknown.append(texts[place] or lines[place])
            elif not good[place]:
                balance.no_numbers.append(lines[place])
            elif number in self._seen:
                balance.repeated += 1
            else:
                self._seen.add(number)
                kept.append(place)
        self._ids.append(np.array([numbers[place] for place in kept], np.int64))
        self._values.append(said[kept])

    def read(self, width: int) -> Read:
        """All of them. Raises DataError where too many rows of numbers are none: the others are a biased choice."""
        balance = self._balance
        if self._numbers and self._off > _MOST_OFF * (self._off + self._numbers):
            found = f"{counted(self._off, 'row')} of {self._off + self._numbers:,}, not {balance.wanted}"
            allowed = f"at most {_MOST_OFF:.0%} of them: the others alone would be a biased choice"
            raise DataError(error_text(self._where, found, allowed, balance.remedy))
        return Read(
            np.concatenate([np.empty(0, np.int64), *self._ids]),
            np.concatenate([np.empty((0, width), np.float32), *self._values]),
        )


def _key_place(path: Path, header: Sequence[str]) -> int:
    folded = [name.casefold() for name in header]
    for name in KEY_COLUMNS:
        if name in folded:
            return folded.index(name)
    found = f"columns {listed(list(header[:10]), len(header))}"
    raise DataError(error_text(str(path), found, "a column key or path beside one for each class"))


def _numbers(rows: Sequence[Sequence[str]], cells: Sequence[int]) -> npt.NDArray[np.float64]:
    """(N, K) the cells as numbers, NaN where they are none."""
    try:
        return np.array([[row[place] for place in cells] for row in rows], np.float64)
    except (ValueError, IndexError):
        return np.array([[_number(row, place) for place in cells] for row in rows], np.float64)


def _number(row: Sequence[str], place: int) -> float:
    try:
        return float(row[place])
    except (ValueError, IndexError):
        return float("nan")


def _arrays(path: Path) -> tuple[list[str], dict[str, npt.NDArray[Any]]]:
    """The keys of an NPZ file, and all its arrays by name. Raises DataError."""
    wanted = "a numpy file .npz with an array keys or paths"
    if not path.is_file():
        raise DataError(error_text(str(path), "no such file", wanted))
    try:
        check_sizes(path)
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: _array(path, stored, name) for name in stored.files}
    except (*DAMAGED_ARRAYS, AttributeError) as error:
        raise DataError(error_text(str(path), f"a file that cannot be read ({error})", wanted)) from error
    named = next((name for each in KEY_COLUMNS for name in (f"{each}s", each) if name in arrays), None)
    if named is None or arrays[named].ndim != 1:
        raise DataError(error_text(str(path), f"arrays {listed(sorted(arrays)[:10], len(arrays)) or 'none'}", wanted))
    return [str(key) for key in arrays[named].tolist()], arrays


def _array(path: Path, stored: Any, name: str) -> npt.NDArray[Any]:
    try:
        found: npt.NDArray[Any] = stored[name]
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        remedy = f"in Python: {name}=np.array(list({name})) for text, np.stack({name}) for rows of numbers"
        raise DataError(error_text(f"{path}, array {name}", "Python objects", "text or numbers", remedy)) from None
    return found


def _matrix(path: Path, arrays: Mapping[str, npt.NDArray[Any]], name: str, rows: int) -> npt.NDArray[Any]:
    found = arrays.get(name)
    if found is None or found.ndim != 2 or len(found) != rows or not found.shape[1] or found.dtype.kind not in "fiu":
        shape = "no array of that name" if found is None else f"one of shape {found.shape} and type {found.dtype}"
        raise DataError(error_text(f"{path}, array {name}", shape, f"numbers, ({rows:,}, columns)"))
    return found
