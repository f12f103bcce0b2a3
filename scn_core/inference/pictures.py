"""Pictures that a network is asked about: those of a folder, of a list, or single files. No picture is opened here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Protocol

from scn_core.datasets.box_columns import (
    BOX_FORMS,
    BoxColumns,
    box_columns,
    box_like,
    overlooked_box,
    refuse_unread_box,
)
from scn_core.datasets.images import SUFFIXES
from scn_core.datasets.tables import column_places, csv_header, csv_rows, text_lines
from scn_core.datasets.tree import Tree
from scn_core.errors import DataError, UsageError, error_text
from scn_core.records import Box

_PATH_COLUMNS = ("path", "file_name")


@dataclass(frozen=True, slots=True)
class Picture:
    """A face to ask about."""

    name: str
    """As its list has it, or relative to its folder."""
    path: Path
    box: Box | None = None
    """The face within the picture; None: the picture's central square."""
    wrong: str | None = None
    """Why its row of the list cannot be used, or it cannot be fetched; or None."""
    passing: bool = False
    """The file is a copy, to be removed by whoever has looked at it."""


class Pictures(Protocol):
    """Pictures that can be walked more than once, none of them kept in memory."""

    @property
    def boxed(self) -> bool:
        """Whether they come with boxes."""

    def __iter__(self) -> Iterator[Picture]: ...

    def notes(self) -> list[str]:
        """What to tell of them: files that were passed over, columns that are not read."""


@dataclass
class FolderPictures:
    """The pictures in a folder and below it, by name: files whose names end as those of pictures do."""

    folder: Path
    boxed = False
    _others: int = field(default=0, init=False)

    def __iter__(self) -> Iterator[Picture]:
        tree, self._others = Tree(self.folder), 0
        for path in tree.files(self.folder):
            if path.suffix.lower() in SUFFIXES:
                yield Picture(path.relative_to(self.folder).as_posix(), path)
            else:
                self._others += 1
        self._others += sum(each.rows for each in tree.others)

    def notes(self) -> list[str]:
        """How many files were passed over when it was last walked."""
        return [f"{self._others:,} other files and linked folders passed over"] if self._others else []


@dataclass
class ListedPictures:
    """The pictures of a text file with a path a line, or of a CSV with a column path (or file_name).

    Columns left, top, right and bottom, or the same under another of the names in `datasets.box_columns`, are the
    face's box, as in data sets.
    """

    file: Path
    root: Path
    """What paths are relative to."""
    header: list[str] | None
    """Of a CSV; None: a path a line."""

    @property
    def boxed(self) -> bool:
        """Whether the list has columns of boxes."""
        return self.header is not None and bool(box_columns(self.header))

    def __iter__(self) -> Iterator[Picture]:
        if self.header is None:
            yield from (Picture(text, self.root / text) for _, text in text_lines(self.file))
            return
        place, boxes = _path_place(self.file, self.header), box_columns(self.header)
        for line, cells in islice(csv_rows(self.file), 1, None):
            yield self._picture(line, cells, place, boxes)

    def _picture(self, line: int, cells: list[str], place: int, boxes: BoxColumns) -> Picture:
        name = cells[place] if place < len(cells) else ""
        if not name.strip():
            return Picture("", self.root, wrong=f"no path in line {line} of the list")
        box = boxes.read(cells) if boxes else None
        if isinstance(box, str):
            return Picture(name, self.root / name, wrong=f"found box {box}; allowed: {boxes.allowed}")
        return Picture(name, self.root / name, box)

    def notes(self) -> list[str]:
        """Columns that look like a box and are none."""
        like = [] if self.header is None or self.boxed else box_like(self.header)
        if not like:
            return []
        return [f"columns {', '.join(like)} are not read: a box has the columns {BOX_FORMS}"]


@dataclass(frozen=True)
class NamedPictures:
    """Single files."""

    files: tuple[Path, ...]
    boxed = False

    def __iter__(self) -> Iterator[Picture]:
        return (Picture(str(file), file) for file in self.files)

    def notes(self) -> list[str]:
        """None."""
        return []


def find_pictures(source: str | Path | Iterable[str | Path], root: Path | None = None) -> Pictures:
    """The pictures of a folder, a list, one picture file, or several of them.

    `root`: what relative paths of a list are relative to; None: the list's folder. Raises UsageError where there is no
    such file or folder, or `root` does not apply, and DataError for a list that cannot be read.
    """
    source = Path(source).expanduser() if isinstance(source, str | Path) else source
    if not isinstance(source, Path):
        return NamedPictures(tuple(Path(file).expanduser() for file in source))
    listed = source.is_file() and source.suffix.lower() not in SUFFIXES
    if root is not None and not listed:
        raise UsageError(error_text("--root", f"{root} with pictures {source}", "a root for the paths of a list alone"))
    if root is not None and not root.is_dir():
        raise UsageError(error_text("--root", f"no folder {root}", "the folder that the list's paths are relative to"))
    if source.is_dir():
        return FolderPictures(source)
    if not source.exists():
        raise UsageError(error_text("pictures", f"no {source}", "a folder, a list of paths, or a picture"))
    if not listed:
        return NamedPictures((source,))
    return listed_pictures(source, root)


def listed_pictures(file: Path, root: Path | None) -> ListedPictures:
    """The pictures of a list; `root` as in `find_pictures`.

    Raises DataError for one that cannot be read, and for boxes in a form that is not: whole pictures would be taken.
    """
    header = _header(file)
    if header is not None:
        refuse_unread_box(file, header)
        if not box_columns(header) and (like := box_like(header)):
            _refuse_overlooked_box(file, header, like)
    return ListedPictures(file, root or file.parent, header)


def _refuse_overlooked_box(file: Path, header: list[str], like: list[str]) -> None:
    """Raises DataError where a picture has two rows, so that `like` are to tell its faces apart."""
    place, seen = _path_place(file, header), set[str]()
    for line, cells in islice(csv_rows(file), 1, None):
        name = cells[place] if place < len(cells) else ""
        if name and name in seen:
            raise overlooked_box(file, line, name, like)
        seen.add(name)


def _path_place(file: Path, header: list[str]) -> int:
    name = next(each for each in _PATH_COLUMNS if each in _plain(header))
    return column_places(file, header, (name,))[0]


def count_pictures(pictures: Pictures) -> int:
    """How many there are. Raises DataError where there is none."""
    count = sum(1 for _ in pictures)
    if not count:
        notes = "".join(f" ({note})" for note in pictures.notes())
        raise DataError(
            error_text("pictures", f"no picture{notes}", "one or more", f"read are {', '.join(sorted(SUFFIXES))}")
        )
    return count


def _header(file: Path) -> list[str] | None:
    """The columns of a CSV with a column of paths; None for any other list."""
    first = next((text for _, text in text_lines(file)), "")
    if not any(name in first.casefold() for name in _PATH_COLUMNS) and not first.lower().startswith("sep="):
        return None
    header = csv_header(file)
    return header if _plain(header) & set(_PATH_COLUMNS) else None


def _plain(header: list[str]) -> set[str]:
    return {name.strip().casefold() for name in header}
