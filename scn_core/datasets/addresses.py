"""Addresses of pictures and lists elsewhere, such as s3://bucket/faces: told from paths, kept without secrets."""

from __future__ import annotations

import re
from urllib.parse import unquote

from scn_core.errors import UsageError, error_text, masked

_ADDRESS = re.compile(r"(?!file:)[a-z][a-z0-9+.-]+(?:://|::)")
_WEB = ("http://", "https://")


def is_address(text: object) -> bool:
    """Whether text is an address and no path of this machine; file: addresses are paths."""
    return isinstance(text, str) and _ADDRESS.match(text) is not None


def checked_address(flag: str, address: str) -> str:
    """An address as a workspace keeps it. Raises UsageError for one with a secret in it, which none may keep."""
    if masked(address) != address:
        do = "let the environment or fsspec's configuration say who asks"
        raise UsageError(error_text(flag, masked(address), "an address without password and query", do))
    return address if address.endswith("://") else address.rstrip("/")


def parent_address(address: str) -> str:
    """The folder that something is in."""
    head, _, _ = address.rpartition("/")
    return f"{head}/" if head.endswith(":/") else head


def below_address(address: str | None, text: str) -> str | None:
    """The path of one address below another; None where it lies elsewhere, or has a query, which may be a secret."""
    if address is None or "?" in text:
        return None
    head = address if address.endswith("/") else f"{address}/"
    if not text.startswith(head):
        return None
    rest = text[len(head) :]
    return unquote(rest) if head.startswith(_WEB) else rest


def is_web(address: str) -> bool:
    """Whether it is fetched by HTTP, which lists no folders."""
    return address.startswith(_WEB)
