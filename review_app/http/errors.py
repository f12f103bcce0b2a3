"""What a route says when it does not do what was asked: a status, a word for programs and a sentence for people."""

from __future__ import annotations

import sqlite3

from starlette.responses import JSONResponse, Response

from scn_core.errors import DiskFullError, ScnError, WorkspaceError


class Refused(ScnError):
    """Ends a request. Nothing has been changed by then."""

    def __init__(
        self, status: int, code: str, text: str, *, at: str | None = None, retry_after_s: int | None = None
    ) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.at = at
        """Where in the body the fault is, such as decisions[3].label."""
        self.retry_after_s = retry_after_s

    def response(self) -> Response:
        """As JSON."""
        said = {"error": str(self), "code": self.code}
        if self.at is not None:
            said["at"] = self.at
        headers = {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return JSONResponse(said, self.status, headers)


class TooSlow(WorkspaceError):
    """A read of the database took, or waited, longer than it may."""


def refusal_of(error: Exception) -> Refused | None:
    """How a route answers for an error of the store; None: it is a defect of ours, and a 500."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, TooSlow):
        return Refused(503, "too_slow", str(error), retry_after_s=5)
    if isinstance(error, DiskFullError):
        return Refused(507, "disk_full", "the disk of the server is full, nothing was stored; make room there")
    fault = error if isinstance(error, sqlite3.Error) else error.__cause__
    if isinstance(fault, sqlite3.OperationalError):
        code = getattr(fault, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return Refused(503, "busy", "another program is writing to the database; try again", retry_after_s=1)
        return Refused(500, "database", f"the database cannot be used: {error}")
    if isinstance(fault, sqlite3.DatabaseError) and not isinstance(fault, sqlite3.IntegrityError):
        return Refused(500, "database", f"the database cannot be used: {error}")
    return Refused(400, "refused", str(error)) if isinstance(error, ScnError) else None
