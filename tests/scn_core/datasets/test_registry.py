from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scn_core.datasets.registry import DATASETS, find_dataset, read_manifest
from scn_core.datasets.source import Source
from scn_core.errors import DataError, UsageError
from scn_core.records import Manifest

Draw = Callable[..., Path]
Table = Callable[[list[str]], Path]


def _append(file: Path, *lines: str) -> None:
    file.write_text(file.read_text(encoding="utf-8") + "".join(f"{line}\n" for line in lines), encoding="utf-8")


def _found(manifest: Manifest) -> list[tuple[int | None, str, bool]]:
    return [(problem.line, problem.found, problem.kept) for problem in manifest.problems]


def test_there_are_eight_data_sets() -> None:
    assert list(DATASETS) == ["raf-db", "ferplus", "fer2013", "affectnet", "expw", "folder", "csv", "demo"]
    with pytest.raises(UsageError, match="--dataset: found 'fer'; allowed: raf-db, ferplus,"):
        find_dataset("fer")


@pytest.mark.parametrize("name", [name for name in DATASETS if name != "csv"])
def test_a_root_is_needed_and_must_be_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="--root: found nothing"):
        read_manifest(name, Source())
    with pytest.raises(DataError, match="gone: found no such folder"):
        read_manifest(name, Source(root=tmp_path / "gone"))


def test_a_root_that_may_not_be_read_is_not_called_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != tmp_path)  # root may read everything
    with pytest.raises(DataError, match="found a folder that this user may not read"):
        read_manifest("folder", Source(root=tmp_path))


_OPTIONS = {
    "csv": Path("a.csv"),
    "path_column": "a",
    "label_column": "a",
    "split_column": "a",
    "reference_column": "a",
    "annotator_column": "a",
    "classes": ("a", "b"),
    "label_rule": "vote",
    "class_count": 7,
}


@pytest.mark.parametrize("option", _OPTIONS)
@pytest.mark.parametrize("name", DATASETS)
def test_options_that_do_not_apply_name_their_flag(tmp_path: Path, name: str, option: str) -> None:
    source = Source(root=tmp_path, **{option: _OPTIONS[option]})  # type: ignore[arg-type]
    if option in DATASETS[name].options:
        source.check(name, DATASETS[name].options)
        return
    with pytest.raises(UsageError, match=f"--{option.replace('_', '-')}: found .* with data set {name}"):
        read_manifest(name, source)


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(UsageError, match="--label-rule: found 'mean'; allowed: majority, plurality, vote"):
        Source(label_rule="mean")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="--class-count: found 6; allowed: 7, 8"):
        Source(class_count=6)


def test_demo_reads_its_own_table(tmp_path: Path, draw: Draw) -> None:
    draw("faces/0.png", 0)
    draw("faces/1.png", 1)
    (tmp_path / "labels.csv").write_text(
        "path,split,label,reference\nfaces/0.png,train,happy,sad\nfaces/1.png,train,sad,sad\n"
    )
    manifest = read_manifest("demo", Source(root=tmp_path))
    assert [(sample.given_label, sample.reference_label) for sample in manifest.samples] == [(0, 1), (1, 1)]


def test_every_kind_of_broken_picture_is_told_with_its_line(tmp_path: Path, draw: Draw, table: Table) -> None:
    file = table(["happy", "sad"])
    draw("cut.jpg", 7, (200, 200))
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "cut.jpg").read_bytes()[:-200])
    (tmp_path / "page.jpg").write_text("<html>")
    _append(file, "gone.jpg,train,happy", "cut.jpg,train,happy", "page.jpg,train,sad")
    manifest = read_manifest("csv", Source(csv=file))
    assert [sample.path for sample in manifest.samples] == ["0.png", "1.png"]
    assert [problem.line for problem in manifest.problems] == [4, 5, 6]
    for problem, told in zip(manifest.problems, ("no such picture", "damaged", "not a picture"), strict=True):
        assert told in problem.found
        assert not problem.kept
        assert problem.file == str(file)


def test_links_out_of_the_root_are_not_followed(tmp_path: Path, draw: Draw) -> None:
    outside = draw("outside/a.png", 5)
    root = tmp_path / "root"
    for number, name in enumerate(("happy", "sad")):
        draw(f"{name}/0.png", number, root=root)
    (root / "sad/1.png").symlink_to(outside)
    (root / "sad/2.png").symlink_to(root / "happy/0.png")
    manifest = read_manifest("folder", Source(root=root))
    assert [sample.path for sample in manifest.samples] == ["happy/0.png", "sad/0.png", "sad/2.png"]
    assert "leads out of the root" in manifest.problems[0].found


def test_a_link_to_the_whole_data_set_is_a_root_like_any(tmp_path: Path, draw: Draw) -> None:
    draw("real/happy/0.png", 0)
    draw("real/sad/0.png", 1)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    manifest = read_manifest("folder", Source(root=tmp_path / "link"))
    assert (len(manifest.samples), manifest.problems) == (2, ())


def test_a_second_row_for_a_face_is_left_out(tmp_path: Path, table: Table) -> None:
    file = table(["happy", "sad", "sad"])
    _append(file, "./1.png,val,happy")
    manifest = read_manifest("csv", Source(csv=file))
    assert [(sample.key, sample.given_label, sample.split) for sample in manifest.samples][1] == ("1.png", 1, "train")
    assert _found(manifest) == [(5, "1.png a second time, first in line 3; this one is left out", False)]


def test_twins_with_other_labels_or_in_other_splits_are_warned_of_and_kept(
    tmp_path: Path, draw: Draw, table: Table
) -> None:
    file = table(["happy", "sad"])
    for name, number in (
        ("same.png", 0),
        ("other.png", 0),
        ("val.png", 1),
        ("test.png", 1),
        ("v.png", 9),
        ("t.png", 9),
    ):
        draw(name, number)
    _append(
        file,
        "same.png,train,happy",
        "other.png,train,sad",
        "val.png,val,sad",
        "test.png,test,happy",
        "v.png,val,sad",
        "t.png,test,sad",
    )
    manifest = read_manifest("csv", Source(csv=file), strict=True)
    assert len(manifest.samples) == 8
    assert _found(manifest) == [
        (5, "other.png, the same picture as 0.png, labelled sad and happy", True),
        (6, "val.png, the same picture as 1.png, in val and train", True),
        (7, "test.png, the same picture as 1.png, labelled happy and sad", True),
        (7, "test.png, the same picture as 1.png, in test and train", True),
    ]


def test_strict_lists_the_first_few_and_the_count(table: Table) -> None:
    file = table(["happy", "sad"])
    _append(file, *(f"gone{n}.png,train,happy" for n in range(8)))
    with pytest.raises(DataError) as caught:
        read_manifest("csv", Source(csv=file), strict=True)
    lines = str(caught.value).splitlines()
    assert lines[0] == "found 8 rows that cannot be used"
    assert "line 4: found gone0.png: no such picture" in lines[1]
    assert lines[6:] == ["  ... and 3 more", "  in all: 8 no such picture"]


def test_nothing_to_train_on_says_why(tmp_path: Path, draw: Draw) -> None:
    draw("b.png")
    file = tmp_path / "labels.csv"
    file.write_text("path,split,label\na.png,train,happy\nb.png,val,sad\n")
    with pytest.raises(DataError, match=r"(?s)found no usable train face\n.*line 2: found a\.png: no such picture"):
        read_manifest("csv", Source(csv=file))
    file.write_text("path,split,label\n")
    with pytest.raises(DataError, match="found no usable train face"):
        read_manifest("csv", Source(csv=file, classes=("happy", "sad")))


def test_a_class_without_train_faces_is_named(table: Table) -> None:
    source = Source(csv=table(["happy", "sad"]), classes=("happy", "fear", "sad", "anger"))
    with pytest.raises(DataError, match=r"no usable train face of class fear, anger; add some, or .*--classes"):
        read_manifest("csv", source)


def test_keys_and_order_stay_when_the_root_moves(tmp_path: Path, draw: Draw) -> None:
    for number in range(200):
        draw(f"data/{'happy' if number % 2 else 'sad'}/{number}.png", number)
    before = read_manifest("folder", Source(root=tmp_path / "data"))
    (tmp_path / "data").rename(tmp_path / "elsewhere")
    after = read_manifest("folder", Source(root=tmp_path / "elsewhere"))
    assert before.samples == after.samples
    assert [sample.key for sample in after.samples] == sorted(
        (sample.key for sample in after.samples), key=lambda key: (key.startswith("sad"), key)
    )


def test_progress_adds_up_to_the_rows(table: Table) -> None:
    file = table(["happy", "sad"] * 40)
    _append(file, "gone.png,train,happy", "0.png,train,happy")
    done: list[int] = []
    read_manifest("csv", Source(csv=file), progress=done.append)
    assert sum(done) == 82
