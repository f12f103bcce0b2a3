"""From a request to a function on the database, and from its errors to an answer: what all our routes share."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlite_utils import Database
from starlette.requests import Request
from starlette.responses import Response

from review_app import database
from review_app.auth import sessions as auth
from review_app.auth.access_tokens import admit, bearer_of, require_token_person
from review_app.auth.page import refusal_page
from review_app.auth.tokens import TokenClaims, read_token
from review_app.http.errors import ApiError, api_error_of
from review_app.http.json_body import Fields, read_json
from review_app.http.log import FIELDS
from review_app.http.request_log import RequestNote, note_of
from review_app.settings import current
from scn_core.store.people.people import Person

P = ParamSpec("P")
T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]

TOKEN_HEADER = "x-review-token"  # noqa: S105 (a name)

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Credentials:
    """What a request showed to be let in; looked at together with the database."""

    session: str | None
    token: TokenClaims | ApiError | None
    """Of the page; None: this request needs none."""
    access: str | None
    """Hash of the access token of a script, which then counts alone: cookies beside it are not looked at."""
    note: RequestNote

    def person(self, db: Database) -> Person:
        """Whose request it is. Raises ApiError where nobody's."""
        person = self._person(db)
        self.note.person = person.id
        return person

    def _person(self, db: Database) -> Person:
        if self.access is not None:
            return require_token_person(db, self.access)
        person = auth.require_person(db, self.session)
        if isinstance(self.token, ApiError):
            raise self.token
        if self.token is not None and self.token != TokenClaims(person.id, str(self.session)[:16]):
            raise ApiError(401, "token_wrong", "X-Review-Token is of another session; GET /api/token gives yours")
        return person


def plain(handler: Handler) -> Handler:
    """Errors as JSON, or as a page where a person opens the address."""
    return answering(handler, lambda request, refusal: refusal_page(request.headers, refusal))


def answering(handler: Handler, answer: Callable[[Request, ApiError], Response]) -> Handler:
    """Errors as `answer` tells them; a defect of ours as a 500 that tells nothing, with the rest in the log."""

    async def guarded(request: Request) -> Response:
        try:
            return await handler(request)
        except Exception as error:
            refusal, asked = api_error_of(error), note_of(request.scope).id
            if refusal is None or refusal.status == 500:
                words = "" if refusal is None else f": {refusal}"
                _LOG.error(
                    "%s %s%s", request.method, request.url.path, words, extra={FIELDS: {"request_id": asked}},
                    exc_info=refusal is None or refusal.code != "files",
                )  # fmt: skip
            text = f"the server made a mistake; its log says more, of request {asked}"
            return answer(request, refusal or ApiError(500, "defect", text))

    return guarded


async def json_of_person(request: Request) -> Fields:
    """The body as JSON: for a stranger nothing is read or parsed. Who it is of, and whether still signed in, is asked
    with `as_person`, as for every request.
    """
    shown = await credentials(request)
    if not isinstance(shown.token, TokenClaims):  # which was given to somebody in the last ten minutes
        await as_person(request, lambda db, person: None)
    return await read_json(request)


async def as_person(
    request: Request,
    function: Callable[Concatenate[Database, Person, P], T],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """`function(db, person, *args)` for whoever is signed in, or has an access token. Raises ApiError for others."""
    return await database.run(_enter, await credentials(request), function, *args, **kwargs)


async def as_person_writing(
    request: Request,
    function: Callable[Concatenate[Database, Person, P], T],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """The same in the thread of writers."""
    return await database.run_write(_enter, await credentials(request), function, *args, **kwargs)


def require_lead(db: Database, person: Person, for_leads: str) -> Person:
    """The person, where it is a lead. Raises ApiError for others, which says what is `for_leads` and whom to ask."""
    if person.role != "lead":
        raise ApiError(403, "role", f"{person.name} is {person.role}; {for_leads}")
    return person


def _enter(db: Database, door: Credentials, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
    return function(db, door.person(db), *args, **kwargs)


async def credentials(request: Request) -> Credentials:
    """What the request shows to be let in, to be looked at where the database is; read once for a request."""
    if not hasattr(request.state, "credentials"):
        request.state.credentials = await _read_credentials(request)
    found: Credentials = request.state.credentials
    return found


async def _read_credentials(request: Request) -> Credentials:
    bearer, note = bearer_of(request.headers), note_of(request.scope)
    if bearer is not None:
        return Credentials(None, None, await admit(bearer, request.client.host if request.client else ""), note)
    cookie = auth.cookie_of(request.cookies)
    session = None if cookie is None else auth.session_hash(cookie)
    if request.method in ("GET", "HEAD"):
        return Credentials(session, None, None, note)
    try:
        return Credentials(session, read_token(current().secret, request.headers.get(TOKEN_HEADER, "")), None, note)
    except ApiError as refusal:
        return Credentials(session, refusal, None, note)
