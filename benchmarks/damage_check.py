"""What it costs to notice damage: the quick check before an export or a round, and the running hash of each answer.

    python -m benchmarks.damage_check --folder WORK --faces 35000 300000
    python -m benchmarks.damage_check --folder WORK --workspace WS
    git worktree add ../before COMMIT
    python -m benchmarks.damage_check --folder WORK --faces 35000 --other ../before

Seconds of wall and of CPU for the parts of the quick check, for the export that follows and for the full check, of a
workspace with two rounds in which a tenth of the faces is answered, or of `--workspace`; for how long `serve` starts
and writing the database anew, as after an erasure (VACUUM). With `--other`, a checkout from before the running
hash: one answer after the other, without a server, in the two checkouts in turn on copies of one database.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.review_app import machine, statistics_of
from scn_core.exchange.export.write import ExportOptions, export_labels
from scn_core.store import check, seals
from scn_core.store.connection import snapshot
from scn_core.store.decisions.history import broken_history
from scn_core.store.erase import compact
from scn_core.workspace.check import check_workspace
from scn_core.workspace.folder import Workspace
from tests.browser.server import REPOSITORY, Served

_BUILD = """
import random, sys, uuid
from pathlib import Path
from scn_core.records import Decision
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import ensure_person
from scn_core.workspace.folder import Workspace
from tests.review_workspace import add_round, draw_workspace, repeat_faces
folder, faces = Path(sys.argv[1]), int(sys.argv[2])
drawn = Workspace(folder / "drawn")
if not drawn.settings_file.exists():
    draw_workspace(drawn.path, faces=120)
workspace = repeat_faces(drawn, folder / f"damage-{faces}.part", faces)
chance = random.Random(0)
for round_id in (1, 2):
    add_round(workspace, proposals=faces * 3 // 10, low=faces // 10, audit=100)
    with workspace.database() as db:
        names = [ensure_person(db, f"person {i}").name for i in range(10)]
        asked = [row[0] for row in db.execute(
            "SELECT DISTINCT sample_id FROM queue_item WHERE round_id = ? ORDER BY sample_id LIMIT ?",
            (round_id, faces // 20))]
        for start in range(0, len(asked), 500):
            record_decisions(db, [
                Decision(str(uuid.UUID(int=chance.getrandbits(128), version=4)), round_id, face, chance.choice(names),
                         chance.choice(["unsure", "exclude"])) for face in asked[start:start + 500]])
workspace.path.rename(folder / f"damage-{faces}")
"""
_ANSWER = """
import sys, time, uuid
from pathlib import Path
from scn_core.records import Decision
from scn_core.store.decisions.record import record_each
from scn_core.workspace.folder import Workspace
with Workspace(Path(sys.argv[1])).database() as db:
    asked = [row[0] for row in db.execute(
        "SELECT DISTINCT sample_id FROM queue_item WHERE round_id = 2 AND action IS NULL ORDER BY 1 LIMIT ?",
        (int(sys.argv[2]),))]
    times, cpu = [], time.process_time()
    for face in asked:
        answer = Decision(str(uuid.uuid4()), 2, face, "person 1", "unsure")
        begun = time.perf_counter()
        assert record_each(db, [answer]) == []
        times.append((time.perf_counter() - begun) * 1000)
    print(time.process_time() - cpu, *times)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="where the databases are, or go")
    parser.add_argument("--faces", type=int, nargs="+", default=[35_000])
    parser.add_argument("--workspace", type=Path, help="measure this one; its database is written anew")
    parser.add_argument("--other", type=Path, help="another checkout: compare answers instead")
    parser.add_argument("--answers", type=int, default=1_000)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    print(machine())
    if args.workspace is not None:
        for _ in range(args.repeats):
            _measure(args.workspace.resolve())
        return
    for faces in args.faces:
        oldest = (args.other or REPOSITORY).resolve()  # a newer checkout opens what an older one made
        built = args.folder.resolve() / (f"damage-{faces}")
        if not built.exists():
            _python(oldest, _BUILD, args.folder.resolve(), faces)
        for _ in range(args.repeats):
            if args.other is None:
                _measure(built)
            else:
                _compare(built, (args.other.resolve(), REPOSITORY), args.answers)


def _python(checkout: Path, code: str, *arguments: object) -> str:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    return subprocess.run(command, cwd=checkout, env=environment, check=True, capture_output=True, text=True).stdout


def _compare(built: Path, checkouts: tuple[Path, Path], answers: int) -> None:
    for checkout in checkouts:
        copy = shutil.copytree(built, built.with_name("copy"))
        try:
            cpu, *times = map(float, _python(checkout, _ANSWER, copy, answers).split())
        finally:
            shutil.rmtree(copy)
        per_second = 1000 * len(times) / sum(times)
        print(f"{checkout.name}: {per_second:.0f} answers/s, {1000 * cpu / len(times):.3f} ms of CPU each, "
              f"{statistics_of(times)} ms, load {os.getloadavg()[0]:.1f}", flush=True)  # fmt: skip


def _measure(built: Path) -> None:
    workspace = Workspace(built)
    parts: dict[str, Callable[[], object]] = {}
    served: list[Served] = []
    with workspace.database() as db:
        parts["SQLite's check of the tables"] = lambda: check.broken_tables(db)
        parts["seals"] = lambda: seals.broken_seals(db)
        parts["running hash"] = lambda: broken_history(db)
        parts["outcomes against the log"] = lambda: check.wrong_outcomes(db)
        with snapshot(db):
            shown = [_timed(name, part) for name, part in parts.items()]
            shown.append(_timed("quick check", lambda: check.require_sound(db)))
        out = built.with_name("labels.csv")
        shown.append(_timed("export with its quick check", lambda: export_labels(db, out, ExportOptions())))
    shown.append(_timed("full check", lambda: list(check_workspace(workspace))))
    shown.append(_timed("start of the server", lambda: served.append(Served(workspace))))
    served[0].stop()
    with workspace.database() as db:
        shown.append(_timed("VACUUM", lambda: compact(db)))
    size = workspace.database_file.stat().st_size / 1e6
    print(f"{built.name}, {size:.0f} MB, load {os.getloadavg()[0]:.1f}: {'; '.join(shown)}", flush=True)


def _timed(name: str, work: Callable[[], object]) -> str:
    begun, cpu = time.perf_counter(), time.process_time()
    work()
    return f"{name} {time.perf_counter() - begun:.2f} s, CPU {time.process_time() - cpu:.2f} s"


if __name__ == "__main__":
    main()
