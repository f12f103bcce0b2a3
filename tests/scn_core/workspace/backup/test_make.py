"""What is in a backup, who may read it, when one is made, and which are kept."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scn_core.config import BackupSettings
from scn_core.errors import DiskFullError, WorkspaceError
from scn_core.store import backup
from scn_core.store.events import events
from scn_core.store.people.people import add_person
from scn_core.store.people.sessions import start_session
from scn_core.store.people.tokens import add_token
from scn_core.workspace.backup.archive import Cause
from scn_core.workspace.backup.fullest import fullest_backup
from scn_core.workspace.backup.make import (
    DamagedBackup,
    automatic_backup,
    backup_after_round,
    backups_in,
    make_backup,
)
from scn_core.workspace.backup.rotation import superseded
from scn_core.workspace.folder import Workspace
from scn_core.workspace.toml import change_table
from tests.review_workspace import overwrite_page
from tests.scn_core.conftest import Run, fill
from tests.scn_core.workspace.backup.conftest import answer

WHOLE = {
    "review.db", "workspace.toml", "rounds/0001/dynamics.npy", "rounds/0001/faces.npz", "rounds/0001/features.npy",
    "rounds/0001/map.json", "rounds/0001/map.npy", "rounds/0001/neighbours.npy", "manifest.json",
}  # fmt: skip


def test_a_backup_has_all_but_what_lets_people_in(asked: Workspace, run: Run) -> None:
    with asked.database() as db:
        ann = add_person(db, "ann", "lead", "the hash of a password")
        start_session(db, ann.id, "the hash of a session", hours=1)
        add_token(db, ann.id, "the hash of an access token", "a script")
    (asked.path / "secret.key").write_text("the secret")
    answer(asked, "ann", 3)
    made = json.loads(run("backup", asked.path, "--json").out)
    file = Path(made["file"])
    assert file.parent == asked.backups
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with zipfile.ZipFile(file) as archive:
        assert set(archive.namelist()) == WHOLE
        content = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(content.pop("manifest.json"))
    assert {name: member["sha256"] for name, member in manifest["members"].items()} == {
        name: hashlib.sha256(data).hexdigest() for name, data in content.items()
    }
    assert (manifest["decisions"], manifest["revision"], manifest["cause"]) == (3, "r1-d3", "manual")
    assert manifest["schema"].startswith("m00")
    assert content["rounds/0001/faces.npz"] == (asked.round_folder(1) / "faces.npz").read_bytes()
    assert b"the hash of a password" in content["review.db"]
    for secret in (b"the hash of a session", b"the hash of an access token", b"the secret"):
        assert secret not in b"".join(content.values())
    listed = run("backup", asked.path, "--list").out
    assert f"manual     {file.name}" in listed
    assert "3 decisions, with the files of rounds" in listed


def test_a_backup_of_a_busy_database_is_one_moment(asked: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others write while it is copied, and are not held up; nothing of what they write is in it."""
    monkeypatch.setattr(backup, "PAGES", 8)  # of some 90: the rest of the copy comes after they wrote
    during: list[str] = []

    def progress(more: int) -> None:
        if not during:
            during.extend(answer(asked, "bob", 2))

    with asked.database() as db:
        answer(asked, "ann", 2)
        file = make_backup(asked, db, progress=progress)
    assert len(during) == 2
    assert [(each.name, each.decisions) for each in backups_in(asked.backups)] == [(file.name, 2)]


@pytest.mark.parametrize("as_file", [True, False])
def test_a_full_disk_leaves_nothing(asked: Workspace, small_disk: Path, run: Run, as_file: bool) -> None:
    fill(small_disk, leaving=350_000)  # the copy of the database fits, the zip file does not, or neither
    (asked.round_folder(1) / "weights.safetensors").write_bytes(hashlib.shake_128(b"").digest(400_000))
    done = run("backup", asked.path, "--out", small_disk / "b.zip" if as_file else small_disk)
    assert done.code == 1
    assert "free on the disk at" in done.err
    assert "room for all that is written" not in done.err, "it says how much"
    assert [each.name for each in small_disk.iterdir()] == ["fill"]
    with asked.database() as db, pytest.raises(DiskFullError):
        make_backup(asked, db, out=small_disk)


def test_what_is_written_elsewhere_does_not_fail_for_a_workspace_on_a_full_disk(
    asked: Workspace, small_disk: Path, tmp_path: Path, run: Run
) -> None:
    """Its log alone cannot have it. As beside a server, which has the database open."""
    full = Workspace(shutil.copytree(asked.path, small_disk / "ws"))
    commands = (
        ("backup", "backup made", tmp_path / "b.zip"),
        ("export", "labels exported", tmp_path / "labels.csv"),
        ("consensus", "labels exported", tmp_path / "consensus.csv"),
    )
    with full.database() as db:
        fill(small_disk)
        for command, event, out in commands:
            done = run(command, full.path, "--out", out)
            assert done.code == 0, done.err
            assert f"warning: {event}, but the workspace's log does not have it: " in done.err
            assert "found 0 bytes free on the disk at" in done.err
            assert out.is_file()
            assert command == "consensus" or f"{out}: " in done.out
        assert [each.what for each in events(db)] == ["round started"]


def test_backups_by_hand_are_removed_only_when_asked(asked: Workspace, tmp_path: Path, run: Run) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "notes.zip").write_text("no backup")
    made = [json.loads(run("backup", asked.path, "--out", elsewhere, "--json").out)["name"] for _ in range(3)]
    assert len({*made}) == 3
    last = json.loads(run("backup", asked.path, "--out", elsewhere, "--keep", "2", "--json").out)
    assert sorted(last["removed"]) == sorted(made[:2])
    assert {each.name for each in elsewhere.iterdir()} == {"notes.zip", made[2], last["name"]}
    refused = run("backup", asked.path, "--out", elsewhere / "notes.zip")
    assert refused.code == 2
    assert "is not as this command left it" in refused.err
    assert run("backup", asked.path, "--out", elsewhere / "one.zip", "--keep", "2").code == 2
    for options in ((), ("--keep", "2")):  # as where a disk is not mounted
        unmounted = run("backup", asked.path, "--out", elsewhere / "mnt", *options)
        assert unmounted.code == 2
        assert "which is not there" in unmounted.err
        assert "make the folder or mount the disk first, or name a file that ends in .zip" in unmounted.err
    assert not (elsewhere / "mnt").exists()


def test_no_backup_is_removed_that_alone_has_files_of_a_round_or_pictures(
    asked: Workspace, tmp_path: Path, run: Run
) -> None:
    """As after a disk has lost files, or while the one with the pictures is not there."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def backup(*options: str) -> dict[str, Any]:
        said = run("backup", asked.path, "--out", elsewhere, "--keep", "1", *options, "--json")
        found: dict[str, Any] = json.loads(said.out)
        return found

    def there() -> set[str]:
        return {file.name for file in elsewhere.iterdir()}

    plain, full = backup()["name"], backup("--pictures")
    assert (full["removed"], full["fuller"]) == ([plain], [])
    without = backup()
    assert (without["removed"], without["fuller"]) == ([], [full["name"]]), "it has no pictures"
    lost = next(file for file in asked.round_folder(1).iterdir() if file.suffix == ".npz")
    lost.rename(tmp_path / lost.name)
    shutil.move(asked.settings().root, tmp_path / "away")
    less = backup("--pictures")
    assert less["missing_pictures"]
    assert (less["removed"], less["fuller"]) == ([], [without["name"], full["name"]])
    text = run("backup", asked.path, "--out", elsewhere, "--keep", "1").err
    assert "are in no newer one: " in text
    assert full["name"] in text
    shutil.move(tmp_path / "away", asked.settings().root)
    (tmp_path / lost.name).rename(lost)
    again = backup("--pictures")
    assert again["fuller"] == []
    assert there() == {again["name"]}


def test_rotation_keeps_the_newest_and_a_spread() -> None:
    now = datetime(2026, 11, 27, 12, tzinfo=UTC)
    hourly = [(now - timedelta(hours=hours), hours) for hours in range(24 * 60)]
    gone = superseded(hourly[::-1], BackupSettings(keep=3, days=4, weeks=3))
    kept = sorted({hours for _, hours in hourly} - {*gone})
    # The last three; the last of each of four days; and of the weeks that end on 27, 22 and 15 November.
    assert kept == [0, 1, 2, 13, 37, 61, 109, 277]
    assert superseded(hourly, BackupSettings(keep=1_000, days=0, weeks=0)) == [hours for _, hours in hourly[1_000:]]
    assert superseded([], BackupSettings()) == []


def test_an_import_is_preceded_by_a_backup(asked: Workspace, tmp_path: Path, run: Run) -> None:
    file = tmp_path / "decisions.csv"
    with asked.database(read_only=True) as db:
        keys = [key for (key,) in db.execute("SELECT key FROM sample WHERE split = 'train' LIMIT 3")]
    rows = [f"{key},unsure,{person}" for person in ("ann", "bob") for key in keys]
    for count in range(1, 5):
        file.write_text("\n".join(["key,action,person", *rows[:count]]))
        if count == 4:
            change_table(asked.settings_file, "backup", {"automatic": False})
        elif count == 3:
            change_table(asked.settings_file, "backup", {"keep": 2, "days": 0, "weeks": 0})
        assert run("import-decisions", asked.path, file).code == 0
    found = backups_in(asked.backups)
    assert [(each.cause, each.decisions, each.whole) for each in found] == [("import", 2, False), ("import", 1, False)]
    file.write_text("key,action,person\n")
    assert run("import-decisions", asked.path, file).code == 0
    assert len(backups_in(asked.backups)) == 2


def test_a_round_is_whole_without_its_backup(asked: Workspace) -> None:
    asked.backups.write_text("a file where the folder would be")
    with asked.database() as db:
        why = backup_after_round(asked, db)
    assert why is not None
    assert "backups" in why


def test_settings_that_cannot_be_are_refused(asked: Workspace) -> None:
    change_table(asked.settings_file, "backup", {"keep": 0})
    with pytest.raises(WorkspaceError, match=r"table \[backup\]: found keep = 0; allowed: a whole number from 1"):
        asked.settings()


def test_a_damaged_database_is_not_backed_up_in_place_of_a_sound_one(asked: Workspace) -> None:
    answer(asked, "ann", 2)
    with asked.database() as db:
        db.execute("DROP TRIGGER decision_no_update")
        db.execute("UPDATE decision SET decided_at = '2020-01-01T00:00:00.000Z' WHERE seq = 1")
    tried: tuple[tuple[Cause, list[Cause]], ...] = (("import", []), ("manual", ["damaged"]))
    for cause, found in tried:
        with asked.database() as db, pytest.raises(DamagedBackup, match="the schema is not as it was written"):
            make_backup(asked, db, cause)
        assert [each.cause for each in backups_in(asked.backups)] == found
    with asked.database() as db:
        assert make_backup(asked, db, "restore").is_file()


@pytest.mark.parametrize("table", ["picture", "session", "event"])
def test_damage_that_no_label_follows_from_makes_no_backup_either(
    asked: Workspace, tmp_path: Path, run: Run, table: str
) -> None:
    """Nor does it cost an older one, by --keep or by its name; what could be copied is kept, the newest of it alone."""
    disk = tmp_path / "disk"
    disk.mkdir()
    answer(asked, "ann", 2)
    for out, *keep in ((disk, "--keep", 1), (disk / "one.zip",)):
        assert run("backup", asked.path, "--out", out, *keep).code == 0
    sound = {each.name: each.read_bytes() for each in disk.iterdir()}
    assert len(sound) == 2
    overwrite_page(asked, table)
    assert run("check", asked.path).code == 1
    for out, *keep in ((disk, "--keep", 1), (disk, "--keep", 1, "--json"), (disk / "one.zip",)):
        done = run("backup", asked.path, "--out", out, *keep)
        assert (done.code, done.out) == (1, "")
        assert f"{asked.database_file}: the file is damaged (" in done.err
        assert "so no backup was made of it; all older backups were left alone; what could be copied is in" in done.err
        (kept,) = [each for each in backups_in(disk) if each.cause == "damaged"]
        assert f"{disk / kept.name}, for a rescue, and is no backup; see how far it goes with: " in done.err
        assert (kept.decisions, stat.S_IMODE((disk / kept.name).stat().st_mode)) == (2, 0o600)
        assert {each.name: each.read_bytes() for each in disk.iterdir() if each.name != kept.name} == sound
    assert kept.name == "one-damaged.zip"
    asked.backups.mkdir()
    (disk / kept.name).rename(asked.backups / "damaged.zip")
    (asked.backups / "sound.zip").write_bytes(sound["one.zip"])
    assert fullest_backup(asked.database_file) == (asked.backups / "sound.zip", 2)
    with asked.database() as db, pytest.raises(DamagedBackup, match="so no backup was made of it; see"):
        automatic_backup(asked, db, "import")
    assert len([*asked.backups.iterdir()]) == 2, "which lies beside the database"
    assert run("restore", asked.backups / "sound.zip", asked.path, "--force").code == 0
    assert run("check", asked.path).code == 0


def test_the_newest_backup_is_kept_whatever_the_clock_said_before(asked: Workspace, run: Run) -> None:
    """Of three made while the clock was wrong, years ahead, and one made since."""
    made = [Path(json.loads(run("backup", asked.path, "--json").out)["file"]) for _ in range(3)]
    for file in made:
        with zipfile.ZipFile(file) as archive:
            content = {name: archive.read(name) for name in archive.namelist()}
        manifest = json.loads(content["manifest.json"]) | {"made_at": "2099-01-01T00:00:00.000Z"}
        with zipfile.ZipFile(file, "w") as archive:
            for name, data in (content | {"manifest.json": json.dumps(manifest).encode()}).items():
                archive.writestr(name, data)
    last = json.loads(run("backup", asked.path, "--keep", "1", "--json").out)
    assert [each.name for each in asked.backups.iterdir()] == [last["name"]]


def test_a_backup_that_is_gone_before_it_is_looked_at_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "moved.zip").symlink_to("nowhere")
    assert backups_in(tmp_path) == []
