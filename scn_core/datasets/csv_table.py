"""Any CSV file with a header: one row a face.

    path,split,label
    train/0001.jpg,train,happy

Only the path (or file_name, as Hugging Face calls it) and label columns must be there. Labels are class names (in any
known spelling) or, with --classes, numbers counted from 0 or 1; among names a number is the name of a class. Separated
by commas, semicolons or tabs; see `tables`. With a column of annotators a face has a row for each person who labelled
it; see `annotators`. Where all of the columns left, top, right and bottom are there, or the same under another of the
names in `box_columns`, they are the face's box in its picture, in pixels; a column key then tells several faces of one
picture apart ('path#n'), as in the files that `export` writes; without it `init` numbers them
in the order of their rows, and `update` knows them by their boxes.
Of a file that `export` wrote the classes are those of its manifest, in their order, if it lies beside; its column votes
('happy: 7; sad: 3') is read; and faces that people had excluded are left out. Its JSON formats are read as well, see
`json_table`. A folder may stand for the tables of its splits, see `split_tables`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from scn_core.class_names import ClassVocabulary
from scn_core.datasets.annotators import by_face
from scn_core.datasets.box_columns import BoxColumns, box_columns, box_like, overlooked_box, refuse_unread_box
from scn_core.datasets.cells import as_written, is_missing, whole_number
from scn_core.datasets.class_list import exported_classes
from scn_core.datasets.image_folder import ordered_vocabulary
from scn_core.datasets.json_table import table_header, table_rows
from scn_core.datasets.numbering import class_numbers, listed_classes
from scn_core.datasets.paths import relative_path
from scn_core.datasets.rows import SPLITS_ALLOWED, Entry, LeftOut, find_split, make_row
from scn_core.datasets.source import Source
from scn_core.datasets.split_tables import SplitTable, split_tables
from scn_core.datasets.tables import column_places, refuse_doubles
from scn_core.errors import DataError, UsageError, error_text, readable
from scn_core.import_balance import Problem
from scn_core.records import Box, Vote

_OF_AN_EXPORT = (frozenset({"given_label", "changed", "source"}), frozenset({"given_label", "key", "source"}))
"""Columns that tell a table this program exported; in others, columns source and votes say something else."""
_EXCLUDED = "exclude"
"""In column source of such a table: people excluded the face."""
_VOTES = re.compile(r"(?P<name>.+?): (?P<count>[1-9]\d{0,8})(?:; |$)", re.DOTALL)
_MOST_CLASSES = 100  # more distinct labels than this means that the column holds something else


_Face = Box | str | None
"""What tells the faces of a picture apart where no column key does."""


@dataclass(frozen=True)
class _Columns:
    table: SplitTable
    path: int
    label: int
    split: int | None
    reference: int | None
    key: int | None
    """Of a table this program exported: 'path#n' names one of several faces in a picture."""
    annotator: int | None
    source: int | None
    votes: int | None
    """Both of a table this program exported."""
    box: BoxColumns
    box_like: tuple[str, ...] = ()
    """Names of columns that look like a part of a box, where there is none and a picture is to have one row."""
    faces: Mapping[str, Mapping[_Face, int]] = field(default_factory=dict)
    """Path -> the boxes of its rows, numbered, where no column key tells the faces of a picture apart."""

    @property
    def file(self) -> Path:
        """The table."""
        return self.table.file

    @property
    def last(self) -> int:
        """The place of the last cell that a row must have."""
        return max(self.used)

    @property
    def used(self) -> set[int]:
        """Places of the columns that are read."""
        places = (self.split, self.reference, self.key, self.annotator, self.source, self.votes)
        return {self.path, self.label, *(place for place in places if place is not None), *self.box.places}

    def excluded(self, cells: list[str]) -> bool:
        """Whether people had excluded the face of a row when the table was exported."""
        return self.source is not None and len(cells) > self.source and cells[self.source].strip() == _EXCLUDED

    @property
    def numbered(self) -> bool:
        """Whether the faces of a picture have boxes, and no names but the order of their rows."""
        return bool(self.box) and self.key is None

    def face(self, cells: list[str]) -> str | None:
        """The number of the face in its picture, where the picture has several."""
        path = cells[self.path]
        if self.key is not None:
            key = cells[self.key]
            return key.removeprefix(f"{path}#") if key.startswith(f"{path}#") else None
        boxes = self.faces.get(self.picture(cells), {})
        return str(boxes[self.box.read(cells)]) if len(boxes) > 1 else None

    def picture(self, cells: list[str]) -> str:
        """The path of a row, however it is written."""
        return relative_path(cells[self.path]) or cells[self.path]


def vocabulary(source: Source) -> ClassVocabulary:
    """The classes given, or else the names found in the label column.

    Raises UsageError for numbers without --classes, and DataError for more names than a column of classes has.
    """
    found, voted, _ = _labels_found(source)
    return _vocabulary(source, found, voted)


def _vocabulary(source: Source, found: set[str], voted: set[str]) -> ClassVocabulary:
    file = _file(source)
    if source.classes is not None:
        return listed_classes(source.classes, found)
    if (exported := exported_classes(file, found, voted)) is not None:
        return exported
    if found and all(whole_number(label) is not None for label in found):
        names = "name0,name1,..., in the order of the numbers, or the numbers themselves where they are the names"
        raise UsageError(error_text("--classes", f"label numbers in {file} and no names", names))
    if len(found) > _MOST_CLASSES:
        many = f"{len(found):,} different labels"
        raise DataError(error_text(str(file), many, f"at most {_MOST_CLASSES}", "check --label-column"))
    return ordered_vocabulary({label for label in found if _plain_number(label) not in found - {label}})


def _plain_number(label: str) -> str | None:
    """A whole number without decimals: '3.0' and '3' are one class."""
    number = whole_number(label)
    return None if number is None else str(number)


def root(source: Source) -> Path:
    """The folder the user named, or else the CSV file's; of a folder of tables itself."""
    file = _file(source)
    return source.folder() if source.root is not None else file if file.is_dir() else file.parent


def notes(source: Source) -> Iterator[str]:
    """Which columns are read as boxes, and which are not read, a line each."""
    boxes, unused = set[str](), dict[str, None]()
    for table in split_tables(_file(source)):
        header, columns = table_header(table.file), _columns(source, table)
        if columns.box:
            boxes.add(", ".join(header[place].strip() for place in columns.box.places))
        unused |= {
            name.strip() or "one without a name": None for place, name in enumerate(header) if place not in columns.used
        }
    yield from (f"boxes of faces: columns {names}" for names in sorted(boxes))
    if unused:
        yield f"columns not used: {readable(', '.join(unused), 400)}"


def read(source: Source) -> Iterator[Entry]:
    """The rows of the table; with a column of annotators the faces, after the rows that cannot be read."""
    found, voted, parts = _labels_found(source)
    classes = _vocabulary(source, found, voted)
    numbers = class_numbers(found, classes, str(_file(source)), source.classes)
    tables = [_Table(columns, classes, numbers, root(source), source.root_address) for columns in parts]
    if source.annotator_column is None:
        for table in tables:
            for line, cells in table.rows():
                yield table.row(line, cells)
        return
    labelled = (table.labelled(line, cells) for table in tables for line, cells in table.rows())
    yield from by_face(labelled, source.label_rule, source.seed)


@dataclass(frozen=True)
class _Table:
    columns: _Columns
    classes: ClassVocabulary
    numbers: Mapping[str, int]
    root: Path
    address: str | None

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """All but the header, each with its line."""
        return islice(table_rows(self.columns.file), 1, None)

    def row(self, line: int, cells: list[str]) -> Entry:
        columns, classes, file = self.columns, self.classes, str(self.columns.file)
        if len(cells) <= columns.last:
            return Problem(file, line, f"{len(cells)} cells", f"at least {columns.last + 1}, as in the header")
        if columns.excluded(cells):
            allowed = "faces that nobody excluded; a new workspace has no decisions yet"
            return LeftOut(file, "a face that people excluded", allowed, cells[columns.path])
        written = as_written(cells[columns.label].strip())
        label = self._class(written)
        if label is None:
            reason = "no label" if is_missing(written) else "a label that is no class"
            allowed = classes.allowed()
            if written and reason == "no label":
                allowed += "; a class that is called so has to be named in --classes"
            return Problem(file, line, f"label {cells[columns.label]!r}", allowed, reason=reason)
        split = columns.table.split if columns.split is None else find_split(cells[columns.split])
        if split is None:
            found = f"split {cells[columns.split or 0]!r}"
            return Problem(file, line, found, SPLITS_ALLOWED, reason="a split that is none")
        reference_cell = "" if columns.reference is None else as_written(cells[columns.reference].strip())
        reference = self._class(reference_cell)  # before what stands for nothing: a class may be called so
        if reference is None and not is_missing(reference_cell):
            found = f"reference label {reference_cell!r}"
            return Problem(file, line, found, f"{classes.allowed()}, or empty", reason="a reference that is no class")
        box = columns.box.read(cells)
        if isinstance(box, str):
            return Problem(file, line, f"box {box}", columns.box.allowed, reason="a box that is none")
        votes = () if columns.votes is None else self._votes(as_written(cells[columns.votes].strip()))
        if votes is None:
            found = f"votes {cells[columns.votes or 0]!r}"
            return Problem(file, line, found, "such as happy: 7; sad: 3, or empty", reason="votes that are none")
        return make_row(
            file, line, columns.table.path(cells[columns.path]), label, split, root=self.root, address=self.address,
            box=box, face=columns.face(cells), numbered=columns.numbered, reference=reference, votes=votes,
            written=written,
        )  # fmt: skip

    def labelled(self, line: int, cells: list[str]) -> tuple[Entry, str]:
        """A row with who gave its label."""
        place = self.columns.annotator or 0
        return self.row(line, cells), as_written(cells[place].strip()) if place < len(cells) else ""

    def _votes(self, cell: str) -> tuple[Vote, ...] | None:
        """How often each answer was given, as `export` writes it; None for any other text."""
        counts: Counter[tuple[int | None, str]] = Counter()
        end = 0
        for found in _VOTES.finditer(cell):
            label = self._class(found["name"])
            counts[label, found["name"] if label is None else ""] += int(found["count"])
            end = found.end()
        if end != len(cell):
            return None
        return tuple(Vote(label, other=other, count=count) for (label, other), count in counts.items())

    def _class(self, cell: str) -> int | None:
        number = self.classes.find(cell)
        return self.numbers.get(cell) if number is None else number


def _labels_found(source: Source) -> tuple[set[str], set[str], list[_Columns]]:
    """The labels of all tables, the names that their column votes has, and the columns of each."""
    found, voted, parts = set[str](), set[str](), list[_Columns]()
    for table in split_tables(_file(source)):
        columns = _columns(source, table)
        labels, names, faces = _looked_through(columns)
        found |= labels
        voted |= names
        parts.append(replace(columns, faces=faces))
    named = {name for name in source.classes or () if name}
    return {label for label in found if label in named or not is_missing(label)}, voted, parts


def _looked_through(columns: _Columns) -> tuple[set[str], set[str], Mapping[str, Mapping[_Face, int]]]:
    """The labels of a table, the names in its column votes, and its boxes by picture, numbered.

    Raises DataError where boxes seem to be overlooked.
    """
    rows = table_rows(columns.file)
    next(rows)
    found, voted, boxes, seen = set[str](), set[str](), defaultdict[str, dict[_Face, int]](dict), set[str]()
    for line, cells in rows:
        if columns.box_like and len(cells) > columns.last:
            if (picture := cells[columns.path]) in seen:
                raise overlooked_box(columns.file, line, picture, columns.box_like)
            seen.add(picture)
        if len(cells) > columns.label and not columns.excluded(cells):
            found.add(as_written(cells[columns.label].strip()))
            if columns.votes is not None and len(cells) > columns.votes:
                voted.update(vote["name"] for vote in _VOTES.finditer(as_written(cells[columns.votes].strip())))
        if columns.numbered and len(cells) > columns.last:
            of_picture = boxes[columns.picture(cells)]
            of_picture.setdefault(columns.box.read(cells), len(of_picture))
    return found, voted, boxes


def _columns(source: Source, table: SplitTable) -> _Columns:
    if source.label_rule is not None and source.annotator_column is None:
        found = f"{source.label_rule} without --annotator-column"
        raise UsageError(
            error_text("--label-rule", found, "both, where a face has a row for each person who labelled it")
        )
    file = table.file
    header = table_header(file)

    def place(name: str, option: str) -> int:
        return column_places(file, header, (name,), f"; name another with {option}")[0]

    names = [name.strip().casefold() for name in header]
    path = "file_name" if "file_name" in names and "path" not in names else "path"
    split = source.split_column or ("split" if "split" in names else None)
    exported = any(set(names) >= columns for columns in _OF_AN_EXPORT)
    box = box_columns(header)
    refuse_unread_box(file, header)
    columns = _Columns(
        table,
        place(source.path_column or path, "--path-column"),
        place(source.label_column or "label", "--label-column"),
        None if split is None else place(split, "--split-column"),
        None if source.reference_column is None else place(source.reference_column, "--reference-column"),
        names.index("key") if box and "key" in names else None,
        None if source.annotator_column is None else place(source.annotator_column, "--annotator-column"),
        names.index("source") if exported else None,
        names.index("votes") if exported and "votes" in names and not source.annotator_column else None,
        box,
        () if box or source.annotator_column else tuple(box_like(header)),
    )
    refuse_doubles(file, header, [header[each] for each in sorted(columns.used)])
    return columns


def _file(source: Source) -> Path:
    if source.csv is None:
        raise UsageError(
            error_text("--csv", "nothing", "a CSV file of paths and labels, or a folder with train/metadata.csv")
        )
    return source.csv
