"""One server for a workspace: a lock that the system frees when the server ends, however it ends."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from scn_core.errors import WorkspaceError
from scn_core.files import locked_now
from scn_core.workspace.folder import Workspace
from scn_core.workspace.served import server_lock_file

_LOOK_S = 0.5
"""How long a server that starts waits for a look of `is_served` to end."""


@contextmanager
def only_server(workspace: Workspace) -> Iterator[Callable[[str], None]]:
    """Held by the one process that serves the workspace; call what it gives with the address once that is known.

    Raises WorkspaceError that names the other server while there is one.
    """
    with server_lock_file(workspace.path).open("a+", encoding="utf-8") as file:
        if not locked_now(file, fcntl.LOCK_EX, wait_s=_LOOK_S):
            file.seek(0)
            raise WorkspaceError(_other(workspace, file.read()))

        def tell(address: str) -> None:
            file.seek(0)
            file.truncate()
            file.write(json.dumps({"pid": os.getpid(), "address": address}))
            file.flush()

        tell("")
        try:
            yield tell
        finally:
            file.truncate(0)


def _other(workspace: Workspace, told: str) -> str:
    try:
        known = json.loads(told)
        where, process = (f" at {known['address']}" if known["address"] else ""), f", process {known['pid']}"
    except (ValueError, TypeError, KeyError):  # it has just begun, or ends
        where = process = ""
    return (
        f"{workspace.path} is served already{where}{process}: open that address, or end that server first; one server "
        "takes any number of people"
    )
