"""Whether this process was told to stop: then it finishes what it has begun, and refuses what is new."""

from __future__ import annotations

from review_app.http.errors import ApiError

RETRY_S = 5

_told = False


def begin() -> None:
    """From now on everything new is refused. May be called by a signal handler."""
    global _told
    _told = True


def refuse_new() -> None:
    """Raises ApiError once the server was told to stop."""
    if _told:
        text = "the server is stopping; nothing of this request was done, send it again in a moment"
        raise ApiError(503, "stopping", text, retry_after_s=RETRY_S)
