"""Hashes, and the work they take."""

from __future__ import annotations

from typing import Literal

import pytest
from argon2 import Parameters, PasswordHasher, extract_parameters

from review_app.auth import passwords
from review_app.auth.passwords import hash_password, is_password
from scn_core.errors import UsageError


@pytest.fixture(autouse=True)
def quick_hashes() -> None:
    """None here: these are the real ones."""
    passwords._nobodys_hash.cache_clear()


def test_only_the_password_is_the_password() -> None:
    hashed = hash_password("correct horse battery")
    assert hashed.startswith("$argon2id$")
    assert is_password(hashed, "correct horse battery")
    assert hashed != hash_password("correct horse battery")
    for wrong in ("", "correct horse batter", "Correct horse battery", "correct horse battery ", "x" * 100_000):
        assert not is_password(hashed, wrong)


@pytest.mark.parametrize("password", ["", "short", "x" * 9, "x" * 201])
def test_a_password_has_a_length(password: str) -> None:
    with pytest.raises(UsageError, match=r"found \d+ characters; allowed: 10 to 200"):
        hash_password(password)


def test_a_name_nobody_has_takes_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """As much work, that is; how long it takes is a matter of what else the machine does."""
    work: list[Parameters] = []

    class Watched(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            work.append(extract_parameters(str(hash)))
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "_HASHER", Watched())
    assert not is_password(hash_password("correct horse battery"), "some other password")
    assert not is_password(None, "some other password")
    assert not is_password(None, "nobody has this password, and it lets nobody in")
    known, *unknown = work
    assert unknown == [known, known]
    assert known.memory_cost >= 19 * 1024, "KiB; the least that OWASP advises"


def test_a_broken_hash_lets_nobody_in() -> None:
    assert not is_password("plain text", "plain text")
