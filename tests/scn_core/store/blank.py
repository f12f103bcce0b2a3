"""Empty databases in memory by the hundred, for property tests."""

from __future__ import annotations

import sqlite3
from functools import lru_cache

from sqlite_utils import Database

from scn_core.store.schema.migrations import migrations


def blank_database() -> Database:
    """With this version's schema; foreign keys are on."""
    db = Database(sqlite3.connect(":memory:", isolation_level=None))
    _template().conn.backup(db.conn)
    db.execute("PRAGMA foreign_keys = ON")
    return db


@lru_cache(maxsize=1)
def _template() -> Database:
    db = Database(sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False))
    migrations.apply(db)
    return db
