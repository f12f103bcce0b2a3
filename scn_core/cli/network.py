"""`python -m scn_core predict` and `export-model`: a round's network on other pictures, here and in other programs."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
from sqlite_utils import Database

from scn_core.cli.log import log_done
from scn_core.cli.options import JSON, PLACE, REPLACE, WORKSPACE
from scn_core.cli.outputs import check_output
from scn_core.cli.progress import Counter
from scn_core.cli.threads import settle_threads
from scn_core.errors import UsageError, WorkspaceError, counted, error_text
from scn_core.inference.pictures import Pictures, count_pictures, find_pictures
from scn_core.inference.predictions import Prediction, write_predictions
from scn_core.inference.remote_pictures import as_files, find_remote_pictures
from scn_core.store.rounds.states import SCORED, rounds, which_round
from scn_core.workspace.folder import Workspace

_FILE = click.Path(path_type=Path)
_ROUND = click.option("--round", "number", type=int, help="Whose network [the newest round that ended].")


@click.command("predict")
@WORKSPACE
@click.option(
    "--pictures",
    required=True,
    type=PLACE,
    help="A folder or its address; a list: a path a line, or a CSV with column path; a picture.",
)
@click.option("--out", required=True, type=_FILE, help="The CSV to write, a row a picture.")
@click.option("--root", type=PLACE, help="What the paths of a list are relative to [the list's folder].")
@_ROUND
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")
@REPLACE
@JSON
def predict_command(
    workspace: Path,
    pictures: Path | str,
    out: Path,
    root: Path | str | None,
    number: int | None,
    device: str,
    force: bool,
    as_json: bool,
) -> None:
    """Write what a round's network says of other pictures: likeliest class, probabilities and alpha."""
    place = Workspace(workspace)
    check_output("--out", out, workspace=place, force=force)
    if isinstance(pictures, Path) and out.exists() and pictures.exists() and out.samefile(pictures):
        raise UsageError(
            error_text("--out", f"{out}, the list of pictures itself", "another name; it is never replaced")
        )
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what is half written goes
    asked = ask_network(place, pictures, root=root, number=number, device=device)
    tally = write_predictions(out, asked.predictions, asked.classes, boxed=asked.pictures.boxed)
    notes = asked.pictures.notes()
    if as_json:
        counts = {"predicted": tally.predicted, "unreadable": tally.unreadable, "first_unreadable": tally.first}
        about = {"out": str(out), "round": asked.round_id, "classes": list(asked.classes)}
        click.echo(json.dumps(about | counts | {"notes": notes}))
        return
    click.echo(f"{out}: {counted(tally.predicted, 'picture')} by the network of round {asked.round_id}")
    if tally.unreadable:
        click.echo(f"{tally.unreadable:,} cannot be read, see column problem: {tally.unreadable_words}")
    for note in notes:
        click.echo(note)


class Asked(NamedTuple):
    """A network at work on pictures."""

    round_id: int
    classes: tuple[str, ...]
    pictures: Pictures
    predictions: Iterator[Prediction]
    """In the order of the pictures, computed as they are drawn."""


def ask_network(
    workspace: Workspace,
    pictures: str | Path | Iterable[str | Path],
    *,
    root: Path | str | None,
    number: int | None,
    device: str,
    hidden: bool = False,
) -> Asked:
    """Load the network of a round and begin with the pictures, with a bar unless `hidden`.

    Raises UsageError for pictures or a device that are not there, DataError for a list that cannot be read or no
    picture at all, and WorkspaceError where no round has ended, or it has no network that can be loaded.
    """
    found = find_remote_pictures(pictures, root) or find_pictures(pictures, None if isinstance(root, str) else root)
    with workspace.database(read_only=True) as db:
        round_id = _trained_round(db, number)
    total = count_pictures(found)
    settle_threads()
    from scn_core.inference.predict import predict  # these import torch
    from scn_core.rounds.network import load_network

    network = load_network(workspace.round_folder(round_id))
    predictions = predict(network, as_files(found), device)
    return Asked(round_id, network.classes, found, _with_bar(predictions, total, hidden))


def _trained_round(db: Database, number: int | None) -> int:
    """The round whose network is asked for, the newest one that ended if `number` is None."""
    info = which_round(db, number, *SCORED)
    if info.opinion_words is None:
        return info.id
    trained = next((each.id for each in rounds(db) if each.state in SCORED and each.opinion_words is None), None)
    do = "train one first" if trained is None else f"round {trained} has one: --round {trained}"
    found = f"round {info.id}, which was made from opinions and has no network"
    raise WorkspaceError(error_text("", found, "a round that was trained", do))


def _with_bar(predictions: Iterator[Prediction], total: int, hidden: bool) -> Iterator[Prediction]:
    with Counter("predicting", "picture", total, hidden=hidden) as bar:
        for prediction in predictions:
            yield prediction
            bar.advance(1)


@click.command("export-model")
@WORKSPACE
@click.option("--out", required=True, type=_FILE, help="The file to write; its name ends in .onnx or .pt2.")
@_ROUND
@REPLACE
@JSON
def export_model_command(workspace: Path, out: Path, number: int | None, force: bool, as_json: bool) -> None:
    """Write a round's network to one file that onnxruntime or plain torch runs, with how to prepare pictures."""
    about = exported_model(Workspace(workspace), out, number=number, force=force)
    if as_json:
        click.echo(json.dumps({"out": str(out)} | about))
        return
    classes = counted(len(about["class_names"]), "class", "classes")
    click.echo(f"{out}: {about['backbone']} of round {about['round']}, {classes}, {about['image_size']} px")


def exported_model(workspace: Workspace, out: Path, *, number: int | None, force: bool) -> dict[str, Any]:
    """Export the network of a round to a file, keep that in the log, and return the file's metadata.

    Raises UsageError for a file that may not be replaced or cannot be written, and WorkspaceError where no round has
    ended, or it has no network that can be loaded.
    """
    check_output("--out", out, workspace=workspace, force=force)
    with workspace.database(read_only=True) as db:
        round_id = _trained_round(db, number)
    settle_threads()
    from scn_core.inference.export_model import export_model, writer_of  # these import torch
    from scn_core.rounds.network import load_network

    writer_of(out)  # before the network is loaded
    about = export_model(load_network(workspace.round_folder(round_id)), round_id, out)
    log_done(workspace, "model exported", {"round": round_id, "format": out.suffix[1:]})
    return about
