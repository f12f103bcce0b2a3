"""`python -m scn_core quality`: the figures of the page Quality, for a terminal or a script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from scn_core.cli.options import JSON, WORKSPACE
from scn_core.errors import counted
from scn_core.intervals import Measured, Rate
from scn_core.review.quality.figures import Quality, as_dict, quality
from scn_core.store.reports.figures import score_bins
from scn_core.store.rounds.states import SCORED, which_round
from scn_core.workspace.folder import Workspace


@click.command("quality")
@WORKSPACE
@click.option("--round", "round_id", type=int, help="Which round [the newest that ended].")
@JSON
def quality_command(workspace: Path, round_id: int | None, as_json: bool) -> None:
    """How wrong the labels of a round are, what people decided, and how they agree."""
    with Workspace(workspace).database(read_only=True) as db:
        info = which_round(db, round_id, *SCORED)
        shown = quality(db, info)
        if as_json:
            click.echo(json.dumps(as_dict(shown, score_bins(db, info.id))))
            return
    click.echo("\n".join(_lines(shown)))


def _lines(found: Quality) -> Iterator[str]:
    progress, now = found.progress, found.estimate
    conflicts = f", {progress.conflicts:,} wait for a lead" if progress.conflicts else ""
    outside = f" ({progress.outside:,} of them outside the queue)" if progress.outside else ""
    pace = "" if progress.per_hour is None else f", {progress.per_hour:,.0f} corrections per hour of work"
    waits = f"the queue waits for {counted(progress.open, 'answer')}" if progress.open else "none is to review"
    yield (
        f"round {found.round}: {counted(progress.decided, 'face')} decided{outside}, {progress.corrected:,} "
        f"corrected{conflicts}; "
        f"{waits}{pace}"
    )
    yield f"{found.advice.title}. {found.advice.text}"
    if now.before is not None:
        yield ""
        yield f"{'wrong labels':<18}{'share':>8}{'95 % interval':>18}{'faces':>10}"
        for what, rate in (("before review", now.before), ("after it", now.after), ("not decided yet", now.left)):
            yield f"{what:<18}{_rate(rate)}"
        yield f"from {now.answered:,} of {counted(now.drawn, 'face')} drawn at random, {now.unsure:,} of them unsure"
    if progress.decided:
        yield ""
        yield f"{'label before':<18}{'share':>8}{'95 % interval':>18}{'decided':>10}"
        for each in found.class_errors:
            yield f"{each.name:<18}{_rate(each.wrong, of=True)}"
        if progress.unsure:
            yield f"without {counted(progress.unsure, 'face')} answered unsure"
    if found.doubts:
        yield ""
        yield f"{'doubt':<18}{'decided':>8}{'corrected':>11}{'kept':>8}{'unsure':>8}"
        for kind in found.doubts:
            corrected, kept, unsure = (n / kind.faces for n in (kind.corrected, kind.kept, kind.unsure))
            yield f"{kind.doubt:<18}{kind.faces:>8,}{corrected:>11.0%}{kept:>8.0%}{unsure:>8.0%}"
    yield from _people(found)


def _people(found: Quality) -> Iterator[str]:
    if not found.reviewers:
        return
    yield ""
    width = max(18, 2 + max(len(each.name) for each in found.reviewers))
    yield f"{'reviewer':<{width}}{'answers':>8}{'a minute':>10}{'accepts':>9}{'agrees':>8}{'repeats':>9}{'right':>8}"
    for each in found.reviewers:
        shares = "".join(f"{'-' if rate is None else f'{rate.value:.0%}':>{room}}"
                         for rate, room in ((each.accepted, 9), (each.agreed, 8), (each.consistent, 9)))  # fmt: skip
        right = "-" if each.right is None else f"{each.right:.0%}"
        pace = "-" if each.per_minute is None else f"{each.per_minute:.1f}"
        yield f"{each.name:<{width}}{each.answers:>8,}{pace:>10}{shares}{right:>8}"
    agreed = found.agreement
    if agreed.faces:
        yield (
            f"Krippendorff's alpha {_figure(agreed.alpha)}, {counted(agreed.readings, 'reading')} of "
            f"{counted(agreed.faces, 'face')}"
        )
        for pair in agreed.pairs:
            yield f"  {pair.one} and {pair.other}: kappa {_figure(pair.kappa)}, same on {pair.same:,} of {pair.faces:,}"


def _rate(rate: Rate | None, *, of: bool = False) -> str:
    if rate is None:
        return f"{'-':>8}{'-':>18}{0 if of else '-':>10}"
    interval = f"{rate.low:.1%} to {rate.high:.1%}"
    return f"{rate.value:>8.1%}{interval:>18}{rate.of if of else round(rate.faces):>10,}"


def _figure(found: Measured | None) -> str:
    return "not defined" if found is None else f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"
