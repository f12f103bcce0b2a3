"""What backups and restores cost, and whether people who answer meanwhile notice.

    python -m benchmarks.backup_cost --folder WORK --faces 20000 --faces 200000

Each workspace is made of drawn faces, repeated, with a finished round; every face's scores are in the database.
"""

from __future__ import annotations

import argparse
import os
import statistics
import threading
import time
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from scn_core.records import Decision
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import ensure_person
from scn_core.workspace.backup.make import make_backup
from scn_core.workspace.backup.restore import restore
from scn_core.workspace.folder import Workspace
from tests.review_workspace import add_round, draw_workspace, repeat_faces

_WEIGHTS_BYTES = 45_000_000
"""About the weights of resnet18."""
_QUIET_S, _REPEATS = 3.0, 5


def main() -> None:
    """Measures and prints a line for each workspace and thing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--faces", type=int, action="append", required=True)
    given = parser.parse_args()
    drawn = draw_workspace(given.folder / "drawn")
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, {_REPEATS} runs each: median (lowest, highest)")
    for faces in given.faces:
        workspace = repeat_faces(drawn, given.folder / f"ws-{faces}", faces)
        add_round(workspace, proposals=faces // 5, low=faces // 10, audit=100)
        weights = workspace.round_folder(1) / "weights.safetensors"
        weights.write_bytes(np.random.default_rng(0).bytes(_WEIGHTS_BYTES))
        measure(workspace, given.folder, faces)


def measure(workspace: Workspace, folder: Path, faces: int) -> None:
    """Prints the costs for one workspace."""
    size = workspace.database_file.stat().st_size
    print(f"\n{faces:,} faces, review.db {size / 1e6:,.0f} MB; load {os.getloadavg()[0]:.1f}")
    for name, whole in (("automatic: database and settings", False), ("whole: files of rounds too", True)):
        out = folder / f"{faces}-{whole}.zip"
        work = partial(backed_up, workspace, out, whole)
        alone, meanwhile, seconds = [], [], []
        for _ in range(_REPEATS):
            alone += answering(workspace, partial(time.sleep, _QUIET_S))[0]
            taken, lasted = answering(workspace, work)
            meanwhile += taken
            seconds.append(lasted)
        print(f"{name}: {spread(seconds)} s, {out.stat().st_size / 1e6:,.0f} MB")
        for what, each in (("alone", alone), ("meanwhile", meanwhile)):
            p50, p95, most = np.percentile(np.array(each) * 1_000, [50, 95, 100])
            print(f"  an answer {what}: p50 {p50:.1f}, p95 {p95:.1f}, most {most:.0f} ms (n = {len(each):,})")
    backup = folder / f"{faces}-True.zip"
    places = [Workspace(folder / f"restored-{faces}-{number}") for number in range(_REPEATS)]
    print(f"restored into a new folder: {spread([timed(partial(restore, backup, place)) for place in places])} s")


def backed_up(workspace: Workspace, out: Path, whole: bool) -> None:
    """One backup, in place of the one before."""
    with workspace.database() as db:
        make_backup(workspace, db, out=out, whole=whole)


def answering(workspace: Workspace, work: Callable[[], object]) -> tuple[list[float], float]:
    """Seconds that each answer of one person took while something was done, one after the other, and that it took."""
    ended = threading.Event()
    taken: list[float] = []

    def answer() -> None:
        with workspace.database() as db:
            ensure_person(db, "ann")
            asked = [face for (face,) in db.execute("SELECT DISTINCT sample_id FROM queue_item LIMIT 2000")]
            while not ended.is_set():
                face = asked[len(taken) % len(asked)]
                one = Decision(str(uuid.uuid4()), 1, face, "ann", "unsure")
                taken.append(timed(partial(record_decisions, db, [one])))
                time.sleep(0.01)

    thread = threading.Thread(target=answer)
    thread.start()
    lasted = timed(work)
    ended.set()
    thread.join()
    return taken, lasted


def timed(work: Callable[[], object]) -> float:
    """Seconds it took."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def spread(values: list[float]) -> str:
    """Median, lowest and highest."""
    return f"{statistics.median(values):.2f} ({min(values):.2f}, {max(values):.2f})"


if __name__ == "__main__":
    main()
