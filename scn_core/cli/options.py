"""Arguments and flags that several commands take, and what they say while they wait."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from scn_core.config import TrainSettings, flag
from scn_core.datasets.addresses import is_address
from scn_core.errors import UsageError, counted, error_text, listed
from scn_core.permissions import opening
from scn_core.shell import command_line
from scn_core.workspace.folder import workspaces_in

Command = Callable[..., Any]
_NAMED = 5
"""Workspaces of a folder that a message names."""


class _Place(click.ParamType[Path | str]):
    """A path, or an address as text."""

    name = "path or address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path | str:
        return value if is_address(value) else Path(value)


PLACE = _Place()
FORCE = click.option("--force", is_flag=True, help="Replace a file that is there and is not an earlier one of ours.")
REPLACE = click.option("--force", is_flag=True, help="Replace a file that is there.")


def _one_workspace(ctx: click.Context, param: click.Parameter, path: Path) -> Path:
    """Raises UsageError, with a loop for a shell, for a folder of several workspaces, which `serve` alone takes."""
    with opening(path):
        found = workspaces_in(path)
    if not found:
        return path
    named = listed([each.name for each in found[:_NAMED]], len(found))
    words = ctx.command_path.removeprefix(ctx.find_root().command_path).split()
    none = 'test -x "$ws" && ! test -e "$ws/workspace.toml"'  # one that may not be entered is to say so
    loop = f'for ws in {shlex.quote(str(path))}/*/; do {none} || {command_line(*words)} "$ws"; done'
    what = f"no workspace but a folder of {counted(len(found), 'workspace')} ({named})"
    raise UsageError(error_text(str(path), what, "one of them", f"for each, with the options you need: {loop}"))


# click says of what may not be read no more than that.
WORKSPACE = click.argument(
    "workspace", metavar="WS", type=click.Path(path_type=Path, readable=False), callback=_one_workspace
)
NEW_WORKSPACE = click.argument("workspace", metavar="WS", type=click.Path(path_type=Path, readable=False))
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output, nothing else.")


def train_options(command: Command) -> Command:
    """One flag for every field of TrainSettings; not said is None, so that workspace.toml can say it."""
    for setting in reversed(fields(TrainSettings)):
        default, choices, text = setting.default, setting.metadata["choices"], setting.metadata["help"]
        if isinstance(default, bool):
            declared = f"{flag(setting.name)}/--no-{setting.name.replace('_', '-')}"
            command = click.option(declared, default=None, help=text)(command)
            continue
        kind = click.Choice(choices) if choices else str if default is None else type(default)
        shown = "" if default is None else f" [{default}]"
        command = click.option(flag(setting.name), type=kind, default=None, help=text + shown)(command)
    return command
