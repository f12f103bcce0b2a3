"""Workspaces of pictures elsewhere: read once, and from then on as if the pictures lay here."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from scn_core.datasets.remote import FetchSettings
from scn_core.datasets.source import Source, source_said
from scn_core.errors import DataError, UsageError
from scn_core.exchange.export.write import ExportOptions, export_labels
from scn_core.records import Manifest
from scn_core.store.samples import iter_samples
from scn_core.workspace.clean import clean
from scn_core.workspace.fetched import copies_of
from scn_core.workspace.folder import Workspace, create_workspace
from scn_core.workspace.relocate import relocate
from scn_core.workspace.thumbnails import large_face_of, thumbnails_of
from scn_core.workspace.update import update
from scn_core.workspace.withdraw import withdraw
from tests.faulty_storage import FaultyFileSystem, storage
from tests.scn_core.conftest import Run
from tests.scn_core.datasets.conftest import Draw, draw  # noqa: F401 (a fixture)

NAMES = [f"{label}/{number}.png" for label in ("happy", "sad") for number in range(4)]
TABLE = "path,label\n" + "".join(f"{name},{name.partition('/')[0]}\n" for name in NAMES)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scn_core.datasets.remote.DEFAULTS", FetchSettings(waits_s=(0.0, 0.0), give_up_after=3))


@pytest.fixture
def files(draw: Draw) -> Iterator[FaultyFileSystem]:  # noqa: F811
    with storage() as made:
        for number, name in enumerate(NAMES):
            made.pipe_file(f"/faces/{name}", draw(name, number).read_bytes())
        made.pipe_file("/faces/labels.csv", TABLE.encode())
        made.pipe_file("/faces/sad/notes.md", b"no picture")
        yield made


def made(place: Path, dataset: str = "csv", **said: str) -> tuple[Workspace, Manifest]:
    manifest = create_workspace(place / "ws", dataset, source_said(said))
    return Workspace(place / "ws"), manifest


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_bucket_is_read_as_a_folder_of_classes_and_each_picture_once(files: FaultyFileSystem, tmp_path: Path) -> None:
    ws, manifest = made(tmp_path, "folder", root="faulty://faces/")
    assert [sample.path for sample in manifest.samples] == NAMES
    assert [(each.reason, each.rows) for each in manifest.problems] == [("no picture by its name", 1)] * 2
    assert "listing" not in str(manifest.problems)
    assert {each.file for each in manifest.problems} == {"faulty://faces", "faulty://faces/sad"}
    assert files.read == {"/faces/labels.csv": 1, **{f"/faces/{name}": 1 for name in NAMES}}
    assert files_in(ws.path / "fetched") == {f"{ws.pictures().name}/{name}" for name in [*NAMES, "labels.csv"]}
    assert ws.settings().shown_root == manifest.address == "faulty://faces"
    assert not update(ws).changes.any
    assert max(files.read.values()) == 1


def test_a_list_elsewhere_names_the_pictures_beside_it(files: FaultyFileSystem, tmp_path: Path) -> None:
    ws, manifest = made(tmp_path, csv="faulty://faces/labels.csv")
    assert [sample.path for sample in manifest.samples] == NAMES
    files.pipe_file("/faces/labels.csv", TABLE.replace("sad/3.png,sad", "sad/3.png,happy").encode())
    assert update(ws).changes.changed.keys == ("sad/3.png",)


def test_a_list_here_may_have_addresses(files: FaultyFileSystem, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    text = TABLE.replace("\nhappy", "\nfaulty://faces/happy") + "faulty://other/1.png,sad\n"
    table.write_text(text, encoding="utf-8")
    _, manifest = made(tmp_path, csv=str(table), root="faulty://faces")
    assert [sample.path for sample in manifest.samples] == NAMES
    assert [problem.reason for problem in manifest.problems] == ["an address outside of the root"]
    with pytest.raises(DataError, match="--root with the address"):
        create_workspace(tmp_path / "none", "csv", Source(csv=table))


def test_after_reading_nothing_is_asked_of_the_storage(files: FaultyFileSystem, tmp_path: Path) -> None:
    ws, _ = made(tmp_path, "folder", root="faulty://faces")
    local = local_workspace(tmp_path)
    files.store.clear()
    seen = []
    for place in (ws, local):
        with place.database(read_only=True) as db:
            found = list(iter_samples(db))
        assert [each.sample.path for each in found] == NAMES
        seen.append([*thumbnails_of(place, found).values(), large_face_of(place, found[0])])
    assert seen[0] == seen[1]
    assert all(isinstance(picture, bytes) for picture in seen[0])
    with ws.database() as db:
        export_labels(db, tmp_path / "out", ExportOptions("class-folders"), pictures=ws.pictures())
    assert len([path for path in (tmp_path / "out").rglob("*.png") if path.read_bytes()]) == len(NAMES)


def local_workspace(tmp_path: Path) -> Workspace:
    """Of the same pictures in a folder of this machine."""
    root = tmp_path / "here"
    for name in NAMES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tmp_path / name, root / name)
    create_workspace(tmp_path / "local", "folder", Source(root=root))
    return Workspace(tmp_path / "local")


def test_reading_that_broke_off_goes_on_where_it_was(
    files: FaultyFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_by_one = FetchSettings(at_once=1, waits_s=(0.0, 0.0), give_up_after=1)
    monkeypatch.setattr("scn_core.datasets.remote.DEFAULTS", one_by_one)
    for name in NAMES[5:]:
        files.faults[f"/faces/{name}"] = [OSError(errno.EIO, "down")] * 3
    with pytest.raises(DataError, match=r"found no answer .*the same command goes on"):
        made(tmp_path, csv="faulty://faces/labels.csv")
    assert files_in(tmp_path / "ws") >= {f"fetched/{copies_of(tmp_path, 'faulty://faces').name}/{NAMES[0]}"}
    assert not (tmp_path / "ws/workspace.toml").exists()
    assert files.most_at_once == 1
    files.faults.clear()
    _, manifest = made(tmp_path, csv="faulty://faces/labels.csv")
    assert len(manifest.samples) == len(NAMES)
    assert {files.read[f"/faces/{name}"] for name in NAMES[:5]} == {1}


def test_what_is_missing_or_forbidden_is_counted_and_comes_with_an_update(
    files: FaultyFileSystem, tmp_path: Path
) -> None:
    gone = files.cat_file(f"/faces/{NAMES[1]}")
    files.rm_file(f"/faces/{NAMES[1]}")
    files.faults[f"/faces/{NAMES[2]}"] = [PermissionError("403")]
    files.pipe_file(f"/faces/{NAMES[3]}", b"")
    files.pipe_file(f"/faces/{NAMES[4]}", b"<html>")
    ws, manifest = made(tmp_path, csv="faulty://faces/labels.csv")
    assert [problem.reason for problem in manifest.problems] == [
        "no such picture", "a picture that may not be read", *["a picture that cannot be used"] * 2
    ]  # fmt: skip
    assert len(manifest.samples) == 4
    files.pipe_file(f"/faces/{NAMES[1]}", gone)
    assert update(ws).changes.new.count == 2
    before = ws.pictures() / NAMES[0]
    files.pipe_file(f"/faces/{NAMES[0]}", files.cat_file(f"/faces/{NAMES[7]}"))
    files.faults[f"/faces/{NAMES[5]}"] = [OSError(errno.EIO, "down")] * 9
    done = update(ws).changes
    assert (done.pictures, done.vanished.count) == (1, 0)
    assert before.read_bytes() == files.cat_file(f"/faces/{NAMES[7]}")


def test_copies_of_what_is_taken_out_are_erased_and_not_fetched_again(files: FaultyFileSystem, tmp_path: Path) -> None:
    ws, _ = made(tmp_path, "folder", root="faulty://faces")
    assert withdraw(ws, [NAMES[0]]).pictures == (NAMES[0],)
    assert not (ws.pictures() / NAMES[0]).exists()
    done = update(ws)
    assert done.left_out["a face that was taken out"] == 1
    assert (done.changes.unchanged, done.changes.vanished.count) == (len(NAMES) - 1, 0)
    assert not (ws.pictures() / NAMES[0]).exists()
    assert files.read[f"/faces/{NAMES[0]}"] == 1


def test_old_copies_that_no_face_has_are_cleaned_away_and_no_others(
    files: FaultyFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.pipe_file("/faces/sad/page.png", b"<html>")
    ws, _ = made(tmp_path, "folder", root="faulty://faces")
    files.rm_file(f"/faces/{NAMES[0]}")
    files.mv(f"/faces/{NAMES[1]}", "/faces/happy/renamed.png")
    assert update(ws).changes.vanished.count == 1
    before = files_in(ws.pictures())
    assert clean(ws).removed == []  # an update may be about to use what is new
    monkeypatch.setattr("scn_core.workspace.fetched._DAY_S", -86_400)
    unused = {NAMES[1], "sad/page.png"}
    (told,) = clean(ws, dry_run=True).removed
    assert (told.file, told.files) == (f"fetched/{ws.pictures().name}", len(unused))
    assert told.why == "2 copies of pictures that no face has"
    assert files_in(ws.pictures()) == before
    assert clean(ws).removed == [told]
    assert files_in(ws.pictures()) == before - unused
    assert update(ws).changes.unchanged == len(NAMES) - 1
    local = local_workspace(tmp_path)
    (tmp_path / "here/none.png").write_bytes(b"of somebody")
    assert clean(local).removed == []
    assert (tmp_path / "here/none.png").exists()


def test_pictures_may_move_to_an_address_and_back(files: FaultyFileSystem, tmp_path: Path) -> None:
    ws = local_workspace(tmp_path)
    files.pipe_file(f"/faces/{NAMES[0]}", b"other")
    with pytest.raises(DataError, match=rf"faulty://faces: found .*1 with other content: {NAMES[0]} \(different\)"):
        relocate(ws, "faulty://faces")
    assert ws.settings().shown_root == str(tmp_path / "here")
    files.pipe_file(f"/faces/{NAMES[0]}", (tmp_path / NAMES[0]).read_bytes())
    assert relocate(ws, "faulty://faces").root == "faulty://faces"
    assert ws.settings().shown_root == "faulty://faces"
    assert ws.pictures() == copies_of(ws.path, "faulty://faces")
    assert update(ws).changes.unchanged == len(NAMES)
    assert {files.read[f"/faces/{name}"] for name in NAMES[1:]} == {1}
    assert relocate(ws, tmp_path / "here").before == "faulty://faces"
    assert ws.settings().shown_root == str(tmp_path / "here")
    assert not files_in(ws.path / "fetched")
    files.store.clear()
    assert update(ws).changes.unchanged == len(NAMES)


def test_a_list_may_move_to_an_address_and_back(files: FaultyFileSystem, tmp_path: Path) -> None:
    ws, _ = made(tmp_path, csv="faulty://faces/labels.csv")
    (tmp_path / "labels.csv").write_text(TABLE, encoding="utf-8")
    assert not update(ws, csv=tmp_path / "labels.csv").changes.any
    assert {"csv", "csv_address"} & ws.settings().source.keys() == {"csv"}
    assert not update(ws, csv="faulty://faces/labels.csv").changes.any
    assert {"csv", "csv_address"} & ws.settings().source.keys() == {"csv_address"}


def test_copies_that_are_gone_are_fetched_by_an_update(files: FaultyFileSystem, tmp_path: Path) -> None:
    ws, _ = made(tmp_path, "folder", root="faulty://faces")
    shutil.rmtree(ws.path / "fetched")
    with pytest.raises(Exception, match=r"found no folder .*; fetch them again: .* update"):
        ws.pictures()
    assert not update(ws).changes.any
    assert len(files_in(ws.pictures())) == len(NAMES) + 1


def test_the_command_says_where_the_pictures_are(files: FaultyFileSystem, tmp_path: Path, run: Run) -> None:
    done = run("init", tmp_path / "ws", "--dataset", "folder", "--root", "faulty://faces", "--json")
    assert json.loads(done.out)["root"] == "faulty://faces"
    assert json.loads(run("status", tmp_path / "ws", "--json").out)["root"] == "faulty://faces"
    assert "data set   folder at faulty://faces" in run("status", tmp_path / "ws").out


@pytest.mark.parametrize("address", ["faulty://ann:pass@faces", "faulty://faces?signature=pass"])
def test_an_address_with_a_secret_is_refused_and_not_repeated(address: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--root: found .*\*\*\*") as raised:
        made(tmp_path, "folder", root=address)
    assert not {"pass@", "=pass"} & set(str(raised.value).split())
    assert not (tmp_path / "ws").exists()


def test_what_a_killed_process_left_is_removed_after_a_day(files: FaultyFileSystem, tmp_path: Path) -> None:
    for name, age in (("listing-old", 0), ("listing-new", None)):
        (tmp_path / "ws/fetched" / name).mkdir(parents=True)
        if age is not None:
            os.utime(tmp_path / "ws/fetched" / name, (age, age))
    ws, _ = made(tmp_path, "folder", root="faulty://faces")
    assert {path.name for path in (ws.path / "fetched").iterdir()} == {ws.pictures().name, "listing-new"}
