"""What a route says when it does not do what was asked: a status, a word for programs and a sentence for people."""

from __future__ import annotations

import sqlite3

from starlette.responses import JSONResponse, Response

from scn_core.errors import DamageError, DiskFullError, ScnError, WorkspaceError
from scn_core.permissions import OF_A_SERVER, in_our_words


class ApiError(ScnError):
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
        content = {"error": str(self), "code": self.code}
        if self.at is not None:
            content["at"] = self.at
        headers = {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return JSONResponse(content, self.status, headers)


class TooSlow(WorkspaceError):
    """A read of the database took, or waited, longer than it may."""


class NotReady(WorkspaceError):
    """Nothing can be stored for now; browsers keep their answers."""


def api_error_of(error: Exception) -> ApiError | None:
    """How a route answers for an error of the store or of the system; None: it is a defect of ours, and a 500."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, OSError) and error.errno is not None and not isinstance(error, ConnectionError | TimeoutError):
        ours = in_our_words(error, OF_A_SERVER)
        if not isinstance(ours, DiskFullError):
            return _of_files(ours)
        error = ours
    if isinstance(error, TooSlow):
        return ApiError(503, "too_slow", str(error), retry_after_s=5)
    if isinstance(error, NotReady):
        return ApiError(503, "not_ready", f"answers cannot be stored now: {error}", retry_after_s=5)
    if isinstance(error, DiskFullError):
        return ApiError(507, "disk_full", "the disk of the server is full, nothing was stored; make room there")
    if isinstance(error, DamageError):
        return ApiError(500, "database", str(error))
    fault = error if isinstance(error, sqlite3.Error) else error.__cause__
    if isinstance(fault, OSError):
        return _of_files(error)
    if isinstance(fault, sqlite3.OperationalError):
        code = getattr(fault, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return ApiError(503, "busy", "another program is writing to the database; try again", retry_after_s=1)
        return ApiError(500, "database", f"the database cannot be used: {error}")
    if isinstance(fault, sqlite3.DatabaseError) and not isinstance(fault, sqlite3.IntegrityError):
        return ApiError(500, "database", f"the database cannot be used: {error}")
    return ApiError(400, "refused", str(error)) if isinstance(error, ScnError) else None


def _of_files(error: Exception) -> ApiError:
    return ApiError(500, "files", f"the server cannot use a file or folder that it needs: {error}")
