"""Pictures with several faces, of a table without column key: a face is known by its picture and box alone."""

from __future__ import annotations

import csv
import random
import shutil
from itertools import permutations
from pathlib import Path

import pytest

from scn_core.erase import erase
from scn_core.exchange.export.table import BOX_COLUMNS
from scn_core.exchange.export.write import ExportOptions, export_labels
from scn_core.exchange.import_decisions.import_plan import plan_import
from scn_core.store.samples import find_sample, iter_samples
from scn_core.workspace.folder import Workspace
from scn_core.workspace.update import Update, update
from scn_core.workspace.withdraw import withdraw
from tests.review_workspace import add_round
from tests.scn_core.exchange.export.layouts import table
from tests.scn_core.workspace.listed_faces import copy_with_list, workspace_of_list
from tests.scn_core.workspace.test_update import answer

Face = tuple[str, str, int]
"""Picture, label and left side of the box."""
ROWS: list[Face] = [("a.png", "x", 0), ("a.png", "y", 8), ("a.png", "x", 16), ("b.png", "y", 0), ("b.png", "x", 8)]
ROWS += [(f"{number}.png", "xy"[number % 2], 0) for number in range(8)]
KEYS = [*(f"a.png#{n}" for n in range(3)), "b.png#0", "b.png#1", *(f"{n}.png" for n in range(8))]


def write(folder: Path, faces: list[Face]) -> None:
    header = ",".join(("path", "label", *BOX_COLUMNS))
    table(folder, header, [[path, label, left, 0, left + 8, 20] for path, label, left in faces])


@pytest.fixture(scope="module")
def _party(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("party")
    (folder / "data").mkdir()
    write(folder / "data", ROWS)
    add_round(workspace_of_list(folder, sorted({path for path, *_ in ROWS})), proposals=4, low=2)
    return folder


@pytest.fixture
def ws(_party: Path, tmp_path: Path) -> Workspace:
    """13 faces in 10 pictures, in review; the list is data/labels.csv beside the workspace."""
    return copy_with_list(_party, tmp_path)


def read_again(ws: Workspace, faces: list[Face]) -> Update:
    write(ws.path.with_name("data"), faces)
    return update(ws)


def known(ws: Workspace) -> dict[str, tuple[int, str, int | None]]:
    """Key of each face -> its number, picture and left side."""
    with ws.database(read_only=True) as db:
        found = [(stored.id, stored.sample) for stored in iter_samples(db)]
    return {sample.key: (number, sample.path, sample.box.left if sample.box else None) for number, sample in found}


def excluded(ws: Workspace) -> list[tuple[str, int]]:
    with ws.database(read_only=True) as db:
        return db.execute(
            "SELECT e.path, s.box_left FROM effective_label e JOIN sample s ON s.id = e.sample_id "
            "WHERE e.action = 'exclude' ORDER BY 1, 2"
        ).fetchall()


def test_any_order_and_any_removal_of_rows_keeps_every_answer_on_its_box(ws: Workspace) -> None:
    before = known(ws)
    assert list(before) == KEYS
    with ws.database() as db:
        answer(db, "a.png#1", "exclude")
        answer(db, "b.png#0", "exclude")
    orders = [list(rows) for count in range(4) for rows in permutations(ROWS[:3], count)]
    random.Random(7).shuffle(orders)
    for order in orders:
        found = read_again(ws, [*ROWS[5:], *order, *ROWS[4:2:-1]]).changes
        assert (found.new.count, found.changed.count, found.pictures, found.moved) == (0, 0, 0, 0), order
        assert known(ws) == before
        assert excluded(ws) == [("a.png", 8), ("b.png", 0)]
        gone = {KEYS[ROWS.index(face)] for face in ROWS[:3] if face not in order}
        with ws.database(read_only=True) as db:
            assert {key for (key,) in db.execute("SELECT key FROM sample WHERE vanished_in IS NOT NULL")} == gone


def test_a_new_face_gets_a_new_number_and_a_corrected_box_is_one(ws: Workspace) -> None:
    before = known(ws)
    found = read_again(ws, [("a.png", "y", 4), *ROWS[1:]]).changes
    assert (found.new.keys, found.vanished.keys) == (("a.png#14",), ("a.png#0",))
    assert known(ws) == before | {"a.png#14": (14, "a.png", 4)}
    assert not update(ws).changes.any


def test_one_box_alone_in_its_picture_may_be_corrected(ws: Workspace) -> None:
    found = read_again(ws, [*ROWS[:-1], ("7.png", "y", 3)]).changes
    assert (found.new.count, found.vanished.count, found.pictures) == (0, 0, 1)
    assert known(ws)["7.png"] == (13, "7.png", 3)


def test_moved_pictures_take_the_numbers_of_their_faces_along(ws: Workspace) -> None:
    data = ws.path.with_name("data")
    read_again(ws, ROWS[1:])  # a.png#0 is gone
    (data / "sub").mkdir()
    (data / "a.png").rename(data / "sub/a.png")
    moved = [("sub/a.png", label, left) for _, label, left in (ROWS[2], ROWS[1])]
    found = read_again(ws, [("sub/a.png", "x", 4), *moved, *ROWS[3:]]).changes
    assert (found.moved, found.new.keys) == (2, ("sub/a.png#14",))
    now = known(ws)
    assert (now["sub/a.png#1"], now["sub/a.png#2"]) == ((2, "sub/a.png", 8), (3, "sub/a.png", 16))


def test_keys_that_the_list_gives_are_names_where_the_box_is_unknown(ws: Workspace) -> None:
    before = known(ws)
    keyed: list[list[object]] = [
        ["a.png", "x", 1, 0, 9, 20, "a.png#0"],  # corrected
        ["a.png", "x", 16, 0, 24, 20, "a.png#1"],  # changed places
        ["a.png", "y", 8, 0, 16, 20, "a.png#2"],
        *(
            [path, label, left, 0, left + 8, 20, key]
            for (path, label, left), key in zip(ROWS[3:], KEYS[3:], strict=True)
        ),
    ]
    table(ws.path.with_name("data"), ",".join(("path", "label", *BOX_COLUMNS, "key")), keyed)
    found = update(ws).changes
    assert (found.unchanged, found.pictures, found.new.count, found.vanished.count) == (13, 1, 0, 0)
    assert known(ws) == before | {"a.png#0": (1, "a.png", 1)}


def test_a_picture_is_one_however_its_path_is_written(ws: Workspace) -> None:
    before = known(ws)
    found = read_again(ws, [("./b.png", "x", 8), *ROWS[:4], *ROWS[5:]]).changes
    assert (found.unchanged, known(ws)) == (13, before)


@pytest.mark.parametrize("out", [withdraw, erase])
def test_what_is_left_of_a_picture_is_no_face_that_was_taken_out(ws: Workspace, out: type) -> None:
    with ws.database() as db:
        answer(db, "b.png#1", "exclude")
    done = out(ws, ["b.png#0"])
    assert (done.pictures, done.kept, done.same) == ((), ("b.png#1",), ())
    assert "keep the picture files that these other faces are in" in done.describe()
    assert "may be deleted now" not in done.describe()
    rows = [face for face in ROWS if face != ("b.png", "y", 0)]
    found = read_again(ws, rows).changes
    assert (found.new.count, found.withdrawn, found.vanished.count, found.unchanged) == (0, 0, 0, 12)
    assert known(ws)["b.png#1"] == (5, "b.png", 8)
    assert excluded(ws) == [("b.png", 8)]
    if out is erase:  # as if nobody had ever seen it, but for the number
        assert read_again(ws, ROWS).changes.new.keys == ("b.png#14",)
    else:
        assert read_again(ws, ROWS[::-1]).changes.withdrawn == 1
    done = out(ws, ["b.png#1"])
    assert done.pictures == (() if out is erase else ("b.png",))


def test_nobody_who_was_taken_out_comes_back_by_a_corrected_box(ws: Workspace) -> None:
    withdraw(ws, ["b.png#0"])
    found = read_again(ws, [*ROWS[:3], *ROWS[4:], ("b.png", "y", 2)]).changes
    assert (found.withdrawn, found.new.count) == (1, 0)
    assert read_again(ws, [*ROWS[:3], *ROWS[4:], ("b.png", "y", 5)]).changes.new.keys == ("b.png#14",)


def test_a_number_of_an_erased_face_is_given_to_no_other(ws: Workspace) -> None:
    erase(ws, ["b.png#0", "b.png#1"])
    assert read_again(ws, [*ROWS[:3], *ROWS[5:], ("b.png", "x", 4), ("b.png", "x", 9)]).changes.new.keys == (
        "b.png#14",
        "b.png#15",
    )


def test_the_same_picture_elsewhere_counts_where_the_box_is_the_same(ws: Workspace) -> None:
    data = ws.path.with_name("data")
    shutil.copy(data / "b.png", data / "copy.png")
    read_again(ws, [*ROWS, ("copy.png", "y", 0), ("copy.png", "x", 8)])
    done = withdraw(ws, ["b.png#0"])
    assert (done.pictures, done.kept, done.same) == ((), ("b.png#1",), ("copy.png#0",))


def test_an_export_comes_back_to_the_boxes_it_was_made_of(ws: Workspace, tmp_path: Path) -> None:
    with ws.database(read_only=True) as db:
        export_labels(db, tmp_path / "out.csv", ExportOptions())
        with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        for face in rows[:3]:
            face["label"] = {"x": "y", "y": "x"}[face["label"]]
        rows[0]["key"], rows[1]["key"] = "a.png#1", "a.png#0"  # as an update once numbered them
        rows[2] |= {"left": "15", "key": "a.png#2"}
        rows[3] |= {"left": "99", "right": "107"}  # nobody edited its label
        rows[4] |= {"key": "b.png#7", "label": "y"}
        table(tmp_path, ",".join(rows[0]), [list(row.values()) for row in rows])
        plan = plan_import(db, tmp_path / "labels.csv", person="ann")
        assert sorted(decision.sample_id for decision in plan.decisions) == [1, 2, 5]
        assert [(p.line, p.found) for p in plan.problems] == [
            (4, "a.png#2 in the box 15,0,24,20, and a.png#2 is in another now")
        ]
        two: list[list[object]] = [
            ["a.png", "y", 0, 0, 8, 20],
            ["a.png", "y", "", "", "", ""],
            ["0.png", "y", "", "", "", ""],
        ]
        table(tmp_path, ",".join(("path", "label", *BOX_COLUMNS)), two)
        plan = plan_import(db, tmp_path / "labels.csv", person="ann")
        assert ([d.sample_id for d in plan.decisions], [p.found for p in plan.problems]) == (
            [1, 6],
            ["a.png, which holds 3 faces"],
        )


def test_a_path_without_a_box_names_no_face_of_several(ws: Workspace, tmp_path: Path) -> None:
    read_again(ws, [*ROWS, ("7.png", "x", 12)])
    file = table(tmp_path, "path,label", [["7.png", "x"]])
    with ws.database(read_only=True) as db:
        assert find_sample(db, "7.png") is not None
        (problem,) = plan_import(db, file, person="ann").problems
    assert problem.found == "7.png, which holds 2 faces"
