"""Tokens and tickets: whose they are, how long they last."""

from __future__ import annotations

import itsdangerous
import pytest

from review_app.doors.tokens import TICKET_S, TOKEN_S, TokenClaims, make_ticket, make_token, read_ticket, read_token
from review_app.refused import Refused

SECRET, OTHER = b"1" * 32, b"2" * 32
CLAIMS = TokenClaims(7, "0123456789abcdef")


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Seconds the signer's clock is ahead."""
    ahead = [0]
    real = itsdangerous.TimestampSigner.get_timestamp
    monkeypatch.setattr(itsdangerous.TimestampSigner, "get_timestamp", lambda signer: real(signer) + ahead[0])
    return ahead


def test_a_token_says_whose_it_is() -> None:
    assert read_token(SECRET, make_token(SECRET, CLAIMS)) == CLAIMS


def test_a_token_ends_after_ten_minutes(later: list[int]) -> None:
    token = make_token(SECRET, CLAIMS)
    later[0] = TOKEN_S - 5
    read_token(SECRET, token)
    later[0] = TOKEN_S + 5
    with pytest.raises(Refused) as caught:
        read_token(SECRET, token)
    assert (caught.value.status, caught.value.code) == (401, "token_expired")


@pytest.mark.parametrize(
    "token",
    [
        "", "x", "a.b.c", "." * 50, "é", make_token(OTHER, CLAIMS), make_token(SECRET, CLAIMS)[:-1],
        make_ticket(SECRET, "ann", "n"), "A" + make_token(SECRET, CLAIMS),
    ],
)  # fmt: skip
def test_any_other_token_is_wrong(token: str) -> None:
    with pytest.raises(Refused) as caught:
        read_token(SECRET, token)
    assert (caught.value.status, caught.value.code) == (401, "token_wrong")


def test_a_ticket_lasts_a_minute(later: list[int]) -> None:
    ticket = make_ticket(SECRET, "ann@example.org", "n1")
    assert read_ticket(SECRET, ticket) == ("ann@example.org", "n1")
    for wrong in ("", make_token(SECRET, CLAIMS), make_ticket(OTHER, "ann@example.org", "n1")):
        with pytest.raises(Refused):
            read_ticket(SECRET, wrong)
    later[0] = TICKET_S + 2
    with pytest.raises(Refused, match="too old"):
        read_ticket(SECRET, ticket)
