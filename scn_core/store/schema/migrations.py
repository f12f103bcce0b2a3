"""The migrations of review.db, in order. A change of the schema is a new one: released ones never change."""

from __future__ import annotations

from collections.abc import Callable

from sqlite_utils import Database, Migrations

from scn_core.store.schema import (
    m0001_tables,
    m0002_review,
    m0003_rounds,
    m0004_team,
    m0005_order,
    m0006_doubt,
    m0007_import,
    m0008_tokens,
    m0009_updates,
    m0010_integrity,
    m0011_doors,
    m0012_opinions,
    m0013_pictures_looked_at,
    m0014_hooks,
    m0015_learned_labels,
    m0016_notes,
    m0017_lease_tabs,
)

_MODULES = (
    m0001_tables, m0002_review, m0003_rounds, m0004_team, m0005_order, m0006_doubt, m0007_import, m0008_tokens,
    m0009_updates, m0010_integrity, m0011_doors, m0012_opinions, m0013_pictures_looked_at, m0014_hooks,
    m0015_learned_labels, m0016_notes, m0017_lease_tabs,
)  # fmt: skip
STEPS: dict[str, Callable[[Database], None]] = {
    module.__name__.rpartition(".")[2]: module.migrate for module in _MODULES
}
"""Name of each migration, by which databases know that they have it -> what it does."""

migrations = Migrations("scn_core.store")
for _name, _step in STEPS.items():
    migrations(name=_name)(_step)


def names_of(known: Migrations) -> list[str]:
    """All migrations of a set, the oldest first: those that an empty database lacks."""
    with Database(memory=True) as empty:
        return [migration.name for migration in known.pending(empty)]
