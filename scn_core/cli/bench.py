"""`python -m scn_core bench`: how fast this machine trains, and how much of what it could do that is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from scn_core.cli.options import FORCE, JSON, train_options
from scn_core.cli.outputs import check_output
from scn_core.cli.threads import settle_threads
from scn_core.config import TrainSettings
from scn_core.files import write_text

_EPOCHS = 2
_STAGES = ("data", "model", "step", "epoch", "round")


@click.command("bench")
@train_options
@click.option("--seconds", default=10.0, show_default=True, help="How long to measure each stage.")
@click.option("--faces", type=click.IntRange(0), default=0, help="Faces of an epoch and a round [16 batches].")
@click.option("--stage", "stages", multiple=True, type=click.Choice(_STAGES), help="Only this; may be repeated [all].")
@click.option("--baseline", is_flag=True, help="Also an epoch of a plain loop: decoding in workers, fp32, host syncs.")
@click.option("--save", type=click.Path(path_type=Path), help="Write the JSON to this file too.")
@FORCE
@JSON
def bench_command(
    seconds: float,
    faces: int,
    stages: tuple[Any, ...],
    baseline: bool,
    save: Path | None,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Faces per second of every stage of training on this machine. A round has 2 epochs unless --epochs says more."""
    settings = TrainSettings.merged({"epochs": _EPOCHS}, options)
    if save is not None:
        check_output("--save", save, ours=_is_record, force=force)
    settle_threads()
    from scn_core.bench.report import bench_record, describe_bench  # imports torch
    from scn_core.bench.stages import run_bench
    from scn_core.training.device import use_threads

    use_threads(settings.threads)
    result = run_bench(settings, seconds=seconds, faces=faces, stages=stages or _STAGES, baseline=baseline)
    record = bench_record(result, settings)
    if save is not None:
        write_text(save, json.dumps(record, indent=1) + "\n")
    click.echo(json.dumps(record) if as_json else describe_bench(record))


def _is_record(path: Path) -> bool:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(record, dict) and {"stages", "share_of", "settings", "machine", "versions"} <= record.keys()
