"""The body of a message, and its signature as Standard Webhooks 1.0 has it: HMAC-SHA256 of `ID.TIME.BODY`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import shlex
from binascii import Error as Base64Error
from collections.abc import Sequence
from pathlib import Path

from scn_core import __version__
from scn_core.errors import WorkspaceError, error_text
from scn_core.hook_settings import HookSettings
from scn_core.store.hook_delivery import HookMessage

_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64
"""Bytes of a secret, by the specification."""


def body_of(message: HookMessage, workspace_id: str) -> bytes:
    """The JSON that is posted; docs/webhooks.md and /openapi.json describe it."""
    body = {
        "id": message.message,
        "type": message.event,
        "timestamp": message.at,
        "workspace": workspace_id,
        "data": dict(message.data),
    }
    return json.dumps(body, separators=(",", ":")).encode()


def headers_of(message_id: str, body: bytes, secrets: Sequence[bytes], now: float) -> dict[str, str]:
    """The headers of a request that is made at `now`, in seconds since 1970: with a signature by each secret."""
    seconds = int(now)
    signed = f"{message_id}.{seconds}.".encode() + body
    signatures = (base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode() for secret in secrets)
    return {
        "Content-Type": "application/json",
        "User-Agent": f"self-cure-labels/{__version__}",
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def secrets_of(hook: HookSettings, workspace: Path) -> list[bytes]:
    """The secrets of a hook, read anew: usually one; two, with space between, while one takes the place of the other.

    Raises WorkspaceError, which quotes no secret, where there is none or it is not of the right form.
    """
    where, text = _found(hook, workspace)
    secrets = [_decoded(word, where) for word in text.split()]
    if not secrets:
        raise WorkspaceError(error_text(where, "no secret", _form(), _how_to_make()))
    return secrets


def open_secret(hook: HookSettings, workspace: Path) -> str | None:
    """What is wrong with the file of a hook's secret where others may read it; None: nothing, or it has no file."""
    file = workspace / hook.secret_file
    if not hook.secret_file or not (mode := file.stat().st_mode) & 0o077:
        return None
    return error_text(str(file), f"a secret in a file of mode {mode & 0o777:o}, which others may read", "mode 600",
                      f"close it: {shlex.join(['chmod', '600', str(file)])}")  # fmt: skip


def _found(hook: HookSettings, workspace: Path) -> tuple[str, str]:
    """Where the text of the secrets is, in words, and the text."""
    if hook.secret_env:
        return f"hook {hook.name}, environment variable {hook.secret_env}", os.environ.get(hook.secret_env, "")
    if not hook.secret_file:
        return f"hook {hook.name}, secret of workspace.toml", hook.secret
    file = workspace / hook.secret_file
    try:
        return f"hook {hook.name}, {file}", file.read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "not ASCII"
        raise WorkspaceError(error_text(f"hook {hook.name}, {file}", f"{why}", "a file with a secret")) from error


def _decoded(word: str, where: str) -> bytes:
    try:
        secret = base64.b64decode(word.removeprefix(_PREFIX), validate=True)
    except (Base64Error, ValueError):
        secret = b""
    if not word.startswith(_PREFIX) or not _SHORTEST <= len(secret) <= _LONGEST:
        raise WorkspaceError(error_text(where, "a secret of another form", _form(), _how_to_make()))
    return secret


def _form() -> str:
    return f"{_PREFIX} and base64 of {_SHORTEST} to {_LONGEST} random bytes"


def _how_to_make() -> str:
    return f'make one: echo "{_PREFIX}$(openssl rand -base64 32)"'
