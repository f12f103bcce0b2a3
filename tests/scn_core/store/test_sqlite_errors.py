"""What SQLite says of a full disk, of other programs and of limits is no damage: no backup is put back for it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlite_utils import Database

from scn_core.errors import ScnError
from scn_core.store.check import findings, require_sound
from scn_core.store.connection import transaction
from scn_core.store.sqlite_errors import is_damage, plain_errors, plain_opening


def grows_when_full(db: Database) -> None:
    db.execute("PRAGMA max_page_count = 1")  # SQLite takes what there is
    with transaction(db):
        db.execute("CREATE TABLE filler AS SELECT zeroblob(1000000)")


def is_stopped(db: Database) -> None:
    db.conn.set_progress_handler(lambda: True, 1)
    db.execute("SELECT count(*) FROM sqlite_master").fetchone()


def lacks_a_table(db: Database) -> None:
    with plain_opening(Path("review.db")):
        db.execute("SELECT * FROM missing")


@pytest.mark.parametrize(("work", "damage"), [(grows_when_full, False), (is_stopped, False), (lacks_a_table, True)])
def test_what_is_damage(empty: Database, work: Callable[[Database], None], damage: bool) -> None:
    with pytest.raises((ScnError, sqlite3.Error)) as raised, plain_opening(Path("review.db")):
        work(empty)
    assert isinstance(raised.value, ScnError)
    assert is_damage(raised.value) == damage
    assert ("the file is damaged" in str(raised.value)) == damage


def test_a_check_that_is_stopped_finds_no_damage(empty: Database) -> None:
    empty.conn.set_progress_handler(lambda: True, 1)
    with pytest.raises(sqlite3.OperationalError, match="interrupted"), plain_errors(Path("review.db")):
        require_sound(empty)
    empty.conn.set_progress_handler(None, 0)
    assert findings(lambda db: [str(db.execute("SELECT * FROM missing").fetchone())], empty) == [
        "cannot be read: no such table: missing"
    ]
