"""GET /ready: whether answers can be stored now, for proxies and supervisors; /health says that the process lives."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from sqlite_utils import Database
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from review_app import database
from review_app.http.errors import ApiError, NotReady
from review_app.settings import current
from scn_core.disk import check_room
from scn_core.errors import DiskFullError, ScnError
from scn_core.store.connection import transaction

LOOK_EVERY_S = 1.0
"""Anybody may ask, and to look takes the writers' thread: all who ask within a second get the same answer."""
LEAST_BYTES = 16 * 2**20
"""Free on the disk of review.db; with less it counts as full."""


@dataclass(frozen=True)
class _Look:
    began: float
    task: asyncio.Task[str | None]


_last: _Look | None = None


async def ready(request: Request) -> Response:
    """GET /ready. For anybody, so it tells what kind of thing is wrong, and nothing of the workspace."""
    why_not = await asyncio.shield(_look().task)
    if why_not is not None:
        raise ApiError(503, "not_ready", f"answers cannot be stored now: {why_not}", retry_after_s=5)
    return JSONResponse({"ready": True})


def _look() -> _Look:
    global _last
    loop, now = asyncio.get_running_loop(), time.monotonic()
    fresh = _last is not None and (not _last.task.done() or now - _last.began < LOOK_EVERY_S)
    if _last is None or not fresh or _last.task.get_loop() is not loop:
        _last = _Look(now, loop.create_task(_why_not()))
    return _last


async def _why_not() -> str | None:
    try:
        database.require_in_place()
        check_room(current().workspace.database_file, LEAST_BYTES, "answers")
        await database.run_write(_take_lock)
    except NotReady as error:
        return str(error)
    except DiskFullError:
        return "the disk is full"
    except ScnError:
        return "another program is writing to the database, or it cannot be written to"
    return None


def _take_lock(db: Database) -> None:
    with transaction(db):
        pass
