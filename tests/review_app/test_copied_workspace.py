"""What belongs to the workspace goes with it; what opens its doors does not go with a copy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from review_app.auth import sessions
from review_app.auth.tokens import make_ticket, read_ticket
from review_app.http.errors import ApiError
from review_app.server import prepare
from review_app.settings import AppSettings, id_of_secret, use
from scn_core.store.identity import Place
from scn_core.store.people.people import ensure_person
from scn_core.store.people.sessions import session_person
from scn_core.store.people.tokens import add_token, tokens
from scn_core.workspace.folder import Workspace

Enter = Callable[[AppSettings], str]


@pytest.fixture
def enter() -> Enter:
    """enter(settings) signs ann in there; what her browser keeps."""

    def sign_in(settings: AppSettings) -> str:
        use(settings)
        with settings.workspace.database() as db:
            return sessions.begin_session(db, ensure_person(db, "ann")).cookie

    return sign_in


def knows(settings: AppSettings, cookie: str) -> bool:
    use(settings)
    with settings.workspace.database() as db:
        return session_person(db, sessions.session_hash(cookie)) is not None


def test_the_outbox_does_not_depend_on_the_secret(workspace: Workspace, enter: Enter) -> None:
    before = prepare(workspace.path)
    (workspace.path / "secret.key").unlink()
    after = prepare(workspace.path)
    assert before.secret != after.secret
    assert before.cookie != after.cookie, "everybody signs in again"
    assert before.workspace_id == after.workspace_id


def test_what_waits_in_browsers_at_the_upgrade_keeps_its_name(workspace: Workspace) -> None:
    """Even where the secret is deleted in the same breath, because others may read it."""
    secret = b"s" * 32
    (workspace.path / "secret.key").write_text(secret.hex())
    (workspace.path / "secret.key").chmod(0o644)
    with pytest.raises(Exception, match="delete it, everybody signs in again"):
        prepare(workspace.path)
    (workspace.path / "secret.key").unlink()
    assert prepare(workspace.path).workspace_id == id_of_secret(secret)


def test_a_copy_lets_nobody_in_who_is_signed_in_at_the_original(
    workspace: Workspace, tmp_path: Path, enter: Enter, capsys: pytest.CaptureFixture[str]
) -> None:
    original = prepare(workspace.path)
    cookie = enter(original)
    with original.workspace.database() as db:
        add_token(db, ensure_person(db, "ann").id, "the hash of a token", "a script", None)
    assert capsys.readouterr().err == ""
    copy = prepare(Path(shutil.copytree(workspace.path, tmp_path / "copy")))
    said = capsys.readouterr().err
    assert "was copied, or moved to another disk" in said
    assert "scripts need new access tokens" in said
    assert not knows(copy, cookie)
    with original.workspace.database() as here, copy.workspace.database() as there:
        assert [len(tokens(db)) for db in (here, there)] == [1, 0]
    assert knows(original, cookie)
    again = enter(copy)
    assert knows(prepare(copy.workspace.path), again), "only once"


def test_who_has_a_copy_cannot_sign_for_the_copy_that_is_served(workspace: Workspace, tmp_path: Path) -> None:
    """A ticket lets its bearer in without a password."""
    original = prepare(workspace.path)
    copy = prepare(Path(shutil.copytree(workspace.path, tmp_path / "copy")))
    with pytest.raises(ApiError, match="not ours"):
        read_ticket(copy.secret, make_ticket(original.secret, "ann@example.org", "1"))
    assert (tmp_path / "copy" / "secret.key").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_is_moved_keeps_its_sessions(workspace: Workspace, tmp_path: Path, enter: Enter) -> None:
    original = prepare(workspace.path)
    cookie = enter(original)
    moved = prepare(workspace.path.rename(tmp_path / "moved"))
    assert knows(moved, cookie)
    assert moved.cookie == original.cookie


def test_a_backup_put_back_does_not_bring_sessions_back(workspace: Workspace, tmp_path: Path, enter: Enter) -> None:
    """Somebody may have been signed out since."""
    original = prepare(workspace.path)
    cookie = enter(original)
    shutil.copy(workspace.database_file, tmp_path / "kept.db")
    (tmp_path / "kept.db").replace(workspace.database_file)
    assert not knows(prepare(workspace.path), cookie)


@pytest.mark.parametrize(
    ("now", "same"),
    [
        (Place("1", "7", "a"), True),
        (Place("2", "7", "a"), True),  # the device has another number since the machine was started anew
        (Place("1", "7", "b"), True),  # renamed
        (Place("1", "8", "a"), False),  # another file of that name
        (Place("2", "7", "b"), False),  # a copy on another disk, which happens to have the number
    ],
)
def test_places(now: Place, same: bool) -> None:
    assert now.same(Place("1", "7", "a")) is same
