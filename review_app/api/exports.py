"""Exports: made for a lead, and straight from the disk to their browser or script."""

from __future__ import annotations

import re
from pathlib import Path

from sqlite_utils import Database
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from review_app import database
from review_app.api.bodies import ExportBody
from review_app.auth.endpoint import as_person, json_of_person, require_lead
from review_app.http.errors import ApiError
from review_app.http.saved_file import saved_file
from review_app.settings import current
from scn_core.exchange.export.manifest import ExportManifest
from scn_core.exchange.export.write import ExportOptions, export_into

_NAME = re.compile(r"[a-z][a-z0-9-]*-r[0-9]+-d[0-9]+[0-9a-f-]*(\.[a-z]+)+")

_FOR_LEADS = "labels are exported by leads, ask one"


async def exported(request: Request) -> Response:
    """GET /api/export/{name}: a file of the workspace's folder `exports`, or the manifest of one."""
    await as_person(request, require_lead, _FOR_LEADS)
    name = request.path_params["name"]
    media = "application/octet-stream"  # one for all formats, as /openapi.json says: nothing shows it, it is saved
    found = await saved_file(current().workspace.exports / name, media) if _NAME.fullmatch(name) else None
    if found is None:
        raise ApiError(404, "not_found", "there is no such export; the page Labels lists those there are")
    return found


async def make(request: Request) -> Response:
    """POST /api/export: the labels as they are now, as a file of the workspace's folder `exports`.

    In a slow reader's thread: nobody's answers wait for it.
    """
    body = ExportBody.read(await json_of_person(request))
    lead = await as_person(request, require_lead, _FOR_LEADS)
    made = await database.run_slow(_make, body.options)
    await database.run_note("labels exported", made.told, by=lead.id)
    return JSONResponse({"name": made.file, "sha256": made.sha256, "bytes": made.bytes, "revision": made.revision})


def _make(db: Database, options: ExportOptions) -> ExportManifest:
    workspace = current().workspace
    return export_into(db, workspace.exports, options, pictures=Path(workspace.settings().root))
