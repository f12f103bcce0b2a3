"""Pages for signing in and out."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from html import escape
from typing import TypeVar
from urllib.parse import parse_qs, quote

from sqlite_utils import Database
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from review_app import database
from review_app.auth import openid
from review_app.auth import sessions as auth
from review_app.auth.endpoint import Handler, answering, as_person
from review_app.auth.page import html_page, text_of
from review_app.auth.passwords import LONGEST
from review_app.auth.throttle import Client, SignInThrottle, Tally
from review_app.auth.tokens import TICKET_S, read_ticket
from review_app.http.errors import ApiError
from review_app.http.json_body import read_body
from review_app.settings import current
from scn_core.store.people.people import Person
from scn_core.store.people.sessions import session_person

T = TypeVar("T")

_MAX_FORM = 20_000

_throttle = SignInThrottle()
_tickets_used = Tally(2 * TICKET_S)


def routes() -> list[BaseRoute]:
    """/login and /logout."""
    return [
        Route("/login", html(_show), methods=["GET"]),
        Route("/login", html(_sign_in), methods=["POST"]),
        Route("/login/ticket", html(_use_ticket), methods=["GET"]),
        Route("/login/page.css", style, methods=["GET"]),
        Route("/logout", html(_ask_to_leave), methods=["GET"]),
        Route("/logout", html(_sign_out), methods=["POST"]),
    ]


def path_to(target: str) -> str:
    """The log-in page that leads on to a path of this server."""
    return current().url(f"/login?next={quote(safe_target(target))}")


def safe_target(target: str) -> str:
    """A path within this server, and within its base path; anything else becomes its first page."""
    base = current().base_path
    found = re.fullmatch(rf"{re.escape(base)}(/(?![/\\])[!-\[\]-~]{{0,1000}})", target)  # printable, no backslash
    within = "" if found is None else found[1].partition("?")[0]
    # Browsers take %2e for a dot, and two dots for a way out of the base path.
    leads_out = ".." in re.sub("%2e", ".", within, flags=re.IGNORECASE).split("/")
    leads_on = within and not leads_out and not within.startswith(("/login", "/logout"))
    return target if leads_on else f"{base}/"


def forget_attempts() -> None:
    """Begin counting anew."""
    global _throttle, _tickets_used
    _throttle = SignInThrottle()
    _tickets_used = Tally(2 * TICKET_S)


async def _show(request: Request) -> Response:
    cookie = auth.cookie_of(request.cookies)
    known = cookie is not None and await database.run(session_person, auth.session_hash(cookie)) is not None
    return log_in_page(request, known=known)


def log_in_page(request: Request, *, known: bool, name: str = "") -> Response:
    """The form, with a name in it; who is signed in already (`known`) is led on."""
    target = safe_target(request.query_params.get("next", ""))
    if known:
        return RedirectResponse(target, 303)
    response = html_page("Sign in", _form(name, target))
    response.headers.append("Set-Cookie", auth.trial_header(current(), secure=_is_secure(request)))
    return response


async def _sign_in(request: Request) -> Response:
    return await sign_in(request, _enter)


async def sign_in(request: Request, enter: Callable[[Request, str, str], Awaitable[auth.NewSession]]) -> Response:
    """Answers the form: `enter(request, name, password)` begins a session, or raises ApiError."""
    fields = parse_form(await read_body(request, _MAX_FORM))
    name, target = fields.get("name", ""), safe_target(fields.get("next", ""))
    if current().auth == "oidc":
        raise ApiError(400, "wrong_way", "this server asks your OpenID provider; begin at its first page")
    try:
        if "trial" in fields and current().trial_cookie not in request.cookies:
            raise ApiError(
                400,
                "no_cookies",
                "this browser keeps no cookies, without which nobody stays signed in; allow cookies for this address, "
                "or try a window that is not private; if you were long at this page, try once more",
            )
        name = auth.checked_name(name)
        session = await enter(request, name, fields.get("password", ""))
    except ApiError as refusal:
        response = html_page("Sign in", _form(name, target), bad=refusal)
        if refusal.code == "no_cookies":
            response.headers.append("Set-Cookie", auth.trial_header(current(), secure=_is_secure(request)))
        return response
    return _entered(request, session, target)


async def _enter(request: Request, name: str, password: str) -> auth.NewSession:
    if current().auth == "none":
        return await database.run_write(auth.enter_by_name, name)
    return await database.run_write(auth.begin_session, await attempt(request, name, password, _right_person))


async def _right_person(name: str, password: str) -> Person | None:
    known = await database.run(auth.password_of, name)
    return known[0] if await run_in_threadpool(auth.is_right, known, password) else None


async def attempt(request: Request, name: str, password: str, check: Callable[[str, str], Awaitable[T | None]]) -> T:
    """What `check(name, password)` gives, which is None where they do not belong together: that is counted.

    Raises ApiError for that, and where this client has to wait; see `throttle`.
    """
    address = request.client.host if request.client else ""
    client = Client(name, address, auth.device_of(request.cookies, name))
    async with _throttle.attempt(client):
        found = await check(name, password) if len(password) <= LONGEST else None
        if found is None:
            _throttle.wrong(client)
            raise ApiError(401, "wrong_password", "this name and this password do not belong together")
        _throttle.right(client)
    return found


async def _use_ticket(request: Request) -> Response:
    """Only by a link on our own page, so that nobody is signed in as somebody else by a page from elsewhere."""
    if current().auth != "oidc" or request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ApiError(403, "wrong_origin", "this link works from the pages of this server only; sign in again")
    name, nonce = read_ticket(current().secret, request.query_params.get("t", "")[:1_000])
    if _tickets_used.add(nonce) > 1:
        raise ApiError(401, "ticket_used", "this log-in link has been used already; sign in again")
    return _entered(request, await database.run_write(auth.enter_known, name), current().url("/"))


async def _ask_to_leave(request: Request) -> Response:
    return log_out_page((await as_person(request, _whoever)).name)


def log_out_page(name: str) -> Response:
    """Asks the person of this name whether to sign out."""
    form = f'<form method="post" action="{_address("/logout")}"><button autofocus>Sign out</button></form>'
    back = f'<p><a href="{_address("/")}">Back</a></p>'
    return html_page("Sign out", f"<p>You are signed in as {escape(name)}.</p>{form}{back}")


async def _sign_out(request: Request) -> Response:
    cookie = auth.cookie_of(request.cookies)
    if cookie is not None:
        await database.run_write(auth.leave, auth.session_hash(cookie))
    oidc = current().auth == "oidc"
    return without_session(request, await _leave_provider(request) if oidc else None)


def without_session(request: Request, response: Response | None = None) -> Response:
    """The response, by default one that leads to the log-in page, which makes the browser forget its session."""
    response = response or RedirectResponse(current().url("/login"), 303)
    response.headers.append("Set-Cookie", auth.cookie_header(current(), "", secure=_is_secure(request)))
    return response


async def _leave_provider(request: Request) -> Response:
    """The provider knows this browser too: without its sign-out, the next visitor is one click from coming in."""
    ends_session = await run_in_threadpool(openid.ends_sessions, openid.secrets_file(current().workspace.path))
    if ends_session:
        # Not by a redirect: browsers hold those of a form to the policy of the page, which knows no provider.
        path = _address(openid.SIGN_OUT)
        head = f'<meta http-equiv="refresh" content="0; url={path}">'
        link = f'<p>You are signed out here; now at your OpenID provider.</p><a class="button" href="{path}">Go on</a>'
        return html_page("Signed out", link, head=head)
    text = (
        "<p>You are signed out here, but your OpenID provider offers no way to sign out there from here. On a "
        "computer that others use too, sign out at the provider's own page, or close the browser's profile.</p>"
    )
    response = html_page("Signed out", f'{text}<a class="button" href="{_address("/")}">To the first page</a>')
    for name in request.cookies:
        if name.startswith(openid.IDENTITY_COOKIE):
            response.delete_cookie(name, path=current().base_path or "/")
    return response


async def style(request: Request) -> Response:
    """GET /login/page.css."""
    return Response(text_of("login_page.css"), media_type="text/css", headers={"Cache-Control": "max-age=300"})


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
    """The fields of a form, the first of each name. Raises ApiError for what is no form."""
    try:
        fields = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=10, errors="strict")
    except ValueError as error:  # UnicodeDecodeError is one
        raise ApiError(400, "bad_request", "found a body that is no form; allowed: name, password, next") from error
    return {name: values[0] for name, values in fields.items()}


def html(handler: Handler) -> Handler:
    """Errors as a page that leads back to the log-in form."""

    def answer(request: Request, refusal: ApiError) -> Response:
        return html_page(
            "Sign in", f'<a class="button" href="{_address("/login")}">To the log-in page</a>', bad=refusal
        )

    return answering(handler, answer)


def _address(path: str) -> str:
    return escape(current().url(path))


def _form(name: str, target: str) -> str:
    if current().auth == "oidc":
        return (
            "<p>This server asks your OpenID provider who you are.</p>"
            f'<a class="button" href="{_address("/")}">Go on</a>'
        )
    password = (
        '<label for="password">Password</label><input id="password" name="password" type="password" required '
        f'maxlength="{LONGEST}" autocomplete="current-password">'
    )
    asks = current().auth == "password"
    hint = "A lead of the project adds people." if asks else "Your name stands beside your answers; no password."
    hint += " A cookie keeps you signed in."
    return (
        f'<form method="post" action="{_address("/login")}"><input type="hidden" name="trial" value="1">'
        f'<input type="hidden" name="next" value="{escape(target)}">'
        f'<label for="name">Your name</label><input id="name" name="name" value="{escape(name)}" required autofocus '
        f'maxlength="{auth.LONGEST_NAME}" autocomplete="username" autocapitalize="none" spellcheck="false">'
        f'{password if asks else ""}<button>Sign in</button></form><p class="hint">{hint}</p>'
    )
