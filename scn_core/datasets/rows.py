"""What a reader yields: rows of a label list, before their pictures were looked at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from scn_core.records import Box, Problem, Sample, Split

# Names of splits in published files and folders, lower-cased.
SPLIT_NAMES: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "train_set": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "val_set": "val",
    "publictest": "val",
    "test": "test",
    "privatetest": "test",
}
SPLITS_ALLOWED = "train, val or test"


@dataclass(frozen=True, slots=True)
class Row:
    """One face as a list says it, with the place that says it."""

    sample: Sample
    file: str
    line: int | None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row the data set's own rules leave out. Expected, so counted per reason and not listed one by one."""

    file: str
    reason: str
    allowed: str


Entry = Row | Problem | LeftOut


def find_split(name: str) -> Split | None:
    """The split a published name stands for, or None."""
    return SPLIT_NAMES.get(name.strip().casefold())


def relative_path(text: str) -> str | None:
    """A path as a list writes it, in its one normal form 'a/b.jpg'; None where it names nothing under the root.

    Absolute paths (of any system), '..' and control characters are refused; './' and '//' are tidied away.
    """
    path = PurePosixPath(text)
    windows = PureWindowsPath(path.as_posix())  # of the normal form: './C:/a.jpg' must not become 'C:/a.jpg'
    if windows.drive or windows.root or ".." in windows.parts or not path.name or not text.isprintable():
        return None
    return path.as_posix()


def make_row(
    file: str,
    line: int | None,
    path: str,
    label: int,
    split: Split,
    *,
    box: Box | None = None,
    face: str | None = None,
    reference: int | None = None,
) -> Row | Problem:
    """The row for a face, or the Problem of a path that leaves the root. `face`: its number within the picture."""
    relative = relative_path(path)
    if relative is None:
        return Problem(file, line, f"path {path!r}", "a path relative to the root, without '..'")
    key = relative if face is None else f"{relative}#{face}"
    return Row(Sample(key, relative, label, split, box, reference), file, line)


def leads_out(root: Path, relative: str) -> bool:
    """Whether links on the way take a path out of `root` (which must be resolved)."""
    return not (root / relative).resolve().is_relative_to(root)
