"""Backups, straight from the disk to a lead's browser or script."""

from __future__ import annotations

from sqlite_utils import Database
from starlette.requests import Request
from starlette.responses import Response

from review_app.auth.endpoint import as_person
from review_app.http.errors import ApiError
from review_app.http.saved_file import saved_file
from review_app.settings import current
from scn_core.store.people.people import Person
from scn_core.workspace.backup.make import backup_files


async def backup(request: Request) -> Response:
    """GET /api/backup/{name}: a file of the workspace's folder `backups`."""
    await as_person(request, _require_lead)
    name = request.path_params["name"]
    file = next((each for each in backup_files(current().workspace.backups) if each.name == name), None)
    found = None if file is None else await saved_file(file, "application/zip")
    if found is None:
        raise ApiError(404, "not_found", "there is no such backup; the page Team lists those there are")
    return found


def _require_lead(db: Database, person: Person) -> None:
    if person.role != "lead":
        raise ApiError(403, "role", f"{person.name} is {person.role}; backups are for leads, ask one")
