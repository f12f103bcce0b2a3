"""Everything about one sample for the zoom, and its pictures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from sqlite_utils import Database
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from review_app.api.decisions import round_asked
from review_app.api.pack import Tile
from review_app.api.pages import known_round
from review_app.api.tiles import tile, unasked
from review_app.auth.endpoint import as_person
from review_app.http.errors import ApiError
from review_app.http.json_body import ID_MAX
from review_app.settings import current
from scn_core.rounds.artifacts import FaceDynamics, Neighbours, face_dynamics, face_neighbours
from scn_core.store.decisions.record import RecordedDecision
from scn_core.store.decisions.visibility import is_blind, is_unread, seen_history
from scn_core.store.opinions import opinions_of_face
from scn_core.store.people.people import Person
from scn_core.store.queue.browse import items_of
from scn_core.store.reports.one_face import face_scores
from scn_core.store.samples import StoredSample, classes, get_sample, not_taken_out
from scn_core.store.votes import face_votes
from scn_core.workspace.thumbnails import large_face_of, thumbnails_of

_DRAWERS = 2
"""Large faces drawn at once; those that wait hold no thread that others need."""
# Whoever comes to a shared computer next would find the faces in the browser's files, signed in or not.
_NOT_KEPT = {"Cache-Control": "private, no-store"}


@dataclass(frozen=True)
class _About:
    """What the database knows of a sample in a round."""

    round: int
    stored: StoredSample
    tile: Tile
    blind: bool
    unread: bool
    probabilities: list[float]
    history: list[RecordedDecision]
    votes: list[dict[str, Any]]
    opinions: list[dict[str, Any]]


async def sample(request: Request) -> Response:
    """GET /api/sample/{id}?round=R."""
    about = await as_person(request, _about, sample_asked(request), round_asked(request))
    extra: dict[str, Any] = {"dynamics": None, "neighbours": None}
    if not about.blind:
        dynamics, neighbours = await run_in_threadpool(_round_files, about.round, about.stored.id)
        extra["dynamics"] = None if dynamics is None else asdict(dynamics)
        if neighbours is not None:
            neighbours = await as_person(request, _shown, neighbours)
            near = {"given": neighbours.given, "other": neighbours.other, "otherLabel": neighbours.other_label}
            extra["neighbours"] = near
    past = [_past(row) for row in about.history]
    extra |= {"unread": about.unread, "votes": about.votes, "opinions": about.opinions}
    return JSONResponse({**about.tile, **extra, "probabilities": about.probabilities, "history": past})


_limiter: RunVar[CapacityLimiter] = RunVar("drawers of large faces")  # a limiter belongs to an event loop


def _drawers() -> CapacityLimiter:
    try:
        return _limiter.get()
    except LookupError:
        _limiter.set(CapacityLimiter(_DRAWERS))
        return _limiter.get()


async def face(request: Request) -> Response:
    """GET /face/{id}: the large picture."""
    stored = await as_person(request, _stored, sample_asked(request))
    return _picture(await to_thread.run_sync(large_face_of, current().workspace, stored, limiter=_drawers()))


async def thumb(request: Request) -> Response:
    """GET /thumb/{id}."""
    stored = await as_person(request, _stored, sample_asked(request))
    made = await run_in_threadpool(partial(thumbnails_of, current().workspace, [stored]))
    return _picture(made[stored.id])


def sample_asked(request: Request) -> int:
    """The sample of a path. Raises ApiError for anything but the number of a possible one."""
    asked = request.path_params["id"]
    if asked.isascii() and asked.isdecimal() and len(asked) <= 19 and 1 <= int(asked) <= ID_MAX:
        return int(asked)
    raise ApiError(404, "not_found", "there is no such sample")


def _stored(db: Database, person: Person, sample_id: int) -> StoredSample:
    stored = get_sample(db, sample_id)
    if stored is None:
        raise ApiError(404, "not_found", f"there is no sample {sample_id}")
    return stored


def _about(db: Database, person: Person, sample_id: int, round_id: int) -> _About:
    stored = _stored(db, person, sample_id)
    if stored.withdrawn:
        raise ApiError(404, "not_found", f"there is no sample {sample_id} any more: it was taken out")
    info = known_round(db, round_id)
    items = items_of(db, info.id, person.id, [sample_id])
    item = items[0] if items else None
    blind, rows = is_blind(db, sample_id, item), seen_history(db, sample_id, person, item)
    if item is not None:
        about, chances = tile(item), () if blind else item.probabilities
    else:
        scores = [] if blind else face_scores(db, sample_id)
        score = next((score for score in scores if score.round == info.id), None)
        about, chances = unasked(stored, score, blind=blind), score.probabilities if score else ()
    waits = is_unread(db, info.id, sample_id)
    votes, opinions = ([], []) if blind else (_votes(db, sample_id), _opinions(db, sample_id))
    return _About(info.id, stored, about, blind, waits, [round(p, 4) for p in chances], rows, votes, opinions)


def _votes(db: Database, sample_id: int) -> list[dict[str, Any]]:
    votes = face_votes(db, [sample_id]).get(sample_id)
    if votes is None:
        return []
    names = classes(db).names
    known = [{"label": label, "answer": names[label], "votes": n} for label, n in votes.labels.items()]
    others = [{"label": None, "answer": answer, "votes": n} for answer, n in votes.others.items()]
    return sorted(known + others, key=lambda vote: -int(vote["votes"]))


def _opinions(db: Database, sample_id: int) -> list[dict[str, Any]]:
    return [
        {"source": each.source, "label": each.label, "probabilities": [round(p, 4) for p in each.probabilities]}
        for each in opinions_of_face(db, sample_id)
    ]


def _round_files(round_id: int, sample_id: int) -> tuple[FaceDynamics | None, Neighbours | None]:
    workspace = current().workspace
    return face_dynamics(workspace, round_id, sample_id), face_neighbours(workspace, round_id, sample_id)


def _shown(db: Database, viewer: Person, near: Neighbours) -> Neighbours:
    return near.among(partial(not_taken_out, db))


def _past(row: RecordedDecision) -> dict[str, Any]:
    decision = row.decision
    return {
        "by": row.who,
        "action": decision.action,
        "label": decision.label,
        "text": decision.text,
        "at": row.decided_at,
        "round": decision.round,
        "live": row.live,
        "broughtBack": row.brings_back,
    }


def _picture(made: bytes | str) -> Response:
    if isinstance(made, str):
        raise ApiError(404, "no_picture", f"there is no picture to show: {made}")
    return Response(made, media_type="image/webp", headers=_NOT_KEPT)
