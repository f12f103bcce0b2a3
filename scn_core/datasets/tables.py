"""Reading label lists line by line: UTF-8 with or without BOM, LF or CRLF. Line numbers are 1-based."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from scn_core.errors import DataError


@contextmanager
def open_list(path: Path) -> Iterator[TextIO]:
    """A list opened as text. Raises DataError where it is missing, unreadable or not UTF-8."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            yield text
    except OSError as error:
        raise DataError(f"{path}: found {error.strerror or error}; allowed: a readable label list") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: found bytes that are not UTF-8 ({error.reason}); save the file as UTF-8") from error
    except csv.Error as error:
        raise DataError(f"{path}: found {error}; allowed: comma-separated rows") from error


def csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file with the line each begins on, the header first. Empty lines are passed over."""
    with open_list(path) as text:
        reader, line = csv.reader(text), 1
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1


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
    raise DataError(f"{path}: found an empty file; allowed: a header and at least one row")


def column_places(path: Path, header: list[str], wanted: tuple[str, ...], hint: str = "") -> list[int]:
    """The place of each wanted column, matched without regard to case or blanks around a name.

    Raises DataError naming the missing columns and the ones there are; `hint` says what to do about it.
    """
    places: dict[str, int] = {}
    for place, name in enumerate(header):
        places.setdefault(name.strip().casefold(), place)
    missing = [name for name in wanted if name.strip().casefold() not in places]
    if missing:
        raise DataError(
            f"{path}: found columns {', '.join(header)}; allowed: a header with {', '.join(missing)} as well{hint}"
        )
    return [places[name.strip().casefold()] for name in wanted]


def first_there(*paths: Path) -> Path:
    """The first of the paths that exists. Raises DataError naming the first where none does."""
    for path in paths:
        if path.exists():
            return path
    others = "".join(f" or {path}" for path in paths[1:])
    raise DataError(f"{paths[0]}: found no such file or folder; allowed: {paths[0]}{others}; check --root")
