"""Signed words: the token a page sends with every change, the ticket that carries a log-in over to a route, and the
cookie of a browser that somebody has signed in with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from itsdangerous import BadData, SignatureExpired, TimestampSigner, URLSafeTimedSerializer

from review_app.http.errors import ApiError

TOKEN_S = 600
TICKET_S = 60
DEVICE_S = 180 * 24 * 3600


@dataclass(frozen=True)
class TokenClaims:
    """What a token says: it is good for this person in this session."""

    person_id: int
    session: str
    """Hash of the session's cookie, shortened."""


def make_token(secret: bytes, claims: TokenClaims) -> str:
    """Good for ten minutes."""
    return _signer(secret, "token").dumps([claims.person_id, claims.session])


def read_token(secret: bytes, token: str) -> TokenClaims:
    """Raises ApiError for a token that is not ours or too old."""
    try:
        person_id, session = _read(secret, "token", token, TOKEN_S)
    except SignatureExpired as error:
        raise ApiError(401, "token_expired", "the page's token is too old; GET /api/token gives another") from error
    except (BadData, ValueError, TypeError) as error:
        raise ApiError(401, "token_wrong", "X-Review-Token is none of ours; GET /api/token gives one") from error
    return TokenClaims(person_id, session)


def make_ticket(secret: bytes, name: str, nonce: str) -> str:
    """Lets the person of this name in, once, within a minute."""
    return _signer(secret, "ticket").dumps([name, nonce])


def read_ticket(secret: bytes, ticket: str) -> tuple[str, str]:
    """Name and nonce. Raises ApiError for a ticket that is not ours or too old."""
    try:
        name, nonce = _read(secret, "ticket", ticket, TICKET_S)
    except (BadData, ValueError, TypeError) as error:
        raise ApiError(401, "ticket_wrong", "this log-in link is too old or not ours; sign in again") from error
    return name, nonce


def make_device(secret: bytes, name: str, nonce: str) -> str:
    """Says for half a year that the person of this name, in any case of letters, has signed in with a browser.

    It lets nobody in; it only gives the browser its own count of wrong passwords. `nonce` names the browser.
    """
    return _signer(secret, "device").dumps([name.lower(), nonce])


def read_device(secret: bytes, name: str, device: str) -> str | None:
    """The nonce of `make_device`; None for a device cookie that is not ours, too old, or of another name."""
    try:
        known, nonce = _read(secret, "device", device, DEVICE_S)
    except (BadData, ValueError, TypeError):
        return None
    return str(nonce) if known == name.lower() else None


def make_hub_token(secret: bytes, nonce: str) -> str:
    """What a browser keeps of a sign-in at the hub of several workspaces; sessions of theirs are derived from it."""
    return _signer(secret, "hub").dumps(nonce)


def is_hub_token(secret: bytes, token: str, most_s: float) -> bool:
    """Whether `make_hub_token` made it at most so long ago, so that no database is asked for one that is made up."""
    try:
        _read(secret, "hub", token, most_s)
    except (BadData, ValueError, TypeError):
        return False
    return True


def _read(secret: bytes, salt: str, word: str, most_s: float) -> Any:
    """What was signed at most so long ago, or so far ahead: the clock may have been set back since.

    Raises BadData; SignatureExpired for what is too old.
    """
    value, signed, clock = _signed(secret, salt, word)
    if abs(clock.get_timestamp() - signed.timestamp()) > most_s:
        raise SignatureExpired("signed at another time", payload=value, date_signed=signed)
    return value


@lru_cache(maxsize=1024)  # a page sends the same token for ten minutes; what we did not sign raises, and is not kept
def _signed(secret: bytes, salt: str, word: str) -> tuple[Any, datetime, TimestampSigner]:
    signer = _signer(secret, salt)
    value, signed = signer.loads(word, return_timestamp=True)
    return value, signed, cast(TimestampSigner, signer.make_signer(signer.salt))


def _signer(secret: bytes, salt: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret, salt=f"review {salt}", signer_kwargs={"digest_method": hashlib.sha256})
