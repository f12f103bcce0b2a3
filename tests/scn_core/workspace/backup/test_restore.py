"""A backup put back: over newer work only when told to, whole or not at all, and nothing is deleted."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from review_app.server import prepare
from review_app.server_lock import only_server
from scn_core.errors import UsageError, WorkspaceError
from scn_core.store import connection
from scn_core.store.backup import backup
from scn_core.store.connection import create_database, open_database
from scn_core.store.events import events
from scn_core.store.newest_decision import write_newest
from scn_core.store.people.people import (
    add_person,
    erase_person,
    find_person,
    get_person,
    password_hash,
    set_active,
    set_password_hash,
)
from scn_core.store.people.sessions import session_person, start_session
from scn_core.store.projections import check
from scn_core.store.samples import get_sample
from scn_core.store.schema.migrations import STEPS, migrations
from scn_core.workspace import moves
from scn_core.workspace.backup.make import make_backup
from scn_core.workspace.backup.restore import restore
from scn_core.workspace.check import check_workspace
from scn_core.workspace.folder import Workspace
from tests.another_writer import AnotherWriter
from tests.review_workspace import add_round, overwrite_page
from tests.scn_core.conftest import Run
from tests.scn_core.store.schema.test_migration import LOG, ROWS_OF, fill, up_to
from tests.scn_core.workspace.backup.conftest import answer, recorded


def saved(workspace: Workspace, out: Path | None = None) -> Path:
    with workspace.database(read_only=True) as db:
        return make_backup(workspace, db, out=out)


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(each.relative_to(folder)): each.read_bytes()
        for each in sorted(folder.rglob("*"))
        if each.is_file() and each.name != "train.lock"
    }


def test_a_backup_comes_back_in_a_new_folder(asked: Workspace, tmp_path: Path, run: Run) -> None:
    answers = answer(asked, "ann", 5)
    with asked.database() as db:
        ann = find_person(db, "ann")
        assert ann is not None
        set_password_hash(db, ann.id, "the hash of a password")
        start_session(db, ann.id, "a session", hours=1)
    made = json.loads(run("backup", asked.path, "--pictures", "--json").out)
    assert made["missing_pictures"] == 0
    new = Workspace(tmp_path / "new")
    done = run("restore", made["file"], new.path)
    assert done.code == 0, done.err
    assert "with 5 decisions" in done.out
    assert "nothing here tells whether faces or people were taken out after the backup was made; if any" in done.out
    assert "taken out" not in run("restore", made["file"], new.path).out
    assert recorded(new) == answers
    assert files(new.path / "rounds") == files(asked.path / "rounds")
    assert new.settings().root == str(new.path / "images")
    assert len(files(new.path / "images")) == 100
    root, own = asked.settings().root, f"pictures are those of the backup, in {new.path}/images; before, they were in "
    back = f"still there: to use those again: python -m scn_core relocate {new.path} --root {root}"
    assert f"{own}{root}, which is {back}\n" in done.out
    assert new.database_file.stat().st_mode & 0o777 == 0o600
    with new.database() as db:
        assert check(db) == []
        assert password_hash(db, ann.id) == "the hash of a password"
        assert session_person(db, "a session") is None


def test_a_backup_older_than_all_accounts_says_that_nobody_can_sign_in(asked: Workspace, run: Run) -> None:
    before = saved(asked)
    assert "everybody signs in again" not in (done := run("restore", before, asked.path)).out, done.err
    assert f"To add a lead: python -m review_app person add {asked.path} NAME --role lead" in done.out
    with asked.database() as db:
        add_person(db, "ann", "lead", "the hash of a password")
    assert "everybody signs in again" in run("restore", saved(asked), asked.path).out
    told = json.loads(run("restore", before, asked.path, "--force", "--json").out)
    assert told["accounts"] is False


def test_newer_work_is_not_replaced_unasked(asked: Workspace, run: Run) -> None:
    earlier = answer(asked, "ann", 2)
    file = saved(asked)
    later = answer(asked, "ann", 3) + answer(asked, "bob", 4)
    add_round(asked)
    (asked.round_folder(2) / "log.txt").write_text("of round 2")
    before = files(asked.path)
    refused = run("restore", file, asked.path)
    assert refused.code == 1
    assert (
        "found 7 decisions (4 of bob, 3 of ann), which the backup does not have; round 2, trained since" in refused.err
    )
    assert "--force" in refused.err
    assert files(asked.path) == before
    done = json.loads(run("restore", file, asked.path, "--force", "--json").out)
    assert recorded(asked) == earlier
    assert done["lost"] == {"bob": 4, "ann": 3}
    assert not asked.round_folder(2).exists()
    assert files(Path(done["aside"]))["rounds/0002/log.txt"] == b"of round 2"
    again = restore(Path(done["before"]), asked)
    assert recorded(asked) == earlier + later
    assert again.lost == {}
    assert (asked.round_folder(2) / "log.txt").read_text() == "of round 2"
    assert again.rounds_without_files == ()


def test_a_backup_without_files_of_rounds_leaves_them(asked: Workspace, tmp_path: Path) -> None:
    with asked.database() as db:
        file = make_backup(asked, db, "import", whole=False)
    left = asked.round_folder(7)
    left.mkdir()
    (left / "weights.safetensors").write_text("of a round that the database does not know")
    kept = files(asked.round_folder(1))
    done = restore(file, asked)
    assert files(asked.round_folder(1)) == kept
    assert not left.exists()
    assert done.aside is not None
    assert (Path(done.aside) / "rounds/0007/weights.safetensors").exists()
    assert restore(file, Workspace(tmp_path / "new")).rounds_without_files == (1,)


def test_a_left_over_wal_is_put_aside(asked: Workspace, tmp_path: Path) -> None:
    """What SQLite calls malformed, or reads as another state, where a copy is put back by hand."""
    answers = answer(asked, "ann", 9)
    file = saved(asked)
    stale = Path(f"{asked.database_file}-wal")
    with closing(sqlite3.connect(asked.database_file, isolation_level=None)) as writer:
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute("UPDATE sample SET path = path || 'x'")
        shutil.copy(stale, tmp_path / "wal")
        shutil.copy(f"{asked.database_file}-shm", tmp_path / "shm")
    shutil.copy(tmp_path / "wal", stale)
    shutil.copy(tmp_path / "shm", f"{asked.database_file}-shm")
    asked.database_file.write_bytes(b"not a database any more" * 1_000)
    with pytest.raises(WorkspaceError, match=r"cannot be read \(file is not a database\)") as refused:
        restore(file, asked)
    assert moves.STAGING not in str(refused.value)  # which is gone by then
    done = restore(file, asked, force=True)
    assert recorded(asked) == answers
    assert done.before is None
    assert done.aside is not None
    assert (Path(done.aside) / "review.db-wal").read_bytes() == (tmp_path / "wal").read_bytes()
    assert not stale.exists()
    with asked.database() as db:
        assert check(db) == []
        assert db.execute("SELECT count(*) FROM sample WHERE path LIKE '%x'").fetchone() == (0,)


def test_a_lost_database_comes_back_beside_its_wal(asked: Workspace) -> None:
    answers = answer(asked, "ann", 4)
    file = saved(asked)
    asked.database_file.unlink()
    Path(f"{asked.database_file}-wal").write_bytes(b"left over")
    restore(file, asked)
    assert recorded(asked) == answers


def test_a_deleted_database_is_not_replaced_by_less_unasked(asked: Workspace, run: Run) -> None:
    answer(asked, "ann", 2)
    fuller = saved(asked)
    answer(asked, "ben", 3)
    fullest = saved(asked)
    poorer = saved(asked)  # of two alike the newest is named
    shutil.copyfile(fuller, poorer)
    asked.database_file.unlink()
    refused = run("restore", fuller, asked.path)
    assert refused.code == 1
    assert "decisions up to number 5 that were saved here, where the backup ends with 2" in refused.err
    assert not asked.database_file.exists()
    named = run("status", asked.path).err
    assert f"most answers, 5 decisions): python -m scn_core restore {fullest} {asked.path}" in named
    assert restore(fullest, asked).decisions == 5
    asked.database_file.unlink()
    assert restore(fuller, asked, force=True).decisions == 2


def test_a_server_that_has_the_deleted_database_open_counts(asked: Workspace) -> None:
    file = saved(asked)
    asked.database_file.unlink()
    (asked.path / "review.db-newest").unlink(missing_ok=True)
    with only_server(asked):
        with pytest.raises(
            WorkspaceError, match=r"was deleted, and nothing that says .*a server that runs here has it"
        ):
            restore(file, asked)
        write_newest(asked.database_file, 0)  # as the server does once it has made a backup of all
        restore(file, asked)
    asked.database_file.unlink()
    (asked.path / "review.db-newest").unlink()
    assert restore(file, asked).decisions == 0


def test_a_workspace_at_work_is_left_alone(asked: Workspace) -> None:
    file = saved(asked)
    with AnotherWriter(asked), pytest.raises(WorkspaceError, match=r"another program has open; .* stop the server"):
        restore(file, asked)
    with asked.training_lock(), pytest.raises(WorkspaceError, match="another trainer is at work"):
        restore(file, asked)
    assert not (asked.path / "restoring").exists()
    assert restore(file, asked).decisions == 0


def test_a_copy_of_a_database_alone_comes_back(asked: Workspace, tmp_path: Path) -> None:
    """As a migration makes one, and as `.backup` of the SQLite shell does."""
    answers = answer(asked, "ann", 2)
    with asked.database() as db:
        backup(db, asked.backups / "review-before-m0009_updates.db")
    settings = asked.settings_file.read_text()
    assert restore(asked.backups / "review-before-m0009_updates.db", asked).lost == {}
    assert recorded(asked) == answers
    assert asked.settings_file.read_text() == settings
    with pytest.raises(WorkspaceError, match=r"found a copy of a database, without the settings"):
        restore(asked.backups / "review-before-m0009_updates.db", Workspace(tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_a_folder_of_other_things_is_left_alone(asked: Workspace, tmp_path: Path) -> None:
    file = saved(asked)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/thesis.tex").write_text("mine")
    with pytest.raises(UsageError, match=r"found thesis.tex, which are no workspace; allowed: the folder of a work"):
        restore(file, Workspace(tmp_path / "other"))
    assert files(tmp_path / "other") == {"thesis.tex": b"mine"}
    (tmp_path / "empty").mkdir()
    restore(file, Workspace(tmp_path / "empty"))
    assert recorded(Workspace(tmp_path / "empty")) == []


def test_another_workspace_is_not_replaced_unasked(asked: Workspace, workspace: Workspace) -> None:
    with workspace.database() as db:
        db.execute("UPDATE _sqlite_migrations SET applied_at = '2026-01-01'")
    with pytest.raises(WorkspaceError, match="another workspace than the one in the backup"):
        restore(saved(asked), workspace)


def test_damaged_backups_are_refused(asked: Workspace, tmp_path: Path) -> None:
    answer(asked, "ann", 3)
    file = saved(asked)
    whole = file.read_bytes()
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        places = [entry.header_offset + 80 for entry in members]
    before = files(asked.path)
    spoiled = [whole[:length] for length in range(0, len(whole), len(whole) // 20)]
    spoiled += [whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :] for place in places]
    other = tmp_path / "spoiled.zip"
    for content in spoiled:
        other.write_bytes(content)
        with pytest.raises(WorkspaceError, match=r"spoiled\.zip: found (a damaged backup|no manifest\.json)"):
            restore(other, asked, force=True)
    assert files(asked.path) == before


@pytest.mark.parametrize(
    "name", ["../outside.txt", "/tmp/x", "rounds/0001/../../x", "secret.key", "rounds/a/b", "a\\b"]
)
def test_a_file_that_no_backup_has_is_not_unpacked(asked: Workspace, tmp_path: Path, name: str) -> None:
    file, other = saved(asked), tmp_path / "in/other.zip"
    other.parent.mkdir()
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(other, "w") as target:
        manifest = json.loads(archive.read("manifest.json"))
        manifest["members"][name] = manifest["members"]["workspace.toml"]
        target.writestr(name, archive.read("workspace.toml"))
        target.writestr("manifest.json", json.dumps(manifest))
    with pytest.raises(WorkspaceError, match="which no backup does"):
        restore(other, Workspace(tmp_path / "in/ws"))
    assert files(other.parent).keys() == {"other.zip"}


def test_a_damaged_database_in_a_backup_is_refused(asked: Workspace, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with asked.database() as db:
        backup(db, copy)
    schema = tmp_path / "schema.db"  # SQLite quotes it in its error, which then is no text either
    schema.write_bytes(copy.read_bytes().replace(b"CONSTRAINT", b"CONST\xffAINT", 1))
    with pytest.raises(WorkspaceError, match=r"its database cannot be used: .*; take another backup"):
        restore(schema, asked)
    head, name, rest = copy.read_bytes().partition(b"CREATE TABLE event")
    schema.write_bytes(head + name + rest.replace(b"strftime", b"\xfftrftime", 1))  # a default: no check reads it
    with pytest.raises(WorkspaceError, match="found a database that is not as it was written"):
        restore(schema, asked)
    with pytest.raises(WorkspaceError, match=r"its database cannot be used: .*; take another backup"):
        restore(schema, asked, force=True)
    size = copy.stat().st_size
    with copy.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * (size // 4))
    with pytest.raises(WorkspaceError, match=r"copy\.db: its database cannot be used: .*; take another backup"):
        restore(copy, asked)
    with closing(sqlite3.connect(tmp_path / "newer.db", isolation_level=None)) as newer, asked.database() as db:
        db.conn.backup(newer)
        newer.execute("INSERT INTO _sqlite_migrations VALUES (99, 'scn_core.store', 'm0099_later', '2030-01-01')")
    with pytest.raises(WorkspaceError, match=r"its schema has m0099_later; .* install the newer version"):
        restore(tmp_path / "newer.db", asked)
    (tmp_path / "text.db").write_text("SQLite format 3\0 and no more")
    with pytest.raises(WorkspaceError, match=r"its database cannot be used: .*; take another backup"):
        restore(tmp_path / "text.db", asked)


def test_a_backup_that_cannot_be_used_says_what_can_be_done_with_it(asked: Workspace, tmp_path: Path) -> None:
    """In words about files that are there: what was unpacked of it is gone, with the new folder."""
    packed, alone = tmp_path / "raf 1.zip", tmp_path / "copy.db"
    with asked.database() as db:
        make_backup(asked, db, out=packed)
        backup(db, alone)
    for table in ("picture", "decision", "_sqlite_migrations"):
        damaged = Workspace(tmp_path / f"of {table}")
        damaged.path.mkdir()
        shutil.copyfile(alone, damaged.database_file)
        overwrite_page(damaged, table)
        data = damaged.database_file.read_bytes()
        with zipfile.ZipFile(packed) as archive:
            content = {name: archive.read(name) for name in archive.namelist()} | {"review.db": data}
        manifest = json.loads(content["manifest.json"])
        manifest["members"]["review.db"] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        content["manifest.json"] = json.dumps(manifest).encode()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, member in content.items():
                archive.writestr(name, member)
        for source, rescue in (
            (damaged.database_file, f"are got out by sqlite3 '{damaged.database_file}' .recover"),
            (packed, f"are got out after unzip '{packed}' review.db, by sqlite3 review.db .recover"),
        ):
            with pytest.raises(WorkspaceError, match="its database cannot be used") as refused:
                restore(source, Workspace(tmp_path / "new"), force=True)
            assert str(refused.value).endswith(rescue)
            assert "restoring" not in str(refused.value)
            assert not (tmp_path / "new").exists()


def test_a_backup_that_check_would_call_broken_is_put_back_by_force_alone(asked: Workspace, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    answer(asked, "ann", count=3)
    with asked.database() as db:
        backup(db, copy)
    with closing(sqlite3.connect(copy, isolation_level=None)) as db:
        db.executescript("DROP TRIGGER decision_no_delete; DELETE FROM decision WHERE seq = 1")
    before = files(asked.path)
    words = "trigger decision_no_delete is missing, .*; to put this one back all the same, add --force"
    with pytest.raises(WorkspaceError, match=words):
        restore(copy, asked)
    assert files(asked.path) == before
    done = restore(copy, asked, force=True)
    assert done.wrong[0] == "trigger decision_no_delete is missing"
    assert "put back although it is not as it was written" in done.describe()
    assert {each.name for each in check_workspace(asked) if not each.ok} >= {"schema", "history"}


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """A database at each version of the schema but today's, with rows that each of them wrote."""
    folder = tmp_path_factory.mktemp("older")
    path, copies = folder / "older.db", {}
    for version in range(1, len(STEPS)):
        with pytest.MonkeyPatch.context() as then:
            then.setattr(connection, "migrations", up_to(version))
            with closing(create_database(path) if version == 1 else open_database(path)) as db:
                if version == 1:
                    fill(db)
                for sql in ROWS_OF.get(version, []):
                    db.execute(sql)
                copies[version] = folder / f"{version}.db"
                backup(db, copies[version])
    return copies


def settings_alone(path: Path) -> Workspace:
    """A folder into which a copy of a database can be restored."""
    path.mkdir()
    place = Workspace(path)
    place.settings_file.write_text('dataset = "csv"\nroot = "/pictures"\nclasses = ["happy", "sad", "fear"]\n')
    return place


def test_a_backup_of_every_schema_comes_back_up_to_date_and_checked_in_full(
    older: dict[int, Path], tmp_path: Path
) -> None:
    for version, file in older.items():
        place = settings_alone(tmp_path / f"ws{version}")
        assert restore(file, place).wrong == (), version
        checked = list(check_workspace(place))
        assert [each.name for each in checked if not each.ok] == (["round files"] if version >= 10 else []), version
        assert recorded(place) == [row[0] for row in LOG], version


@pytest.mark.parametrize("which", [min, max])
def test_a_workspace_of_an_older_version_is_backed_up_and_checked_as_it_is(
    older: dict[int, Path], asked: Workspace, tmp_path: Path, run: Run, which: Callable[[dict[int, Path]], int]
) -> None:
    """As those of a server after an upgrade that nobody has opened yet."""
    for file in asked.path.glob("review.db-*"):
        file.unlink()
    shutil.copyfile(older[which(older)], asked.database_file)
    made, checked = run("backup", asked.path, "--json"), run("check", asked.path)
    assert (made.code, checked.code, run("check", asked.path, "--quick").code) == (0, 0, 0), made.err + checked.err
    assert "of an older version" in checked.out
    with asked.database(as_it_is=True) as db:
        assert len(migrations.applied(db)) == which(older)
    assert restore(Path(json.loads(made.out)["file"]), Workspace(tmp_path / "new")).wrong == ()
    with asked.database_file.open("r+b") as opened:
        opened.seek(asked.database_file.stat().st_size // 2)
        opened.write(b"\xff" * 30_000)
    assert {run(*words, asked.path).code for words in (("backup",), ("check",), ("check", "--quick"))} == {1}


def test_damage_of_an_older_schema_is_found_before_it_is_put_in_place(older: dict[int, Path], tmp_path: Path) -> None:
    """What no quick check of that schema could find: an answer in the queue that nobody gave."""
    file, place = tmp_path / "9.db", settings_alone(tmp_path / "ws")
    shutil.copy(older[9], file)
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("UPDATE queue_item SET action = 'unsure', answered_by = 1, answered_seq = 9 WHERE id = 11")
    before = files(place.path)
    with pytest.raises(WorkspaceError, match=r"9\.db: found a database that is not as it was written .*add --force"):
        restore(file, place)
    assert files(place.path) == before
    assert restore(file, place, force=True).wrong
    assert "derived" in {each.name for each in check_workspace(place) if not each.ok}


@pytest.mark.parametrize("name", ["planted", "decision_no_delete"])
def test_a_backup_with_a_planted_trigger_is_refused(asked: Workspace, tmp_path: Path, name: str) -> None:
    """Under a name of its own, or in place of one that keeps decisions."""
    copy = tmp_path / "copy.db"
    with asked.database() as db:
        backup(db, copy)
    with closing(sqlite3.connect(copy, isolation_level=None)) as db:
        db.execute(f"DROP TRIGGER IF EXISTS {name}")
        db.execute(f"CREATE TRIGGER {name} AFTER INSERT ON person BEGIN UPDATE person SET role = 'lead'; END")
    with pytest.raises(WorkspaceError, match=f"trigger {name}, which no version makes; take another backup"):
        restore(copy, asked, force=True)


def test_a_database_that_lost_its_wal_is_told(asked: Workspace, tmp_path: Path, run: Run) -> None:
    """Copied while somebody works, by a program that leaves the -wal behind; with it, all is there."""
    copy = Workspace(tmp_path / "copy")
    with asked.database():
        answer(asked, "ann", 6)
        shutil.copytree(asked.path, copy.path, ignore=shutil.ignore_patterns("*-wal", "*-shm"))
        wal = Path(f"{asked.database_file}-wal").read_bytes()
    for command in ("export", "status", "backup"):
        refused = run(command, copy.path, *(("--out", tmp_path / "labels.csv") if command == "export" else ()))
        assert refused.code == 1
        assert "found decisions up to number 0, where 6 were saved" in refused.err
        assert "the last 6 were in review.db-wal" in refused.err
    assert not (tmp_path / "labels.csv").exists()
    with pytest.raises(WorkspaceError, match="where 6 were saved"):
        prepare(copy.path)
    Path(f"{copy.database_file}-wal").write_bytes(wal)
    assert len(recorded(copy)) == 6


def test_a_database_without_its_wal_is_used_when_told_to(asked: Workspace) -> None:
    file = saved(asked)
    answer(asked, "ann", 2)
    shutil.copy(asked.database_file, asked.path / "older.db")
    answer(asked, "ann", 1)
    (asked.path / "older.db").replace(asked.database_file)
    with pytest.raises(WorkspaceError, match="up to number 3 that were saved here, where the backup ends with 0"):
        restore(file, asked)
    with pytest.raises(WorkspaceError, match=r"number 2, where 3 .* the last 1 was in .*remove review\.db-newest"):
        recorded(asked)
    (asked.path / "review.db-newest").unlink()
    assert len(recorded(asked)) == 2
    restore(file, asked, force=True)  # which has fewer decisions, and says so
    assert recorded(asked) == []


def _end(*paths: Path) -> None:
    raise KeyboardInterrupt


def test_what_was_taken_out_since_is_taken_out_again(
    asked: Workspace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person asked for it after the backup was made; `--bring-back` leaves it in and says how to take it out."""
    with asked.database() as db:
        keys = [key for (key,) in db.execute("SELECT key FROM sample ORDER BY id LIMIT 3")]
        eve, bob = (add_person(db, name, "annotator", f"hash of {name}") for name in ("Evelyn", "bob"))
    assert run("withdraw", asked.path, keys[2], "--yes").code == 0  # before the backup: stays out either way
    file = saved(asked)
    answer(asked, "ann", 2)
    assert run("withdraw", asked.path, keys[0], "--yes").code == 0
    assert run("erase", asked.path, "--yes", "--key", keys[1]).code == 0
    with asked.database() as db:
        erase_person(db, eve.id)
        set_active(db, bob.id, False)
    later = saved(asked)

    def out() -> tuple[list[str | None], list[tuple[str, bool]]]:
        with asked.database(read_only=True) as db:
            faces = [get_sample(db, number) for number in (1, 2, 3)]
            return [None if face is None else face.sample.key for face in faces if face and not face.withdrawn], [
                (person.name, person.active) for number in (eve.id, bob.id) if (person := get_person(db, number))
            ]

    kept_out: tuple[list[str | None], list[tuple[str, bool]]] = ([], [(f"erased-{eve.id}", False), ("bob", False)])
    assert out() == kept_out
    done = run("restore", file, asked.path, "--force", "--bring-back")
    assert "1 face withdrawn, 1 face erased, 1 person erased, 1 person deactivated. To take it out:" in done.out
    assert f"erase {asked.path} --key {keys[1]}" in done.out
    assert f"person erase {asked.path} Evelyn" in done.out
    assert out() == (keys[:2], [("Evelyn", True), ("bob", True)])
    assert run("restore", later, asked.path, "--force").code == 0
    assert out() == kept_out
    with monkeypatch.context() as killed:
        killed.setattr(moves, "move", _end)
        assert run("restore", file, asked.path, "--force").code != 0
    assert out() == kept_out, "whoever opens it next makes the moves, and they carry it"
    assert run("restore", later, asked.path, "--force").code == 0
    done = run("restore", file, asked.path, "--force")
    assert done.code == 0, done.err
    assert "taken out again, as it was after the backup was made: 1 face withdrawn, 1 face erased" in done.out
    assert out() == kept_out
    assert b"Evelyn" not in asked.database_file.read_bytes()


def test_the_log_says_that_a_backup_was_restored(
    asked: Workspace, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the file put in place is no copy of itself."""
    assert prepare(asked.path)
    file = saved(asked)
    answer(asked, "ann", 2)
    restore(file, asked, force=True)
    with asked.database(read_only=True) as db:
        said = events(db, limit=1)[0]
    assert said.words == f"backup restored, file {file.name}, decisions set aside 2"
    capsys.readouterr()
    assert prepare(asked.path)
    assert "was copied" not in capsys.readouterr().err
