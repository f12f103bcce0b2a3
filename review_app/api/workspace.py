"""What a script has to know before anything else: the classes, and the rounds."""

from __future__ import annotations

from typing import Any

from sqlite_utils import Database
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from review_app.auth.endpoint import as_person
from scn_core.store.people.people import Person
from scn_core.store.rounds.states import in_review, rounds
from scn_core.store.samples import classes


async def all_classes(request: Request) -> Response:
    """GET /api/classes."""
    return JSONResponse(await as_person(request, _classes))


async def all_rounds(request: Request) -> Response:
    """GET /api/rounds."""
    return JSONResponse(await as_person(request, _rounds))


def _classes(db: Database, person: Person) -> dict[str, Any]:
    return {"classes": [{"number": number, "name": name} for number, name in enumerate(classes(db).names)]}


def _rounds(db: Database, person: Person) -> dict[str, Any]:
    return {"rounds": [{"id": info.id, "state": info.state} for info in rounds(db)], "in_review": in_review(db)}
