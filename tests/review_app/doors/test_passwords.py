"""Hashes, the time they take, and how often one may try."""

from __future__ import annotations

import time

import pytest

from review_app.doors.passwords import Attempts, hash_password, is_password
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


def test_attempts_run_out_and_come_back() -> None:
    now = [1000.0]
    attempts = Attempts(within_s=300, clock=lambda: now[0])
    for _ in range(5):
        assert attempts.count({"ann": 5}) == 0
        now[0] += 10
    assert attempts.count({"ann": 5}) == 250
    assert attempts.count({"bob": 5}) == 0
    now[0] += 249
    assert attempts.count({"ann": 5}) == 1
    now[0] += 1
    assert attempts.count({"ann": 5}) == 0
    assert attempts.count({"ann": 5}) > 0
    attempts.forget("ann")
    assert attempts.count({"ann": 5}) == 0


def test_the_longest_wait_of_several_limits_counts_and_none_is_used_up_by_it() -> None:
    now = [0.0]
    attempts = Attempts(within_s=300, clock=lambda: now[0])
    attempts.count({"pair": 1, "address": 3})
    now[0] = 100
    assert attempts.count({"pair": 1, "address": 3}) == 200
    assert attempts.count({"other": 1, "address": 3}) == 0
    assert attempts.count({"third": 1, "address": 3}) == 0
    assert attempts.count({"fourth": 1, "address": 3}) == 200


def test_many_names_do_not_fill_the_memory() -> None:
    attempts = Attempts(keys=100)
    for number in range(1_000):
        attempts.count({f"name {number}": 5})
    assert len(attempts._times) == 100
