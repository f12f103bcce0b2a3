"""What a reader yields: rows of a label list, before their pictures were looked at."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from scn_core.datasets.addresses import below_address, is_address
from scn_core.datasets.paths import control_character, find_path, relative_path
from scn_core.import_balance import Problem
from scn_core.records import Box, Sample, Split, Vote

_SPLIT_WORDS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "devel": "val",
    "development": "val",
    "publictest": "val",
    "test": "test",
    "testing": "test",
    "eval": "test",
    "evaluation": "test",
    "privatetest": "test",
}
"""Names of splits in published files and folders, lower-cased, without '_set' and the like."""
_SPLIT_TAIL = re.compile(r"[\s_-]*(?:set|data|split)$")
SPLITS_ALLOWED = "train, val or test"


@dataclass(frozen=True, slots=True)
class Row:
    """One face as a list says it, with the place that says it."""

    sample: Sample
    file: str
    line: int | None
    written: tuple[tuple[int, str], ...] = ()
    """Class number and what the list writes for it, one for each of its rows; empty where classes have numbers."""
    rows: int = 1
    """Of the list; more than one where it has a row for each annotator."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row the data set's own rules leave out. Expected, so counted per reason and not listed one by one."""

    file: str
    reason: str
    allowed: str
    name: str = field(default="", compare=False)
    """Of the file; the first few are named."""
    rows: int = field(default=1, compare=False)


Entry = Row | Problem | LeftOut


def find_split(name: str) -> Split | None:
    """The split a published name stands for, such as 'Training' or 'val_set'; None for any other name."""
    folded = name.strip().casefold()
    return _SPLIT_WORDS.get(folded) or _SPLIT_WORDS.get(_SPLIT_TAIL.sub("", folded))


def make_row(
    file: str,
    line: int | None,
    path: str,
    label: int,
    split: Split,
    *,
    root: Path | None = None,
    address: str | None = None,
    box: Box | None = None,
    face: str | None = None,
    numbered: bool = False,
    reference: int | None = None,
    votes: tuple[Vote, ...] = (),
    written: str | None = None,
) -> Row | Problem:
    """The row for a face, or the Problem of a path that names nothing under the root.

    Args:
        file: the list or picture that says it.
        line: where in it, from 1.
        path: as the list writes it.
        label: class number.
        split: where the face belongs.
        root: with it every way to write a path is tried for the picture that is there.
        address: where the root is a copy of; addresses below it are paths too.
        box: the face within the picture.
        face: its number within the picture.
        numbered: that number is the face's place among the rows of the picture, and names it in this reading alone.
        reference: class number of a better label.
        votes: every label that people gave it.
        written: how the list spells the label.
    """
    if is_address(path) and "?d=" not in path:
        below = below_address(address, path)
        if below is None:
            allowed = "--root with the address that all pictures are below, such as s3://bucket/faces, and no query"
            if address is not None:
                allowed = f"a path, or an address below {address} without a query"
            return Problem(file, line, f"path {path!r}", allowed, reason="an address outside of the root")
        path = below
    relative = relative_path(path) if root is None else find_path(path, lambda each: os.path.lexists(root / each), root)
    if relative is None:
        found, allowed = f"path {path!r}", "a path relative to the root, without '..'"
        if control := control_character(path):
            found, allowed = f"{found} with the character {control}", "names in UTF-8 without control characters"
        return Problem(file, line, found, allowed, reason="a path that names nothing under the root")
    key = relative if face is None else f"{relative}#{face}"
    spelt = () if written is None else ((label, written),)
    return Row(Sample(key, relative, label, split, box, reference, votes, numbered=numbered), file, line, spelt)
