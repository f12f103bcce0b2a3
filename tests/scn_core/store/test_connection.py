from __future__ import annotations

import sqlite3
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from sqlite_utils import Database, Migrations

from scn_core.errors import WorkspaceError
from scn_core.store import connection
from scn_core.store.backup import backup
from scn_core.store.connection import copy_before_migration, create_database, open_database, transaction
from scn_core.store.people.people import ensure_person
from scn_core.store.schema.migrations import STEPS, migrations


def later_version() -> Migrations:
    """The migrations of a version yet to come."""
    later = Migrations(migrations.name)
    for name, step in STEPS.items():
        later(name=name)(step)

    @later()
    def m9999_notes(db: Database) -> None:
        db.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")

    return later


def pragma(db: Database, name: str) -> object:
    return db.execute(f"PRAGMA {name}").fetchone()[0]


def test_every_connection_has_the_pragmas(tmp_path: Path) -> None:
    with create_database(tmp_path / "review.db") as made, open_database(tmp_path / "review.db") as opened:
        for db in (made, opened):
            assert pragma(db, "journal_mode") == "wal"
            assert pragma(db, "synchronous") == 2
            assert pragma(db, "foreign_keys") == 1
            assert pragma(db, "busy_timeout") == 5000
            assert db.conn.isolation_level is None


def test_create_refuses_a_file_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "review.db").write_text("mine")
    with pytest.raises(WorkspaceError, match=r"review\.db: found a file already"):
        create_database(tmp_path / "review.db")
    assert (tmp_path / "review.db").read_text() == "mine"


def test_open_names_a_missing_file_and_makes_none(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="no such file"):
        open_database(tmp_path / "review.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("read_only", [False, True])
def test_open_refuses_what_is_no_database(tmp_path: Path, read_only: bool) -> None:
    (tmp_path / "review.db").write_bytes(b"not a database " * 500)
    with pytest.raises(WorkspaceError, match="not an SQLite database"):
        open_database(tmp_path / "review.db", read_only=read_only)


def test_open_refuses_a_database_of_something_else(tmp_path: Path) -> None:
    Database(tmp_path / "other.db")["cake"].insert({"id": 1})  # type: ignore[union-attr]
    with pytest.raises(WorkspaceError, match="not of a workspace"):
        open_database(tmp_path / "other.db")


def test_open_refuses_a_newer_schema_and_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as future:
        future.setattr(connection, "migrations", later_version())
        create_database(tmp_path / "review.db").close()
    with pytest.raises(WorkspaceError, match=r"has m9999_notes; this version knows up to m\d{4}_\w+; install"):
        open_database(tmp_path / "review.db")


def test_open_migrates_an_older_schema_after_a_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with create_database(tmp_path / "review.db") as db:
        ensure_person(db, "ann")
    monkeypatch.setattr(connection, "migrations", later_version())
    with pytest.raises(WorkspaceError, match=r"lacks m9999_notes, .* the server brings it up to date"):
        open_database(tmp_path / "review.db", read_only=True)
    with open_database(tmp_path / "review.db") as db:
        assert "note" in db.table_names()
        assert copy_before_migration(db) == tmp_path / "backups" / "review-before-m9999_notes.db"
    with open_database(tmp_path / "review.db") as db:
        assert copy_before_migration(db) is None
    with sqlite3.connect(tmp_path / "backups" / "review-before-m9999_notes.db") as copy:
        assert copy.execute("SELECT name FROM person").fetchall() == [("ann",)]
        assert not copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'note'").fetchall()
    copy.close()


def test_a_migration_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_database(tmp_path / "review.db").close()
    later = later_version()

    @later()
    def m9999_broken(db: Database) -> None:
        db.execute("CREATE TABLE half (id INTEGER)")
        raise RuntimeError("stop")

    with monkeypatch.context() as future:
        future.setattr(connection, "migrations", later)
        with pytest.raises(RuntimeError):
            open_database(tmp_path / "review.db")
    with open_database(tmp_path / "review.db") as db:
        assert not {"note", "half"} & set(db.table_names())


def test_read_only_reads_and_refuses_to_write(tmp_path: Path) -> None:
    with create_database(tmp_path / "review.db") as db:
        ensure_person(db, "ann")
    with open_database(tmp_path / "review.db", read_only=True) as db:
        assert db["person"].count == 1
        with pytest.raises(WorkspaceError, match="open for reading only"):
            ensure_person(db, "bob")


def test_transaction_rolls_back_on_any_exception(empty: Database) -> None:
    def write() -> None:
        with transaction(empty):
            empty.execute("INSERT INTO person (name, role) VALUES ('ann', 'lead')")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert empty["person"].count == 0
    assert not empty.conn.in_transaction


def test_a_transaction_within_another_is_an_error_and_undoes_both(empty: Database) -> None:
    def write() -> None:
        with transaction(empty):
            empty.execute("INSERT INTO person (name, role) VALUES ('ann', 'lead')")
            ensure_person(empty, "bob")

    with pytest.raises(sqlite3.OperationalError, match="within a transaction"):
        write()
    assert empty["person"].count == 0


def test_a_locked_database_is_told_in_plain_words(empty: Database, tmp_path: Path) -> None:
    with open_database(tmp_path / "review.db") as other:
        other.execute("PRAGMA busy_timeout = 20")
        with (
            transaction(empty),
            pytest.raises(WorkspaceError, match="another program has been writing"),
            transaction(other),
        ):
            raise AssertionError("unreachable: the lock is taken")
        ensure_person(other, "ann")  # free again


def test_who_is_patient_waits_for_as_long_as_it_takes_and_says_so_once(empty: Database, tmp_path: Path) -> None:
    heard: list[str] = []

    def on_wait(text: str) -> None:
        heard.append(text)
        tries = 0

        def third_try(statement: str) -> None:
            nonlocal tries
            tries += statement.startswith("BEGIN")
            if tries == 3:
                empty.conn.execute("ROLLBACK")

        patient.conn.set_trace_callback(third_try)

    with open_database(tmp_path / "review.db", on_wait=on_wait) as patient:
        patient.execute("PRAGMA busy_timeout = 20")
        empty.conn.execute("BEGIN IMMEDIATE")
        ensure_person(patient, "ann")
        ensure_person(patient, "bob")
    assert heard == ["waiting for another program that is writing to the database"]


def test_writers_that_read_first_wait_for_each_other(tmp_path: Path) -> None:
    """A deferred BEGIN would fail at once here, or lose counts."""
    path = tmp_path / "review.db"
    with create_database(path) as db:
        db.execute("CREATE TABLE tally (n INTEGER)")
        db.execute("INSERT INTO tally VALUES (0)")

    def count() -> None:
        with open_database(path) as mine:
            for _ in range(50):
                with transaction(mine):
                    (n,) = mine.execute("SELECT n FROM tally").fetchone()
                    mine.execute("UPDATE tally SET n = ?", (n + 1,))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with open_database(path) as db:
        assert db.execute("SELECT n FROM tally").fetchone() == (200,)


def test_a_connection_stays_in_its_thread(empty: Database) -> None:
    caught: list[Exception] = []

    def use() -> None:
        try:
            empty.execute("SELECT 1")
        except sqlite3.ProgrammingError as error:
            caught.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert len(caught) == 1


def test_a_script_belongs_to_the_transaction_that_is_open(db: Database) -> None:
    script = """
    CREATE TABLE note (text TEXT DEFAULT 'a; b', "c;" TEXT); -- the first; and only one
    CREATE TRIGGER no_note BEFORE INSERT ON note WHEN new.text = 'no;' BEGIN
      SELECT RAISE(ABORT, 'no; never'); SELECT 1;
    END;
    INSERT INTO note DEFAULT VALUES;
    INSERT INTO note (text) VALUES ('last; without an end')
    """
    with suppress(LookupError), transaction(db):
        db.executescript(script)
        assert [text for (text,) in db.execute("SELECT text FROM note")] == ["a; b", "last; without an end"]
        with pytest.raises(sqlite3.IntegrityError, match="no; never"):
            db.executescript("INSERT INTO note (text) VALUES ('no;');")
        raise LookupError
    assert "note" not in db.table_names()


def test_backup_is_one_whole_file(db: Database, tmp_path: Path) -> None:
    target = tmp_path / "backups" / "today.db"
    target.parent.mkdir()
    target.write_text("an older backup")
    backup(db, target)
    assert [file.name for file in target.parent.iterdir()] == ["today.db"]
    assert target.stat().st_mode & 0o777 == 0o600
    with open_database(target) as copy:
        assert copy["sample"].count == 12
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_backup_never_replaces_the_database_itself(db: Database, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="found the database itself"):
        backup(db, tmp_path / "review.db")
    assert db["sample"].count == 12


def test_a_backup_that_fails_leaves_the_older_one(db: Database, tmp_path: Path) -> None:
    target = tmp_path / "today.db"
    target.write_text("an older backup")
    db.close()
    with pytest.raises(sqlite3.ProgrammingError):
        backup(db, target)
    assert target.read_text() == "an older backup"
    assert not list(tmp_path.glob("*.part"))
