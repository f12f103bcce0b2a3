"""Decisions made elsewhere: a CSV file becomes decisions of the round in review, all of it or nothing.

Columns, without regard to case: path or key; action, label or both; person; note. An action without a label stands
for what it means of that face, a label without an action for whatever gives the face this label. A file that `export`
wrote is known by its columns: of such a file only the rows count whose label somebody changed since.

The id of a decision follows from the workspace and the row, so a row taken once is never taken again.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from scn_core.balance import Problem
from scn_core.datasets.tables import column_places, csv_header, csv_rows
from scn_core.errors import DataError, WorkspaceError, readable
from scn_core.exchange.import_decisions.rows import Reading, Row, Wrong
from scn_core.records import Action, Decision
from scn_core.store.connection import snapshot
from scn_core.store.decisions.imports import workspace_mark
from scn_core.store.decisions.record import record_decisions
from scn_core.store.labels import LabelChange
from scn_core.store.rounds.states import in_review, round_to_answer
from scn_core.store.samples import classes

_READ = ("path", "key", "action", "label", "person", "note")
_EXPORTED = frozenset({"key", "label", "given_label", "source", "decided_at"})


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
    """Rows taken before."""
    unchanged: int
    """Rows of an exported file that nobody changed."""
    actions: Mapping[Action, int]
    changes: tuple[LabelChange, ...]
    """From the label a face has now to another one that an answer of the file gives it."""
    unread: tuple[str, ...]
    """Columns that mean nothing here."""

    def as_dict(self, names: Sequence[str]) -> dict[str, Any]:
        """Plain values for JSON, classes by name."""
        changes = [{"now": names[c.given_label], "label": names[c.label], "count": c.count} for c in self.changes]
        return {
            "round": self.round,
            "rows": self.rows,
            "decisions": len(self.decisions),
            "actions": dict(self.actions),
            "changes": changes,
            "new_people": list(self.new_people),
            "known": self.known,
            "unchanged": self.unchanged,
            "unread": list(self.unread),
            "problems": [str(problem) for problem in self.problems],
        }

    def describe(self, names: Sequence[str], *, done: bool) -> str:
        """What was taken or would be, or every problem, in lines."""
        if self.problems:
            found = f"{len(self.problems):,} of {self.rows:,} rows cannot be taken, so none is:"
            return "\n".join([found, *(f"  {problem}" for problem in self.problems)])
        said = ", ".join(f"{n:,} {action}" for action, n in self.actions.items()) or "nothing"
        lines = [f"round {self.round}: {said} {'taken' if done else 'to take'} from {self.rows:,} rows"]
        lines.extend(f"  {names[c.given_label]} -> {names[c.label]}: {c.count:,}" for c in self.changes)
        for what, count in (("taken before", self.known), ("as exported", self.unchanged)):
            if count:
                lines.append(f"  {count:,} rows {what}")
        if self.new_people:
            lines.append(f"  people {'added' if done else 'to add'}: {', '.join(self.new_people)}")
        if self.unread:
            lines.append(f"  columns not read: {', '.join(self.unread)}")
        return "\n".join(lines)


def plan_import(
    db: Database, file: Path, *, person: str | None = None, adjudicate: bool = False, name: str | None = None,
    root: Path | None = None, path_column: str | None = None, label_column: str | None = None,
) -> ImportPlan:  # fmt: skip
    """Reads a file and looks at every row; writes nothing.

    Args:
        db: the workspace's database.
        file: CSV, UTF-8.
        person: who decided, where the row does not say.
        adjudicate: the answers settle the faces whatever readers said; of leads only.
        name: what to call the file in problems, and in the log.
        root: folder of the pictures; with it paths below it may be written absolute.
        path_column: the column to read as path, by its name.
        label_column: the column to read as label.

    Raises DataError for a file that is no such table, WorkspaceError where no round is in review.
    """
    current = _round_in_review(db)
    name = name or file.name
    columns = _columns(file, name, {"path": path_column, "label": label_column})
    exported = "action" not in columns and set(columns) >= _EXPORTED
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
            exported=exported,
            root=root,
        )
        for line, cells in _rows(file, name):
            count += 1
            try:
                if len(cells) != len(columns):
                    raise Wrong(f"{len(cells)} cells", f"{len(columns)}, as in the header")
                reading.take(Row(dict(zip(columns, cells, strict=True)), line))
            except Wrong as wrong:
                problems.append(Problem(name, line, wrong.found, wrong.allowed))
    changes = sorted(reading.changes.items(), key=lambda change: (-change[1], change[0]))
    return ImportPlan(
        round=current,
        decisions=tuple(reading.decisions),
        new_people=tuple(reading.new_people.values()),
        problems=tuple(problems),
        rows=count,
        known=reading.known,
        unchanged=reading.unchanged,
        actions=Counter(decision.action for decision in reading.decisions),
        changes=tuple(LabelChange(*pair, n) for pair, n in changes),
        unread=() if exported else tuple(column for column in columns if column not in _READ),
    )


def take_import(db: Database, plan: ImportPlan) -> int:
    """Writes the decisions of a plan, all or none; how many.

    Raises DataError naming the first problem where there is one, WorkspaceError where a decision does not fit any more.
    """
    if plan.problems:
        more = f", and {len(plan.problems) - 1:,} more" if len(plan.problems) > 1 else ""
        raise DataError(f"{plan.problems[0]}{more}; nothing was taken")
    return len(record_decisions(db, plan.decisions, new_people=plan.new_people))


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
                reading.take(Row(dict(cells), number))
            except Wrong as wrong:
                raise DataError(
                    f"answer {number:,}: found {wrong.found}; allowed: {wrong.allowed}; nothing was written"
                ) from wrong
    return len(record_decisions(db, reading.decisions, new_people=reading.new_people.values()))


def _round_in_review(db: Database, round_id: int | None = None) -> int:
    """The round asked for, or the one that takes answers that name none. Raises WorkspaceError where it takes none."""
    current = round_to_answer(db)
    if current is None:
        raise WorkspaceError("found no round in review; decisions are taken while one is; train a round first")
    if round_id is None:
        return current.id
    if round_id not in (numbers := in_review(db)):
        shown = ", ".join(map(str, numbers))
        raise WorkspaceError(f"found round {round_id}; allowed: a round in review, of which there is {shown}")
    return round_id


def _columns(file: Path, name: str, renamed: Mapping[str, str | None]) -> list[str]:
    """The header in lower case. Raises DataError where it lacks what is needed, or says it twice."""
    with _called(file, name):
        header = csv_header(file)
    columns = [column.strip().casefold() for column in header]
    for wanted, column in renamed.items():
        if column is not None:
            (place,) = column_places(file, header, (column,), f"; name another with --{wanted}-column")
            columns = [f"{each}, as it was" if each == wanted else each for each in columns]
            columns[place] = wanted
    allowed = f"a header with path or key, and action or label; besides these {', '.join(_READ[4:])}"
    if not {"path", "key"} & set(columns) or not {"action", "label"} & set(columns):
        raise DataError(
            f"{name}: found columns {readable(', '.join(header), 400)}; allowed: {allowed}; "
            "or say which with --path-column and --label-column"
        )
    if doubled := [column for column, n in Counter(columns).items() if n > 1 and column in _READ]:
        raise DataError(f"{name}: found column {doubled[0]} {columns.count(doubled[0])} times; allowed: once")
    return columns


def _rows(file: Path, name: str) -> Iterator[tuple[int, list[str]]]:
    with _called(file, name):
        rows = csv_rows(file)
        next(rows)
        yield from rows


@contextmanager
def _called(file: Path, name: str) -> Iterator[None]:
    """Errors call the file by its name: an upload lies in a place nobody has heard of."""
    try:
        yield
    except DataError as error:
        raise DataError(str(error).replace(str(file), name)) from error
