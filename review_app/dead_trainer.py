"""A trainer that was killed says nothing: the server notices, and marks its round as failed, so that all hear of it."""

from __future__ import annotations

import threading

from review_app.database import call, call_write
from review_app.http.log import ThreadLog, words_of
from review_app.trainer_process import at_work
from scn_core.store.rounds.states import mark_dead_round_failed, stale_round
from scn_core.workspace.folder import Workspace

LOOK_S = 10.0
"""How often it is asked whether the round at work is still heard of."""
STOP_S = 1.0


class DeadTrainerWatch:
    """Marks a round as failed that was not heard of for 120 s and whose trainer is dead; looks every 10 s."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="dead trainer", daemon=True)
        self._log = ThreadLog()

    def start(self) -> None:
        """Look from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; takes 1 s at most."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join(STOP_S)

    def look(self) -> int | None:
        """The number of a round that was found dead and is failed now; None: there is none.

        A trainer that is only slow to write, or was suspended, keeps its lock and its round. Raises WorkspaceError
        where another program has the database, or another trainer begins in this moment.
        """
        if call(stale_round) is None or at_work(self._workspace):
            return None
        with self._workspace.training_lock():
            number = call_write(mark_dead_round_failed)
        if number is not None:
            text = f"round {number} failed: its trainer ended without a word"
            self._log.say("round failed", text)
        return number

    def _keep(self) -> None:
        while not self._stopped.wait(LOOK_S):
            try:
                self.look()
            except Exception as error:  # whatever it is: people can review without it, and it is tried again
                self._say(words_of(error))
            else:
                self._log.went_well()

    def _say(self, why: str) -> None:
        if not self._stopped.is_set():
            self._log.say_once("dead trainer", f"a dead trainer cannot be told: {why}")
