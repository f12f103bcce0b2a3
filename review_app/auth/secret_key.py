"""The workspace's secret, made at first use: who reads it can sign in as anyone, so nobody else may."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from scn_core.errors import WorkspaceError

_BYTES = 32


def read_secret(folder: Path) -> bytes:
    """The secret in `secret.key` of a workspace folder, made with mode 600 where there is none yet.

    Raises WorkspaceError where others may read or write the file, or it holds no secret.
    """
    path = folder / "secret.key"
    if not path.exists():
        _make(path)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise WorkspaceError(
            f"{path}: others may read it (mode {mode:o}); allowed: 600; delete it, everybody then signs in again"
        )
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:
        secret = b""
    if len(secret) != _BYTES:
        raise WorkspaceError(f"{path}: found no secret of {_BYTES} bytes; delete it, everybody then signs in again")
    return secret


def _make(path: Path) -> None:
    """Appears under its name only when it is whole; of two servers that start at once, the first one's stands."""
    part = path.with_name(f".secret.{os.getpid()}.{secrets.token_hex(4)}.part")
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(part)
    finally:
        part.unlink(missing_ok=True)
