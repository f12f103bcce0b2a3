"""Faces of which nothing is left, not even their names, as where a person's picture must go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from scn_core.rounds.artifacts import CHANGED_BY_ERASE, forget_faces, round_file_hashes
from scn_core.store.connection import transaction
from scn_core.store.erase import compact, erase_names, former_names_of, keys_of
from scn_core.store.queue.withdraw import picture_files_of
from scn_core.store.rounds.files import record_files, recorded_files
from scn_core.store.samples import find_sample
from scn_core.workspace.folder import Workspace
from scn_core.workspace.remains import files_naming
from scn_core.workspace.withdraw import withdraw


@dataclass(frozen=True)
class Erasure:
    """What was erased, and what is left for people to do."""

    workspace: str
    erased: int
    """Faces."""
    pictures: tuple[str, ...]
    """Their files that no other face is in, relative to the root. They are not touched: whoever keeps them deletes
    them."""
    kept: tuple[str, ...]
    """Keys of other faces in the same picture files, which must stay for them."""
    same: tuple[str, ...]
    """Keys of faces with the same picture, byte for byte, in another file; they are still in."""
    by_hand: tuple[str, ...]
    """Of the workspace, what names a face or may hold it: exports, logs, backups, what a restore replaced."""
    in_use: bool
    """Another program is at work in the database, which may keep older pages until it has closed it."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    def describe(self) -> str:
        """For people: what is done, and everything that is left to do. This is the last time the names are said."""
        lines = [f"{self.erased:,} face{' is' if self.erased == 1 else 's are'} erased: pictures, thumbnails, names"]
        if self.pictures:
            lines.append("delete their files and their lines in the data set's list, or `update` brings them back:")
            lines += [f"  {path}" for path in self.pictures]
        if self.kept:
            lines.append(
                "keep the picture files that these other faces are in, and delete the erased faces' lines alone:"
            )
            lines += [f"  {key}" for key in self.kept]
        if self.same:
            lines += ["the same picture is still in as:", *(f"  {key}" for key in self.same)]
        if self.by_hand:
            lines += ["delete or clean these by hand:", *(f"  {file}" for file in self.by_hand)]
        lines.append("not known here: copies of exports, backups and packed rounds that lie elsewhere")
        if self.in_use:
            lines.append("stop the server once: until then review.db and its -wal may hold older pages")
        return "\n".join(lines)


def erase(workspace: Workspace, keys: Sequence[str]) -> Erasure:
    """Withdraw faces, and take their names out too: of the pictures nothing is left here.

    What people decided about them stays in the log, and counts in figures, under a name that says nothing. There is no
    way back, and nothing here knows the faces any more: where the data set still has them, `update` brings them back.

    Raises DataError for a key that is unknown, and WorkspaceError while a trainer is at work; nothing is changed then.
    """
    with workspace.database(read_only=True) as db:
        found = {stored.id for key in keys if (stored := find_sample(db, key)) is not None}
        names = {*keys_of(db, found), *former_names_of(db, found)}
    withdraw(workspace, keys)
    with workspace.training_lock(), workspace.database() as db:
        for folder in sorted((workspace.path / "rounds").glob("*")):
            forget_faces(folder, found)
        record_changed_files(db, workspace.round_folder)
        left = picture_files_of(db, found)
        erase_names(db, found)
        in_use = not compact(db)
    by_hand = tuple(files_naming(workspace, names | {*left.free}))
    return Erasure(str(workspace.path), len(found), left.free, left.kept, left.same, by_hand, in_use)


def record_changed_files(db: Database, folder_of: Callable[[int], Path]) -> None:
    """Keep the hashes of files from which faces were taken. `folder_of`: where a round's files are."""
    with transaction(db):
        for round_id, files in recorded_files(db).items():
            changed = [name for name in CHANGED_BY_ERASE if name in files]
            record_files(db, round_id, round_file_hashes(folder_of(round_id), changed))
