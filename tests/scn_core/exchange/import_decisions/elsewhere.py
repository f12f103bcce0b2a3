"""A workspace to import into, and files to import."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from scn_core.exchange.import_decisions.import_plan import ImportPlan, plan_import, take_import

NAMES = ("happy", "sad")
RISKY, LAST = "=1+1.png", "größe/日本.png"
"""Face 2, sad; face 8, sad, the one without a proposal."""


def write(folder: Path, *lines: Sequence[str], name: str = "in.csv") -> Path:
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)
    return folder / name


def contents(db: Database) -> list[list[Any]]:
    return [
        db.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in ("decision", "person", "outcome")
    ]


def log(db: Database) -> list[tuple[Any, ...]]:
    sql = (
        "SELECT d.sample_id, p.name, d.action, d.label, d.text FROM decision d JOIN person p ON p.id = d.person_id "
        "ORDER BY d.seq"
    )
    return db.execute(sql).fetchall()


def take(db: Database, file: Path, **more: Any) -> ImportPlan:
    plan = plan_import(db, file, **more)
    take_import(db, plan)
    return plan
