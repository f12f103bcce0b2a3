"""Corrected labels out."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from sqlite_utils import Database

from scn_core.errors import UsageError

COLUMNS = ("path", "label", "split", "given_label", "changed", "action", "person", "decided_at", "round", "key")
_BOX = ("left", "top", "right", "bottom")
_RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the last four: full width


@dataclass(frozen=True)
class Exported:
    """What an export wrote."""

    rows: int
    changed: int
    """Rows whose label differs from the given one."""
    excluded: int
    """Faces left out because people excluded them."""


def export_csv(db: Database, out: Path) -> Exported:
    """Writes the effective labels of all faces (excluded ones left out) as CSV, readable again by data set csv.

    Columns: path, label and split as training reads them; given_label, changed (0/1), action, person, decided_at and
    round tell where the label comes from; key names the face in the workspace. Face boxes are added where the data
    set has them. UTF-8, one header line. Written beside and renamed, so a reader never meets half a file.

    Raises UsageError where the folder is not there, or `out` is one.
    """
    if not out.parent.is_dir():
        raise UsageError(f"--out: found no folder {out.parent}; allowed: a file in a folder that is there")
    if out.is_dir():
        raise UsageError(f"--out: found the folder {out}; allowed: a file in a folder that is there")
    boxed = bool(db.execute("SELECT EXISTS (SELECT 1 FROM sample WHERE box_left IS NOT NULL)").fetchone()[0])
    rows = db.execute(
        "SELECT e.path, e.label_name, e.split, e.given_name, e.label <> e.given_label, e.action, e.person,"
        " e.decided_at, e.round_id, e.key, e.excluded, s.box_left, s.box_top, s.box_right, s.box_bottom"
        " FROM effective_label e JOIN sample s ON s.id = e.sample_id ORDER BY e.sample_id"
    )
    unfinished = out.with_name(out.name + ".part")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            done = _write(file, rows, boxed=boxed)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
    return done


def _write(file: TextIO, rows: Iterable[tuple[Any, ...]], *, boxed: bool) -> Exported:
    written = changed = excluded = 0
    writer = csv.writer(file)
    writer.writerow(COLUMNS + (_BOX if boxed else ()))
    for path, *cells, key, is_excluded, left, top, right, bottom in rows:
        if is_excluded:
            excluded += 1
            continue
        box = (left, top, right, bottom) if boxed else ()
        writer.writerow([harmless_path(path), *map(harmless, cells), harmless_path(key), *box])
        written += 1
        changed += cells[3]
    return Exported(written, changed, excluded)


def harmless(cell: object) -> object:
    """A cell that no spreadsheet runs: text that begins like a formula gets a leading apostrophe."""
    return "'" + cell if isinstance(cell, str) and cell.startswith(_RUN_BY_SPREADSHEETS) else cell


def harmless_path(path: str) -> str:
    """The same for a path or key, by './' in front: it still names the same file."""
    return "./" + path if path.startswith(_RUN_BY_SPREADSHEETS) else path
