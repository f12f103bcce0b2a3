"""A note beside the database of the newest decision that was saved, by which a database that lost some is told.

The log only grows. After every commit of decisions the number of the newest one is noted in review.db-newest; where the
database has fewer when it is opened, it is not the one that was saved: its -wal was removed, or it was copied without.
The note is not synced, so a power cut may leave an older number, which tells less, and never too much.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from sqlite_utils import Database

from scn_core.errors import WorkspaceError, error_text
from scn_core.shell import command_line
from scn_core.store.sqlite_errors import database_path

_SQL = "SELECT coalesce(max(seq), 0) FROM decision"
_DIGITS = 20


def newest_file(path: Path) -> Path:
    """Where the note of a database lies."""
    return path.with_name(f"{path.name}-newest")


def note_newest(db: Database) -> None:
    """Note the newest decision, once it is committed. Where that cannot be written, the note stays as it was."""
    path = database_path(db)
    if path.name:  # not in memory
        write_newest(path, db.execute(_SQL).fetchone()[0])


def write_newest(path: Path, newest: int) -> None:
    """The same with a number."""
    with suppress(OSError):
        file = os.open(newest_file(path), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            os.pwrite(file, f"{newest:0{_DIGITS}}\n".encode(), 0)
        finally:
            os.close(file)


def noted_newest(path: Path) -> int:
    """The number in the note; 0 where there is none."""
    try:
        return int(newest_file(path).read_bytes())
    except (OSError, ValueError):
        return 0


def check_newest(db: Database, path: Path, noted: int) -> None:
    """Raises WorkspaceError where the database has no decision `noted`, which was read before the database was."""
    newest = db.execute(_SQL).fetchone()[0]
    if newest >= noted:
        return
    lost = noted - newest
    found = f"decisions up to number {newest:,}, where {noted:,} were saved"
    restore = command_line("restore", "BACKUP", path.parent)
    do = (
        f"the last {lost:,} {'was' if lost == 1 else 'were'} in {path.name}-wal, which was removed, or not copied with "
        f"it: put that file back, or the newest backup: {restore}; to go on without them, remove "
        f"{newest_file(path).name}"
    )
    raise WorkspaceError(error_text(str(path), found, "a database with all of them", do))
