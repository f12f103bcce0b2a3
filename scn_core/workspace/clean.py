"""What a workspace no longer needs: decoded pictures of other sizes or earlier versions, copies of pictures elsewhere
that no face has, what a killed trainer left."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from scn_core.config import TrainSettings
from scn_core.datasets.pixels import CacheFile, cache_files
from scn_core.errors import WorkspaceError, counted
from scn_core.store.rounds.states import SCORED, rounds
from scn_core.store.samples import known_paths
from scn_core.workspace.fetched import unused_copies
from scn_core.workspace.folder import Workspace
from scn_core.workspace.toml import relative_to


@dataclass(frozen=True)
class Removal:
    """A file to remove, or removed; or several of one folder."""

    file: str
    """Relative to the workspace."""
    bytes: int
    why: str
    files: int = 1


@dataclass(frozen=True)
class Cleaning:
    """What `clean` removed, or would."""

    workspace: str
    dry_run: bool
    removed: list[Removal]
    freed_bytes: int
    kept: int
    """Pixel caches that stay."""
    kept_bytes: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


_OF_UNFINISHED = ("checkpoint.pt", "passes.npy", "counts.npy", "began")
"""Files of a round's folder that only a round that goes on needs."""


def clean(workspace: Workspace, *, dry_run: bool = False) -> Cleaning:
    """Removes pixel caches that neither the newest round nor a round with the settings of workspace.toml would use,
    copies of pictures elsewhere that no face has and that are older than a day, and what a trainer left that was killed
    when its round had just ended.

    A cache stays where its size is that of the newest round or of workspace.toml. Files of other names, links and
    folders are left alone. With `dry_run` nothing is removed, and a trainer may be at work.

    Raises WorkspaceError while a trainer is at work or where a file cannot be removed.
    """
    with workspace.database(read_only=True) as db:
        if dry_run:
            return _cleaned(workspace, db, dry_run=True)
        with workspace.training_lock():
            return _cleaned(workspace, db, dry_run=False)


def describe_cleaning(done: Cleaning) -> str:
    """A line for each file, and the sum."""
    count = sum(each.files for each in done.removed)
    kept = f"{counted(done.kept, 'pixel cache')} kept, {done.kept_bytes / 1e9:.2f} GB"
    if not count:
        return f"nothing to remove; {kept}"
    freed = f"{'would free' if done.dry_run else 'freed'} {done.freed_bytes / 1e9:.2f} GB"
    lines = [f"{each.file}  {each.bytes / 1e9:.2f} GB  {each.why}" for each in done.removed]
    return "\n".join([*lines, f"{freed} in {counted(count, 'file')}; {kept}"])


def _cleaned(workspace: Workspace, db: Database, *, dry_run: bool) -> Cleaning:
    removed, kept = [], []

    def remove(path: Path, size: int, why: str) -> None:
        if not dry_run:
            _remove(path)
        removed.append(Removal(path.relative_to(workspace.path).as_posix(), size, why))

    sides = _sides_in_use(workspace, db)
    for file in cache_files(workspace.pixels):
        why = _why(file, sides)
        if why is None:
            kept.append(file)
        else:
            remove(file.path, file.bytes, why)
    for path in _left_by_ended_rounds(workspace, db):
        remove(path, path.stat().st_blocks * 512, "needed until its round had ended")
    removed += _copies(workspace, db, dry_run=dry_run)
    freed = sum(each.bytes for each in removed)
    caches = sum(not file.marks for file in kept)
    return Cleaning(str(workspace.path), dry_run, removed, freed, caches, sum(file.bytes for file in kept))


def _copies(workspace: Workspace, db: Database, *, dry_run: bool) -> list[Removal]:
    root, files, size = Path(workspace.settings().root), 0, 0
    for path in unused_copies(workspace.path, root, known_paths(db)):
        files, size = files + 1, size + path.stat().st_blocks * 512
        if not dry_run:
            _remove(path)
    why = f"{counted(files, 'copy', 'copies')} of pictures that no face has"
    return [Removal(relative_to(workspace.path, root), size, why, files)] if files else []


def _why(file: CacheFile, sides: frozenset[int]) -> str | None:
    """Why a file is of no use any more, or None."""
    if file.side is None:
        return "of an earlier version"
    if file.side not in sides:
        return f"of {file.side} pixels; in use: {', '.join(map(str, sorted(sides)))}"
    return None


def _left_by_ended_rounds(workspace: Workspace, db: Database) -> list[Path]:
    folders = [workspace.round_folder(info.id) for info in rounds(db) if info.state in SCORED]
    paths = [folder / name for folder in folders for name in _OF_UNFINISHED]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def _sides_in_use(workspace: Workspace, db: Database) -> frozenset[int]:
    newest = next((info for info in rounds(db) if info.opinion_words is None), None)
    sides = {TrainSettings.merged(workspace.settings().train).image_size}
    return frozenset(sides if newest is None else {*sides, int(newest.config.get("image_size", 0))})


def _remove(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise WorkspaceError(f"{file}: cannot be removed ({error.strerror or error}); remove it by hand") from error
