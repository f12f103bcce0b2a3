"""The workspace's secret, made at first use: who reads it can sign in as anyone, so nobody else may."""

from __future__ import annotations

import secrets
import stat
from pathlib import Path

from scn_core.errors import WorkspaceError, error_text
from scn_core.files import create_private

_BYTES = 32
_NAME = "secret.key"


def read_secret(folder: Path) -> bytes:
    """The secret in `secret.key` of a workspace folder, made with mode 600 where there is none yet.

    Raises WorkspaceError where others may read or write the file, or it holds no secret.
    """
    path = folder / _NAME
    if not path.exists():
        # Of two servers that start at once, the first one's stands.
        create_private(path, f"{secrets.token_hex(_BYTES)}\n".encode())
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise WorkspaceError(
            error_text(str(path), f"mode {mode:o}, so others may read it", "600", "delete it, everybody signs in again")
        )
    secret = present_secret(folder)
    if secret is None:
        raise WorkspaceError(f"{path}: found no secret of {_BYTES} bytes; delete it, everybody then signs in again")
    return secret


def present_secret(folder: Path) -> bytes | None:
    """The secret that is there, whoever else may read it; None where there is none."""
    try:
        secret = bytes.fromhex((folder / _NAME).read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        return None
    return secret if len(secret) == _BYTES else None


def forget_secret(folder: Path) -> None:
    """Remove it: the next call of `read_secret` makes another, and everybody signs in again."""
    (folder / _NAME).unlink(missing_ok=True)
