"""Notices that review.db-wal was deleted or replaced while the server has it open, as by somebody who tidied up.

SQLite does not: it goes on writing into the file that has no name any more, which is gone with the process.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

from sqlite_utils import Database

from review_app.http.errors import NotReady
from scn_core.store.connection import checkpoint

LOOK_EVERY_S = 0.1
"""How often the writer's thread looks while nothing is written: what was acknowledged before may be in that file, and
is lost where the server is killed before the next look."""
GONE = (
    "review.db-wal was deleted or replaced while the server runs; stop the server, which writes all that was saved "
    "into review.db, and start it again"
)


class WalWatch:
    """Of one database: which file its -wal is as long as threads of this process, writers or readers, have it open."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(f"{path.name}-wal")
        self._opened: tuple[int, int] | None = None
        self._connections = 0
        self._lock = threading.Lock()

    def opened(self) -> None:
        """A connection to the database has just been opened: it holds the file of now open, as all after it have to."""
        with self._lock:
            self._connections += 1
            self._opened = self._opened or self._found()

    def closing(self, db: Database) -> None:
        """A connection is about to be closed; once nobody has the database open, SQLite removes the file, and makes
        another for whoever opens it next."""
        saved = self.saved(db)
        with self._lock, suppress(NotReady):
            self._connections -= 1
            self.require()
            if saved and not self._connections:
                self._opened = None

    def require(self) -> None:
        """Raises NotReady where it is another file now: who opens the database then writes beside the others."""
        if self._opened != (self._found() if self._opened else None):
            raise NotReady(GONE)

    def saved(self, db: Database) -> bool:
        """Whether what is committed outlives this process: in the file, or else written into review.db at once.

        One call of stat where all is well, some microseconds.
        """
        with suppress(NotReady):
            self.require()
            return True
        return checkpoint(db)

    def _found(self) -> tuple[int, int] | None:
        with suppress(OSError):
            found = self._path.stat()
            return found.st_dev, found.st_ino
        return None
