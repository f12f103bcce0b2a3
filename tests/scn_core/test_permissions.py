"""Files of another user: what the system refuses is said in our words."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scn_core.errors import WorkspaceError
from scn_core.permissions import closed_to_owner, in_our_words, warn_of_other_owner, way_in
from scn_core.shell import user_name
from scn_core.store.connection import open_database
from tests.scn_core.conftest import Run

NOBODY = 65534
SERVER = 54321


@pytest.fixture
def closed() -> Iterator[Path]:
    """A folder that this process may read but not write to, which holds another that it may not enter; root becomes
    another user meanwhile."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))  # that of the tests may be entered by its owner alone
    (folder / "inner").mkdir(mode=0)
    (folder / "own.csv").touch(mode=0o400)
    folder.chmod(0o555)
    was = os.geteuid()
    try:
        if was == 0:
            os.seteuid(NOBODY)
        yield folder
    finally:
        os.seteuid(was)
        folder.chmod(0o700)
        (folder / "inner").chmod(0o700)
        shutil.rmtree(folder)


def words_of(path: Path, flags: int) -> str:
    with pytest.raises(PermissionError) as refused:
        os.close(os.open(path, flags))
    error = in_our_words(refused.value)
    assert isinstance(error, WorkspaceError)
    return str(error)


def test_what_may_not_be_used_names_what_is_in_the_way_and_both_users(closed: Path) -> None:
    owner, me = user_name(closed.stat().st_uid), user_name()
    of_it = f"a folder of user {owner} that user {me} may not"
    allowed = "allowed: one that this user may read and write; name another place"
    new = closed / "labels.csv"
    assert words_of(new, os.O_WRONLY | os.O_CREAT).startswith(f"{new}: found {closed}, {of_it} write to; {allowed}")
    part = closed / f".labels.csv.{'0a' * 8}.part"  # what a file is written to first
    assert words_of(part, os.O_WRONLY | os.O_CREAT).startswith(f"{new}: found {closed}, {of_it} write to; ")
    inner = closed / "inner"
    assert words_of(inner / "x" / "y", os.O_RDONLY).startswith(
        f"{inner}/x/y: found {inner}, {of_it} enter; allowed: one that this user may enter and read; "
    )
    assert f"{of_it} read; allowed: one that this user may read; name" in words_of(inner, os.O_RDONLY)
    assert words_of(closed / "own.csv", os.O_WRONLY).startswith(f"{closed}/own.csv: found a file of user {owner} that")


def test_a_workspace_that_may_not_be_used_is_said_with_the_way_to_mend_it(closed: Path, run: Run) -> None:
    me, own = user_name(), closed.stat().st_uid == os.geteuid()
    mend = "open it: chmod -R u+rwX " if own else f"give it to this user: sudo chown -R {me}: "
    for words in (("status",), ("check",)):
        done = run(*words, closed / "inner")
        assert f"that user {me} may not read; allowed: one that this user may read; {mend}{closed}/inner" in done.err
    with pytest.raises(WorkspaceError, match=rf"own\.csv: found a file of user .* {re.escape(mend)}"):
        open_database(closed / "own.csv")


@pytest.fixture
def of_a_server(closed: Path) -> Iterator[Path]:
    """A workspace that only the user of a server may enter, who is neither root nor this user."""
    me = os.geteuid()
    try:
        os.seteuid(0)
    except PermissionError:
        pytest.skip("only root can give a folder to another user")
    (closed / "inner" / "workspace.toml").touch()
    (closed / "inner").chmod(0o700)
    os.chown(closed / "inner", SERVER, -1)
    os.seteuid(me)
    yield closed / "inner"
    os.seteuid(0)
    os.chown(closed / "inner", 0, -1)
    os.seteuid(me)


def test_what_belongs_to_a_server_is_not_taken_from_it(
    of_a_server: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor what another user left in its folder; what another user left in this user's own is given to them."""
    for words in (("status",), ("check",), ("backup",)):
        said = run(*words, of_a_server).err
        assert f"found {of_a_server}" not in said, "it is named once"
        assert said.startswith(f"error: {of_a_server}: found a folder of user {SERVER} that user {user_name()} may not")
        assert said.endswith(f"; run this as user {SERVER}\n")
    monkeypatch.setattr("sys.argv", ["/srv/bin/scn", "status", "a folder"])
    run_as = f"run this as user {SERVER}: sudo -u '#{SERVER}' /srv/bin/scn status 'a folder'"
    assert way_in(of_a_server) == run_as
    file = of_a_server.parent / "own.csv"
    for owner, holder, expected in (
        (0, SERVER, run_as),
        (SERVER, 0, run_as),
        (SERVER, NOBODY, f"give it to this user: sudo chown -R {user_name()}: {file}"),
        (0, 0, f"give it to this user: sudo chown -R {user_name()}: {file}"),
    ):
        os.seteuid(0)
        os.chown(file, owner, -1)
        os.chown(file.parent, holder, -1)
        os.seteuid(NOBODY)
        assert way_in(file) == expected


def test_other_errors_of_the_system_stay_as_they_are() -> None:
    error = FileNotFoundError(2, "No such file or directory", "nothing")
    assert in_our_words(error) is error


@pytest.fixture
def of_another(tmp_path: Path) -> Path:
    """A folder of another user, in which one file may not be written to by that user."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder to another user")
    folder = tmp_path / "a folder"
    for name in ("backups", "images"):
        (folder / name).mkdir(parents=True)
    for name in ("train.lock", "backups/a.zip", "images/face.png", "shared"):
        (folder / name).touch(0o600)
    (folder / "shared").chmod(0o666)
    (folder / "link").symlink_to("shared")
    for place in (folder, folder / "images", folder / "backups/a.zip"):
        os.chown(place, NOBODY, -1)
    return folder


def test_who_writes_into_a_folder_of_another_user_is_told_once(
    of_another: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["/srv/bin/scn", "train", "a folder"])
    for _ in range(2):
        warn_of_other_owner(of_another)
    warn_of_other_owner(of_another.parent)
    owner, me = user_name(NOBODY), user_name()
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        f"warning: {of_another} belongs to user {owner}, who may not be able to use what user {me} writes there; "
        f"better: sudo -u {owner} /srv/bin/scn train 'a folder'; "
        f"to mend it afterwards: sudo chown -R {owner}: '{of_another}'"
    )


def test_what_a_workspaces_owner_may_not_write_to_is_named(of_another: Path) -> None:
    lines, count = closed_to_owner(of_another, ("images",))
    owner = user_name(NOBODY)
    given = f"all is given to {owner} by: sudo chown -R {owner}: '{of_another}'"
    assert lines == [
        f"backups: of user root, so user {owner} may not write to it; {given}",
        "train.lock: of user root",
    ]
    assert count == 6
