"""Pictures, or the list of them, that were moved: the workspace is told where they are now.

Pictures are first seen to be the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

from scn_core.datasets.addresses import checked_address
from scn_core.datasets.parallel import in_order
from scn_core.datasets.paths import control_character
from scn_core.datasets.registry import find_dataset
from scn_core.datasets.remote import Remote
from scn_core.errors import DataError, UsageError, error_text, listed
from scn_core.store.samples import picture_files
from scn_core.workspace.fetched import copies_of, remove_other_copies
from scn_core.workspace.folder import Workspace
from scn_core.workspace.toml import change_root, change_table, relative_to

_NAMED = 3
State = Literal["same", "missing", "different", "unknown"]
"""unknown: there, but init kept no hash to compare it with."""


@dataclass(frozen=True)
class Relocation:
    """What was found in the new folder."""

    workspace: str
    before: str
    root: str
    """The folder of the pictures before, and now; absolute, or an address."""
    pictures: int
    """Files looked for: those of all faces that the data set has and nobody took out."""
    unchecked: int
    """There, but of an import from before hashes were kept: nobody can tell whether they are the same."""
    missing: int
    different: int
    """Files that are not there, and files with other content."""
    named: tuple[str, ...]
    """The first few of both, with what is wrong."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    def describe(self) -> str:
        """What was found, for people."""
        same = self.pictures - self.unchecked - self.missing - self.different
        parts = [f"{same:,} the same by their content"]
        for count, words in (
            (self.unchecked, "there, but with no hash to compare them with"),
            (self.missing, "missing"),
            (self.different, "with other content"),
        ):
            if count:
                parts.append(f"{count:,} {words}")
        return f"{self.pictures:,} pictures = {' + '.join(parts)}"


def check_list(workspace: Workspace, csv: Path | str) -> None:
    """Raises UsageError for a list that is not there, or a data set that is read from none. An address is not asked."""
    settings = workspace.settings()
    if "csv" not in find_dataset(settings.dataset).options:
        allowed = "data set csv; others find their lists below --root"
        raise UsageError(error_text("--csv", f"a workspace of data set {settings.dataset}", allowed))
    if isinstance(csv, str):
        checked_address("--csv", csv)
        return
    if not csv.is_file() and not csv.is_dir():
        raise UsageError(error_text("--csv", f"no file {csv}", "the list of paths and labels"))
    if control_character(str(csv.resolve())):
        raise UsageError(error_text("--csv", "a path that is not UTF-8 or has control characters", "others"))


def list_option(csv: Path | str) -> dict[str, str | None]:
    """The options of table [source] that say where the list is; a path is absolute."""
    if isinstance(csv, str):
        return {"csv": None, "csv_address": checked_address("--csv", csv)}
    return {"csv": str(csv.resolve()), "csv_address": None}


def change_list(workspace: Workspace, csv: Path | str) -> None:
    """Set the path or address of the list in workspace.toml; it must have been checked."""
    said = list_option(csv) | ({} if isinstance(csv, str) else {"csv": relative_to(workspace.path, csv)})
    change_table(workspace.settings_file, "source", said)


def relocate_list(workspace: Workspace, csv: Path | str) -> str:
    """Say where the list of the data set is now, that the next `update` reads; its absolute path, or its address.

    Raises UsageError for a list that is not there or a data set that is read from none, WorkspaceError while a trainer
    is at work.
    """
    check_list(workspace, csv)
    with workspace.training_lock():
        change_list(workspace, csv)
    return csv if isinstance(csv, str) else str(csv.resolve())


def relocate(
    workspace: Workspace,
    root: Path | str,
    *,
    force: bool = False,
    progress: Callable[[int], None] = lambda files: None,
) -> Relocation:
    """Look for every picture under a new root, compare it with what init read, and set the root in workspace.toml.

    Nothing else in the file changes, and a running app uses the new folder at once. `progress` hears how many more
    files were read. From an address all pictures are fetched, into copies that are worked on from then on; a failure
    keeps them, and another call goes on from there. Copies of a place before are removed.

    Args:
        workspace: of the pictures.
        root: the folder, or address of the folder, that paths of faces are relative to now.
        force: take it even where pictures are missing or differ.
        progress: see above.

    Raises UsageError where there is no such folder, WorkspaceError while a trainer is at work, and DataError, without
    a change, where pictures are missing or differ and `force` is not set.
    """
    if isinstance(root, str):
        address = checked_address("--root", root)
        with Remote(address, copies_of(workspace.path, address)) as remote:
            return _relocated(workspace, remote.copies, address, remote, force, progress)
    if not root.is_dir():
        raise UsageError(error_text("--root", f"no folder {root}", "the folder where the pictures are now"))
    if control_character(str(root.resolve())):
        raise UsageError(
            error_text("--root", "a path that is not UTF-8 or has control characters", "others", "rename the folder")
        )
    return _relocated(workspace, root, None, None, force, progress)


def _relocated(
    workspace: Workspace,
    root: Path,
    address: str | None,
    remote: Remote | None,
    force: bool,
    progress: Callable[[int], None],
) -> Relocation:
    counts: dict[State, int] = {"same": 0, "missing": 0, "different": 0, "unknown": 0}
    named: list[str] = []
    compare = partial(_compare, root, remote)
    threads = None if remote is None else remote.settings.at_once
    with workspace.training_lock():
        settings = workspace.settings()
        with workspace.database(read_only=True) as db:
            files = picture_files(db)
            stop = None if remote is None else remote.stop
            for path, state in in_order(compare, files, batch=1 if threads else 32, threads=threads, stop=stop):
                progress(1)
                counts[state] += 1
                if state in ("missing", "different") and len(named) < _NAMED:
                    named.append(f"{path} ({state})")
        found = Relocation(
            workspace=str(workspace.path),
            before=settings.shown_root,
            root=address or str(root.resolve()),
            pictures=sum(counts.values()),
            unchecked=counts["unknown"],
            missing=counts["missing"],
            different=counts["different"],
            named=tuple(named),
        )
        if named and not force:
            raise DataError(
                error_text(
                    address or str(root),
                    f"{found.describe()}: {listed(found.named, found.missing + found.different)}",
                    "all the same",
                    "name the folder that paths of faces are relative to, or take it as it is with --force; nothing "
                    "was changed",
                )
            )
        change_root(workspace.settings_file, relative_to(workspace.path, root))
        if address is not None or "root_address" in settings.source:
            here = None if address is not None else str(root.resolve())
            change_table(workspace.settings_file, "source", {"root": here, "root_address": address})
            if not named:  # else they may be all there is
                remove_other_copies(workspace.path, address)
    return found


def _compare(root: Path, remote: Remote | None, file: tuple[str, bytes | None]) -> tuple[str, State]:
    path, digest = file
    if remote is not None and remote.fetch(path) is not None:
        return path, "missing"
    try:
        if digest is None:
            return path, "unknown" if (root / path).is_file() else "missing"
        content = (root / path).read_bytes() if (root / path).is_file() else None
    except OSError:
        content = None
    if content is None:
        return path, "missing"
    return path, "same" if blake2b(content, digest_size=16).digest() == digest else "different"
