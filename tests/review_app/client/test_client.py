"""The client against the real routes, over a real socket; its methods and records against /openapi.json."""

from __future__ import annotations

import inspect
import json
import pydoc
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
import uvicorn
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import review_app.client
from review_app.api.openapi import OPERATIONS, openapi
from review_app.auth.access_tokens import access_token_hash, forget_attempts, new_access_token
from review_app.cli import cli
from review_app.client import Client, ClientError, Decision, QueueFilter, records
from review_app.client.command import TIMED_OUT
from review_app.client.records import json_name
from review_app.routes import all_middleware
from review_app.settings import AppSettings
from scn_core.errors import UsageError
from scn_core.store.people.people import Role, add_person
from scn_core.store.people.tokens import add_token
from scn_core.store.rounds.states import fail_round, start_round
from scn_core.workspace.backup.make import backups_in
from scn_core.workspace.folder import Workspace
from tests.browser.server import free_port
from tests.review_app.hooks.test_post import certificate
from tests.review_app.visitor import rows


class Faulty:
    """In front of the app: it works, but of its next `lost` replies to a path a 503 is all that comes through."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.path, self.lost, self.asked = app, "", 0, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != self.path:
            await self.app(scope, receive, send)
            return
        self.asked += 1
        if self.lost <= 0:
            await self.app(scope, receive, send)
            return
        self.lost -= 1

        async def swallow(message: Message) -> None:
            pass

        await self.app(scope, receive, swallow)
        headers = [(b"retry-after", b"0"), (b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": b"<html>a proxy</html>"})


@contextmanager
def listening(app: ASGIApp, certificate: Path | None = None) -> Iterator[str]:
    """The app at a port, in a thread; the address. `certificate`: with its key in the same file."""
    port = free_port()
    config = uvicorn.Config(app, port=port, log_config=None, lifespan="off", ssl_certfile=certificate)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


class Scene:
    def __init__(self, workspace: Workspace, url: str, app: Faulty) -> None:
        self.workspace, self.url, self.app = workspace, url, app

    def token(self, name: str, role: Role = "annotator") -> str:
        token = new_access_token()
        with self.workspace.database() as db:
            add_token(db, add_person(db, name, role).id, access_token_hash(token), "a script")
        return token

    def client(self, name: str = "ann", role: Role = "annotator") -> Client:
        return Client(self.url, self.token(name, role))


@pytest.fixture
def scene(workspace: Workspace, use_workspace: Callable[[Workspace], AppSettings]) -> Iterator[Scene]:
    forget_attempts()
    app = Faulty(Starlette(middleware=all_middleware(use_workspace(workspace))))
    with listening(app) as url:
        yield Scene(workspace, url, app)
    forget_attempts()


class Recording(Client):
    """Notes what is sent."""

    sent: list[tuple[str, str, set[str], set[str]]]

    def _request(self, method: str, path: str, names: Any = None, **more: Any) -> Any:
        asked = {*(names or {}), *(more.get("query") or {})}
        self.sent.append((method.lower(), path, asked, set(more.get("body") or {})))
        return super()._request(method, path, names or {}, **more)


_BEYOND = {"faces", "wait_for_round"}
"""Methods made of others."""


def test_every_operation_has_one_method_and_no_other(scene: Scene, tmp_path: Path) -> None:
    workspace, token = scene.workspace, scene.token("lea", "lead")
    client = Recording(scene.url, token)
    client.sent = []
    page = client.page(1, limit=3)
    face = page.items[0].sample
    made, backed_up = client.make_export(), client.make_backup(keep=1)
    called: dict[str, Callable[[], object]] = {
        "classes": client.classes,
        "rounds": client.rounds,
        "page": lambda: page,
        "tiles": lambda: client.tiles(1, [face]),
        "alike": lambda: client.alike(1, next(each.sample for each in page.items if not each.blind)),
        "lease": lambda: client.lease(release=[each.item for each in page.items]),
        "decide": lambda: client.decide([Decision.keep(1, page.items[0])]),
        "history": lambda: client.history(1),
        "sample": lambda: client.sample(face, 1),
        "face": lambda: client.face(face),
        "thumb": lambda: client.thumb(face),
        "make_export": lambda: made,
        "export": lambda: client.export(made.name, tmp_path / "labels.csv"),
        "make_backup": lambda: backed_up,
        "backup": lambda: client.backup(backed_up.name, tmp_path / "backup.zip"),
        "metrics": client.metrics,
        "health": client.health,
        "ready": client.ready,
    }
    methods = {name for name, _ in inspect.getmembers(Client, inspect.isfunction) if not name.startswith("_")}
    assert called.keys() == methods - _BEYOND
    answers = {name: call() for name, call in called.items()}
    described = openapi()["paths"]
    for_scripts = {(each.method, each.path) for each in OPERATIONS if not each.pages_only}
    assert {(method, path) for method, path, _, _ in client.sent} == for_scripts
    assert len(client.sent) == len(called)
    for method, path, asked, body in client.sent:
        operation = described[path][method]
        assert asked == {each["name"] for each in operation.get("parameters", [])}, path
        schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        assert body == set(schema.get("properties", {})), path
    decision = described["/api/decisions"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert {each.name for each in fields(Decision)} == set(decision["properties"]["decisions"]["items"]["properties"])
    page_body = described["/api/page"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert {each.name for each in fields(QueueFilter)} == set(page_body["properties"]["filter"]["properties"])
    assert (tmp_path / "labels.csv").read_bytes() == (workspace.exports / made.name).read_bytes()
    assert (tmp_path / "backup.zip").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "backup.zip").read_bytes() == (workspace.backups / backed_up.name).read_bytes()
    assert isinstance(answers["face"], bytes)


def _fits(kind: Any, schema: dict[str, Any], schemas: dict[str, Any], where: str) -> None:
    """AssertionError where a record and the description of JSON differ."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    either: list[dict[str, Any]] = schema.get("oneOf", [])
    says: str | list[str] = schema.get("type", "object")
    nullable = "null" in says or {"type": "null"} in either
    options = get_args(kind) if type(None) in get_args(kind) else (kind,)
    assert (type(None) in options) == nullable, where
    (kind,) = (each for each in options if each is not type(None))
    (name,) = [says] if isinstance(says, str) else [each for each in says if each != "null"]
    if either:
        _fits(kind, next(each for each in either if each != {"type": "null"}), schemas, where)
    elif is_dataclass(kind):
        hints = get_type_hints(kind)
        assert {json_name(each) for each in hints} == set(schema["properties"]), where
        for each, hint in hints.items():
            _fits(hint, schema["properties"][json_name(each)], schemas, f"{where}.{each}")
    elif get_origin(kind) is tuple:
        assert name == "array", where
        if get_args(kind)[-1] is Ellipsis:
            _fits(get_args(kind)[0], schema["items"], schemas, where)
    elif get_origin(kind) is Literal:
        assert set(get_args(kind)) == {word for word in schema["enum"] if word is not None}, where
    else:
        plain = {"integer": int, "number": float, "string": str, "boolean": bool, "object": dict}
        assert plain[name] is (get_origin(kind) or kind), where


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (records.Page, "Page"), (records.FaceDetails, "Sample"), (records.Lease, "Lease"),
        (records.Recorded, "Recorded"), (records.History, "History"), (records.Classes, "Classes"),
        (records.Rounds, "Rounds"), (records.Exported, "Exported"), (records.BackupMade, "BackupMade"),
        (records.Health, "Health"), (records.Ready, "Ready"),
    ],
)  # fmt: skip
def test_records_are_what_the_server_describes(kind: Any, name: str) -> None:
    schemas = openapi()["components"]["schemas"]
    _fits(kind, schemas[name], schemas, name)


def test_an_answer_whose_acknowledgement_is_lost_counts_once(scene: Scene) -> None:
    client = scene.client()
    face = client.page(1, limit=1).items[0]
    scene.app.path, scene.app.lost = "/api/decisions", 2
    decision = Decision.keep(1, face)
    assert client.decide([decision]).saved == (decision.id,)
    assert scene.app.asked == 3
    assert rows(scene.workspace, "SELECT id, sample_id FROM decision") == [(decision.id, face.sample)]
    scene.app.lost = 1
    with pytest.raises(ClientError) as refused:
        Client(scene.url, scene.token("bob"), patience_s=0).decide([decision])
    assert (refused.value.status, refused.value.code) == (503, "not_ours")


def test_a_backup_whose_acknowledgement_is_lost_is_not_made_again(scene: Scene) -> None:
    """With `keep`, the newest of that many stay, and the answer says which went."""
    lea = scene.client("lea", "lead")
    lea.health()  # once the server listens
    scene.app.path, scene.app.lost = "/api/backup", 1
    with pytest.raises(ClientError) as refused:
        lea.make_backup()
    assert (refused.value.status, scene.app.asked) == (503, 1)
    (first,) = [file.name for file in scene.workspace.backups.iterdir()]
    made = lea.make_backup(keep=1)
    assert (made.removed, made.fuller) == ((first,), ())
    older = {"removed": [first], "fuller": []}
    assert [each.as_dict() | older for each in backups_in(scene.workspace.backups)] == [asdict(made) | older]
    assert made.by == "lea"
    assert rows(scene.workspace, "SELECT what FROM event WHERE what = 'backup made'") == [("backup made",)] * 2


def test_refusals_are_exceptions_with_a_code(scene: Scene, tmp_path: Path) -> None:
    ann = scene.client()
    for call, status, code in (
        (lambda: ann.history(9), 404, "no_round"),
        (lambda: ann.make_export(), 403, "role"),
        (lambda: ann.make_backup(), 403, "role"),
        (lambda: ann.export("csv-r1-d1.csv", tmp_path / "x.csv"), 403, "role"),
        (lambda: ann.page(1, limit=0), 400, "bad_request"),
        (lambda: Client(scene.url, "scn_wrong").classes(), 401, "access_token_wrong"),
        (lambda: Client(f"{scene.url}/elsewhere", "scn_wrong").classes(), 404, "not_ours"),
        (lambda: Client(f"http://127.0.0.1:{free_port()}", patience_s=0).health(), 0, "unreachable"),
    ):
        with pytest.raises(ClientError) as refused:
            call()
        assert (refused.value.status, refused.value.code) == (status, code)
        assert (len(refused.value.request_id), bool(str(refused.value))) == (32 if status else 0, True)
    assert list(tmp_path.glob("x.csv*")) == []
    for url in ("", "127.0.0.1:8501", "file:///etc/passwd"):
        with pytest.raises(UsageError):
            Client(url or "x", "scn_x")


def test_a_token_goes_to_no_other_address(scene: Scene) -> None:
    """A redirect is refused, not followed: urllib would send the token along."""
    heard: list[dict[bytes, bytes]] = []

    async def listen(scope: Scope, receive: Receive, send: Send) -> None:
        heard.append(dict(scope["headers"]))
        headers = [(b"location", f"{scene.url}/api/classes".encode())]
        await send({"type": "http.response.start", "status": 302, "headers": headers})
        await send({"type": "http.response.body"})

    with listening(listen) as url, pytest.raises(ClientError) as refused:
        Client(url, scene.token("ann")).classes()
    assert refused.value.status == 302
    assert f"{url}/api/classes redirects to {scene.url}/api/classes, and no redirect is followed" in str(refused.value)
    assert len(heard) == 1
    assert rows(scene.workspace, "SELECT used_at FROM access_token") == [(None,)]


async def nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    """As nginx answers plain HTTP at a port for https."""
    await send({"type": "http.response.start", "status": 400, "headers": [(b"content-type", b"text/html")]})
    await send({"type": "http.response.body", "body": b"The plain HTTP request was sent to HTTPS port"})


def test_an_address_with_the_wrong_scheme_or_an_unknown_authority_says_how_to_mend_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(url: str) -> str:
        with pytest.raises(ClientError) as refused:
            Client(url).health()  # which waits for the server to listen
        return f"{refused.value.code}: {refused.value}"

    with listening(nothing_here) as url:
        assert "answered 400 Bad Request; where the server is reached by https, give its address with" in said(url)
        assert re.search("^insecure: .*does not speak https there", said(url.replace("http:", "https:")))
    file = certificate(tmp_path)
    with listening(nothing_here, file) as plain:
        url = plain.replace("http:", "https:")
        assert "set SSL_CERT_FILE to a file with the certificate of that authority" in said(url)
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        assert said(url).startswith("not_ours: the server answered 400")


def test_the_queue_as_an_iterator(scene: Scene) -> None:
    client = scene.client()
    leased = "SELECT count(*) FROM queue_item WHERE lease_person IS NOT NULL"
    first = []
    for face in client.faces(1, batch=4):
        first.append(face.sample)
        if len(first) == 6:
            assert rows(scene.workspace, leased) == [(8,)]
            break
    assert rows(scene.workspace, leased) == [(0,)]
    answered = []
    for face in client.faces(1, batch=20):
        client.decide([Decision.relabel(1, face, 0) if face.blind else Decision.keep(1, face)])
        answered.append(face.sample)
    assert answered[:6] == first
    assert client.page(1, limit=5).items == ()
    listed = [face.sample for face in client.faces(1, QueueFilter(state="answered"), batch=7)]
    assert sorted(listed) == sorted(set(answered))
    assert list(client.faces(1)) == []


def test_a_round_is_waited_for(scene: Scene) -> None:
    client = scene.client()
    assert client.wait_for_round() == records.Round(1, "review")
    with scene.workspace.database() as db:
        number = start_round(db, {"epochs": 3}, code_version="test")
        with pytest.raises(ClientError, match=r"found round 2 still running after 0 s; wait longer$") as refused:
            client.wait_for_round(timeout_s=0)
        assert refused.value.code == "timed_out"
        with pytest.raises(ClientError, match=r"found no round 3 after 0 s; wait longer$"):
            client.wait_for_round(3, timeout_s=0)
        options = ["client", "--url", scene.url, "wait", "--timeout", "0"]
        environment = {"REVIEW_TOKEN": scene.token("bob") + "\n"}
        assert CliRunner().invoke(cli, options, env=environment).exit_code == TIMED_OUT
        fail_round(db, number, "the disk is full")
    assert client.wait_for_round(2, every_s=0.1) == records.Round(2, "failed")


def test_the_commands_say_it_as_text_and_as_json(scene: Scene, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(scene.token("lea", "lead") + "\n")

    def run(*words: str, code: int = 0) -> str:
        told = ["client", "--url", scene.url, "--token-file", str(token), *words]
        done = CliRunner().invoke(cli, told, standalone_mode=False)
        assert (done.exception is None) == (code == 0), done.exception
        return done.stdout if code == 0 else str(done.exception)

    shown = json.loads(run("next", "--count", "60", "--json"))["items"]
    accepted = next(face for face in shown if face["proposed"] is not None)
    kept, other = [face for face in shown if not face["blind"] and face is not accepted][:2]
    assert run("next", "--count", "2").count("\n") == 2
    said = json.loads(run("status", "--json"))
    assert said["ready"] is True
    assert said["in_review"][0]["checked"] == 0
    done = json.loads(run("decide", str(accepted["sample"]), "accept", "--json"))
    assert (len(done["saved"]), done["refused"]) == (1, [])
    run("decide", str(kept["sample"]), "keep")
    name = scene.client("bob").classes().classes[other["given"]].name
    run("decide", str(other["sample"]), "relabel", "--label", name.upper())
    assert "1 to review" not in run("status")
    assert "3 answered by you" in run("status")
    assert "found 'joyous'" in run("decide", str(kept["sample"]), "relabel", "--label", "joyous", code=2)
    assert "no face 99999" in run("decide", "99999", "keep", code=1)
    chosen = rows(scene.workspace, "SELECT sample_id, action, label FROM decision ORDER BY seq")
    assert chosen == [
        (accepted["sample"], "accept", accepted["proposed"]), (kept["sample"], "keep", kept["given"]),
        (other["sample"], "relabel", other["given"]),
    ]  # fmt: skip
    gone = str(tmp_path / "gone/labels.csv")
    assert "--out: found no folder" in run("export", "--out", gone, code=2)
    assert not scene.workspace.exports.exists(), "nothing is made that cannot be kept"
    made = json.loads(run("export", "--out", str(tmp_path / "labels.csv"), "--json"))
    assert Path(made["file"]).stat().st_size == made["bytes"]
    ((told,),) = rows(scene.workspace, "SELECT about FROM event WHERE what = 'labels exported'")
    assert json.loads(told) == {"format": "csv", "revision": made["revision"], "file": made["name"]}
    assert run("wait") == "round 1: review\n"
    with scene.workspace.database() as db:
        fail_round(db, start_round(db, {"epochs": 3}, code_version="test"), "the disk is full")
    assert "failed" in run("wait", code=1)


def test_importing_it_takes_little() -> None:
    heavy = "{'streamlit', 'pandas', 'torch', 'starlette', 'scipy', 'PIL'}"
    code = f"import sys; from review_app.client import Client; print(*sorted({heavy} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == ""


def test_decisions_are_made_of_faces_and_taken_back(scene: Scene) -> None:
    client = scene.client()
    faces = client.page(1, limit=4).items
    made = [Decision.unsure(1, faces[0]), Decision.exclude(1, faces[1]), Decision.skip(1, faces[2])]
    assert client.decide(made).refused == ()
    newest = client.history(1).undo[0].decisions[0]
    assert client.decide([Decision.undo(1, newest), Decision.undo(1, made[0])]).refused == ()
    assert rows(scene.workspace, "SELECT sample_id, action, label, undoes FROM decision ORDER BY seq") == [
        (faces[0].sample, "unsure", None, None), (faces[1].sample, "exclude", None, None),
        (faces[2].sample, "skip", None, None), (faces[2].sample, "undo", None, made[2].id),
        (faces[0].sample, "undo", None, made[0].id),
    ]  # fmt: skip


def test_help_shows_its_names() -> None:
    told = pydoc.plain(pydoc.render_doc(review_app.client))
    assert all(f"class {name}(" in told for name in ("Client", "ClientError", "Decision", "Face", "QueueFilter"))
