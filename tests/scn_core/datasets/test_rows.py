from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scn_core.datasets.paths import leads_out, relative_path
from scn_core.datasets.rows import Row, find_split, make_row
from scn_core.import_balance import Problem

_PARTS = st.sampled_from(["a", "b.jpg", "..", ".", "", "/", "\\", "C:", "c d", "é", "\0", "\n", "~", "..."])


@given(st.one_of(st.text(max_size=20), st.lists(_PARTS, max_size=6).map("/".join)))
def test_a_path_stays_below_the_root_or_is_refused(text: str) -> None:
    path = relative_path(text)
    if path is not None:
        assert os.path.normpath(Path("/root/of/pictures", path)).startswith("/root/of/pictures/")
        assert relative_path(path) == path, "the normal form is its own"


@pytest.mark.parametrize(
    "text",
    [
        "../a.jpg",
        "a/../../b.jpg",
        "/etc/passwd",
        "C:\\a.jpg",
        "\\\\host\\a.jpg",
        "",
        ".",
        "a\0b",
        "..\\a",
        "./C:/a.jpg",
        ".//\\a.jpg",
    ],
)
def test_paths_that_leave_are_refused(text: str) -> None:
    assert relative_path(text) is None
    assert isinstance(make_row("list", 3, text, 0, "train"), Problem)


@pytest.mark.parametrize("text", ["./a/b.jpg", "a//b.jpg", "a/./b.jpg", "a/b.jpg"])
def test_paths_have_one_form(text: str) -> None:
    row = make_row("list", 3, text, 0, "train", face="2")
    assert isinstance(row, Row)
    assert (row.sample.path, row.sample.key) == ("a/b.jpg", "a/b.jpg#2")


def test_links_are_followed_before_the_root_is_compared(tmp_path: Path) -> None:
    root = (tmp_path / "root").resolve()
    root.mkdir()
    (root / "in").mkdir()
    (root / "near").symlink_to(root / "in")
    (root / "far").symlink_to(tmp_path)
    assert not leads_out(root, "near/a.jpg")
    assert leads_out(root, "far/a.jpg")


def test_split_names() -> None:
    assert [find_split(name) for name in ("Training", " VAL ", "PublicTest", "PrivateTest", "other", "")] == [
        "train",
        "val",
        "val",
        "test",
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("test_set", "test"),
        ("Testing", "test"),
        ("evaluation", "test"),
        ("eval", "test"),
        ("dev", "val"),
        ("Validation Set", "val"),
        ("training-data", "train"),
        ("trains", None),
        ("set", None),
        ("settest", None),
    ],
)
def test_split_names_of_folders(name: str, split: str | None) -> None:
    assert find_split(name) == split
