"""Taking a whole import back, whoever its answers are of; what people answered since stays."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from scn_core.errors import DataError, WorkspaceError, error_text, listed
from scn_core.exchange.import_decisions.import_plan import content_id
from scn_core.import_balance import Problem
from scn_core.records import ANSWERS, Decision
from scn_core.store.connection import snapshot
from scn_core.store.decisions.imports import UNDONE_IMPORT, TakenImport, standing_of_import, taken_imports
from scn_core.store.events import NewEvent
from scn_core.store.rounds.states import get_round


@dataclass(frozen=True)
class UndoPlan:
    """What taking an import back would do; written as an import is, in pieces."""

    of: TakenImport
    decisions: tuple[Decision, ...]
    """An undo of each answer and note of the import that stands, the newest first."""
    answers: int
    """How many of these take an answer back."""
    new_people: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    by: int | None = None
    """Who takes it back: the number of a lead; None: the command line."""

    def __repr__(self) -> str:
        """Counts in place of rows: a notebook shows it."""
        return (
            f"UndoPlan(file={self.of.file!r}, round={self.of.round}, answers={self.answers}, "
            f"decisions={len(self.decisions)})"
        )

    @property
    def event(self) -> NewEvent:
        """What the log says of it."""
        return NewEvent("import taken back", {"round": self.of.round, "decisions": len(self.decisions)}, self.by)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"import": asdict(self.of), "answers": self.answers, "decisions": len(self.decisions)}

    def describe(self, *, done: bool) -> str:
        """What was taken back or would be, in a line or two."""
        before = self.of.answers - self.of.standing
        lines = [
            f"round {self.of.round}: {self.answers:,} of {self.of.answers:,} answers of {self.of.file} "
            + ("taken back" if done else "to take back")
        ]
        if before:
            lines.append(f"  {before:,} had been taken back already")
        lines.append("  what people answered themselves stays; the same file can be imported again")
        return "\n".join(lines)


def plan_undo(db: Database, import_id: str, *, name: str = "", by: int | None = None) -> UndoPlan:
    """Looks up what stands of an import, by its id; writes nothing.

    `name`: what to call it in errors; `by`: number of the lead who takes it back. Raises
    WorkspaceError where the log has no such import, or its round is over.
    """
    with snapshot(db):
        imports = taken_imports(db)
        found = next((each for each in imports if each.id == import_id), None)
        if found is None:
            known = [each.file for each in imports]
            allowed = (
                f"a file as it was imported, such as {listed(known[:5], len(known))}"
                if known
                else "one, and none is there"
            )
            raise WorkspaceError(error_text(name or import_id, "no import of this content in the log", allowed))
        if (state := get_round(db, found.round).state) != "review":
            what = f"an import into round {found.round}, which is in state {state}"
            allowed = "imports into a round in review; earlier rounds stay as they were"
            raise WorkspaceError(error_text(name or found.file, what, allowed, "answer the faces anew instead"))
        standing = standing_of_import(db, found.id, found.round)
    shown = json.dumps({UNDONE_IMPORT: found.id})
    undo = (
        Decision(str(uuid.uuid4()), d.round, d.sample_id, d.person, "undo", undoes=d.id, shown=shown) for d in standing
    )
    return UndoPlan(found, tuple(undo), sum(d.action in ANSWERS for d in standing), by=by)


def plan_undo_of_file(db: Database, file: Path) -> UndoPlan:
    """The same for the import of a file, which is known by its content.

    Raises WorkspaceError for one that was never imported, DataError for one that cannot be read.
    """
    try:
        return plan_undo(db, content_id(file), name=file.name)
    except OSError as error:
        raise DataError(error_text(str(file), error.strerror or "no file", "a file as it was imported")) from error
