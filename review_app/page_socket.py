"""The websocket of the pages: for who is signed in, for as long as they are, and for what pages ask for alone."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from google.protobuf.message import DecodeError
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from review_app import database
from review_app.auth import sessions as auth
from review_app.http.errors import ApiError
from review_app.settings import current
from scn_core.errors import ScnError
from scn_core.store.people.sessions import session_person

_PAGES_ASK = {"rerun_script", "stop_script", "app_heartbeat", "file_urls_request", "backend_operation_request"}
"""All that is let through; not `clear_cache`, which would slow the app down for everybody, nor what developers send."""
_OPERATIONS = {"dataframe_chunk", "deferred_file"}
_LONGEST = 2**25
"""Bytes of a message that is looked into: Streamlit refuses a longer one."""


async def serve_pages(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Streamlit's websocket behind a check of the session: when it is opened, and whenever a page is drawn anew.

    Once the session has ended, the page is drawn anew as a whole, without what was entered in it: it then says that
    nobody is signed in. With OpenID, strangers come in too, as Streamlit shows the way to the provider; they are not
    told where the program lies and of which version it is.
    """
    socket = _PageSocket(receive, send, auth.cookie_of(HTTPConnection(scope).cookies))
    known = await socket.is_signed_in()
    if not known and current().auth != "oidc":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": "no_session"})
        return
    await app(scope, socket.from_person if known else socket.from_stranger, send if known else socket.to_stranger)


class _PageSocket:
    def __init__(self, receive: Receive, send: Send, cookie: str | None) -> None:
        self._receive, self._send = receive, send
        self._session = None if cookie is None else auth.session_hash(cookie)

    async def is_signed_in(self) -> bool:
        """Whether the session that the socket was opened with stands. True where the database cannot say: the page
        asks it again, and says what is wrong."""
        try:
            return self._session is not None and await database.run(session_person, self._session) is not None
        except (ScnError, ApiError):
            return True

    async def from_stranger(self) -> Message:
        """The next message that a page may send."""
        return (await self._next())[0]

    async def from_person(self) -> Message:
        """The same, as it may be sent now that the session may have ended."""
        while True:
            message, asked = await self._next()
            if asked is None or await self.is_signed_in():
                return message
            if asked.WhichOneof("type") == "rerun_script":
                asked.rerun_script.fragment_id = ""
                asked.rerun_script.widget_states.Clear()
                return {**message, "bytes": asked.SerializeToString()}

    async def _next(self) -> tuple[Message, BackMsg | None]:
        while True:
            message = await self._receive()
            data = message.get("bytes")
            if message["type"] != "websocket.receive" or not data or len(data) > _LONGEST:
                return message, None
            try:
                asked = BackMsg.FromString(data)
            except DecodeError:  # Streamlit ends such a connection
                return message, None
            if _pages_ask(asked):
                return message, asked

    async def to_stranger(self, message: MutableMapping[str, Any]) -> None:
        """Passes on without what says where the program lies and of which version it is."""
        data = message.get("bytes")
        if message["type"] == "websocket.send" and data:
            told = ForwardMsg.FromString(data)
            if told.WhichOneof("type") == "new_session":
                told.new_session.main_script_path = ""
                environment = told.new_session.initialize.environment_info
                environment.streamlit_version = environment.python_version = environment.server_os = ""
                message = {**message, "bytes": told.SerializeToString()}
        await self._send(message)


def _pages_ask(asked: BackMsg) -> bool:
    kind = asked.WhichOneof("type")
    if kind == "backend_operation_request":
        return asked.backend_operation_request.WhichOneof("payload") in _OPERATIONS
    return kind in _PAGES_ASK
