"""Tables [[hooks]] of workspace.toml: which other programs are told of what happens in a workspace."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from scn_core.errors import WorkspaceError, error_text

HookEvent = Literal[
    "round.finished", "round.failed", "round.cancelled", "round.closed",
    "faces.decided", "faces.conflict", "labels.exported",
]  # fmt: skip
HOOK_EVENTS: tuple[HookEvent, ...] = get_args(HookEvent)
MOST_HOOKS = 8
"""In a workspace: each has a thread of the server."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_SECRETS = ("secret_env", "secret_file", "secret")


@dataclass(frozen=True)
class HookSettings:
    """One receiver of messages about the workspace."""

    name: str
    """What commands, pages and the log call it."""
    url: str
    """Where messages are posted to: https, or http where `allow_http` says so."""
    events: tuple[HookEvent, ...] = HOOK_EVENTS
    """What it is told of."""
    secret_env: str = ""
    """Environment variable of the server with the secret that signs; here and in `secret_file`: empty for none."""
    secret_file: str = ""
    """File with the secret, absolute or relative to the workspace."""
    secret: str = field(default="", repr=False)
    """The secret itself, which is then in every backup of workspace.toml; needs `secret_in_clear`."""
    secret_in_clear: bool = False
    allow_http: bool = False
    """Lets `url` begin with http://; it then has to lead to this machine or to a private network."""

    @property
    def place(self) -> str:
        """The address without path and query, in which some services have a secret."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}/"


def read_hooks(tables: Sequence[Any], *, source: str) -> tuple[HookSettings, ...]:
    """What the tables [[hooks]] say. Raises WorkspaceError, naming `source` and the table, where one is not right."""
    if len(tables) > MOST_HOOKS:
        raise WorkspaceError(error_text(source, f"{len(tables)} tables [[hooks]]", f"{MOST_HOOKS} or fewer"))
    hooks = tuple(_read(table, f"{source}, [[hooks]] {place}") for place, table in enumerate(tables, 1))
    names = [hook.name.lower() for hook in hooks]
    if twice := [name for name in names if names.count(name) > 1]:
        raise WorkspaceError(error_text(f"{source}, [[hooks]]", f"two with the name {twice[0]!r}", "a name for each"))
    return hooks


def _read(table: Any, source: str) -> HookSettings:
    if not isinstance(table, Mapping):
        raise WorkspaceError(error_text(source, repr(table), "a table", "begin it with a line [[hooks]]"))
    known = {each.name: each for each in fields(HookSettings)}
    values = dict(table)
    for name, value in values.items():
        if name not in known:
            raise WorkspaceError(error_text(source, f"key {name!r}", ", ".join(known), "correct it"))
        if name == "events":
            values[name] = _events(value, source)
        elif not isinstance(value, bool if known[name].default is False else str):
            shown = "a value of another type" if name == "secret" else repr(value)
            words = "true or false" if known[name].default is False else "text"
            raise WorkspaceError(error_text(source, f"{name} = {shown}", words, "correct it"))
    if missing := [name for name in ("name", "url") if name not in values]:
        raise WorkspaceError(error_text(source, f"no {missing[0]}", "a name and a url in each table", "add it"))
    hook = HookSettings(**values)
    if not _NAME.fullmatch(hook.name):
        found, words = f"name = {hook.name!r}", "1 to 40 letters, digits, - and _, beginning with a letter or digit"
        raise WorkspaceError(error_text(source, found, words))
    _check_url(hook, source)
    _check_secret(hook, source)
    return hook


def _events(value: Any, source: str) -> tuple[HookEvent, ...]:
    if not isinstance(value, list) or not value or any(each not in HOOK_EVENTS for each in value):
        words = f"a list of {', '.join(HOOK_EVENTS)}"
        raise WorkspaceError(error_text(source, f"events = {value!r}", words, "left out, it is all of them"))
    return tuple(event for event in HOOK_EVENTS if event in value)


def _check_url(hook: HookSettings, source: str) -> None:
    try:
        parts = urlsplit(hook.url)
        right = bool(re.fullmatch(r"[!-~]+", hook.url) and parts.hostname and parts.port != 0 and not parts.fragment)
    except ValueError:  # a port that is none, an open bracket
        right = False
    if not right or parts.scheme not in ("https", "http"):
        words = "https://HOST/PATH in ASCII, without a part after #"
        raise WorkspaceError(error_text(source, f"url = {hook.url!r}", words, "correct it"))
    if parts.username is not None or parts.password is not None:
        raise WorkspaceError(
            error_text(source, "a url with a name or password in it", "one without", "messages are signed instead")
        )
    if parts.scheme == "http" and not hook.allow_http:
        found = f"url = {hook.url!r}, which anyone on the way can read"
        do = "allow_http = true lets it lead to this machine or a private network"
        raise WorkspaceError(error_text(source, found, "https://", do))


def _check_secret(hook: HookSettings, source: str) -> None:
    given = [name for name in _SECRETS if getattr(hook, name)]
    if len(given) != 1:
        found = " and ".join(given) or "no secret"
        do = "name an environment variable or a file that holds it"
        raise WorkspaceError(error_text(source, found, "one of secret_env and secret_file", do))
    if hook.secret and not hook.secret_in_clear:
        do = "move it there; or say secret_in_clear = true, and it will be in every backup"
        raise WorkspaceError(error_text(source, "a secret in clear", "secret_env or secret_file", do))
