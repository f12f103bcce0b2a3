"""`python -m scn_core map`: draws the map of a round, for the page Explore."""

from __future__ import annotations

import json
from pathlib import Path

import click

from scn_core.cli.options import JSON, WORKSPACE
from scn_core.cli.progress import Counter
from scn_core.errors import counted
from scn_core.rounds.draw_map import (
    STEPS,
    WITHOUT,
    DrawnMap,
    draw_map,
    has_layout,
    newest_with_features,
    note_far,
    round_map,
)
from scn_core.rounds.far_faces import mark_far
from scn_core.shell import command_line
from scn_core.workspace.folder import Workspace


@click.command("map")
@WORKSPACE
@click.option(
    "--round", "round_id", type=click.IntRange(1), help="The newest that has ended and kept features, unless said."
)
@click.option(
    "--only-far", is_flag=True, help="Leave the map as it is; mark the faces far from all others, of the newest round."
)
@JSON
def map_command(workspace: Path, round_id: int | None, only_far: bool, as_json: bool) -> None:
    """Draw a round's map: faces that look alike lie near each other. The page Explore shows it.

    Faces far from all others by the newest round's features are marked too: see `pictures --issue far`.
    """
    place = Workspace(workspace)
    done = None if only_far else _draw(place, round_id, hidden=as_json)
    with place.database(read_only=True) as db:
        newest = newest_with_features(place, db)
    far = None if newest is None else mark_far(place, newest)
    if newest is not None and far is not None and round_map(place, newest) is not None:
        note_far(place, newest, far)
    if as_json:
        click.echo(json.dumps((done.as_dict() if done else {}) | {"far": far}))
        return
    if done:
        click.echo(f"map of round {done.round}: {counted(done.faces, 'face')}, {done.file}")
    if far or (only_far and far is not None):
        listed = command_line("pictures", workspace, "--issue", "far")
        click.echo(f"far from all others: {counted(far, 'face')}; see {listed}")
    elif only_far:
        click.echo("no round that has ended kept features, from which it is told what is far", err=True)
    if done and not has_layout():
        click.echo(f"drawn {WITHOUT}", err=True)


def _draw(place: Workspace, round_id: int | None, *, hidden: bool) -> DrawnMap:
    bar = Counter("map", "step", STEPS, hidden=hidden)
    try:
        return draw_map(place, round_id, bar.advance)
    finally:
        bar.close()
