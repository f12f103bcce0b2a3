"""Backups made while people work: one file with the database, the settings and, asked for, all else."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from sqlite_utils import Database

from scn_core import __version__
from scn_core.config import BackupSettings
from scn_core.disk import check_room
from scn_core.errors import DamageError, DiskFullError, ScnError, WorkspaceError, error_text, listed
from scn_core.files import remove_abandoned, scratch_file
from scn_core.permissions import in_our_words
from scn_core.shell import command_line
from scn_core.store.backup import Contents, bytes_of, contents_of, copy_database, opened_copy, shut_out
from scn_core.store.current_labels import revision
from scn_core.store.decisions.imports import workspace_mark
from scn_core.store.samples import iter_samples, withdrawn_samples
from scn_core.store.schema.migrations import migrations
from scn_core.store.sqlite_errors import UNREADABLE, database_path, is_passing, plain_errors
from scn_core.workspace.backup.archive import (
    DATABASE,
    PICTURES,
    ROUNDS,
    SETTINGS,
    BackupManifest,
    Cause,
    StoredBackup,
    read_archive,
    write_archive,
)
from scn_core.workspace.backup.rotation import superseded
from scn_core.workspace.backup.soundness import unsound_copy
from scn_core.workspace.folder import Workspace

ROTATED: tuple[Cause, ...] = ("import", "round", "migration", "restore")
"""Backups that nobody asked for: older ones are removed as newer ones come."""
_FIRST = "checkpoint.pt"
"""Copied before the other files of a round in training: of those it needs no less than it had when it was written."""
_KEPT_DAMAGED: tuple[Cause, ...] = ("manual", "deleted")
"""Of a damaged database these are kept, for a rescue: where somebody wanted them, or as nothing else is left. What the
program makes by itself lies beside review.db, which is there still."""
_ONE = BackupSettings(keep=1, days=0, weeks=0)
_NAMED = 3
_MIGRATION = re.compile(r"[\w.-]+-before-m\d{4}_\w+\.db")
"""Names of the copies that are made of a database before it is brought up to date."""


class DamagedBackup(DamageError):
    """No backup was made, as the database is damaged."""

    def __init__(self, database: Path, found: str, kept: Path | None, cause: Cause) -> None:
        """`kept`: the file in which what could be copied is kept for a rescue; None: nowhere."""
        self.kept = kept
        text = f"{database}: the file is damaged ({found}), so no backup was made of it"
        text += "; all older backups were left alone" if cause == "manual" else ""
        text += "" if kept is None else f"; what could be copied is in {kept}, for a rescue, and is no backup"
        if cause != "deleted":
            check, repair = (command_line("check", database.parent, *options) for options in ((), ("--repair",)))
            text += f"; see how far it goes with: {check}; what follows from other rows is mended with: {repair}"
        text += f"; otherwise put a backup back with: {command_line('restore', 'BACKUP', database.parent, '--force')}"
        super().__init__(text)


class Rotated(NamedTuple):
    """What became of backups that newer ones take the place of, by name."""

    removed: list[str]
    fuller: list[str]
    """Kept: they have files of rounds, or pictures, that no newer one has."""


@dataclass(frozen=True)
class BackupFile:
    """A backup that there is."""

    name: str
    bytes: int
    cause: Cause
    made_at: str
    """UTC, ISO-8601."""
    by: str = ""
    decisions: int | None = None
    """None: a copy of the database alone, which does not say."""
    revision: str | None = None
    whole: bool = False
    """The files of rounds are in it."""
    pictures: bool = False
    missing_pictures: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def make_backup(
    workspace: Workspace,
    db: Database,
    cause: Cause = "manual",
    *,
    out: Path | None = None,
    by: str = "",
    whole: bool = True,
    pictures: bool = False,
    settings: Path | None = None,
    progress: Callable[[int], None] = lambda more: None,
    begins: Callable[[str], None] = lambda what: None,
) -> Path:
    """Write a backup of the workspace as it is now, for its owner alone to read; others read and write meanwhile.

    All that was committed before the call is in it. Password hashes are, as people sign in with them once it is
    restored; sessions, access tokens and secret.key are not.

    Args:
        workspace: the workspace.
        db: its database, outside of a transaction.
        cause: why it is made.
        out: a folder that is there, or the file; by default the workspace's folder `backups`.
        by: who asked for it.
        whole: with the files of rounds; otherwise database and settings alone.
        pictures: with the pictures of all faces, too.
        settings: a file that is taken for workspace.toml, where that is not there any more.
        progress: hears how many more bytes are read.
        begins: hears what is done next, such as "packing".

    What was copied is checked as a restore would do it, in the copy: nobody waits for that. A copy that is not sound
    is no backup. One that somebody asked for, or of a database that was deleted, is kept for a rescue, in a file of
    cause `damaged` beside where the backup would be; before a restore it is kept as it is.

    Raises DamagedBackup for a copy that is not sound, so that nobody removes older backups for it, and DiskFullError
    where there is no room; what was begun is removed.
    """
    moment = datetime.now(UTC)
    file = _file(workspace, out, cause, moment)
    _make_folder(file.parent)
    remove_abandoned(file.parent)
    check_room(file, bytes_of(db), "a copy of the database on the way to a backup")
    with scratch_file(file) as copy:
        begins("copying")
        copy_database(db, copy, progress, shut=False)
        begins("checking the copy")
        with opened_copy(copy) as copied:
            wrong = [] if cause == "restore" else unsound_copy(copied)
        settings = settings or workspace.settings_file
        write = partial(_written, workspace, copy, settings, moment=moment, by=by, whole=whole, progress=progress)
        if wrong:
            kept = None
            with suppress(*UNREADABLE, WorkspaceError):
                shut_out(copy)  # what lets in are hashes: where they cannot be left out, a restore does
            if cause in _KEPT_DAMAGED:
                with suppress(DiskFullError):
                    file = _file(workspace, out, "damaged", moment)
                    kept = write(file, "damaged", pictures=False)
                    rotate(file.parent, "damaged", _ONE, like=kept, made=kept)
            raise DamagedBackup(database_path(db), listed(wrong[:_NAMED], len(wrong)), kept, cause)
        with plain_errors(copy):
            shut_out(copy)
        begins("packing")
        return write(file, cause, pictures=pictures)


def _written(
    workspace: Workspace,
    copy: Path,
    settings: Path,
    file: Path,
    cause: Cause,
    *,
    moment: datetime,
    by: str,
    whole: bool,
    pictures: bool,
    progress: Callable[[int], None],
) -> Path:
    """The file of a backup, made of a copy of the database."""
    with opened_copy(copy) as copied:
        found = _pictures(workspace, copied) if pictures else None
        try:
            contents, mark = contents_of(copied), workspace_mark(copied)
            at = f"d{contents.newest}" if migrations.pending(copied) else str(revision(copied))
            schema = [migration.name for migration in migrations.applied(copied)][-1]
        except (*UNREADABLE, WorkspaceError, StopIteration) as error:
            if cause != "damaged" or is_passing(error):
                raise
            contents, mark, at, schema = Contents(0, 0, {}), "", "", ""
    manifest = BackupManifest(
        workspace=workspace.path.resolve().name,
        mark=mark,
        cause=cause,
        by=by,
        made_at=_iso(moment),
        revision=at,
        decisions=contents.decisions,
        whole=whole,
        pictures=pictures,
        missing_pictures=0 if found is None else found.missing(),
        version=__version__,
        schema=schema,
    )
    rounds = sorted(contents.rounds) if whole else []
    write_archive(file, manifest, list(_members(workspace, copy, settings, rounds, found)), progress)
    return file


def _make_folder(folder: Path) -> None:
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if not os.access(there, os.W_OK):
        found = "a folder that this user may not write to"
        raise WorkspaceError(error_text(str(there), found, "one that may be written to", "name another with --out"))
    folder.mkdir(parents=True, exist_ok=True)


def automatic_backup(workspace: Workspace, db: Database, cause: Cause) -> Path | None:
    """A backup of database and settings, where table [backup] of workspace.toml has not turned that off.

    Then those that need not be kept are removed. Files of rounds stay as they are once a round has ended, so a backup
    that is put back beside them needs none of its own.
    """
    settings = workspace.settings().backup
    if not settings.automatic:
        return None
    made = make_backup(workspace, db, cause, whole=False)
    for each in ROTATED:
        rotate(workspace.backups, each, settings, made=made)
    return made


def backup_after_round(workspace: Workspace, db: Database) -> str | None:
    """An automatic backup once a round has ended, which is whole without; the reason where there is none."""
    try:
        automatic_backup(workspace, db, "round")
    except ScnError as error:
        return str(error)
    except OSError as error:
        return str(in_our_words(error))
    except KeyboardInterrupt:
        return "stopped by hand"
    return None


def rotate(
    folder: Path, cause: Cause, settings: BackupSettings, *, like: Path | None = None, made: Path | None = None
) -> Rotated:
    """Remove the backups of a cause that need not be kept, but none with a file of a round or a picture that no newer
    one has: what is not there any more may be wanted back.

    Args:
        folder: where they lie.
        cause: the cause.
        settings: which are kept.
        like: those of this one's workspace alone.
        made: this one has just been made, and is kept whatever the times of others say: a clock may have been wrong.
    """
    mark, found = None if like is None else _mark_of(like), dict[str, tuple[datetime, StoredBackup | None]]()
    for file in backup_files(folder):
        with suppress(WorkspaceError, OSError):
            stored = None if _MIGRATION.fullmatch(file.name) else read_archive(file)
            about = _about(file, stored)
            if about.cause == cause and (mark is None or (stored is not None and stored.manifest.mark == mark)):
                moment = datetime.max.replace(tzinfo=UTC) if file == made else datetime.fromisoformat(about.made_at)
                found[about.name] = moment, stored
    old = superseded([(moment, name) for name, (moment, _) in found.items()], settings)
    removed, fuller, kept = list[str](), list[str](), list[StoredBackup]()
    for name, (_, stored) in sorted(found.items(), key=lambda each: each[1][0], reverse=True):
        if name not in old:
            kept += [] if stored is None else [stored]
        elif stored is None or any(_has_files_of(each, stored) for each in kept):
            (folder / name).unlink(missing_ok=True)
            removed.append(name)
        else:
            kept.append(stored)
            fuller.append(name)
    return Rotated(removed, fuller)


def _has_files_of(newer: StoredBackup, older: StoredBackup) -> bool:
    """Whether a backup has all that another has beside the database: files of rounds by name, pictures by number, as
    some may have left the data set."""
    rounds = {name for name in older.members if name.startswith(f"{ROUNDS}/")}
    pictures = not older.manifest.pictures or (
        newer.manifest.pictures and newer.manifest.missing_pictures <= older.manifest.missing_pictures
    )
    return pictures and rounds <= newer.members.keys()


def keep_newest(folder: Path, count: int, *, like: Path) -> Rotated:
    """Remove all but the newest `count` backups made by hand of the workspace that the backup `like` is of, but for
    those with files that no newer one has."""
    return rotate(folder, "manual", BackupSettings(keep=count, days=0, weeks=0), like=like, made=like)


def backups_in(folder: Path) -> list[BackupFile]:
    """The backups in a folder, the newest first. Files that are none, are cut off or may not be read are passed
    over."""
    found = []
    for file in backup_files(folder):
        with suppress(WorkspaceError, OSError):
            found.append(about_backup(file))
    return sorted(found, key=lambda backup: (backup.made_at, backup.name), reverse=True)


def about_backup(file: Path) -> BackupFile:
    """What a backup says of itself. Raises WorkspaceError for what is none."""
    return _about(file, None if _MIGRATION.fullmatch(file.name) else read_archive(file))


def _about(file: Path, stored: StoredBackup | None) -> BackupFile:
    """`stored`: what is in it; None: it is a copy made before a migration, which does not say."""
    size = file.stat().st_size
    if stored is None:
        return BackupFile(file.name, size, "migration", _iso(datetime.fromtimestamp(file.stat().st_mtime, UTC)))
    said = stored.manifest
    return BackupFile(
        file.name, size, said.cause, said.made_at, said.by, said.decisions, said.revision, said.whole, said.pictures,
        said.missing_pictures,
    )  # fmt: skip


def is_backup(file: Path) -> bool:
    """Whether a file is a backup, by its manifest."""
    try:
        read_archive(file)
    except WorkspaceError:
        return False
    return True


def backup_files(folder: Path) -> list[Path]:
    """Files of a folder that have the name of a backup, in no order."""
    if not folder.is_dir():
        return []
    return [file for file in folder.iterdir() if file.suffix == ".zip" or _MIGRATION.fullmatch(file.name)]


def _mark_of(file: Path) -> str:
    return read_archive(file).manifest.mark


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _file(workspace: Workspace, out: Path | None, cause: Cause, moment: datetime) -> Path:
    """The file to write: a new name, unless one is given; always, where the database is damaged."""
    name = re.sub(r"[^\w.-]", "_", workspace.path.resolve().name) or "workspace"
    folder, stem = out or workspace.backups, f"{name}-{moment:%Y-%m-%d-%H%M%S}-{cause}"
    if out is not None and not out.is_dir():
        if cause != "damaged":
            return out
        folder, stem = out.parent, f"{out.stem}-{cause}"
    names = [stem, *(f"{stem}-{count}" for count in range(2, 1_000))]
    return next(file for each in names if not (file := folder / f"{each}.zip").exists())


def _members(
    workspace: Workspace, database: Path, settings: Path, rounds: list[int], pictures: _Pictures | None
) -> Iterator[tuple[str, Path]]:
    """Name in the backup and file, of all that goes in. The database first: it is no newer than the files."""
    yield DATABASE, database
    yield SETTINGS, settings
    for number in rounds:
        folder = workspace.round_folder(number)
        files = [file for file in folder.iterdir() if _is_round_file(file)] if folder.is_dir() else []
        for file in sorted(files, key=lambda file: (file.name != _FIRST, file.name)):
            yield f"{ROUNDS}/{folder.name}/{file.name}", file
    if pictures is not None:
        yield from ((f"{PICTURES}/{path}", pictures.root / path) for path in pictures.paths)


def _is_round_file(file: Path) -> bool:
    return file.is_file() and not file.is_symlink() and not file.name.endswith(".part")


class _Pictures(NamedTuple):
    """Files of faces, each once."""

    root: Path
    paths: tuple[str, ...]

    def missing(self) -> int:
        return sum(not (self.root / path).is_file() for path in self.paths)


def _pictures(workspace: Workspace, db: Database) -> _Pictures:
    gone = set(withdrawn_samples(db).tolist())
    paths = (each.sample.path for each in iter_samples(db) if each.id not in gone)
    return _Pictures(Path(workspace.settings().root), tuple(dict.fromkeys(paths)))
