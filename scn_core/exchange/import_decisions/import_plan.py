"""What a file of decisions would do, its problems, and taking it in, piece by piece."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlite_utils import Database

from scn_core.errors import DataError, WorkspaceError, counted, readable
from scn_core.exchange.import_decisions.label_studio import AS_EXPORTED
from scn_core.exchange.import_decisions.rows import Reading, Row, Wrong
from scn_core.exchange.import_decisions.sheets import Reader
from scn_core.import_balance import Problem
from scn_core.records import Action, Decision
from scn_core.store.connection import snapshot
from scn_core.store.current_labels import LabelChange
from scn_core.store.decisions.imports import workspace_mark
from scn_core.store.decisions.record import record_decisions
from scn_core.store.events import NewEvent
from scn_core.store.rounds.states import round_to_answer, which_round
from scn_core.store.samples import classes

_LISTED = 400
"""Letters of a list of names in a report."""
_ID_LETTERS = 16
GONE = "as exported, of faces that are not here any more"
NOT_ASKED = "faces that are not in the queue, where one row decides"
PIECE = 100
"""Decisions that are written in one transaction, about a tenth of a second long; a note more at most."""
MOMENT_S = 0.11
"""SQLite lets those who wait for the database look for it every 0.1 s."""


@dataclass(frozen=True)
class ImportPlan:
    """What a file holds, and what taking it would do."""

    round: int
    decisions: tuple[Decision, ...]
    """Not in the log yet, in the order of the file; a note is one of its own."""
    new_people: tuple[str, ...]
    """Named in the file and not known; they are added as annotators without a password."""
    problems: tuple[Problem, ...]
    """In the order of the file. With any of them nothing is taken."""
    rows: int
    known: int
    """Rows that an earlier import took; of an exported file also those whose label it gave the face."""
    again: int
    """Rows that an earlier import took, and that were taken back with all of it: they are taken once more."""
    unchanged: int
    """Rows of an exported file that nobody changed."""
    passed: Mapping[str, int]
    """Entries that hold no answer, by reason."""
    actions: Mapping[Action, int]
    changes: tuple[LabelChange, ...]
    """From the label a face has now to another one that an answer of the file gives it."""
    unread: tuple[str, ...]
    """Columns that mean nothing here."""
    at_once: int = 0
    """Of the changes, those of faces that one row decides: with several readings, faces that are not in the queue."""
    by: int | None = None
    """Who takes it: the number of a lead; None: the command line. It stands beside whom the file names."""

    def __repr__(self) -> str:
        """Counts in place of rows: a notebook shows it."""
        return (
            f"ImportPlan(round={self.round}, rows={self.rows}, decisions={len(self.decisions)}, "
            f"new_people={len(self.new_people)}, known={self.known}, unchanged={self.unchanged}, "
            f"changes={sum(change.count for change in self.changes)}, problems={len(self.problems)})"
        )

    @property
    def event(self) -> NewEvent:
        """What the log says of taking it."""
        return NewEvent("decisions imported", {"round": self.round, "decisions": len(self.decisions)}, self.by)

    def as_dict(self, names: Sequence[str]) -> dict[str, Any]:
        """Plain values for JSON, classes by name."""
        changes = [{"now": names[c.given_label], "label": names[c.label], "count": c.count} for c in self.changes]
        return {
            "round": self.round,
            "rows": self.rows,
            "decisions": len(self.decisions),
            "actions": dict(self.actions),
            "changes": changes,
            "at_once": self.at_once,
            "new_people": list(self.new_people),
            "known": self.known,
            "again": self.again,
            "unchanged": self.unchanged,
            "passed": dict(self.passed),
            "unread": list(self.unread),
            "problems": [str(problem) for problem in self.problems],
        }

    def without_effect(self) -> dict[str, int]:
        """How many rows change nothing, by reason."""
        counts = {"known from an earlier import": self.known, AS_EXPORTED: self.unchanged, **self.passed}
        return {reason: count for reason, count in counts.items() if count}

    def describe(self, names: Sequence[str], *, done: bool, most: int | None = None) -> str:
        """What was taken or would be, or every problem, or the first `most`, in lines."""
        if self.problems:
            lines = [f"{len(self.problems):,} of {counted(self.rows, 'row')} cannot be taken, so none is:"]
            lines.extend(f"  {problem}" for problem in self.problems[:most])
            if (rest := len(self.problems) - len(lines) + 1) > 0:
                lines.append(f"  and {rest:,} more; --dry-run lists all")
            return "\n".join(lines)
        answers = ", ".join(f"{n:,} {what}" for what, n in self.actions.items()) or "nothing new"
        lines = [f"round {self.round}: {answers} {'taken' if done else 'to take'} from {counted(self.rows, 'row')}"]
        lines.extend(f"  {names[c.given_label]} -> {names[c.label]}: {c.count:,}" for c in self.changes)
        if self.at_once:
            lines.append(f"  {self.at_once:,} of these at once: {NOT_ASKED}")
        if self.again:
            lines.append(f"  {self.again:,} of these rows once more, as their import had been taken back")
        lines.extend(f"  {counted(count, 'row')} {what}" for what, count in self.without_effect().items())
        if self.new_people:
            people = readable(", ".join(self.new_people), _LISTED)
            lines.append(f"  people {'added' if done else 'to add'}: {people}")
        if self.unread:
            lines.append(f"  columns not read: {readable(', '.join(self.unread), _LISTED)}")
        return "\n".join(lines)


def plan_import(
    db: Database, file: Path, *, person: str | None = None, adjudicate: bool = False, name: str | None = None,
    root: Path | None = None, path_column: str | None = None, label_column: str | None = None,
    annotators: Mapping[str, str] | None = None, by: int | None = None,
) -> ImportPlan:  # fmt: skip
    """Reads a file and looks at every row; writes nothing.

    Args:
        db: the workspace's database.
        file: CSV, JSON that `export` wrote, an export of Label Studio (JSON, JSON-MIN, CSV) or labels of FiftyOne.
        person: who decided, where the row does not say.
        adjudicate: the answers settle the faces whatever reviewers said; of leads only.
        name: what to call the file in problems, and in the log.
        root: folder of the pictures; with it paths below it may be written absolute.
        path_column: the column to read as path, by its name.
        label_column: the column to read as label, or the control of Label Studio.
        annotators: Label Studio's number or address of a person -> their name here.
        by: number of the lead who takes the file; None: the command line.

    Raises DataError for a file that is none of these, WorkspaceError where no round is in review.
    """
    current = _round_in_review(db)
    name = name or file.name
    sheet = Reader(name, path_column, label_column, annotators or {}).open(file)
    problems: list[Problem] = []
    count = 0
    with snapshot(db):
        reading = Reading(
            db,
            current,
            classes(db),
            workspace_mark(db),
            person,
            name,
            adjudicate=adjudicate,
            exported=sheet.exported,
            import_id=content_id(file),
            root=root,
            by=by,
        )
        for row in sheet.rows:
            count += 1
            try:
                if isinstance(row, Wrong):
                    raise row
                reading.take(row)
            except Wrong as wrong:
                where = f"{name}, {row.place}" if row.place else name
                problems.append(Problem(where, row.line, wrong.found, wrong.allowed))
    count += sheet.passed.total()
    unchanged = reading.unchanged + sheet.passed.pop(AS_EXPORTED, 0)
    changes = sorted(reading.changes.items(), key=lambda change: (-change[1], change[0]))
    return ImportPlan(
        round=current,
        decisions=tuple(reading.decisions),
        new_people=tuple(reading.new_people.values()),
        problems=tuple(problems),
        rows=count,
        known=reading.known,
        again=reading.again,
        unchanged=unchanged,
        passed=dict(+(sheet.passed + Counter({GONE: reading.gone}))),
        actions=reading.actions,
        changes=tuple(LabelChange(*pair, n) for pair, n in changes),
        unread=sheet.unread,
        at_once=reading.at_once,
        by=by,
    )


def content_id(file: Path) -> str:
    """What the log calls the import of a file: it follows from the content, so that a file taken again for the rest is
    the same import."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:_ID_LETTERS]


class Planned(Protocol):
    """Decisions to be written in pieces."""

    @property
    def decisions(self) -> Sequence[Decision]:
        """In the order in which they are written."""

    @property
    def new_people(self) -> tuple[str, ...]:
        """Added with the first piece."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """With any of them nothing is written."""

    @property
    def event(self) -> NewEvent:
        """Logged with the first piece."""


@dataclass(frozen=True)
class Piece:
    """Decisions that are written in one transaction."""

    decisions: list[Decision]
    new_people: tuple[str, ...]
    taken: int
    """Decisions of the plan before these."""
    of: int
    """Decisions of the plan."""
    event: NewEvent | None
    """What is logged in the same transaction; of the first piece only."""


def pieces(plan: Planned) -> Iterator[Piece]:
    """The pieces of a plan, to be given to `take_piece` one after the other.

    Each comes only after a pause as long as the last one took, or MOMENT_S, so that everybody else who waits for the
    database has it in between. Raises DataError naming the first problem where there is one.
    """
    if plan.problems:
        more = f", and {len(plan.problems) - 1:,} more" if len(plan.problems) > 1 else ""
        raise DataError(f"{plan.problems[0]}{more}; nothing was taken")
    taken = 0
    for decisions in _in_pieces(plan.decisions):
        begun = time.monotonic()
        new_people, event = ((), None) if taken else (plan.new_people, plan.event)
        yield Piece(decisions, new_people, taken, len(plan.decisions), event)
        taken += len(decisions)
        if taken < len(plan.decisions):
            time.sleep(max(MOMENT_S, time.monotonic() - begun))


def take_piece(db: Database, piece: Piece) -> int:
    """Writes the decisions of a piece, all or none; how many.

    Raises WorkspaceError where one does not fit any more. It says how many of the plan are taken by then.
    """
    try:
        done = record_decisions(db, piece.decisions, new_people=piece.new_people, lease=False, event=piece.event)
        return len(done)
    except WorkspaceError as error:
        if not piece.taken:
            raise
        raise WorkspaceError(
            f"{error}; {piece.taken:,} of {counted(piece.of, 'decision')} are written; do the same again for the rest"
        ) from error.__cause__ or error


def take_import(db: Database, plan: Planned) -> int:
    """Writes the decisions of a plan, piece by piece; how many.

    Raises DataError naming the first problem, having written none, and WorkspaceError where a decision does not fit any
    more: the pieces before it stay, and the same file taken again adds the rest.
    """
    return sum(take_piece(db, piece) for piece in pieces(plan))


def _in_pieces(decisions: Sequence[Decision]) -> Iterator[list[Decision]]:
    """A note stays with its answer: whether a row was taken is asked of its answer alone."""
    piece: list[Decision] = []
    for decision in decisions:
        if len(piece) >= PIECE and decision.action != "note":
            yield piece
            piece = []
        piece.append(decision)
    if piece:
        yield piece


def record_rows(
    db: Database, rows: Iterable[Mapping[str, str]], *, person: str, origin: str, round_id: int | None = None
) -> int:
    """Writes answers of one person by the rules of a file, all or none, however often they are given; how many.

    Args:
        db: the workspace's database.
        rows: each with key, action and label, as in a file.
        person: who decided.
        origin: what to call the rows in the log.
        round_id: the round in review; None: whichever is.

    Raises DataError naming the first row that cannot be taken, counted from 1, and WorkspaceError where the round is
    not in review.
    """
    current = _round_in_review(db, round_id)
    fresh = str(uuid.uuid4())  # for the mark of the workspace: the same answer given again is a new one
    reading = Reading(db, current, classes(db), fresh, person, origin, adjudicate=False, exported=False)
    with snapshot(db):
        for number, cells in enumerate(rows, 1):
            try:
                reading.take(Row(dict(cells), number, f"answer {number:,}"))
            except Wrong as wrong:
                raise DataError(
                    f"answer {number:,}: found {wrong.found}; allowed: {wrong.allowed}; nothing was written"
                ) from wrong
    return len(record_decisions(db, reading.decisions, new_people=reading.new_people.values()))


def _round_in_review(db: Database, round_id: int | None = None) -> int:
    """The round asked for, or the one that takes answers that name none. Raises WorkspaceError where it takes none."""
    current = round_to_answer(db) if round_id is None else None
    return (current or which_round(db, round_id, "review")).id
