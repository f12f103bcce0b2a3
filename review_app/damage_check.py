"""Soon after its start the server looks whether the database is as it was written, and says where it is not."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from review_app.database import call_slow, was_moved
from review_app.keeper import Keeper
from scn_core.errors import ScnError
from scn_core.store.check import require_sound_now
from scn_core.workspace.folder import Workspace

CHECK_AFTER_S = 5.0
"""First, whoever waits for the server gets a page."""
HERE_BYTES = 16 * 2**20
"""Of review.db. It takes 0.2 s to check; a process of its own would take longer to begin."""


class DamageKeeper(Keeper):
    """Has the database checked once. A damaged one is served all the same, to save answers."""

    name = "check"

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._at = time.monotonic() + CHECK_AFTER_S
        self._begun = False

    def due(self) -> Sequence[str] | None:
        """`check --quick` of a large database; a small one is checked at once."""
        if self._begun or time.monotonic() < self._at:
            return None
        self._begun = True
        if was_moved():  # which is said elsewhere
            return None
        if self._workspace.database_file.stat().st_size > HERE_BYTES:
            return ["check", str(self._workspace.path), "--quick"]
        try:
            call_slow(require_sound_now)
        except ScnError as error:
            self._say(str(error))
        return None

    def _say(self, why: str) -> None:
        words = f"warning: {why}; until then answers are stored, but no labels are exported"
        self._log.say_once("damage", words, level=logging.WARNING)
