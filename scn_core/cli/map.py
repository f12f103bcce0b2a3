"""`python -m scn_core map`: draws the map of a round, for the page Explore."""

from __future__ import annotations

import json
from pathlib import Path

import click

from scn_core.cli.options import JSON, WORKSPACE
from scn_core.cli.progress import Counter
from scn_core.errors import counted
from scn_core.rounds.draw_map import STEPS, WITHOUT, draw_map
from scn_core.workspace.folder import Workspace


@click.command("map")
@WORKSPACE
@click.option("--round", "round_id", type=click.IntRange(1), help="The newest that has ended, unless said.")
@JSON
def map_command(workspace: Path, round_id: int | None, as_json: bool) -> None:
    """Draw a round's map: faces that look alike lie near each other. The page Explore shows it."""
    bar = Counter("map", "step", STEPS, hidden=as_json)
    try:
        done = draw_map(Workspace(workspace), round_id, bar.advance)
    finally:
        bar.close()
    if as_json:
        click.echo(json.dumps(done.as_dict()))
        return
    click.echo(f"map of round {done.round}: {counted(done.faces, 'face')}, {done.file}")
    if done.method != "t-SNE":
        click.echo(f"drawn {WITHOUT}", err=True)
