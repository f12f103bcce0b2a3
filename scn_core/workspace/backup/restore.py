"""A backup put in place, over a workspace or into a new folder: whole or not at all, and nothing is deleted."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from scn_core.disk import naming_full_disk
from scn_core.errors import ScnError, UsageError, WorkspaceError, counted, error_text, listed
from scn_core.files import make_private_folder, sync_folder
from scn_core.shell import command_line
from scn_core.store.backup import Contents, contents_of, copy_database, opened_copy, shut_out
from scn_core.store.check import broken_file, unsound
from scn_core.store.connection import check_schema, open_database, sole_access
from scn_core.store.decisions.imports import workspace_mark
from scn_core.store.events import keep_event
from scn_core.store.identity import settle_identity, workspace_id
from scn_core.store.newest_decision import newest_file, write_newest
from scn_core.store.people.people import people
from scn_core.store.schema.differences import schema_differences
from scn_core.store.schema.migrations import migrations
from scn_core.store.sqlite_errors import UNREADABLE, is_damage, is_passing
from scn_core.store.taken_out import TakenOut
from scn_core.workspace.backup.archive import DATABASE, PICTURES, ROUNDS, SETTINGS, extract_archive
from scn_core.workspace.backup.loss import Old, by_person, look_at, look_for_unseen, newer_rounds, refuse_loss
from scn_core.workspace.backup.make import make_backup
from scn_core.workspace.backup.soundness import planted_triggers
from scn_core.workspace.check import check_database
from scn_core.workspace.folder import Workspace
from scn_core.workspace.moves import STAGING, Move, finish_moves, make_moves
from scn_core.workspace.toml import OWN_PICTURES, change_root, read_settings

_MAGIC = b"SQLite format 3\0"
_BESIDE = ("", "-wal", "-shm", "-journal", "-newest")
"""What follows the name of a database in those of its files."""
_HARMLESS = {"backups", "lost+found", "server.lock", "train.lock", STAGING}
"""What may lie in a folder that a workspace is restored into as a new one."""
_NAMED = 5
TakeOut = Callable[[Database, TakenOut, Callable[[int], Path]], None]
"""Takes faces and people out of a database, and of the files of its rounds, whose folders the last argument tells."""


@dataclass(frozen=True)
class Restored:
    """What a restore did."""

    workspace: str
    file: str
    decisions: int
    rounds_without_files: tuple[int, ...]
    lost: dict[str, int] = field(default_factory=dict)
    """Decisions of the state that was replaced which the backup does not have, by person."""
    before: str | None = None
    """Backup of the state that was replaced; None: there was none, or it could not be read."""
    aside: str | None = None
    """Folder with the files that were replaced; None: there were none."""
    no_pictures_at: str | None = None
    """The folder of the pictures, where it is not there."""
    pictures_were_at: str | None = None
    """The folder of the pictures before those of the backup took its place; None: it is as before."""
    wrong: tuple[str, ...] = ()
    """What is not as it was written in the database that was put back all the same."""
    back: TakenOut | None = None
    """Faces and people of the backup that were taken out after it was made; None: nothing tells."""
    accounts: bool = True
    """Whether anybody has an active account; a backup may be older than all of them."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    def describe(self) -> str:
        """For people: what is there now, where the rest is, and what is left to do."""
        lines = [f"{self.workspace}: as in {self.file}, with {counted(self.decisions, 'decision')}"]
        if self.wrong:
            named = listed(self.wrong[:_NAMED], len(self.wrong))
            lines.append(f"put back although it is not as it was written: {named}; what to do about it: "
                         f"{command_line('check', Path(self.workspace))}")  # fmt: skip
        if self.lost:
            lines.append(f"not in it, and set aside: {by_person(self.lost)}")
        if self.before is not None:
            lines.append(f"backup of what was here before: {self.before}")
        if self.aside is not None:
            lines.append(f"files that were replaced: {self.aside}; nothing reads them, and they may be removed")
        if self.rounds_without_files:
            named = listed([str(number) for number in self.rounds_without_files[:_NAMED]],
                           len(self.rounds_without_files))  # fmt: skip
            lines.append(f"without files, as the backup has none: rounds {named}; their scores and answers are here")
        if self.no_pictures_at is not None:
            there = command_line("relocate", Path(self.workspace), "--root", "DIR")
            lines.append(f"no pictures at {self.no_pictures_at}: put them there, or say where they are: {there}")
        if self.pictures_were_at is not None:
            said = f"pictures are those of the backup, in {Path(self.workspace) / OWN_PICTURES}; before, they were in "
            said += self.pictures_were_at
            if Path(self.pictures_were_at).is_dir():
                again = command_line("relocate", Path(self.workspace), "--root", self.pictures_were_at)
                said += f", which is still there: to use those again: {again}"
            lines.append(said)
        if self.back is None:
            lines.append(
                "nothing here tells whether faces or people were taken out after the backup was made; if any were, "
                "they are in again: take them out once more"
            )
        if self.accounts:
            lines.append("everybody signs in again, with the password of then, and scripts need new access tokens")
        else:
            add = command_line("person", "add", Path(self.workspace), "NAME", "--role", "lead", program="review_app")
            lines.append(f"nobody has an account in it: it is older than all of them. To add a lead: {add}")
        return "\n".join(lines)


def restore(
    file: Path,
    workspace: Workspace,
    *,
    force: bool = False,
    take_out: TakeOut | None = None,
    progress: Callable[[int], None] = lambda more: None,
) -> Restored:
    """Put a backup in place, checked whole before anything is changed.

    What is there now is backed up first, with the files of rounds, and its files are set aside in a folder
    `replaced-...`, with a -wal or -shm that was left over and folders of rounds that the backup's database does not
    know. A program that is killed leaves the old state or the new one: a restore that was decided on is finished by
    whoever opens the workspace next.

    Args:
        file: a backup, or a copy of a database alone: settings and files of rounds then stay as they are.
        workspace: the folder: of a workspace, damaged or not, new or empty.
        force: also where decisions or rounds would be lost, or where that cannot be told, and a database that is not as
            it was written.
        take_out: called with what the backup would bring back, before it is put in place; None: it is brought back.
        progress: hears how many more bytes are read.

    Raises WorkspaceError for a file that is no whole backup, where `force` is needed, and while another process works
    with the workspace.
    """
    with _folder(workspace), workspace.training_lock():
        finish_moves(workspace.path)
        staging = workspace.path / STAGING
        shutil.rmtree(staging, ignore_errors=True)
        make_private_folder(staging)
        try:
            with naming_full_disk(staging):
                return _restored(file, workspace, staging, force, take_out, progress)
        finally:
            if not (staging / "moves.json").exists():
                shutil.rmtree(staging, ignore_errors=True)


def _restored(
    file: Path,
    workspace: Workspace,
    staging: Path,
    force: bool,
    take_out: TakeOut | None,
    progress: Callable[[int], None],
) -> Restored:
    new = staging / "new"
    new.mkdir()
    contents, mark, wrong = _unpack(file, new, progress)
    _refuse_unsound(file, wrong, force)
    pictures_were_at = _use_own_pictures(file, new) if (new / PICTURES).exists() else None
    if not (new / SETTINGS).exists() and not workspace.settings_file.exists():
        found = "a copy of a database, without the settings of a workspace"
        do = "name the workspace it is of, or restore a backup made by `backup`"
        raise WorkspaceError(error_text(str(file), found, f"with it, a folder that has {SETTINGS}", do))
    with ExitStack() as held:
        before, old, copy = None, Old(), staging / DATABASE
        if workspace.database_file.exists():
            source = held.enter_context(sole_access(workspace.database_file))
            with copy.open("xb") as target:
                shutil.copyfileobj(source, target)
            if (wal := _beside(workspace, "-wal")).exists():
                shutil.copyfile(wal, staging / wal.name)
            old = look_at(copy, new / DATABASE, mark)
        old = look_for_unseen(workspace, old, contents)
        refuse_loss(file, workspace, old, contents, force)
        if old.contents is not None:
            with opened_copy(copy) as db:
                before = make_backup(workspace, db, "restore", progress=progress)
        mode = workspace.database_file.stat().st_mode & 0o777 if workspace.database_file.exists() else 0o600

        def folder_of(number: int) -> Path:
            folder = workspace.round_folder(number)
            coming = new / folder.relative_to(workspace.path)
            return coming if coming.exists() else folder

        try:
            wrong = (*wrong, *_settle(new / DATABASE, file, old, take_out, folder_of))
        except (*UNREADABLE, WorkspaceError) as error:
            if not _is_damage(error):  # of what is only written, such as a default
                raise
            raise _unusable(file, _words(error)) from error
        _refuse_unsound(file, wrong, force)
        (new / DATABASE).chmod(mode)
        with opened_copy(new / DATABASE, read_only=True) as db:
            accounts = any(each.active for each in people(db))
        aside, moves = _moves(workspace, new, old, contents)
        make_moves(workspace.path, moves)
    missing = tuple(number for number in sorted(contents.rounds) if not workspace.round_folder(number).is_dir())
    root = workspace.settings().root
    return Restored(
        str(workspace.path), str(file), contents.decisions, missing, old.lost,
        None if before is None else str(before), None if aside is None else str(aside),
        None if Path(root).is_dir() else root, pictures_were_at, wrong, old.taken_out, accounts,
    )  # fmt: skip


def _unpack(file: Path, new: Path, progress: Callable[[int], None]) -> tuple[Contents, str, tuple[str, ...]]:
    """Leave a backup's files in a folder, on the disk; what its database holds, whose it is, what is wrong in it."""
    if not file.is_file():
        raise WorkspaceError(error_text(str(file), "no such file", "a backup, as `backup` writes it"))
    with file.open("rb") as opened:
        alone = opened.read(len(_MAGIC)) == _MAGIC
    database = new / DATABASE
    if not alone and DATABASE not in extract_archive(file, new, progress).members:
        raise WorkspaceError(error_text(str(file), f"no {DATABASE} in it", "a backup of a workspace"))
    try:
        if alone:
            database.touch()
            with opened_copy(file, read_only=True) as db:
                copy_database(db, database, progress)
        shut_out(database)
        with opened_copy(database) as db:
            check_schema(db, file)
            if pages := broken_file(db):
                raise WorkspaceError(f"a damaged database ({pages[0]})")
            if planted := planted_triggers(db):
                raise WorkspaceError(f"{listed(planted[:_NAMED], len(planted))}, which no version makes")
            # The quick check is of today's tables: an older database is checked, in full, once it has them.
            wrong = (*schema_differences(db).describe(), *(unsound(db) if not migrations.pending(db) else ()))
            contents, mark = contents_of(db), workspace_mark(db)
    except (*UNREADABLE, WorkspaceError) as error:
        if is_passing(error):
            raise
        text = _words(error).removeprefix(f"{file}: ").removeprefix(f"{database}: ")
        raise _unusable(file, text) from error
    for path in (database, *(each for each in new.rglob("*") if each.is_dir()), new):
        sync_folder(path)
    write_newest(database, contents.newest)
    return contents, mark, wrong


def _use_own_pictures(file: Path, new: Path) -> str | None:
    """Have the settings name the pictures that came with the backup; where they were before, if that is elsewhere."""
    try:
        before = read_settings(new / SETTINGS).root
        change_root(new / SETTINGS, OWN_PICTURES)
    except WorkspaceError as error:  # the file that it names is gone once this has ended
        raise WorkspaceError(f"{file}: {str(error).removeprefix(f'{new}/')}") from error
    return None if Path(before).is_relative_to(new.resolve()) else before


def _is_damage(error: Exception) -> bool:
    return not isinstance(error, ScnError) or is_damage(error)


def _words(error: Exception) -> str:
    """What SQLite said, without the way on that ours names for the file in the staging folder, which is gone then."""
    return str(error.__cause__ if isinstance(error, ScnError) and is_damage(error) else error)


def _unusable(file: Path, why: str) -> WorkspaceError:
    database = file if file.suffix != ".zip" else DATABASE
    rescue = "" if database is file else f"after {shlex.join(['unzip', str(file), DATABASE])}, "
    rescue += f"by {shlex.join(['sqlite3', str(database), '.recover'])}"
    do = f"take another backup; without one, rows that are whole are got out {rescue}"
    return WorkspaceError(f"{file}: its database cannot be used: {why}; {do}")


def _settle(
    database: Path, file: Path, old: Old, take_out: TakeOut | None, folder_of: Callable[[int], Path]
) -> tuple[str, ...]:
    """Bring the database that is to be put in place up to date; its log says where it comes from, and it is no copy.

    What the full check finds where the schema was an older one: no quick check could be made of that.
    """
    with opened_copy(database) as db:
        older = bool(migrations.pending(db))
    with closing(open_database(database)) as db:
        wrong = [line for each in check_database(db) for line in each.found] if older else []
        about = {"file": file.name, "decisions set aside": sum(old.lost.values())}
        keep_event(db, "backup restored", about, by=None)
        if take_out is not None and old.taken_out:
            take_out(db, old.taken_out, folder_of)
        if workspace_id(db) is not None:
            settle_identity(db)  # the file keeps its inode as it is moved into place
    shut_out(database)
    shutil.rmtree(database.parent / "backups", ignore_errors=True)  # the same, before a migration
    sync_folder(database)
    return tuple(wrong)


def _refuse_unsound(file: Path, wrong: tuple[str, ...], force: bool) -> None:
    if wrong and not force:
        found = f"a database that is not as it was written ({listed(list(wrong[:_NAMED]), len(wrong))})"
        do = "take another backup; to put this one back all the same, add --force"
        raise WorkspaceError(error_text(str(file), found, "one that the check finds sound", do))


def _moves(workspace: Workspace, new: Path, old: Old, contents: Contents) -> tuple[Path | None, list[Move]]:
    """The folder for what is replaced, if anything is, and all moves in their order."""
    coming = [name for name in (DATABASE, newest_file(Path(DATABASE)).name, SETTINGS) if (new / name).exists()]
    coming += [f"{ROUNDS}/{folder.name}" for folder in _rounds_in(new)]
    going = [f"{name}{end}" for name in (DATABASE, workspace.thumbs_file.name) for end in _BESIDE]
    going += [SETTINGS] if SETTINGS in coming else []
    going += [OWN_PICTURES] if (new / PICTURES).exists() else []
    changed = newer_rounds(old, contents)
    for folder in _rounds_in(workspace.path):
        number, name = int(folder.name), f"{ROUNDS}/{folder.name}"
        if name in coming or number not in contents.rounds or number in changed:
            going.append(name)
    going = [name for name in going if os.path.lexists(workspace.path / name)]
    stem = f"replaced-{datetime.now(UTC):%Y-%m-%d-%H%M%S}"
    names = itertools.chain([stem], (f"{stem}-{count}" for count in itertools.count(2)))
    aside = next(name for name in names if not (workspace.path / name).exists())
    moves = [(name, f"{aside}/{name}") for name in going]
    staged = f"{STAGING}/{new.name}"
    moves += [(f"{staged}/{name}", name) for name in coming]
    moves += [(f"{staged}/{PICTURES}", OWN_PICTURES)] if (new / PICTURES).exists() else []
    return workspace.path / aside if going else None, moves


def _rounds_in(folder: Path) -> list[Path]:
    """The folders of rounds in it; those that were left over before have another kind of name."""
    found = (folder / ROUNDS).iterdir() if (folder / ROUNDS).is_dir() else iter(())
    return sorted(each for each in found if re.fullmatch(r"\d{4,}", each.name))


def _beside(workspace: Workspace, end: str) -> Path:
    return Path(f"{workspace.database_file}{end}")


@contextmanager
def _folder(workspace: Workspace) -> Iterator[None]:
    """The folder to restore into, made where there is none; an error then removes it again.

    Raises UsageError for a file, or a folder of other things, and WorkspaceError where its rounds are on another disk.
    """
    place, new = workspace.path, not workspace.path.exists()
    if not new and not place.is_dir():
        raise UsageError(error_text(str(place), "a file", "the folder of a workspace, or a new one"))
    make_private_folder(place)
    try:
        known = [*(_beside(workspace, end) for end in _BESIDE), workspace.settings_file, place / STAGING]
        others = sorted({each.name for each in place.iterdir()} - _HARMLESS)
        if others and not any(each.exists() for each in known):
            found = f"{listed(others[:_NAMED], len(others))}, which are no workspace"
            raise UsageError(error_text(str(place), found, "the folder of a workspace, an empty or a new one"))
        rounds = place / ROUNDS
        if rounds.exists() and rounds.stat().st_dev != place.stat().st_dev:
            found = f"a folder {ROUNDS} on another disk"
            raise WorkspaceError(error_text(str(place), found, "all on one", "restore into a new folder"))
        yield
    except BaseException:
        if new:
            shutil.rmtree(place, ignore_errors=True)
        raise
