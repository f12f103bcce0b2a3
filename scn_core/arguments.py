"""What callers of `api.py` pass, checked and made plain."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
from sqlite_utils import Database

from scn_core.errors import UsageError, complaint
from scn_core.store.samples import classes


def path_of(path: str | Path | None) -> Path | None:
    """A file as a Path, with ~ for the home folder; None stays None."""
    return None if path is None else Path(path).expanduser()


def class_number(db: Database, name: str | None) -> int | None:
    """The number of the class of this name; None stays None. Raises UsageError where there is no such class."""
    vocabulary = classes(db)
    number = None if name is None else vocabulary.find(name)
    if name is not None and number is None:
        raise UsageError(complaint("label", repr(name), vocabulary.allowed()))
    return number


def one_each(values: str | Iterable[str | float | None] | None, count: int) -> list[Any]:
    """One value for every face. Raises UsageError where there are more or fewer."""
    if values is None or isinstance(values, str):
        return [values] * count
    listed = list(values)
    if len(listed) != count:
        raise UsageError(complaint("decide", f"{count:,} keys and {len(listed):,} values", "one for all, or one each"))
    return listed


def cell_text(name: str, value: object) -> str:
    """Text as it is; what stands for nothing (None, NaN, pandas.NA) as no text."""
    if isinstance(value, str):
        return value
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return ""
    raise UsageError(complaint("decide", f"{name} {value!r}, a {type(value).__name__}", "text, as the tables have it"))
