"""The page Team: who may come in, passwords, and who did what."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from review_app import database, settings
from review_app.auth.passwords import is_password, new_password
from review_app.commands import team as commands
from review_app.last_copy import LastCopyKeeper
from review_app.server_lock import only_server
from review_app.settings import AppSettings, AuthMode, current
from review_app.views import team_log
from scn_core.errors import WorkspaceError
from scn_core.hook_settings import HookSettings
from scn_core.records import Action, Decision
from scn_core.store.decisions.record import record_decisions
from scn_core.store.events import events, keep_event
from scn_core.store.hook_delivery import next_message, note_failed, sync_hooks
from scn_core.store.people.people import ensure_person, find_person, password_hash, set_active, set_role
from scn_core.store.people.sessions import start_session
from scn_core.workspace.backup.make import backups_in
from scn_core.workspace.backup.restore import restore
from scn_core.workspace.folder import Workspace
from tests.review_app.browserless import NewVisitor, Visitor, markup, person, words
from tests.review_app.visitor import Visitor as Client
from tests.review_workspace import overwrite_page
from tests.scn_core.conftest import fill

Use = Callable[[Workspace], AppSettings]
TYPED = "correct horse battery"


@pytest.fixture
def lead(visitor: NewVisitor) -> Visitor:
    """lea, at a server that asks for passwords."""
    return of_mode("password", visitor)


def of_mode(auth: AuthMode, visitor: NewVisitor) -> Visitor:
    visitor(None)
    settings.use(replace(current(), auth=auth))
    return visitor("lea", "lead")


def role_of(name: str) -> tuple[str, bool]:
    found = database.call(find_person, name)
    assert found is not None
    return found.role, found.active


def hash_of(name: str) -> str | None:
    return database.call(password_hash, person(name).id)


def choose(visitor: Visitor, name: str) -> AppTest:
    visitor.app.selectbox(key="rv-whom").set_value(person(name).id)
    return visitor.run()


def shown_password(app: AppTest) -> str:
    (code,) = app.code
    return str(code.value)


def say(name: str, face: int, action: Action, **more: str | int) -> None:
    person(name)
    decision = Decision(str(uuid.uuid4()), 1, face, name, action, **more)  # type: ignore[arg-type]
    database.call_write(record_decisions, [decision])


def training_face(position: int) -> int:
    """None that was drawn at random: what others say of those stays hidden."""
    audit = "SELECT sample_id FROM queue_item WHERE kind = 'audit'"
    sql = f"SELECT id FROM sample WHERE split = 'train' AND id NOT IN ({audit}) ORDER BY id LIMIT 1 OFFSET ?"
    return int(database.call(lambda db: db.execute(sql, (position,)).fetchone()[0]))


def add(visitor: Visitor, name: str, role: str = "annotator", password: str | None = None) -> AppTest:
    app = visitor.open("team")
    app.text_input(key="rv-add-name").set_value(name)
    app.radio(key="rv-add-role").set_value(role)
    if password is not None:
        app.text_input(key="rv-add-password").set_value(password)
    app.button(key="rv-add-go").click()
    return visitor.run()


def test_annotators_see_nothing_of_it(visitor: NewVisitor) -> None:
    app = visitor("ann").open("team")
    assert "This page is for leads" in words(app)
    assert "Who did what" not in words(app)
    assert not app.text_input


def test_a_made_password_is_shown_until_done_and_lets_in(lead: Visitor) -> None:
    app = add(lead, " bob ", "lead")
    made = shown_password(app)
    assert role_of("bob") == ("lead", True)
    assert is_password(hash_of("bob"), made)
    assert app.text_input(key="rv-add-name").value == ""
    app = choose(lead, "bob")  # another click does not lose it
    assert shown_password(app) == made
    app.button(key="rv-team-done").click()
    app = lead.run()
    assert made not in words(app)
    assert "lea\nadded bob, lead" in words(app)


def test_leaving_the_page_forgets_the_made_password(lead: Visitor) -> None:
    made = shown_password(add(lead, "bob"))
    lead.app.switch_page("views/leases.py")
    lead.run()
    lead.app.switch_page("views/team.py")
    assert made not in words(lead.run())


def test_a_typed_password_is_not_shown_and_leaves_the_field(lead: Visitor) -> None:
    app = add(lead, "bob", password=TYPED)
    assert is_password(hash_of("bob"), TYPED)
    assert "The password you typed is set" in words(app)
    assert not app.get("code")
    assert TYPED not in str(app)


@pytest.mark.parametrize(
    ("name", "password", "told"),
    [
        ("bob", "short", "password: found 5 characters; allowed: 10 to 200"),
        ("LEA", TYPED, "found the name 'LEA', which is taken"),
        ("", TYPED, "found a name of 0 characters"),
    ],
)
def test_what_cannot_be_added_is_refused_and_stays_in_the_field(
    lead: Visitor, name: str, password: str, told: str
) -> None:
    app = add(lead, name, password=password)
    assert "That was not stored" in words(app)
    assert told in words(app)
    assert database.call(find_person, "bob") is None
    assert app.text_input(key="rv-add-name").value == name


def test_another_password_signs_out(lead: Visitor, visitor: NewVisitor) -> None:
    bob = visitor("bob")
    lead.open("team")
    app = choose(lead, "bob")
    app.button(key=f"rv-reset-{person('bob').id}-go").click()
    made = shown_password(lead.run())
    assert is_password(hash_of("bob"), made)
    assert "Nobody is signed in here" in words(bob.open("my_work"))


def test_ones_own_password_signs_out_elsewhere_only(lead: Visitor) -> None:
    me = person("lea").id
    database.call_write(start_session, me, "elsewhere", 1)
    lead.open("team")
    app = choose(lead, "lea")
    app.text_input(key=f"rv-reset-{me}").set_value(TYPED)
    app.button(key=f"rv-reset-{me}-go").click()
    assert "The password you typed is set" in words(lead.run())
    left = database.call(lambda db: db.execute("SELECT token_hash FROM session WHERE person_id = ?", (me,)).fetchall())
    assert len(left) == 1
    assert left[0] != ("elsewhere",)


def test_role_and_access_change(lead: Visitor, visitor: NewVisitor) -> None:
    bob = visitor("bob")
    number = person("bob").id
    lead.open("team")
    choose(lead, "bob").button(key=f"rv-role-{number}").click()
    app = lead.run()
    assert role_of("bob") == ("lead", True)
    app.button(key=f"rv-active-{number}").click()
    app = lead.run()
    assert role_of("bob") == ("lead", False)
    assert "\nnot active" in words(app)
    assert "Nobody is signed in here" in words(bob.open("my_work"))
    assert next(b for b in app.button if b.key == f"rv-active-{number}").label == "Activate bob"
    app.button(key=f"rv-active-{number}").click()
    assert "\nnot active" not in words(lead.run())
    assert role_of("bob") == ("lead", True)


def test_nobody_shuts_themself_out(lead: Visitor) -> None:
    me = person("lea").id
    lead.open("team")
    app = choose(lead, "lea")
    assert not [b for b in app.button if b.key in (f"rv-role-{me}", f"rv-active-{me}")]
    assert "changed by another lead" in words(app)


@pytest.mark.parametrize("fate", ["demoted", "deactivated"])
def test_a_lead_no_more_changes_nobody(lead: Visitor, fate: str) -> None:
    number, me = person("bob").id, person("lea").id
    lead.open("team")
    app = choose(lead, "bob")
    button = app.button(key=f"rv-role-{number}")  # drawn before
    if fate == "demoted":
        database.call_write(set_role, me, "annotator")
    else:
        database.call_write(set_active, me, False)
    button.click()
    said = words(lead.run())
    assert role_of("bob") == ("annotator", True)
    assert "allowed: an active lead" in said or "Nobody is signed in here" in said


@pytest.mark.parametrize(("auth", "field"), [("none", "Name"), ("oidc", "E-mail address")])
def test_without_passwords_none_is_asked_for(visitor: NewVisitor, auth: AuthMode, field: str) -> None:
    lead = of_mode(auth, visitor)
    app = add(lead, "bob@example.org")
    assert [each.label for each in app.text_input] == [field, "New name"]
    assert role_of("bob@example.org") == ("annotator", True)
    assert hash_of("bob@example.org") is None
    assert not [b for b in app.button if "password" in b.label]


def test_somebody_is_renamed_and_erased(lead: Visitor) -> None:
    say("bob", training_face(0), "unsure")
    bob = person("bob")
    lead.open("team")
    app = choose(lead, "bob")
    app.text_input(key=f"rv-rename-{bob.id}").set_value(" Robert ")
    app.button(key=f"rv-rename-{bob.id}-go").click()
    app = lead.run()
    assert database.call(find_person, "Robert") == replace(bob, name="Robert")
    box = app.selectbox(key="rv-whom").proto
    assert (box.set_value, box.raw_value) == (True, "Robert"), "the browser is told"
    assert f"person {bob.id} renamed, now Robert" in words(app)
    assert f"lea\nrenamed person {bob.id}, now Robert" in words(app), "in who did what"
    assert not [button for button in app.button if button.label.startswith("Erase")], "not by one click"
    app.checkbox(key=f"rv-erase-sure-{bob.id}").check()
    lead.run().button(key=f"rv-erase-{bob.id}").click()
    app = lead.run()
    assert "Robert" not in words(app)
    assert role_of(f"erased-{bob.id}") == ("annotator", False)
    assert f"person {bob.id} erased, now erased-{bob.id}" in words(app)
    assert "unsure" in words(app), "what they decided stays"


def test_nobody_erases_themself(lead: Visitor) -> None:
    lead.open("team")
    app = choose(lead, "lea")
    assert not [box for box in app.checkbox if box.key and box.key.startswith("rv-erase")]
    assert commands.erase(person("lea").id) is not None
    assert role_of("lea") == ("lead", True)


def test_who_did_what_is_filtered_and_paged(lead: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(team_log, "PAGE", 3)
    for position in range(4):
        say("ann", training_face(position), "unsure")
    say("*bob*", training_face(5), "note", text="<b>who</b>")
    app = lead.open("team")
    assert "&lt;b&gt;who&lt;/b&gt;" in markup(app)
    assert "<b>who" not in markup(app)
    assert f"/samples?sample={training_face(5)}" in markup(app)
    seen = words(app).count("\nunsure\n")
    app.selectbox(key="rv-log-person").set_value(person("ann").id)
    app = lead.run()
    assert app.query_params == {"person": str(person("ann").id)}
    assert words(app).count("\nunsure\n") == 3 > seen
    app.button(key="rv-log-older").click()
    app = lead.run()
    assert words(app).count("\nunsure\n") == 1
    assert "ann was added, annotator" in words(app)
    app.selectbox(key="rv-log-kind").set_value("marks")
    assert "Nothing of this kind has been done" in words(lead.run())


@pytest.mark.parametrize("before", ["1", "1-1", "²-1-1", "9" * 30 + "-1-1"])
def test_an_address_that_says_nonsense_shows_the_newest(lead: Visitor, before: str) -> None:
    app = lead.open("team", before=before, person="99", kind="nothing")
    assert "was added, lead" in words(app)


def test_made_passwords_differ_and_fit_the_rules() -> None:
    made = {new_password() for _ in range(50)}
    assert len(made) == 50
    assert all(len(each) == 19 and not set(each) & set("01lio") for each in made)


def test_a_lead_makes_a_backup_and_downloads_it(visitor: NewVisitor, workspace: Workspace, use_workspace: Use) -> None:
    lea = visitor("lea", "lead")
    say("bob", training_face(1), "unsure")
    app = lea.open("team")
    assert not workspace.backups.exists()
    app.button(key="rv-backup-go").click()
    lea.run()
    (file,) = workspace.backups.iterdir()
    address = f"/api/backup/{file.name}"
    assert f'href="{address}"' in markup(app)
    assert "asked for\nlea\n1\nfiles of rounds too" in words(app)
    assert database.call(events)[0].words == "backup made"
    settings = use_workspace(workspace)
    lead = Client(settings).sign_in("lea")
    assert lead.get(address).content == file.read_bytes()
    assert Client(settings).sign_in("bob").get(address).status_code == 403
    assert Client(settings).get(address).status_code == 401
    for name in ("../review.db", "%2e%2e/review.db", "review.db", "..", file.name + "x"):
        assert lead.get_raw(f"/api/backup/{name}")[0] == 404, name


def test_a_database_deleted_under_the_server_is_saved_by_a_backup(
    visitor: NewVisitor, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """With all files beside it; what was written last is in the backup, and no answer is taken any more."""
    lea = visitor("lea", "lead")
    app = lea.open("team")
    asyncio.run(database.open_all())
    database.call_write(ensure_person, "last")
    for suffix in ("", "-wal", "-shm", "-newest"):
        workspace.database_file.with_name(f"review.db{suffix}").unlink(missing_ok=True)
    refused_write = str(commands.rename_person(1, "x"))
    assert "see that there is one, or make it on the page Team; then restore that" in refused_write
    keeper = LastCopyKeeper(workspace)
    for _ in range(2):
        assert keeper.due() is None
    (file,) = workspace.backups.iterdir()
    assert f"all that was saved in it is in {file}" in capsys.readouterr().err
    file.unlink()
    assert "No answers are stored now" not in words(app)
    app.button(key="rv-backup-go").click()
    said = words(lea.run())
    assert ("No answers are stored now" in said, "the database was moved away or replaced" in said) == (True, True)
    with pytest.raises(WorkspaceError, match="no such file") as refused, workspace.database():
        pass
    database.close()
    (file,) = workspace.backups.iterdir()
    assert f"restore {file} {workspace.path}; a server that still runs here" in str(refused.value)
    with only_server(workspace):  # as of many workspaces, where the process goes on; by its note all is in the backup
        restore(file, workspace)
    with workspace.database() as db:
        assert find_person(db, "last") is not None


@pytest.mark.parametrize("gone", ["all", "all, and no room beside it", "the database, and a file is in the way"])
def test_what_was_deleted_with_its_folder_is_saved_where_the_server_may_write(
    visitor: NewVisitor, workspace: Workspace, tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], use_workspace: Use, gone: str,
) -> None:  # fmt: skip
    """Beside the folder, or else with temporary files; so whole that it is put back into a new folder."""
    temporary = tmp_path / "temporary"
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    place = workspace
    if gone == "all, and no room beside it":
        place = Workspace(shutil.copytree(workspace.path, small_disk / "ws"))
        use_workspace(place)
    asyncio.run(database.open_all())
    database.call_write(ensure_person, "last")
    keeper = LastCopyKeeper(place)
    assert keeper.due() is None
    settings = place.settings_file.read_bytes()
    if gone.startswith("all"):
        shutil.rmtree(place.path)
    else:
        place.backups.write_text("a file")
        place.database_file.unlink()
    if gone != "all":
        fill(small_disk)
        with pytest.raises(WorkspaceError, match=r"; nor elsewhere: .*temporary"):
            keeper.due()
        temporary.mkdir()
    assert keeper.due() is None
    (file,) = (place.path.parent if gone == "all" else temporary).glob("*-deleted.zip")
    said = capsys.readouterr().err
    assert f"all that was saved in it is in {file}; " in said
    assert ("copy it to another place, as files there may go with the server" in said) == (gone != "all")
    database.close()
    new = Workspace(tmp_path / "new")
    restore(file, new)
    assert new.settings_file.read_bytes() == settings
    with new.database() as db:
        assert find_person(db, "last") is not None


def test_a_damaged_database_that_was_deleted_is_kept_as_far_as_it_could_be_copied(
    visitor: NewVisitor, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    visitor("lea", "lead").open("team")
    asyncio.run(database.open_all())
    database.close()
    overwrite_page(workspace, "picture")
    asyncio.run(database.open_all())
    keeper = LastCopyKeeper(workspace)
    workspace.database_file.unlink()
    for _ in range(2):
        assert keeper.due() is None
    (file,) = workspace.backups.iterdir()
    said = capsys.readouterr().err
    assert f"all that was saved in it is in {file}; " in said
    assert "the file is damaged (" in said
    assert said.count("what could be copied is in") == 1


def test_a_damaged_database_is_no_backup_on_the_page_nor_for_scripts(
    visitor: NewVisitor, workspace: Workspace, use_workspace: Use
) -> None:
    """Its newest sound backup stays, which `keep` would remove."""
    lea = visitor("lea", "lead")
    app = lea.open("team")
    lead = Client(use_workspace(workspace)).sign_in("lea")
    sound = lead.post("/api/backup", {}).json()["name"]
    database.close()
    overwrite_page(workspace, "picture")
    refused = lead.post("/api/backup", {"keep": 1})
    assert (refused.status_code, refused.json()["code"]) == (500, "database")
    assert "is damaged" in refused.json()["error"]
    app.button(key="rv-backup-go").click()
    shown = words(lea.run())
    assert "so no backup was made of it" in shown
    assert "no backup: its database is damaged" in shown
    assert {each.cause: each.name for each in backups_in(workspace.backups)}["manual"] == sound
    assert len(backups_in(workspace.backups)) == 2


def test_who_is_no_lead_any_more_makes_no_backup(visitor: NewVisitor, workspace: Workspace) -> None:
    lea = visitor("lea", "lead")
    app = lea.open("team")
    database.call_write(set_role, person("lea").id, "annotator")
    app.button(key="rv-backup-go").click()
    lea.run()
    assert not workspace.backups.exists()


def test_leads_see_how_it_goes_with_webhooks(lead: Visitor) -> None:
    assert "Webhooks" not in words(lead.open("team"))
    hook = HookSettings("ci", "https://ci.example.org/", secret_env="CI_SECRET")
    database.call_write(sync_hooks, [hook])
    database.call_write(keep_event, "labels exported", {"format": "csv"}, by=None)
    assert "delivering\n1 message, 0 faces" in words(lead.run())
    assert '<span class="rv-whole">delivering</span>' in markup(lead.app)  # not broken beside a long error
    message = database.call(next_message, "ci", 2e9, longest_wait_s=1)
    assert message is not None
    database.call_write(note_failed, message, "HTTP status 500", None)
    app = lead.run()
    assert "The webhook ci was given up" in words(app)
    assert "HTTP status 500" in words(app)
    assert any("hooks retry" in str(code.value) for code in app.code)


def test_what_is_flagged_or_has_a_note_is_a_click_away(lead: Visitor) -> None:
    assert "To look at" not in words(lead.open("team"))
    sql = "SELECT sample_id FROM queue_item WHERE kind = 'proposal' ORDER BY id LIMIT 2"
    (flagged,), (noted,) = database.call(lambda db: db.execute(sql).fetchall())
    say("ann", flagged, "flag")
    say("bob", noted, "note", text="too dark?")
    shown = markup(lead.open("team"))
    assert 'href="/?round=1&amp;state=all&amp;flag=1">flagged (1)<' in shown
    assert 'href="/?round=1&amp;state=all&amp;note=1">with a note (1)<' in shown
    app = lead.open("rounds")
    app.button(key="rv-close-1").click()
    assert 'To look at first: <a href="/?round=1&amp;state=all&amp;flag=1">flagged (1)<' in markup(lead.run())
    app.button(key="rv-close-now").click()
    lead.run()
    shown = markup(lead.open("team"))
    assert 'To look at, round 1, closed: <a href="/?round=1&amp;state=all&amp;flag=1">flagged (1)<' in shown
