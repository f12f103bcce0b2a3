"""A thread for each hook: posts what is due, in order, again and again until the receiver has it or is given up."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from review_app.database import call, call_write
from review_app.hooks.post import Post, PostError, Reply
from review_app.hooks.signing import body_of, headers_of, secrets_of
from review_app.http.log import ThreadLog
from scn_core.errors import ScnError, counted
from scn_core.hook_settings import HookSettings
from scn_core.store.hook_delivery import (
    HookMessage,
    faces_due,
    failed_tries,
    next_message,
    note_delivered,
    note_failed,
    write_face_messages,
)
from scn_core.workspace.folder import Workspace

LOOK_S = 1.0
"""How often it is asked whether something is due."""
STOP_S = 1.0
DELAYS_S = (5, 30, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""From each try that failed to the next, in seconds; a hook that fails once more, after three days, is given up."""
JITTER = 0.1
"""Share of a delay that may come on top of it, drawn anew each time."""
_LONGEST_S = DELAYS_S[-1] * (1 + JITTER) + 1


class HookSender:
    """Sends to one receiver. At least once: a message is sent again where nobody noted that it was taken."""

    def __init__(
        self,
        hook: HookSettings,
        workspace: Workspace,
        workspace_id: str,
        *,
        now: Callable[[], float] = time.time,
        post: Callable[[str], Post] = Post,
    ) -> None:
        self._hook, self._workspace, self._workspace_id = hook, workspace, workspace_id
        self._now, self._new_post = now, post
        self._stopped = threading.Event()
        self._post: Post | None = None
        self._thread = threading.Thread(target=self._keep, name=f"hook {hook.name}", daemon=True)
        self._thread_log = ThreadLog()

    def start(self) -> None:
        """Send from now on."""
        self._thread.start()

    def end(self) -> None:
        """Send no more, and end the request that is being made; at once."""
        self._stopped.set()
        if (post := self._post) is not None:
            post.end("the server stopped")

    def join(self, limit_s: float) -> bool:
        """Wait for what was ended; whether it has come to its end."""
        if self._thread.ident is not None:
            self._thread.join(limit_s)
        return not self._thread.is_alive()

    def step(self) -> bool:
        """Write or send one message, where one is due; whether there was one, so that there may be more."""
        now = self._now()
        message = call(next_message, self._hook.name, now, longest_wait_s=_LONGEST_S)
        if message is not None:
            self._send(message)
            return True
        if call(faces_due, self._hook.name, now):
            call_write(write_face_messages, self._hook.name)
            return True
        return False

    def _keep(self) -> None:
        more = False
        while not self._stopped.wait(0 if more else LOOK_S):
            try:
                more = self.step()
            except Exception as error:  # whatever it is: people can review without it
                more = False
                self._say(str(error) if isinstance(error, ScnError) else repr(error))

    def _send(self, message: HookMessage) -> None:
        try:
            reply = deliver(self._hook, self._workspace, self._workspace_id, message, self._now(), self._begin())
            error, wait_s, gone = reply.error, reply.retry_after_s, reply.gone
        except (PostError, ScnError) as refused:
            error, wait_s, gone = str(refused), 0.0, False
        finally:
            self._post = None
        if error is None:
            call_write(note_delivered, message)
            self._thread_log.went_well()
            if message.tries:
                failed_words = counted(message.tries, "try", "tries")
                self._log("hook works", f"works again, after {failed_words} that failed", level=logging.INFO)
            return
        if self._stopped.is_set():
            return  # the receiver is not to blame, and the database may be closed by now
        failed = call(failed_tries, self._hook.name)
        so_far = f"{error}; {counted(failed + 1, 'try', 'tries')} failed"
        if gone or failed >= len(DELAYS_S):
            call_write(note_failed, message, error, None)
            self._log("hook failed", f"{so_far}; given up, it is told nothing more until: hooks retry")
            return
        delay = DELAYS_S[failed] * (1 + JITTER * random.random())  # noqa: S311 (spreads load, no secret)
        next_at = self._now() + min(max(delay, wait_s), DELAYS_S[-1] * (1 + JITTER))
        call_write(note_failed, message, error, next_at)
        at = f"{datetime.fromtimestamp(next_at, UTC):%Y-%m-%d %H:%M:%S} UTC"
        self._log("hook failed", f"{so_far}, next at {at}")  # each time, as the tries grow rare

    def _begin(self) -> Post:
        self._post = self._new_post(self._hook.url)
        if self._stopped.is_set():  # since the thread looked
            self._post.end("the server stopped")
        return self._post

    def _say(self, words: str) -> None:
        """That it cannot even be tried; once, until it is something else or has gone well in between."""
        self._thread_log.say_once("hook failed", f"hook {self._hook.name}: {words}")

    def _log(self, event: str, words: str, *, level: int = logging.WARNING) -> None:
        self._thread_log.say(event, f"hook {self._hook.name}: {words}", level=level)


class HookSenders:
    """Those of a workspace."""

    def __init__(self, hooks: Sequence[HookSettings], workspace: Workspace, workspace_id: str) -> None:
        self._senders = [HookSender(hook, workspace, workspace_id) for hook in hooks]

    def start(self) -> None:
        """Send from now on."""
        for sender in self._senders:
            sender.start()

    def stop(self) -> None:
        """Send no more; takes STOP_S at most, however many receivers hang. What was not taken is sent another time."""
        for sender in self._senders:
            sender.end()
        until = time.monotonic() + STOP_S
        for sender in self._senders:
            sender.join(max(0.0, until - time.monotonic()))


def deliver(
    hook: HookSettings, workspace: Workspace, workspace_id: str, message: HookMessage, now: float, post: Post
) -> Reply:
    """Sign and post one message. Raises WorkspaceError where the secret cannot be had, PostError without an answer."""
    secrets = secrets_of(hook, workspace.path)
    body = body_of(message, workspace_id)
    return post.send(body, headers_of(message.message, body, secrets, now))
