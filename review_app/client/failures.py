"""What stood in the way of a request, in words for people and a code for programs."""

from __future__ import annotations

import json
from contextlib import suppress
from http.client import HTTPException
from ssl import SSLCertVerificationError, SSLError
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urljoin

from scn_core.errors import ScnError, readable

_PASSING = frozenset({0, 408, 425, 429, 502, 503, 504})
"""Statuses after which the same request may work; 0: no answer came."""


class ClientError(ScnError):
    """The server refused a request, or none answered. The message is for people, `code` for programs."""

    def __init__(
        self, text: str, code: str, status: int = 0, retry_after_s: float | None = None, request_id: str = ""
    ) -> None:
        super().__init__(text)
        self.code = code
        """As /openapi.json names them; besides: unreachable, insecure (the connection cannot be encrypted), timed_out,
        not_ours (an answer of another program)."""
        self.status = status
        """Of HTTP; 0: none came."""
        self.retry_after_s = retry_after_s
        """Seconds to wait, where the server says so."""
        self.request_id = request_id
        """By which the server's log knows the request; empty: no server answered."""

    @property
    def may_pass(self) -> bool:
        """Whether the same request may work a while later."""
        return self.status in _PASSING and self.code != "insecure"


def reason_of(error: Exception) -> object:
    """What urllib wraps."""
    return getattr(error, "reason", None) or error or type(error).__name__


def unreachable(url: str, error: Exception) -> ClientError:
    """No answer came, or none that could be decrypted."""
    reason = reason_of(error)
    text = f"{url} does not answer: {reason}"
    if isinstance(reason, SSLCertVerificationError):
        text += (
            "; where its certificate is of an authority of your own, set SSL_CERT_FILE to a file with the certificate "
            "of that authority"
        )
    elif isinstance(reason, SSLError) and reason.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST"):
        text += "; it does not speak https there: give its address with http://, or the port that does"
    else:
        return ClientError(text, "unreachable")
    return ClientError(text, "insecure")


def refusal_of(error: HTTPError) -> ClientError:
    """What a server, or a proxy before it, said."""
    told: Any = None
    with suppress(ValueError, OSError, HTTPException):
        told = json.load(error)
    if not isinstance(told, dict):
        told = {}
    after = error.headers.get("retry-after", "")
    words = f"the server answered {error.code} {error.reason}"
    if 300 <= error.code < 400 and (target := error.headers.get("location")):
        words = (
            f"{error.url} redirects to {readable(urljoin(error.url, target), 300)}, and no redirect is followed, so "
            "that the token goes nowhere else; if the server is there, give that address"
        )
    elif error.code == 400 and error.url.startswith("http://"):
        words += "; where the server is reached by https, give its address with https://"
    return ClientError(
        str(told.get("error") or words),
        str(told.get("code") or "not_ours"),
        error.code,
        float(after) if after.isdecimal() else None,
        error.headers.get("x-request-id", ""),
    )
