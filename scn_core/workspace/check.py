"""The full check of a workspace: database, history, derived tables, labels, files of rounds; and what can be repaired.

The quick check, made before each export and round, is `store.check.require_sound`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from scn_core.errors import WorkspaceError, counted
from scn_core.permissions import closed_to_owner
from scn_core.store import projections
from scn_core.store.backup import opened_copy
from scn_core.store.check import (
    broken_file,
    broken_references,
    findings,
    require_sound,
    wrong_labels,
    wrong_outcomes,
)
from scn_core.store.connection import snapshot
from scn_core.store.decisions.history import (
    HistoryEnd,
    broken_history,
    history_end,
    is_prefix,
)
from scn_core.store.opinions import broken_opinions
from scn_core.store.reindex import reindex
from scn_core.store.rounds.files import recorded_files
from scn_core.store.schema.differences import schema_differences
from scn_core.store.schema.migrations import migrations
from scn_core.store.seals import broken_seals, unsealed
from scn_core.store.sqlite_errors import UNREADABLE, beyond_repair, damaged
from scn_core.workspace.folder import Workspace
from scn_core.workspace.toml import FETCHED, OWN_PICTURES

CHECKS = ("file", "schema", "references", "content", "history", "derived", "labels", "round files", "owner")
"""In the order in which they are made."""
_OLDER = "of an older version: the other checks are made once it is brought up to date, when it is opened next"
_NOT_LOOKED_AT = "what no label follows from was not looked at: that is what the check without --quick does"
_KEPT = 100
"""Findings of one check that are kept."""


@dataclass(frozen=True)
class Checked:
    """What one of the checks came to."""

    name: str
    looked_at: str
    """In words, such as `1,543 decisions`."""
    found: tuple[str, ...]
    """What is wrong, at most 100 of it."""
    count: int
    """How much is wrong in all."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.count

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"name": self.name, "ok": self.ok, "looked_at": self.looked_at, "count": self.count,
                "found": list(self.found)}  # fmt: skip


def check_workspace(workspace: Workspace, *, export_made_from: HistoryEnd | None = None) -> Iterator[Checked]:
    """Every check, each as soon as it is made; nothing is written, and people can go on working. Of a database that an
    older version wrote, those that need no table of today.

    Args:
        workspace: may be in a folder that cannot be written to.
        export_made_from: where the log ended when labels were exported; then it is also checked that the log of now
            goes on from there.

    Raises WorkspaceError where the database cannot be opened.
    """
    with workspace.database(read_only=True, as_it_is=export_made_from is None) as db:
        if migrations.pending(db):
            yield from _check_older(db)
            yield _owner(workspace.path)
            return
        yield from check_database(db)
        yield _checked(db, "round files", _files, lambda db: _wrong_files(workspace, db))
        yield _owner(workspace.path)
        if export_made_from is not None:
            end = export_made_from
            yield _checked(db, "manifest", lambda db: _goes_on(db, end), lambda db: _other_history(db, end))


def quick_check(workspace: Workspace) -> Checked:
    """Only what labels follow from, as before each export and round: 6 s for 1,000,000 faces with a round.

    Raises WorkspaceError where it is not as it was written, or cannot be opened.
    """
    with workspace.database(read_only=True, as_it_is=True) as db, snapshot(db):
        if migrations.pending(db):
            if found := broken_file(db):
                raise WorkspaceError(damaged(workspace.database_file, found[0]))
            return Checked("quick", f"{_pages(db)}, {_OLDER}", (), 0)
        require_sound(db)
        return Checked("quick", f"{_sealed(db)}; {_NOT_LOOKED_AT}", (), 0)


def _check_older(db: Database) -> Iterator[Checked]:
    yield _checked(db, "file", _pages, broken_file)
    yield Checked("schema", f"{_OLDER}, which lacks {migrations.pending(db)[0].name}", (), 0)
    yield _checked(db, "references", lambda db: "rows that refer to others", broken_references)


def check_database(db: Database) -> Iterator[Checked]:
    """The checks that need no other file of the workspace."""
    yield _checked(db, "file", _pages, broken_file)
    yield _checked(db, "schema", _schema, lambda db: schema_differences(db).describe())
    yield _checked(db, "references", lambda db: "rows that refer to others", broken_references, broken_opinions)
    yield _checked(db, "content", _sealed, broken_seals)
    yield _checked(db, "history", _history, broken_history)
    found = findings(projections.check, db)  # reads of one moment by itself
    yield Checked("derived", "outcomes, answers in the queue, counts", tuple(found[:_KEPT]), len(found))
    yield _checked(db, "labels", _faces, wrong_outcomes, wrong_labels)


def _checked(
    db: Database, name: str, looked_at: Callable[[Database], str], *checks: Callable[[Database], list[str]]
) -> Checked:
    with snapshot(db):
        found = [line for check in checks for line in findings(check, db)]
        words = findings(lambda db: [looked_at(db)], db)[0]
    return Checked(name, words, tuple(found[:_KEPT]), len(found))


def repair(workspace: Workspace) -> list[str]:
    """Make anew what follows from other rows: indexes, then the derived tables. What was done, a line each.

    Raises WorkspaceError where other rows are damaged: from those nothing can be derived, and nothing is changed.
    """
    workspace.settings()
    _repair_indexes(workspace.database_file)
    with workspace.database() as db:
        wrong = projections.check(db)
        projections.rebuild(db)
    differences = counted(len(wrong), "difference")
    return ["all indexes were made anew", f"derived tables were made anew from the log of decisions: {differences}"]


def _repair_indexes(file: Path) -> None:
    """Before anything reads through one: even to open the database as a workspace does that."""
    with opened_copy(file) as db:
        db.conn.execute("BEGIN IMMEDIATE")
        try:
            reindex(db)
            current = not migrations.pending(db)  # the checks are of today's tables
            if current and (facts := [*findings(broken_seals, db), *findings(broken_history, db)]):
                raise WorkspaceError(f"{beyond_repair(file, facts[0])}; nothing was repaired")
            db.conn.execute("COMMIT")
        except UNREADABLE as error:
            db.rollback()
            raise WorkspaceError(f"{beyond_repair(file, str(error))}; nothing was repaired") from error
        except BaseException:
            db.rollback()
            raise
        db.conn.execute("VACUUM")


def _pages(db: Database) -> str:
    return f"{db.execute('PRAGMA page_count').fetchone()[0]:,} pages of review.db"


def _schema(db: Database) -> str:
    sql = "SELECT count(*) FROM sqlite_master WHERE type IN ('trigger', 'view', 'index') AND sql IS NOT NULL"
    return f"{db.execute(sql).fetchone()[0]:,} triggers, views and indexes"


def _sealed(db: Database) -> str:
    open_parts = unsealed(db)
    later = f"; changed by another program and not sealed yet: {', '.join(open_parts)}" if open_parts else ""
    (parts,) = db.execute("SELECT count(*) FROM seal").fetchone()
    return f"{parts:,} sealed parts{later}"


def _history(db: Database) -> str:
    end = history_end(db)
    return f"{end.seq:,} decisions" + (f", newest hash {end.hash}" if end.seq else "")


def _faces(db: Database) -> str:
    (faces,) = db.execute("SELECT count(*) FROM sample").fetchone()
    return f"labels of {faces:,} faces, derived anew"


def _owner(folder: Path) -> Checked:
    lines, count = closed_to_owner(folder, (OWN_PICTURES, FETCHED))
    looked_at = f"{counted(count, 'file or folder', 'files and folders')}, which the workspace's owner may write to"
    return Checked("owner", looked_at, tuple(lines[:_KEPT]), len(lines))


def _files(db: Database) -> str:
    recorded = recorded_files(db)
    without = [str(number) for number, hashes in recorded.items() if not hashes]
    older = f"; no hashes are known of round {', '.join(without)}" if without else ""
    return f"{sum(map(len, recorded.values())):,} files{older}"


def _wrong_files(workspace: Workspace, db: Database) -> list[str]:
    wrong = []
    for number, hashes in recorded_files(db).items():
        for name, sha256 in hashes.items():
            path = workspace.round_folder(number) / name
            try:
                with path.open("rb") as file:
                    if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                        wrong.append(f"{path} is not as the round left it")
            except OSError as error:
                wrong.append(f"{path}: {error.strerror or error}")
    return wrong


def _goes_on(db: Database, end: HistoryEnd) -> str:
    return f"the export was made from {end.seq:,} decisions; there are {history_end(db).seq:,}"


def _other_history(db: Database, end: HistoryEnd) -> list[str]:
    if is_prefix(db, end):
        return []
    return [f"the first {end.seq:,} decisions are not those that the export was made from"]
