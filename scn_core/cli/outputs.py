"""Files that commands write where a person says: what they may replace, and what never."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

from scn_core.errors import UsageError, error_text
from scn_core.workspace.folder import Workspace

_OF_A_WORKSPACE = (
    "workspace.toml", "review.db", "thumbs.db", "train.lock", "server.lock", "trainer.log", "trainer.json", "secret",
)  # fmt: skip
"""How the names of a workspace's own files begin."""
_FOLDERS = ("rounds", "pixels", "backups", "images", "fetched", "restoring")


def check_output(
    flag: str,
    out: Path,
    *,
    ours: Callable[[Path], bool] | None = None,
    workspace: Workspace | None = None,
    force: bool = False,
) -> None:
    """Raises UsageError, naming `flag`, where writing `out` would replace what a command may not replace.

    A new file in a folder that is there may be written, and so may one that `ours` recognises as an unchanged file of
    the same command; without `ours` no file is known again. Any other file is replaced with `force` alone. Links,
    devices, pipes, the lists a workspace was imported from, whatever lies in its data set's folder, and a workspace's
    own files are never replaced.
    """
    if not out.parent.is_dir():
        _refuse(flag, f"no folder {out.parent}", "a file in a folder that is there")
    if out.is_symlink():
        _refuse(flag, f"{out}, a link", "the name of a file itself; - prints")
    if out.is_dir():
        _refuse(flag, f"the folder {out}", "a file in a folder that is there")
    there = out.exists()
    if there and not stat.S_ISREG(out.stat().st_mode):
        _refuse(flag, f"{out}, which is no plain file", "a file; - prints")
    if workspace is not None:
        _check_workspace(flag, out, workspace, there=there, ours=ours)
    if there and not force and not (ours and ours(out)):
        changed = " and is not as this command left it" if ours else ""
        _refuse(flag, f"{out}, which is there already{changed}", "a new name, or --force")


def check_folder(flag: str, out: Path, *, ours: Callable[[Path], bool], workspace: Workspace) -> None:
    """The same for a folder: a new one, an empty one, or one that `ours` recognises. No other is replaced, whatever is
    forced, as nobody can say what is in it; and none may lie in the data set's folder, where its pictures would be read
    as part of the data set, or in the workspace's but for that of its exports."""
    if not out.parent.is_dir():
        _refuse(flag, f"no folder {out.parent}", "a new folder in a folder that is there")
    if out.is_symlink():
        _refuse(flag, f"{out}, a link", "the name of a folder itself")
    if out.exists() and not out.is_dir():
        _refuse(flag, f"the file {out}", "a new folder")
    place, exports = out.parent.resolve() / out.name, workspace.exports.resolve()
    for kind, taken in (("data set", Path(workspace.settings().root)), ("workspace", workspace.path)):
        home = taken.resolve()
        inside = place.is_relative_to(home) and not (place.is_relative_to(exports) and place != exports)
        if inside or home.is_relative_to(place):
            _refuse(flag, f"{out}, in or around the folder of the {kind}", "a new folder elsewhere")
    if out.exists() and any(out.iterdir()) and not ours(out):
        _refuse(flag, f"the folder {out}, which is not as this command left it", "a new name; it is never replaced")


def _check_workspace(
    flag: str, out: Path, workspace: Workspace, *, there: bool, ours: Callable[[Path], bool] | None
) -> None:
    home, place = workspace.path.resolve(), out.parent.resolve() / out.name
    inside = place.relative_to(home).parts if place.is_relative_to(home) else ()
    if inside and (inside[0].startswith(_OF_A_WORKSPACE) or inside[0] in _FOLDERS):
        _refuse(flag, f"{out}, a file of the workspace", "a file elsewhere")
    if not there:
        return
    for file in _never(workspace):
        if file.exists() and out.samefile(file):
            _refuse(flag, f"{out}, which this workspace was made from or lives in", "a new name; it is never replaced")
    root = Path(workspace.settings().root)
    if (inside or place.is_relative_to(root.resolve())) and not (ours and ours(out)):
        kind = "the workspace" if inside else "the data set"
        _refuse(flag, f"{out}, a file in the folder of {kind}", "a new name: what lies there is never replaced")


def _never(workspace: Workspace) -> Iterator[Path]:
    """Files of the workspace and of its source, under whatever name they are reached."""
    yield from (workspace.settings_file, workspace.database_file, workspace.thumbs_file)
    yield from (Path(value) for value in workspace.settings().source.values() if isinstance(value, str))


def _refuse(flag: str, found: str, allowed: str) -> NoReturn:
    raise UsageError(error_text(flag, found, allowed))
