"""`python -m scn_core simulate`: what review is worth on data with known labels."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import click

from scn_core.cli.options import JSON, WORKSPACE, train_options
from scn_core.cli.progress import RoundBars
from scn_core.cli.threads import settle_threads
from scn_core.config import TrainSettings
from scn_core.errors import counted
from scn_core.review.simulate import Plan, SimulatedRound, Simulation, simulate
from scn_core.store.rounds.states import latest_finished_round
from scn_core.workspace.folder import Workspace


@click.command("simulate")
@WORKSPACE
@click.option("--reference", type=click.Path(path_type=Path), help="CSV with columns path,label [those init kept].")
@click.option(
    "--budget", default=0.2, show_default=True, help="Faces a reviewer and round: a share up to 1, or a count."
)
@click.option("--reviewer-error", default=0.05, show_default=True, help="Share of answers that are any wrong class.")
@click.option("--accept-bias", default=0.1, show_default=True, help="Share of proposals accepted without looking.")
@click.option("--rounds", type=click.IntRange(1), default=2, show_default=True, help="Times review and training.")
@click.option(
    "--order",
    type=click.Choice(["suspicion", "alpha", "margin"]),
    default="suspicion",
    show_default=True,
    help="Order of review.",
)
@click.option("--force", is_flag=True, help="Answer beside real people. Their workspace is changed: use a copy.")
@JSON
@train_options
def simulate_command(
    workspace: Path,
    reference: Path | None,
    budget: float,
    reviewer_error: float,
    accept_bias: float,
    rounds: int,
    order: Any,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Review and retrain in turn, by reviewers who know the reference labels and make mistakes.

    Takes every option of train; what is not said is as in the newest round. --seed is that of the reviewers too. Writes
    into WS as people would: use a copy.
    """
    place = Workspace(workspace)
    given = {name: value for name, value in options.items() if value is not None}
    settings = TrainSettings.merged(_as_before(place), place.settings().train, given)
    plan = Plan(budget, reviewer_error, accept_bias, rounds, order, settings.seed)
    heard = _say_nothing if as_json else _say
    if not as_json:
        click.echo(_HEADER)
    done = simulate(place, plan, _trainer(place, settings), reference=reference, force=force, heard=heard)
    click.echo(json.dumps(asdict(done)) if as_json else describe_simulation(done))


def _as_before(place: Workspace) -> dict[str, Any]:
    """Options of the newest round: two rounds tell what the review between was worth only where trained alike."""
    with place.database() as db:
        newest = latest_finished_round(db)
    options = {setting.name for setting in fields(TrainSettings)}
    return {} if newest is None else {name: value for name, value in newest.config.items() if name in options}


def _trainer(place: Workspace, settings: TrainSettings) -> Callable[[], object]:
    def train() -> object:
        settle_threads()
        from scn_core.rounds.lifecycle import New  # these import torch
        from scn_core.rounds.train import train_round

        bars = RoundBars()
        try:
            return train_round(place, New(settings), bars)
        finally:
            bars.close()

    return train


_HEADER = (
    f"{'round':>5}{'test acc':>10}{'labels right':>14}{'after':>8}{'answers':>9}"
    f"{'corrected':>11}{'over':>6}{'mis':>5}{'left wrong':>12}"
)


def _say_nothing(done: SimulatedRound) -> None:
    pass


def _say(done: SimulatedRound) -> None:
    test = "-" if done.test_accuracy is None else f"{done.test_accuracy:.3f}"
    change = done.labels
    line = f"{done.round:>5}{test:>10}{change.accuracy_before:>14.3f}"
    if done.answers:
        line += (
            f"{change.accuracy_after:>8.3f}{done.answers:>9,}{change.corrected:>11,}{change.over_corrected:>6,}"
            f"{change.mis_corrected:>5,}{change.left_wrong:>12,}"
        )
    click.echo(line)


def describe_simulation(done: Simulation) -> str:
    """What all reviews together came to."""
    total = done.total
    return (
        f"{counted(done.answers, 'answer')} on {total.faces:,} training faces with a reference label: "
        f"label accuracy {total.accuracy_before:.3f} -> {total.accuracy_after:.3f}\n"
        f"corrected {total.corrected:,}, over-corrected {total.over_corrected:,} (right before), mis-corrected "
        f"{total.mis_corrected:,} (another wrong label), left wrong {total.left_wrong:,}, of these answered "
        f"{total.missed:,}"
    )
