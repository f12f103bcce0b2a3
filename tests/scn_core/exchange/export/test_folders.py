"""Folders of pictures: what they replace and what never, and what is in them beside the pictures."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from scn_core.datasets.registry import read_manifest as read_dataset
from scn_core.datasets.source import Source
from scn_core.errors import DataError, UsageError
from scn_core.exchange.export import write
from scn_core.exchange.export.formats import FormatName
from scn_core.exchange.export.manifest import manifest_file, read_manifest
from scn_core.exchange.export.write import (
    ExportOptions,
    export_into,
    export_labels,
    exports_in,
    is_export,
    print_labels,
)
from scn_core.exchange.import_decisions.import_plan import plan_import
from scn_core.records import Manifest
from scn_core.store.current_labels import LabelFilter
from tests.scn_core.exchange.export.labelled import add_round, rows
from tests.scn_core.exchange.export.layouts import awkward, class_folders, imported

LINKS, COPIES = ExportOptions("class-folders"), ExportOptions("class-folders", copies=True)


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    (tmp_path / "pictures").mkdir()
    return class_folders(tmp_path / "pictures")


@pytest.fixture
def db(manifest: Manifest, tmp_path: Path) -> Iterator[Database]:
    with imported(manifest, tmp_path) as opened:
        add_round(opened, manifest)
        yield opened


def names(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*")}


def test_what_lies_in_it(db: Database, manifest: Manifest, tmp_path: Path) -> None:
    """The same names in folders of other classes do not clash; every picture is linked to where it is."""
    out = tmp_path / "out"
    made = export_labels(db, out, LINKS, pictures=manifest.root)
    pictures = {f"train/{n}_{name}" for n, name in enumerate(("zeal", "awe", "zeal 2"))}
    assert {name for name in names(out) if name.count("/") == 1} == pictures
    assert {name for name in names(out) if "/" not in name} == {"train", "labels.csv", "classes.json"}
    assert {(out / row["path"]).resolve(): row["key"] for row in rows(out / "labels.csv")} == {
        (manifest.root / sample.path).resolve(): sample.key for sample in manifest.samples
    }
    assert json.loads((out / "classes.json").read_text()) == ["zeal", "awe", "zeal 2"]
    assert read_manifest(tmp_path / "out.manifest.json") == made
    assert (made.file, made.counts.rows, made.copies) == ("out", 9, False)
    assert made.bytes == sum(f.stat().st_size for f in out.rglob("*") if f.is_file() and not f.is_symlink())
    copied = export_labels(db, tmp_path / "copied", COPIES, pictures=manifest.root)
    assert copied.bytes > made.bytes
    assert not any(file.is_symlink() for file in (tmp_path / "copied").rglob("*"))


def test_read_again_it_leaves_nothing_out(db: Database, manifest: Manifest, tmp_path: Path) -> None:
    export_labels(db, tmp_path / "out", COPIES, pictures=manifest.root)
    again = read_dataset("folder", Source(root=tmp_path / "out"), all_classes=False)
    assert (len(again.samples), again.problems) == (9, ())
    (tmp_path / "out/classes.json").unlink()
    again = read_dataset("folder", Source(root=tmp_path / "out"), all_classes=False)
    assert [problem.rows for problem in again.problems] == [1]  # a labels.csv of somebody else's


def test_its_table_comes_back_by_import_decisions(db: Database, manifest: Manifest, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export_labels(db, out, LINKS, pictures=manifest.root)
    table = out / "labels.csv"
    lines = table.read_text().splitlines(keepends=True)
    assert ",awe,train" in lines[1]
    lines[1] = lines[1].replace(",awe,train", ",zeal 2,train", 1)
    (tmp_path / "edited.csv").write_text("".join(lines))
    plan = plan_import(db, tmp_path / "edited.csv", person="ann")
    assert [(d.sample_id, d.action, d.label) for d in plan.decisions] == [(1, "accept", 2)]


def test_only_an_export_nobody_touched_is_replaced(db: Database, manifest: Manifest, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()  # empty
    export_labels(db, out, LINKS, pictures=manifest.root)
    assert is_export(out)
    export_labels(db, out, COPIES, pictures=manifest.root)
    assert is_export(out)
    for touch in (
        lambda: (out / "mine.txt").write_text("mine"),
        lambda: (out / "classes.json").write_text("[]"),
        lambda: next(out.glob("train/0_zeal/*.png")).unlink(),
    ):
        touch()
        before = names(out)
        assert not is_export(out)
        with pytest.raises(UsageError, match="not as an export left it"):
            export_labels(db, out, LINKS, pictures=manifest.root)
        assert names(out) == before
        out.rename(tmp_path / f"kept {len(list(tmp_path.iterdir()))}")
        export_labels(db, out, LINKS, pictures=manifest.root)
    assert not list(tmp_path.glob(".*"))


def test_a_failure_leaves_what_was_there(db: Database, manifest: Manifest, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export_labels(db, out, LINKS, pictures=manifest.root)
    before, gone = names(tmp_path), manifest.root / manifest.samples[-1].path
    gone.rename(tmp_path / "elsewhere.png")
    with pytest.raises(DataError, match=r"found no such picture; allowed: the pictures where they were; put it back"):
        export_labels(db, out, COPIES, pictures=manifest.root)
    (tmp_path / "elsewhere.png").rename(gone)
    assert names(tmp_path) == before
    assert is_export(out)


def test_what_a_killed_export_left_is_removed(db: Database, manifest: Manifest, tmp_path: Path) -> None:
    left = tmp_path / f".out.{'0' * 16}.part"
    (left / "train").mkdir(parents=True)
    os.utime(left, (0, 0))
    export_labels(db, tmp_path / "out", LINKS, pictures=manifest.root)
    assert not left.exists()


@pytest.mark.parametrize("form", ["class-folders", "csv"])
def test_an_export_that_ends_before_its_manifest_is_in_place_is_ours(
    db: Database, manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: FormatName
) -> None:
    """Else the next one to the same name would be refused, as if somebody had worked on it."""
    out = tmp_path / "out"
    export_labels(db, out, ExportOptions(form), pictures=manifest.root)

    def ended(part: Path, path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(write, "put_in_place", ended)
        with pytest.raises(KeyboardInterrupt):
            export_labels(db, out, ExportOptions(form, LabelFilter(label=0)), pictures=manifest.root)
    assert is_export(out)
    made = export_labels(db, out, ExportOptions(form), pictures=manifest.root)
    assert is_export(out)
    assert read_manifest(manifest_file(out)) == made
    assert {each.name for each in tmp_path.iterdir() if each.name.startswith((".out", "out"))} == {
        "out", "out.manifest.json"
    }  # fmt: skip


def test_files_and_folders_are_told_apart(db: Database, manifest: Manifest, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="found - with format class-folders"):
        print_labels(db, LINKS, lambda piece: None)
    with pytest.raises(UsageError, match="found no folder of the pictures"):
        export_labels(db, tmp_path / "out", LINKS)


def test_the_folder_of_exports_lists_folders_too(db: Database, manifest: Manifest, tmp_path: Path) -> None:
    made = export_into(db, tmp_path / "exports", LINKS, pictures=manifest.root)
    copied = export_into(db, tmp_path / "exports", COPIES, pictures=manifest.root)
    assert made.file == "class-folders-r1-d0"
    assert copied.file.startswith("class-folders-r1-d0-")
    assert {each.file for each in exports_in(tmp_path / "exports")} == {made.file, copied.file}


def test_a_class_name_with_a_slash_is_one_folder(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    made = awkward(tmp_path / "pictures")
    with imported(made, tmp_path) as opened:
        add_round(opened, made)
        export_labels(opened, tmp_path / "out", LINKS, pictures=made.root)
    assert sorted(each.name for each in (tmp_path / "out/train").iterdir())[1] == "1_a%2Fb"
    assert [each for each in (tmp_path / "out/train").glob("*/*") if each.is_dir()] == []


def test_a_class_name_too_long_for_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    manifest = awkward(tmp_path / "pictures")
    with imported(manifest, tmp_path) as db:
        with db.conn:
            db.execute("UPDATE class SET name = ? WHERE number = 0", ("ß" * 150,))
        with pytest.raises(UsageError, match=r"--format class-folders: found class ß+; allowed: names of at most 200"):
            export_labels(db, tmp_path / "out", LINKS, pictures=manifest.root)
        made = export_labels(
            db, tmp_path / "hf", ExportOptions("hugging-face", LabelFilter(split="train")), pictures=manifest.root
        )
    assert made.counts.rows == 6
