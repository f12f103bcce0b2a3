"""`python -m scn_core ...`: begin a workspace, train a round, look at what it says, take the labels out.

Exit codes: 0 done, 1 the work failed (message on standard error), 2 wrong use. torch is imported only by the commands
that train.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import click

from scn_core import __version__
from scn_core.class_names import ClassVocabulary, spelt
from scn_core.cli.backup import backup_command, restore_command
from scn_core.cli.bench import bench_command
from scn_core.cli.check import check_command
from scn_core.cli.consensus import consensus_command
from scn_core.cli.data import erase_command, relocate_command, update_command, withdraw_command
from scn_core.cli.labels import export_command, import_command
from scn_core.cli.log import log_command
from scn_core.cli.map import map_command
from scn_core.cli.network import export_model_command, predict_command
from scn_core.cli.opinion import opinion_group
from scn_core.cli.options import JSON, NEW_WORKSPACE, PLACE, WORKSPACE, train_options
from scn_core.cli.order import order_command
from scn_core.cli.pictures import duplicates_command, pictures_command
from scn_core.cli.progress import Counter, RoundBars
from scn_core.cli.quality import quality_command
from scn_core.cli.reports import describe_evaluation, describe_import, describe_proposals, import_as_dict
from scn_core.cli.rounds import round_group
from scn_core.cli.run import run
from scn_core.cli.simulate import simulate_command
from scn_core.cli.threads import settle_threads
from scn_core.config import TrainSettings, flag
from scn_core.datasets.registry import DATASETS
from scn_core.datasets.source import LabelRule, source_said
from scn_core.errors import DataError, UsageError, counted, error_text
from scn_core.review.quality.votes import vote_agreement
from scn_core.shell import command_line
from scn_core.store.pictures import count_copies, count_issues
from scn_core.store.rounds.states import latest_finished_round
from scn_core.store.samples import classes
from scn_core.store.scores import ProposalRow, count_open_proposals, page_open_proposals
from scn_core.store.votes import import_balance
from scn_core.workspace.clean import clean, describe_cleaning
from scn_core.workspace.folder import Workspace, create_workspace, fits_address
from scn_core.workspace.status import describe, first_step, status_of


def main() -> None:
    """Entry point; turns this project's errors into a message and an exit code."""
    run(cli, "scn_core")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__)
def cli() -> None:
    """Cure doubtful face labels with a Self-Cure Network. WS is the folder of a workspace."""


@cli.command()
@NEW_WORKSPACE
@click.option("--dataset", required=True, type=click.Choice(list(DATASETS)), help="What is to be read.")
@click.option("--root", type=PLACE, help="Folder or address of the data set (demo: where faces are drawn).")
@click.option("--csv", type=PLACE, help="csv: file or address of paths and labels, or folder of train/metadata.csv.")
@click.option("--path-column", help="csv: column of picture paths [path].")
@click.option("--label-column", help="csv: column of labels [label].")
@click.option("--split-column", help="csv: column of train, val or test [split, where there is one].")
@click.option("--reference-column", help="csv: column of better labels, for measuring only.")
@click.option("--annotator-column", help="csv: column of who gave the label, where a face has a row a person.")
@click.option("--classes", help="csv, folder: class names in the order of their numbers, with commas between.")
@click.option(
    "--label-rule",
    type=click.Choice(get_args(LabelRule)),
    help="ferplus, csv with annotators: from votes to label [majority; csv: plurality].",
)
@click.option("--class-count", type=int, help="ferplus, affectnet: 7 or 8, without or with contempt [8].")
@click.option("--noise", help="Flip training labels: symmetric:RATE, pair:RATE or confusion:FILE.")
@click.option("--faces", default=2000, show_default=True, help="demo: how many faces to draw.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of all that is drawn.")
@click.option("--follow-links", is_flag=True, help="Take pictures by links that lead out of the root, too.")
@click.option("--strict", is_flag=True, help="Fail if any row or picture cannot be used.")
@JSON
def init(
    workspace: Path, dataset: str, noise: str | None, faces: int, strict: bool, as_json: bool, **options: Any
) -> None:
    """Read a data set into a new workspace, and say what became of every row and file."""
    options["classes"] = _class_names(options["classes"])
    if not as_json and not fits_address(name := workspace.resolve().name):  # before it takes a while
        allowed = "letters, digits, dots and dashes, to be served beside others with `serve DIR`"
        click.echo(f"warning: {error_text('', f'the folder name {name!r}', allowed, 'name another folder')}", err=True)
    with Counter("reading", "face") as bar:
        manifest = create_workspace(
            workspace,
            dataset,
            source_said(options),
            noise=noise,
            strict=strict,
            demo_faces=faces,
            progress=bar.advance,
        )
    with Workspace(workspace).database(read_only=True) as db:
        balance, agreement = import_balance(db), vote_agreement(db)
        copies, bad = count_copies(db), sum(count_issues(db).values())
    if as_json:
        click.echo(json.dumps(import_as_dict(manifest, balance, agreement)))
        return
    click.echo(describe_import(manifest, balance, agreement))
    click.echo(f"next: {first_step(workspace)}")
    if copies:
        words = counted(copies, "group of exact copies", "groups of exact copies")
        click.echo(f"see too: {command_line('duplicates', workspace)}: {words}")
    if bad:
        click.echo(f"see too: {command_line('pictures', workspace)}: some are dark, blurred, tiny or the like")


def _class_names(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    names = [spelt(name) for name in text.split(",")]
    try:
        ClassVocabulary.of([name for name in names if name])
        return tuple(names)
    except DataError as error:
        raise UsageError(f"--classes: {error}") from error


@cli.command()
@WORKSPACE
@train_options
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with the newest unfinished round, with its own options; --no-ask-room may be added.",
)
def train(workspace: Path, resume: bool, **options: Any) -> None:
    """Train a round: importance weights and relabel proposals for every training face."""
    given = {name: value for name, value in options.items() if value is not None}
    if resume and (others := [name for name in given if name != "ask_room"]):
        allowed = "--ask-room and --no-ask-room, as a round goes on with the options it began with"
        raise UsageError(error_text("--resume", f"{flag(others[0])} too", allowed))
    place = Workspace(workspace)
    settings = TrainSettings.merged(place.settings().train, given)
    settle_threads()
    from scn_core.rounds.distributed_worker import follow_round  # these import torch
    from scn_core.rounds.lifecycle import New, Resume
    from scn_core.rounds.train import train_round
    from scn_core.training.distributed import joined

    bars = RoundBars()
    try:
        with joined() as team:
            if not team.leads:
                follow_round(place, team)
                return
            signal.signal(signal.SIGTERM, signal.default_int_handler)  # where a shell has SIGINT ignored too
            done = train_round(place, Resume(options["ask_room"]) if resume else New(settings), bars, team=team)
    except KeyboardInterrupt:
        bars.close()
        click.echo(f"stopped; go on with: {command_line('train', workspace, '--resume')}", err=True)
        sys.exit(1)
    finally:
        bars.close()
    click.echo(
        f"round {done.id}: {done.metrics['proposals']:,} relabels proposed, "
        f"{counted(done.metrics['low_importance'], 'face')} of low importance, "
        f"{done.metrics['suspicious']:,} more to review for their suspicion, "
        f"in {done.metrics['seconds']:.0f} s of training"
    )
    click.echo(f"next: {command_line('proposals', workspace)}")


@cli.command()
@WORKSPACE
@JSON
def status(workspace: Path, as_json: bool) -> None:
    """Where the workspace stands."""
    place = Workspace(workspace)
    with place.database(read_only=True) as db:
        now, votes = status_of(place, db), vote_agreement(db)
    if as_json:
        click.echo(json.dumps(now.as_dict() | {"votes": votes.as_dict() if votes else None}))
        return
    click.echo(describe(now) + (f"\nvotes      {votes.describe()}" if votes else ""))


@cli.command("clean")
@WORKSPACE
@click.option("--dry-run", is_flag=True, help="Remove nothing; a trainer may be at work.")
@JSON
def clean_command(workspace: Path, dry_run: bool, as_json: bool) -> None:
    """Remove decoded pictures of other sizes or of older pictures; copies of pictures elsewhere that no face has."""
    done = clean(Workspace(workspace), dry_run=dry_run)
    click.echo(json.dumps(done.as_dict()) if as_json else describe_cleaning(done))


@cli.command()
@WORKSPACE
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many, most suspect first.")
@JSON
def proposals(workspace: Path, limit: int, as_json: bool) -> None:
    """The open relabel proposals, most suspect first."""
    place = Workspace(workspace)
    with place.database(read_only=True) as db:
        names = classes(db).names
        ended = latest_finished_round(db)
        rows: list[ProposalRow] = []
        count = 0
        if ended is not None:
            rows, _ = page_open_proposals(db, ended.id, limit=limit)
            count = count_open_proposals(db, ended.id)
    if as_json:
        named = [asdict(row) | _named(row, names) for row in rows]
        click.echo(json.dumps({"round": ended.id if ended else None, "count": count, "proposals": named}))
    else:
        click.echo(describe_proposals(rows, names, count, ended, place))


def _named(row: ProposalRow, names: Sequence[str]) -> dict[str, str | None]:
    second = None if row.second_label is None else names[row.second_label]
    return {"given": names[row.given_label], "proposed": names[row.proposed_label], "second": second}


@cli.command("evaluate")
@WORKSPACE
@click.option("--reference", type=click.Path(path_type=Path), help="CSV with columns path,label [those init kept].")
@click.option("--round", "round_id", type=int, help="Which round [the newest that ended].")
@JSON
def evaluate_command(workspace: Path, reference: Path | None, round_id: int | None, as_json: bool) -> None:
    """How well a round finds wrong labels, against reference labels."""
    from scn_core.review.evaluate import evaluate  # imports scikit-learn, which takes a second

    place = Workspace(workspace)
    with place.database(read_only=True) as db:
        result = evaluate(db, reference, round_id=round_id, root=Path(place.settings().root))
    click.echo(json.dumps(result.as_dict()) if as_json else describe_evaluation(result))


cli.add_command(update_command)
cli.add_command(relocate_command)
cli.add_command(withdraw_command)
cli.add_command(erase_command)
cli.add_command(log_command)
cli.add_command(bench_command)
cli.add_command(simulate_command)
cli.add_command(round_group)
cli.add_command(opinion_group)
cli.add_command(export_command)
cli.add_command(import_command)
cli.add_command(order_command)
cli.add_command(quality_command)
cli.add_command(consensus_command)
cli.add_command(pictures_command)
cli.add_command(duplicates_command)
cli.add_command(map_command)
cli.add_command(backup_command)
cli.add_command(restore_command)
cli.add_command(check_command)
cli.add_command(predict_command)
cli.add_command(export_model_command)
