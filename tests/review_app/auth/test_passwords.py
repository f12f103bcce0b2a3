"""Hashes, and the time they take."""

from __future__ import annotations

import time

import pytest

from review_app.auth.passwords import hash_password, is_password
from scn_core.errors import UsageError


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


def test_a_name_nobody_has_takes_as_long() -> None:
    hashed = hash_password("correct horse battery")
    assert not is_password(None, "nobody has this password, and it lets nobody in")

    def fastest(of: str | None) -> float:
        times = []
        for _ in range(5):
            begun = time.perf_counter()
            is_password(of, "some other password")
            times.append(time.perf_counter() - begun)
        return min(times)

    known, unknown = fastest(hashed), fastest(None)
    assert unknown > known / 3
    assert known > unknown / 3


def test_a_broken_hash_lets_nobody_in() -> None:
    assert not is_password("plain text", "plain text")
