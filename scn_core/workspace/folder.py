"""The folder that holds everything about one data set: where each part lies, its settings, and how it is begun."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlite_utils import Database

from scn_core.config import ReviewSettings
from scn_core.datasets.demo_faces import draw_demo
from scn_core.datasets.noise import parse_noise, with_noise
from scn_core.datasets.paths import control_character
from scn_core.datasets.registry import find_dataset, read_manifest
from scn_core.datasets.source import Source
from scn_core.disk import existing, naming_full_disk
from scn_core.errors import UsageError, WorkspaceError, error_text
from scn_core.files import check_locks, make_private_folder, sync_folder, sync_tree
from scn_core.permissions import warn_of_other_owner
from scn_core.records import Manifest
from scn_core.shell import command_line
from scn_core.store.check import blaming_damage
from scn_core.store.connection import create_database, open_database
from scn_core.store.round_folder import round_folder
from scn_core.store.samples import insert_manifest
from scn_core.store.sqlite_errors import UNREADABLE, plain_errors
from scn_core.workspace.access import close_to_others
from scn_core.workspace.backup.fullest import require_database
from scn_core.workspace.fetched import brought, placed_at
from scn_core.workspace.moves import finish_moves
from scn_core.workspace.toml import (
    FETCHED,
    OWN_PICTURES,
    WorkspaceSettings,
    begin_settings,
    change_table,
    read_settings,
    relative_to,
)

_SETTINGS = "workspace.toml"
_LOOK_S = 1.0
"""How long a trainer waits for a look at its lock to end."""


def say_waiting(text: str) -> None:
    """A line on standard error."""
    print(text, file=sys.stderr, flush=True)


def workspaces_in(folder: Path) -> list[Path]:
    """The workspaces that lie in a folder, by name; none where it is a workspace itself, or no folder.

    A folder that this user may not look into counts as one: to open it says why that cannot be done. Raises OSError
    where the folder itself cannot be read.
    """
    try:
        entries = [] if _is_workspace(folder) else sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [entry for entry in entries if _may_be_workspace(entry)]


def fits_address(name: str) -> bool:
    """Whether an address can hold the name of a folder as it is, so that a server of many workspaces takes it."""
    return re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._~-]*", name) is not None


def _is_workspace(folder: Path) -> bool:
    return (folder / _SETTINGS).is_file()


def _may_be_workspace(folder: Path) -> bool:
    try:
        return _is_workspace(folder)
    except OSError:
        return folder.name != "lost+found"  # of the disk that is mounted here


@dataclass(frozen=True)
class Workspace:
    """Where the parts of a workspace lie."""

    path: Path

    @property
    def settings_file(self) -> Path:
        """workspace.toml."""
        return self.path / _SETTINGS

    @property
    def database_file(self) -> Path:
        """review.db."""
        return self.path / "review.db"

    @property
    def thumbs_file(self) -> Path:
        """thumbs.db."""
        return self.path / "thumbs.db"

    @property
    def pixels(self) -> Path:
        """Folder of decode-once caches."""
        return self.path / "pixels"

    @property
    def exports(self) -> Path:
        """Folder of exported labels that were made from the page."""
        return self.path / "exports"

    @property
    def backups(self) -> Path:
        """Folder of the backups that were made without saying where."""
        return self.path / "backups"

    @property
    def _lock_file(self) -> Path:
        return self.path / "train.lock"

    def round_folder(self, number: int) -> Path:
        """Folder of one round's files."""
        return round_folder(self.path, number)

    def set_aside(self, number: int, *, keep: str | None = None) -> Path | None:
        """Empty the folder of a round that is about to begin; what lay in it lies in the folder returned.

        Such files are of a round that the database does not know, as after a backup was put back. Nothing is deleted:
        they go to rounds/NNNN-left-1, or the next number that is free. None: the folder held nothing but, where it
        has one of that name, the file `keep`, which stays.
        """
        folder = self.round_folder(number)
        found = [entry for entry in folder.iterdir() if entry.name != keep] if folder.exists() else []
        if not found:
            return None
        names = (folder.with_name(f"{folder.name}-left-{count}") for count in itertools.count(1))
        aside = next(name for name in names if not name.exists())
        aside.mkdir()
        for entry in found:
            entry.rename(aside / entry.name)
        return aside

    def settings(self) -> WorkspaceSettings:
        """What workspace.toml says; a restore that was interrupted is finished before.

        Raises WorkspaceError where this is no workspace or the file is not right.
        """
        finish_moves(self.path)
        return read_settings(self.settings_file)

    def write_review(self, review: ReviewSettings) -> None:
        """Set table [review] of workspace.toml, for the rounds that begin from now on; all else in it stays.

        Raises WorkspaceError where this is no workspace, or the table is written in a way that cannot be changed.
        """
        self.settings()
        change_table(self.settings_file, "review", review.as_dict())

    def pictures(self) -> Path:
        """The folder that paths of faces are relative to. Raises WorkspaceError where it is not there."""
        settings = self.settings()
        root = Path(settings.root)
        if not root.is_dir():
            do = f"put it back, mount it or, if it was moved: {command_line('relocate', self.path)} --root DIR"
            if "root_address" in settings.source:
                do = f"fetch them again: {command_line('update', self.path)}"
            raise WorkspaceError(error_text("", f"no folder {root}", "the folder of the pictures", do))
        return root

    @contextmanager
    def database(
        self, *, read_only: bool = False, as_it_is: bool = False, on_wait: Callable[[str], None] | None = None
    ) -> Iterator[Database]:
        """The open database, closed afterwards; `as_it_is`: not brought up to date where it is of an older version.

        Its transactions wait for other programs that write as long as it takes; `on_wait` hears of each wait once, by
        default standard error does.

        Raises WorkspaceError where there is none, and, unless `read_only`, where the folder cannot be written to.
        """
        access = self.settings().access
        if not read_only:
            self._require_writable()
            close_to_others(self.path, access)
        require_database(self.database_file)
        patient = None if read_only else on_wait or say_waiting
        db = open_database(self.database_file, read_only=read_only, as_it_is=as_it_is, on_wait=patient)
        try:
            with plain_errors(self.database_file), blaming_damage(db):
                yield db
        finally:
            db.close()

    @contextmanager
    def training_lock(self) -> Iterator[None]:
        """Held by the one process that trains here; the system frees it when that process ends, however it ends.

        Raises WorkspaceError while another process has it; a moment's `is_training` elsewhere is waited for.
        """
        self._require_writable()
        check_locks(self.path)
        lock = FileLock(self._lock_file)
        try:
            lock.acquire(timeout=_LOOK_S)
        except Timeout as error:
            raise WorkspaceError(f"{self.path}: another trainer is at work here; wait for it or stop it") from error
        try:
            yield
        finally:
            lock.release()

    def is_training(self) -> bool:
        """Whether any process trains here now, whoever started it."""
        lock = FileLock(self._lock_file)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        lock.release()
        return False

    def _require_writable(self) -> None:
        if not self.path.is_dir():
            return
        if os.access(self.path, os.W_OK):
            warn_of_other_owner(self.path)
            return
        allowed = "one that may be written to; what only reads works here, such as status, proposals, evaluate, "
        allowed += "quality, export to another folder and the Python API"
        found = "a folder that this user may not write to"
        raise WorkspaceError(error_text(str(self.path), found, allowed, "copy it to work in the copy"))


def create_workspace(
    path: Path,
    dataset: str,
    source: Source,
    *,
    noise: str | None = None,
    strict: bool = False,
    demo_faces: int = 2000,
    progress: Callable[[int], None] = lambda done: None,
) -> Manifest:
    """Reads a data set into a new workspace and returns what was read, problems included.

    Data set `demo` is drawn first, under the source's root or, without one, in the workspace itself. A failure leaves
    no workspace behind, nor a folder that was not there before, but for copies of pictures elsewhere: calling again
    begins anew, and fetches what is not there yet. `progress` hears how many more rows (or drawn faces) are done.

    Raises UsageError, DataError, WorkspaceError where there is a workspace already, and DiskFullError.
    """
    workspace = Workspace(path)
    finish_moves(path)
    _refuse_unreadable_names(path, source)
    if workspace.settings_file.exists():
        raise WorkspaceError(error_text(str(path), "a workspace already", "a new folder", "name another one"))
    if path.exists() and not path.is_dir():
        raise WorkspaceError(error_text(str(path), "a file", "a folder, or the name of a new one"))
    _refuse_used_database(workspace)
    source.check(dataset, find_dataset(dataset).options)  # before anything is drawn
    spec = parse_noise(noise) if noise else None
    warn_of_other_owner(existing(path))
    with _removed_on_error(path), naming_full_disk(path):
        source = _placed(workspace, dataset, source, demo_faces, progress)
        with brought(path, dataset, source) as (read, elsewhere):
            manifest = read_manifest(dataset, read, strict=strict, progress=progress, elsewhere=elsewhere)
            manifest = placed_at(manifest, elsewhere)
            source = replace(source, root_address=read.root_address)
        if spec is not None:
            manifest = with_noise(manifest, spec, source.seed)
        sync_own_pictures(workspace, dataset, source)  # before a database counts on them
        _remove_database(workspace)  # of an init that was stopped half-way: without workspace.toml nobody uses it
        db = create_database(workspace.database_file)
        try:
            insert_manifest(db, manifest)
        finally:
            db.close()
        _write_settings(workspace, manifest, source, noise)
    return manifest


@contextmanager
def _removed_on_error(folder: Path) -> Iterator[None]:
    """Makes the folder, where there is none; an error then removes it again, with all that was put into it but copies
    of pictures elsewhere."""
    new = not folder.exists()
    make_private_folder(folder)  # faces and names are in it
    try:
        yield
    except Exception:
        if new:
            for entry in folder.iterdir():
                if entry.name != FETCHED:
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
            with suppress(OSError):  # copies of pictures were fetched
                folder.rmdir()
        raise


def sync_own_pictures(workspace: Workspace, dataset: str, source: Source) -> None:
    """Have the disk keep the pictures that reading the data set drew, unpacked or fetched; nothing for others."""
    own = [source.root if dataset == "demo" else source.unpack_to]
    if source.root_address or source.csv_address:
        own.append(workspace.path / FETCHED)
    for folder in own:
        if folder is not None and folder.is_dir():
            sync_folder(folder.parent)
            sync_tree(folder)


def _refuse_unreadable_names(path: Path, source: Source) -> None:
    """workspace.toml and the database keep paths as text."""
    for where in (path.absolute(), source.root, source.csv):
        if where is not None and control_character(str(where)):
            found = "a path that is not UTF-8 or has control characters"
            raise UsageError(error_text(str(where), found, "others", "rename the folder"))


def _placed(
    workspace: Workspace, dataset: str, source: Source, demo_faces: int, progress: Callable[[int], None]
) -> Source:
    """The source with every path absolute, and demo faces drawn where it points to."""
    changes: dict[str, Any] = {
        f.name: value.resolve() for f in fields(source) if isinstance(value := getattr(source, f.name), Path)
    }
    inside = workspace.path.resolve() / OWN_PICTURES
    if dataset in ("ferplus", "fer2013"):
        changes.setdefault("unpack_to", inside)
    if dataset == "demo":
        root = changes.setdefault("root", inside)
        if any(root.iterdir()) if root.is_dir() else False:
            _check_redrawable(root)
        draw_demo(root, count=demo_faces, seed=source.seed, progress=lambda done: progress(1))
    values = {f.name: getattr(source, f.name) for f in fields(source)}
    return Source(**(values | changes))


def _check_redrawable(root: Path) -> None:
    strange = sorted({entry.name for entry in root.iterdir()} - {"labels.csv", "faces"})
    if strange:
        raise UsageError(
            f"--root: {root} holds {', '.join(strange[:3])}; demo faces go into an empty or a demo folder; name another"
        )


def _refuse_used_database(workspace: Workspace) -> None:
    """A database that an init left half-way has no round; one that has belongs to a workspace that lost its toml."""
    if not workspace.database_file.exists():
        return
    try:
        with closing(sqlite3.connect(f"{workspace.database_file.resolve().as_uri()}?mode=ro", uri=True)) as db:
            used = db.execute("SELECT EXISTS (SELECT 1 FROM round)").fetchone()[0]
    except sqlite3.OperationalError:  # no such table: it did not come far
        used = False
    except UNREADABLE:
        used = True
    if used:
        found, do = "a review.db in use, but no workspace.toml", "put workspace.toml back, or move review.db away"
        raise WorkspaceError(error_text(str(workspace.path), found, "a new folder", do))


def _remove_database(workspace: Workspace) -> None:
    for suffix in ("", "-wal", "-shm", "-newest"):
        Path(f"{workspace.database_file}{suffix}").unlink(missing_ok=True)


def _write_settings(workspace: Workspace, manifest: Manifest, source: Source, noise: str | None) -> None:
    values: dict[str, Any] = {
        "dataset": manifest.dataset,
        "root": relative_to(workspace.path, manifest.root),
        "classes": list(manifest.classes.names),
        "seed": source.seed,
        "noise": noise or "",
        "source": {
            f.name: _plain(workspace, getattr(source, f.name))
            for f in fields(source)
            if f.name != "seed" and getattr(source, f.name) not in (None, False)
        },
        "review": asdict(ReviewSettings()),
        "train": {},
    }
    begin_settings(workspace.settings_file, values)


def _plain(workspace: Workspace, value: object) -> object:
    if isinstance(value, Path):
        return relative_to(workspace.path, value)
    return list(value) if isinstance(value, tuple) else value
