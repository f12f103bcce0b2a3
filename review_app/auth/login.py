"""Pages for signing in and out: plain HTML that needs no script, so that they work before anything else does."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import parse_qs, quote

from sqlite_utils import Database
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from review_app import database
from review_app.auth import sessions as auth
from review_app.auth.endpoint import Handler, answering, as_person
from review_app.auth.passwords import LONGEST
from review_app.auth.throttle import Client, SignInThrottle, Tally
from review_app.auth.tokens import TICKET_S, read_ticket
from review_app.http.errors import Refused
from review_app.http.json_body import read_body
from review_app.settings import current
from scn_core.store.people.people import Person
from scn_core.store.people.sessions import session_person

_FOLDER = Path(__file__).parent
_MAX_FORM = 20_000

_throttle = SignInThrottle()
_tickets_used = Tally(2 * TICKET_S)


def routes() -> list[BaseRoute]:
    """/login and /logout."""
    return [
        Route("/login", _html(_show), methods=["GET"]),
        Route("/login", _html(_sign_in), methods=["POST"]),
        Route("/login/ticket", _html(_use_ticket), methods=["GET"]),
        Route("/login/page.css", _style, methods=["GET"]),
        Route("/logout", _html(_ask_to_leave), methods=["GET"]),
        Route("/logout", _html(_sign_out), methods=["POST"]),
    ]


def path_to(target: str) -> str:
    """The log-in page that leads on to a path of this server."""
    return f"/login?next={quote(safe_target(target))}"


def safe_target(target: str) -> str:
    """A path within this server; anything else becomes its first page."""
    within = re.fullmatch(r"/(?![/\\])[!-\[\]-~]{0,1000}", target)  # printable, no backslash
    return target if within and not target.startswith(("/login", "/logout")) else "/"


def forget_attempts() -> None:
    """Begin counting anew."""
    global _throttle, _tickets_used
    _throttle = SignInThrottle()
    _tickets_used = Tally(2 * TICKET_S)


async def _show(request: Request) -> Response:
    target = safe_target(request.query_params.get("next", "/"))
    cookie = auth.cookie_of(request.cookies)
    if cookie is not None and await database.run(session_person, auth.session_hash(cookie)) is not None:
        return RedirectResponse(target, 303)
    return _page("Sign in", _form("", target))


async def _sign_in(request: Request) -> Response:
    fields = parse_form(await read_body(request, _MAX_FORM))
    name, target = fields.get("name", ""), safe_target(fields.get("next", "/"))
    if current().auth == "oidc":
        raise Refused(400, "wrong_way", "this server asks your OpenID provider; begin at its first page")
    try:
        name = auth.checked_name(name)
        if current().auth == "none":
            session = await database.run_write(auth.enter_by_name, name)
        else:
            session = await _by_password(request, name, fields.get("password", ""))
    except Refused as refusal:
        return _page("Sign in", _form(name, target), bad=refusal)
    return _entered(request, session, target)


async def _by_password(request: Request, name: str, password: str) -> auth.NewSession:
    address = request.client.host if request.client else ""
    client = Client(name, address, auth.device_of(request.cookies, name))
    async with _throttle.attempt(client):
        known = await database.run(auth.password_of, name)
        right = len(password) <= LONGEST and await run_in_threadpool(auth.is_right, known, password)
        if known[0] is None or not right:
            _throttle.wrong(client)
            raise Refused(401, "wrong_password", "this name and this password do not belong together")
        _throttle.right(client)
    return await database.run_write(auth.begin_session, known[0])


async def _use_ticket(request: Request) -> Response:
    """Only by a link on our own page, so that nobody is signed in as somebody else by a page from elsewhere."""
    if current().auth != "oidc" or request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Refused(403, "wrong_origin", "this link works from the pages of this server only; sign in again")
    name, nonce = read_ticket(current().secret, request.query_params.get("t", "")[:1_000])
    if _tickets_used.add(nonce) > 1:
        raise Refused(401, "ticket_used", "this log-in link has been used already; sign in again")
    return _entered(request, await database.run_write(auth.enter_known, name), "/")


async def _ask_to_leave(request: Request) -> Response:
    person = await as_person(request, _whoever)
    form = '<form method="post" action="/logout"><button autofocus>Sign out</button></form>'
    return _page("Sign out", f'<p>You are signed in as {escape(person.name)}.</p>{form}<p><a href="/">Back</a></p>')


async def _sign_out(request: Request) -> Response:
    cookie = auth.cookie_of(request.cookies)
    if cookie is not None:
        await database.run_write(auth.leave, auth.session_hash(cookie))
    response = RedirectResponse("/login", 303)
    response.headers.append("Set-Cookie", auth.cookie_header(current(), "", secure=_is_secure(request)))
    return response


async def _style(request: Request) -> Response:
    return Response(_text("login_page.css"), media_type="text/css", headers={"Cache-Control": "max-age=300"})


def _whoever(db: Database, person: Person) -> Person:
    return person


def _entered(request: Request, session: auth.NewSession, target: str) -> Response:
    response = RedirectResponse(target, 303)
    secure = _is_secure(request)
    response.headers.append("Set-Cookie", auth.cookie_header(current(), session.cookie, secure=secure))
    if current().auth == "password":
        response.headers.append("Set-Cookie", auth.device_header(current(), session.person.name, secure=secure))
    return response


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"


def parse_form(body: bytes) -> dict[str, str]:
    """The fields of a form, the first of each name. Raises Refused for what is no form."""
    try:
        fields = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=10, errors="strict")
    except ValueError as error:  # UnicodeDecodeError is one
        raise Refused(400, "bad_request", "found a body that is no form; allowed: name, password, next") from error
    return {name: values[0] for name, values in fields.items()}


def _html(handler: Handler) -> Handler:
    """Errors as a page that leads back to the log-in form."""
    back = '<a class="button" href="/login">To the log-in page</a>'
    return answering(handler, lambda refusal: _page("Sign in", back, bad=refusal))


def _form(name: str, target: str) -> str:
    if current().auth == "oidc":
        return '<p>This server asks your OpenID provider who you are.</p><a class="button" href="/">Go on</a>'
    password = (
        '<label for="password">Password</label><input id="password" name="password" type="password" required '
        f'maxlength="{LONGEST}" autocomplete="current-password">'
    )
    asks = current().auth == "password"
    hint = "A lead of the project adds people." if asks else "Your name stands beside your answers; no password."
    return (
        f'<form method="post" action="/login"><input type="hidden" name="next" value="{escape(target)}">'
        f'<label for="name">Your name</label><input id="name" name="name" value="{escape(name)}" required autofocus '
        f'maxlength="{auth.LONGEST_NAME}" autocomplete="username" autocapitalize="none" spellcheck="false">'
        f'{password if asks else ""}<button>Sign in</button></form><p class="hint">{hint}</p>'
    )


def _page(title: str, content: str, *, bad: Refused | None = None) -> Response:
    said = "" if bad is None else f'<p class="bad" role="alert">{escape(str(bad)[:1].upper() + str(bad)[1:])}.</p>'
    html = Template(_text("login_page.html")).substitute(title=title, said=said, content=content)
    headers = {"Retry-After": str(bad.retry_after_s)} if bad is not None and bad.retry_after_s else {}
    return HTMLResponse(html, 200 if bad is None else bad.status, headers)


@lru_cache
def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
