"""Whether triggers, views and indexes of a database are those that its migrations make."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from functools import lru_cache

from sqlite_utils import Database

from scn_core.store.schema.migrations import STEPS, migrations

_SQL = """SELECT type || ' ' || name, sql FROM sqlite_master
WHERE type IN ('trigger', 'view', 'index') AND sql IS NOT NULL ORDER BY 1"""


@dataclass(frozen=True)
class SchemaDifferences:
    """Triggers, views and indexes, each as `trigger decision_no_delete`."""

    foreign: tuple[str, ...]
    """That no migration makes, or not in these words: they do whatever their author wanted, at every write or read."""
    missing: tuple[str, ...]

    def describe(self) -> list[str]:
        """For people, a line each; empty where there is none."""
        found = [f"{name} is not as this program makes it" for name in self.foreign]
        return found + [f"{name} is missing" for name in self.missing]


def schema_differences(db: Database) -> SchemaDifferences:
    """Compares with an empty database that has the same migrations."""
    applied = {migration.name for migration in migrations.applied(db)}
    due, found = _made_by(frozenset(applied)), dict(db.execute(_SQL).fetchall())
    return SchemaDifferences(
        tuple(name for name, sql in found.items() if due.get(name) != sql),
        tuple(name for name in due if name not in found),
    )


@lru_cache(maxsize=4)
def _made_by(applied: frozenset[str]) -> dict[str, str]:
    empty = Database(sqlite3.connect(":memory:", isolation_level=None))
    try:
        migrations.apply(empty, stop_before=[name for name in STEPS if name not in applied])
        return dict(empty.execute(_SQL).fetchall())
    finally:
        empty.close()
