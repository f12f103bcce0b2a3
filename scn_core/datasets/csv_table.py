"""Any CSV file with a header: one row a face.

    path,split,label
    train/0001.jpg,train,happy

Only the path and label columns must be there. Labels are class names (in any known spelling) or, with --classes,
numbers counted from 0. UTF-8 with or without BOM, quoted commas, LF or CRLF.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scn_core.datasets.image_folder import ordered_vocabulary
from scn_core.datasets.rows import SPLITS_ALLOWED, Entry, find_split, make_row
from scn_core.datasets.source import Source
from scn_core.datasets.tables import column_places, csv_header, csv_rows
from scn_core.errors import DataError, UsageError
from scn_core.labels import ClassVocabulary, canonical
from scn_core.records import Problem

_MOST_CLASSES = 100  # more distinct labels than this means that the column holds something else


@dataclass(frozen=True)
class _Columns:
    file: Path
    path: int
    label: int
    split: int | None
    reference: int | None


def vocabulary(source: Source) -> ClassVocabulary:
    """The classes given, or else the names found in the label column.

    Raises UsageError for numbers without --classes, and DataError for numbers counted from 1.
    """
    found, columns = _labels_found(source)
    numbers = {label for label in found if label.replace(".", "", 1).isdecimal()}
    if source.classes is not None:
        classes = ClassVocabulary.of(source.classes)
        if str(len(classes)) in numbers and "0" not in numbers:
            raise DataError(
                f"{columns.file}: found label numbers counted from 1; allowed: 0 to {len(classes) - 1}; "
                "subtract 1 from every label, or write class names"
            )
        return classes
    if numbers:
        raise UsageError(f"--classes: found label numbers in {columns.file} and no names; allowed: name0,name1,...")
    if len(found) > _MOST_CLASSES:
        raise DataError(
            f"{columns.file}: found {len(found):,} different labels; allowed: at most {_MOST_CLASSES}; "
            "check --label-column"
        )
    return ordered_vocabulary({canonical(label) for label in found})


def root(source: Source) -> Path:
    """The folder the user named, or else the CSV file's."""
    return _file(source).parent if source.root is None else source.folder()


def read(source: Source) -> Iterator[Entry]:
    """The rows of the table."""
    classes, columns = vocabulary(source), _columns(source)
    rows = csv_rows(columns.file)
    next(rows)
    for line, cells in rows:
        yield _read_row(columns, classes, line, cells)


def _read_row(columns: _Columns, classes: ClassVocabulary, line: int, cells: list[str]) -> Entry:
    file = str(columns.file)
    places = (columns.path, columns.label, columns.split or 0, columns.reference or 0)
    if len(cells) <= max(places):
        return Problem(file, line, f"{len(cells)} cells", f"at least {max(places) + 1}, as in the header")
    label = _find(classes, cells[columns.label])
    if label is None:
        return Problem(file, line, f"label {cells[columns.label]!r}", classes.allowed())
    split = "train" if columns.split is None else find_split(cells[columns.split])
    if split is None:
        return Problem(file, line, f"split {cells[columns.split or 0]!r}", SPLITS_ALLOWED)
    reference_cell = "" if columns.reference is None else cells[columns.reference].strip()
    reference = _find(classes, reference_cell)
    if reference is None and reference_cell:
        return Problem(file, line, f"reference label {reference_cell!r}", f"{classes.allowed()}, or empty")
    return make_row(file, line, cells[columns.path], label, split, reference=reference)


def _find(classes: ClassVocabulary, cell: str) -> int | None:
    number = classes.find(cell)
    if number is None:
        number = {str(place): place for place in range(len(classes))}.get(cell.strip())
    return number


def _labels_found(source: Source) -> tuple[set[str], _Columns]:
    columns = _columns(source)
    rows = csv_rows(columns.file)
    next(rows)
    found = {cells[columns.label].strip() for _, cells in rows if len(cells) > columns.label}
    return found - {""}, columns


def _columns(source: Source) -> _Columns:
    file = _file(source)
    header = csv_header(file)

    def place(name: str, option: str) -> int:
        return column_places(file, header, (name,), f"; name another with {option}")[0]

    has_split = "split" in (name.strip().casefold() for name in header)
    split = source.split_column or ("split" if has_split else None)
    return _Columns(
        file,
        place(source.path_column or "path", "--path-column"),
        place(source.label_column or "label", "--label-column"),
        None if split is None else place(split, "--split-column"),
        None if source.reference_column is None else place(source.reference_column, "--reference-column"),
    )


def _file(source: Source) -> Path:
    if source.csv is None:
        raise UsageError("--csv: found nothing; allowed: a CSV file of paths and labels")
    return source.csv
