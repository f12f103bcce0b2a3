"""Tokens and tickets: whose they are, how long they last."""

from __future__ import annotations

from collections.abc import Callable

import itsdangerous
import pytest

from review_app.auth.tokens import (
    TICKET_S,
    TOKEN_S,
    TokenClaims,
    make_device,
    make_ticket,
    make_token,
    read_device,
    read_ticket,
    read_token,
)
from review_app.http.errors import ApiError

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
    with pytest.raises(ApiError) as caught:
        read_token(SECRET, token)
    assert (caught.value.status, caught.value.code) == (401, "token_expired")


def test_a_clock_that_is_set_back_makes_no_token_wrong(later: list[int]) -> None:
    token, device = make_token(SECRET, CLAIMS), make_device(SECRET, "ann", "n")
    later[0] = -(TOKEN_S - 5)
    assert read_token(SECRET, token) == CLAIMS
    later[0] = -86_400
    assert read_device(SECRET, "ann", device) == "n"
    with pytest.raises(ApiError) as caught:
        read_token(SECRET, token)
    assert (caught.value.status, caught.value.code) == (401, "token_expired")  # the page fetches another
    assert read_token(SECRET, make_token(SECRET, CLAIMS)) == CLAIMS


WRONG: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "short": lambda: "x",
    "not base64": lambda: "a.b.c",
    "dots": lambda: "." * 50,
    "not ASCII": lambda: "é",
    "another secret": lambda: make_token(OTHER, CLAIMS),
    "cut off": lambda: make_token(SECRET, CLAIMS)[:-1],
    "a ticket": lambda: make_ticket(SECRET, "ann", "n"),
    "longer": lambda: "A" + make_token(SECRET, CLAIMS),
}


@pytest.mark.parametrize("made", WRONG.values(), ids=WRONG)  # made within the test: they hold the time
def test_any_other_token_is_wrong(made: Callable[[], str]) -> None:
    with pytest.raises(ApiError) as caught:
        read_token(SECRET, made())
    assert (caught.value.status, caught.value.code) == (401, "token_wrong")


def test_a_ticket_lasts_a_minute(later: list[int]) -> None:
    ticket = make_ticket(SECRET, "ann@example.org", "n1")
    assert read_ticket(SECRET, ticket) == ("ann@example.org", "n1")
    for wrong in ("", make_token(SECRET, CLAIMS), make_ticket(OTHER, "ann@example.org", "n1")):
        with pytest.raises(ApiError):
            read_ticket(SECRET, wrong)
    later[0] = TICKET_S + 2
    with pytest.raises(ApiError, match="too old"):
        read_ticket(SECRET, ticket)
