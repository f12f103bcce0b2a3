"""Pages of tiles, and the leases on them."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from sqlite_utils import Database
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from review_app import database
from review_app.api.bodies import AlikeBody, LeaseBody, PageBody, TilesBody
from review_app.api.pack import PACKED, pack
from review_app.api.tiles import tile
from review_app.auth.access_tokens import bearer_of
from review_app.auth.endpoint import as_person, as_person_writing, json_of_person
from review_app.http.errors import ApiError
from review_app.settings import current
from scn_core.records import QueueFilter, QueueItem, RoundInfo, Sample
from scn_core.rounds.features import alike as most_alike
from scn_core.rounds.features import open_features
from scn_core.store.decisions.today import faces_today
from scn_core.store.decisions.visibility import is_blind
from scn_core.store.people.people import Person
from scn_core.store.queue.browse import check_cursor, items_of, page_items
from scn_core.store.queue.counts import PairCount, faces_in_state, open_left, open_of_pair, skipped_faces
from scn_core.store.queue.draw_repeats import share_of_repeats
from scn_core.store.queue.learned_order import learned_order
from scn_core.store.queue.leases import LEASE_S, claim_faces, claim_items, release_leases, renew_leases
from scn_core.store.queue.pace import Pace, Progress, faces_checked, pace, progress
from scn_core.store.reports.one_face import face_scores
from scn_core.store.rounds.states import get_round, in_review, latest_round
from scn_core.store.samples import StoredSample, get_sample
from scn_core.workspace.thumbnails import thumbnails_of

_NEAREST = 5_000
"""Faces that look like one, among which those to review are looked for."""
_DRAW_S = 0.1
"""How long a page draws thumbnails that are not there yet, and waits for others that do; the grid asks for the rest."""


@dataclass(frozen=True)
class _Page:
    """What a page holds, as far as the database knows."""

    viewer: Person
    round: RoundInfo
    items: list[QueueItem]
    lost: list[int]
    cursor: str | None
    in_review: list[int]
    learned: int | None = None
    """Decided faces that their order was learned from; None: it is that of the filter."""


@dataclass(frozen=True)
class _Numbers:
    """How far the viewer is, and how long a list is."""

    checked: int
    wrong: int
    repeats: bool
    """Some faces of the round are asked once more."""
    matching: int | None
    """Faces of a list; None: of what is to review, which is counted anyway."""


async def page(request: Request) -> Response:
    """POST /api/page."""
    body = PageBody.read(await json_of_person(request))
    # Claiming writes, so it queues with the other writers; listing does not.
    enter = as_person_writing if body.where.state == "open" else as_person
    found = await enter(request, _page, body)
    return await _answer(request, found, body.where)


async def tiles(request: Request) -> Response:
    """POST /api/tiles."""
    body = TilesBody.read(await json_of_person(request))
    found = await as_person(request, _tiles, body)
    return await _answer(request, found, QueueFilter())


async def alike(request: Request) -> Response:
    """POST /api/alike."""
    body = AlikeBody.read(await json_of_person(request))
    pair = await as_person(request, _pair, body)
    near = await run_in_threadpool(_most_alike, body.round, body.sample)
    found = await as_person_writing(request, _alike, body, near, pair if body.pair else None)
    return await _answer(request, found, QueueFilter())


async def lease(request: Request) -> Response:
    """POST /api/lease."""
    body = LeaseBody.read(await json_of_person(request))
    person, held, reviewed = await as_person_writing(request, _lease, body)
    today, far = await database.run(_so_far, person, body)
    return JSONResponse(
        {
            "held": held,
            "lease_s": LEASE_S,
            "in_review": reviewed,
            "today": today,
            "progress": None if far is None else asdict(far),
        }
    )


def known_round(db: Database, round_id: int) -> RoundInfo:
    """The round. Raises ApiError where there is none."""
    last = latest_round(db)
    if last is None or not 1 <= round_id <= last.id:
        allowed = "none yet; train first" if last is None else f"1 to {last.id}"
        raise ApiError(404, "no_round", f"found round {round_id}; allowed: {allowed}")
    return get_round(db, round_id)


def _page(db: Database, person: Person, body: PageBody) -> _Page:
    info = known_round(db, body.round)
    if body.cursor is not None:
        check_cursor(body.cursor)  # where leases lead through the open faces it is not needed, and may still be wrong
    if body.where.state == "open" and info.state == "review":
        claim = claim_items(
            db, info.id, person.id, body.where,
            limit=body.limit, have=body.have, leave_out=body.leave_out, tab=body.tab,
        )  # fmt: skip
        return _found(db, person, info, claim.items, claim.lost, None, _learned(db, info.id, body.where))
    items, cursor = page_items(db, info.id, person.id, body.where, after=body.cursor, limit=body.limit)
    return _found(db, person, info, items, [], cursor)


def _found(
    db: Database, person: Person, info: RoundInfo, items: list[QueueItem], lost: list[int], cursor: str | None,
    learned: int | None = None,
) -> _Page:  # fmt: skip
    return _Page(person, info, items, lost, cursor, in_review(db), learned)


def _learned(db: Database, round_id: int, where: QueueFilter) -> int | None:
    if where.order != "suspicion":
        return None
    order = learned_order(db, round_id)
    return None if order is None else order.answers


def _tiles(db: Database, person: Person, body: TilesBody) -> _Page:
    info = known_round(db, body.round)
    items = [item for item in items_of(db, info.id, person.id, body.samples) if not item.withdrawn]
    return _found(db, person, info, items, [], None)


def _pair(db: Database, person: Person, body: AlikeBody) -> tuple[int, int | None]:
    """Given and proposed label of a face. Raises ApiError where what is like it would suggest an answer."""
    info, stored = known_round(db, body.round), get_sample(db, body.sample)
    if stored is None or stored.withdrawn:
        raise ApiError(404, "not_found", f"there is no sample {body.sample}")
    items = items_of(db, info.id, person.id, [stored.id])
    if is_blind(db, stored.id, items[0] if items else None):
        raise ApiError(409, "blind", "this is an audit face: answer it before you look at faces that are like it")
    if items:
        return items[0].given_label, items[0].proposed_label
    score = next((score for score in face_scores(db, stored.id) if score.round == info.id), None)
    return (stored.sample.given_label, None) if score is None else (score.start_label, score.proposed_label)


def _most_alike(round_id: int, sample_id: int) -> list[int]:
    """The faces that look most like one. Raises ApiError where the round has no features of it."""
    features = open_features(current().workspace, round_id)
    row = None if features is None else features.row(sample_id)
    if features is None or row is None:
        what = f"round {round_id} kept no features" if features is None else "this face has no features"
        raise ApiError(409, "no_features", f"{what}, so it is not known which faces look like it; train a new round")
    rows, _ = most_alike(features, row, _NEAREST)
    return [int(number) for number in features.sample_id[rows]]


def _alike(
    db: Database, person: Person, body: AlikeBody, near: list[int], pair: tuple[int, int | None] | None
) -> _Page:
    items = claim_faces(db, body.round, person.id, near, limit=body.limit, pair=pair, tab=body.tab)
    return _found(db, person, get_round(db, body.round), items, [], None)


def _lease(db: Database, person: Person, body: LeaseBody) -> tuple[Person, list[int], list[int]]:
    if body.release:
        release_leases(db, person.id, body.release, tab=body.tab)
    return person, renew_leases(db, person.id, body.renew, tab=body.tab) if body.renew else [], in_review(db)


def _so_far(db: Database, person: Person, body: LeaseBody) -> tuple[int, Progress | None]:
    """What the person did today, and how far they are."""
    if body.round is None or body.round not in in_review(db):
        return faces_today(db, person.id).get(person.id, 0), None
    now = pace(db, body.round, person.id)
    return now.today, progress(db, body.round, person.id, body.where, left=now.left)


async def _answer(request: Request, found: _Page, where: QueueFilter) -> Response:
    """Packed with the thumbnails for the grid, or plain JSON: scripts mostly want no pictures."""
    counted = asyncio.gather(
        database.run(open_left, found.round.id, found.viewer.id, where),
        database.run(skipped_faces, found.round.id, found.viewer.id, where),
        database.run(pace, found.round.id, found.viewer.id),
        database.run(_pair_of_page, found, where),
        database.run(_numbers, found, where),
    )
    shown = [tile(item) for item in found.items]
    if _wants_json(request):
        return JSONResponse({"items": shown, **_header(found, *await counted)})
    numbers, thumbs = await asyncio.gather(counted, _thumbs(found.items))
    return pack(shown, thumbs, _header(found, *numbers))


def _wants_json(request: Request) -> bool:
    """Whether a client accepts JSON, or has an access token and did not ask for the packed form: clients that are made
    from /openapi.json name no media type, as OpenAPI has no parameter Accept."""
    accept = request.headers.get("accept", "")
    return "application/json" in accept or (bearer_of(request.headers) is not None and PACKED not in accept)


async def _thumbs(items: list[QueueItem]) -> dict[int, bytes | str]:
    samples = [
        StoredSample(item.sample_id, Sample(item.key, item.path, item.given_label, "train", item.box), item.withdrawn)
        for item in items
    ]
    return await run_in_threadpool(partial(thumbnails_of, current().workspace, samples, within_s=_DRAW_S))


def _numbers(db: Database, found: _Page, where: QueueFilter) -> _Numbers:
    number, viewer = found.round.id, found.viewer.id
    matching = None if where.state == "open" else faces_in_state(db, number, viewer, where)
    return _Numbers(*faces_checked(db, number, viewer), share_of_repeats(db, number) > 0, matching)


def _pair_of_page(db: Database, found: _Page, where: QueueFilter) -> PairCount | None:
    """The pair that all faces of the page are of; None: they are not grouped."""
    if not where.grouped or not found.items:
        return None
    return open_of_pair(db, found.round.id, found.viewer.id, where, found.items[0].id)


def _header(
    found: _Page, left: int, skipped: int, now: Pace, pair: PairCount | None, numbers: _Numbers
) -> dict[str, Any]:  # fmt: skip
    return {
        "lost": found.lost,
        "cursor": found.cursor,
        "learned": found.learned,
        "open": left,
        **asdict(numbers),
        "pair": pair and {"given": pair.given, "proposed": pair.proposed, "open": pair.open},
        "skipped": skipped,
        "lease_s": LEASE_S,
        "pace": asdict(now),
        "in_review": found.in_review,
        "round": {"id": found.round.id, "state": found.round.state},
    }
