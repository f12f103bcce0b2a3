"""One folder per class, as web searches leave them: the folder's name is the doubtful label.

    ROOT/CLASS/picture.jpg          every picture is train
    ROOT/train/CLASS/picture.jpg    with train, val and test (val and test may be missing)

A folder named by a search word ("happy face", "angry man") is the emotion it names, where it names exactly one;
otherwise its name, lower-cased, is the class. With classes given, folders may have their numbers, from 0 or 1.
A folder that `export --format class-folders` laid has the classes of its classes.json, in their order.
Pictures may lie in folders below. Hidden files and those of operating systems, folders beside the splits and links to
folders are left out and counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scn_core.class_names import ALIASES, FERPLUS_8, ClassVocabulary, canonical, one_spelling_each, spelt
from scn_core.datasets.class_list import folder_classes, own_files
from scn_core.datasets.images import SUFFIXES
from scn_core.datasets.numbering import class_numbers, listed_classes
from scn_core.datasets.other_formats import refuse_other_folder
from scn_core.datasets.rows import SPLITS_ALLOWED, Entry, LeftOut, find_split, make_row
from scn_core.datasets.source import Source
from scn_core.datasets.tree import Tree, count_files
from scn_core.errors import DataError, error_text
from scn_core.import_balance import Problem
from scn_core.records import Split

_NEGATIONS = frozenset(
    {"not", "non", "no", "un", "never", "without", "neither", "nor", "hardly", "barely", "isn", "anti"}
)
_EMOTION = re.compile("(?:un|non|dis)?(?:happ|joy|sad|ang(?:er|r)|fear|afraid|disgust|surpris|contempt|neutral)")
"""Beginnings of words of emotion, adverbs among them."""


@dataclass(frozen=True)
class _ClassFolder:
    path: Path
    split: Split


@dataclass(frozen=True)
class _Layout:
    classes: list[_ClassFolder]
    tree: Tree


def class_name(folder: str) -> str:
    """The class a folder's name stands for: the one emotion it names, or else its own name.

    A compound or a negation ('Sadly Fearful', 'not_happy') names no one emotion.
    """
    words = re.findall(r"[^\W\d_]+", folder.casefold())
    emotions = {ALIASES[word] for word in words if word in ALIASES}
    compound = any(word in _NEGATIONS or (word not in ALIASES and _EMOTION.match(word)) for word in words)
    return emotions.pop() if len(emotions) == 1 and not compound else spelt(folder)


def ordered_vocabulary(names: set[str]) -> ClassVocabulary:
    """Class names in one order whatever the order found: FERPlus's where all are emotions, else by alphabet,
    numbers in them by their value. `names`: in any spelling, each class at least once."""
    names = one_spelling_each(names)
    if names <= set(FERPLUS_8.names):
        return ClassVocabulary(tuple(name for name in FERPLUS_8.names if name in names))
    return ClassVocabulary(tuple(sorted(names, key=_by_alphabet)))


def _by_alphabet(name: str) -> tuple[str, str]:
    """A name with its numbers made equally long, and itself: AU 2 comes before AU 10."""
    name = canonical(name)
    return re.sub(r"\d+", lambda number: number[0].zfill(20), name), name


def vocabulary(source: Source) -> ClassVocabulary:
    """The classes given, or else those of the folders."""
    layout = _layout(source)
    if source.classes is not None:
        return listed_classes(source.classes, (folder.path.name for folder in layout.classes))
    exported = _exported(source, layout)
    if exported is not None:
        return ClassVocabulary(tuple(dict.fromkeys(exported.values())))
    return ordered_vocabulary({class_name(folder.path.name) for folder in layout.classes})


def root(source: Source) -> Path:
    """The folder the user named."""
    return source.folder()


def read(source: Source) -> Iterator[Entry]:
    """The pictures, ordered by split, folder and name. Raises DataError for a train class without pictures."""
    base, classes, layout = source.folder(), vocabulary(source), _layout(source)
    names = {folder.path.name for folder in layout.classes}
    exported = _exported(source, layout) or {}
    numbers = {} if exported else class_numbers(names, classes, str(base), source.classes)
    for folder in layout.classes:
        name = folder.path.name
        if exported and name not in exported:
            continue  # empty, as every split has the folders of all classes
        label = classes.find(exported.get(name, name))
        if label is None:
            label = numbers.get(name, classes.find(class_name(name)))
        if label is None:
            yield _left_folder(
                folder.path, f"class {name!r}", f"{classes.allowed()} (--classes)", "a class not asked for"
            )
            continue
        empty = True
        for path in layout.tree.files(folder.path):
            if path.suffix.lower() not in SUFFIXES:
                yield LeftOut(str(folder.path), "no picture by its name", ", ".join(sorted(SUFFIXES)), path.name)
                continue
            empty = False
            relative = path.relative_to(base).as_posix()
            written = exported.get(name, name)
            yield make_row(relative, None, relative, label, folder.split, written=written)
        if empty and folder.split == "train" and not exported:
            raise DataError(f"{folder.path}: found an empty class; put pictures there or remove the folder")
    yield from layout.tree.others


def _exported(source: Source, layout: _Layout) -> dict[str, str] | None:
    """Class folder -> class, where `export` laid the folder; see `class_list`."""
    filled = (folder.path.name for folder in layout.classes if next(folder.path.iterdir(), None) is not None)
    return folder_classes(source.folder(), dict.fromkeys(filled)) if source.classes is None else None


def _layout(source: Source) -> _Layout:
    tree = Tree(source.folder(), source.follow_links)
    base = _deepest(tree, source.folder())
    folders = tree.folders(base)
    parts = [(path, split) for path in folders if (split := find_split(path.name))]
    if any(split == "train" for _, split in parts):
        for path in folders:
            if find_split(path.name) is None:
                tree.others.append(_left_folder(path, "a folder beside train that is no split", SPLITS_ALLOWED))
        _leave_loose(tree, base)
    elif parts and len(parts) == len(folders):
        found = ", ".join(path.name for path, _ in parts)
        raise DataError(error_text(str(base), f"{found} and no folder train", f"{base}/train/CLASS/*.jpg as well"))
    else:
        parts = [(base, "train")]
    parts.sort(key=lambda part: ("train", "val", "test").index(part[1]))
    found_classes: list[_ClassFolder] = []
    for part, split in parts:
        inner = part if part == base else _deepest(tree, part)
        inside = folders if part == base else tree.folders(inner)
        found_classes += [_ClassFolder(path, split) for path in inside]
        _leave_loose(tree, inner)
    if len(found_classes) < 2:
        refuse_other_folder(source.folder())
    if not found_classes:
        of_splits = [base] if any(base.glob("*/metadata.*")) else []
        listed = next(iter([*base.glob("metadata.*"), *of_splits]), None)
        do = "" if listed is None else f"read {listed} with --dataset csv --csv {listed}"
        allowed = f"{base}/CLASS/*.jpg or {base}/train/CLASS/*.jpg"
        raise DataError(error_text(str(base), "no class folders", allowed, do))
    return _Layout(found_classes, tree)


def _deepest(tree: Tree, folder: Path) -> Path:
    """Where class or split folders begin: a folder that holds but one folder, which holds folders alone, is passed
    through, as archives often have one around everything."""
    while True:
        look = Tree(tree.root, tree.follow_links)
        inside = look.folders(folder)
        if len(inside) != 1 or find_split(inside[0].name) or _pictures(look.loose_files(folder)):
            return folder
        within = inside[0]
        if not Tree(tree.root, tree.follow_links).folders(within) or _pictures(look.loose_files(within)):
            return folder
        tree.folders(folder)  # tells what else is there
        _leave_loose(tree, folder)
        folder = within


def _pictures(files: list[Path]) -> list[Path]:
    return [path for path in files if path.suffix.lower() in SUFFIXES]


def _leave_loose(tree: Tree, folder: Path) -> None:
    ours = own_files(folder)
    for path in tree.loose_files(folder):
        if path.name in ours:
            continue
        if path.suffix.lower() in SUFFIXES:
            reason, allowed = "a picture outside of the class folders", "pictures in a folder for each class"
        else:
            reason, allowed = "no picture by its name", ", ".join(sorted(SUFFIXES))
        tree.others.append(LeftOut(str(folder), reason, allowed, path.name))


def _left_folder(path: Path, found: str, allowed: str, reason: str = "") -> Problem:
    count = count_files(path)
    return Problem(
        str(path),
        None,
        f"{found}, with {count:,} file{'s' * (count != 1)}",
        allowed,
        reason=reason or found,
        rows=count,
    )
