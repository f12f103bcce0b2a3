"""Decisions in, and what can be undone and redone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlite_utils import Database
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from review_app import database
from review_app.api.bodies import DecisionsBody
from review_app.api.pages import known_round
from review_app.auth.endpoint import Credentials, as_person, credentials, json_of_person
from review_app.http.errors import ApiError
from review_app.http.metrics import DECISIONS, REFUSED
from review_app.settings import current
from scn_core.records import Action, Decision, QueueFilter
from scn_core.store.decisions.batches import Batch, Recorded, Refusal
from scn_core.store.decisions.record import NEED_THE_PICTURE, record_batches
from scn_core.store.decisions.undo import UndoUnits, Unit, undo_units
from scn_core.store.people.people import Person
from scn_core.store.queue.pace import Pace, Progress, pace, progress
from scn_core.store.rounds.states import in_review
from scn_core.store.samples import StoredSample, get_sample
from scn_core.workspace.thumbnails import unseen_faces


@dataclass(frozen=True)
class _Sent:
    """A batch, and what it came with."""

    credentials: Credentials
    body: DecisionsBody
    unseen: dict[int, str]


@dataclass(frozen=True)
class _Recorded:
    """What became of a batch."""

    person: Person
    saved: list[str]
    actions: list[Action]
    """Of those that were saved and had not been before."""
    round: int | None
    """Of the last decision that was saved; None: none was."""
    refused: list[Refusal]
    in_review: list[int]


async def decisions(request: Request) -> Response:
    """POST /api/decisions. Answered only after the commit."""
    body = DecisionsBody.read(await json_of_person(request))
    looked_at = await as_person(request, _looked_at, body)
    unseen = await run_in_threadpool(unseen_faces, current().workspace, looked_at)
    sent = _Sent(await credentials(request), body, unseen)
    database.require_in_place()
    done = await database.run_write_joined(_record, sent)
    for action in done.actions:
        DECISIONS.labels(action).inc()
    for refusal in done.refused:
        REFUSED.labels(refusal.code).inc()
    # After the commit, and not by the thread that writes.
    now = far = None
    if done.round is not None:
        now, far = await database.run(_counted, done.round, done.person.id, body.where)
    return JSONResponse(
        {
            "saved": done.saved,
            "refused": [asdict(refusal) for refusal in done.refused],
            "pace": None if now is None else asdict(now),
            "progress": None if far is None else asdict(far),
            "in_review": done.in_review,
        }
    )


async def history(request: Request) -> Response:
    """GET /api/history?round=R."""
    units = await as_person(request, _history, round_asked(request))
    return JSONResponse({"undo": [_unit(unit) for unit in units.undo], "redo": [_unit(unit) for unit in units.redo]})


def round_asked(request: Request) -> int:
    """The round of a query string. Raises ApiError for anything but one number from 1 on."""
    asked = request.query_params.getlist("round")
    if len(asked) != 1 or not asked[0].isascii() or not asked[0].isdecimal() or not 1 <= int(asked[0][:10]) < 10**9:
        found = f"{len(asked)} of them" if len(asked) != 1 else ascii(asked[0])[:80]
        raise ApiError(400, "bad_request", f"round: found {found}; allowed: one number, as in ?round=1", at="round")
    return int(asked[0])


def _looked_at(db: Database, person: Person, body: DecisionsBody) -> list[StoredSample]:
    """The faces that somebody must have seen to say this."""
    faces = {decision.sample_id for decision in body.decisions if decision.action in NEED_THE_PICTURE}
    return [stored for stored in (get_sample(db, face) for face in sorted(faces)) if stored is not None]


def _record(db: Database, everything: Sequence[_Sent]) -> list[_Recorded | Exception]:
    """Writes what several people sent, in one transaction."""
    people = [_person_or_refusal(db, sent) for sent in everything]
    let_in = [(sent, person) for sent, person in zip(everything, people, strict=True) if isinstance(person, Person)]
    batches = [Batch(sent.body.of(person.name), sent.body.believed, sent.unseen) for sent, person in let_in]
    recorded = iter(record_batches(db, batches) if batches else ())
    written, now = iter(batches), in_review(db)
    return [
        _recorded(person, next(written), next(recorded), now) if isinstance(person, Person) else person
        for person in people
    ]


def _person_or_refusal(db: Database, sent: _Sent) -> Person | ApiError:
    try:
        return sent.credentials.person(db)
    except ApiError as refusal:
        return refusal


def _recorded(person: Person, batch: Batch, done: Recorded, now: list[int]) -> _Recorded:
    wrong = {refusal.id for refusal in done.refused}
    saved = {decision.id: decision.round for decision in batch.decisions if decision.id not in wrong}
    actions = [decision.action for decision in done.new]
    return _Recorded(person, list(saved), actions, next(reversed(saved.values()), None), done.refused, now)


def _counted(db: Database, round_id: int, person_id: int, where: QueueFilter) -> tuple[Pace, Progress | None]:
    now = pace(db, round_id, person_id)
    return now, progress(db, round_id, person_id, where, left=now.left)


def _history(db: Database, person: Person, round_id: int) -> UndoUnits:
    return undo_units(db, known_round(db, round_id).id, person.id)


def _unit(unit: Unit) -> dict[str, Any]:
    return {"bulk": unit.bulk, "decisions": [_brief(d) for d in unit.decisions], "redo_of": unit.redo_of}


def _brief(decision: Decision) -> dict[str, Any]:
    return {
        "id": decision.id,
        "sample": decision.sample_id,
        "action": decision.action,
        "label": decision.label,
        "text": decision.text,
    }
