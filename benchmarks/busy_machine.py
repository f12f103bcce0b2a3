"""How fast a step trains alone and beside a busy neighbour, by the number of threads and by how they wait.

    python -m benchmarks.busy_machine [--image-size 32] [--seconds 4] [--rounds 3] [--out FILE]

The neighbour keeps one core busy. Every setting is a process of its own; all of them take turns, several times. Table
to standard output, everything to results/busy_machine.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

from scn_core.cli.threads import usable_cores

RESULTS = Path(__file__).with_name("results") / "busy_machine.json"
NEIGHBOUR = "while True: pass"
ASLEEP = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
"""Threads sleep while they wait for each other: by the standard, by GNU's OpenMP, by LLVM's."""


def ways(cores: int) -> dict[str, dict[str, str]]:
    """Name -> environment."""
    every, fewer = {"OMP_NUM_THREADS": str(cores)}, {"OMP_NUM_THREADS": str(max(1, cores - 1))}
    return {
        "a thread a core, as torch has it": every,
        "OMP_WAIT_POLICY=PASSIVE": every | {"OMP_WAIT_POLICY": "PASSIVE"},
        "GOMP_SPINCOUNT=0": every | {"GOMP_SPINCOUNT": "0"},
        "KMP_BLOCKTIME=0": every | {"KMP_BLOCKTIME": "0"},
        "all three": every | ASLEEP,
        "one thread fewer": fewer,
        "one thread fewer, all three": fewer | ASLEEP,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image-size", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    settings = ways(usable_cores())
    rates: dict[str, dict[str, list[float]]] = {name: {"alone": [], "beside": []} for name in settings}
    record: dict[str, Any] = {}
    for _ in range(args.rounds):
        for where in ("alone", "beside"):
            neighbour = subprocess.Popen([sys.executable, "-c", NEIGHBOUR]) if where == "beside" else None
            for name, environment in settings.items():
                record = bench(environment, args.image_size, args.seconds)
                rates[name][where].append(record["stages"]["step"]["per_s"])
                print(f"{where}, {name}: {rates[name][where][-1]:.0f} faces/s", file=sys.stderr, flush=True)
            if neighbour is not None:
                neighbour.kill()
                neighbour.wait()
    kept = {"benchmark": "busy_machine", "image_size": args.image_size, "faces_per_s": rates}
    args.out.write_text(json.dumps(kept | {key: record[key] for key in ("machine", "versions")}, indent=1) + "\n")
    print("| threads | alone | beside a busy neighbour |\n|---|---|---|")
    for name, found in rates.items():
        cells = [f"{median(values):.0f} ({min(values):.0f}-{max(values):.0f})" for values in found.values()]
        print(f"| {name} | {' | '.join(cells)} |")


def bench(environment: dict[str, str], side: int, seconds: float) -> dict[str, Any]:
    """One measurement of a step. torch alone reads the environment: the measured program sets nothing itself."""
    program = f"from scn_core.cli.bench import bench_command; bench_command(['--image-size={side}', '--stage=step', "
    program += f"'--seconds={seconds}', '--device=cpu', '--json'])"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_", "KMP_"))}
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, env=clean | environment
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
