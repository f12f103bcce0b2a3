"""`python -m scn_core order`: learns in which order the open faces are asked about."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from scn_core.cli.options import JSON, WORKSPACE
from scn_core.errors import counted
from scn_core.review.learn_order import learn_order
from scn_core.store.queue.learned_order import NEEDED, forget_order
from scn_core.store.rounds.states import which_round
from scn_core.workspace.folder import Workspace


@click.command("order")
@WORKSPACE
@click.option("--round", "round_id", type=int, help="Which round [the newest in review].")
@click.option("--forget", is_flag=True, help="Back to the order by suspicion, until the order is learned again.")
@JSON
def order_command(workspace: Path, round_id: int | None, forget: bool, as_json: bool) -> None:
    """Learn from the answers so far which open faces to ask about first. The app does so by itself."""

    with Workspace(workspace).database() as db:
        info = which_round(db, round_id, "review")
        if forget:
            forget_order(db, info.id)
        made = None if forget else learn_order(db, info.id)
    if as_json:
        click.echo(json.dumps({"round": info.id, "learned": None if made is None else asdict(made)}))
    elif made is not None:
        click.echo(f"round {info.id}: order learned from {counted(made.answers, 'decided face')}")
    else:
        why = "forgotten" if forget else f"an order is learned from {NEEDED} decided faces on, if their answers differ"
        click.echo(f"round {info.id}: the order is that of suspicion; {why}")
