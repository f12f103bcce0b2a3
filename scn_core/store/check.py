"""Is the database as it was written? The quick check, before labels leave it or a round begins, and parts of the full.

The quick check reads what labels follow from, and nothing else: SQLite's own check of those tables and their indexes,
their seals, the running hash of decisions, and the outcomes against the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlite_utils import Database

from scn_core.errors import WorkspaceError, listed
from scn_core.shell import command_line
from scn_core.store.connection import snapshot
from scn_core.store.decisions.history import broken_history
from scn_core.store.labels_by_log import labels_by_log, outcomes_by_log
from scn_core.store.seals import broken_seals
from scn_core.store.sqlite_errors import UNREADABLE, damaged, database_path, is_passing

_CHECKED = (
    "class", "sample", "vote", "spelling", "data_change", "given_version", "person", "round", "score", "decision",
    "outcome", "seal",
)  # fmt: skip
_NAMED = 3


def require_sound(db: Database) -> None:
    """The quick check. Raises WorkspaceError where something that labels follow from is not as it was written.

    Call it within a `snapshot`, so that its parts see one state: the one whose rows are used, as an export does, or one
    of its own before a change or a long training begins, which then stops at damage that was there. About 3 s for
    300,000 faces with two rounds.
    """
    path = database_path(db)
    if found := first_found(db, broken_tables, broken_seals, broken_history):
        raise WorkspaceError(damaged(path, listed(found[:_NAMED], len(found))))
    if found := first_found(db, wrong_outcomes):
        repair = command_line("check", path.parent, "--repair")
        raise WorkspaceError(
            f"{path}: found outcomes that do not follow from the answers ({listed(found[:_NAMED], len(found))}); make "
            f"them anew with: {repair}"
        )


def unsound(db: Database) -> list[str]:
    """What the quick check finds first of a database whose file was found whole, a line each; empty where it is as it
    was written."""
    return first_found(db, broken_seals, broken_history, wrong_outcomes)


def require_sound_now(db: Database) -> None:
    """`require_sound` of the state that there is now, before a change or a long training begins."""
    with snapshot(db):
        require_sound(db)


@contextmanager
def blaming_damage(db: Database) -> Iterator[None]:
    """An error that is no word to the user, raised within, is looked into: a damaged database becomes a WorkspaceError
    that says so; any other error passes."""
    try:
        yield
    except UNREADABLE:
        db.rollback()
        require_sound_now(db)
        raise


def broken_file(db: Database) -> list[str]:
    """What SQLite's own check of the whole file finds, a line each; empty where nothing is wrong."""
    found = [str(line) for (line,) in db.execute("PRAGMA integrity_check")]
    return [] if found == ["ok"] else found


def broken_references(db: Database) -> list[str]:
    """Rows that refer to one that is not there."""
    rows = db.execute("PRAGMA foreign_key_check")
    return [f"table {table}, row {row}: refers to no row of table {parent}" for table, row, parent, _ in rows]


def wrong_outcomes(db: Database) -> list[str]:
    """Faces whose stored outcome does not follow from the log, with both."""
    due = outcomes_by_log(db)
    found = []
    rows = db.execute(
        "SELECT sample_id, round_id, state, action, label, seq, answers, needed, adjudicated FROM outcome"
    )
    for sample_id, round_id, *stored in rows:
        outcome = due.pop((sample_id, round_id), None)
        if outcome is None or tuple(stored) != tuple(outcome):
            found.append(_difference(sample_id, round_id, tuple(stored), outcome))
    return found + [_difference(*face, None, outcome) for face, outcome in due.items()]


def wrong_labels(db: Database, progress: Callable[[int], None] = lambda faces: None) -> list[str]:
    """Faces whose label in view `effective_label` is another than the one derived from the log, with both."""
    columns = "sample_id, label, excluded, vanished, decision_id, round_id, action, given_when_decided"
    stored = db.execute(f"SELECT {columns} FROM effective_label ORDER BY sample_id")
    found = []
    for due in labels_by_log(db):
        row = stored.fetchone()
        progress(1)
        if row != tuple(due):
            found.append(f"face {due.sample_id}: found {row}; by the log it is {tuple(due)}")
    if stored.fetchone() is not None:
        found.append("view effective_label has more faces than table sample")
    return found


def first_found(db: Database, *checks: Callable[[Database], list[str]]) -> list[str]:
    """What the first of the checks that finds something does; empty where none does."""
    return next((found for check in checks if (found := findings(check, db))), [])


def findings(check: Callable[[Database], list[str]], db: Database) -> list[str]:
    """What a check finds; that it cannot read what it checks is a finding too, but where the machine is the cause."""
    try:
        return check(db)
    except UNREADABLE as error:
        if is_passing(error):
            raise
        return [f"cannot be read: {error}"]


def broken_tables(db: Database) -> list[str]:
    """What SQLite's own check of the tables that labels follow from, and their indexes, finds; a line each."""
    found = []
    for table in _CHECKED:
        lines = [str(line) for (line,) in db.execute(f"PRAGMA integrity_check({table})")]
        found += [] if lines == ["ok"] else [f"table {table}: {line}" for line in lines]
    return found


def _difference(sample_id: int, round_id: int, found: object, due: object) -> str:
    shown = tuple(due) if isinstance(due, tuple) else due
    return f"face {sample_id} in round {round_id}: found {found}; by the log it is {shown}"
