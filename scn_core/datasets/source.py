"""Where a data set lies and how it is to be read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from scn_core.config import flag
from scn_core.datasets.addresses import checked_address, is_address
from scn_core.errors import DataError, UsageError, error_text

LabelRule = Literal["majority", "plurality", "vote"]

# Fields every data set takes: where it is, where generated pictures go, and the seed of what is drawn.
_COMMON = frozenset({"root", "root_address", "unpack_to", "seed", "follow_links"})


@dataclass(frozen=True)
class Source:
    """What a user says about a data set. None means 'not said'; a field that does not apply may not be said."""

    root: Path | None = None
    """Folder of the data set. For csv it may be left out: then paths are relative to the CSV's own folder."""
    csv: Path | None = None
    """The CSV file of labels, or a folder with one for each split, as in train/metadata.csv (csv)."""
    root_address: str | None = None
    """Where the root is a copy of, such as s3://bucket/faces; instead of `root`."""
    csv_address: str | None = None
    """Where the list is a copy of; instead of `csv` (csv)."""
    path_column: str | None = None
    """Column of picture paths relative to the root (csv); default 'path'."""
    label_column: str | None = None
    """Column of labels, names or numbers (csv); default 'label'."""
    split_column: str | None = None
    """Column of train, val or test (csv); default 'split' where the file has it, else every row is train."""
    reference_column: str | None = None
    """Column of better labels, kept apart for measuring (csv); default none."""
    annotator_column: str | None = None
    """Column of who gave the label, where a face has a row for each person who labelled it (csv); default none."""
    classes: tuple[str, ...] | None = None
    """Class names in the order of their numbers (csv, folder); default: the names found."""
    label_rule: LabelRule | None = None
    """How votes become one label (ferplus; csv with annotators): majority (default of ferplus), plurality (default of
    csv), or one vote drawn by the seed."""
    class_count: int | None = None
    """7 or 8: without or with contempt (ferplus, affectnet); default 8."""
    unpack_to: Path | None = None
    """Folder for pictures that lie inside a table (ferplus as fer2013.csv); kept, and used again next time."""
    follow_links: bool = False
    """Take pictures by links that lead out of the root, and those in linked folders."""
    seed: int = 0
    """Seed of whatever is drawn while reading."""

    def __post_init__(self) -> None:
        if self.label_rule not in (None, *get_args(LabelRule)):
            raise UsageError(error_text("--label-rule", repr(self.label_rule), ", ".join(get_args(LabelRule))))
        if self.class_count not in (None, 7, 8):
            raise UsageError(error_text("--class-count", str(self.class_count), "7, 8"))

    def folder(self) -> Path:
        """The root, which must be given (UsageError), be there and be readable (DataError)."""
        if self.root is None:
            raise UsageError(error_text("--root", "nothing", "the folder of the data set"))
        if not self.root.is_dir():
            raise DataError(error_text(str(self.root), "no such folder", "the folder of the data set (--root)"))
        if not os.access(self.root, os.R_OK | os.X_OK):
            found, do = "a folder that this user may not read", "let them read it and all in it"
            raise DataError(error_text(str(self.root), found, "the folder of the data set (--root)", do))
        return self.root

    def check(self, dataset: str, options: frozenset[str]) -> None:
        """Raise UsageError, naming the flag, where a field is said that `dataset` does not read."""
        for field in fields(self):
            if getattr(self, field.name) != field.default and field.name not in options | _COMMON:
                allowed = ", ".join(sorted(map(flag, options))) or "none but --root"
                said = flag(field.name.removesuffix("_address"))
                raise UsageError(
                    f"{said}: found {getattr(self, field.name)!r} with data set {dataset}, "
                    f"which does not read it; allowed there: {allowed}"
                )


def source_said(said: Mapping[str, Any]) -> Source:
    """The source of what a user says by field, where `root` and `csv` may be an address instead of a path.

    Raises UsageError for an address with a secret in it.
    """
    values = dict(said)
    for name in ("root", "csv"):
        where = values.get(name)
        if isinstance(where, str) and is_address(where):
            values |= {name: None, f"{name}_address": checked_address(flag(name), where)}
        elif isinstance(where, str):
            values[name] = Path(where)
    return Source(**values)
