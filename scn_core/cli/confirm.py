"""Asking before something is done that has no way back."""

from __future__ import annotations

import sys

import click

from scn_core.errors import UsageError, error_text

YES = click.option("--yes", is_flag=True, help="Do not ask first; needed where there is no terminal to ask at.")


def confirm(what: str, *, yes: bool) -> None:
    """Asks at the terminal whether to go on; with `yes` it does not.

    `what`: sentences that say what will be gone. Raises UsageError where there is no terminal, and click.Abort, which
    ends the command, where the answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(error_text("", f"no terminal to ask at. {what} There is no way back", "--yes, to do it"))
    click.confirm(f"{what} There is no way back. Go on?", abort=True, err=True)
