"""Reading label lists line by line: UTF-8 with or without BOM, or UTF-16, LF or CRLF. Line numbers are 1-based."""

from __future__ import annotations

import csv
import re
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TextIO

from scn_core.datasets.other_formats import refuse_other_file
from scn_core.errors import DataError, error_text, readable

_SEPARATORS = (",", ";", "\t", "|")
_NUMBER = re.compile(r"\s*[+-]?[\d.,]*\s*")
_BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@contextmanager
def open_list(path: Path) -> Iterator[TextIO]:
    """A list opened as text: UTF-8, or UTF-16 with a byte order mark. Raises DataError where it is missing, unreadable,
    no file at all (a pipe can be read but once) or not in these encodings."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise DataError(error_text(str(path), "no regular file", "a readable label list, saved as a file"))
        with path.open("rb") as file:
            encoding = _BYTE_ORDER_MARKS.get(file.read(2), "utf-8-sig")
        with path.open(encoding=encoding, newline="") as text:
            yield text
    except OSError as error:
        raise DataError(error_text(str(path), error.strerror or str(error), "a readable label list")) from error
    except UnicodeDecodeError as error:
        refuse_other_file(path)
        raise DataError(f"{path}: found bytes that are not UTF-8 ({error.reason}); save the file as UTF-8") from error


def csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file with the line each begins on, the header first.

    Separated by commas, semicolons, tabs or bars, whatever the header is separated by; a first line `sep=;` as Excel
    writes it is passed over, and so are empty lines and lines of bare separators. Raises DataError naming the line
    where a quote opens that swallows the lines after it.
    """
    with open_list(path) as text:
        first, skipped = next(text, ""), 0
        declared = re.fullmatch(r"sep=(.)\s*", first.lower())
        if declared:
            first, skipped = next(text, ""), 1
        while first and not first.strip():
            first, skipped = next(text, ""), skipped + 1
        separator = declared[1] if declared else separator_of(first)
        reader = csv.reader(chain([first], text), delimiter=separator, strict=True)
        width, line = 0, 1 + skipped
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise DataError(
                    error_text(
                        f"{path}, line {line}",
                        _told(error, reader.line_num + skipped - line),
                        "rows whose quotes are closed before the next separator",
                        "remove a stray quote, or double it",
                    )
                ) from error
            end = reader.line_num + skipped
            if any(cell.strip() for cell in cells):
                width = width or len(cells)
                if end > line and _swallows(cells, width, separator):
                    raise DataError(
                        error_text(
                            f"{path}, line {line}",
                            f"a quote that opens here and closes on line {end} only, over rows between",
                            "quotes that close in their own row",
                            "remove a stray quote, or double it",
                        )
                    )
                yield line, cells
            line = end + 1


def separator_of(header: str) -> str:
    """What separates the names of a header: the separator that makes most of them, and comma where it has none."""
    best, most = ",", len(_cells(header, ","))
    for separator in _SEPARATORS[1:]:
        cells = _cells(header, separator)
        # A row of numbers is no header: AffectNet's lists have none, and landmarks separated by semicolons.
        if len(cells) > most and not any(map(_NUMBER.fullmatch, cells)):
            best, most = separator, len(cells)
    return best


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:  # too long for a cell: told where the rows are read
        return []


def _told(error: csv.Error, lines: int) -> str:
    after = f" ({lines:,} lines further on)" if lines > 0 else ""
    if "unexpected end of data" in str(error):
        return f"a quote that opens here and is never closed{after}"
    if "expected after" in str(error):
        return f"a quote that opens here and has text after its end{after}"
    return f"{error}{after}"


def _swallows(cells: list[str], width: int, separator: str) -> bool:
    """Whether a row over several lines has swallowed others: it lacks cells, or a cell is made of whole rows."""
    if len(cells) != width:
        return True
    for cell in cells:
        inner = cell.splitlines()[1:-1]
        if inner and width > 1 and all(len(_cells(line, separator)) == width for line in inner):
            return True
    return False


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The stripped lines of a list with their numbers. Empty lines are passed over."""
    with open_list(path) as text:
        for line, content in enumerate(text, start=1):
            if content.strip():
                yield line, content.strip()


def csv_header(path: Path) -> list[str]:
    """The column names of a CSV file. Raises DataError for an empty file."""
    for _, cells in csv_rows(path):
        return cells
    raise DataError(error_text(str(path), "an empty file", "a header and at least one row"))


def column_places(path: Path, header: list[str], wanted: tuple[str, ...], hint: str = "") -> list[int]:
    """The place of each wanted column, matched without regard to case or blanks around a name.

    Raises DataError naming the missing columns and the ones there are, with `hint`, what to do about it; and where
    several have the name of one.
    """
    places: dict[str, int] = {}
    for place, name in enumerate(header):
        places.setdefault(name.strip().casefold(), place)
    missing = [name for name in wanted if name.strip().casefold() not in places]
    if missing:
        raise DataError(
            error_text(
                str(path),
                f"columns {readable(', '.join(header), 400)}",
                f"a header with {', '.join(missing)} as well{hint}",
            )
        )
    refuse_doubles(path, header, wanted)
    return [places[name.strip().casefold()] for name in wanted]


def refuse_doubles(path: Path, header: Sequence[str], read: Iterable[str]) -> None:
    """Raises DataError where several columns have the name of one that is read, as a merge of tables leaves them."""
    folded = Counter(name.strip().casefold() for name in header)
    for name in read:
        if (count := folded[name.strip().casefold()]) > 1:
            found = f"{count} columns {name.strip()}"
            raise DataError(error_text(str(path), found, "one of each that is read", "rename or remove the others"))


def first_there(*paths: Path) -> Path:
    """The first of the paths that exists. Raises DataError naming the first where none does."""
    for path in paths:
        if path.exists():
            return path
    others = "".join(f" or {path}" for path in paths[1:])
    raise DataError(error_text(str(paths[0]), "no such file or folder", f"{paths[0]}{others}", "check --root"))
