"""`python -m review_app serve` as a real process: how it starts, what it refuses, how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest
from websockets.sync.client import connect

from review_app import cli
from review_app.auth.passwords import hash_password
from review_app.server import prepare
from review_app.server_lock import only_server
from review_app.settings import AuthMode
from scn_core.errors import ScnError, UsageError, WorkspaceError
from scn_core.shell import command_line
from scn_core.store.people.people import add_person
from scn_core.store.rounds.states import close_round
from scn_core.workspace.folder import Workspace
from tests.review_app.hooks.receiver import SECRET, Receiver
from tests.review_app.visitor import PASSWORD

REPOSITORY = Path(__file__).parents[2]
PATIENCE_S = 60
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ", re.MULTILINE)


class Server:
    """The process, and where it says it is."""

    def __init__(self, workspace: Workspace, *options: str) -> None:
        """Its home folder is as that of another user: its files cannot be opened, by root neither."""
        home = workspace.path.with_name("home")
        (home / ".streamlit").mkdir(parents=True, exist_ok=True)
        for name in ("secrets.toml", "credentials.toml"):
            with suppress(FileExistsError):
                (home / ".streamlit" / name).symlink_to("x" * 300)
        command = [sys.executable, "-m", "review_app", "serve", str(workspace.path), "--port", "0", *options]
        self.process = subprocess.Popen(
            command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | {"HOME": str(home)},
        )  # fmt: skip
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", self.said)
        assert found, self.said + self.end(signal.SIGKILL)[1]
        self.url, self.port = found.group(), int(found.group(1))

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=PATIENCE_S) as answer:
            return bytes(answer.read())

    def sign_in(self, name: str) -> str:
        """The cookie of a new session."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)) as asked:
            asked.request("POST", "/login", urlencode({"name": name}), {"Origin": self.url.rstrip("/")})
            with asked.getresponse() as answer:
                return str(answer.getheader("Set-Cookie")).partition(";")[0]

    def end(self, how: signal.Signals) -> tuple[int, str]:
        """Exit code, and what it wrote to standard error, without the times."""
        self.process.send_signal(how)
        _, self.err = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, TIME.sub("", self.err)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    started: list[Server] = []

    def start(workspace: Workspace, *options: str) -> Server:
        started.append(Server(workspace, *options))
        return started[-1]

    yield start
    for server in started:
        server.process.kill()
        server.process.communicate()


def test_it_starts_answers_and_ends(serve: Callable[..., Server], workspace: Workspace) -> None:
    server = serve(workspace)
    health = json.loads(server.get("health"))
    assert (health["ok"], health["round"]) == (True, 1)
    assert b"<title>Streamlit</title>" in server.get("")
    assert stat.S_IMODE((workspace.path / "secret.key").stat().st_mode) == 0o600
    told = re.escape(f"is served already at {server.url}, process {server.process.pid}: open that address")
    with pytest.raises(WorkspaceError, match=told), only_server(workspace):
        pass
    assert server.end(signal.SIGINT) == (0, "stopped\n")
    assert TIME.match(server.err)
    again = serve(workspace)
    assert json.loads(again.get("health"))["workspace"] == health["workspace"]
    assert again.end(signal.SIGTERM) == (0, "stopped\n")


def test_it_tells_hooks_what_others_do_and_ends_while_one_hangs(
    serve: Callable[..., Server], workspace: Workspace
) -> None:
    receiver = Receiver().listen()
    receiver.will(receiver.hang)
    (workspace.path / "hook.secret").write_text(SECRET, encoding="ascii")
    table = f'\n[[hooks]]\nname = "ci"\nurl = "{receiver.url}"\nallow_http = true\nsecret_file = "hook.secret"\n'
    with workspace.settings_file.open("a", encoding="utf-8") as file:
        file.write(table)
    try:
        server = serve(workspace)
        with workspace.database() as db:
            close_round(db, 1)
        got = receiver.came.get(timeout=PATIENCE_S)
        assert (got.said["type"], got.is_signed_by(SECRET)) == ("round.closed", True)
        assert got.said["workspace"] == json.loads(server.get("health"))["workspace"]
        assert server.end(signal.SIGTERM) == (0, "stopped\n")
    finally:
        receiver.close()


def test_ctrl_c_ends_it_with_a_browser_connected(serve: Callable[..., Server], workspace: Workspace) -> None:
    server = serve(workspace)
    stream = f"ws://127.0.0.1:{server.port}/_stcore/stream"
    cookie = {"Cookie": server.sign_in("ann")}
    with (
        closing(socket.create_connection(("127.0.0.1", server.port))) as idle,
        connect(stream, origin=None, additional_headers=cookie) as browser,
    ):
        idle.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert idle.recv(100).startswith(b"HTTP/1.1 200")
        browser.send(b"\x5a\x00")  # rerun_script: the app runs for this session
        assert browser.recv(timeout=PATIENCE_S)
        code, err = server.end(signal.SIGINT)
    assert (code, err.splitlines()[-1]) == (0, "stopped")
    assert "Traceback" not in err


def test_an_impatient_ctrl_c_is_no_traceback(serve: Callable[..., Server], workspace: Workspace) -> None:
    server = serve(workspace)
    server.process.send_signal(signal.SIGINT)
    code, err = server.end(signal.SIGINT)
    assert (code, err) == (0, "stopped\n")


def test_it_starts_with_openid_and_leads_nobody_to_a_form(serve: Callable[..., Server], workspace: Workspace) -> None:
    (workspace.path / "secrets.toml").write_text(AUTH + PROVIDER, encoding="utf-8")
    server = serve(workspace, "--auth", "oidc")
    request = urllib.request.Request(server.url, headers={"Accept": "text/html"})
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        assert answer.url == server.url
    assert b"OpenID" in server.get("login")
    assert server.end(signal.SIGINT) == (0, "stopped\n")


def test_all_addresses_without_a_name_is_warned_of(serve: Callable[..., Server], workspace: Workspace) -> None:
    with workspace.database() as db:
        add_person(db, "bob", "lead", hash_password(PASSWORD))
    code, err = serve(workspace, "--auth", "password", "--host", "0.0.0.0").end(signal.SIGINT)
    assert (code, err.splitlines()[0][:36]) == (0, "it answers to this machine alone; to")
    named = serve(workspace, "--auth", "password", "--host", "0.0.0.0", "--allow-host", "review.example.org")
    request = urllib.request.Request(named.url + "health", headers={"Host": "review.example.org"})
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        assert json.load(answer)["ok"]
    assert named.process.stdout is not None
    assert named.process.stdout.readline() == "to others, as behind a proxy: review.example.org/\n"
    assert named.end(signal.SIGINT) == (0, "stopped\n")


def test_a_taken_port_is_told_and_no_other_is_used(workspace: Workspace) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "review_app", "serve", str(workspace.path), "--port", str(port)]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"cannot listen at 127.0.0.1 port {port}: Address already in use" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.7.7", "review.example.org"])
def test_other_addresses_need_accounts(
    workspace: Workspace, host: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["review_app", "serve", str(workspace.path), "--host", host])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert f"--host: found {host} with --auth none" in err
    assert f"{command_line('person', 'add', workspace.path, 'NAME', program='review_app')} --role lead" in err
    assert "--auth password" in err
    assert not (workspace.path / "secret.key").exists()


def test_accounts_need_somebody(workspace: Workspace) -> None:
    with pytest.raises(ScnError, match=r"found nobody who could sign in; first: .* person add"):
        prepare(workspace.path, auth="password")
    with workspace.database() as db:
        add_person(db, "ann", "lead")
    with pytest.raises(ScnError, match="found nobody"):
        prepare(workspace.path, auth="password")
    with workspace.database() as db:
        add_person(db, "bob", "annotator", hash_password(PASSWORD))
    assert prepare(workspace.path, auth="password", host="0.0.0.0").host == "0.0.0.0"


AUTH = """
[auth]
redirect_uri = "http://localhost:8501/oauth2callback"
cookie_secret = "a long one"
"""
PROVIDER = """client_id = "x"
client_secret = "y"
server_metadata_url = "https://id.example.org/.well-known/openid-configuration"
"""


@pytest.mark.parametrize(
    ("secrets", "message"),
    [
        (None, r"--auth oidc: found no secrets; allowed: .*secrets.toml with a table \[auth\] of redirect_uri"),
        ("[auth", "not valid TOML"),
        ("auth = " + "[" * 2_000, "not valid TOML"),
        ("[other]\nx = 1\n", r"table \[auth\] lacks redirect_uri, cookie_secret, client_id"),
        (AUTH, r"table \[auth\] lacks client_id, client_secret, server_metadata_url; add it"),
        (AUTH + PROVIDER, None),
        (AUTH + "[auth.mine]\n" + PROVIDER, None),
    ],
)
def test_openid_needs_its_secrets(
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    secrets: str | None,
    message: str | None,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    if secrets is not None:
        (workspace.path / "secrets.toml").write_text(secrets, encoding="utf-8")
    if message is None:
        assert prepare(workspace.path, auth="oidc").auth == "oidc"
    else:
        with pytest.raises(ScnError, match=message):
            prepare(workspace.path, auth="oidc")


@pytest.mark.parametrize("auth", ["none", "password"])
def test_no_workspace_no_server(tmp_path: Path, auth: AuthMode) -> None:
    with pytest.raises(ScnError, match=r"found no workspace\.toml"):
        prepare(tmp_path, auth=auth)
    assert list(tmp_path.iterdir()) == []


def test_others_may_not_read_the_secret(workspace: Workspace) -> None:
    prepare(workspace.path)
    (workspace.path / "secret.key").chmod(0o644)
    with pytest.raises(ScnError, match="others may read it"):
        prepare(workspace.path)


def test_loopback_needs_no_accounts(workspace: Workspace) -> None:
    for host in ("127.0.0.1", "localhost", "::1"):
        assert prepare(workspace.path, host=host).auth == "none"
    with pytest.raises(UsageError):
        prepare(workspace.path, host="127.0.0.1.evil.test")


def test_the_server_never_imports_torch() -> None:
    code = "import sys, review_app.server, review_app.cli; print('torch' in sys.modules, 'torchvision' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"
