"""Cells of tables as other programs write them: whole numbers, missing values, text a spreadsheet must not run."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the last four: full width
_WHOLE = re.compile(r"[+-]?\d{1,15}(?:[.,]0*)?")
_COUNTED = re.compile(r"\d{9,19}(?:\.\d{0,9})?|\d(?:\.\d{1,20})?[eE]\+?\d{1,2}")
_MISSING = frozenset({"", "nan", "-nan", "na", "n/a", "n.a.", "#n/a", "<na>", "null", "none", "-", "--", "?", "."})
"""As pandas, R, spreadsheets, SQL, Python and people write it."""
_INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"


def whole_number(cell: str) -> int | None:
    """The whole number in a cell, also where it is written as a decimal: '3.0' is 3. None for any other text."""
    text = cell.strip()
    return int(float(text.replace(",", "."))) if text.isascii() and _WHOLE.fullmatch(text) else None


def is_missing(cell: str) -> bool:
    """Whether a cell stands for no value: empty, invisible characters, NaN, NA, NULL, None, -, ? or the like."""
    return cell.strip().strip(_INVISIBLE).strip().casefold() in _MISSING


def as_written(cell: str) -> str:
    """A cell without the apostrophe that `export` puts before what a spreadsheet would run as a formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(RUN_BY_SPREADSHEETS) else cell


_UNITS = ((10**17, 10**9), (10**14, 10**6), (10**11, 10**3), (0, 1))
"""A number since 1970 above the first of a pair counts so many parts of a second."""


def as_moment(cell: str) -> str:
    """A time as the log has it, 2026-11-27T17:56:51.123Z, however a table program wrote it: ISO-8601 with T or a blank,
    with an offset or without (UTC), or counted since 1970 in seconds or parts of them. Other text stays as it is."""
    text = cell.strip()
    try:
        if _COUNTED.fullmatch(text):
            number = Decimal(text)
            per_second = next(unit for above, unit in _UNITS if number > above)
            since = timedelta(microseconds=int(number * 10**6 / per_second))
            moment = datetime(1970, 1, 1, tzinfo=UTC) + since
        else:
            moment = datetime.fromisoformat(text)
            moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ArithmeticError, StopIteration, ValueError):
        return text
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
