"""schema/current.sql shows the schema that all migrations lead to. After a new migration:

PYTHONPATH=. python tests/scn_core/store/schema/test_current.py --write
"""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

from scn_core.store import schema
from scn_core.store.schema.migrations import STEPS
from tests.scn_core.store.blank import blank_database

CURRENT = Path(str(schema.__file__)).with_name("current.sql")
OWN = "sql IS NOT NULL AND tbl_name NOT GLOB '_sqlite*' AND tbl_name NOT GLOB 'sqlite_*'"


def current_schema() -> str:
    """Every table with its indexes and triggers, then the views, as an empty database has them after all migrations."""
    with blank_database() as db:
        parts = [
            "".join(f"{sql};\n" for (sql,) in db.execute(f"SELECT sql FROM sqlite_master WHERE tbl_name = ? AND {OWN} "
                    "ORDER BY type <> 'table', type, name", (name,)))
            for (name,) in db.execute(f"SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND {OWN} "
                                      "ORDER BY type, name").fetchall()
        ]  # fmt: skip
    head = (
        f"-- The schema of review.db after {list(STEPS)[-1]}. Written by tests/scn_core/store/schema/test_current.py.\n"
    )
    return "\n".join([head, *parts])


def test_the_file_is_the_schema_of_today() -> None:
    text = CURRENT.read_text(encoding="utf-8")
    assert text == current_schema(), (
        "out of date: PYTHONPATH=. python tests/scn_core/store/schema/test_current.py --write"
    )


def test_sqlite_makes_the_same_schema_of_the_file() -> None:
    made = sqlite3.connect(":memory:")
    made.executescript(CURRENT.read_text(encoding="utf-8"))
    with blank_database() as db:
        names = f"SELECT type, name FROM sqlite_master WHERE {OWN} ORDER BY 1, 2"
        assert made.execute(names).fetchall() == db.execute(names).fetchall()
    made.close()


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    CURRENT.write_text(current_schema(), encoding="utf-8")
