"""`python -m review_app hooks ...`: who is told of what happens in the workspace, and whether they have heard it."""

from __future__ import annotations

import json
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from review_app.auth.accounts import WORKSPACE
from review_app.hooks.post import Post, PostError
from review_app.hooks.sender import deliver
from review_app.hooks.signing import open_secret
from scn_core.cli.options import JSON
from scn_core.errors import UsageError, WorkspaceError, counted, error_text
from scn_core.hook_settings import HookSettings
from scn_core.store.hook_delivery import HookMessage, HookState, hook_messages, hook_states, retry_hook
from scn_core.store.identity import workspace_id
from scn_core.workspace.folder import Workspace
from scn_core.workspace.served import is_served

_NAME = click.argument("name")


@click.group()
def hooks() -> None:
    """See to the webhooks that workspace.toml names."""


@hooks.command("list")
@WORKSPACE
@JSON
def list_command(workspace: Path, as_json: bool) -> None:
    """Every hook: where it leads, what it is told of, and how it goes."""
    place = Workspace(workspace)
    with place.database(read_only=True) as db:
        states = {state.name.lower(): state for state in hook_states(db)}
    found = [(hook, states.get(hook.name.lower())) for hook in place.settings().hooks]
    if as_json:
        click.echo(json.dumps([_plain(hook, state) for hook, state in found]))
        return
    for hook, state in found:
        click.echo(f"{hook.name:<20} {hook.place}  {', '.join(hook.events)}")
        click.echo(f"{'':<20} {'not known to the server: start it again' if state is None else _words(state)}")
    if not found:
        click.echo("no hooks; workspace.toml names them in tables [[hooks]]")


@hooks.command()
@WORKSPACE
@_NAME
def test(workspace: Path, name: str) -> None:
    """Post a message of type ping to the hook NAME at once, whether a server runs or not."""
    place = Workspace(workspace)
    hook = _hook(place, name)
    with place.database(read_only=True) as db:
        of = workspace_id(db) or "not served yet"
    now = time.time()
    at = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    message = HookMessage(0, hook.name, f"msg_{secrets.token_hex(16)}", "ping", at, {}, 0, None, None)
    try:
        reply = deliver(hook, place, of, message, now, Post(hook.url))
    except PostError as error:
        raise WorkspaceError(f"hook {hook.name}, {hook.place}: {error}") from error
    if reply.error is not None:
        raise WorkspaceError(f"hook {hook.name}, {hook.place}: {reply.error}")
    click.echo(f"hook {hook.name}, {hook.place}: has it, HTTP status {reply.status}")
    if (open_to := open_secret(hook, place.path)) is not None:
        click.echo(f"warning: {open_to}", err=True)


@hooks.command()
@WORKSPACE
@_NAME
@click.option("--skip", is_flag=True, help="Drop the oldest message that waits, which the receiver refuses.")
def retry(workspace: Path, name: str, skip: bool) -> None:
    """Have the server send what waits for the hook NAME at once, also where it was given up."""
    place = Workspace(workspace)
    with place.database() as db:
        waiting = retry_hook(db, name, skip=skip)
    if not waiting:
        click.echo(f"hook {name}: no message waits; it is told what happens from now on")
        return
    when = (
        "the server begins within seconds"
        if is_served(place.path)
        else "no server runs now, the next one begins with it"
    )
    click.echo(f"hook {name}: {counted(waiting, 'message')} to send; {when}")


@hooks.command()
@WORKSPACE
@_NAME
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="The newest so many.")
@JSON
def log(workspace: Path, name: str, limit: int, as_json: bool) -> None:
    """Messages of the hook NAME, the newest first: what waits, and what it took lately."""
    with Workspace(workspace).database(read_only=True) as db:
        found = hook_messages(db, name, limit=limit)
    if as_json:
        click.echo(json.dumps([message.as_dict() for message in found]))
        return
    for each in found:
        end = f"delivered {_moment(each.delivered_at)}" if each.delivered_at else "waits"
        tried = f", {counted(each.tries, 'try', 'tries')}" if each.tries else ""
        click.echo(f"{_moment(each.at)}  {each.event:<16} {each.message}  {end}{tried}{_because(each.error)}")
    if not found:
        click.echo("no messages yet")


def _hook(place: Workspace, name: str) -> HookSettings:
    found = place.settings().hooks
    for hook in found:
        if hook.name.lower() == name.lower():
            return hook
    raise UsageError(error_text("NAME", repr(name), ", ".join(hook.name for hook in found) or "none yet"))


def _plain(hook: HookSettings, state: HookState | None) -> dict[str, object]:
    said = {"name": hook.name, "place": hook.place, "events": hook.events}
    return said | {"now": None if state is None else state.as_dict()}


def _words(state: HookState) -> str:
    last = "nothing delivered yet" if state.delivered_at is None else f"newest delivered {_moment(state.delivered_at)}"
    waiting = f"{counted(state.waiting, 'message')} and {counted(state.waiting_faces, 'face')} to send"
    return f"{state.words}; {last}; {waiting}{_because(state.error)}"


def _because(error: str | None) -> str:
    return f": {error}" if error else ""


def _moment(at: str) -> str:
    return f"{at[:19].replace('T', ' ')} UTC"
