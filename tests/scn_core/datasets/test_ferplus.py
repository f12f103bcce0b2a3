from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from scn_core.datasets import ferplus
from scn_core.datasets.registry import read_manifest
from scn_core.datasets.rows import LeftOut, Row
from scn_core.datasets.source import LabelRule, Source
from scn_core.errors import DataError, UsageError
from scn_core.import_balance import Problem
from scn_core.records import Manifest, Vote

Draw = Callable[..., Path]
HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
USAGES = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}


def _votes(**counts: int) -> str:
    return ",".join(str(counts.get(name, 0)) for name in HEADER.split(",")[2:])


def _write(root: Path, rows: list[str], header: str = HEADER) -> Path:
    file = root / "fer2013new.csv"
    file.write_text("\n".join([header, *rows]) + "\n")
    return file


def _one_of_each(root: Path) -> list[str]:
    """Rows of unanimous votes: eight train faces in the order of the classes, one val, one test."""
    emotions = HEADER.split(",")[2:10]
    rows = [f"Training,{n}.png,{_votes(**{name: 10})}" for n, name in enumerate(emotions)]
    rows += [f"PublicTest,8.png,{_votes(fear=10)}", f"PrivateTest,9.png,{_votes(anger=10)}"]
    _write(root, rows)
    return rows


def _read(root: Path, rule: LabelRule | None = None, seed: int = 0) -> list[int | str]:
    entries = ferplus.read(Source(root=root, label_rule=rule, seed=seed))
    return [entry.sample.given_label if isinstance(entry, Row) else type(entry).__name__ for entry in entries]


def test_png_folders(tmp_path: Path, draw: Draw) -> None:
    for number, row in enumerate(_one_of_each(tmp_path)):
        usage, name, *_ = row.split(",")
        draw(f"{USAGES[usage]}/{name}", number)
    manifest = read_manifest("ferplus", Source(root=tmp_path))
    assert manifest.problems == ()
    assert [sample.given_label for sample in manifest.samples] == [*range(8), 6, 4]
    assert [sample.split for sample in manifest.samples] == ["train"] * 8 + ["val", "test"]
    assert manifest.samples[8].path == "FER2013Valid/8.png"
    assert {sample.reference_label for sample in manifest.samples} == {None}


@pytest.mark.parametrize(
    ("counts", "majority", "plurality"),
    [
        ({"happiness": 6, "neutral": 4}, 1, 1),
        ({"happiness": 5, "neutral": 5}, None, None),
        ({"happiness": 4, "neutral": 3, "fear": 3}, None, 1),
        ({"happiness": 4, "neutral": 3, "fear": 1, "anger": 1, "sadness": 1}, 1, 1),  # single votes are dropped
        ({"happiness": 2, "neutral": 2, "fear": 6}, 6, 6),
        ({"contempt": 6, "fear": 4}, 7, 7),
        ({"unknown": 6, "fear": 4}, None, 6),
        ({"NF": 5, "fear": 5}, None, 6),
        ({"NF": 10}, None, None),
        (dict.fromkeys(HEADER.split(",")[2:], 1), None, None),
    ],
)
def test_the_rules(counts: dict[str, int], majority: int | None, plurality: int | None) -> None:
    votes = tuple(map(int, _votes(**counts).split(",")))
    assert ferplus.majority(votes, 8) == majority
    assert ferplus.plurality(votes, 8) == plurality


def test_seven_classes_leave_contempt_out() -> None:
    votes = tuple(map(int, _votes(contempt=6, fear=4).split(",")))
    assert ferplus.majority(votes, 7) is None
    assert ferplus.plurality(votes, 7) == 6
    assert ferplus.one_vote(votes, 7, 0.99) == 6


@given(st.lists(st.integers(0, 10), min_size=10, max_size=10).map(tuple), st.floats(0, 1, exclude_max=True))
def test_one_vote_is_one_that_was_given(votes: tuple[int, ...], luck: float) -> None:
    label = ferplus.one_vote(votes, 8, luck)
    assert (label is None) == (sum(votes[:8]) == 0)
    assert label is None or votes[label] > 0


def test_a_class_is_drawn_as_often_as_it_was_voted() -> None:
    votes = tuple(map(int, _votes(happiness=7, fear=2, unknown=1).split(",")))
    drawn = [ferplus.one_vote(votes, 8, luck) for luck in np.linspace(0, 1, 900, endpoint=False)]
    assert (drawn.count(1), drawn.count(6)) == (700, 200)


def test_the_vote_rule_keeps_the_plurality_as_reference_and_for_val(tmp_path: Path) -> None:
    (tmp_path / "FER2013Train").mkdir()
    rows = [f"{'PublicTest' if n % 4 == 0 else 'Training'},{n}.png,{_votes(happiness=6, fear=4)}" for n in range(400)]
    _write(tmp_path, rows)
    entries = list(ferplus.read(Source(root=tmp_path, label_rule="vote")))
    samples = [entry.sample for entry in entries if isinstance(entry, Row)]
    assert {sample.reference_label for sample in samples} == {1}
    assert {sample.given_label for sample in samples if sample.split == "val"} == {1}
    drawn = [sample.given_label for sample in samples if sample.split == "train"]
    assert set(drawn) == {1, 6}
    assert 80 < drawn.count(6) < 160
    assert _read(tmp_path, "vote", seed=0) == _read(tmp_path, "vote", seed=0)
    assert _read(tmp_path, "vote", seed=0) != _read(tmp_path, "vote", seed=1)


def test_a_row_left_out_moves_no_other_draw(tmp_path: Path) -> None:
    (tmp_path / "FER2013Train").mkdir()
    rows = [f"Training,{n}.png,{_votes(happiness=6, fear=4)}" for n in range(50)]
    _write(tmp_path, rows)
    before = _read(tmp_path, "vote")
    rows[10] = f"Training,,{_votes(NF=10)}"
    _write(tmp_path, rows)
    after = _read(tmp_path, "vote")
    assert after[10] == "LeftOut"
    assert [*before[:10], *before[11:]] == [*after[:10], *after[11:]]


def test_rows_that_are_left_out_are_counted_by_reason(tmp_path: Path, draw: Draw) -> None:
    rows = _one_of_each(tmp_path)
    for number, row in enumerate(rows):
        usage, name, *_ = row.split(",")
        draw(f"{USAGES[usage]}/{name}", number)
    nameless = [f"Training,,{_votes(NF=10)}"] * 3
    split = [f"Training,x{n}.png,{_votes(fear=5, anger=5)}" for n in range(2)]
    _write(tmp_path, [*nameless, *rows, *split])
    manifest = read_manifest("ferplus", Source(root=tmp_path), strict=True)
    assert [problem.found.partition(":")[0] for problem in manifest.problems] == ["3 rows left out", "2 rows left out"]
    assert "no image name" in manifest.problems[0].found


def test_columns_are_matched_by_name(tmp_path: Path) -> None:
    (tmp_path / "FER2013Train").mkdir()
    _write(
        tmp_path, [f"{_votes(sadness=10)},Training,a.png"], ",".join([*HEADER.split(",")[2:], "USAGE", "image name"])
    )
    assert _read(tmp_path) == [3]


@pytest.mark.parametrize(
    "row",
    [
        "Training,a.png,1,2",
        f"Other,a.png,{_votes(fear=10)}",
        "Training,a.png" + ",x" * 10,
        "Training,a.png" + ",-1" * 10,
    ],
)
def test_bad_rows_are_problems(tmp_path: Path, row: str) -> None:
    (tmp_path / "FER2013Train").mkdir()
    file = _write(tmp_path, [f"Training,a.png,{_votes(fear=10)}", row])
    _, problem = ferplus.read(Source(root=tmp_path))
    assert isinstance(problem, Problem)
    assert (problem.file, problem.line) == (str(file), 3)


def test_a_path_in_an_image_name_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "FER2013Train").mkdir()
    _write(tmp_path, [f"Training,../../a.png,{_votes(fear=10)}"])
    assert _read(tmp_path) == ["Problem"]


def _pixels(root: Path, rows: list[tuple[str, int]]) -> Path:
    """fer2013.csv with one flat picture a row: (usage, grey value)."""
    lines = [f"3,{' '.join([str(grey)] * 48 * 48)},{usage}" for usage, grey in rows]
    file = root / "fer2013.csv"
    file.write_text("\n".join(["emotion,pixels,Usage", *lines]) + "\n")
    return file


def _unpack(tmp_path: Path) -> Manifest:
    return read_manifest("ferplus", Source(root=tmp_path / "csv", unpack_to=tmp_path / "out", class_count=7))


def test_pixels_are_joined_by_row_and_unpacked_once(tmp_path: Path) -> None:
    root = tmp_path / "csv"
    root.mkdir()
    emotions = HEADER.split(",")[2:9]
    rows = [f"Training,fer{n + 40:07}.png,{_votes(**{name: 10})}" for n, name in enumerate(emotions)]
    # The nameless row has pixels all the same: names count faces, not rows.
    _write(root, [rows[0], f"Training,,{_votes(NF=10)}", *rows[1:]])
    _pixels(root, [("Training", grey) for grey in (0, 99, 20, 30, 40, 50, 60, 70)])
    manifest = _unpack(tmp_path)
    assert manifest.root == tmp_path / "out"
    greys = []
    for sample in manifest.samples:
        with Image.open(manifest.root / sample.path) as picture:
            assert picture.size == (48, 48)
            greys.append(picture.getpixel((0, 0)))
    assert [sample.given_label for sample in manifest.samples] == list(range(7))
    assert greys == [0, 20, 30, 40, 50, 60, 70]
    written = {path: path.stat().st_mtime_ns for path in manifest.root.rglob("*.png")}
    assert len(written) == 7
    assert _unpack(tmp_path) == manifest
    assert {path: path.stat().st_mtime_ns for path in manifest.root.rglob("*.png")} == written


@pytest.mark.parametrize(
    ("pixels", "told"),
    [
        ([("Training", 1)], r"fer2013new\.csv, line 3: found a row the other file lacks"),
        ([("Training", 1)] * 3, r"fer2013\.csv, line 4: found a row the other file lacks"),
        ([("Training", 1), ("PublicTest", 1)], r"fer2013\.csv, line 3: found another Usage"),
        (
            [("Training", 1), ("Training", 256)],
            r"fer2013\.csv, line 3: found 2304 pixel values; allowed: 2304 of 0 to 255",
        ),
        ([("Training", 1), ("Training", -1)], r"fer2013\.csv, line 3: found 2304 pixel values"),
    ],
)
def test_files_that_do_not_go_together(tmp_path: Path, pixels: list[tuple[str, int]], told: str) -> None:
    root = tmp_path / "csv"
    root.mkdir()
    _write(root, [f"Training,{n}.png,{_votes(fear=10)}" for n in range(2)])
    _pixels(root, pixels)
    with pytest.raises(DataError, match=told):
        _unpack(tmp_path)


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"fer2013new\.csv: found no such file"):
        list(ferplus.read(Source(root=tmp_path)))
    _write(tmp_path, [])
    with pytest.raises(UsageError, match=r"found no folder FER2013Train, and none to unpack fer2013\.csv to"):
        list(ferplus.read(Source(root=tmp_path)))
    with pytest.raises(DataError, match=r"fer2013\.csv: found no such file"):
        list(ferplus.read(Source(root=tmp_path, unpack_to=tmp_path / "out")))
    _write(tmp_path, [], "Usage,Image name,happiness")
    with pytest.raises(DataError, match="allowed: a header with neutral, surprise"):
        list(ferplus.read(Source(root=tmp_path)))


def test_left_out_rows_are_no_problems_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "FER2013Train").mkdir()
    _write(tmp_path, [f"Training,a.png,{_votes(NF=10)}"])
    (entry,) = ferplus.read(Source(root=tmp_path))
    assert isinstance(entry, LeftOut)
    assert "--label-rule majority" in entry.reason


def test_all_votes_are_kept_also_those_for_no_class(tmp_path: Path) -> None:
    _write(
        tmp_path,
        [
            f"Training,a.png,{_votes(neutral=6, happiness=2, contempt=1, unknown=1)}",
            f"Training,b.png,{_votes(fear=10)}",
        ],
    )
    (tmp_path / "FER2013Train").mkdir()
    first, second = (entry for entry in ferplus.read(Source(root=tmp_path, class_count=7)) if isinstance(entry, Row))
    assert first.sample.votes == (
        Vote(0, count=6), Vote(1, count=2), Vote(None, other="contempt"), Vote(None, other="unknown"),
    )  # fmt: skip
    assert second.sample.votes == (Vote(6, count=10),)


def test_counts_that_pandas_wrote_as_decimals(tmp_path: Path) -> None:
    _write(tmp_path, ["Training,a.png," + _votes(neutral=10).replace("10", "10.0").replace(",0", ",0.0")])
    (tmp_path / "FER2013Train").mkdir()
    assert _read(tmp_path) == [0]
