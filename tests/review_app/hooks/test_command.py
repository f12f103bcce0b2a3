"""`python -m review_app hooks ...`"""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from review_app.cli import cli
from review_app.server import prepare
from review_app.server_lock import only_server
from scn_core.errors import ScnError, UsageError, WorkspaceError
from scn_core.store.events import events
from scn_core.store.hook_delivery import hook_states, next_message, note_failed
from scn_core.store.rounds.states import close_round
from scn_core.workspace.folder import Workspace
from tests.review_app.hooks.receiver import SECRET, Receiver


@pytest.fixture
def hooked(workspace: Workspace, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    table = f'\n[[hooks]]\nname = "ci"\nurl = "{receiver.url}"\nallow_http = true\nsecret_env = "HOOK_SECRET"\n'
    with workspace.settings_file.open("a", encoding="utf-8") as file:
        file.write(table)
    return workspace


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, ["hooks", *map(str, words)])


def test_a_hook_can_be_tried_before_any_server_ran(hooked: Workspace, receiver: Receiver) -> None:
    assert "not known to the server" in run("list", hooked.path).output
    assert run("test", hooked.path, "CI").output.endswith("has it, HTTP status 204\n")
    (got,) = receiver.got
    assert (got.said["type"], got.is_signed_by(SECRET)) == ("ping", True)
    secret, settings = hooked.path / "hook.secret", hooked.settings_file.read_text(encoding="utf-8")
    secret.write_text(SECRET)
    from_file = settings.replace('secret_env = "HOOK_SECRET"', 'secret_file = "hook.secret"')
    hooked.settings_file.write_text(from_file, encoding="utf-8")
    for mode, warned in ((0o644, True), (0o600, False)):
        secret.chmod(mode)
        assert (f"{secret}: found a secret in a file of mode 644" in run("test", hooked.path, "ci").output) == warned
    receiver.will(500)
    failed = run("test", hooked.path, "ci")
    assert (type(failed.exception), str(failed.exception).endswith("HTTP status 500")) == (WorkspaceError, True)
    unknown = run("test", hooked.path, "cd")
    assert (type(unknown.exception), "allowed: ci" in str(unknown.exception)) == (UsageError, True)


def test_what_waits_is_listed_and_sent_again(hooked: Workspace) -> None:
    prepare(hooked.path)
    assert "no messages yet" in run("log", hooked.path, "ci").output
    with hooked.database() as db:
        close_round(db, 1)
        message = next_message(db, "ci", 2e9, longest_wait_s=1)
        assert message is not None
        note_failed(db, message, "HTTP status 500", None)
    listed = run("list", hooked.path).output
    assert "given up; nothing delivered yet; 1 message and 0 faces to send: HTTP status 500" in listed
    assert "?of=us" not in listed, "what may be a secret of the receiver"
    (plain,) = json.loads(run("list", hooked.path, "--json").output)
    assert (plain["name"], plain["now"]["state"], plain["now"]["waiting"]) == ("ci", "given up", 1)
    logged = run("log", hooked.path, "ci").output
    assert f"{message.message}  waits, 1 try: HTTP status 500" in logged
    assert logged.startswith(f"{message.at[:10]} {message.at[11:19]} UTC  round.closed")
    (plain,) = json.loads(run("log", hooked.path, "ci", "--limit", 5, "--json").output)
    assert (plain["event"], plain["data"]) == ("round.closed", {"round": 1})
    waiting = "hook ci: 1 message to send; "
    assert run("retry", hooked.path, "ci").output == f"{waiting}no server runs now, the next one begins with it\n"
    with only_server(hooked):
        assert run("retry", hooked.path, "ci").output == f"{waiting}the server begins within seconds\n"
    assert run("retry", hooked.path, "ci").output == f"{waiting}no server runs now, the next one begins with it\n"
    assert run("retry", hooked.path, "ci", "--skip").output.startswith("hook ci: no message waits; it is told what")
    assert run("retry", hooked.path, "ci", "--skip").exit_code == 0, "there is none any more"
    with hooked.database(read_only=True) as db:
        assert events(db, limit=2)[1].words == "webhook retried, hook ci, skipped 1"
        assert [state.words for state in hook_states(db)] == ["delivering"]


def test_a_server_does_not_start_without_the_secret(hooked: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", "whsec_c2hvcnQ=")
    with pytest.raises(ScnError, match="HOOK_SECRET: found a secret of another form"):
        prepare(hooked.path)


def test_without_hooks_that_is_said(workspace: Workspace) -> None:
    assert "no hooks" in run("list", workspace.path).output
