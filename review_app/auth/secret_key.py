"""The workspace's secret, made at first use: who reads it can sign in as anyone, so nobody else may."""

from __future__ import annotations

import secrets
import stat
from pathlib import Path

from scn_core.errors import WorkspaceError, complaint
from scn_core.files import create_private

_BYTES = 32


def read_secret(folder: Path) -> bytes:
    """The secret in `secret.key` of a workspace folder, made with mode 600 where there is none yet.

    Raises WorkspaceError where others may read or write the file, or it holds no secret.
    """
    path = folder / "secret.key"
    if not path.exists():
        # Of two servers that start at once, the first one's stands.
        create_private(path, f"{secrets.token_hex(_BYTES)}\n".encode())
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise WorkspaceError(
            complaint(str(path), f"mode {mode:o}, so others may read it", "600", "delete it, everybody signs in again")
        )
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:
        secret = b""
    if len(secret) != _BYTES:
        raise WorkspaceError(f"{path}: found no secret of {_BYTES} bytes; delete it, everybody then signs in again")
    return secret
