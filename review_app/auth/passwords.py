"""Passwords as argon2 hashes."""

from __future__ import annotations

import secrets
from functools import lru_cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from scn_core.errors import UsageError, error_text

SHORTEST, LONGEST = 10, 200

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that is taken for another one when read aloud or copied by hand."""
_HASHER = PasswordHasher()
_AT_ONCE = BoundedSemaphore(4)
"""Each takes 64 MiB and all it can of the processor: the three that sign in (see `throttle`), and a new password."""


def hash_password(password: str) -> str:
    """Raises UsageError for one that is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise UsageError(error_text("password", f"{len(password)} characters", f"{SHORTEST} to {LONGEST}"))
    with _AT_ONCE:
        return _HASHER.hash(password)


def new_password() -> str:
    """A password of 79 random bits, in groups that are easy to copy by hand."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def is_password(hashed: str | None, password: str) -> bool:
    """Whether the password is the one behind the hash. Without a hash it takes as long to say no."""
    with _AT_ONCE:
        try:
            _HASHER.verify(hashed or _nobodys_hash(), password[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False
    return hashed is not None


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _HASHER.hash("nobody has this password, and it lets nobody in")
