"""Faces that are taken out for good, as where consent was withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scn_core.datasets.pixels import erase_faces
from scn_core.errors import listed
from scn_core.store.check import require_sound_now
from scn_core.store.queue.withdraw import picture_files_of, withdraw_faces
from scn_core.store.samples import get_sample, withdrawn_samples
from scn_core.store.thumbnail_cache import Thumbs
from scn_core.workspace.fetched import remove_copies
from scn_core.workspace.folder import Workspace

_NAMED = 3


@dataclass(frozen=True)
class Withdrawal:
    """What was taken out."""

    workspace: str
    withdrawn: tuple[str, ...]
    """Keys; those that were out already are not among them."""
    pictures: tuple[str, ...]
    """Their files that no other face is in, relative to the root. They are not touched: whoever keeps them deletes
    them."""
    kept: tuple[str, ...]
    """Keys of other faces in the same picture files, which must stay for them."""
    same: tuple[str, ...]
    """Keys of faces with the same picture, byte for byte, in another file; they are still in."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    def describe(self) -> str:
        """For people: what is done, and what is left to do."""
        count = len(self.withdrawn)
        if not count:
            return "nothing to do: taken out already"
        lines = [
            f"{count:,} face{' is' if count == 1 else 's are'} taken out; thumbnails and decoded pictures are erased"
        ]
        if self.pictures:
            lines.append(f"the picture files may be deleted now: {listed(self.pictures[:_NAMED], len(self.pictures))}")
        if self.kept:
            kept = listed(self.kept[:_NAMED], len(self.kept))
            lines.append(f"keep the picture files that these other faces are in: {kept}")
        if self.same:
            lines.append(
                f"the same picture is still in as: {listed(self.same[:_NAMED], len(self.same))}; take it out too"
            )
        return "\n".join(lines)


def withdraw(workspace: Workspace, keys: Sequence[str]) -> Withdrawal:
    """Take faces out: they are in no round, queue, page or export any more, and nothing of their pictures is kept here.

    What people decided about them stays in the log; the picture files stay where they are, but for copies of pictures
    elsewhere. There is no way back. A
    network that was trained with a face has seen it: train the next round without.

    Raises DataError for a key that is unknown, and WorkspaceError while a trainer is at work; nothing is changed then.
    """
    with workspace.training_lock(), workspace.database() as db:
        require_sound_now(db)
        ids = withdraw_faces(db, keys)
        found = [stored for each in ids if (stored := get_sample(db, each)) is not None]
        files = picture_files_of(db, ids)
        # All that were ever taken out: what a kill kept from being erased is erased by the next call.
        gone = withdrawn_samples(db).tolist()
        erase_faces(workspace.pixels, [each - 1 for each in gone])
        if workspace.thumbs_file.exists():
            Thumbs(workspace.thumbs_file).remove(gone)
        if "root_address" in (settings := workspace.settings()).source:
            remove_copies(workspace.path, Path(settings.root), picture_files_of(db, gone).free)
    return Withdrawal(
        str(workspace.path),
        tuple(stored.sample.key for stored in found),
        files.free,
        files.kept,
        files.same,
    )
