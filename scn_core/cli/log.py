"""`python -m scn_core log`: what was done to a workspace, and by whom."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import click

from scn_core.cli.options import JSON, WORKSPACE
from scn_core.errors import UsageError, complaint
from scn_core.store.events import LoggedEvent, events
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
        raise UsageError(complaint("--csv", "--json too", "one of them"))
    with Workspace(workspace).database(read_only=True) as db:
        found = events(db, limit=limit)
    if as_json:
        click.echo(json.dumps([event.as_dict() for event in found]))
    elif as_csv:
        click.echo(_csv(found), nl=False)
    else:
        for event in found:
            click.echo(f"{event.at[:19].replace('T', ' ')}  {event.by or 'command line':<20} {event.words}")
        if not found:
            click.echo("nothing yet")


def _csv(found: Sequence[LoggedEvent]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("at", "by", "what", "person", "about"))
    for each in found:
        rows.writerow((each.at, each.by or "", each.what, each.person or "", json.dumps(dict(each.about))))
    return text.getvalue()
