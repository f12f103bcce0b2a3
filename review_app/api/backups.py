"""Backups: made for a lead, and straight from the disk to their browser or script."""

from __future__ import annotations

from typing import Any

from sqlite_utils import Database
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from review_app import database
from review_app.api.bodies import BackupBody
from review_app.auth.endpoint import as_person, json_of_person, require_lead
from review_app.http.errors import ApiError
from review_app.http.saved_file import saved_file
from review_app.settings import current
from scn_core.workspace.backup.make import Rotated, about_backup, backup_files, keep_newest, make_backup

_FOR_LEADS = "backups are for leads, ask one"


async def make(request: Request) -> Response:
    """POST /api/backup: the workspace as it is now, as a file of its folder `backups`.

    In a slow reader's thread: nobody's answers wait for it. Also of a database that was deleted while the server has it
    open, in which nothing is noted any more.
    """
    body = BackupBody.read(await json_of_person(request))
    lead = await as_person(request, require_lead, _FOR_LEADS)
    made = await database.run_slow(_make, body, lead.name)
    if not database.was_moved():
        await database.run_note("backup made", {}, by=lead.id)
    return JSONResponse(made)


async def backup(request: Request) -> Response:
    """GET /api/backup/{name}: a file of the workspace's folder `backups`."""
    await as_person(request, require_lead, _FOR_LEADS)
    name = request.path_params["name"]
    file = next((each for each in backup_files(current().workspace.backups) if each.name == name), None)
    found = None if file is None else await saved_file(file, "application/zip")
    if found is None:
        raise ApiError(404, "not_found", "there is no such backup; the page Team lists those there are")
    return found


def _make(db: Database, body: BackupBody, by: str) -> dict[str, Any]:
    workspace = current().workspace
    made = make_backup(workspace, db, by=by, pictures=body.pictures)
    older = Rotated([], []) if body.keep is None else keep_newest(workspace.backups, body.keep, like=made)
    return about_backup(made).as_dict() | older._asdict()
