"""Access tokens of scripts: how they look, how a request shows one, and how often an address may show a wrong one."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict

from sqlite_utils import Database
from starlette.datastructures import Headers

from review_app import database
from review_app.auth.throttle import Client, SignInThrottle
from review_app.http.errors import ApiError
from scn_core.store.people.people import Person
from scn_core.store.people.tokens import note_token_use, token_person, was_used

PREFIX = "scn_"
"""Programs that look for secrets in files know a token by it."""

_NOTE_S = 3600
_MOST_KNOWN = 10_000

_throttle = SignInThrottle()
_known: OrderedDict[str, float] = OrderedDict()
"""Hashes of tokens that were right since the server started, and when their use was last noted."""


def new_access_token() -> str:
    """A token of 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def access_token_hash(token: str) -> str:
    """What the database knows of a token. One round of SHA-256 is enough: nobody can try 2**256 of them."""
    return hashlib.sha256(f"access token {token}".encode("utf-8", "surrogateescape")).hexdigest()


def bearer_of(headers: Headers) -> str | None:
    """The token of `Authorization: Bearer TOKEN`; None without one. Other schemes are a proxy's business."""
    scheme, _, token = headers.get("authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


async def admit(token: str, address: str) -> str:
    """The hash of a token that lets somebody in now.

    Wrong tokens make the address wait as wrong passwords do (see `throttle`), but for tokens that were right before.
    Raises ApiError: 401 for a wrong token, 429 where the address has to wait.
    """
    hashed = access_token_hash(token)
    known = hashed in _known or await database.run(was_used, hashed)
    client = Client("access token", address, device=hashed if known else None)
    async with _throttle.attempt(client):
        if await database.run(token_person, hashed) is None:
            _known.pop(hashed, None)
            _throttle.wrong(client)
            raise wrong_token()
    if time.monotonic() - _known.get(hashed, -_NOTE_S) >= _NOTE_S:
        await database.run_write(note_token_use, hashed)
        _known[hashed] = time.monotonic()
        while len(_known) > _MOST_KNOWN:
            _known.popitem(last=False)
    return hashed


def require_token_person(db: Database, hashed: str) -> Person:
    """The person of a token (its hash). Raises ApiError where there is none any more."""
    person = token_person(db, hashed)
    if person is None:
        raise wrong_token()
    return person


def wrong_token(hint: str = "") -> ApiError:
    """To be raised; `hint` ends its text."""
    return ApiError(
        401,
        "access_token_wrong",
        "found an access token that is unknown, revoked or expired, or whose person may not sign in; allowed: one "
        "from the page Access tokens, or from: python -m review_app token add WS NAME" + hint,
    )


def forget_attempts() -> None:
    """Begin counting anew."""
    global _throttle
    _throttle = SignInThrottle()
    _known.clear()
