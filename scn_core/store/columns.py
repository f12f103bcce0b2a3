"""Rows of a query as numpy columns."""

from __future__ import annotations

import sqlite3
from typing import Any

import numpy as np
import numpy.typing as npt

CHUNK = 50_000
"""Rows held as Python objects at a time; a row of scores takes about 1 kB in that form."""


def read_columns(cursor: sqlite3.Cursor, *dtypes: npt.DTypeLike) -> list[npt.NDArray[Any]]:
    """The rest of a cursor as one array per selected column; empty arrays where there is no row."""
    parts: list[list[npt.NDArray[Any]]] = [[np.empty(0, dtype)] for dtype in dtypes]
    while rows := cursor.fetchmany(CHUNK):
        for part, values, dtype in zip(parts, zip(*rows, strict=True), dtypes, strict=True):
            part.append(np.array(values, dtype))
    return [np.concatenate(part) for part in parts]
