"""`python -m scn_core consensus`: what everybody's answers, earlier votes and the network come to together."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
from sqlite_utils import Database

from scn_core.cli.log import log_done
from scn_core.cli.options import JSON, REPLACE, WORKSPACE
from scn_core.cli.outputs import check_output
from scn_core.errors import counted
from scn_core.exchange.export.cells import harmless, harmless_path
from scn_core.files import replaced
from scn_core.review.workspace_consensus import Contributor, WorkspaceConsensus, workspace_consensus
from scn_core.store.rounds.states import SCORED, which_round
from scn_core.store.samples import classes, iter_samples
from scn_core.workspace.folder import Workspace

COLUMNS = ("path", "given_label", "label", "consensus_label", "probability", "answers", "worth", "key")
_CLEAR = 0.9
_LISTED, _LEAST = 10, 0.001
"""Faces to read again: so many, each worth at least this."""


@click.command("consensus")
@WORKSPACE
@click.option("--round", "round_id", type=int, help="Whose probabilities to use [the newest round that ended].")
@click.option("--out", type=click.Path(path_type=Path), help="Write a CSV with a row for each face.")
@REPLACE
@JSON
def consensus_command(workspace: Path, round_id: int | None, out: Path | None, force: bool, as_json: bool) -> None:
    """Combine everybody's answers, the data set's votes, the network and opinions; changes no label.

    Says how often each person is right, where the consensus is another than the label, and which faces would gain
    most from another reading.
    """
    place = Workspace(workspace)
    if out is not None:
        check_output("--out", out, workspace=place, force=force)
    with place.database(read_only=True) as db:
        found = workspace_consensus(db, which_round(db, round_id, *SCORED).id)
        rows, header = list(_rows(db, found)), (*COLUMNS, *(f"prob_{name}" for name in classes(db).names))
    if out is not None:
        with replaced(out) as unfinished:
            unfinished.write(_csv(rows, header).encode())
        log_done(place, "labels exported", {"format": "consensus"})
    click.echo(json.dumps(_as_dict(found, rows)) if as_json else "\n".join(_lines(found, rows)))


def _rows(db: Database, found: WorkspaceConsensus) -> Iterator[dict[str, Any]]:
    """By the names of COLUMNS and prob_CLASS for each class, a face each."""
    names = classes(db).names
    samples = {stored.id: stored.sample for stored in iter_samples(db)}
    result = found.found
    columns = (found.sample_id, found.given_label, found.label, result.label, result.probability, result.votes)
    chances = [f"prob_{name}" for name in names]
    for face, given, label, likeliest, probability, answers, worth, shares in zip(
        *(column.tolist() for column in (*columns, result.worth, result.probabilities.round(6))), strict=True
    ):
        sample = samples[face]
        values = (sample.path, names[given], names[label], names[likeliest], round(probability, 6), answers)
        yield dict(zip((*COLUMNS, *chances), (*values, round(worth, 6), sample.key, *shares), strict=True))


def _csv(rows: list[dict[str, Any]], header: Iterable[str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    for row in rows:
        cells = ((harmless_path if name in ("path", "key") else harmless)(value) for name, value in row.items())
        writer.writerow(cells)
    return text.getvalue()


def _summary(found: WorkspaceConsensus) -> dict[str, int]:
    result = found.found
    other = result.label != found.label
    return {
        "faces": len(other),
        "answered": int((result.votes > 0).sum()),
        "other": int(other.sum()),
        "clearly_other": int((other & (result.probability >= _CLEAR)).sum()),
    }


def _most_worth(found: WorkspaceConsensus) -> list[int]:
    """Places of the answered faces that gain most from another reading, the best first."""
    worth = np.where(found.found.votes > 0, found.found.worth, 0)
    order = np.argsort(-worth, kind="stable")[:_LISTED]
    return [place for place in order.tolist() if worth[place] >= _LEAST]


def _as_dict(found: WorkspaceConsensus, rows: list[dict[str, Any]]) -> dict[str, Any]:
    people = [
        {"name": each.name, "annotator": each.person_id is None, "answers": each.answers, "right": each.right}
        for each in found.people
    ]
    best = [rows[place] for place in _most_worth(found)]
    return {"round": found.round, **_summary(found), "people": people, "read_again": best}


def _lines(found: WorkspaceConsensus, rows: list[dict[str, Any]]) -> Iterator[str]:
    told = _summary(found)
    yield (
        f"round {found.round}: {counted(told['faces'], 'face')}, {told['answered']:,} of them with answers; the "
        f"consensus is another than the label of {told['other']:,}, with a probability of {_CLEAR:.0%} or more of "
        f"{told['clearly_other']:,}"
    )
    if not found.people:
        yield "nobody has answered yet, and the data set has no votes: this is what the network says alone"
        return
    names = {each: _called(each) for each in found.people}
    width = max(18, 2 + max(map(len, names.values())))
    yield ""
    yield f"{'who':<{width}}{'answers':>10}{'right':>8}"
    for each, name in names.items():
        yield f"{name:<{width}}{each.answers:>10,}{'-' if each.right is None else f'{each.right:.0%}':>8}"
    if places := _most_worth(found):
        yield ""
        yield "another reading is worth most here (by how much it would raise the probability that the label is right):"
    for place in places:
        row = rows[place]
        yield (
            f"{row['worth']:>8.3f}  {row['key']}  {row['label']}; consensus {row['consensus_label']} "
            f"{row['probability']:.0%} of {counted(row['answers'], 'answer')}"
        )


def _called(each: Contributor) -> str:
    if each.person_id is not None:
        return each.name
    return f"{each.name}, before the import" if each.name else "votes of the data set"
