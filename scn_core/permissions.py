"""Files that another user of the machine owns: what the system refuses as one of our errors, and who owns what."""

from __future__ import annotations

import errno
import os
import re
import shlex
import stat
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scn_core.disk import named
from scn_core.errors import ScnError, WorkspaceError, error_text
from scn_core.shell import as_user, this_command, user_name

_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)
_BESIDE = re.compile(r"\.(?P<name>.+)\.[^.]+\.part")
"""The name of a file that is written beside another one: see `files`."""
_WARNED_OF: set[Path] = set()
_NAME_ANOTHER = "name another place, or run this as a user who may"
OF_A_SERVER = "whoever runs the server mends that (chown, chmod), then try again; it need not be restarted"
"""What can be done about a file that a server which goes on may not use."""


Advice = str | Callable[[Path], str]
"""What the user can do, for any file or for the one that it is about."""


def in_our_words(error: OSError, do: Advice = _NAME_ANOTHER) -> OSError | ScnError:
    """The error as one of ours where it says that this user may not read or write, or that a disk is full; any other as
    it is.

    Args:
        error: what the system said.
        do: what the user can do about a file that they may not use.
    """
    if error.errno not in _REFUSED or not isinstance(error.filename, str | bytes | os.PathLike):
        return named(error)
    path = Path(os.fsdecode(error.filename))
    if beside := _BESIDE.fullmatch(path.name):
        path = path.with_name(beside["name"])
    return WorkspaceError(_closed_text(path, do if isinstance(do, str) else do(path)))


def closed_text(path: Path) -> str | None:
    """What is said of a file or folder that this user may not read and write, with how to mend it; None: they may, or
    there is none."""
    with suppress(OSError):  # in a folder that may not be entered
        if not path.exists():
            return None
    return None if _may(path, os.R_OK | os.W_OK) else _closed_text(path, way_in(path))


@contextmanager
def opening(path: Path) -> Iterator[None]:
    """Raises WorkspaceError where this user may not enter or read a folder that is looked into within."""
    try:
        yield
    except OSError as error:
        raise WorkspaceError(closed_text(path) or str(in_our_words(error))) from error


def way_in(path: Path) -> str:
    """How this user comes to use a file or folder that they may not use.

    One that belongs to a server is not taken from it: whoever owns the folder is to run the command. Only what lies in
    a folder of this user's, or is root's, is given to them.
    """
    place, _ = _in_the_way(path)
    owner, holder, me = place.stat().st_uid, place.parent.stat().st_uid, os.geteuid()
    if owner == me:
        return f"open it: {shlex.join(['chmod', '-R', 'u+rwX', str(place)])}"
    others = [uid for uid in ((owner,) if place.is_dir() else (holder, owner)) if uid not in (0, me)]
    if holder == me or not others:
        return f"give it to this user: {_give_to(user_name(), place)}"
    return _run_as(others[0])


def _closed_text(path: Path, do: str) -> str:
    may_not, found = _refused(path)
    allowed = {"read": "one that this user may read", "enter": "one that this user may enter and read"}
    return error_text(str(path), found, allowed.get(may_not, "one that this user may read and write"), do)


@contextmanager
def refusals_in_our_words(do: Advice = _NAME_ANOTHER) -> Iterator[None]:
    """Raises WorkspaceError for whatever the system says of a file, in the words of `in_our_words`."""
    try:
        yield
    except OSError as error:
        ours = in_our_words(error, do)
        raise (ours if isinstance(ours, ScnError) else WorkspaceError(str(ours))) from error


def warn_of_other_owner(folder: Path) -> None:
    """Say on standard error, once for a folder, that another user owns it, who may not be able to use what this process
    writes there. Not of root's, who may use all; nor, unless this is root, of one that its group may write to, as it is
    shared."""
    status, me = folder.stat(), os.geteuid()
    if folder in _WARNED_OF or status.st_uid in (0, me) or (me != 0 and status.st_mode & stat.S_IWGRP):
        return
    _WARNED_OF.add(folder)
    owner, command = user_name(status.st_uid), this_command()
    do = "" if command is None else f"; better: {shlex.join(as_user(status.st_uid))} {command}"
    found = (
        f"warning: {folder} belongs to user {owner}, who may not be able to use what user {user_name()} writes there"
    )
    print(f"{found}{do}; to mend it afterwards: {_give_to(owner, folder)}", file=sys.stderr, flush=True)


def closed_to_owner(folder: Path, leave_out: Collection[str]) -> tuple[list[str], int]:
    """What lies in a folder that is another user's and that the folder's owner may not write to, a line each, the first
    with the command that mends it; and how many files and folders there are.

    Args:
        folder: the folder.
        leave_out: names in it that are not looked into.
    """
    top, lines, count = folder.stat(), [], 0
    for place, folders, files in os.walk(folder):
        for path in (Path(place, name) for name in sorted((*folders, *files))):
            with suppress(OSError):  # gone meanwhile, as the -wal, or in a folder that this user may not enter
                found, count = path.lstat(), count + 1
                of_group = found.st_gid == top.st_gid and found.st_mode & stat.S_IWGRP
                open_to_owner = of_group or found.st_mode & stat.S_IWOTH or stat.S_ISLNK(found.st_mode)
                if found.st_uid != top.st_uid != 0 and not open_to_owner:
                    lines.append(f"{path.relative_to(folder)}: of user {user_name(found.st_uid)}")
        if Path(place) == folder:
            folders[:] = [name for name in folders if name not in leave_out]
    if lines:
        owner = user_name(top.st_uid)
        lines[0] += f", so user {owner} may not write to it; all is given to {owner} by: {_give_to(owner, folder)}"
    return lines, count


def _give_to(owner: str, folder: Path) -> str:
    return shlex.join(["sudo", "chown", "-R", f"{owner}:", str(folder)])


def _run_as(uid: int) -> str:
    command = this_command()
    return f"run this as user {user_name(uid)}" + ("" if command is None else f": {shlex.join(as_user(uid))} {command}")


def _refused(path: Path) -> tuple[str, str]:
    """What this user may not do, and what stands in the way: the folder or file that they may not use, whose it is, and
    who this user is."""
    place, may_not = _in_the_way(path)
    kind = "folder" if place.is_dir() else "file"
    found = f"a {kind} of user {user_name(place.stat().st_uid)} that user {user_name()} may not {may_not}"
    return may_not, found if place == path else f"{place}, {found}"


def _in_the_way(path: Path) -> tuple[Path, str]:
    """The folder or file that this user may not use, on the way to a path or itself, and what they may not do."""
    place, may_not = path, "use"
    for folder in reversed(path.absolute().parents):
        if not os.path.lexists(folder):
            break
        place, may_not = folder, "write to" if _may(folder, os.X_OK) else "enter"
        if may_not == "enter":
            break
    if may_not != "enter" and os.path.lexists(path):
        place, may_not = path, "write to" if _may(path, os.R_OK) else "read"
    return place, may_not


def _may(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=True)
