"""Files that another user of the machine owns: what the system refuses as one of our errors, and who owns what."""

from __future__ import annotations

import errno
import os
import pwd
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scn_core.disk import named
from scn_core.errors import ScnError, WorkspaceError, error_text

_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)
_BESIDE = re.compile(r"\.(?P<name>.+)\.[^.]+\.part")
"""The name of a file that is written beside another one: see `files`."""
_NAME_ANOTHER = "name another place, or run this as a user who may"


def user_name(uid: int | None = None) -> str:
    """The name of a user of this machine, by default of the one that this process is; the number where it has none."""
    number = os.geteuid() if uid is None else uid
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def in_our_words(error: OSError, do: str = _NAME_ANOTHER) -> OSError | ScnError:
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
    return WorkspaceError(error_text(str(path), _refused(path), "one that this user may read and write", do))


@contextmanager
def refusals_in_our_words(do: str = _NAME_ANOTHER) -> Iterator[None]:
    """Raises what `in_our_words` makes of an OSError."""
    try:
        yield
    except OSError as error:
        raise in_our_words(error, do) from error


def _refused(path: Path) -> str:
    """What stands in the way: the folder or file that this user may not use, whose it is, and who this user is."""
    user = user_name()
    place, may_not = path, "use"
    for folder in reversed(path.absolute().parents):
        if not os.path.lexists(folder):
            break
        place, may_not = folder, "write to" if _may(folder, os.X_OK) else "enter"
        if may_not == "enter":
            break
    if may_not != "enter" and os.path.lexists(path):
        place, may_not = path, "write to" if _may(path, os.R_OK) else "read"
    kind = "folder" if place.is_dir() else "file"
    found = f"a {kind} of user {user_name(place.stat().st_uid)} that user {user} may not {may_not}"
    return found if place == path else f"{place}, {found}"


def _may(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=True)
