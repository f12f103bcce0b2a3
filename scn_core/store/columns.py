"""Numpy columns from the rows of a query, and rows to write from columns."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

CHUNK = 10_000
"""Rows held as Python objects at a time; a row of scores takes about 1 kB in that form."""


def read_columns(cursor: sqlite3.Cursor, *dtypes: npt.DTypeLike) -> list[npt.NDArray[Any]]:
    """The rest of a cursor as one array per selected column; empty arrays where there is no row."""
    parts: list[list[npt.NDArray[Any]]] = [[np.empty(0, dtype)] for dtype in dtypes]
    while rows := cursor.fetchmany(CHUNK):
        for part, values, dtype in zip(parts, zip(*rows, strict=True), dtypes, strict=True):
            part.append(np.array(values, dtype))
    return [np.concatenate(part) for part in parts]


def rows_of(*columns: npt.NDArray[Any]) -> Iterator[tuple[Any, ...]]:
    """The rows of columns of equal length, as `executemany` draws them: ten million whole would be gigabytes."""
    for start in range(0, len(columns[0]), CHUNK):
        yield from zip(*(column[start : start + CHUNK].tolist() for column in columns), strict=True)
