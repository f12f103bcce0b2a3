"""`python -m scn_core round ...`: the rounds of a workspace, and rounds that are trained on another machine."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from scn_core.cli.confirm import YES, confirm
from scn_core.cli.options import FORCE, JSON, WORKSPACE, train_options
from scn_core.cli.outputs import check_output
from scn_core.cli.progress import RoundBars
from scn_core.cli.threads import settle_threads
from scn_core.config import TrainSettings
from scn_core.errors import counted
from scn_core.records import RoundInfo
from scn_core.rounds.compare import Comparison, compare, importance_words
from scn_core.rounds.compare_accuracy import change_words
from scn_core.rounds.from_opinions import make_round_from_opinions
from scn_core.rounds.pack import job as job_file
from scn_core.rounds.pack import pack_job, run_job, unpack_result
from scn_core.rounds.pack import result as result_file
from scn_core.rounds.pack.archive import is_archive
from scn_core.shell import command_elsewhere, command_line
from scn_core.store.queue.undecided import NOT_SENT, undecided_faces
from scn_core.store.rounds import states as store
from scn_core.store.samples import classes
from scn_core.workspace.folder import Workspace

FILE = click.Path(path_type=Path, dir_okay=False)
NUMBER = click.option("--round", "number", type=int, help="Which round [the newest in that state].")


@click.group("round")
def round_group() -> None:
    """The rounds of a workspace; training one on another machine."""


@round_group.command()
@WORKSPACE
@click.option("--out", required=True, type=FILE, help="The job to write, a zip file.")
@train_options
@FORCE
@JSON
def pack(workspace: Path, out: Path, force: bool, as_json: bool, **options: Any) -> None:
    """Pack the next round for a machine that does not share this disk: faces, labels as of now, options of train."""
    place = Workspace(workspace)
    check_output("--out", out, ours=lambda path: is_archive(path, job_file.KIND), workspace=place, force=force)
    given = {name: value for name, value in options.items() if value is not None}
    job = pack_job(place, TrainSettings.merged(place.settings().train, given), out)
    if as_json:
        click.echo(json.dumps(asdict(job)))
        return
    click.echo(
        f"{out}: {counted(job.samples, 'face')}, labels of {job.revision}, job {job.id[:12]}; pictures are not in it"
    )
    there = command_elsewhere("round", "run", Path(out.name), "--root", "FACES", "--out", "result.zip")
    click.echo(f"next, on the other machine: {there}")


@round_group.command("run")
@click.argument("job", metavar="JOB", type=FILE)
@click.option("--root", required=True, type=click.Path(path_type=Path), help="Folder of the pictures on this machine.")
@click.option("--out", required=True, type=FILE, help="The result to write, a zip file.")
@click.option("--work", type=click.Path(path_type=Path), help="Folder to train in [beside JOB, by its name].")
@FORCE
@JSON
def run_command(job: Path, root: Path, out: Path, work: Path | None, force: bool, as_json: bool) -> None:
    """Train the round of a job on this machine; called again, it goes on after the last whole epoch."""
    check_output("--out", out, ours=lambda path: is_archive(path, result_file.KIND), force=force)  # before it trains
    signal.signal(signal.SIGTERM, lambda number, frame: signal.raise_signal(signal.SIGINT))
    bars = RoundBars()
    try:
        settle_threads()
        stamp = run_job(job, root, out, work or job.with_name(f"{job.stem}-work"), bars)
    except KeyboardInterrupt:
        bars.close()
        click.echo("stopped; the same command goes on", err=True)
        sys.exit(1)
    finally:
        bars.close()
    if as_json:
        click.echo(json.dumps({"out": str(out), "id": stamp.id, "job": stamp.about["job"]["id"]}))
        return
    click.echo(f"{out}: the round of job {stamp.about['job']['id'][:12]}")
    click.echo(f"next, at home: {command_elsewhere('round', 'unpack', 'WS', Path(out.name))}")


@round_group.command()
@WORKSPACE
@click.argument("result", metavar="RESULT", type=FILE)
@click.option(
    "--close-earlier/--no-close-earlier",
    default=None,
    help="End the review of earlier rounds [as when the job was packed].",
)
@JSON
def unpack(workspace: Path, result: Path, close_earlier: bool | None, as_json: bool) -> None:
    """Take a round back that was trained elsewhere: scores, proposals, thumbnails, all checked by hash."""
    done = unpack_result(Workspace(workspace), result, close_earlier=close_earlier, say=_say)
    if as_json:
        click.echo(json.dumps(asdict(done), default=str))
        return
    info = done.round
    if done.set_aside is not None:
        click.echo(f"files of a round that the database does not know lay in the way; now in {done.set_aside}")
    if done.again:
        click.echo(f"round {info.id} was here already; its files are in place now")
    if done.no_backup is not None:
        click.echo(f"no backup was made of it: {done.no_backup}")
    click.echo(f"round {info.id}: {info.metrics['proposals']:,} relabels proposed, {done.thumbnails:,} thumbnails")
    click.echo(f"next: {command_line('proposals', workspace)}")


@round_group.command("from-opinions")
@WORKSPACE
@click.option(
    "--close-earlier/--no-close-earlier",
    default=None,
    help="End the review of earlier rounds [as in workspace.toml, or else yes].",
)
@JSON
def from_opinions(workspace: Path, close_earlier: bool | None, as_json: bool) -> None:
    """Make a round of what other models say alone, in seconds and without training: see `opinion add`.

    Suspicion, proposals, queue and audit faces are those of a round; there is no alpha and no network.
    """
    place = Workspace(workspace)
    given = {} if close_earlier is None else {"close_earlier": close_earlier}
    settings = TrainSettings.merged(place.settings().train, given)
    made = make_round_from_opinions(place, settings, say=_say)
    if as_json:
        click.echo(json.dumps(asdict(made)))
        return
    click.echo(
        f"round {made.id}, {made.opinion_words}: {made.metrics['proposals']:,} relabels proposed, "
        f"{made.metrics['suspicious']:,} more to review for their suspicion, in {made.metrics['seconds']:.1f} s"
    )
    click.echo(f"next: {command_line('proposals', workspace)}")


@round_group.command("list")
@WORKSPACE
@JSON
def list_command(workspace: Path, as_json: bool) -> None:
    """All rounds, newest first."""
    with Workspace(workspace).database(read_only=True) as db:
        found = store.rounds(db)
    click.echo(json.dumps([asdict(info) for info in found]) if as_json else _table(found))


@round_group.command("compare")
@WORKSPACE
@click.option("--first", type=int, help="The earlier round [the one before the later].")
@click.option("--second", type=int, help="The later round [the newest that ended].")
@JSON
def compare_command(workspace: Path, first: int | None, second: int | None, as_json: bool) -> None:
    """What changed from one round to a later one: labels, what the network makes of them, importance weights."""
    place = Workspace(workspace)
    with place.database(read_only=True) as db:
        later = store.which_round(db, second, *store.SCORED).id
        before = [info.id for info in store.rounds(db) if info.state in store.SCORED and info.id < later]
        earlier = first if first is not None else max(before, default=later)
        found = compare(place, db, earlier, later)
        names = classes(db).names
    if as_json:
        click.echo(json.dumps(asdict(found), default=lambda counts: counts.tolist()))
    else:
        click.echo("\n".join(_compared(found, names)))


@round_group.command()
@WORKSPACE
@NUMBER
@YES
def close(workspace: Path, number: int | None, yes: bool) -> None:
    """End the review of a round: nothing of it changes from then on."""
    with Workspace(workspace).database() as db:
        chosen = store.which_round(db, number, "review").id
        left = undecided_faces(db, chosen)
        kept = ", which keep the label they have" if left.total else ""
        confirm(f"The review of round {chosen} ends with {left}{kept}. {NOT_SENT}", yes=yes)
        store.close_round(db, chosen)
    click.echo(f"round {chosen} is closed with {left.at_the_end}{kept}")


@round_group.command()
@WORKSPACE
@NUMBER
def cancel(workspace: Path, number: int | None) -> None:
    """Stop the round that is being trained; its trainer ends within seconds, and `train --resume` goes on."""
    with Workspace(workspace).database() as db:
        chosen = store.which_round(db, number, "running").id
        store.cancel_round(db, chosen, "cancelled; --resume continues it")
    click.echo(f"round {chosen} is cancelled; go on with: {command_line('train', workspace, '--resume')}")


def _say(words: str) -> None:
    click.echo(words, err=True)


def _compared(found: Comparison, names: tuple[str, ...]) -> Iterator[str]:
    moved, earlier, later = found.moved, found.first.info.id, found.second.info.id
    yield (
        f"rounds {earlier} and {later}: {counted(moved.both, 'face')} in both, {moved.only_first:,} in the first "
        f"alone, {moved.only_second:,} in the second alone; {counted(moved.changed, 'label')} changed between them"
    )
    for each in found.accuracy:
        yield change_words(each)
    if found.worse:
        yield found.worse
    for change in moved.changes:
        yield f"  {names[change.before]} -> {names[change.after]}: {change.faces:,}"
    if moved.changed:
        yield (
            f"of those, round {later} sees the new label in {moved.cured.count:,}, doubts {moved.fell_back.count:,} "
            f"again and is not sure of {moved.doubtful.count:,}"
        )
    yield f"{moved.left_low.count:,} left the low-importance group, {moved.entered_low.count:,} entered it"
    if ranks := moved.importance:
        yield importance_words(ranks, earlier, later)


def _table(found: Sequence[RoundInfo]) -> str:
    lines = [f"{'round':>5}  {'state':<10}{'began':<18}{'relabel':<9}{'val':>7}{'test':>7}{'proposals':>11}"]
    for info in found:
        figures = [info.metrics.get(name) for name in ("val_accuracy", "test_accuracy")]
        shown = "".join(f"{'-' if value is None else f'{value:.3f}':>7}" for value in figures)
        began = info.started_at[:16].replace("T", " ")
        line = f"{info.id:>5}  {info.state:<10}{began:<18}{info.config.get('relabel', ''):<9}{shown}"
        words = "; ".join(filter(None, (info.message, info.opinion_words, info.pooled_words, info.missing_words)))
        lines.append(line + f"{info.metrics.get('proposals', '-'):>11}" + (f"  {words}" if words else ""))
    return "\n".join(lines)
