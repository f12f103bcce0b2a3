"""What it costs reviewers that an answer is on the disk before it counts as saved: two checkouts, one after the other.

    git worktree add ../before COMMIT
    python -m benchmarks.synced_answers --folder WORK --other ../before
    python -m benchmarks.synced_answers --folder WORK --imported 5000
    python -m benchmarks.synced_answers --folder WORK --faces 100000 --imported 30000 --train 112 --seconds 600 \\
        --repeats 1

The same simulated reviewers, one answer a second each, at a server of this checkout and of the other in turn; a table
of milliseconds until an answer was acknowledged. The disk is that of `--folder`. With `--imported`, `import-decisions`
takes so many rows meanwhile; with `--train` a trainer works on the same faces, at nice 10 as the app starts it.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.review_app import accounts, machine, statistics_of
from benchmarks.review_database import ROUND, build
from benchmarks.review_load import simulate
from review_app.low_priority import begin
from scn_core.records import RoundInfo
from scn_core.store.rounds.states import epochs, latest_round
from scn_core.workspace.folder import Workspace
from tests.browser.server import REPOSITORY, Served


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--other", type=Path, help="another checkout, to compare with")
    parser.add_argument("--folder", type=Path, required=True, help="where the database is, or goes")
    parser.add_argument("--faces", type=int, default=20_000)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--imported", type=int, default=0, help="rows of a file that is imported meanwhile")
    parser.add_argument(
        "--train", type=int, metavar="SIDE", help="a trainer works meanwhile, on faces of so many pixels"
    )
    parser.add_argument("--undrawn", action="store_true", help="no thumbnail is there yet: pages draw theirs")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    kept, _ = build(args.folder, args.faces)
    print(machine())
    print(f"one sync of 16 KiB: {statistics_of(_syncs(args.folder))} ms")
    for repeat in range(args.repeats):
        for checkout in filter(None, (args.other, REPOSITORY)):
            copy = Workspace(shutil.copytree(kept.path, args.folder / "copy"))
            if args.undrawn:
                copy.thumbs_file.unlink()
            try:
                _measure(copy, checkout.resolve(), repeat, args)
            finally:
                shutil.rmtree(copy.path)


def _measure(workspace: Workspace, checkout: Path, repeat: int, args: argparse.Namespace) -> None:
    class Here(Served):
        repository = checkout

    served = Here(workspace)
    trainer = _training(workspace, checkout, args.train) if args.train else None
    importing = _importing(workspace, checkout, args.imported) if args.imported else None
    try:
        seen = simulate(served.url, ROUND, people=args.people, seconds=args.seconds)
        if importing is not None:
            print(f"  {importing.communicate()[0].splitlines()[0]}")
        if trainer is not None:
            print(f"  trainer {_state_of(workspace, trainer)}")
    finally:
        served.stop()
        if trainer is not None:
            trainer.terminate()  # not SIGINT, which a shell may have it ignore
            trainer.wait()
    found = accounts(workspace, seen)
    print(f"{repeat} {checkout.name} load {os.getloadavg()[0]:.1f}")
    print(f"  answers {statistics_of([each for one in seen for each in one.answer_ms])}")
    print(f"  pages   {statistics_of([each for one in seen for each in one.page_ms])}")
    print(f"  with all pictures {statistics_of([each for one in seen for each in one.pictures_ms])}")
    busy = sum(one.busy for one in seen)
    print(f"  acknowledged {found['answers_acknowledged']}, lost {found['answers_lost']}, sent again as busy {busy}")
    print(f"  refused {found['answers_refused']}, reviewers that failed {found['reviewers_failed']}", flush=True)


def _training(workspace: Workspace, checkout: Path, side: int) -> subprocess.Popen[bytes]:
    """A trainer that has begun its round, which leaves the one in review open; its words go to trainer.log."""
    options = ["--image-size", str(side), "--no-close-earlier", "--device", "cpu"]
    command = [sys.executable, "-m", "scn_core", "train", str(workspace.path), *options]
    with (workspace.path / "trainer.log").open("wb") as log:
        packages = {**os.environ, "PYTHONPATH": str(checkout)}
        trainer = begin(command, output=log, errors=log, environment=packages)
    while trainer.poll() is None and _newest(workspace).id == ROUND:
        time.sleep(0.5)
    return trainer


def _newest(workspace: Workspace) -> RoundInfo:
    with workspace.database(read_only=True) as db:
        newest = latest_round(db)
    assert newest is not None
    return newest


def _state_of(workspace: Workspace, trainer: subprocess.Popen[bytes]) -> str:
    """Whether it lives, and how far its round is."""
    newest = _newest(workspace)
    with workspace.database(read_only=True) as db:
        done = len(epochs(db, newest.id))
    lives = "alive" if trainer.poll() is None else f"ended with {trainer.returncode}"
    words = (workspace.path / "trainer.log").read_text(encoding="utf-8", errors="replace").splitlines()[-1:]
    return f"{lives}; round {newest.id} {newest.state}, {done} epochs; last words: {' '.join(words)}"


def _importing(workspace: Workspace, checkout: Path, count: int) -> subprocess.Popen[str]:
    file = workspace.path / "imported.csv"
    with workspace.database(read_only=True) as db, file.open("w", encoding="utf-8", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(["key", "action"])
        keys = db.execute("SELECT key FROM sample WHERE split = 'train' ORDER BY id DESC LIMIT ?", (count,))
        rows.writerows([key, "unsure"] for (key,) in keys)
    command = [sys.executable, "-m", "scn_core", "import-decisions", workspace.path, file, "--person", "imported"]
    return subprocess.Popen(list(map(str, command)), cwd=checkout, stdout=subprocess.PIPE, text=True)


def _syncs(folder: Path) -> list[float]:
    found, path = [], folder / "sync"
    file = os.open(path, os.O_CREAT | os.O_RDWR)
    for place in range(300):
        os.pwrite(file, bytes(16384), place * 16384)
        begun = time.perf_counter()
        os.fdatasync(file)
        found.append((time.perf_counter() - begun) * 1000)
    os.close(file)
    path.unlink()
    return found


if __name__ == "__main__":
    main()
