"""Exported files, straight from the disk to a lead's browser."""

from __future__ import annotations

import os
import re

from sqlite_utils import Database
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from review_app.auth.endpoint import as_person
from review_app.http.errors import ApiError
from review_app.settings import current
from scn_core.store.people.people import Person

_NAME = re.compile(r"[a-z][a-z0-9-]*-r[0-9]+-d[0-9]+[0-9a-f-]*(\.[a-z]+)+")


async def exported(request: Request) -> Response:
    """GET /api/export/{name}: a file of the workspace's folder `exports`, or the manifest of one."""
    await as_person(request, _require_lead)
    name = request.path_params["name"]
    file = current().workspace.exports / name
    if not _NAME.fullmatch(name) or not os.path.isfile(file):  # noqa: PTH113 (no error for a name too long)
        raise ApiError(404, "not_found", "there is no such export; the page Labels lists those there are")
    return FileResponse(file, filename=name, headers={"Cache-Control": "no-store"})


def _require_lead(db: Database, person: Person) -> None:
    if person.role != "lead":
        raise ApiError(403, "role", f"{person.name} is {person.role}; labels are exported by leads, ask one")
