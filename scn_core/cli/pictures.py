"""`python -m scn_core pictures` and `duplicates`: bad pictures, and faces that are in the data set more than once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sqlite_utils import Database

from scn_core.cli.options import JSON, WORKSPACE
from scn_core.cli.progress import Counter
from scn_core.errors import UsageError, counted, error_text
from scn_core.picture_records import ISSUE_WORDS, PICTURE_ISSUES, PictureIssue
from scn_core.records import Sample
from scn_core.review.duplicates.find import Duplicates, Kind, duplicates
from scn_core.rounds.artifacts import predictions
from scn_core.store.pictures import bad_pictures, common_issues, count_issues, issues_are_current, not_looked_at
from scn_core.store.rounds.states import latest_finished_round
from scn_core.store.samples import classes, get_sample, iter_samples
from scn_core.workspace.folder import Workspace
from scn_core.workspace.pictures import look_at_pictures

if TYPE_CHECKING:
    from pandas import DataFrame

_SHOWN = 20


@click.command("pictures")
@WORKSPACE
@click.option("--issue", type=click.Choice(PICTURE_ISSUES), help="Pictures with this alone.")
@JSON
def pictures_command(workspace: Path, issue: PictureIssue | None, as_json: bool) -> None:
    """Bad pictures: dark, bright, blurred, empty, of odd shape, tiny, grey, far from all others. None is left out."""
    place = Workspace(workspace)
    look_at_missing(place)
    with place.database(read_only=True) as db:
        counts, found, unseen = count_issues(db), bad_pictures(db, issue), len(not_looked_at(db))
        common = common_issues(db)
    if as_json:
        faces = [{"key": bad.key, "split": bad.split, "issues": bad.issues} for bad in found]
        click.echo(json.dumps({"counts": counts, "common": common, "not_looked_at": unseen, "pictures": faces}))
        return
    for name, count in counts.items():
        click.echo(f"{name:<10} {count:>9,}  {ISSUE_WORDS[name]}")
    for name, share in common.items():
        click.echo(
            f"{share:.0%} of these pictures: {ISSUE_WORDS[name]}. That is how the data set is: no face is marked"
        )
    if unseen:
        click.echo(f"{counted(unseen, 'picture')} could not be opened")
    for bad in found[:_SHOWN]:
        click.echo(f"  {bad.key}  {bad.split}  {', '.join(map(ISSUE_WORDS.__getitem__, bad.issues))}")
    if len(found) > _SHOWN:
        click.echo(f"  and {len(found) - _SHOWN:,} more; all of them: --json")


@click.command("duplicates")
@WORKSPACE
@JSON
def duplicates_command(workspace: Path, as_json: bool) -> None:
    """Faces that are in the data set more than once: with different labels, across splits; near copies."""
    place = Workspace(workspace)
    look_at_missing(place)
    with place.database(read_only=True) as db:
        found, names = duplicates_of(place, db), classes(db).names
        if as_json:
            keys = {number: sample.key for number, sample in _faces(db, found)}
            groups = [
                each | {"keys": [keys[number] for number in each["sample_ids"]]} for each in found.as_dict()["groups"]
            ]
            click.echo(json.dumps(found.as_dict() | {"classes": names, "groups": groups}))
            return
        for line in describe_duplicates(found):
            click.echo(line)
        open_ones = [group for group in found.groups if group.labels_differ and not group.settled]
        for group in open_ones[:_SHOWN]:
            faces = zip(group.sample_ids, group.splits, group.label, strict=True)
            named = ((get_sample(db, number), split, label) for number, split, label in faces)
            words = [f"{face.sample.key} ({split}, {names[label]})" for face, split, label in named if face]
            click.echo(f"  {group.kind}: {'; '.join(words)}")
        if len(open_ones) > _SHOWN:
            click.echo(f"  and {len(open_ones) - _SHOWN:,} more groups of different labels; all: --json")


def duplicates_of(workspace: Workspace, db: Database) -> Duplicates:
    """The copies in the data set, with what leaks do to the accuracy of the newest round."""
    ended = latest_finished_round(db)
    return duplicates(db, None if ended is None else predictions(workspace, ended.id))


def _faces(db: Database, found: Duplicates) -> Iterator[tuple[int, Sample]]:
    wanted = {number for group in found.groups for number in group.sample_ids}
    return ((stored.id, stored.sample) for stored in iter_samples(db) if stored.id in wanted)


def copies_table(workspace: Workspace) -> DataFrame:
    """The copies as a table, for the Python API."""
    from scn_core import dataframes  # pandas, for which commands do not wait

    look_at_missing(workspace)
    with workspace.database(read_only=True) as db:
        return dataframes.duplicates(db, duplicates_of(workspace, db))


def pictures_table(workspace: Workspace, issue: str | None) -> DataFrame:
    """Pictures that are hard to judge as a table, for the Python API. Raises UsageError for an issue there is not."""
    from scn_core import dataframes

    chosen = next((each for each in PICTURE_ISSUES if each == issue), None)
    if chosen != issue:
        raise UsageError(error_text("issue", repr(issue), ", ".join(PICTURE_ISSUES)))
    look_at_missing(workspace)
    with workspace.database(read_only=True) as db:
        return dataframes.pictures(db, chosen)


def look_at_missing(workspace: Workspace) -> None:
    """Measure what an earlier version did not, with a bar, and mark what it marked by other rules, where the workspace
    can be written to."""
    with workspace.database(read_only=True) as db:
        missing, current = len(not_looked_at(db)), issues_are_current(db)
    if (missing or not current) and os.access(workspace.database_file, os.W_OK):
        with Counter("looking at", "picture") as bar:
            look_at_pictures(workspace, bar.advance)


def describe_duplicates(found: Duplicates) -> Iterator[str]:
    """Counts of groups, and what leaks do."""
    counts = found.counts()
    yield f"the same pixel by pixel: {_groups(counts, 'exact')}; {counts['exact_leaks']:,} across train and val or test"
    yield f"much alike, to look at (copies or different faces): {_groups(counts, 'near')}"
    for leak in found.leaks:
        line = f"{leak.split}: {leak.leaked:,} of {counted(leak.faces, 'face')} ({leak.leaked / leak.faces:.1%}) have "
        line += "an exact copy among the training faces"
        if leak.accuracy is not None and leak.accuracy_without is not None:
            line += f"; accuracy {leak.accuracy:.1%}, without them {leak.accuracy_without:.1%}"
        yield line
    if found.not_looked_at:
        yield f"{counted(found.not_looked_at, 'picture')} could not be opened"


def _groups(counts: Mapping[str, int], kind: Kind) -> str:
    differ, unsettled = counts[f"{kind}_labels_differ"], counts[f"{kind}_unsettled"]
    groups = f"{counted(counts[kind], 'group')} of {counted(counts[f'{kind}_faces'], 'face')}"
    return f"{groups}; {differ:,} with different labels, {unsettled:,} of them not settled"
