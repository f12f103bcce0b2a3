"""One folder per class, as web searches leave them: the folder's name is the doubtful label.

    ROOT/CLASS/picture.jpg          every picture is train
    ROOT/train/CLASS/picture.jpg    with train, val and test (val and test may be missing)

A folder named by a search word ("happy face", "angry man") is the emotion it names, where it names exactly one;
otherwise its name, lower-cased, is the class. Pictures may lie in folders below; names that
begin with '.' are passed over.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scn_core.datasets.images import SUFFIXES
from scn_core.datasets.rows import Entry, LeftOut, find_split, make_row
from scn_core.datasets.source import Source
from scn_core.errors import DataError
from scn_core.labels import ALIASES, FERPLUS_8, ClassVocabulary, canonical
from scn_core.records import Problem, Split


@dataclass(frozen=True)
class _ClassFolder:
    path: Path
    split: Split
    name: str


def class_name(folder: str) -> str:
    """The class a folder's name stands for."""
    emotions = {ALIASES[word] for word in re.findall(r"[^\W\d_]+", folder.casefold()) if word in ALIASES}
    return emotions.pop() if len(emotions) == 1 else canonical(folder)


def ordered_vocabulary(names: set[str]) -> ClassVocabulary:
    """Class names in one order whatever the order found: FERPlus's where all are emotions, else by alphabet."""
    if names <= set(FERPLUS_8.names):
        return ClassVocabulary(tuple(name for name in FERPLUS_8.names if name in names))
    return ClassVocabulary(tuple(sorted(names)))


def vocabulary(source: Source) -> ClassVocabulary:
    """The classes given, or else those of the folders."""
    if source.classes is not None:
        return ClassVocabulary.of(source.classes)
    return ordered_vocabulary({folder.name for folder in _class_folders(source.folder())})


def root(source: Source) -> Path:
    """The folder the user named."""
    return source.folder()


def read(source: Source) -> Iterator[Entry]:
    """The pictures, ordered by split, folder and name. Raises DataError for a train class without pictures."""
    base, classes = source.folder(), vocabulary(source)
    for folder in _class_folders(base):
        label = classes.find(folder.name)
        if label is None:
            yield Problem(str(folder.path), None, f"class {folder.name!r}", f"{classes.allowed()} (--classes)")
            continue
        empty = True
        for path in _files(folder.path):
            if path.suffix.lower() not in SUFFIXES:
                yield LeftOut(str(folder.path), "no picture by its name", ", ".join(sorted(SUFFIXES)))
                continue
            empty = False
            relative = path.relative_to(base).as_posix()
            yield make_row(relative, None, relative, label, folder.split)
        if empty and folder.split == "train":
            raise DataError(f"{folder.path}: found an empty class; put pictures there or remove the folder")


def _class_folders(base: Path) -> list[_ClassFolder]:
    parts = [(path, split) for path in _folders(base) if (split := find_split(path.name))]
    if not any(split == "train" for _, split in parts):
        parts = [(base, "train")]
    parts.sort(key=lambda part: ("train", "val", "test").index(part[1]))
    found = [_ClassFolder(path, split, class_name(path.name)) for part, split in parts for path in _folders(part)]
    if not found:
        raise DataError(f"{base}: found no class folders; allowed: {base}/CLASS/*.jpg or {base}/train/CLASS/*.jpg")
    return found


def _folders(base: Path) -> list[Path]:
    return sorted(path for path in base.iterdir() if path.is_dir() and not path.name.startswith("."))


def _files(folder: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(where, name) for name in sorted(names) if not name.startswith("."))
