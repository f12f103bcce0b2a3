"""Walking a folder of pictures without losing a file unseen: what is not taken comes out as an entry of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from scn_core.datasets.paths import control_character
from scn_core.datasets.rows import Entry, LeftOut
from scn_core.import_balance import Problem

_SYSTEM = frozenset(
    {"__macosx", "@eadir", "#recycle", "#snapshot", "$recycle.bin", "system volume information", "lost+found",
     "thumbs.db", "desktop.ini", "icon\r"}
)  # fmt: skip
_HIDDEN = "hidden, or a file of the operating system"
_AGAIN = "a folder met a second time"
_NAME = "a name that is not UTF-8 or has control characters"


def is_system(name: str) -> bool:
    """Whether a file or folder is hidden or kept by an operating system or NAS, such as __MACOSX, @eaDir, Thumbs.db."""
    return name.startswith(".") or name.casefold() in _SYSTEM


@dataclass
class Tree:
    """A folder as it is walked."""

    root: Path
    follow_links: bool = False
    others: list[Entry] = field(default_factory=list)
    """What was met and is not taken."""
    _seen: dict[tuple[int, int], Path] = field(default_factory=dict)

    def folders(self, where: Path) -> list[Path]:
        """The folders in one that can be read, by name, links to folders under the root among them."""
        return [path for path, is_folder in self._entries(where) if is_folder and self._usable(path, nested=False)]

    def loose_files(self, where: Path, *, quiet: bool = True) -> list[Path]:
        """The files in one, by name. `quiet`: `folders` was asked too, and tells what else is there."""
        return [path for path, is_folder in self._entries(where, quiet=quiet) if not is_folder]

    def files(self, where: Path) -> Iterator[Path]:
        """All files in a folder and below it: those of a folder by name, then those of the folders in it."""
        inner = []
        for path, is_folder in self._entries(where):
            if is_folder:
                inner.append(path)
            else:
                yield path
        for path in inner:
            if self._usable(path, nested=True):
                yield from self.files(path)

    def _entries(self, where: Path, *, quiet: bool = False) -> list[tuple[Path, bool]]:
        try:
            with os.scandir(where) as entries:
                there = sorted((entry.name, _is_folder(entry)) for entry in entries)
        except OSError as error:
            if not quiet:
                self._leave(
                    where, f"an unreadable folder ({error.strerror})", "a folder one may read", "an unreadable folder"
                )
            return []
        found = []
        for name, is_folder in there:
            path = where / name
            if is_system(name):
                if not quiet:
                    self.others.append(LeftOut(str(self.root), _HIDDEN, "files that are shown", name))
            elif control_character(name):
                if not quiet:
                    inside = count_files(path) if path.is_dir() and not path.is_symlink() else 1
                    self._leave(path, _NAME, "names in UTF-8; rename it", _NAME, max(inside, 1))
            else:
                found.append((path, is_folder))
        return found

    def _usable(self, folder: Path, *, nested: bool) -> bool:
        """Whether to go into a folder: by links that lead out or lie deeper only with --follow-links; never twice."""
        target = folder.resolve() if folder.is_symlink() else None
        if target is not None and folder.parent.resolve().is_relative_to(target):
            self._leave(folder, f"a link back to {target}", "each folder once", _AGAIN)
            return False
        away = target is not None and (nested or not target.is_relative_to(self.root.resolve()))
        if away and not self.follow_links:
            self._leave(folder, f"a link to the folder {target}", "folders; or take --follow-links", "a linked folder")
            return False
        if self.follow_links:
            state = folder.stat()
            first = self._seen.setdefault((state.st_dev, state.st_ino), folder)
            if first != folder:
                self._leave(folder, f"the folder {first} a second time", "each folder once", _AGAIN)
                return False
        return True

    def _leave(self, path: Path, found: str, allowed: str, reason: str, rows: int = 1) -> None:
        self.others.append(Problem(str(path), None, found, allowed, reason=reason, rows=rows))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def count_files(folder: Path) -> int:
    """How many files lie in a folder and below it, links to folders apart."""
    return sum(len(names) for _, _, names in os.walk(folder))
