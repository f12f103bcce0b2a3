from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from scn_core.intervals import Z, share, wilson


@given(n=some.integers(1, 10_000), part=some.floats(0, 1))
def test_both_ends_are_where_the_normal_test_of_the_share_just_holds(n: int, part: float) -> None:
    k = round(part * n)
    low, high = wilson(k / n, n)
    assert 0 <= low <= k / n <= high <= 1
    for end in (low, high):
        if 0 < end < 1:  # (k/n - p)^2 = z^2 p (1 - p) / n is what makes it Wilson's
            assert abs(k / n - end) == pytest.approx(Z * (end * (1 - end) / n) ** 0.5, rel=1e-6, abs=1e-9)


def test_a_share_of_nothing_is_none() -> None:
    assert share(0, 0) is None


def test_a_share_is_told_in_faces_too() -> None:
    rate = share(5, 50)
    assert rate is not None
    assert (rate.value, rate.of, rate.faces) == (0.1, 50, 5)
    assert rate.faces_low == pytest.approx(2.17, abs=0.01)
    assert rate.faces_high == pytest.approx(10.68, abs=0.01)
