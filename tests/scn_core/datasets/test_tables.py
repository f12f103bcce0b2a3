from __future__ import annotations

from pathlib import Path

import pytest

from scn_core.datasets.tables import column_places, csv_header, csv_rows, first_there, text_lines
from scn_core.errors import DataError


def test_rows_know_the_line_they_begin_on(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b'\xef\xbb\xbfa,b\r\n"x, y",1\r\n\r\n"two\r\nlines",2\r\nz,3\r\n')
    assert list(csv_rows(file)) == [(1, ["a", "b"]), (2, ["x, y", "1"]), (4, ["two\r\nlines", "2"]), (6, ["z", "3"])]


def test_lines_are_numbered_from_one(tmp_path: Path) -> None:
    file = tmp_path / "a.lst"
    file.write_bytes(b"\xef\xbb\xbfa 1\r\n\r\n b 2 \n")
    assert list(text_lines(file)) == [(1, "a 1"), (3, "b 2")]


@pytest.mark.parametrize(
    ("content", "told"), [(b"a\xff\n", "UTF-8"), (b"a" * 200_000, "field larger"), (b"", "empty file")]
)
def test_unreadable_lists(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(content)
    with pytest.raises(DataError, match=told):
        csv_header(file)


def test_missing_list_and_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.csv: found No such file"):
        list(csv_rows(tmp_path / "gone.csv"))
    with pytest.raises(DataError, match=r"gone: found no such file or folder.*or .*also; check --root"):
        first_there(tmp_path / "gone", tmp_path / "also")


def test_columns_are_found_by_name_whatever_the_case() -> None:
    header = ["Usage", " image NAME ", "x", "X"]
    assert column_places(Path("f"), header, ("Image name", "usage", "x")) == [1, 0, 2]
    with pytest.raises(DataError, match=r"found columns Usage,.*allowed: a header with nf as well; do this"):
        column_places(Path("f"), header, ("usage", "nf"), "; do this")
