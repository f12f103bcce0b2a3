"""GET /ready: whether answers can be stored now, for proxies and supervisors; /health says that the process lives."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass

from sqlite_utils import Database
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from review_app import database
from review_app.http.errors import ApiError, NotReady
from review_app.http.log import ThreadLog
from review_app.settings import current
from scn_core.disk import check_room
from scn_core.errors import DiskFullError, ScnError
from scn_core.permissions import OF_A_SERVER, refusals_in_our_words
from scn_core.store.connection import transaction

LOOK_EVERY_S = 1.0
"""Anybody may ask, and to look takes the writers' thread: all who ask within a second get the same answer."""
SAY_EVERY_S = 5.0
"""How often the log is told of it, whoever asks."""
LEAST_BYTES = 16 * 2**20
"""Free on the disk of review.db; with less it counts as full."""


@dataclass(frozen=True)
class Trouble:
    """Why answers cannot be stored."""

    kind: str
    """For anybody."""
    words: str
    """For whoever runs the server: with the place, and what to do."""


@dataclass(frozen=True)
class _Look:
    began: float
    task: asyncio.Task[Trouble | None]


_last: _Look | None = None


async def ready(request: Request) -> Response:
    """GET /ready. For anybody, so it tells what kind of thing is wrong, and nothing of the workspace."""
    trouble = await asyncio.shield(_look().task)
    if trouble is not None:
        raise ApiError(503, "not_ready", f"answers cannot be stored now: {trouble.kind}", retry_after_s=5)
    return JSONResponse({"ready": True})


async def keep_saying() -> None:
    """For as long as the server runs: the log is told when answers cannot be stored, and when they can again."""
    log = ThreadLog()
    while True:
        await say_trouble(log)
        await asyncio.sleep(SAY_EVERY_S)


async def say_trouble(log: ThreadLog) -> None:
    """Look once, and say what has changed since the last time."""
    trouble, place = await asyncio.shield(_look().task), current().workspace.path
    if trouble is None:
        log.well_again("ready again", f"{place}: answers are stored again")
    else:
        log.say_once("not ready", f"{place}: answers cannot be stored now: {trouble.words}", level=logging.ERROR)


def _look() -> _Look:
    global _last
    loop, now = asyncio.get_running_loop(), time.monotonic()
    fresh = _last is not None and (not _last.task.done() or now - _last.began < LOOK_EVERY_S)
    if _last is None or not fresh or _last.task.get_loop() is not loop:
        _last = _Look(now, loop.create_task(_why_not()))
    return _last


async def _why_not() -> Trouble | None:
    try:
        database.require_in_place()
        with refusals_in_our_words(OF_A_SERVER):
            check_room(current().workspace.database_file, LEAST_BYTES, "answers")
        await database.run_write(_take_lock)
    except NotReady as error:
        return Trouble(str(error), str(error))
    except DiskFullError as error:
        return Trouble("the disk is full", str(error))
    except ScnError as error:
        return Trouble("another program is writing to the database, or it cannot be written to", str(error))
    return None


def _take_lock(db: Database) -> None:
    with transaction(db):
        pass
