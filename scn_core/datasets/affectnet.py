"""AffectNet, both releases.

The old one: training.csv and validation.csv with the columns

    subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal

(pixels; a file without the header is read in this order) and pictures under Manually_Annotated_Images or the root.
The new one: train_set/images/ID.jpg with train_set/annotations/ID_exp.npy (one number), and val_set likewise.

Expressions are 0 neutral, 1 happy, 2 sad, 3 surprise, 4 fear, 5 disgust, 6 anger, 7 contempt; 8 and above are no
expression and are left out, as is contempt with 7 classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from scn_core.class_names import AFFECTNET_7, AFFECTNET_8, ClassVocabulary
from scn_core.datasets.cells import whole_number
from scn_core.datasets.images import SUFFIXES
from scn_core.datasets.rows import Entry, LeftOut, find_split, make_row
from scn_core.datasets.source import Source
from scn_core.datasets.tables import column_places, csv_rows, first_there
from scn_core.datasets.tree import Tree
from scn_core.import_balance import Problem
from scn_core.records import Box, Split

_COLUMNS = ("subDirectory_filePath", "face_x", "face_y", "face_width", "face_height", "expression")
_PUBLISHED = [*_COLUMNS[:5], "facial_landmarks", "expression", "valence", "arousal"]
_LAST_EXPRESSION = 10  # 8 none, 9 uncertain, 10 no face
_ALLOWED = f"an expression of 0 to {_LAST_EXPRESSION}"


def vocabulary(source: Source) -> ClassVocabulary:
    """Eight emotions, or seven without contempt, in the published order."""
    return AFFECTNET_7 if source.class_count == 7 else AFFECTNET_8


def root(source: Source) -> Path:
    """The folder the user named."""
    return source.folder()


def read(source: Source) -> Iterator[Entry]:
    """The faces of both parts, train first. Raises DataError where a list or folder is missing."""
    base, classes = source.folder(), vocabulary(source)
    if (base / "train_set").is_dir():
        for part in ("train_set", "val_set"):
            yield from _read_folder(base, part, classes)
        return
    inner = base / "Manually_Annotated_Images"
    prefix = f"{inner.name}/" if inner.is_dir() else ""
    lists: dict[str, Split] = {"training.csv": "train", "validation.csv": "val"}
    for name, split in lists.items():
        yield from _read_list(first_there(base / name), base, prefix, split, classes)


def _read_list(path: Path, base: Path, prefix: str, split: Split, classes: ClassVocabulary) -> Iterator[Entry]:
    places: list[int] = []
    for line, cells in csv_rows(path):
        if not places:
            headless = len(cells) == len(_PUBLISHED) and cells[6].isdigit()
            places = column_places(path, _PUBLISHED if headless else cells, _COLUMNS)
            if not headless:
                continue
        try:
            picture, *numbers = (cells[place] for place in places)
            left, top, width, height = (int(float(number)) for number in numbers[:4])
            expression = _expression(numbers[4])
        except (ValueError, OverflowError, IndexError):
            yield Problem(str(path), line, f"row {','.join(cells)[:80]!r}", f"the columns {', '.join(_COLUMNS)}")
            continue
        unusable = _unusable(str(path), line, expression, classes)
        box = Box(left, top, left + width, top + height)
        yield unusable or make_row(str(path), line, prefix + picture, expression, split, root=base, box=box)


def _read_folder(base: Path, part: str, classes: ClassVocabulary) -> Iterator[Entry]:
    images, annotations = first_there(base / part / "images"), first_there(base / part / "annotations")
    split = find_split(part)
    assert split is not None  # noqa: S101 (tells mypy)
    tree = Tree(base)
    for name in (path.name for path in tree.loose_files(images, quiet=False)):
        if Path(name).suffix.lower() not in SUFFIXES:
            yield LeftOut(str(images), "no picture by its name", ", ".join(sorted(SUFFIXES)), name)
            continue
        note = annotations / f"{Path(name).stem}_exp.npy"
        expression = _read_note(note)
        unusable = _unusable(str(note), None, expression, classes)
        yield unusable or make_row(f"{part}/images/{name}", None, f"{part}/images/{name}", expression, split)
    yield from tree.others


def _read_note(note: Path) -> int:
    """The expression of an annotation file, number or text; -1 where it holds none."""
    try:
        if not note.is_file():  # a pipe would be waited for
            return -1
        return _expression(str(np.load(note, allow_pickle=False).item()))
    except (OSError, ValueError, EOFError):
        return -1


def _expression(cell: str) -> int:
    """The whole number of a cell, -1 where it has none."""
    number = whole_number(cell)
    return -1 if number is None else number


def _unusable(file: str, line: int | None, expression: int, classes: ClassVocabulary) -> Problem | LeftOut | None:
    if not 0 <= expression <= _LAST_EXPRESSION:
        found = f"expression {expression}" if line else "no readable expression"
        return Problem(file, line, found, _ALLOWED, reason="no expression")
    if expression >= len(classes):
        reason = "expression 7 (contempt)" if expression == 7 else "expression 8 or above (none, uncertain, no face)"
        where = file if line else str(Path(file).parent)
        return LeftOut(where, reason, f"expressions 0 to {len(classes) - 1}")
    return None
