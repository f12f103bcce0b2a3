from __future__ import annotations

import os
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
    assert column_places(Path("f"), header, ("Image name", "usage")) == [1, 0]
    with pytest.raises(DataError, match="found 2 columns x; allowed: one of each that is read"):
        column_places(Path("f"), header, ("x",))
    with pytest.raises(DataError, match=r"found columns Usage,.*allowed: a header with nf as well; do this"):
        column_places(Path("f"), header, ("usage", "nf"), "; do this")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("declared", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_separators_and_encodings_of_spreadsheets(
    tmp_path: Path, separator: str, declared: bool, encoding: str
) -> None:
    file = tmp_path / "a.csv"
    head = f"sep={separator}\r\n" if declared else ""
    cells = [["path", "label"], ["ä 1.jpg", "so, so; or not"]]
    lines = [f"{separator.join(cells[0])}\r\n", f'{cells[1][0]}{separator}"{cells[1][1]}"\r\n']
    file.write_bytes((head + "".join(lines)).encode(encoding))
    first = 2 if declared else 1
    assert list(csv_rows(file)) == [(first, cells[0]), (first + 1, cells[1])]


def test_a_list_without_a_header_is_not_split_at_its_landmarks(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("1/0.jpg,10,10,20,20,1.5;2.5;3.5;4.5;5.5;6.5;7.5;8.5;9.5,1,0.1,0.2\n")
    ((_, cells),) = csv_rows(file)
    assert len(cells) == 9


def test_rows_of_bare_separators_are_empty_lines(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(",,\na,b,c\n,,\n , ,\t\n1,2,3\n")
    assert list(csv_rows(file)) == [(2, ["a", "b", "c"]), (5, ["1", "2", "3"])]


_ROWS = [f"{n}.jpg,sad" for n in range(2, 30)]


@pytest.mark.parametrize(
    ("rows", "line", "told"),
    [
        ([*_ROWS[:4], f'"{_ROWS[4]}', *_ROWS[5:]], 6, "never closed"),
        ([*_ROWS[:4], f'"{_ROWS[4]}', *_ROWS[5:9], f'"{_ROWS[9]}', *_ROWS[10:]], 6, "text after its end"),
        ([*_ROWS[:4], f'"{_ROWS[4]}', *_ROWS[5:9], f'{_ROWS[9]}"', *_ROWS[10:]], 6, "closes on line 11"),
        ([*_ROWS[:4], f'"{_ROWS[4]}', f'{_ROWS[5]}"', *_ROWS[6:]], 6, "closes on line 7"),
        ([*_ROWS[:4], '4.jpg,"sad', *_ROWS[5:9], '9.jpg,"', *_ROWS[10:]], 6, "closes on line 11"),
    ],
    ids=["one", "two at beginnings", "one and an end", "the next line", "in the last cell"],
)
def test_a_stray_quote_is_named_by_its_line(tmp_path: Path, rows: list[str], line: int, told: str) -> None:
    file = tmp_path / "a.csv"
    file.write_text("\n".join(["path,label", *rows]) + "\n")
    with pytest.raises(DataError, match=rf"a\.csv, line {line}: found a quote that opens here.*{told}"):
        list(csv_rows(file))


def test_notes_over_several_lines_stay_one_cell(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text('path,label,note\na.jpg,sad,"first\nsecond, with a comma\nthird"\nb.jpg,sad,\n')
    assert [line for line, _ in csv_rows(file)] == [1, 2, 5]


def test_a_pipe_is_no_list(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(DataError, match="found no regular file"):
        csv_header(tmp_path / "a.csv")


def test_a_header_of_any_length_makes_a_short_message() -> None:
    header = [f"column{n}" for n in range(10_000)]
    with pytest.raises(DataError) as caught:
        column_places(Path("f"), header, ("label",))
    assert len(str(caught.value)) < 1_000
