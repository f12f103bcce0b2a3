"""What came first with a mark, over streams too long for a dictionary."""

from __future__ import annotations

import sqlite3

from scn_core.errors import WorkspaceError

_CACHE_MIB = 128


class Firsts:
    """Marks and the place each was first met at, in a nameless file of SQLite's that is gone when it is closed.

    However many there are, they take `_CACHE_MIB` of memory; one costs 3 to 6 us, a fiftieth of decoding a small face.
    For one thread.
    """

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute(f"PRAGMA cache_size = {-_CACHE_MIB * 1024}")
        self._db.execute("CREATE TABLE first (mark PRIMARY KEY, place INTEGER) WITHOUT ROWID")
        self._db.execute("BEGIN")
        self._cursor = self._db.cursor()

    def earlier(self, mark: str | bytes, place: int) -> int | None:
        """The place that came first with this mark; None where none did, and then `place` is that from now on.

        Raises WorkspaceError where the system's temporary folder has no room.
        """
        try:
            if self._cursor.execute("INSERT OR IGNORE INTO first VALUES (?, ?)", (mark, place)).rowcount:
                return None
        except sqlite3.OperationalError as error:
            raise WorkspaceError(
                f"temporary folder: found no room to look for doubles in ({error}); free some, or set TMPDIR to a "
                "folder that has it"
            ) from error
        found: int = self._cursor.execute("SELECT place FROM first WHERE mark = ?", (mark,)).fetchone()[0]
        return found

    def close(self) -> None:
        """Gives the file back."""
        self._db.close()
