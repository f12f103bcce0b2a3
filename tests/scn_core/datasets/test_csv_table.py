from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from scn_core.class_names import ClassVocabulary
from scn_core.datasets import csv_table
from scn_core.datasets.registry import read_manifest
from scn_core.datasets.rows import Row
from scn_core.datasets.source import Source
from scn_core.errors import DataError, UsageError
from scn_core.import_balance import Problem
from scn_core.inference.pictures import find_pictures
from scn_core.records import Box, Vote

Draw = Callable[..., Path]


def _csv(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "faces.csv"
    file.write_bytes(text.encode())
    return file


def _rows(source: Source) -> list[Row]:
    return [row for row in csv_table.read(source) if isinstance(row, Row)]


def test_spreadsheet_exports_are_read(tmp_path: Path) -> None:
    file = _csv(tmp_path, '\ufeffpath,label,split\r\n"a, b.jpg",Happiness,train\r\n"c.jpg",ANGRY,PublicTest\r\n')
    rows = _rows(Source(csv=file))
    assert csv_table.vocabulary(Source(csv=file)).names == ("happy", "anger")
    assert [(row.sample.path, row.sample.given_label, row.sample.split, row.line) for row in rows] == [
        ("a, b.jpg", 0, "train", 2),
        ("c.jpg", 1, "val", 3),
    ]


def test_without_a_split_column_all_is_train(tmp_path: Path) -> None:
    rows = _rows(Source(csv=_csv(tmp_path, "label,path\nsad,a.jpg\nhappy,b.jpg\n")))
    assert [row.sample.split for row in rows] == ["train", "train"]


def test_columns_may_have_other_names(tmp_path: Path) -> None:
    file = _csv(tmp_path, "File,Emotion,Part,Truth,label\na.jpg,sad,test,happy,x\nb.jpg,happy,train,,y\n")
    source = Source(csv=file, path_column="file", label_column="emotion", split_column="part", reference_column="truth")
    rows = _rows(source)
    assert [(row.sample.given_label, row.sample.split, row.sample.reference_label) for row in rows] == [
        (1, "test", 0),
        (0, "train", None),
    ]


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ("sad happy neutral", "neutral happy sad"),
        ("dog cat happy", "cat dog happy"),
        ("Zebra ant Überraschung Joy", "ant happy Zebra Überraschung"),
        ("Smirk smirk SMIRK Sad", "sad smirk"),
    ],
)
def test_emotions_in_the_usual_order_others_by_alphabet(tmp_path: Path, labels: str, names: str) -> None:
    file = _csv(tmp_path, "path,label\n" + "".join(f"{label}.jpg,{label}\n" for label in labels.split()))
    assert csv_table.vocabulary(Source(csv=file)).names == tuple(names.split())


def test_numbers_with_names(tmp_path: Path) -> None:
    file = _csv(tmp_path, "path,label\na.jpg,1\nb.jpg,0\nc.jpg, 2 \nd.jpg,sad\n")
    source = Source(csv=file, classes=("happy", "sad", "fear"))
    assert [row.sample.given_label for row in _rows(source)] == [1, 0, 2, 1]


@pytest.mark.parametrize("label", ["3", "-1", "1.5", "", "joyless"])
def test_unknown_labels_are_problems(tmp_path: Path, label: str) -> None:
    file = _csv(tmp_path, f"path,label\na.jpg,0\nb.jpg,{label}\n")
    _, problem = csv_table.read(Source(csv=file, classes=("happy", "sad", "fear")))
    assert isinstance(problem, Problem)
    assert (problem.file, problem.line, problem.allowed) == (str(file), 3, "happy, sad, fear")
    assert repr(label) in problem.found


@pytest.mark.parametrize("labels", ["0,1", "0.0,1.0"])
def test_numbers_without_names_are_refused(tmp_path: Path, labels: str) -> None:
    file = _csv(tmp_path, "path,label\n" + "".join(f"{label}.jpg,{label}\n" for label in labels.split(",")))
    with pytest.raises(UsageError, match="--classes: found label numbers"):
        csv_table.vocabulary(Source(csv=file))


def test_a_number_may_have_no_class(tmp_path: Path) -> None:
    """As where labels are 0, 2 and 6 of a list of seven, and nothing is labelled otherwise."""
    file = _csv(tmp_path, "path,label\na.jpg,0\nb.jpg,2\nc.jpg,6\nd.jpg,1\n")
    source = Source(csv=file, classes=("happy", "", "sad", "", "", " ", "fear"))
    assert csv_table.vocabulary(source).names == ("happy", "sad", "fear")
    *rows, problem = csv_table.read(source)
    assert [row.sample.given_label for row in rows if isinstance(row, Row)] == [0, 1, 2]
    assert isinstance(problem, Problem)
    assert (problem.found, problem.allowed) == ("label '1'", "happy, sad, fear")
    from_1 = _csv(tmp_path, "path,label\na.jpg,1\nb.jpg,3\n")
    counted = Source(csv=from_1, classes=("happy", "", "sad"))
    assert [row.sample.given_label for row in _rows(counted)] == [0, 1]
    with pytest.raises(UsageError, match="--classes: a class needs a name"):
        csv_table.vocabulary(Source(csv=_csv(tmp_path, "path,label\na.jpg,happy\n"), classes=("happy", "", "sad")))


def test_numbers_counted_from_1_are_taken_where_they_can_be_nothing_else(tmp_path: Path) -> None:
    file = _csv(tmp_path, "path,label\na.jpg,1\nb.jpg,2\nc.jpg,2.0\n")
    rows = _rows(Source(csv=file, classes=("happy", "sad")))
    assert [(row.sample.given_label, row.written) for row in rows] == [
        (0, ((0, "1"),)),
        (1, ((1, "2"),)),
        (1, ((1, "2.0"),)),
    ]


def test_numbers_that_may_count_either_way_are_refused(tmp_path: Path) -> None:
    file = _csv(tmp_path, "path,label\na.jpg,1\nb.jpg,2\nc.jpg,3\n")
    with pytest.raises(DataError, match=r"found label numbers 1 to 3; allowed: 0 to 1, or 1 to 2"):
        list(csv_table.read(Source(csv=file, classes=("happy", "sad"))))


@pytest.mark.parametrize("cell", ["0.0", "0,0", " 0 "])
def test_a_number_that_pandas_wrote_as_a_decimal_is_that_number(tmp_path: Path, cell: str) -> None:
    file = _csv(tmp_path, f'path,label,left,top,right,bottom\na.jpg,1,1.0,2.0,30.0,40.0\nb.jpg,"{cell}",,,,\n')
    rows = _rows(Source(csv=file, classes=("happy", "sad")))
    assert [(row.sample.given_label, row.sample.box) for row in rows] == [(1, Box(1, 2, 30, 40)), (0, None)]


def test_a_number_among_names_is_a_class_of_that_name(tmp_path: Path) -> None:
    source = Source(csv=_csv(tmp_path, "path,label\na.jpg,happy\nb.jpg,10\nc.jpg,10.0\nd.jpg,007\n"))
    assert csv_table.vocabulary(source).names == ("007", "10", "happy")
    assert [row.sample.given_label for row in _rows(source)] == [2, 1, 1, 0]


def test_boxes_of_one_picture_are_faces_also_without_keys(tmp_path: Path) -> None:
    rows = ["a.jpg,happy,1,1,20,20", "b.jpg,sad,1,1,20,20", "a.jpg,sad,30,1,50,20", "a.jpg,sad,1.0,1,20,20"]
    source = Source(csv=_csv(tmp_path, "file_name,label,left,top,right,bottom\n" + "\n".join(rows) + "\n"))
    assert [row.sample.key for row in _rows(source)] == ["a.jpg#0", "b.jpg", "a.jpg#1", "a.jpg#0"]


@pytest.mark.parametrize("sides", ["x1,y1,x2,y2", "xmin,ymin,xmax,ymax", "Bbox_X_Min,bbox_y_min,bbox_x_max,bbox_y_max"])
def test_boxes_under_their_usual_names_are_boxes(tmp_path: Path, sides: str) -> None:
    rows = _rows(Source(csv=_csv(tmp_path, f"path,{sides},label\na.jpg,1,2,20,21,happy\na.jpg,30,2,50,21,sad\n")))
    assert [(row.sample.key, row.sample.box) for row in rows] == [
        ("a.jpg#0", Box(1, 2, 20, 21)),
        ("a.jpg#1", Box(30, 2, 50, 21)),
    ]


@pytest.mark.parametrize("sides", ["x,y,w,h", "X,Y,Width,Height", "bbox_x,bbox_y,bbox_w,bbox_h"])
def test_boxes_by_width_and_height_are_boxes_also_with_one_row_a_picture(tmp_path: Path, sides: str) -> None:
    """They were overlooked, and the whole picture was trained on."""
    source = Source(csv=_csv(tmp_path, f"path,{sides},label,age\na.jpg,1,2,20,21,happy,3\nb.jpg,1,2,0,21,sad,4\n"))
    box, wrong = csv_table.read(source)
    assert isinstance(box, Row)
    assert isinstance(wrong, Problem)
    assert box.sample.box == Box(1, 2, 21, 23)
    assert wrong.allowed == "four numbers of pixels, width and height above 0, or all empty"
    assert list(csv_table.notes(source)) == [
        f"boxes of faces: columns {sides.replace(',', ', ')}",
        "columns not used: age",
    ]


def test_a_box_in_one_cell_is_refused(tmp_path: Path) -> None:
    """It may be by sides or by size: guessing cuts the wrong face out."""
    file = _csv(tmp_path, 'path,bbox,label\na.jpg,"[1, 2, 20, 21]",happy\nb.jpg,,sad\n')
    with pytest.raises(
        DataError, match=r"a column bbox for a whole box; allowed: four columns, left, top.*COCO's as x, y"
    ):
        csv_table.vocabulary(Source(csv=file))


@pytest.mark.parametrize("columns", ["x1,y1,w,h", "cx,cy,w,h", "x_center,y_center,width,height", "left,top,w,height"])
def test_a_box_in_a_mixture_of_forms_is_refused(tmp_path: Path, columns: str) -> None:
    """The whole picture was trained on, and asked about."""
    shown = ", ".join(columns.split(","))
    file = _csv(tmp_path, f"path,{columns},label\na.jpg,1,2,20,21,happy\nb.jpg,1,2,20,21,sad\n")
    for read in (lambda: csv_table.vocabulary(Source(csv=file)), lambda: find_pictures(file)):
        with pytest.raises(DataError, match=f"found columns {shown}, a box in a form that is not read; allowed: four"):
            read()


def test_sides_under_the_names_of_sizes_are_warned_of(tmp_path: Path) -> None:
    for place in range(6):
        Image.new("RGB", (60, 50), (place, 90, 200)).save(tmp_path / f"{place}.png")

    def warnings(*boxes: str) -> list[str]:
        rows = "".join(f"{place}.png,{('happy', 'sad')[place % 2]},{box}\n" for place, box in enumerate(boxes))
        manifest = read_manifest("csv", Source(csv=_csv(tmp_path, f"path,label,x,y,w,h\n{rows}")))
        assert len(manifest.samples) == len(boxes)
        return [each.found for each in manifest.problems if each.kept and "boxes" in each.found]

    inside, beyond = "10,10,30,30", "30,20,55,45"
    (found,) = warnings(beyond, inside, *[beyond] * 4)
    assert found == "5 of 6 boxes that reach far beyond their pictures (0.png, 2.png, 3.png, ...)"
    assert warnings(*[inside] * 5, beyond) == []
    assert warnings(*["10,10,52,41"] * 6) == [], "a face at the edge"


@pytest.mark.parametrize(
    ("cells", "box"),
    [
        ("10.5,2.0,30.1,40", Box(10, 2, 31, 40)),
        ("-0.5,2,3e1,40.0", Box(-1, 2, 30, 40)),
        ("10.5,nan,30,40", None),
        ("10.5,2,inf,40", None),
        ("10.5,2,1e99,40", None),
        ("10.5,2,10.5,40", None),
        ("0.1,0.2,0.5,1", None),
    ],
)
def test_parts_of_a_pixel_are_rounded_outwards(tmp_path: Path, cells: str, box: Box | None) -> None:
    (entry,) = csv_table.read(Source(csv=_csv(tmp_path, f"path,label,left,top,right,bottom\na.jpg,sad,{cells}\n"),
                                     classes=("happy", "sad")))  # fmt: skip
    assert entry.sample.box == box if isinstance(entry, Row) else (box is None and isinstance(entry, Problem))


@pytest.mark.parametrize("header", ["path,label,split,label", "path,label, Path ", "path,label,x1,y1,x2,y2,X1"])
def test_columns_of_one_name_are_refused(tmp_path: Path, header: str) -> None:
    file = _csv(tmp_path, f"{header}\n{','.join(header.split(','))}\n")
    with pytest.raises(DataError, match=r"found 2 columns (label|path|x1); allowed: one of each that is read; rename"):
        csv_table.vocabulary(Source(csv=file))


@pytest.mark.parametrize("columns", ["left,top,right", "x,y,w", "x1,y1,x2"])
def test_a_picture_of_two_rows_with_part_of_a_box_is_an_error(tmp_path: Path, columns: str) -> None:
    cells = ",".join("1" for _ in columns.split(","))
    file = _csv(tmp_path, f"path,{columns},label\na.jpg,{cells},happy\na.jpg,{cells},sad\n")
    found = rf"line 3: found a.jpg a second time, and of a box {columns.replace(',', ', ')} alone; .*x1, y1, x2, y2"
    with pytest.raises(DataError, match=found):
        csv_table.vocabulary(Source(csv=file))


def test_landmarks_are_no_box(tmp_path: Path) -> None:
    rows = _rows(
        Source(csv=_csv(tmp_path, "path,label,x1,y1,x2,y2,x3,y3\na.jpg,happy,1.5,2,20,21,9,9\nb.jpg,sad,,,,,,\n"))
    )
    assert [row.sample.box for row in rows] == [None, None]


def test_names_win_over_numbers(tmp_path: Path) -> None:
    file = _csv(tmp_path, "path,label\na.jpg,1\nb.jpg,3\nc.jpg,'-1\nd.jpg,2.0\n")
    rows = _rows(Source(csv=file, classes=("-1", "3", "2", "1")))
    assert [row.sample.given_label for row in rows] == [3, 1, 0, 2]


@pytest.mark.parametrize(
    "label", ["", " ", "nan", "NaN", "N/A", "#N/A", "<NA>", "NULL", "NA", "None", "-", "?", "\u200b", "\u00a0"]
)
def test_a_missing_label_makes_no_class(tmp_path: Path, label: str) -> None:
    file = _csv(tmp_path, f"path,label\na.jpg,happy\nb.jpg,sad\nc.jpg,{label}\n")
    assert csv_table.vocabulary(Source(csv=file)).names == ("happy", "sad")
    *_, problem = csv_table.read(Source(csv=file))
    assert isinstance(problem, Problem)
    assert (problem.line, problem.reason) == (4, "no label")
    assert problem.allowed.startswith("happy, sad")


@pytest.mark.parametrize("name", ["null", "NA"])
def test_a_class_may_be_called_so_where_it_is_asked_for(tmp_path: Path, name: str) -> None:
    file = _csv(tmp_path, f"path,label,truth\na.jpg,{name},\nb.jpg,sad,{name}\n")
    classes = ClassVocabulary.of([name, "sad"]).names  # as the command passes them on
    rows = _rows(Source(csv=file, classes=classes, reference_column="truth"))
    assert [(row.sample.given_label, row.sample.reference_label) for row in rows] == [(0, None), (1, 0)]


def test_a_wrong_label_column_is_noticed(tmp_path: Path) -> None:
    file = _csv(tmp_path, "path,label\n" + "".join(f"{n}.jpg,name{n}\n" for n in range(101)))
    with pytest.raises(DataError, match=r"found 101 different labels.*check --label-column"):
        csv_table.vocabulary(Source(csv=file))


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("a.jpg", "1 cells"),
        ("../a.jpg,happy,train", "path '../a.jpg'"),
        ("/a.jpg,happy,train", "path '/a.jpg'"),
        ("a.jpg,happy,later", "split 'later'"),
        ("a.jpg,happy,", "split ''"),
    ],
)
def test_bad_rows_are_problems(tmp_path: Path, row: str, found: str) -> None:
    file = _csv(tmp_path, f"path,label,split\nx.jpg,happy,train\ny.jpg,sad,train\n{row}\n")
    *_, problem = csv_table.read(Source(csv=file))
    assert isinstance(problem, Problem)
    assert (problem.line, problem.found) == (4, found)


def test_an_unknown_reference_is_a_problem(tmp_path: Path) -> None:
    file = _csv(tmp_path, "path,label,truth\na.jpg,happy,sad\nb.jpg,sad,odd\n")
    _, problem = csv_table.read(Source(csv=file, reference_column="truth"))
    assert isinstance(problem, Problem)
    assert problem.found == "reference label 'odd'"


@pytest.mark.parametrize(
    ("option", "flag"),
    [
        ("path_column", "--path-column"),
        ("label_column", "--label-column"),
        ("split_column", "--split-column"),
        ("reference_column", "--reference-column"),
    ],
)
def test_missing_columns_name_the_flag(tmp_path: Path, option: str, flag: str) -> None:
    file = _csv(tmp_path, "path,label\na.jpg,sad\nb.jpg,happy\n")
    with pytest.raises(DataError, match=f"found columns path, label; allowed: .*gone.*{flag}"):
        csv_table.vocabulary(Source(csv=file, **{option: "gone"}))  # type: ignore[arg-type]


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--csv: found nothing"):
        csv_table.vocabulary(Source(root=tmp_path))
    with pytest.raises(DataError, match="No such file"):
        csv_table.vocabulary(Source(csv=tmp_path / "gone.csv"))


def test_paths_are_relative_to_the_root_where_one_is_given(tmp_path: Path, draw: Draw) -> None:
    file = _csv(tmp_path, "path,label\na.jpg,sad\nb.jpg,happy\n")
    draw("faces/a.jpg", 1)
    draw("faces/b.jpg", 2)
    manifest = read_manifest("csv", Source(csv=file, root=tmp_path / "faces"))
    assert manifest.root == tmp_path / "faces"
    assert [sample.key for sample in manifest.samples] == ["a.jpg", "b.jpg"]


def test_boxes_and_several_faces_a_picture_are_read_where_the_table_has_them(tmp_path: Path) -> None:
    file = _csv(
        tmp_path,
        "path,label,left,top,right,bottom,key\na.jpg,sad,1,2,30,40,a.jpg#0\na.jpg,happy,50,2,80,40,a.jpg#1\n"
        "b#1.jpg,sad,,,,,b#1.jpg\n",
    )
    rows = _rows(Source(csv=file))
    assert [row.sample.key for row in rows] == ["a.jpg#0", "a.jpg#1", "b#1.jpg"]
    assert [row.sample.box for row in rows] == [Box(1, 2, 30, 40), Box(50, 2, 80, 40), None]


@pytest.mark.parametrize("box", ["1,2,3", "1,2,x,4", "5,2,5,4", "1,9,5,4"])
def test_a_box_that_is_none_is_told(tmp_path: Path, box: str) -> None:
    cells = (box + ",,,").split(",")[:4]
    header = "path,label,left,top,right,bottom"
    file = _csv(tmp_path, f"{header}\na.jpg,sad,{','.join(cells)}\nb.jpg,happy,0,0,9,9\n")
    problems = [entry for entry in csv_table.read(Source(csv=file)) if isinstance(entry, Problem)]
    assert [(problem.line, problem.found) for problem in problems] == [(2, "box " + ",".join(cells))]


EXPORTED = "path,label,given_label,changed,source,votes\n"


def test_votes_of_our_own_export_are_read_back(tmp_path: Path) -> None:
    cells = ["happy: 7; sad: 3", "Joy: 2; happy: 1; NF: 1", "", "a: 1; b: 2: 4", "'=x: 9"]
    labels = ("happy", "sad", "happy", "sad", "happy")
    rows = [f"{n}.jpg,{label},sad,1,keep,{cell}\n" for n, (label, cell) in enumerate(zip(labels, cells, strict=True))]
    found = _rows(Source(csv=_csv(tmp_path, EXPORTED + "".join(rows))))
    assert [row.sample.votes for row in found] == [
        (Vote(0, count=7), Vote(1, count=3)),
        (Vote(0, count=3), Vote(None, other="NF")),
        (),
        (Vote(None, other="a"), Vote(None, other="b: 2", count=4)),
        (Vote(None, other="=x", count=9),),
    ]


@pytest.mark.parametrize("cell", ["10", "happy", "happy: 0", "happy: 7; sad"])
def test_votes_that_cannot_be_read_are_listed(tmp_path: Path, cell: str) -> None:
    file = _csv(tmp_path, f'{EXPORTED}a.jpg,sad,sad,0,keep,"{cell}"\n')
    (problem,) = csv_table.read(Source(csv=file, classes=("happy", "sad")))
    assert isinstance(problem, Problem)
    assert f"votes {cell!r}; allowed: such as happy: 7; sad: 3, or empty" in str(problem)


def test_a_column_votes_of_another_table_is_left_alone(tmp_path: Path) -> None:
    (row,) = _rows(Source(csv=_csv(tmp_path, "path,label,votes\na.jpg,sad,10\n"), classes=("happy", "sad")))
    assert row.sample.votes == ()
