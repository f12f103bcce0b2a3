"""Passwords as argon2 hashes, and how often one may try."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from threading import BoundedSemaphore, Lock

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from scn_core.errors import UsageError

SHORTEST, LONGEST = 10, 200

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that is taken for another one when read aloud or copied by hand."""
_HASHER = PasswordHasher()
_AT_ONCE = BoundedSemaphore(2)  # each takes 64 MiB and all it can of the processor


def hash_password(password: str) -> str:
    """Raises UsageError for one that is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise UsageError(f"password: found {len(password)} characters; allowed: {SHORTEST} to {LONGEST}")
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


class Attempts:
    """Counts attempts by key within a sliding time, in memory; the oldest keys are forgotten when there are many."""

    def __init__(
        self, *, within_s: float = 300, clock: Callable[[], float] = time.monotonic, keys: int = 10_000
    ) -> None:
        self._within_s = within_s
        self._clock = clock
        self._keys = keys
        self._times: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = Lock()

    def count(self, limits: dict[str, int]) -> float:
        """Count one attempt under each key and return 0; or seconds to wait, and count none, where one is used up."""
        with self._lock:
            now = self._clock()
            recent = {key: self._recent(key, now) for key in limits}
            waits = [times[-limit] + self._within_s - now for key, limit in limits.items()
                     if len(times := recent[key]) >= limit]  # fmt: skip
            if waits:
                return max(waits)
            for key, times in recent.items():
                self._times[key] = [*times, now]
                self._times.move_to_end(key)
            while len(self._times) > self._keys:
                self._times.popitem(last=False)
            return 0.0

    def forget(self, *keys: str) -> None:
        """Begin anew for these keys."""
        with self._lock:
            for key in keys:
                self._times.pop(key, None)

    def _recent(self, key: str, now: float) -> list[float]:
        return [moment for moment in self._times.get(key, []) if now - moment < self._within_s]
