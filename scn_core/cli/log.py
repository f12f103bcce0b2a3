"""`python -m scn_core log`: what was done to a workspace, and by whom."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from scn_core.cli.options import JSON, WORKSPACE
from scn_core.errors import ScnError, UsageError, error_text
from scn_core.store.events import LoggedEvent, What, events, keep_event
from scn_core.store.schema.migrations import migrations
from scn_core.workspace.folder import Workspace


@click.command("log")
@WORKSPACE
@click.option("--limit", type=click.IntRange(1), help="The newest so many [all].")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@JSON
def log_command(workspace: Path, limit: int | None, as_csv: bool, as_json: bool) -> None:
    """What was done to the workspace, newest first: rounds, imports, exports, rules, people, faces taken out.

    What people said about faces is in the decisions, not here.
    """
    if as_csv and as_json:
        raise UsageError(error_text("--csv", "--json too", "one of them"))
    with Workspace(workspace).database(read_only=True) as db:
        found = events(db, limit=limit)
    if as_json:
        click.echo(json.dumps([event.as_dict() for event in found]))
    elif as_csv:
        click.echo(_csv(found), nl=False)
    else:
        for event in found:
            click.echo(f"{event.at[:19].replace('T', ' ')}  {event.who:<20} {event.words}")
        if not found:
            click.echo("nothing yet")


def log_done(workspace: Workspace, what: What, about: Mapping[str, Any]) -> None:
    """Keeps in the log what a command has done that writes nothing else to the database.

    Of a workspace that may only be read, nobody can; one of an older version is not brought up to date for it. What is
    done does not fail for its note: where that cannot be written, as on a full disk, a warning says so.
    """
    if os.access(workspace.path, os.W_OK) and os.access(workspace.database_file, os.W_OK):
        try:
            with workspace.database(as_it_is=True) as db:
                if not migrations.pending(db):
                    keep_event(db, what, about, by=None)
        except (ScnError, OSError) as error:
            click.echo(f"warning: {what}, but the workspace's log does not have it: {error}", err=True)


def _csv(found: Sequence[LoggedEvent]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("at", "by", "what", "person", "about"))
    for each in found:
        rows.writerow((each.at, each.by or "", each.what, each.person or "", json.dumps(dict(each.about))))
    return text.getvalue()
