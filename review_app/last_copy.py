"""A database that was deleted while the server has it open is nowhere else: the server makes a backup of it at once."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path

from sqlite_utils import Database

from review_app.database import call_slow, was_moved
from review_app.keeper import Keeper
from review_app.settings import current
from scn_core.shell import command_line
from scn_core.store.newest_decision import note_newest
from scn_core.workspace.backup.make import make_backup

AGAIN_AFTER_S = 60.0
"""After a backup that could not be made, as on a full disk."""


class LastCopyKeeper(Keeper):
    """Saves a review.db once that was moved away, deleted or replaced. No answer is taken any more, so it has all."""

    name = "copy"
    what = (
        f"review.db was moved away, deleted or replaced, and no backup was made of it; again in {AGAIN_AFTER_S:.0f} s"
    )
    _made = False

    def due(self) -> Sequence[str] | None:
        """Nothing for a process of its own: nobody else can read it. In a slow reader's thread, as those do."""
        if self._made or not was_moved() or not self._workspace.settings_file.exists():  # the whole folder may be gone
            return None
        self._rests_until = time.monotonic() + AGAIN_AFTER_S
        made = call_slow(self._back_up)
        self._made = True
        restore = command_line("restore", made, self._workspace.path)
        when = "put that back" if current().behind_hub else "stop the server and put that back"
        words = (
            f"review.db was moved away, deleted or replaced; all that was saved in it is in {made}; {when}: {restore}"
        )
        self._log.say("last copy saved", words, level=logging.ERROR)
        return None

    def _back_up(self, db: Database) -> Path:
        made = make_backup(self._workspace, db, "deleted", whole=False)
        note_newest(db)  # which may be deleted too, and by which a restore of less is refused
        return made
