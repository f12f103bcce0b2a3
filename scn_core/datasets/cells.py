"""Cells of tables as other programs write them: whole numbers, missing values, text a spreadsheet must not run."""

from __future__ import annotations

import re

RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the last four: full width
_WHOLE = re.compile(r"[+-]?\d{1,15}(?:[.,]0*)?")
_MISSING = frozenset({"", "nan", "-nan", "n/a", "#n/a", "<na>", "null"})
_INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"


def whole_number(cell: str) -> int | None:
    """The whole number in a cell, also where it is written as a decimal: '3.0' is 3. None for any other text."""
    text = cell.strip()
    return int(float(text.replace(",", "."))) if text.isascii() and _WHOLE.fullmatch(text) else None


def is_missing(cell: str) -> bool:
    """Whether a cell stands for no value: empty, invisible characters alone, or 'NaN', 'N/A', 'NULL' in any case."""
    return cell.strip().strip(_INVISIBLE).strip().casefold() in _MISSING


def as_written(cell: str) -> str:
    """A cell without the apostrophe that `export` puts before what a spreadsheet would run as a formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(RUN_BY_SPREADSHEETS) else cell
