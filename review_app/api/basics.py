"""Small routes: is the server well, another token, the grid's own files."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from review_app import database
from review_app.auth import sessions as auth
from review_app.auth.access_tokens import bearer_of
from review_app.auth.endpoint import as_person
from review_app.grid_files import content_type, grid_files
from review_app.http.errors import ApiError
from review_app.settings import current
from scn_core.store.rounds.states import latest_round


async def health(request: Request) -> Response:
    """GET /health. The only route that answers anybody; it tells no more than that the database can be read."""
    info = await database.run(latest_round)
    return JSONResponse({"ok": True, "workspace": current().workspace_id, "round": None if info is None else info.id})


async def token(request: Request) -> Response:
    """GET /api/token. With the person's number and the workspace's id: another tab may have signed in as somebody else,
    and the server been started with another workspace."""
    if bearer_of(request.headers) is not None:
        raise ApiError(400, "wrong_way", "this is for pages; a request with Authorization: Bearer needs no other token")
    cookie = auth.cookie_of(request.cookies) or ""
    person = await as_person(request, lambda db, person: person)
    made = auth.token_for(person, auth.session_hash(cookie))
    return JSONResponse({"token": made, "person": person.id, "workspace": current().workspace_id})


async def grid(request: Request) -> Response:
    """GET /grid/{version}/{file}. Only what the folder's listing has; an older version is gone, its page reloads."""
    files, name = grid_files(), request.path_params["file"]
    if request.path_params["version"] != files.version or name not in files.content:
        raise ApiError(404, "not_found", "there is no such file of the grid, or not any more; reload the page")
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(files.content[name], media_type=content_type(name), headers=headers)
