"""`python -m review_app person ...` as people and scripts use it."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from review_app import cli
from review_app.auth.passwords import is_password
from scn_core.store import connection
from scn_core.store.people.people import add_person, find_person, password_hash, set_password_hash
from scn_core.store.people.sessions import session_person, start_session
from scn_core.workspace.folder import Workspace
from tests.another_writer import AnotherWriter
from tests.review_app.visitor import PASSWORD, contents

REPOSITORY = Path(__file__).parents[3]


class Done(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """run('person', 'list', ws, stdin='...')"""

    def _run(*arguments: object, stdin: str = "") -> Done:
        monkeypatch.setattr(sys, "argv", ["review_app", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        code: object = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code or 0
        assert isinstance(code, int)
        return Done(code, *capsys.readouterr())

    return _run


def stored_hash(workspace: Workspace, name: str) -> str | None:
    with workspace.database() as db:
        person = find_person(db, name)
        assert person is not None
        return password_hash(db, person.id)


def is_signed_in(workspace: Workspace, name: str) -> None:
    """Without a password, as with OpenID."""
    with workspace.database() as db:
        person = find_person(db, name)
        assert person is not None
        start_session(db, person.id, "0" * 64, 1)


@pytest.mark.parametrize("change", [("role", "annotator"), ("deactivate",)])
def test_the_last_lead_stays(run: Run, empty: Workspace, change: tuple[str, ...]) -> None:
    what, *role = change
    for name, of in (("ann", "lead"), ("bob", "lead"), ("cid", "annotator")):
        run("person", "add", empty.path, name, "--role", of, "--no-password")
    assert run("person", what, empty.path, "bob", *role).code == 0
    refused = run("person", what, empty.path, "ann", *role)
    assert (refused.code, refused.out) == (1, "")
    assert "found ann, the only lead; allowed: somebody beside whom there is another; first: " in refused.err
    assert "person role" in refused.err
    assert run("person", what, empty.path, "cid", *role).code == 0


@pytest.mark.parametrize("change", [("role", "annotator"), ("deactivate",), ("erase", "--yes")])
def test_a_lead_who_cannot_sign_in_is_not_another_lead(run: Run, empty: Workspace, change: tuple[str, ...]) -> None:
    """An account for scripts, as Prometheus has one."""
    what, *rest = change
    for name in ("ann", "bob"):
        run("person", "add", empty.path, name, "--role", "lead", "--password-stdin", stdin=PASSWORD)
    run("person", "add", empty.path, "prometheus", "--role", "lead", "--no-password")
    run("token", "add", empty.path, "prometheus")
    assert run("person", what, empty.path, "bob", *rest).code == 0
    refused = run("person", what, empty.path, "ann", *rest)
    assert (refused.code, refused.out) == (1, "")
    assert "found ann, the only lead who can sign in with a password, which prometheus cannot; " in refused.err
    assert run("person", what, empty.path, "prometheus", *rest).code == 0


def test_where_no_password_is_asked_for_leads_without_one_count(run: Run, empty: Workspace) -> None:
    """A server with OpenID or --auth none: whoever is signed in can be, and whoever has no token may be."""
    ws = empty.path
    for name in ("ann", "bob", "prometheus"):
        run("person", "add", ws, name, "--role", "lead", "--no-password")
    run("token", "add", ws, "prometheus")
    assert run("person", "deactivate", ws, "bob").code == 0
    assert "which prometheus cannot" in run("person", "deactivate", ws, "ann").err
    run("person", "activate", ws, "bob")
    run("token", "add", ws, "bob")
    is_signed_in(empty, "bob")
    assert run("person", "password", ws, "ann", "--password-stdin", stdin=PASSWORD).code == 0
    assert run("person", "deactivate", ws, "ann").code == 0


def test_add_list_and_change(run: Run, empty: Workspace) -> None:
    ws = empty.path
    assert run("person", "list", ws).out.startswith("nobody yet; next: python -m review_app person add")
    done = run("person", "add", ws, "Ann", "--role", "lead", "--password-stdin", stdin=PASSWORD + "\n")
    assert done == Done(0, "added Ann, lead\n", "")
    assert run("person", "add", ws, "bob@example.org", "--no-password").out == "added bob@example.org, annotator\n"
    assert run("person", "role", ws, "bob@example.org", "lead").code == 0
    is_signed_in(empty, "bob@example.org")
    assert run("person", "deactivate", ws, "ann").code == 0
    listed = [line.split() for line in run("person", "list", ws).out.splitlines()]
    assert listed == [
        ["Ann", "lead", "password", "not", "active"],
        ["bob@example.org", "lead", "no", "password"],
    ]
    assert run("person", "activate", ws, "ann").code == 0
    assert "not active" not in run("person", "list", ws).out
    assert PASSWORD not in "\n".join(contents(empty))
    assert is_password(stored_hash(empty, "ann"), PASSWORD)


@pytest.mark.parametrize("command", ["password", "deactivate"])
def test_a_change_signs_out_everywhere(run: Run, empty: Workspace, command: str) -> None:
    run("person", "add", empty.path, "ann", "--password-stdin", stdin=PASSWORD)
    with empty.database() as db:
        person = find_person(db, "ann")
        assert person is not None
        start_session(db, person.id, "hash", 12)
        assert session_person(db, "hash") == person
    options = ["--password-stdin"] if command == "password" else []
    assert run("person", command, empty.path, "ann", *options, stdin="another long one\n").code == 0
    if command == "password":
        assert is_password(stored_hash(empty, "ann"), "another long one")
    else:
        run("person", "activate", empty.path, "ann")
    with empty.database() as db:
        assert session_person(db, "hash") is None


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "message"),
    [
        (["add", "WS", "ann", "--password-stdin"], "short\n", 2, "password: found 5 characters; allowed: 10 to 200"),
        (["add", "WS", "ann", "--password-stdin"], "", 2, "password: found 0 characters"),
        (["add", "WS", "ann"], "", 2, "found no terminal to ask at; allowed: --password-stdin"),
        (["add", "WS", "ann", "--password-stdin", "--no-password"], PASSWORD, 2, "--no-password"),
        (["add", "WS", "", "--no-password"], "", 1, "found a name of 0 characters"),
        (["add", "WS", "a\nb", "--no-password"], "", 1, "printable"),
        (["add", "WS", "ann", "--role", "admin", "--no-password"], "", 2, "'admin' is not one of 'annotator', 'lead'"),
        (["role", "WS", "nobody", "lead"], "", 1, "found no person 'nobody'; allowed: nobody yet"),
        (["deactivate", "WS", "nobody"], "", 1, "nobody yet; add them with python -m review_app person add "),
        (["list", "no/such/place"], "", 1, "found no workspace.toml"),
    ],
)
def test_wrong_use_changes_nothing(
    run: Run, empty: Workspace, arguments: list[str], stdin: str, code: int, message: str
) -> None:
    before = contents(empty)
    done = run("person", *[str(empty.path) if a == "WS" else a for a in arguments], stdin=stdin)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
    assert contents(empty) == before


def test_a_name_is_added_once(run: Run, empty: Workspace) -> None:
    run("person", "add", empty.path, "ann", "--no-password")
    done = run("person", "add", empty.path, "ANN", "--no-password")
    assert done.code == 1
    assert "found a person ANN already; allowed: a new name" in done.err


@pytest.mark.parametrize(
    "command", [("person", "role", "WS", "ann", "lead"), ("token", "add", "WS", "ann")], ids=["person", "token"]
)
def test_commands_wait_for_other_programs_that_write(
    run: Run, empty: Workspace, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    run("person", "add", empty.path, "ann", "--no-password")
    monkeypatch.setattr(connection, "PATIENT_TRY_MS", 20)
    with AnotherWriter(empty) as other:
        monkeypatch.setattr("scn_core.workspace.folder.say_waiting", lambda text: other.release())
        assert run(*(empty.path if part == "WS" else part for part in command)).code == 0


def test_tokens_are_made_listed_and_revoked(run: Run, empty: Workspace) -> None:
    ws = empty.path
    run("person", "add", ws, "ann", "--no-password")
    assert run("token", "list", ws).out == f"no tokens; next: python -m review_app token add {ws} NAME\n"
    assert f"add them with python -m review_app person add {ws} cat" in run("token", "add", ws, "cat").err
    made = run("token", "add", ws, "Ann", "--label", "nightly export", "--days", "30")
    assert re.fullmatch(r"scn_[\w-]{43}\n", made.out), "alone on standard output, for scripts"
    assert re.fullmatch(r"token 1 of ann, good until 20.* UTC; keep it secret, it is not shown again\n", made.err)
    assert run("token", "add", ws, "ann").err.startswith("token 2 of ann, good until it is revoked")
    listed = run("token", "list", ws, "ann").out
    assert re.search(r"^1 +ann +made 20.* not used yet +ends 20.* nightly export$", listed, re.MULTILINE)
    assert made.out.strip() not in listed + "\n".join(contents(empty))
    assert run("token", "revoke", ws, 1).out == "revoked token 1 of ann: nightly export\n"
    again = run("token", "revoke", ws, 1)
    assert (again.code, again.out) == (1, "")
    assert "found no access token 1; it may be revoked already" in again.err
    assert len(run("token", "list", ws).out.splitlines()) == 1


@pytest.mark.parametrize(("second", "code"), [(PASSWORD, 0), ("something else", 1)])
def test_a_terminal_is_asked_twice_and_shows_nothing(empty: Workspace, second: str, code: int) -> None:
    terminal, inside = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "review_app", "person", "add", str(empty.path), "ann"],
        cwd=REPOSITORY, stdin=inside, stdout=inside, stderr=inside, start_new_session=True,
        preexec_fn=_own_terminal,
    )  # fmt: skip
    os.close(inside)
    seen = b""
    for asked, answer in ((b"characters):", PASSWORD), (b"again:", second)):
        while asked not in seen:
            seen += os.read(terminal, 1000)
        os.write(terminal, answer.encode() + b"\n")
    if code:
        process.terminate()  # it asks once more
        process.wait(60)
    else:
        assert process.wait(60) == 0
    os.close(terminal)
    assert PASSWORD.encode() not in seen
    with empty.database() as db:
        assert (find_person(db, "ann") is not None) == (code == 0)


def _own_terminal() -> None:
    """click asks at the controlling terminal, as getpass does."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_an_erased_person_is_in_no_file_that_is_not_named(workspace: Workspace, run: Run) -> None:
    """Neither in free pages nor in the -wal, while a server has the database open; what is left is said."""
    name, hashed = "Evelyn Example", "$argon2id$of-her-password"
    (workspace.path / "trainer.json").write_text(f'{{"by": "{name}"}}')
    (workspace.path / "replaced-2026-11-27-161337").mkdir()
    with workspace.database() as server:
        eve = add_person(server, name, "annotator", hashed)
        unasked = run("person", "erase", workspace.path, name)
        assert (unasked.code, unasked.out) == (2, "")
        assert f"no terminal to ask at. The name {name} goes, with password, sessions and access tok" in unasked.err
        assert find_person(server, name) == eve
        set_password_hash(server, eve.id, f"{hashed}-2")
        done = run("person", "erase", workspace.path, name, "--yes")
        found = {path.name for path in workspace.path.rglob("*") if path.is_file() for said in (name, hashed)
                 if said.encode() in path.read_bytes()}  # fmt: skip
    assert done.code == 0, done.err
    assert found == {"trainer.json"}
    assert "by hand:\n  trainer.json\n  replaced-2026-11-27-161337\n" in done.out
    assert "stop the server" not in done.out


def test_one_password_in_several_workspaces_is_one_hash(run: Run, empty: Workspace, workspace: Workspace) -> None:
    """As the server of many workspaces then needs one check."""
    both = (empty.path, workspace.path)
    done = run("person", "add", *both, "ada", "--role", "lead", "--password-stdin", stdin=PASSWORD + "\n")
    assert done.out == "".join(f"added ada, lead to {path}\n" for path in both)
    first = stored_hash(empty, "ada")
    assert is_password(first, PASSWORD)
    assert stored_hash(workspace, "ada") == first
    done = run("person", "password", *both, "ada", "--password-stdin", stdin="another horse battery\n")
    assert done.out.count("ada has another password in ") == 2
    assert stored_hash(empty, "ada") == stored_hash(workspace, "ada") != first


def test_a_name_that_one_of_several_workspaces_has_is_added_to_none(
    run: Run, empty: Workspace, workspace: Workspace
) -> None:
    run("person", "add", workspace.path, "ada", "--no-password")
    refused = run("person", "add", empty.path, workspace.path, "ada", "--no-password")
    assert (refused.code, refused.out) == (1, "")
    assert (
        f"error: {workspace.path}: found a person ada already, and nothing was done; allowed: a new name, or other "
        in refused.err
    )
    assert run("person", "password", workspace.path, empty.path, "ada", "--password-stdin", stdin=PASSWORD).code == 1
    with empty.database() as db:
        assert find_person(db, "ada") is None
    assert stored_hash(workspace, "ada") is None


def test_a_folder_of_workspaces_lists_the_people_of_each(run: Run, workspace: Workspace, tmp_path: Path) -> None:
    run("person", "add", workspace.path, "ada", "--role", "lead", "--no-password")
    assert run("person", "list", tmp_path).out == "ws:\nada                      lead       no password\n"


def test_a_token_in_a_file_that_others_may_read_is_warned_of(
    run: Run, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("person", "add", workspace.path, "ada", "--no-password")
    file = tmp_path / "token"
    for mode in (0o644, 0o600):
        with file.open("w", encoding="ascii") as output, monkeypatch.context() as patch:
            file.chmod(mode)
            patch.setattr(sys, "stdout", output)
            done = run("token", "add", workspace.path, "ada")
        assert done.code == 0
        assert ("found a file of mode 644, which others may read; allowed: mode 600" in done.err) == (mode == 0o644)
