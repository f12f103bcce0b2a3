"""Faces of which nothing is left, not even their names, as where a person's picture must go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scn_core.rounds.artifacts import NEIGHBOURS_FILE, forget_neighbours, round_file_hashes
from scn_core.store.connection import transaction
from scn_core.store.erase import compact, erase_names, former_names_of, names_of
from scn_core.store.queue.withdraw import picture_files_of
from scn_core.store.rounds.files import record_files, recorded_files
from scn_core.store.samples import find_sample
from scn_core.workspace.folder import Workspace
from scn_core.workspace.withdraw import withdraw

_CHUNK = 1 << 22


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
    """Files of the workspace that name one of the faces or may hold it: exports, logs, backups."""
    in_use: bool
    """Another program has the database open: review.db-wal holds older pages until it has closed it."""

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
            lines.append("stop the server once: until then review.db-wal holds older pages")
        return "\n".join(lines)


def erase(workspace: Workspace, keys: Sequence[str]) -> Erasure:
    """Withdraw faces, and take their names out too: of the pictures nothing is left here.

    What people decided about them stays in the log, and counts in figures, under a name that says nothing. There is no
    way back, and nothing here knows the faces any more: where the data set still has them, `update` brings them back.

    Raises DataError for a key that is unknown, and WorkspaceError while a trainer is at work; nothing is changed then.
    """
    with workspace.database(read_only=True) as db:
        found = {stored.id for key in keys if (stored := find_sample(db, key)) is not None}
        names = names_of(db, found)
        former = former_names_of(db, found)
    withdraw(workspace, keys)
    with workspace.training_lock(), workspace.database() as db:
        for folder in sorted((workspace.path / "rounds").glob("*")):
            forget_neighbours(folder, found)
        with transaction(db):
            for round_id, files in recorded_files(db).items():
                if NEIGHBOURS_FILE in files:
                    folder = workspace.round_folder(round_id)
                    record_files(db, round_id, round_file_hashes(folder, (NEIGHBOURS_FILE,)))
        left = picture_files_of(db, found)
        erase_names(db, found)
        in_use = not compact(db)
    every = {*former, *left.free, *(key for key, _ in names)}
    by_hand = tuple(str(path.relative_to(workspace.path)) for path in _naming(workspace, every))
    return Erasure(str(workspace.path), len(found), left.free, left.kept, left.same, by_hand, in_use)


def _naming(workspace: Workspace, names: Iterable[str]) -> Iterator[Path]:
    """Files that name one of the faces, and all backups, whose pages cannot be told."""
    wanted = {form.encode() for name in names for form in (name, name.replace("/", "\\/"))}  # as some write JSON
    logs = [workspace.path / "trainer.log", *workspace.path.glob("rounds/*/log.txt")]
    for path in sorted([*logs, *workspace.exports.rglob("*")]):
        with suppress(OSError):
            inside = path.is_file() and _holds(path, wanted)
            if inside or any(name in str(path).encode() for name in wanted):
                yield path
    yield from sorted((workspace.path / "backups").glob("*"))


def _holds(path: Path, wanted: set[bytes]) -> bool:
    longest, before = max(map(len, wanted)), b""
    with path.open("rb") as file:
        while part := file.read(_CHUNK):
            seen = before + part
            if any(name in seen for name in wanted):
                return True
            before = seen[-longest:]
    return False
