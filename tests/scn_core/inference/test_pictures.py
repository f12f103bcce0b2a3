"""Which pictures a folder or a list names; none of them is opened here."""

from __future__ import annotations

from pathlib import Path

import pytest

from scn_core.datasets.box_columns import BOX_FORMS
from scn_core.errors import DataError, UsageError
from scn_core.inference.pictures import count_pictures, find_pictures
from scn_core.records import Box


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "new"
    for name in ("b.jpg", "a.PNG", "inner/c.webp", "notes.txt", "inner/Thumbs.db"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).touch()
    return place


def names(source: Path | list[str], root: Path | None = None) -> list[str]:
    return [each.name for each in find_pictures(source, root)]


def test_of_a_folder_are_taken_pictures_by_name_and_others_counted(folder: Path) -> None:
    found = find_pictures(folder)
    assert [each.name for each in found] == ["a.PNG", "b.jpg", "inner/c.webp"]
    assert count_pictures(found) == 3
    assert found.notes() == ["2 other files and linked folders passed over"]  # however often it was walked
    assert not found.boxed


def test_a_link_to_another_folder_is_not_followed_and_said(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/d.jpg").touch()
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    found = find_pictures(folder)
    assert count_pictures(found) == 3
    assert found.notes() == ["3 other files and linked folders passed over"]


@pytest.mark.parametrize(
    "text",
    ["b.jpg\n\ninner/c.webp\n", "path\nb.jpg\ninner/c.webp\n", "sep=;\nlabel;File_Name\nx;b.jpg\ny;inner/c.webp\n"],
)
def test_a_list_is_a_path_a_line_or_a_table(folder: Path, tmp_path: Path, text: str) -> None:
    for place, root in ((folder / "list.csv", None), (tmp_path / "list.csv", folder)):
        place.write_text(text)
        found = list(find_pictures(place, root))
        assert [each.name for each in found] == ["b.jpg", "inner/c.webp"]
        assert [each.path for each in found] == [folder / "b.jpg", folder / "inner/c.webp"]


def test_absolute_paths_of_a_list_stay(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(f"{folder}/b.jpg\n")
    assert [each.path for each in find_pictures(tmp_path / "list.txt", folder / "inner")] == [folder / "b.jpg"]


def test_boxes_of_a_list_are_read_as_in_data_sets(folder: Path) -> None:
    (folder / "list.csv").write_text(
        "path,x1,y1,x2,y2\nb.jpg,1,2,30,40\nb.jpg,,,,\nb.jpg,30,2,1,40\nb.jpg,1\n,1,2,3,4\n"
    )
    found = find_pictures(folder / "list.csv")
    assert found.boxed
    assert [each.box for each in found] == [Box(1, 2, 30, 40), None, None, None, None]
    wrong = [each.wrong or "" for each in found]
    assert wrong[:2] == ["", ""]
    assert wrong[2].startswith("found box 30,2,1,40; allowed: four numbers of pixels")
    assert wrong[3].startswith("found box 1,,,; allowed")
    assert wrong[4] == "no path in line 6 of the list"


def test_columns_that_are_part_of_a_box_are_said_not_to_be_read(folder: Path) -> None:
    (folder / "list.csv").write_text("path,x,y,w\nb.jpg,1,2,30\n")
    found = find_pictures(folder / "list.csv")
    assert [(each.box, each.wrong) for each in found] == [(None, None)]
    assert found.notes() == [f"columns x, y, w are not read: a box has the columns {BOX_FORMS}"]


def test_boxes_that_init_refuses_are_refused(folder: Path) -> None:
    """The whole picture was asked about, once for each row."""
    (folder / "list.csv").write_text('path,bbox\nb.jpg,"[1, 2, 30, 40]"\n')
    with pytest.raises(DataError, match=r"list.csv: found a column bbox for a whole box; allowed: four columns, left"):
        find_pictures(folder / "list.csv")
    (folder / "list.csv").write_text("path,x,y,w\n,1,2,3\nb.jpg,1,2,30\n,1,2,3\nb.jpg,40,2,30\n")
    with pytest.raises(DataError, match=r"line 5: found b.jpg a second time, and of a box x, y, w alone; allowed: for"):
        find_pictures(folder / "list.csv")


def test_one_picture_and_several(folder: Path) -> None:
    assert names(folder / "b.jpg") == [str(folder / "b.jpg")]
    assert names([str(folder / "b.jpg"), "gone.jpg"]) == [str(folder / "b.jpg"), "gone.jpg"]


def test_what_makes_no_sense_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"pictures: found no .*gone; allowed: a folder, a list"):
        find_pictures(tmp_path / "gone")
    with pytest.raises(UsageError, match=r"--root: found .*; allowed: a root for the paths of a list alone"):
        find_pictures(folder, tmp_path)
    (tmp_path / "list.txt").write_text("\n")
    with pytest.raises(UsageError, match="--root: found no folder"):
        find_pictures(tmp_path / "list.txt", tmp_path / "gone")
    with pytest.raises(DataError, match="pictures: found no picture; allowed: one or more"):
        count_pictures(find_pictures(tmp_path / "list.txt"))
    (folder / "inner/c.webp").unlink()
    with pytest.raises(DataError, match=r"found no picture \(1 other files and linked folders passed over\)"):
        count_pictures(find_pictures(folder / "inner"))
    (tmp_path / "list.bin").write_bytes(b"\xff\xfa\x00\x01")
    with pytest.raises(DataError, match="bytes that are not UTF-8"):
        list(find_pictures(tmp_path / "list.bin"))
