"""workspace.toml: what it says, and how it is written without losing what people put into it by hand."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from scn_core.config import BackupSettings, ReviewSettings
from scn_core.errors import WorkspaceError, error_text
from scn_core.files import write_text
from scn_core.hook_settings import HookSettings, read_hooks
from scn_core.workspace.access import ACCESS, Access

_HEADER = """\
# A workspace of self-cure-labels. The labels themselves are in review.db.
# Options of `python -m scn_core train` may be set for good under [train], such as: epochs = 40

"""
OWN_PICTURES = "images"
"""Folder of a workspace for pictures that are drawn, or unpacked from a table."""
DRAWN_OR_UNPACKED = ("demo", "ferplus", "fer2013")
"""The data sets whose pictures may lie there."""
FETCHED = "fetched"
"""Folder of a workspace for copies of pictures and lists that are elsewhere."""
PATHS = ("root", "csv", "unpack_to")
"""Options of [source] that are paths."""


@dataclass(frozen=True)
class WorkspaceSettings:
    """What workspace.toml says."""

    dataset: str
    root: str
    """Folder that sample paths are relative to; absolute. The file has it relative to the workspace where it lies in
    it."""
    classes: list[str]
    """For reading along; the database decides."""
    seed: int = 0
    noise: str = ""
    """Noise put into the training labels at the start, such as symmetric:0.2; empty for none."""
    source: dict[str, Any] = field(default_factory=dict)
    """The options the data set was read with, paths absolute as `root` is."""
    train: dict[str, Any] = field(default_factory=dict)
    """Options of a round, overridden by flags."""
    review: ReviewSettings = field(default_factory=ReviewSettings)
    """How rounds are reviewed."""
    backup: BackupSettings = field(default_factory=BackupSettings)
    """Which backups are made without being asked for, and how many are kept."""
    hooks: tuple[HookSettings, ...] = ()
    """Other programs that are told of what happens."""
    access: Access = "owner"
    """Who may read the databases: the account that owns them, or its group too."""

    @property
    def shown_root(self) -> str:
        """Where the pictures are, for people: the address, where `root` is the folder of copies."""
        return str(self.source.get("root_address") or self.root)


_TYPES: dict[str, type] = {
    "dataset": str, "root": str, "classes": list, "seed": int, "noise": str, "access": str,
    "source": dict, "train": dict, "review": dict, "backup": dict, "hooks": list,
}  # fmt: skip
_WORDS: dict[type, str] = {str: "text", list: "a list", int: "a whole number", dict: "a table"}


def read_settings(file: Path) -> WorkspaceSettings:
    """What the file says. Raises WorkspaceError where it is missing or not right."""
    if not file.is_file():
        raise WorkspaceError(
            error_text(str(file.parent), "no workspace.toml", "a workspace made by `python -m scn_core init`")
        )
    content = _parsed(file)
    known = {f.name for f in fields(WorkspaceSettings)}
    if unknown := sorted(set(content) - known):
        raise WorkspaceError(error_text(str(file), ", ".join(unknown), ", ".join(sorted(known))))
    if missing := [name for name in ("dataset", "root", "classes") if name not in content]:
        raise WorkspaceError(f"{file}: lacks {', '.join(missing)}; put it back")
    for name, value in content.items():
        if not isinstance(value, _TYPES[name]):
            raise WorkspaceError(error_text(str(file), f"{name} = {value!r}", _WORDS[_TYPES[name]]))
    if content.get("access", "owner") not in ACCESS:
        raise WorkspaceError(error_text(str(file), f"access = {content['access']!r}", " or ".join(ACCESS)))
    review = ReviewSettings.from_table(content.pop("review", {}), source=f"{file}, table [review]")
    backup = BackupSettings.from_table(content.pop("backup", {}), source=f"{file}, table [backup]")
    hooks = read_hooks(content.pop("hooks", []), source=str(file))
    content["root"] = _root(file.parent, content["root"], content["dataset"])
    source = content.get("source", {})
    content["source"] = source | {name: _absolute(file.parent, source[name]) for name in PATHS if source.get(name)}
    return WorkspaceSettings(**content, review=review, backup=backup, hooks=hooks)


def _root(folder: Path, root: str, dataset: str) -> str:
    """The folder of the pictures, absolute.

    Files of earlier versions have it absolute even where it lies in the workspace, as that of drawn or unpacked
    pictures does, which is always called `images`. Once such a workspace was moved, the folder in it is meant, and not
    what may lie in the old place by now.
    """
    inside = folder / OWN_PICTURES
    if dataset in DRAWN_OR_UNPACKED and Path(root).name == OWN_PICTURES and inside.is_dir():
        return str(inside.resolve())
    return _absolute(folder, root)


def _absolute(folder: Path, path: str) -> str:
    return path if Path(path).is_absolute() else str((folder / path).resolve())


def relative_to(folder: Path, path: Path) -> str:
    """How workspace.toml in `folder` writes a path: relative where it lies in the folder, so that both may be moved."""
    resolved, home = path.resolve(), folder.resolve()
    return resolved.relative_to(home).as_posix() if resolved.is_relative_to(home) else str(resolved)


def change_root(file: Path, root: str) -> None:
    """Set `root` in the file; every other line of it stays as it is, comments too.

    Raises WorkspaceError where the file is written in a way that cannot be changed.
    """
    before = _parsed(file)
    try:
        document = tomlkit.parse(_text(file))
        document["root"] = root
        changed = tomlkit.dumps(document)
        right = tomllib.loads(changed) == before | {"root": root}
    except (TOMLKitError, ValueError, TypeError, RecursionError):
        right = False
    if not right:  # a fault of the library must not cost anyone their settings
        found = "root written in a way that cannot be changed from here"
        raise WorkspaceError(error_text(str(file), found, 'one line root = "FOLDER"', "change it by hand"))
    write_text(file, changed)


def begin_settings(file: Path, values: Mapping[str, Any]) -> None:
    """Write a new file, whole or not at all."""
    write_text(file, _HEADER + tomlkit.dumps(values))


def change_table(file: Path, table: str, values: Mapping[str, Any]) -> None:
    """Set `values` in a table of the file, or remove those that are None; everything else in it stays as it is,
    comments too.

    Raises WorkspaceError where the table is written in a way that cannot be changed.
    """
    before = _parsed(file)
    try:
        document = tomlkit.parse(_text(file))
        section = document.setdefault(table, tomlkit.table())
        for name, value in values.items():
            if value is not None:
                section[name] = value
            elif name in section:
                del section[name]
        changed = tomlkit.dumps(document)
        merged = before.get(table, {}) | dict(values)
        said = {name: value for name, value in merged.items() if value is not None}
        right = tomllib.loads(changed) == before | {table: said}
    except (TOMLKitError, ValueError, TypeError, RecursionError):
        right = False
    if not right:  # such as `review = 1`; and a fault of the library must not cost anyone their settings
        found = f"table {table} written in a way that cannot be changed from here"
        allowed = f"a line [{table}] and one line for each setting beneath"
        raise WorkspaceError(error_text(str(file), found, allowed, "write it so, or change it by hand"))
    write_text(file, changed)


def _text(file: Path) -> str:
    return file.read_bytes().decode("utf-8-sig")  # as it is, line ends too


def _parsed(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(file))
    except (ValueError, RecursionError) as error:  # ValueError: also a number of thousands of digits
        raise WorkspaceError(f"{file}: not valid TOML ({error}); correct it") from error
