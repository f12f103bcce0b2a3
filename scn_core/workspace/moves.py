"""Many files of a workspace replaced as one: either none of them is, or all are, whatever ends the program meanwhile.

What is to come lies ready in the folder `restoring`. Once the list of moves is written there, the replacement counts as
done; each move is made once, by whoever comes first: the program that wrote the list, or the next that opens the
workspace.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scn_core.errors import WorkspaceError, error_text
from scn_core.files import sync_folder, write_text

STAGING = "restoring"
"""Folder of a workspace in which its next state is put together. Without a list of moves it is of no use."""
_LIST = "moves.json"

Move = tuple[str, str]
"""From and to, relative to the workspace's folder; both on one disk."""


def make_moves(folder: Path, moves: Sequence[Move]) -> None:
    """Make all moves of a workspace's folder, or none.

    What is in the way of a move has to be moved before, to a name that nothing has. The files to come are on the disk.
    """
    write_text(folder / STAGING / _LIST, json.dumps(list(moves), indent=1) + "\n")
    finish_moves(folder)


def finish_moves(folder: Path) -> None:
    """Make what is left of the moves that were begun in a folder; mostly there are none.

    Raises WorkspaceError where there are some, and this user may not make them.
    """
    if not (folder / STAGING / _LIST).exists():
        return
    if not os.access(folder, os.W_OK):
        found = "a restore that was interrupted, in a folder that this user may not write to"
        do = "have somebody open it who may; it is finished then"
        raise WorkspaceError(error_text(str(folder), found, "a workspace that is whole", do))
    with _locked(folder / STAGING / _LIST) as left:
        for source, target in left:
            move(folder / source, folder / target)
        if left:
            (folder / STAGING / _LIST).unlink()
            shutil.rmtree(folder / STAGING, ignore_errors=True)


def move(source: Path, target: Path) -> None:
    """One move; one that was made before is none."""
    if os.path.lexists(source) and not os.path.lexists(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
        sync_folder(target.parent)
        sync_folder(source.parent)


@contextmanager
def _locked(file: Path) -> Iterator[list[Move]]:
    """The moves of a list that nobody else is at; none where somebody else has made them meanwhile."""
    try:
        opened = file.open("rb")
    except FileNotFoundError:
        yield []
        return
    with opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield [(source, target) for source, target in json.load(opened)] if os.fstat(opened.fileno()).st_nlink else []
