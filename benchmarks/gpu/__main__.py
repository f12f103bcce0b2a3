"""`python -m benchmarks.gpu OUT`: see the package."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, Any

import benchmarks.gpu
from benchmarks.gpu.part import PARTS
from benchmarks.gpu.plan import Plan
from benchmarks.gpu.report import describe
from scn_core.files import write_text

_GRACE_S = 10
"""For a part to end by itself after its time is up."""
_TAIL = 4000


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu",
        description=benchmarks.gpu.__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("out", type=Path, help="folder for gpu.json and log.txt")
    parser.add_argument("--faces", type=Path, help="root of real faces, as data set ferplus reads it")
    parser.add_argument("--minutes", type=float, default=8.0, help="for all parts together [8]")
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART", help=f"of {', '.join(PARTS)}"
    )
    parser.add_argument("--dry-run", action="store_true", help="on the CPU, everything shrunk: does it all run?")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON, not as tables")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    result = Result(args.out / "gpu.json", args.dry_run)
    deadline = time.time() + 60 * args.minutes
    with tempfile.TemporaryDirectory() as work, (args.out / "log.txt").open("w", encoding="utf-8") as log:
        for name in PARTS:
            if name in args.only:
                faces = None if args.faces is None else str(args.faces)
                run_part(name, Plan(work, deadline, faces, args.dry_run), result, log)
    result.end()
    print(json.dumps(result.values) if args.json else describe(result.values))
    return 0 if result.whole() else 1


class Result:
    """All figures so far, and the file that holds them at any moment."""

    def __init__(self, file: Path, dry_run: bool) -> None:
        self.file = file
        self.values: dict[str, Any] = {"benchmark": "gpu", "dry_run": dry_run, "parts": {}, "ended": False}
        self._begun = time.time()

    def add(self, part: str, figure: str, values: Any) -> None:
        """Adds a figure of a part and writes the file."""
        self.values["parts"].setdefault(part, {})[figure] = values
        self._write()

    def end(self) -> None:
        """The run is over, whatever it came to."""
        self.values |= {"ended": True}
        self._write()

    def whole(self) -> bool:
        """Whether every part ran to its end and every test passed."""
        parts = self.values["parts"].values()
        tests = self.values["parts"].get("tests", {}).get("tests", {})
        return all(part.get("ended", {}).get("returned") == 0 for part in parts) and not tests.get("failed")

    def _write(self) -> None:
        self.values["seconds"] = round(time.time() - self._begun, 1)
        write_text(self.file, json.dumps(self.values, indent=1) + "\n")


def run_part(name: str, plan: Plan, result: Result, log: IO[str]) -> None:
    """Runs a part in a process of its own, which is ended when the time is up."""
    if plan.left() < 1:
        result.add(name, "ended", {"skipped": "no time was left", "returned": 0})
        return
    log.write(f"\n=== {name}, {plan.left():.0f} s left\n")
    log.flush()
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.gpu.part", name, json.dumps(plan.as_dict())],
        stdout=subprocess.PIPE, stderr=log, text=True, env=_environment(plan),
    )  # fmt: skip
    alarm = threading.Timer(plan.left() + _GRACE_S, process.kill)
    alarm.start()
    assert process.stdout is not None
    for line in process.stdout:
        said = json.loads(line)
        result.add(name, said["figure"], said["values"])
        print(f"{name}: {said['figure']}", file=sys.stderr, flush=True)
    returned = process.wait()
    alarm.cancel()
    ended: dict[str, Any] = {"returned": returned, "seconds": round(time.perf_counter() - begun, 1)}
    if returned:
        log.flush()
        ended["said"] = Path(log.name).read_text(encoding="utf-8", errors="replace")[-_TAIL:]
    result.add(name, "ended", ended)


def _environment(plan: Plan) -> dict[str, str]:
    told = os.environ | {"PYTHONUNBUFFERED": "1"}
    # Small networks: threads that wait for each other cost more than they bring.
    return told | {"OMP_NUM_THREADS": "1"} if plan.dry_run else told


if __name__ == "__main__":
    sys.exit(main())
