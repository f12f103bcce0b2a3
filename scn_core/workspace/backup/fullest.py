"""Which of the backups beside a database that is gone or damaged has most of what people answered."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from scn_core.errors import WorkspaceError, counted, error_text
from scn_core.shell import command_line
from scn_core.store.backup import contents_of, opened_copy
from scn_core.store.sqlite_errors import UNREADABLE
from scn_core.workspace.backup.archive import read_archive


def fullest_backup(database: Path) -> tuple[Path, int] | None:
    """The backup with most decisions in the folder `backups` beside a database, of these the newest, and how many it
    has. What cannot be read is passed over."""
    found: list[tuple[int, float, Path]] = []
    for pattern in ("*.zip", f"{database.stem}-before-m*.db"):
        for file in (database.parent / "backups").glob(pattern):
            with suppress(*UNREADABLE, WorkspaceError, OSError):
                if (decisions := _decisions(file)) is not None:
                    found.append((decisions, file.stat().st_mtime, file))
    if not found:
        return None
    decisions, _, file = max(found)
    return file, decisions


def restore_fullest(database: Path, *options: str) -> tuple[str, str]:
    """Which backup is best put back, in words, and the command that does it."""
    try:
        best = fullest_backup(database)
    except OSError:  # the folder may not be read
        best = None
    if best is None:
        which = f"none lies in {database.parent / 'backups'}"
        return which, command_line("restore", "BACKUP", database.parent, *options)
    which = f"of those here the one with most answers, {counted(best[1], 'decision')}"
    return which, command_line("restore", best[0], database.parent, *options)


def require_database(database: Path) -> None:
    """Raises WorkspaceError where a workspace has no database, with the way back."""
    if database.is_file():
        return
    which, restore = restore_fullest(database)
    server = "a server that still runs here has it open, and its log names a backup: see to that before you stop it"
    do = f"put it back, or a backup ({which}): {restore}; {server}"
    raise WorkspaceError(error_text(str(database), "no such file", "the review.db of a workspace", do))


def _decisions(file: Path) -> int | None:
    """None: it is no backup, but what could be copied of a damaged database."""
    if file.suffix == ".zip":
        manifest = read_archive(file).manifest
        return None if manifest.cause == "damaged" else manifest.decisions
    with opened_copy(file, read_only=True) as db:
        return contents_of(db).decisions
