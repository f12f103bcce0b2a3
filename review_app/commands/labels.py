"""What the page Labels writes, all of it as a lead."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from sqlite_utils import Database

from review_app.commands.rounds import as_lead, refusal_unless_lead
from review_app.commands.writer import in_writer
from review_app.database import call_note, call_slow
from review_app.queries.labels import forget, plan_of
from review_app.settings import current
from scn_core.errors import DataError
from scn_core.exchange.export.manifest import ExportManifest
from scn_core.exchange.export.write import ExportOptions, export_into
from scn_core.exchange.import_decisions.import_plan import Piece, Planned, pieces, take_piece
from scn_core.exchange.import_decisions.undo_import import plan_undo
from scn_core.store.people.people import Person
from scn_core.workspace.backup.make import automatic_backup


def make(options: ExportOptions) -> str | None:
    """Write the labels into the workspace's folder `exports`; the reason where it was refused.

    In a reader's thread: nobody's answers wait for it.
    """

    def export(lead: Person) -> None:
        made = call_slow(_make, options)
        call_note("labels exported", made.told, by=lead.id)

    return as_lead(export)


def take(upload: bytes, name: str, *, adjudicate: bool, accounts: str = "") -> str | None:
    """Take the decisions of an uploaded file; the reason where it was refused. `accounts` as for `plan_of`.

    Every row is looked at in a reader's thread, and between two pieces others write: nobody's answers wait for it.
    """
    return _write(lambda lead: plan_of(upload, name, lead, adjudicate=adjudicate, accounts=accounts))


def undo_import(import_id: str) -> str | None:
    """Take a whole import of decisions back; the reason where it was refused. People's own answers stay."""
    return _write(lambda lead: call_slow(partial(plan_undo, by=lead.id), import_id))


def _write(planned: Callable[[Person], Planned]) -> str | None:
    plans: list[Planned] = []
    refused = as_lead(lambda lead: plans.append(planned(lead)))
    if any(plan.decisions and not plan.problems for plan in plans):
        refused = as_lead(lambda lead: call_slow(_back_up))
    try:
        for piece in (piece for plan in plans if refused is None for piece in pieces(plan)):
            refused = in_writer(_take, piece)
            if refused:
                break
    except DataError as error:
        refused = str(error)
    forget()
    return refused


def _make(db: Database, options: ExportOptions) -> ExportManifest:
    workspace = current().workspace
    return export_into(db, workspace.exports, options, pictures=Path(workspace.settings().root))


def _back_up(db: Database) -> None:
    automatic_backup(current().workspace, db, "import")


def _take(db: Database, person: Person, piece: Piece) -> str | None:
    if refused := refusal_unless_lead(person):
        return refused
    take_piece(db, piece)
    return None
