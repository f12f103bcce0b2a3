"""`python -m scn_core opinion ...`: what other models say of the faces, brought in, listed and taken out."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from scn_core.cli.confirm import YES, confirm
from scn_core.cli.options import JSON, WORKSPACE
from scn_core.cli.progress import Counter
from scn_core.errors import UsageError, counted, error_text
from scn_core.exchange.opinions.add import OpinionFiles, add_opinion
from scn_core.exchange.opinions.classes import parse_mapping
from scn_core.exchange.opinions.classifier import ClassifierOptions
from scn_core.review.opinion_evidence import opinion_weight
from scn_core.shell import command_line
from scn_core.store.opinions import OpinionSource, known_source, opinion_sources, remove_source
from scn_core.store.samples import count_by_split
from scn_core.workspace.folder import Workspace

FILE = click.Path(path_type=Path, dir_okay=False)
NAME = click.option("--name", required=True, help="What to call the other model.")


def _numbers(context: click.Context, option: click.Parameter, text: str | None) -> tuple[float, ...] | None:
    try:
        return None if text is None else tuple(float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(error_text(f"--{option.name}", repr(text), "numbers separated by commas")) from None


def _model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        (
            click.option("--image-size", type=int, help="Of --onnx: side of its pictures [as its metadata says]."),
            click.option("--mean", callback=_numbers, help="Of --onnx: means of 0..1 pixels, 1 or 3 [its metadata]."),
            click.option("--std", callback=_numbers, help="Of --onnx: standard deviations likewise [its metadata]."),
            click.option("--classes", help="Of --onnx: its classes in the order of its output, a,b,c [its metadata]."),
        )
    ):
        command = option(command)
    return command


@click.group("opinion")
def opinion_group() -> None:
    """What other models say of the faces: a second opinion for suspicion, proposals and the order of the queue."""


@opinion_group.command()
@WORKSPACE
@NAME
@click.option("--csv", type=FILE, help="Table with a column key or path and one of probabilities for each class.")
@click.option("--npz", type=FILE, help="Arrays keys or paths, probabilities, logits or counts, and classes.")
@click.option("--onnx", type=FILE, help="A classifier, which is run over the pictures; needs onnxruntime.")
@click.option("--embeddings", type=FILE, help="NPZ of keys or paths and embeddings: features, alone or beside others.")
@click.option("--map", "mapping", multiple=True, metavar="THEIRS=OURS", help="A class of theirs; repeat it.")
@click.option("--logits", is_flag=True, help="The numbers are logits: take their softmax.")
@click.option("--counts", is_flag=True, help="The numbers are counts, such as votes: divide each row by its sum.")
@click.option("--partial", is_flag=True, help="Classes that it does not know get probability 0.")
@_model_options
@JSON
def add(
    workspace: Path,
    name: str,
    csv: Path | None,
    npz: Path | None,
    onnx: Path | None,
    embeddings: Path | None,
    mapping: tuple[str, ...],
    logits: bool,
    counts: bool,
    partial: bool,
    image_size: int | None,
    mean: tuple[float, ...] | None,
    std: tuple[float, ...] | None,
    classes: str | None,
    as_json: bool,
) -> None:
    """Bring in what another model says of the faces, from a file or by running it.

    Rows are matched by key or path, classes by name. With --onnx it can be interrupted: called again, it goes on.
    """
    named = None if classes is None else tuple(each.strip() for each in classes.split(","))
    files = OpinionFiles(
        csv, npz, onnx, embeddings, parse_mapping(mapping), logits, counts, partial,
        ClassifierOptions(image_size, mean, std, named),
    )  # fmt: skip
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    place, what, unit, total = Workspace(workspace), "reading", "row", None
    if onnx is not None:
        with place.database(read_only=True) as db:
            what, unit, total = "classifying", "face", sum(count_by_split(db).values())
    try:
        with Counter(what, unit, total) as bar:
            done = add_opinion(place, name, files, bar.advance)
    except KeyboardInterrupt:
        click.echo("stopped; " + ("nothing was added" if onnx is None else "the same command goes on"), err=True)
        sys.exit(1)
    with place.database(read_only=True) as db:
        weight = opinion_weight(db, name)
    if as_json:
        click.echo(json.dumps(done.as_dict() | {"weight": weight}))
        return
    click.echo(done.describe())
    click.echo(_next(workspace, name, weight))


def _next(workspace: Path, name: str, weight: float | None) -> str:
    """What comes of an opinion of this weight."""
    if weight is None:
        return "the learned order uses it from now on; a round needs probabilities of training faces too"
    if not weight:
        return (
            "warning: it agrees with the labels no more than by chance, so no round counts it; where its rows or "
            f"classes are shifted, take it out: {command_line('opinion', 'remove', workspace, '--name', name)}"
        )
    return f"next: {command_line('round', 'from-opinions', workspace)}, or train: it enters the next round"


@opinion_group.command("list")
@WORKSPACE
@JSON
def list_command(workspace: Path, as_json: bool) -> None:
    """The models whose opinions the workspace has."""
    with Workspace(workspace).database(read_only=True) as db:
        found = opinion_sources(db)
    click.echo(json.dumps([asdict(source) for source in found]) if as_json else _table(found))


@opinion_group.command()
@WORKSPACE
@NAME
@YES
@JSON
def remove(workspace: Path, name: str, yes: bool, as_json: bool) -> None:
    """Take a model's opinions out. Rounds that used them stay as they are."""
    with Workspace(workspace).database() as db:
        known_source(db, name)
        confirm(f"What {name} says of the faces is deleted; rounds that used it stay as they are.", yes=yes)
        gone = remove_source(db, name)
    if as_json:
        click.echo(json.dumps(asdict(gone)))
        return
    click.echo(f"opinion {gone.name} is taken out, of {counted(max(gone.faces, gone.features), 'face')}")


def _table(found: list[OpinionSource]) -> str:
    if not found:
        return "no opinion was added"
    width = max(4, *(len(source.name) for source in found))
    lines = [f"{'name':<{width}}  {'from':<5}{'faces':>10}{'features':>10}  added"]
    for source in found:
        when = source.added_at[:16].replace("T", " ")
        lines.append(f"{source.name:<{width}}  {source.kind:<5}{source.faces:>10,}{source.features:>10,}  {when}")
    return "\n".join(lines)
