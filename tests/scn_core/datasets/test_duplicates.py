"""The store of first places against a dictionary."""

from __future__ import annotations

from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scn_core.datasets.duplicates import Firsts
from scn_core.errors import WorkspaceError

MARKS = st.lists(st.text(max_size=2) | st.binary(max_size=2), max_size=30)


@given(MARKS)
def test_the_place_told_is_the_first_with_that_mark(marks: list[str | bytes]) -> None:
    known: dict[str | bytes, int] = {}
    with closing(Firsts()) as firsts:
        for place, mark in enumerate(marks):
            assert firsts.earlier(mark, place) == known.get(mark)
            known.setdefault(mark, place)


def test_two_stores_know_nothing_of_each_other() -> None:
    with closing(Firsts()) as one, closing(Firsts()) as other:
        assert one.earlier("a", 1) is None
        assert other.earlier("a", 2) is None
        assert one.earlier("a", 3) == 1


def test_a_full_disk_is_told_with_what_to_do() -> None:
    with closing(Firsts()) as firsts:
        firsts._db.execute("PRAGMA max_page_count = 8")
        met = (firsts.earlier(f"{place:064}", place) for place in range(10_000))
        with pytest.raises(WorkspaceError, match=r"no room to look for doubles in .* set TMPDIR"):
            any(met)
