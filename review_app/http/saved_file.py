"""A file that the browser or script that asked for it saves."""

from __future__ import annotations

import errno
import stat
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse

_NONE_SUCH = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)


async def saved_file(file: Path, media_type: str) -> FileResponse | None:
    """The file under its own name, kept in no cache; None: there is no such file.

    Raises OSError where it cannot be read: once the status is sent, nobody could be told.
    """
    if not await run_in_threadpool(_is_readable, file):
        return None
    return FileResponse(file, filename=file.name, media_type=media_type, headers={"Cache-Control": "no-store"})


def _is_readable(file: Path) -> bool:
    try:
        if not stat.S_ISREG(file.stat().st_mode):  # opening a pipe would wait
            return False
        with file.open("rb"):
            return True
    except OSError as error:
        if error.errno in _NONE_SUCH:
            return False
        raise
