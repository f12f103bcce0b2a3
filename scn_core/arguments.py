"""What callers of `api.py` pass, checked and made plain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sqlite_utils import Database

from scn_core.datasets.addresses import is_address
from scn_core.datasets.source import Source, source_said
from scn_core.errors import UsageError, error_text
from scn_core.exchange.opinions.add import OpinionFiles
from scn_core.exchange.opinions.classifier import ClassifierOptions
from scn_core.records import FloatArray
from scn_core.store.samples import classes

_OF_INIT = ("dataset", "noise", "strict", "faces", "progress")
"""Arguments of `init` that say nothing about where the data set lies."""
_PLACES = frozenset({"root", "csv", "unpack_to"})


def source_of(said: Mapping[str, Any]) -> Source:
    """What a caller said about a data set. Raises UsageError for an option that there is none of."""
    known = [field.name for field in fields(Source) if not field.name.endswith("_address")]
    if unknown := sorted(said.keys() - set(known)):
        raise UsageError(error_text("init", f"option {unknown[0]!r}", ", ".join([*known, *_OF_INIT])))
    plain: dict[str, Any] = {name: place_of(value) if name in _PLACES else value for name, value in said.items()}
    if plain.get("classes") is not None:
        plain["classes"] = tuple(plain["classes"])
    return source_said(plain)


def check_choices(**said: tuple[str | None, Iterable[str]]) -> None:
    """Raises UsageError where an option has a value that is none of those allowed beside it; None is nothing said."""
    for name, (value, allowed) in said.items():
        if value is not None and value not in (values := tuple(allowed)):
            raise UsageError(error_text(name, repr(value), ", ".join(values)))


def export_place(out: str | Path) -> Path:
    """Where an export goes. Raises UsageError for -, which on the command line is standard output."""
    if str(out) == "-":
        raise UsageError(error_text("out", "'-'", "a file or folder; the table itself is ws.labels()"))
    return Path(out).expanduser()


def path_of(path: Any) -> Path | None:
    """A file as a Path, with ~ for the home folder; None stays None. Raises UsageError for what is no path."""
    if path is not None and not isinstance(path, str | PathLike):
        found = f"a {type(path).__name__}"
        raise UsageError(
            error_text("path", found, "a path", "write a table with table.to_csv(path, index=False) first")
        )
    return None if path is None else Path(path).expanduser()


def place_of(where: Any) -> Path | str | None:
    """The same, where it may also be an address, which stays as it is."""
    return where if isinstance(where, str) and is_address(where) else path_of(where)


def class_number(db: Database, said: object) -> int | None:
    """The number of the class of this name or number; None stays None. Raises UsageError where there is none."""
    vocabulary = classes(db)
    if said is None:
        return None
    number = vocabulary.find(said) if isinstance(said, str) else _whole(said)
    if number is None or not 0 <= number < len(vocabulary):
        allowed = f"{vocabulary.allowed()}, or their numbers, 0 to {len(vocabulary) - 1}"
        raise UsageError(error_text("label", repr(said), allowed))
    return number


def class_text(db: Database, said: object) -> str:
    """A class for a row of answers: a name as it is, the name of a number, "" for nothing (None, NaN, pandas.NA).

    Raises UsageError where it is neither, or there is no such number.
    """
    if isinstance(said, str) or _nothing(said):
        return said if isinstance(said, str) else ""
    number = class_number(db, said)
    return "" if number is None else classes(db).names[number]


def keys_of(said: object) -> list[str]:
    """Keys of faces, from one or several, such as a column of a table. Raises UsageError for what is no text."""
    if isinstance(said, str):
        return [said]
    allowed = "a face's key, as the tables have it, or several"
    if not isinstance(said, Iterable) or isinstance(said, pd.DataFrame):
        raise UsageError(error_text("key", f"a {type(said).__name__}", allowed))
    listed: list[Any] = list(said)
    if (other := next((each for each in listed if not isinstance(each, str)), None)) is not None:
        raise UsageError(error_text("key", f"{other!r}, a {type(other).__name__}", allowed))
    return listed


def pictures_of(said: Any) -> str | Path | list[str | Path]:
    """What `predict` is asked about: a path or several. Raises UsageError for tables, arrays and the like."""
    allowed = "a folder, a list of paths, a picture file, or several files"
    remedy = "of a table pass its column of paths; save pictures to files first"
    if isinstance(said, str | PathLike):
        return said if isinstance(said, str) else Path(said)
    if not isinstance(said, Iterable) or isinstance(said, pd.DataFrame | np.ndarray | bytes):
        raise UsageError(error_text("pictures", f"a {type(said).__name__}", allowed, remedy))
    listed: list[Any] = list(said)
    if (other := next((each for each in listed if not isinstance(each, str | PathLike)), None)) is not None:
        raise UsageError(error_text("pictures", f"a {type(other).__name__} among them", allowed, remedy))
    return listed


def one_each(values: Any, count: int) -> list[Any]:
    """One value for every face. Raises UsageError where there are more or fewer."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        return [values] * count
    listed: list[Any] = list(values)
    if len(listed) != count:
        raise UsageError(error_text("decide", f"{count:,} keys and {len(listed):,} values", "one for all, or one each"))
    return listed


def cell_text(name: str, value: object) -> str:
    """Text as it is; what stands for nothing (None, NaN, pandas.NA) as no text."""
    if isinstance(value, str):
        return value
    if _nothing(value):
        return ""
    raise UsageError(error_text("decide", f"{name} {value!r}, a {type(value).__name__}", "text, as the tables have it"))


def _nothing(value: object) -> bool:
    """Whether a value stands for none in a table."""
    return value is None or value is pd.NA or (isinstance(value, float | np.floating) and bool(value != value))


def _whole(value: object) -> int | None:
    """A whole number of Python or numpy, also where a column with gaps made it 2.0; None for anything else."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        return None
    return int(value) if value == value and float(value).is_integer() else None


def opinion_arrays(given: Sequence[ArrayLike] | Mapping[str, ArrayLike] | ArrayLike) -> list[FloatArray]:
    """(N, C) probabilities of each model, from a list of arrays, a dict of them by name, or a single one.

    Raises UsageError for what is no array of numbers.
    """
    each: Any = list(given.values()) if isinstance(given, Mapping) else given
    each = [each] if isinstance(each, np.ndarray | pd.DataFrame) and each.ndim == 2 else each
    try:
        return [np.asarray(one, np.float32) for one in each]
    except (TypeError, ValueError):
        found = f"a {type(given).__name__} of other things"
        raise UsageError(error_text("opinions", found, "arrays of probabilities, (faces, classes) each")) from None


def opinion_files_of(given: Mapping[str, Any]) -> OpinionFiles:
    """Where another model's opinions are, from keywords. Raises UsageError for one that does not exist."""
    files, of_model = ({field.name for field in fields(kind)} for kind in (OpinionFiles, ClassifierOptions))
    files.remove("classifier")
    for name in given:
        check_choices(add_opinion=(name, sorted(files | of_model)))
    paths: dict[str, Any] = {
        name: path_of(value) for name, value in given.items() if name in ("csv", "npz", "onnx", "embeddings")
    }
    model = {name: value for name, value in given.items() if name in of_model}
    for name, value in model.items():
        model[name] = value if value is None or isinstance(value, int) else tuple(np.atleast_1d(value).tolist())
    rest = {name: value for name, value in given.items() if name in files and name not in paths}
    return OpinionFiles(**paths, **rest, classifier=ClassifierOptions(**model))
