"""`python -m review_app person ...`: who may sign in. The first lead is made here, others on the page Team too."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import get_args

import click
from sqlite_utils import Database

from review_app.auth.passwords import LONGEST, SHORTEST, hash_password
from review_app.auth.sessions import checked_name
from scn_core.cli.confirm import YES, confirm
from scn_core.errors import UsageError, WorkspaceError, error_text
from scn_core.permissions import opening
from scn_core.shell import command_line
from scn_core.store.erase import compact
from scn_core.store.people.people import (
    Person,
    Role,
    add_person,
    erase_person,
    find_person,
    leads_beside,
    password_hash,
    people,
    rename_person,
    set_active,
    set_password_hash,
    set_role,
)
from scn_core.workspace.folder import Workspace, workspaces_in
from scn_core.workspace.remains import files_naming

_ROLES: tuple[Role, ...] = get_args(Role)


def open_folder(ctx: click.Context, param: click.Parameter, place: Path | tuple[Path, ...]) -> Path | tuple[Path, ...]:
    """Raises WorkspaceError for folders that this user may not use, of which click says no more than that."""
    for path in place if isinstance(place, tuple) else (place,):
        with opening(path):
            workspaces_in(path)
    return place


FOLDER = click.Path(path_type=Path, readable=False)
WORKSPACE = click.argument("workspace", metavar="WS", type=FOLDER, callback=open_folder)
_WORKSPACES = click.argument("workspaces", metavar="WS...", nargs=-1, required=True, type=FOLDER, callback=open_folder)
NAME = click.argument("name")
_STDIN = click.option("--password-stdin", is_flag=True, help="Read the password from standard input, one line.")


def add_lead(workspace: Path) -> str:
    """The command that adds a lead, for messages of a workspace that has nobody yet."""
    return command_line("person", "add", workspace, "NAME", "--role", "lead", program="review_app")


@click.group()
def person() -> None:
    """Add people, and change what they may do."""


@person.command()
@_WORKSPACES
@NAME
@click.option("--role", type=click.Choice(_ROLES), default="annotator", show_default=True, help="What they may do.")
@_STDIN
@click.option("--no-password", is_flag=True, help="For --auth oidc, where NAME is the e-mail address.")
def add(workspaces: tuple[Path, ...], name: str, role: Role, password_stdin: bool, no_password: bool) -> None:
    """Add NAME, to several workspaces too; the password is asked for twice."""
    if password_stdin and no_password:
        raise UsageError(error_text("--no-password", "--password-stdin too", "one of them"))
    name = checked_name(name)
    for workspace in workspaces:
        with Workspace(workspace).database() as db:
            if find_person(db, name) is not None:
                others = len(workspaces) > 1
                where = str(workspace) if others else ""
                allowed = "a new name, or other workspaces alone" if others else "a new name"
                found = f"a person {name} already" + (", and nothing was done" if others else "")
                raise WorkspaceError(error_text(where, found, allowed, "to change one: person role"))
    hashed = None if no_password else hash_password(_password(password_stdin))
    for workspace in workspaces:
        with Workspace(workspace).database() as db:
            added = add_person(db, name, role, hashed)
        click.echo(f"added {added.name}, {added.role}{_to(workspace, workspaces)}")


@person.command("list")
@WORKSPACE
def list_command(workspace: Path) -> None:
    """Everybody, one line each. WS may also be a folder that holds several workspaces."""
    several = workspaces_in(workspace)
    for place in several:
        click.echo(f"{place.name}:")
        _list(place)
    if not several:
        _list(workspace)


def _list(workspace: Path) -> None:
    with Workspace(workspace).database(read_only=True) as db:
        rows = [(each, password_hash(db, each.id) is not None) for each in people(db)]
    for each, has_password in rows:
        how = "password" if has_password else "no password"
        click.echo(f"{each.name:<24} {each.role:<10} {how:<12}{'' if each.active else ' not active'}".rstrip())
    if not rows:
        click.echo(f"nobody yet; next: {add_lead(workspace)}")


@person.command()
@_WORKSPACES
@NAME
@_STDIN
def password(workspaces: tuple[Path, ...], name: str, password_stdin: bool) -> None:
    """Give NAME another password, in several workspaces too, and sign them out everywhere."""
    for workspace in workspaces:
        with Workspace(workspace).database() as db:
            known_person(db, name, workspace)
    hashed = hash_password(_password(password_stdin))
    for workspace in workspaces:
        with Workspace(workspace).database() as db:
            found = known_person(db, name, workspace)
            set_password_hash(db, found.id, hashed)
        where = _to(workspace, workspaces, "in")
        click.echo(
            f"{found.name} has another password{where}, is signed out everywhere, and has no access tokens any more"
        )


@person.command()
@WORKSPACE
@NAME
@click.argument("role", type=click.Choice(_ROLES))
def role(workspace: Path, name: str, role: Role) -> None:
    """Make NAME an annotator or a lead, from their next click on."""
    with Workspace(workspace).database() as db:
        found = known_person(db, name, workspace)
        if role != "lead":
            _keep_a_lead(db, found, workspace)
        set_role(db, found.id, role)
    click.echo(f"{found.name} is {role} now")


@person.command()
@WORKSPACE
@NAME
def deactivate(workspace: Path, name: str) -> None:
    """Sign NAME out everywhere, and let them in no more; what they decided stays."""
    with Workspace(workspace).database() as db:
        found = known_person(db, name, workspace)
        _keep_a_lead(db, found, workspace)
        set_active(db, found.id, False)
    click.echo(f"{found.name} may not sign in any more, and has no access tokens any more")


@person.command()
@WORKSPACE
@NAME
def activate(workspace: Path, name: str) -> None:
    """Let NAME in again."""
    with Workspace(workspace).database() as db:
        found = known_person(db, name, workspace)
        set_active(db, found.id, True)
    click.echo(f"{found.name} may sign in again")


@person.command()
@WORKSPACE
@NAME
@click.argument("new_name", metavar="NEW")
def rename(workspace: Path, name: str, new_name: str) -> None:
    """Call NAME otherwise; what they decided stays theirs, and they stay signed in."""
    with Workspace(workspace).database() as db:
        found = known_person(db, name, workspace)
        rename_person(db, found.id, checked_name(new_name))
    click.echo(f"{found.name} is called {checked_name(new_name)} now")


@person.command()
@WORKSPACE
@NAME
@YES
def erase(workspace: Path, name: str, yes: bool) -> None:
    """Take NAME out of the workspace for good. What they decided stays, under a name that says nothing.

    They are signed out and cannot sign in again. Says which files still hold the name, or may hold it.
    """
    place = Workspace(workspace)
    with place.database() as db:
        found = known_person(db, name, workspace)
        _keep_a_lead(db, found, workspace)
        confirm(
            f"The name {found.name} goes, with password, sessions and access tokens; what they decided stays under a "
            "name that says nothing.",
            yes=yes,
        )
        neutral = erase_person(db, found.id)
        in_use = not compact(db)
    click.echo(f"{found.name} is called {neutral} now")
    if by_hand := files_naming(place, [found.name]):
        click.echo("\n".join(["delete or clean these by hand:", *(f"  {file}" for file in by_hand)]))
    click.echo("not known here: copies of exports and backups that lie elsewhere, and what people wrote into notes")
    if in_use:
        click.echo("stop the server once: until then review.db and its -wal may hold older pages")


def _to(workspace: Path, workspaces: tuple[Path, ...], word: str = "to") -> str:
    """Which of several workspaces a line is about."""
    return f" {word} {workspace}" if len(workspaces) > 1 else ""


def _keep_a_lead(db: Database, person: Person, workspace: Path) -> None:
    """Raises WorkspaceError for the last lead who can sign in: nobody could train, settle faces or let others in any
    more."""
    if not person.active or person.role != "lead" or leads_beside(db, person.id):
        return
    others = [each.name for each in people(db) if each.active and each.role == "lead" and each.id != person.id]
    what, remedy = "the only lead", command_line("person", "role", workspace, "NAME", "lead", program="review_app")
    if others:
        what = f"the only lead who can sign in with a password, which {', '.join(others)} cannot"
        remedy += ", for somebody with a password; or have another lead sign in, where no password is asked for"
    raise WorkspaceError(
        error_text("", f"{person.name}, {what}", "somebody beside whom there is another", f"first: {remedy}")
    )


def known_person(db: Database, name: str, workspace: Path) -> Person:
    """The person of that name. Raises WorkspaceError that says who is there, and how to add somebody."""
    found = find_person(db, name)
    if found is None:
        names = ", ".join(each.name for each in people(db)[:20]) or "nobody yet"
        add = command_line("person", "add", workspace, name, program="review_app")
        raise WorkspaceError(error_text("", f"no person {name!r}", names, f"add them with {add}"))
    return found


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise UsageError(error_text("password", "no terminal to ask at", "--password-stdin"))
    asked = f"Password ({SHORTEST} to {LONGEST} characters)"
    return str(click.prompt(asked, hide_input=True, confirmation_prompt="The same again"))
