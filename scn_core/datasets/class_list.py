"""The classes that an exported file or folder came with, in their order: reading it back numbers them alike."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from scn_core.class_names import ClassVocabulary
from scn_core.errors import DataError

CLASS_LIST = "classes.json"
"""In an exported folder: a JSON list of the names of all classes."""
LABELS = "labels.csv"
"""There too: its faces as a table."""
_MANIFEST = ".manifest.json"
_NUMBERED = re.compile(r"(\d+)_")


def exported_classes(table: Path, found: Iterable[str], voted: Iterable[str] = ()) -> ClassVocabulary | None:
    """The classes of a table as `export` wrote it, in the order of the manifest beside it or of the list in its folder.

    None where neither is there or a label found in the table is none of them; a class that no label is of, nor any of
    the names `voted` for, is left out.
    """
    classes = _read(table.with_name(table.name + _MANIFEST)) or _read(
        (table if table.is_dir() else table.parent) / CLASS_LIST
    )
    if classes is None:
        return None
    return _of(classes, [classes.find(label) for label in found], {classes.find(name) for name in voted} - {None})


def folder_classes(root: Path, folders: Iterable[str]) -> dict[str, str] | None:
    """Name of a class folder -> class, in the order of the classes, of a folder as `export` laid it.

    `folders` are those with pictures in them. None where there is no list of classes, or a folder has no number in it.
    """
    classes = _read(root / CLASS_LIST)
    if classes is None:
        return None
    numbers = {name: int(found[1]) for name in folders if (found := _NUMBERED.match(name))}
    if numbers.keys() != set(folders) or any(number >= len(classes) for number in numbers.values()):
        return None
    return {name: classes.names[number] for name, number in sorted(numbers.items(), key=lambda each: each[1])}


def own_files(folder: Path) -> frozenset[str]:
    """What `export` wrote into a folder beside the pictures; nothing where it wrote none."""
    return frozenset() if _read(folder / CLASS_LIST) is None else frozenset({CLASS_LIST, LABELS})


def _of(classes: ClassVocabulary, found: list[int | None], voted: set[int | None]) -> ClassVocabulary | None:
    if None in found or len(set(found)) < 2:
        return None
    numbers = {number for number in (*found, *voted) if number is not None}
    return ClassVocabulary(tuple(classes.names[number] for number in sorted(numbers)))


def _read(file: Path) -> ClassVocabulary | None:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    listed = content.get("classes") if isinstance(content, dict) else content
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        return None
    try:
        return ClassVocabulary.of(listed)
    except DataError:  # somebody else's file of that name
        return None
