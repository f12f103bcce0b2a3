"""`python -m review_app token ...`: access tokens for scripts. People make their own on the page Access tokens."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import click

from review_app.auth.access_tokens import access_token_hash, new_access_token
from review_app.auth.accounts import NAME, WORKSPACE, known_person
from scn_core.errors import error_text
from scn_core.shell import command_line
from scn_core.store.people.tokens import MOST_DAYS, add_token, revoke_token, tokens
from scn_core.workspace.folder import Workspace


@click.group()
def token() -> None:
    """Let scripts in as a person, without cookies."""


@token.command()
@WORKSPACE
@NAME
@click.option("--label", default="command line", show_default=True, help="What the token is for.")
@click.option("--days", type=click.IntRange(1, MOST_DAYS), help="It ends after so many days; otherwise when revoked.")
def add(workspace: Path, name: str, label: str, days: int | None) -> None:
    """Make a token for NAME and print it, this once: only its hash is kept."""
    made = new_access_token()
    with Workspace(workspace).database() as db:
        added = add_token(db, known_person(db, name, workspace).id, access_token_hash(made), label, days)
    click.echo(made)
    if readable := _open_file():
        click.echo(f"warning: {readable}", err=True)
    end = "until it is revoked" if added.expires_at is None else f"until {added.expires_at[:16].replace('T', ' ')} UTC"
    click.echo(f"token {added.id} of {added.person}, good {end}; keep it secret, it is not shown again", err=True)


def _open_file() -> str | None:
    """What is wrong with the file that standard output goes to, where others may read it."""
    try:
        found = os.fstat(sys.stdout.fileno())
    except (OSError, ValueError):  # no file at all, as within Python
        return None
    if not stat.S_ISREG(found.st_mode) or not found.st_mode & 0o077:
        return None
    mode = f"{stat.S_IMODE(found.st_mode):o}"
    return error_text("standard output", f"a file of mode {mode}, which others may read", "mode 600", "chmod it")


@token.command("list")
@WORKSPACE
@click.argument("name", required=False)
def list_command(workspace: Path, name: str | None) -> None:
    """Tokens of NAME, or everybody's, one line each; never the tokens themselves."""
    with Workspace(workspace).database(read_only=True) as db:
        found = tokens(db, None if name is None else known_person(db, name, workspace).id)
    for each in found:
        end = "no end" if each.expires_at is None else f"{'ended' if each.expired else 'ends'} {each.expires_at[:10]}"
        used = "not used yet" if each.used_at is None else f"used {each.used_at[:10]}"
        click.echo(f"{each.id:<5} {each.person:<24} made {each.created_at[:10]}  {used:<16} {end:<17} {each.label}")
    if not found:
        click.echo(f"no tokens; next: {command_line('token', 'add', workspace, program='review_app')} NAME")


@token.command()
@WORKSPACE
@click.argument("number", type=int)
def revoke(workspace: Path, number: int) -> None:
    """Revoke the token of that NUMBER, which `token list` shows; it lets nobody in from now on."""
    with Workspace(workspace).database() as db:
        gone = revoke_token(db, number)
    click.echo(f"revoked token {gone.id} of {gone.person}: {gone.label}")
