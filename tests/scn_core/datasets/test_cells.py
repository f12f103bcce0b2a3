from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scn_core.datasets.cells import as_moment, as_written, is_missing, whole_number
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


@pytest.mark.parametrize(
    ("cell", "missing"), [(" NaN ", True), ("\ufeff", True), ("none", True), ("nano", False), ("no", False)]
)
def test_missing_values(cell: str, missing: bool) -> None:
    assert is_missing(cell) == missing


@pytest.mark.parametrize(
    "cell",
    [
        "2026-11-27T17:44:35.002Z", "2026-11-27 17:44:35.002000+00:00", "2026-11-27T19:44:35.002+02:00",
        " 2026-11-27 17:44:35.002 ", "1795801475002", "1795801475002.0", "1.795801475002e+12", "1795801475.002",
        "1795801475002000", "1795801475002000000",
    ],
)  # fmt: skip
def test_a_moment_however_it_was_written(cell: str) -> None:
    assert as_moment(cell) == "2026-11-27T17:44:35.002Z"


@pytest.mark.parametrize("cell", ["", "soon", "12", "9e99", "2026-13-01", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_moment_stays(cell: str) -> None:
    assert as_moment(cell) == cell
