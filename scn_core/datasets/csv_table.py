"""Any CSV file with a header: one row a face.

    path,split,label
    train/0001.jpg,train,happy

Only the path and label columns must be there. Labels are class names (in any known spelling) or, with --classes,
numbers counted from 0. UTF-8 with or without BOM, quoted commas, LF or CRLF. Where all of the columns left, top, right
and bottom are there, they are the face's box in its picture, in pixels; a column key then tells several faces of one
picture apart ('path#n'), as in the files that `export` writes.
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
from scn_core.records import Box, Problem

_SIDES = ("left", "top", "right", "bottom")
_MOST_CLASSES = 100  # more distinct labels than this means that the column holds something else


@dataclass(frozen=True)
class _Columns:
    file: Path
    path: int
    label: int
    split: int | None
    reference: int | None
    key: int | None
    """Of a table this program exported: 'path#n' names one of several faces in a picture."""
    box: tuple[int, ...]
    """left, top, right, bottom; empty where the table has no boxes."""


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
    places = (columns.path, columns.label, columns.split or 0, columns.reference or 0, columns.key or 0, *columns.box)
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
    box = _box([cells[place].strip() for place in columns.box])
    if isinstance(box, str):
        return Problem(file, line, f"box {box}", "four whole numbers with right > left and bottom > top, or all empty")
    path, key = cells[columns.path], "" if columns.key is None else cells[columns.key]
    face = key.removeprefix(f"{path}#") if key.startswith(f"{path}#") else None
    return make_row(file, line, path, label, split, box=box, face=face, reference=reference)


def _box(cells: list[str]) -> Box | str | None:
    """The box of the four cells, None where all are empty, or what is wrong with them."""
    if not any(cells):
        return None
    try:
        box = Box(*map(int, cells))
    except ValueError:
        return ",".join(cells)
    return box if box.left < box.right and box.top < box.bottom else ",".join(cells)


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

    names = [name.strip().casefold() for name in header]
    split = source.split_column or ("split" if "split" in names else None)
    boxed = all(side in names for side in _SIDES)
    return _Columns(
        file,
        place(source.path_column or "path", "--path-column"),
        place(source.label_column or "label", "--label-column"),
        None if split is None else place(split, "--split-column"),
        None if source.reference_column is None else place(source.reference_column, "--reference-column"),
        names.index("key") if boxed and "key" in names else None,
        tuple(names.index(side) for side in _SIDES) if boxed else (),
    )


def _file(source: Source) -> Path:
    if source.csv is None:
        raise UsageError("--csv: found nothing; allowed: a CSV file of paths and labels")
    return source.csv
