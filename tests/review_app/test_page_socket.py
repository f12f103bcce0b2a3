"""The websocket of the pages as strangers, people who are signed in, and people who were find it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from review_app import database, settings
from review_app.auth import sessions as auth
from review_app.routes import all_middleware
from review_app.settings import AppSettings, AuthMode
from scn_core.store.people.people import Person, ensure_person, set_active
from scn_core.workspace.folder import Workspace
from tests.review_app.conftest import SECRET

ASKED = [
    BackMsg(clear_cache=True), BackMsg(load_git_info=True), BackMsg(set_run_on_save=True),
    BackMsg(debug_shutdown_runtime=True), BackMsg(debug_disconnect_websocket=True),
]  # fmt: skip
ASKED.append(BackMsg())
ASKED[-1].backend_operation_request.install_skills.SetInParent()


async def _streamlit(websocket: WebSocket) -> None:
    """Tells what it is told, after what Streamlit begins with."""
    await websocket.accept()
    begin = ForwardMsg()
    begin.new_session.main_script_path = "/opt/review/app.py"
    begin.new_session.initialize.environment_info.python_version = "3.11.2"
    await websocket.send_bytes(begin.SerializeToString())
    try:
        while True:
            await websocket.send_bytes(await websocket.receive_bytes())
    except WebSocketDisconnect:
        pass


class Door:
    """The websocket of an app on a workspace, and ann, who may sign in there."""

    def __init__(self, workspace: Workspace, how: AuthMode) -> None:
        self.settings = AppSettings(workspace, SECRET, how)
        settings.use(self.settings)
        with workspace.database() as db:
            ensure_person(db, "lea", "lead")
            self.ann: Person = ensure_person(db, "ann")
        routes = [WebSocketRoute("/_stcore/stream", _streamlit)]
        self.client = TestClient(
            Starlette(routes=routes, middleware=all_middleware(self.settings)), "http://127.0.0.1:8501"
        )

    def sign_in(self) -> str:
        cookie = database.call_write(auth.begin_session, self.ann).cookie
        self.client.cookies.set(self.settings.cookie, cookie)
        return cookie

    @contextmanager
    def opened(self) -> Iterator[tuple[WebSocketTestSession, ForwardMsg]]:
        """The socket, and the message it begins with."""
        headers = {"Host": "127.0.0.1:8501", "Origin": "http://127.0.0.1:8501"}
        with self.client.websocket_connect("/_stcore/stream", headers=headers) as socket:
            yield socket, ForwardMsg.FromString(socket.receive_bytes())


@pytest.fixture
def door(workspace: Workspace) -> Iterator[Callable[..., Door]]:
    yield lambda how="password": Door(workspace, how)
    database.close()


def ask(socket: WebSocketTestSession, message: BackMsg) -> BackMsg:
    """What of this message, or of the next one that is let through, comes to Streamlit."""
    socket.send_bytes(message.SerializeToString())
    heard: BackMsg = BackMsg.FromString(socket.receive_bytes())
    return heard


def typed(text: str) -> BackMsg:
    """A page is drawn anew by a part of it, with something entered."""
    message = BackMsg()
    message.rerun_script.query_string = "round=1"
    message.rerun_script.fragment_id = "news"
    message.rerun_script.widget_states.widgets.add(id="name", string_value=text)
    return message


@pytest.mark.parametrize("how", ["none", "password"])
@pytest.mark.parametrize("cookie", [None, "", "made up", "x" * 500])
def test_a_stranger_gets_no_websocket(door: Callable[..., Door], how: AuthMode, cookie: str | None) -> None:
    place = door(how)
    if cookie is not None:
        place.client.cookies.set(place.settings.cookie, cookie)
    with pytest.raises(WebSocketDisconnect) as refused, place.opened():
        pass
    assert refused.value.code == 1008


def test_with_openid_a_stranger_learns_nothing_of_the_installation(door: Callable[..., Door]) -> None:
    with door("oidc").opened() as (socket, begin):
        assert begin.new_session.main_script_path == ""
        assert begin.new_session.initialize.environment_info.python_version == ""
        for message in ASKED:
            socket.send_bytes(message.SerializeToString())
        assert ask(socket, typed("sign in")) == typed("sign in"), "a click on Sign in comes through"


def test_nobody_clears_the_cache_or_asks_for_what_pages_do_not_need(door: Callable[..., Door]) -> None:
    place = door()
    place.sign_in()
    with place.opened() as (socket, begin):
        assert begin.new_session.main_script_path
        for message in ASKED:
            socket.send_bytes(message.SerializeToString())
        assert ask(socket, typed("text")) == typed("text")
        chunk = BackMsg()
        chunk.backend_operation_request.dataframe_chunk.limit = 3
        assert ask(socket, chunk) == chunk
        socket.send_bytes(b"\xff no message of Streamlit's")
        assert socket.receive_bytes() == b"\xff no message of Streamlit's", "which ends the connection by itself"


@pytest.mark.parametrize("how", ["none", "password", "oidc"])
@pytest.mark.parametrize("end", ["signed out elsewhere", "deactivated"])
def test_a_page_that_is_open_tells_nothing_more(door: Callable[..., Door], how: AuthMode, end: str) -> None:
    """The page is drawn as a whole, which asks who is here; nothing that was entered or clicked is done."""
    place = door(how)
    cookie = place.sign_in()
    with place.opened() as (socket, _):
        assert ask(socket, typed("secret")) == typed("secret")
        if end == "deactivated":
            database.call_write(set_active, place.ann.id, False)
        else:
            database.call_write(auth.leave, auth.session_hash(cookie))
        chunk = BackMsg()
        chunk.backend_operation_request.dataframe_chunk.limit = 3
        socket.send_bytes(chunk.SerializeToString())
        kept = ask(socket, typed("secret"))
        assert kept.rerun_script.query_string == "round=1"
        assert kept.rerun_script.fragment_id == ""
        assert not kept.rerun_script.widget_states.widgets
