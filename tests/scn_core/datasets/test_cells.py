from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scn_core.datasets.cells import as_written, is_missing, whole_number
from scn_core.exchange.export.cells import harmless


@given(st.integers(-(10**12), 10**12))
def test_whole_numbers_are_read_however_they_were_written(number: int) -> None:
    for cell in (f"{number}", f"{number}.0", f"{number}.", f" {number},00 "):
        assert whole_number(cell) == number


@pytest.mark.parametrize("cell", ["1.5", "", "x", "1e3", "0x1", "1.0.0", "inf", "nan", "٣", "²", "9" * 5000, "1 2"])
def test_what_is_no_whole_number(cell: str) -> None:
    assert whole_number(cell) is None


@given(st.text(max_size=5))
def test_what_export_makes_harmless_is_read_as_it_was(text: str) -> None:
    if not text.startswith("'"):
        assert as_written(str(harmless(text))) == text


@pytest.mark.parametrize(("cell", "missing"), [(" NaN ", True), ("\ufeff", True), ("none", False), ("nano", False)])
def test_missing_values(cell: str, missing: bool) -> None:
    assert is_missing(cell) == missing
